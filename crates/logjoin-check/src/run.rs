//! Asks all rules about all configurations and puts the answers in order.

use std::collections::BTreeSet;

use logjoin::Analysis;

use crate::case::Case;
use crate::evidence::Evidence;
use crate::rules::{Found, RULES};
use crate::{Finding, Report, Severity, Subject};

/// Checks configurations, with the analysis of the logs where there is one.
pub fn check(subjects: &[Subject], analysis: Option<&Analysis>) -> Report {
    let evidence = analysis.map(|analysis| Evidence::new(subjects, analysis)).unwrap_or_default();
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut has_syntax_errors = false;
    for (at, subject) in subjects.iter().enumerate() {
        let case = Case {
            config: &subject.config,
            path: &subject.path,
            all: subjects,
            analysis,
            hits: evidence.of(at),
        };
        let before = found.len();
        for (order, rule) in RULES.iter().enumerate() {
            if !rule.products.contains(&subject.config.product) || rule.needs_logs && analysis.is_none() {
                continue;
            }
            let mut here: Vec<Found> = Vec::new();
            (rule.find)(&case, &mut here);
            found.extend(here.into_iter().map(|f| {
                (
                    order,
                    Finding {
                        rule: rule.id,
                        severity: f.severity.unwrap_or(rule.severity),
                        file: f.place.file,
                        line: f.place.line,
                        message: f.message,
                        why: rule.why,
                        fix: f.fix,
                        failures: f.failures.filter(|_| analysis.is_some()),
                    },
                )
            }));
        }
        for problem in &subject.config.problems {
            // A rule that says the same of the same place says it better.
            let said = |(_, f): &(usize, Finding)| {
                f.rule == "no-servers" && f.file == problem.place.file && f.line == problem.place.line
            };
            if found[before..].iter().any(said) {
                continue;
            }
            // What the file leaves open is no fault; neither is a copy without its included files, but it was not
            // checked in full.
            let is_open = problem.message.starts_with("condition `");
            let is_elsewhere = problem.message.starts_with("included file `");
            has_syntax_errors |= !is_open;
            found.push((
                RULES.len(),
                Finding {
                    rule: "syntax",
                    severity: if is_open || is_elsewhere { Severity::Advice } else { Severity::Error },
                    file: problem.place.file.clone(),
                    line: problem.place.line,
                    message: problem.message.clone(),
                    why: "A proxy refuses a file that it cannot read, and what stands there was not checked.",
                    fix: match problem.expected.as_str() {
                        "" => String::new(),
                        expected => format!("expected: {expected}"),
                    },
                    failures: None,
                },
            ));
        }
    }
    found.sort_by(|(a_order, a), (b_order, b)| {
        let key = |f: &Finding| (std::cmp::Reverse(f.severity), std::cmp::Reverse(f.failures.unwrap_or(0)));
        key(a)
            .cmp(&key(b))
            .then_with(|| a.file.cmp(&b.file))
            .then_with(|| a.line.cmp(&b.line))
            .then_with(|| a_order.cmp(b_order))
            .then_with(|| a.message.cmp(&b.message))
    });
    let mut findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
    // Files that two configurations include are read twice.
    findings.dedup();
    let files: BTreeSet<&String> = subjects.iter().flat_map(|subject| &subject.config.files).collect();
    Report {
        files: files.into_iter().cloned().collect(),
        findings,
        with_logs: analysis.is_some(),
        has_syntax_errors,
    }
}
