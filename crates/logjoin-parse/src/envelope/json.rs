//! Transports that write one JSON object a line: `journalctl -o json`, CloudWatch exports, log shippers, Docker's fields
//! in another order. The keys are looked for as bytes first: an application's own JSON line is not read twice.

use memchr::memmem;
use serde_json::{Map, Value};

use super::{Envelope, EnvelopeKind, Peeled};
use crate::{Precision, Stamp, Text};

/// An object of one of the known transports.
pub(super) fn object(line: &[u8]) -> Peeled<'_> {
    let has = |key: &[u8]| memmem::find(line, key).is_some();
    if has(b"\"MESSAGE\"") {
        return journal(&parse(line)?);
    }
    if has(b"\"message\"") && has(b"\"timestamp\"") && (has(b"\"ingestionTime\"") || has(b"\"logStream")) {
        return cloudwatch(&parse(line)?);
    }
    if has(b"\"log\"")
        && has(b"\"stream\"")
        && (has(b"\"time\"") || has(b"\"date\"") || has(b"\"@timestamp\""))
    {
        return docker(&parse(line)?);
    }
    if has(b"\"@timestamp\"") && has(b"\"message\"") && has(b"\"agent\"") && has(b"\"filebeat\"") {
        return filebeat(&parse(line)?);
    }
    if has(b"\"labels\"") && has(b"\"line\"") && has(b"\"timestamp\"") {
        return loki(&parse(line)?);
    }
    None
}

/// One object. A line of a list may begin with its bracket and end with a comma or bracket.
fn parse(line: &[u8]) -> Option<Map<String, Value>> {
    let line = line.strip_prefix(b"[").unwrap_or(line).trim_ascii();
    let line = line.strip_suffix(b"]").unwrap_or(line).trim_ascii();
    serde_json::from_slice(line.strip_suffix(b",").unwrap_or(line)).ok()
}

/// The CloudWatch event that `event` begins with; the end of the list that it was in may follow.
pub(super) fn first_object(event: &[u8]) -> Peeled<'static> {
    let mut values = serde_json::Deserializer::from_slice(event).into_iter::<Map<String, Value>>();
    cloudwatch(&values.next()?.ok()?)
}

/// Journal fields (systemd.journal-fields(7)): every value is a string, times are microseconds; a text that is not
/// printable UTF-8 is an array of byte numbers, an oversized one is null.
fn journal(o: &Map<String, Value>) -> Peeled<'static> {
    let message = match o.get("MESSAGE")? {
        Value::String(s) => s.clone().into_bytes(),
        Value::Array(list) => bytes_of(list),
        _ => Vec::new(),
    };
    let get = |key: &str| o.get(key).and_then(Value::as_str).map(own);
    let e = journal_envelope(EnvelopeKind::JournalJson, &get);
    (e.tag.is_some() || e.stamp.is_some()).then_some((e, Text::Owned(message)))
}

/// What the fields of a journal entry say around its message.
pub(super) fn journal_envelope<'a>(
    kind: EnvelopeKind,
    get: &dyn Fn(&str) -> Option<Text<'a>>,
) -> Envelope<'static> {
    let first = |keys: &[&str]| keys.iter().find_map(|k| get(k)).map(|t| Text::Owned(t.into_owned()));
    let number = |keys: &[&str]| keys.iter().find_map(|k| crate::bytes::int(get(k)?.as_ref()));
    let time = number(&["_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"]);
    let mut e = Envelope::new(kind);
    e.stamp = time.and_then(|t| t.checked_mul(1000)).map(|t| Stamp::epoch(t, Precision::Micros));
    e.host = first(&["_HOSTNAME"]);
    e.tag = first(&["SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT"]);
    e.pid = number(&["SYSLOG_PID", "_PID"]).and_then(|p| p.try_into().ok());
    e.severity = number(&["PRIORITY"]).and_then(|p| p.try_into().ok()).filter(|s| *s <= 7);
    e
}

