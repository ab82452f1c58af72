//! Python's `logging` in the layouts that its documentation, Flask, Celery, Django, OpenStack and loguru use, and the
//! development servers of Flask and Django.

use super::asgi::uvicorn_request;
use super::when::any_stamp;
use super::words::{self, is_level, is_method, pid, scaled, text, upper_level};
use crate::bytes::{Cursor, int, split_request};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static LOGGING: FormatDef = FormatDef {
    id: "python-logging",
    title: "Python logging",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "CPython Lib/logging/__init__.py (asctime with a comma), flask/logging.py, celery/app/defaults.py, oslo_log/_options.py, loguru _defaults.py",
    samples: &[
        "2026-11-21 02:46:45,018 INFO [shop.web] application shop ready (pid 26530)",
        "2026-11-21 02:46:45,018 - shop.web - ERROR - no stock request_id=aa11bb22",
        "2026-11-21 02:46:45,018 ERROR shop.web: no stock",
        "[2026-11-21 02:46:45,018] ERROR in app: Exception on /x [GET]",
        "[2026-11-21 02:46:45,018: ERROR/ForkPoolWorker-1] Task raised unexpected",
        "2025-05-14 04:26:35.767 150 INFO glance.async_ [-] Threadpool model set",
        "2026-11-21 02:46:45.018 | WARNING  | shop.web:handle:42 - slow",
        "ERROR:shop.web:no stock",
        "ERROR 2026-11-21 02:46:45,018 views 123 140 no stock",
    ],
    parse: logging,
};

fn logging(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_logging(line).ok_or(ParseError::new(0, "a line of Python's logging"))
}

fn read_logging(line: &[u8]) -> Option<Record<'_>> {
    if !line.first()?.is_ascii_digit() && line[0] != b'[' {
        return level_first(line);
    }
    let body = line.strip_prefix(b"[").unwrap_or(line);
    let (stamp, rest) = Stamp::iso(body)?;
    let mut log = LogLine::default();
    if body.len() != line.len() {
        bracketed(rest, &mut log)?;
    } else if let Some(rest) = rest.strip_prefix(b" | ") {
        loguru(rest, &mut log)?;
    } else if let Some(rest) = rest.strip_prefix(b" - ") {
        dashed(rest, &mut log)?;
    } else {
        spaced(rest.strip_prefix(b" ")?, &mut log)?;
        // a level alone after a time is anybody's; the comma before the milliseconds is Python's
        if log.logger.is_none()
            && log.pid.is_none()
            && memchr::memchr(b',', &line[..line.len() - rest.len()]).is_none()
        {
            return None;
        }
    }
    if let Some(a) = uvicorn_request(&log) {
        return Some(words::access(&LOGGING, Some(stamp), Anchor::End, a));
    }
    if let Some(mut a) = openstack_request(&log) {
        a.level = log.level;
        a.pid = log.pid;
        a.request_id = log.request_id;
        return Some(words::access(&LOGGING, Some(stamp), Anchor::End, a));
    }
    Some(words::log(&LOGGING, Some(stamp), log))
}

fn is_name(b: &[u8]) -> bool {
    !b.is_empty() && b.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/'))
}

/// `INFO [name] message`, `INFO name: message`, `150 INFO name [-] message`, `INFO message`.
fn spaced<'a>(rest: &'a [u8], log: &mut LogLine<'a>) -> Option<()> {
    let mut c = Cursor::new(rest);
    if c.peek()?.is_ascii_digit() {
        log.pid = Some(pid(c.until(b' ')?)?);
    }
    let level = c.run(|b| b.is_ascii_alphabetic());
    if !upper_level(level) {
        return None;
    }
    log.level = text(level);
    if log.pid.is_some() {
        c.eat(b" ")?;
        let name = c.until(b' ')?;
        c.eat(b"[")?;
        let context = c.until(b']')?;
        // oslo.log: [req-<uuid> user project ...], or the ids with their names left out
        let id = context.split(|b| *b == b' ').next().filter(|w| w.starts_with(b"req-"));
        let global = context.split(|b| *b == b' ').find_map(|w| w.strip_prefix(b"req-"));
        (log.logger, log.request_id) = (text(name), id.or(global).and_then(text));
    } else {
        c.run(|b| b == b' ');
        let before = c;
        if c.eat(b"[").is_some() {
            match c.until(b']') {
                // a bracket that a level's blank precedes is the name only when it looks like one
                Some(name) if is_name(name) && matches!(c.peek(), Some(b' ' | b':') | None) => {
                    log.logger = text(name)
                }
                _ => c = before,
            }
        } else {
            let name = c.run(|b| !matches!(b, b' ' | b':'));
            if is_name(name) && c.eat(b": ").is_some() && memchr::memchr(b'.', name).is_some() {
                log.logger = text(name);
            } else {
                c = before;
            }
        }
        c.eat(b":");
    }
    log.message = c.rest().trim_ascii_start().into();
    Some(())
}

