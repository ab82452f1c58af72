//! Public HAProxy logs with the values that others expect, and recordings of a real HAProxy.
//!
//! The corpora live beside the project, not in it: where they are absent each test says so and passes.

#![allow(clippy::print_stderr)] // what was compared, or why nothing was

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use logjoin_parse::{Access, Body, Kind, Product, Record, parse_any};
use serde_json::{Map, Value, json};

fn corpora() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: no corpora at {}", dir.display());
    None
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn put(row: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    let value = value.into();
    if !value.is_null() {
        row.insert(name.into(), value);
    }
}

fn text(t: &Option<std::borrow::Cow<'_, [u8]>>) -> Value {
    t.as_deref().map(|b| String::from_utf8_lossy(b).into_owned()).into()
}

/// A record in the canonical field names.
fn row(r: &Record<'_>) -> Map<String, Value> {
    let mut row = Map::new();
    put(&mut row, "ts", r.best_stamp().map(|s| s.to_iso()));
    put(&mut row, "pid", r.envelope.as_ref().and_then(|e| e.pid));
    match &r.body {
        Body::Access(a) => access(&mut row, a),
        Body::Error(e) => {
            put(&mut row, "client_ip", text(&e.client_ip));
            put(&mut row, "client_port", e.client_port);
            put(&mut row, "frontend", text(&e.frontend));
            put(&mut row, "haproxy_error", String::from_utf8_lossy(&e.message).into_owned());
        }
        Body::State(s) => put(&mut row, "event", s.event.as_str()),
        Body::Log(_) => {}
    }
    row
}

fn access(row: &mut Map<String, Value>, a: &Access<'_>) {
    put(row, "client_ip", text(&a.client_ip));
    put(row, "client_port", a.client_port);
    put(row, "request", text(&a.request));
    put(row, "method", text(&a.method));
    put(row, "path", text(&a.path));
    put(row, "http_version", text(&a.http_version));
    put(row, "status", a.status);
    put(row, "bytes", a.bytes);
    put(row, "vhost", text(&a.vhost));
    let Some(f) = &a.haproxy else { return };
    let tilde = if f.tls { "~" } else { "" };
    put(row, "frontend", f.frontend.as_deref().map(|n| format!("{}{tilde}", String::from_utf8_lossy(n))));
    put(row, "backend", text(&f.backend));
    put(row, "server_name", text(&f.server));
    put(row, "termination_state", text(&f.termination_state));
    put(row, "captured_request_headers", text(&f.captured_request_headers));
    put(row, "captured_response_headers", text(&f.captured_response_headers));
    for (name, value) in [
        ("tq", f.tq),
        ("tw", f.tw),
        ("tc", f.tc),
        ("tr", f.tr),
        ("tt", f.tt),
        ("actconn", f.actconn),
        ("feconn", f.feconn),
        ("beconn", f.beconn),
        ("srvconn", f.srvconn),
        ("retries", f.retries),
        ("srv_queue", f.srv_queue),
        ("backend_queue", f.backend_queue),
    ] {
        put(row, name, value);
    }
}

/// Fields compared, by name, and what did not agree.
#[derive(Default)]
struct Tally {
    fields: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

impl Tally {
    fn compare(&mut self, place: &str, name: &str, got: Option<&Value>, expected: &Value) {
        *self.fields.entry(name.into()).or_default() += 1;
        let got = got.cloned().unwrap_or(Value::Null);
        let same = match (name, got.as_str(), expected.as_str()) {
            // Wall clock to the millisecond; a whole second has no fraction.
            ("ts", Some(g), Some(e)) => {
                g.trim_end_matches('Z').trim_end_matches(".000")
                    == e.trim_end_matches('Z').trim_end_matches(".000")
            }
            ("server_name", None, Some("<NOSRV>")) => true,
            _ => got == *expected,
        };
        if !same {
            self.wrong.push(format!("{place}: {name} is {got}, expected {expected}"));
        }
    }

