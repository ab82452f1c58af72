//! One slow request takes a server out.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "eager-max-fails",
    severity: Severity::Advice,
    title: "one failed request takes a server out for ten seconds",
    products: &[Product::Nginx],
    needs_logs: false,
    why: "nginx counts a timeout as a failure: one slow report requested on each server leaves nobody, and all requests get \"no live upstreams\".",
    sources: &["nginx: ngx_http_upstream_module, `max_fails` (1 unless set), `fail_timeout`"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, routes) in case.used_pools() {
        let live: Vec<_> = pool.servers.iter().filter(|server| !server.disabled).collect();
        if live.len() < 2
            || pool.tcp_mode
            || live.iter().any(|server| server.max_fails.is_some_and(|most| most != 1))
        {
            continue;
        }
        // Only what `proxy_next_upstream` names counts as a failure, besides connections that fail.
        if routes.iter().all(|route| route.next_upstream.as_deref() == Some("off")) {
            continue;
        }
        let message =
            format!("each of the {} servers of `{}` is out after 1 failed request", live.len(), pool.name);
        let fix = format!("server {} max_fails=3 fail_timeout=10s;", live[0].address);
        out.push(
            Found::new(&live[0].place, message, fix)
                .touched(case.failures_of(pool, &[CauseId::NoLiveUpstreams])),
        );
    }
}
