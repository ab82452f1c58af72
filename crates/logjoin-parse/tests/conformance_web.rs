//! Public logs of nginx and Apache with expected values, where they are at hand.
//!
//! The files lie beside the project, not in it, or where `LOGJOIN_CORPORA` says; without them the test says so and passes. A vector names fields and
//! values of one event; a field that it does not name is not judged.

use std::path::{Path, PathBuf};

use logjoin_parse::{Body, Record, Text, parse_any};
use serde_json::Value;

/// Files with vectors, and how many of their events may differ (lines that need their transport's envelope taken
/// off first, or an expected value that is a matter of taste).
const FILES: &[(&str, usize)] = &[
    ("crowdsec-hub/nginx_http-logs", 0),
    ("crowdsec-hub/apache2-logs", 0),
    ("crowdsec-hub/apache2-malformed", 0),
    ("crowdsec-hub/bookstack-logs", 0),
    ("crowdsec-hub/baikal-logs", 0),
    ("fail2ban/nginx-http-auth", 0),
    ("fail2ban/nginx-botsearch", 0),
    ("fail2ban/apache-auth", 4),
    ("fail2ban/apache-overflows", 0),
    ("fail2ban/apache-badbots", 0),
    ("vrl/nginx", 0),
    ("vrl/apache", 1),
    ("logstash-patterns-core/httpd-access", 0),
    ("logstash-patterns-core/httpd-error", 0),
    ("fluentd/nginx", 0),
    ("fluentd/apache-error", 0),
    ("nginx-log-monitor/custom", 0),
    ("logcrux/apache_error", 0),
    ("logcrux/nginx_error", 0),
    ("adversarial/nginx-access", 0),
    ("adversarial/apache-access", 0),
    ("adversarial/nginx-error", 0),
    ("adversarial/apache-error", 0),
];

fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let dir = std::env::var_os("LOGJOIN_CORPORA").map_or(beside, PathBuf::from);
    dir.is_dir().then_some(dir)
}

/// The value of a field under its canonical name; `None` when the record lacks it or has no such field.
fn field(r: &Record<'_>, name: &str) -> Option<String> {
    let text = |t: &Option<Text<'_>>| t.as_deref().map(|b| String::from_utf8_lossy(b).into_owned());
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    if name == "ts" {
        return r.best_stamp().map(|s| s.to_iso());
    }
    match &r.body {
        Body::Access(a) => match name {
            "client_ip" => text(&a.client_ip),
            "client_port" => number(a.client_port.map(i64::from)),
            "user" => text(&a.user),
            "method" => text(&a.method),
            "path" => text(&a.path),
            "request" => text(&a.request),
            "http_version" => text(&a.http_version),
            "status" => number(a.status.map(i64::from)),
            "bytes" => number(a.bytes),
            "referrer" => text(&a.referrer),
            "user_agent" => text(&a.user_agent),
            "xff" => text(&a.xff),
            "vhost" => text(&a.vhost),
            "request_time" => a.duration_us.map(|us| (us as f64 / 1e6).to_string()),
            "request_length" => number(a.request_length),
            "request_id" => text(&a.request_id),
            "upstream_name" => text(&a.upstream.name),
            "upstream_addr" => text(&a.upstream.addr),
            "upstream_status" => text(&a.upstream.status),
            "upstream_response_time" => text(&a.upstream.response_time),
            _ => None,
        },
        Body::Error(e) => match name {
            "level" => text(&e.level),
            "pid" => number(e.pid.map(i64::from)),
            "tid" => number(e.tid.map(|t| t as i64)),
            "connection_id" => number(e.connection_id.map(|c| c as i64)),
            "module" => text(&e.module),
            "error_code" => text(&e.error_code),
            "os_error_code" => number(e.os_error_code.map(i64::from)),
            "os_error" => text(&e.os_error),
            "message" => Some(String::from_utf8_lossy(&e.message).into_owned()),
            "client_ip" => text(&e.client_ip),
            "client_port" => number(e.client_port.map(i64::from)),
            "vserver" => text(&e.vserver),
            "request" => text(&e.request),
            "method" => text(&e.method),
            "path" => text(&e.path),
            "http_version" => text(&e.http_version),
            "upstream" => text(&e.upstream),
            "host" => text(&e.host),
            "referrer" => text(&e.referrer),
            _ => None,
        },
        _ => None,
    }
}

