//! Go: the `log` package, gin, chi, echo and fiber's request lines, zap's and Caddy's console.

use super::json;
use super::when::gin as gin_stamp;
use super::words::{self, duration, is_level, is_method, short_request, take_level, text};
use crate::bytes::{Cursor, int, split_request};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static GO: FormatDef = FormatDef {
    id: "go-log",
    title: "Go's log package, with request lines of applications and of chi",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "Go log/log.go formatHeader; chi middleware/logger.go",
    samples: &[
        "2026/11/21 02:26:03 INFO: server started addr=10.20.1.11:21101",
        "2026/11/21 02:26:06 INFO: GET /search?q=blue+shoes 200 287 67.29ms request_id=c2f1e5ff-d510-26d1",
        "2026/11/21 02:26:17 http: panic serving 10.20.0.5:35452: runtime error: invalid memory address or nil pointer dereference",
        r#"2026/11/20 10:00:00 [host/abc-000001] "GET http://h/x HTTP/1.1" from 10.0.0.1:4242 - 200 12B in 1.2ms"#,
        "2026/11/20 10:00:00.123456 main.go:42: listening",
    ],
    parse: go,
};

fn go(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_go(line).ok_or(ParseError::new(0, "2026/11/21 02:26:03 message"))
}

fn read_go(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::slashed(line)?;
    let mut message = rest.strip_prefix(b" ")?;
    // nginx's error log has the same time, then `[level] pid#tid:`
    if message.first() == Some(&b'[') && memchr::memchr(b'#', message.get(..message.len().min(40))?).is_some()
    {
        return None;
    }
    let mut log = LogLine::default();
    // Lshortfile, Llongfile
    if let Some(at) = memchr::memmem::find(&message[..message.len().min(160)], b".go:") {
        let mut c = Cursor::new(&message[at + 4..]);
        if !c.run(|b| b.is_ascii_digit()).is_empty()
            && c.eat(b": ").is_some()
            && memchr::memchr(b' ', &message[..at]).is_none()
        {
            let end = at + 4 + c.offset();
            log.logger = text(&message[..end - 2]);
            message = &message[end..];
        }
    }
    if let Some((level, rest)) = take_level(message) {
        log.level = text(level);
        message = rest;
    }
    if let Some(mut a) = short_request(message).or_else(|| chi(message)) {
        a.level = log.level;
        return Some(words::access(&GO, Some(stamp), Anchor::End, a));
    }
    log.message = message.into();
    Some(words::log(&GO, Some(stamp), log))
}

/// `[host/abc-000001] "GET http://h/x HTTP/1.1" from 10.0.0.1:4242 - 200 12B in 1.2ms`.
fn chi(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    let id = c.eat(b"[").and_then(|()| c.until(b']'));
    c.eat(b" ");
    let request = c.quoted()?;
    c.eat(b" from ")?;
    let peer = c.until(b' ')?;
    c.eat(b"- ")?;
    let status = int(c.until(b' ')?)?;
    let bytes = int(c.until(b' ')?.strip_suffix(b"B")?);
    c.eat(b"in ")?;
    let (us, unit) = duration(c.before(b' '))?;
    let (method, path, version) = split_request(request);
    let (client_ip, client_port) = super::fields::split_port(peer.into());
    Some(Access {
        client_ip,
        client_port,
        method: method.and_then(text),
        path: path.map(without_host).and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: Some(status as i32),
        bytes,
        duration_us: Some(us),
        duration_unit_us: unit,
        request_id: id.and_then(text),
        ..Access::default()
    })
}

/// chi writes an absolute URL that the client never sent.
fn without_host(url: &[u8]) -> &[u8] {
    let rest = url.strip_prefix(b"http://").or_else(|| url.strip_prefix(b"https://"));
    rest.and_then(|r| Some(&r[memchr::memchr(b'/', r)?..])).unwrap_or(url)
}

