//! gunicorn's error log, which hypercorn shares; hypercorn writes its requests into it too.

use super::words::{self, is_level, pid, text};
use crate::bytes::{Cursor, int, split_request};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "gunicorn-error",
    title: "gunicorn and hypercorn error log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "gunicorn/glogging.py, Logger.error_fmt and datefmt; hypercorn/logging.py",
    samples: &[
        "[2026-11-21 02:46:44 +0000] [26524] [INFO] Starting gunicorn 20.1.0",
        "[2026-11-20 21:27:09 -0500] [6903] [CRITICAL] WORKER TIMEOUT (pid:6905)",
        r#"[2026-11-20 10:00:00 +0000] [7] [INFO] 127.0.0.1:38132 - - [20/Nov/2026:10:00:00 +0000] "GET /x 1.1" 200 4 "-" "curl""#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).ok_or(ParseError::new(c.offset(), "[time] [pid] [LEVEL] message"))
}

fn read<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    c.eat(b"[")?;
    let (stamp, rest) = Stamp::iso(c.rest())?;
    c.take(c.rest().len() - rest.len())?;
    c.eat(b"] [")?;
    let worker = pid(c.until(b']')?)?;
    c.eat(b" [")?;
    let level = c.until(b']')?;
    if !is_level(level) {
        return None;
    }
    c.eat(b" ");
    let message = c.rest();
    if let Some(mut a) = hypercorn(message) {
        a.pid = Some(worker);
        a.level = text(level);
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
    Some(words::log(
        &FORMAT,
        Some(stamp),
        LogLine { level: text(level), pid: Some(worker), message: message.into(), ..LogLine::default() },
    ))
}

/// `%(h)s %(l)s %(l)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"` with a client that has a port.
fn hypercorn(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    let peer = c.until(b' ')?;
    c.eat(b"- - [")?;
    Stamp::clf(c.rest())?;
    c.until(b']')?;
    c.eat(b" ")?;
    let request = c.quoted()?;
    c.eat(b" ")?;
    let (status, bytes) = (c.until(b' ')?, c.before(b' '));
    c.eat(b" ");
    let referrer = c.quoted();
    c.eat(b" ");
    let agent = c.quoted();
    let (method, path, version) = split_request(request);
    // the version stands there without `HTTP/`
    let (path, version) = match (path, version) {
        (Some(p), None) => match memchr::memrchr(b' ', p) {
            Some(i) => (Some(&p[..i]), Some(&p[i + 1..])),
            None => (Some(p), None),
        },
        other => other,
    };
    let (client_ip, client_port) = super::fields::split_port(Text::Borrowed(peer));
    Some(Access {
        client_ip,
        client_port,
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: int(status).map(|v| v as i32),
        bytes: int(bytes),
        referrer: referrer.and_then(text),
        user_agent: agent.and_then(text),
        ..Access::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn messages_and_requests() {
        let r = parse(FORMAT.samples[1].as_bytes()).expect("a message");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-20T21:27:09-05:00"));
        let Body::Log(l) = r.body else { panic!("a message") };
        assert_eq!(
            (l.pid, l.level.as_deref(), &*l.message),
            (Some(6903), Some(&b"CRITICAL"[..]), &b"WORKER TIMEOUT (pid:6905)"[..])
        );
        let Body::Access(a) = parse(FORMAT.samples[2].as_bytes()).expect("a request").body else {
            panic!("a request")
        };
        assert_eq!(
            (a.client_port, a.status, a.path.as_deref(), a.http_version.as_deref()),
            (Some(38132), Some(200), Some(&b"/x"[..]), Some(&b"1.1"[..]))
        );
        assert!(parse(b"[2026-11-21 02:46:44 +0000] [x] [INFO] y").is_err());
    }
}
