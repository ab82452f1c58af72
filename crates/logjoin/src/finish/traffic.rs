//! Load over time: requests, failures, durations, concurrency and queues per source and per server, against what is usual.

use std::collections::BTreeMap;

use super::durations::{Durations, digits};
use super::few::Few;
use super::steps::{Merge, Stepped};
use crate::analysis::{Baseline, Time, Traffic, TrafficPoint};
use crate::hash::hash;
use crate::packed::AnyRequest;
use crate::scene::{SECOND, Scene};
use serde::{Deserialize, Serialize};

/// Of a longer request (a tunnel, an upload) the last hour counts as in progress: one line must not stretch the range of time.
const LONGEST: i64 = 3600 * SECOND;
/// The shortest steps, seconds.
const STEP_S: i64 = 10;

/// One request, with what is known of it beside its line.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub r: AnyRequest<'a>,
    pub instance: usize,
    /// Earliest and latest start, earliest end.
    pub start_lo: i64,
    pub start_hi: i64,
    pub end_lo: i64,
    /// Logged by a proxy.
    pub is_proxy: bool,
    /// A gateway failure; in a backend's own log, an answer of 500 or above.
    pub is_failure: bool,
    /// Answered, by whatever answered: not failed, no client's leaving.
    pub is_served: bool,
}

impl Seen<'_> {
    /// The instance, and the server that was tried last (0: none, or the instance is no proxy).
    #[inline]
    pub fn key(&self) -> (usize, u64) {
        (self.instance, if self.is_proxy { self.r.server() } else { 0 })
    }
}

/// What ended in one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub requests: u64,
    pub failures: u64,
    pub busy_ns: i64,
    pub queued_ns: i64,
    pub syn_resent: u64,
    /// Of what did not fail, and of what did.
    pub durations: Durations,
    pub failed: Durations,
}

impl Merge for Cell {
    fn merge(&mut self, other: Cell) {
        self.add_all(&other);
    }
}

impl Cell {
    fn add_all(&mut self, other: &Cell) {
        self.requests += other.requests;
        self.failures += other.failures;
        self.busy_ns = self.busy_ns.saturating_add(other.busy_ns);
        self.queued_ns = self.queued_ns.saturating_add(other.queued_ns);
        self.syn_resent += other.syn_resent;
        self.durations.add_all(&other.durations);
        self.failed.add_all(&other.failed);
    }

    /// Forgets all, but for the memory.
    fn clear(&mut self) {
        (self.requests, self.failures, self.syn_resent) = (0, 0, 0);
        (self.busy_ns, self.queued_ns) = (0, 0);
        self.durations.clear();
        self.failed.clear();
    }
}

/// Requests of one instance and server that ended in one step and are not in its cells yet: neighbours in a log are mostly such.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    instance: usize,
    /// 0: none, or the instance is no proxy.
    server: u64,
    /// From when to when the step is.
    step: (i64, i64),
    /// From when to when they went on.
    range: (i64, i64),
    cell: Cell,
    /// Those of all steps.
    clients: Option<Box<Clients>>,
}

impl Open {
    #[inline]
    fn has(&self, t: i64) -> bool {
        self.step.0 <= t && t < self.step.1
    }

    /// Begins the step in which a request ended.
    fn begin(&mut self, seen: &Seen<'_>) {
        (self.instance, self.server) = seen.key();
        let n = seen.end_lo.div_euclid(STEP_S * SECOND);
        let edge = |n: i64| n.saturating_mul(STEP_S * SECOND);
        self.step = (edge(n), edge(n.saturating_add(1)));
        self.range = (seen.end_lo, seen.end_lo);
    }

    /// The cells that they belong to: of the instance, and of its server.
    fn keys(&self) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (instance, server) = (self.instance, self.server);
        [Some((instance, 0)), (server != 0).then_some((instance, server))].into_iter().flatten()
    }
}

/// Sums over all requests, by instance and by the label of the server (0: all).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Load {
    pub cells: Stepped<(usize, u64), Cell>,
    /// By proxy and label.
    pub clients: Few<(usize, u64), Clients>,
}

/// How many different clients, counted by the bits that their hashes set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", from = "Vec<u64>")]
pub(super) struct Clients([u64; 64]);

