//! The verdicts: what failed, why, how sure that is, which lines show it, what to do.

use super::super::{view, words};
use super::{Page, causes};
use crate::Analysis;
use crate::analysis::{Episode, Evidence, Incident};

/// One line per incident, before everything else.
pub(super) fn overview(p: &mut Page, a: &Analysis) {
    if a.incidents.is_empty() {
        return;
    }
    p.raw("<nav class=\"verdicts\" aria-label=\"incidents\"><ol>\n");
    for (n, i) in a.incidents.iter().enumerate() {
        p.raw("<li><a href=\"#incident-")
            .number(n as f64 + 1.0)
            .raw("\"><strong>")
            .text(&i.id)
            .raw("</strong> ");
        p.text(causes::page(i.cause).title).raw("</a>: ");
        p.text(&i.summary);
        p.raw(" <span class=\"mute\">").text(words::range(i.start, i.end));
        if let Some(e) = view::main_episode(i) {
            p.text(format!("; {}", words::confidence(e.confidence)));
        }
        p.raw("</span></li>\n");
    }
    p.raw("</ol></nav>\n");
}

pub(super) fn incident(p: &mut Page, a: &Analysis, n: usize, i: &Incident) {
    p.raw("<section class=\"incident\" id=\"incident-")
        .number(n as f64 + 1.0)
        .raw("\"><h2>")
        .text(&i.id)
        .text(": ");
    p.text(causes::page(i.cause).title);
    p.element(" <code>", i.cause.as_str(), "</code></h2>\n");
    p.element("<p class=\"lead\">", &i.summary, "</p>\n<dl>");
    p.raw("<dt>impact</dt><dd>");
    p.element("<span class=\"bad\">", words::count(i.failures, "failure", "failures"), "</span>");
    p.text(format!(" ({}); {}; {}", view::statuses(i), view::share_sentence(i), view::clients(a, i)));
    p.raw("</dd><dt>when</dt><dd>").text(words::range(i.start, i.end));
    p.text(format!(" ({})", words::length(i.end.seconds() - i.start.seconds())));
    p.raw("</dd><dt>who</dt><dd>").text(words::list(&view::union(i, |e| &e.targets)));
    let proxies = view::union(i, |e| &e.proxies);
    if !proxies.is_empty() {
        p.text(format!(", answered by {}", words::list(&proxies)));
    }
    p.raw("</dd><dt>paths</dt><dd>");
    for (n, e) in view::endpoints(i, 10).iter().enumerate() {
        p.raw(if n > 0 { ", " } else { "" });
        p.element("<code>", &e.value, "</code>").text(format!(" ({})", words::grouped(e.count)));
    }
    p.raw("</dd></dl>\n");
    for e in &i.episodes {
        episode(p, a, e);
    }
    p.raw("</section>\n");
}

fn episode(p: &mut Page, a: &Analysis, e: &Episode) {
    p.raw("<h3>").text(&e.id).text(": ").text(causes::page(e.cause).title);
    p.element(" <code>", e.cause.as_str(), "</code> ");
    p.element(
        "<button type=\"button\" class=\"live-only\" data-episode=\"",
        &e.id,
        "\">show its requests</button></h3>\n<p>",
    );
    p.text(format!(
        "{} of {}, {}, from {}; seen as {}",
        words::count(e.failures, "failure", "failures"),
        words::count(e.requests, "request", "requests"),
        words::count(e.clients, "client", "clients"),
        words::range(e.start, e.end),
        view::map_counts(&e.by_mechanism)
    ));
    p.raw("</p>\n<p>").text(causes::page(e.cause).meaning).raw(" Confidence: ");
    let class = if e.confidence >= 0.85 { "<strong class=\"good\">" } else { "<strong class=\"warn\">" };
    p.element(class, words::confidence(e.confidence), "</strong>");
    if let Some(d) = &e.detail {
        p.text(format!(" ({d})"));
    }
    p.raw("</p>\n");
    facts(p, a, "<h4>Proof</h4>", &e.evidence);
    facts(p, a, "<h4>Against</h4>", &e.against);
    if !e.advice.is_empty() {
        p.raw("<h4>To do</h4><ol>");
        e.advice.iter().for_each(|x| {
            p.raw("<li>").prose(x).raw("</li>");
        });
        p.raw("</ol>\n");
    }
    if e.alternatives.is_empty() && e.ruled_out.is_empty() && e.refuted_by.is_empty() {
        return;
    }
    p.raw("<details><summary>What else was considered</summary><ul>");
    for x in &e.alternatives {
        p.raw("<li>also possible: <code>").text(x.cause.as_str()).raw("</code> ");
        p.text(words::percent(x.confidence)).raw("</li>");
    }
    for r in &e.ruled_out {
        p.raw("<li>ruled out: <code>").text(r.cause.as_str()).raw("</code>: ").text(&r.why).raw("</li>");
    }
    if !e.refuted_by.is_empty() {
        p.element("<li>this is wrong if there was ", &e.refuted_by, "</li>");
    }
    p.raw("</ul></details>\n");
}

fn facts(p: &mut Page, a: &Analysis, title: &'static str, all: &[Evidence]) {
    if all.is_empty() {
        return;
    }
    p.raw(title).raw("<ul>");
    for e in all {
        p.raw("<li>");
        if !e.id.is_empty() {
            p.element("<span class=\"mute small\">", &e.id, "</span> ");
        }
        if let Some(t) = e.time {
            p.element("<span class=\"mute\">", view::clock(a)(t), "</span> ");
        }
        p.text(&e.claim);
        if e.count > 1 {
            p.text(format!(" ({} lines)", words::grouped(e.count)));
        }
        for at in e.lines.iter().take(3) {
            p.element(" <span class=\"place\">", at.to_string(), "</span>");
        }
        if let Some(line) = &e.text {
            p.element("<span class=\"line\">", line, "</span>");
        }
        p.raw("</li>\n");
    }
    p.raw("</ul>\n");
}
