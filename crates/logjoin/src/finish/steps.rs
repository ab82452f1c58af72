//! Values over time in bounded memory: one cell per key and step, the steps as fine as the whole range of time allows.
//!
//! The trick: each step length divides the next, so that cells are made coarser by adding them up, and how coarse they end
//! up depends on the first and the last moment alone, never on the order in which the moments came.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use super::few::Few;
use crate::scene::SECOND;

/// Lengths of a step, seconds; each divides the next.
pub(super) const LENGTHS: [i64; 9] = [1, 10, 60, 300, 900, 3600, 14_400, 86_400, 864_000];

/// Steps from the first moment to the last, at most, unless the longest steps are too short for it.
const LIMIT: i64 = 480;

/// What a cell must be able to do.
pub(super) trait Merge: Default {
    /// Adds up: associative and commutative.
    fn merge(&mut self, other: Self);
}

/// Cells by step and key.
///
/// There are few steps and few keys, and neighbours in a log fall into the same cells: sorted lists, looked into where the last
/// one was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"))]
pub(super) struct Stepped<K, V> {
    #[serde(deserialize_with = "level")]
    level: usize,
    range: Option<(i64, i64)>,
    /// By number of the step, then by key.
    cells: Vec<(i64, Few<K, V>)>,
    /// Where the last one was found, and from when to when that step is.
    #[serde(skip)]
    last: usize,
    #[serde(skip)]
    here: (i64, i64),
}

