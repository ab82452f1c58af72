//! What speaks of all traffic: restarts, longer timeouts, health checks and hidden failures.

use super::super::canvas::{Canvas, Role, Span, plain, span};
use super::super::{view, words};
use super::{left, right};
use crate::Analysis;
use crate::analysis::Incident;

/// What concerns the servers of an incident and can be acted on, one row each.
pub(super) fn rows_of(c: &mut Canvas, a: &Analysis, i: &Incident) {
    let targets = view::union(i, |e| &e.targets);
    let proxies = view::union(i, |e| &e.proxies);
    let concerns = |server: &str| targets.contains(&server);
    let minute_before = i.start.0.saturating_sub(60_000_000_000);
    let timely = |t: crate::analysis::Time| t.0 >= minute_before && t <= i.end;
    let timeouts = a.timeouts.iter().filter(|t| concerns(&t.target) && proxies.contains(&t.proxy.as_str()));
    let waited =
        timeouts.filter(|_| i.cause == crate::CauseId::TimeoutTooShort).map(|t| ("timeout", &t.summary));
    let restarts = a.restarts.iter().filter(|r| {
        concerns(&r.instance) && r.order_kept == Some(false) && r.stopped.or(r.started).is_some_and(timely)
    });
    let audits = a.health_audit.iter().filter(|h| {
        let is_bad = h.lost_in_lag > 0 || h.is_flapping || h.false_downs > 0;
        let changed = a.health.iter().any(|x| x.server == h.server && x.proxy == h.proxy && timely(x.time));
        is_bad && changed && concerns(&view::instance_of_server(a, &h.server))
    });
    let rows =
        waited.chain(restarts.map(|r| ("order", &r.summary))).chain(audits.map(|h| ("checks", &h.summary)));
    for (label, summary) in rows.take(4) {
        c.row(label, &[plain(summary)]);
    }
}

pub(super) fn restarts(c: &mut Canvas, a: &Analysis) {
    if a.restarts.is_empty() {
        return;
    }
    c.title("Restarts, in order");
    for r in &a.restarts {
        let at = |t: Option<crate::analysis::Time>| t.map_or("-".to_owned(), view::clock(a));
        let role = if r.order_kept == Some(false) { Role::Bad } else { Role::Plain };
        c.item(
            2,
            "- ",
            &[
                span(Role::Strong, &r.instance),
                plain(format!(
                    " {}: stopped {}, started {}, ready {}; order ",
                    r.kind,
                    at(r.stopped),
                    at(r.started),
                    at(r.ready)
                )),
                span(role, view::order(r.order_kept)),
                plain(format!(
                    "; {} meanwhile, {} in the minute after",
                    words::count(r.failures_during, "failure", "failures"),
                    words::grouped(r.failures_after)
                )),
            ],
        );
        c.para(4, &[plain(&r.summary)]);
        let lines: Vec<String> = r.lines.iter().map(ToString::to_string).collect();
        if !lines.is_empty() {
            c.para(4, &[span(Role::Place, words::list(&lines))]);
        }
    }
}

pub(super) fn timeouts(c: &mut Canvas, a: &Analysis) {
    if a.timeouts.is_empty() {
        return;
    }
    c.title("What a longer timeout would have served");
    for t in &a.timeouts {
        c.item(
            2,
            "- ",
            &[
                span(Role::Strong, format!("{} waiting for {}", t.proxy, t.target)),
                plain(": "),
                plain(&t.summary),
            ],
        );
        c.para(4, &[plain(view::timeout_facts(t))]);
        let rows: Vec<Vec<Span>> = t
            .choices
            .iter()
            .map(|x| {
                vec![
                    plain(words::length(x.timeout_s)),
                    plain(words::percent(x.served)),
                    plain(format!("{:.1}", x.extra_busy)),
                ]
            })
            .collect();
        if !rows.is_empty() {
            c.table(
                4,
                &[right("timeout"), right("would have served"), right("connections busy longer")],
                &rows,
            );
        }
    }
}

pub(super) fn audit(c: &mut Canvas, a: &Analysis) {
    if a.health_audit.is_empty() {
        return;
    }
    c.title("Health checks against real traffic");
    let rows: Vec<Vec<Span>> = a
        .health_audit
        .iter()
        .map(|h| {
            vec![
                plain(&h.proxy),
                plain(&h.server),
                plain(words::grouped(h.downs)),
                plain(words::grouped(h.false_downs)),
                plain(h.detection_lag_s.map_or("-".into(), words::length)),
                plain(words::grouped(h.lost_in_lag)),
                plain(words::length(h.without_server_s)),
                plain(if h.is_flapping { "yes" } else { "no" }),
            ]
        })
        .collect();
    let head = [
        left("proxy"),
        left("server"),
        right("taken out"),
        right("no reason"),
        right("noticed"),
        right("failed by then"),
        right("pool empty"),
        left("flapping"),
    ];
    c.table(2, &head, &rows);
    for h in &a.health_audit {
        c.item(2, "- ", &[span(Role::Strong, &h.server), plain(": "), plain(&h.summary)]);
    }
}

pub(super) fn hidden(c: &mut Canvas, a: &Analysis) {
    if a.hidden.is_empty() {
        return;
    }
    c.title("Failures that a retry hid");
    for h in &a.hidden {
        let seen = view::counts(h.by_mechanism.iter().map(|x| (x.value.as_str(), x.count)));
        let mut line = vec![
            span(Role::Strong, &h.server),
            plain(format!(
                " at {}: {} ({seen}), {}",
                h.proxy,
                words::count(h.count, "failed attempt", "failed attempts"),
                words::range(h.first, h.last)
            )),
        ];
        if let Some(at) = h.lines.first() {
            line.push(plain("  "));
            line.push(span(Role::Place, at.to_string()));
        }
        c.item(2, "- ", &line);
    }
}
