//! From stamps as written to moments on one clock.
//!
//! Two steps, in this order. First each stamp becomes a moment on the clock of its own host: a missing zone and a missing
//! year are filled in as [`crate::calendar`] decided. Then, when the clocks are fitted ([`crate::clock`]), each host's
//! clock is put on the reference.

use std::collections::BTreeMap;

use logjoin_parse::{Anchor, Stamp};
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::clock::ClockModel;
use crate::event::{At, ErrorEvent, Events, LogEvent, Request, StateChange};
use crate::par;
use crate::plan::Plan;
use crate::room;
use crate::times::spans;

/// Requests that are counted at a time.
const COUNTED: usize = 1 << 13;

/// A request with its place in time: each end lies between a lower and an upper bound.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Timed {
    pub r: Request,
    pub instance: usize,
    pub start_lo: i64,
    pub start_hi: i64,
    pub end_lo: i64,
    pub end_hi: i64,
    /// The duration was logged.
    pub has_duration: bool,
    /// A copy of a packed row, which stays where it is.
    pub is_lent: bool,
}

/// Between which moments a request began and ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub start_lo: i64,
    pub start_hi: i64,
    pub end_lo: i64,
    pub end_hi: i64,
    pub has_duration: bool,
}

impl Span {
    /// Puts it on another clock.
    pub fn shift(&mut self, by: i64) {
        for t in [&mut self.start_lo, &mut self.start_hi, &mut self.end_lo, &mut self.end_hi] {
            *t -= by;
        }
    }
}

impl Timed {
    pub fn new(r: Request, instance: usize, at: Span) -> Timed {
        let Span { start_lo, start_hi, end_lo, end_hi, has_duration } = at;
        Timed { r, instance, start_lo, start_hi, end_lo, end_hi, has_duration, is_lent: false }
    }

    pub fn span(&self) -> Span {
        let Timed { start_lo, start_hi, end_lo, end_hi, has_duration, .. } = *self;
        Span { start_lo, start_hi, end_lo, end_hi, has_duration }
    }
}

/// Something with one moment, known to lie in `[lo, hi)`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moment<T> {
    pub e: T,
    pub instance: usize,
    pub lo: i64,
    pub hi: i64,
}

impl<T> Moment<T> {
    /// The middle.
    pub fn mid(&self) -> i64 {
        self.lo + (self.hi - self.lo) / 2
    }
}

/// Up to which moment of the reference clock everything is known and may be counted and judged for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Horizon(pub i64);

impl Horizon {
    /// All of it.
    pub const END: Horizon = Horizon(i64::MAX);

    /// Whether a request is to be settled now: once, when it has ended.
    pub fn takes(self, t: &Timed) -> bool {
        !t.r.settled && t.end_lo <= self.0
    }

    /// The same for a line.
    pub fn takes_line<T: Row>(self, m: &Moment<T>) -> bool {
        !m.e.is_settled() && m.lo <= self.0
    }
}

/// What all rows have.
pub(crate) trait Row {
    fn at(&self) -> At;
    fn is_settled(&self) -> bool;
    fn settle(&mut self);
}

macro_rules! rows {
    ($($row:ty),*) => {$(
        impl Row for $row {
            fn at(&self) -> At {
                self.at
            }
            fn is_settled(&self) -> bool {
                self.settled
            }
            fn settle(&mut self) {
                self.settled = true;
            }
        }
    )*};
}

rows!(Request, ErrorEvent, StateChange, LogEvent);

/// Everything, in order of time.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub requests: Vec<Timed>,
    pub errors: Vec<Moment<ErrorEvent>>,
    pub states: Vec<Moment<StateChange>>,
    pub logs: Vec<Moment<LogEvent>>,
    /// The labels of servers behind their hashes.
    pub labels: BTreeMap<u64, String>,
    /// Of which requests all are here; none: of all.
    pub complete: Option<Complete>,
    /// Places of the requests that were [left out](World::narrow).
    pub far: Vec<At>,
    /// Of instances with error logs: where the first line of them stands, and when it was written.
    pub errors_from: BTreeMap<usize, (At, i64)>,
    /// How many requests each instance logged.
    counts: Vec<usize>,
    /// The longest stretch in which the end of a request is known to lie.
    widest_end: i64,
}

