//! The sources as a table: what `logjoin detect` prints.

use super::canvas::{Align, Canvas, Role, Span, plain, span};
use super::{RenderOptions, words};
use crate::Analysis;
use crate::analysis::{Ledger, Source};
use crate::vocabulary::InputKind;

/// The sources: format, role, instance, zone, precision, range, gaps, what was assumed and why, lines, unparsed ones.
pub fn sources(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let mut c = Canvas::new(o.width, o.color);
    for s in &a.sources {
        c.blank();
        source(&mut c, s, a, o.verbose);
    }
    let config: Vec<&str> =
        a.inputs.iter().filter(|i| i.kind == InputKind::Config).map(|i| i.path.as_str()).collect();
    if !config.is_empty() {
        c.blank();
        c.row("config", &[plain(config.join(", "))]);
    }
    for i in &a.inputs {
        let Some(problem) = i.problem.as_deref() else { continue };
        // What went wrong with a file begins with its name already.
        let text = problem.strip_prefix(&format!("{}: ", i.path)).unwrap_or(problem);
        c.row("problem", &[span(Role::Place, &i.path), plain(": "), span(Role::Bad, text)]);
    }
    for i in a.inputs.iter().filter(|i| i.kind == InputKind::Copy) {
        let why = a.notes.iter().find(|n| n.about == i.path).map_or("", |n| n.text.as_str());
        c.row("left out", &[span(Role::Place, &i.path), plain(format!(": {why}"))]);
    }
    if a.sources.is_empty() {
        c.para(0, &[span(Role::Warn, "no source: no file was given, or none was a log")]);
    }
    c.into_bytes()
}

/// Where the lines went, without those that no format read.
fn parts(l: &Ledger) -> String {
    let rest = [(l.continuations, "continuations"), (l.blank, "blank"), (l.filtered, "filtered")];
    let rest = rest.into_iter().filter(|(n, _)| *n > 0);
    let rest = rest.map(|(n, what)| format!(", {} {what}", words::grouped(n)));
    words::count(l.events, "event", "events") + &rest.collect::<String>()
}

fn source(c: &mut Canvas, s: &Source, a: &Analysis, everything: bool) {
    c.para(
        0,
        &[
            span(Role::Strong, &s.id),
            plain("  "),
            plain(format!("{} of {} ({})", s.role, s.instance, s.product)),
        ],
    );
    let formats: Vec<String> = s
        .formats
        .iter()
        .map(|f| format!("{} ({})", f.format, words::count(f.events, "event", "events")))
        .collect();
    c.row("format", &[plain(formats.join(", "))]);
    c.row("role", &[plain(&s.role_reason)]);
    let zone = match s.zone.as_str() {
        // The reason says it all.
        "written" | "mixed" | "none" => s.zone_reason.clone(),
        zone => format!("{zone}, {}", s.zone_reason),
    };
    c.row("zone", &[plain(zone)]);
    c.row("precision", &[plain(&s.precision)]);
    if let (Some(start), Some(end)) = (s.start, s.end) {
        c.row("range", &[plain(words::range(start, end))]);
    }
    let shown = if everything { s.gaps.len() } else { 1 };
    // Beside a long one, those that are usual say nothing; nor does one that the precision of the stamps explains.
    let least = if s.precision == "s" { 1.5 } else { 0.0 };
    let gaps = s.gaps.iter().take(shown).filter(|g| g.s * 10.0 >= s.longest_gap_s && g.s > least);
    if gaps.clone().next().is_some() {
        let gaps: Vec<String> = gaps
            .map(|g| format!("{} of silence, {}", words::length(g.s), words::range(g.start, g.end)))
            .collect();
        c.row("gaps", &[plain(gaps.join("; "))]);
    }
    for (i, text) in s.assumptions.iter().enumerate() {
        c.row(if i == 0 { "assumed" } else { "" }, &[plain(text)]);
    }
    if let Some(k) = a.clocks.iter().find(|k| k.source == s.instance) {
        let offset = k.offset_s.map_or("not known".into(), words::offset);
        c.row("clock", &[plain(format!("{offset} ({})", k.state))]);
    }
    let l = &s.ledger;
    let role = if l.unparsed > 0 { Role::Warn } else { Role::Plain };
    c.row(
        "lines",
        &[
            plain(format!("{}: {}, ", words::grouped(l.lines), parts(l))),
            span(
                role,
                format!("{} unparsed ({})", words::grouped(l.unparsed), words::share(l.unparsed, l.lines)),
            ),
        ],
    );
    for e in s.unparsed_examples.iter().take(if everything { usize::MAX } else { 1 }) {
        c.clipped(13, &[span(Role::Place, format!("{} ", e.at)), span(Role::Faint, &e.text)]);
    }
    if s.files.len() > 1 {
        c.row("files", &[plain(s.files.join(", "))]);
    }
    if everything && !s.addresses.is_empty() {
        let rows: Vec<Vec<Span>> = s
            .addresses
            .iter()
            .map(|x| vec![plain(&x.address), plain(&x.reason), plain(words::grouped(x.votes))])
            .collect();
        c.table(
            13,
            &[("address", Align::Left), ("known from", Align::Left), ("requests", Align::Right)],
            &rows,
        );
    }
}
