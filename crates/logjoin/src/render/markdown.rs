//! The draft of a post-mortem: what the logs prove is filled in, what people must add is left blank and marked.
//!
//! Times are UTC and every item of the timeline names its source. Texts of logs stand in code spans, names in escaped
//! text: nothing of a log can become a link, an image or a heading.

use std::fmt::Write;

use super::escape::{markdown as text, markdown_code as code};
use super::{RenderOptions, Renderer, view, words};
use crate::Analysis;
use crate::analysis::{Episode, Evidence, Incident, LineRef, Time};
use crate::causes;

pub(super) static RENDERER: Renderer = Renderer {
    id: "markdown",
    title: "a draft of the post-mortem",
    extensions: &["md", "markdown"],
    use_for: "the document after the incident: summary, impact, timeline with sources, factors, action items to assign",
    rows: false,
    render,
};

/// Most lines of a table that grows with the input.
const MOST: usize = 200;

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, a);
    out.into_bytes()
}

fn write_all(out: &mut String, a: &Analysis) -> std::fmt::Result {
    let title = a
        .incidents
        .first()
        .map_or("no gateway failures".to_owned(), |i| causes::page(i.cause).title.to_owned());
    writeln!(out, "# Post-mortem: {title}\n")?;
    writeln!(out, "| | |\n| --- | --- |")?;
    writeln!(out, "| Status | draft |")?;
    writeln!(out, "| Authors | |")?;
    if let Some((start, end)) = view::range(a) {
        writeln!(out, "| Logs cover | {} |", words::range(start, end))?;
    }
    writeln!(out, "| Made from logs by | {} {} |", text(&a.tool.name), text(&a.tool.version))?;
    summary(out, a)?;
    impact(out, a)?;
    timeline(out, a)?;
    factors(out, a)?;
    actions(out, a)?;
    writeln!(out, "\n## Lessons\n\n- What went well:\n- What went wrong:\n- Where we were lucky:")?;
    appendix(out, a)
}

fn summary(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\n## Summary\n")?;
    let t = &a.totals;
    writeln!(
        out,
        "{} in {} ({}), {}.",
        words::count(t.failures, "gateway failure", "gateway failures"),
        words::count(t.requests, "request", "requests"),
        words::share(t.failures, t.requests),
        words::count(a.incidents.len() as u64, "incident", "incidents")
    )?;
    for i in &a.incidents {
        writeln!(out, "\n- **{}**: {}", text(&i.id), text(&i.summary))?;
    }
    Ok(())
}

fn impact(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\n## Impact\n")?;
    if a.incidents.is_empty() {
        writeln!(out, "None that the logs show.")?;
    } else {
        writeln!(
            out,
            "| incident | when | failures | share | clients | paths |\n| --- | --- | ---: | --- | --- | --- |"
        )?;
    }
    for i in &a.incidents {
        let paths: Vec<String> = view::endpoints(i, 5)
            .iter()
            .map(|e| format!("{} ({})", code(&e.value), words::grouped(e.count)))
            .collect();
        writeln!(
            out,
            "| {} | {} | {} ({}) | {} | {} | {} |",
            text(&i.id),
            words::range(i.start, i.end),
            words::grouped(i.failures),
            text(&view::statuses(i)),
            text(&view::share_sentence(i)),
            view::clients(a, i),
            paths.join(", ")
        )?;
    }
    let t = &a.totals;
    writeln!(
        out,
        "\nBy cause: {}. Served after a failed attempt: {}. Left by the client (no gateway failure): {}.",
        text(&view::map_counts(&t.by_cause)),
        words::grouped(t.hidden_by_retry),
        words::grouped(t.not_gateway)
    )?;
    writeln!(out, "\nEffect on users and on the business: _to be filled in_")
}

/// One item of the timeline.
struct Item {
    time: Time,
    what: String,
    source: String,
}

fn timeline(out: &mut String, a: &Analysis) -> std::fmt::Result {
    let mut items = Vec::new();
    let place = |at: Option<&LineRef>| at.map_or("counted".to_owned(), |l| code(&l.to_string()));
    for e in a.incidents.iter().flat_map(|i| &i.episodes) {
        let first = a.failures.iter().find(|f| f.episode.as_deref() == Some(e.id.as_str()));
        let last = a.failures.iter().rev().find(|f| f.episode.as_deref() == Some(e.id.as_str()));
        let line = |f: &crate::analysis::Failure| LineRef { file: f.file.clone(), line: f.line };
        items.push(Item {
            time: e.start,
            what: format!("**{}**: first failure ({})", text(&e.id), e.cause),
            source: place(first.map(line).as_ref()),
        });
        items.push(Item {
            time: e.end,
            what: format!("**{}**: last failure, {} in all", text(&e.id), words::grouped(e.failures)),
            source: place(last.map(line).as_ref()),
        });
        for x in &e.evidence {
            if let Some(time) = x.time {
                items.push(Item { time, what: text(&x.claim).into_owned(), source: place(x.lines.first()) });
            }
        }
    }
    for l in &a.lifecycle {
        for e in &l.events {
            items.push(Item {
                time: e.time,
                what: format!("{} {}: {}", text(&l.instance), text(&e.what), code(&e.text)),
                source: place(Some(&e.at)),
            });
        }
    }
    for h in &a.health {
        let reason = h.reason.as_ref().map(|r| format!(" ({})", code(r))).unwrap_or_default();
        items.push(Item {
            time: h.time,
            what: format!("{} sees {} {}{reason}", text(&h.proxy), text(&h.server), text(&h.event)),
            source: place(Some(&h.at)),
        });
    }
    items.sort_by(|x, y| (x.time, &x.source, &x.what).cmp(&(y.time, &y.source, &y.what)));
    writeln!(out, "\n## Timeline (UTC)\n")?;
    if items.is_empty() {
        return writeln!(out, "Nothing to tell.");
    }
    writeln!(out, "| time | what | source |\n| --- | --- | --- |")?;
    for i in items.iter().take(MOST) {
        writeln!(out, "| {} | {} | {} |", words::moment(i.time), i.what, i.source)?;
    }
    if items.len() > MOST {
        writeln!(out, "\nThe first {MOST} of {} items.", words::grouped(items.len() as u64))?;
    }
    writeln!(out, "\nAdd what no log knows: who noticed, who was called, what was tried.")
}

