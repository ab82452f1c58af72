//! Lines that name what a failed request asked for, joined by everything else that both sides say.
//!
//! All requests for one target compete for the lines about it, the served ones too, and each line goes to one of them
//! ([`super::assign`]). How well a line fits a request follows from what is usual between these two logs ([`super::laws`]); how
//! often a request that ended in some way leaves a line, and a line with an error status, is learned as the claims are settled,
//! round by round. What cannot be told apart is *ambiguous*.

use std::collections::{BTreeMap, HashMap};

use super::assign::{Pair, UNSETTLED, probabilities};
use super::claims::{self, Claim};
use super::fitness::is_error;
use super::lateness::{Delays, Late, Sighting};
use super::laws::Laws;
use super::messages::Care;
use super::order::Order;
use super::pairing::{Fit, Group, Line, groups};
use super::sequence::Sequence;
use super::stated::{self, CLEAR};
use super::{Habit, Join, Joined, Kind};
use crate::clock::ClockModel;
use crate::event::At;
use crate::failing::Failing;
use crate::index::{Index, Row};
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::World;
use crate::vocabulary::{JoinedBy, Mechanism};

/// Where this much of the probability is on lines, none of them clear, it is not said that there is none.
const OPEN: f64 = 0.1;
/// A request is taken to have been at an instance from this probability on.
const FOUND: f64 = 0.9;
/// No join without an id is surer than this.
const SURE: f64 = 0.995;
/// Rounds in which it is learned how often which requests leave lines.
const ROUNDS: usize = 3;

type Habits = BTreeMap<(Kind, Option<Mechanism>), Habit>;

/// Everything that the join looks at.
pub(super) struct Sources<'a> {
    pub plan: &'a Plan,
    pub world: &'a World,
    pub index: &'a Index<'a>,
    pub peers: &'a Peers,
    pub clocks: &'a ClockModel,
}

impl Sources<'_> {
    /// Where the moment of a line lies.
    fn moment(&self, line: &Line) -> (i64, i64) {
        let e = self.index.entry(line.number as usize);
        (e.lo, e.hi)
    }
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
    let mut settled = in_rounds(from, &access);
    if let Some(crossing) = order(from, &mut access, &settled) {
        for round in 1..ROUNDS {
            settled = again(from, &access, settled, Some(crossing), care(round));
        }
    }
    // Messages of a request stand in the log of the instance that its access line names.
    let went = if messages.is_empty() { HashMap::new() } else { instances(&access, &settled) };
    for g in &mut messages {
        let Kind::Message { instance, .. } = g.kind else { continue };
        g.pairs.retain(|(c, _, _)| {
            let c = &g.claims[*c as usize];
            c.instance.is_some() || went.get(&c.request).is_none_or(|at| at.contains(&instance))
        });
        g.late = Vec::new();
    }
    let said = in_rounds(from, &messages);
    for (g, p) in access.iter().zip(&settled).chain(messages.iter().zip(&said)) {
        give(g, p, joins);
    }
}

/// Settles all groups of a sort, learning from each round for the next.
fn in_rounds(from: &Sources<'_>, groups: &[Group]) -> Vec<Vec<f64>> {
    let settle = |g: &Group| settle(from, g, &Habits::new(), &Delays::default(), None, care(0));
    let first = par::map_large(groups, |g| g.pairs.len(), settle);
    (1..ROUNDS).fold(first, |settled, round| again(from, groups, settled, None, care(round)))
}

/// Only the last round is for more than learning.
fn care(round: usize) -> Care {
    if round + 1 < ROUNDS { Care::Sums } else { Care::Full }
}

/// Settles all groups once more, by what the last round taught.
fn again(
    from: &Sources<'_>,
    groups: &[Group],
    settled: Vec<Vec<f64>>,
    crossing: Option<f64>,
    care: Care,
) -> Vec<Vec<f64>> {
    let (late, habits) = (delays(groups, &settled), learn(groups, &settled));
    drop(settled);
    par::map_large(groups, |g| g.pairs.len(), |g| settle(from, g, &habits, &late, crossing, care))
}

