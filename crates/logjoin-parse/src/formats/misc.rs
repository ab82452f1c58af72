//! Loggers with a layout of their own: glog, Rust's tracing and env_logger, Monolog, .NET's console, Morgan.

use super::words::{self, is_level, is_method, short_request, text};
use crate::bytes::{Cursor, uint};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record, Stamp};

pub(super) static GLOG: FormatDef = FormatDef {
    id: "glog",
    title: "glog and klog: kubelet, controllers, gRPC",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "google/glog src/logging.cc; k8s.io/klog klog.go header: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg",
    samples: &[
        "E0517 15:04:22.619632 1952452992 logging_unittest.cc:253] Log every 3, iteration 19",
        "I20261120 10:00:00.123456   123 file.go:42] \"Started\" pod=\"web\"",
    ],
    parse: |line| glog(line).ok_or(ParseError::new(0, "Lmmdd hh:mm:ss.uuuuuu thread file:line] message")),
};

fn glog(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let level = c.take(1)?;
    if !matches!(level[0], b'I' | b'W' | b'E' | b'F') {
        return None;
    }
    let date = c.run(|b| b.is_ascii_digit());
    c.eat(b" ")?;
    let (year, md) = match date.len() {
        4 => (None, date),
        8 => (Some(uint(&date[..4])? as i32), &date[4..]),
        _ => return None,
    };
    let ((h, m, s), rest) = crate::stamp::hms(c.rest())?;
    let (ns, precision, rest) = crate::stamp::fraction(rest);
    let stamp =
        Stamp::civil(year, uint(&md[..2])? as u32, uint(&md[2..])? as u32, h, m, s, ns, precision, None)?;
    let mut c = Cursor::new(rest);
    c.run(|b| b == b' ');
    let thread = c.run(|b| b.is_ascii_digit());
    c.eat(b" ")?;
    let place = c.until(b']')?;
    c.eat(b" ");
    let log = LogLine {
        level: text(level),
        thread: text(thread),
        logger: text(place),
        message: c.rest().into(),
        ..LogLine::default()
    };
    Some(words::log(&GLOG, Some(stamp), log))
}

pub(super) static RUST: FormatDef = FormatDef {
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
            return Some(words::access(&RUST, Some(stamp), Anchor::End, a));
        }
        let log = LogLine {
            level: text(level),
            logger: text(target),
            message: c.rest().into(),
            ..LogLine::default()
        };
        return Some(words::log(&RUST, Some(stamp), log));
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
            && line.get(19) != Some(&b'.')
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
        return Some(words::access(&RUST, Some(stamp), Anchor::End, a));
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
    Some(words::log(&RUST, Some(stamp), log))
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

pub(super) static MONOLOG: FormatDef = FormatDef {
    id: "monolog",
    title: "Monolog's line format: Laravel, Symfony",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "monolog src/Monolog/Formatter/LineFormatter.php, SIMPLE_FORMAT",
    samples: &[
        r#"[2025-01-02 11:19:06] laravel.EMERGENCY: Unable to create configured logger. {"exception":"[object] (Error(code: 0): gone at /a.php:1)"#,
        "[2026-11-20T10:00:00.123456+00:00] app.ERROR: boom {\"request_id\":\"8601b555\"} []",
    ],
    parse: |line| monolog(line).ok_or(ParseError::new(0, "[time] channel.LEVEL: message")),
};

fn monolog(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line.strip_prefix(b"[")?)?;
    let mut c = Cursor::new(rest.strip_prefix(b"] ")?);
    let channel = c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    c.eat(b".")?;
    let level = c.run(|b| b.is_ascii_uppercase());
    c.eat(b": ")?;
    if channel.is_empty() || !is_level(level) {
        return None;
    }
    let log =
        LogLine { level: text(level), logger: text(channel), message: c.rest().into(), ..LogLine::default() };
    Some(words::log(&MONOLOG, Some(stamp), log))
}

pub(super) static DOTNET: FormatDef = FormatDef {
    id: "dotnet-console",
    title: ".NET console logger, two lines per record; the message is read when both are given joined",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "dotnet/runtime Microsoft.Extensions.Logging.Console SimpleConsoleFormatter.cs",
    samples: &[
        "fail: Microsoft.AspNetCore.Server.Kestrel[13]",
        "info: Microsoft.Hosting.Lifetime[0] Application started.",
    ],
    parse: |line| dotnet(line).ok_or(ParseError::new(0, "levl: Category[id]")),
};

fn dotnet(event: &[u8]) -> Option<Record<'_>> {
    let (level, rest) = (event.get(..4)?, event.get(4..)?);
    if !matches!(level, b"trce" | b"dbug" | b"info" | b"warn" | b"fail" | b"crit") {
        return None;
    }
    let mut c = Cursor::new(rest);
    c.eat(b": ")?;
    let category =
        c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'`' | b'+' | b'<' | b'>'));
    c.eat(b"[")?;
    let id = c.until(b']')?;
    uint(id.strip_prefix(b"-").unwrap_or(id))?;
    let message = c.rest().trim_ascii();
    let mut log = LogLine {
        level: text(level),
        logger: text(category),
        message: if message.is_empty() { event } else { message }.into(),
        ..LogLine::default()
    };
    log.extra.push(("event_id".into(), id.into()));
    Some(words::log(&DOTNET, None, log))
}

