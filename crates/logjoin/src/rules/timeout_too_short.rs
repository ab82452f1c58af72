//! The backend completes the request, later than the proxy waits.

use std::sync::LazyLock;

use regex::Regex;

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
    if began_late(case).is_some() {
        return None;
    }
    // What a handler says as its worker is ended is no completion.
    let ended = case.near(&[Meaning::WorkerTimeout], SECOND, 30 * SECOND);
    let is_cut = |l: usize| {
        let m = &world.logs[l];
        let failed = m.e.signal.as_ref().is_some_and(|s| s.meaning == Meaning::RequestException);
        failed && ended.iter().any(|s| (s.lo - m.lo).abs() <= 2 * SECOND)
    };
    let speaks = |l: usize| {
        let m = &world.logs[l];
        let of_peer = m.e.signal.as_ref().is_some_and(|s| s.meaning == Meaning::PeerGone);
        let is_echo = (of_peer || says_aborted(&m.e.text)) && case.is_echo(0, m.lo);
        m.hi > case.end - SECOND / 10 && m.e.target != 0 && !is_cut(l) && !is_echo
    };
    let late: Vec<usize> = case.joined_logs().filter(|l| speaks(*l)).collect();
    if !late.is_empty() {
        return Some(Verdict::new(CauseId::TimeoutTooShort, 0.85).because(
            "the backend logged the request as done after the proxy had given up",
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
        .filter(|s| s.hi >= case.end - SECOND / 10)
        .filter(|s| s.meaning == Meaning::PeerGone && !case.is_echo(0, s.lo) || is_longer(s.log))
        .collect();
    (!after.is_empty()).then(|| {
        Verdict::new(CauseId::TimeoutTooShort, 0.7).signs(
            "the backend was still working on it after the proxy had given up",
            &after[..after.len().min(3)],
        )
    })
}

/// `request aborted`, `client disconnected`: words for a peer that has left.
fn says_aborted(text: &str) -> bool {
    let low = text.to_ascii_lowercase();
    ["abort", "disconnect", "premature close", "client closed", "connection closed"]
        .iter()
        .any(|w| low.contains(w))
}

/// How long the handler says that it took, by its own message about the request, where that is less than the proxy waited and the
/// message came late: the number of the message. The request had waited for a worker.
pub(super) fn began_late(case: &Case<'_>) -> Option<usize> {
    let world = case.scene.world;
    let said = case.joined_logs().filter_map(|l| Some((l, said_duration(&world.logs[l].e.text)?)));
    let (line, took) = said.max_by_key(|(_, took)| *took)?;
    let waited = world.logs[line].lo - took - case.start;
    (took * 10 < (case.end - case.start) * 9 && waited > SECOND).then_some(line)
}

/// `in 17.5 ms`, `took 2300ms`, `duration=1.2s`, `elapsed_ms=13`: what a message says that its request took, nanoseconds.
fn said_duration(text: &str) -> Option<i64> {
    static SAID: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let words = r"\b(?:in|took|after|(?:duration|elapsed|latency|response_?time|took|time)[=:])\s*";
        Regex::new(&format!(
            r#"(?i){words}"?(\d+(?:\.\d+)?)\s?(ms|msecs?|milliseconds|s|secs?|seconds)\b|\b(?:duration|elapsed|latency|took)_ms"?[=:]\s*(\d+(?:\.\d+)?)\b"#
        ))
        .ok()
    });
    let found = SAID.as_ref()?.captures(text)?;
    let (number, in_ms) = match (found.get(1), found.get(2), found.get(3)) {
        (Some(n), Some(unit), _) => (n, unit.as_str().to_ascii_lowercase().starts_with('m')),
        (_, _, Some(n)) => (n, true),
        _ => return None,
    };
    let number: f64 = number.as_str().parse().ok()?;
    Some((number * if in_ms { 1e6 } else { 1e9 }) as i64)
}

/// The handler alone took about as long as the proxy waited; one that would have been in time, but had waited for a worker, is
/// another matter.
fn is_long(t: &crate::timeline::Timed, case: &Case<'_>) -> bool {
    t.r.duration_ns.is_none_or(|d| d * 10 >= (case.end - case.start) * 9)
}

#[cfg(test)]
mod tests {
    use super::said_duration;

    #[test]
    fn durations_that_messages_say() {
        let ms = |text: &str| said_duration(text).map(|ns| ns / 100_000);
        assert_eq!(ms("GET /search/facets -> 200 in 17.5 ms"), Some(175));
        assert_eq!(ms("Completed 200 OK in 123ms (Views: 4.1ms)"), Some(1230));
        assert_eq!(ms("GET /v2/exports took 5.962 s"), Some(59_620));
        assert_eq!(ms("http verb=GET path=/a code=200 elapsed_ms=13 peer=10.11.0.2"), Some(130));
        assert_eq!(ms("request done duration=1.2s"), Some(12_000));
        assert_eq!((ms("began in 2026"), ms("retry in 5 steps"), ms("GET /in/12s")), (None, None, None));
    }
}
