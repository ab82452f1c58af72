//! Messages that name no request, joined by when and where they were written.
//!
//! On the way to a crash an application says what it is doing, not for whom. Messages of one kind that appear with requests of one
//! route are those requests'; where as many messages as requests stand close together, they belong to each other in
//! their order.

use std::collections::BTreeMap;

use super::clusters::{Given, Stretches, Why, assign};
use super::placing::{self, Said, Writer};
use super::stated::{self, CLEAR};
use super::{Join, Joined, reaches};
use logjoin_parse::Product;

use crate::clock::ClockModel;
use crate::event::LogEvent;
use crate::failing::Failing;
use crate::hash::short;
use crate::index::{Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scene::{MS, SECOND};
use crate::signals::{Meaning, Scope};
use crate::spans::merged;
use crate::timeline::{Moment, Timed, World};
use crate::vocabulary::{JoinedBy, Mechanism};

/// Share of the messages of a kind that must lie inside requests of the route.
const SHARE: f64 = 0.75;
/// Kinds of messages that appear more often than this many times as often as failed requests are everyday noise.
const EVERYDAY: usize = 4;
/// A message at the start of a request is written within this time of it, and one at its end too.
const NEAR: i64 = 20 * MS;
/// Share of the messages of a kind that must stand at starts (or ends).
const AT: f64 = 0.9;
/// No message without a name is surer than this.
const SUREST: f64 = 0.97;
/// That messages and requests which stand close together are matched in their order, when as many as possible are, makes a pair
/// so many times likelier; and so many times where none of either is left over.
const IN_ORDER: f64 = 12.0;
const EVERY_ONE: f64 = 24.0;
/// Where this much of the probability is on messages, none of them clear, it is not said that there is none.
const OPEN: f64 = 0.1;
/// Messages given to one request.
const MOST: usize = 8;

/// How long after a failure the served requests are known in a thinned world, at least.
const LATEST: i64 = 30 * SECOND;

/// A request that may have written a message: a failed one (by its number), or a served one.
pub(super) struct Owner {
    failing: Option<usize>,
    pub start: (i64, i64),
    end: (i64, i64),
    /// When the message can have been written.
    pub from: i64,
    pub to: i64,
    pub order: (i64, crate::event::At),
    /// The backend may have gone on when the proxy had given up.
    is_late: bool,
}

impl Owner {
    fn failed(number: usize, f: &Failing, world: &World) -> Owner {
        let t = &world.requests[f.request];
        let (from, to) = span(f);
        let is_late = f.mechanism == Mechanism::ReadTimeout;
        let order = (f.end_ns, t.r.at);
        Owner { failing: Some(number), start: f.start, end: f.end, from, to, order, is_late }
    }

    fn served(t: &Timed) -> Owner {
        let (start, end) = ((t.start_lo, t.start_hi), (t.end_lo, t.end_hi));
        let order = (t.end_lo, t.r.at);
        Owner { failing: None, start, end, from: t.start_lo, to: t.end_hi, order, is_late: false }
    }
}

pub(super) fn join(
    plan: &Plan,
    world: &World,
    index: &Index<'_>,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
    joins: &mut [Join],
) {
    let mut found: Vec<(usize, Joined)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for instance in 0..plan.instances.len() {
        if plan.instances[instance].is_proxy || !clocks.is_known(instance) {
            continue;
        }
        let here: Vec<usize> = (0..failing.len())
            .filter(|i| {
                let at = joins[*i].instances.last() == Some(&instance) && !failing[*i].went_on();
                at && reaches(failing[*i].mechanism) && failing[*i].mechanism != Mechanism::ClientGone
            })
            .collect();
        if here.is_empty() {
            continue;
        }
        let band = clocks.band(instance) + 10 * MS;
        let around = |i: &usize| (failing[*i].start.0 - SECOND, failing[*i].end.1 + LATEST);
        let near = merged(here.iter().map(around).collect(), 0);
        let covered_s = match &world.complete {
            Some(_) => near.iter().map(|(from, to)| (to - from) as f64 / 1e9).sum(),
            None => covered(world, instance),
        };
        for mut lines in kinds(plan, world, instance, joins).into_values() {
            // What was said once may be chance, unless only one request failed.
            if lines.len() > EVERYDAY * here.len().max(4) || lines.len() == 1 && here.len() > 2 {
                continue;
            }
            if world.complete.is_some() {
                // The served requests are only known near failures.
                lines.retain(|(_, m)| {
                    let next = near.partition_point(|(_, to)| *to < m.lo);
                    near.get(next).is_some_and(|(from, _)| *from <= m.hi)
                });
            }
            let Some(group) = group_of(world, failing, &here, &lines, band) else { continue };
            let mut owners: Vec<Owner> = Vec::new();
            for i in here.iter().copied().filter(|i| group.has(&failing[*i], world)) {
                owners.push(Owner::failed(i, &failing[i], world));
            }
            // More messages than failed requests: the served ones write them too.
            let is_everyday = lines.len() * 5 > owners.len() * 6;
            if let (true, Group::Route(route)) = (is_everyday, group) {
                let (first, last) = (lines[0].1.lo - SECOND, lines[lines.len() - 1].1.hi + SECOND);
                for t in world
                    .requests
                    .iter()
                    .filter(|t| t.r.route == route && plan.instances[t.instance].is_proxy)
                {
                    let is_served = (200..500).contains(&t.r.status) && t.r.status != 499;
                    let is_near = t.end_hi >= first && t.start_lo <= last;
                    if is_served && is_near && went_to(index, peers, t) == Some(instance) {
                        owners.push(Owner::served(t));
                    }
                }
            }
            place(&lines, &mut owners, band);
            owners.sort_by_key(|o| o.order);
            let given = assign(&lines, &owners);
            for (o, l, confidence) in by_habit(&lines, &owners, (band, covered_s), &given, &mut open) {
                let row = Row::Log(lines[l].0 as u32);
                found.extend(owners[o].failing.map(|f| (f, Joined { row, how: JoinedBy::Time, confidence })));
            }
        }
    }
    open.into_iter().for_each(|f| joins[f].ambiguous = true);
    for (f, joined) in found {
        let lines = &mut joins[f].lines;
        if !lines.iter().any(|l| l.row == joined.row)
            && lines.iter().filter(|l| l.how == JoinedBy::Time).count() < MOST
        {
            lines.push(joined);
        }
    }
}

/// For how long the messages of an instance go, seconds.
fn covered(world: &World, instance: usize) -> f64 {
    let own = || world.logs.iter().filter(|m| m.instance == instance);
    let first = own().map(|m| m.lo).min().unwrap_or(0);
    let last = own().map(|m| m.hi).max().unwrap_or(0);
    (last - first) as f64 / 1e9
}

/// When the handler of a failed request can have run.
fn span(f: &Failing) -> (i64, i64) {
    (f.start.0, f.end.1)
}

/// Where in a request messages of a kind are written: if nearly all of them stand at some request's start, or at some
/// request's end, then it is there, and nowhere else in between.
fn place(lines: &[Line<'_>], owners: &mut [Owner], band: i64) {
    let share = |which: fn(&Owner) -> (i64, i64)| {
        let places = Stretches::new(owners.iter().map(which));
        let is_near =
            |m: &Moment<LogEvent>| places.touching(m.lo - band - NEAR, m.hi + band + NEAR).next().is_some();
        lines.iter().filter(|(_, m)| is_near(m)).count() as f64 / lines.len().max(1) as f64
    };
    let at_start = share(|o| o.start);
    let at_end = share(|o| o.end);
    let width =
        |which: fn(&Owner) -> (i64, i64)| owners.iter().map(|o| which(o).1 - which(o).0).max().unwrap_or(0);
    let by_start = at_start >= AT && (at_end < AT || width(|o| o.start) <= width(|o| o.end));
    let by_end = !by_start && at_end >= AT;
    for o in owners {
        let (from, to) = match (by_start, by_end) {
            (true, _) => (o.start.0 - NEAR, o.start.1 + NEAR),
            (_, true) => (o.end.0 - NEAR, o.end.1 + NEAR),
            _ => (o.from, o.to),
        };
        (o.from, o.to) = (from - band, to + band);
        if by_start {
            o.order.0 = o.start.0 + (o.start.1 - o.start.0) / 2;
        }
    }
}

pub(super) type Line<'a> = (usize, &'a Moment<LogEvent>);

/// Messages that name nothing, by kind, in order of time.
fn kinds<'a>(plan: &Plan, world: &'a World, instance: usize, joins: &[Join]) -> BTreeMap<u64, Vec<Line<'a>>> {
    let taken: std::collections::BTreeSet<Row> =
        joins.iter().flat_map(|j| j.lines.iter().map(|l| l.row)).collect();
    let mut kinds: BTreeMap<u64, Vec<Line<'a>>> = BTreeMap::new();
    for (i, m) in world.logs.iter().enumerate() {
        // What speaks of a process, a worker or the host is about an event, not about a request.
        use Meaning::{DependencyExhausted, DependencyFailed, PeerGone, RequestException, Slow};
        let of_request = m.e.signal.as_ref().is_none_or(|s| {
            s.scope == Scope::Request
                || matches!(
                    s.meaning,
                    DependencyExhausted | DependencyFailed | PeerGone | RequestException | Slow
                )
        });
        // A path alone fits many requests: where it did not tell whose the message is, time may.
        let nameless = (m.e.target == 0 || m.e.method == 0) && m.e.id == 0;
        let is_app = plan.sources[plan.files[m.e.at.file as usize].source].writer.product == Product::Backend;
        if m.instance == instance
            && is_app
            && of_request
            && nameless
            && m.hi - m.lo <= SECOND
            && !taken.contains(&Row::Log(i as u32))
        {
            kinds.entry(m.e.template).or_default().push((i, m));
        }
    }
    kinds
}

