//! Stretches of time that can be counted quickly: how many overlap, or lie within, another one.
//!
//! The trick: of spans `(start, end)`, those that do not overlap `[from, to]` either start after `to` or end before `from`,
//! never both; counting starts and ends apart is enough, however long a span is. Nothing is sorted for that: each goes straight to
//! the part of time that it lies in, some tens of them, and whoever asks looks through one part.

/// Which of some spans overlap a stretch of time, by their number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlaps {
    starts: Parts<i64>,
    ends: Parts<i64>,
}

impl Overlaps {
    /// Takes lists of `(start, end)` in any order.
    pub fn of(lists: &[&[(i64, i64)]]) -> Overlaps {
        Overlaps { starts: Parts::of(lists, |s| s.0), ends: Parts::of(lists, |s| s.1) }
    }

    /// How many share a moment with `[from, to]`.
    pub fn count(&self, from: i64, to: i64) -> usize {
        self.starts.before(to.saturating_add(1)).saturating_sub(self.ends.before(from))
    }
}

/// Spans of nanoseconds, of which more can be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    starts: Parts<(i64, i64)>,
    ends: Parts<i64>,
    /// The earliest end of all spans from each part of the starts on.
    earliest_end: Vec<i64>,
}

impl Spans {
    /// Takes lists of `(start, end)` in any order.
    pub fn of(lists: &[&[(i64, i64)]]) -> Spans {
        let (mut starts, ends) = (Parts::of(lists, |s| *s), Parts::of(lists, |s| s.1));
        let mut earliest_end = vec![i64::MAX; starts.count()];
        let mut earliest = i64::MAX;
        for n in (0..starts.count()).rev() {
            let (part, is_sorted) = starts.part_mut(n);
            if is_sorted {
                // Of each, the earliest end from it on in this part: that is all that is asked.
                let mut here = i64::MAX;
                part.iter_mut().rev().for_each(|(_, end)| {
                    here = here.min(*end);
                    *end = here;
                });
            }
            earliest = part.iter().map(|s| s.1).fold(earliest, i64::min);
            earliest_end[n] = earliest;
        }
        Spans { starts, ends, earliest_end }
    }

    /// How many share a moment with `[from, to]`.
    pub fn overlapping(&self, from: i64, to: i64) -> usize {
        self.starts.before(to.saturating_add(1)).saturating_sub(self.ends.before(from))
    }

    /// The first start at or after a moment.
    pub fn first_from(&self, t: i64) -> Option<i64> {
        let parts = (self.starts.number(t)..self.starts.count()).map(|n| self.starts.part(n).0);
        parts.filter_map(|part| part.iter().map(|s| s.0).filter(|s| *s >= t).min()).next()
    }

    /// Whether any lies wholly within `[from, to]`.
    pub fn any_within(&self, from: i64, to: i64) -> bool {
        let n = self.starts.number(from);
        if n >= self.starts.count() {
            return false;
        }
        let (part, is_sorted) = self.starts.part(n);
        let first = if is_sorted { part.partition_point(|s| s.0 < from) } else { 0 };
        // Behind the first one of a sorted part there is nothing that ends earlier.
        let mut here = part[first..].iter().take(if is_sorted { 1 } else { MANY });
        here.any(|s| s.0 >= from && s.1 <= to) || self.earliest_end.get(n + 1).is_some_and(|e| *e <= to)
    }
}

/// Spans without overlaps, in order: those that overlap, or are no more than `gap` apart, are one.
pub(crate) fn merged(mut spans: Vec<(i64, i64)>, gap: i64) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let touches = next.0 <= last.1 + gap;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
    spans
}

/// Items of a part of time, about.
const USUAL: usize = 32;
/// A part with more items than this is sorted, so that a wild stamp that stretches the time of all does not make questions slow;
/// those of one second, all with the same stamp, are not.
const MANY: usize = 1024;

/// Has a moment.
trait Item: Ord + Copy + Default {
    fn time(&self) -> i64;
}

impl Item for i64 {
    #[inline]
    fn time(&self) -> i64 {
        *self
    }
}

impl Item for (i64, i64) {
    #[inline]
    fn time(&self) -> i64 {
        self.0
    }
}

