//! Lines that name what a failed request asked for, joined by everything else that both sides say.
//!
//! All requests for one target compete for the lines about it, the served ones too, and each line goes to one of them
//! ([`super::assign`]). How well a line fits a request follows from what is usual between these two logs ([`super::laws`]); how
//! often a request that ended in some way leaves a line, and a line with an error status, is learned as the claims are settled,
//! round by round. What cannot be told apart is *ambiguous*.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::assign::{Pair, UNSETTLED, probabilities};
use super::claims::{self, Claim};
use super::lateness::{Delays, Late, Sighting};
use super::laws::Laws;
use super::order::Order;
use super::sequence::Sequence;
use super::stated::{self, CLEAR};
use super::{Join, Joined};
use crate::clock::ClockModel;
use crate::event::At;
use crate::failing::Failing;
use crate::hash::Map;
use crate::index::{Entry, Index, Row};
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::World;
use crate::vocabulary::Mechanism;

const SECOND: i64 = 1_000_000_000;
/// Where this much of the probability is on lines, none of them clear, it is not said that there is none.
const OPEN: f64 = 0.1;
/// A request is taken to have been at an instance from this probability on.
const FOUND: f64 = 0.9;
/// No join without an id is surer than this.
const SURE: f64 = 0.995;
/// Rounds in which it is learned how often which requests leave lines.
const ROUNDS: usize = 3;
/// A pair that fits so much worse than the best one of its line or its request is none.
const HOPELESS: f64 = 1e-6;
/// The same, for a line and a request that are each other's best.
const TAKEN: f64 = 1e-3;
/// The order of the lines is measured over so much time before and after an open question.
const MEASURED: i64 = 15 * SECOND;
/// Status lines of errors: 5xx, and the 499 of a server whose client went away.
fn is_error(status: i32) -> bool {
    status >= 499
}

/// Lines of one kind, of which a request has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The access lines of all instances: a try goes to one of them. Of an instance that writes several logs, one each.
    Access(usize),
    /// Messages of one wording, of one instance.
    Message { template: u64, instance: usize },
}

/// What is learned: of the claims that ended in this way, how many have a line, and one with an error status.
#[derive(Debug, Clone, Copy, Default)]
struct Habit {
    claims: f64,
    joined: f64,
    errors: f64,
}

type Habits = BTreeMap<(Kind, Option<Mechanism>), Habit>;

/// The claims and lines of one target and one kind.
struct Group {
    kind: Kind,
    claims: Vec<Claim>,
    lines: Vec<Entry>,
    /// Claim, line, and how much likelier than chance they belong together, habits apart.
    pairs: Vec<(u32, u32, f64)>,
    /// Of each pair that is late: the delay, and how probable the line's moments were taken to be, per second.
    late: Vec<Option<Late>>,
}

/// Everything that the join looks at.
pub(super) struct Sources<'a> {
    pub plan: &'a Plan,
    pub world: &'a World,
    pub index: &'a Index<'a>,
    pub peers: &'a Peers,
    pub clocks: &'a ClockModel,
}

pub(super) fn join(from: &Sources<'_>, failing: &[Failing], joins: &mut [Join]) {
    let wanted = claims::failed(from.plan, from.world, from.peers, failing, joins);
    if wanted.is_empty() {
        return;
    }
    let laws = Laws::learn(from.plan, from.world, from.index, from.peers, from.clocks);
    let all = groups(from, &laws, failing, joins, wanted);
    let (access, mut messages): (Vec<Group>, Vec<Group>) =
        all.into_iter().partition(|g| matches!(g.kind, Kind::Access(_)));
    let mut access = access;
    let mut settled = in_rounds(from, &access, None);
    if let Some(order) = order(from, &mut access, &settled) {
        settled = in_rounds(from, &access, Some(order));
    }
    // Messages of a request stand in the log of the instance that its access line names.
    let went = if messages.is_empty() { HashMap::new() } else { instances(&access, &settled) };
    for g in &mut messages {
        let Kind::Message { instance, .. } = g.kind else { continue };
        g.pairs.retain(|(c, _, _)| {
            let c = &g.claims[*c as usize];
            c.instance.is_some() || went.get(&c.request).is_none_or(|at| at.contains(&instance))
        });
        g.late = vec![None; g.pairs.len()];
    }
    let said = in_rounds(from, &messages, None);
    for (g, p) in access.iter().zip(&settled).chain(messages.iter().zip(&said)) {
        give(g, p, joins);
    }
}

