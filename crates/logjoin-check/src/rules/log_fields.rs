//! Lines that do not say what an investigation asks.

use logjoin_config::{LogKind, LogTarget};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "log-fields",
    severity: Severity::Advice,
    title: "the access log lacks what tells one cause of a 502 from another",
    products: ALL,
    needs_logs: false,
    why: "Without the server that was asked, how long it took and what it answered, a refused connection, a slow handler and an error of the application look alike.",
    sources: &[
        "nginx: ngx_http_log_module, `log_format`; ngx_http_upstream_module, embedded variables",
        "httpd: mod_log_config, custom log formats; mod_proxy_balancer, exported environment variables",
        "HAProxy: configuration manual 8.2.3 (HTTP log format), 8.2.6 (custom log format)",
    ],
    find,
};

const NGINX_LINE: &str = "log_format upstream '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" '\n                    'rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" urt=\"$upstream_response_time\" '\n                    'ua=\"$upstream_addr\" us=\"$upstream_status\" rid=$request_id';\naccess_log /var/log/nginx/access.log upstream;";
const HTTPD_LINE: &str = "LogFormat \"%h %l %u [%{%d/%b/%Y:%H:%M:%S}t.%{usec_frac}t %{%z}t] \\\"%r\\\" %>s %O \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" %D %X %L %{BALANCER_WORKER_NAME}e\" proxied\nCustomLog logs/access.log proxied";
const HAPROXY_LINE: &str = "option httplog";

/// What is asked for, and the words that answer it; one of them suffices.
type Fields = &'static [(&'static str, &'static [&'static str])];

const NGINX: Fields = &[
    ("which server was asked", &["$upstream_addr"]),
    ("what it answered", &["$upstream_status"]),
    ("how long it took", &["$upstream_response_time", "$upstream_header_time"]),
    ("how long the client waited", &["$request_time"]),
];
const HTTPD: Fields = &[("how long it took", &["%D", "%T", "%{us}T", "%{ms}T", "%{s}T", "%^FU"])];
const HTTPD_BALANCER: Fields =
    &[("which member was asked", &["BALANCER_WORKER_NAME", "BALANCER_WORKER_ROUTE", "BALANCER_NAME"])];
const HAPROXY: Fields = &[
    ("which server was asked", &["%s", "%[srv_name]", "%si", "%HTTP"]),
    ("how the session ended", &["%ts", "%tsc"]),
    ("how long each step took", &["%TR", "%Tr", "%Ta", "%Tt", "%Tw"]),
];

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if case.config.routes.is_empty() {
        return;
    }
    let mut seen = Vec::new();
    for log in case.config.logs.iter().filter(|log| log.kind == LogKind::Access) {
        let (missing, fix) = match case.product() {
            Product::Nginx => (missing(log.string.as_deref(), &[NGINX]), NGINX_LINE),
            Product::Haproxy => {
                if matches!(log.format.as_deref(), Some("httplog" | "httpslog" | "clf"))
                    || case.config.pools.iter().all(|pool| pool.tcp_mode)
                {
                    continue;
                }
                // Without a format HAProxy writes addresses and the frontend only.
                let string =
                    log.string.as_deref().or_else(|| (log.format.as_deref() != Some("tcplog")).then_some(""));
                (missing(string, &[HAPROXY]), HAPROXY_LINE)
            }
            _ => {
                let balanced = case.config.routes.iter().any(|route| route.target.starts_with("balancer://"));
                let tables: &[Fields] = if balanced { &[HTTPD, HTTPD_BALANCER] } else { &[HTTPD] };
                (missing(log.string.as_deref(), tables), HTTPD_LINE)
            }
        };
        let place = place(case, log);
        if missing.is_empty() || seen.contains(&place) {
            continue;
        }
        out.push(Found::new(place, format!("the log does not say {}", missing.join(", ")), fix));
        seen.push(place);
    }
}

/// Where the format is defined, else where the log is.
fn place<'a>(case: &Case<'a>, log: &'a LogTarget) -> &'a logjoin_config::Place {
    let name = log.format.as_deref().unwrap_or("");
    let named = case.config.formats.iter().find(|format| format.name == name);
    named.map_or(&log.place, |format| &format.place)
}

/// What no word of the format answers; nothing where the format is not known.
fn missing(string: Option<&str>, tables: &[Fields]) -> Vec<&'static str> {
    let Some(string) = string else { return Vec::new() };
    let says = |word: &&str| has_word(string, word);
    tables
        .iter()
        .copied()
        .flatten()
        .filter(|(_, words)| !words.iter().any(&says))
        .map(|(what, _)| *what)
        .collect()
}

/// Whether the word stands in the string, and not as the beginning of a longer one.
fn has_word(string: &str, word: &str) -> bool {
    string.match_indices(word).any(|(at, _)| {
        let next = string[at + word.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