/// Puts all events on the clocks of their hosts: by file, in the order of the lines.
pub(crate) fn resolve(
    plan: &Plan,
    files: impl IntoIterator<Item = (u32, Events)>,
    calendar: &Calendar,
) -> World {
    let mut world = World { errors_from: errors_from(plan, calendar), ..World::default() };
    let files: Vec<(u32, Events)> = files.into_iter().collect();
    // There is room for exactly these.
    let rows = |of: fn(&Events) -> usize| files.iter().map(|(_, e)| of(e)).sum();
    room::more(&mut world.requests, rows(Events::request_count));
    room::more(&mut world.errors, rows(|e| e.errors.len()));
    world.states.reserve_exact(rows(|e| e.states.len()));
    room::more(&mut world.logs, rows(|e| e.logs.len()));
    for (file, mut events) in files {
        events.unpack();
        let instance = plan.sources[plan.files[file as usize].source].instance;
        let spans = spans(&events.requests, file, calendar);
        let mut calendar = calendar.of(file);
        let mut at = |at: At, stamp: &Stamp| calendar.moment(at.line, stamp);
        world.labels.extend(events.labels);
        let timed = events.requests.into_iter().zip(spans).map(|(r, span)| Timed::new(r, instance, span));
        world.requests.extend(timed);
        fn push<T>(out: &mut Vec<Moment<T>>, e: T, lo: i64, stamp: Stamp, instance: usize) {
            out.push(Moment { e, instance, lo, hi: lo + stamp.width_ns() });
        }
        for e in events.errors {
            let (lo, stamp) = (at(e.at, &e.stamp), e.stamp);
            push(&mut world.errors, e, lo, stamp, instance);
        }
        for e in events.states {
            let (lo, stamp) = (at(e.at, &e.stamp), e.stamp);
            push(&mut world.states, e, lo, stamp, instance);
        }
        for e in events.logs {
            let (lo, stamp) = (at(e.at, &e.stamp), e.stamp);
            push(&mut world.logs, e, lo, stamp, instance);
        }
    }
    world.sort();
    world
}

/// From when on the error logs of the instances tell, by the first line of each set.
fn errors_from(plan: &Plan, calendar: &Calendar) -> BTreeMap<usize, (At, i64)> {
    let mut out: BTreeMap<usize, (At, i64)> = BTreeMap::new();
    for source in plan.sources.iter().filter(|s| s.kind == Some(logjoin_parse::Kind::Error)) {
        let first = source.files.iter().find_map(|f| Some((*f as u32, plan.files[*f].begins?)));
        let Some((file, stamp)) = first else { continue };
        let from = (At::new(file, 1), calendar.of(file).moment(1, &stamp));
        let known = out.entry(source.instance).or_insert(from);
        if from.1 < known.1 {
            *known = from;
        }
    }
    out
}

impl World {
    /// These rows, on the reference clock.
    pub fn of(
        requests: Vec<Timed>,
        errors: Vec<Moment<ErrorEvent>>,
        states: Vec<Moment<StateChange>>,
        logs: Vec<Moment<LogEvent>>,
    ) -> World {
        World { requests, errors, states, logs, ..World::default() }
    }

