//! Python's ASGI servers beside hypercorn: uvicorn, granian, daphne.

use super::fields::split_port;
use super::words::{self, is_level, scaled, text};
use crate::bytes::{Cursor, int, split_request};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp, Text};

pub(super) static UVICORN: FormatDef = FormatDef {
    id: "uvicorn",
    title: "uvicorn's console: requests and messages, without time or with one in front",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "uvicorn/logging.py, DefaultFormatter (the level fills nine columns) and AccessFormatter; uvicorn/config.py",
    samples: &[
        r#"INFO:     127.0.0.1:58534 - "GET /x?y HTTP/1.1" 200 OK"#,
        "INFO:     Started server process [12345]",
        "WARNING:  Invalid HTTP request received.",
        r#"2026-11-22 12:56:22,909 INFO:     10.0.0.9:37958 - "GET /x?y HTTP/1.1" 200 OK"#,
    ],
    parse: uvicorn,
};

fn uvicorn(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_uvicorn(line).ok_or(ParseError::new(0, "a level that fills nine columns"))
}

fn read_uvicorn(line: &[u8]) -> Option<Record<'_>> {
    // `%(asctime)s %(levelprefix)s ...` is what its formatters are given for a time
    let (stamp, line) = match Stamp::iso(line) {
        Some((stamp, rest)) => (Some(stamp), rest.strip_prefix(b" ")?),
        None => (None, line),
    };
    let colon = memchr::memchr(b':', line.get(..10)?)?;
    let (level, message) = (&line[..colon], &line[10..]);
    let padded = line[colon + 1..10].iter().all(|b| *b == b' ');
    // CRITICAL has one blank after it, as in other layouts; the others have more
    if !is_level(level)
        || !padded
        || colon == 9
        || !level.iter().all(u8::is_ascii_uppercase)
        || message.first() == Some(&b' ')
    {
        return None;
    }
    if let Some(mut a) = request(message) {
        a.level = text(level);
        return Some(words::access(&UVICORN, stamp, Anchor::End, a));
    }
    Some(words::log(
        &UVICORN,
        stamp,
        LogLine { level: text(level), message: message.into(), ..LogLine::default() },
    ))
}

/// uvicorn's request line as the message of any other layout: `uvicorn.access` may have a formatter of one's own.
pub(super) fn uvicorn_request<'a>(log: &LogLine<'a>) -> Option<Access<'a>> {
    let Text::Borrowed(message) = log.message else { return None };
    let a = request(message)?;
    let whole = a.client_port.is_some() && a.http_version.is_some() && a.status.is_some();
    whole.then(|| Access {
        level: log.level.clone(),
        pid: log.pid,
        thread: log.thread.clone(),
        request_id: log.request_id.clone(),
        ..a
    })
}

/// `127.0.0.1:58534 - "GET /x HTTP/1.1" 200 OK`, without or with the phrase.
fn request(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    let peer = c.until(b' ')?;
    c.eat(b"- ")?;
    let request = c.quoted()?;
    c.eat(b" ")?;
    let status = int(c.before(b' '));
    let (method, path, version) = split_request(request);
    let (client_ip, client_port) = split_port(Text::Borrowed(peer));
    Some(Access {
        client_ip,
        client_port,
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: status.map(|v| v as i32),
        ..Access::default()
    })
}

pub(super) static GRANIAN: FormatDef = FormatDef {
    id: "granian-access",
    title: "granian access log",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "granian/log.py, LOGGING_CONFIG and DEFAULT_ACCESSLOG_FMT (milliseconds last)",
    samples: &[r#"[2026-11-20 10:00:00 +0000] 127.0.0.1 - "GET /x HTTP/1.1" 200 0.127"#],
    parse: granian,
};

fn granian(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_granian(line).ok_or(ParseError::new(0, "[time] address - \"request\" status milliseconds"))
}

fn read_granian(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line.strip_prefix(b"[")?)?;
    let message = rest.strip_prefix(b"] ")?;
    let mut a = request(message)?;
    let (us, unit) = scaled(&message[memchr::memrchr(b' ', message)? + 1..], 1_000_000)?;
    (a.duration_us, a.duration_unit_us) = (Some(us), unit);
    Some(words::access(&GRANIAN, Some(stamp), Anchor::Start, a))
}

pub(super) static DAPHNE: FormatDef = FormatDef {
    id: "daphne-access",
    title: "daphne access log",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "daphne/access.py, AccessLogGenerator.write_entry",
    samples: &[r#"127.0.0.1:40330 - - [21/Nov/2026:01:56:04] "GET /x?y" 200 4"#],
    parse: daphne,
};

fn daphne(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_daphne(line)
        .ok_or(ParseError::new(0, "address:port - - [time without zone] \"METHOD path\" status bytes"))
}

fn read_daphne(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let (client_ip, client_port) = split_port(Text::Borrowed(c.until(b' ')?));
    client_port?;
    c.eat(b"- - [")?;
    let (stamp, _) = Stamp::clf(c.until(b']')?)?;
    c.eat(b" ")?;
    let request = c.quoted()?;
    c.eat(b" ")?;
    let (status, bytes) = (c.until(b' ')?, c.rest());
    if stamp.offset_s.is_some() || memchr::memmem::find(request, b" HTTP/").is_some() {
        return None;
    }
    let (method, path, _) = split_request(request);
    let a = Access {
        client_ip,
        client_port,
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        status: Some(int(status)? as i32),
        bytes: int(bytes),
        ..Access::default()
    };
    Some(words::access(&DAPHNE, Some(stamp), Anchor::End, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn access(r: Result<Record<'_>, ParseError>) -> Access<'_> {
        match r.expect("a line").body {
            Body::Access(a) => a,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests() {
        let a = access(uvicorn(UVICORN.samples[0].as_bytes()));
        assert_eq!(
            (a.client_port, a.status, a.path.as_deref()),
            (Some(58534), Some(200), Some(&b"/x?y"[..]))
        );
        let line = UVICORN.samples[3].as_bytes();
        let r = uvicorn(line).expect("a request");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-22T12:56:22.909"));
        let a = access(uvicorn(line));
        assert_eq!(
            (a.client_port, a.status, a.level.as_deref()),
            (Some(37958), Some(200), Some(&b"INFO"[..]))
        );
        let a = access(granian(GRANIAN.samples[0].as_bytes()));
        assert_eq!((a.status, a.duration_us, a.duration_unit_us), (Some(200), Some(127), 1));
        let a = access(daphne(DAPHNE.samples[0].as_bytes()));
        assert_eq!((a.client_port, a.status, a.bytes), (Some(40330), Some(200), Some(4)));
    }

    #[test]
    fn other_layouts_are_left_alone() {
        for line in [
            "INFO: Initializing, config",
            "INFO:root:x y z a b",
            "SEVERE: failed to start",
            "INFO:",
            "2026-11-22 12:56:22,909 INFO: x y z a b",
        ] {
            assert!(uvicorn(line.as_bytes()).is_err(), "{line}");
        }
    }
}
