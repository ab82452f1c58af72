//! Response headers that do not fit, as the logs show.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "header-too-large",
    severity: Severity::Warning,
    title: "response headers that were larger than the proxy's buffer",
    products: ALL,
    needs_logs: true,
    why: "A response whose header does not fit into the buffer is thrown away: 502, though the backend answered.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_buffer_size` (one page unless set)",
        "httpd: mod_proxy, worker parameter `responsefieldsize` (8192 unless set)",
        "HAProxy: configuration manual 3.2, `tune.bufsize` (16384 unless set), `tune.maxrewrite`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    for (pool, routes) in case.used_pools() {
        let failures = case.failures_of(pool, &[CauseId::HeaderTooLarge]);
        if failures == 0 {
            continue;
        }
        let route = routes[0];
        let module = match route.scheme.as_str() {
            "fastcgi" | "uwsgi" | "scgi" | "grpc" => route.scheme.as_str(),
            _ => "proxy",
        };
        let (room, set) = match case.product() {
            Product::Nginx => {
                let names = [
                    "proxy_buffer_size",
                    "fastcgi_buffer_size",
                    "uwsgi_buffer_size",
                    "scgi_buffer_size",
                    "grpc_buffer_size",
                ];
                let name = names.into_iter().find(|name| name.strip_suffix("_buffer_size") == Some(module));
                (4_096, name.and_then(|name| case.in_force(name, &route.scope, &route.place)))
            }
            Product::Haproxy => (15_360, case.global("tune.bufsize")),
            _ => (8_192, None),
        };
        let room = route.buffers.unwrap_or(room);
        let place = match (set, case.product()) {
            (Some(set), _) => &set.place,
            (None, Product::Apache) => pool.servers.first().map_or(&route.place, |server| &server.place),
            _ => &route.place,
        };
        if seen.contains(place) {
            continue;
        }
        seen.push(place.clone());
        let message = format!("responses of `{}` had headers larger than {room} bytes", pool.name);
        let fix = match case.product() {
            Product::Nginx => {
                format!("{module}_buffer_size 16k;\n{module}_buffers 8 16k;\n{module}_busy_buffers_size 32k;")
            }
            Product::Haproxy => "tune.bufsize 32768 (in `global`)".to_owned(),
            _ => "responsefieldsize=32768 on the ProxyPass or BalancerMember line".to_owned(),
        };
        out.push(Found::new(place, message, fix).touched(failures));
    }
}
