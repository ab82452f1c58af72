//! One incident: in full, in a few rows, or with all its episodes.

use super::super::canvas::{Canvas, Role, Span, clip, plain, span};
use super::super::{view, words};
use crate::analysis::{Episode, Evidence, Incident};
use crate::causes;
use crate::{Analysis, Mechanism};

/// What it is and how surely, and the sentence that says it all.
fn heading(c: &mut Canvas, i: &Incident) {
    c.blank();
    let mut line = vec![
        span(Role::Strong, &i.id),
        plain("  "),
        span(Role::Bad, i.cause.as_str()),
        plain(": "),
        span(Role::Strong, causes::page(i.cause).title),
    ];
    if let Some(e) = view::main_episode(i) {
        line.push(plain(" ("));
        line.push(confidence(e));
        line.push(plain(")"));
    }
    c.para(0, &line);
    c.para(2, &[plain(&i.summary)]);
}

fn confidence(e: &Episode) -> Span {
    span(if e.confidence >= 0.85 { Role::Good } else { Role::Warn }, words::confidence(e.confidence))
}

fn impact(c: &mut Canvas, a: &Analysis, i: &Incident) {
    c.row(
        "impact",
        &[
            span(Role::Bad, words::count(i.failures, "failure", "failures")),
            plain(format!(" ({}); {}; {}", view::statuses(i), view::share_sentence(i), view::clients(a, i))),
        ],
    );
}

fn paths(c: &mut Canvas, i: &Incident, most: usize, room: usize) {
    let paths: Vec<String> = view::endpoints(i, most)
        .iter()
        .map(|e| format!("{} ({})", clip(&e.value, room), words::grouped(e.count)))
        .collect();
    if !paths.is_empty() {
        c.row("paths", &[plain(paths.join(", "))]);
    }
}

fn when(i: &Incident) -> String {
    format!("{} ({})", words::range(i.start, i.end), words::length(i.end.seconds() - i.start.seconds()))
}

fn who(i: &Incident) -> Vec<Span> {
    let targets = view::union(i, |e| &e.targets);
    let proxies = view::union(i, |e| &e.proxies);
    let mut out = vec![span(
        Role::Strong,
        if !targets.is_empty() {
            words::list(&targets)
        } else if tried_no_server(i) {
            "no backend was tried".into()
        } else {
            "which server was tried is not logged".into()
        },
    )];
    if !proxies.is_empty() {
        out.push(plain(format!(", answered by {}", words::list(&proxies))));
    }
    out
}

fn tried_no_server(i: &Incident) -> bool {
    let mut all = i.episodes.iter().flat_map(|e| e.by_mechanism.keys());
    all.all(|id| Mechanism::by_id(id).is_some_and(Mechanism::tried_no_server))
}

/// All that somebody must know who was woken up by it.
pub(super) fn full(c: &mut Canvas, a: &Analysis, i: &Incident, proof: usize) {
    heading(c, i);
    impact(c, a, i);
    paths(c, i, 3, 60);
    c.row("when", &[plain(when(i))]);
    c.row("who", &who(i));
    let Some(e) = view::main_episode(i) else { return };
    why(c, e);
    evidence(c, a, "proof", &view::proof(e, proof), false);
    if let Some(x) = e.against.first() {
        c.row("against", &[plain(&x.claim)]);
    }
    super::traffic::rows_of(c, a, i);
    advice(c, e, 3);
    let others: Vec<String> = i
        .episodes
        .iter()
        .filter(|x| x.id != e.id)
        .map(|x| {
            format!("{} {} ({}, {})", x.id, x.cause, words::grouped(x.failures), view::clock(a)(x.start))
        })
        .collect();
    if !others.is_empty() {
        c.row("also", &[plain(words::list(&others))]);
    }
}

/// The same in a few rows.
pub(super) fn brief(c: &mut Canvas, a: &Analysis, i: &Incident) {
    heading(c, i);
    impact(c, a, i);
    let mut line = vec![plain(format!("{}; ", when(i)))];
    line.extend(who(i));
    c.row("when, who", &line);
    if let Some(e) = view::main_episode(i) {
        evidence(c, a, "proof", &view::proof(e, 1), false);
        advice(c, e, 1);
    }
}

/// The verdict alone.
pub(super) fn told(c: &mut Canvas, i: &Incident) {
    heading(c, i);
    c.row("when", &[plain(when(i))]);
}

/// All episodes, what was ruled out, and all lines that are named.
pub(super) fn everything(c: &mut Canvas, a: &Analysis, i: &Incident) {
    heading(c, i);
    impact(c, a, i);
    paths(c, i, usize::MAX, usize::MAX);
    c.row("when", &[plain(when(i))]);
    c.row("who", &who(i));
    super::traffic::rows_of(c, a, i);
    i.episodes.iter().for_each(|e| episode(c, a, e));
}

fn episode(c: &mut Canvas, a: &Analysis, e: &Episode) {
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
    why(c, e);
    evidence(c, a, "proof", &e.evidence.iter().collect::<Vec<_>>(), true);
    evidence(c, a, "against", &e.against.iter().collect::<Vec<_>>(), true);
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
    advice(c, e, usize::MAX);
}

fn why(c: &mut Canvas, e: &Episode) {
    let detail = e.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
    c.row(
        "why",
        &[
            span(Role::Strong, e.cause.as_str()),
            plain(format!("{detail}, ")),
            confidence(e),
            plain(format!(": {}", causes::page(e.cause).meaning)),
        ],
    );
}

fn advice(c: &mut Canvas, e: &Episode, most: usize) {
    for (n, advice) in e.advice.iter().take(most).enumerate() {
        c.row(if n == 0 { "do" } else { "" }, &[plain(format!("{}. ", n + 1)), plain(advice)]);
    }
}

/// Claims with their lines. A place is never cut, so that it can be opened; the text of a line is cut to the page.
fn evidence(c: &mut Canvas, a: &Analysis, label: &str, all: &[&Evidence], everything: bool) {
    let at = view::clock(a);
    for (n, e) in all.iter().enumerate() {
        let many = if e.count > 1 { format!(" ({} lines)", words::grouped(e.count)) } else { String::new() };
        let when = e.time.map(|t| format!("{} ", at(t))).unwrap_or_default();
        c.row(
            if n == 0 { label } else { "" },
            &[span(Role::Faint, when), plain(&e.claim), span(Role::Faint, many)],
        );
        if let Some(first) = e.lines.first() {
            c.para(15, &[span(Role::Place, first.to_string())]);
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
