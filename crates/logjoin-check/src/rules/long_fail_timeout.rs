//! Servers that stay out long after they are well.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "long-fail-timeout",
    severity: Severity::Advice,
    title: "a server stays out for more than a minute after it failed",
    products: ALL,
    needs_logs: false,
    why: "The others carry its load meanwhile; if they fail under it, nobody is left although the first is well again.",
    sources: &[
        "nginx: ngx_http_upstream_module, `fail_timeout` (10 s unless set)",
        "httpd: mod_proxy, worker parameter `retry` (60 s unless set)",
        "HAProxy: configuration manual 5.2, `downinter`, `rise`",
    ],
    find,
};

const LONG_MS: u64 = 60_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        let stays = |server: &logjoin_config::Server| match case.product() {
            Product::Haproxy => server.check.as_ref().map(|check| {
                let further = check.fast_interval_ms.unwrap_or(check.interval_ms);
                check.down_interval_ms.unwrap_or(check.interval_ms)
                    + further * u64::from(check.rise.saturating_sub(1))
            }),
            _ => server.fail_timeout_ms.filter(|_| server.max_fails != Some(0)),
        };
        let found = pool
            .servers
            .iter()
            .filter(|server| !server.disabled)
            .find_map(|server| stays(server).filter(|ms| *ms > LONG_MS).map(|ms| (server, ms)));
        let Some((server, ms)) = found else { continue };
        let fix = match case.product() {
            Product::Nginx => "fail_timeout=10s",
            Product::Haproxy => "downinter 5s rise 2",
            _ => "retry=10",
        };
        let message = format!("{} stays out for {} or more", server.address, span(ms));
        out.push(
            Found::new(&server.place, message, fix)
                .touched(case.failures_of(pool, &[CauseId::NoLiveUpstreams])),
        );
    }
}
