//! The report for a terminal: one screen first, everything with `verbose`.
//!
//! The order is that of a person woken up: what failed and why, how much, since when, which lines prove it, what to do;
//! then how far the input can be trusted (clocks, coverage, what stays unexplained).

use super::canvas::{Align, Canvas, Role, Span, plain, span};
use super::{RenderOptions, Renderer, view, words};
use crate::Analysis;
use crate::analysis::{Episode, Evidence, Incident};
use crate::causes;

mod trust;
mod verbose;

pub(super) static RENDERER: Renderer = Renderer {
    id: "text",
    title: "the report for a terminal",
    extensions: &["txt"],
    use_for: "reading now: verdicts with the lines that prove them, then clocks, coverage and open questions",
    rows: false,
    render,
};

fn render(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let mut c = Canvas::new(o.width, o.color);
    headline(&mut c, a);
    let shown = if o.verbose { a.incidents.len() } else { a.incidents.len().min(IN_FULL) };
    for i in &a.incidents[..shown] {
        incident(&mut c, a, i, o);
    }
    further(&mut c, &a.incidents[shown..]);
    elsewhere(&mut c, a);
    trust::clocks(&mut c, a, o.verbose);
    trust::coverage(&mut c, a, o.verbose);
    trust::unknown(&mut c, a);
    trust::notes(&mut c, a, o.verbose);
    if o.verbose {
        verbose::all(&mut c, a);
    }
    hints(&mut c, a, o);
    c.into_bytes()
}

/// Incidents that are told in full on the first screen; the worst come first.
const IN_FULL: usize = 5;

/// One line for each incident that does not fit on the first screen.
fn further(c: &mut Canvas, incidents: &[Incident]) {
    if incidents.is_empty() {
        return;
    }
    c.title(&words::count(incidents.len() as u64, "smaller incident", "smaller incidents"));
    let rows: Vec<Vec<Span>> = incidents
        .iter()
        .map(|i| {
            vec![
                span(Role::Strong, &i.id),
                plain(words::range(i.start, i.end)),
                span(Role::Bad, i.cause.as_str()),
                plain(words::grouped(i.failures)),
                plain(words::list(&view::union(i, |e| &e.targets))),
            ]
        })
        .collect();
    c.table(2, &[left("id"), left("when"), left("cause"), right("failures"), left("who")], &rows);
}

fn headline(c: &mut Canvas, a: &Analysis) {
    let t = &a.totals;
    let mut first = vec![span(Role::Strong, format!("{} {}", a.tool.name, a.tool.version)), plain(": ")];
    if t.failures == 0 {
        first.push(span(Role::Good, "no gateway failures"));
        first.push(plain(format!(" in {}", words::count(t.requests, "request", "requests"))));
    } else {
        first.push(span(Role::Bad, words::count(t.failures, "gateway failure", "gateway failures")));
        first.push(plain(format!(
            " in {} ({}), {}",
            words::count(t.requests, "request", "requests"),
            words::share(t.failures, t.requests),
            words::count(a.incidents.len() as u64, "incident", "incidents")
        )));
    }
    c.para(0, &first);
    let mut second = String::new();
    if let Some((start, end)) = view::range(a) {
        second =
            format!("{} ({}); ", words::range(start, end), words::length(end.seconds() - start.seconds()));
    }
    second.push_str(&format!(
        "{}, {}, {}",
        words::count(a.sources.len() as u64, "source", "sources"),
        view::files(a),
        words::count(a.ledger.lines, "line", "lines")
    ));
    c.para(0, &[span(Role::Faint, second)]);
    if a.inputs.is_empty() {
        c.para(0, &[span(Role::Warn, "nothing was read: no file was given, or none was a log")]);
    }
    if t.failures > 0 {
        c.blank();
        c.row("causes", &[plain(view::map_counts(&t.by_cause))]);
        c.row("origin", &[plain(view::map_counts(&t.by_origin))]);
    }
}

fn incident(c: &mut Canvas, a: &Analysis, i: &Incident, o: &RenderOptions) {
    c.blank();
    let page = causes::page(i.cause);
    c.para(
        0,
        &[
            span(Role::Strong, &i.id),
            plain("  "),
            span(Role::Bad, i.cause.as_str()),
            plain(": "),
            span(Role::Strong, page.title),
        ],
    );
    c.para(2, &[plain(&i.summary)]);
    let mut impact = vec![
        span(Role::Bad, words::count(i.failures, "failure", "failures")),
        plain(format!(" ({})", view::statuses(i))),
    ];
    impact.push(plain(format!("; {}; {}", view::share_sentence(i), view::clients(a, i))));
    c.row("impact", &impact);
    let paths: Vec<String> = view::endpoints(i, if o.verbose { usize::MAX } else { 3 })
        .iter()
        .map(|e| {
            let path = if o.verbose { e.value.as_str().into() } else { super::canvas::clip(&e.value, 60) };
            format!("{path} ({})", words::grouped(e.count))
        })
        .collect();
    if !paths.is_empty() {
        c.row("paths", &[plain(paths.join(", "))]);
    }
    let long = words::length(i.end.seconds() - i.start.seconds());
    c.row("when", &[plain(format!("{} ({long})", words::range(i.start, i.end)))]);
    c.row("who", &who(i));
    if let Some(e) = view::main_episode(i) {
        if o.verbose {
            for e in &i.episodes {
                episode(c, e, usize::MAX, true);
            }
        } else {
            episode(c, e, 3, false);
            let others: Vec<String> = i
                .episodes
                .iter()
                .filter(|x| x.id != e.id)
                .map(|x| {
                    format!(
                        "{} {} ({}, {})",
                        x.id,
                        x.cause,
                        words::grouped(x.failures),
                        words::clock(x.start)
                    )
                })
                .collect();
            if !others.is_empty() {
                c.row("also", &[plain(others.join("; "))]);
            }
        }
    }
}

