//! The order of lines as a clock that is finer than their stamps.
//!
//! nginx, httpd and HAProxy write a request's line when the request ends, whatever moment its stamp names; so does what logs
//! requests behind them. Two logs of the same requests are therefore in the same order, but for what overtakes within
//! milliseconds. Served requests of which only one line can be the other side are the marks on both rulers; a line that stands
//! between other marks than the request does is not its own. How far apart true pairs stand is learned from the marks
//! themselves, so that a log that is buffered, and hence out of order, proves nothing.

use std::collections::BTreeMap;

use super::by_request::Sources;
use super::laws::only_line;
use crate::event::At;
use crate::index::Row;
use crate::par;
use crate::spans::merged;
use crate::timeline::Timed;

const SECOND: i64 = 1_000_000_000;
/// Fewer marks measure nothing.
const MIN_MARKS: usize = 20;
/// Requests that are looked at for marks, the first ones: where there are none, the order says nothing.
const MOST_MARKS: usize = 30_000;
/// The order of the lines is measured over so much time before and after an open question; where there are too many requests in
/// it, over less, but no less than the other.
const MEASURED: i64 = 15 * SECOND;
const LEAST_MEASURED: i64 = SECOND;
/// Distances that are told apart.
const REACH: usize = 12;
/// How much the order may say for or against a pair.
const MOST: f64 = 300.0;
/// Where nothing is known of the order, two lines cross this often.
const CROSSING: f64 = 0.15;

/// A request on both rulers: the lines, and when it ended at the earliest.
type Mark = (u64, u64, i64);

/// The marks of each pair of files: the proxy's and the backend's.
#[derive(Debug, Default)]
pub(super) struct Order {
    rulers: BTreeMap<(u32, u32), Ruler>,
}

/// The marks, in order on both sides.
#[derive(Debug, Default)]
struct Ruler {
    front: Vec<u64>,
    back: Vec<u64>,
    /// When their requests ended, earliest, in order.
    ends: Vec<i64>,
    /// How often a true pair stands so many marks apart; the last: further.
    apart: [f64; REACH + 1],
}

