//! How far the input can be trusted: clocks, coverage, what stays unexplained, notes.

use super::super::canvas::{Canvas, Role, Span, plain, span};
use super::super::words;
use super::{left, right};
use crate::Analysis;
use crate::analysis::{Clock, Ledger, Source};
use crate::vocabulary::{ClockState, NoteLevel};

/// One row for each: clocks, coverage, what is unexplained, warnings.
pub(super) fn short(c: &mut Canvas, a: &Analysis) {
    c.blank();
    if !a.clocks.is_empty() {
        let odd: Vec<&Clock> = a.clocks.iter().filter(|k| is_remarkable(k)).collect();
        let agree = (a.clocks.len() - odd.len()) as u64;
        let mut line = Vec::new();
        if agree > 0 {
            line.push(plain(agreeing(agree)));
        }
        for k in odd.iter().take(3) {
            line.push(plain(if line.is_empty() { "" } else { "; " }));
            line.extend(brief(a, k));
        }
        if odd.len() > 3 {
            line.push(plain(format!("; and {} more", odd.len() - 3)));
        }
        c.row("clocks", &line);
    }
    if !a.inputs.is_empty() {
        let l = &a.ledger;
        let mut line = vec![plain(format!("{} = {}", words::count(l.lines, "line", "lines"), parts(l)))];
        let broken: Vec<&str> =
            a.inputs.iter().filter(|i| i.problem.is_some()).map(|i| i.path.as_str()).collect();
        if !broken.is_empty() {
            line.push(plain("; with problems: "));
            line.push(span(Role::Bad, words::list(&broken)));
        }
        if !l.holds() {
            line.push(span(Role::Bad, "; the sum does not hold, please report it"));
        }
        c.row("coverage", &line);
    }
    for u in a.unknown.iter().take(2) {
        c.row(
            "unknown",
            &[
                span(Role::Warn, words::count(u.failures, "failure", "failures")),
                plain(format!(": {}", u.reason)),
                plain(if u.advice.is_some() { "; -v says what to log" } else { "" }),
            ],
        );
    }
    let warnings: Vec<_> = a.notes.iter().filter(|n| n.level == NoteLevel::Warning).collect();
    if let Some(first) = warnings.first() {
        let mut line = vec![span(Role::Warn, "warning"), plain(format!(": {}: {}", first.about, first.text))];
        if warnings.len() > 1 {
            line.push(plain(format!("; and {} more, with -v", warnings.len() - 1)));
        }
        c.row("notes", &line);
    }
}

fn agreeing(n: u64) -> String {
    format!("{} with the reference to 0.1 s", words::count(n, "agrees", "agree"))
}

/// The zone of a host whose stamps name none: it was only not known. Where they name one, the host has it wrong.
fn local_zone<'a>(a: &'a Analysis, k: &Clock) -> Option<&'a str> {
    let mut own = a.sources.iter().filter(|s| s.instance == k.source);
    let is_written = |s: &Source| s.zone_reason.contains("written") || !s.zone.starts_with(['+', '-']);
    let first = own.next().filter(|s| !is_written(s))?;
    own.all(|s| !is_written(s) && s.zone == first.zone).then_some(first.zone.as_str())
}

/// A clock in a few words.
fn brief(a: &Analysis, k: &Clock) -> Vec<Span> {
    let mut out = vec![span(Role::Strong, &k.source), plain(" ")];
    out.push(match k.offset_s {
        None => span(Role::Warn, "not known"),
        Some(o) => span(if o.abs() >= 1.0 { Role::Warn } else { Role::Plain }, words::offset(o)),
    });
    if k.zone_error_s != 0 {
        out.push(match local_zone(a, k) {
            None => span(Role::Warn, format!(", zone wrong by {}", words::offset(k.zone_error_s as f64))),
            Some(zone) => plain(format!(", local time, {zone}")),
        });
    }
    if !k.steps.is_empty() {
        out.push(plain(", stepped"));
    }
    out
}

/// Clocks that need a word; all of them when asked.
pub(super) fn clocks(c: &mut Canvas, a: &Analysis, everything: bool) {
    let shown: Vec<&Clock> = a.clocks.iter().filter(|k| everything || is_remarkable(k)).collect();
    if a.clocks.is_empty() {
        return;
    }
    c.title("Clocks");
    let agree = a.clocks.len() - shown.len();
    if agree > 0 {
        c.para(2, &[plain(agreeing(agree as u64))]);
    }
    for k in shown {
        c.item(2, "- ", &sentence(a, k));
    }
}

fn is_remarkable(k: &Clock) -> bool {
    k.zone_error_s != 0
        || !k.steps.is_empty()
        || k.offset_s.is_some_and(|o| o.abs() >= 0.1)
        || matches!(k.state, ClockState::Contradictory | ClockState::TooFewSamples)
}

