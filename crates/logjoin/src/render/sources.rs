//! The sources as a table: what `logjoin detect` prints.

use super::canvas::{Align, Canvas, Role, Span, plain, span};
use super::{RenderOptions, words};
use crate::Analysis;
use crate::analysis::Source;

/// The sources: format, role, instance, zone, range, longest gap, unparsed lines, and why they were taken for that.
pub fn sources(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let mut c = Canvas::new(o.width, o.color);
    for s in &a.sources {
        c.blank();
        source(&mut c, s, a, o.verbose);
    }
    let config: Vec<&str> = a.inputs.iter().filter(|i| i.kind == "config").map(|i| i.path.as_str()).collect();
    if !config.is_empty() {
        c.blank();
        c.row("config", &[plain(config.join(", "))]);
    }
    for i in a.inputs.iter().filter(|i| i.problem.is_some()) {
        c.row(
            "problem",
            &[span(Role::Place, &i.path), plain(": "), span(Role::Bad, i.problem.as_deref().unwrap_or(""))],
        );
    }
    if a.sources.is_empty() {
        c.para(0, &[span(Role::Warn, "no source: no file was given, or none was a log")]);
    }
    c.into_bytes()
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
    c.row("zone", &[plain(format!("{}, {}; stamps in {}", s.zone, s.zone_reason, s.precision))]);
    if let (Some(start), Some(end)) = (s.start, s.end) {
        c.row(
            "range",
            &[plain(format!(
                "{}; longest silence {}",
                words::range(start, end),
                words::length(s.longest_gap_s)
            ))],
        );
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
            plain(format!("{}, ", words::grouped(l.lines))),
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
