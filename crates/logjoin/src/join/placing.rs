//! Where in their requests messages of a kind are written, learned from those whose request is clear.
//!
//! A handler says the same thing at the same point each time: so long after it began, or so long before the end (a supervisor
//! that kills at a limit), and a message that states how long something took began that much earlier. Which of these it is
//! shows in how alike the distances of the clear cases are. Handlers begin in the order in which requests were accepted, so
//! messages stand in the order of starts, or of ends, unless the clear cases say otherwise.

use super::assign::{Pair, probabilities};
use super::laws::density;
use super::sequence::Sequence;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// A backend may go on for this long after the proxy gave up.
const LATE: i64 = 120 * SECOND;
/// More pairs of messages and requests are not weighed.
const MOST_PAIRS: usize = 20_000;
/// Clear cases that are compared with.
const SAMPLE: usize = 60;
const ROUNDS: usize = 4;
/// The share of messages of a kind that belong to no logged request.
const NOBODY: f64 = 0.05;
/// Messages that cross more often than this are not in order.
const ORDERLY: f64 = 0.2;
/// A case is clear from this probability on.
const CLEAR: f64 = 0.9;
/// The share of requests that write such a message, before anything is known: of failed ones, of served ones.
const USUAL: [f64; 2] = [0.7, 0.3];

/// A message: between which moments it was written, how long before that began what it speaks of, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub at: (i64, i64),
    pub took: Option<i64>,
    pub place: (u32, u64),
}

/// A request that may have written one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    pub start: (i64, i64),
    pub end: (i64, i64),
    pub has_failed: bool,
    /// The backend may have gone on when the proxy had given up.
    pub is_late: bool,
}

/// A message and a request, with the distances that are possible: after the start, after the end, and after the start of what
/// the message says took so long.
#[derive(Debug, Clone, Copy)]
struct Case {
    writer: u32,
    message: u32,
    distances: [Option<(i64, i64)>; 3],
    /// How probable the message's moment is before the habit is known, per second.
    expected: f64,
}

/// How probable it is that a message is a request's own: request, message, probability. `given` pairs are certain; `slack` is
/// how far the clocks may be off.
pub(super) fn place(
    messages: &[Said],
    writers: &[Writer],
    given: &[(usize, usize)],
    slack: i64,
) -> Vec<(usize, usize, f64)> {
    let cases = cases(messages, writers, given, slack);
    if cases.is_empty() || cases.len() > MOST_PAIRS {
        return Vec::new();
    }
    let span = {
        let first = messages.iter().map(|m| m.at.0).min().unwrap_or(0);
        let last = messages.iter().map(|m| m.at.1).max().unwrap_or(0);
        ((last - first) as f64 / 1e9).max(10.0)
    };
    let by_chance = NOBODY * messages.len() as f64 / span;
    let mut share = USUAL;
    let mut p: Vec<f64> = Vec::new();
    let mut order = None;
    for round in 0..ROUNDS {
        let habit = (round > 0).then(|| habit(&cases, &p, slack));
        let pairs: Vec<Pair> = cases
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let moment = habit.as_ref().map_or(c.expected, |h| h[i]);
                let share = share[usize::from(!writers[c.writer as usize].has_failed)];
                let weight = (moment / by_chance * share).clamp(1e-9, 1e12);
                Pair { claim: c.writer, line: c.message, weight }
            })
            .collect();
        let alone: Vec<f64> = writers.iter().map(|w| 1.0 - share[usize::from(!w.has_failed)]).collect();
        let places: Vec<(i64, u32, u64)> = messages.iter().map(|m| (m.at.0, m.place.0, m.place.1)).collect();
        let is_before = |a: u32, b: u32| match order {
            Some((Along::Starts, _)) => writers[a as usize].start.1 <= writers[b as usize].start.0,
            Some((Along::Ends, _)) => writers[a as usize].end.1 <= writers[b as usize].end.0,
            Some((Along::Both, _)) => {
                let (a, b) = (&writers[a as usize], &writers[b as usize]);
                let is_before = |a: (i64, i64), b: (i64, i64)| a.1 <= b.0;
                (is_before(a.start, b.start) || is_before(a.end, b.end))
                    && !is_before(b.start, a.start)
                    && !is_before(b.end, a.end)
            }
            None => false,
        };
        let is_wanted = |w: u32| writers[w as usize].has_failed;
        let sequence = order.map(|(_, crossing)| Sequence {
            lines: &places,
            is_before: &is_before,
            crossing,
            is_wanted: &is_wanted,
        });
        p = probabilities(&pairs, &alone, messages.len(), sequence.as_ref());
        order = along(messages, writers, &cases, &p);
        for (k, s) in share.iter_mut().enumerate() {
            let all = writers.iter().filter(|w| usize::from(!w.has_failed) == k).count() as f64;
            let own: f64 = cases
                .iter()
                .zip(&p)
                .filter(|(c, _)| usize::from(!writers[c.writer as usize].has_failed) == k)
                .map(|(_, p)| p)
                .sum();
            *s = ((own + USUAL[k]) / (all + 1.0)).clamp(0.02, 0.98);
        }
    }
    cases.iter().zip(p).map(|(c, p)| (c.writer as usize, c.message as usize, p)).collect()
}