impl From<Clients> for Vec<u64> {
    fn from(clients: Clients) -> Vec<u64> {
        clients.0.into()
    }
}

impl From<Vec<u64>> for Clients {
    fn from(words: Vec<u64>) -> Clients {
        let mut words = words.into_iter();
        Clients(std::array::from_fn(|_| words.next().unwrap_or(0)))
    }
}

impl Clients {
    const BITS: f64 = 64.0 * 64.0;

    fn add(&mut self, client: u64) {
        self.0[(client >> 6) as usize % 64] |= 1 << (client % 64);
    }

    pub fn merge(&mut self, other: &Clients) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// Linear counting; a full map tells of some 34,000 or more.
    pub fn count(&self) -> u64 {
        let set: u32 = self.0.iter().map(|w| w.count_ones()).sum();
        let empty = (Self::BITS - f64::from(set)).max(1.0);
        (Self::BITS * (Self::BITS / empty).ln()).round() as u64
    }
}

impl Default for Clients {
    fn default() -> Clients {
        Clients([0; 64])
    }
}

impl Load {
    pub fn new() -> Load {
        Load { cells: Stepped::new(STEP_S), clients: Few::default() }
    }

    /// None, in steps of the same length.
    pub fn like(&self) -> Load {
        Load { cells: self.cells.like(), clients: Few::default() }
    }

    /// Adds a request; what lies in one step is added to `open`, which is that of its instance and server.
    #[inline(always)]
    pub fn add(&mut self, seen: &Seen<'_>, open: &mut Open) {
        let r = seen.r;
        let duration = r.duration_ns();
        let busy = duration.map_or(0, |d| d.clamp(0, LONGEST));
        let from = seen.end_lo.saturating_sub(busy);
        if !open.has(seen.end_lo) {
            self.close(open);
            open.begin(seen);
        }
        open.range = (from.min(open.range.0), seen.end_lo.max(open.range.1));
        let cell = &mut open.cell;
        cell.requests += 1;
        cell.failures += u64::from(seen.is_failure);
        cell.syn_resent += u64::from(is_resent(r.connect_ms()) && !is_retried(r));
        if let Some(d) = duration {
            if seen.is_failure { cell.failed.add(d) } else { cell.durations.add(d) }
        }
        // Most requests begin and end within one step.
        if from >= open.step.0 {
            cell.busy_ns += busy;
        } else {
            self.spread(from, seen.end_lo, open, |c, part| c.busy_ns += part);
        }
        let queue_ms = r.queue_ms();
        if queue_ms > 0 {
            let waited = (i64::from(queue_ms) * (SECOND / 1000)).min(LONGEST);
            let from = seen.end_lo.saturating_sub(duration.unwrap_or(waited).clamp(waited, LONGEST));
            self.spread(from, from + waited, open, |c, part| c.queued_ns += part);
        }
        let client = if open.server == 0 { 0 } else { r.client() };
        if client != 0 {
            open.clients.get_or_insert_default().add(client);
        }
        // The tries before the last one went elsewhere, and failed.
        let Some(detail) = r.detail() else { return };
        for address in detail.tries.iter().rev().skip(1).filter_map(|t| t.address.as_deref()) {
            let cell = self.cells.at(seen.end_lo, (seen.instance, hash(address.as_bytes())));
            cell.requests += 1;
            cell.failures += 1;
        }
    }

    /// Adds a stretch of time to each step that it touches.
    fn spread(&mut self, from: i64, to: i64, open: &Open, add: impl Fn(&mut Cell, i64)) {
        open.keys().for_each(|key| self.cells.spread(from, to, key, &add));
    }

    /// Adds what is open to its cells.
    fn close(&mut self, open: &mut Open) {
        if open.cell.requests == 0 {
            return;
        }
        self.cells.widen(open.range.0, open.range.1);
        open.keys().for_each(|key| self.cells.at(open.range.1, key).add_all(&open.cell));
        open.cell.clear();
    }

    /// The same, when nothing is added to it any more.
    pub fn end(&mut self, mut open: Open) {
        self.close(&mut open);
        if let Some(clients) = open.clients {
            self.clients.at((open.instance, open.server)).merge(&clients);
        }
    }