/// A number of one of the [lengths](LENGTHS), as it was stored.
pub(super) fn level<'d, D: Deserializer<'d>>(from: D) -> Result<usize, D::Error> {
    let level = usize::deserialize(from)?;
    let of = |n| Unexpected::Unsigned(n as u64);
    if level < LENGTHS.len() {
        Ok(level)
    } else {
        Err(D::Error::invalid_value(of(level), &"a length of steps"))
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Stepped<K, V> {
    fn eq(&self, other: &Self) -> bool {
        (self.level, self.range) == (other.level, other.range) && self.cells == other.cells
    }
}

impl<K: Eq, V: Eq> Eq for Stepped<K, V> {}

impl<K: Ord + Copy, V: Merge> Stepped<K, V> {
    /// No cells; steps are at least that long, seconds (one of the lengths, else the next longer one).
    pub fn new(finest_s: i64) -> Stepped<K, V> {
        let level = LENGTHS.iter().position(|l| *l >= finest_s).unwrap_or(LENGTHS.len() - 1);
        Stepped { level, range: None, cells: Vec::new(), last: 0, here: (0, 0) }
    }

    /// No cells, in steps of the same length.
    pub fn like(&self) -> Stepped<K, V> {
        Stepped { level: self.level, ..Stepped::new(0) }
    }

    /// Length of a step, nanoseconds.
    pub fn step(&self) -> i64 {
        LENGTHS[self.level] * SECOND
    }

    /// The cell of a moment.
    #[inline]
    pub fn at(&mut self, t: i64, key: K) -> &mut V {
        if !self.is_here(t) {
            self.go_to(t);
        }
        self.key(key)
    }

    /// Looks into the step of a moment.
    #[cold]
    fn go_to(&mut self, t: i64) {
        self.widen(t, t);
        self.turn_to(t.div_euclid(self.step()));
    }

    /// Whether a moment lies in the step that was looked into last. It can make no step coarser.
    #[inline]
    fn is_here(&mut self, t: i64) -> bool {
        let is_here = self.here.0 <= t && t < self.here.1;
        if let (true, Some((first, last))) = (is_here, &mut self.range) {
            (*first, *last) = (t.min(*first), t.max(*last));
        }
        is_here
    }

    fn cell(&mut self, n: i64, key: K) -> &mut V {
        self.turn_to(n);
        self.key(key)
    }

    /// Looks into a step.
    fn turn_to(&mut self, n: i64) {
        let step = self.step();
        self.here = (n.saturating_mul(step), n.saturating_add(1).saturating_mul(step));
        let is_at = |i: usize| self.cells.get(i).is_some_and(|c| c.0 == n);
        if !is_at(self.last) {
            // Mostly the next one, or the one before.
            if let Some(near) = [self.last + 1, self.last.wrapping_sub(1)].into_iter().find(|i| is_at(*i)) {
                self.last = near;
                return;
            }
            self.last = self.cells.binary_search_by_key(&n, |c| c.0).unwrap_or_else(|i| {
                self.cells.insert(i, (n, Few::default()));
                i
            });
        }
    }

    /// A cell of the step that is looked into.
    #[inline]
    fn key(&mut self, key: K) -> &mut V {
        self.cells[self.last].1.at(key)
    }

    /// Calls for each step that a stretch of time touches, with the part of the stretch that lies in it, nanoseconds.
    pub fn spread(&mut self, from: i64, to: i64, key: K, mut f: impl FnMut(&mut V, i64)) {
        if to <= from {
            return;
        }
        self.widen(from, to);
        let step = self.step();
        for n in from.div_euclid(step)..=(to - 1).div_euclid(step) {
            let part = to.min((n + 1).saturating_mul(step)) - from.max(n.saturating_mul(step));
            f(self.cell(n, key), part);
        }
    }

    /// Changes each value.
    pub fn for_each(&mut self, mut f: impl FnMut(&mut V)) {
        self.cells.iter_mut().flat_map(|(_, cells)| cells.iter_mut()).for_each(|(_, v)| f(v));
    }

    /// Takes over another one's cells.
    pub fn merge(&mut self, mut other: Stepped<K, V>) {
        if let Some((lo, hi)) = other.range {
            self.widen(lo, hi);
        }
        while other.level < self.level {
            other.coarsen();
        }
        while self.level < other.level {
            self.coarsen();
        }
        for (n, cells) in other.cells {
            cells.into_iter().for_each(|(key, v)| self.cell(n, key).merge(v));
        }
    }

    /// All cells, by step and key: (start of the step, key, value).
    pub fn iter(&self) -> impl Iterator<Item = (i64, K, &V)> {
        let step = self.step();
        self.cells.iter().flat_map(move |(n, cells)| at_step(n.saturating_mul(step), cells))
    }

    /// The cells of the steps that overlap a stretch of time.
    pub fn within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, K, &V)> {
        let step = self.step();
        let (first, last) = (from.div_euclid(step), to.div_euclid(step));
        let steps = &self.cells[self.cells.partition_point(|c| c.0 < first)..];
        let steps = steps.iter().take_while(move |c| c.0 <= last.max(first));
        steps.flat_map(move |(n, cells)| at_step(n.saturating_mul(step), cells))
    }

    /// Tells that there is something between these moments: what is there may make the steps longer.
    pub fn widen(&mut self, lo: i64, hi: i64) {
        if self.range.is_some_and(|(a, b)| a <= lo && hi <= b) {
            return;
        }
        let (a, b) = self.range.map_or((lo, hi), |(a, b)| (a.min(lo), b.max(hi)));
        self.range = Some((a, b));
        while self.level + 1 < LENGTHS.len() && b.div_euclid(self.step()) - a.div_euclid(self.step()) >= LIMIT
        {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let by = LENGTHS[self.level + 1] / LENGTHS[self.level];
        self.level += 1;
        self.here = (0, 0);
        for (n, cells) in std::mem::take(&mut self.cells) {
            cells.into_iter().for_each(|(key, v)| self.cell(n.div_euclid(by), key).merge(v));
        }
    }
}

/// The cells of one step with its start.
fn at_step<K: Ord + Copy, V>(start: i64, cells: &Few<K, V>) -> impl Iterator<Item = (i64, K, &V)> {
    cells.iter().map(move |(k, v)| (start, k, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    struct Sum(i64);

    impl Merge for Sum {
        fn merge(&mut self, other: Sum) {
            self.0 += other.0;
        }
    }

    #[test]
    fn the_same_cells_in_whatever_order_and_parts() {
        let moments: Vec<i64> = (0..2000).map(|i| i * 7_901 % 40_000 * SECOND / 7).collect();
        let of = |list: &[i64]| {
            let mut s: Stepped<u8, Sum> = Stepped::new(1);
            list.iter().for_each(|t| s.at(*t, 0).0 += 1);
            s
        };
        let whole = of(&moments);
        let back: Vec<i64> = moments.iter().rev().copied().collect();
        assert_eq!(of(&back), whole);
        let mut parts = of(&moments[700..]);
        parts.merge(of(&moments[..700]));
        assert_eq!(parts, whole);
        // Some 5714 seconds: too many for steps of ten.
        assert_eq!(whole.step(), 60 * SECOND);
        assert_eq!(whole.iter().map(|(_, _, v)| v.0).sum::<i64>(), 2000);
    }

    #[test]
    fn a_stretch_is_spread_over_its_steps() {
        let mut s: Stepped<u8, Sum> = Stepped::new(10);
        s.spread(8 * SECOND, 31 * SECOND, 1, |v, part| v.0 += part);
        let parts: Vec<(i64, i64)> = s.iter().map(|(t, _, v)| (t / SECOND, v.0 / SECOND)).collect();
        assert_eq!(parts, [(0, 2), (10, 10), (20, 10), (30, 1)]);
        assert_eq!(s.within(10 * SECOND, 29 * SECOND).count(), 2);
    }
}