/// Settles all groups of a sort, learning from each round for the next.
fn in_rounds(from: &Sources<'_>, groups: &[Group], crossing: Option<f64>) -> Vec<Vec<f64>> {
    let mut habits = Habits::new();
    let mut late = Delays::default();
    let mut settled = par::map(groups, |g| settle(from, g, &habits, &late, crossing));
    for _ in 1..ROUNDS {
        late = delays(groups, &settled);
        habits = learn(groups, &settled);
        settled = par::map(groups, |g| settle(from, g, &habits, &late, crossing));
    }
    settled
}

/// Where joins are not settled, the order of the lines is asked; how often lines cross, if that was worth while.
fn order(from: &Sources<'_>, groups: &mut [Group], settled: &[Vec<f64>]) -> Option<f64> {
    let mut spans = Vec::new();
    let mut open = Vec::new();
    for (n, (g, p)) in groups.iter().zip(settled).enumerate() {
        let is_open = |((c, _, _), p): &(&(u32, u32, f64), &f64)| {
            UNSETTLED.contains(*p) && g.claims[*c as usize].failing.is_some()
        };
        let before = spans.len();
        spans.extend(g.pairs.iter().zip(p).filter(is_open).map(|((_, l, _), _)| {
            let e = &g.lines[*l as usize];
            (e.lo - MEASURED, e.hi + MEASURED)
        }));
        if spans.len() > before {
            open.push(n);
        }
    }
    if open.is_empty() {
        return None;
    }
    let order = Order::learn(from, spans);
    if order.is_empty() {
        return None;
    }
    for n in open {
        let g = &mut groups[n];
        for (c, l, w) in &mut g.pairs {
            let (c, e) = (&g.claims[*c as usize], &g.lines[*l as usize]);
            if c.is_answered() {
                let front = from.world.requests[c.request].r.at;
                *w *= order.fits(front, at_of(from, e.row), c.end, e.hi - e.lo);
            }
        }
    }
    Some(order.crossing())
}

fn at_of(from: &Sources<'_>, row: Row) -> At {
    match row {
        Row::Request(i) => from.world.requests[i as usize].r.at,
        Row::Log(i) => from.world.logs[i as usize].e.at,
    }
}

/// The instances at which requests have been found.
fn instances(groups: &[Group], settled: &[Vec<f64>]) -> HashMap<usize, Vec<usize>> {
    let mut out: HashMap<usize, Vec<usize>> = HashMap::new();
    for (g, p) in groups.iter().zip(settled) {
        for ((c, l, _), _) in g.pairs.iter().zip(p).filter(|(_, p)| **p >= FOUND) {
            let at = out.entry(g.claims[*c as usize].request).or_default();
            at.push(g.lines[*l as usize].instance as usize);
        }
    }
    out
}

fn groups(
    from: &Sources<'_>,
    laws: &Laws,
    failing: &[Failing],
    joins: &[Join],
    wanted: BTreeMap<(u64, u64), Vec<Claim>>,
) -> Vec<Group> {
    let world = from.world;
    let mut is_failing = vec![false; world.requests.len()];
    failing.iter().for_each(|f| is_failing[f.request] = true);
    let by_id: BTreeSet<Row> = joins.iter().flat_map(|j| j.lines.iter().map(|l| l.row)).collect();
    let logs = logs_of(from.plan);
    let wanted: Vec<((u64, u64), Vec<Claim>)> = wanted.into_iter().collect();
    let of_target = |((method, target), failed): &((u64, u64), Vec<Claim>)| {
        let mut kinds: BTreeMap<Kind, Vec<Entry>> = BTreeMap::new();
        let mut served: Vec<usize> = Vec::new();
        for e in from.index.request(*method, *target).chain(from.index.target(*target)) {
            if from.plan.instances[e.instance as usize].is_proxy {
                if let Row::Request(i) = e.row {
                    served.push(i as usize);
                }
                continue;
            }
            if by_id.contains(&e.row) {
                continue;
            }
            let kind = match e.row {
                Row::Request(i) => {
                    let source = from.plan.files[world.requests[i as usize].r.at.file as usize].source;
                    Kind::Access(logs[source])
                }
                Row::Log(i) => Kind::Message {
                    template: world.logs[i as usize].e.template,
                    instance: e.instance as usize,
                },
            };
            kinds.entry(kind).or_default().push(e);
        }
        if kinds.is_empty() {
            return Vec::new();
        }
        served.retain(|i| {
            let r = &world.requests[*i].r;
            !is_failing[*i] && (r.method, r.key) == (*method, *target)
        });
        served.sort_unstable();
        kinds.into_iter().map(|(kind, lines)| group(from, laws, kind, failed, &served, lines)).collect()
    };
    par::map(&wanted, of_target).into_iter().flatten().collect()
}

