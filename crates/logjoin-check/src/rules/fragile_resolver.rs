//! Answers of name servers that are forgotten too soon.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "fragile-resolver",
    severity: Severity::Warning,
    title: "an answer of the name server that is kept only for moments",
    products: &[Product::Nginx, Product::Haproxy],
    needs_logs: false,
    why: "A name server that is silent for longer than the last answer is kept makes every server behind the name unreachable.",
    sources: &[
        "nginx: ngx_http_core_module, `resolver ... valid=`",
        "HAProxy: configuration manual 5.3.2, `hold`",
    ],
    find,
};

/// Name servers restart, and lose a packet or two; ten seconds bridge that.
const TOO_SHORT_MS: u64 = 5_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let failures: u64 =
        case.config.pools.iter().map(|pool| case.failures_of(pool, &[CauseId::DnsFailure])).sum();
    if case.product() == Product::Nginx {
        for setting in case.named("resolver") {
            let valid = setting.args.iter().find_map(|word| word.strip_prefix("valid="));
            let Some(ms) = valid.and_then(logjoin_config::nginx_time_ms).filter(|ms| *ms < TOO_SHORT_MS)
            else {
                continue;
            };
            let servers = setting.args.iter().filter(|word| !word.contains('=')).count();
            let alone = if servers == 1 { ", and there is one name server only" } else { "" };
            let message = format!("answers are kept for {}{alone}", span(ms));
            let fix = "resolver 10.0.0.2 10.0.0.3 valid=30s; (two name servers)";
            out.push(Found::new(&setting.place, message, fix).touched(failures));
        }
        return;
    }
    for setting in case
        .named("hold")
        .filter(|setting| setting.scope.first().is_some_and(|s| s.starts_with("resolvers ")))
    {
        // What is held when the name server fails: without it a server is taken down at once.
        let what = setting.args.first().map_or("", String::as_str);
        if !matches!(what, "timeout" | "refused" | "other") {
            continue;
        }
        let ms = setting.args.get(1).and_then(|word| logjoin_config::haproxy_time_ms(word));
        if let Some(ms) = ms.filter(|ms| *ms < TOO_SHORT_MS) {
            let message = format!(
                "the last address is given up {} after the name server fails (`hold {what}`)",
                span(ms)
            );
            out.push(Found::new(&setting.place, message, format!("hold {what} 30s")).touched(failures));
        }
    }
}
