//! How late lines come that a proxy did not wait for: learned from those that are settled, told of the others.
//!
//! A backend that finishes what nobody waits for any more may have a queue of some length and take about as long each time, or
//! not. The trick: how alike delays are is told by themselves, each foretold by the others.

use std::collections::BTreeMap;

use super::law::density;
use crate::index::Row;

const MS: i64 = 1_000_000;
/// So many late lines tell how late lines are.
const SAMPLE: usize = 200;
/// Comparisons of late lines with one another in a round: where there are many, fewer others are asked.
const WORK: usize = 1_000_000;
/// How alike two delays are: within so much, and so much of the delay (one part in ...).
const WIDTHS: [(i64, i64); 3] = [(20 * MS, 20), (100 * MS, 5), (500 * MS, 1)];

/// A width that is believed no more than this is not looked at.
const DOUBTED: f64 = 1e-3;

/// A line that came after the proxy had given up, or could have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub delay: (i64, i64),
    /// How probable the line's moments were taken to be, per second.
    pub expected: f64,
}

/// A late line: how probable it is, its delay, and of which request and line.
pub(super) type Sighting = (f64, (i64, i64), usize, Row);

/// How late lines have been seen to come, by instance.
#[derive(Debug, Default)]
pub(super) struct Delays(BTreeMap<usize, Seen>);

/// The lines of an instance that came late.
#[derive(Debug, Default)]
struct Seen {
    /// The surest first.
    all: Vec<Sighting>,
    /// Of each width of [`WIDTHS`], how far it is to be believed that delays are alike to it.
    widths: [f64; WIDTHS.len()],
}

impl Delays {
    /// Those of late lines, each with its instance; `pairs` will be asked about.
    pub fn learn(sightings: impl Iterator<Item = (usize, Sighting)>, pairs: usize) -> Delays {
        let mut out: BTreeMap<usize, Seen> = BTreeMap::new();
        sightings.for_each(|(instance, seen)| out.entry(instance).or_default().all.push(seen));
        let sample = (WORK / pairs.max(1)).clamp(8, SAMPLE);
        for seen in out.values_mut() {
            seen.all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.2, a.3).cmp(&(b.2, b.3))));
            seen.all.truncate(sample);
            seen.weigh();
        }
        Delays(out)
    }

    /// How much likelier a late line becomes, when those of other requests at its instance have been seen to be as late.
    pub fn factor(&self, instance: usize, request: usize, row: Row, late: &Late) -> f64 {
        let Some(seen) = self.0.get(&instance) else { return 1.0 };
        let (mut sum, mut n) = (0.0, 0.0);
        for (p, delay, ..) in seen.all.iter().filter(|s| s.2 != request && s.3 != row) {
            sum += p * seen.near(late.delay, *delay);
            n += p;
        }
        let share = 0.95 * n / (n + 2.0);
        if n > 0.0 { 1.0 - share + share * sum / n / late.expected } else { 1.0 }
    }
}

impl Seen {
    /// How far each width is to be believed: as far as each delay is foretold by the others.
    fn weigh(&mut self) {
        let mut odds = [0.0f64; WIDTHS.len()];
        for a in self.all.iter() {
            let (mut near, mut n) = ([0.0; WIDTHS.len()], 0.0);
            for b in self.all.iter().filter(|b| a.2 != b.2 && a.3 != b.3) {
                for (k, w) in WIDTHS.iter().enumerate() {
                    near[k] += b.0 * alike(a.1, b.1, *w);
                }
                n += b.0;
            }
            if n > 0.0 {
                for k in 0..WIDTHS.len() {
                    odds[k] += a.0 * (0.05 + 0.95 * near[k] / n).ln();
                }
            }
        }
        let most = odds.iter().fold(f64::MIN, |a, b| a.max(*b));
        let each = odds.map(|o| (o - most).exp());
        let sum: f64 = each.iter().sum();
        self.widths = each.map(|e| e / sum);
    }

    fn near(&self, a: (i64, i64), b: (i64, i64)) -> f64 {
        // Mostly one of them is believed.
        WIDTHS
            .iter()
            .zip(self.widths)
            .filter(|(_, by)| *by > DOUBTED)
            .map(|(w, by)| by * alike(a, b, *w))
            .sum()
    }
}

/// How probable a delay is, per second, where another was `seen`.
fn alike(a: (i64, i64), seen: (i64, i64), (least, part): (i64, i64)) -> f64 {
    let middle = seen.0 + (seen.1 - seen.0) / 2;
    density(a, seen, least + middle.abs() / part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ms: &[i64]) -> Delays {
        let of = |(i, ms): (usize, &i64)| (0, (1.0, (ms * MS, ms * MS + MS), i, Row::Request(i as u32)));
        Delays::learn(ms.iter().enumerate().map(of), 100)
    }

    #[test]
    fn what_is_as_late_as_the_others_is_likelier_the_more_alike_they_are() {
        let late = |ms: i64| Late { delay: (ms * MS, ms * MS + MS), expected: 0.1 };
        let of = |d: &Delays, ms| d.factor(0, 99, Row::Request(99), &late(ms));
        let (alike, spread) =
            (seen(&[4000, 4005, 3995, 4002, 3998, 4001]), seen(&[500, 1400, 2600, 4000, 5300, 7100]));
        assert!(of(&alike, 4000) > 10.0 * of(&spread, 4000), "{} {}", of(&alike, 4000), of(&spread, 4000));
        assert!(of(&alike, 8000) < 1.0 && of(&spread, 4000) > of(&alike, 8000));
        assert_eq!(
            alike.factor(1, 99, Row::Request(99), &late(4000)),
            1.0,
            "of another instance nothing is known"
        );
        assert_eq!(seen(&[4000]).factor(0, 0, Row::Request(99), &late(4000)), 1.0, "not by its own");
    }
}