/// The requests that messages of a kind may belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Route(u64),
    Mechanism(Mechanism),
}

impl Group {
    fn has(self, f: &Failing, world: &World) -> bool {
        match self {
            Group::Route(r) => world.requests[f.request].r.route == r,
            Group::Mechanism(m) => f.mechanism == m,
        }
    }
}

/// The route whose failed requests cover most of the messages of a kind; or, where the messages are as rare as the
/// failures themselves, what the failures have in common.
fn group_of(
    world: &World,
    failing: &[Failing],
    here: &[usize],
    lines: &[Line<'_>],
    band: i64,
) -> Option<Group> {
    let mut covered: BTreeMap<Group, usize> = BTreeMap::new();
    let spans = Stretches::new(here.iter().map(|i| span(&failing[*i])));
    for (_, m) in lines {
        // What took long began long before it was told.
        let mut groups: Vec<Group> = spans
            .touching(m.lo - took(m).unwrap_or(0) - band, m.hi + band)
            .flat_map(|n| {
                let f = &failing[here[n]];
                [Group::Route(world.requests[f.request].r.route), Group::Mechanism(f.mechanism)]
            })
            .collect();
        groups.sort_unstable();
        groups.dedup();
        for g in groups {
            *covered.entry(g).or_default() += 1;
        }
    }
    let enough = |n: usize| n as f64 >= SHARE * lines.len() as f64;
    let best = |is_route: bool| {
        covered
            .iter()
            .filter(|(g, n)| matches!(g, Group::Route(_)) == is_route && enough(**n))
            .max_by_key(|(g, n)| (**n, std::cmp::Reverse(**g)))
            .map(|(g, _)| *g)
    };
    // As many messages as failed requests: they are theirs alone.
    let is_enough_for_all = |g: &Group| {
        let size = here.iter().filter(|i| g.has(&failing[**i], world)).count();
        lines.len() * 10 <= size * 13
    };
    let by_mechanism = best(false).filter(is_enough_for_all);
    best(true).filter(is_enough_for_all).or(by_mechanism).or(best(true))
}

/// The instance that a served request went to: by its label, or because its line stands in one instance's log only.
fn went_to(index: &Index<'_>, peers: &Peers, t: &Timed) -> Option<usize> {
    if t.r.server != 0 {
        return peers.by_hash(t.r.server);
    }
    let mut at = None;
    for e in index.near((t.r.method, t.r.key), short(t.r.agent), t.start_lo - 50 * MS, t.end_hi + 50 * MS) {
        let fits = e.lo <= t.end_hi + 50 * MS && e.hi >= t.start_lo - 50 * MS;
        if e.instance as usize != t.instance
            && fits
            && e.status == t.r.status
            && (e.agent == 0 || e.agent == short(t.r.agent))
        {
            if at.is_some_and(|i| i != e.instance) {
                return None;
            }
            at = Some(e.instance);
        }
    }
    at.map(|i| i as usize)
}

/// How sure it is whose each message is: by where in their requests such messages are written, and in which order. What was
/// given in heaps stays (those requests write several); what was given singly is weighed anew, unless there is too much to weigh.
/// Who may own one, but none for sure, is `open`. Returns requests, messages, and how sure it is that they belong together.
fn by_habit(
    lines: &[Line<'_>],
    owners: &[Owner],
    (band, covered_s): (i64, f64),
    given: &[Given],
    open: &mut Vec<usize>,
) -> Vec<(usize, usize, f64)> {
    let mut owned = vec![0; owners.len()];
    given.iter().for_each(|g| owned[g.owner] += 1);
    let messages: Vec<Said> = lines
        .iter()
        .map(|(_, m)| Said { at: (m.lo, m.hi), took: took(m), place: (m.e.at.file, m.e.at.line) })
        .collect();
    let writers: Vec<Writer> = owners
        .iter()
        .map(|o| Writer {
            start: o.start,
            end: o.end,
            place: (o.order.1.file, o.order.1.line),
            has_failed: o.failing.is_some(),
            is_late: o.is_late,
        })
        .collect();
    let slack = band + NEAR;
    let heaps: Vec<(usize, usize)> =
        given.iter().filter(|g| owned[g.owner] > 1).map(|g| (g.owner, g.line)).collect();
    let placed = placing::place(&messages, &writers, &heaps, slack, covered_s);
    if placed.is_empty() {
        return given.iter().map(|g| (g.owner, g.line, g.why.confidence())).collect();
    }
    // What is left over is weighed with what was given out of the way.
    let all: Vec<(usize, usize)> = given.iter().map(|g| (g.owner, g.line)).collect();
    let rest = placing::place(&messages, &writers, &all, slack, covered_s);
    let odds = |why: Why| if why == Why::WholeOrder { EVERY_ONE } else { IN_ORDER };
    let singly = given.iter().filter(|g| owned[g.owner] == 1);
    let by_order: BTreeMap<usize, (usize, f64)> = singly.map(|g| (g.owner, (g.line, odds(g.why)))).collect();
    // Who wrote a heap was the only one there: if such requests write several, as heaps among those with messages show, each
    // message is its own, or nobody's; if they write one, only one is.
    let heaped = owned.iter().filter(|n| **n > 1).count() as f64;
    let told = owned.iter().filter(|n| **n > 0).count() as f64;
    let several = (heaped + 1.0) / (told + 2.0);
    let mut out: Vec<(usize, usize, f64)> = Vec::new();
    for (o, l) in heaps {
        let own = placing::alone(&messages, &writers, (o, l), slack, covered_s);
        let sure = stated::message(own * (several + (1.0 - several) / owned[o] as f64)).min(SUREST);
        if sure >= CLEAR {
            out.push((o, l, sure));
        } else {
            open.extend(owners[o].failing);
        }
    }
    let mut best: BTreeMap<usize, (f64, usize, f64)> = BTreeMap::new();
    let was_given = |o: &usize| owned[*o] == 1;
    let placed = placed.into_iter().filter(|(o, ..)| was_given(o));
    let rest = rest.into_iter().filter(|(o, ..)| owned[*o] == 0);
    for (o, l, p) in placed.chain(rest) {
        let odds = by_order.get(&o).filter(|by| by.0 == l).map_or(1.0, |by| by.1);
        let p = odds * p / (1.0 - p + odds * p);
        let b = best.entry(o).or_insert((0.0, l, 0.0));
        b.2 += p;
        if p > b.0 {
            (b.0, b.1) = (p, l);
        }
    }
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut sure: Vec<(f64, usize, usize)> = Vec::new();
    for (o, (p, l, any)) in best {
        if stated::message(p) >= CLEAR {
            sure.push((p, o, l));
        } else if any >= OPEN {
            open.extend(owners[o].failing);
        }
    }
    sure.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    for (p, o, l) in sure {
        if *taken.entry(l).or_insert(o) == o {
            out.push((o, l, stated::message(p).min(SUREST)));
        } else {
            open.extend(owners[o].failing);
        }
    }
    out
}

/// How long what a message speaks of took, nanoseconds.
fn took(m: &Moment<LogEvent>) -> Option<i64> {
    let ms = m.e.signal.as_ref()?.duration_ms?;
    Some((ms as i64).saturating_mul(MS))
}
