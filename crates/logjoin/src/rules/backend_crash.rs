//! A process or worker died while in use: a signal, an uncaught exception, an abort. Requests in flight are closed, later
//! ones refused until it is back.

use super::{Rule, Verdict};
use crate::scene::{Case, DownWhy, MS, SECOND, distance};
use crate::signals::{Meaning, Scope};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::BackendCrash,
    seen_as: &[
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Truncated,
        Mechanism::Refused,
        Mechanism::ConnectFailed,
        Mechanism::NoSocket,
    ],
    needs: "a process of the backend that died within 2 s, or had died and was not ready again",
    refuted_by: "the process that died is another one, or it was told to stop before it died",
    judge,
};

/// The kernel closes the sockets of a dead process at once; stamps of one second and late loggers need the rest.
const CLOSE: i64 = 2 * SECOND;

/// A supervisor starts a dead process anew within so long.
const AGAIN: i64 = 15 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => {
            let signs = case.near(&[Meaning::Crash], CLOSE, CLOSE);
            let Some(nearest) = signs.first() else { return killed(case).or_else(|| replaced(case)) };
            // The supervisor's own kill of a stuck worker is a time-out; memory has its own rule.
            let other = case.near(&[Meaning::WorkerTimeout, Meaning::OomKill], CLOSE, CLOSE);
            if other.iter().any(|o| distance(o, case.end) <= distance(nearest, case.end) + SECOND) {
                return None;
            }
            let confidence = if distance(nearest, case.end) < 300 * MS { 0.93 } else { 0.75 };
            Some(
                Verdict::new(CauseId::BackendCrash, confidence)
                    .signs("a process of the backend died as the connection closed", &signs)
                    .own(case, "the connection closed before a response"),
            )
        }
        Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket => {
            let down = case.down()?;
            let sign = down.sign.filter(|_| down.why == DownWhy::Crash)?;
            Some(
                Verdict::new(CauseId::BackendCrash, 0.9)
                    .signs("the backend had died and was not ready again", &[sign])
                    .own(case, "nothing listened"),
            )
        }
        _ => None,
    }
}

/// A worker ended by SIGKILL, and nobody says why: neither for its time nor for memory.
fn killed(case: &Case<'_>) -> Option<Verdict> {
    let signs = case.near(&[Meaning::KilledBySupervisor], CLOSE, CLOSE);
    let nearest = signs.first()?;
    let why = [Meaning::WorkerTimeout, Meaning::OomKill, Meaning::StopRequested, Meaning::ProcessStopped];
    if !case.near(&why, 3 * CLOSE, CLOSE).is_empty() {
        return None;
    }
    let confidence = if distance(nearest, case.end) < SECOND { 0.58 } else { 0.5 };
    Some(
        Verdict::new(CauseId::BackendCrash, confidence)
            .signs(
                "a worker of the backend was killed as the connection closed; for memory or by somebody, no line says",
                &signs,
            )
            .own(case, "the connection closed before a response"),
    )
}

/// The process starts anew soon after, nothing having told it to stop, and nothing was served in between: it had died without a word.
fn replaced(case: &Case<'_>) -> Option<Verdict> {
    let instance = case.instance?;
    let start = case.scene.signs(instance, case.end, case.end + AGAIN).find(|s| {
        let of_process =
            case.scene.world.logs[s.log].e.signal.as_ref().is_some_and(|h| h.scope == Scope::Process);
        s.meaning == Meaning::ProcessStarting && of_process && s.hi > case.end
    })?;
    let told = [Meaning::StopRequested, Meaning::ProcessStopped, Meaning::WorkerTimeout, Meaning::OomKill];
    let was_told =
        case.scene.signs(instance, case.start - AGAIN, start.hi).any(|s| told.contains(&s.meaning));
    // One of several workers that start anew would not be missed.
    let goes_on = case.scene.served_within(instance, case.end + CLOSE / 4, start.lo.min(case.end + AGAIN));
    let served_before = case.scene.served(instance, case.start - AGAIN, case.start) > 0;
    (!was_told && !goes_on && served_before).then(|| {
        Verdict::new(CauseId::BackendCrash, 0.72)
            .by_exclusion()
            .signs(
                "the backend started anew; nothing had told it to stop, and it served nothing in between",
                &[start],
            )
            .own(case, "the connection closed before a response")
    })
}
