//! HAProxy without limits.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "missing-timeout",
    severity: Severity::Warning,
    title: "no limit for connecting, for the server or for the client",
    products: &[Product::Haproxy],
    needs_logs: false,
    why: "HAProxy then waits for ever: a server that hangs keeps each request and its connection until `maxconn` is reached.",
    sources: &["HAProxy: configuration manual 4.2, `timeout connect`, `timeout server`, `timeout client`"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if !case.is_whole() {
        return;
    }
    let causes = [CauseId::BackendHang, CauseId::ConnectTimeout, CauseId::ProxyResources];
    for (pool, _) in case.used_pools().into_iter().filter(|(pool, _)| !pool.servers.is_empty()) {
        let section = case.section(pool);
        let missing: Vec<&str> = ["connect", "server"]
            .into_iter()
            .filter(|name| case.line(&section, &["timeout", name]).is_none())
            .collect();
        report(&pool.place, &section, &missing, case.failures_of(pool, &causes), out);
    }
    let mut seen = Vec::new();
    for listen in &case.config.listens {
        let Some(name) = listen.name.as_deref().filter(|name| !seen.contains(name)) else { continue };
        seen.push(name);
        let section = |kind: &str| {
            let heading = format!("{kind} {name}");
            case.config.settings.iter().any(|s| s.scope.first() == Some(&heading)).then_some(heading)
        };
        let Some(section) = section("frontend").or_else(|| section("listen")) else { continue };
        if case.line(&section, &["timeout", "client"]).is_none() {
            report(&listen.place, &section, &["client"], 0, out);
        }
    }
}

fn report(
    place: &logjoin_config::Place,
    section: &str,
    missing: &[&str],
    failures: u64,
    out: &mut Vec<Found>,
) {
    if missing.is_empty() {
        return;
    }
    let value = |name: &str| if name == "connect" { "5s" } else { "60s" };
    let lines: Vec<String> = missing.iter().map(|name| format!("timeout {name} {}", value(name))).collect();
    let names: Vec<String> = missing.iter().map(|name| format!("`timeout {name}`")).collect();
    let message = format!("`{section}` has no {}", names.join(" and no "));
    out.push(Found::new(place, message, lines.join("\n")).touched(failures));
}
