//! The tables of the HTML report: failed requests, clocks, coverage, what stays unexplained, all counts.

use super::super::{view, words};
use super::Page;
use crate::Analysis;
use crate::analysis::Time;
use crate::vocabulary::NoteLevel;

/// Failures in the table that stands in for the list on paper and without the script.
const MOST: usize = 100;

pub(super) fn all(p: &mut Page, a: &Analysis) {
    unknown(p, a);
    clocks(p, a);
    coverage(p, a);
    counts(p, a);
    notes(p, a);
}

fn header(p: &mut Page, columns: &[&str]) {
    p.raw("<thead><tr>");
    for c in columns {
        let number = c.strip_prefix('#');
        p.element(
            if number.is_some() { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" },
            number.unwrap_or(c),
            "</th>",
        );
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

/// A table with a caption; columns whose names begin with `#` hold numbers.
pub(super) fn table(
    p: &mut Page,
    caption: &'static str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) {
    p.raw("<div class=\"scroll\"><table>").raw(caption);
    header(p, columns);
    rows.for_each(|r| row(p, columns, &r));
    p.raw("</tbody></table></div>\n");
}

fn unknown(p: &mut Page, a: &Analysis) {
    if a.unknown.is_empty() {
        return;
    }
    p.raw("<h2 id=\"unexplained\">Unexplained, and what to log next time</h2>\n<ul>");
    for u in &a.unknown {
        p.raw("<li>").text(words::count(u.failures, "failure", "failures")).text(": ").text(&u.reason);
        if let Some(x) = &u.advice {
            p.raw("<br/>next time:");
            x.lines().for_each(|line| {
                p.element(" <code class=\"line\">", line, "</code>");
            });
        }
        p.raw("</li>\n");
    }
    p.raw("</ul>\n");
}

fn notes(p: &mut Page, a: &Analysis) {
    if a.notes.is_empty() {
        return;
    }
    p.raw("<h2 id=\"notes\">Notes</h2>\n<ul>");
    for n in &a.notes {
        p.element(
            if n.level == NoteLevel::Warning { "<li><strong class=\"warn\">" } else { "<li><strong>" },
            n.level,
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
    p.raw("<h2 id=\"clocks\">Clocks</h2>\n<p class=\"mute\">A log's clock minus the reference's. All times of this report are on ");
    p.raw("the reference clock.</p>\n");
    let columns =
        ["clock", "against", "#offset", "#band", "#zone error", "#drift", "#requests", "state", "steps"];
    let rows = a.clocks.iter().map(|k| {
        let steps: Vec<String> =
            k.steps.iter().map(|s| format!("{} at {}", words::offset(s.by_s), words::moment(s.at))).collect();
        vec![
            k.source.clone(),
            k.reference.clone(),
            k.offset_s.map_or("not known".into(), words::offset),
            k.band_s.map_or("-".into(), |b| format!("± {}", words::length(b))),
            if k.zone_error_s == 0 { "none".into() } else { words::offset(k.zone_error_s as f64) },
            if k.drift_ppm == 0.0 { "-".into() } else { format!("{:+.1} ppm", k.drift_ppm) },
            words::grouped(k.samples),
            k.state.as_str().replace('-', " "),
            if steps.is_empty() { "-".into() } else { steps.join("; ") },
        ]
    });
    table(p, "", &columns, rows);
}

fn coverage(p: &mut Page, a: &Analysis) {
    p.raw("<h2 id=\"coverage\">Coverage</h2>\n");
    ledger(p, a);
    for i in a.inputs.iter().filter(|i| i.problem.is_some()) {
        p.element("<p><span class=\"place\">", &i.path, "</span>: ");
        p.element("<span class=\"bad\">", i.problem.as_deref().unwrap_or_default(), "</span></p>\n");
    }
    for s in a.sources.iter().filter(|s| s.ledger.unparsed > 0) {
        let Some(e) = s.unparsed_examples.first() else { continue };
        p.raw("<p>").text(words::grouped(s.ledger.unparsed));
        p.element(" unparsed in <span class=\"place\">", &s.id, "</span>");
        p.text(format!(", the first at line {}", e.at.line));
        p.element("<span class=\"line\">", &e.text, "</span></p>\n");
    }
    if a.sources.is_empty() {
        return;
    }
    p.raw("<details><summary>What each source is, and when it speaks</summary>\n");
    let columns = ["source", "format", "from", "to", "#longest silence", "zone", "addresses"];
    let rows = a.sources.iter().map(|s| {
        let formats: Vec<&str> = s.formats.iter().map(|f| f.format.as_str()).collect();
        let addresses: Vec<&str> = s.addresses.iter().map(|x| x.address.as_str()).collect();
        vec![
            s.id.clone(),
            words::list(&formats),
            s.start.map_or("-".into(), words::moment),
            s.end.map_or("-".into(), words::moment),
            words::length(s.longest_gap_s),
            format!("{} ({})", s.zone, s.zone_reason),
            words::list(&addresses),
        ]
    });
    table(p, "", &columns, rows);
    p.raw("</details>\n");
}

/// Where the lines of every source went; a bar shows the part of the whole range that a source covers.
fn ledger(p: &mut Page, a: &Analysis) {
    p.raw("<div class=\"scroll\"><table>");
    let columns = [
        "source",
        "role",
        "instance",
        "covers",
        "#lines",
        "#events",
        "#continuations",
        "#blank",
        "#filtered",
        "#unparsed",
    ];
    header(p, &columns);
    let sources = a
        .sources
        .iter()
        .map(|s| (s.id.as_str(), s.role.as_str(), s.instance.as_str(), s.start.zip(s.end), s.ledger));
    for (id, role, instance, range, l) in sources.chain([("all", "", "", view::range(a), a.ledger)]) {
        p.element("<tr><td>", id, "</td>").element("<td>", role, "</td>").element(
            "<td>",
            instance,
            "</td><td>",
        );
        covered(p, a, range);
        p.raw("</td>");
        for n in [l.lines, l.events, l.continuations, l.blank, l.filtered, l.unparsed] {
            p.element("<td class=\"n\">", words::grouped(n), "</td>");
        }
        p.raw("</tr>\n");
    }
    p.raw("</tbody></table></div>\n");
}

fn covered(p: &mut Page, a: &Analysis, range: Option<(Time, Time)>) {
    let (Some((start, end)), Some((from, to))) = (view::range(a), range) else { return };
    let whole = (end.seconds() - start.seconds()).max(1e-9);
    let at = |t: Time| 120.0 * ((t.seconds() - start.seconds()) / whole).clamp(0.0, 1.0);
    p.raw("<svg class=\"share\" width=\"120\" height=\"10\" role=\"img\" aria-label=\"")
        .text(words::range(from, to));
    p.raw("\"><rect class=\"rest\" width=\"120\" height=\"10\"/><rect height=\"10\" x=\"").number(at(from));
    p.raw("\" width=\"").number((at(to) - at(from)).max(1.0)).raw("\"/></svg>");
}

fn counts(p: &mut Page, a: &Analysis) {
    let t = &a.totals;
    p.raw("<h2 id=\"counts\">All counts</h2>\n<dl>");
    p.element("<dt>status</dt><dd>", view::map_counts(&t.by_status), "</dd>");
    p.element("<dt>origin</dt><dd>", view::map_counts(&t.by_origin), "</dd>");
    p.element("<dt>seen as</dt><dd>", view::map_counts(&t.by_mechanism), "</dd>");
    p.element("<dt>cause</dt><dd>", view::map_counts(&t.by_cause), "</dd>");
    if let Some(chain) = view::seen_twice(a) {
        p.element("<dt>chain</dt><dd>", chain, "</dd>");
    }
    p.element(
        "<dt>retried</dt><dd>",
        words::grouped(t.hidden_by_retry),
        " served after a failed attempt</dd>",
    );
    p.element("<dt>client left</dt><dd>", words::grouped(t.not_gateway), " (no gateway failure)</dd></dl>\n");
}

/// The browser of failed requests, which the script fills, and a table for when there is none.
pub(super) fn failures(p: &mut Page, a: &Analysis, listed: usize) {
    if a.failures.is_empty() {
        return;
    }
    p.raw("<section aria-labelledby=\"failed\"><h2 id=\"failed\">Failed requests</h2>\n");
    let all = a.totals.failures + a.totals.not_gateway;
    let told: u64 = a.failures.iter().take(listed).map(|f| f.stands_for).sum();
    if told < all {
        p.element("<p class=\"warn\">Listed here: the first ", words::grouped(told), " of ");
        p.text(words::grouped(all)).raw(". The verdicts and all counts speak of all of them.</p>\n");
    }
    let stands = told > listed as u64;
    if stands {
        p.element("<p class=\"mute\">", words::grouped(listed as u64), " rows stand for ");
        p.text(words::grouped(told)).raw(": of many that are alike, some are listed.</p>\n");
    }
    p.raw("<div class=\"live-only\"><div id=\"filters\" class=\"filters\" role=\"group\" aria-label=\"filters\"></div>\n");
    p.raw("<p class=\"mute\"><output id=\"list-count\" aria-live=\"polite\"></output> shown; a row opens its lines side by side</p>\n");
    p.raw("<div id=\"list\" class=\"list\" role=\"grid\" aria-label=\"failed requests\"></div>\n");
    p.raw("<div id=\"detail\" class=\"detail\" role=\"region\" aria-labelledby=\"detail-title\" hidden></div>\n");
    p.raw("<h3>Who and what is shown</h3><div id=\"breakdown\" class=\"breakdown\"></div></div>\n");
    p.raw("<div class=\"dead-only\">");
    if a.failures.len() > MOST {
        p.element("<p class=\"mute\">The first ", words::grouped(MOST as u64), " of ");
        p.text(words::grouped(a.failures.len() as u64)).raw(".</p>\n");
    }
    let columns = [
        "id",
        "time (UTC)",
        "status",
        "request",
        "target",
        "seen as",
        "cause",
        "#sure",
        "episode",
        "line",
        "#stands for",
    ];
    let columns = &columns[..columns.len() - usize::from(!stands)];
    let rows = a.failures.iter().take(MOST).map(|f| {
        let last = f.attempts.last();
        let server = last.and_then(|t| t.instance.clone().or_else(|| t.address.clone()));
        let target = super::super::canvas::clip(f.target.as_deref().unwrap_or("-"), 120).into_owned();
        let mut row = vec![
            f.id.clone(),
            words::moment(f.time).trim_end_matches(" UTC").to_owned(),
            f.status.map_or("-".into(), |s| s.to_string()),
            format!("{} {target}", f.method.as_deref().unwrap_or("-")),
            server.unwrap_or("-".into()),
            f.mechanism.to_string(),
            f.cause.to_string(),
            words::percent(f.confidence),
            f.episode.clone().unwrap_or("-".into()),
            format!("{}:{}", f.file, f.line),
        ];
        row.extend(stands.then(|| words::grouped(f.stands_for)));
        row
    });
    table(p, "", columns, rows);
    p.raw("</div></section>\n");
}
