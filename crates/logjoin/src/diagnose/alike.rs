//! Failures at one instance, one after the other: what is clear of some of them is so of the others.

use std::collections::BTreeMap;

use super::{CLEAR, Judged};
use crate::failing::Failing;
use crate::rules::{Cite, Claim};
use crate::scene::{SECOND, Scene};
use crate::timeline::Timed;
use crate::vocabulary::{CauseId, Mechanism};

/// Failures at one instance, in rows without long gaps.
pub(crate) fn rows(scene: &Scene<'_>, gap: i64) -> Vec<Vec<usize>> {
    let mut by_target: BTreeMap<(Option<usize>, usize), Vec<usize>> = BTreeMap::new();
    for i in 0..scene.failing.len() {
        let c = scene.case(i);
        if c.f.is_gateway {
            // Failures whose instance is not known are compared within their proxy.
            let proxy = if c.instance.is_some() { usize::MAX } else { c.proxy };
            by_target.entry((c.instance, proxy)).or_default().push(i);
        }
    }
    let mut rows = Vec::new();
    for list in by_target.into_values() {
        let mut row: Vec<usize> = Vec::new();
        for i in list {
            if row.last().is_some_and(|l| scene.failing[i].start_ns - scene.failing[*l].end_ns > gap) {
                rows.push(std::mem::take(&mut row));
            }
            row.push(i);
        }
        rows.push(row);
    }
    rows
}

/// Mechanisms that one cause may show as, so that a row of them may be judged together.
pub(crate) fn family(m: Mechanism) -> u8 {
    match m {
        Mechanism::ReadTimeout | Mechanism::SendTimeout | Mechanism::Stalled => 1,
        Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket => 2,
        Mechanism::ConnectTimeout => 3,
        Mechanism::NoRoute => 4,
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => 5,
        Mechanism::InvalidOrDenied | Mechanism::InvalidResponse | Mechanism::HeaderTooLarge => 6,
        Mechanism::FromBackend => 7,
        _ => 0,
    }
}

/// Where most of a row of failures are clear, the unclear ones among them are the same.
pub(super) fn agree(scene: &Scene<'_>, judged: &mut [Judged]) {
    for row in rows(scene, 8 * SECOND) {
        let mut families: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for i in row {
            families.entry(family(scene.failing[i].mechanism)).or_default().push(i);
        }
        for (family, members) in families {
            if family == 0 || members.len() < 3 {
                continue;
            }
            let mut clear: BTreeMap<CauseId, usize> = BTreeMap::new();
            for i in &members {
                if judged[*i].confidence >= CLEAR && judged[*i].cause != CauseId::Unknown {
                    *clear.entry(judged[*i].cause).or_default() += 1;
                }
            }
            let total: usize = clear.values().sum();
            let Some((cause, n)) = clear.iter().max_by_key(|(c, n)| (**n, std::cmp::Reverse(**c))) else {
                continue;
            };
            // A late completion proves a slow backend for its neighbours too, if enough of them show it.
            if n * 10 < total * 6 || n * 5 < members.len() {
                continue;
            }
            let (cause, n) = (*cause, *n);
            let Some(model) = members
                .iter()
                .find(|i| judged[**i].cause == cause && judged[**i].confidence >= CLEAR)
                .copied()
            else {
                continue;
            };
            let evidence = judged[model].evidence.clone();
            let detail = judged[model].detail.clone();
            let (by_exclusion, most) = (judged[model].by_exclusion, judged[model].most);
            let share = n as f64 / members.len() as f64;
            for i in members {
                let j = &mut judged[i];
                let by_row = 0.6 + 0.3 * share;
                if j.cause == cause {
                    // What proves it for the neighbours proves it here.
                    if j.confidence < by_row && j.confidence < CLEAR {
                        (j.by_exclusion, j.confidence, j.most) = (by_exclusion, by_row, most);
                        j.evidence = evidence.clone();
                    }
                } else if j.confidence < CLEAR {
                    let was = (j.cause, j.confidence * 0.4);
                    j.alternatives.retain(|(c, _)| *c != cause);
                    if was.0 != CauseId::Unknown {
                        j.alternatives.insert(0, was);
                    }
                    j.cause = cause;
                    j.detail.clone_from(&detail);
                    j.by_exclusion = by_exclusion;
                    j.most = most;
                    j.confidence = by_row;
                    j.evidence = evidence.clone();
                }
            }
        }
    }
}

