//! Waiting for a free slot, with the limit of another thing or none.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "queue-timeout",
    severity: Severity::Advice,
    title: "no limit of its own for waiting until a server is free",
    products: &[Product::Apache, Product::Haproxy],
    needs_logs: false,
    why: "HAProxy then lets a request wait as long as connecting may take, mostly too short for a queue; httpd lets it wait without limit, and threads pile up.",
    sources: &[
        "HAProxy: configuration manual 4.2, `timeout queue`; 5.2, `maxconn`",
        "httpd: mod_proxy, worker parameters `max`, `acquire`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        let Some(server) = pool.servers.iter().find(|server| server.max_conns.is_some_and(|most| most > 0))
        else {
            continue;
        };
        let most = server.max_conns.unwrap_or(0);
        let found = match case.product() {
            Product::Haproxy if pool.timeouts.queue_ms.is_none() => {
                let wait = pool
                    .timeouts
                    .connect_ms
                    .map_or("without limit".to_owned(), |ms| format!("{}, as `timeout connect`", span(ms)));
                Found::new(
                    &server.place,
                    format!("more than {most} requests queue; each waits {wait}"),
                    "timeout queue 10s",
                )
            }
            Product::Apache if server.timeouts.queue_ms.is_none() => Found::new(
                &server.place,
                format!("more than {most} requests of a process wait for a connection without limit"),
                "acquire=3000 on the ProxyPass or BalancerMember line (milliseconds)",
            ),
            _ => continue,
        };
        out.push(found.touched(case.failures_of(pool, &[CauseId::WorkerPoolExhausted, CauseId::UnevenLoad])));
    }
}