    pub fn merge(&mut self, other: Load) {
        self.cells.merge(other.cells);
        for (key, clients) in other.clients {
            self.clients.at(key).merge(&clients);
        }
    }

    /// The series, by source and server.
    pub fn finish(&self, scene: &Scene<'_>) -> Vec<Traffic> {
        let step = self.cells.step();
        let mut series: BTreeMap<(usize, u64), Series<'_>> = BTreeMap::new();
        for (start, key, cell) in self.cells.iter() {
            series.entry(key).or_default().push((start, cell));
        }
        let name = |i: usize| scene.plan.instances[i].name.clone();
        let mut out: Vec<Traffic> = series
            .into_iter()
            .map(|((source, label), cells)| {
                let usual = Usual::of(&cells);
                Traffic {
                    source: name(source),
                    server: scene.world.labels.get(&label).filter(|_| label != 0).cloned(),
                    instance: scene.peers.by_hash(label).filter(|_| label != 0).map(name),
                    step_s: (step / SECOND) as u32,
                    baseline: usual.as_ref().map(|u| u.report(step)),
                    points: cells.iter().map(|(t, c)| point(*t, c, step, usual.as_ref())).collect(),
                }
            })
            .collect();
        out.sort_by(|a, b| (&a.source, &a.server).cmp(&(&b.source, &b.server)));
        out
    }
}

/// The series with what is usual in them, where enough is known to say so.
pub(super) struct Usuals<'a>(BTreeMap<(usize, u64), (Usual, Series<'a>)>);

/// Cells with the starts of their steps.
type Series<'a> = Vec<(i64, &'a Cell)>;

