//! What others expect of public logs: the list of files, and the events of one file with their fields.

use std::path::Path;

use serde_json::{Map, Value};

/// A file of the corpora, as their index describes it.
pub struct Entry {
    /// Path below the corpora.
    pub log: String,
    /// Path of the expected values, where there are any.
    pub expected: Option<(Kind, String)>,
    /// The layout, in the words of the index.
    pub format: String,
}

/// How expected values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A list of events in flat keys, as Filebeat's modules make them.
    Elastic,
    /// One object a line: the line's number and canonical fields.
    Vectors,
}

/// One event that somebody has judged.
pub struct Event {
    pub line: u64,
    /// Its first line, or all of them, as far as the expectation says.
    pub raw: String,
    /// Canonical field and the values of which any is right.
    pub fields: Vec<(String, Vec<Value>)>,
}

pub fn index(corpora: &Path) -> Vec<Entry> {
    let text = std::fs::read(corpora.join("index.json")).expect("an index");
    let list: Vec<Map<String, Value>> = serde_json::from_slice(&text).expect("a list of files");
    let text = |e: &Map<String, Value>, key: &str| e.get(key).and_then(Value::as_str).map(str::to_owned);
    let entries = list.iter().map(|e| {
        let kind = match e.get("expected_kind").and_then(Value::as_str) {
            Some("elastic") => Some(Kind::Elastic),
            Some("vectors") => Some(Kind::Vectors),
            _ => None,
        };
        Entry {
            log: text(e, "log").expect("a path"),
            expected: kind.zip(text(e, "expected")),
            format: text(e, "format").unwrap_or_default(),
        }
    });
    entries.collect()
}

pub fn events(corpora: &Path, log: &str, kind: Kind, expected: &str) -> Vec<Event> {
    let data = std::fs::read(corpora.join(log)).expect("a log");
    let expected = std::fs::read(corpora.join(expected)).expect("expected values");
    match kind {
        Kind::Elastic => elastic(&data, &expected),
        Kind::Vectors => vectors(&data, &expected),
    }
}

fn vectors(log: &[u8], expected: &[u8]) -> Vec<Event> {
    let lines: Vec<&[u8]> = log.split(|b| *b == b'\n').collect();
    let mut out = Vec::new();
    for text in expected.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        let vector: Value = serde_json::from_slice(text).expect("a vector");
        let Some(expect) = vector["expect"].as_object() else { continue };
        let line = vector["line"].as_u64().expect("a line");
        let end = vector["line_end"].as_u64().unwrap_or(line);
        let any = vector["any_of"].as_bool().unwrap_or(false);
        let raw = lines[line as usize - 1..end as usize].join(&b'\n');
        let fields = expect.iter().map(|(name, value)| match value {
            Value::Array(choices) if any => (name.clone(), choices.clone()),
            _ => (name.clone(), vec![value.clone()]),
        });
        out.push(Event { line, raw: String::from_utf8_lossy(&raw).into_owned(), fields: fields.collect() });
    }
    out
}

