//! The backend's name does not resolve: nginx `could not be resolved`, httpd `DNS lookup failure`, and HAProxy's servers in
//! maintenance for DNS reasons (`src/server.c`: `No IP for server`, `DNS NX status`, `DNS timeout status`), after which it
//! has no server.

use logjoin_parse::StateEvent;

use super::{Cite, Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::DnsFailure,
    seen_as: &[
        Mechanism::Dns,
        Mechanism::NoServer,
        Mechanism::ConnectFailed,
        Mechanism::Killed,
        Mechanism::QueueTimeout,
    ],
    needs: "a line of the proxy that names resolution as the reason",
    refuted_by: "the proxy's own resolver answers the name with the right address at that time",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism == Mechanism::Dns {
        return Some(
            Verdict::new(CauseId::DnsFailure, 0.97)
                .own(case, "the proxy could not resolve the backend's name"),
        );
    }
    if !matches!(
        case.mechanism,
        Mechanism::NoServer | Mechanism::ConnectFailed | Mechanism::Killed | Mechanism::QueueTimeout
    ) {
        return None;
    }
    let backend =
        case.scene.world.requests[case.f.request].r.detail.as_ref()?.haproxy.as_ref()?.backend.clone()?;
    // The last word on each server of the backend before the failure.
    let mut last = None;
    for (i, m) in case.scene.world.states.iter().enumerate() {
        if m.instance != case.proxy || m.e.backend.as_deref() != Some(&backend) || m.lo > case.end + SECOND {
            continue;
        }
        let is_dns = m.e.reason.as_deref().is_some_and(is_dns_reason) || is_dns_reason(&m.e.text);
        match m.e.event {
            StateEvent::ServerMaintenance | StateEvent::ServerDown if is_dns => last = Some(i),
            StateEvent::ServerUp | StateEvent::ServerReady => last = None,
            _ => {}
        }
    }
    let state = last?;
    Some(
        Verdict::new(CauseId::DnsFailure, 0.95)
            .because("HAProxy took the server out because its name did not resolve", [Cite::State(state)])
            .own(case, "and had no server for the request"),
    )
}

pub(super) fn is_dns_reason(text: &str) -> bool {
    text.contains("DNS") && text.contains("status")
        || text.contains("No IP for server")
        || text.contains("DNS error")
        || text.contains("entry removed from SRV record")
}
