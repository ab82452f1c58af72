//! What two lines of one request have in common, between one proxy and one backend, and how probable what they say is then.

use super::briefs::Brief;
use super::claims::Claim;
use crate::hash::Map;

const MS: i64 = 1_000_000;
/// Fewer pairs teach nothing.
pub(super) const MIN_PAIRS: u64 = 12;
/// A stamp may be off by more than usual this often.
const ODD: f64 = 0.03;
/// Durations that differ so many times as much as usual are not alike.
const UNLIKE: i64 = 10;
/// How many times likelier than by chance bytes of the usual difference are at least, but for how rare they are; and bytes of
/// another difference.
const LEAST_BYTES: f64 = 0.75;
const LEAST_ELSE: f64 = 0.02;
/// How long after the proxy gave up a backend still works on a request: half of them up to this.
const LATE_SCALE: f64 = 2.0;

/// What is known of one proxy and one backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Law {
    /// The proxy's bytes minus the backend's, and how often.
    pub bytes: Map<i64, u64>,
    pub bytes_seen: u64,
    /// The difference that nearly all have.
    pub usual_bytes: Option<i64>,
    /// By how much the stamps of ends (or of starts, where lines are stamped so) differ beyond their precision.
    pub jitter: i64,
    /// A line without a duration is stamped when the request came.
    pub is_start: bool,
    /// Half of the durations differ by less, seconds.
    pub duration: f64,
    /// Both write the same ids.
    pub shares_ids: bool,
    /// Backends that know the real clients.
    pub shares_clients: bool,
    /// The share of the backend's lines that no proxy has a request for.
    pub strays: f64,
    /// How sure the clock is.
    pub band: i64,
    pub is_known: bool,
}

pub(super) fn gap(a: (i64, i64), b: (i64, i64)) -> i64 {
    (b.0 - a.1).max(a.0 - b.1).max(0)
}

/// How probable a moment known to lie in `e` is, per second, when it should be in `c` but for `jitter`.
pub(super) fn density(e: (i64, i64), c: (i64, i64), jitter: i64) -> f64 {
    let (lo, hi) = (e.0 - c.1 - jitter, e.1 - c.0 + jitter);
    let inside = hi.min(-lo);
    if inside <= 0 {
        return 0.0;
    }
    let width = hi - lo;
    let ramp = ((e.1 - e.0).min(c.1 - c.0) + jitter).clamp(1, width / 2 + 1);
    (inside as f64 / ramp as f64).min(1.0) * 1e9 / (width - ramp).max(1) as f64
}

/// The same for one that comes after `c`, soon or much later.
fn after(e: (i64, i64), c: (i64, i64), scale: f64, slack: i64) -> f64 {
    if e.1 < c.0 - slack {
        return 0.0;
    }
    let late = ((e.0 + e.1) / 2 - (c.0 + c.1) / 2).max(0) as f64 / 1e9;
    1.0 / (scale * (1.0 + late / scale).powi(2))
}

/// The same for one that is near `c`, on either side.
fn around(e: (i64, i64), c: (i64, i64), scale: f64) -> f64 {
    let off = gap(e, c) as f64 / 1e9;
    0.5 / (scale * (1.0 + off / scale).powi(2))
}

/// The backend says that it took longer than the proxy, which waited to the end, says that it waited: whatever the clocks.
fn outlasts(c: &Claim, e: &Brief) -> bool {
    let unit = e.unit() + c.asked.unit;
    e.duration().zip(c.asked.duration).is_some_and(|(took, waited)| took > waited + unit + took / 100)
}

impl Law {
    pub fn slack(&self) -> i64 {
        self.band + self.jitter.max(30 * MS)
    }