impl<'a> Usuals<'a> {
    pub fn of(load: &'a Load) -> Usuals<'a> {
        let mut series: BTreeMap<(usize, u64), Series<'_>> = BTreeMap::new();
        for (t, key, cell) in load.cells.iter() {
            series.entry(key).or_default().push((t, cell));
        }
        let known = series.into_iter().filter_map(|(key, cells)| Some((key, (Usual::of(&cells)?, cells))));
        Usuals(known.collect())
    }

    /// The steps of a series that begin between two moments, with what is usual in it.
    pub fn between(
        &self,
        key: (usize, u64),
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = (&Usual, i64, &'a Cell)> {
        let series = self.0.get(&key).into_iter();
        series.flat_map(move |(usual, cells)| {
            let begin = cells.partition_point(|(t, _)| *t < from);
            cells[begin..].iter().take_while(move |(t, _)| *t <= to).map(move |(t, c)| (usual, *t, *c))
        })
    }
}

/// The kernel sends a SYN again after 1, 3, 7 and 15 s (`tcp_retries`, RFC 6298: 1 s, doubled each time). An answer that comes
/// just after one of them is the answer to that SYN.
fn is_resent(connect_ms: i32) -> bool {
    connect_ms >= 1000 && [1000, 3000, 7000, 15_000].iter().any(|at| (*at..at + 150).contains(&connect_ms))
}

/// HAProxy waits a second of its own before it tries again.
fn is_retried(r: AnyRequest<'_>) -> bool {
    let haproxy = r.detail().and_then(|d| d.haproxy.as_ref());
    haproxy.is_some_and(|h| h.retries > 0)
}

/// Medians over the steps without failures.
pub(super) struct Usual {
    requests: u64,
    p50_s: Option<f64>,
    p99_s: Option<f64>,
    busy_ns: i64,
    queued_ns: i64,
}

impl Usual {
    /// The first and the last step of the series are cut, and say little.
    pub fn of(cells: &[(i64, &Cell)]) -> Option<Usual> {
        let inner = cells.get(1..cells.len().saturating_sub(1)).unwrap_or_default();
        let calm: Vec<&Cell> =
            inner.iter().map(|(_, c)| *c).filter(|c| c.failures == 0 && c.requests > 0).collect();
        if calm.len() < 3 {
            return None;
        }
        fn median<T: Copy>(mut list: Vec<T>, by: impl Fn(&T, &T) -> std::cmp::Ordering) -> Option<T> {
            list.sort_by(by);
            list.get(list.len() / 2).copied()
        }
        let times = |q: f64| calm.iter().filter_map(|c| c.durations.quantile(q)).collect::<Vec<f64>>();
        Some(Usual {
            requests: median(calm.iter().map(|c| c.requests).collect(), u64::cmp)?,
            p50_s: median(times(0.5), f64::total_cmp),
            p99_s: median(times(0.99), f64::total_cmp),
            busy_ns: median(calm.iter().map(|c| c.busy_ns).collect(), i64::cmp)?,
            queued_ns: median(calm.iter().map(|c| c.queued_ns).collect(), i64::cmp)?,
        })
    }

    fn report(&self, step: i64) -> Baseline {
        Baseline {
            requests: self.requests,
            p50_s: self.p50_s,
            p99_s: self.p99_s,
            busy: (self.busy_ns > 0).then(|| digits(self.busy_ns as f64 / step as f64, 3)),
        }
    }

    /// What is far from usual in a step: by a factor of three, and by more than chance and rounding make of it.
    pub fn unusual(&self, c: &Cell, step: i64) -> Vec<&'static str> {
        let mut out = Vec::new();
        let usual = self.requests as f64;
        if c.requests >= 3 * self.requests && c.requests as f64 > usual + 6.0 * usual.sqrt() + 20.0 {
            out.push("rate");
        }
        if let (Some(p50), Some(was)) = (c.durations.quantile(0.5), self.p50_s)
            && c.durations.count() >= 10
            && p50 > 3.0 * was
            && p50 > was + 0.1
        {
            out.push("slow");
        }
        if c.busy_ns > 3 * self.busy_ns && c.busy_ns > self.busy_ns + 4 * step {
            out.push("busy");
        }
        if c.queued_ns > 3 * self.queued_ns && c.queued_ns > self.queued_ns + step {
            out.push("queue");
        }
        if c.syn_resent >= 3 {
            out.push("syn-resent");
        }
        out
    }

    pub fn p50_s(&self) -> Option<f64> {
        self.p50_s
    }

    pub fn requests(&self) -> u64 {
        self.requests
    }
}

fn point(start: i64, c: &Cell, step: i64, usual: Option<&Usual>) -> TrafficPoint {
    let mean = |ns: i64| (ns > 0).then(|| digits(ns as f64 / step as f64, 3));
    TrafficPoint {
        start: Time::at(start),
        requests: c.requests,
        failures: c.failures,
        p50_s: c.durations.quantile(0.5),
        p99_s: c.durations.quantile(0.99),
        busy: mean(c.busy_ns),
        queued: mean(c.queued_ns),
        syn_resent: c.syn_resent,
        unusual: usual.map_or(Vec::new(), |u| u.unusual(c, step).iter().map(|w| (*w).into()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_resent_syns() {
        for (ms, resent) in [(0, false), (999, false), (1003, true), (1900, false), (3010, true), (-1, false)]
        {
            assert_eq!(is_resent(ms), resent, "{ms}");
        }
    }

    #[test]
    fn clients_are_counted_once() {
        let mut c = Clients::default();
        (0..500u64).chain(0..500).for_each(|i| c.add(crate::hash::hash(&i.to_le_bytes())));
        assert!(c.count().abs_diff(500) < 40, "{}", c.count());
    }

    #[test]
    fn unusual_is_far_from_usual() {
        let cell = |requests, ms: i64, busy: i64| {
            let mut c = Cell { requests, busy_ns: busy * 10 * SECOND, ..Cell::default() };
            (0..requests).for_each(|_| c.durations.add(ms * 1_000_000));
            c
        };
        let calm: Vec<Cell> = (0..6).map(|i| cell(100 + i, 20, 2)).collect();
        let list: Vec<(i64, &Cell)> = calm.iter().enumerate().map(|(i, c)| (i as i64, c)).collect();
        let step = 10 * SECOND;
        let usual = Usual::of(&list).unwrap();
        assert!(usual.unusual(&cell(130, 25, 3), step).is_empty());
        assert_eq!(usual.unusual(&cell(400, 20, 8), step), ["rate", "busy"]);
        assert_eq!(usual.unusual(&cell(100, 500, 5), step), ["slow"]);
        assert!(Usual::of(&list[..4]).is_none());
    }
}
