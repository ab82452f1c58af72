//! Counting failures of a server that nobody can replace.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "only-server-taken-out",
    severity: Severity::Warning,
    title: "a few failures take out the only server",
    products: ALL,
    needs_logs: false,
    why: "A restart of a second then becomes an outage of a minute: the proxy answers 502 or 503 by itself, without asking the server that is well again.",
    sources: &[
        "nginx: ngx_http_upstream_module, `max_fails`, `fail_timeout` (ignored only where the group has one line)",
        "httpd: mod_proxy, worker parameter `retry` (60 s unless set)",
        "HAProxy: configuration manual 5.2, `observe`, `on-error`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        let mut live = pool.servers.iter().filter(|server| !server.disabled);
        let (Some(only), None) = (live.next(), live.next()) else { continue };
        let (message, fix) = match case.product() {
            Product::Nginx => {
                // nginx counts lines: with one that is `down` beside it, the rule for a single server does not hold.
                let most = only.max_fails.unwrap_or(1);
                if pool.servers.len() < 2 || most == 0 {
                    continue;
                }
                let out_for = span(only.fail_timeout_ms.unwrap_or(10_000));
                let message = format!(
                    "{most} failed request(s) take out {}, the only one not `down`, for {out_for}",
                    only.address
                );
                (message, format!("server {} max_fails=0;", only.address))
            }
            Product::Haproxy => {
                let has = |word: &str| only.params.iter().any(|have| have == word);
                if !has("observe") || !(has("mark-down") || has("sudden-death")) {
                    continue;
                }
                let message = format!(
                    "errors in the traffic take out {}, the only server of `{}`",
                    only.address, pool.name
                );
                (message, "the `server` line without `observe`, or with `on-error fastinter`".to_owned())
            }
            _ => {
                let retry = only.fail_timeout_ms.unwrap_or(60_000);
                let ignores = only.params.iter().any(|word| word.eq_ignore_ascii_case("status=+I"));
                if retry == 0 || ignores {
                    continue;
                }
                let message = format!(
                    "one failed connection takes out {}, the only server, for {}",
                    only.address,
                    span(retry)
                );
                (message, "retry=0 on the ProxyPass line".to_owned())
            }
        };
        let failures =
            case.failures_of(pool, &[CauseId::NoLiveUpstreams, CauseId::BackendDown, CauseId::DeployRestart]);
        out.push(Found::new(&only.place, message, fix).touched(failures));
    }
}