fn who(i: &Incident) -> Vec<Span> {
    let targets = view::union(i, |e| &e.targets);
    let proxies = view::union(i, |e| &e.proxies);
    let mut out = vec![span(
        Role::Strong,
        if targets.is_empty() { "no backend was tried".into() } else { words::list(&targets) },
    )];
    if !proxies.is_empty() {
        out.push(plain(format!(", answered by {}", words::list(&proxies))));
    }
    out
}

/// One episode: why, the lines for it, and what to do.
fn episode(c: &mut Canvas, e: &Episode, most: usize, everything: bool) {
    if everything {
        c.blank();
        c.para(
            2,
            &[
                span(Role::Strong, &e.id),
                plain(format!("  {}  ", words::range(e.start, e.end))),
                span(Role::Bad, e.cause.as_str()),
                plain(format!(
                    "  {} of {}, {}",
                    words::grouped(e.failures),
                    words::count(e.requests, "request", "requests"),
                    words::count(e.clients, "client", "clients")
                )),
            ],
        );
        c.row("seen as", &[plain(view::map_counts(&e.by_mechanism))]);
    }
    let role = if e.confidence >= 0.85 { Role::Good } else { Role::Warn };
    let detail = e.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
    c.row(
        "why",
        &[
            span(Role::Strong, e.cause.as_str()),
            plain(format!("{detail}, ")),
            span(role, words::confidence(e.confidence)),
            plain(format!(": {}", causes::page(e.cause).meaning)),
        ],
    );
    evidence(c, "proof", &view::proof(e, most), everything);
    if everything {
        evidence(c, "against", &e.against.iter().collect::<Vec<_>>(), true);
        let others: Vec<String> =
            e.alternatives.iter().map(|x| format!("{} {}", x.cause, words::percent(x.confidence))).collect();
        if !others.is_empty() {
            c.row("or", &[plain(others.join(", "))]);
        }
        for r in &e.ruled_out {
            c.row("not", &[plain(format!("{}: {}", r.cause, r.why))]);
        }
        if !e.refuted_by.is_empty() {
            c.row("wrong if", &[plain(&e.refuted_by)]);
        }
    } else if !e.against.is_empty() {
        c.row("against", &[plain(&e.against[0].claim)]);
    }
    for (n, advice) in e.advice.iter().take(most).enumerate() {
        c.row(if n == 0 { "do" } else { "" }, &[plain(format!("{}. ", n + 1)), plain(advice)]);
    }
}

/// Claims with their lines. The text of a line is cut to the page: its place is named for who wants all of it.
fn evidence(c: &mut Canvas, label: &str, all: &[&Evidence], everything: bool) {
    for (n, e) in all.iter().enumerate() {
        let many = if e.count > 1 { format!(" ({} lines)", words::grouped(e.count)) } else { String::new() };
        let when = e.time.map(|t| format!("{} ", words::clock(t))).unwrap_or_default();
        c.row(
            if n == 0 { label } else { "" },
            &[span(Role::Faint, when), plain(&e.claim), span(Role::Faint, many)],
        );
        if let Some(first) = e.lines.first() {
            c.clipped(15, &[span(Role::Place, first.to_string())]);
        }
        if let Some(text) = &e.text {
            c.clipped(15, &[span(Role::Strong, text)]);
        }
        if everything && e.lines.len() > 1 {
            let more: Vec<String> = e.lines[1..].iter().map(ToString::to_string).collect();
            c.para(15, &[span(Role::Faint, format!("also {}", more.join(", ")))]);
        }
    }
}

/// Failures that belong to no incident, and what was listed without being a failure.
fn elsewhere(c: &mut Canvas, a: &Analysis) {
    let inside: u64 = a.incidents.iter().map(|i| i.failures).sum();
    let outside = a.totals.failures.saturating_sub(inside);
    let mut said = Vec::new();
    if outside > 0 {
        said.push(format!("{} outside these incidents", words::count(outside, "failure", "failures")));
    }
    if a.totals.hidden_by_retry > 0 {
        let n = a.totals.hidden_by_retry;
        said.push(format!(
            "{} served after a failed attempt",
            words::count(n, "request was", "requests were")
        ));
    }
    if a.totals.not_gateway > 0 {
        let n = a.totals.not_gateway;
        said.push(format!(
            "{} left by the client (no gateway failure)",
            words::count(n, "request was", "requests were")
        ));
    }
    if !said.is_empty() {
        c.blank();
        c.row("besides", &[plain(said.join("; "))]);
    }
}

fn hints(c: &mut Canvas, a: &Analysis, o: &RenderOptions) {
    let mut hints = Vec::new();
    if !o.verbose && !a.incidents.is_empty() {
        hints.push("-v shows every episode, what was ruled out, servers and lifecycles".to_owned());
    }
    if let Some(f) = a.failures.iter().find(|f| f.gateway) {
        hints.push(format!(
            "`logjoin explain {}:{} PATH...` tells how one failure was judged",
            f.file, f.line
        ));
    }
    if let Some(i) = a.incidents.first() {
        hints.push(format!("`logjoin explain {}` tells what to check", i.cause));
    }
    if !hints.is_empty() {
        c.blank();
        for h in hints {
            c.para(0, &[span(Role::Faint, h)]);
        }
    }
}

/// A column of a table.
const fn left(title: &str) -> (&str, Align) {
    (title, Align::Left)
}

const fn right(title: &str) -> (&str, Align) {
    (title, Align::Right)
}
