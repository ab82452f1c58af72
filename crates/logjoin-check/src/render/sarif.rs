//! For code review: SARIF 2.1.0 (OASIS), one run, one result per finding.

use std::collections::BTreeMap;

use logjoin::render::escape;
use serde_json::{Value, json};

use crate::{RULES, Report, Severity};
use logjoin::render::grouped;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as SARIF: rules first, results after them.
pub fn sarif(report: &Report) -> Vec<u8> {
    let mut rules: Vec<Value> =
        RULES.iter().map(|rule| descriptor(rule.id, rule.title, rule.why, rule.severity)).collect();
    rules.push(descriptor(
        "syntax",
        "what cannot be read",
        "A proxy refuses a file that it cannot read, and what stands there was not checked.",
        Severity::Error,
    ));
    let index: BTreeMap<&str, usize> =
        RULES.iter().map(|rule| rule.id).chain(["syntax"]).enumerate().map(|(at, id)| (id, at)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let mut message = format!("{}. {}", finding.message, finding.why);
            if let Some(failures) = finding.failures.filter(|failures| *failures > 0) {
                message.push_str(&format!(" Failed requests that it touched: {}.", grouped(failures)));
            }
            if !finding.fix.is_empty() {
                message.push_str(&format!("\n\n{}", finding.fix));
            }
            json!({
                "ruleId": finding.rule,
                "ruleIndex": index.get(finding.rule),
                "level": level(finding.severity),
                "message": { "text": message },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": uri(&finding.file) },
                        "region": { "startLine": finding.line.max(1) },
                    },
                }],
            })
        })
        .collect();
    let all = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "logjoin",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    });
    format!("{}\n", escape::json(&format!("{all:#}"))).into_bytes()
}

fn descriptor(id: &str, title: &str, why: &str, severity: Severity) -> Value {
    json!({
        "id": id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "defaultConfiguration": { "level": level(severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A path as a URI reference (RFC 3986): bytes that have a meaning there are percent-encoded.
fn uri(path: &str) -> String {
    let absolute = path.starts_with('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::from(if absolute { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
