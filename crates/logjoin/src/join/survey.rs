//! One look at all requests before anything is learned of them: which are drawn, and how many ask for what.

use std::collections::BinaryHeap;

use super::pairing::logs_of;
use crate::clock::ClockModel;
use crate::hash::{Map, pair};
use crate::plan::Plan;
use crate::timeline::{Timed, World};

/// Served requests of a proxy that are looked at.
const SAMPLE: usize = 8_000;
/// Lines of a backend that are looked at to find how many belong to no logged request.
const STRAY_SAMPLE: usize = 2_000;

/// Rows with the smallest hashes: the same ones, however the log was cut.
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

    fn add(&mut self, hash: u64, row: usize) {
        let drawn = (hash, row as u32);
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
    pub fn of(plan: &Plan, world: &World, clocks: &ClockModel) -> Survey {
        let is_proxy = |t: &&Timed| plan.instances[t.instance].is_proxy;
        // In order of their ends.
        let first = world.requests.iter().find(is_proxy).map_or(0, |t| t.end_lo);
        let last = world.requests.iter().rev().find(is_proxy).map_or(0, |t| t.end_lo);
        let logs = logs_of(plan);
        let mut out = Survey {
            covered: (first, last),
            served: vec![Sample::new(SAMPLE); plan.instances.len()],
            lines: vec![Sample::new(STRAY_SAMPLE); plan.instances.len()],
            surplus: 0.0,
        };
        let mut counts = Counts::default();
        for (row, t) in world.requests.iter().enumerate() {
            if t.r.key == 0 || !world.has_all(t.r.key) {
                continue;
            }
            let key = pair(t.r.method, t.r.key);
            if is_proxy(&t) {
                counts.of(key).0 += f64::from(t.r.tries.max(1));
                if (200..500).contains(&t.r.status) && t.r.status != 499 && t.r.tries <= 1 {
                    let hash = pair(t.r.key, pair(t.r.client, t.r.at.line));
                    out.served[t.instance].add(hash, row);
                }
            } else if clocks.is_known(t.instance) {
                if t.end_lo >= first && t.end_hi <= last {
                    *counts.lines(key, logs[plan.files[t.r.at.file as usize].source]) += 1.0;
                }
                out.lines[t.instance].add(pair(key, pair(t.r.agent, t.r.at.line)), row);
            }
        }
        out.surplus = counts.surplus();
        out
    }
}

/// How often each target is in the logs: in those of the proxies, by tries, and in those of the backends, of those with several
/// logs by log.
#[derive(Default)]
struct Counts {
    numbers: Map<u64, u32>,
    targets: Vec<(f64, Vec<f64>)>,
}

impl Counts {
    fn of(&mut self, key: u64) -> &mut (f64, Vec<f64>) {
        let next = self.targets.len();
        let n = *self.numbers.entry(key).or_insert(next as u32) as usize;
        if n == next {
            self.targets.push((0.0, Vec::new()));
        }
        &mut self.targets[n]
    }

    fn lines(&mut self, key: u64, log: usize) -> &mut f64 {
        let lines = &mut self.of(key).1;
        if lines.len() <= log {
            lines.resize(log + 1, 0.0);
        }
        &mut lines[log]
    }

    /// The share of the backends' lines that are too many: more than the proxies have requests for the same. Where one target
    /// is asked for all the time, a line always has a request near it; that some came another way shows in the number alone.
    fn surplus(&self) -> f64 {
        let logs = self.targets.iter().map(|t| t.1.len()).max().unwrap_or(0);
        let share = |log: usize| {
            let lines = |t: &(f64, Vec<f64>)| t.1.get(log).copied().filter(|n| *n > 0.0 && t.0 > 0.0);
            let both = self.targets.iter().filter_map(|t| Some((lines(t)?, t.0)));
            let (all, asked) = both.fold((0.0, 0.0), |(a, b), (n, m)| (a + n, b + m));
            if all > 0.0 { ((all - asked) / all).max(0.0) } else { 0.0 }
        };
        (0..logs).map(share).fold(0.0, f64::max)
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
            order.for_each(|i| sample.add(hashes[i], i));
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
        let mut counts = Counts::default();
        counts.of(1).0 = 8.0;
        counts.of(2).0 = 2.0;
        (0..10).for_each(|_| *counts.lines(1, 0) += 1.0);
        (0..4).for_each(|_| *counts.lines(2, 1) += 1.0);
        // What no proxy asks for is no surplus: it may be a health check.
        (0..50).for_each(|_| *counts.lines(3, 0) += 1.0);
        assert!((counts.surplus() - 0.5).abs() < 1e-12, "{}", counts.surplus());
        assert_eq!(Counts::default().surplus(), 0.0);
    }
}
