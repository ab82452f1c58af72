//! Messages that name no request, joined by when and where they were written.
//!
//! On the way to a crash an application says what it is doing, not for whom. Messages of one kind that appear with requests of one
//! route are those requests'; where as many messages as requests stand close together, they belong to each other in
//! their order.

use std::collections::BTreeMap;

use super::placing::{self, Said, Writer};
use super::stated::{self, CLEAR};
use super::{Join, Joined, reaches};
use logjoin_parse::Product;

use crate::clock::ClockModel;
use crate::event::LogEvent;
use crate::failing::Failing;
use crate::index::{Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scene::{MS, SECOND};
use crate::signals::{Meaning, Scope};
use crate::timeline::{Moment, Timed, World};
use crate::vocabulary::Mechanism;

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
/// How sure a pair by order is where none is left over, and there is too much to weigh.
const COMPLETE: f64 = 0.86;
/// Where this much of the probability is on messages, none of them clear, it is not said that there is none.
const OPEN: f64 = 0.1;
/// Messages given to one request.
const MOST: usize = 8;

/// How long after a failure the served requests are known in a thinned world, at least.
const LATEST: i64 = 30 * SECOND;

/// A request that may have written a message: a failed one (by its number), or a served one.
struct Owner {
    failing: Option<usize>,
    start: (i64, i64),
    end: (i64, i64),
    /// When the message can have been written.
    from: i64,
    to: i64,
    order: (i64, crate::event::At),
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
                let at = joins[*i].instances.last() == Some(&instance);
                at && reaches(failing[*i].mechanism) && failing[*i].mechanism != Mechanism::ClientGone
            })
            .collect();
        if here.is_empty() {
            continue;
        }
        let band = clocks.band(instance) + 10 * MS;
        let near = stretches(here.iter().map(|i| (failing[*i].start.0 - SECOND, failing[*i].end.1 + LATEST)));
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
            let mut given = assign(&lines, &owners);
            by_habit(&lines, &owners, (band, covered_s), &mut given, &mut open);
            for (o, l, confidence) in given {
                let row = Row::Log(lines[l].0 as u32);
                found.extend(owners[o].failing.map(|f| (f, Joined { row, how: "time", confidence })));
            }
        }
    }
    open.into_iter().for_each(|f| joins[f].ambiguous = true);
    for (f, joined) in found {
        let lines = &mut joins[f].lines;
        if !lines.iter().any(|l| l.row == joined.row)
            && lines.iter().filter(|l| l.how == "time").count() < MOST
        {
            lines.push(joined);
        }
    }
}

/// Stretches of time without overlaps, in order.
fn stretches(all: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = all.collect();
    all.sort_unstable();
    all.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
    all
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

/// Stretches of time, to be found by a moment: sorted by their beginning, with the length of the longest.
struct Stretches {
    by_start: Vec<(i64, i64, usize)>,
    longest: i64,
}

impl Stretches {
    fn new(all: impl Iterator<Item = (i64, i64)>) -> Stretches {
        let mut by_start: Vec<(i64, i64, usize)> = all.enumerate().map(|(n, (lo, hi))| (lo, hi, n)).collect();
        by_start.sort_unstable();
        let longest = by_start.iter().map(|s| s.1.saturating_sub(s.0)).max().unwrap_or(0);
        Stretches { by_start, longest }
    }

    /// The numbers of those that touch `lo..=hi`, in order of their beginnings.
    fn touching(&self, lo: i64, hi: i64) -> impl Iterator<Item = usize> + '_ {
        let first = self.by_start.partition_point(|s| s.0 < lo.saturating_sub(self.longest));
        let near = self.by_start[first..].iter().take_while(move |s| s.0 <= hi);
        near.filter(move |s| s.1 >= lo).map(|s| s.2)
    }
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

type Line<'a> = (usize, &'a Moment<LogEvent>);

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
        let nameless = m.e.target == 0 && m.e.id == 0;
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
    for e in index.near(t.r.method, t.r.key, t.start_lo - 50 * MS, t.end_hi + 50 * MS) {
        let fits = e.lo <= t.end_hi + 50 * MS && e.hi >= t.start_lo - 50 * MS;
        if e.instance as usize != t.instance
            && fits
            && e.status == t.r.status
            && (e.agent == 0 || e.agent == t.r.agent)
        {
            if at.is_some_and(|i| i != e.instance) {
                return None;
            }
            at = Some(e.instance);
        }
    }
    at.map(|i| i as usize)
}

/// A request, a message, and how sure it is that they belong together.
type Given = (usize, usize, f64);

