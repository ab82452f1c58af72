//! Durations, counted in buckets: the one form in which the durations of many requests are kept.
//!
//! The trick: 32 buckets of equal width between each power of two and the next, so that any duration is known to one part in
//! 32, two histograms add up bucket by bucket, and the order of the durations cannot show.

use serde::{Deserialize, Serialize};

/// Buckets per power of two: the relative error of a quantile is at most one in this many.
const PARTS: u64 = 32;
const BITS: u32 = PARTS.trailing_zeros();

/// How many durations lie in each bucket. Microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Durations {
    /// The shortest bucket that is not empty, and the counts from there to the longest.
    first: u16,
    counts: Vec<u64>,
    count: u64,
    max_us: u64,
}

impl Durations {
    /// Counts one duration, nanoseconds; a negative one counts as none.
    #[inline]
    pub fn add(&mut self, ns: i64) {
        self.add_each(ns, 1);
    }

    /// Counts a duration several times.
    #[inline]
    pub fn add_each(&mut self, ns: i64, n: u64) {
        let us = u64::try_from(ns / 1000).unwrap_or(0);
        *self.at(bucket(us)) += n;
        self.count += n;
        self.max_us = self.max_us.max(us);
    }

    /// Takes over what another one counted.
    pub fn merge(&mut self, other: Durations) {
        self.add_all(&other);
    }

    /// Counts what another one counted, too.
    pub fn add_all(&mut self, other: &Durations) {
        for (bucket, n) in other.buckets() {
            *self.at(bucket) += n;
        }
        self.count += other.count;
        self.max_us = self.max_us.max(other.max_us);
    }

    /// Forgets all, but for the memory.
    pub fn clear(&mut self) {
        self.counts.clear();
        (self.count, self.max_us) = (0, 0);
    }

    /// The count of a bucket.
    #[inline]
    fn at(&mut self, bucket: u16) -> &mut u64 {
        // One before the first is further than any.
        let n = usize::from(bucket.wrapping_sub(self.first));
        if n >= self.counts.len() { self.more(bucket) } else { &mut self.counts[n] }
    }

    /// The count of a bucket that is not there yet.
    #[cold]
    fn more(&mut self, bucket: u16) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = usize::from(self.first - bucket);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let n = usize::from(bucket - self.first);
        if n >= self.counts.len() {
            self.counts.resize(n + 1, 0);
        }
        &mut self.counts[n]
    }

    /// Those that are not empty, the shortest first.
    fn buckets(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.counts.iter().zip(self.first..).filter(|(n, _)| **n > 0).map(|(n, bucket)| (bucket, *n))
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The duration that this share of all does not exceed, seconds; three digits, of which the error leaves the first two.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = 0;
        for (bucket, n) in self.buckets() {
            seen += n;
            if seen >= rank {
                return Some(digits(middle(bucket).min(self.max_us) as f64 / 1e6, 3));
            }
        }
        self.longest()
    }

    /// The longest, exactly, seconds.
    pub fn longest(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max_us as f64 / 1e6)
    }

    /// Buckets and how many lie in each, the shortest first: (seconds, count).
    pub fn each(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.buckets().map(|(b, n)| (middle(b).min(self.max_us) as f64 / 1e6, n))
    }
}

#[inline]
fn bucket(us: u64) -> u16 {
    if us < PARTS {
        return us as u16;
    }
    let power = us.ilog2() - BITS;
    (u64::from(power + 1) * PARTS + (us >> power) - PARTS) as u16
}

/// The middle of a bucket, microseconds.
fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < PARTS {
        return bucket;
    }
    let power = bucket / PARTS - 1;
    let low = (bucket % PARTS + PARTS) << power;
    low + (1 << power) / 2
}

/// A number to that many significant digits: through its decimal form, which is exact where powers of ten are not.
pub(super) fn digits(x: f64, n: usize) -> f64 {
    format!("{x:.*e}", n.saturating_sub(1)).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_one_part_in_32_wide() {
        for us in (0..5000).chain([59_999, 1_000_003, 75_000_000, 86_400_000_000]) {
            let middle = middle(bucket(us));
            assert!(middle.abs_diff(us) * PARTS <= us.max(PARTS), "{us} is shown as {middle}");
        }
    }

    #[test]
    fn quantiles_do_not_depend_on_the_order_nor_on_the_cut() {
        let all: Vec<i64> = (1..=1000).map(|n| n * 7_919 % 1000 * 1_000_000).collect();
        let mut one = Durations::default();
        all.iter().for_each(|d| one.add(*d));
        let (mut a, mut b) = (Durations::default(), Durations::default());
        all.iter().rev().enumerate().for_each(|(i, d)| if i % 3 == 0 { a.add(*d) } else { b.add(*d) });
        b.merge(a);
        assert_eq!(one, b);
        let p50 = one.quantile(0.5).unwrap();
        assert!((p50 - 0.5).abs() < 0.5 / 32.0, "{p50}");
        assert_eq!(one.longest(), Some(0.999));
        assert_eq!(Durations::default().quantile(0.5), None);
    }

    #[test]
    fn significant_digits() {
        assert_eq!((digits(0.012345, 2), digits(1234.0, 2), digits(0.0, 2)), (0.012, 1200.0, 0.0));
        assert_eq!(digits(9.2345e-22, 2).to_string(), 9.2e-22.to_string());
    }
}
