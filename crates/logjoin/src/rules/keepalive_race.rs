//! The backend closes an idle kept connection just as the proxy uses it again: no line of the backend, no sign of trouble there, the
//! connection closed at once or after one round trip.

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::KeepaliveRace,
    seen_as: &[Mechanism::ClosedBeforeHeaders],
    needs: "a quick close on a kept connection, rare, with no line of the backend and no trouble near",
    refuted_by: "a line of the backend about this request, or the same failure on fresh connections",
    judge,
};

/// The close crosses the request on the wire: one round trip, and no handler.
const ROUND_TRIP: i64 = SECOND / 2;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism != Mechanism::ClosedBeforeHeaders || !case.join.lines.is_empty() {
        return None;
    }
    let trouble = [
        Meaning::Crash,
        Meaning::OomKill,
        Meaning::WorkerTimeout,
        Meaning::StopRequested,
        Meaning::ProcessStopped,
        Meaning::ProcessStarting,
        Meaning::KilledBySupervisor,
        Meaning::RequestException,
        Meaning::FdExhausted,
    ];
    let instance = case.instance?;
    if !case.near(&trouble, 3 * SECOND, 3 * SECOND).is_empty() {
        return None;
    }
    let last = case.f.tries.last()?;
    let connect = last.logged.connect_us;
    let took = last
        .logged
        .response_us
        .map(|u| u * 1000)
        .or_else(|| case.f.has_start.then_some(case.end - case.start));
    let reused = connect.is_none_or(|c| c <= 1_000);
    let quick = took.is_none_or(|t| t <= ROUND_TRIP);
    let healthy = case.scene.served(instance, case.start - 20 * SECOND, case.end + 20 * SECOND) > 0;
    // A race is lost now and then; what happens to most requests is none.
    let around = 10 * SECOND;
    let same = case.fellows(case.mechanism, around, around).count() + 1;
    let rare = same < 3 || same < case.scene.served(instance, case.start - around, case.end + around);
    (reused && quick && healthy && rare).then(|| {
        let confidence = if connect.is_some() { 0.85 } else { 0.75 };
        Verdict::new(CauseId::KeepaliveRace, confidence)
            .by_exclusion()
            .own(case, "a connection that was kept open closed as it was used again; the backend never saw the request and is well")
    })
}