/// A message as byte numbers; where a field was given several times, the first of the strings.
fn bytes_of(list: &[Value]) -> Vec<u8> {
    match list.first() {
        Some(Value::String(s)) => s.clone().into_bytes(),
        Some(Value::Array(inner)) => bytes_of_numbers(inner),
        _ => bytes_of_numbers(list),
    }
}

fn bytes_of_numbers(list: &[Value]) -> Vec<u8> {
    list.iter().filter_map(|v| v.as_u64().and_then(|n| u8::try_from(n).ok())).collect()
}

/// CloudWatch Logs `FilteredLogEvent`: `timestamp` in milliseconds, `message`, `logStreamName`.
fn cloudwatch(o: &Map<String, Value>) -> Peeled<'static> {
    let message = o.get("message")?.as_str()?;
    let time = o.get("timestamp")?.as_i64()?.checked_mul(1_000_000)?;
    let mut e = Envelope::new(EnvelopeKind::CloudWatch);
    e.stamp = Some(Stamp::epoch(time, Precision::Millis));
    e.tag = o.get("logStreamName").or(o.get("logStream")).and_then(Value::as_str).map(own);
    Some((e, own(message.trim_end_matches(['\n', '\r']))))
}

/// Docker's fields after something wrote the object anew; Fluent Bit and Fluentd name the time otherwise and add the pod.
fn docker(o: &Map<String, Value>) -> Peeled<'static> {
    let log = o.get("log")?.as_str()?;
    o.get("stream")?.as_str().filter(|s| matches!(*s, "stdout" | "stderr"))?;
    let time = ["time", "@timestamp", "date"].iter().find_map(|k| o.get(*k))?;
    let mut e =
        Envelope::new(if o.contains_key("time") { EnvelopeKind::DockerJson } else { EnvelopeKind::Shipper });
    e.stamp = Some(match time {
        Value::String(t) => Stamp::iso(t.as_bytes())?.0,
        number => Stamp::epoch_number(number.to_string().as_bytes())?,
    });
    let pod = |key: &str| o.get("kubernetes")?.get(key)?.as_str().map(own);
    (e.host, e.tag) = (pod("pod_name"), pod("container_name"));
    // A shipper strips the line's end: here its absence does not mean a piece.
    Some((e, own(log.trim_end_matches(['\n', '\r']))))
}

/// Filebeat's event of a line that it did not take apart: `message`, `@timestamp`, `host.name`, `log.file.path`.
fn filebeat(o: &Map<String, Value>) -> Peeled<'static> {
    let message = o.get("message")?.as_str()?;
    let (stamp, _) = Stamp::iso(o.get("@timestamp")?.as_str()?.as_bytes())?;
    o.get("agent")?.get("type")?.as_str().filter(|t| *t == "filebeat")?;
    let mut e = Envelope::new(EnvelopeKind::Shipper);
    e.stamp = Some(stamp);
    e.host = o.get("host").and_then(|h| h.get("name")?.as_str()).map(own);
    e.tag = o.get("log").and_then(|l| l.get("file")?.get("path")?.as_str()).map(own);
    Some((e, own(message)))
}

/// A line of Loki as its command line prints it (`logcli -o jsonl`).
fn loki(o: &Map<String, Value>) -> Peeled<'static> {
    let line = o.get("line")?.as_str()?;
    let (stamp, _) = Stamp::iso(o.get("timestamp")?.as_str()?.as_bytes())?;
    let label = |keys: &[&str]| keys.iter().find_map(|k| o.get("labels")?.get(*k)?.as_str()).map(own);
    let mut e = Envelope::new(EnvelopeKind::Shipper);
    e.stamp = Some(stamp);
    e.host = label(&["pod", "host", "hostname", "instance"]);
    e.tag = label(&["container", "app", "job", "service_name"]);
    Some((e, own(line.trim_end_matches(['\n', '\r']))))
}

fn own(s: &str) -> Text<'static> {
    Text::Owned(s.as_bytes().to_vec())
}
