//! Zones by content: lines of a log without a zone name requests, and the log that has these requests says when they were.
//!
//! Each line that names a request votes for the zones, multiples of fifteen minutes, in which it would stand beside one. Requests
//! that come again and again vote for many zones, and settle nothing; of ordinary lines, most agree on one.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::{Anchor, Stamp};

use super::found::{Found, FoundZone};
use super::{Calendar, QUARTER, SECOND};
use crate::event::{At, Events};
use crate::hash::{Map, pair};
use crate::ids;
use crate::packed::AnyRequest;
use crate::plan::Plan;
use crate::trail::Trail;

/// Most lines of a source that are held against requests.
const MOST_LINES: usize = 4096;
/// Requests with one name after which it says nothing.
const MOST_ALIKE: usize = 64;
/// Lines that must agree.
const ENOUGH: usize = 5;
/// So many lines that name a request and do not agree never will.
const HOPELESS: usize = 1024;
/// Most requests that are looked at in all; by then it is known, or never.
const MOST_REQUESTS: usize = 8_000_000;
/// How long before or after its request a line may be written.
const NEAR: i64 = 5 * SECOND;
/// A request that took longer could stand in two zones.
const LONGEST: i64 = QUARTER / 2 - 2 * NEAR;
/// The widest zones are fourteen hours from UTC, in quarters of an hour.
const WIDEST: i64 = 14 * 4;

/// Looks for zones while the files are being read.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// What was found so far.
    pub found: Found,
    /// Lines that name requests, by source; where a log is read before the one that has its requests, they wait here.
    lines: BTreeMap<usize, Vec<Naming>>,
    /// Up to which line a file was looked at.
    seen: BTreeMap<u32, u64>,
    /// Sources of which nothing more is to be found out.
    settled: BTreeSet<usize>,
    /// Instances with requests.
    tied: BTreeSet<usize>,
    requests: usize,
}

/// A line that names a request.
#[derive(Debug, Clone, Copy)]
struct Naming {
    /// On its host's clock, read as UTC; and how much later it may be.
    wall: i64,
    width: i64,
    target: u64,
    /// Of a line of a proxy's error log.
    client: u64,
    id: u64,
}

impl Naming {
    /// What it is compared by, best first; `is_own`: with requests of the same host, which names clients as the line does.
    fn keys(&self, is_own: bool) -> impl Iterator<Item = u64> {
        let by_id = (self.id != 0).then(|| of_id(self.id));
        let by_target =
            (self.target != 0).then(|| of_target(self.target, if is_own { self.client } else { 0 }));
        by_id.into_iter().chain(by_target)
    }
}

fn of_id(id: u64) -> u64 {
    pair(1, id)
}

fn of_target(target: u64, client: u64) -> u64 {
    pair(target, client)
}

/// A request with one of the names looked for.
#[derive(Debug, Clone, Copy)]
struct Named {
    source: usize,
    /// When it began and ended.
    from: i64,
    to: i64,
}

impl Calendar {
    /// Decides when all is read, by what the lines say too.
    pub fn of_all(plan: &Plan, trails: &[Trail], files: &BTreeMap<u32, Events>) -> (Calendar, Found) {
        let mut finder = Finder::default();
        let mut calendar = Calendar::decide(plan, trails, &finder.found);
        if finder.look(plan, &calendar, files.iter().map(|(f, e)| (*f, e))) {
            calendar = Calendar::decide(plan, trails, &finder.found);
        }
        if finder.assume(plan, &calendar, trails) {
            calendar = Calendar::decide(plan, trails, &finder.found);
        }
        (calendar, finder.found)
    }
}