/// The number of each source among those of its instance.
pub(super) fn logs_of(plan: &Plan) -> Vec<usize> {
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let number = |s: &crate::plan::SourcePlan| {
        let n = seen.entry(s.instance).or_default();
        *n += 1;
        *n - 1
    };
    plan.sources.iter().map(number).collect()
}

/// Of a target's lines and served requests, those near the failed ones; and all pairs that are possible.
fn group(
    from: &Sources<'_>,
    laws: &Laws,
    kind: Kind,
    failed: &[Claim],
    served: &[usize],
    mut lines: Vec<Entry>,
) -> Group {
    let widest =
        |c: &Claim, e: &Entry| laws.of(from.world.requests[c.request].instance, e.instance as usize).band;
    let all_known = lines.iter().all(|e| from.clocks.is_known(e.instance as usize));
    lines.sort_by_key(|e| (e.lo, e.row));
    let rare = Rarity::of(&lines, from.world.complete.is_none());
    let slack = SECOND + failed.iter().flat_map(|c| lines.first().map(|e| widest(c, e))).max().unwrap_or(0);
    let mut claims: Vec<Claim> = failed.to_vec();
    if all_known {
        let mut spans: Vec<(i64, i64)> = failed.iter().map(Claim::reach).collect();
        spans.sort_unstable();
        spans.dedup_by(|next, last| {
            let touches = next.0 <= last.1 + 2 * SECOND;
            if touches {
                last.1 = last.1.max(next.1);
            }
            touches
        });
        let is_near = |lo: i64, hi: i64, slack: i64| {
            let n = spans.partition_point(|s| s.1 + slack < lo);
            spans.get(n).is_some_and(|s| s.0 - slack <= hi)
        };
        lines.retain(|e| is_near(e.lo, e.hi, slack));
        let ends = |i: usize| (from.world.requests[i].start_lo, from.world.requests[i].end_hi);
        let near = served.iter().filter(|i| is_near(ends(**i).0, ends(**i).1, 2 * slack));
        claims.extend(near.map(|i| claims::served(from.world, from.peers, *i)));
    } else {
        claims.extend(served.iter().map(|i| claims::served(from.world, from.peers, *i)));
    }
    let widths = lines.iter().map(|e| e.hi - e.lo).max().unwrap_or(0);
    let mut pairs = Vec::new();
    for (i, c) in claims.iter().enumerate() {
        let (lo, hi) = if c.failing.is_some() { c.reach() } else { (c.start.0, c.end.1) };
        let (lo, hi) = if all_known { (lo - slack - widths, hi + slack) } else { (i64::MIN, i64::MAX) };
        let first = lines.partition_point(|e| e.lo < lo);
        for (k, e) in lines.iter().enumerate().skip(first).take_while(|(_, e)| e.lo <= hi) {
            let fit = fitness(from, laws, c, e, &rare);
            if fit > 0.0 {
                pairs.push((i as u32, k as u32, fit));
            }
        }
    }
    prune(&mut pairs, claims.len(), lines.len());
    // All groups are looked at together: what they reserved in vain adds up.
    pairs.shrink_to_fit();
    lines.shrink_to_fit();
    claims.shrink_to_fit();
    let late = pairs.iter().map(|(c, l, _)| {
        let (c, e) = (&claims[*c as usize], &lines[*l as usize]);
        let law = laws.of(from.world.requests[c.request].instance, e.instance as usize);
        let delay = law.delay(c, e).filter(|_| law.is_known)?;
        Some(Late { delay, expected: law.moments(from.world, c, e) })
    });
    let late = late.collect();
    Group { kind, claims, lines, pairs, late }
}