    /// Puts everything on the reference clock.
    pub fn shift(&mut self, clocks: &ClockModel) {
        par::for_each(&mut self.requests, |r| {
            let stamp = if r.r.anchor == Anchor::Start { r.start_lo } else { r.end_lo };
            let by = clocks.offset_at(r.instance, r.r.at, stamp);
            r.start_lo -= by;
            r.start_hi -= by;
            r.end_lo -= by;
            r.end_hi -= by;
        });
        fn shift<T>(list: &mut [Moment<T>], clocks: &ClockModel, at: impl Fn(&T) -> At) {
            for m in list {
                let by = clocks.offset_at(m.instance, at(&m.e), m.lo);
                m.lo -= by;
                m.hi -= by;
            }
        }
        shift(&mut self.errors, clocks, |e| e.at);
        shift(&mut self.states, clocks, |e| e.at);
        shift(&mut self.logs, clocks, |e| e.at);
        for (instance, (at, lo)) in &mut self.errors_from {
            *lo -= clocks.offset_at(*instance, *at, *lo);
        }
        self.sort();
    }

    /// Leaves out the requests that ended further from the range that was asked for than the options allow.
    pub fn narrow(&mut self, plan: &Plan) {
        let Some((from, to)) = plan.options.range_of_requests() else { return };
        let far = &mut self.far;
        self.requests.retain(|t| {
            let is_near = t.end_hi >= from && t.end_lo <= to;
            // What is settled was counted where it was.
            if !is_near && !t.r.settled {
                far.push(t.r.at);
            }
            is_near
        });
    }

    /// Requests that may have ended between two moments, in order of ends.
    pub fn ended(&self, from: i64, to: i64) -> impl Iterator<Item = &Timed> + '_ {
        let first = self.requests.partition_point(|t| t.end_lo < from.saturating_sub(self.widest_end));
        self.requests[first..].iter().take_while(move |t| t.end_lo <= to).filter(move |t| t.end_hi >= from)
    }

    /// The number of one of the requests.
    pub fn number_of(&self, t: &Timed) -> Option<usize> {
        self.requests.binary_search_by_key(&(t.end_lo, t.r.at), |r| (r.end_lo, r.r.at)).ok()
    }

    /// Whether all requests with a key are here.
    pub fn has_all(&self, key: u64) -> bool {
        self.complete.as_ref().is_none_or(|c| c.has(key))
    }

    /// How many requests an instance logged.
    pub fn requests_of(&self, instance: usize) -> usize {
        self.counts.get(instance).copied().unwrap_or(0)
    }

    /// Notes what is asked of all requests.
    pub fn count(&mut self) {
        let parts = par::pieces(&self.requests, COUNTED, |_, piece| {
            let (mut counts, mut widest) = (Vec::new(), 0);
            for t in piece {
                widest = widest.max(t.end_hi - t.end_lo);
                if t.instance >= counts.len() {
                    counts.resize(t.instance + 1, 0);
                }
                counts[t.instance] += 1;
            }
            (counts, widest)
        });
        self.counts.clear();
        self.widest_end = 0;
        for (counts, widest) in parts {
            self.widest_end = self.widest_end.max(widest);
            self.counts.resize(self.counts.len().max(counts.len()), 0);
            self.counts.iter_mut().zip(counts).for_each(|(sum, n): (_, usize)| *sum += n);
        }
    }

    /// Puts everything in order of time.
    pub fn sort(&mut self) {
        self.count();
        par::arrange(&mut self.requests, |r| (r.end_lo, r.r.at));
        par::arrange(&mut self.errors, |m| (m.lo, m.e.at));
        par::arrange(&mut self.states, |m| (m.lo, m.e.at));
        par::arrange(&mut self.logs, |m| (m.lo, m.e.at));
    }
}

/// The requests of which a thinned world has all.
#[derive(Debug, Default)]
pub(crate) struct Complete {
    /// Those whose keys [rank](crate::clock::rank) up to here,
    pub limit: u64,
    /// and those with one of these keys.
    pub keys: crate::hash::Map<u64, ()>,
}

impl Complete {
    pub fn has(&self, key: u64) -> bool {
        key != 0 && (crate::clock::rank(key) <= self.limit || self.keys.contains_key(&key))
    }
}