impl Finder {
    /// Looks at rows that wait to be judged, each perhaps several times; whether a zone was found.
    pub fn look<'e>(
        &mut self,
        plan: &Plan,
        calendar: &Calendar,
        files: impl Iterator<Item = (u32, &'e Events)> + Clone,
    ) -> bool {
        let source_of = |file: u32| plan.files[file as usize].source;
        for (file, events) in files.clone() {
            // Connections that a proxy passed on unread tie it to nobody.
            if events.all_requests().any(|r| r.target() != 0) {
                self.tied.insert(plan.sources[source_of(file)].instance);
            }
        }
        let mut open: Vec<usize> =
            (0..plan.sources.len()).filter(|i| self.is_open(plan, calendar, *i)).collect();
        if open.is_empty() || self.requests >= MOST_REQUESTS {
            return false;
        }
        for (file, events) in files.clone().filter(|(f, _)| open.contains(&source_of(*f))) {
            self.add_lines(source_of(file), file, events, calendar);
        }
        open.retain(|i| self.lines.get(i).is_some_and(|l| l.len() >= ENOUGH));
        if open.is_empty() {
            return false;
        }
        // Whose requests count: those of the same host where it has any, else those of the proxies.
        let is_told = |i: usize| !calendar.sources[i].is_open;
        let has_rows =
            |(file, events): &(u32, &Events)| is_told(source_of(*file)) && events.request_count() > 0;
        let told: Vec<(u32, &Events)> = files.filter(has_rows).collect();
        let instance = |file: u32| plan.sources[source_of(file)].instance;
        let owners: BTreeSet<usize> = told.iter().map(|(f, _)| instance(*f)).collect();
        let is_own = |i: usize| owners.contains(&plan.sources[i].instance);
        let mut wanted: Map<u64, Vec<Named>> = Map::default();
        for i in &open {
            let keys = self.lines[i].iter().flat_map(|n| n.keys(is_own(*i)));
            keys.for_each(|k| _ = wanted.entry(k).or_default());
        }
        for (file, events) in &told {
            let is_wanted = |i: &usize| match is_own(*i) {
                true => plan.sources[*i].instance == instance(*file),
                false => plan.instances[instance(*file)].is_proxy,
            };
            if open.iter().any(is_wanted) {
                self.requests += events.request_count();
                add_requests(source_of(*file), *file, events, calendar, &mut wanted);
            }
        }
        let mut has_new = false;
        for i in open {
            let mut counts = Counts::default();
            for line in &self.lines[&i] {
                counts.add(line, is_own(i), &wanted, |source| {
                    let other = plan.sources[source].instance;
                    if is_own(i) { other == plan.sources[i].instance } else { plan.instances[other].is_proxy }
                });
            }
            let winner = counts.winner();
            if let Some((quarters, n, source)) = winner.filter(|w| w.0 != 0) {
                let (m, id) = (counts.lines, &plan.sources[source].id);
                let reason = format!("{n} of {m} lines name requests that {id} has at that time");
                self.found.add(i, FoundZone { offset_s: (quarters * 900) as i32, reason, assumed: None });
                has_new = true;
            }
            if winner.is_some() || counts.lines >= HOPELESS {
                self.settled.insert(i);
                self.lines.remove(&i);
            }
        }
        has_new
    }

    /// Once all is read and nothing was settled: see [`Found::assume`].
    pub fn assume(&mut self, plan: &Plan, calendar: &Calendar, trails: &[Trail]) -> bool {
        self.found.assume(plan, calendar, trails, |instance| self.tied.contains(&instance))
    }

    /// Whether a source has a zone that its lines could tell better. Where the clock of its host will be fitted by requests that
    /// have no zone either, that says the same of all its logs.
    fn is_open(&self, plan: &Plan, calendar: &Calendar, i: usize) -> bool {
        let zone = &calendar.sources[i];
        zone.is_open
            && !self.settled.contains(&i)
            && self.found.of(i).is_none()
            && self.found.beside(plan, i).is_none()
            && !(zone.assumed_s.is_some() && self.tied.contains(&plan.sources[i].instance))
    }

    fn add_lines(&mut self, source: usize, file: u32, events: &Events, calendar: &Calendar) {
        let seen = self.seen.entry(file).or_default();
        let mut calendar = calendar.of(file);
        let mut latest = *seen;
        let lines = self.lines.entry(source).or_default();
        let mut add = |at: At, stamp: &Stamp, target: u64, client: u64, id: u64| {
            latest = latest.max(at.line);
            if at.line > *seen && (target != 0 || id != 0) && lines.len() < MOST_LINES {
                let wall = calendar.moment(at.line, stamp);
                lines.push(Naming { wall, width: stamp.width_ns(), target, client, id });
            }
        };
        for e in &events.errors {
            let id = e.request_id.as_ref().and_then(|id| ids::id(id.as_bytes())).unwrap_or(0);
            // An error line without a client is about a request of nobody.
            add(e.at, &e.stamp, if e.client == 0 { 0 } else { e.target }, e.client, id);
        }
        for e in &events.logs {
            // The first address of a message is anybody's.
            add(e.at, &e.stamp, e.target, 0, e.id);
        }
        *seen = latest;
    }
}

