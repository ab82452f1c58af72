//! One [`Failure`] per failed request.

use crate::analysis::{self, Alternative, BackendJoin, ChainLink, Failure, LineRef, Time};
use crate::diagnose::{Judged, cause_cites};
use crate::event::At;
use crate::finish::line_ref;
use crate::index::Row;
use crate::join::reaches;
use crate::rules::Cite;
use crate::scene::Scene;
use crate::text::Text;
use crate::vocabulary::{CauseId, ChainSide, JoinState, JoinedBy};

pub(super) fn build(
    scene: &Scene<'_>,
    judged: &[Judged],
    chains: &[Vec<(usize, bool, f64)>],
    episode_of: &[Option<String>],
) -> Vec<Failure> {
    let mut out = Vec::new();
    for (i, j) in judged.iter().enumerate() {
        let f = &scene.failing[i];
        if f.is_hidden {
            continue;
        }
        let t = &scene.world.requests[f.request];
        let detail = t.r.detail.as_deref();
        let at = line_ref(scene.plan, t.r.at);
        let own = |s: &Option<Text>| s.as_ref().map(String::from);
        out.push(Failure {
            id: format!("F{}", out.len() + 1),
            time: Time::at(f.end_ns),
            start: f.has_start.then_some(Time::at(f.start_ns)),
            file: at.file,
            line: at.line,
            proxy: scene.plan.instances[t.instance].name.clone(),
            method: detail.and_then(|d| own(&d.method)),
            target: detail.and_then(|d| own(&d.target)),
            status: (t.r.status != 0).then_some(t.r.status),
            client: detail.and_then(|d| own(&d.client)),
            request_id: detail.and_then(|d| own(&d.request_id)),
            attempts: attempts(scene, i),
            origin: f.origin,
            mechanism: f.mechanism,
            cause: j.cause,
            detail: j.detail.as_deref().or_else(|| super::missing::reason(scene, i, j)).map(Into::into),
            confidence: round(j.confidence),
            gateway: f.is_gateway,
            stands_for: f.n(),
            episode: episode_of[i].clone(),
            error_lines: f.errors.iter().map(|e| line_ref(scene.plan, scene.world.errors[*e].e.at)).collect(),
            chain: chains[i]
                .iter()
                .map(|(other, is_inner, confidence)| ChainLink {
                    side: if *is_inner { ChainSide::Inner } else { ChainSide::Outer },
                    at: line_ref(scene.plan, scene.world.requests[*other].r.at),
                    confidence: *confidence,
                })
                .collect(),
            backend: backend(scene, i),
            join: join_state(scene, i),
            cause_lines: cause_lines(scene, i, j),
            alternatives: j
                .alternatives
                .iter()
                .map(|(cause, p)| Alternative { cause: *cause, confidence: round(*p) })
                .collect(),
        });
    }
    out
}

pub(super) fn round(p: f64) -> f64 {
    (p * 1000.0).round() / 1000.0
}

fn attempts(scene: &Scene<'_>, i: usize) -> Vec<analysis::Attempt> {
    let f = &scene.failing[i];
    let s = |us: Option<i64>| us.map(|v| v as f64 / 1e6);
    f.tries
        .iter()
        .map(|t| analysis::Attempt {
            address: t.label.as_ref().map(String::from),
            instance: t
                .label
                .as_deref()
                .and_then(|l| scene.peers.instance(l))
                .or_else(|| if f.tries.len() == 1 { scene.joins[i].instances.last().copied() } else { None })
                .map(|n| scene.plan.instances[n].name.clone()),
            mechanism: t.mechanism,
            status: t.logged.status,
            connect_s: s(t.logged.connect_us),
            header_s: s(t.logged.header_us),
            response_s: s(t.logged.response_us),
        })
        .collect()
}

fn row_at(scene: &Scene<'_>, row: Row) -> At {
    match row {
        Row::Request(n) => scene.world.requests[n as usize].r.at,
        Row::Log(n) => scene.world.logs[n as usize].e.at,
    }
}

fn backend(scene: &Scene<'_>, i: usize) -> Vec<BackendJoin> {
    let mut lines: Vec<BackendJoin> = scene.joins[i]
        .lines
        .iter()
        .map(|l| BackendJoin {
            at: line_ref(scene.plan, row_at(scene, l.row)),
            how: l.how,
            confidence: round(l.confidence),
        })
        .collect();
    lines.sort_by(|a, b| a.at.cmp(&b.at));
    lines
}

fn join_state(scene: &Scene<'_>, i: usize) -> JoinState {
    let (f, j) = (&scene.failing[i], &scene.joins[i]);
    let case = scene.case(i);
    if !j.lines.is_empty() {
        JoinState::Joined
    } else if j.ambiguous {
        JoinState::Ambiguous
    } else if f.tries.is_empty() && !reaches(f.mechanism) || !reaches(f.mechanism) {
        JoinState::NotTried
    } else if case
        .instance
        .and_then(|n| scene.covered(n))
        .is_some_and(|(lo, hi)| lo <= case.start && hi >= case.end)
    {
        JoinState::NoBackendEvent
    } else {
        JoinState::NotLogged
    }
}

/// Lines about the event behind a failure: what the verdict rests on, nearest first, and what the backend said of
/// the request beside that it was served.
fn cause_lines(scene: &Scene<'_>, i: usize, j: &Judged) -> Vec<LineRef> {
    let mut at: Vec<At> = cause_cites(j).into_iter().map(|c| cite_at(scene, c)).collect();
    if j.cause != CauseId::Unknown {
        // A message beside the usual "served" line says what the request was at.
        let spoken = scene.joins[i].lines.iter().filter(|l| match l.row {
            Row::Log(n) => {
                let e = &scene.world.logs[n as usize].e;
                l.how == JoinedBy::Time || e.target == 0 || e.severity >= crate::event::Severity::Warning
            }
            Row::Request(_) => false,
        });
        at.extend(spoken.map(|l| row_at(scene, l.row)));
    }
    at.sort_unstable();
    at.dedup();
    at.into_iter().map(|a| line_ref(scene.plan, a)).collect()
}

pub(super) fn cite_at(scene: &Scene<'_>, c: Cite) -> At {
    match c {
        Cite::Log(n) => scene.world.logs[n].e.at,
        Cite::Error(n) => scene.world.errors[n].e.at,
        Cite::State(n) => scene.world.states[n].e.at,
        Cite::Request(n) => scene.world.requests[n].r.at,
    }
}