fn cases(messages: &[Said], writers: &[Writer], given: &[(usize, usize)], slack: i64) -> Vec<Case> {
    let mut out = Vec::new();
    if messages.len().saturating_mul(writers.len()) > 20 * MOST_PAIRS {
        return out;
    }
    let mut of_message: Vec<Option<usize>> = vec![None; messages.len()];
    let mut has_own = vec![false; writers.len()];
    for (writer, message) in given.iter().rev() {
        of_message[*message] = Some(*writer);
        has_own[*writer] = true;
    }
    for (k, m) in messages.iter().enumerate() {
        let fixed = of_message[k];
        for (i, w) in writers.iter().enumerate() {
            let is_given = fixed == Some(i);
            let is_free = fixed.is_none() && !has_own[i];
            if !(is_given || is_free) {
                continue;
            }
            let after = |from: (i64, i64)| (m.at.0 - from.1, m.at.1 - from.0);
            let (x, y) = (after(w.start), after(w.end));
            let z = m.took.map(|took| (x.0 - took, x.1 - took));
            let in_time = x.1 >= -slack && z.is_none_or(|z| z.1 >= -slack);
            let not_over = y.0 <= slack + if w.is_late { LATE } else { 0 };
            if !(is_given || in_time && not_over) {
                continue;
            }
            let length = ((w.end.1 - w.start.0 + 2 * slack) as f64 / 1e9).max(0.02);
            let soon = |d: (i64, i64), scale: f64| {
                let middle = (d.0 + (d.1 - d.0) / 2).max(0) as f64 / 1e9;
                1.0 / (scale * (1.0 + middle / scale).powi(2))
            };
            let expected = match z {
                Some(z) => soon(z, 0.5),
                None if w.is_late => {
                    let within = if y.0 <= slack { 1.0 / length } else { 0.0 };
                    let later = if y.1 >= -slack { soon(y, 2.0) } else { 0.0 };
                    0.6 * within + 0.4 * later
                }
                None => 1.0 / length,
            };
            out.push(Case {
                writer: i as u32,
                message: k as u32,
                distances: [Some(x), Some(y), z],
                expected: if is_given { 1e6 } else { expected },
            });
        }
    }
    out
}

/// How probable each case is, per second, when it is compared with the clear ones: some are alike in how long after the start
/// they are, some (those that waited before they were read) in how long before the end.
fn habit(cases: &[Case], p: &[f64], slack: i64) -> Vec<f64> {
    let mut seen: Vec<(f64, usize)> =
        p.iter().enumerate().filter(|(_, p)| **p > 0.05).map(|(i, p)| (*p, i)).collect();
    seen.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    seen.truncate(SAMPLE);
    let middle = |d: (i64, i64)| d.0 + (d.1 - d.0) / 2;
    // How far the clear cases lie apart: half of them.
    let spread = |kind: usize| -> i64 {
        let mut all: Vec<i64> =
            seen.iter().filter_map(|(_, k)| cases[*k].distances[kind]).map(middle).collect();
        all.sort_unstable();
        let n = all.len();
        if n < 4 { SECOND / 10 } else { (all[n * 3 / 4] - all[n / 4]).max(10 * MS) }
    };
    let spreads = [spread(0), spread(1), spread(2)];
    let wide = |kind: usize| (spreads[kind] as f64 * 0.7 * (seen.len().max(1) as f64).powf(-0.2)) as i64;
    let one = |c: &Case| {
        let (mut sum, mut ways) = (0.0, 0.0);
        for kind in 0..3 {
            let Some(own) = c.distances[kind] else { continue };
            ways += 1.0;
            let (mut near, mut n) = (0.0, 0.0);
            for (p, k) in seen.iter().map(|(p, k)| (p, &cases[*k])) {
                if let Some(d) = k.distances[kind].filter(|_| k.writer != c.writer && k.message != c.message)
                {
                    let narrow = 5 * MS + slack / 4 + middle(d).abs() / 40;
                    near += p * (density(own, d, narrow) + density(own, d, narrow + wide(kind))) / 2.0;
                    n += p;
                }
            }
            let share = 0.95 * n / (n + 2.0);
            sum += if n > 0.0 { (1.0 - share) * c.expected + share * near / n } else { c.expected };
        }
        if ways > 0.0 { sum / ways } else { c.expected }
    };
    cases.iter().map(one).collect()
}

#[derive(Debug, Clone, Copy)]
enum Along {
    Starts,
    Ends,
    Both,
}

/// Whether the clear cases are in the order of starts or of ends, and how often they cross.
fn along(messages: &[Said], writers: &[Writer], cases: &[Case], p: &[f64]) -> Option<(Along, f64)> {
    let mut clear: Vec<(&Writer, (u32, u64))> = cases
        .iter()
        .zip(p)
        .filter(|(_, p)| **p >= CLEAR)
        .map(|(c, _)| (&writers[c.writer as usize], messages[c.message as usize].place))
        .collect();
    clear.sort_by_key(|c| c.1);
    let crossing = |key: fn(&Writer) -> (i64, i64)| {
        let (mut crossed, mut all) = (0.0, 0.0);
        for pair in clear.windows(2).filter(|w| w[0].1.0 == w[1].1.0) {
            let (a, b) = (key(pair[0].0), key(pair[1].0));
            if a.1 <= b.0 || b.1 <= a.0 {
                all += 1.0;
                crossed += f64::from(u8::from(b.1 <= a.0));
            }
        }
        (crossed + 1.0) / (all + 4.0)
    };
    let (starts, ends) = (crossing(|w| w.start), crossing(|w| w.end));
    let best = match (starts < ORDERLY, ends < ORDERLY) {
        (true, true) => (Along::Both, starts.max(ends)),
        _ if starts <= ends => (Along::Starts, starts),
        _ => (Along::Ends, ends),
    };
    (best.1 < ORDERLY).then_some(best)
}