/// ` - name - LEVEL - message`, the format of the logging tutorial.
fn dashed<'a>(rest: &'a [u8], log: &mut LogLine<'a>) -> Option<()> {
    let mut c = Cursor::new(rest);
    let first = c.until_str(b" - ")?;
    if upper_level(first.trim_ascii()) {
        log.level = text(first);
    } else {
        let level = c.until_str(b" - ")?;
        if !upper_level(level.trim_ascii()) || first.len() > 120 {
            return None;
        }
        (log.logger, log.level) = (text(first), text(level));
    }
    log.message = c.rest().into();
    Some(())
}

/// `LEVEL    | module:function:line - message`.
fn loguru<'a>(rest: &'a [u8], log: &mut LogLine<'a>) -> Option<()> {
    let mut c = Cursor::new(rest);
    let level = c.until(b'|')?;
    c.eat(b" ")?;
    let name = c.until_str(b" - ")?;
    (log.level, log.logger, log.message) = (text(level), text(name), c.rest().into());
    is_level(level.trim_ascii()).then_some(())
}

/// `] ERROR in module: message` (Flask), `: ERROR/Worker-1] message` (Celery), `] ERROR message`.
fn bracketed<'a>(rest: &'a [u8], log: &mut LogLine<'a>) -> Option<()> {
    let mut c = Cursor::new(rest);
    if c.eat(b": ").is_some() {
        let level = c.until(b'/')?;
        let process = c.until(b']')?;
        if !upper_level(level) {
            return None;
        }
        (log.level, log.thread) = (text(level), text(process));
    } else {
        c.eat(b"] ")?;
        let level = c.run(|b| b.is_ascii_uppercase());
        if !upper_level(level) || c.eat(b" in ").is_none() {
            return None;
        }
        (log.level, log.logger) = (text(level), text(c.until(b':')?));
    }
    log.message = c.rest().trim_ascii_start().into();
    Some(())
}

/// `ERROR:name:message` (`basicConfig`) and Django's `ERROR 2026-11-21 02:46:45,018 module pid thread message`.
fn level_first(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let level = c.run(|b| b.is_ascii_uppercase());
    if !upper_level(level) {
        return None;
    }
    let mut log = LogLine { level: text(level), ..LogLine::default() };
    if c.eat(b":").is_some() {
        let name = c.until(b':')?;
        // a stamp there is that of another layout
        if !is_name(name) || c.peek() == Some(b'/') || name[0].is_ascii_digit() {
            return None;
        }
        (log.logger, log.message) = (text(name), c.rest().into());
        return Some(words::log(&LOGGING, None, log));
    }
    c.eat(b" ")?;
    let (stamp, rest) = Stamp::iso(c.rest())?;
    let mut c = Cursor::new(rest.strip_prefix(b" ")?);
    let (module, process) = (c.until(b' ')?, pid(c.until(b' ')?)?);
    c.int()?;
    c.eat(b" ");
    (log.logger, log.pid, log.message) = (text(module), Some(process), c.rest().into());
    Some(words::log(&LOGGING, Some(stamp), log))
}

/// `10.0.0.1 "GET /v2 HTTP/1.1" status: 200  len: 123 time: 0.0123` and `10.0.0.1 - - [..] "GET /v2 HTTP/1.1" 200 1 0.01`,
/// eventlet's request line inside OpenStack's services (`eventlet/wsgi.py`, `DEFAULT_LOG_FORMAT`; nova's).
fn openstack_request<'a>(log: &LogLine<'a>) -> Option<Access<'a>> {
    if !log.logger.as_deref()?.starts_with(b"eventlet.wsgi") {
        return None;
    }
    let std::borrow::Cow::Borrowed(message) = log.message else { return None };
    let mut c = Cursor::new(message);
    let client = c.until(b' ')?;
    c.until(b'"')?;
    let request = c.until(b'"')?;
    c.eat(b" ")?;
    let (method, path, version) = split_request(request);
    let mut a = Access {
        client_ip: text(client.split(|b| *b == b',').next().unwrap_or(client)),
        method: method.filter(|m| is_method(m)).and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        ..Access::default()
    };
    a.method.as_ref()?;
    let mut numbers = c.rest().split(|b| *b == b' ').filter(|w| w.first().is_some_and(u8::is_ascii_digit));
    a.status = int(numbers.next()?).map(|v| v as i32);
    a.bytes = numbers.next().and_then(int);
    if let Some((us, unit)) = numbers.next().and_then(|n| scaled(n, 1_000_000_000)) {
        (a.duration_us, a.duration_unit_us) = (Some(us), unit);
    }
    Some(a)
}

