//! The tables of the HTML report: clocks, coverage, servers, what stays unexplained, failures.

use super::super::{view, words};
use super::Page;
use crate::Analysis;

/// Most failures listed; all of them are in the rows and in the JSON.
const MOST: usize = 2_000;

pub(super) fn all(p: &mut Page, a: &Analysis) {
    unknown(p, a);
    clocks(p, a);
    coverage(p, a);
    servers(p, a);
    counts(p, a);
    failures(p, a);
}

fn header(p: &mut Page, columns: &[&str]) {
    p.raw("<thead><tr>");
    for c in columns {
        let number = c.strip_prefix('#');
        p.element(if number.is_some() { "<th class=\"n\">" } else { "<th>" }, number.unwrap_or(c), "</th>");
    }
    p.raw("</tr></thead><tbody>\n");
}

fn row(p: &mut Page, columns: &[&str], cells: &[String]) {
    p.raw("<tr>");
    for (c, cell) in columns.iter().zip(cells) {
        p.element(if c.starts_with('#') { "<td class=\"n\">" } else { "<td>" }, cell, "</td>");
    }
    p.raw("</tr>\n");
}

fn table(p: &mut Page, open: &'static str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    p.raw("<div class=\"scroll\">").raw(open);
    header(p, columns);
    rows.for_each(|r| row(p, columns, &r));
    p.raw("</tbody></table></div>\n");
}

fn unknown(p: &mut Page, a: &Analysis) {
    if a.unknown.is_empty() && a.notes.is_empty() {
        return;
    }
    p.raw("<h2>Unexplained, and notes</h2>\n<ul>");
    for u in &a.unknown {
        p.raw("<li>").text(words::count(u.failures, "failure", "failures")).text(": ").text(&u.reason);
        if let Some(x) = &u.advice {
            p.element("<br/>next time, log <code>", x, "</code>");
        }
        p.raw("</li>\n");
    }
    for n in &a.notes {
        p.element(
            if n.level == "warning" { "<li><strong class=\"warn\">" } else { "<li><strong>" },
            &n.level,
            "</strong>, ",
        );
        p.element("<code>", &n.about, "</code>: ").text(&n.text).raw("</li>\n");
    }
    p.raw("</ul>\n");
}

fn clocks(p: &mut Page, a: &Analysis) {
    if a.clocks.is_empty() {
        return;
    }
    p.raw("<h2>Clocks</h2>\n");
    let columns = ["clock", "against", "#offset", "#band", "#zone error", "#requests", "state"];
    let rows = a.clocks.iter().map(|k| {
        vec![
            k.source.clone(),
            k.reference.clone(),
            k.offset_s.map_or("not known".into(), words::offset),
            k.band_s.map_or("-".into(), |b| format!("± {}", words::length(b))),
            if k.zone_error_s == 0 { "none".into() } else { words::offset(k.zone_error_s as f64) },
            words::grouped(k.samples),
            k.state.clone(),
        ]
    });
    table(p, "<table>", &columns, rows);
}

fn coverage(p: &mut Page, a: &Analysis) {
    p.raw("<h2>Coverage</h2>\n");
    let columns = [
        "source",
        "role",
        "instance",
        "#lines",
        "#events",
        "#continuations",
        "#blank",
        "#filtered",
        "#unparsed",
    ];
    let sources = a.sources.iter().map(|s| (s.id.as_str(), s.role.as_str(), s.instance.as_str(), s.ledger));
    let rows = sources.chain([("all", "", "", a.ledger)]).map(|(id, role, instance, l)| {
        let n = words::grouped;
        vec![
            id.to_owned(),
            role.to_owned(),
            instance.to_owned(),
            n(l.lines),
            n(l.events),
            n(l.continuations),
            n(l.blank),
            n(l.filtered),
            n(l.unparsed),
        ]
    });
    table(p, "<table>", &columns, rows);
    for i in a.inputs.iter().filter(|i| i.problem.is_some()) {
        p.element("<p><span class=\"place\">", &i.path, "</span>: ");
        p.element("<span class=\"bad\">", i.problem.as_deref().unwrap_or_default(), "</span></p>\n");
    }
}

fn servers(p: &mut Page, a: &Analysis) {
    if a.distribution.is_empty() {
        return;
    }
    p.raw("<h2>Servers</h2>\n");
    let columns =
        ["proxy", "pool", "server", "instance", "#attempts", "#failed", "#share", "#weight", "#p50", "#p99"];
    let rows = a.distribution.iter().map(|s| {
        vec![
            s.proxy.clone(),
            s.pool.clone().unwrap_or("-".into()),
            s.server.clone(),
            s.instance.clone().unwrap_or("-".into()),
            words::grouped(s.requests),
            words::grouped(s.failures),
            words::percent(s.share),
            s.expected_share.map_or("-".into(), words::percent),
            s.p50_s.map_or("-".into(), words::length),
            s.p99_s.map_or("-".into(), words::length),
        ]
    });
    table(p, "<table>", &columns, rows);
}

fn counts(p: &mut Page, a: &Analysis) {
    let t = &a.totals;
    p.raw("<h2>All counts</h2>\n<dl>");
    p.element("<dt>status</dt><dd>", view::map_counts(&t.by_status), "</dd>");
    p.element("<dt>origin</dt><dd>", view::map_counts(&t.by_origin), "</dd>");
    p.element("<dt>seen as</dt><dd>", view::map_counts(&t.by_mechanism), "</dd>");
    p.element("<dt>cause</dt><dd>", view::map_counts(&t.by_cause), "</dd>");
    p.element(
        "<dt>retried</dt><dd>",
        words::grouped(t.hidden_by_retry),
        " served after a failed attempt</dd>",
    );
    p.element("<dt>client left</dt><dd>", words::grouped(t.not_gateway), " (no gateway failure)</dd></dl>\n");
}

fn failures(p: &mut Page, a: &Analysis) {
    if a.failures.is_empty() {
        return;
    }
    p.raw("<h2>Failed requests</h2>\n");
    if a.failures.len() > MOST {
        p.element("<p class=\"warn\">The first ", words::grouped(MOST as u64), " of ");
        p.text(words::grouped(a.failures.len() as u64)).raw(" are listed here.</p>\n");
    }
    p.raw("<div class=\"filter\" id=\"filter\" hidden><label>Filter <input type=\"search\" ");
    p.raw("placeholder=\"words that must all occur\"></label> <output class=\"mute\"></output></div>\n");
    let columns =
        ["id", "time (UTC)", "status", "request", "target", "seen as", "cause", "#sure", "episode", "line"];
    let rows = a.failures.iter().take(MOST).map(|f| {
        let last = f.attempts.last();
        let server = last.and_then(|t| t.instance.clone().or_else(|| t.address.clone()));
        vec![
            f.id.clone(),
            words::moment(f.time).trim_end_matches(" UTC").to_owned(),
            f.status.map_or("-".into(), |s| s.to_string()),
            format!("{} {}", f.method.as_deref().unwrap_or("-"), f.target.as_deref().unwrap_or("-")),
            server.unwrap_or("-".into()),
            f.mechanism.to_string(),
            f.cause.to_string(),
            words::percent(f.confidence),
            f.episode.clone().unwrap_or("-".into()),
            format!("{}:{}", f.file, f.line),
        ]
    });
    table(p, "<table id=\"failures\">", &columns, rows);
}