/// Where joins are not settled, the order of the lines is asked; how often lines cross, if that was worth while.
fn order(from: &Sources<'_>, groups: &mut [Group], settled: &[Vec<f64>]) -> Option<f64> {
    let mut moments = Vec::new();
    let mut open = Vec::new();
    for (n, (g, p)) in groups.iter().zip(settled).enumerate() {
        // What was settled with an earlier slice only stands in the way of others.
        let is_open = |((c, _, _), p): &(&Fit, &f64)| {
            let c = &g.claims[*c as usize];
            UNSETTLED.contains(*p) && c.failing.is_some() && !from.world.requests[c.request].r.settled
        };
        // Many pairs are about the same line.
        let mut is_asked = vec![false; g.lines.len()];
        g.pairs.iter().zip(p).filter(is_open).for_each(|((_, l, _), _)| is_asked[*l as usize] = true);
        let before = moments.len();
        let asked = g.lines.iter().zip(is_asked).filter(|(_, is_asked)| *is_asked);
        moments.extend(asked.map(|(l, _)| from.moment(l)));
        if moments.len() > before {
            open.push(n);
        }
    }
    if open.is_empty() {
        return None;
    }
    let order = Order::learn(from, &moments);
    if order.is_empty() {
        return None;
    }
    for n in open {
        let g = &mut groups[n];
        for (c, l, w) in &mut g.pairs {
            let (c, e) = (&g.claims[*c as usize], &g.lines[*l as usize]);
            if c.is_answered() {
                let front = from.world.requests[c.request].r.at;
                let (lo, hi) = from.moment(e);
                *w *= order.fits(front, at_of(from, e.row), c.end, hi - lo);
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
    for (request, instance) in groups.iter().flat_map(|g| &g.went) {
        out.entry(*request).or_default().push(*instance);
    }
    for (g, p) in groups.iter().zip(settled) {
        for ((c, l, _), _) in g.pairs.iter().zip(p).filter(|(_, p)| **p >= FOUND) {
            let at = out.entry(g.claims[*c as usize].request).or_default();
            at.push(g.lines[*l as usize].instance as usize);
        }
    }
    out
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
        let sighting = |(n, late): &(u32, Late)| {
            let ((c, l, _), p) = (g.pairs[*n as usize], p[*n as usize]);
            let e = &g.lines[l as usize];
            let seen = (p, late.delay, g.claims[c as usize].request, e.row);
            (p > 0.05).then_some((e.instance as usize, seen))
        };
        g.late.iter().filter_map(sighting).collect()
    };
    let pairs = groups.iter().map(|g| g.late.len()).sum();
    Delays::learn(groups.iter().zip(settled).flat_map(of_group), pairs)
}

/// By how much each pair becomes likelier by what is known of late lines.
fn lateness<'g>(g: &'g Group, delays: &'g Delays) -> impl Iterator<Item = f64> + 'g {
    let mut late = g.late.iter().peekable();
    (0..).zip(&g.pairs).map(move |(n, (c, l, _))| {
        let Some((_, late)) = late.next_if(|late| late.0 == n) else { return 1.0 };
        let (request, e) = (g.claims[*c as usize].request, &g.lines[*l as usize]);
        delays.factor(e.instance as usize, request, e.row, late)
    })
}

/// The probability of each pair of a group.
fn settle(
    from: &Sources<'_>,
    g: &Group,
    habits: &Habits,
    late: &Delays,
    crossing: Option<f64>,
    care: Care,
) -> Vec<f64> {
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
    let by_chance = g.error_share.clamp(0.01, 0.99);
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
        let place = |l: &Line| (from.moment(l).0, at_of(from, l.row));
        g.lines.iter().map(place).map(|(lo, at)| (lo, at.file, at.line)).collect()
    } else {
        Vec::new()
    };
    // Answers are logged in the order in which they were sent.
    let place = |c: &Claim| c.is_answered().then(|| from.world.requests[c.request].r.at);
    let places: Vec<Option<At>> =
        if crossing.is_some() { g.claims.iter().map(place).collect() } else { Vec::new() };
    let is_before = |a: u32, b: u32| match (places[a as usize], places[b as usize]) {
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
    probabilities(&pairs, &alone, g.lines.len(), sequence.as_ref(), care)
}

fn learn(groups: &[Group], settled: &[Vec<f64>]) -> Habits {
    let mut numbers: BTreeMap<(Kind, Option<Mechanism>), usize> = BTreeMap::new();
    let mut habits: Vec<Habit> = Vec::new();
    for (g, p) in groups.iter().zip(settled) {
        let beside = *numbers.entry((g.kind, None)).or_insert_with(|| {
            habits.push(Habit::default());
            habits.len() - 1
        });
        habits[beside].add(&g.beside);
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
    let of_failed = |(c, _, _): &Fit| g.claims[*c as usize].failing.is_some();
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
                joins[f].lines.push(Joined { row, how: JoinedBy::Request, confidence });
            }
        } else if any >= OPEN {
            joins[f].ambiguous = true;
        }
    }
}
