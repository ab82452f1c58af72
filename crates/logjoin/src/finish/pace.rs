//! How many requests ended in each second: at each proxy, and answered by each server. What an episode's share of the traffic
//! and what went on meanwhile are read off.
//!
//! The trick: one number per second, nine hours of them; longer logs are counted by the next longer step. A stretch of time
//! has its whole seconds, so that slices, cuts and the order of the requests cannot show.

use std::collections::VecDeque;

use super::few::Few;
use super::steps::{LENGTHS, level};
use crate::peers::Peers;
use crate::scene::SECOND;
use serde::{Deserialize, Serialize};

/// Steps from the first request to the last, at most, unless the longest steps are too short for it.
const LIMIT: i64 = 1 << 15;

/// The numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pace {
    /// By proxy: whatever became of them.
    ended: Few<usize, Counts>,
    /// By instance: those that its own log says it answered.
    own: Few<usize, Counts>,
    /// By label of a server: those that proxies say it answered.
    sent: Few<u64, Counts>,
}

/// Requests per step.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Counts {
    #[serde(deserialize_with = "level")]
    level: usize,
    /// Number of the first step.
    first: i64,
    counts: VecDeque<u64>,
    /// The step that was counted in last: from when to when, and its place.
    #[serde(skip)]
    here: (i64, i64),
    #[serde(skip)]
    place: usize,
}

impl PartialEq for Counts {
    fn eq(&self, other: &Counts) -> bool {
        (self.level, self.first, &self.counts) == (other.level, other.first, &other.counts)
    }
}

impl Eq for Counts {}

impl Pace {
    /// Counts requests that ended in the second of a moment: `all` of them at an instance, `served` of which were answered (of a
    /// proxy's, by `server`; 0: none).
    pub fn add(&mut self, (instance, server): (usize, u64), is_proxy: bool, end: i64, all: u64, served: u64) {
        if is_proxy {
            self.ended.at(instance).add(end, all);
        } else if served > 0 {
            self.own.at(instance).add(end, served);
        }
        if is_proxy && server != 0 && served > 0 {
            self.sent.at(server).add(end, served);
        }
    }

    pub fn merge(&mut self, other: Pace) {
        fn all<K: Ord + Copy>(into: &mut Few<K, Counts>, other: Few<K, Counts>) {
            other.into_iter().for_each(|(key, counts)| into.at(key).merge(counts));
        }
        all(&mut self.ended, other.ended);
        all(&mut self.own, other.own);
        all(&mut self.sent, other.sent);
    }

    /// Requests of a proxy that ended in the seconds from one moment to another.
    pub fn ended(&self, proxy: usize, from: i64, to: i64) -> u64 {
        self.ended.get(proxy).map_or(0, |c| c.within(from, to))
    }

    /// Requests that an instance answered in the seconds from one moment to another: by its log or by the proxies', whichever
    /// tells of more.
    pub fn served(&self, peers: &Peers, instance: usize, from: i64, to: i64) -> u64 {
        let own = self.own.get(instance).map_or(0, |c| c.within(from, to));
        let sent = self.sent_to(peers, instance).map(|c| c.within(from, to)).sum();
        own.max(sent)
    }

    /// Whether an instance answered anything in the whole seconds between two moments.
    pub fn any_served(&self, peers: &Peers, instance: usize, from: i64, to: i64) -> bool {
        self.own.get(instance).into_iter().chain(self.sent_to(peers, instance)).any(|c| c.any(from, to))
    }

    fn sent_to<'a>(&'a self, peers: &'a Peers, instance: usize) -> impl Iterator<Item = &'a Counts> {
        let is_it = move |(label, _): &(u64, &Counts)| peers.by_hash(*label) == Some(instance);
        self.sent.iter().filter(is_it).map(|(_, counts)| counts)
    }
}

impl Counts {
    fn step(&self) -> i64 {
        LENGTHS[self.level] * SECOND
    }

    /// One more in the step of a moment.
    /// Counts `n` in the step of a moment.
    fn add(&mut self, t: i64, n: u64) {
        if self.here.0 <= t && t < self.here.1 {
            // Nearly always: many end in one second.
            self.counts[self.place] += n;
            return;
        }
        let mut step = t.div_euclid(self.step());
        while self.level + 1 < LENGTHS.len() && self.length_with(step) > LIMIT {
            self.coarsen();
            step = t.div_euclid(self.step());
        }
        *self.at(step) += n;
        self.place = (step - self.first) as usize;
        self.here = (step.saturating_mul(self.step()), step.saturating_add(1).saturating_mul(self.step()));
    }

