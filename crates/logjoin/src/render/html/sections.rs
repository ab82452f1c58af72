//! What speaks of all traffic: restarts and their order, longer timeouts, and what failed requests have in common.

use super::super::{view, words};
use super::Page;
use super::tables::table;
use crate::Analysis;

pub(super) fn all(p: &mut Page, a: &Analysis) {
    restarts(p, a);
    timeouts(p, a);
    contrast(p, a);
}

fn restarts(p: &mut Page, a: &Analysis) {
    if a.restarts.is_empty() {
        return;
    }
    p.raw("<h2 id=\"restarts\">Restarts, in order</h2>\n");
    let columns = [
        "instance",
        "kind",
        "#stopped",
        "#started",
        "#ready",
        "#failed meanwhile",
        "#in the minute after",
        "order",
        "what happened",
        "lines",
    ];
    let rows = a.restarts.iter().map(|r| {
        let at = |t: Option<crate::analysis::Time>| t.map_or("-".into(), view::clock(a));
        let lines: Vec<String> = r.lines.iter().take(3).map(ToString::to_string).collect();
        vec![
            r.instance.clone(),
            r.kind.to_string(),
            at(r.stopped),
            at(r.started),
            at(r.ready),
            words::grouped(r.failures_during),
            words::grouped(r.failures_after),
            view::order(r.order_kept).into(),
            r.summary.clone(),
            lines.join(" "),
        ]
    });
    table(p, "", &columns, rows);
}

fn timeouts(p: &mut Page, a: &Analysis) {
    if a.timeouts.is_empty() {
        return;
    }
    p.raw("<h2 id=\"timeouts\">What a longer timeout would have served</h2>\n");
    for t in &a.timeouts {
        p.raw("<h3>")
            .text(&t.proxy)
            .text(" waiting for ")
            .text(&t.target)
            .raw("</h3>\n<p>")
            .text(&t.summary)
            .raw("</p>\n<p class=\"mute\">");
        p.prose(view::timeout_facts(t)).raw("</p>\n");
        if !t.choices.is_empty() {
            let rows = t.choices.iter().map(|c| {
                vec![words::length(c.timeout_s), words::percent(c.served), format!("{:.1}", c.extra_busy)]
            });
            table(p, "", &["#timeout", "#would have served", "#connections busy longer"], rows);
        }
    }
}

fn contrast(p: &mut Page, a: &Analysis) {
    if a.contrast.is_empty() {
        return;
    }
    p.raw("<h2 id=\"contrast\">What failed requests have in common</h2>\n");
    let of = |(n, all): (u64, u64)| {
        format!("{} of {} ({})", words::grouped(n), words::grouped(all), words::share(n, all))
    };
    let rows = a.contrast.iter().map(|x| {
        if x.dimension == "none" {
            vec![
                x.episode.clone(),
                "nothing separates them from healthy ones".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
            ]
        } else {
            let chance = x.p_value.map_or("-".into(), view::chance);
            vec![x.episode.clone(), x.dimension.clone(), x.value.clone(), of(x.failed), of(x.healthy), chance]
        }
    });
    table(p, "", &["episode", "what", "value", "#failed", "#healthy", "chance"], rows);
}
