//! Lines that hold several records: what `aws logs get-log-events` and subscriptions of CloudWatch Logs deliver, batches of
//! OTLP/JSON, arrays of objects.
//!
//! The trick: each record becomes a line of its own, in the layout that its producer has for single records.

use serde_json::{Map, Value};

/// Most levels of an OTLP batch: resource, scope, record.
const OTLP: [&str; 3] = ["resourceLogs", "scopeLogs", "logRecords"];

/// The records of a line that holds several, each as a line of its own; `None` for any other line. Told by the line's
/// first key, so that it costs nothing to ask.
///
/// ```
/// use logjoin_parse::envelope::batch;
/// let line = br#"{"events":[{"timestamp":1,"message":"a","ingestionTime":2},{"timestamp":3,"message":"b","ingestionTime":4}]}"#;
/// assert_eq!(batch(line).map(|records| records.len()), Some(2));
/// assert_eq!(batch(br#"{"level":30,"msg":"up"}"#), None);
/// ```
pub fn batch(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let records: Vec<Map<String, Value>> = match line.first()? {
        b'[' if line[1..].trim_ascii_start().starts_with(b"{") => {
            let all: Vec<Value> = serde_json::from_slice(line).ok()?;
            all.into_iter().map(object).collect::<Option<_>>()?
        }
        b'{' => {
            let key = line[1..].trim_ascii_start().strip_prefix(b"\"")?;
            let known: [&[u8]; 6] = [
                b"events\"",
                b"logEvents\"",
                b"messageType\"",
                b"nextForwardToken\"",
                b"searched",
                b"resourceLogs\"",
            ];
            if !known.iter().any(|k| key.starts_with(k)) {
                return None;
            }
            let mut o: Map<String, Value> = serde_json::from_slice(line).ok()?;
            match o.remove(OTLP[0]) {
                Some(resources) => otlp(resources)?,
                None => cloudwatch(o)?,
            }
        }
        _ => return None,
    };
    let lines = records.iter().filter_map(|r| serde_json::to_vec(r).ok()).collect::<Vec<_>>();
    (!lines.is_empty()).then_some(lines)
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(o) => Some(o),
        _ => None,
    }
}

fn list(value: Option<Value>) -> Option<Vec<Value>> {
    match value? {
        Value::Array(all) => Some(all),
        _ => None,
    }
}

/// `events` of `GetLogEvents` and `FilterLogEvents`; `logEvents` of a subscription, whose stream is named once for all.
fn cloudwatch(mut o: Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let events = list(o.remove("events").or_else(|| o.remove("logEvents")))?;
    let stream = o.remove("logStream");
    let named = |mut event: Map<String, Value>| {
        if let Some(stream) = &stream {
            event.entry("logStream").or_insert_with(|| stream.clone());
        }
        event
    };
    events.into_iter().map(|e| object(e).map(named)).collect()
}

/// `ExportLogsServiceRequest` (opentelemetry-proto, `logs/v1/logs.proto`): each record is given its resource.
fn otlp(resources: Value) -> Option<Vec<Map<String, Value>>> {
    let mut records = Vec::new();
    for of_resource in list(Some(resources))? {
        let mut of_resource = object(of_resource)?;
        let resource = of_resource.remove("resource");
        for scope in list(of_resource.remove(OTLP[1]))? {
            for record in list(object(scope)?.remove(OTLP[2]))? {
                let mut record = object(record)?;
                if let Some(resource) = &resource {
                    record.entry("resource").or_insert_with(|| resource.clone());
                }
                records.push(record);
            }
        }
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, parse_any};

    fn messages(line: &str) -> Vec<(String, String)> {
        let lines = batch(line.as_bytes()).expect("a batch");
        let read = |l: &Vec<u8>| {
            let r = parse_any(l).expect("a record").into_owned();
            let stamp = r.best_stamp().map(|s| s.to_iso()).unwrap_or_default();
            let Body::Log(l) = r.body else { panic!("a message") };
            (stamp, String::from_utf8_lossy(&l.message).into_owned())
        };
        lines.iter().map(read).collect()
    }

    #[test]
    fn cloudwatch_events() {
        let all = messages(
            r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"web","logEvents":[{"id":"1","timestamp":1795168800123,"message":"[ERROR] gone"},{"id":"2","timestamp":1795168800124,"message":"up"}]}"#,
        );
        assert_eq!(all[0].0, "2026-11-20T10:00:00.123Z");
        assert_eq!(all.len(), 2);
        let list = messages(
            r#"[{"timestamp":1795168800123,"message":"gone","ingestionTime":1795168800200},{"timestamp":1795168800124,"message":"x","ingestionTime":1795168800200}]"#,
        );
        assert_eq!((list.len(), list[0].1.as_str()), (2, "gone"));
    }

    #[test]
    fn otlp_batches() {
        let all = messages(
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1795168800123000000","severityText":"ERROR","body":{"stringValue":"connection refused"}},{"timeUnixNano":"1795168801123000000","severityText":"INFO","body":{"stringValue":"ok"}}]}]}]}"#,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(all[0], ("2026-11-20T10:00:00.123000000Z".into(), "connection refused".into()));
    }

    #[test]
    fn other_lines_are_no_batches() {
        for line in [
            &b""[..],
            b"[",
            b"[{",
            b"[{}, 1]",
            b"[]",
            b"{",
            b"{\"events\":[1]}",
            b"{\"events\":[]}",
            b"{\"resourceLogs\":3}",
        ] {
            assert_eq!(batch(line), None);
        }
    }
}