/// Adds the requests whose names are wanted.
fn add_requests(
    source: usize,
    file: u32,
    events: &Events,
    calendar: &Calendar,
    wanted: &mut Map<u64, Vec<Named>>,
) {
    let mut calendar = calendar.of(file);
    for r in events.all_requests() {
        let (id, target) = match r {
            AnyRequest::Whole(r) => (r.id, r.target),
            AnyRequest::Packed(b, p) => (p.id(), b.target(p).target),
        };
        let mut keys = [0; 3];
        if id != 0 {
            keys[0] = of_id(id);
        }
        if target != 0 {
            keys[1] = of_target(target, r.client());
            keys[2] = of_target(target, 0);
        }
        let mut named = None;
        for key in keys.into_iter().filter(|k| *k != 0) {
            let Some(list) = wanted.get_mut(&key).filter(|l| l.len() <= MOST_ALIKE) else { continue };
            list.push(*named.get_or_insert_with(|| {
                let (stamp, anchor) = match r {
                    AnyRequest::Whole(r) => (r.stamp, r.anchor),
                    AnyRequest::Packed(b, p) => (b.stamp(p), b.anchor(p)),
                };
                let t = calendar.moment(r.at().line, &stamp);
                let lasted = r.duration_ns().unwrap_or(0).max(0);
                let (from, to) = if anchor == Anchor::Start { (t, t + lasted) } else { (t - lasted, t) };
                Named { source, from, to: to.saturating_add(stamp.width_ns()) }
            }));
        }
    }
}

/// The votes of a source's lines.
#[derive(Debug, Default)]
struct Counts {
    /// Lines that name a request that is there.
    lines: usize,
    /// By zone, in quarters of an hour.
    zones: BTreeMap<i64, usize>,
    /// Whose requests stand there.
    sources: BTreeMap<(i64, usize), usize>,
}

impl Counts {
    fn add(
        &mut self,
        line: &Naming,
        is_own: bool,
        wanted: &Map<u64, Vec<Named>>,
        is_of: impl Fn(usize) -> bool,
    ) {
        let named = line.keys(is_own).filter_map(|k| wanted.get(&k));
        let Some(named) = named.into_iter().find(|l| !l.is_empty() && l.len() <= MOST_ALIKE) else { return };
        let mut zones: BTreeSet<i64> = BTreeSet::new();
        let mut is_there = false;
        for r in named.iter().filter(|r| is_of(r.source) && r.to - r.from <= LONGEST) {
            is_there = true;
            let quarters = (line.wall - r.from / 2 - r.to / 2 + QUARTER / 2).div_euclid(QUARTER);
            let t = line.wall - quarters * QUARTER;
            let is_near = r.from - NEAR - line.width <= t && t <= r.to + NEAR;
            if is_near && quarters.abs() <= WIDEST && zones.insert(quarters) {
                *self.zones.entry(quarters).or_default() += 1;
                *self.sources.entry((quarters, r.source)).or_default() += 1;
            }
        }
        self.lines += usize::from(is_there);
    }

    /// The zone that most lines agree on, how many, and whose requests they name most.
    fn winner(&self) -> Option<(i64, usize, usize)> {
        let best = self.zones.iter().max_by_key(|(q, n)| (**n, std::cmp::Reverse(q.abs())))?;
        let (quarters, n) = (*best.0, *best.1);
        let next = self.zones.iter().filter(|z| *z.0 != quarters).map(|z| *z.1).max().unwrap_or(0);
        if n < ENOUGH || n * 3 < self.lines * 2 || n < next * 2 {
            return None;
        }
        let of = self.sources.range((quarters, 0)..=(quarters, usize::MAX));
        let source = of.max_by_key(|((_, s), n)| (**n, std::cmp::Reverse(*s))).map(|((_, s), _)| *s)?;
        Some((quarters, n, source))
    }
}
