//! The proxy was given an address where this backend never listened. The backend is up: it says on which port, or it serves
//! others at the same moment; this address has never answered, or not since the proxy was reloaded.

use super::{Rule, Verdict};
use crate::peers;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::WrongUpstreamPort,
    seen_as: &[Mechanism::Refused, Mechanism::ConnectFailed, Mechanism::NoSocket],
    needs: "a backend that lives and listens elsewhere, at an address that never answered",
    refuted_by: "a successful request to the same address under the same configuration",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket) {
        return None;
    }
    let scene = case.scene;
    let label = case.label()?;
    let address = configured_address(case, label).unwrap_or_else(|| label.to_string());
    // Someone listens on that host, on another port, and the address itself has never answered.
    let neighbours = scene.peers.on_host(&address);
    let listens = neighbours.iter().any(|i| scene.peers.listening(*i).contains(&address));
    let served = scene.label_served(label, i64::MIN / 4, i64::MAX / 4);
    let is_port_address = peers::port(&address).is_some();
    if is_port_address && !neighbours.is_empty() && !listens && (served == 0 || address != label) {
        let alive = neighbours.iter().any(|i| {
            scene.covered(*i).is_some_and(|(lo, hi)| lo <= case.end + SECOND && hi >= case.end - SECOND)
        });
        if alive {
            return Some(Verdict::new(CauseId::WrongUpstreamPort, 0.96).own(
                case,
                "the proxy was sent to a port on which the backend never listened; it listens on another one",
            ));
        }
    }
    // The backend serves others while this proxy is refused, since a reload of this proxy.
    let instance = case.instance?;
    let alive = scene.served_around(instance, case.start, case.end);
    let first = first_of_row(case);
    let reloaded = scene.reloaded(case.proxy, first - 5 * SECOND, first + 2 * SECOND);
    (alive && reloaded && case.down().is_none()).then(|| {
        Verdict::new(CauseId::WrongUpstreamPort, 0.85)
            .own(case, "refused since the proxy was reloaded, while the backend served others")
    })
}

fn configured_address(case: &Case<'_>, label: &str) -> Option<String> {
    configured(case, label).map(|s| s.address.clone())
}

/// One of HAProxy's servers in the configuration that was in force at that moment.
pub(super) fn configured<'a>(case: &Case<'a>, label: &str) -> Option<&'a logjoin_config::Server> {
    let (pool, server) = label.split_once('/')?;
    let product = case.scene.plan.instances[case.proxy].product;
    let in_force = case
        .scene
        .plan
        .configs
        .iter()
        .filter(|c| c.config.product == product && c.loaded_ns.is_none_or(|t| t <= case.end + SECOND))
        .max_by_key(|c| c.loaded_ns)?;
    let pool = in_force.config.pools.iter().find(|p| p.name == pool)?;
    pool.servers.iter().find(|s| s.name.as_deref() == Some(server))
}

/// Start of the unbroken row of failures at this label that ends here.
fn first_of_row(case: &Case<'_>) -> i64 {
    let Some(instance) = case.instance else { return case.start };
    let mut first = case.start;
    let earlier = case.scene.failed_at(instance, case.end - 3600 * SECOND, case.end);
    for n in earlier.iter().rev() {
        let f = &case.scene.failing[*n];
        if first - f.end_ns > 30 * SECOND || f.mechanism != case.mechanism {
            break;
        }
        first = first.min(f.start_ns);
    }
    first
}
