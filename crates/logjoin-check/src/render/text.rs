//! For people: one finding after the other, the worst first.

use std::fmt::Write;

use logjoin::render::escape::terminal;

use crate::{Report, Severity};
use logjoin::render::grouped;

/// The report as text; with `color`, for a terminal that shows it. `brief`: without the reasons.
pub fn text(report: &Report, color: bool, brief: bool) -> Vec<u8> {
    let mut out = String::new();
    let paint = |code: &str, words: &str| {
        if color { format!("\x1b[{code}m{words}\x1b[0m") } else { words.to_owned() }
    };
    for finding in &report.findings {
        let code = match finding.severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Advice => "1;36",
        };
        let place = format!("{}:{}", terminal(&finding.file), finding.line);
        let touched = match finding.failures {
            Some(1) => " (1 failed request)".to_owned(),
            Some(count) if count > 0 => format!(" ({} failed requests)", grouped(count)),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "{}: {}: {}{touched} [{}]",
            paint("1", &place),
            paint(code, finding.severity.as_str()),
            terminal(&finding.message),
            finding.rule
        );
        if !brief {
            let _ = writeln!(out, "    {}", finding.why);
        }
        for (number, line) in finding.fix.split('\n').filter(|line| !line.is_empty()).enumerate() {
            let head = if number == 0 { "    > " } else { "      " };
            let _ = writeln!(out, "{head}{}", terminal(line));
        }
    }
    let _ = writeln!(out, "{}", summary(report));
    out.into_bytes()
}

/// `1 error, 2 warnings, 5 advice in 2 files`.
fn summary(report: &Report) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    format!(
        "{}, {}, {} advice in {}",
        count(report.count(Severity::Error), "error", "errors"),
        count(report.count(Severity::Warning), "warning", "warnings"),
        report.count(Severity::Advice),
        count(report.files.len(), "file", "files"),
    )
}