/// Items by equal parts of time.
#[derive(Debug, Clone, Default)]
struct Parts<T> {
    first: i64,
    /// A part is two to the power of this long.
    shift: u32,
    /// Where each part ends in `items`.
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T: Item> Parts<T> {
    /// What `item` makes of each span.
    fn of(lists: &[&[(i64, i64)]], item: impl Fn(&(i64, i64)) -> T) -> Parts<T> {
        // Plain loops: nearly all requests of a log come here.
        let n: usize = lists.iter().map(|l| l.len()).sum();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for list in lists {
            for t in list.iter().map(|s| item(s).time()) {
                (first, last) = (first.min(t), last.max(t));
            }
        }
        if n == 0 {
            return Parts::default();
        }
        let range = last.abs_diff(first);
        let wanted = (n / USUAL).max(1) as u64;
        let shift = (0..63).find(|s| range >> s < wanted).unwrap_or(63);
        // None is before the first.
        let number = |t: i64| (t.wrapping_sub(first) as u64 >> shift) as usize;
        let mut all = Parts { first, shift, ends: vec![0; (range >> shift) as usize + 1], items: Vec::new() };
        for list in lists {
            for span in *list {
                all.ends[number(item(span).time())] += 1;
            }
        }
        // First where each part begins; when all are in their places, that is where it ends.
        let mut begin = 0;
        for end in &mut all.ends {
            begin += std::mem::replace(end, begin);
        }
        let mut places = vec![T::default(); n];
        for list in lists {
            for span in *list {
                let item = item(span);
                let end = &mut all.ends[number(item.time())];
                places[*end as usize] = item;
                *end += 1;
            }
        }
        all.items = places;
        (0..all.count()).for_each(|n| {
            if let (part, true) = all.part_mut(n) {
                part.sort_unstable();
            }
        });
        all
    }

    /// How many parts there are.
    fn count(&self) -> usize {
        self.ends.len()
    }

    /// The part that a moment lies in: the first one before all, none of them behind all.
    #[inline]
    fn number(&self, t: i64) -> usize {
        if t <= self.first { 0 } else { (t.abs_diff(self.first) >> self.shift) as usize }
    }

    fn range(&self, n: usize) -> std::ops::Range<usize> {
        let begin = if n == 0 { 0 } else { self.ends[n - 1] };
        begin as usize..self.ends[n] as usize
    }

    /// The items of a part, and whether they are sorted.
    fn part(&self, n: usize) -> (&[T], bool) {
        let part = &self.items[self.range(n)];
        (part, part.len() > MANY)
    }

    fn part_mut(&mut self, n: usize) -> (&mut [T], bool) {
        let range = self.range(n);
        let part = &mut self.items[range];
        let is_sorted = part.len() > MANY;
        (part, is_sorted)
    }

    /// How many items are before a moment.
    fn before(&self, t: i64) -> usize {
        let n = self.number(t);
        if n >= self.count() {
            return self.items.len();
        }
        let here = match self.part(n) {
            (part, true) => part.partition_point(|item| item.time() < t),
            (part, false) => part.iter().filter(|item| item.time() < t).count(),
        };
        self.range(n).start + here
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_overlaps_is_one() {
        let spans = || vec![(20, 25), (0, 10), (3, 4), (10, 12), (14, 15)];
        assert_eq!(merged(spans(), 0), [(0, 12), (14, 15), (20, 25)]);
        assert_eq!(merged(spans(), 2), [(0, 15), (20, 25)]);
    }

    /// Asks all questions, and looks at each span for the answers.
    fn check(lists: &[&[(i64, i64)]], from: i64, to: i64) {
        let list = lists.concat();
        let (spans, overlaps) = (Spans::of(lists), Overlaps::of(lists));
        let overlapping = list.iter().filter(|s| s.0 <= to && s.1 >= from).count();
        assert_eq!((spans.overlapping(from, to), overlaps.count(from, to)), (overlapping, overlapping));
        assert_eq!(spans.any_within(from, to), list.iter().any(|s| s.0 >= from && s.1 <= to));
        let first = list.iter().map(|s| s.0).filter(|s| *s >= from).min();
        assert_eq!(spans.first_from(from), first);
    }

    proptest! {
        #[test]
        fn counts_are_those_of_looking_at_each(
            list in proptest::collection::vec((0i64..100, 0i64..50), 0..40),
            from in -10i64..160,
            length in 0i64..60,
        ) {
            let list: Vec<(i64, i64)> = list.into_iter().map(|(s, d)| (s, s + d)).collect();
            let (a, b) = list.split_at(list.len() / 3);
            check(&[a, b], from, from + length);
        }
    }

    #[test]
    fn times_may_be_spread_in_any_way() {
        let mix = |i: i64| i * 7_919 % 10_007;
        let span = |start: i64, i: i64| (start, start.saturating_add(mix(i) % 700));
        let lists: [Vec<(i64, i64)>; 6] = [
            (0..9000).map(|i| span(i / 50 * 1000 - mix(i), i)).collect(),
            (0..9000).rev().map(|i| span(i % 3, i)).collect(),
            (0..9000).map(|i| span(if i % 1000 == 0 { i64::MIN + i } else { mix(i) }, i)).collect(),
            (0..9000).map(|i| span(if i % 2 == 0 { i64::MAX } else { i64::MIN }, i)).collect(),
            (0..9000).map(|i| span(7, i)).collect(),
            vec![(3, 3), (1, 2)],
        ];
        for list in &lists {
            let ends = [i64::MIN / 4, i64::MAX / 4, -3000, -1, 0, 2, 3, 7, 8, 5003, 9_000, 180_000];
            for from in ends {
                ends.iter().filter(|to| from <= **to).for_each(|to| check(&[list], from, *to));
            }
        }
    }
}