/// Timeouts of requests that are alike, of which it cannot be said whose each late completion is: where there is one for nearly all of
/// them, begun when they began, they completed.
pub(super) fn completed_late(scene: &Scene<'_>, judged: &mut [Judged]) {
    /// How far a handler may begin from where the proxy's line has the request, and how late it may end.
    const BEGINS: i64 = 1_500_000_000;
    const LATE: i64 = 60 * SECOND;
    let world = scene.world;
    let key = |t: &Timed| (t.r.method, t.r.key);
    for row in rows(scene, 8 * SECOND) {
        let is_timeout = |i: &usize| scene.failing[*i].mechanism == Mechanism::ReadTimeout;
        let is_open = |i: &usize| {
            let j = &judged[*i];
            let hangs = j.cause == CauseId::BackendHang && j.by_exclusion || j.cause == CauseId::Unknown;
            hangs && scene.joins[*i].ambiguous
        };
        let timeouts: Vec<usize> = row.into_iter().filter(is_timeout).collect();
        let Some(instance) = timeouts.first().and_then(|i| scene.case(*i).instance) else { continue };
        let mut open: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
        for i in timeouts.iter().filter(|i| is_open(i)) {
            open.entry(key(&world.requests[scene.failing[*i].request])).or_default().push(*i);
        }
        open.retain(|(_, key), _| *key != 0);
        if open.is_empty() {
            continue;
        }
        let times = |f: fn(&Failing) -> i64| timeouts.iter().map(move |i| f(&scene.failing[*i]));
        let from = times(|f| f.start_ns).min().unwrap_or(0);
        let to = times(|f| f.end_ns).max().unwrap_or(0) + LATE;
        let waited = times(|f| f.end_ns - f.start_ns).min().unwrap_or(0);
        // By target: when each request that outlasted the proxy's patience began, and its number.
        let mut completions: BTreeMap<(u64, u64), Vec<(i64, usize)>> = BTreeMap::new();
        for t in world.ended(from, to).filter(|t| t.instance == instance && open.contains_key(&key(t))) {
            let is_long = t.r.duration_ns.is_some_and(|d| d * 10 >= waited * 9);
            if let (true, true, Some(n)) = (is_long, (100..499).contains(&t.r.status), world.number_of(t)) {
                completions.entry(key(t)).or_default().push((t.start_lo, n));
            }
        }
        for (target, members) in open {
            let Some(mut ends) = completions.remove(&target) else { continue };
            ends.sort_unstable();
            let of_target = |i: &&usize| key(&world.requests[scene.failing[**i].request]) == target;
            let mut starts: Vec<i64> =
                timeouts.iter().filter(of_target).map(|i| scene.failing[*i].start_ns).collect();
            starts.sort_unstable();
            let mut rest = ends.iter().peekable();
            let has_one = |start: &&i64| {
                while rest.next_if(|end| end.0 < **start - BEGINS).is_some() {}
                rest.next_if(|end| end.0 <= **start + BEGINS).is_some()
            };
            let found = starts.iter().filter(has_one).count();
            if found < 3 || found * 5 < starts.len() * 4 {
                continue;
            }
            for i in members {
                let start = scene.failing[i].start_ns;
                let near = ends.partition_point(|end| end.0 < start - BEGINS);
                let cites = ends[near..].iter().take(3).map(|end| Cite::Request(end.1)).collect();
                let text = "as many requests for this target were completed late as timed out, and they began when these did";
                let j = &mut judged[i];
                j.alternatives.retain(|(c, _)| *c != CauseId::TimeoutTooShort);
                j.alternatives.insert(0, (CauseId::BackendHang, 0.2));
                j.cause = CauseId::TimeoutTooShort;
                (j.by_exclusion, j.confidence, j.most) = (false, 0.75, 0.9);
                j.evidence.insert(0, Claim { text: text.into(), cites });
            }
        }
    }
}

