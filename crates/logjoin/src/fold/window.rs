//! The rows that are in view: what is not settled yet, what lies just before it, and a few that stay for good.

use std::collections::{BTreeMap, BTreeSet};

use super::aside::Lean;
use crate::clock::{rank, sample_rank};
use crate::event::{ErrorEvent, Events, LogEvent, Request};
use crate::par;
use crate::signals::Meaning;
use crate::timeline::{Horizon, Moment, Row, Timed, World};

/// Healthy requests that stay to the end, about: by them the clocks are fitted over the whole time.
const SAMPLE: usize = 40_000;
/// For so long before the rows in view they are in view themselves, nanoseconds: what a slice has to know of the clocks. Fitting all
/// that was in each slice would cost the more the longer the logs are.
const RECENT: i64 = 3 * 3600 * 1_000_000_000;

/// The rows in view, by file, on the hosts' own clocks.
pub(super) struct Window {
    pub files: BTreeMap<u32, Events>,
    pub labels: BTreeMap<u64, String>,
    /// Requests whose targets rank up to here stay: the same ones on both sides of each proxy.
    limit: u64,
    /// Those of them that are long past, by file.
    past: BTreeMap<u32, Vec<Request>>,
}

/// Before which moments settled rows leave the view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floors {
    pub all: i64,
    /// Failed requests and lines of error logs.
    pub failed: i64,
}

/// Which rows of a world stay for good.
pub(super) struct Staying {
    requests: Vec<bool>,
    /// By request: the first of its instance.
    firsts: Vec<bool>,
    errors: Vec<bool>,
    states: Vec<bool>,
    logs: Vec<bool>,
}

impl Staying {
    /// All of them, or none.
    pub fn of(world: &World, all: bool) -> Staying {
        let rows = |n: usize| vec![all; n];
        let requests = rows(world.requests.len());
        Staying {
            firsts: requests.clone(),
            requests,
            errors: rows(world.errors.len()),
            states: rows(world.states.len()),
            logs: rows(world.logs.len()),
        }
    }

    pub fn request(&self, i: usize) -> bool {
        self.requests[i]
    }

    pub fn error(&self, i: usize) -> bool {
        self.errors[i]
    }

    pub fn state(&self, i: usize) -> bool {
        self.states[i]
    }

    pub fn log(&self, i: usize) -> bool {
        self.logs[i]
    }
}

impl Window {
    pub fn new() -> Window {
        Window { files: BTreeMap::new(), labels: BTreeMap::new(), limit: u64::MAX, past: BTreeMap::new() }
    }

    /// How many rows are in view.
    pub fn rows(&self) -> usize {
        self.files.values().flat_map(Events::counts).sum()
    }

    /// Adds rows of a file, in the order of its lines.
    pub fn add(&mut self, file: u32, mut events: Events) {
        self.labels.append(&mut events.labels);
        self.files.entry(file).or_default().append(events);
    }

    /// Takes all that stayed into view.
    pub fn bring_back(&mut self) {
        for (file, mut requests) in std::mem::take(&mut self.past) {
            let events = self.files.entry(file).or_default();
            events.requests.append(&mut requests);
            events.requests.sort_by_key(|r| r.at);
        }
    }

    /// What of a world stays in view to the end: signs of life and changes; the first row of each kind and instance, which
    /// says that there is such a log; and a sample of what was served. What lies before `floor` does not, but for the first rows.
    pub fn staying(&mut self, world: &World, horizon: Horizon, floor: i64) -> Staying {
        let is_settled = |settled: bool, t: i64| settled || t <= horizon.0;
        let rank_of =
            |t: &Timed| sample_rank(t).filter(|_| is_settled(t.r.settled, t.end_lo) && t.end_lo >= floor);
        let ranks: Vec<Option<u64>> = par::map(&world.requests, rank_of);
        let past = self.past.values().flatten().map(|r| rank(r.key));
        let mut sampled: Vec<u64> =
            ranks.iter().flatten().copied().chain(past).filter(|r| *r <= self.limit).collect();
        if sampled.len() > SAMPLE {
            let (_, limit, _) = sampled.select_nth_unstable(SAMPLE);
            // Requests for one target stay or go together.
            self.limit = limit.saturating_sub(1);
            let limit = self.limit;
            self.past.values_mut().for_each(|list| list.retain(|r| rank(r.key) <= limit));
        }
        let mut seen: BTreeSet<(u8, usize)> = BTreeSet::new();
        let mut is_first = |kind: u8, instance: usize| seen.insert((kind, instance));
        let firsts: Vec<bool> = world.requests.iter().map(|t| is_first(0, t.instance)).collect();
        let requests = firsts.iter().zip(&ranks);
        let requests = requests.map(|(first, rank)| *first || rank.is_some_and(|r| r <= self.limit));
        let requests = requests.collect();
        let errors = world
            .errors
            .iter()
            .map(|m| is_first(1, m.instance) || m.lo >= floor && is_of_proxy(&m.e))
            .collect();
        let mut stays = |m: &Moment<LogEvent>| {
            let is_first_line = is_first(2, m.instance);
            let is_first_naming = m.e.target != 0 && is_first(3, m.instance);
            is_first_line || is_first_naming || m.lo >= floor && says_something(&m.e)
        };
        let logs = world.logs.iter().map(&mut stays).collect();
        let states = world.states.iter().map(|m| m.lo >= floor).collect();
        Staying { requests, firsts, errors, states, logs }
    }

