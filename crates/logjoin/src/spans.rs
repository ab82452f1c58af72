//! Stretches of time that can be counted quickly: how many overlap, or lie within, another one.
//!
//! The trick: of spans `(start, end)`, those that do not overlap `[from, to]` either start after `to` or end before `from`,
//! never both; two sorted lists and two binary searches count the rest, however long a span is.

use crate::par;

/// Spans of nanoseconds, once [`Spans::new`] has seen them all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    /// Starts, sorted.
    starts: Vec<i64>,
    /// Ends, sorted.
    ends: Vec<i64>,
    /// The earliest end of all spans from this one on in `starts`.
    earliest_end: Vec<i64>,
}

impl Spans {
    /// Takes `(start, end)` pairs in any order; that of their ends costs least, as logs are written in it.
    pub fn new(mut spans: Vec<(i64, i64)>) -> Spans {
        let mut ends: Vec<i64> = spans.iter().map(|s| s.1).collect();
        par::sort_near(&mut ends);
        par::sort_near(&mut spans);
        let (starts, mut earliest_end): (Vec<i64>, Vec<i64>) = spans.into_iter().unzip();
        for i in (1..earliest_end.len()).rev() {
            earliest_end[i - 1] = earliest_end[i - 1].min(earliest_end[i]);
        }
        Spans { starts, ends, earliest_end }
    }

    /// How many share a moment with `[from, to]`.
    pub fn overlapping(&self, from: i64, to: i64) -> usize {
        let started = self.starts.partition_point(|s| *s <= to);
        let over = self.ends.partition_point(|e| *e < from);
        started.saturating_sub(over)
    }

    /// The first start at or after a moment.
    pub fn first_from(&self, t: i64) -> Option<i64> {
        self.starts.get(self.starts.partition_point(|s| *s < t)).copied()
    }

    /// Whether any lies wholly within `[from, to]`.
    pub fn any_within(&self, from: i64, to: i64) -> bool {
        let first = self.starts.partition_point(|s| *s < from);
        self.earliest_end.get(first).is_some_and(|e| *e <= to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_looking_at_each(
            list in proptest::collection::vec((0i64..100, 0i64..50), 0..40),
            from in -10i64..160,
            length in 0i64..60,
        ) {
            let list: Vec<(i64, i64)> = list.into_iter().map(|(s, d)| (s, s + d)).collect();
            let to = from + length;
            let spans = Spans::new(list.clone());
            let overlapping = list.iter().filter(|s| s.0 <= to && s.1 >= from).count();
            let within = list.iter().any(|s| s.0 >= from && s.1 <= to);
            prop_assert_eq!(spans.overlapping(from, to), overlapping);
            prop_assert_eq!(spans.any_within(from, to), within);
        }
    }
}