    /// How many steps it would have with this one.
    fn length_with(&self, n: i64) -> i64 {
        match self.counts.len() as i64 {
            0 => 1,
            length => n.max(self.first + length - 1) - n.min(self.first) + 1,
        }
    }

    fn at(&mut self, n: i64) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = n;
        }
        while n < self.first {
            self.here = (0, 0);
            self.counts.push_front(0);
            self.first -= 1;
        }
        let i = (n - self.first) as usize;
        if i >= self.counts.len() {
            self.counts.resize(i + 1, 0);
        }
        &mut self.counts[i]
    }

    fn coarsen(&mut self) {
        self.here = (0, 0);
        let by = LENGTHS[self.level + 1] / LENGTHS[self.level];
        let fine = std::mem::take(&mut self.counts);
        let first = self.first;
        self.level += 1;
        for (n, count) in (first..).zip(fine) {
            *self.at(n.div_euclid(by)) += count;
        }
    }

    fn merge(&mut self, mut other: Counts) {
        if other.counts.is_empty() {
            return;
        }
        while other.level < self.level {
            other.coarsen();
        }
        while self.level < other.level {
            self.coarsen();
        }
        let ends = |o: &Counts| [o.first, o.first + o.counts.len() as i64 - 1];
        let too_long = |s: &Counts, o: &Counts| {
            let [first, last] = ends(o);
            s.length_with(first).max(s.length_with(last)).max(match s.counts.len() {
                0 => 0,
                _ => ends(s)[1].max(last) - ends(s)[0].min(first) + 1,
            }) > LIMIT
        };
        while self.level + 1 < LENGTHS.len() && too_long(self, &other) {
            self.coarsen();
            other.coarsen();
        }
        for (n, count) in (other.first..).zip(other.counts) {
            *self.at(n) += count;
        }
    }

    /// Steps that touch a stretch of time, with their starts.
    fn touching(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, u64)> + '_ {
        let step = self.step();
        let skip = (from.div_euclid(step) - self.first).max(0) as usize;
        let starts = (self.first..).map(move |n| n.saturating_mul(step));
        starts.zip(self.counts.iter().copied()).skip(skip).take_while(move |(start, _)| *start < to)
    }

    /// How many in the seconds from one moment to another, both included; of longer steps, the part that these are of them.
    fn within(&self, from: i64, to: i64) -> u64 {
        let step = self.step();
        let from = from.div_euclid(SECOND) * SECOND;
        let to = to.div_euclid(SECOND).saturating_add(1).saturating_mul(SECOND);
        let part = |(start, n): (i64, u64)| {
            let inside = to.min(start.saturating_add(step)) - from.max(start);
            (u128::from(n) * inside.max(0) as u128 / step as u128) as u64
        };
        self.touching(from, to).map(part).sum()
    }

    /// Whether any in the steps that lie wholly between two moments.
    fn any(&self, from: i64, to: i64) -> bool {
        let step = self.step();
        let whole = |start: &i64| *start >= from && start.saturating_add(step) <= to;
        self.touching(from, to).any(|(start, n)| n > 0 && whole(&start))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(moments: &[i64]) -> Counts {
        let mut c = Counts::default();
        moments.iter().for_each(|t| c.add(*t, 1));
        c
    }

    proptest! {
        #[test]
        fn the_same_counts_in_whatever_order_and_parts(
            mut moments in proptest::collection::vec(-80_000i64..80_000, 0..60),
            cut in 0usize..60,
        ) {
            moments.iter_mut().for_each(|t| *t = *t * SECOND + 7);
            let whole = of(&moments);
            let (a, b) = moments.split_at(cut.min(moments.len()));
            let mut parts = of(b);
            parts.merge(of(a));
            prop_assert_eq!(&parts, &whole);
            moments.reverse();
            prop_assert_eq!(of(&moments), whole);
        }
    }

    #[test]
    fn a_stretch_has_its_whole_seconds() {
        let ms = |t: i64| t * 1_000_000;
        let c = of(&[ms(900), ms(1100), ms(1900), ms(2500), ms(4000)]);
        assert_eq!((c.within(ms(1500), ms(1600)), c.within(ms(0), ms(2999))), (2, 4));
        assert_eq!((c.within(ms(5000), ms(9000)), c.within(ms(-9000), ms(-1))), (0, 0));
        assert!(c.any(ms(800), ms(2000)) && !c.any(ms(1001), ms(2999)));
    }

    #[test]
    fn long_logs_are_counted_by_longer_steps() {
        let c = of(&(0..40_000).map(|i| i * SECOND).collect::<Vec<_>>());
        assert_eq!(c.step(), 10 * SECOND);
        assert_eq!(c.within(5 * SECOND, 24 * SECOND), 20);
    }
}