    /// How probable the moments of a line are, per second, if it is about this request. 0: it cannot be.
    pub fn moments(&self, c: &Claim, e: &Brief) -> f64 {
        let slack = self.slack();
        let (stamp, end, start) = ((e.lo, e.hi), c.end, c.start);
        if e.hi < c.start.0 - slack {
            return 0.0;
        }
        let is_message = e.status == 0;
        let jitter = self.jitter + self.band;
        let is_late = c.may_end_late();
        if !is_late && c.is_only && c.mechanism.is_some() && outlasts(c, e) {
            return 0.0;
        }
        if is_message {
            let inside = e.lo <= c.end.1 + slack;
            let length = (c.end.1 - c.start.0 + 2 * slack) as f64 / 1e9;
            let within = if inside { 1.0 / length.max(0.01) } else { 0.0 };
            let later = after(stamp, end, if is_late { LATE_SCALE } else { 0.2 }, slack);
            return if is_late { 0.6 * within + 0.4 * later } else { 0.95 * within + 0.05 * later };
        }
        let is_start = !e.has_duration && (self.is_start || e.is_start);
        let at_end = density(stamp, if is_start { start } else { end }, jitter);
        // A duration tells the start as precisely as the end.
        let begun = (e.start, e.start + (e.hi - e.lo));
        let knows_start = (e.has_duration || is_start) && c.has_start;
        let at_start = if knows_start { Some(density(begun, start, jitter)) } else { None };
        if knows_start && e.start > c.end.1 + slack && !is_late {
            return 0.0;
        }
        match c.mechanism {
            _ if c.is_answered() => {
                let near = around(stamp, if is_start { start } else { end }, 0.3);
                // Of a request that is stamped when it came, the end is only guessed.
                let is_guessed = end.1 - end.0 > start.1 - start.0;
                let at = at_start.filter(|_| is_guessed).map_or(at_end, |s| s.min(at_end));
                let base = (1.0 - ODD) * at + ODD * near;
                base * if c.is_only { self.same_duration(c, e) } else { 1.0 }
            }
            _ if is_late => match at_start {
                // What waits in the accept queue is read after the proxy has given up.
                Some(s) => 0.85 * s + 0.15 * after(begun, start, LATE_SCALE, slack),
                None => 0.9 * after(stamp, end, LATE_SCALE, slack) + 0.1 * around(stamp, end, 1.0),
            },
            _ => match at_start {
                Some(s) if is_start => 0.9 * s + 0.1 * around(stamp, start, 0.3),
                Some(s) => 0.6 * at_end.min(s) + 0.3 * s + 0.1 * around(stamp, end, 0.3),
                None => 0.8 * at_end + 0.2 * around(stamp, end, 0.3),
            },
        }
    }

    /// By how much a line came later than the request let expect, where the proxy did not wait for it: between which two
    /// delays, nanoseconds. After its start where the line says when that was, else after the proxy gave up.
    pub fn delay(&self, c: &Claim, e: &Brief) -> Option<(i64, i64)> {
        if !c.may_end_late() || e.status == 0 {
            return None;
        }
        let is_start = !e.has_duration && (self.is_start || e.is_start);
        let ((lo, hi), from) = if (e.has_duration || is_start) && c.has_start {
            ((e.start, e.start + (e.hi - e.lo)), c.start)
        } else {
            ((e.lo, e.hi), c.end)
        };
        Some((lo - from.1, hi - from.0))
    }

    /// The line of a request that was served names neither its moment nor its duration: seldom enough that it need not be
    /// weighed.
    #[inline]
    pub fn is_elsewhere(&self, c: &Claim, e: &Brief) -> bool {
        let (Some(d), Some(own)) = (c.asked.duration, e.duration()) else { return false };
        let apart = gap((e.lo, e.hi), c.end).min(gap((e.lo, e.hi), c.start));
        let usual = ((self.duration * 1e9) as i64).max(e.unit()).max(c.asked.unit);
        c.is_only
            && c.failing.is_none()
            && apart > self.jitter + self.band
            && (d - own).abs() > UNLIKE * usual
    }

    /// How probable the line of a served request is at least, per second, where it agrees with it in moment, duration and bytes,
    /// rarity apart; 0 where it does not; none where it cannot be told without weighing.
    pub fn at_sight(&self, c: &Claim, e: &Brief) -> Option<f64> {
        let is_end = e.has_duration || !(self.is_start || e.is_start);
        let is_guessed = c.end.1 - c.end.0 > c.start.1 - c.start.0;
        if !self.is_known || self.shares_ids || !is_end || is_guessed || !c.is_only {
            return None;
        }
        let names_other =
            self.shares_clients && e.client != 0 && c.asked.client != 0 && e.client != c.asked.client;
        if e.status != c.status || names_other {
            return Some(0.0);
        }
        let mut least = (1.0 - ODD) * density((e.lo, e.hi), c.end, self.jitter + self.band);
        if let (Some(d), Some(own)) = (c.asked.duration, e.duration()) {
            let scale = ((self.duration * 1e9) as i64).max(e.unit()).max(c.asked.unit);
            if (d - own).abs() > scale {
                return Some(0.0);
            }
            least *= self.same_duration(c, e);
        }
        if e.bytes > 0 && c.asked.bytes > 0 && self.bytes_seen >= MIN_PAIRS {
            least *= match self.usual_bytes {
                Some(usual) if c.asked.bytes - e.bytes != usual => 0.0,
                Some(_) => LEAST_BYTES / e.odds.as_long.min(1.0),
                // The difference may be one that was not seen yet.
                None => LEAST_ELSE,
            };
        }
        Some(least)
    }

