//! Where in their requests messages of a kind are written, learned from those whose request is clear.
//!
//! A handler says the same thing at the same point each time: so long after it began, or so long before the end (a supervisor
//! that kills at a limit), and a message that states how long something took began that much earlier. Which of these it is
//! shows in how alike the distances of the clear cases are. Handlers begin in the order in which requests were accepted, so
//! messages stand in the order of starts, or of ends, unless the clear cases say otherwise.

use super::assign::{Pair, probabilities};
use super::law::density;
use super::messages::Care;
use super::sequence::Sequence;
use crate::spans::merged;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// A backend may go on for this long after the proxy gave up.
const LATE: i64 = 120 * SECOND;
/// More pairs of messages and requests are not weighed.
const MOST_PAIRS: usize = 60_000;
/// Clear cases that are compared with.
const SAMPLE: usize = 60;
const ROUNDS: usize = 4;
/// The share of messages of a kind that belong to no logged request, before anything is known; and what that is worth, in
/// messages seen.
const NOBODY: f64 = 0.05;
const NOBODY_SEEN: f64 = 4.0;
/// Messages that cross more often than this are not in order.
const ORDERLY: f64 = 0.2;
/// How often two messages cross, before anything is known; and what that is worth, in pairs seen.
const CROSSING: f64 = 0.15;
const UNSEEN: f64 = 4.0;
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
    /// Where its line stands in the proxy's log: those are written when requests end.
    pub place: (u32, u64),
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
/// how far the clocks may be off, `covered_s` for how long the log of the messages goes, seconds.
pub(super) fn place(
    messages: &[Said],
    writers: &[Writer],
    given: &[(usize, usize)],
    slack: i64,
    covered_s: f64,
) -> Vec<(usize, usize, f64)> {
    let cases = cases(messages, writers, given, slack);
    if cases.is_empty() || cases.len() > MOST_PAIRS {
        return Vec::new();
    }
    let by_chance = by_chance(messages, writers, slack, covered_s);
    let mut share = USUAL;
    let mut p: Vec<f64> = Vec::new();
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
        // The order is learned without believing in it.
        let order = along(
            messages,
            writers,
            &cases,
            &probabilities(&pairs, &alone, messages.len(), None, Care::Full),
        );
        let is_before = |a: u32, b: u32| {
            let (a, b) = (&writers[a as usize], &writers[b as usize]);
            match order {
                Some((Along::Starts, _)) => a.starts_before(b),
                Some((Along::Ends, _)) => a.ends_before(b),
                Some((Along::Both, _)) => {
                    (a.starts_before(b) || a.ends_before(b)) && !b.starts_before(a) && !b.ends_before(a)
                }
                None => false,
            }
        };
        let is_wanted = |w: u32| writers[w as usize].has_failed;
        let sequence = order.map(|(_, crossing)| Sequence {
            lines: &places,
            is_before: &is_before,
            crossing,
            is_wanted: &is_wanted,
        });
        p = probabilities(&pairs, &alone, messages.len(), sequence.as_ref(), Care::Full);
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

/// How sure it is that a message belongs to the only request that was there, and not to nobody.
pub(super) fn alone(
    messages: &[Said],
    writers: &[Writer],
    (writer, message): (usize, usize),
    slack: i64,
    covered_s: f64,
) -> f64 {
    let writer = &writers[writer];
    let one = cases(&messages[message..=message], std::slice::from_ref(writer), &[], slack);
    let share = USUAL[usize::from(!writer.has_failed)];
    let by_chance = by_chance(messages, writers, slack, covered_s);
    let weight = one.first().map_or(0.0, |c| c.expected / by_chance * share);
    weight / (weight + 1.0 - share)
}

/// Messages that belong to no logged request, per second: those that stand where no request was are counted, and there are as
/// many elsewhere.
fn by_chance(messages: &[Said], writers: &[Writer], slack: i64, covered_s: f64) -> f64 {
    let late = |w: &Writer| if w.is_late { 2 * SECOND } else { 0 };
    let reach = |w: &Writer| (w.start.0 - slack, w.end.1 + slack + late(w));
    let spans = merged(writers.iter().map(reach).collect(), 0);
    let is_outside = |m: &&Said| {
        let n = spans.partition_point(|s| s.1 < m.at.0 - m.took.unwrap_or(0));
        spans.get(n).is_none_or(|s| s.0 > m.at.1)
    };
    let outside = messages.iter().filter(is_outside).count() as f64;
    let busy: f64 = spans.iter().map(|s| (s.1 - s.0) as f64 / 1e9).sum();
    let first = messages.iter().map(|m| m.at.0).min().unwrap_or(0);
    let last = messages.iter().map(|m| m.at.1).max().unwrap_or(0);
    let all = covered_s.max((last - first) as f64 / 1e9).max(10.0);
    let (n, idle) = (messages.len() as f64, 1.0 - (busy / all).min(1.0));
    let share = (outside + NOBODY * NOBODY_SEEN) / (n * idle + NOBODY_SEEN);
    share.min(1.0) * n / all
}

fn cases(messages: &[Said], writers: &[Writer], given: &[(usize, usize)], slack: i64) -> Vec<Case> {
    let mut out = Vec::new();
    let mut of_message: Vec<Option<usize>> = vec![None; messages.len()];
    let mut has_own = vec![false; writers.len()];
    for (writer, message) in given.iter().rev() {
        of_message[*message] = Some(*writer);
        has_own[*writer] = true;
    }
    // Who began last comes last; nobody is open for longer than the longest.
    let mut by_start: Vec<usize> = (0..writers.len()).collect();
    by_start.sort_by_key(|i| (writers[*i].start.0, *i));
    let until = |w: &Writer| w.end.1 + slack + if w.is_late { LATE } else { 0 };
    let longest = writers.iter().map(|w| until(w) - w.start.0).max().unwrap_or(0);
    for (k, m) in messages.iter().enumerate() {
        let fixed = of_message[k];
        let first = by_start.partition_point(|i| writers[*i].start.0 < m.at.0 - longest);
        let mut near: Vec<usize> = by_start[first..]
            .iter()
            .copied()
            .take_while(|i| writers[*i].start.0 <= m.at.1 + slack)
            .chain(fixed)
            .collect();
        near.sort_unstable();
        near.dedup();
        for i in near {
            let w = &writers[i];
            if out.len() > MOST_PAIRS {
                return out;
            }
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

impl Writer {
    fn starts_before(&self, other: &Writer) -> bool {
        self.start.1 <= other.start.0
    }

    /// By the stamps, or by the order of the proxy's lines where it waited for the end of both.
    fn ends_before(&self, other: &Writer) -> bool {
        let is_ordered = self.place.0 == other.place.0 && !self.is_late && !other.is_late;
        if is_ordered { self.place.1 < other.place.1 } else { self.end.1 <= other.end.0 }
    }
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
    let crossing = |is_before: fn(&Writer, &Writer) -> bool| {
        let (mut crossed, mut all) = (0.0, 0.0);
        for pair in clear.windows(2).filter(|w| w[0].1.0 == w[1].1.0) {
            let (a, b) = (pair[0].0, pair[1].0);
            let is_crossed = is_before(b, a);
            if is_crossed || is_before(a, b) {
                all += 1.0;
                crossed += f64::from(u8::from(is_crossed));
            }
        }
        (crossed + UNSEEN * CROSSING) / (all + UNSEEN)
    };
    let (starts, ends) = (crossing(Writer::starts_before), crossing(Writer::ends_before));
    let best = match (starts < ORDERLY, ends < ORDERLY) {
        (true, true) => (Along::Both, starts.max(ends)),
        _ if starts <= ends => (Along::Starts, starts),
        _ => (Along::Ends, ends),
    };
    (best.1 < ORDERLY).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: i64 = 30 * MS;

    fn said(ms: i64, line: u64) -> Said {
        Said { at: (ms * MS, ms * MS + MS), took: None, place: (1, line) }
    }

    /// A failed request that ended in a second, as its proxy's line says.
    fn writer(second: i64, line: u64) -> Writer {
        let end = (second * SECOND, (second + 1) * SECOND);
        Writer { start: (end.0 - SECOND, end.1), end, place: (0, line), has_failed: true, is_late: false }
    }

    fn of(found: &[(usize, usize, f64)], pair: (usize, usize)) -> f64 {
        found.iter().find(|f| (f.0, f.1) == pair).map_or(0.0, |f| f.2)
    }

    #[test]
    fn within_a_second_the_proxys_lines_tell_the_order() {
        let writers: Vec<Writer> = (0..3).map(|i| writer(100, i)).collect();
        let messages: Vec<Said> = (0..3).map(|i| said(100_200 + 150 * i, i as u64)).collect();
        let found = place(&messages, &writers, &[], SLACK, 600.0);
        for i in 0..3 {
            assert!(of(&found, (i, i)) > 0.6, "{found:?}");
        }
        assert!(of(&found, (0, 2)) < 0.1, "{found:?}");
        // One message, and nothing that tells the three apart.
        let one = place(&messages[..1], &writers, &[], SLACK, 600.0);
        assert!(one.iter().all(|f| (0.2..0.5).contains(&f.2)), "{one:?}");
    }

    #[test]
    fn messages_where_no_request_was_make_the_others_doubtful() {
        let writers: Vec<Writer> = (0..6).map(|i| writer(100 + 20 * i, i as u64)).collect();
        let own: Vec<Said> = (0..6).map(|i| said(100_500 + 20_000 * i, i as u64)).collect();
        let alone = place(&own, &writers, &[], SLACK, 600.0);
        let mut all = own.clone();
        all.extend(
            (0..60)
                .map(|i| said(107_000 + 1_000 * i, 10 + i as u64))
                .filter(|m| writers.iter().all(|w| m.at.1 < w.start.0 - SLACK || m.at.0 > w.end.1 + SLACK)),
        );
        let among = place(&all, &writers, &[], SLACK, 600.0);
        for i in 0..6 {
            assert!(of(&alone, (i, i)) > 0.95, "{alone:?}");
            assert!(of(&among, (i, i)) < of(&alone, (i, i)), "{among:?}");
        }
    }

    #[test]
    fn who_was_there_alone_may_have_written_several() {
        let writers = [writer(100, 0)];
        let messages: Vec<Said> = (0..4).map(|i| said(99_800 + 200 * i, i as u64)).collect();
        for m in 0..4 {
            assert!(super::alone(&messages, &writers, (0, m), SLACK, 600.0) > 0.9);
        }
    }
}
