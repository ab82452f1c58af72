//! Failed requests as OTLP/JSON traces: the proxy's request is the root span, each attempt a span of a client in it, each
//! joined line of a backend a span of a server in the attempt, with the confidence of the join as an attribute.
//!
//! The form is that of the OpenTelemetry protocol 1.5 in JSON: ids in hexadecimal, 64-bit numbers as strings. A request
//! id of 32 hexadecimal digits is taken for the trace id, so that spans meet those which tracing recorded; others are
//! derived from the place of the line, so that the same logs give the same ids.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;
use crate::analysis::{Attempt, BackendJoin, Failure, LineRef, Time};
use crate::hash::{hash, pair};

pub(super) static RENDERER: Renderer = Renderer {
    id: "otlp",
    title: "failed requests as traces",
    extensions: &["otlp.json"],
    use_for: "spans of proxy, attempts and backend, for a tracing backend that takes OTLP/JSON",
    rows: false,
    render,
};

/// A server's side (of a request), a client's side (of an attempt), as the protocol numbers them.
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// The status code of a failed span.
const ERROR: u8 = 2;

/// Spans by the service that they belong to.
#[derive(Default)]
struct Spans(BTreeMap<String, Vec<Value>>);

fn render(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let mut spans = Spans::default();
    // In a file of several programs, failures are lines of the proxy's.
    let (proxies, others): (Vec<_>, Vec<_>) = a.sources.iter().partition(|s| s.role.is_proxy());
    let instances: BTreeMap<&str, &str> = others
        .into_iter()
        .chain(proxies)
        .flat_map(|s| s.files.iter().map(move |f| (f.as_str(), s.instance.as_str())))
        .collect();
    for f in &a.failures {
        request(&mut spans, f, &instances);
    }
    let resources: Vec<Value> = spans
        .0
        .into_iter()
        .map(|(service, spans)| {
            json!({
                "resource": { "attributes": [text("service.name", &service)] },
                "scopeSpans": [{
                    "scope": { "name": a.tool.name, "version": a.tool.version },
                    "spans": spans,
                }],
            })
        })
        .collect();
    let all = json!({ "resourceSpans": resources });
    let shown = if o.compact { all.to_string() } else { format!("{all:#}") };
    let mut out = escape::json(&shown).into_owned();
    out.push('\n');
    out.into_bytes()
}

fn request(spans: &mut Spans, f: &Failure, instances: &BTreeMap<&str, &str>) {
    let place = LineRef { file: f.file.clone(), line: f.line }.to_string();
    let trace = trace_id(f, &place);
    let root = span_id(&place, 0);
    let (start, end) = (f.start.unwrap_or(f.time).min(f.time), f.time);
    let mut attributes = vec![
        text("logjoin.failure", &f.id),
        text("logjoin.cause", f.cause.as_str()),
        float("logjoin.confidence", f.confidence),
        text("logjoin.origin", f.origin.as_str()),
        text("logjoin.mechanism", f.mechanism.as_str()),
        text("logjoin.join", f.join.as_str()),
        json!({ "key": "logjoin.gateway", "value": { "boolValue": f.gateway } }),
        text("log.file.path", &f.file),
        int("log.file.line", i64::try_from(f.line).unwrap_or(i64::MAX)),
    ];
    let maybe = [
        ("http.request.method", f.method.as_deref()),
        ("url.path", f.target.as_deref()),
        ("client.address", f.client.as_deref()),
        ("http.request.id", f.request_id.as_deref()),
        ("logjoin.episode", f.episode.as_deref()),
    ];
    attributes.extend(maybe.iter().filter_map(|(k, v)| v.map(|v| text(k, v))));
    attributes.extend(f.status.map(|s| int("http.response.status_code", s.into())));
    if f.stands_for > 1 {
        attributes.push(int("logjoin.stands_for", i64::try_from(f.stands_for).unwrap_or(i64::MAX)));
    }
    let lists = [("logjoin.error_lines", &f.error_lines), ("logjoin.cause_lines", &f.cause_lines)];
    attributes.extend(lists.iter().filter(|(_, l)| !l.is_empty()).map(|(k, l)| places(k, l)));
    let name = f.method.as_deref().unwrap_or("request");
    let mut span = span(&trace, &root, "", name, SERVER, (start, end), attributes);
    span["status"] = json!({ "code": ERROR, "message": f.cause.as_str() });
    spans.add(&f.proxy, span);

    let mut parents = Vec::new();
    let mut at = start;
    for (n, t) in f.attempts.iter().enumerate() {
        let id = span_id(&place, n as u64 + 1);
        let length = t.response_s.or(t.header_s).or(t.connect_s).filter(|s| s.is_finite() && *s > 0.0);
        let is_last = n + 1 == f.attempts.len();
        let until = match length {
            Some(s) => Time(at.0.saturating_add((s * 1e9) as i64)).min(end),
            // What is not known of the only or last attempt lasted until the answer.
            None if is_last => end,
            None => at,
        };
        attempt(spans, f, t, (&trace, &id, &root), (at, until));
        parents.push((id, (at, until), t.instance.as_deref()));
        at = until;
    }
    for (n, b) in f.backend.iter().enumerate() {
        let instance = instances.get(b.at.file.as_str()).copied().unwrap_or("backend");
        let parent = parents.iter().rev().find(|(_, _, i)| *i == Some(instance)).or(parents.last());
        let (parent, times) =
            parent.map_or((root.as_str(), (start, end)), |(id, times, _)| (id.as_str(), *times));
        let id = span_id(&place, 1_000 + n as u64);
        backend(spans, instance, b, (&trace, &id, parent), times, name);
    }
}

