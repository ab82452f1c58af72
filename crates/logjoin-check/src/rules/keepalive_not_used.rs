//! Connections that were to be kept and are not.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "keepalive-not-used",
    severity: Severity::Advice,
    title: "`keepalive` without HTTP/1.1 and an empty Connection header has no effect",
    products: &[Product::Nginx],
    needs_logs: false,
    why: "Before nginx 1.29.7 requests go out as HTTP/1.0 with `Connection: close`: each makes a connection of its own, and under load the ports run out.",
    sources: &["nginx: ngx_http_upstream_module, `keepalive`; ngx_http_proxy_module, `proxy_http_version`"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if !case.is_whole() {
        return;
    }
    for (pool, routes) in case.used_pools() {
        if pool.keepalive.is_none_or(|count| count == 0) {
            continue;
        }
        for route in routes.iter().filter(|route| matches!(route.scheme.as_str(), "http" | "https")) {
            let version = case.in_force("proxy_http_version", &route.scope, &route.place);
            let old = version.is_none_or(|version| version.value == "1.0");
            let is_connection = |name: &str| name.eq_ignore_ascii_case("connection");
            let cleared = case.named("proxy_set_header").any(|header| {
                route.scope.starts_with(&header.scope)
                    && header.args.first().is_some_and(|name| is_connection(name))
            });
            if old || !cleared {
                let message = format!("`{}` is to keep connections, but this way closes each", pool.name);
                let fix = "proxy_http_version 1.1;\nproxy_set_header Connection \"\";";
                out.push(
                    Found::new(&route.place, message, fix)
                        .touched(case.failures_of(pool, &[CauseId::ProxyResources])),
                );
            }
        }
    }
}