    fn finish(self, what: &str) {
        let n: u64 = self.fields.values().sum();
        eprintln!("{what}: {n} values of {} fields compared, {} differ", self.fields.len(), self.wrong.len());
        assert!(n > 0, "{what}: nothing was compared");
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

#[test]
fn vectors() {
    let Some(dir) = corpora() else { return };
    for name in [
        "haproxylogparser/haproxy-sample",
        "haproxy-manual/section-8",
        "logstash-patterns-core/haproxy",
        "crowdsec-hub/haproxy-logs",
        "adversarial/haproxy",
        "logcrux/haproxy",
        "manta-mreq/haproxy",
    ] {
        let log = lines(&dir.join(format!("{name}.log")));
        let mut tally = Tally::default();
        for vector in lines(&dir.join(format!("{name}.expected.ndjson"))) {
            let vector: Value = serde_json::from_slice(&vector).expect("a vector");
            let n = vector["line"].as_u64().expect("a line number") as usize;
            let place = format!("{name}.log:{n}");
            let record = parse_any(&log[n - 1]).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(record.product, Product::Haproxy, "{place}");
            let row = row(&record);
            for (field, expected) in vector["expect"].as_object().into_iter().flatten() {
                tally.compare(&place, field, row.get(field), expected);
            }
        }
        tally.finish(name);
    }
}

/// Elastic's names for the canonical ones.
const ELASTIC: [(&str, &str); 24] = [
    ("client_ip", "source.address"),
    ("client_port", "source.port"),
    ("method", "http.request.method"),
    ("path", "url.original"),
    ("http_version", "http.version"),
    ("status", "http.response.status_code"),
    ("bytes", "haproxy.bytes_read"),
    ("pid", "process.pid"),
    ("request", "haproxy.http.request.raw_request_line"),
    ("frontend", "haproxy.frontend_name"),
    ("backend", "haproxy.backend_name"),
    ("server_name", "haproxy.server_name"),
    ("termination_state", "haproxy.termination_state"),
    ("tq", "haproxy.http.request.time_wait_ms"),
    ("tw", "haproxy.total_waiting_time_ms"),
    ("tc", "haproxy.connection_wait_time_ms"),
    ("tr", "haproxy.http.request.time_wait_without_data_ms"),
    ("actconn", "haproxy.connections.active"),
    ("feconn", "haproxy.connections.frontend"),
    ("beconn", "haproxy.connections.backend"),
    ("srvconn", "haproxy.connections.server"),
    ("retries", "haproxy.connections.retries"),
    ("srv_queue", "haproxy.server_queue"),
    ("backend_queue", "haproxy.backend_queue"),
];

#[test]
fn elastic() {
    let Some(dir) = corpora() else { return };
    for name in ["haproxy", "tcplog", "default"] {
        let path = dir.join(format!("elastic-beats/haproxy/log/{name}.log"));
        let log = lines(&path);
        let expected = fs::read(path.with_extension("log-expected.json")).expect("expectations");
        let expected: Vec<Map<String, Value>> = serde_json::from_slice(&expected).expect("a list");
        assert_eq!(log.len(), expected.len());
        let mut tally = Tally::default();
        for (n, (line, event)) in log.iter().zip(&expected).enumerate() {
            let place = format!("{name}.log:{}", n + 1);
            let row = row(&parse_any(line).unwrap_or_else(|e| panic!("{place}: {e}")));
            for (ours, theirs) in ELASTIC {
                // Elastic keeps the `-` of an unknown address.
                if let Some(value) = event.get(theirs).filter(|v| v.as_str() != Some("-")) {
                    tally.compare(&place, ours, row.get(ours), value);
                }
            }
            if let (Some(ns), true) =
                (event.get("event.duration"), event.contains_key("haproxy.backend_name"))
            {
                tally.compare(&place, "tt", row.get("tt"), &json!(ns.as_i64().expect("ns") / 1_000_000));
            }
            if let (Some(host), true) = (event.get("destination.domain"), event.contains_key("http.version"))
            {
                tally.compare(&place, "vhost", row.get("vhost"), host);
            }
        }
        tally.finish(name);
    }
}

/// Every line becomes a typed record of HAProxy: how many of each kind.
fn all_typed(path: &Path) -> BTreeMap<&'static str, u64> {
    let mut kinds = BTreeMap::new();
    for (n, line) in lines(path).iter().enumerate() {
        let place = || format!("{}:{}: {}", path.display(), n + 1, String::from_utf8_lossy(line));
        let r = parse_any(line).unwrap_or_else(|e| panic!("{}: {e}", place()));
        assert!(r.product == Product::Haproxy && r.kind() != Kind::Log, "{}", place());
        assert!(r.best_stamp().is_some(), "{}", place());
        *kinds.entry(r.format).or_default() += 1;
    }
    kinds
}

#[test]
fn a_production_log() {
    let Some(dir) = corpora() else { return };
    let path = dir.join("haproxylogparser/haproxy.log");
    let kinds = all_typed(&path);
    assert_eq!(kinds, BTreeMap::from([("haproxy-http", 17_211)]));
    let mut statuses = BTreeMap::new();
    for line in lines(&path) {
        if let Ok(Record { body: Body::Access(a), .. }) = parse_any(&line) {
            *statuses.entry(a.status.unwrap_or(0)).or_insert(0) += 1;
        }
    }
    for (status, n) in [(200, 4861), (401, 7866), (404, 4407), (500, 48), (502, 2)] {
        assert_eq!(statuses.get(&status), Some(&n), "{status}");
    }
}

#[test]
fn starts_and_stops() {
    let Some(dir) = corpora() else { return };
    let kinds = all_typed(&dir.join("openshift-haproxy-custom-logs/haproxy.log"));
    assert_eq!(kinds, BTreeMap::from([("haproxy-http", 2), ("haproxy-state", 12)]));
}

#[test]
fn recordings() {
    let Some(dir) = corpora() else { return };
    let mut files: Vec<_> = fs::read_dir(dir.join("lab"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("logs/haproxy/haproxy.log"))
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    let mut kinds = BTreeMap::new();
    for path in &files {
        for (format, n) in all_typed(path) {
            *kinds.entry(format).or_insert(0) += n;
        }
    }
    eprintln!("{} recordings: {kinds:?}", files.len());
    assert!(kinds.keys().all(|k| matches!(*k, "haproxy-http" | "haproxy-state")), "{kinds:?}");
}