fn attempt(spans: &mut Spans, f: &Failure, t: &Attempt, ids: (&str, &str, &str), times: (Time, Time)) {
    let mut attributes = vec![text("logjoin.mechanism", t.mechanism.as_str())];
    let maybe = [("server.address", t.address.as_deref()), ("server.instance", t.instance.as_deref())];
    attributes.extend(maybe.iter().filter_map(|(k, v)| v.map(|v| text(k, v))));
    attributes.extend(t.status.map(|s| int("http.response.status_code", s.into())));
    let lengths = [
        ("logjoin.connect_s", t.connect_s),
        ("logjoin.header_s", t.header_s),
        ("logjoin.response_s", t.response_s),
    ];
    attributes.extend(lengths.iter().filter_map(|(k, v)| v.map(|v| float(k, v))));
    let mut span = span(ids.0, ids.1, ids.2, "attempt", CLIENT, times, attributes);
    span["status"] = json!({ "code": ERROR, "message": t.mechanism.as_str() });
    spans.add(&f.proxy, span);
}

fn backend(
    spans: &mut Spans,
    instance: &str,
    b: &BackendJoin,
    ids: (&str, &str, &str),
    times: (Time, Time),
    name: &str,
) {
    let attributes = vec![
        float("logjoin.join.confidence", b.confidence),
        text("logjoin.join.how", b.how.as_str()),
        // A joined line has a moment, not a length: the span lasts as long as the proxy waited for it.
        text("logjoin.time.source", "proxy"),
        text("log.file.path", &b.at.file),
        int("log.file.line", i64::try_from(b.at.line).unwrap_or(i64::MAX)),
    ];
    spans.add(instance, span(ids.0, ids.1, ids.2, name, SERVER, times, attributes));
}

impl Spans {
    fn add(&mut self, service: &str, span: Value) {
        self.0.entry(service.to_owned()).or_default().push(span);
    }
}

fn span(
    trace: &str,
    id: &str,
    parent: &str,
    name: &str,
    kind: u8,
    (start, end): (Time, Time),
    attributes: Vec<Value>,
) -> Value {
    json!({
        "traceId": trace,
        "spanId": id,
        "parentSpanId": parent,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": start.0.to_string(),
        "endTimeUnixNano": end.0.to_string(),
        "attributes": attributes,
    })
}

fn trace_id(f: &Failure, place: &str) -> String {
    let digits = f.request_id.as_deref().unwrap_or("").replace('-', "").to_ascii_lowercase();
    let is_id = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id && digits.bytes().any(|b| b != b'0') {
        return digits;
    }
    let h = hash(place.as_bytes());
    format!("{:016x}{h:016x}", pair(h, 0x0074_7261_6365))
}

fn span_id(place: &str, n: u64) -> String {
    format!("{:016x}", pair(hash(place.as_bytes()), n))
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn int(key: &str, value: i64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn float(key: &str, value: f64) -> Value {
    json!({ "key": key, "value": { "doubleValue": value } })
}

fn places(key: &str, lines: &[LineRef]) -> Value {
    let values: Vec<Value> = lines.iter().map(|l| json!({ "stringValue": l.to_string() })).collect();
    json!({ "key": key, "value": { "arrayValue": { "values": values } } })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::sample;
    use super::*;

    #[test]
    fn each_failure_is_a_trace_whose_spans_hang_together() {
        let a = sample::rich();
        let v: Value = serde_json::from_slice(&render(&a, &RenderOptions::default())).unwrap();
        let mut spans = Vec::new();
        for r in v["resourceSpans"].as_array().unwrap() {
            assert_eq!(r["resource"]["attributes"][0]["key"], "service.name");
            spans.extend(r["scopeSpans"][0]["spans"].as_array().unwrap());
        }
        let ids: BTreeSet<&str> = spans.iter().map(|s| s["spanId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), spans.len(), "ids are unique");
        let roots = spans.iter().filter(|s| s["parentSpanId"] == "").count();
        assert_eq!(roots, a.failures.len());
        let attempts: usize = a.failures.iter().map(|f| f.attempts.len()).sum();
        let joined: usize = a.failures.iter().map(|f| f.backend.len()).sum();
        assert_eq!(spans.len(), roots + attempts + joined);
        for s in &spans {
            let parent = s["parentSpanId"].as_str().unwrap();
            assert!(parent.is_empty() || ids.contains(parent));
            assert_eq!((s["traceId"].as_str().unwrap().len(), s["spanId"].as_str().unwrap().len()), (32, 16));
            let ns = |k: &str| s[k].as_str().unwrap().parse::<i64>().unwrap();
            assert!(ns("startTimeUnixNano") <= ns("endTimeUnixNano"));
        }
        let has_confidence = |s: &&&Value| s["attributes"].to_string().contains("logjoin.join.confidence");
        assert_eq!(spans.iter().filter(has_confidence).count(), joined);
    }

    #[test]
    fn a_trace_id_that_was_logged_is_kept() {
        let mut f = sample::rich().failures[0].clone();
        f.request_id = Some("0af76519-16cd-43dd-8448-eb211c80319c".into());
        assert_eq!(trace_id(&f, "x:1"), "0af7651916cd43dd8448eb211c80319c");
        f.request_id = Some("0".repeat(32));
        assert_ne!(trace_id(&f, "x:1"), "0".repeat(32));
    }
}
