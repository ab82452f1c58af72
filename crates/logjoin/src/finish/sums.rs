//! What is counted of all rows, each once, when it is settled: sums that know neither slices nor the order of the rows.

use std::collections::BTreeMap;

use super::all::All;
use super::few::Few;
use super::messages::Messages;
use crate::analysis::Ledger;
use crate::event::At;
use crate::fold::{Lean, Look, Part, Passing};
use crate::packed::AnyRequest;
use crate::par;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::timeline::{Horizon, Row, World};
use serde::{Deserialize, Serialize};

/// Requests that are counted at a time.
const PIECE: usize = 1 << 13;

/// First and last of some moments.
pub(crate) type Range = Option<(i64, i64)>;

/// The sums.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sums {
    pub all: All,
    pub messages: Messages,
    /// Requests of the proxies.
    pub requests: u64,
    pub by_status: BTreeMap<i32, u64>,
    /// When requests ended: those of proxies, and all.
    pub proxied: Range,
    pub ended: Range,
    /// Requests that each instance logged, and those of them whose lines say what was asked for.
    pub named: Vec<(u64, u64)>,
    /// When each instance wrote of requests or messages.
    pub covered: Vec<Range>,
    /// When each source was written.
    pub sources: Vec<Range>,
    /// Events outside the range that was asked for, by file.
    outside: BTreeMap<u32, Outside>,
}

/// Some requests of one file.
#[derive(Debug)]
pub(super) struct Tally {
    file: u32,
    pub instance: usize,
    /// When the first and the last of them ended.
    first: i64,
    last: i64,
    requests: u64,
    named: u64,
    by_status: Few<i32, u64>,
    /// The status of the last ones, and how many of them are not counted by it yet.
    same: (i32, u64),
}

impl Tally {
    pub fn new(file: u32, instance: usize) -> Tally {
        let (first, last) = (i64::MAX, i64::MIN);
        Tally { file, instance, first, last, requests: 0, named: 0, by_status: Few::default(), same: (0, 0) }
    }

    #[inline(always)]
    pub fn add(&mut self, r: AnyRequest<'_>, end: i64) {
        (self.first, self.last) = (end.min(self.first), end.max(self.last));
        self.requests += 1;
        self.named += u64::from(r.is_named());
        if self.same.0 != r.status() {
            self.close();
            self.same.0 = r.status();
        }
        self.same.1 += 1;
    }

    /// Counts the last ones.
    fn close(&mut self) {
        let (status, n) = (self.same.0, std::mem::take(&mut self.same.1));
        if n > 0 {
            *self.by_status.at(status) += n;
        }
    }
}

/// Lines of requests, and between which moments they ended.
struct Places {
    horizon: Horizon,
    rows: Vec<(u64, i64, i64)>,
}

