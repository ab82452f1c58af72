//! A name that is resolved once and never again.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::{host, is_loopback};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "fixed-address",
    severity: Severity::Warning,
    title: "a name that is resolved only when the proxy starts",
    products: ALL,
    needs_logs: false,
    why: "When the name later stands for another address, the proxy goes on with the old one until it is reloaded; and if the name cannot be resolved at that moment, it does not start.",
    sources: &[
        "nginx: ngx_http_upstream_module, `server ... resolve` (open source since 1.27.3); ngx_http_proxy_module, `proxy_pass` with variables",
        "httpd: mod_proxy, worker parameters `disablereuse`, `addressttl` (since 2.4.59)",
        "HAProxy: configuration manual 5.3, server IP address resolution using DNS",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, routes) in case.used_pools() {
        for server in
            pool.servers.iter().filter(|server| server.is_name && !is_loopback(host(&server.address)))
        {
            if is_resolved_again(case, pool.anonymous, &routes[0].place, server) {
                continue;
            }
            // In a fragment of nginx's configuration a bare word may be a group that another file defines.
            if pool.anonymous
                && case.product() == Product::Nginx
                && !case.is_whole()
                && !host(&server.address).contains('.')
            {
                continue;
            }
            let address = &server.address;
            let fix = match case.product() {
                Product::Nginx => format!(
                    "resolver 10.0.0.2 10.0.0.3 valid=30s; (your name servers)\nset $backend \"{address}\";\nproxy_pass http://$backend;"
                ),
                Product::Haproxy => format!(
                    "resolvers lan\n    parse-resolv-conf\n    hold valid 10s\nserver {} {address} check resolvers lan init-addr last,libc,none",
                    server.name.as_deref().unwrap_or("NAME")
                ),
                _ => "addressttl=30 on the ProxyPass or BalancerMember line (since 2.4.59; before: disablereuse=on)".to_owned(),
            };
            let message = format!("{} is resolved once, at the start", host(address));
            out.push(
                Found::new(&server.place, message, fix)
                    .touched(case.failures_at(server, &[CauseId::DnsFailure, CauseId::DnsStaleAddress])),
            );
        }
    }
}

fn is_resolved_again(
    case: &Case<'_>,
    anonymous: bool,
    route: &logjoin_config::Place,
    server: &logjoin_config::Server,
) -> bool {
    match case.product() {
        Product::Nginx => {
            let by_variable =
                anonymous && case.written(route).is_some_and(|written| written.value.contains('$'));
            by_variable || server.resolvers.is_some()
        }
        Product::Haproxy => server.resolvers.is_some(),
        _ => server.params.iter().any(|word| {
            let word = word.to_ascii_lowercase();
            word == "disablereuse=on" || word == "enablereuse=off" || word.starts_with("addressttl=")
        }),
    }
}
