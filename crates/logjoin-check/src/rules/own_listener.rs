//! A proxy that asks itself.

use logjoin::CauseId;
use logjoin_config::{Listen, Route};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::{host, is_loopback, port};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "own-listener",
    severity: Severity::Error,
    title: "the server's address is the listener that the request came in by",
    products: ALL,
    needs_logs: false,
    why: "Each request is handed to the same place again until connections, headers or patience run out.",
    sources: &[
        "nginx: ngx_http_core_module, `listen`; ngx_http_proxy_module, `proxy_pass`",
        "httpd: mod_proxy, ProxyPass; core, Listen",
        "HAProxy: configuration manual 4.2, `bind`, `server`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    for route in &case.config.routes {
        let Some(pool) = case.config.pool(&route.target) else { continue };
        for server in pool.servers.iter().filter(|server| !server.disabled) {
            let loops = case
                .config
                .listens
                .iter()
                .find(|listen| is_same(listen, &server.address) && serves(case, listen, route));
            if let Some(listen) = loops
                && !seen.contains(&&server.place)
            {
                seen.push(&server.place);
                let message = format!(
                    "{} is this proxy's own listener ({} on line {}), and leads here again",
                    server.address, listen.address, listen.place.line
                );
                out.push(
                    Found::new(&server.place, message, "the address and port on which the backend listens")
                        .touched(
                            case.failures_at(server, &[CauseId::ProxyResources, CauseId::WrongUpstreamPort]),
                        ),
                );
            }
        }
    }
}

/// Whether a connection to the address ends at the listener.
fn is_same(listen: &Listen, address: &str) -> bool {
    if listen.address.eq_ignore_ascii_case(address) {
        return true;
    }
    let any = matches!(host(&listen.address), "*" | "0.0.0.0" | "[::]");
    listen.port.is_some()
        && listen.port == port(address)
        && is_loopback(host(address))
        && (any || is_loopback(host(&listen.address)))
}

/// Whether a request that comes in there may take that route.
fn serves(case: &Case<'_>, listen: &Listen, route: &Route) -> bool {
    match case.product() {
        Product::Haproxy => {
            let own = route.scope.first().and_then(|heading| heading.split_once(' ')).map(|(_, name)| name);
            own == listen.name.as_deref() && route.matching == logjoin_config::Matching::Always
        }
        Product::Nginx => listen.server_names == route.server_names && route.path == "/",
        _ => {
            let hosts =
                route.scope.iter().find(|heading| heading.to_ascii_lowercase().starts_with("virtualhost "));
            let own = hosts.is_none_or(|heading| {
                heading.split(' ').skip(1).any(|at| port(at).is_some() && port(at) == listen.port)
            });
            own && route.path == "/"
        }
    }
}
