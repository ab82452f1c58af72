//! Who owns which line, when both sides are known to be in order.
//!
//! A log is written line by line: of two requests of which the one ended (or began) before the other, the lines stand in that
//! order too, but for the few that overtake each other. So every pair of pairs that crosses makes a way to match less
//! probable by one factor. The ways are summed up along the lines: what has to be remembered at a line is only which of the
//! open requests are used up already, and a request is forgotten when no line is left that could be its own.

use std::hash::{Hash, Hasher};

use super::assign::Pair;
use crate::hash::Map;

/// What is known of the order of claims and lines.
pub(super) struct Sequence<'a> {
    /// Of each line: when it was written at the earliest, its log, and its place there.
    pub lines: &'a [(i64, u32, u64)],
    /// Whether the line of the one claim should stand before that of the other.
    pub is_before: &'a dyn Fn(u32, u32) -> bool,
    /// How much less probable a way to match is for each crossing.
    pub crossing: f64,
    /// Claims for whose sake it is worth looking.
    pub is_wanted: &'a dyn Fn(u32) -> bool,
}

/// More claims at once are not looked at; nor more states at once, nor more logs.
const MOST_CLAIMS: usize = 64;
const MOST_STATES: usize = 4_000;
const MOST_LOGS: usize = 3;

/// Which of the open claims are used up: of each log, those whose line stands in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Used([u64; MOST_LOGS]);

impl Used {
    fn has(&self, claim: u64) -> bool {
        self.0.iter().any(|log| log & claim != 0)
    }
}

impl Hash for Used {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|log| state.write_u64(*log));
    }
}

/// A step from one state to the next: number of the states, of the pair (none: the line is nobody's), and the weight.
type Step = (u32, u32, Option<u32>, f64);

/// The probability of each pair of a component; none where too much hangs together.
pub(super) fn probabilities(pairs: &[Pair], alone: &[f64], sequence: &Sequence<'_>) -> Option<Vec<f64>> {
    let frame = Frame::new(pairs, alone, sequence)?;
    let mut states: Vec<(Used, f64)> = vec![(Used::default(), 1.0)];
    let mut way: Vec<Vec<Step>> = Vec::with_capacity(frame.lines.len());
    for n in 0..frame.lines.len() {
        let (next, steps) = frame.step(n, &states, sequence.crossing);
        let sum: f64 = next.iter().map(|s| s.1).sum();
        if next.len() > MOST_STATES || sum.is_nan() || sum <= 0.0 {
            return None;
        }
        // Only shares matter.
        states = next.into_iter().map(|(used, weight)| (used, weight / sum)).collect();
        way.push(steps.into_iter().map(|(from, to, pair, by)| (from, to, pair, by / sum)).collect());
    }
    // There: how probable what comes before each state is. And back: what comes after it.
    let mut before: Vec<Vec<f64>> = vec![vec![1.0]];
    for steps in &way {
        let mut weights = vec![0.0; steps.iter().map(|t| t.1 as usize + 1).max().unwrap_or(0)];
        let from = &before[before.len() - 1];
        steps.iter().for_each(|t| weights[t.1 as usize] += from[t.0 as usize] * t.3);
        before.push(weights);
    }
    let total: f64 = before[way.len()].iter().sum();
    let mut found = vec![0.0; pairs.len()];
    let mut rest = vec![1.0; states.len()];
    for (n, steps) in way.iter().enumerate().rev() {
        let mut here = vec![0.0; before[n].len()];
        for (from, to, pair, by) in steps {
            let value = by * rest[*to as usize];
            here[*from as usize] += value;
            if let Some(p) = pair {
                found[*p as usize] += before[n][*from as usize] * value / total;
            }
        }
        rest = here;
    }
    Some(found.into_iter().map(|p| p.clamp(0.0, 1.0)).collect())
}

/// A component, laid out along its lines.
struct Frame<'a> {
    pairs: &'a [Pair],
    /// The pairs of each line, and the number of its log.
    lines: Vec<(Vec<usize>, usize)>,
    /// Of each pair, the number of its claim here.
    claims: Vec<usize>,
    /// Of each claim: its bit while it is remembered.
    bits: Vec<u64>,
    /// Of each pair: the bits of the claims that should come after its own, and have come up. A bit is another claim's before.
    after: Vec<u64>,
    /// Of each line: the claims that have no line after it, and the bits that are remembered from there on.
    closing: Vec<Vec<usize>>,
    kept: Vec<u64>,
    /// Of each claim: its weight without a line, and what all its weights are measured by.
    alone: Vec<(f64, f64)>,
}

