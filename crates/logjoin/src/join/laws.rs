//! How the lines of a backend differ from those of its proxy when both are about one request.
//!
//! Learned, for each proxy and backend, from served requests of which only one line can be the other side: how far apart the
//! stamps are, whether both count the same bytes, by how much the durations differ, whether they share ids. What two lines of
//! one request always share, and others rarely do, is what tells them apart.

use std::collections::BTreeMap;

use super::briefs::Brief;
use super::claims::Claim;
use super::survey::{Sample, Survey};
use crate::clock::ClockModel;
use crate::hash::{Map, short};
use crate::index::{Entry, Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::{Timed, World};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// Fewer pairs teach nothing.
const MIN_PAIRS: u64 = 12;
/// A stamp may be off by more than usual this often.
const ODD: f64 = 0.03;
/// Durations that differ so many times as much as usual are not alike.
const UNLIKE: i64 = 10;
/// How long after the proxy gave up a backend still works on a request: half of them up to this.
const LATE_SCALE: f64 = 2.0;
/// The share of a backend's lines that belong to no logged request, before anything is known.
const STRAYS: f64 = 0.05;

/// What is known of one proxy and one backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Law {
    /// The proxy's bytes minus the backend's, and how often.
    bytes: Map<i64, u64>,
    bytes_seen: u64,
    /// By how much the stamps of ends (or of starts, where lines are stamped so) differ beyond their precision.
    jitter: i64,
    /// A line without a duration is stamped when the request came.
    is_start: bool,
    /// Half of the durations differ by less, seconds.
    duration: f64,
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

#[derive(Default)]
struct Seen {
    end: Vec<i64>,
    start: Vec<i64>,
    durations: Vec<i64>,
    bytes: BTreeMap<i64, u64>,
    ids: (u64, u64),
    clients: (u64, u64),
}

/// The laws of all pairs.
pub(super) struct Laws {
    /// Of each instance that is a proxy: where its laws begin, one for each instance.
    rows: Vec<Option<usize>>,
    laws: Vec<Law>,
    none: Law,
}

impl Laws {
    pub fn of(&self, proxy: usize, instance: usize) -> &Law {
        match self.rows.get(proxy) {
            Some(Some(row)) => &self.laws[row + instance],
            _ => &self.none,
        }
    }

    /// How long before a request of this proxy begins its line can lie at most, if its clock is known; none of what is no proxy.
    pub fn early(&self, proxy: usize) -> Option<i64> {
        let first = (*self.rows.get(proxy)?)?;
        self.laws[first..first + self.rows.len()].iter().map(Law::slack).max()
    }

    pub fn learn(plan: &Plan, world: &World, index: &Index<'_>, peers: &Peers, clocks: &ClockModel) -> Laws {
        let instances = plan.instances.len();
        let survey = Survey::of(plan, world, clocks);
        let mut seen: BTreeMap<(usize, usize), Seen> = BTreeMap::new();
        for (proxy, served) in survey.served.iter().enumerate() {
            // Without another log on this clock there is nothing to be learned.
            if !(0..instances).any(|i| i != proxy && clocks.is_known(i)) {
                continue;
            }
            for t in served.rows(world) {
                let server = peers.by_hash(t.r.server);
                if let Some(e) = only_line(plan, index, clocks, t, server) {
                    let seen = seen.entry((proxy, e.instance as usize)).or_default();
                    seen.add(t, &e, index.id_of(e.row));
                }
            }
        }
        let strays = strays(plan, world, index, clocks, &survey);
        let mut laws = Laws { rows: vec![None; instances], laws: Vec::new(), none: Seen::default().law() };
        for p in (0..instances).filter(|p| plan.instances[*p].is_proxy) {
            laws.rows[p] = Some(laws.laws.len());
            laws.laws.extend((0..instances).map(|b| {
                let law = seen.remove(&(p, b)).unwrap_or_default().law();
                let band = clocks.band(b) + clocks.band(p);
                Law { band, strays: strays[b], is_known: clocks.is_known(b), ..law }
            }));
        }
        laws
    }
}

/// The share of each instance's lines about which no proxy logged any request that they could be about. Only what is requested
/// through a proxy at all counts: health checks are nobody's rivals.
fn strays(plan: &Plan, world: &World, index: &Index<'_>, clocks: &ClockModel, survey: &Survey) -> Vec<f64> {
    let (from, to) = survey.covered;
    let reach = clocks.widest_band() + SECOND;
    let is_proxied = |e: &Entry| plan.instances[e.instance as usize].is_proxy;
    let share = |lines: &Sample| {
        let (mut strays, mut all) = (0.0, 0.0);
        for t in lines.rows(world) {
            let is_covered = t.start_lo >= from + reach && t.end_hi + reach <= to;
            if !is_covered || !index.request(t.r.method, t.r.key).any(|n| is_proxied(&index.entry(n))) {
                continue;
            }
            // A request may have waited, and its proxy may have given up long before.
            let mut near = index.near((t.r.method, t.r.key), 0, t.start_lo - 60 * SECOND, t.end_hi + reach);
            all += 1.0;
            strays += f64::from(u8::from(!near.any(|e| is_proxied(&e))));
        }
        ((strays + STRAYS) / (all + 1.0)).max(survey.surplus).clamp(0.002, 0.5)
    };
    survey.lines.iter().map(share).collect()
}

/// The only line that can be the other side of a served request.
pub(super) fn only_line(
    plan: &Plan,
    index: &Index<'_>,
    clocks: &ClockModel,
    t: &Timed,
    server: Option<usize>,
) -> Option<Entry> {
    let mut found = None;
    let agent = short(t.r.agent);
    let widest = (clocks.widest_band() + SECOND / 2).min(5 * SECOND);
    for e in index.near((t.r.method, t.r.key), agent, t.start_lo - widest, t.end_hi + widest) {
        let i = e.instance as usize;
        let reach = clocks.band(i) + SECOND / 2;
        let fits = matches!(e.row, Row::Request(_))
            && !plan.instances[i].is_proxy
            && clocks.is_known(i)
            && server.is_none_or(|s| s == i)
            && e.status == t.r.status
            && e.lo <= t.end_hi + reach
            && e.hi >= t.start_lo - reach;
        if fits && found.replace(e).is_some() {
            return None;
        }
    }
    found
}

impl Seen {
    fn add(&mut self, t: &Timed, e: &Entry, id: u64) {
        self.end.push(gap((e.lo, e.hi), (t.end_lo, t.end_hi)));
        let start = (e.start.0, e.start.0 + (e.hi - e.lo));
        self.start.push(gap(start, (t.start_lo, t.start_hi)));
        if let (Some(d), Some(own)) = (t.r.duration_ns, e.duration) {
            self.durations.push((d - own).abs());
        }
        if e.bytes > 0 && t.r.bytes > 0 {
            *self.bytes.entry(t.r.bytes - e.bytes).or_default() += 1;
        }
        if id != 0 && t.r.id != 0 {
            self.ids = (self.ids.0 + u64::from(id == t.r.id), self.ids.1 + 1);
        }
        let client = short(t.r.client);
        if e.client != 0 && client != 0 {
            self.clients = (self.clients.0 + u64::from(e.client == client), self.clients.1 + 1);
        }
    }

    fn law(mut self) -> Law {
        let quantile = |v: &mut Vec<i64>, share: f64| {
            v.sort_unstable();
            v.get((v.len() as f64 * share) as usize).copied()
        };
        let bytes_seen: u64 = self.bytes.values().sum();
        let mostly = |(n, of): (u64, u64)| of >= 5 && n * 10 >= of * 8;
        let (end, start) = (quantile(&mut self.end, 0.9), quantile(&mut self.start, 0.9));
        let is_start = matches!((start, end), (Some(s), Some(e)) if s * 4 < e && e > 20 * MS);
        let pairs = self.end.len() as u64;
        let jitter = if pairs >= MIN_PAIRS { if is_start { start } else { end } } else { None };
        Law {
            bytes_seen,
            bytes: self.bytes.into_iter().collect(),
            jitter: jitter.unwrap_or(10 * MS).clamp(2 * MS, SECOND / 4),
            is_start,
            duration: quantile(&mut self.durations, 0.5).unwrap_or(5 * MS).clamp(MS, SECOND) as f64 / 1e9,
            shares_ids: mostly(self.ids),
            shares_clients: mostly(self.clients),
            strays: STRAYS,
            band: 0,
            is_known: false,
        }
    }
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
    fn slack(&self) -> i64 {
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