/// Canonical names and the keys that hold them, the first of which counts.
const ELASTIC: &[(&str, &[&str])] = &[
    ("ts", &["@timestamp"]),
    ("client_ip", &["source.address", "source.ip", "haproxy.source", "client.ip"]),
    ("client_port", &["source.port"]),
    ("user", &["user.name"]),
    ("method", &["http.request.method"]),
    ("path", &["url.original"]),
    ("http_version", &["http.version"]),
    ("status", &["http.response.status_code"]),
    ("bytes", &["http.response.body.bytes", "haproxy.bytes_read", "http.response.bytes"]),
    ("referrer", &["http.request.referrer"]),
    ("user_agent", &["user_agent.original"]),
    ("level", &["log.level"]),
    ("pid", &["process.pid"]),
    ("tid", &["process.thread.id"]),
    ("connection_id", &["nginx.error.connection_id"]),
    ("module", &["apache.error.module"]),
    ("error_code", &["error.code"]),
    ("request", &["haproxy.http.request.raw_request_line"]),
    ("frontend", &["haproxy.frontend_name"]),
    ("backend", &["haproxy.backend_name"]),
    ("server_name", &["haproxy.server_name"]),
    ("termination_state", &["haproxy.termination_state"]),
    ("tq", &["haproxy.http.request.time_wait_ms"]),
    ("tw", &["haproxy.total_waiting_time_ms"]),
    ("tc", &["haproxy.connection_wait_time_ms"]),
    ("tr", &["haproxy.http.request.time_wait_without_data_ms"]),
    ("actconn", &["haproxy.connections.active"]),
    ("feconn", &["haproxy.connections.frontend"]),
    ("beconn", &["haproxy.connections.backend"]),
    ("srvconn", &["haproxy.connections.server"]),
    ("retries", &["haproxy.connections.retries"]),
    ("srv_queue", &["haproxy.server_queue"]),
    ("backend_queue", &["haproxy.backend_queue"]),
    ("captured_request_headers", &["haproxy.http.request.captured_headers"]),
    ("captured_response_headers", &["haproxy.http.response.captured_headers"]),
    ("haproxy_error", &["haproxy.error_message"]),
    ("request_time", &["nginx.ingress_controller.http.request.time"]),
    ("request_length", &["nginx.ingress_controller.http.request.length"]),
    ("request_id", &["nginx.ingress_controller.http.request.id"]),
    ("upstream_name", &["nginx.ingress_controller.upstream.name"]),
    ("upstream_addr", &["nginx.ingress_controller.upstream_address_list"]),
    ("upstream_status", &["nginx.ingress_controller.upstream.response.status_code_list"]),
    ("upstream_response_time", &["nginx.ingress_controller.upstream.response.time_list"]),
    ("upstream_response_length", &["nginx.ingress_controller.upstream.response.length_list"]),
];

/// Keys of forwarded addresses: Elastic takes one of the list for the client, any of it is right.
const FORWARDED: &[&str] = &[
    "nginx.access.remote_ip_list",
    "nginx.ingress_controller.remote_ip_list",
    "apache.access.remote_addresses",
];

fn elastic(log: &[u8], expected: &[u8]) -> Vec<Event> {
    let list: Vec<Map<String, Value>> = serde_json::from_slice(expected).expect("a list of events");
    let lines: Vec<&[u8]> = log.split(|b| *b == b'\n').collect();
    let mut out = Vec::new();
    for doc in &list {
        let get = |key: &str| doc.get(key).filter(|v| !v.is_null());
        let offset = get("log.offset").and_then(Value::as_u64).expect("an offset") as usize;
        let line = 1 + log[..offset.min(log.len())].iter().filter(|b| **b == b'\n').count();
        let mut fields: Vec<(String, Vec<Value>)> = Vec::new();
        for (name, keys) in ELASTIC {
            if let Some(value) = keys.iter().find_map(|k| get(k)) {
                fields.push(((*name).to_owned(), vec![value.clone()]));
            }
        }
        if let Some(host) = get("destination.domain").filter(|_| get("http.response.status_code").is_some()) {
            fields.push(("vhost".into(), vec![host.clone()]));
        }
        if let Some(text) = get("message").filter(|_| get("haproxy.frontend_name").is_none()) {
            fields.push(("message".into(), vec![text.clone()]));
        }
        let total = get("event.duration").filter(|_| get("haproxy.backend_name").is_some());
        if let Some(ns) = total.and_then(Value::as_f64) {
            fields.push(("tt".into(), vec![Value::from((ns / 1e6).round() as i64)]));
        }
        if let Some(list) = FORWARDED.iter().find_map(|k| get(k)).and_then(Value::as_array)
            && let Some((_, any)) = fields.iter_mut().find(|(name, _)| name == "client_ip")
        {
            any.extend(list.iter().cloned());
        }
        let raw = String::from_utf8_lossy(lines.get(line - 1).copied().unwrap_or_default()).into_owned();
        out.push(Event { line: line as u64, raw, fields });
    }
    out
}
