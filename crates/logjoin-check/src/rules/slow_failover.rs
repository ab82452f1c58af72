//! A dead server is waited for too long.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "slow-failover",
    severity: Severity::Advice,
    title: "connecting to a dead server may take so long that the next one comes too late",
    products: ALL,
    needs_logs: false,
    why: "When a host is gone, nobody refuses the connection; each request waits this long before another server is tried, and most clients have left by then.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_connect_timeout` (60 s unless set)",
        "httpd: mod_proxy, worker parameter `connectiontimeout` (as `timeout` unless set)",
        "HAProxy: configuration manual 4.2, `timeout connect`",
    ],
    find,
};

/// Two lost packets of a handshake are repeated within seven seconds.
const LONG_MS: u64 = 10_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, routes) in case.used_pools() {
        if routes[0].timeouts.connect_ms.is_none() && !case.is_whole() {
            continue;
        }
        let live = pool
            .servers
            .iter()
            .filter(|server| !server.disabled && !server.address.starts_with("unix:"))
            .count();
        let limit = routes[0].timeouts.with_defaults(case.product()).connect_ms;
        let Some(limit) = limit.filter(|limit| live > 1 && *limit > LONG_MS) else { continue };
        let module = match routes[0].scheme.as_str() {
            scheme @ ("fastcgi" | "uwsgi" | "scgi" | "grpc") => scheme,
            _ => "proxy",
        };
        let fix = match case.product() {
            Product::Nginx => format!("{module}_connect_timeout 4s;"),
            Product::Haproxy => "timeout connect 4s".to_owned(),
            _ => "connectiontimeout=4 on the BalancerMember lines".to_owned(),
        };
        let message = format!("connecting to a server of `{}` may take {}", pool.name, span(limit));
        let failures = case.failures_of(pool, &[CauseId::ConnectTimeout]);
        out.push(Found::new(&routes[0].place, message, fix).touched(failures));
    }
}
