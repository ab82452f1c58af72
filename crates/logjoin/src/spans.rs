//! Stretches of time that can be counted quickly: how many overlap, or lie within, another one.
//!
//! The trick: of spans `(start, end)`, those that do not overlap `[from, to]` either start after `to` or end before `from`,
//! never both; two sorted lists and two binary searches count the rest, however long a span is.

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
        sort(&mut ends, |t| *t);
        sort(&mut spans, |s| s.0);
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

/// Sorts what is spread over time, `time` being the first thing that it is ordered by: each goes straight to the stretch of time that
/// it lies in, some tens of them, and only these are sorted. The stretches of a log are next to each other in memory, nearly.
fn sort<T: Ord + Copy>(items: &mut [T], time: impl Fn(&T) -> i64) {
    const FEW: usize = 1 << 10;
    /// Items of a stretch, about.
    const STRETCH: usize = 32;
    if items.is_sorted() {
        return;
    }
    let times = items.iter().map(&time);
    let (first, last) = times.fold((i64::MAX, i64::MIN), |(lo, hi), t| (lo.min(t), hi.max(t)));
    let range = last.abs_diff(first);
    if items.len() < FEW || range == 0 {
        return items.sort_unstable();
    }
    let wanted = (items.len() / STRETCH) as u64;
    let shift = (0..64).find(|s| range >> s < wanted).unwrap_or(63);
    let stretch = |item: &T| (time(item).abs_diff(first) >> shift) as usize;
    // Where each stretch begins, then where its next item goes.
    let mut places = vec![0usize; (range >> shift) as usize + 2];
    items.iter().for_each(|item| places[stretch(item) + 1] += 1);
    for i in 1..places.len() {
        places[i] += places[i - 1];
    }
    let mut out = items.to_vec();
    for item in items.iter() {
        let place = &mut places[stretch(item)];
        out[*place] = *item;
        *place += 1;
    }
    let mut from = 0;
    for to in places {
        out[from..to.max(from)].sort_unstable();
        from = to.max(from);
    }
    items.copy_from_slice(&out);
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

    #[test]
    fn what_is_spread_over_time_is_sorted_as_everything_else() {
        let mix = |i: i64| i * 7_919 % 10_007;
        let lists: [Vec<(i64, i64)>; 6] = [
            (0..9000).map(|i| (i / 50 * 1000 - mix(i), i)).collect(),
            (0..9000).rev().map(|i| (i % 3, mix(i))).collect(),
            (0..9000).map(|i| (if i % 100 == 0 { i64::MIN + i } else { mix(i) }, i)).collect(),
            (0..9000).map(|i| (if i % 2 == 0 { i64::MAX } else { i64::MIN }, -i)).collect(),
            (0..9000).map(|i| (7, mix(i))).collect(),
            vec![(3, 1), (1, 2)],
        ];
        for mut items in lists {
            let mut want = items.clone();
            want.sort_unstable();
            sort(&mut items, |i| i.0);
            assert!(items == want);
        }
    }

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
