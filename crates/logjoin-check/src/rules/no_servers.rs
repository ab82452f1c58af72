//! A group that has nobody to ask.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "no-servers",
    severity: Severity::Error,
    title: "a group without a server that may be used",
    products: ALL,
    needs_logs: false,
    why: "Every request that is sent there is answered with 502 or 503 by the proxy itself.",
    sources: &[
        "nginx: ngx_http_upstream_module, `server`, parameter `down`",
        "httpd: mod_proxy, BalancerMember, `status=+D`",
        "HAProxy: configuration manual 5.2, `disabled`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        if pool.servers.iter().any(|server| !server.disabled) || answers_itself(case, &case.section(pool)) {
            continue;
        }
        let state =
            if pool.servers.is_empty() { "has no servers" } else { "has only servers that are taken out" };
        let fix = match case.product() {
            Product::Nginx => "server ADDRESS:PORT;",
            Product::Haproxy => "server NAME ADDRESS:PORT check",
            _ => "BalancerMember http://ADDRESS:PORT",
        };
        let causes = [CauseId::NoLiveUpstreams, CauseId::BackendMaintenance, CauseId::ProxyConfigError];
        out.push(
            Found::new(&pool.place, format!("`{}` {state}", pool.name), fix)
                .touched(case.failures_of(pool, &causes)),
        );
    }
}

/// HAProxy sections that answer without a server: redirects, statistics, a maintenance page.
fn answers_itself(case: &Case<'_>, section: &str) -> bool {
    let own =
        |setting: &&logjoin_config::Setting| setting.scope.first().is_some_and(|heading| heading == section);
    case.config.settings.iter().filter(own).any(|setting| match setting.name.as_str() {
        "redirect" | "stats" | "use-service" | "errorfile" | "dispatch" | "monitor-uri" => true,
        "http-request" | "tcp-request" => {
            matches!(
                setting.args.first().map(String::as_str),
                Some("return" | "redirect" | "deny" | "reject" | "use-service" | "do-resolve" | "set-dst")
            ) || setting.args.iter().any(|word| word == "reject" || word == "use-service")
        }
        "option" => setting.args.first().is_some_and(|word| word == "transparent" || word == "http_proxy"),
        _ => false,
    })
}