/// How sure it is whose each message is: by where in their requests such messages are written, and in which order. What was
/// given in heaps stays (those requests write several); of the rest, `given` is made anew, unless there is too much to weigh. Who
/// may own one, but none for sure, is `open`.
fn by_habit(
    lines: &[Line<'_>],
    owners: &[Owner],
    (band, covered_s): (i64, f64),
    given: &mut Vec<Given>,
    open: &mut Vec<usize>,
) {
    let mut owned = vec![0; owners.len()];
    given.iter().for_each(|g| owned[g.0] += 1);
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
    let heaps: Vec<(usize, usize)> = given.iter().filter(|g| owned[g.0] > 1).map(|g| (g.0, g.1)).collect();
    let placed = placing::place(&messages, &writers, &heaps, slack, covered_s);
    if placed.is_empty() {
        return;
    }
    // What is left over is weighed with what was given out of the way.
    let all: Vec<(usize, usize)> = given.iter().map(|g| (g.0, g.1)).collect();
    let rest = placing::place(&messages, &writers, &all, slack, covered_s);
    let odds = |sure: f64| if sure == COMPLETE { EVERY_ONE } else { IN_ORDER };
    let by_order: BTreeMap<usize, (usize, f64)> =
        given.iter().filter(|g| owned[g.0] == 1).map(|g| (g.0, (g.1, odds(g.2)))).collect();
    given.retain(|g| owned[g.0] > 1);
    // Who wrote a heap was the only one there: if such requests write several, as heaps among those with messages show, each
    // message is its own, or nobody's; if they write one, only one is.
    let heaped = owned.iter().filter(|n| **n > 1).count() as f64;
    let told = owned.iter().filter(|n| **n > 0).count() as f64;
    let several = (heaped + 1.0) / (told + 2.0);
    for g in given.iter_mut() {
        let own = placing::alone(&messages, &writers, (g.0, g.1), slack, covered_s);
        g.2 = stated::message(own * (several + (1.0 - several) / owned[g.0] as f64)).min(SUREST);
    }
    given.retain(|g| {
        let is_clear = g.2 >= CLEAR;
        if !is_clear {
            open.extend(owners[g.0].failing);
        }
        is_clear
    });
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
            given.push((o, l, stated::message(p).min(SUREST)));
        } else {
            open.extend(owners[o].failing);
        }
    }
}

/// How long what a message speaks of took, nanoseconds.
fn took(m: &Moment<LogEvent>) -> Option<i64> {
    let ms = m.e.signal.as_ref()?.duration_ms?;
    Some((ms as i64).saturating_mul(MS))
}

