//! A process or worker died while in use: a signal, an uncaught exception, an abort. Requests in flight are closed, later
//! ones refused until it is back.

use super::{Rule, Verdict};
use crate::scene::{Case, Down, DownWhy, MS, SECOND, Sign, distance};
use crate::signals::{self, Meaning, Scope};
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

/// What is ordinary in the life of workers is not that of one that starts anew so long before or after it.
const AROUND: i64 = 5 * SECOND;

/// Who served within this time was there.
const LONG: i64 = 600 * SECOND;

/// A supervisor starts a dead process anew within so long.
const AGAIN: i64 = 15 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => {
            let signs = case.near(&[Meaning::Crash], CLOSE, CLOSE);
            let Some(nearest) = signs.first() else {
                return killed(case).or_else(|| replaced(case)).or_else(|| worker_replaced(case));
            };
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
            if down.why == DownWhy::Silent {
                return vanished(case, &down);
            }
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

/// A worker starts anew right after, and no line says that one was to end: the one before it had died with the request.
pub(super) fn worker_replaced(case: &Case<'_>) -> Option<Verdict> {
    // Puma's line has no time: it stands at that of the request before.
    let started = case.near(&[Meaning::WorkerStarted], CLOSE, CLOSE);
    let nearest = started.first()?;
    let ordinary = [
        Meaning::WorkerExited,
        Meaning::WorkerTimeout,
        Meaning::StopRequested,
        Meaning::ProcessStopped,
        Meaning::ProcessStarting,
        Meaning::ProcessReady,
        Meaning::OomKill,
    ];
    if !case.near(&ordinary, AROUND, AROUND).is_empty() {
        return None;
    }
    // Where workers come and go all the time, one more says nothing.
    let others = case.near(&[Meaning::WorkerStarted], AROUND, AROUND).len();
    let closed = case.fellows(case.mechanism, AROUND, AROUND).count() + 1;
    (others <= closed + 2).then(|| {
        Verdict::new(CauseId::BackendCrash, 0.55)
            .by_exclusion()
            .signs("a worker was started anew right after; nothing had told one to end", &[*nearest])
            .own(case, "the connection closed before a response")
    })
}

/// It served, was gone, and started anew; its log would have said that it was stopped, and does not. Who killed it, or whether it
/// died of itself, nobody says: this stands beside `backend-down` and does not replace it.
fn vanished(case: &Case<'_>, down: &Down) -> Option<Verdict> {
    let (instance, start) = (case.instance?, down.starting.or(down.back)?);
    let scene = case.scene;
    let before =
        scene.all_signs(instance).iter().rfind(|s| s.meaning == Meaning::ProcessReady && s.hi <= case.start);
    let since = before.map_or(case.start - LONG, |s| s.lo);
    let served = scene.served_within(instance, since, case.start);
    (served && says_when_it_stops(case, instance, &start)).then(|| {
        Verdict::new(CauseId::BackendCrash, 0.45)
            .by_exclusion()
            .signs(
                "the backend started anew, and its log, which tells of orderly stops, tells of none",
                &[start],
            )
            .own(case, "nothing listened")
    })
}

/// Whether the program that wrote of a start writes of its orderly stops, too: as the table of signals has it, or this very log.
pub(super) fn says_when_it_stops(case: &Case<'_>, instance: usize, start: &Sign) -> bool {
    let signal = |s: &Sign| case.scene.world.logs[s.log].e.signal.as_ref();
    let Some(own) = signal(start).filter(|h| h.scope == Scope::Process) else { return false };
    let is_stop = |meaning, scope| {
        matches!(meaning, Meaning::StopRequested | Meaning::ProcessStopped) && scope == Scope::Process
    };
    let program = own.id.split('-').next().unwrap_or_default();
    let of_program = |id: &str| id.split_once('-').is_some_and(|(of, _)| of == program);
    let in_table = program != "app"
        && signals::FAMILIES
            .iter()
            .flat_map(|f| f.signals)
            .any(|d| of_program(d.id) && is_stop(d.meaning, d.scope));
    let source = |s: &Sign| case.scene.plan.files[case.scene.world.logs[s.log].e.at.file as usize].source;
    in_table
        || case
            .scene
            .all_signs(instance)
            .iter()
            .any(|s| signal(s).is_some_and(|h| is_stop(h.meaning, h.scope)) && source(s) == source(start))
}
