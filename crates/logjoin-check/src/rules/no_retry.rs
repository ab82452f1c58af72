//! Several servers, and a request that one of them refuses is lost all the same.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "no-retry",
    severity: Severity::Advice,
    title: "a request that cannot reach its server is not sent to another one",
    products: ALL,
    needs_logs: false,
    why: "A connection that is refused has carried nothing out: another server could answer, and nobody would notice the one that is down.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_next_upstream`",
        "httpd: mod_proxy, balancer parameter `nofailover`, `maxattempts`",
        "HAProxy: configuration manual 4.2, `option redispatch`, `retries`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let causes = [
        CauseId::BackendDown,
        CauseId::BackendCrash,
        CauseId::DeployRestart,
        CauseId::OomKill,
        CauseId::StartFailure,
        CauseId::ConnectTimeout,
        CauseId::NetworkUnreachable,
        CauseId::WrongUpstreamPort,
        CauseId::PermissionDenied,
    ];
    for (pool, routes) in case.used_pools() {
        if pool.servers.iter().filter(|server| !server.disabled).count() < 2 {
            continue;
        }
        let found = match case.product() {
            Product::Nginx => {
                let Some(route) = routes.iter().find(|route| route.next_upstream.as_deref() == Some("off"))
                else {
                    continue;
                };
                let module = match route.scheme.as_str() {
                    scheme @ ("fastcgi" | "uwsgi" | "scgi" | "grpc") => scheme,
                    _ => "proxy",
                };
                let name = [
                    "proxy_next_upstream",
                    "fastcgi_next_upstream",
                    "uwsgi_next_upstream",
                    "scgi_next_upstream",
                    "grpc_next_upstream",
                ]
                .into_iter()
                .find(|name| name.strip_suffix("_next_upstream") == Some(module));
                let place = name
                    .and_then(|name| case.in_force(name, &route.scope, &route.place))
                    .map_or(&route.place, |s| &s.place);
                Found::new(
                    place,
                    format!("no other server of `{}` is tried", pool.name),
                    format!("{module}_next_upstream error timeout;\n{module}_next_upstream_tries 2;"),
                )
            }
            Product::Haproxy => {
                let section = case.section(pool);
                if case.line(&section, &["option", "redispatch"]).is_some() && pool.retries != Some(0) {
                    continue;
                }
                let retries = case.line(&section, &["retries"]).filter(|_| pool.retries == Some(0));
                let place = retries.map_or(&pool.place, |setting| &setting.place);
                Found::new(
                    place,
                    format!("retries for `{}` go to the same server", pool.name),
                    "option redispatch\nretries 2",
                )
            }
            _ => {
                let set = case.config.settings.iter().find(|setting| {
                    let own = setting.value.contains(&pool.name)
                        || setting.scope.iter().any(|scope| scope.contains(&pool.name));
                    own && setting.args.iter().any(|word| word.eq_ignore_ascii_case("nofailover=on"))
                });
                let Some(set) = set else { continue };
                Found::new(
                    &set.place,
                    format!("no other member of `{}` is tried", pool.name),
                    "nofailover=Off (the default)",
                )
            }
        };
        out.push(found.touched(case.failures_of(pool, &causes)));
    }
}
