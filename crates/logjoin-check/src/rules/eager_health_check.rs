//! Checks that condemn for a hiccup.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "eager-health-check",
    severity: Severity::Warning,
    title: "one lost check, or a second of them, takes a server out",
    products: ALL,
    needs_logs: false,
    why: "A pause of the garbage collector or a lost packet makes a server that is well disappear; when it hits all at once, nobody is left.",
    sources: &[
        "nginx: ngx_http_upstream_hc_module, `health_check interval= fails=`",
        "httpd: mod_proxy_hcheck, `hcinterval`, `hcfails`",
        "HAProxy: configuration manual 5.2, `inter`, `fall`",
    ],
    find,
};

const SHORT_MS: u64 = 2_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    for (pool, _) in case.used_pools() {
        for server in &pool.servers {
            let Some(check) = &server.check else { continue };
            let takes = check.fast_interval_ms.unwrap_or(check.interval_ms)
                * u64::from(check.fall.saturating_sub(1))
                + check.interval_ms;
            let one = check.fall <= 1 && (case.product() == Product::Haproxy || check.interval_ms < 10_000);
            if !(one || takes < SHORT_MS) || seen.contains(&&pool.name) {
                continue;
            }
            seen.push(&pool.name);
            let fix = match case.product() {
                Product::Nginx => "health_check interval=3s fails=3;",
                Product::Haproxy => "inter 2s fall 3",
                _ => "hcinterval=5 hcfails=3",
            };
            let message = format!(
                "a server of `{}` is taken out after {} bad check{} in {}",
                pool.name,
                check.fall,
                if check.fall == 1 { "" } else { "s" },
                span(takes)
            );
            let causes = [CauseId::HealthCheckFailing, CauseId::NoLiveUpstreams];
            out.push(Found::new(&server.place, message, fix).touched(case.failures_of(pool, &causes)));
        }
    }
}
