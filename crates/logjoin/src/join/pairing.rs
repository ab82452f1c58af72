//! Which lines and requests of one target could belong together, and how well each two fit.
//!
//! The trick: what no failed request asks for, not even by way of others, is only counted. Of a popular target nearly all lines
//! are near some failed request in time, but each is so clearly the line of a served one that few are left to be shared out.

use std::collections::{BTreeMap, BTreeSet};

use super::briefs::{Brief, Briefs};
use super::by_request::Sources;
use super::claims::{self, Claim};
use super::fitness::{ErrorShare, Odds, Rarity};
use super::lateness::Late;
use super::laws::Laws;
use super::near::Near;
use super::pruning::{Kept, prune};
use super::weighing::Weigher;
use super::{Habit, Join, Kind};
use crate::failing::Failing;
use crate::index::{Entry, Row};
use crate::par;
use crate::plan::Plan;
use crate::room;

const SECOND: i64 = 1_000_000_000;

/// Claim, line, and how much likelier than chance they belong together, habits apart.
pub(super) type Fit = (u32, u32, f64);

/// A line that is shared out: what is asked of it again and again, and its number in the index, which knows the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub number: u32,
    pub row: Row,
    pub instance: u32,
    pub status: i32,
}

impl Line {
    fn of(number: u32, e: &Entry) -> Line {
        Line { number, row: e.row, instance: e.instance, status: e.status }
    }
}

/// The claims and lines of one target and one kind.
pub(super) struct Group {
    pub kind: Kind,
    pub claims: Vec<Claim>,
    pub lines: Vec<Line>,
    pub pairs: Vec<Fit>,
    /// Of the pairs that are late, in order: the delay, and how probable the line's moments were taken to be, per second.
    pub late: Vec<(u32, Late)>,
    /// What became of the served requests that no failed one hangs together with.
    pub beside: Habit,
    /// Where they went, if messages of their target are to be joined: request and instance.
    pub went: Vec<(usize, usize)>,
    /// The share of errors among all lines near the failed requests.
    pub error_share: f64,
}

