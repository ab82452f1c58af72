//! Failures that nobody writes down.

use logjoin_config::{LogKind, Setting};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "log-off",
    severity: Severity::Warning,
    title: "requests or errors of the proxy are not logged",
    products: ALL,
    needs_logs: false,
    why: "A failure that left no line cannot be explained the morning after; upstream errors are written at the level `error`.",
    sources: &[
        "nginx: ngx_core_module, `error_log`; ngx_http_log_module, `access_log`",
        "httpd: core, LogLevel, ErrorLog",
        "HAProxy: configuration manual 4.2, `log`; 8.1, log levels",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if case.config.routes.is_empty() {
        return;
    }
    let is_whole = case.is_whole();
    match case.product() {
        Product::Nginx => {
            for set in case.named("error_log") {
                let nowhere = set.args.first().is_some_and(|path| path == "/dev/null");
                let high =
                    set.args.get(1).is_some_and(|level| matches!(level.as_str(), "crit" | "alert" | "emerg"));
                if nowhere || high {
                    out.push(found(set, "error_log /var/log/nginx/error.log error;"));
                }
            }
            // A server's own `off` is for one place; at the top it is for all.
            let off = case.named("access_log").find(|set| {
                set.args.first().is_some_and(|path| path == "off" || path == "/dev/null")
                    && set.scope.iter().all(|scope| scope == "http")
            });
            let other =
                case.config.logs.iter().any(|log| log.kind == LogKind::Access && log.path != "/dev/null");
            if let Some(set) = off.filter(|_| !other) {
                out.push(found(set, "access_log /var/log/nginx/access.log;"));
            }
        }
        Product::Haproxy => {
            let logs: Vec<_> = case.config.logs.iter().collect();
            if logs.is_empty() && is_whole {
                let first = &case.config.routes[0].place;
                out.push(Found::new(
                    first,
                    "nothing is logged: no `log` line is in force",
                    "log /dev/log local0\n(in `global`) and `log global` in `defaults`",
                ));
            } else if let Some(log) =
                logs.iter().find(|_| logs.iter().all(|log| is_high(log.level.as_deref())))
            {
                let message = format!(
                    "requests are logged at the level info; `{}` drops them",
                    log.level.as_deref().unwrap_or("")
                );
                out.push(Found::new(&log.place, message, "log /dev/log local0"));
            }
        }
        _ => {
            for set in case.named("LogLevel") {
                let general = set.args.iter().find(|word| !word.contains(':'));
                if general.is_some_and(|level| {
                    matches!(level.to_ascii_lowercase().as_str(), "crit" | "alert" | "emerg")
                }) {
                    out.push(found(set, "LogLevel warn proxy:info"));
                }
            }
            for set in case.named("ErrorLog").filter(|set| set.value == "/dev/null") {
                out.push(found(set, "ErrorLog logs/error.log"));
            }
            if is_whole && !case.config.logs.iter().any(|log| log.kind == LogKind::Access) {
                let first = &case.config.routes[0].place;
                out.push(Found::new(
                    first,
                    "requests are not logged: there is no CustomLog",
                    "CustomLog logs/access.log combined",
                ));
            }
        }
    }
}

fn found(set: &Setting, fix: &str) -> Found {
    Found::new(&set.place, format!("`{} {}` keeps failures out of the log", set.name, set.value), fix)
}

/// HAProxy `facility level ...`: whether the most that is logged is above info.
fn is_high(level: Option<&str>) -> bool {
    let level = level.and_then(|words| words.split_ascii_whitespace().nth(1));
    matches!(level, Some("emerg" | "alert" | "crit" | "err" | "warning" | "notice"))
}
