//! All workers of the backend are busy and its queue overflows, or requests wait in it longer than the proxy does.

use super::timeout_too_short::began_late;
use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::WorkerPoolExhausted,
    seen_as: &[
        Mechanism::BacklogFull,
        Mechanism::ReadTimeout,
        Mechanism::ConnectTimeout,
        Mechanism::QueueTimeout,
        Mechanism::SendTimeout,
    ],
    needs: "a full queue, a line that all workers are busy, or a request that began late",
    refuted_by: "free workers in the backend at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism == Mechanism::BacklogFull {
        let signs = case.near(&[Meaning::PoolExhausted, Meaning::ListenOverflow], 30 * SECOND, 5 * SECOND);
        let v = Verdict::new(CauseId::WorkerPoolExhausted, 0.95)
            .own(case, "the listen queue of the backend's socket was full");
        return Some(if signs.is_empty() {
            v
        } else {
            v.signs("the backend reports that all workers are busy", &signs)
        });
    }
    let waits = matches!(
        case.mechanism,
        Mechanism::ReadTimeout | Mechanism::ConnectTimeout | Mechanism::QueueTimeout | Mechanism::SendTimeout
    );
    if !waits {
        return None;
    }
    let signs = case.near(&[Meaning::PoolExhausted, Meaning::ListenOverflow], 5 * SECOND, 2 * SECOND);
    if !signs.is_empty() {
        let v = Verdict::new(CauseId::WorkerPoolExhausted, 0.92);
        return Some(
            v.signs("the backend reports that all workers are busy", &signs)
                .own(case, "the request waited until the proxy gave up"),
        );
    }
    if case.mechanism == Mechanism::ConnectTimeout
        && let Some(v) = met_full_queue(case).or_else(|| others_got_in(case))
    {
        return Some(v);
    }
    // A fellow request met a full queue: this one waited in it.
    if case.fellows(Mechanism::BacklogFull, 5 * SECOND, 5 * SECOND).next().is_some() {
        return Some(
            Verdict::new(CauseId::WorkerPoolExhausted, 0.9)
                .own(case, "the request waited in a queue that others found full"),
        );
    }
    if case.mechanism == Mechanism::QueueTimeout {
        return Some(
            Verdict::new(CauseId::WorkerPoolExhausted, 0.75)
                .own(case, "the request waited in the proxy's queue for a free connection to the server"),
        );
    }
    if let Some(line) = began_late(case) {
        let text = "the handler says that it took less time than the proxy waited, and began late: it had waited for a worker";
        return Some(Verdict::new(CauseId::WorkerPoolExhausted, 0.8).because(text, [Cite::Log(line)]));
    }
    // The handler ran at its usual speed, but began only after the request had waited for most of its time.
    let (row, status, end) = case.completed()?;
    let Row::Request(i) = row else { return None };
    let t = &case.scene.world.requests[i as usize];
    let duration = t.r.duration_ns?;
    let waited = end - duration - case.start;
    let in_time = duration < case.end - case.start;
    (status < 500 && waited > SECOND && (waited > duration * 2 || in_time)).then(|| {
        Verdict::new(CauseId::WorkerPoolExhausted, 0.8).because(
            "the backend handled the request quickly, but began late: it had waited for a worker",
            [Cite::Request(i as usize)],
        )
    })
}

/// A filter or a broken path lets nobody through. Where the server answered others all the while, with connections of the same
/// proxy, and some found no place, its accept queue was full at times.
pub(super) fn others_got_in(case: &Case<'_>) -> Option<Verdict> {
    const PARTS: i64 = 5;
    const FAR: i64 = 30 * SECOND;
    let instance = case.instance?;
    let scene = case.scene;
    // By way of another proxy they may have come another way.
    let mut senders = scene.peers.traffic.keys().filter(|(_, to)| *to == instance).map(|(from, _)| *from);
    if senders.any(|from| from != case.proxy && !scene.peers.chains.contains(&(from, case.proxy))) {
        return None;
    }
    // In order of their ends; one timer makes it that of their beginnings, too.
    let silent = scene.failed_as(instance, Mechanism::ConnectTimeout, case.start - FAR, case.end + FAR);
    let start = |n: &usize| scene.failing[*n].start_ns;
    let (from, to) = (start(silent.first()?), start(silent.last()?));
    let long = (to - from) / PARTS;
    let is_open = |part: i64| {
        let begin = from + part * long;
        scene.next_served(instance, begin).is_some_and(|start| start < begin + long)
    };
    let is_always_open = silent.len() > 5 && long >= SECOND && (0..PARTS).all(is_open);
    is_always_open.then(|| {
        let shown = silent.iter().filter(|n| **n != case.number).take(3).map(|n| &scene.failing[*n]);
        let cites = shown.flat_map(|f| f.errors.iter().map(|e| Cite::Error(*e)).chain([Cite::Request(f.request)]));
        Verdict::new(CauseId::WorkerPoolExhausted, 0.7).instead(CauseId::ConnectTimeout, 0.25).because(
            "the server answered other requests of this proxy all the while: some connections found no place in its accept queue",
            cites,
        )
    })
}

/// The kernel drops what comes to a full accept queue: the same silence as of a filter. But then requests that were sent later get
/// through, as places in the queue become free, and wait in vain.
fn met_full_queue(case: &Case<'_>) -> Option<Verdict> {
    let silent = case.fellows(Mechanism::ConnectTimeout, 30 * SECOND, 0).map(|f| f.start_ns).min();
    let first = silent.unwrap_or(case.start).min(case.start);
    let waited = case.fellows(Mechanism::ReadTimeout, 30 * SECOND, 5 * SECOND);
    let later: Vec<Cite> = waited
        .filter(|f| f.start_ns > first + SECOND / 5)
        .flat_map(|f| f.errors.iter().map(|e| Cite::Error(*e)).chain([Cite::Request(f.request)]))
        .collect();
    // Said once, when it begins: httpd says it once until the next restart.
    let signs = case.near(&[Meaning::PoolExhausted, Meaning::ListenOverflow], 120 * SECOND, 2 * SECOND);
    match (later.len() >= 3, signs.is_empty()) {
        (true, true) => Some(Verdict::new(CauseId::WorkerPoolExhausted, 0.8).because(
            "others that were sent later were connected, and waited in vain: the accept queue was full at times",
            later,
        )),
        (true, false) => Some(
            Verdict::new(CauseId::WorkerPoolExhausted, 0.9)
                .signs("the backend reports that all workers are busy", &signs)
                .because("others were connected meanwhile, and waited in vain", later),
        ),
        _ => None,
    }
}
