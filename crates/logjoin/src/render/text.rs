//! The report for a terminal: one screen first, everything with `verbose`.
//!
//! The order is that of a person woken up: what failed and why, how much, since when, which lines prove it, what to do;
//! then how far the input can be trusted (clocks, coverage, what stays unexplained).
//!
//! The trick: the first screen is set in several lengths, and the longest that fits the terminal is taken. What always stays
//! is the worst incident with its proof, and a row for each of the others.

use super::canvas::{Align, Canvas, Role, Span, plain, span};
use super::{RenderOptions, Renderer, view, words};
use crate::Analysis;
use crate::analysis::Incident;

mod incident;
mod strip;
mod traffic;
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
    if o.verbose {
        return everything(a, o).into_bytes();
    }
    let mut page = screen(a, o, LENGTHS[0]);
    for length in &LENGTHS[1..] {
        if page.lines() <= o.height.max(LEAST) {
            break;
        }
        page = screen(a, o, *length);
    }
    page.into_bytes()
}

/// Lines of the smallest screen that anything is fitted to.
const LEAST: usize = 24;

/// A length of the first screen.
#[derive(Debug, Clone, Copy)]
struct Length {
    /// Incidents told with all rows.
    full: usize,
    /// Incidents after these told in a few rows.
    brief: usize,
    /// Incidents after these of which the verdict is told; the others have one row each.
    told: usize,
    /// Rows of a table, at most.
    rows: usize,
    /// Pieces of evidence of a full one.
    proof: usize,
    /// Clocks, coverage and notes in sections of their own instead of one row each.
    sections: bool,
}

/// From long to short.
const LENGTHS: [Length; 9] = [
    Length { full: 5, brief: 0, told: 0, rows: 20, proof: 3, sections: true },
    Length { full: 3, brief: 2, told: 0, rows: 20, proof: 3, sections: false },
    Length { full: 2, brief: 2, told: 2, rows: 12, proof: 2, sections: false },
    Length { full: 1, brief: 3, told: 2, rows: 12, proof: 3, sections: false },
    Length { full: 1, brief: 1, told: 3, rows: 8, proof: 2, sections: false },
    Length { full: 1, brief: 0, told: 3, rows: 6, proof: 2, sections: false },
    Length { full: 1, brief: 0, told: 1, rows: 6, proof: 2, sections: false },
    Length { full: 0, brief: 1, told: 2, rows: 5, proof: 1, sections: false },
    Length { full: 0, brief: 1, told: 0, rows: 5, proof: 1, sections: false },
];

fn screen(a: &Analysis, o: &RenderOptions, length: Length) -> Canvas {
    let mut c = Canvas::new(o.width, o.color);
    headline(&mut c, a);
    strip::draw(&mut c, a);
    let (brief, told) = (length.full + length.brief, length.full + length.brief + length.told);
    for (n, i) in a.incidents.iter().enumerate().take(told) {
        if n < length.full {
            incident::full(&mut c, a, i, length.proof);
        } else if n < brief {
            incident::brief(&mut c, a, i);
        } else {
            incident::told(&mut c, i);
        }
    }
    further(&mut c, a, a.incidents.get(told..).unwrap_or_default(), length.rows);
    elsewhere(&mut c, a);
    if length.sections {
        trust::clocks(&mut c, a, false);
        trust::coverage(&mut c, a, false);
        trust::unknown(&mut c, a);
        trust::notes(&mut c, a, false);
    } else {
        trust::short(&mut c, a);
    }
    hints(&mut c, a, "-v (everything), ");
    c
}

fn everything(a: &Analysis, o: &RenderOptions) -> Canvas {
    let mut c = Canvas::new(o.width, o.color);
    headline(&mut c, a);
    strip::draw(&mut c, a);
    a.incidents.iter().for_each(|i| incident::everything(&mut c, a, i));
    elsewhere(&mut c, a);
    trust::clocks(&mut c, a, true);
    trust::coverage(&mut c, a, true);
    trust::unknown(&mut c, a);
    trust::notes(&mut c, a, true);
    verbose::all(&mut c, a);
    hints(&mut c, a, "");
    c
}

/// One line for each incident that does not fit on the first screen.
fn further(c: &mut Canvas, a: &Analysis, incidents: &[Incident], most: usize) {
    if incidents.is_empty() {
        return;
    }
    c.title(&words::count(incidents.len() as u64, "smaller incident", "smaller incidents"));
    // A table needs room; without it each incident is a sentence.
    if c.width() < 70 {
        for i in incidents.iter().take(most) {
            let from = format!(
                "  {} at {}",
                words::count(i.failures, "failure", "failures"),
                view::clock(a)(i.start)
            );
            c.item(
                2,
                "",
                &[span(Role::Strong, &i.id), plain(" "), span(Role::Bad, i.cause.as_str()), plain(from)],
            );
        }
    }
    let is_one_day = view::is_one_day(a);
    let when = |i: &Incident| {
        if !is_one_day {
            return words::range(i.start, i.end);
        }
        let (from, to) = (words::clock(i.start), words::clock(i.end));
        format!("{} to {}", from.split('.').next().unwrap_or(&from), to.split('.').next().unwrap_or(&to))
    };
    let rows: Vec<Vec<Span>> = incidents
        .iter()
        .take(if c.width() < 70 { 0 } else { most })
        .map(|i| {
            vec![
                span(Role::Strong, &i.id),
                plain(when(i)),
                span(Role::Bad, i.cause.as_str()),
                plain(words::grouped(i.failures)),
                plain(words::list(&view::union(i, |e| &e.targets))),
            ]
        })
        .collect();
    if !rows.is_empty() {
        c.table(2, &[left("id"), left("when (UTC)"), left("cause"), right("failures"), left("who")], &rows);
    }
    if incidents.len() > most {
        let more = words::grouped((incidents.len() - most) as u64);
        c.para(2, &[span(Role::Faint, format!("and {more} more; -v shows them"))]);
    }
}

fn headline(c: &mut Canvas, a: &Analysis) {
    let t = &a.totals;
    let mut first = vec![span(Role::Strong, format!("{} {}", a.tool.name, a.tool.version)), plain(": ")];
    if !a.saw_requests() {
        first.push(span(Role::Warn, view::NOTHING));
    } else if t.failures == 0 {
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
        let mut origin = view::map_counts(&t.by_origin);
        if let Some(chain) = view::seen_twice(a) {
            origin.push_str("; ");
            origin.push_str(&chain);
        }
        c.row("origin", &[plain(origin)]);
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

/// What to ask next; the ids are those of the whole report.
fn hints(c: &mut Canvas, a: &Analysis, first: &str) {
    let Some(f) = a.failures.iter().find(|f| f.gateway) else { return };
    c.blank();
    let cause = a.incidents.first().map_or(f.cause, |i| i.cause);
    c.para(
        0,
        &[span(
            Role::Faint,
            format!(
                "more: {first}`logjoin explain {} PATH...` (how one failure was judged), `logjoin explain {cause}` (what to check)",
                f.id
            ),
        )],
    );
}

/// A column of a table.
const fn left(title: &str) -> (&str, Align) {
    (title, Align::Left)
}

const fn right(title: &str) -> (&str, Align) {
    (title, Align::Right)
}
