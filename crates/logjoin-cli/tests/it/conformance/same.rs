//! Whether a field of ours says what somebody else expects.
//!
//! Kinds of fields are compared as what they are (times, addresses, numbers, lists), not as text: `502` and `"502"` are
//! one status, `-` and an absent field are one nothing.

use std::net::IpAddr;

use chrono::{DateTime, Datelike, NaiveDateTime};
use serde_json::Value;

/// The value of a canonical field in a row of `logjoin parse`.
pub fn of_row<'r>(row: Option<&'r Value>, field: &str) -> Option<&'r Value> {
    let row = row?;
    let name = match field {
        "ts" => "time",
        "haproxy_error" => "message",
        other => other,
    };
    row.get(name).filter(|v| !v.is_null())
}

pub fn same(field: &str, expected: &Value, got: Option<&Value>, raw: &str) -> bool {
    match field {
        "server_name" if expected == "<NOSRV>" => return got.is_none(),
        "captured_request_headers" | "captured_response_headers" => {
            return parts(Some(expected)) == parts(got);
        }
        f if f.starts_with("upstream_") && f != "upstream_name" => return lists(expected, got),
        _ => {}
    }
    let (Some(want), Some(got)) = (text(expected), got.and_then(text)) else {
        return text(expected).is_none() && got.and_then(text).is_none();
    };
    match field {
        "ts" => same_time(expected, &want, &got, raw),
        "client_ip" => address(&want) == address(&got),
        "level" => level(&want) == level(&got),
        "http_version" => version(&want) == version(&got),
        "message" | "haproxy_error" => same_message(&want, &got),
        "error_code" => want.trim_matches([':', ' ']) == got.trim_matches([':', ' ']),
        "vhost" => without_port(&want) == without_port(&got),
        "event" | "module" => want.eq_ignore_ascii_case(&got),
        _ => same_number(&want, &got).unwrap_or(want == got),
    }
}

/// A value as text; `None` for nothing, however it is written.
fn text(v: &Value) -> Option<String> {
    let t = match v {
        Value::Null => return None,
        Value::String(s) => s.clone(),
        Value::Array(a) if a.is_empty() => return None,
        other => other.to_string(),
    };
    (!matches!(t.trim(), "" | "-")).then_some(t)
}

fn same_number(want: &str, got: &str) -> Option<bool> {
    let number = |t: &str| t.trim().trim_start_matches('+').parse::<f64>().ok();
    let (a, b) = (number(want)?, number(got)?);
    Some((a - b).abs() <= 1e-6 * a.abs().max(1.0))
}

/// The captured headers that say something.
fn parts(v: Option<&Value>) -> Vec<String> {
    let whole: Vec<String> = match v {
        Some(Value::Array(a)) => a.iter().filter_map(text).collect(),
        Some(v) => text(v).into_iter().collect(),
        None => Vec::new(),
    };
    let parts = whole.iter().flat_map(|t| t.trim_matches(['{', '}']).split('|'));
    parts.map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// Lists of attempts, one member each; `-` for a number may be read as 0.
fn lists(expected: &Value, got: Option<&Value>) -> bool {
    let members = |v: Option<&Value>| -> Vec<Option<String>> {
        match v {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(a)) => a.iter().map(text).collect(),
            Some(v) => {
                let whole = v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                whole.replace(" : ", ", ").split(", ").map(|m| text(&Value::from(m.trim()))).collect()
            }
        }
    };
    let (want, got) = (members(Some(expected)), members(got));
    if want.iter().all(Option::is_none) {
        return got.iter().all(Option::is_none);
    }
    let zero = |t: &Option<String>| t.as_deref().is_none_or(|t| t.parse() == Ok(0.0));
    want.len() == got.len()
        && want.iter().zip(&got).all(|(w, g)| match (w, g) {
            (Some(w), Some(g)) => same_number(w, g).unwrap_or(w == g),
            _ => zero(w) && zero(g),
        })
}

fn address(t: &str) -> String {
    let t = t.trim().trim_matches(['[', ']']).to_ascii_lowercase();
    match t.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().to_string(),
        Err(_) => t,
    }
}