/// Gives messages to requests, cluster by cluster: what overlaps hangs together.
fn assign(lines: &[Line<'_>], owners: &[Owner]) -> Vec<Given> {
    let mut found: Vec<Given> = Vec::new();
    let covers = |o: &Owner, m: &Moment<LogEvent>| m.hi >= o.from && m.lo <= o.to;
    let of_owners = Stretches::new(owners.iter().map(|o| (o.from, o.to)));
    let of_lines = Stretches::new(lines.iter().map(|(_, m)| (m.lo, m.hi)));
    let mut used = vec![false; lines.len()];
    let mut spent = vec![false; owners.len()];
    // First the pairs that precise stamps decide: one message in a narrow place, and no other narrow place for it.
    let is_narrow = |o: &Owner| o.to - o.from <= NARROW;
    for (l, (_, m)) in lines.iter().enumerate() {
        let mut near = of_owners.touching(m.lo, m.hi).filter(|o| is_narrow(&owners[*o]));
        if let (Some(o), None) = (near.next(), near.next())
            && of_lines.touching(owners[o].from, owners[o].to).nth(1).is_none()
        {
            (used[l], spent[o]) = (true, true);
            found.push((o, l, 0.88));
        }
    }
    let mut is_mine = vec![false; owners.len()];
    let mut is_member = vec![false; lines.len()];
    for start in 0..lines.len() {
        if used[start] {
            continue;
        }
        // The cluster of this message.
        let mut members = vec![start];
        let mut mine: Vec<usize> = Vec::new();
        is_member[start] = true;
        let mut k = 0;
        while k < members.len() {
            let here = lines[members[k]].1;
            for n in of_owners.touching(here.lo, here.hi) {
                if spent[n] || std::mem::replace(&mut is_mine[n], true) {
                    continue;
                }
                mine.push(n);
                for l in of_lines.touching(owners[n].from, owners[n].to) {
                    if !used[l] && !std::mem::replace(&mut is_member[l], true) {
                        members.push(l);
                    }
                }
            }
            k += 1;
        }
        members.sort_unstable();
        mine.sort_unstable();
        members.iter().for_each(|m| used[*m] = true);
        let mut give = |owner: usize, line: usize, confidence: f64| found.push((owner, line, confidence));
        if let [one] = mine[..] {
            // A long request covers much that is not its own.
            if owners[one].to - owners[one].from <= LONG || members.len() == lines.len() && lines.len() > 1 {
                members.iter().for_each(|m| give(one, *m, 0.92));
            }
            continue;
        }
        if members.len() > CLUSTER || mine.len() > CLUSTER {
            continue;
        }
        let fits = |mine: &[usize]| -> Vec<Vec<bool>> {
            let row = |m: &usize| mine.iter().map(|o| covers(&owners[*o], lines[*m].1)).collect();
            members.iter().map(row).collect()
        };
        // Written when handlers fail, messages are in the order of ends; written when they begin, in that of starts.
        let (most, sure) = in_order(&fits(&mine));
        let mut by_start = mine.clone();
        by_start.sort_by_key(|o| (owners[*o].start, owners[*o].order));
        let (most_by_start, sure_by_start) = in_order(&fits(&by_start));
        if most_by_start > most {
            let is_complete = sure_by_start.len() == members.len() && members.len() == mine.len();
            for (m, o) in sure_by_start {
                // Which of two began first is not known where their starts are not.
                let own = &owners[by_start[o]];
                let is_distinct = by_start.iter().all(|other| {
                    let other = &owners[*other];
                    std::ptr::eq(own, other)
                        || own.start.1 <= other.start.0
                        || other.start.1 <= own.start.0
                        || !covers(other, lines[members[m]].1)
                });
                if is_distinct {
                    give(by_start[o], members[m], if is_complete { COMPLETE } else { 0.85 });
                }
            }
            continue;
        }
        let is_complete = sure.len() == members.len() && sure.len() == mine.len();
        for (m, o) in sure {
            give(mine[o], members[m], if is_complete { COMPLETE } else { 0.85 });
        }
    }
    found
}

/// A single message inside a longer stretch than this is chance.
const LONG: i64 = 3 * SECOND;
/// A place is narrow up to this width.
const NARROW: i64 = 150 * MS;
/// Larger clusters say nothing.
const CLUSTER: usize = 300;

/// Both sides are in order of time, so pairs do not cross. Of all ways to match as many as possible, the pairs that are in
/// every one; and how many that is.
fn in_order(fits: &[Vec<bool>]) -> (u32, Vec<(usize, usize)>) {
    let (n, k) = (fits.len(), fits.first().map_or(0, Vec::len));
    // Most pairs among the first `i` and `j`, and among those from `i` and `j` on.
    let mut head = vec![vec![0u32; k + 1]; n + 1];
    let mut tail = head.clone();
    for i in 1..=n {
        for j in 1..=k {
            let with = if fits[i - 1][j - 1] { head[i - 1][j - 1] + 1 } else { 0 };
            head[i][j] = with.max(head[i - 1][j]).max(head[i][j - 1]);
        }
    }
    for i in (0..n).rev() {
        for j in (0..k).rev() {
            let with = if fits[i][j] { tail[i + 1][j + 1] + 1 } else { 0 };
            tail[i][j] = with.max(tail[i + 1][j]).max(tail[i][j + 1]);
        }
    }
    let best = head[n][k];
    let mut sure = Vec::new();
    for i in 0..n {
        let mut can = (0..k).filter(|j| fits[i][*j] && head[i][*j] + 1 + tail[i + 1][j + 1] == best);
        // A line that could as well be left out belongs to nobody for sure.
        let dispensable = (0..=k).any(|j| head[i][j] + tail[i + 1][j] == best);
        if let (Some(one), None, false) = (can.next(), can.next(), dispensable) {
            sure.push((i, one));
        }
    }
    (best, sure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rows: &[&str]) -> Vec<Vec<bool>> {
        rows.iter().map(|r| r.bytes().map(|b| b == b'x').collect()).collect()
    }

    #[test]
    fn only_pairs_without_an_alternative() {
        // As many lines as requests: the order decides.
        assert_eq!(in_order(&fits(&["xx", "xx"])).1, [(0, 0), (1, 1)]);
        // One line, two requests that fit: nobody's.
        assert_eq!(in_order(&fits(&["xx"])).1, []);
        // The second line fits one request only, and so decides for the first.
        assert_eq!(in_order(&fits(&["xx.", ".x."])).1, [(0, 0), (1, 1)]);
        // A line too many.
        assert_eq!(in_order(&fits(&["x", "x"])).1, []);
    }
}