/// Requests that began late waited for a worker. Those around them that no worker ever began, as the server dropped them when the
/// proxy left, waited for the same: nothing hung.
pub(super) fn behind_others(scene: &Scene<'_>, judged: &mut [Judged]) {
    const ENOUGH: usize = 3;
    const AROUND: i64 = 10 * SECOND;
    for row in rows(scene, 8 * SECOND) {
        let is_late = |i: &usize| {
            let j = &judged[*i];
            j.cause == CauseId::WorkerPoolExhausted && j.confidence >= CLEAR && !j.by_exclusion
        };
        let late: Vec<usize> = row.iter().copied().filter(is_late).collect();
        if late.len() < ENOUGH {
            continue;
        }
        for i in row {
            let start = scene.failing[i].start_ns;
            let next = late.partition_point(|l| *l < i);
            let near = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|n| late.get(n));
            let near = near.copied().find(|l| (scene.failing[*l].start_ns - start).abs() <= AROUND);
            let (Some(model), true) =
                (near, judged[i].cause == CauseId::BackendHang && judged[i].by_exclusion)
            else {
                continue;
            };
            let evidence = judged[model].evidence.clone();
            let j = &mut judged[i];
            j.alternatives.insert(0, (CauseId::BackendHang, 0.3));
            j.cause = CauseId::WorkerPoolExhausted;
            j.confidence = 0.65;
            hand_on(&mut j.evidence, &evidence);
        }
    }
}

/// A stop, a kill or a restart that follows at once upon a hang, and ends it, is the remedy: what it cuts failed for the hang.
pub(super) fn remedies(scene: &Scene<'_>, judged: &mut [Judged]) {
    const LASTING: [CauseId; 6] = [
        CauseId::BackendHang,
        CauseId::FdExhaustion,
        CauseId::WorkerPoolExhausted,
        CauseId::NetworkUnreachable,
        CauseId::LatencyDegradation,
        CauseId::WorkerTimeout,
    ];
    const STOPS: [CauseId; 5] = [
        CauseId::DeployRestart,
        CauseId::BackendDown,
        CauseId::BackendCrash,
        CauseId::KeepaliveRace,
        CauseId::Unknown,
    ];
    for row in rows(scene, 5 * SECOND) {
        let mut lasting: Option<usize> = None;
        let mut clear = 0;
        for i in row {
            let j = &judged[i];
            if LASTING.contains(&j.cause) {
                if lasting.is_none_or(|l| judged[l].cause != j.cause) {
                    clear = 0;
                }
                clear += 1;
                lasting = Some(i);
            } else if let Some(l) = lasting
                && STOPS.contains(&j.cause)
                && clear >= 2
                // What met nobody after the stop did not hang.
                && (judged[l].cause != CauseId::BackendHang || family(scene.failing[i].mechanism) != 2)
            {
                let origin = judged[l].clone();
                let j = &mut judged[i];
                // An out-of-memory or crash line of its own would have made it another cause.
                let was = (j.cause, 0.3);
                j.alternatives.retain(|(c, _)| *c != origin.cause);
                if was.0 != CauseId::Unknown {
                    j.alternatives.insert(0, was);
                }
                if j.by_exclusion {
                    // What was only concluded from them, they do not say.
                    j.evidence.retain(|c| !c.cites.iter().any(|c| matches!(c, Cite::Log(_))));
                }
                hand_on(&mut j.evidence, &origin.evidence);
                j.cause = origin.cause;
                j.detail = Some("cut by the restart that ended it".into());
                j.by_exclusion = true;
                // No surer than what it follows from.
                j.confidence = origin.confidence.min(0.65);
                lasting = Some(i);
            }
        }
    }
}

/// Adds the evidence of another failure to that of one. What both claim stays the one's own: what is handed on from each failure to
/// the next would grow without end.
pub(super) fn hand_on(own: &mut Vec<Claim>, others: &[Claim]) {
    let known = own.len();
    for claim in others {
        if !own[..known].iter().any(|c| c.text == claim.text) {
            own.push(claim.clone());
        }
    }
}
