//! The backend completes the request, later than the proxy waits.

use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::TimeoutTooShort,
    seen_as: &[Mechanism::ReadTimeout, Mechanism::Stalled],
    needs: "the end of the request in the log of the backend, after the proxy had given up",
    refuted_by: "the request never completed, or it completed before the proxy gave up",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::ReadTimeout | Mechanism::Stalled) {
        return None;
    }
    let world = case.scene.world;
    let killed =
        |l: usize| {
            world.logs[l].e.signal.as_ref().is_some_and(|s| {
                matches!(s.meaning, Meaning::WorkerTimeout | Meaning::Crash | Meaning::OomKill)
            })
        };
    if case.joined_logs().any(killed) {
        return None;
    }
    if let Some((Row::Request(i), status, end)) = case.completed()
        && status < 500
        && end > case.end - SECOND
        && is_long(&world.requests[i as usize], case)
    {
        return Some(
            Verdict::new(CauseId::TimeoutTooShort, 0.9)
                .because(
                    "the backend finished the request after the proxy had given up",
                    [Cite::Request(i as usize)],
                )
                .own(case, "the proxy's timer ran out"),
        );
    }
    // It waited for a worker, and was then served quickly.
    if let Some((Row::Request(i), ..)) = case.completed()
        && !is_long(&world.requests[i as usize], case)
    {
        return None;
    }
    // What a handler says as its worker is ended is no completion.
    let ended = case.near(&[Meaning::WorkerTimeout], SECOND, 30 * SECOND);
    let is_cut = |l: usize| {
        let m = &world.logs[l];
        let failed = m.e.signal.as_ref().is_some_and(|s| s.meaning == Meaning::RequestException);
        failed && ended.iter().any(|s| (s.lo - m.lo).abs() <= 2 * SECOND)
    };
    let late: Vec<usize> = case
        .joined_logs()
        .filter(|l| world.logs[*l].hi > case.end - SECOND / 10 && world.logs[*l].e.target != 0 && !is_cut(*l))
        .collect();
    if !late.is_empty() {
        return Some(Verdict::new(CauseId::TimeoutTooShort, 0.85).because(
            "the backend speaks of the request as done after the proxy had given up",
            late.into_iter().map(Cite::Log),
        ));
    }
    // Requests of this kind finish late, and the backend finds the proxy gone; which line is whose is not clear.
    let waited_ms = ((case.end - case.start) / 1_000_000).max(0) as u64;
    let is_longer = |log: usize| {
        world.logs[log].e.signal.as_ref().and_then(|s| s.duration_ms).is_some_and(|d| d * 10 >= waited_ms * 9)
    };
    let signs = case.near(&[Meaning::PeerGone, Meaning::Slow], 0, 20 * SECOND);
    let after: Vec<_> = signs
        .into_iter()
        .filter(|s| s.hi >= case.end - SECOND / 10 && (s.meaning == Meaning::PeerGone || is_longer(s.log)))
        .collect();
    (!after.is_empty()).then(|| {
        Verdict::new(CauseId::TimeoutTooShort, 0.7)
            .signs("the backend went on after the proxy had given up", &after[..after.len().min(3)])
    })
}

/// The handler alone took about as long as the proxy waited; one that would have been in time, but had waited for a worker, is
/// another matter.
fn is_long(t: &crate::timeline::Timed, case: &Case<'_>) -> bool {
    t.r.duration_ns.is_none_or(|d| d * 10 >= (case.end - case.start) * 9)
}
