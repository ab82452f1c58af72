//! A comparison as text, Markdown and JSON.

use std::fmt::Write;

use super::canvas::{Align, Canvas, Role, Span, plain, span};
use super::escape::{markdown as text, markdown_code as code};
use super::{RenderOptions, escape, words};
use crate::compare::{Change, Comparison, Side, Trend, Z_SURE};

/// Most rows of one kind that are shown without `verbose`.
const MOST: usize = 12;

/// For a terminal.
pub fn compare_text(c: &Comparison, o: &RenderOptions) -> Vec<u8> {
    let mut out = Canvas::new(o.width, o.color);
    out.para(0, &[span(role(c.failures.trend), first_up(&c.summary))]);
    out.blank();
    for (label, s) in [("before", &c.before), ("after", &c.after)] {
        out.row(label, &[span(Role::Strong, &s.name), plain(format!(": {}", side(s)))]);
    }
    for (title, changes) in groups(c, o.verbose) {
        out.title(title);
        let rows: Vec<Vec<Span>> = changes
            .iter()
            .map(|x| {
                vec![
                    span(role(x.trend), x.trend.as_str()),
                    plain(&x.value),
                    plain(words::grouped(x.before)),
                    plain(words::share(x.before, c.before.requests)),
                    plain(words::grouped(x.after)),
                    plain(words::share(x.after, c.after.requests)),
                    plain(doubt(x)),
                ]
            })
            .collect();
        let head = [
            ("", Align::Left),
            ("", Align::Left),
            ("before", Align::Right),
            ("share", Align::Right),
            ("after", Align::Right),
            ("share", Align::Right),
            ("", Align::Left),
        ];
        out.table(2, &head, &rows);
    }
    let durations: Vec<_> = c.durations.iter().filter(|d| o.verbose || d.trend != Trend::Same).collect();
    if !durations.is_empty() {
        out.title("Durations of what was served (median, 99 %)");
    }
    for d in durations {
        out.row(d.trend.as_str(), &[plain(format!("{} to {}: {}", d.proxy, d.server, duration(d)))]);
    }
    out.into_bytes()
}

/// For a document.
pub fn compare_markdown(c: &Comparison, o: &RenderOptions) -> Vec<u8> {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = markdown(&mut out, c, o.verbose);
    out.into_bytes()
}

fn markdown(out: &mut String, c: &Comparison, everything: bool) -> std::fmt::Result {
    writeln!(out, "# Comparison\n\n{}.\n", text(&first_up(&c.summary)))?;
    writeln!(out, "| | logs | what |\n| --- | --- | --- |")?;
    for (label, s) in [("before", &c.before), ("after", &c.after)] {
        writeln!(out, "| {label} | {} | {} |", code(&s.name), text(&side(s)))?;
    }
    for (title, changes) in groups(c, everything) {
        writeln!(out, "\n## {title}\n\n| | what | before | share | after | share | |")?;
        writeln!(out, "| --- | --- | ---: | ---: | ---: | ---: | --- |")?;
        for x in changes {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                x.trend.as_str(),
                code(&x.value),
                words::grouped(x.before),
                words::share(x.before, c.before.requests),
                words::grouped(x.after),
                words::share(x.after, c.after.requests),
                doubt(x)
            )?;
        }
    }
    let mut durations = c.durations.iter().filter(|d| everything || d.trend != Trend::Same).peekable();
    if durations.peek().is_some() {
        writeln!(out, "\n## Durations of what was served (median, 99 %)\n")?;
    }
    for d in durations {
        writeln!(out, "- {}: {} to {}: {}", d.trend.as_str(), text(&d.proxy), text(&d.server), duration(d))?;
    }
    Ok(())
}

/// For programs.
pub fn compare_json(c: &Comparison, o: &RenderOptions) -> Vec<u8> {
    let json = if o.compact { serde_json::to_string(c) } else { serde_json::to_string_pretty(c) };
    let mut out = escape::json(&json.unwrap_or_default()).into_owned();
    out.push('\n');
    out.into_bytes()
}

/// The changes by what they are about; what is the same only where everything is asked for.
fn groups(c: &Comparison, everything: bool) -> Vec<(&'static str, Vec<&Change>)> {
    let titles = [
        ("cause", "By cause"),
        ("mechanism", "By what the proxies saw"),
        ("status", "By status"),
        ("server", "By server"),
        ("endpoint", "By endpoint"),
    ];
    let mut out = Vec::new();
    for (what, title) in titles {
        let all = c.changes.iter().filter(|x| x.what == what);
        // Causes are always told: that one stayed is the answer to a question too.
        let all = all.filter(|x| everything || what == "cause" || x.trend != Trend::Same);
        // Single failures of many paths say nothing.
        let all = all.filter(|x| everything || what != "endpoint" || x.z.abs() >= Z_SURE);
        let all: Vec<&Change> = all.take(if everything { usize::MAX } else { MOST }).collect();
        if !all.is_empty() {
            out.push((title, all));
        }
    }
    out
}

fn side(s: &Side) -> String {
    let range = match (s.start, s.end) {
        (Some(start), Some(end)) => words::range(start, end),
        _ => "no time known".to_owned(),
    };
    format!(
        "{} in {} ({}), {}; {range}",
        words::count(s.failures, "gateway failure", "gateway failures"),
        words::count(s.requests, "request", "requests"),
        words::share(s.failures, s.requests),
        words::count(s.incidents, "incident", "incidents")
    )
}

/// New and gone are facts; whether they mean something is another question.
fn doubt(x: &Change) -> &'static str {
    let is_small = x.z.abs() < Z_SURE && matches!(x.trend, Trend::New | Trend::Gone);
    if is_small { "few: may be chance" } else { "" }
}

fn duration(d: &crate::compare::DurationChange) -> String {
    let median = format!("{} → {}", words::length(d.p50_s.0), words::length(d.p50_s.1));
    match d.p99_s {
        Some((was, is)) => format!("{median}, {} → {}", words::length(was), words::length(is)),
        None => median,
    }
}

fn role(t: Trend) -> Role {
    match t {
        Trend::New | Trend::Worse => Role::Bad,
        Trend::Better | Trend::Gone => Role::Strong,
        _ => Role::Plain,
    }
}

fn first_up(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::compare::compare;

    #[test]
    fn every_form_tells_the_same_numbers() {
        let (a, mut b) = (sample::rich(), sample::rich());
        b.totals.by_cause.insert("dns-failure".into(), 3_000);
        b.totals.failures += 3_000;
        let c = compare(&a, &b, ("<old>|x", "\u{1b}[2Jnew"));
        let o = RenderOptions { width: 200, verbose: true, ..RenderOptions::default() };
        let json: Comparison = serde_json::from_slice(&compare_json(&c, &o)).unwrap();
        assert_eq!(json, c);
        for bytes in [compare_text(&c, &o), compare_markdown(&c, &o)] {
            let shown = String::from_utf8(bytes).unwrap();
            for words in ["3,000", "new", "dns-failure", "42 gateway failures", "3,042 gateway failures"] {
                assert!(shown.contains(words), "{words}: {shown}");
            }
            assert!(!shown.chars().any(|c| escape::is_unsafe(c) && c != '\n'));
        }
    }
}