/// In a thinned world, nothing is known of longer gaps.
const LONGEST_GAP: i64 = 10 * SECOND;

/// How frequent what a line says is among the lines of its target.
struct Rarity {
    agents: Map<u64, f64>,
    /// By agent and client.
    visitors: Map<(u64, u64), f64>,
    bytes: Map<i64, f64>,
    all: f64,
    /// Seconds from the first to the last.
    span: f64,
}

impl Rarity {
    /// Unless `is_whole`, there may be more lines in the gaps between these.
    fn of(lines: &[Entry], is_whole: bool) -> Rarity {
        let mut rare = Rarity {
            agents: Map::default(),
            visitors: Map::default(),
            bytes: Map::default(),
            all: lines.len() as f64,
            span: 10.0,
        };
        for e in lines {
            *rare.agents.entry(e.agent).or_default() += 1.0;
            *rare.visitors.entry((e.agent, e.client)).or_default() += 1.0;
            *rare.bytes.entry(e.bytes).or_default() += 1.0;
        }
        let gap = if is_whole { i64::MAX } else { LONGEST_GAP };
        let known: i64 = lines.windows(2).map(|w| (w[1].lo - w[0].lo).min(gap)).sum();
        let last = lines.last().map_or(0, |e| e.hi - e.lo);
        rare.span = rare.span.max((known + last) as f64 / 1e9);
        rare
    }

    /// Lines like this one, per second.
    fn by_chance(&self, e: &Entry, names_client: bool) -> f64 {
        let alike =
            if names_client { self.visitors.get(&(e.agent, e.client)) } else { self.agents.get(&e.agent) };
        alike.copied().unwrap_or(1.0) / self.span
    }

    /// The share of other lines with as many bytes.
    fn as_long(&self, e: &Entry) -> f64 {
        let others = self.bytes.get(&e.bytes).copied().unwrap_or(1.0) - 1.0;
        (others + 0.01) / (self.all - 1.0 + 2.0)
    }
}

/// The share of errors among lines.
fn error_share(lines: &[Entry]) -> f64 {
    let errors = lines.iter().filter(|e| is_error(e.status)).count() as f64;
    (errors + 0.1) / (lines.len() as f64 + 2.0)
}

/// How much likelier the line is as this request's than as nobody's; 0 if it cannot be.
fn fitness(from: &Sources<'_>, laws: &Laws, c: &Claim, e: &Entry, rare: &Rarity) -> f64 {
    let t = &from.world.requests[c.request];
    let is_access = e.status != 0;
    // What is cheap and rules out most comes first.
    if e.agent != 0 && t.r.agent != 0 && e.agent != t.r.agent
        || c.instance.is_some_and(|i| i != e.instance as usize)
    {
        return 0.0;
    }
    let law = laws.of(t.instance, e.instance as usize);
    if law.shares_clients && e.client != 0 && t.r.client != 0 && e.client != t.r.client
        || law.shares_ids && e.id != 0 && t.r.id != 0 && e.id != t.r.id
        || is_access && c.is_passed_on() && e.status != c.status
    {
        return 0.0;
    }
    // Without a clock, only being the only one tells.
    let moments = if law.is_known { law.moments(from.world, c, e) } else { 1.0 / rare.span };
    if moments == 0.0 {
        return 0.0;
    }
    let names_client = law.shares_clients && e.client != 0 && e.client == t.r.client;
    moments / (law.strays * rare.by_chance(e, names_client))
        * law.same_bytes(c, e, t.r.bytes, rare.as_long(e))
}

