//! A report as text and as JSON. Everything that came from strangers is escaped here.

use std::fmt::Write;

use logjoin::Mechanism;
use logjoin::render::escape;

use crate::report::{Exchange, LogLine, Report, TargetReport, Verdict};
use crate::verdict::{median, seconds};

/// The report as JSON; on one line if `compact`.
pub fn json(report: &Report, compact: bool) -> Vec<u8> {
    // Plain data without maps of other keys than strings: it cannot fail.
    let value = serde_json::to_value(report).unwrap_or_default();
    let text = if compact { value.to_string() } else { format!("{value:#}") };
    format!("{}\n", escape::json(&text)).into_bytes()
}

/// The report as text for a terminal: the verdict first, then the steps.
pub fn text(report: &Report) -> Vec<u8> {
    let mut out = Lines::default();
    verdict(&mut out, &report.verdict, true);
    for f in &report.findings {
        out.line(0, "");
        verdict(&mut out, f, false);
    }
    if let Some(r) = &report.restart {
        out.line(0, "");
        out.line(0, &format!("Restart, in this order ({}):", r.why));
        for (i, step) in r.steps.iter().enumerate() {
            out.line(2, &format!("{}. {step}", i + 1));
        }
    }
    if !report.notes.is_empty() {
        out.line(0, "");
        report.notes.iter().for_each(|n| out.line(0, &format!("note: {n}")));
    }
    for t in std::iter::once(&report.via).chain(&report.direct) {
        out.line(0, "");
        target(&mut out, t);
    }
    logs(&mut out, report);
    out.line(0, "");
    out.line(
        0,
        &format!(
            "Sent: {} to each URL at most {} times, Host {}, marker {}; began {}, took {}.",
            report.sent.method,
            report.sent.count,
            report.sent.host,
            report.marker,
            report.started,
            seconds(report.elapsed_s)
        ),
    );
    out.0.into_bytes()
}

/// Lines, each escaped as a whole.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.0, "{:indent$}{}", "", escape::terminal(text));
    }
}

fn verdict(out: &mut Lines, v: &Verdict, first: bool) {
    let head = match (v.cause, first) {
        (None, _) => "Healthy".to_owned(),
        (Some(c), true) => format!("{}{c}", if v.outcome == "undecided" { "Undecided: " } else { "Cause: " }),
        (Some(c), false) => format!("Also: {c}"),
    };
    let detail = v.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default();
    let sure = if v.confidence > 0.0 { format!(", confidence {:.2}", v.confidence) } else { String::new() };
    out.line(0, &format!("{head}{detail}, seen at {}{sure}", v.about));
    out.line(2, &v.why);
    v.evidence.iter().for_each(|e| out.line(2, &format!("- {e}")));
    if !v.alternatives.is_empty() {
        let all: Vec<&str> = v.alternatives.iter().map(|c| c.as_str()).collect();
        out.line(2, &format!("looks the same from here: {}", all.join(", ")));
    }
    if first && !v.next_steps.is_empty() {
        out.line(2, "next:");
        v.next_steps.iter().for_each(|s| out.line(4, s));
    }
}

