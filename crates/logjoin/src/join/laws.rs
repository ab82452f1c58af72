//! How the lines of a backend differ from those of its proxy when both are about one request.
//!
//! Learned, for each proxy and backend, from served requests of which only one line can be the other side: how far apart the
//! stamps are, whether both count the same bytes, by how much the durations differ, whether they share ids. What two lines of
//! one request always share, and others rarely do, is what tells them apart.

use std::collections::BTreeMap;

use super::law::{Law, MIN_PAIRS, gap};
use super::survey::{Sample, Survey};
use crate::clock::ClockModel;
use crate::hash::short;
use crate::index::{Entry, Index, Row};
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::{Timed, World};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// The share of a backend's lines that belong to no logged request, before anything is known.
const STRAYS: f64 = 0.05;

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

    /// How far the stamp of a line can lie from the end of a request of this proxy, its precision apart, where both agree.
    pub fn reach(&self, proxy: usize) -> Option<i64> {
        let first = (*self.rows.get(proxy)?)?;
        self.laws[first..first + self.rows.len()].iter().map(|l| l.jitter + l.band).max()
    }

    pub fn learn(plan: &Plan, world: &World, index: &Index<'_>, peers: &Peers, clocks: &ClockModel) -> Laws {
        let instances = plan.instances.len();
        let survey = Survey::of(plan, world, index, clocks);
        let mut seen: BTreeMap<(usize, usize), Seen> = BTreeMap::new();
        for (proxy, served) in survey.served.iter().enumerate() {
            // Without another log on this clock there is nothing to be learned.
            if !(0..instances).any(|i| i != proxy && clocks.is_known(i)) {
                continue;
            }
            let rows: Vec<&Timed> = served.rows(world).collect();
            let line = |t: &&Timed| only_line(plan, index, clocks, t, peers.by_hash(t.r.server));
            for (t, e) in rows.iter().zip(par::map(&rows, line)) {
                if let Some(e) = e {
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
    par::map(&survey.lines, share)
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
        let usual_bytes = self.bytes.iter().find(|(_, n)| mostly((**n, bytes_seen))).map(|(by, _)| *by);
        Law {
            bytes_seen,
            usual_bytes,
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
