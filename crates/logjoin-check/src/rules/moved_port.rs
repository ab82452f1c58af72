//! A server that moved to another port with a new version of the file.

use logjoin::CauseId;

use super::{ALL, CheckRule, Found};
use crate::case::{host, port};
use crate::evidence::base;
use crate::{Case, Severity, Subject};

pub(super) static RULE: CheckRule = CheckRule {
    id: "moved-port",
    severity: Severity::Advice,
    title: "a server got another port with this version of the file",
    products: ALL,
    needs_logs: false,
    why: "If the backend did not move at the same moment, all requests for it fail from the reload on; of several versions at hand, this is the first place to look.",
    sources: &["the versions of the file, told apart by the time in their names"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let Some(own) = case.all.iter().find(|subject| subject.path == case.path) else { return };
    let earlier = case.all.iter().filter(|other| {
        other.config.product == case.product()
            && base(&other.path) == base(case.path)
            && other.loaded_ns < own.loaded_ns
    });
    let Some(before) = earlier.max_by_key(|other| other.loaded_ns) else { return };
    let old: Vec<&str> = addresses(before).collect();
    let now: Vec<&str> = addresses(own).collect();
    for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
        if old.contains(&server.address.as_str()) {
            continue;
        }
        // Whoever is still asked at the old address has not moved.
        let is_moved = |address: &&&str| {
            host(address) == host(&server.address)
                && port(address) != port(&server.address)
                && !now.contains(address)
        };
        let Some(address) = old.iter().find(is_moved) else { continue };
        let message = format!("{address} became {} with this version", server.address);
        let failures = case.failures_at(server, &[CauseId::WrongUpstreamPort, CauseId::BackendDown]);
        out.push(
            Found::new(&server.place, message, format!("{address}, unless the backend moved too"))
                .touched(failures),
        );
    }
}

fn addresses(subject: &Subject) -> impl Iterator<Item = &str> {
    subject.config.pools.iter().flat_map(|pool| &pool.servers).map(|server| server.address.as_str())
}
