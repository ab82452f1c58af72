//! Limits on connections that contradict each other, or the limit on open files.

use logjoin::CauseId;
use logjoin_config::Setting;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "connection-limits",
    severity: Severity::Warning,
    title: "more connections than processes, threads or open files allow",
    products: ALL,
    needs_logs: false,
    why: "The smaller number wins: under load connections are refused or left waiting long before the limit that is written there.",
    sources: &[
        "nginx: ngx_core_module, `worker_connections`, `worker_rlimit_nofile`",
        "httpd: mpm_common, MaxRequestWorkers, ServerLimit, ThreadsPerChild, ThreadLimit",
        "HAProxy: configuration manual 3.2, `maxconn`, `ulimit-n`; 4.2, `maxconn`",
    ],
    find,
};

/// What a service may open unless told otherwise (systemd's soft limit, and that of most shells).
const USUAL_FILES: u64 = 1_024;

fn number(setting: Option<&Setting>) -> Option<u64> {
    setting?.args.first()?.parse().ok()
}

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    match case.product() {
        Product::Nginx => nginx(case, out),
        Product::Haproxy => haproxy(case, out),
        _ => httpd(case, out),
    }
}

fn nginx(case: &Case<'_>, out: &mut Vec<Found>) {
    let Some(set) = case.named("worker_connections").last() else { return };
    let Some(connections) = number(Some(set)) else { return };
    let files = number(case.named("worker_rlimit_nofile").last());
    let failures = all_failures(case);
    // A request that is handed on holds two: the client's and the server's.
    let fix = format!("worker_rlimit_nofile {};", connections * 2);
    match files {
        Some(files) if files < connections => {
            let message = format!("{connections} connections per worker, and {files} open files");
            out.push(Found::new(&set.place, message, fix).touched(failures));
        }
        None if connections > USUAL_FILES => {
            let message = format!(
                "{connections} connections per worker, and no `worker_rlimit_nofile`: {USUAL_FILES} open files are usual"
            );
            // What the service may open is not said here.
            out.push(Found::new(&set.place, message, fix).touched(failures).severity(Severity::Advice));
        }
        _ => {}
    }
}

fn haproxy(case: &Case<'_>, out: &mut Vec<Found>) {
    let Some(global) = case.global("maxconn") else { return };
    let Some(most) = number(Some(global)) else { return };
    if let Some(files) = number(case.global("ulimit-n")).filter(|files| *files < most * 2) {
        let message =
            format!("{most} connections need {} open files and more; `ulimit-n` is {files}", most * 2);
        out.push(
            Found::new(&global.place, message, "the configuration without `ulimit-n`: HAProxy computes it")
                .touched(all_failures(case)),
        );
    }
    for set in case.named("maxconn") {
        let section = set.scope.first().map_or("", String::as_str);
        let accepts = ["frontend ", "listen ", "defaults"].iter().any(|kind| section.starts_with(kind));
        if let Some(own) = number(Some(set)).filter(|own| accepts && *own > most) {
            let message = format!("{own} connections for `{section}`, and {most} for the whole process");
            out.push(
                Found::new(&set.place, message, format!("maxconn {own} in `global` (or more)"))
                    .touched(all_failures(case)),
            );
        }
    }
}

fn httpd(case: &Case<'_>, out: &mut Vec<Found>) {
    let value = |name: &'static str| case.named(name).last();
    let Some(set) = value("MaxRequestWorkers").or_else(|| value("MaxClients")) else { return };
    let Some(most) = number(Some(set)) else { return };
    let prefork = case
        .named("LoadModule")
        .any(|module| module.args.first().is_some_and(|name| name == "mpm_prefork_module"))
        || set.scope.iter().any(|scope| scope.contains("prefork"));
    let (limit, said) = if prefork {
        let limit = number(value("ServerLimit")).unwrap_or(256);
        (limit, format!("ServerLimit is {limit}"))
    } else {
        let servers = number(value("ServerLimit")).unwrap_or(16);
        let threads = number(value("ThreadsPerChild")).unwrap_or(25);
        (
            servers.saturating_mul(threads),
            format!(
                "ServerLimit {servers} times ThreadsPerChild {threads} is {}",
                servers.saturating_mul(threads)
            ),
        )
    };
    if most > limit {
        let threads = number(value("ThreadsPerChild")).unwrap_or(25).max(1);
        let servers = if prefork { most } else { most.div_ceil(threads) };
        out.push(
            Found::new(&set.place, format!("{most} workers, but {said}"), format!("ServerLimit {servers}"))
                .touched(all_failures(case)),
        );
    }
    let threads = value("ThreadsPerChild");
    let limit = number(value("ThreadLimit")).unwrap_or(64);
    if let (Some(set), Some(count)) = (threads, number(threads).filter(|count| *count > limit)) {
        out.push(Found::new(
            &set.place,
            format!("{count} threads per process, but ThreadLimit is {limit}"),
            format!("ThreadLimit {count}"),
        ));
    }
}

fn all_failures(case: &Case<'_>) -> u64 {
    case.config.pools.iter().map(|pool| case.failures_of(pool, &[CauseId::ProxyResources])).sum()
}