impl Look for Places {
    #[inline(always)]
    fn look(&mut self, p: Passing<'_>) {
        if p.is_taken(self.horizon) {
            self.rows.push((p.r.at().line, p.span.end_lo, p.span.end_hi));
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Outside {
    events: u64,
    followers: u64,
}

/// How many lines follow each event, by file and line; and the lines within events that have rows of their own.
#[derive(Debug, Default)]
pub(crate) struct Tails {
    pub after: BTreeMap<u32, Vec<(u64, u64)>>,
    pub inner: BTreeMap<u32, Vec<u64>>,
}

impl Tails {
    /// Adds those of a file.
    pub fn add(&mut self, file: u32, after: Vec<(u64, u64)>, inner: Vec<u64>) {
        // A line that a container engine split comes after lines that stand behind its first piece.
        let list = self.after.entry(file).or_default();
        list.extend(after);
        list.sort_unstable();
        list.dedup_by(|next, first| {
            let is_same = next.0 == first.0;
            if is_same {
                first.1 += next.1;
            }
            is_same
        });
        let list = self.inner.entry(file).or_default();
        list.extend(inner);
        list.sort_unstable();
    }

    fn is_inner(&self, at: At) -> bool {
        self.inner.get(&at.file).is_some_and(|l| l.binary_search(&at.line).is_ok())
    }

    fn of(&self, at: At) -> u64 {
        let Some(list) = self.after.get(&at.file) else { return 0 };
        list.binary_search_by_key(&at.line, |t| t.0).map_or(0, |i| list[i].1)
    }
}

fn widen(range: &mut Range, t: i64) {
    let (lo, hi) = range.unwrap_or((t, t));
    *range = Some((lo.min(t), hi.max(t)));
}

impl Sums {
    pub fn new(plan: &Plan) -> Sums {
        Sums {
            all: All::new(),
            messages: Messages::default(),
            requests: 0,
            by_status: BTreeMap::new(),
            proxied: None,
            ended: None,
            named: vec![(0, 0); plan.instances.len()],
            covered: vec![None; plan.instances.len()],
            sources: vec![None; plan.sources.len()],
            outside: BTreeMap::new(),
        }
    }

    /// Adds what is settled now.
    pub fn add(&mut self, scene: &Scene<'_>, lean: &Lean, horizon: Horizon, tails: &Tails) {
        let tallies = self.all.add(scene, lean, horizon);
        self.messages.add(scene, horizon);
        let (plan, world) = (scene.plan, scene.world);
        let source = |at: At| plan.files[at.file as usize].source;
        let of_whole = par::pieces(&world.requests, PIECE, |_, piece| {
            let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
            for t in piece.iter().filter(|t| horizon.takes(t)) {
                let file = t.r.at.file;
                let tally = tallies.entry(file).or_insert_with(|| Tally::new(file, t.instance));
                tally.add(AnyRequest::Whole(&t.r), t.end_lo);
            }
            tallies
        });
        let of_whole = of_whole.into_iter().flat_map(BTreeMap::into_values);
        of_whole.chain(tallies).for_each(|tally| self.count(plan, tally));
        for m in world.logs.iter().filter(|m| horizon.takes_line(m)) {
            widen(&mut self.covered[m.instance], m.lo);
        }
        let mut line = |at: At, t: i64| widen(&mut self.sources[source(at)], t);
        world.errors.iter().filter(|m| horizon.takes_line(m)).for_each(|m| line(m.e.at, m.lo));
        world.states.iter().filter(|m| horizon.takes_line(m)).for_each(|m| line(m.e.at, m.lo));
        world.logs.iter().filter(|m| horizon.takes_line(m)).for_each(|m| line(m.e.at, m.lo));
        if plan.options.since_ns.is_some() || plan.options.until_ns.is_some() {
            self.filter(plan, world, lean, horizon, tails);
        }
    }

    /// Adds what was counted elsewhere, of other rows.
    pub fn merge(&mut self, other: Sums) {
        fn all(into: &mut [Range], other: Vec<Range>) {
            for (own, other) in into.iter_mut().zip(other) {
                join(own, other);
            }
        }
        fn join(into: &mut Range, other: Range) {
            other.into_iter().for_each(|(lo, hi)| {
                widen(into, lo);
                widen(into, hi);
            });
        }
        self.all.merge(other.all);
        self.messages.merge(other.messages);
        self.requests += other.requests;
        other.by_status.into_iter().for_each(|(status, n)| *self.by_status.entry(status).or_default() += n);
        join(&mut self.proxied, other.proxied);
        join(&mut self.ended, other.ended);
        for (own, other) in self.named.iter_mut().zip(other.named) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
        all(&mut self.covered, other.covered);
        all(&mut self.sources, other.sources);
        for (file, other) in other.outside {
            let own = self.outside.entry(file).or_default();
            own.events += other.events;
            own.followers += other.followers;
        }
    }

    /// Whether they are those of a plan's instances and sources.
    pub fn fit(&self, plan: &Plan) -> bool {
        let instances = plan.instances.len();
        (self.named.len(), self.covered.len(), self.sources.len())
            == (instances, instances, plan.sources.len())
    }

    fn count(&mut self, plan: &Plan, mut tally: Tally) {
        tally.close();
        let Tally { file, instance, first, last, .. } = tally;
        if tally.requests == 0 {
            return;
        }
        let covered = [
            &mut self.ended,
            &mut self.covered[instance],
            &mut self.sources[plan.files[file as usize].source],
        ];
        for of in covered {
            widen(of, first);
            widen(of, last);
        }
        let named = &mut self.named[instance];
        *named = (named.0 + tally.requests, named.1 + tally.named);
        if plan.instances[instance].is_proxy {
            self.requests += tally.requests;
            for (status, n) in tally.by_status {
                *self.by_status.entry(status).or_default() += n;
            }
            widen(&mut self.proxied, first);
            widen(&mut self.proxied, last);
        }
    }

    /// What a scene would know if it had all rows.
    pub fn stand_in(&self, scene: &mut Scene<'_>) {
        scene.range = self.ended;
        scene.covered.clone_from(&self.covered);
    }

    /// Mean time between the requests of the proxies, nanoseconds: where requests are rare, silence says little.
    pub fn mean_gap(&self) -> i64 {
        let n = self.requests as i64;
        let (first, last) = self.proxied.unwrap_or((0, 0));
        if n > 1 { (last - first) / n } else { 0 }
    }

    /// The middle of the time in which requests ended.
    pub fn middle(&self) -> i64 {
        let (first, last) = self.ended.unwrap_or((0, 0));
        first + (last - first) / 2
    }

    /// Counts the events outside the range that was asked for, with all their lines. They are still looked at: what caused a
    /// failure may have happened before the range. An event without any time is in no range and stays an event.
    fn filter(&mut self, plan: &Plan, world: &World, lean: &Lean, horizon: Horizon, tails: &Tails) {
        let (since, until) = (plan.options.since_ns, plan.options.until_ns);
        // As failures are chosen: what may have happened within the range is in it.
        let inside = |lo: i64, hi: i64| since.is_none_or(|s| hi > s) && until.is_none_or(|u| lo < u);
        let mut rows: Vec<(u32, u64, bool)> = Vec::new();
        let mut add = |at: At, lo: i64, hi: i64| rows.push((at.file, at.line, inside(lo, hi)));
        world.requests.iter().filter(|t| horizon.takes(t)).for_each(|t| add(t.r.at, t.end_lo, t.end_hi));
        world.errors.iter().filter(|m| horizon.takes_line(m)).for_each(|m| add(m.e.at(), m.lo, m.hi));
        world.states.iter().filter(|m| horizon.takes_line(m)).for_each(|m| add(m.e.at(), m.lo, m.hi));
        world.logs.iter().filter(|m| horizon.takes_line(m)).for_each(|m| add(m.e.at(), m.lo, m.hi));
        let places = |part: &Part<'_>| {
            let mut places = Places { horizon, rows: Vec::new() };
            part.show(&mut places);
            let is_inside = |(line, lo, hi)| (part.file, line, inside(lo, hi));
            places.rows.into_iter().map(is_inside).collect::<Vec<_>>()
        };
        lean.parts(places).into_iter().for_each(|mut part| rows.append(&mut part));
        // Nobody sees these again.
        rows.extend(world.far.iter().map(|at| (at.file, at.line, false)));
        // Mostly in order already.
        rows.sort();
        // One event may have several rows; the last of them says whether any is inside.
        for group in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((file, line, false)) = group.last() else { continue };
            let at = At::new(*file, *line);
            if !tails.is_inner(at) {
                let sum = self.outside.entry(*file).or_default();
                sum.events += 1;
                sum.followers += tails.of(at);
            }
        }
    }

    /// The ledger of a file, with what is outside the range as filtered.
    pub fn filtered(&self, file: u32, ledger: Ledger) -> Ledger {
        let Some(outside) = self.outside.get(&file) else { return ledger };
        let mut l = ledger;
        let (events, followers) = (outside.events.min(l.events), outside.followers.min(l.continuations));
        (l.events, l.continuations) = (l.events - events, l.continuations - followers);
        l.filtered += events + followers;
        debug_assert!(l.holds(), "{l:?}");
        l
    }
}
