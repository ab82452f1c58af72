//! Which lines and requests of one target could belong together, and how well each two fit.
//!
//! The trick: what no failed request asks for, not even by way of others, is only counted. Of a popular target nearly all lines
//! are near some failed request in time, but each is so clearly the line of a served one that few are left to be shared out.

use std::collections::{BTreeMap, BTreeSet};

use super::by_request::Sources;
use super::claims::{self, Claim};
use super::fitness::{Odds, Rarity, error_share, fitness};
use super::lateness::Late;
use super::laws::Laws;
use super::pruning::{HOPELESS, Kept, prune};
use super::{Habit, Join, Kind};
use crate::failing::Failing;
use crate::hash::Map;
use crate::index::{Entry, Row};
use crate::par;
use crate::plan::Plan;
use crate::spans::merged;

const SECOND: i64 = 1_000_000_000;

/// Claim, line, and how much likelier than chance they belong together, habits apart.
pub(super) type Fit = (u32, u32, f64);

/// The claims and lines of one target and one kind.
pub(super) struct Group {
    pub kind: Kind,
    pub claims: Vec<Claim>,
    pub lines: Vec<Entry>,
    pub pairs: Vec<Fit>,
    /// Of each pair that is late: the delay, and how probable the line's moments were taken to be, per second.
    pub late: Vec<Option<Late>>,
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
    let mut is_failing = vec![false; world.requests.len()];
    failing.iter().for_each(|f| is_failing[f.request] = true);
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
                if matches!(e.row, Row::Request(i) if named.contains(&n) && !is_failing[i as usize]) {
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

/// Where every request fails, no clock is known, and all lines for a target may be any request's. Of more than this, the best are
/// shared out, of alike ones those that are nearest in time: it belongs to none in particular, whichever they are.
const MOST: usize = 64;

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
    let all_known = lines.iter().all(|n| from.clocks.is_known(line(n).instance as usize));
    let rare = Rarity::of(lines.iter().map(line), from.world.complete.is_none());
    let first = lines.first().map(|n| line(n).instance as usize);
    let widest = |c: &Claim| first.map(|instance| laws.of(c.asked.instance, instance).band);
    let slack = SECOND + failed.iter().filter_map(widest).max().unwrap_or(0);
    let near = Near::new(failed);
    let is_near = |from: i64, to: i64, slack: i64| !all_known || near.has(from, to, slack);
    lines.retain(|n| {
        let e = line(n);
        is_near(e.lo, e.hi, slack)
    });
    let near_claim = |n: &&u32| {
        let c = served_claim(n);
        is_near(c.start.0, c.end.1, 2 * slack)
    };
    let served: Vec<u32> = served.iter().filter(near_claim).copied().collect();
    let claims = failed.len() + served.len();
    let mut pairs = Vec::new();
    {
        let widths = lines.iter().map(line).map(|e| e.hi - e.lo).max().unwrap_or(0);
        let odds: Vec<Odds> = lines.iter().map(|n| rare.odds(&line(n))).collect();
        let by_agent = ByAgent::of(lines.iter().map(line).map(|e| (e.agent, e.lo)));
        for (i, c) in (0..).zip(failed.iter().cloned().chain(served.iter().map(served_claim))) {
            let latest = if c.failing.is_some() { c.reach().1 } else { c.end.1 };
            let early = laws.early(c.asked.instance).filter(|_| all_known);
            let (lo, hi) = match early {
                Some(early) => (c.start.0 - early - widths, latest + slack),
                None => (i64::MIN, i64::MAX),
            };
            let (first, mut best) = (pairs.len(), 0.0f64);
            by_agent.each(c.asked.agent, (lo, hi), |k| {
                let fit = fitness(laws, &rare, from.index, &c, &line(&lines[k]), &odds[k]);
                // What is hopeless beside another one need not even be remembered.
                if fit > HOPELESS * best {
                    best = best.max(fit);
                    pairs.push((i, k as u32, fit));
                }
            });
            let mut kept = first;
            for n in first..pairs.len() {
                if pairs[n].2 > HOPELESS * best {
                    pairs.swap(kept, n);
                    kept += 1;
                }
            }
            pairs.truncate(kept);
            if !all_known && pairs.len() - first > MOST {
                let far = |pair: &Fit| line(&lines[pair.1 as usize]).lo.abs_diff(c.end.0);
                pairs[first..].select_nth_unstable_by(MOST, |a, b| {
                    b.2.total_cmp(&a.2).then_with(|| (far(a), a.1).cmp(&(far(b), b.1)))
                });
                pairs.truncate(first + MOST);
                pairs[first..].sort_unstable_by_key(|pair| pair.1);
            }
        }
    }
    prune(&mut pairs, claims, lines.len());
    let error_share = error_share(lines.iter().map(line));
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
    let mut group = Group {
        kind,
        claims: failed.to_vec(),
        lines: lines.iter().zip(&kept.lines).filter(|(_, is_kept)| **is_kept).map(|(n, _)| line(n)).collect(),
        pairs,
        late: Vec::new(),
        beside: kept.beside,
        went,
        error_share,
    };
    let kept = served.iter().zip(&kept.claims[failed.len()..]).filter(|(_, is_kept)| **is_kept);
    group.claims.extend(kept.map(|(n, _)| served_claim(n)));
    group.late = group.late(laws);
    group
}

impl Group {
    fn late(&self, laws: &Laws) -> Vec<Option<Late>> {
        let late = |(c, l, _): &Fit| {
            let (c, e) = (&self.claims[*c as usize], &self.lines[*l as usize]);
            let law = laws.of(c.asked.instance, e.instance as usize);
            let delay = law.delay(c, e).filter(|_| law.is_known)?;
            Some(Late { delay, expected: law.moments(c, e) })
        };
        self.pairs.iter().map(late).collect()
    }
}

/// When lines of failed requests can have been written.
struct Near(Vec<(i64, i64)>);

impl Near {
    fn new(failed: &[Claim]) -> Near {
        Near(merged(failed.iter().map(Claim::reach).collect(), 2 * SECOND))
    }

