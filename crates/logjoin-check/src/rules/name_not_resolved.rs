//! A name that could not be resolved, as the logs show.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::host;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "name-not-resolved",
    severity: Severity::Error,
    title: "a name that could not be resolved",
    products: ALL,
    needs_logs: true,
    why: "Without an address there is no server to ask: each request for it was answered with an error by the proxy.",
    sources: &[
        "nginx: ngx_http_core_module, `resolver`, `resolver_timeout`",
        "httpd: mod_proxy, \"DNS lookup failure for\"",
        "HAProxy: configuration manual 5.3.2, `nameserver`, `hold`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, routes) in case.used_pools() {
        let failures = case.failures_of(pool, &[CauseId::DnsFailure]);
        let Some(server) = pool.servers.iter().find(|server| server.is_name).filter(|_| failures > 0) else {
            continue;
        };
        let place = if pool.anonymous { &routes[0].place } else { &server.place };
        let fix = match case.product() {
            Product::Nginx => "resolver 10.0.0.2 10.0.0.3 valid=30s; (two name servers that know the name)",
            Product::Haproxy => {
                "a second `nameserver` line, `hold timeout 30s`, `hold other 30s` and `hold refused 30s` in the `resolvers` section"
            }
            _ => "a second `nameserver` in resolv.conf, or the address in hosts(5)",
        };
        out.push(
            Found::new(place, format!("{} could not be resolved", host(&server.address)), fix)
                .touched(failures),
        );
    }
}
