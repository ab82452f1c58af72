//! The proxy itself: its own resources, limits and rules, its configuration, an operator's hand.

use logjoin_parse::StateEvent;

use super::dns_failure::is_dns_reason;
use super::{Cite, Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::ProxyResources,
    seen_as: &[
        Mechanism::ProxyLimit,
        Mechanism::Denied,
        Mechanism::ConfigError,
        Mechanism::Internal,
        Mechanism::Killed,
        Mechanism::NoServer,
    ],
    needs: "the proxy to name its own limit, rule or configuration, or a server in maintenance",
    refuted_by: "the proxy had free connections, files, ports and memory at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let (cause, confidence, text) = match case.mechanism {
        Mechanism::ProxyLimit => {
            (CauseId::ProxyResources, 0.95, "the proxy ran out of a resource of its own")
        }
        Mechanism::Denied => {
            (CauseId::RequestLimited, 0.8, "a rule or limit of the proxy answered, no server was tried")
        }
        Mechanism::ConfigError => (
            CauseId::ProxyConfigError,
            0.9,
            "the proxy could not make sense of its configuration for this request",
        ),
        Mechanism::Internal => (CauseId::ProxyInternalError, 0.85, "the proxy reports an internal error"),
        Mechanism::Killed | Mechanism::NoServer => return taken_out(case),
        _ => return None,
    };
    Some(Verdict::new(cause, confidence).own(case, text))
}

/// The last word on the server (or, where none was chosen, on the servers of the backend) before the failure.
fn taken_out(case: &Case<'_>) -> Option<Verdict> {
    let world = case.scene.world;
    let detail = world.requests[case.f.request].r.detail.as_deref()?;
    let backend = detail.haproxy.as_ref()?.backend.as_deref()?;
    let killed = case.mechanism == Mechanism::Killed;
    let mut last = None;
    for (i, m) in world.states.iter().enumerate() {
        let e = &m.e;
        if m.instance != case.proxy || e.backend.as_deref() != Some(backend) || m.lo > case.end + SECOND {
            continue;
        }
        let label = e.server.as_deref().map(|s| format!("{backend}/{s}"));
        if killed && label.as_deref() != case.label() {
            continue;
        }
        match e.event {
            StateEvent::ServerMaintenance if !is_of_dns(e) => last = Some((i, true)),
            StateEvent::ServerMaintenance | StateEvent::ServerDown => last = Some((i, false)),
            StateEvent::ServerUp | StateEvent::ServerReady => last = None,
            _ => {}
        }
    }
    let text = "the proxy cut the session when the server was taken out";
    match last {
        Some((i, true)) => Some(
            Verdict::new(CauseId::BackendMaintenance, 0.92)
                .because("an operator put the server into maintenance", [Cite::State(i)])
                .own(case, if killed { text } else { "and no server was left for the request" }),
        ),
        // A check took it out: why it failed is another rule's question.
        Some((_, false)) if killed => {
            Some(Verdict::new(CauseId::BackendMaintenance, 0.35).by_exclusion().own(case, text))
        }
        None if killed => Some(Verdict::new(CauseId::BackendMaintenance, 0.6).by_exclusion().own(case, text)),
        _ => None,
    }
}

/// Maintenance that HAProxy enters by itself, because a name does not resolve, names its reason.
fn is_of_dns(e: &crate::event::StateChange) -> bool {
    e.reason.as_deref().is_some_and(is_dns_reason) || is_dns_reason(&e.text)
}