impl Order {
    /// Finds the marks among the requests that ended near some moments.
    pub fn learn(from: &Sources<'_>, moments: &[(i64, i64)]) -> Order {
        let mut marks: BTreeMap<(u32, u32), Vec<Mark>> = BTreeMap::new();
        let within = |reach: i64| {
            let spans = moments.iter().map(|(lo, hi)| (lo - reach, hi + reach)).collect();
            merged(spans, 0).into_iter().flat_map(|(lo, hi)| from.world.ended(lo, hi))
        };
        let mut reach = MEASURED;
        while reach > LEAST_MEASURED && within(reach).nth(MOST_MARKS).is_some() {
            reach /= 2;
        }
        let near = within(reach).filter(|t| from.plan.instances[t.instance].is_proxy);
        let near: Vec<&Timed> = near.take(MOST_MARKS).collect();
        for (t, back) in near.iter().zip(par::map(&near, |t| mark(from, t))) {
            if let Some(back) = back {
                let files = marks.entry((t.r.at.file, back.file)).or_default();
                files.push((t.r.at.line, back.line, t.end_lo));
            }
        }
        let rulers = marks.into_iter().filter_map(|(files, marks)| Some((files, Ruler::new(marks)?)));
        Order { rulers: rulers.collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.rulers.is_empty()
    }

    /// How many times likelier the places of two lines are if they are about one request. `end` is when it ended, `width` the
    /// precision of the backend's stamp.
    pub fn fits(&self, front: At, back: At, end: (i64, i64), width: i64) -> f64 {
        let Some(ruler) = self.rulers.get(&(front.file, back.file)) else { return 1.0 };
        let place = |marks: &[u64], line: u64| marks.partition_point(|m| *m < line);
        let apart = place(&ruler.front, front.line).abs_diff(place(&ruler.back, back.line));
        // Over how many marks other lines with such stamps are spread.
        let spread = {
            let from = ruler.ends.partition_point(|e| *e < end.0 - width);
            let to = ruler.ends.partition_point(|e| *e <= end.1 + width);
            (1 + to - from) as f64
        };
        let usual = match apart {
            0 => ruler.apart[0],
            near if near < REACH => ruler.apart[near] / 2.0,
            _ => ruler.apart[REACH] / (2.0 * spread.max(REACH as f64)),
        };
        (usual * spread).clamp(1.0 / MOST, MOST)
    }

    /// How often two lines cross, of requests that ended one after the other.
    pub fn crossing(&self) -> f64 {
        let n: f64 = self.rulers.values().map(|r| r.front.len() as f64).sum();
        let off: f64 = self.rulers.values().map(|r| (1.0 - r.apart[0]) * r.front.len() as f64).sum();
        ((off + CROSSING * MIN_MARKS as f64) / (n + MIN_MARKS as f64)).clamp(0.01, 0.5)
    }
}

/// The line that a served request is surely about.
fn mark(from: &Sources<'_>, t: &Timed) -> Option<At> {
    let is_served = (200..500).contains(&t.r.status) && t.r.status != 499 && t.r.tries <= 1 && t.r.key != 0;
    let e = is_served
        .then(|| only_line(from.plan, from.index, from.clocks, t, from.peers.by_hash(t.r.server)))
        .flatten()?;
    match e.row {
        Row::Request(i) => Some(from.world.requests[i as usize].r.at),
        Row::Log(_) => None,
    }
}

impl Ruler {
    fn new(mut marks: Vec<Mark>) -> Option<Ruler> {
        marks.sort_unstable();
        marks.dedup_by_key(|m| m.0);
        let chosen = rising(&marks.iter().map(|m| m.1).collect::<Vec<_>>());
        if chosen.len() < MIN_MARKS || chosen.len() * 3 < marks.len() * 2 {
            return None;
        }
        let mut ruler = Ruler {
            front: chosen.iter().map(|i| marks[*i].0).collect(),
            back: chosen.iter().map(|i| marks[*i].1).collect(),
            ends: chosen.iter().map(|i| marks[*i].2).collect(),
            apart: [0.0; REACH + 1],
        };
        ruler.ends.sort_unstable();
        // Of two that overtook each other one is a mark: each other one stands for both.
        let mut counts = [0.0; REACH + 1];
        counts[0] = chosen.len() as f64;
        for (_, m) in marks.iter().enumerate().filter(|(n, _)| chosen.binary_search(n).is_err()) {
            let (f, b) =
                (ruler.front.partition_point(|l| *l < m.0), ruler.back.partition_point(|l| *l < m.1));
            counts[f.abs_diff(b).clamp(1, REACH)] += 2.0;
        }
        // What has not been seen yet may come: the nearer the sooner.
        let unseen = |k: usize| if k == REACH { 0.5 } else { 2.0 / f64::from(1 << k.min(10)) };
        let all: f64 = counts.iter().sum::<f64>() + (0..=REACH).map(unseen).sum::<f64>();
        (0..=REACH).for_each(|k| ruler.apart[k] = (counts[k] + unseen(k)) / all);
        Some(ruler)
    }
}

/// The numbers of a longest strictly rising part of a list (patience sorting).
fn rising(list: &[u64]) -> Vec<usize> {
    // The end of the best part of each length, and what came before each element.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; list.len()];
    for (i, x) in list.iter().enumerate() {
        let n = ends.partition_point(|e| list[*e] < *x);
        before[i] = n.checked_sub(1).map(|k| ends[k]);
        if n == ends.len() { ends.push(i) } else { ends[n] = i }
    }
    let mut out = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(i) = at {
        out.push(i);
        at = before[i];
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rising_part() {
        assert_eq!(rising(&[]), [0; 0]);
        assert_eq!(rising(&[5, 6, 1, 7, 2, 8]), [0, 1, 3, 5]);
        assert_eq!(rising(&[3, 3, 2, 1]).len(), 1);
    }

    fn order(marks: Vec<Mark>) -> Order {
        Order { rulers: Ruler::new(marks).map(|r| ((0, 1), r)).into_iter().collect() }
    }

    #[test]
    fn a_line_between_other_marks_is_not_the_requests() {
        let second = 1_000_000_000;
        // Ten requests a second, each second line.
        let o = order((0..60).map(|i| (2 * i, 2 * i, i as i64 * second / 10)).collect());
        let at = At::new;
        let end = (3 * second, 4 * second);
        let fit = |line| o.fits(at(0, 61), at(1, line), end, second);
        assert!(fit(61) > 5.0 && fit(63) < 1.0 && fit(75) < 0.1, "{} {} {}", fit(61), fit(63), fit(75));
        // Precise stamps leave nothing to say.
        let precise = |line| o.fits(at(0, 61), at(1, line), (3 * second, 3 * second), 1_000_000);
        assert!((0.3..=2.0).contains(&precise(61)), "{}", precise(61));
        // Other files are not measured.
        assert_eq!(o.fits(at(0, 61), at(2, 61), end, second), 1.0);
        assert!(o.crossing() < 0.1);
    }

    #[test]
    fn a_log_out_of_order_proves_nothing() {
        let shuffled = order((0..60).map(|i| (i, i * 37 % 61, i as i64)).collect());
        assert!(shuffled.is_empty() && shuffled.crossing() == CROSSING);
        assert!(order((0..5).map(|i| (i, i, 0)).collect()).is_empty());
    }
}
