//! Checks that only knock.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "shallow-health-check",
    severity: Severity::Advice,
    title: "health checks only open a connection",
    products: &[Product::Apache, Product::Haproxy],
    needs_logs: false,
    why: "The kernel accepts connections for a process that hangs or answers every request with an error; only a request tells.",
    sources: &[
        "HAProxy: configuration manual 4.2, `option httpchk`",
        "httpd: mod_proxy_hcheck, `hcmethod=TCP`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools().into_iter().filter(|(pool, _)| !pool.tcp_mode) {
        let shallow = |server: &&logjoin_config::Server| {
            server.check.as_ref().is_some_and(|check| check.kind.eq_ignore_ascii_case("tcp"))
        };
        let Some(server) = pool.servers.iter().find(shallow) else { continue };
        let fix = match case.product() {
            Product::Haproxy => "option httpchk GET /healthz",
            _ => "hcmethod=GET hcuri=/healthz",
        };
        let message =
            format!("the servers of `{}` count as well as long as they accept connections", pool.name);
        out.push(Found::new(&server.place, message, fix).touched(case.failures_of(
            pool,
            &[CauseId::BackendHang, CauseId::OneBadServer, CauseId::WorkerPoolExhausted],
        )));
    }
}
