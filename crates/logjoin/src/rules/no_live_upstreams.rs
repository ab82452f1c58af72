//! The proxy has taken out every server by its own counting, or by its checks. What made it do so is the cause, where it can be
//! found; this rule is what is left.
//!
//! HAProxy says which server it took out, when, and what the check met. Where a check was faster than the first request, no failed
//! request has met that server: the check is then judged as if it had been one.

use std::collections::BTreeMap;

use logjoin_parse::StateEvent;

use super::network_unreachable::says_no_route;
use super::{Cite, Rule, Verdict};
use crate::event::StateChange;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::NoLiveUpstreams,
    seen_as: &[Mechanism::NoServer],
    needs: "a proxy that had no server left to try",
    refuted_by: "the failures that made the proxy take its servers out, which are then the cause",
    judge,
};

/// What may have happened to a server that no check reaches any more.
const ASKED: [&Rule; 9] = [
    &super::oom_kill::RULE,
    &super::worker_timeout::RULE,
    &super::fd_exhaustion::RULE,
    &super::backend_crash::RULE,
    &super::start_failure::RULE,
    &super::worker_pool_exhausted::RULE,
    &super::not_listening::RULE,
    &super::network_unreachable::RULE,
    &super::connect_timeout::RULE,
];

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism != Mechanism::NoServer {
        return None;
    }
    let left = || {
        Verdict::new(CauseId::NoLiveUpstreams, 0.45)
            .by_exclusion()
            .own(case, "the proxy had no server left to try")
    };
    Some(met_by_check(case).unwrap_or_else(left))
}

/// The cause that the check of the last server to go met, as a request would have met it.
fn met_by_check(case: &Case<'_>) -> Option<Verdict> {
    let states = &case.scene.world.states;
    let backend =
        case.scene.world.requests[case.f.request].r.detail.as_ref()?.haproxy.as_ref()?.backend.as_deref()?;
    let mut down: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, m) in states.iter().enumerate() {
        let mine = m.instance == case.proxy && m.e.backend.as_deref() == Some(backend);
        let Some(server) = m.e.server.as_deref().filter(|_| mine && m.lo <= case.end + SECOND) else {
            continue;
        };
        match m.e.event {
            StateEvent::ServerDown => {
                down.insert(server, i);
            }
            StateEvent::ServerUp | StateEvent::ServerReady => {
                down.remove(server);
            }
            _ => {}
        }
    }
    let (server, last) = down.into_iter().max_by_key(|(_, i)| *i)?;
    let m = &states[last];
    let instance = case.scene.peers.instance(&format!("{backend}/{server}"))?;
    // Where requests met that server before, they say more than the check.
    if !case.scene.failed_at(instance, m.lo - 30 * SECOND, case.end).is_empty() {
        return None;
    }
    let seen = Case { mechanism: met(&m.e)?, instance: Some(instance), start: m.lo, end: m.lo, ..*case };
    let mut best: Option<Verdict> = None;
    for v in ASKED.iter().filter_map(|rule| rule.apply(&seen)) {
        if best.as_ref().is_none_or(|b| v.confidence > b.confidence) {
            best = Some(v);
        }
    }
    let v = best?;
    let confidence = v.confidence * 0.95;
    Some(Verdict { confidence, ..v }.because("a health check found the server down", [Cite::State(last)]))
}

/// What a check saw, in the words for requests (HAProxy `src/check.c`, `get_check_status_info`).
fn met(state: &StateChange) -> Option<Mechanism> {
    let reason = state.reason.as_deref().unwrap_or("");
    let info = state.info.as_deref().unwrap_or(&state.text);
    if says_no_route(info) {
        return Some(Mechanism::NoRoute);
    }
    let meets = [
        ("Layer4 connection problem", Mechanism::ConnectFailed),
        ("Layer4 timeout", Mechanism::ConnectTimeout),
        ("Layer6 timeout", Mechanism::ReadTimeout),
        ("Layer7 timeout", Mechanism::ReadTimeout),
    ];
    meets.into_iter().find(|(says, _)| reason.contains(says)).map(|(_, m)| m)
}

#[cfg(test)]
mod tests {
    use logjoin_parse::{Precision, Stamp, StateEvent};

    use super::*;
    use crate::event::At;

    #[test]
    fn what_a_check_meets() {
        let of = |reason: &str, info: &str| {
            met(&StateChange {
                at: At { file: 0, line: 1, part: 0 },
                stamp: Stamp::civil(Some(2026), 11, 21, 9, 0, 0, 0, Precision::Seconds, Some(0)).unwrap(),
                event: StateEvent::ServerDown,
                backend: None,
                server: None,
                reason: Some(reason.into()),
                info: Some(info.into()),
                text: String::new(),
                settled: false,
            })
        };
        assert_eq!(of("Layer4 connection problem", "Connection refused"), Some(Mechanism::ConnectFailed));
        assert_eq!(of("Layer4 connection problem", "No route to host"), Some(Mechanism::NoRoute));
        assert_eq!(of("Layer4 timeout", ""), Some(Mechanism::ConnectTimeout));
        assert_eq!(of("Layer7 timeout", ""), Some(Mechanism::ReadTimeout));
        assert_eq!(of("Layer7 wrong status", "Service Unavailable"), None, "the server answers");
    }
}