fn level(t: &str) -> String {
    let low = t.to_ascii_lowercase();
    let one = match low.as_str() {
        "warning" | "w" => "warn",
        "err" | "severe" | "e" => "error",
        "emergency" => "emerg",
        "critical" => "crit",
        "information" | "log" | "i" => "info",
        "d" => "debug",
        "f" => "fatal",
        other => other,
    };
    one.to_owned()
}

fn version(t: &str) -> String {
    t.to_ascii_uppercase().replace("HTTP/", "")
}

fn without_port(t: &str) -> String {
    let low = t.to_ascii_lowercase();
    match low.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => low,
    }
}

/// Texts of messages, blanks and Apache's log id aside. One of the two may keep nginx's context after the message.
fn same_message(want: &str, got: &str) -> bool {
    let plain = |t: &str| {
        let t = t.split_whitespace().collect::<Vec<_>>().join(" ");
        match t.strip_prefix("AH").and_then(|r| r.split_once(": ")) {
            Some((id, rest)) if id.len() == 5 && id.bytes().all(|b| b.is_ascii_digit()) => rest.to_owned(),
            _ => t,
        }
    };
    let is_context = |tail: &str| {
        let names = ["client: ", "server: ", "request: ", "upstream: ", "host: ", "referrer: ", "referer: "];
        tail.strip_prefix(", ").is_some_and(|t| names.iter().any(|n| t.starts_with(n)))
    };
    let (want, got) = (plain(want), plain(got));
    want == got
        || !got.is_empty() && want.strip_prefix(&*got).is_some_and(is_context)
        || !want.is_empty() && got.strip_prefix(&*want).is_some_and(is_context)
}

/// A time: its wall clock, the offset if it has one, and whether it has fractions.
struct Time {
    wall: NaiveDateTime,
    offset_s: Option<i64>,
    fraction: bool,
}

fn time(v: &str) -> Option<Time> {
    if let Ok(n) = v.parse::<i64>() {
        let ms = if n.abs() < 100_000_000_000 { n.checked_mul(1000)? } else { n };
        let wall = DateTime::from_timestamp_millis(ms)?.naive_utc();
        return Some(Time { wall, offset_s: Some(0), fraction: true });
    }
    let fraction = v.len() > 19 && matches!(v.as_bytes()[19], b'.' | b',');
    if let Ok(t) = DateTime::parse_from_rfc3339(v) {
        let offset_s = Some(i64::from(t.offset().local_minus_utc()));
        return Some(Time { wall: t.naive_local(), offset_s, fraction });
    }
    let wall = NaiveDateTime::parse_from_str(v, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(Time { wall, offset_s: None, fraction })
}

/// Same instant where both have a zone, else the same wall clock: an expectation for a line without zone carries the
/// zone of the machine that made it. Compared to the millisecond, or to the second where no more is expected; a year
/// that the line lacks does not count.
fn same_time(expected: &Value, want: &str, got: &str, raw: &str) -> bool {
    let (Some(w), Some(g)) = (time(want), time(got)) else { return want == got };
    let millis = |t: &Time, wall: NaiveDateTime| {
        let wall = if raw.contains(&w.wall.year().to_string()) || expected.is_number() {
            wall
        } else {
            wall.with_year(2000).unwrap_or(wall)
        };
        wall.and_utc().timestamp_millis() - t.offset_s.unwrap_or(0) * 1000
    };
    let (mut a, mut b) = (millis(&w, w.wall), millis(&g, g.wall));
    let wall = |t: &Time, ms: i64| ms + t.offset_s.unwrap_or(0) * 1000;
    let (mut wall_a, mut wall_b) = (wall(&w, a), wall(&g, b));
    if !w.fraction {
        for ms in [&mut a, &mut b, &mut wall_a, &mut wall_b] {
            *ms -= ms.rem_euclid(1000);
        }
    }
    match (w.offset_s, g.offset_s) {
        (Some(_), Some(_)) => (a - b).abs() <= 1,
        _ => (wall_a - wall_b).abs() <= 1,
    }
}