fn sentence(a: &Analysis, k: &Clock) -> Vec<Span> {
    let mut out = vec![span(Role::Strong, &k.source), plain(": ")];
    match (k.state, k.offset_s) {
        (ClockState::Reference, _) => out.push(plain("the reference")),
        (_, None) => {
            out.push(span(Role::Warn, format!("offset not known ({})", k.state.as_str().replace('-', " "))))
        }
        (_, Some(o)) => {
            let role = if o.abs() >= 1.0 { Role::Warn } else { Role::Plain };
            out.push(span(role, words::offset(o)));
            if let Some(band) = k.band_s {
                out.push(plain(format!(" ± {}", words::length(band))));
            }
            out.push(plain(format!(" against {}", k.reference)));
        }
    }
    if k.zone_error_s != 0 {
        out.push(plain("; "));
        out.push(match local_zone(a, k) {
            None => {
                span(Role::Warn, format!("its zone is wrong by {}", words::offset(k.zone_error_s as f64)))
            }
            Some(zone) => plain(format!("its stamps have no zone: they are local time, {zone}")),
        });
    }
    for s in &k.steps {
        out.push(plain(format!("; stepped by {} at {}", words::offset(s.by_s), words::moment(s.at))));
    }
    if k.samples > 0 {
        out.push(span(Role::Faint, format!(" ({})", words::count(k.samples, "request", "requests"))));
    }
    out
}

/// The ledger: one line in short, a row per source in full.
pub(super) fn coverage(c: &mut Canvas, a: &Analysis, everything: bool) {
    if a.inputs.is_empty() {
        return;
    }
    c.title("Coverage");
    let l = &a.ledger;
    let mut line = vec![plain(format!("{} = {}", words::count(l.lines, "line", "lines"), parts(l)))];
    if !l.holds() {
        line.push(span(Role::Bad, "; the sum does not hold, please report it"));
    }
    c.para(2, &line);
    for i in a.inputs.iter().filter(|i| i.problem.is_some()) {
        c.item(
            2,
            "- ",
            &[
                span(Role::Place, &i.path),
                plain(": "),
                span(Role::Bad, i.problem.as_deref().unwrap_or_default()),
            ],
        );
    }
    if everything {
        let rows: Vec<Vec<Span>> = a
            .sources
            .iter()
            .map(|s| {
                let l = &s.ledger;
                let role = if l.unparsed > 0 { Role::Warn } else { Role::Plain };
                vec![
                    span(Role::Place, &s.id),
                    plain(s.role),
                    plain(&s.instance),
                    plain(words::grouped(l.lines)),
                    plain(words::grouped(l.events)),
                    plain(words::grouped(l.continuations)),
                    plain(words::grouped(l.blank)),
                    plain(words::grouped(l.filtered)),
                    span(role, words::grouped(l.unparsed)),
                ]
            })
            .collect();
        let head = [
            left("source"),
            left("role"),
            left("instance"),
            right("lines"),
            right("events"),
            right("contin."),
            right("blank"),
            right("filtered"),
            right("unparsed"),
        ];
        c.table(2, &head, &rows);
    }
    for s in a.sources.iter().filter(|s| s.ledger.unparsed > 0) {
        if let Some(e) = s.unparsed_examples.first() {
            c.item(
                2,
                "- ",
                &[
                    plain(format!("{} unparsed in ", words::grouped(s.ledger.unparsed))),
                    span(Role::Place, &s.id),
                    plain(format!(", the first at line {}", e.at.line)),
                ],
            );
            c.clipped(4, &[span(Role::Faint, &e.text)]);
        }
    }
}

fn parts(l: &Ledger) -> String {
    format!(
        "{} + {} + {} blank + {} + {} unparsed",
        words::count(l.events, "event", "events"),
        words::count(l.continuations, "continuation", "continuations"),
        words::grouped(l.blank),
        format_args!("{} filtered", words::grouped(l.filtered)),
        words::grouped(l.unparsed)
    )
}

/// What was not explained, and what would explain it next time.
pub(super) fn unknown(c: &mut Canvas, a: &Analysis) {
    if a.unknown.is_empty() {
        return;
    }
    c.title("Unexplained");
    for u in &a.unknown {
        c.item(
            2,
            "- ",
            &[
                span(Role::Warn, words::count(u.failures, "failure", "failures")),
                plain(": "),
                plain(&u.reason),
            ],
        );
        for (n, line) in u.advice.iter().flat_map(|a| a.lines()).enumerate() {
            c.item(4, if n == 0 { "next time: " } else { "           " }, &[span(Role::Strong, line)]);
        }
    }
}

/// Warnings always, the rest when asked.
pub(super) fn notes(c: &mut Canvas, a: &Analysis, everything: bool) {
    let shown: Vec<_> = a.notes.iter().filter(|n| everything || n.level == NoteLevel::Warning).collect();
    if shown.is_empty() {
        return;
    }
    c.title("Notes");
    for n in shown {
        let role = if n.level == NoteLevel::Warning { Role::Warn } else { Role::Faint };
        c.item(
            2,
            "- ",
            &[span(role, n.level), plain(", "), span(Role::Place, &n.about), plain(": "), plain(&n.text)],
        );
    }
}
