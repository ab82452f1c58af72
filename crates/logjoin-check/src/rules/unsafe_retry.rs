//! Requests that must not be sent twice, sent twice.

use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "unsafe-retry",
    severity: Severity::Warning,
    title: "requests that change something are sent to another server after one may have carried them out",
    products: &[Product::Nginx, Product::Haproxy],
    needs_logs: false,
    why: "An order or a payment is carried out twice: the first server may have done it before the connection broke or the time was up.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_next_upstream`, `non_idempotent`",
        "HAProxy: configuration manual 4.2, `retry-on`; `http-request disable-l7-retry`",
    ],
    find,
};

/// What HAProxy may find out only after the server has begun to work.
const AFTER_SENDING: &[&str] = &[
    "all-retryable-errors",
    "response-timeout",
    "empty-response",
    "junk-response",
    "500",
    "502",
    "503",
    "504",
];

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    if case.product() == Product::Nginx {
        for setting in case.config.settings.iter().filter(|setting| setting.name.ends_with("_next_upstream"))
        {
            if setting.args.iter().any(|word| word == "non_idempotent") {
                let rest: Vec<&str> = setting
                    .args
                    .iter()
                    .map(String::as_str)
                    .filter(|word| *word != "non_idempotent")
                    .collect();
                let fix = format!("{} {};", setting.name, rest.join(" "));
                out.push(Found::new(
                    &setting.place,
                    "POST, LOCK and PATCH are sent again too (`non_idempotent`)",
                    fix,
                ));
            }
        }
        return;
    }
    for setting in case.named("retry-on") {
        let Some(word) = setting.args.iter().find(|word| AFTER_SENDING.contains(&word.as_str())) else {
            continue;
        };
        let guarded = case.config.settings.iter().any(|other| {
            other.name == "http-request" && other.args.first().is_some_and(|word| word == "disable-l7-retry")
        });
        if !guarded {
            let message = format!("`{word}` sends a POST again after the server may have carried it out");
            out.push(Found::new(&setting.place, message, "http-request disable-l7-retry unless METH_GET"));
        }
    }
}