pub(super) static GIN: FormatDef = FormatDef {
    id: "gin",
    title: "gin's and fiber's request lines and gin's debug messages",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "gin logger.go defaultLogFormatter, debug.go; fiber middleware/logger",
    samples: &[
        r#"[GIN] 2026/11/20 - 10:00:00 | 200 |     1.234ms |       10.0.0.1 | GET      "/x?y=1""#,
        "[GIN-debug] Listening and serving HTTP on :8080",
        "[10:00:00] 10.0.0.1 200 - 1.2ms GET /x -",
    ],
    parse: gin,
};

fn gin(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_gin(line)
        .or_else(|| fiber(line))
        .ok_or(ParseError::new(0, "[GIN] time | status | duration | address | METHOD \"path\""))
}

fn read_gin(line: &[u8]) -> Option<Record<'_>> {
    if let Some(message) = line.strip_prefix(b"[GIN-debug] ") {
        return Some(words::log(&GIN, None, LogLine { message: message.into(), ..LogLine::default() }));
    }
    let (stamp, rest) = gin_stamp(line.strip_prefix(b"[GIN] ")?)?;
    let mut c = Cursor::new(rest);
    c.until(b'|')?;
    let status = int(colourless(c.until(b'|')?))?;
    let (us, unit) = duration(colourless(c.until(b'|')?))?;
    let client = c.until(b'|')?;
    let rest = colourless(c.rest());
    let mut c = Cursor::new(rest);
    let method = c.run(|b| b.is_ascii_uppercase());
    c.until(b'"')?;
    let path = c.before(b'"');
    let a = Access {
        client_ip: text(client),
        method: text(method),
        path: text(path),
        status: Some(status as i32),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    };
    Some(words::access(&GIN, Some(stamp), Anchor::End, a))
}

/// Without the colour codes on both sides.
fn colourless(b: &[u8]) -> &[u8] {
    let mut b = b.trim_ascii();
    while let Some(rest) = b.strip_prefix(b"\x1b[") {
        b = rest[memchr::memchr(b'm', rest).map_or(0, |i| i + 1)..].trim_ascii_start();
    }
    b[..memchr::memchr(0x1b, b).unwrap_or(b.len())].trim_ascii_end()
}

/// `[15:04:05] 10.0.0.1 200 - 1.2ms GET /x -`: time of day only, so the record has no stamp.
fn fiber(line: &[u8]) -> Option<Record<'_>> {
    crate::stamp::hms(line.strip_prefix(b"[")?)?;
    let mut c = Cursor::new(&line[9..]);
    c.eat(b"] ")?;
    let client = c.until(b' ')?;
    let status = int(c.until(b' ')?)?;
    c.eat(b"- ")?;
    c.run(|b| b == b' ');
    let (us, unit) = duration(c.until(b' ')?)?;
    c.run(|b| b == b' ');
    let method = c.until(b' ')?;
    let path = c.before(b' ');
    if !is_method(method) {
        return None;
    }
    let a = Access {
        client_ip: text(client),
        method: text(method),
        path: text(path),
        status: Some(status as i32),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    };
    Some(words::access(&GIN, None, Anchor::End, a))
}

pub(super) static ZAP: FormatDef = FormatDef {
    id: "zap-console",
    title: "zap's console encoder: Caddy on a terminal, operators of Kubernetes",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "zap zapcore/console_encoder.go: tab-separated, fields as one JSON object",
    samples: &[
        "2026/11/20 10:00:00.123\tINFO\thttp.log.access\thandled request\t{\"request\":{\"method\":\"GET\",\"uri\":\"/x\",\"remote_ip\":\"10.0.0.1\"},\"duration\":0.0012,\"status\":502}",
        "2026-11-20T10:00:00.123Z\tERROR\tcontroller.pod\tpod_controller.go:42\treconcile failed\t{\"error\": \"gone\"}",
        "1.7951688001234567e+09\tinfo\tsetup\tstarting manager",
    ],
    parse: zap,
};

fn zap(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_zap(line).ok_or(ParseError::new(0, "time, level, logger and message between tabs"))
}

