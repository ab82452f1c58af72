//! Limits in the wrong order: the one that should end first ends last.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "inverted-timeouts",
    severity: Severity::Warning,
    title: "a proxy gives up before the one behind it, or connecting may take longer than answering",
    products: ALL,
    needs_logs: false,
    why: "The proxy in front must wait longer than the one behind it; otherwise it answers 504 and hangs up while the other still tries, and nobody learns what really failed.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_connect_timeout`, `proxy_read_timeout`",
        "httpd: mod_proxy, worker parameters `connectiontimeout`, `timeout`",
        "HAProxy: configuration manual 4.2, `timeout connect`, `timeout server`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let causes = [CauseId::TimeoutTooShort, CauseId::BackendHang, CauseId::LatencyDegradation];
    for (pool, routes) in case.used_pools() {
        let route = routes[0];
        let own = route.timeouts.with_defaults(case.product());
        let place = match case.product() {
            Product::Haproxy => case.line(&case.section(pool), &["timeout", "server"]).map(|s| &s.place),
            Product::Nginx => {
                case.in_force("proxy_read_timeout", &route.scope, &route.place).map(|s| &s.place)
            }
            _ => None,
        };
        let place = place.unwrap_or(&route.place);
        let failures = case.failures_of(pool, &causes);
        // Said in the file, not by default: a short read limit with the default for connecting is usual.
        if let (Some(connect), Some(read)) = (route.timeouts.connect_ms, own.read_ms)
            && connect > read
        {
            let message = format!(
                "`{}`: connecting may take {}, an answer only {}",
                pool.name,
                span(connect),
                span(read)
            );
            out.push(Found::new(place, message, connect_fix(case.product())).touched(failures));
        }
        let Some((subject, listen, sure)) = case.behind(pool) else { continue };
        let inner = subject.config.routes.iter().filter_map(|route| {
            let limits = route.timeouts.with_defaults(subject.config.product);
            limits.read_ms.map(|ms| (ms, &route.place))
        });
        let Some((inner, at)) = inner.max() else { continue };
        let Some(outer) = own.read_ms.filter(|outer| *outer < inner) else { continue };
        let message = format!(
            "waits {} for the proxy at {}, which waits {} for its own servers ({}:{})",
            span(outer),
            listen.address,
            span(inner),
            at.file,
            at.line
        );
        let enough = inner.div_ceil(1_000) + 5;
        let fix = match case.product() {
            Product::Nginx => format!("proxy_read_timeout {enough}s;"),
            Product::Haproxy => format!("timeout server {enough}s"),
            _ => format!("timeout={enough} on the ProxyPass or BalancerMember line"),
        };
        let found = Found::new(place, message, fix).touched(failures);
        out.push(if sure { found } else { found.severity(Severity::Advice) });
    }
}

fn connect_fix(product: Product) -> &'static str {
    match product {
        Product::Nginx => "proxy_connect_timeout 4s;",
        Product::Haproxy => "timeout connect 4s",
        _ => "connectiontimeout=4 on the ProxyPass or BalancerMember line",
    }
}