pub(super) static MORGAN: FormatDef = FormatDef {
    id: "morgan",
    title: "request lines without time: Morgan's tiny, dev and short, Koa's logger",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "expressjs/morgan index.js, predefined formats; koajs/logger index.js",
    samples: &[
        "GET /x?y=1 200 12.3 ms - 45",
        "GET /x 200 45 - 12.3 ms",
        "::1 - GET /x HTTP/1.1 200 45 - 12.3 ms",
        "--> GET / 200 12ms 1kb",
    ],
    parse: |line| morgan(line).ok_or(ParseError::new(0, "METHOD path status duration")),
};

fn morgan(line: &[u8]) -> Option<Record<'_>> {
    let line = line.trim_ascii();
    let (line, koa) = match line.strip_prefix(b"--> ") {
        Some(rest) => (
            &rest[..memchr::memrchr(b' ', rest).filter(|i| rest[*i..].ends_with(b"b")).unwrap_or(rest.len())],
            true,
        ),
        None => (line, false),
    };
    let space = memchr::memchr(b' ', line)?;
    let mut a = if is_method(&line[..space]) {
        short_request(line)?
    } else if koa {
        return None;
    } else {
        let mut c = Cursor::new(line);
        let client = c.until(b' ')?;
        let user = c.until(b' ')?;
        if !client.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')) {
            return None;
        }
        Access { client_ip: text(client), user: text(user), ..short_request(c.rest())? }
    };
    a.level = None;
    Some(words::access(&MORGAN, None, Anchor::End, a))
}

pub(super) static TIME_ONLY: FormatDef = FormatDef {
    id: "time-of-day",
    title: "time without a date: Elixir's Logger, Logback's and Log4j's configuration of last resort",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "elixir lib/logger/lib/logger/formatter.ex; logback BasicConfigurator; log4j2 DefaultConfiguration",
    samples: &[
        "10:00:00.123 [error] GenServer X terminating",
        "10:00:00.123 request_id=F8kxyz0123456789abcd [info] GET /x",
        "10:00:00.123 [main] INFO  com.example.App - started",
    ],
    parse: |line| time_only(line).ok_or(ParseError::new(0, "time of day and a level")),
};

fn time_only(line: &[u8]) -> Option<Record<'_>> {
    let (_, rest) = crate::stamp::hms(line)?;
    let (_, precision, rest) = crate::stamp::fraction(rest);
    let time = &line[..line.len() - rest.len()];
    let rest = rest.strip_prefix(b" ")?;
    if precision == Precision::Seconds {
        return None;
    }
    let mut log = LogLine { request_id: words::request_id(rest).and_then(text), ..LogLine::default() };
    let mut words_left = rest;
    // metadata or a thread may stand before the level
    for _ in 0..8 {
        if let Some((level, rest)) = words::take_level(words_left) {
            log.level = text(level);
            log.message = rest.into();
            if let Some(at) = memchr::memmem::find(rest, b" - ").filter(|_| log.thread.is_some()) {
                (log.logger, log.message) = (text(&rest[..at]), rest[at + 3..].into());
            }
            log.extra.push(("time".into(), time.into()));
            return Some(words::log(&TIME_ONLY, None, log));
        }
        let mut c = Cursor::new(words_left.trim_ascii_start());
        if c.eat(b"[").is_some() {
            log.thread = text(c.until(b']')?);
        } else {
            let word = c.until(b' ')?;
            memchr::memchr(b'=', word)?;
        }
        words_left = c.rest();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn requests() {
        for (r, status, us) in [
            (rust(RUST.samples[2].as_bytes()), 200, Some(12_000)),
            (rust(RUST.samples[4].as_bytes()), 200, Some(123)),
            (morgan(MORGAN.samples[0].as_bytes()), 200, Some(12_300)),
            (morgan(MORGAN.samples[1].as_bytes()), 200, Some(12_300)),
            (morgan(MORGAN.samples[2].as_bytes()), 200, Some(12_300)),
            (morgan(MORGAN.samples[3].as_bytes()), 200, Some(12_000)),
        ] {
            let Body::Access(a) = r.expect("a request").body else { panic!("a request") };
            assert_eq!((a.status, a.duration_us), (Some(status), us));
        }
        assert!(morgan(b"GET /x - - ms - -").is_none());
    }

    #[test]
    fn messages() {
        let log = |r: Option<Record<'static>>| match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        };
        let l = log(glog(GLOG.samples[0].as_bytes()));
        assert_eq!(
            (l.level.as_deref(), l.logger.as_deref()),
            (Some(&b"E"[..]), Some(&b"logging_unittest.cc:253"[..]))
        );
        let l = log(rust(RUST.samples[1].as_bytes()));
        assert_eq!(l.logger.as_deref(), Some(&b"tower_http::trace::on_failure"[..]));
        assert_eq!(l.extra.len(), 2);
        let l = log(monolog(MONOLOG.samples[1].as_bytes()));
        assert_eq!(
            (l.logger.as_deref(), l.request_id.as_deref()),
            (Some(&b"app"[..]), Some(&b"8601b555"[..]))
        );
        let l =
            log(dotnet(b"fail: Microsoft.AspNetCore.Server.Kestrel[13]\n      Connection id \"0HMV\", bad"));
        assert_eq!(&*l.message, b"Connection id \"0HMV\", bad");
        let l = log(time_only(TIME_ONLY.samples[1].as_bytes()));
        assert_eq!((l.level.as_deref(), &*l.message), (Some(&b"info"[..]), &b"GET /x"[..]));
        assert_eq!(l.request_id.as_deref(), Some(&b"F8kxyz0123456789abcd"[..]));
        let l = log(time_only(TIME_ONLY.samples[2].as_bytes()));
        assert_eq!((l.logger.as_deref(), &*l.message), (Some(&b"com.example.App"[..]), &b"started"[..]));
    }
}
