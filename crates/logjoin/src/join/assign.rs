//! Who owns which line: the probabilities of all pairs, when a line belongs to one request and a request has one line.
//!
//! Each pair has a weight: how many times likelier the line is as this request's than as nobody's. The probability of a pair
//! is the share, among all ways to match requests and lines (leaving any of them alone), of the ways that hold it. Small
//! components, and those of which little hangs together at a time, are summed up exactly, over the subsets of their lines; others by passing messages along the pairs until
//! nothing changes (belief propagation, as Williams and Lau (2014) do for radar), which is exact where pairs form no ring and
//! close to it elsewhere.

use super::messages::{Care, Messages};
use super::sequence::{self, Sequence};
use super::subsets::{Own, Subsets};

/// A request and a line that could be its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub claim: u32,
    pub line: u32,
    /// Likelier by this factor than that the line is nobody's; greater than 0.
    pub weight: f64,
}

/// A claim with a line of such a probability is not settled yet.
pub(super) const UNSETTLED: std::ops::Range<f64> = 0.02..0.98;

/// What is less probable by itself, the order will not make probable.
const FAINT: f64 = 1e-4;

/// The probability of each pair, in the order given. `alone` is the weight of each claim that has no line. Where that does not
/// settle a claim, the order of the lines may. `care`: what they are for.
pub(super) fn probabilities(
    pairs: &[Pair],
    alone: &[f64],
    lines: usize,
    sequence: Option<&Sequence<'_>>,
    care: Care,
) -> Vec<f64> {
    let mut out = vec![0.0; pairs.len()];
    // Of each line its number within its part; no line is in two.
    let mut numbers = vec![0u32; lines];
    let mut is_known = vec![false; lines];
    let (mut of, mut alone_here): (Vec<u32>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut own_here: Vec<Own> = Vec::new();
    let mut parts = components(pairs, alone.len(), lines);
    for part in parts.each() {
        if let [one] = part {
            // Nobody else asks: most are like this.
            out[*one as usize] = lonely(&pairs[*one as usize], alone);
            continue;
        }
        if !part.is_sorted_by_key(|p| pairs[*p as usize].claim) {
            part.sort_by_key(|p| pairs[*p as usize].claim);
        }
        let own = || part.iter().map(|p| &pairs[*p as usize]);
        of.clear();
        for p in own() {
            if !std::mem::replace(&mut is_known[p.line as usize], true) {
                numbers[p.line as usize] = of.len() as u32;
                of.push(p.line);
            }
        }
        let mut claims: Vec<u32> = Vec::new();
        alone_here.clear();
        own_here.clear();
        for own in part.chunk_by(|a, b| pairs[*a as usize].claim == pairs[*b as usize].claim) {
            let n = claims.len() as u32;
            let of_part = own.iter().map(|p| &pairs[*p as usize]);
            own_here.extend(of_part.map(|p| (n, numbers[p.line as usize], p.weight)));
            claims.push(own.len() as u32);
            alone_here.push(alone[pairs[own[0] as usize].claim as usize]);
        }
        let found = match Subsets::new(&own_here, &alone_here, of.len()) {
            Some(subsets) => subsets.probabilities(),
            None => {
                let lines = own_here.iter().map(|(_, line, _)| *line).collect();
                let weights = own_here.iter().map(|(_, _, weight)| *weight).collect();
                Messages { claims, lines, weights }.pass(&alone_here, of.len(), care)
            }
        };
        for (p, value) in part.iter().zip(found) {
            out[*p as usize] = value;
        }
    }
    if let Some(s) = sequence {
        in_sequence(pairs, alone, lines, s, &mut out);
    }
    out
}

/// Asks the order of the lines where claims are not settled. What is all but impossible holds nothing together there: else much
/// would hang together by it, too much to be looked at.
fn in_sequence(pairs: &[Pair], alone: &[f64], lines: usize, s: &Sequence<'_>, out: &mut [f64]) {
    let numbers: Vec<usize> = (0..pairs.len()).filter(|p| out[*p] > FAINT).collect();
    let likely: Vec<Pair> = numbers.iter().map(|p| pairs[*p]).collect();
    let mut parts = components(&likely, alone.len(), lines);
    for part in parts.each().filter(|part| part.len() > 1) {
        let own: Vec<Pair> = part.iter().map(|p| likely[*p as usize]).collect();
        let mut numbers = part.iter().map(|p| numbers[*p as usize]);
        if numbers.clone().any(|p| UNSETTLED.contains(&out[p]) && (s.is_wanted)(pairs[p].claim)) {
            for value in sequence::probabilities(&own, alone, s).into_iter().flatten() {
                numbers.next().into_iter().for_each(|p| out[p] = value);
            }
        }
    }
}

/// What [`Subsets`] make of a pair whose line and claim are in no other.
fn lonely(pair: &Pair, alone: &[f64]) -> f64 {
    let alone = alone[pair.claim as usize];
    let scale = alone + pair.weight;
    let (without, with) = (alone / scale, pair.weight / scale);
    let total = without + with;
    if total > 0.0 { (with / total).clamp(0.0, 1.0) } else { 0.0 }
}

/// What hangs together with what: each thing points to another one of its part, in the end to the first one.
pub(super) struct Parts(Vec<u32>);

impl Parts {
    /// So many things, each by itself.
    pub fn new(things: usize) -> Parts {
        Parts((0..things as u32).collect())
    }

    /// The thing that stands for the part of this one.
    pub fn root(&mut self, mut x: usize) -> usize {
        while self.0[x] as usize != x {
            self.0[x] = self.0[self.0[x] as usize];
            x = self.0[x] as usize;
        }
        x
    }

    /// Puts the parts of two things together.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}

/// Numbers of the pairs, those that hang together beside each other.
struct Components {
    numbers: Vec<u32>,
    /// By the first claim of each: where its pairs end.
    ends: Vec<u32>,
}

impl Components {
    /// The numbers of the pairs of each, in order.
    fn each(&mut self) -> impl Iterator<Item = &mut [u32]> {
        let (mut rest, mut from) = (&mut self.numbers[..], 0);
        self.ends.iter().filter_map(move |end| {
            let part = rest.split_off_mut(..(*end - std::mem::replace(&mut from, *end)) as usize)?;
            (!part.is_empty()).then_some(part)
        })
    }
}

/// What hangs together, in the order of the first claims.
fn components(pairs: &[Pair], claims: usize, lines: usize) -> Components {
    let mut parts = Parts::new(claims + lines);
    pairs.iter().for_each(|p| parts.join(p.claim as usize, claims + p.line as usize));
    // Whatever stands for a part is a claim, as claims come before lines. First where the pairs of each begin; when all are in
    // their places, that is where they end.
    let mut ends = vec![0u32; claims];
    pairs.iter().for_each(|p| ends[parts.root(p.claim as usize)] += 1);
    let mut begin = 0;
    for end in &mut ends {
        begin += std::mem::replace(end, begin);
    }
    let mut numbers = vec![0u32; pairs.len()];
    for (n, p) in (0..).zip(pairs) {
        let end = &mut ends[parts.root(p.claim as usize)];
        numbers[*end as usize] = n;
        *end += 1;
    }
    Components { numbers, ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The oracle: every way to match, one after the other.
    fn all_ways(pairs: &[Pair], alone: &[f64], lines: usize) -> Vec<f64> {
        fn walk(
            claim: usize,
            weight: f64,
            taken: &mut Vec<bool>,
            chosen: &mut Vec<usize>,
            (pairs, alone): (&[Pair], &[f64]),
            out: &mut (f64, Vec<f64>),
        ) {
            if claim == alone.len() {
                out.0 += weight;
                chosen.iter().for_each(|p| out.1[*p] += weight);
                return;
            }
            walk(claim + 1, weight * alone[claim], taken, chosen, (pairs, alone), out);
            for (i, p) in pairs.iter().enumerate().filter(|(_, p)| p.claim as usize == claim) {
                if !taken[p.line as usize] {
                    taken[p.line as usize] = true;
                    chosen.push(i);
                    walk(claim + 1, weight * p.weight, taken, chosen, (pairs, alone), out);
                    chosen.pop();
                    taken[p.line as usize] = false;
                }
            }
        }
        let mut out = (0.0, vec![0.0; pairs.len()]);
        walk(0, 1.0, &mut vec![false; lines], &mut Vec::new(), (pairs, alone), &mut out);
        out.1.iter().map(|w| w / out.0).collect()
    }

    struct Dice(u64);

    impl Dice {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as f64 / (1u64 << 31) as f64
        }
    }

    fn draw(dice: &mut Dice, claims: usize, lines: usize, density: f64) -> (Vec<Pair>, Vec<f64>) {
        let mut pairs = Vec::new();
        for claim in 0..claims as u32 {
            for line in 0..lines as u32 {
                if dice.unit() < density {
                    pairs.push(Pair { claim, line, weight: (dice.unit() * 14.0 - 5.0).exp() });
                }
            }
        }
        let alone = (0..claims).map(|_| dice.unit() * 0.9 + 0.01).collect();
        (pairs, alone)
    }

    #[test]
    fn small_components_are_exact() {
        let mut dice = Dice(1);
        for _ in 0..300 {
            let (claims, lines) = (1 + (dice.unit() * 5.0) as usize, 1 + (dice.unit() * 5.0) as usize);
            let (pairs, alone) = draw(&mut dice, claims, lines, 0.6);
            let want = all_ways(&pairs, &alone, lines);
            for (got, want) in probabilities(&pairs, &alone, lines, None, Care::Full).iter().zip(want) {
                assert!((got - want).abs() < 1e-9, "{got} is not {want}");
            }
        }
    }

    #[test]
    fn long_chains_are_exact() {
        let mut dice = Dice(3);
        for n in 0..12 {
            // Each claim could have three of twelve lines, its neighbours partly the same ones.
            let all = (0..10).flat_map(|claim| (claim..claim + 3).map(move |line| (claim, line)));
            let pairs: Vec<Pair> = all
                .filter(|_| dice.unit() < 0.9)
                .map(|(claim, line)| (claim, if n % 2 == 0 { line } else { 11 - line }))
                .map(|(claim, line)| Pair { claim, line, weight: (f64::from(claim * line % 7) - 3.0).exp() })
                .collect();
            let alone = vec![0.3; 10];
            let want = all_ways(&pairs, &alone, 12);
            for (got, want) in probabilities(&pairs, &alone, 12, None, Care::Full).iter().zip(want) {
                assert!((got - want).abs() < 1e-9, "{got} is not {want}");
            }
        }
    }

    #[test]
    fn messages_come_close() {
        let mut dice = Dice(2);
        let mut worst: f64 = 0.0;
        let mut sum = (0.0, 0.0);
        for _ in 0..200 {
            let (pairs, alone) = draw(&mut dice, 5, 5, 0.5);
            let want = all_ways(&pairs, &alone, 5);
            let messages = Messages {
                claims: (0..5).map(|c| pairs.iter().filter(|p| p.claim == c).count() as u32).collect(),
                lines: pairs.iter().map(|p| p.line).collect(),
                weights: pairs.iter().map(|p| p.weight).collect(),
            };
            for (got, want) in messages.pass(&alone, 5, Care::Full).iter().zip(want) {
                worst = worst.max((got - want).abs());
                sum = (sum.0 + (got - want).abs(), sum.1 + 1.0);
            }
        }
        assert!(worst < 0.4 && sum.0 / sum.1 < 0.01, "{worst} {}", sum.0 / sum.1);
    }

    #[test]
    fn twins_share_and_the_rare_pair_decides_for_its_neighbour() {
        let pair = |claim, line, weight| Pair { claim, line, weight };
        // Two alike requests, one line: each half.
        let p = probabilities(&[pair(0, 0, 1e6), pair(1, 0, 1e6)], &[0.1, 0.1], 1, None, Care::Full);
        assert!((p[0] - 0.5).abs() < 1e-3 && (p[1] - 0.5).abs() < 1e-3, "{p:?}");
        // The second fits a line of its own: the first line is the first request's.
        let p = probabilities(
            &[pair(0, 0, 1e4), pair(1, 0, 1e4), pair(1, 1, 1e4)],
            &[0.1, 0.1],
            2,
            None,
            Care::Full,
        );
        assert!(p[0] > 0.99 && p[1] < 0.01 && p[2] > 0.99, "{p:?}");
        // A line that fits badly is nobody's.
        assert!(probabilities(&[pair(0, 0, 1e-3)], &[0.5], 1, None, Care::Full)[0] < 0.01);
        assert!(probabilities(&[], &[0.5], 0, None, Care::Full).is_empty());
        for (weight, alone) in [(1e-12, 0.005), (3.7, 0.9), (1e15, 0.05), (0.1, 0.1)] {
            let (pair, alone) = (pair(0, 0, weight), [alone]);
            let subsets = Subsets::new(&[(0, 0, weight)], &alone, 1).expect("few");
            assert_eq!(lonely(&pair, &alone), subsets.probabilities()[0], "to the last bit");
        }
    }
}
