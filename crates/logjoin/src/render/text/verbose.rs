//! What `--verbose` adds after the verdicts: servers, health, lifecycles on the time axis, contrasts, all counts.

use super::super::canvas::{Canvas, Role, Span, plain, span};
use super::super::{view, words};
use super::{left, right};
use crate::Analysis;

/// Changes of health that are told: a flapping server has thousands.
const CHANGES: usize = 200;

/// Events told for each instance: one that crashes in a loop has thousands.
const EVENTS: usize = 30;

pub(super) fn all(c: &mut Canvas, a: &Analysis) {
    timeline(c, a);
    distribution(c, a);
    super::traffic::audit(c, a);
    health(c, a);
    super::traffic::hidden(c, a);
    super::traffic::restarts(c, a);
    super::traffic::timeouts(c, a);
    contrast(c, a);
    totals(c, a);
}

/// Failures and the states of the instances over one time axis.
fn timeline(c: &mut Canvas, a: &Analysis) {
    if a.totals.failures == 0 && a.lifecycle.is_empty() {
        return;
    }
    let name = a.lifecycle.iter().map(|l| l.instance.chars().count()).max().unwrap_or(0).clamp(8, 20);
    let room = c.width().saturating_sub(name + 6).clamp(10, 100);
    let Some(strip) = view::Strip::of(a, room) else { return };
    let columns = strip.columns(room);
    let (start, end, slices) = (strip.start, strip.end(), columns.len());
    c.title("Timeline");
    let label = |text: &str| plain(format!("{:<name$}  ", super::super::canvas::clip(text, name)));
    c.clipped(2, &[label("failures"), span(Role::Bad, words::sparkline(&columns).trim_end())]);
    for l in &a.lifecycle {
        c.clipped(2, &[label(&l.instance), plain(view::state_strip(&l.spans, start, end, slices))]);
    }
    c.clipped(2, &[label(""), span(Role::Faint, words::range(start, end))]);
    if let Some(partly) = &strip.partly {
        c.para(2, &[span(Role::Faint, format!("failures: {partly}"))]);
    }
    c.para(
        2,
        &[span(
            Role::Faint,
            "= ready, s starting, d draining, X down, ? not known; the worst state wins a column",
        )],
    );
    for l in &a.lifecycle {
        c.blank();
        c.para(2, &[span(Role::Strong, &l.instance)]);
        for e in l.events.iter().take(EVENTS) {
            c.clipped(
                4,
                &[
                    span(Role::Faint, format!("{}  ", view::clock(a)(e.time))),
                    span(Role::Strong, format!("{:<14}", e.what)),
                    plain(" "),
                    span(Role::Place, e.at.to_string()),
                ],
            );
            c.clipped(33, &[plain(&e.text)]);
        }
        if l.events.len() > EVENTS {
            let more = words::grouped((l.events.len() - EVENTS) as u64);
            c.para(4, &[span(Role::Faint, format!("and {more} more, all of them in the JSON"))]);
        }
    }
}

fn distribution(c: &mut Canvas, a: &Analysis) {
    if a.distribution.is_empty() {
        return;
    }
    c.title("Servers");
    let rows: Vec<Vec<Span>> = a
        .distribution
        .iter()
        .map(|s| {
            let role = if s.failures > 0 { Role::Bad } else { Role::Plain };
            vec![
                plain(&s.proxy),
                plain(s.pool.as_deref().unwrap_or("-")),
                plain(&s.server),
                plain(s.instance.as_deref().unwrap_or("-")),
                plain(words::grouped(s.requests)),
                span(role, words::grouped(s.failures)),
                plain(words::percent(s.share)),
                plain(s.expected_share.map_or("-".into(), words::percent)),
                plain(s.p50_s.map_or("-".into(), words::length)),
                plain(s.p99_s.map_or("-".into(), words::length)),
            ]
        })
        .collect();
    let findings = a.distribution.iter().filter(|s| s.finding.is_some());
    let head = [
        left("proxy"),
        left("pool"),
        left("server"),
        left("instance"),
        right("attempts"),
        right("failed"),
        right("share"),
        right("weight"),
        right("p50"),
        right("p99"),
    ];
    c.table(2, &head, &rows);
    for s in findings {
        let chance = s.p_value.map(|p| format!(" ({})", view::chance(p))).unwrap_or_default();
        let what = view::finding(s.finding.as_deref().unwrap_or_default());
        c.item(
            2,
            "- ",
            &[
                span(Role::Strong, s.instance.as_ref().unwrap_or(&s.server)),
                plain(" "),
                span(Role::Warn, what),
                plain(chance),
            ],
        );
    }
}

fn health(c: &mut Canvas, a: &Analysis) {
    if a.health.is_empty() {
        return;
    }
    c.title("Health as the proxies saw it");
    for h in a.health.iter().take(CHANGES) {
        let role = match h.event.as_str() {
            "server-down" | "check-failed" | "no-server" => Role::Bad,
            "server-up" | "check-passed" | "server-ready" => Role::Good,
            _ => Role::Warn,
        };
        let reason = h.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        c.para(
            2,
            &[
                span(Role::Faint, format!("{}  ", view::clock(a)(h.time))),
                plain(format!("{} ", h.proxy)),
                span(Role::Strong, &h.server),
                plain(" "),
                span(role, &h.event),
                plain(reason),
                plain("  "),
                span(Role::Place, h.at.to_string()),
            ],
        );
    }
    if a.health.len() > CHANGES {
        let more = words::grouped((a.health.len() - CHANGES) as u64);
        c.para(2, &[span(Role::Faint, format!("and {more} more, all of them in the JSON"))]);
    }
}

fn contrast(c: &mut Canvas, a: &Analysis) {
    if a.contrast.is_empty() {
        return;
    }
    c.title("What failed requests have in common");
    let rows: Vec<Vec<Span>> = a
        .contrast
        .iter()
        .filter(|x| x.dimension != "none")
        .map(|x| {
            vec![
                plain(&x.episode),
                plain(&x.dimension),
                plain(&x.value),
                plain(format!("{} of {}", words::grouped(x.failed.0), words::grouped(x.failed.1))),
                plain(format!("{} of {}", words::grouped(x.healthy.0), words::grouped(x.healthy.1))),
                plain(x.p_value.map_or("-".into(), view::chance)),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head =
            [left("episode"), left("what"), left("value"), right("failed"), right("healthy"), left("chance")];
        c.table(2, &head, &rows);
    }
    for x in a.contrast.iter().filter(|x| x.dimension == "none") {
        c.item(
            2,
            "- ",
            &[span(Role::Strong, &x.episode), plain(": nothing separates them from healthy requests")],
        );
    }
}

fn totals(c: &mut Canvas, a: &Analysis) {
    let t = &a.totals;
    c.title("All counts");
    for (label, map) in [
        ("status", &t.by_status),
        ("origin", &t.by_origin),
        ("seen as", &t.by_mechanism),
        ("cause", &t.by_cause),
    ] {
        if !map.is_empty() {
            c.row(label, &[plain(view::map_counts(map))]);
        }
    }
}
