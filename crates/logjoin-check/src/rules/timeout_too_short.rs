//! A limit that ends before the backend does, as the logs show.

use logjoin::CauseId;
use logjoin_config::{Place, Pool, Route};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "timeout-too-short",
    severity: Severity::Warning,
    title: "the proxy gave up on requests that the backend completed",
    products: ALL,
    needs_logs: true,
    why: "The backend did the work, and the client got a 504 all the same; a client that tries again doubles the load.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_read_timeout`",
        "httpd: mod_proxy, ProxyTimeout, worker parameter `timeout`",
        "HAProxy: configuration manual 4.2, `timeout server`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen: Vec<Place> = Vec::new();
    for (pool, routes) in case.used_pools() {
        let failures = case.failures_of(pool, &[CauseId::TimeoutTooShort]);
        // One or two may be another fault's.
        if failures < 3 {
            continue;
        }
        let limit = routes[0].timeouts.with_defaults(case.product()).read_ms;
        let (place, directive) = place(case, pool, routes[0]);
        if seen.contains(&place) {
            continue;
        }
        let said = limit.map_or("no limit".to_owned(), span);
        let message = format!("`{directive}` is {said} for `{}`, less than the backend took", pool.name);
        let enough =
            enough(case, pool).unwrap_or_else(|| limit.unwrap_or(30_000).saturating_mul(2).div_ceil(1_000));
        let fix = match case.product() {
            Product::Nginx => format!("{directive} {enough}s;"),
            Product::Haproxy => format!("timeout server {enough}s"),
            _ => format!("timeout={enough} on the ProxyPass or BalancerMember line"),
        };
        out.push(Found::new(&place, message, fix).touched(failures));
        seen.push(place);
    }
}

/// Where the limit is set, and what it is called; where nothing sets it, the place of the route.
fn place(case: &Case<'_>, pool: &Pool, route: &Route) -> (Place, String) {
    let name = match (case.product(), route.scheme.as_str()) {
        (Product::Nginx, "fastcgi") => "fastcgi_read_timeout",
        (Product::Nginx, "uwsgi") => "uwsgi_read_timeout",
        (Product::Nginx, "scgi") => "scgi_read_timeout",
        (Product::Nginx, "grpc" | "grpcs") => "grpc_read_timeout",
        (Product::Nginx, _) => "proxy_read_timeout",
        (Product::Haproxy, _) => {
            let set = case.line(&case.section(pool), &["timeout", "server"]);
            return (
                set.map_or_else(|| pool.place.clone(), |s| s.place.clone()),
                "timeout server".to_owned(),
            );
        }
        _ => {
            let own = pool.servers.iter().filter(|server| server.timeouts.read_ms.is_some());
            let own = own.rev().max_by_key(|server| case.failures_at(server, &[CauseId::TimeoutTooShort]));
            if let Some(server) = own {
                return (server.place.clone(), "timeout".to_owned());
            }
            let set = case
                .in_force("ProxyTimeout", &route.scope, &route.place)
                .or_else(|| case.in_force("Timeout", &route.scope, &route.place));
            return set.map_or_else(
                || (route.place.clone(), "Timeout".to_owned()),
                |set| (set.place.clone(), set.name.clone()),
            );
        }
    };
    let set = case.in_force(name, &route.scope, &route.place);
    (set.map_or_else(|| route.place.clone(), |set| set.place.clone()), name.to_owned())
}

/// Seconds that would have served nineteen of twenty, where the analysis says so.
fn enough(case: &Case<'_>, pool: &Pool) -> Option<u64> {
    let of_pool = |target: &str| {
        target.split_once('/').is_some_and(|(name, _)| name == pool.name)
            || pool.servers.iter().any(|server| server.address.eq_ignore_ascii_case(target))
    };
    let advice = case.analysis?.timeouts.iter().filter(|advice| of_pool(&advice.target));
    let choices = advice.flat_map(|advice| &advice.choices).filter(|choice| choice.served >= 0.95);
    choices.map(|choice| choice.timeout_s.ceil() as u64).min()
}
