//! `logjoin explain`: one cause, or how one failure was judged, step by step.

use super::canvas::{Canvas, Role, plain, span};
use super::{RenderOptions, words};
use crate::analysis::{Derivation, Failure, LineRef};
use crate::{Analysis, CauseId, causes};

/// The page of a cause, for a terminal.
pub fn explain_cause(id: CauseId, o: &RenderOptions) -> Vec<u8> {
    let p = causes::page(id);
    let mut c = Canvas::new(o.width, o.color);
    c.para(0, &[span(Role::Bad, id.as_str()), plain(": "), span(Role::Strong, p.title)]);
    c.blank();
    c.para(2, &[plain(p.meaning)]);
    c.row("seen as", &[plain(p.seen_as)]);
    if !p.look_alikes.is_empty() {
        c.title("Looks like, but");
        for (other, why) in p.look_alikes {
            c.item(2, "- ", &[span(Role::Strong, other.as_str()), plain(": "), plain(why)]);
        }
    }
    c.title("Check");
    for (n, check) in p.checks.iter().enumerate() {
        c.item(2, &format!("{}. ", n + 1), &[plain(check)]);
    }
    c.title("Change");
    for f in p.fixes {
        c.row(f.place, &[plain(f.change)]);
    }
    c.into_bytes()
}

/// How one failure was judged: what the proxy saw, what it was joined to, why the cause, what else it could be.
pub fn explain_failure(a: &Analysis, f: &Failure, o: &RenderOptions) -> Vec<u8> {
    let mut c = Canvas::new(o.width, o.color);
    let status = f.status.map_or("no status".into(), |s| s.to_string());
    c.para(
        0,
        &[
            span(Role::Strong, &f.id),
            plain("  "),
            span(Role::Place, format!("{}:{}", f.file, f.line)),
            plain("  "),
            span(Role::Bad, &status),
            plain(format!(" {} {}", f.method.as_deref().unwrap_or("-"), f.target.as_deref().unwrap_or("-"))),
        ],
    );
    c.title("1. What the proxy logged");
    c.row("when", &[plain(words::moment(f.time))]);
    if let Some(start) = f.start {
        let long = words::length(f.time.seconds() - start.seconds());
        c.row("began", &[plain(format!("{} ({long} before)", words::moment(start)))]);
    }
    c.row("proxy", &[plain(&f.proxy)]);
    c.row("client", &[plain(f.client.as_deref().unwrap_or("not logged"))]);
    c.row("request id", &[plain(f.request_id.as_deref().unwrap_or("not logged"))]);
    for (n, t) in f.attempts.iter().enumerate() {
        let seconds = |s: Option<f64>| s.map_or("-".to_owned(), words::length);
        c.row(
            &format!("attempt {}", n + 1),
            &[
                plain(t.address.as_deref().unwrap_or("address not logged")),
                plain(t.instance.as_ref().map(|i| format!(" ({i})")).unwrap_or_default()),
                plain(": "),
                span(Role::Strong, t.mechanism.as_str()),
                plain(format!(
                    ", status {}, connect {}, header {}, end {}",
                    t.status.map_or("-".into(), |s| s.to_string()),
                    seconds(t.connect_s),
                    seconds(t.header_s),
                    seconds(t.response_s)
                )),
            ],
        );
    }
    if f.attempts.is_empty() {
        let none = f.mechanism.tried_no_server();
        let text = if none { "none: no backend was tried" } else { "which server was tried is not logged" };
        c.row("attempts", &[plain(text)]);
    }
    c.title("2. What it was joined to");
    places(&mut c, "error log", f.error_lines.iter().map(|l| (l, String::new())));
    let link = |l: &crate::analysis::ChainLink| format!(" ({}, {})", l.side, words::percent(l.confidence));
    places(&mut c, "proxies", f.chain.iter().map(|l| (&l.at, link(l))));
    let join =
        |b: &crate::analysis::BackendJoin| format!(" (by {}, {})", b.how, words::percent(b.confidence));
    places(&mut c, "backend", f.backend.iter().map(|b| (&b.at, join(b))));
    c.row("result", &[plain(f.join)]);
    c.title("3. The verdict");
    c.row("origin", &[plain(f.origin.as_str())]);
    c.row("seen as", &[plain(f.mechanism.as_str())]);
    let detail = f.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
    c.row(
        "cause",
        &[
            span(Role::Bad, f.cause.as_str()),
            plain(format!("{detail}, {}: ", words::confidence(f.confidence))),
            plain(causes::page(f.cause).meaning),
        ],
    );
    if !f.gateway {
        c.row("", &[plain("it is listed and not counted among the gateway failures")]);
    }
    if f.stands_for > 1 {
        let others = words::count(f.stands_for - 1, "other that is", "others that are");
        c.row("stands for", &[plain(format!("{others} not listed: alike, and at about the same time"))]);
    }
    places(&mut c, "because of", f.cause_lines.iter().map(|l| (l, String::new())));
    for x in &f.alternatives {
        let why = causes::page(f.cause).look_alikes.iter().find(|(id, _)| *id == x.cause);
        let why = why.map(|(_, why)| format!(", if {why}")).unwrap_or_default();
        c.row("or", &[plain(format!("{} {}{why}", x.cause, words::percent(x.confidence)))]);
    }
    episode(&mut c, a, f);
    if let Some(d) = a.derivations.iter().find(|d| d.failure == f.id) {
        derivation(&mut c, d);
    }
    c.into_bytes()
}