fn factors(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\n## Contributing factors")?;
    for i in &a.incidents {
        for e in &i.episodes {
            factor(out, i, e)?;
        }
    }
    if !a.unknown.is_empty() {
        writeln!(out, "\n### Not explained\n")?;
    }
    for u in &a.unknown {
        let advice = u.advice.as_ref().map(|x| format!(" Next time, log: {}", code(x))).unwrap_or_default();
        writeln!(out, "- {}: {}.{advice}", words::count(u.failures, "failure", "failures"), text(&u.reason))?;
    }
    Ok(())
}

fn factor(out: &mut String, i: &Incident, e: &Episode) -> std::fmt::Result {
    let page = causes::page(e.cause);
    writeln!(out, "\n### {} in {}: {} (`{}`)\n", text(&e.id), text(&i.id), page.title, e.cause)?;
    writeln!(out, "{} Confidence: {}.\n", page.meaning, words::confidence(e.confidence))?;
    writeln!(
        out,
        "{} of {} from {}; targets: {}; seen as {}.",
        words::count(e.failures, "failure", "failures"),
        words::count(e.requests, "request", "requests"),
        words::range(e.start, e.end),
        if e.targets.is_empty() { "none".into() } else { text(&words::list(&e.targets)).into_owned() },
        text(&view::map_counts(&e.by_mechanism))
    )?;
    facts(out, "Evidence for", &e.evidence)?;
    facts(out, "Evidence against", &e.against)?;
    if e.against.is_empty() {
        writeln!(out, "\nEvidence against: none was found.")?;
    }
    if !e.ruled_out.is_empty() {
        writeln!(out, "\nRuled out:\n")?;
        for r in &e.ruled_out {
            writeln!(out, "- `{}`: {}", r.cause, text(&r.why))?;
        }
    }
    if !e.alternatives.is_empty() {
        let all: Vec<String> = e
            .alternatives
            .iter()
            .map(|x| format!("`{}` {}", x.cause, words::percent(x.confidence)))
            .collect();
        writeln!(out, "\nAlso possible: {}.", all.join(", "))?;
    }
    if !e.refuted_by.is_empty() {
        writeln!(out, "\nThis would be wrong if there were {}.", text(&e.refuted_by))?;
    }
    Ok(())
}

fn facts(out: &mut String, title: &str, all: &[Evidence]) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:\n")?;
    for e in all {
        let many = if e.count > 1 { format!(" ({} lines)", words::grouped(e.count)) } else { String::new() };
        write!(out, "- {}{many}", text(&e.claim))?;
        if let Some(at) = e.lines.first() {
            write!(out, "; {}", code(&at.to_string()))?;
        }
        if let Some(line) = &e.text {
            write!(out, ": {}", code(line))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn actions(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\n## Action items\n\n| action | for | owner | due |\n| --- | --- | --- | --- |")?;
    for e in a.incidents.iter().flat_map(|i| &i.episodes) {
        for advice in &e.advice {
            writeln!(out, "| {} | {} | | |", text(advice), text(&e.id))?;
        }
    }
    for u in &a.unknown {
        if let Some(advice) = &u.advice {
            writeln!(out, "| log {} | what stayed unexplained | | |", code(advice))?;
        }
    }
    Ok(())
}

fn appendix(out: &mut String, a: &Analysis) -> std::fmt::Result {
    writeln!(out, "\n## Appendix\n\n### Inputs and coverage\n")?;
    writeln!(
        out,
        "| source | role | instance | lines | events | continuations | blank | filtered | unparsed |"
    )?;
    writeln!(out, "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    let rows = a.sources.iter().map(|s| (code(&s.id), s.role.as_str(), s.instance.as_str(), &s.ledger));
    for (name, role, instance, l) in rows.chain([("all".to_owned(), "", "", &a.ledger)]) {
        writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
            text(role),
            text(instance),
            words::grouped(l.lines),
            words::grouped(l.events),
            words::grouped(l.continuations),
            words::grouped(l.blank),
            words::grouped(l.filtered),
            words::grouped(l.unparsed)
        )?;
    }
    for i in a.inputs.iter().filter(|i| i.problem.is_some()) {
        writeln!(out, "\n- {}: {}", code(&i.path), text(i.problem.as_deref().unwrap_or_default()))?;
    }
    writeln!(
        out,
        "\n### Clocks\n\n| clock | against | offset | band | zone error | state |\n| --- | --- | ---: | ---: | ---: | --- |"
    )?;
    for k in &a.clocks {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            text(&k.source),
            text(&k.reference),
            k.offset_s.map_or("not known".into(), |o| text(&words::offset(o)).into_owned()),
            k.band_s.map_or("-".into(), |b| format!("± {}", words::length(b))),
            if k.zone_error_s == 0 {
                "none".into()
            } else {
                text(&words::offset(k.zone_error_s as f64)).into_owned()
            },
            text(&k.state)
        )?;
    }
    if !a.notes.is_empty() {
        writeln!(out, "\n### Notes\n")?;
    }
    for n in &a.notes {
        writeln!(out, "- {}, {}: {}", text(&n.level), code(&n.about), text(&n.text))?;
    }
    Ok(())
}
