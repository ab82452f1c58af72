//! An active refusal that is not the backend's: a filter answers with a reset or an ICMP message. The backend listens on this very
//! address and serves others at the same moment, and nobody reloaded the proxy.

use super::wrong_upstream_port::addresses_of;
use super::{Rule, Verdict};
use crate::peers;
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::FirewallReject,
    seen_as: &[Mechanism::Refused, Mechanism::ConnectFailed, Mechanism::NoRoute],
    needs: "a server that served others while this connection was refused, or a line of a packet filter",
    refuted_by: "the backend's port was closed for everyone at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let instance = case.instance?;
    let scene = case.scene;
    let blocked = case.near(&[Meaning::FirewallBlocked], 10 * SECOND, 10 * SECOND);
    let alive = scene.served_around(instance, case.start, case.end);
    match case.mechanism {
        Mechanism::Refused | Mechanism::ConnectFailed if alive && case.down().is_none() => {
            let label = case.label()?;
            let answered_before = scene.label_served(label, i64::MIN / 4, case.start) > 0;
            // A port that was changed under the proxy is refused in the same way.
            let is_settled = knows_address(case, label);
            let confidence = match (blocked.is_empty(), answered_before && is_settled) {
                (false, _) => 0.9,
                (true, true) => 0.65,
                (true, false) => 0.35,
            };
            let v = Verdict::new(CauseId::FirewallReject, confidence)
                .own(case, "refused while the backend served others on the same port");
            Some(if blocked.is_empty() {
                v.by_exclusion()
            } else {
                v.signs("the firewall logged it", &blocked)
            })
        }
        Mechanism::NoRoute if !blocked.is_empty() => Some(
            Verdict::new(CauseId::FirewallReject, 0.92)
                .signs("the firewall logged it", &blocked)
                .own(case, "the proxy got 'unreachable'"),
        ),
        Mechanism::NoRoute if alive => {
            let text = "the proxy got 'unreachable' while the backend served others";
            Some(if is_told_by_icmp(case) {
                Verdict::new(CauseId::FirewallReject, 0.88).own(case, text)
            } else {
                Verdict::new(CauseId::FirewallReject, 0.6).by_exclusion().own(case, text)
            })
        }
        _ => None,
    }
}

/// Whether this label has meant one address all the time: it is one, or every version of the configuration gives it the same.
fn knows_address(case: &Case<'_>, label: &str) -> bool {
    if peers::port(label).is_some() || label.starts_with("unix:") {
        return true;
    }
    let addresses = addresses_of(case, label);
    addresses.len() == 1
}

/// Whether nginx learned from an answer on the wire, and at once, that there is no way. Its message names the address
/// when the local stack refused the connection (`ngx_event_connect_peer`), and does not when the refusal came later
/// (`ngx_http_upstream_test_connect`); a host that is gone takes the neighbour table about three seconds to find out.
fn is_told_by_icmp(case: &Case<'_>) -> bool {
    let errors = &case.scene.world.errors;
    let later =
        case.f.errors.iter().any(|e| {
            errors[*e].e.os_code == Some(113) && errors[*e].e.message.starts_with("connect() failed")
        });
    let took =
        case.f.tries.last().and_then(|t| t.logged.response_us).map_or(case.end - case.start, |us| us * 1000);
    later && took < SECOND
}