/// Leaves out what fits far worse than something else: a line that is clearly the best one of its best claim is open to few
/// others.
fn prune(pairs: &mut Vec<(u32, u32, f64)>, claims: usize, lines: usize) {
    let none = (0.0f64, u32::MAX);
    let (mut of_claim, mut of_line) = (vec![none; claims], vec![none; lines]);
    for (c, l, w) in pairs.iter() {
        let (claim, line) = (&mut of_claim[*c as usize], &mut of_line[*l as usize]);
        if *w > claim.0 {
            *claim = (*w, *l);
        }
        if *w > line.0 {
            *line = (*w, *c);
        }
    }
    pairs.retain(|(c, l, w)| {
        let (best_line, best_claim) = (of_claim[*c as usize], of_line[*l as usize]);
        let is_taken = of_claim[best_claim.1 as usize].1 == *l;
        *w > HOPELESS * best_line.0 && *w > if is_taken { TAKEN } else { HOPELESS } * best_claim.0
    });
}

/// How often a claim has a line, before anything is known.
fn usual(kind: Kind, mechanism: Option<Mechanism>) -> Habit {
    let joined = match (kind, mechanism) {
        (Kind::Access(_), None | Some(Mechanism::FromBackend)) => 0.95,
        (Kind::Access(_), Some(_)) => 0.6,
        (Kind::Message { .. }, None) => 0.2,
        (Kind::Message { .. }, Some(_)) => 0.5,
    };
    let errors = match mechanism {
        Some(Mechanism::ReadTimeout | Mechanism::ClientGone | Mechanism::SendTimeout) => 0.2,
        // What logs a success has sent it: then the proxy would have read some of it.
        Some(Mechanism::ClosedBeforeHeaders) => 0.95,
        _ => 0.5,
    };
    Habit { claims: 1.0, joined, errors: joined * errors }
}

fn delays(groups: &[Group], settled: &[Vec<f64>]) -> Delays {
    let of_group = |(g, p): (&'_ Group, &'_ Vec<f64>)| -> Vec<(usize, Sighting)> {
        let pairs = g.pairs.iter().zip(&g.late).zip(p).filter(|(_, p)| **p > 0.05);
        let sighting = |(((c, l, _), late), p): ((&(u32, u32, f64), &Option<Late>), &f64)| {
            let e = &g.lines[*l as usize];
            late.as_ref()
                .map(|late| (e.instance as usize, (*p, late.delay, g.claims[*c as usize].request, e.row)))
        };
        pairs.filter_map(sighting).collect()
    };
    let pairs = groups.iter().map(|g| g.late.iter().flatten().count()).sum();
    Delays::learn(groups.iter().zip(settled).flat_map(of_group), pairs)
}

/// By how much each pair becomes likelier by what is known of late lines.
fn lateness(g: &Group, delays: &Delays) -> Vec<f64> {
    let factor = |((c, l, _), late): (&(u32, u32, f64), &Option<Late>)| {
        let (request, e) = (g.claims[*c as usize].request, &g.lines[*l as usize]);
        late.as_ref().map_or(1.0, |late| delays.factor(e.instance as usize, request, e.row, late))
    };
    g.pairs.iter().zip(&g.late).map(factor).collect()
}

