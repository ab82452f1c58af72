//! Which lines and requests of one target could belong together, and how well each two fit.
//!
//! The trick: what no failed request asks for, not even by way of others, is only counted. Of a popular target nearly all lines
//! are near some failed request in time, but each is so clearly the line of a served one that few are left to be shared out.

use std::collections::{BTreeMap, BTreeSet};

use super::assign::Parts;
use super::by_request::Sources;
use super::claims::{self, Claim};
use super::fitness::{Odds, Rarity, error_share, fitness, is_error};
use super::lateness::Late;
use super::laws::Laws;
use super::{Habit, Join, Kind};
use crate::failing::Failing;
use crate::hash::Map;
use crate::index::{Entry, Row};
use crate::par;
use crate::plan::Plan;
use crate::spans::merged;

const SECOND: i64 = 1_000_000_000;
/// A pair that fits so much worse than the best one of its line or its request is none.
const HOPELESS: f64 = 1e-6;
/// The same, for a line and a request that are each other's best.
const TAKEN: f64 = 1e-3;

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
        let mut kinds: BTreeMap<Kind, Vec<Entry>> = BTreeMap::new();
        let mut served: Vec<Claim> = Vec::new();
        for e in from.index.request(*method, *target).chain(from.index.target(*target)) {
            if from.plan.instances[e.instance as usize].is_proxy {
                if let Row::Request(i) = e.row {
                    let r = &world.requests[i as usize].r;
                    if !is_failing[i as usize] && (r.method, r.key) == (*method, *target) {
                        served.push(claims::served(world, from.peers, i as usize));
                    }
                }
                continue;
            }
            if !by_id.is_empty() && by_id.contains(&e.row) {
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
        served.sort_unstable_by_key(|c| c.request);
        let has_messages = kinds.keys().any(|k| matches!(k, Kind::Message { .. }));
        let last = kinds.len() - 1;
        let group = |(n, (kind, lines))| {
            let served = if n == last { std::mem::take(&mut served) } else { served.clone() };
            let mut group = group(from, laws, kind, (failed, served), lines);
            group.leave_out(has_messages);
            group.late = group.late(laws);
            group
        };
        kinds.into_iter().enumerate().map(group).collect()
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
    (failed, served): (&[Claim], Vec<Claim>),
    mut lines: Vec<Entry>,
) -> Group {
    let all_known = lines.iter().all(|e| from.clocks.is_known(e.instance as usize));
    lines.sort_by_key(|e| (e.lo, e.row));
    let rare = Rarity::of(&lines, from.world.complete.is_none());
    let widest = |c: &Claim| lines.first().map(|e| laws.of(c.asked.instance, e.instance as usize).band);
    let slack = SECOND + failed.iter().filter_map(widest).max().unwrap_or(0);
    let mut claims = served;
    if all_known {
        let near = Near::new(failed);
        lines.retain(|e| near.has(e.lo, e.hi, slack));
        claims.retain(|c| near.has(c.start.0, c.end.1, 2 * slack));
    }
    claims.splice(..0, failed.iter().cloned());
    let widths = lines.iter().map(|e| e.hi - e.lo).max().unwrap_or(0);
    let odds: Vec<Odds> = lines.iter().map(|e| rare.odds(e)).collect();
    let by_agent = ByAgent::of(&lines);
    let mut pairs: Vec<Fit> = Vec::new();
    for (i, c) in claims.iter().enumerate() {
        let (lo, hi) = if c.failing.is_some() { c.reach() } else { (c.start.0, c.end.1) };
        let (lo, hi) = if all_known { (lo - slack - widths, hi + slack) } else { (i64::MIN, i64::MAX) };
        let (first, mut best) = (pairs.len(), 0.0f64);
        by_agent.each(&lines, c.asked.agent, (lo, hi), |k| {
            let fit = fitness(laws, &rare, c, &lines[k], &odds[k]);
            // What is hopeless beside another one need not even be remembered.
            if fit > HOPELESS * best {
                best = best.max(fit);
                pairs.push((i as u32, k as u32, fit));
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
    }
    prune(&mut pairs, claims.len(), lines.len());
    let error_share = error_share(&lines);
    let (beside, went) = (Habit::default(), Vec::new());
    Group { kind, claims, lines, pairs, late: Vec::new(), beside, went, error_share }
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

    /// Leaves out what hangs together with no failed request; where `has_messages`, only what is clear.
    fn leave_out(&mut self, has_messages: bool) {
        let (claims, lines) = (self.claims.len(), self.lines.len());
        let mut parts = Parts::new(claims + lines);
        for (c, l, _) in &self.pairs {
            parts.join(*c as usize, claims + *l as usize);
        }
        #[derive(Clone, Copy, Default)]
        struct Part {
            is_asked: bool,
            pairs: usize,
            claims: usize,
            lines: usize,
            errors: usize,
        }
        let mut of_root = vec![Part::default(); claims + lines];
        let root: Vec<u32> = (0..claims + lines).map(|n| parts.root(n) as u32).collect();
        for (n, c) in self.claims.iter().enumerate() {
            let part = &mut of_root[root[n] as usize];
            part.is_asked |= c.failing.is_some();
            part.claims += 1;
        }
        for (n, e) in self.lines.iter().enumerate() {
            let part = &mut of_root[root[claims + n] as usize];
            part.lines += 1;
            part.errors += usize::from(is_error(e.status));
        }
        self.pairs.iter().for_each(|(c, _, _)| of_root[root[*c as usize] as usize].pairs += 1);
        let stays = |p: &Part| p.is_asked || has_messages && p.pairs > 1;
        for part in of_root.iter().filter(|p| p.claims > 0 && !stays(p)) {
            // Each line is somebody's, or each request has one.
            let joined = part.claims.min(part.lines) as f64;
            self.beside.claims += part.claims as f64;
            self.beside.joined += joined;
            self.beside.errors += joined * part.errors as f64 / part.lines.max(1) as f64;
        }
        let is_kept = |n: usize| stays(&of_root[root[n] as usize]);
        if has_messages {
            let clear = self.pairs.iter().filter(|(c, _, _)| !is_kept(*c as usize));
            self.went = clear
                .map(|(c, l, _)| {
                    (self.claims[*c as usize].request, self.lines[*l as usize].instance as usize)
                })
                .collect();
        }
        // The new numbers of what stays.
        let mut number: Vec<u32> = vec![0; claims + lines];
        for range in [0..claims, claims..claims + lines] {
            range.filter(|n| is_kept(*n)).enumerate().for_each(|(new, n)| number[n] = new as u32);
        }
        self.pairs.retain_mut(|(c, l, _)| {
            let is_kept = is_kept(*c as usize);
            (*c, *l) = (number[*c as usize], number[claims + *l as usize]);
            is_kept
        });
        let mut n = 0..claims + lines;
        self.claims.retain(|_| n.next().is_some_and(is_kept));
        self.lines.retain(|_| n.next().is_some_and(is_kept));
        // All groups are looked at together: what they reserved in vain adds up.
        self.pairs.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.claims.shrink_to_fit();
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
#[derive(Default)]
struct ByAgent(Map<u64, (Vec<i64>, Vec<u32>)>);

impl ByAgent {
    /// Of lines in order of time.
    fn of(lines: &[Entry]) -> ByAgent {
        let mut out = ByAgent::default();
        for (k, e) in lines.iter().enumerate() {
            let (los, numbers) = out.0.entry(e.agent).or_default();
            los.push(e.lo);
            numbers.push(k as u32);
        }
        out
    }

    /// The lines from one moment to another that name this agent (0: any), or none.
    fn each(&self, lines: &[Entry], agent: u64, (lo, hi): (i64, i64), mut f: impl FnMut(usize)) {
        if agent == 0 {
            let first = lines.partition_point(|e| e.lo < lo);
            lines[first..].iter().take_while(|e| e.lo <= hi).enumerate().for_each(|(k, _)| f(first + k));
            return;
        }
        for agent in [agent, 0] {
            let Some((los, numbers)) = self.0.get(&agent) else { continue };
            let first = los.partition_point(|at| *at < lo);
            let near = los[first..].iter().zip(&numbers[first..]).take_while(|(at, _)| **at <= hi);
            near.for_each(|(_, k)| f(*k as usize));
        }
    }
}

/// Leaves out what fits far worse than something else: a line that is clearly the best one of its best claim is open to few
/// others.
fn prune(pairs: &mut Vec<Fit>, claims: usize, lines: usize) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(i: u32, agent: u64, lo: i64) -> Entry {
        Entry {
            row: Row::Request(i),
            instance: 1,
            lo,
            hi: lo,
            start: lo,
            has_duration: false,
            duration: None,
            unit: 0,
            status: 200,
            bytes: 10,
            agent,
            id: 0,
            client: 0,
            is_start: false,
        }
    }

    fn claim(request: usize, failing: Option<usize>) -> Claim {
        Claim {
            request,
            asked: claims::Asked {
                instance: 0,
                agent: 7,
                client: 0,
                id: 0,
                bytes: 10,
                duration: None,
                unit: 0,
            },
            failing,
            mechanism: None,
            status: 200,
            start: (0, 0),
            end: (0, 0),
            has_start: true,
            instance: None,
            is_only: true,
        }
    }

    #[test]
    fn lines_of_an_agent_and_of_none_are_found_by_time() {
        let lines: Vec<Entry> = [(7, 1), (0, 2), (8, 3), (7, 4), (0, 5), (7, 6)]
            .iter()
            .zip(0..)
            .map(|((a, t), i)| line(i, *a, *t))
            .collect();
        let by = ByAgent::of(&lines);
        let found = |agent, lo, hi| {
            let mut out = Vec::new();
            by.each(&lines, agent, (lo, hi), |k| out.push(k));
            out
        };
        assert_eq!(found(7, 2, 5), [3, 1, 4]);
        assert_eq!(found(0, 2, 5), [1, 2, 3, 4]);
        assert_eq!(found(9, 0, 9), [1, 4]);
        assert_eq!(found(8, 4, 9), [4]);
    }

    fn group(claims: Vec<Claim>, lines: usize, pairs: &[Fit]) -> Group {
        Group {
            kind: Kind::Access(0),
            claims,
            lines: (0..lines as u32).map(|i| line(i, 7, i64::from(i))).collect(),
            pairs: pairs.to_vec(),
            late: Vec::new(),
            beside: Habit::default(),
            went: Vec::new(),
            error_share: 0.1,
        }
    }

    #[test]
    fn what_no_failed_request_asks_for_is_counted_only() {
        // The failed request 10 and the served 11 ask for line 2, 11 for line 1 too; 12 has line 0 for itself, 13 none;
        // 14 and 15 share line 3.
        let claims = || {
            let served = (11..16).map(|r| claim(r, None));
            std::iter::once(claim(10, Some(0))).chain(served).collect::<Vec<_>>()
        };
        let pairs = [(0, 2, 5.0), (1, 2, 4.0), (1, 1, 9.0), (2, 0, 7.0), (4, 3, 1.0), (5, 3, 1.0)];
        let mut g = group(claims(), 4, &pairs);
        g.leave_out(false);
        assert_eq!(g.pairs, [(0, 1, 5.0), (1, 1, 4.0), (1, 0, 9.0)]);
        assert_eq!(g.claims.iter().map(|c| c.request).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(g.lines.iter().map(|e| e.row).collect::<Vec<_>>(), [Row::Request(1), Row::Request(2)]);
        assert_eq!((g.beside.claims, g.beside.joined, g.beside.errors), (4.0, 2.0, 0.0));
        assert!(g.went.is_empty());
        // For the messages it must be known where they went: what is clear is noted, what is not stays.
        let mut g = group(claims(), 4, &pairs);
        g.leave_out(true);
        assert_eq!((g.pairs.len(), g.claims.len(), g.lines.len()), (5, 4, 3));
        assert_eq!(g.went, [(12, 1)]);
        assert_eq!((g.beside.claims, g.beside.joined), (2.0, 1.0));
    }

    #[test]
    fn what_fits_far_worse_is_no_pair() {
        // Claim 0 and line 0 are each other's best: the others' weak claims on the line are none.
        let mut pairs = vec![(0, 0, 1e6), (1, 0, 1e2), (1, 1, 1.0), (2, 1, 1e-7)];
        prune(&mut pairs, 3, 2);
        assert_eq!(pairs, [(0, 0, 1e6), (1, 1, 1.0)]);
    }
}
