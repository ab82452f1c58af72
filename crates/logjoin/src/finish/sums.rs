//! What is counted of all rows, each once, when it is settled: sums that know neither slices nor the order of the rows.

use std::collections::BTreeMap;

use super::all::All;
use super::few::Few;
use super::messages::Messages;
use crate::analysis::Ledger;
use crate::event::At;
use crate::fold::{Lean, Passing};
use crate::packed::AnyRequest;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::timeline::{Horizon, Row, World};

/// First and last of some moments.
pub(crate) type Range = Option<(i64, i64)>;

/// The sums.
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
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Which file, which instance, and when the first and the last of them ended.
    of: Option<(u32, usize, (i64, i64))>,
    requests: u64,
    named: u64,
    by_status: Few<i32, u64>,
}

impl Tally {
    pub fn add(&mut self, r: AnyRequest<'_>, instance: usize, end: i64) {
        let (.., (first, last)) = self.of.get_or_insert_with(|| (r.at().file, instance, (end, end)));
        (*first, *last) = (end.min(*first), end.max(*last));
        self.requests += 1;
        self.named += u64::from(r.target() != 0);
        *self.by_status.at(r.status()) += 1;
    }
}

#[derive(Debug, Clone, Copy, Default)]
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
        for t in world.requests.iter().filter(|t| horizon.takes(t)) {
            let mut one = Tally::default();
            one.add(AnyRequest::Whole(&t.r), t.instance, t.end_lo);
            self.count(plan, one);
        }
        tallies.into_iter().for_each(|tally| self.count(plan, tally));
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

    fn count(&mut self, plan: &Plan, tally: Tally) {
        let Some((file, instance, range)) = tally.of else { return };
        let covered = [
            &mut self.ended,
            &mut self.covered[instance],
            &mut self.sources[plan.files[file as usize].source],
        ];
        for of in covered {
            widen(of, range.0);
            widen(of, range.1);
        }
        let named = &mut self.named[instance];
        *named = (named.0 + tally.requests, named.1 + tally.named);
        if plan.instances[instance].is_proxy {
            self.requests += tally.requests;
            for (status, n) in tally.by_status {
                *self.by_status.entry(status).or_default() += n;
            }
            widen(&mut self.proxied, range.0);
            widen(&mut self.proxied, range.1);
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
        let places = |part: &mut dyn Iterator<Item = Passing<'_>>| -> Vec<(u32, u64, bool)> {
            let taken = part.filter(|p| p.is_taken(horizon));
            taken.map(|p| (p.r.at().file, p.r.at().line, inside(p.span.end_lo, p.span.end_hi))).collect()
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
