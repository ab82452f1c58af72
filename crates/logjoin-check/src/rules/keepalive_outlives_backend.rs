//! Idle connections that the proxy keeps longer than the backend does.

use logjoin::CauseId;
use logjoin_config::{Place, Pool};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "keepalive-outlives-backend",
    severity: Severity::Warning,
    title: "idle connections are kept longer than the backend keeps them",
    products: ALL,
    needs_logs: false,
    why: "A request that is sent just as the backend closes the idle connection is lost: 502, though the backend is well.",
    sources: &[
        "nginx: ngx_http_upstream_module, `keepalive_timeout` (60 s unless set)",
        "httpd: mod_proxy, worker parameter `ttl` (no limit unless set)",
        "HAProxy: configuration manual 4.2, `http-reuse`; 5.2, `pool-purge-delay` (5 s unless set)",
    ],
    find,
};

/// nginx's default for idle connections to servers.
const NGINX_MS: u64 = 60_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for (pool, _) in case.used_pools() {
        let Some((place, kept)) = kept(case, pool) else { continue };
        let failures = case.failures_of(pool, &[CauseId::KeepaliveRace]);
        let behind = backend_limit(case, pool);
        let message = match (behind, kept) {
            (Some((limit, at, _)), kept) if kept.is_none_or(|kept| kept >= limit) => format!(
                "`{}` keeps idle connections {}; the proxy behind it closes them after {} ({}:{})",
                pool.name,
                kept.map_or("without limit".to_owned(), |ms| format!("for {}", span(ms))),
                span(limit),
                at.file,
                at.line
            ),
            _ if failures > 0 => format!(
                "`{}` keeps idle connections {}, and lost requests on connections that the backend had closed",
                pool.name,
                kept.map_or("without limit".to_owned(), |ms| format!("for {}", span(ms)))
            ),
            _ => continue,
        };
        let below = behind.map_or("less than the backend's own idle limit".to_owned(), |(ms, ..)| {
            format!("less than {}", span(ms))
        });
        let fix = match case.product() {
            Product::Nginx => format!("keepalive_timeout 4s; in `upstream {}` ({below})", pool.name),
            Product::Haproxy => format!(
                "pool-purge-delay 1s on the `server` lines ({below}), `http-reuse safe` and `retry-on conn-failure empty-response` for idempotent requests"
            ),
            _ => format!("ttl=4 on the ProxyPass or BalancerMember line ({below})"),
        };
        let found = Found::new(&place, message, fix).touched(failures);
        let guess = failures == 0 && behind.is_some_and(|(.., sure)| !sure);
        out.push(if guess { found.severity(Severity::Advice) } else { found });
    }
}

/// Where keeping is asked for, and how long an idle connection is kept.
fn kept(case: &Case<'_>, pool: &Pool) -> Option<(Place, Option<u64>)> {
    match case.product() {
        Product::Nginx => {
            pool.keepalive.filter(|count| *count > 0)?;
            let heading = format!("upstream {}", pool.name);
            let set = |name| case.named(name).find(|s| s.scope.last().is_some_and(|scope| *scope == heading));
            let place = set("keepalive_timeout").or_else(|| set("keepalive")).map(|s| s.place.clone())?;
            Some((place, pool.keepalive_timeout_ms.or(Some(NGINX_MS))))
        }
        Product::Haproxy => {
            let section = case.section(pool);
            let reuse = case.line(&section, &["http-reuse"]);
            if pool.tcp_mode
                || reuse.is_some_and(|s| s.value == "never")
                || case.line(&section, &["option", "httpclose"]).is_some()
            {
                return None;
            }
            let place = reuse.map_or_else(|| pool.place.clone(), |s| s.place.clone());
            Some((place, pool.keepalive_timeout_ms.or(Some(5_000))))
        }
        _ => {
            let off = |word: &String| {
                let word = word.to_ascii_lowercase();
                word == "disablereuse=on" || word == "enablereuse=off"
            };
            let server = pool.servers.iter().find(|server| !server.params.iter().any(off))?;
            Some((server.place.clone(), pool.keepalive_timeout_ms))
        }
    }
}

/// How long a proxy that this one has as its backend keeps idle clients, if its configuration is at hand.
fn backend_limit<'a>(case: &Case<'a>, pool: &Pool) -> Option<(u64, &'a Place, bool)> {
    let (subject, listen, sure) = case.behind(pool)?;
    let config = &subject.config;
    let own = config.routes.iter().filter_map(|route| route.timeouts.keepalive_ms).min();
    let defaults = logjoin_config::Timeouts::default().with_defaults(config.product).keepalive_ms;
    Some((own.or(defaults)?, &listen.place, sure))
}
