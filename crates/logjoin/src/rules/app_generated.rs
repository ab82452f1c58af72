//! The backend itself sent the 502, 503 or 504: one of several servers (`one-bad-server`), or all (`app-generated-502`).

use super::uneven_load::siblings;
use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::AppGenerated502,
    seen_as: &[Mechanism::FromBackend],
    needs: "an answer that came from the backend",
    refuted_by: "an error line of the proxy about this request",
    judge,
};

const AROUND: i64 = 30 * SECOND;
/// That a server with this share of the requests gets all of the failing ones is no accident below this probability.
const CHANCE: f64 = 0.01;

/// Whether the proxy's own line tells that a response came: the time of its header, or HAProxy's flags of a session that ended well.
fn answered(case: &Case<'_>) -> bool {
    let detail = case.scene.world.requests[case.f.request].r.detail.as_deref();
    let by_header = case.f.tries.last().is_some_and(|t| t.logged.header_us.is_some());
    by_header || detail.is_some_and(|d| d.haproxy.is_some())
}

/// Whether every backend that this proxy may have asked logs its requests, before and after this one.
fn would_tell(case: &Case<'_>) -> bool {
    let scene = case.scene;
    let reached = scene.peers.traffic.iter().filter(|((p, _), n)| *p == case.proxy && **n >= 3);
    let asked: Vec<usize> = match case.instance {
        Some(i) => vec![i],
        None => reached.map(|((_, i), _)| *i).collect(),
    };
    let tells = |i: &usize| {
        let covers = scene.covered(*i).is_some_and(|(lo, hi)| lo <= case.start && hi >= case.end);
        covers && scene.world.requests_of(*i) > 0 && !scene.plan.instances[*i].is_proxy
    };
    !asked.is_empty() && asked.iter().all(tells)
}

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism != Mechanism::FromBackend {
        return None;
    }
    let joined = case.completed();
    let mut evidence = Vec::new();
    if let Some((Row::Request(i), _, _)) = joined {
        evidence.push(Cite::Request(i as usize));
    }
    let errors: Vec<Cite> = case.joined_logs().map(Cite::Log).collect();
    let is_told = joined.is_some() || case.joined_logs().next().is_some() || answered(case);
    // The proxy does not say whose answer it is, and the backends that tell of each request know nothing of this one.
    if !is_told && !case.join.ambiguous && would_tell(case) {
        return None;
    }
    let says = |mut v: Verdict| {
        if !evidence.is_empty() {
            v = v.because("the backend logged that it answered with this status", evidence.clone());
        }
        if !errors.is_empty() {
            v = v.because("the backend's log says why", errors.clone());
        }
        let v = v.own(case, "the proxy passed the answer on");
        // Only the silence of the proxy's error log speaks for it.
        if is_told { v } else { v.by_exclusion() }
    };
    let sure = if is_told { 0.93 } else { 0.6 };
    if let Some(me) = case.instance {
        let scene = case.scene;
        let failures = |i: usize| {
            scene.failed_as(i, Mechanism::FromBackend, case.start - AROUND, case.end + AROUND).len()
        };
        let others = siblings(case, me);
        let mine = failures(me);
        let theirs: usize = others.iter().map(|i| failures(*i)).sum();
        let served: usize =
            others.iter().map(|i| scene.served(*i, case.start - AROUND, case.end + AROUND)).sum();
        // By a fair share the others would have failed too.
        let both = scene.served(me, case.start - AROUND, case.end + AROUND) + mine;
        let share = both as f64 / (both + theirs + served).max(1) as f64;
        let by_chance = share.powi(i32::try_from(mine).unwrap_or(i32::MAX));
        if !others.is_empty() && mine >= 4 && theirs * 8 <= mine && served > mine && by_chance < CHANCE {
            return Some(says(Verdict::new(CauseId::OneBadServer, sure + 0.01)));
        }
    }
    Some(says(Verdict::new(CauseId::AppGenerated502, sure)))
}
