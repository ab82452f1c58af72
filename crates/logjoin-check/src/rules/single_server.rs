//! A group of one.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::host;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "single-server",
    severity: Severity::Advice,
    title: "one server only: nobody takes over when it fails or restarts",
    products: ALL,
    needs_logs: false,
    why: "Each restart and each crash of the only server is an outage of everything that is sent to it.",
    sources: &[
        "nginx: ngx_http_upstream_module, `server`, `backup`",
        "httpd: mod_proxy_balancer, BalancerMember, `status=+H`",
        "HAProxy: configuration manual 5.2, `backup`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, routes) in case.used_pools() {
        let mut live = pool.servers.iter().filter(|server| !server.disabled);
        let (Some(only), None) = (live.next(), live.next()) else { continue };
        // A name may stand for several servers; HAProxy's 0.0.0.0 for whatever the client asked for.
        if only.is_name || matches!(host(&only.address), "0.0.0.0" | "*") {
            continue;
        }
        let fix = match case.product() {
            Product::Nginx => format!("upstream {} {{\n    server {};\n    server ADDRESS:PORT;\n}}", name(&pool.name), only.address),
            Product::Haproxy => "server NAME ADDRESS:PORT check".to_owned(),
            _ => "<Proxy balancer://NAME>\n    BalancerMember http://ADDRESS:PORT\n    BalancerMember http://ADDRESS:PORT\n</Proxy>".to_owned(),
        };
        let place = if pool.anonymous { &routes[0].place } else { &only.place };
        let causes = [
            CauseId::BackendDown,
            CauseId::BackendCrash,
            CauseId::OomKill,
            CauseId::DeployRestart,
            CauseId::StartFailure,
            CauseId::NoLiveUpstreams,
        ];
        out.push(
            Found::new(place, format!("{} is the only server of `{}`", only.address, pool.name), fix)
                .touched(case.failures_of(pool, &causes)),
        );
    }
}

/// A name for a group: that of the pool, unless it is an address.
fn name(pool: &str) -> &str {
    if pool.contains([':', '/', '.']) { "app" } else { pool }
}
