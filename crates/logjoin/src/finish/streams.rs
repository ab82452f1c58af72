//! Requests of one instance and server that follow each other: what they have in common is looked up and counted once for
//! all of them.
//!
//! The trick: neighbours in a log ended in the same second and the same step, so that the sums see one addition for each of
//! these, of many requests, or of the first of them. Sums know no order, so nothing shows of where one addition ends.

use super::activity::{Activity, Served};
use super::pace::Pace;
use super::traffic::{Load, Open, Seen};
use crate::event::At;
use crate::peers::Peers;
use crate::scene::SECOND;

/// What is not in the sums yet of one instance and server.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    load: Open,
    /// The instance, and the server (0: none, or the instance is no proxy).
    key: (usize, u64),
    is_proxy: bool,
    /// The instance that answers as that server.
    behind: Option<usize>,
    /// The second in which these ended: from when to when.
    ended_in: (i64, i64),
    /// How many did, and how many of them were answered.
    ended: u64,
    served: u64,
    /// The first of them, by moment and line.
    first: Option<(i64, At)>,
    /// The second in which these began that were answered, and the first of them.
    began_in: (i64, i64),
    first_served: Option<Served>,
}

#[inline(always)]
fn has((from, to): (i64, i64), t: i64) -> bool {
    from <= t && t < to
}

fn second(t: i64) -> (i64, i64) {
    let n = t.div_euclid(SECOND);
    (n.saturating_mul(SECOND), n.saturating_add(1).saturating_mul(SECOND))
}

/// The sums that are added to.
pub(super) struct Into<'s> {
    pub load: &'s mut Load,
    pub activity: &'s mut Activity,
    pub pace: &'s mut Pace,
}

impl Stream {
    /// Adds a request, which has the key of all others.
    #[inline(always)]
    pub fn add(&mut self, peers: &Peers, seen: &Seen<'_>, into: &mut Into<'_>) {
        into.load.add(seen, &mut self.load);
        let at = seen.r.at();
        if !has(self.ended_in, seen.end_lo) {
            self.close_ended(into);
            self.key = seen.key();
            self.is_proxy = seen.is_proxy;
            self.behind = if self.key.1 == 0 { None } else { peers.by_hash(self.key.1) };
            self.ended_in = second(seen.end_lo);
        }
        self.ended += 1;
        // Mostly those before it ended no later.
        if self.first.is_none_or(|first| seen.end_lo <= first.0 && (seen.end_lo, at) < first) {
            self.first = Some((seen.end_lo, at));
        }
        if !seen.is_served {
            return;
        }
        self.served += 1;
        // By the latest possible start: what it proves, it proves from then on.
        let served = Served { start: seen.start_hi, end: seen.end_lo, at };
        if !has(self.began_in, seen.start_hi) {
            self.close_began(into);
            self.began_in = second(seen.start_hi);
        }
        if self.first_served.is_none_or(|first| served.start <= first.start && served < first) {
            self.first_served = Some(served);
        }
    }

    /// Adds what is left.
    pub fn end(mut self, into: &mut Into<'_>) {
        self.close_ended(into);
        self.close_began(into);
        into.load.end(self.load);
    }

    fn close_ended(&mut self, into: &mut Into<'_>) {
        if let Some((t, at)) = self.first.take() {
            into.activity.line(self.key.0, t, at);
            into.pace.add(self.key, self.is_proxy, t, self.ended, self.served);
            (self.ended, self.served) = (0, 0);
        }
    }

    /// A sign of the instance that logged it, and of the one that answered it.
    fn close_began(&mut self, into: &mut Into<'_>) {
        if let Some(served) = self.first_served.take() {
            for instance in [Some(self.key.0), self.behind].into_iter().flatten() {
                into.activity.served(instance, served);
            }
        }
    }
}
