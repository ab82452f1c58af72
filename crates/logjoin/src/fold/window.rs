//! The rows that are in view: what is not settled yet, what lies just before it, and a few that stay for good.

use std::collections::{BTreeMap, BTreeSet};

use super::aside::Lean;
use crate::clock::{rank, sample_rank};
use crate::event::{ErrorEvent, Events, LogEvent, Request};
use crate::par;
use crate::room;
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
        let mine = self.files.entry(file).or_default();
        room::more(&mut mine.requests, events.requests.len());
        room::more(&mut mine.errors, events.errors.len());
        mine.append(events);
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
            let goes = |(i, t): (usize, &Timed)| {
                let is_settled = t.r.settled || horizon.takes(t);
                let least = if t.r.detail.is_some() { floors.failed } else { floor };
                if t.is_lent && (!is_settled || t.end_hi >= floor) {
                    // It is in its block.
                    return Goes::Away;
                }
                if is_settled && t.end_hi < least && !staying.requests[i] {
                    return Goes::Away;
                }
                let is_past = is_settled && t.end_hi < floor.saturating_sub(RECENT) && !staying.firsts[i];
                if is_past { Goes::Past } else { Goes::Back }
            };
            let goes: Vec<Goes> = requests.iter().enumerate().map(goes).collect();
            let back = requests.iter().zip(&goes).filter(|(_, goes)| **goes == Goes::Back);
            make_room(&mut files, |e| &mut e.requests, back.map(|(t, _)| t.r.at.file));
            for (mut t, goes) in requests.into_iter().zip(goes) {
                t.r.settled |= horizon.takes(&t);
                let file = t.r.at.file;
                match goes {
                    Goes::Away => {}
                    Goes::Past => past.entry(file).or_default().push(t.r),
                    Goes::Back => files.entry(file).or_default().requests.push(t.r),
                }
            }
        };
        par::join(whole, || lean.settle(horizon, floor));
        lean.give_back(&mut files);
        give_back(world.errors, (horizon, floors.failed, &staying.errors), &mut files, |e| &mut e.errors);
        give_back(world.states, (horizon, floor, &staying.states), &mut files, |e| &mut e.states);
        give_back(world.logs, (horizon, floor, &staying.logs), &mut files, |e| &mut e.logs);
        // In the order of the lines, as they came.
        for events in files.values_mut() {
            par::arrange(&mut events.requests, |e| e.at);
            par::arrange(&mut events.errors, |e| e.at);
            par::arrange(&mut events.states, |e| e.at);
            par::arrange(&mut events.logs, |e| e.at);
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

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Away,
    Past,
    Back,
}

/// Makes room for exactly as many rows as come back, of which these are the files: lists that grow leave holes behind them.
fn make_room<T>(
    files: &mut BTreeMap<u32, Events>,
    list: impl Fn(&mut Events) -> &mut Vec<T>,
    of: impl Iterator<Item = u32>,
) {
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    of.for_each(|file| *rows.entry(file).or_default() += 1);
    for (file, n) in rows {
        room::more(list(files.entry(file).or_default()), n);
    }
}

/// Gives lines back to their files: those that are not settled before the horizon, not over before the floor, or stay anyway.
fn give_back<T: Row>(
    rows: Vec<Moment<T>>,
    (horizon, floor, staying): (Horizon, i64, &[bool]),
    files: &mut BTreeMap<u32, Events>,
    list: impl Fn(&mut Events) -> &mut Vec<T>,
) {
    let is_settled = |m: &Moment<T>| m.e.is_settled() || horizon.takes_line(m);
    let stays = |(m, stays): (&Moment<T>, &bool)| !is_settled(m) || m.hi >= floor || *stays;
    let stays: Vec<bool> = rows.iter().zip(staying).map(stays).collect();
    let back = rows.iter().zip(&stays).filter(|(_, stays)| **stays);
    make_room(files, &list, back.map(|(m, _)| m.e.at().file));
    for (mut m, _) in rows.into_iter().zip(stays).filter(|(_, stays)| *stays) {
        if is_settled(&m) {
            m.e.settle();
        }
        list(files.entry(m.e.at().file).or_default()).push(m.e);
    }
}
