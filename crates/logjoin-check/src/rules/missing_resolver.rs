//! A name that is to be resolved while running, and nobody to ask.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::case::host;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "missing-resolver",
    severity: Severity::Error,
    title: "a name to resolve at run time without a resolver",
    products: &[Product::Nginx, Product::Haproxy],
    needs_logs: false,
    why: "nginx asks no system resolver at run time: with a variable in the address and no `resolver`, each request ends in \"no resolver defined\" and 502. HAProxy does not start with an unknown `resolvers` section.",
    sources: &[
        "nginx: ngx_http_core_module, `resolver`; ngx_http_proxy_module, `proxy_pass`",
        "HAProxy: configuration manual 5.3, `resolvers`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if case.product() == Product::Haproxy {
        for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
            let Some(section) = &server.resolvers else { continue };
            let heading = format!("resolvers {section}");
            if !case.config.settings.iter().any(|setting| setting.scope.first() == Some(&heading)) {
                let fix = format!("resolvers {section}\n    parse-resolv-conf\n    hold valid 10s");
                out.push(Found::new(&server.place, format!("no section is named `{heading}`"), fix));
            }
        }
        return;
    }
    if !case.is_whole() {
        return;
    }
    let fix = "resolver 10.0.0.2 10.0.0.3 valid=30s; (your name servers)";
    for route in &case.config.routes {
        let Some(written) = case.written(&route.place).filter(|written| written.value.contains('$')) else {
            continue;
        };
        let Some(pool) = case.config.pools.iter().find(|pool| pool.anonymous && pool.name == route.target)
        else {
            continue;
        };
        let Some(server) = pool.servers.first().filter(|server| server.is_name) else { continue };
        if case.in_force("resolver", &route.scope, &route.place).is_none() {
            let message = format!(
                "{} is resolved for each request (`{}`), and there is no `resolver`",
                host(&server.address),
                written.value
            );
            out.push(
                Found::new(&route.place, message, fix)
                    .touched(case.failures_of(pool, &[CauseId::DnsFailure])),
            );
        }
    }
    for pool in &case.config.pools {
        for server in pool.servers.iter().filter(|server| server.resolvers.is_some()) {
            if case.named("resolver").next().is_none() {
                let message = format!("{} has `resolve`, and there is no `resolver`", server.address);
                out.push(
                    Found::new(&server.place, message, fix)
                        .touched(case.failures_of(pool, &[CauseId::DnsFailure])),
                );
            }
        }
    }
}