    /// Takes a world back: settles what is before the horizon, and lets go what is before the `floors`.
    pub fn take_back(
        &mut self,
        world: World,
        mut lean: Lean,
        horizon: Horizon,
        floors: Floors,
        staying: &Staying,
    ) {
        let floor = floors.all;
        self.labels.extend(world.labels);
        let mut files: BTreeMap<u32, Events> = BTreeMap::new();
        let past = &mut self.past;
        let requests = world.requests;
        let whole = || {
            for (i, mut t) in requests.into_iter().enumerate() {
                let is_now = horizon.takes(&t);
                t.r.settled |= is_now;
                let least = if t.r.detail.is_some() { floors.failed } else { floor };
                if t.is_lent && (!t.r.settled || t.end_hi >= floor) {
                    // It is in its block.
                    continue;
                }
                if !t.r.settled || t.end_hi >= least || staying.requests[i] {
                    let is_past =
                        t.r.settled && t.end_hi < floor.saturating_sub(RECENT) && !staying.firsts[i];
                    if is_past {
                        past.entry(t.r.at.file).or_default().push(t.r);
                    } else {
                        files.entry(t.r.at.file).or_default().requests.push(t.r);
                    }
                }
            }
        };
        par::join(whole, || lean.settle(horizon, floor));
        lean.give_back(&mut files);
        for (i, m) in world.errors.into_iter().enumerate() {
            if let Some(e) = kept(m, horizon, floors.failed, staying.errors[i]) {
                files.entry(e.at.file).or_default().errors.push(e);
            }
        }
        for (i, m) in world.states.into_iter().enumerate() {
            if let Some(e) = kept(m, horizon, floor, staying.states[i]) {
                files.entry(e.at.file).or_default().states.push(e);
            }
        }
        for (i, m) in world.logs.into_iter().enumerate() {
            if let Some(e) = kept(m, horizon, floor, staying.logs[i]) {
                files.entry(e.at.file).or_default().logs.push(e);
            }
        }
        // In the order of the lines, as they came.
        for events in files.values_mut() {
            events.requests.sort_by_key(|e| e.at);
            events.requests.shrink_to_fit();
            events.errors.sort_by_key(|e| e.at);
            events.states.sort_by_key(|e| e.at);
            events.logs.sort_by_key(|e| e.at);
        }
        self.files = files;
    }
}

/// Whether a line of an error log speaks of the proxy's own life; the others speak of single requests, and are as many.
pub(super) fn is_of_proxy(e: &ErrorEvent) -> bool {
    use Meaning::{ProxyCrash, ProxyReload, ProxyStarted, ProxyStopped};
    let meaning = e.signal.as_ref().map(|s| s.meaning);
    matches!(meaning, Some(ProxyCrash | ProxyReload | ProxyStarted | ProxyStopped))
}

/// Whether a message was recognised as one that means something: it stays for good.
pub(super) fn says_something(e: &LogEvent) -> bool {
    e.signal.as_ref().is_some_and(|s| s.meaning != Meaning::Noise)
}

fn kept<T: Row>(mut m: Moment<T>, horizon: Horizon, floor: i64, stays: bool) -> Option<T> {
    if horizon.takes_line(&m) {
        m.e.settle();
    }
    (!m.e.is_settled() || m.hi >= floor || stays).then_some(m.e)
}
