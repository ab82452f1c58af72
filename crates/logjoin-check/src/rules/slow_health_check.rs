//! Checks that notice late.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "slow-health-check",
    severity: Severity::Warning,
    title: "it takes more than half a minute until a dead server is taken out",
    products: ALL,
    needs_logs: false,
    why: "Until then the server gets its share of the requests, and they fail.",
    sources: &[
        "nginx: ngx_http_upstream_hc_module, `health_check interval= fails=`",
        "httpd: mod_proxy_hcheck, `hcinterval`, `hcfails`",
        "HAProxy: configuration manual 5.2, `inter`, `fastinter`, `fall`",
    ],
    find,
};

const LONG_MS: u64 = 30_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    for (pool, _) in case.used_pools() {
        for server in &pool.servers {
            let Some(check) = &server.check else { continue };
            // The first bad check comes after one interval, the others at the faster pace where there is one.
            let further = check.fast_interval_ms.unwrap_or(check.interval_ms);
            let takes = check.interval_ms + further * u64::from(check.fall.saturating_sub(1));
            if takes <= LONG_MS || seen.contains(&&pool.name) {
                continue;
            }
            seen.push(&pool.name);
            let fix = match case.product() {
                Product::Nginx => "health_check interval=3s fails=2;",
                Product::Haproxy => "inter 2s fastinter 1s fall 3",
                _ => "hcinterval=5 hcfails=2",
            };
            let message = format!("a dead server of `{}` is noticed after up to {}", pool.name, span(takes));
            let causes = [
                CauseId::BackendDown,
                CauseId::BackendCrash,
                CauseId::OomKill,
                CauseId::DeployRestart,
                CauseId::BackendHang,
            ];
            out.push(Found::new(&server.place, message, fix).touched(case.failures_of(pool, &causes)));
        }
    }
}