    /// How many times likelier the two durations are for one request than for two.
    fn same_duration(&self, c: &Claim, e: &Brief) -> f64 {
        let (Some(d), Some(own)) = (c.asked.duration, e.duration()) else { return 1.0 };
        let unit = e.unit().max(c.asked.unit) as f64 / 1e9;
        let scale = self.duration.max(unit);
        let off = (d - own).abs() as f64 / 1e9;
        let spread = (own as f64 / 1e9).max(0.01);
        let same = 0.95 * 0.5 / scale / (1.0 + off / scale).powi(2);
        (same + 0.05 / (spread + off)) * spread.max(2.0 * scale)
    }

    /// How many times likelier the bytes are for one request than for two.
    pub fn same_bytes(&self, c: &Claim, e: &Brief) -> f64 {
        let (bytes, share) = (c.asked.bytes, e.odds.as_long);
        if e.bytes <= 0 || bytes <= 0 || !c.is_passed_on() || self.bytes_seen < MIN_PAIRS {
            return 1.0;
        }
        let n = self.bytes.get(&(bytes - e.bytes)).copied().unwrap_or(0);
        let usual = n as f64 / self.bytes_seen as f64;
        // What was not seen yet may come.
        let other = (1.0 + 0.02 * self.bytes_seen as f64) / self.bytes_seen as f64;
        (usual * (1.0 - other) + other * share) / share
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::claims::Asked;
    use super::super::fitness::Odds;
    use super::*;

    /// Most lines are six bytes shorter than the proxy's, or all differ.
    fn law(have_usual: bool) -> Law {
        let bytes: Map<i64, u64> = if have_usual {
            [(6, 90), (9, 10)].into_iter().collect()
        } else {
            (0..100).map(|by| (by, 1)).collect()
        };
        Law {
            bytes_seen: 100,
            usual_bytes: have_usual.then_some(6),
            bytes,
            jitter: 3 * MS,
            duration: 0.004,
            strays: 0.05,
            band: 2 * MS,
            is_known: true,
            ..Law::default()
        }
    }

    fn served(end: (i64, i64), duration: i64, bytes: i64) -> Claim {
        let asked = Asked { instance: 0, agent: 1, client: 0, bytes, duration: Some(duration), unit: MS };
        Claim {
            request: 0,
            asked,
            failing: None,
            mechanism: None,
            status: 200,
            start: (end.0 - duration, end.1 - duration),
            end,
            has_start: true,
            instance: None,
            is_only: true,
        }
    }

    proptest! {
        #[test]
        fn what_is_seen_at_sight_is_no_more_than_what_is_weighed(
            have_usual in any::<bool>(),
            (off, took, other) in (-12i64..12, 0i64..400, -8i64..8),
            (bytes, differ, share) in (0i64..4000, prop_oneof![Just(6i64), -20i64..120], 0.0001f64..1.0),
        ) {
            let law = law(have_usual);
            let c = served((1000 * MS, 1001 * MS), took * MS, bytes + differ);
            let lo = (1000 + off) * MS;
            let own = (took + other).max(0) * MS;
            let line = crate::index::Entry {
                row: crate::index::Row::Request(1),
                instance: 1,
                file: 1,
                lo,
                hi: lo + MS,
                start: (lo - own, lo - own + MS),
                end: (lo, lo + MS),
                has_duration: true,
                duration: Some(own),
                unit: MS,
                status: 200,
                bytes,
                agent: 1,
                client: 0,
                server: 0,
                tries: 1,
                is_start: false,
            };
            let e = Brief::of(0, &line, Odds { by_chance: 1.0, as_long: share });
            let seen = law.at_sight(&c, &e).expect("nothing hides it");
            let weighed = law.moments(&c, &e) * law.same_bytes(&c, &e);
            prop_assert!(seen <= weighed * (1.0 + 1e-9), "{seen} of {weighed}");
            if have_usual && off == 0 && other == 0 && (bytes == 0 || differ == 6) {
                prop_assert!(seen > weighed / 2.0, "{seen} of {weighed}: where all agrees, little is given away");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_at_sight_is_left_to_be_weighed() {
        let c = served((0, MS), MS, 0);
        let mut e = Brief::default();
        (e.status, e.hi) = (200, MS);
        assert_eq!(Law { is_start: true, ..law(true) }.at_sight(&c, &e), None, "stamped when it came");
        assert_eq!(Law { shares_ids: true, ..law(true) }.at_sight(&c, &e), None);
        assert_eq!(law(true).at_sight(&Claim { is_only: false, ..c.clone() }, &e), None);
        e.status = 404;
        assert_eq!(law(true).at_sight(&c, &e), Some(0.0));
    }
}