fn plain(v: &Value) -> Option<String> {
    let s = match v {
        Value::Null => return None,
        Value::String(s) => s.clone(),
        Value::Array(a) => a.iter().map(|v| plain(v).unwrap_or("-".into())).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    (!s.is_empty() && s != "-").then_some(s)
}

/// The instant of an ISO time; without zone as if UTC. The second value is whether it has one.
fn instant(s: &str) -> Option<(i64, bool)> {
    let (stamp, _) = logjoin_parse::Stamp::iso(s.as_bytes())?;
    Some((stamp.utc_ns(0) / 1_000_000, stamp.offset_s.is_some()))
}

fn same(name: &str, want: &Value, got: Option<&str>) -> bool {
    let (Some(want), Some(got)) = (plain(want), got) else {
        return plain(want).is_none() && got.is_none_or(|g| g.is_empty() || g == "-");
    };
    match name {
        "ts" => match (instant(&want), instant(got)) {
            (Some((w, true)), Some((g, true))) => w == g || w == g - g.rem_euclid(1000),
            // The wall clock of a line without zone.
            (Some(_), Some(_)) => want[..19] == got[..19],
            _ => false,
        },
        "message" => {
            let cut = |s: &str| match s.strip_prefix("AH").and_then(|s| s.split_once(": ")) {
                Some((_, rest)) => rest.to_owned(),
                None => s.to_owned(),
            };
            let (want, got) = (cut(&want), cut(got));
            want == got || want.strip_prefix(&*got).is_some_and(|tail| tail.starts_with(", "))
        }
        "vhost" => {
            let name = |s: &str| s.split_once(':').map_or(s.to_owned(), |(n, _)| n.to_owned());
            name(&want) == name(got)
        }
        _ => match (want.parse::<f64>(), got.parse::<f64>()) {
            (Ok(w), Ok(g)) => (w - g).abs() < 1e-6,
            _ => want == got,
        },
    }
}

#[test]
fn vectors() {
    let Some(dir) = corpora() else {
        skipped("the public corpora are not beside the project");
        return;
    };
    let mut judged = 0;
    let mut failures = Vec::new();
    for (file, allowed) in FILES {
        let log = std::fs::read(dir.join(format!("{file}.log"))).expect("a log");
        let lines: Vec<&[u8]> = log.split(|b| *b == b'\n').collect();
        let vectors = std::fs::read_to_string(dir.join(format!("{file}.expected.ndjson"))).expect("vectors");
        let mut differing = Vec::new();
        for vector in vectors.lines().filter(|l| !l.trim().is_empty()) {
            let vector: Value = serde_json::from_str(vector).expect("a vector");
            let Some(expect) = vector["expect"].as_object() else { continue };
            let from = vector["line"].as_u64().expect("a line") as usize;
            let to = vector["line_end"].as_u64().map_or(from, |l| l as usize);
            let event = lines[from - 1..to].join(&b'\n');
            let any_of = vector["any_of"].as_bool().unwrap_or(false);
            judged += 1;
            let record = parse_any(&event);
            for (name, want) in expect {
                let got = record.as_ref().ok().and_then(|r| field(r, name));
                let fits = match want {
                    Value::Array(choices) if any_of => choices.iter().any(|w| same(name, w, got.as_deref())),
                    _ => same(name, want, got.as_deref()),
                };
                if !fits {
                    differing.push(format!("{file}:{from} {name}: expected {want}, got {got:?}"));
                }
            }
        }
        if differing.len() > *allowed {
            failures.extend(differing);
        }
    }
    assert!(judged > 200, "only {judged} events were judged");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[allow(clippy::print_stderr)]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
