//! When each instance showed that it was alive: its first answered request and its first line in each step of time.

use std::collections::BTreeMap;

use super::steps::{Merge, Stepped};
use crate::event::At;
use crate::scene::SECOND;
use serde::{Deserialize, Serialize};

/// Signs of life in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Presence {
    /// The first request that began in it and was answered.
    pub served: Option<Served>,
    /// The first line of its own: moment, line.
    pub line: Option<(i64, At)>,
}

/// An answered request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Served {
    /// The latest moment at which it can have begun.
    pub start: i64,
    pub end: i64,
    pub at: At,
}

impl Served {
    /// When it shows that it was answered: a proxy may have held a long one back until the server was there.
    pub fn shown(&self) -> i64 {
        if self.end - self.start > SECOND / 2 { self.end } else { self.start }
    }
}

impl Merge for Presence {
    fn merge(&mut self, other: Presence) {
        self.served = earlier(self.served, other.served);
        self.line = earlier(self.line, other.line);
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Signs of life by instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Activity {
    cells: Stepped<usize, Presence>,
}

impl Activity {
    pub fn new() -> Activity {
        Activity { cells: Stepped::new(1) }
    }

    /// None, in steps of the same length.
    pub fn like(&self) -> Activity {
        Activity { cells: self.cells.like() }
    }

    /// An answered request shows that an instance was alive.
    pub fn served(&mut self, instance: usize, served: Served) {
        let cell = self.cells.at(served.start, instance);
        cell.served = earlier(cell.served, Some(served));
    }

    /// A line of an instance.
    pub fn line(&mut self, instance: usize, t: i64, at: At) {
        let cell = self.cells.at(t, instance);
        cell.line = earlier(cell.line, Some((t, at)));
    }

    pub fn merge(&mut self, other: Activity) {
        self.cells.merge(other.cells);
    }

    /// By instance, in order of time.
    pub fn by_instance(&self) -> BTreeMap<usize, Vec<(i64, &Presence)>> {
        let mut out: BTreeMap<usize, Vec<(i64, &Presence)>> = BTreeMap::new();
        for (t, instance, p) in self.cells.iter() {
            out.entry(instance).or_default().push((t, p));
        }
        out
    }

    /// Length of a step, nanoseconds.
    pub fn step(&self) -> i64 {
        self.cells.step()
    }

    /// The first request that one of some instances answered and that began at that moment or later, to a step.
    pub fn served_after(&self, instances: impl Fn(usize) -> bool, from: i64) -> Option<Served> {
        let cells = self.cells.within(from, i64::MAX).filter(|(_, i, _)| instances(*i));
        cells.filter_map(|(_, _, p)| p.served).find(|s| s.start >= from)
    }
}
