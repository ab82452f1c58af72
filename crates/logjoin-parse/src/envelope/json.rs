//! Transports that write one JSON object a line: `journalctl -o json`, CloudWatch exports, Docker's fields
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
    if has(b"\"log\"") && has(b"\"stream\"") && has(b"\"time\"") {
        return docker(&parse(line)?);
    }
    None
}

fn parse(line: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(line).ok()
}

/// Journal fields (systemd.journal-fields(7)): every value is a string, times are microseconds; a text that is not
/// printable UTF-8 is an array of byte numbers, an oversized one is null.
fn journal(o: &Map<String, Value>) -> Peeled<'static> {
    let string = |key: &str| o.get(key).and_then(Value::as_str);
    let micros = |key: &str| string(key).and_then(|t| t.parse::<i64>().ok());
    let program = string("SYSLOG_IDENTIFIER").or(string("_COMM")).or(string("_SYSTEMD_UNIT"));
    let time = micros("_SOURCE_REALTIME_TIMESTAMP").or(micros("__REALTIME_TIMESTAMP"));
    if program.is_none() && time.is_none() {
        return None;
    }
    let message = match o.get("MESSAGE")? {
        Value::String(s) => s.clone().into_bytes(),
        Value::Array(list) => bytes_of(list),
        _ => Vec::new(),
    };
    let mut e = Envelope::new(EnvelopeKind::JournalJson);
    e.stamp = time.and_then(|t| t.checked_mul(1000)).map(|t| Stamp::epoch(t, Precision::Micros));
    e.host = string("_HOSTNAME").map(own);
    e.tag = program.map(own);
    e.pid = string("SYSLOG_PID").or(string("_PID")).and_then(|p| p.parse().ok());
    e.severity = string("PRIORITY").and_then(|p| p.parse().ok()).filter(|s| *s <= 7);
    Some((e, Text::Owned(message)))
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

/// Docker's fields after something wrote the object anew.
fn docker(o: &Map<String, Value>) -> Peeled<'static> {
    let log = o.get("log")?.as_str()?;
    o.get("stream")?.as_str().filter(|s| matches!(*s, "stdout" | "stderr"))?;
    let (stamp, _) = Stamp::iso(o.get("time")?.as_str()?.as_bytes())?;
    let mut e = Envelope::new(EnvelopeKind::DockerJson);
    e.stamp = Some(stamp);
    // A shipper strips the line's end: here its absence does not mean a piece.
    Some((e, own(log.trim_end_matches(['\n', '\r']))))
}

fn own(s: &str) -> Text<'static> {
    Text::Owned(s.as_bytes().to_vec())
}

/// Undoes the escapes of a JSON string (RFC 8259, section 7). What is not an escape stays as it is.
pub(super) fn unescape(text: &[u8]) -> Text<'_> {
    let Some(first) = memchr::memchr(b'\\', text) else { return text.into() };
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'\\' {
            let n = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            continue;
        }
        let (plain, used) = match after.first() {
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'r') => (b'\r', 1),
            Some(b'b') => (8, 1),
            Some(b'f') => (12, 1),
            Some(&c @ (b'"' | b'\\' | b'/')) => (c, 1),
            Some(b'u') => match code_point(after) {
                Some((c, used)) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = &after[used..];
                    continue;
                }
                None => (b'\\', 0),
            },
            _ => (b'\\', 0),
        };
        out.push(plain);
        rest = &after[used..];
    }
    Text::Owned(out)
}

/// `u003c`, or a pair of surrogates `ud83d\ude00`: the character and the bytes used.
fn code_point(b: &[u8]) -> Option<(char, usize)> {
    let high = hex4(b.get(1..5)?)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 5));
    }
    let low = b.get(5..11).filter(|l| l.starts_with(b"\\u")).and_then(|l| hex4(&l[2..]))?;
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?, 11))
}

fn hex4(b: &[u8]) -> Option<u32> {
    b.iter().try_fold(0, |v, c| Some(v * 16 + char::from(*c).to_digit(16)?))
}
