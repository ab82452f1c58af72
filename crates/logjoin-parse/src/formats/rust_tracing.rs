//! Rust's two usual loggers, tracing-subscriber and env_logger, with the request lines of tower-http and actix-web.

use super::words::{self, is_level, text};
use crate::bytes::{Cursor, uint};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "rust-tracing",
    title: "Rust: tracing-subscriber and env_logger",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "tracing-subscriber fmt/format/mod.rs (Full), env_logger fmt/mod.rs (default format); tower-http trace/on_response.rs",
    samples: &[
        "2026-11-20T10:00:00.123456Z  INFO tower_http::trace::on_response: finished processing request latency=12 ms status=200",
        "2026-11-20T10:00:00.123456Z ERROR request{method=GET uri=/x version=HTTP/1.1}: tower_http::trace::on_failure: response failed latency=3 ms",
        "2026-11-20T10:00:00.123456Z DEBUG request{method=GET uri=/x version=HTTP/1.1}: tower_http::trace::on_response: finished processing request latency=12 ms status=200",
        "[2026-11-20T10:00:00Z INFO  shop::web] listening on 0.0.0.0:8080",
        r#"[2026-11-20T10:00:00Z INFO  actix_web::middleware::logger] 127.0.0.1 "GET /x HTTP/1.1" 200 12 "-" "curl" 0.000123"#,
    ],
    parse: |line| rust(line).ok_or(ParseError::new(0, "time LEVEL module::path: message")),
};

fn rust(line: &[u8]) -> Option<Record<'_>> {
    let body = line.strip_prefix(b"[").unwrap_or(line);
    let (stamp, rest) = Stamp::iso(body)?;
    let mut c = Cursor::new(rest);
    c.run(|b| b == b' ');
    let level = c.run(|b| b.is_ascii_uppercase());
    c.run(|b| b == b' ');
    if !is_level(level) || rest.first() != Some(&b' ') {
        return None;
    }
    let module =
        |m: &[u8]| !m.is_empty() && m.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'));
    if body.len() != line.len() {
        let target = c.until(b']')?;
        c.eat(b" ")?;
        if !module(target) {
            return None;
        }
        if let Some(mut a) = actix(c.rest()) {
            a.level = text(level);
            return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
        }
        let log = LogLine {
            level: text(level),
            logger: text(target),
            message: c.rest().into(),
            ..LogLine::default()
        };
        return Some(words::log(&FORMAT, Some(stamp), log));
    }
    let mut a = Access::default();
    let mut id = None;
    // spans: name{field=value ...}:
    loop {
        let before = c;
        let name = c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if name.is_empty() || c.eat(b"{").is_none() {
            c = before;
            break;
        }
        let fields = c.until_str(b"}:")?;
        c.run(|b| b == b' ');
        id = id.or(words::request_id(fields));
        for field in fields.split(|b| *b == b' ') {
            let Some(at) = memchr::memchr(b'=', field) else { continue };
            let value = field[at + 1..].trim_ascii();
            match &field[..at] {
                b"method" | b"http.method" => a.method = text(value),
                b"uri" | b"path" | b"http.target" => a.path = text(value),
                b"version" => a.http_version = text(value.strip_prefix(b"HTTP/").unwrap_or(value)),
                _ => {}
            }
        }
    }
    let target = c.run(|b| b != b' ');
    let target = target.strip_suffix(b":")?;
    if !module(target)
        || memchr::memchr(b':', target).is_none()
            && id.is_none()
            && a.method.is_none()
            && stamp.precision != Precision::Micros
    {
        return None;
    }
    c.eat(b" ");
    let message = c.rest();
    id = id.or(words::request_id(message));
    let status = after(message, b"status=").and_then(uint);
    if let (Some(status), Some(_), Some(_)) = (status, &a.method, &a.path) {
        a.status = Some(status as i32);
        if let Some(at) = memchr::memmem::find(message, b"latency=") {
            let end = message[at..].split(|b| *b == b' ').take(2).map(|w| w.len() + 1).sum::<usize>();
            let value = message.get(at + 8..(at + end).min(message.len())).unwrap_or_default();
            if let Some((us, unit)) =
                words::duration(value).or_else(|| words::duration(value.split(|b| *b == b' ').next()?))
            {
                (a.duration_us, a.duration_unit_us) = (Some(us), unit);
            }
        }
        (a.level, a.request_id) = (text(level), id.and_then(text));
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
    let mut log = LogLine {
        level: text(level),
        logger: text(target),
        message: message.into(),
        request_id: id.and_then(text),
        ..LogLine::default()
    };
    for (name, value) in [("method", a.method), ("path", a.path)] {
        log.extra.extend(value.map(|v| (name.into(), v)));
    }
    Some(words::log(&FORMAT, Some(stamp), log))
}

fn after<'a>(b: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(b, key)? + key.len();
    let rest = &b[at..];
    Some(&rest[..memchr::memchr(b' ', rest).unwrap_or(rest.len())])
}

/// actix-web's default request line, whose last field is seconds (`middleware/logger.rs`).
fn actix(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    let client = c.until(b' ')?;
    let request = c.quoted()?;
    c.eat(b" ")?;
    let (status, bytes) = (uint(c.until(b' ')?)?, crate::bytes::int(c.until(b' ')?));
    let referrer = c.quoted()?;
    c.eat(b" ")?;
    let agent = c.quoted()?;
    c.eat(b" ")?;
    let (us, unit) = words::scaled(c.rest().trim_ascii(), 1_000_000_000)?;
    let (method, path, version) = crate::bytes::split_request(request);
    let (client_ip, client_port) = super::fields::split_port(client.into());
    Some(Access {
        client_ip,
        client_port,
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: Some(status as i32),
        bytes,
        referrer: text(referrer),
        user_agent: text(agent),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(r: Option<Record<'static>>) -> LogLine<'static> {
        match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_and_messages() {
        for (i, us) in [(2, 12_000), (4, 123)] {
            let Body::Access(a) = rust(FORMAT.samples[i].as_bytes()).expect("a request").body else {
                panic!("a request")
            };
            assert_eq!((a.path.as_deref(), a.status, a.duration_us), (Some(&b"/x"[..]), Some(200), Some(us)));
        }
        let l = log(rust(FORMAT.samples[1].as_bytes()));
        assert_eq!(l.logger.as_deref(), Some(&b"tower_http::trace::on_failure"[..]));
        assert_eq!(l.extra.len(), 2);
        assert!(rust(b"2026-11-20T10:00:00.123Z  INFO started: all well").is_none());
    }
}