pub(super) static WERKZEUG: FormatDef = FormatDef {
    id: "werkzeug-access",
    title: "request lines of the Flask and Django development servers",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "werkzeug/serving.py WSGIRequestHandler.log; django/core/servers/basehttp.py",
    samples: &[
        r#"127.0.0.1 - - [20/Nov/2026 10:00:00] "GET /x HTTP/1.1" 200 -"#,
        "127.0.0.1 - - [20/Nov/2026 10:00:00] \"\u{1b}[33mGET /x HTTP/1.1\u{1b}[0m\" 404 -",
        r#"INFO:werkzeug:127.0.0.1 - - [20/Nov/2026 10:00:00] "GET /x HTTP/1.1" 200 -"#,
        r#"[20/Nov/2026 10:00:00] "GET /x HTTP/1.1" 500 56516"#,
    ],
    parse: werkzeug,
};

fn werkzeug(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read_werkzeug(&mut c).ok_or(ParseError::new(c.offset(), "[20/Nov/2026 10:00:00] \"request\" status"))
}

fn read_werkzeug<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    let level = c.eat(b"INFO:werkzeug:").map(|()| &b"INFO"[..]);
    let client = if c.peek()? == b'[' {
        None
    } else {
        let client = c.until(b' ')?;
        c.eat(b"- - ")?;
        Some(client)
    };
    c.eat(b"[")?;
    let (stamp, rest) = any_stamp(c.rest())?;
    // Apache and its kin have a colon between date and time
    if c.rest().get(11) != Some(&b' ') {
        return None;
    }
    c.take(c.rest().len() - rest.len())?;
    c.eat(b"] \"")?;
    let request = plain_text(c.until(b'"')?);
    c.eat(b" ")?;
    let status = int(c.before(b' '))?;
    c.eat(b" ");
    let (method, path, version) = split_request(request);
    let a = Access {
        client_ip: client.and_then(text),
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: Some(status as i32),
        bytes: int(c.rest()),
        level: level.and_then(text),
        ..Access::default()
    };
    Some(words::access(&WERKZEUG, Some(stamp), Anchor::End, a))
}

/// Without the colour codes around it.
fn plain_text(mut b: &[u8]) -> &[u8] {
    while let Some(rest) = b.strip_prefix(b"\x1b[") {
        b = &rest[memchr::memchr(b'm', rest).map_or(0, |i| i + 1)..];
    }
    &b[..memchr::memchr(0x1b, b).unwrap_or(b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn every_layout_of_logging() {
        for (i, level, logger, message) in [
            (0, "INFO", "shop.web", "application shop ready (pid 26530)"),
            (1, "ERROR", "shop.web", "no stock request_id=aa11bb22"),
            (2, "ERROR", "shop.web", "no stock"),
            (3, "ERROR", "app", "Exception on /x [GET]"),
            (4, "ERROR", "", "Task raised unexpected"),
            (5, "INFO", "glance.async_", "Threadpool model set"),
            (6, "WARNING", "shop.web:handle:42", "slow"),
            (7, "ERROR", "shop.web", "no stock"),
            (8, "ERROR", "views", "no stock"),
        ] {
            let Body::Log(l) = logging(LOGGING.samples[i].as_bytes()).expect(LOGGING.samples[i]).body else {
                panic!("a message")
            };
            assert_eq!(l.level.as_deref(), Some(level.as_bytes()), "{i}");
            assert_eq!(l.logger.as_deref().unwrap_or_default(), logger.as_bytes(), "{i}");
            assert_eq!(&*l.message, message.as_bytes(), "{i}");
        }
    }

    #[test]
    fn requests() {
        for s in WERKZEUG.samples {
            let Body::Access(a) = werkzeug(s.as_bytes()).expect(s).body else { panic!("a request") };
            assert_eq!(
                (a.method.as_deref(), a.path.as_deref(), a.http_version.as_deref()),
                (Some(&b"GET"[..]), Some(&b"/x"[..]), Some(&b"1.1"[..])),
                "{s}"
            );
        }
        let line =
            br#"2026-11-22 12:56:22,909 - uvicorn.access - INFO - 10.0.0.9:37958 - "GET /x HTTP/1.1" 200"#;
        let Body::Access(a) = logging(line).expect("uvicorn").body else { panic!("a request") };
        assert_eq!((a.status, a.client_port), (Some(200), Some(37958)));
        let line = br#"2025-05-14 04:26:48.008 150 INFO eventlet.wsgi.server [req-aa11 - - - -] 10.0.0.1 "GET /v2/images HTTP/1.1" status: 200  len: 123 time: 0.0123"#;
        let Body::Access(a) = logging(line).expect("nova").body else { panic!("a request") };
        assert_eq!((a.status, a.bytes, a.duration_us), (Some(200), Some(123), Some(12_300)));
    }
}