fn target(out: &mut Lines, t: &TargetReport) {
    out.line(0, &format!("{}  {}", t.name, t.url));
    let r = &t.resolve;
    if r.how != "literal" {
        let found =
            if r.addresses.is_empty() { r.error.clone().unwrap_or_default() } else { r.addresses.join(" ") };
        let ttl = r.ttl_s.map(|s| format!(", for {s} s")).unwrap_or_default();
        out.line(2, &format!("name     {}: {found} ({}, {}{ttl})", r.outcome, r.how, seconds(r.took_s)));
    }
    for c in &t.connect {
        let what = match (c.mechanism, &c.error) {
            (Mechanism::FromBackend, _) => "open".to_owned(),
            (m, error) => format!("{m}: {}", error.as_deref().unwrap_or_default()),
        };
        let own = c.own_socket.as_ref().map_or(String::new(), |o| {
            let listens = if o.listens { "a process listens" } else { "nothing listens" };
            format!("; this machine's own address: {listens}, {} waiting", o.waiting)
        });
        out.line(2, &format!("connect  {}: {what} ({}{own})", c.address, seconds(c.took_s)));
    }
    if let Some(s) = &t.tls {
        let how = [s.version.as_deref(), s.cipher.as_deref(), s.error.as_deref()];
        let how: Vec<&str> = how.into_iter().flatten().collect();
        out.line(2, &format!("tls      {}: {} ({})", s.outcome, how.join(" "), seconds(s.took_s)));
        if let Some(c) = &s.certificate {
            let names = if c.names.is_empty() { "no names".to_owned() } else { c.names.join(" ") };
            out.line(
                2,
                &format!("         {} for {names}, until {} ({} days)", c.subject, c.not_after, c.days_left),
            );
        }
    }
    t.requests.iter().for_each(|e| exchange(out, e));
    let connects: Vec<f64> = t.requests.iter().filter_map(|e| e.connect_s).collect();
    if let (true, Some(most), Some(mid)) =
        (connects.len() > 2, connects.iter().copied().max_by(f64::total_cmp), median(connects.clone()))
    {
        out.line(2, &format!("         time to connect: median {}, most {}", seconds(mid), seconds(most)));
    }
    if let Some(o) = &t.other_protocol {
        let works = if o.works { "works" } else { "does not work" };
        out.line(2, &format!("instead  {} on the same port {works}: {}", o.tried, o.text));
    }
    if let Some(k) = &t.keepalive {
        let gaps: Vec<String> = k.reused_after_s.iter().map(|s| seconds(*s)).collect();
        let reused =
            if gaps.is_empty() { String::new() } else { format!(", reused after {}", gaps.join(", ")) };
        let closed = k.closed_after_s.map(|s| format!(", gone after {}", seconds(s))).unwrap_or_default();
        let promised = k.promised.as_ref().map(|p| format!(", promised {p}")).unwrap_or_default();
        out.line(2, &format!("kept     {}{reused}{closed}{promised}", k.outcome));
    }
}

fn exchange(out: &mut Lines, e: &Exchange) {
    let what = match (e.status, &e.error) {
        (Some(s), None) => format!("{s}"),
        (Some(s), Some(error)) => format!("{s}, {}: {error}", e.mechanism),
        (None, error) => format!("{}: {}", e.mechanism, error.as_deref().unwrap_or_default()),
    };
    let first = e.first_byte_s.map(|s| format!("first byte {}, ", seconds(s))).unwrap_or_default();
    let body = match &e.body_sha256 {
        Some(d) => {
            let digest: String = d.chars().take(12).collect();
            format!(", {} bytes{} {digest}", e.body_bytes, if e.body_capped { " and more" } else { "" })
        }
        None => String::new(),
    };
    out.line(
        2,
        &format!("request  {} {}: {what} ({first}all {}{body})", e.request_id, e.address, seconds(e.total_s)),
    );
}

fn logs(out: &mut Lines, report: &Report) {
    let Some(logs) = &report.logs else { return };
    out.line(0, "");
    out.line(0, &format!("logs  {} files, {} lines carry the marker", logs.files, logs.marked.len()));
    let show = |out: &mut Lines, indent, what: &str, l: &LogLine| {
        out.line(indent, &format!("{what:<8} {}:{}  {}", l.file, l.line, l.text));
    };
    for l in &logs.marked {
        let failed = logs.failures.iter().any(|f| f.access.file == l.file && f.access.line == l.line);
        if !failed {
            show(out, 2, &l.role, l);
        }
    }
    for f in &logs.failures {
        out.line(2, &format!("failed: {} ({:.2}), the proxy saw {}", f.cause, f.confidence, f.mechanism));
        show(out, 4, &f.access.role, &f.access);
        f.errors.iter().for_each(|l| show(out, 4, "error", l));
        f.backend.iter().for_each(|l| show(out, 4, "backend", l));
        f.events.iter().for_each(|l| show(out, 4, "event", l));
    }
    logs.notes.iter().for_each(|n| out.line(2, &format!("note: {n}")));
}