impl<'a> Frame<'a> {
    fn new(pairs: &'a [Pair], alone: &[f64], sequence: &Sequence<'_>) -> Option<Frame<'a>> {
        let mut names: Vec<u32> = pairs.iter().map(|p| p.claim).collect();
        names.sort_unstable();
        names.dedup();
        let claims: Vec<usize> = pairs.iter().map(|p| names.binary_search(&p.claim).unwrap_or(0)).collect();
        let (logs, order) = laid_out(pairs, sequence.lines);
        if logs.len() > MOST_LOGS {
            return None;
        }
        let lines: Vec<(Vec<usize>, usize)> = order
            .chunk_by(|a, b| pairs[*a].line == pairs[*b].line)
            .map(|c| {
                let log = sequence.lines[pairs[c[0]].line as usize].1;
                (c.to_vec(), logs.binary_search(&log).unwrap_or(0))
            })
            .collect();
        let (mut first, mut last) = (vec![usize::MAX; names.len()], vec![0; names.len()]);
        for (n, (own, _)) in lines.iter().enumerate() {
            for p in own {
                first[claims[*p]] = first[claims[*p]].min(n);
                last[claims[*p]] = n;
            }
        }
        // Where too many are open at once it need not be known who comes before whom.
        let mut open = vec![0i32; lines.len() + 1];
        for c in 0..names.len() {
            open[first[c]] += 1;
            open[last[c] + 1] -= 1;
        }
        let at_once = open.iter().scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        });
        if at_once.max() > Some(MOST_CLAIMS as i32) {
            return None;
        }
        // Remembered until nobody is open who should have come before it.
        let meets = |a: usize, b: usize| first[b] <= last[a];
        let comes_before: Vec<Vec<usize>> = (0..names.len())
            .map(|a| {
                let is_after = |b: &usize| meets(a, *b) && (sequence.is_before)(names[a], names[*b]);
                (0..names.len()).filter(is_after).collect()
            })
            .collect();
        let mut until = last.clone();
        for (a, list) in comes_before.iter().enumerate() {
            list.iter().for_each(|b| until[*b] = until[*b].max(last[a]));
        }
        // The claims that each line is the first, or the last, or the last to be remembered of.
        let at = |lines_of: &[usize]| {
            let mut claims = vec![Vec::new(); lines.len()];
            (0..names.len()).for_each(|c| claims[lines_of[c]].push(c));
            claims
        };
        let (opening, closing, forgotten) = (at(&first), at(&last), at(&until));
        let mut bits = vec![0u64; names.len()];
        let mut kept = vec![0u64; lines.len()];
        let mut taken = 0u64;
        for n in 0..lines.len() {
            for &c in &opening[n] {
                let free = (!taken).trailing_zeros();
                if free as usize >= MOST_CLAIMS {
                    return None;
                }
                bits[c] = 1 << free;
                taken |= bits[c];
            }
            forgotten[n].iter().for_each(|c| taken &= !bits[*c]);
            kept[n] = taken;
        }
        let mut after = vec![0; pairs.len()];
        for (n, (own, _)) in lines.iter().enumerate() {
            for p in own {
                let come_up = comes_before[claims[*p]].iter().filter(|b| first[**b] <= n);
                after[*p] = come_up.fold(0, |sum, b| sum | bits[*b]);
            }
        }
        let mut weights: Vec<(f64, f64)> =
            names.iter().map(|c| (alone[*c as usize], alone[*c as usize])).collect();
        pairs.iter().zip(&claims).for_each(|(p, c)| weights[*c].1 += p.weight);
        Some(Frame { pairs, lines, claims, bits, after, closing, kept, alone: weights })
    }

    /// All ways on from some states, along one line.
    fn step(&self, n: usize, states: &[(Used, f64)], crossing: f64) -> (Vec<(Used, f64)>, Vec<Step>) {
        let (own, log) = &self.lines[n];
        // Looked up only: the numbers are given in the order of the steps.
        let mut numbers: Map<Used, u32> = Map::default();
        let mut next: Vec<(Used, f64)> = Vec::with_capacity(states.len());
        let mut steps: Vec<Step> = Vec::with_capacity(states.len() * (1 + own.len()));
        for (from, (used, weight)) in states.iter().enumerate() {
            let mut go = |mut used: Used, pair: Option<u32>, mut by: f64| {
                for c in self.closing[n].iter().filter(|c| !used.has(self.bits[**c])) {
                    by *= self.alone[*c].0 / self.alone[*c].1;
                }
                used.0.iter_mut().for_each(|log| *log &= self.kept[n]);
                let number = *numbers.entry(used).or_insert_with(|| {
                    next.push((used, 0.0));
                    next.len() as u32 - 1
                });
                next[number as usize].1 += weight * by;
                steps.push((from as u32, number, pair, by));
            };
            go(*used, None, 1.0);
            for p in own {
                let c = self.claims[*p];
                if !used.has(self.bits[c]) {
                    let crossings = (used.0[*log] & self.after[*p]).count_ones();
                    let by = self.pairs[*p].weight / self.alone[c].1 * crossing.powi(crossings as i32);
                    let mut used = *used;
                    used.0[*log] |= self.bits[c];
                    go(used, Some(*p as u32), by);
                }
            }
        }
        (next, steps)
    }
}

