//! Episodes: rows of failures with one cause on one target. Incidents: episodes that overlap or follow from one another.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnose::Judged;
use crate::failing::Failing;
use crate::scene::{SECOND, Scene};
use crate::vocabulary::CauseId;

/// A row of failures.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub cause: CauseId,
    /// Numbers of the failures that are listed of it.
    pub members: Vec<usize>,
    /// How many failures there were: what the members stand for.
    pub failures: u64,
    pub targets: BTreeSet<usize>,
    pub proxies: BTreeSet<usize>,
    pub start: i64,
    pub end: i64,
    /// Gaps between its failures so far.
    gaps: Vec<i64>,
}

/// Gaps that are remembered.
const GAPS: usize = 64;

impl Row {
    /// Notes the gaps between those that a failure stands for, and forgets old ones.
    fn note_gaps(&mut self, f: &Failing) {
        let others = (f.n() - 1).min(GAPS as u64) as usize;
        self.gaps.extend(std::iter::repeat_n((f.stands.pace_ns - (f.end_ns - f.start_ns)).max(0), others));
        let old = self.gaps.len().saturating_sub(GAPS);
        self.gaps.drain(..old);
    }
}

/// Failures further apart than this do not belong together, unless requests are rare or the cause is one that strikes
/// now and then.
const GAP: i64 = 8 * SECOND;
const RARE_GAP: i64 = 300 * SECOND;

/// A failure that begins later than this after a row has ended is not of that row.
pub(crate) fn longest_gap(mean: i64) -> i64 {
    RARE_GAP.max(60 * mean)
}

/// Groups the gateway failures. `mean` is the time between two requests, nanoseconds: where they are rare, silence says little.
pub(crate) fn group(scene: &Scene<'_>, judged: &[Judged], mean: i64) -> Vec<Row> {
    let order = by_start(scene);
    let mut rows: Vec<Row> = Vec::new();
    // Rows that may still grow, by cause; a row that has ended is never looked at again.
    let mut open: BTreeMap<(CauseId, Option<&str>), Vec<usize>> = BTreeMap::new();
    for i in order {
        let case = scene.case(i);
        if !case.f.is_gateway {
            continue;
        }
        let cause = judged[i].cause;
        // Causes of the caller's own are told apart by their names.
        let own = judged[i].detail.as_deref().filter(|_| cause == CauseId::Custom);
        let list = open.entry((cause, own)).or_default();
        list.retain(|r| case.start - rows[*r].end <= longest_gap(mean));
        let fits = |r: &Row| {
            let mut sorted = r.gaps.clone();
            sorted.sort_unstable();
            let typical = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
            let base = if cause == CauseId::KeepaliveRace { RARE_GAP } else { GAP };
            let limit = base.max(8 * typical).max(20 * mean);
            let same = match case.instance {
                Some(t) => {
                    r.targets.is_empty()
                        || r.targets.contains(&t)
                        || r.targets.iter().any(|o| related(scene, *o, t))
                }
                None => r.targets.is_empty() || r.proxies.contains(&case.proxy),
            };
            same && case.start - r.end <= limit
        };
        let found = list.iter().rev().copied().find(|r| fits(&rows[*r]));
        match found {
            Some(r) => {
                let row = &mut rows[r];
                row.gaps.push((case.start - row.end).max(0));
                row.members.push(i);
                row.failures += case.f.n();
                row.end = row.end.max(case.f.until());
                row.targets.extend(case.instance);
                row.proxies.insert(case.proxy);
            }
            None => {
                list.push(rows.len());
                rows.push(Row {
                    cause,
                    members: vec![i],
                    failures: case.f.n(),
                    targets: case.instance.into_iter().collect(),
                    proxies: [case.proxy].into(),
                    start: case.start,
                    end: case.f.until(),
                    gaps: Vec::new(),
                });
            }
        }
        let row = found.or(list.last().copied());
        row.into_iter().for_each(|r| rows[r].note_gaps(case.f));
    }
    rows.sort_by_key(|r| (r.start, r.members[0]));
    rows
}

fn by_start(scene: &Scene<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scene.failing.len()).collect();
    order.sort_by_key(|i| (scene.failing[*i].start_ns, *i));
    order
}

/// Two instances behind the same proxy are taken to be of one service when they are in one pool, or when nothing says more.
fn related(scene: &Scene<'_>, a: usize, b: usize) -> bool {
    let mut any_pool = false;
    for c in &scene.plan.configs {
        for pool in &c.config.pools {
            let members: Vec<usize> = pool
                .servers
                .iter()
                .filter_map(|s| {
                    let named =
                        s.name.as_ref().and_then(|n| scene.peers.instance(&format!("{}/{n}", pool.name)));
                    named.or_else(|| scene.peers.instance(&s.address))
                })
                .collect();
            any_pool |= !members.is_empty();
            if members.contains(&a) && members.contains(&b) {
                return true;
            }
        }
    }
    !any_pool
}

/// Rows that overlap in time, or follow within moments, make an incident.
pub(crate) fn incidents(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut out: Vec<(i64, Vec<usize>)> = Vec::new();
    for (i, r) in rows.iter().enumerate() {
        match out.last_mut() {
            Some((end, members)) if r.start <= *end + SECOND => {
                members.push(i);
                *end = (*end).max(r.end);
            }
            _ => out.push((r.end, vec![i])),
        }
    }
    out.into_iter().map(|(_, m)| m).collect()
}