    fn has(&self, lo: i64, hi: i64, slack: i64) -> bool {
        let n = self.0.partition_point(|s| s.1 + slack < lo);
        self.0.get(n).is_some_and(|s| s.0 - slack <= hi)
    }
}

/// Lines by the agent that they name, in order of time: who names another one is passed over without a look.
struct ByAgent {
    /// When each line lies, at the earliest.
    los: Vec<i64>,
    /// The same and the number of each line, those of one agent beside each other.
    sorted: Vec<(i64, u32)>,
    /// The number of each agent, and where its lines are.
    agents: Map<u32, u32>,
    runs: Vec<(u32, u32)>,
}

impl ByAgent {
    /// Of the agents and moments of lines in order of time.
    fn of(lines: impl Iterator<Item = (u32, i64)> + Clone) -> ByAgent {
        let mut out =
            ByAgent { los: Vec::new(), sorted: Vec::new(), agents: Map::default(), runs: Vec::new() };
        for (agent, lo) in lines.clone() {
            out.los.push(lo);
            let number = *out.agents.entry(agent).or_insert_with(|| {
                out.runs.push((0, 0));
                out.runs.len() as u32 - 1
            });
            out.runs[number as usize].1 += 1;
        }
        let mut next = 0;
        for run in &mut out.runs {
            (*run, next) = ((next, next), next + run.1);
        }
        out.sorted = vec![(0, 0); next as usize];
        for (k, (agent, lo)) in (0..).zip(lines) {
            let run = &mut out.runs[out.agents[&agent] as usize];
            out.sorted[run.1 as usize] = (lo, k);
            run.1 += 1;
        }
        out
    }

    /// The lines from one moment to another that name this agent (0: any), or none.
    fn each(&self, agent: u32, (lo, hi): (i64, i64), mut f: impl FnMut(usize)) {
        if agent == 0 {
            let first = self.los.partition_point(|at| *at < lo);
            (first..self.los.len()).take_while(|k| self.los[*k] <= hi).for_each(f);
            return;
        }
        for agent in [agent, 0] {
            let Some(number) = self.agents.get(&agent) else { continue };
            let (from, to) = self.runs[*number as usize];
            let run = &self.sorted[from as usize..to as usize];
            let near = &run[run.partition_point(|l| l.0 < lo)..];
            near.iter().take_while(|l| l.0 <= hi).for_each(|l| f(l.1 as usize));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_agent_and_of_none_are_found_by_time() {
        let lines = [(7, 1), (0, 2), (8, 3), (7, 4), (0, 5), (7, 6)];
        let by = ByAgent::of(lines.into_iter());
        let found = |agent, lo, hi| {
            let mut out = Vec::new();
            by.each(agent, (lo, hi), |k| out.push(k));
            out
        };
        assert_eq!(found(7, 2, 5), [3, 1, 4]);
        assert_eq!(found(0, 2, 5), [1, 2, 3, 4]);
        assert_eq!(found(9, 0, 9), [1, 4]);
        assert_eq!(found(8, 4, 9), [4]);
    }
}
