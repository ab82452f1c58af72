//! Servers: who got how much of the traffic, who failed, and what the proxies' health checks made of it.

use super::super::{view, words};
use super::Page;
use super::tables::table;
use crate::Analysis;
use crate::analysis::ServerShare;

pub(super) fn all(p: &mut Page, a: &Analysis) {
    distribution(p, a);
    audit(p, a);
    health(p, a);
    hidden(p, a);
}

fn or_dash(x: Option<String>) -> String {
    x.unwrap_or_else(|| "-".into())
}

/// Shares as bars beside the numbers; a line marks the configured share.
fn distribution(p: &mut Page, a: &Analysis) {
    if a.distribution.is_empty() {
        return;
    }
    p.raw("<h2 id=\"servers\">Servers</h2>\n<div class=\"scroll\"><table><thead><tr>");
    for c in ["proxy", "pool", "server", "instance"] {
        p.element("<th scope=\"col\">", c, "</th>");
    }
    for c in ["attempts", "failed", "of its own", "share", "weight"] {
        p.element("<th scope=\"col\" class=\"n\">", c, "</th>");
    }
    p.raw("<th scope=\"col\">share, weight</th><th scope=\"col\" class=\"n\">p50</th><th scope=\"col\" class=\"n\">p99</th>");
    p.raw("<th scope=\"col\">finding</th></tr></thead><tbody>\n");
    for s in &a.distribution {
        p.element("<tr><td>", &s.proxy, "</td>");
        p.element("<td>", s.pool.as_deref().unwrap_or("-"), "</td>");
        p.element("<td>", &s.server, "</td>");
        p.element("<td>", s.instance.as_deref().unwrap_or("-"), "</td>");
        p.element("<td class=\"n\">", words::grouped(s.requests), "</td>");
        let class = if s.failures > 0 { "<td class=\"n bad\">" } else { "<td class=\"n\">" };
        p.element(class, words::grouped(s.failures), "</td>");
        p.element("<td class=\"n\">", words::share(s.failures, s.requests), "</td>");
        p.element("<td class=\"n\">", words::percent(s.share), "</td>");
        p.element("<td class=\"n\">", or_dash(s.expected_share.map(words::percent)), "</td><td>");
        bar(p, s);
        p.element("</td><td class=\"n\">", or_dash(s.p50_s.map(words::length)), "</td>");
        p.element("<td class=\"n\">", or_dash(s.p99_s.map(words::length)), "</td><td>");
        if let Some(f) = &s.finding {
            p.element("<strong class=\"warn\">", view::finding(f), "</strong>");
        }
        if let Some(v) = s.p_value {
            p.element(" <span class=\"mute small\">", view::chance(v), "</span>");
        }
        p.raw("</td></tr>\n");
    }
    p.raw("</tbody></table></div>\n");
}

fn bar(p: &mut Page, s: &ServerShare) {
    const WIDTH: f64 = 120.0;
    let at = |share: f64| WIDTH * share.clamp(0.0, 1.0);
    p.raw("<svg class=\"share\" width=\"120\" height=\"12\" aria-hidden=\"true\"><rect class=\"rest\" width=\"120\" height=\"12\"/>");
    p.raw("<rect height=\"12\" width=\"").number(at(s.share)).raw("\"/>");
    if let Some(expected) = s.expected_share {
        p.raw("<line class=\"weight\" y1=\"0\" y2=\"12\" x1=\"")
            .number(at(expected))
            .raw("\" x2=\"")
            .number(at(expected))
            .raw("\"/>");
    }
    p.raw("</svg>");
}

fn audit(p: &mut Page, a: &Analysis) {
    if a.health_audit.is_empty() {
        return;
    }
    p.raw("<h2 id=\"checks\">Health checks against real traffic</h2>\n");
    let columns = [
        "proxy",
        "server",
        "#taken out",
        "#without reason",
        "#noticed after",
        "#failed meanwhile",
        "#pool empty",
        "what it comes to",
    ];
    let rows = a.health_audit.iter().map(|h| {
        vec![
            h.proxy.clone(),
            h.server.clone(),
            words::grouped(h.downs),
            words::grouped(h.false_downs),
            or_dash(h.detection_lag_s.map(words::length)),
            words::grouped(h.lost_in_lag),
            words::length(h.without_server_s),
            if h.is_flapping { format!("flapping: {}", h.summary) } else { h.summary.clone() },
        ]
    });
    table(p, "", &columns, rows);
}

/// Changes that are listed; a flapping server has thousands.
const MOST: usize = 100;

fn health(p: &mut Page, a: &Analysis) {
    if a.health.is_empty() {
        return;
    }
    p.raw("<details><summary>Health as the proxies saw it: ").text(words::count(
        a.health.len() as u64,
        "change",
        "changes",
    ));
    p.raw("</summary>\n");
    if a.health.len() > MOST {
        p.element("<p class=\"mute\">The first ", words::grouped(MOST as u64), "; the JSON has all.</p>");
    }
    let rows = a.health.iter().take(MOST).map(|h| {
        vec![
            words::moment(h.time),
            h.proxy.clone(),
            h.server.clone(),
            h.event.clone(),
            or_dash(h.reason.clone()),
            h.at.to_string(),
        ]
    });
    table(p, "", &["time", "proxy", "server", "event", "reason", "line"], rows);
    p.raw("</details>\n");
}

fn hidden(p: &mut Page, a: &Analysis) {
    if a.hidden.is_empty() {
        return;
    }
    p.raw("<h2 id=\"hidden\">Failures that a retry hid</h2>\n<p>These requests were served in the end; ");
    p.raw("the attempts before that failed as the others did.</p>\n");
    let rows = a.hidden.iter().map(|h| {
        vec![
            h.proxy.clone(),
            h.server.clone(),
            words::grouped(h.count),
            view::counts(h.by_mechanism.iter().map(|c| (c.value.as_str(), c.count))),
            words::range(h.first, h.last),
            or_dash(h.lines.first().map(ToString::to_string)),
        ]
    });
    table(p, "", &["proxy", "server", "#failed attempts", "seen as", "when", "first line"], rows);
}