fn read_zap(line: &[u8]) -> Option<Record<'_>> {
    let tab = memchr::memchr(b'\t', line.get(..line.len().min(48))?)?;
    let time = &line[..tab];
    let stamp = match super::when::any_stamp(time) {
        Some((s, [])) => s,
        Some(_) => return None,
        None => {
            let v: f64 = std::str::from_utf8(time).ok()?.parse().ok()?;
            if !(1e9..4e9).contains(&v) {
                return None;
            }
            Stamp::epoch((v * 1e6) as i64 * 1000, crate::Precision::Micros)
        }
    };
    let mut parts = line[tab + 1..].split(|b| *b == b'\t');
    let level = colourless(parts.next()?);
    if !is_level(level) {
        return None;
    }
    let rest = &line[tab + 1 + memchr::memchr(b'\t', &line[tab + 1..])? + 1..];
    let (head, tail) = match memchr::memmem::find(rest, b"\t{") {
        Some(i) => (&rest[..i], Some(&rest[i + 1..])),
        None => (rest, None),
    };
    let last = memchr::memrchr(b'\t', head);
    let message = last.map_or(head, |i| &head[i + 1..]);
    let logger = last.and_then(|i| head[..i].split(|b| *b == b'\t').next()).and_then(text);
    let fields = tail.and_then(json::tail_fields);
    if let Some(f) = fields.as_ref().filter(|f| f.is_access()) {
        let mut a = f.access();
        (a.level, a.message) = (text(level), text(message));
        if let (None, Some(i)) = (a.duration_us, a.extra.iter().position(|(k, _)| k == "duration")) {
            // zap's duration encoder for consoles and Caddy's count seconds
            if let Some((us, unit)) = words::scaled(&a.extra[i].1, 1_000_000_000) {
                (a.duration_us, a.duration_unit_us) = (Some(us), unit);
                a.extra.remove(i);
            }
        }
        return Some(words::access(&ZAP, Some(stamp), Anchor::End, a));
    }
    let mut log = fields.map(|f| f.log(message)).unwrap_or_default();
    (log.level, log.message) = (text(level), message.into());
    if logger.is_some() {
        log.logger = logger;
    }
    Some(words::log(&ZAP, Some(stamp), log))
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
        let a = access(go(GO.samples[1].as_bytes()));
        assert_eq!(
            (a.status, a.bytes, a.duration_us, a.duration_unit_us),
            (Some(200), Some(287), Some(67_290), 10)
        );
        assert_eq!(a.request_id.as_deref(), Some(&b"c2f1e5ff-d510-26d1"[..]));
        let a = access(go(GO.samples[3].as_bytes()));
        assert_eq!(
            (a.path.as_deref(), a.client_port, a.duration_us),
            (Some(&b"/x"[..]), Some(4242), Some(1200))
        );
        let a = access(gin(GIN.samples[0].as_bytes()));
        assert_eq!(
            (a.path.as_deref(), a.status, a.duration_us),
            (Some(&b"/x?y=1"[..]), Some(200), Some(1234))
        );
        let a = access(gin(GIN.samples[2].as_bytes()));
        assert_eq!((a.path.as_deref(), a.status), (Some(&b"/x"[..]), Some(200)));
        let a = access(zap(ZAP.samples[0].as_bytes()));
        assert_eq!((a.path.as_deref(), a.status, a.duration_us), (Some(&b"/x"[..]), Some(502), Some(1200)));
    }

    #[test]
    fn messages() {
        let Body::Log(l) = go(GO.samples[0].as_bytes()).expect("a message").body else { panic!("a message") };
        assert_eq!(
            (l.level.as_deref(), &*l.message),
            (Some(&b"INFO"[..]), &b"server started addr=10.20.1.11:21101"[..])
        );
        let Body::Log(l) = go(GO.samples[4].as_bytes()).expect("a message").body else { panic!("a message") };
        assert_eq!((l.logger.as_deref(), &*l.message), (Some(&b"main.go:42"[..]), &b"listening"[..]));
        let Body::Log(l) = zap(ZAP.samples[1].as_bytes()).expect("a message").body else {
            panic!("a message")
        };
        assert_eq!(
            (l.logger.as_deref(), l.error.as_deref(), &*l.message),
            (Some(&b"controller.pod"[..]), Some(&b"gone"[..]), &b"reconcile failed"[..])
        );
        assert!(go(b"2026/11/21 01:51:05 [error] 12#12: *1 connect() failed").is_err());
    }
}