/// The groups of all targets that failed requests asked for, in order.
pub(super) fn groups(
    from: &Sources<'_>,
    laws: &Laws,
    failing: &[Failing],
    joins: &[Join],
    wanted: BTreeMap<(u64, u64), Vec<Claim>>,
) -> Vec<Group> {
    let world = from.world;
    let mut is_failing = vec![0u64; world.requests.len().div_ceil(64)];
    failing.iter().for_each(|f| is_failing[f.request / 64] |= 1 << (f.request % 64));
    let is_failing = |i: u32| is_failing[i as usize / 64] >> (i % 64) & 1 == 1;
    let by_id: BTreeSet<Row> = joins.iter().flat_map(|j| j.lines.iter().map(|l| l.row)).collect();
    let logs = logs_of(from.plan);
    let wanted: Vec<((u64, u64), Vec<Claim>)> = wanted.into_iter().collect();
    let of_target = |((method, target), failed): &((u64, u64), Vec<Claim>)| {
        let mut kinds: BTreeMap<Kind, Vec<u32>> = BTreeMap::new();
        let mut served: Vec<u32> = Vec::new();
        let (named, methodless) = (from.index.request(*method, *target), from.index.target(*target));
        for n in named.clone().chain(methodless.clone()) {
            let e = from.index.entry(n);
            if from.plan.instances[e.instance as usize].is_proxy {
                if matches!(e.row, Row::Request(i) if named.contains(&n) && !is_failing(i)) {
                    served.push(n as u32);
                }
                continue;
            }
            if !by_id.is_empty() && by_id.contains(&e.row) {
                continue;
            }
            let kind = match e.row {
                Row::Request(_) => Kind::Access(logs[from.plan.files[e.file as usize].source]),
                Row::Log(i) => Kind::Message {
                    template: world.logs[i as usize].e.template,
                    instance: e.instance as usize,
                },
            };
            kinds.entry(kind).or_default().push(n as u32);
        }
        let has_messages = kinds.keys().any(|k| matches!(k, Kind::Message { .. }));
        served.sort_unstable_by_key(|n| from.index.row(*n as usize));
        let group = |(kind, mut lines): (Kind, Vec<u32>)| {
            if !methodless.is_empty() {
                lines.sort_by_key(|n| (from.index.lo(*n as usize), from.index.row(*n as usize)));
            }
            group(from, laws, (kind, has_messages), failed, &served, lines)
        };
        kinds.into_iter().map(group).collect::<Vec<_>>()
    };
    let size = |((method, target), _): &((u64, u64), Vec<Claim>)| {
        from.index.request(*method, *target).len() + from.index.target(*target).len()
    };
    par::map_large(&wanted, size, of_target).into_iter().flatten().collect()
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

/// Of a target's lines and served requests (their numbers in the index), those near the failed ones; and of all pairs that are
/// possible, those that must be shared out.
fn group(
    from: &Sources<'_>,
    laws: &Laws,
    (kind, has_messages): (Kind, bool),
    failed: &[Claim],
    served: &[u32],
    mut lines: Vec<u32>,
) -> Group {
    let line = |n: &u32| from.index.entry(*n as usize);
    let served_claim = |n: &u32| claims::served(from.peers, &line(n));
    let (mut all_known, mut all_named, mut widths) = (true, true, 0);
    let look = |e: &Entry| {
        all_known &= from.clocks.is_known(e.instance as usize);
        all_named &= e.agent != 0;
        widths = widths.max(e.hi - e.lo);
    };
    let rare = Rarity::of(lines.iter().map(line).inspect(look), from.world.complete.is_none());
    let first = lines.first().map(|n| line(n).instance as usize);
    let widest = |c: &Claim| first.map(|instance| laws.of(c.asked.instance, instance).band);
    let slack = SECOND + failed.iter().filter_map(widest).max().unwrap_or(0);
    let mut near = Near::new(failed);
    let mut errors = ErrorShare::default();
    lines.retain(|n| {
        let e = line(n);
        let is_near = !all_known || near.has(e.agent, (e.lo, e.hi), slack);
        is_near && errors.add(&e)
    });
    // Who names another agent than all failed ones near it asks for other lines than they, if all lines name theirs.
    if all_known && all_named && !has_messages {
        near.by_agent(failed);
        lines.retain(|n| {
            let e = line(n);
            near.has(e.agent, (e.lo, e.hi), 3 * slack)
        });
    }
    let mut is_claim_near = |n: &&u32| {
        let e = line(n);
        !all_known || near.has(e.agent, (e.start.0, e.end.1), 2 * slack)
    };
    let served: Vec<u32> = served.iter().filter(&mut is_claim_near).copied().collect();
    let claims = failed.len() + served.len();
    let mut weigher = Weigher {
        from,
        laws,
        rare: &rare,
        briefs: Briefs::of(lines.iter().map(line), &rare),
        lines: &lines,
        widths,
        slack,
        all_known,
    };
    let by_sight = all_known && matches!(kind, Kind::Access(_));
    let mut pairs = weigher.all(failed, &served, by_sight);
    drop(weigher);
    prune(&mut pairs, claims, lines.len());
    let status = |k: usize| line(&lines[k]).status;
    let kept = Kept::of(&pairs, (failed.len(), claims), lines.len(), status, has_messages);
    let mut went = Vec::new();
    if has_messages {
        for (c, l, _) in pairs.iter().filter(|(c, _, _)| !kept.claims[*c as usize]) {
            // No failed one: those are kept.
            let claim = served_claim(&served[*c as usize - failed.len()]);
            went.push((claim.request, line(&lines[*l as usize]).instance as usize));
        }
    }
    kept.renumber(&mut pairs);
    // All groups are looked at together: what is reserved in vain adds up.
    let count = |kept: &[bool]| kept.iter().filter(|k| **k).count();
    let mut shared = Vec::with_capacity(count(&kept.lines));
    let of_lines = lines.iter().zip(&kept.lines).filter(|(_, is_kept)| **is_kept);
    shared.extend(of_lines.map(|(n, _)| Line::of(*n, &line(n))));
    let mut all_claims = Vec::with_capacity(failed.len() + count(&kept.claims[failed.len()..]));
    all_claims.extend_from_slice(failed);
    let mut group = Group {
        kind,
        claims: all_claims,
        lines: shared,
        pairs,
        late: Vec::new(),
        beside: kept.beside,
        went,
        error_share: errors.share(),
    };
    let kept = served.iter().zip(&kept.claims[failed.len()..]).filter(|(_, is_kept)| **is_kept);
    group.claims.extend(kept.map(|(n, _)| served_claim(n)));
    group.late = group.late(from, laws);
    group
}

impl Group {
    fn late(&self, from: &Sources<'_>, laws: &Laws) -> Vec<(u32, Late)> {
        let late = |(n, (c, l, _)): (u32, &Fit)| {
            let (c, e) = (&self.claims[*c as usize], &self.lines[*l as usize]);
            let law = laws.of(c.asked.instance, e.instance as usize);
            let e = Brief::of(*l, &from.index.entry(e.number as usize), Odds::default());
            let delay = law.delay(c, &e).filter(|_| law.is_known)?;
            Some((n, Late { delay, expected: law.moments(c, &e) }))
        };
        let mut all: Vec<(u32, Late)> = room::list(self.pairs.len());
        all.extend((0..).zip(&self.pairs).filter_map(late));
        all.shrink_to_fit();
        all
    }
}
