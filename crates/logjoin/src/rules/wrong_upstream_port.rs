//! The proxy was given an address where this backend never listened. The backend is up: it says on which port, or it serves
//! others at the same moment; this address has never answered, or not since the proxy was reloaded.

use std::collections::BTreeSet;

use super::{Rule, Verdict};
use crate::peers;
use crate::scene::{Case, Down, DownWhy, SECOND};
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
    let mut neighbours = scene.peers.on_host(&address);
    if neighbours.is_empty() {
        // Known by name, and listening on all addresses of its host.
        neighbours.extend(case.instance.filter(|i| !scene.peers.listening(*i).is_empty()));
    }
    let is_it = |a: &String| {
        let everywhere = peers::host(a).is_some_and(peers::is_wildcard);
        *a == address || everywhere && peers::port(a) == peers::port(&address)
    };
    let listens = neighbours.iter().any(|i| scene.peers.listening(*i).iter().any(is_it));
    let served = scene.label_served(label, i64::MIN / 4, i64::MAX / 4);
    let is_port_address = peers::port(&address).is_some();
    if is_port_address && !neighbours.is_empty() && !listens && served_in_force(case, label) == 0 {
        let alive = neighbours.iter().any(|i| {
            scene.covered(*i).is_some_and(|(lo, hi)| lo <= case.end + SECOND && hi >= case.end - SECOND)
        });
        if alive {
            return Some(Verdict::new(CauseId::WrongUpstreamPort, 0.96).own(
                case,
                "the proxy connected to a port on which the backend never listened; it listens on another one",
            ));
        }
    }
    // The configuration that is in force names another port of the host than the one before or after it.
    if is_port_address
        && served == 0
        && !listens
        && has_moved(case, &address)
        && case.down().is_none_or(is_untold)
    {
        return Some(Verdict::new(CauseId::WrongUpstreamPort, 0.88).own(
            case,
            "another version of the configuration uses another port on this host, and this one never answered",
        ));
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

/// How many requests to a label had succeeded since the version of the configuration was loaded that was in force at the failure, or
/// ever where there is but one. What succeeds later may do so by a version that nobody kept.
fn served_in_force(case: &Case<'_>, label: &str) -> usize {
    // The old process finishes what it has.
    const HANDOVER: i64 = 2 * SECOND;
    let product = case.scene.plan.instances[case.proxy].product;
    let versions = case.scene.plan.configs.iter().filter(|c| c.config.product == product);
    let loaded = versions.filter_map(|c| c.loaded_ns).filter(|t| *t <= case.end + SECOND).max();
    let from = loaded.map_or(i64::MIN / 4, |t| t + HANDOVER);
    if from < case.end { case.scene.label_served(label, from, case.end) } else { 0 }
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

/// A backend that says nothing may as well be well and get no requests.
fn is_untold(down: Down) -> bool {
    down.why == DownWhy::Silent && down.back.is_none()
}

/// The addresses that the versions of the configuration give one of HAProxy's servers.
pub(super) fn addresses_of(case: &Case<'_>, label: &str) -> BTreeSet<String> {
    let product = case.scene.plan.instances[case.proxy].product;
    let configs = case.scene.plan.configs.iter().filter(|c| c.config.product == product);
    let Some((pool, server)) = label.split_once('/') else { return BTreeSet::new() };
    let pools = configs.flat_map(|c| &c.config.pools).filter(|p| p.name == pool);
    let servers = pools.flat_map(|p| &p.servers).filter(|s| s.name.as_deref() == Some(server));
    servers.map(|s| s.address.clone()).collect()
}

/// Whether a version of the proxy's configuration that was loaded as the failures began has this address, and another version
/// one on the same host that this version has not.
fn has_moved(case: &Case<'_>, address: &str) -> bool {
    let product = case.scene.plan.instances[case.proxy].product;
    let first = first_of_row(case);
    let versions: Vec<(bool, BTreeSet<&str>)> = case
        .scene
        .plan
        .configs
        .iter()
        .filter(|c| c.config.product == product)
        .map(|c| {
            let began = c.loaded_ns.is_some_and(|t| t >= first - 5 * SECOND && t <= first + 2 * SECOND);
            let servers = c.config.pools.iter().flat_map(|p| &p.servers);
            (began, servers.map(|s| s.address.as_str()).collect())
        })
        .collect();
    let host = |a: &str| a.rsplit_once(':').map(|(h, _)| h.to_string());
    versions.iter().filter(|(began, v)| *began && v.contains(address)).any(|(_, with)| {
        let without = versions.iter().filter(|(_, v)| !v.contains(address));
        without.flat_map(|(_, v)| v).any(|other| !with.contains(other) && host(other) == host(address))
    })
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