/// The logs, and the numbers of the pairs in an order in which the lines of each log stand as they do there, and those of
/// several logs about as they were written.
fn laid_out(pairs: &[Pair], lines: &[(i64, u32, u64)]) -> (Vec<u32>, Vec<usize>) {
    let mut by_log: Vec<usize> = (0..pairs.len()).collect();
    by_log.sort_by_key(|p| {
        let (_, log, line) = lines[pairs[*p].line as usize];
        (log, line, pairs[*p].line, pairs[*p].claim)
    });
    let mut latest: Vec<(i64, usize)> = Vec::with_capacity(pairs.len());
    let mut logs: Vec<u32> = Vec::new();
    for (place, p) in by_log.iter().enumerate() {
        let (when, log, _) = lines[pairs[*p].line as usize];
        let before = if logs.last() == Some(&log) { latest[place - 1].0 } else { i64::MIN };
        if logs.last() != Some(&log) {
            logs.push(log);
        }
        latest.push((when.max(before), place));
    }
    latest.sort_unstable();
    (logs, latest.into_iter().map(|(_, place)| by_log[place]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The oracle: every way to match, each crossing counted.
    fn all_ways(pairs: &[Pair], alone: &[f64], s: &Sequence<'_>) -> Vec<f64> {
        fn walk(
            claim: u32,
            weight: f64,
            chosen: &mut Vec<usize>,
            (pairs, alone, s): (&[Pair], &[f64], &Sequence<'_>),
            out: &mut (f64, Vec<f64>),
        ) {
            if claim as usize == alone.len() {
                out.0 += weight;
                chosen.iter().for_each(|p| out.1[*p] += weight);
                return;
            }
            walk(claim + 1, weight * alone[claim as usize], chosen, (pairs, alone, s), out);
            for (i, p) in pairs.iter().enumerate().filter(|(_, p)| p.claim == claim) {
                if chosen.iter().any(|c| pairs[*c].line == p.line) {
                    continue;
                }
                let here = s.lines[p.line as usize];
                let crosses = |c: &&usize| {
                    let other = &pairs[**c];
                    let there = s.lines[other.line as usize];
                    there.1 == here.1
                        && ((s.is_before)(claim, other.claim) && there.2 < here.2
                            || (s.is_before)(other.claim, claim) && here.2 < there.2)
                };
                let by = s.crossing.powi(chosen.iter().filter(crosses).count() as i32);
                chosen.push(i);
                walk(claim + 1, weight * p.weight * by, chosen, (pairs, alone, s), out);
                chosen.pop();
            }
        }
        let mut out = (0.0, vec![0.0; pairs.len()]);
        walk(0, 1.0, &mut Vec::new(), (pairs, alone, s), &mut out);
        out.1.iter().map(|w| w / out.0).collect()
    }

    #[test]
    fn as_every_way_one_after_the_other() {
        let mut seed = 7u64;
        let mut dice = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / (1u64 << 31) as f64
        };
        for _ in 0..200 {
            let mut pairs = Vec::new();
            for claim in 0..7 {
                for line in 0..7 {
                    // Neither side meets everything, as in time.
                    if dice() < 0.7 && (line as i32 - claim as i32).abs() < 2 {
                        pairs.push(Pair { claim, line, weight: (dice() * 8.0 - 3.0).exp() });
                    }
                }
            }
            let alone: Vec<f64> = (0..7).map(|_| 0.05 + dice() * 0.9).collect();
            // Two logs; the stamps of one are not in order.
            let lines: Vec<(i64, u32, u64)> =
                (0..7).map(|l| (l as i64 / 2 + (dice() * 2.0) as i64, u32::from(dice() < 0.4), l)).collect();
            let s = Sequence {
                lines: &lines,
                is_before: &|a, b| a < b && (a + b) % 3 != 0,
                crossing: 0.1,
                is_wanted: &|_| true,
            };
            if pairs.is_empty() {
                continue;
            }
            let found = probabilities(&pairs, &alone, &s).expect("few");
            for (got, want) in found.iter().zip(all_ways(&pairs, &alone, &s)) {
                assert!((got - want).abs() < 1e-9, "{got} is not {want}");
            }
        }
    }

    #[test]
    fn the_order_settles_twins() {
        let pair = |claim, line| Pair { claim, line, weight: 100.0 };
        let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1)];
        let lines = [(0, 0, 10), (0, 0, 11)];
        let s = |is_before| Sequence { lines: &lines, is_before, crossing: 0.05, is_wanted: &|_| true };
        let p = probabilities(&pairs, &[0.1, 0.1], &s(&|a, b| a < b)).unwrap();
        assert!(p[0] > 0.9 && p[3] > 0.9 && p[1] < 0.1, "{p:?}");
        // Without an order they remain twins.
        let p = probabilities(&pairs, &[0.1, 0.1], &s(&|_, _| false)).unwrap();
        assert!((p[0] - p[1]).abs() < 1e-9, "{p:?}");
    }
}
