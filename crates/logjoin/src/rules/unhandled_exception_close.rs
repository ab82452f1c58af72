//! A handler failed and the connection was closed without a whole response; the process lives on (Go's `http: panic serving`, a
//! worker thread's uncaught exception).

use std::collections::BTreeSet;

use super::{Cite, Rule, Verdict};
use crate::event::{LogEvent, Severity};
use crate::index::Row;
use crate::scene::{Case, MS, SECOND, Sign, distance};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::UnhandledExceptionClose,
    seen_as: &[Mechanism::ClosedBeforeHeaders, Mechanism::Truncated],
    needs: "an exception of this request, or one within 1 s",
    refuted_by: "the exception belongs to a request that was answered",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::ClosedBeforeHeaders | Mechanism::Truncated) {
        return None;
    }
    let world = case.scene.world;
    let mut signs = case.near(&[Meaning::RequestException], SECOND, SECOND);
    let of_others: BTreeSet<usize> = of_others(case, &signs);
    signs.retain(|s| !of_others.contains(&s.log));
    let joined: Vec<usize> = case
        .joined_logs()
        .filter(|l| world.logs[*l].e.signal.as_ref().is_some_and(|s| s.meaning == Meaning::RequestException))
        .filter(|l| !of_others.contains(l))
        .collect();
    if !joined.is_empty() {
        return Some(
            Verdict::new(CauseId::UnhandledExceptionClose, 0.93)
                .because("the handler of this request failed", joined.into_iter().map(Cite::Log))
                .own(case, "the connection closed before a response"),
        );
    }
    // The server counts the request as its own error, and the proxy got nothing of it.
    if let Some((Row::Request(i), status, _)) = case.completed()
        && status == 500
        && world.requests[i as usize].r.bytes <= 0
    {
        return Some(
            Verdict::new(CauseId::UnhandledExceptionClose, 0.88)
                .because(
                    "the backend logged the request as failed, with nothing sent",
                    [Cite::Request(i as usize)],
                )
                .own(case, "the connection closed before a response"),
        );
    }
    let Some(nearest) = signs.first() else { return said_so(case).or_else(|| said_by_as_many(case)) };
    // This one was handled, whatever became of others.
    if case.completed().is_some_and(|(_, status, _)| status < 500) {
        return None;
    }
    // A stop cuts what is under way, and its handlers say so.
    let stops = [Meaning::StopRequested, Meaning::ProcessStopped];
    if !case.near(&stops, 5 * SECOND, SECOND).is_empty() {
        return None;
    }
    // A few exceptions do not explain many closed connections.
    let closed = case.fellows(case.mechanism, SECOND, SECOND).count() + 1;
    let is_enough = closed <= 3 * signs.len();
    let confidence = match distance(nearest, case.end) {
        d if d < 200 * MS && is_enough => 0.85,
        _ => 0.5,
    };
    Some(
        Verdict::new(CauseId::UnhandledExceptionClose, confidence)
            .signs("a handler failed as the connection closed", &signs[..1])
            .own(case, "the connection closed before a response"),
    )
}

/// Those of some messages that are about other requests. A stack trace belongs to the line before it, which names the request.
fn of_others(case: &Case<'_>, signs: &[Sign]) -> BTreeSet<usize> {
    let logs = &case.scene.world.logs;
    let mut all: Vec<usize> = signs.iter().map(|s| s.log).collect();
    all.sort_by_key(|l| logs[*l].e.at);
    let mut named: Option<(u32, i64, bool)> = None;
    let mut out = BTreeSet::new();
    for log in all {
        let m = &logs[log];
        let is_others = match named {
            _ if m.e.target != 0 => names_another(case, &m.e),
            Some((file, lo, is_others)) if (file, lo) == (m.e.at.file, m.lo) => is_others,
            _ => false,
        };
        named = Some((m.e.at.file, m.lo, is_others));
        if is_others {
            out.insert(log);
        }
    }
    out
}

/// Whether a message is about a request with another method or target than this one.
fn names_another(case: &Case<'_>, e: &LogEvent) -> bool {
    let r = &case.scene.world.requests[case.f.request].r;
    let same_target = [r.key, r.target, r.path].iter().any(|t| *t == 0 || *t == e.key || *t == e.target);
    // A path without a method may be any file's.
    e.method != 0 && e.target != 0 && !(same_target && e.method == r.method)
}

/// The handler logged an error of its own words about this very request as the connection closed.
fn said_so(case: &Case<'_>) -> Option<Verdict> {
    let world = case.scene.world;
    let said: Vec<usize> = case
        .joined_logs()
        .filter(|l| {
            let m = &world.logs[*l];
            let is_near = m.hi >= case.end - SECOND && m.lo <= case.end + SECOND / 2;
            m.e.severity >= Severity::Error && m.e.target != 0 && is_failure(&m.e) && is_near
        })
        .collect();
    (!said.is_empty()).then(|| {
        Verdict::new(CauseId::UnhandledExceptionClose, 0.7)
            .because(
                "the handler of this request logged an error as the connection closed",
                said.into_iter().map(Cite::Log),
            )
            .own(case, "the connection closed before a response")
    })
}

/// Which line is whose cannot be told, but there are as many errors about such requests as connections that closed.
fn said_by_as_many(case: &Case<'_>) -> Option<Verdict> {
    const AROUND: i64 = 3 * SECOND / 2;
    let instance = case.instance.filter(|_| case.join.ambiguous)?;
    let world = case.scene.world;
    let key = |f: usize| (world.requests[f].r.method, world.requests[f].r.key);
    let own = key(case.f.request);
    let begin = world.logs.partition_point(|m| m.lo < case.end - AROUND);
    let near = world.logs[begin..].iter().enumerate().take_while(|(_, m)| m.lo <= case.end + AROUND);
    let said: Vec<usize> = near
        .filter(|(_, m)| m.instance == instance && m.e.severity >= Severity::Error && is_failure(&m.e))
        .filter(|(_, m)| m.e.target != 0 && m.e.key == own.1 && (m.e.method == 0 || m.e.method == own.0))
        .map(|(i, _)| begin + i)
        .collect();
    let fellows = case.fellows(case.mechanism, AROUND, AROUND);
    let closed = 1 + fellows.filter(|f| key(f.request) == own).count();
    let as_many = said.len() * 3 >= closed * 2 && said.len() * 2 <= closed * 3;
    as_many.then(|| {
        let shown = said.into_iter().take(3).map(Cite::Log);
        Verdict::new(CauseId::UnhandledExceptionClose, 0.65)
            .because("as many errors about such requests were logged as connections closed", shown)
            .own(case, "the connection closed before a response")
    })
}

/// Whether an error is nothing but what a handler failed of: words of its own, or what it needed and did not get.
fn is_failure(e: &LogEvent) -> bool {
    let needed =
        [Meaning::DependencyFailed, Meaning::DependencyExhausted, Meaning::DiskFull, Meaning::DnsFailed];
    e.signal.as_ref().is_none_or(|s| needed.contains(&s.meaning))
}
