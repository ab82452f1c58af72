//! The page `docs/checks.md`, rendered from the table.

use std::fmt::Write;

use logjoin_parse::Product;

use crate::{CheckRule, RULES, Severity};

/// The whole page in Markdown: the severities, the table, then a section per rule.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Checks\n\n\
         Generated from the table in `crates/logjoin-check/src/rules`; run its tests with `UPDATE_EXPECT=1` to renew it.\n\n\
         `logjoin check CONF... [--logs PATH...]` reads the proxies' configurations, included files and all, and lists what\n\
         costs availability: file and line, why, and what to write instead. With `--logs` each finding says how many failed\n\
         requests it touched, and rules may fire that only logs can prove.\n\n\
         | severity | means |\n| --- | --- |\n\
         | error | cannot work as it stands, or demonstrably did not |\n\
         | warning | will cost requests once something else goes wrong, or did |\n\
         | advice | works; less is known after a failure, or more requests are lost in one |\n\n\
         A line that makes no sense is listed as `syntax`, with what was expected; reading goes on after it.\n\n\
         | rule | severity | proxies | finds |\n| --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let logs = if rule.needs_logs { " (with `--logs`)" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {}{logs} |",
            rule.id,
            rule.severity.as_str(),
            proxies(rule),
            rule.title
        );
    }
    for rule in RULES {
        let _ = write!(
            page,
            "\n## {}\n\n{} ({}). {}\n\n",
            rule.id,
            capital(rule.title),
            words(rule.severity),
            rule.why
        );
        page.push_str("Rests on:\n\n");
        for source in rule.sources {
            let _ = writeln!(page, "* {source}");
        }
    }
    page
}

fn words(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "an error",
        Severity::Warning => "a warning",
        Severity::Advice => "advice",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

pub(crate) fn proxies(rule: &CheckRule) -> String {
    let name = |product: &Product| match product {
        Product::Nginx => "nginx",
        Product::Apache => "httpd",
        _ => "HAProxy",
    };
    rule.products.iter().map(name).collect::<Vec<_>>().join(", ")
}