/// What was considered, rule by rule, and what would change the verdict.
fn derivation(c: &mut Canvas, d: &Derivation) {
    c.title("5. How it was derived");
    for (n, s) in d.signals.iter().enumerate() {
        let when = format!(" {:+.3} s, {}", s.offset_s, s.meaning);
        c.row(if n == 0 { "signals" } else { "" }, &[span(Role::Place, s.at.to_string()), plain(when)]);
    }
    if d.signals.is_empty() {
        c.row("signals", &[plain("no recognised message of this server within 30 s")]);
    }
    for (n, r) in d.rejected.iter().enumerate() {
        let label = if n == 0 { "not joined" } else { "" };
        c.row(label, &[span(Role::Place, r.at.to_string()), plain(format!(": {}", r.why))]);
    }
    let (fired, silent): (Vec<_>, Vec<_>) = d.rules.iter().partition(|r| r.fired.is_some());
    for (n, r) in fired.iter().enumerate() {
        let cause = r.own.as_deref().or(r.fired.map(|f| f.as_str())).unwrap_or("-");
        let text = format!(" {}: {}", words::percent(r.strength), r.why);
        c.row(if n == 0 { "fired" } else { "" }, &[span(Role::Strong, cause), plain(text)]);
    }
    // Many are silent for one reason, which is then told once, after the reasons of the others.
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for r in silent {
        let name = r.own.as_deref().unwrap_or(r.rule.as_str());
        match reasons.iter_mut().find(|(why, _)| *why == r.why) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => reasons.push((&r.why, vec![name])),
        }
    }
    reasons.sort_by_key(|(_, names)| names.len() > 1);
    for (n, (why, names)) in reasons.iter().enumerate() {
        let label = if n == 0 { "did not" } else { "" };
        c.row(label, &[span(Role::Strong, names.join(", ")), plain(format!(": {why}"))]);
    }
    for (label, all) in [("weighed", &d.weighing), ("changes if", &d.would_change)] {
        for (n, text) in all.iter().enumerate() {
            c.row(if n == 0 { label } else { "" }, &[plain(text)]);
        }
    }
}

/// The facts of the episode it belongs to.
fn episode(c: &mut Canvas, a: &Analysis, f: &Failure) {
    let Some(id) = &f.episode else { return };
    let Some(e) = a.incidents.iter().flat_map(|i| &i.episodes).find(|e| e.id == *id) else { return };
    c.title(&format!("4. The episode: {id}, {}", words::count(e.failures, "failure", "failures")));
    for (label, all) in [("for", &e.evidence), ("against", &e.against)] {
        for x in all {
            c.row(label, &[plain(&x.claim)]);
            if let Some(at) = x.lines.first() {
                c.clipped(15, &[span(Role::Place, at.to_string())]);
            }
            if let Some(text) = &x.text {
                c.clipped(15, &[plain(text)]);
            }
        }
    }
    for r in &e.ruled_out {
        c.row("not", &[plain(format!("{}: {}", r.cause, r.why))]);
    }
    if !e.refuted_by.is_empty() {
        c.row("wrong if", &[plain(&e.refuted_by)]);
    }
    for (n, advice) in e.advice.iter().enumerate() {
        c.row(if n == 0 { "do" } else { "" }, &[plain(format!("{}. ", n + 1)), plain(advice)]);
    }
}

fn places<'a>(c: &mut Canvas, label: &str, lines: impl Iterator<Item = (&'a LineRef, String)>) {
    let mut some = false;
    for (at, how) in lines {
        c.row(if some { "" } else { label }, &[span(Role::Place, at.to_string()), plain(how)]);
        some = true;
    }
    if !some {
        c.row(label, &[span(Role::Faint, "no line")]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{escape, sample};
    use super::*;

    #[test]
    fn every_cause_can_be_explained_at_every_width() {
        for &id in CauseId::ALL {
            for width in [40, 80, 200] {
                let bytes = explain_cause(id, &RenderOptions { width, ..RenderOptions::default() });
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(id.as_str()));
                assert!(text.lines().all(|l| super::super::canvas::width(l) <= width), "{text}");
            }
        }
    }

    #[test]
    fn a_failure_is_explained_from_the_line_to_the_verdict() {
        let a = sample::rich();
        for f in &a.failures {
            let text = String::from_utf8(explain_failure(&a, f, &RenderOptions::default())).unwrap();
            assert!(text.contains(&format!("{}:{}", f.file, f.line)));
            assert!(text.contains(f.cause.as_str()) && text.contains(f.mechanism.as_str()));
            assert!(!text.replace('\n', "").chars().any(escape::is_unsafe));
        }
    }
}