/// The probability of each pair of a group.
fn settle(from: &Sources<'_>, g: &Group, habits: &Habits, late: &Delays, crossing: Option<f64>) -> Vec<f64> {
    let habit = |c: &Claim| {
        let known = habits.get(&(g.kind, c.mechanism)).copied().unwrap_or_default();
        let prior = usual(g.kind, c.mechanism);
        Habit {
            claims: known.claims + prior.claims,
            joined: known.joined + prior.joined,
            errors: known.errors + prior.errors,
        }
    };
    let share = |h: &Habit| (h.joined / h.claims).clamp(0.001, 0.995);
    let by_chance = error_share(&g.lines).clamp(0.01, 0.99);
    // Neighbours mostly ended alike.
    let mut last: Option<(Option<Mechanism>, Habit)> = None;
    let mut own: Vec<Habit> = Vec::with_capacity(g.claims.len());
    for c in &g.claims {
        let (_, habit) = *match &mut last {
            Some(l) if l.0 == c.mechanism => l,
            l => l.insert((c.mechanism, habit(c))),
        };
        own.push(habit);
    }
    let alone: Vec<f64> = own.iter().map(|h| 1.0 - share(h)).collect();
    let factors = lateness(g, late);
    let pairs: Vec<Pair> = g
        .pairs
        .iter()
        .zip(factors)
        .map(|((c, l, w), late)| {
            let (h, e) = (&own[*c as usize], &g.lines[*l as usize]);
            let mut weight = w * late * share(h);
            if e.status != 0 && !g.claims[*c as usize].is_passed_on() {
                let errors = (h.errors / h.joined.max(1e-9)).clamp(0.02, 0.98);
                weight *=
                    if is_error(e.status) { errors / by_chance } else { (1.0 - errors) / (1.0 - by_chance) };
            }
            Pair { claim: *c, line: *l, weight: weight.clamp(1e-12, 1e15) }
        })
        .collect();
    let lines: Vec<(i64, u32, u64)> = if crossing.is_some() {
        g.lines.iter().map(|e| (e.lo, at_of(from, e.row))).map(|(lo, at)| (lo, at.file, at.line)).collect()
    } else {
        Vec::new()
    };
    // Answers are logged in the order in which they were sent.
    let place = |c: u32| {
        let c = &g.claims[c as usize];
        c.is_answered().then(|| from.world.requests[c.request].r.at)
    };
    let is_before = |a: u32, b: u32| match (place(a), place(b)) {
        (Some(a), Some(b)) => a.file == b.file && a.line < b.line,
        _ => false,
    };
    let is_wanted = |c: u32| g.claims[c as usize].failing.is_some();
    let sequence = crossing.map(|crossing| Sequence {
        lines: &lines,
        is_before: &is_before,
        crossing,
        is_wanted: &is_wanted,
    });
    probabilities(&pairs, &alone, g.lines.len(), sequence.as_ref())
}

fn learn(groups: &[Group], settled: &[Vec<f64>]) -> Habits {
    let mut numbers: BTreeMap<(Kind, Option<Mechanism>), usize> = BTreeMap::new();
    let mut habits: Vec<Habit> = Vec::new();
    for (g, p) in groups.iter().zip(settled) {
        // Which of the habits each claim's is: neighbours mostly have the same.
        let mut last: Option<(Option<Mechanism>, usize)> = None;
        let mut own: Vec<usize> = Vec::with_capacity(g.claims.len());
        for c in &g.claims {
            let n = match last {
                Some((m, n)) if m == c.mechanism => n,
                _ => *numbers.entry((g.kind, c.mechanism)).or_insert_with(|| {
                    habits.push(Habit::default());
                    habits.len() - 1
                }),
            };
            last = Some((c.mechanism, n));
            own.push(n);
            habits[n].claims += 1.0;
        }
        for ((c, l, _), p) in g.pairs.iter().zip(p) {
            let h = &mut habits[own[*c as usize]];
            h.joined += p;
            if is_error(g.lines[*l as usize].status) {
                h.errors += p;
            }
        }
    }
    numbers.into_iter().map(|(key, n)| (key, habits[n])).collect()
}

fn give(g: &Group, p: &[f64], joins: &mut [Join]) {
    let mut best: BTreeMap<u32, (f64, u32, f64)> = BTreeMap::new();
    let of_failed = |(c, _, _): &(u32, u32, f64)| g.claims[*c as usize].failing.is_some();
    for ((c, l, _), p) in g.pairs.iter().zip(p).filter(|(pair, _)| of_failed(pair)) {
        let b = best.entry(*c).or_insert((0.0, *l, 0.0));
        b.2 += p;
        if *p > b.0 {
            (b.0, b.1) = (*p, *l);
        }
    }
    for (c, (p, line, any)) in best {
        let Some(f) = g.claims[c as usize].failing else { continue };
        let row = g.lines[line as usize].row;
        let confidence = stated::line(p).min(SURE);
        if confidence >= CLEAR {
            if !joins[f].lines.iter().any(|l| l.row == row) {
                joins[f].lines.push(Joined { row, how: "request", confidence });
            }
        } else if any >= OPEN {
            joins[f].ambiguous = true;
        }
    }
}
