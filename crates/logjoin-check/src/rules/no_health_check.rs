//! Servers that nobody asks whether they are well.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "no-health-check",
    severity: Severity::Advice,
    title: "several servers, and nothing takes out one that is dead",
    products: ALL,
    needs_logs: false,
    why: "The dead server keeps its share of the requests, and each of them fails or waits for a retry.",
    sources: &[
        "nginx: ngx_http_upstream_module, `max_fails` (0 turns the counting off), `health_check` (commercial)",
        "httpd: mod_proxy_hcheck",
        "HAProxy: configuration manual 5.2, `check`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        let live: Vec<_> = pool.servers.iter().filter(|server| !server.disabled).collect();
        if live.len() < 2 || live.iter().any(|server| server.check.is_some()) {
            continue;
        }
        let fix = match case.product() {
            Product::Nginx if live.iter().any(|server| server.max_fails != Some(0)) => continue,
            Product::Nginx => format!("server {} max_fails=3 fail_timeout=10s;", live[0].address),
            Product::Haproxy if live.iter().any(|server| server.params.iter().any(|w| w == "track" || w == "agent-check" || w == "observe")) => continue,
            Product::Haproxy => "option httpchk GET /healthz\ndefault-server check inter 2s fall 3 rise 2".to_owned(),
            _ => "LoadModule proxy_hcheck_module modules/mod_proxy_hcheck.so\nhcmethod=GET hcuri=/healthz hcinterval=5 hcfails=2 on the BalancerMember lines".to_owned(),
        };
        let message = format!("none of the {} servers of `{}` is checked", live.len(), pool.name);
        let causes = [
            CauseId::BackendDown,
            CauseId::BackendCrash,
            CauseId::OomKill,
            CauseId::DeployRestart,
            CauseId::StartFailure,
            CauseId::BackendHang,
            CauseId::ConnectTimeout,
            CauseId::NetworkUnreachable,
        ];
        out.push(Found::new(&live[0].place, message, fix).touched(case.failures_of(pool, &causes)));
    }
}
