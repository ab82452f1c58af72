//! A port on which the backend never listened, as the logs show.

use logjoin::CauseId;
use logjoin_config::Server;

use super::{ALL, CheckRule, Found};
use crate::case::{host, port};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "wrong-port",
    severity: Severity::Error,
    title: "an address where the backend never listened",
    products: ALL,
    needs_logs: true,
    why: "The backend was up, at another address or port; every request sent to this one failed.",
    sources: &[
        "nginx: ngx_http_upstream_module, `server`",
        "httpd: mod_proxy, ProxyPass, BalancerMember",
        "HAProxy: configuration manual 4.2, `server`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
        let failures = case.failures_at(server, &[CauseId::WrongUpstreamPort]);
        if failures == 0 || seen.contains(&&server.place) {
            continue;
        }
        seen.push(&server.place);
        let fix = match right_address(case, server) {
            Some(address) => format!("{address} (answered the requests that succeeded)"),
            None => "the address and port on which the backend listens: `ss -ltn` on its host shows them"
                .to_owned(),
        };
        out.push(
            Found::new(&server.place, format!("{}: nothing ever answered there", server.address), fix)
                .touched(failures),
        );
    }
}

/// The one address on the same host that the logs know an instance by.
fn right_address(case: &Case<'_>, server: &Server) -> Option<String> {
    let sources = &case.analysis?.sources;
    let claims =
        sources.iter().flat_map(|source| &source.addresses).filter(|claim| claim.reason != "config-name");
    let mut known: Vec<&str> = claims
        .map(|claim| claim.address.as_str())
        .filter(|address| host(address) == host(&server.address) && port(address) != port(&server.address))
        .collect();
    known.sort_unstable();
    known.dedup();
    match known.as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    }
}
