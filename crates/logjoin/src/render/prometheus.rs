//! Totals as gauges in the text format of Prometheus, for the textfile collector or a push gateway.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>: one `# HELP`, one `# TYPE`, then the samples. Values
//! are gauges, not counters: they speak of the logs that were read, and another run starts anew.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;

pub(super) static RENDERER: Renderer = Renderer {
    id: "prometheus",
    title: "totals as metrics",
    extensions: &["prom"],
    use_for: "totals by cause, origin, mechanism and status for a dashboard or an alert (textfile collector, push gateway)",
    rows: false,
    render,
};

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, a);
    out.into_bytes()
}

fn write_all(out: &mut String, a: &Analysis) -> fmt::Result {
    let t = &a.totals;
    one(out, "logjoin_requests", "Requests that the proxies logged.", t.requests)?;
    let causes = "Gateway failures by cause; their sum is all failures.";
    family(out, "logjoin_failures", causes, "cause", &t.by_cause)?;
    family(
        out,
        "logjoin_failures_by_origin",
        "Gateway failures by who made the answer.",
        "origin",
        &t.by_origin,
    )?;
    let seen = "Gateway failures by what the proxy saw.";
    family(out, "logjoin_failures_by_mechanism", seen, "mechanism", &t.by_mechanism)?;
    family(out, "logjoin_responses", "Requests of the proxies by status.", "status", &t.by_status)?;
    let twice = "Gateway failures that a proxy behind the one that logged them had logged, too.";
    one(out, "logjoin_failures_seen_twice", twice, t.seen_twice)?;
    one(out, "logjoin_hidden_by_retry", "Requests served after a failed attempt.", t.hidden_by_retry)?;
    one(out, "logjoin_client_aborts", "Requests that the client left; no gateway failures.", t.not_gateway)?;
    one(out, "logjoin_incidents", "Incidents.", a.incidents.len() as u64)?;
    let l = &a.ledger;
    let lines: BTreeMap<String, u64> = [
        ("events", l.events),
        ("continuations", l.continuations),
        ("blank", l.blank),
        ("filtered", l.filtered),
        ("unparsed", l.unparsed),
    ]
    .map(|(k, n)| (k.to_owned(), n))
    .into();
    family(out, "logjoin_lines", "Lines read, by what became of them.", "kind", &lines)?;
    let mut servers: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for s in &a.distribution {
        *servers.entry((&s.proxy, &s.server)).or_default() += s.failures;
    }
    if !servers.is_empty() {
        let name = "logjoin_failed_attempts";
        head(out, name, "Failed attempts by proxy and server.")?;
        for ((proxy, server), n) in servers {
            writeln!(out, "{name}{{proxy=\"{}\",server=\"{}\"}} {n}", label(proxy), label(server))?;
        }
    }
    Ok(())
}

fn head(out: &mut String, name: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

fn one(out: &mut String, name: &str, help: &str, n: u64) -> fmt::Result {
    head(out, name, help)?;
    writeln!(out, "{name} {n}")
}

fn family(out: &mut String, name: &str, help: &str, key: &str, all: &BTreeMap<String, u64>) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    head(out, name, help)?;
    all.iter().try_for_each(|(value, n)| writeln!(out, "{name}{{{key}=\"{}\"}} {n}", label(value)))
}

/// The value of a label: what cannot be seen is spelt out, then backslashes and quotes are escaped.
fn label(text: &str) -> String {
    escape::terminal(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn samples_add_up_and_every_line_is_one() {
        let mut a = sample::rich();
        a.distribution[0].server = "a\"b\\c\nd".into();
        let text = String::from_utf8(render(&a, &RenderOptions::default())).unwrap();
        let sum: u64 = text
            .lines()
            .filter(|l| l.starts_with("logjoin_failures{"))
            .map(|l| l.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum();
        assert_eq!(sum, a.totals.failures);
        for l in text.lines() {
            assert!(l.starts_with("# ") || l.starts_with("logjoin_"), "{l}");
        }
        assert!(text.contains(r#"server="a\"b\\c\\nd""#), "{text}");
        assert!(text.contains("logjoin_failures{cause=\"oom-kill\"} 20\n"));
    }
}
