//! One look at all requests before anything is learned of them: which are drawn, and how many ask for what.

use std::collections::BinaryHeap;

use super::pairing::logs_of;
use crate::clock::ClockModel;
use crate::hash::pair;
use crate::index::{Index, Row};
use crate::plan::Plan;
use crate::timeline::{Timed, World};

/// Served requests of a proxy that are looked at.
const SAMPLE: usize = 8_000;
/// Lines of a backend that are looked at to find how many belong to no logged request.
const STRAY_SAMPLE: usize = 2_000;

/// Rows with the smallest hashes.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    most: usize,
    /// The greatest on top.
    drawn: BinaryHeap<(u64, u32)>,
}

impl Sample {
    fn new(most: usize) -> Sample {
        Sample { most, drawn: BinaryHeap::new() }
    }

    fn add(&mut self, hash: u64, row: u32) {
        let drawn = (hash, row);
        if self.drawn.len() < self.most {
            self.drawn.push(drawn);
        } else if let Some(mut top) = self.drawn.peek_mut()
            && drawn < *top
        {
            *top = drawn;
        }
    }

    /// The rows, in order.
    pub fn rows<'w>(&self, world: &'w World) -> impl Iterator<Item = &'w Timed> + use<'w> {
        let mut rows: Vec<u32> = self.drawn.iter().map(|(_, row)| *row).collect();
        rows.sort_unstable();
        rows.into_iter().map(|row| &world.requests[row as usize])
    }
}

/// What is found in one look at all requests.
pub(super) struct Survey {
    /// From when to when the proxies log.
    pub covered: (i64, i64),
    /// Of each proxy: served requests.
    pub served: Vec<Sample>,
    /// Of each other instance: lines that a proxy may have a request for.
    pub lines: Vec<Sample>,
    /// The least share of the backends' lines that no proxy can have a request for.
    pub surplus: f64,
}

impl Survey {
    pub fn of(plan: &Plan, world: &World, index: &Index<'_>, clocks: &ClockModel) -> Survey {
        let is_proxy = |instance: usize| plan.instances[instance].is_proxy;
        // In order of their ends.
        let ends = |t: &Timed| is_proxy(t.instance).then_some(t.end_lo);
        let first = world.requests.iter().find_map(ends).unwrap_or(0);
        let last = world.requests.iter().rev().find_map(ends).unwrap_or(0);
        let logs = logs_of(plan);
        let mut out = Survey {
            covered: (first, last),
            served: vec![Sample::new(SAMPLE); plan.instances.len()],
            lines: vec![Sample::new(STRAY_SAMPLE); plan.instances.len()],
            surplus: 0.0,
        };
        let mut surplus = Surplus::default();
        for key in index.keys() {
            let mut lines = index.lines(key).map(|n| index.entry(n));
            let target = lines.find_map(|e| match e.row {
                Row::Request(row) => Some(world.requests[row as usize].r.key),
                Row::Log(_) => None,
            });
            if !target.is_some_and(|target| world.has_all(target)) {
                continue;
            }
            surplus.next();
            // How many lines of each instance there were.
            let mut before: Vec<(u32, u64)> = Vec::new();
            for e in index.lines(key).map(|n| index.entry(n)) {
                let Row::Request(row) = e.row else { continue };
                let place = before.iter().position(|b| b.0 == e.instance).unwrap_or_else(|| {
                    before.push((e.instance, 0));
                    before.len() - 1
                });
                before[place].1 += 1;
                let (instance, hash) = (e.instance as usize, pair(index.key(key), before[place].1));
                if is_proxy(instance) {
                    surplus.asked += f64::from(e.tries.max(1));
                    if (200..500).contains(&e.status) && e.status != 499 && e.tries <= 1 {
                        out.served[instance].add(hash, row);
                    }
                } else if clocks.is_known(instance) {
                    if e.end.0 >= first && e.end.1 <= last {
                        surplus.add(logs[plan.files[e.file as usize].source]);
                    }
                    out.lines[instance].add(hash, row);
                }
            }
        }
        out.surplus = surplus.share();
        out
    }
}

/// How many lines are too many: more than the proxies have requests for the same. Where one target is asked for all the time, a
/// line always has a request near it; that some came another way shows in the number alone.
#[derive(Default)]
struct Surplus {
    /// Of the target that is looked at: requests of the proxies, by tries, and lines of the backends, of those with several logs
    /// by log.
    asked: f64,
    lines: Vec<f64>,
    /// By log, of targets with both: lines, and requests.
    both: Vec<(f64, f64)>,
}

impl Surplus {
    /// A line about the target, in such a log.
    fn add(&mut self, log: usize) {
        if self.lines.len() <= log {
            self.lines.resize(log + 1, 0.0);
        }
        self.lines[log] += 1.0;
    }

    /// Goes on to another target.
    fn next(&mut self) {
        self.both.resize(self.both.len().max(self.lines.len()), (0.0, 0.0));
        for (both, n) in self.both.iter_mut().zip(&self.lines).filter(|(_, n)| **n > 0.0 && self.asked > 0.0)
        {
            *both = (both.0 + n, both.1 + self.asked);
        }
        self.lines.fill(0.0);
        self.asked = 0.0;
    }

    /// The share of the lines that are too many, in the log with the most.
    fn share(mut self) -> f64 {
        self.next();
        let share = |(all, asked): &(f64, f64)| if *all > 0.0 { ((all - asked) / all).max(0.0) } else { 0.0 };
        self.both.iter().map(share).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_are_drawn_in_whatever_order_they_come() {
        let hashes: Vec<u64> = (0..100u64).map(|i| i * 37 % 101).collect();
        let draw = |order: &mut dyn Iterator<Item = usize>| {
            let mut sample = Sample::new(10);
            order.for_each(|i| sample.add(hashes[i], i as u32));
            let mut drawn = sample.drawn.into_vec();
            drawn.sort_unstable();
            drawn
        };
        let there = draw(&mut (0..100));
        assert_eq!(there, draw(&mut (0..100).rev()));
        assert!(
            there.len() == 10 && there.iter().all(|(hash, i)| *hash <= 10 && hashes[*i as usize] == *hash)
        );
        assert_eq!(draw(&mut (0..5)).len(), 5, "of few all");
    }

    #[test]
    fn lines_too_many_are_counted_by_log() {
        let mut surplus = Surplus::default();
        let mut target = |asked: f64, lines: &[(usize, usize)]| {
            surplus.next();
            surplus.asked = asked;
            lines.iter().for_each(|(log, n)| (0..*n).for_each(|_| surplus.add(*log)));
        };
        target(8.0, &[(0, 10)]);
        target(2.0, &[(1, 4)]);
        // What no proxy asks for is no surplus: it may be a health check.
        target(0.0, &[(0, 50)]);
        let share = surplus.share();
        assert!((share - 0.5).abs() < 1e-12, "{share}");
        assert_eq!(Surplus::default().share(), 0.0);
    }
}
