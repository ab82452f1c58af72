//! For programs: the report as it is, one JSON object.

use logjoin::render::escape;
use serde_json::{Value, json};

use crate::{Report, Severity, rule};

/// The report as JSON: `schema_version`, `tool`, `files`, `counts`, `findings`.
pub fn json(report: &Report) -> Vec<u8> {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let mut row = json!({
                "rule": finding.rule,
                "title": rule(finding.rule).map_or("what cannot be read", |rule| rule.title),
                "severity": finding.severity.as_str(),
                "file": finding.file,
                "line": finding.line,
                "message": finding.message,
                "why": finding.why,
                "fix": finding.fix,
            });
            if let (Some(failures), Some(row)) = (finding.failures, row.as_object_mut()) {
                row.insert("failures".to_owned(), failures.into());
            }
            row
        })
        .collect();
    let all = json!({
        "schema_version": 1,
        "tool": { "name": "logjoin", "version": env!("CARGO_PKG_VERSION") },
        "files": report.files,
        "with_logs": report.with_logs,
        "counts": {
            "error": report.count(Severity::Error),
            "warning": report.count(Severity::Warning),
            "advice": report.count(Severity::Advice),
        },
        "findings": findings,
    });
    format!("{}\n", escape::json(&format!("{all:#}"))).into_bytes()
}
