//! Tomcat's access valve with an ISO time in brackets, and other servers' lines that begin alike.

use super::words::{self, is_method, scaled, text};
use crate::bytes::{Cursor, int, is_ip, split_request};
use crate::{Access, Anchor, FormatDef, Kind, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "tomcat-access",
    title: "Tomcat access log with an ISO time",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "tomcat java/org/apache/catalina/valves/AbstractAccessLogValve.java: the time of %{yyyy-MM-dd HH:mm:ss.SSS}t is that of the entry unless it begins with begin:, %I is the thread",
    samples: &[
        r#"[2026-11-22 10:00:14.583] 10.0.0.4 "GET /trips HTTP/1.1" 200 39359 us http-nio-8180-exec-3"#,
        r#"[2026-11-22T10:00:14.583+01:00] 10.0.0.4 - - "GET /trips HTTP/1.1" 200 512 39 ms"#,
        r#"[2026-11-22 10:00:14] 10.0.0.4 - ann "GET /trips HTTP/1.1" 404 -"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).ok_or(ParseError::new(c.offset(), "[time] address \"request\" status"))
}

fn read<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    c.eat(b"[")?;
    let (stamp, rest) = Stamp::iso(c.rest())?;
    c.take(c.rest().len() - rest.len())?;
    c.eat(b"] ")?;
    let client = c.until(b' ')?;
    if !is_ip(client) {
        return None;
    }
    // %l and %u
    let mut user = None;
    if c.peek()? != b'"' {
        c.eat(b"- ")?;
        user = text(c.until(b' ')?);
    }
    let request = c.quoted()?;
    c.eat(b" ")?;
    let status = int(c.before(b' ')).filter(|s| (100..1000).contains(s))?;
    let (method, path, version) = split_request(request);
    version.filter(|_| method.is_some_and(is_method))?;
    let mut a = Access {
        client_ip: text(client),
        user,
        method: method.and_then(text),
        path: path.and_then(text),
        request: text(request),
        http_version: version.and_then(text),
        status: Some(status as i32),
        ..Access::default()
    };
    tail(c.rest(), &mut a);
    Some(words::access(&FORMAT, Some(stamp), Anchor::End, a))
}

/// The answer's size, and what tells itself: a number with a unit is the duration (Tomcat 10 changed `%D` from
/// milliseconds to microseconds, so a bare number has none), and connectors name their threads `...-exec-3`.
fn tail<'a>(rest: &'a [u8], a: &mut Access<'a>) {
    let mut words = rest.split(|b| *b == b' ').filter(|w| !w.is_empty()).peekable();
    let mut first = true;
    while let Some(word) = words.next() {
        let unit = match words.peek() {
            Some(&b"us") => Some(1_000),
            Some(&b"ms") => Some(1_000_000),
            Some(&b"s") => Some(1_000_000_000),
            _ => None,
        };
        if a.duration_us.is_none()
            && let Some((us, unit)) = unit.and_then(|ns| scaled(word, ns)).or_else(|| words::duration(word))
        {
            (a.duration_us, a.duration_unit_us) = (Some(us), unit);
        } else if first {
            a.bytes = int(word);
        } else if memchr::memmem::find(word, b"-exec-").is_some() {
            a.thread = text(word);
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn numbers_tell_by_their_units() {
        for (i, status, bytes, duration, thread) in [
            (0, 200, None, Some(39_359), Some("http-nio-8180-exec-3")),
            (1, 200, Some(512), Some(39_000), None),
            (2, 404, None, None, None),
        ] {
            let Body::Access(a) = parse(FORMAT.samples[i].as_bytes()).expect("a request").body else {
                panic!("a request")
            };
            assert_eq!((a.status, a.bytes, a.duration_us), (Some(status), bytes, duration), "{i}");
            assert_eq!(a.thread.as_deref(), thread.map(str::as_bytes), "{i}");
            assert_eq!(
                (a.path.as_deref(), a.client_ip.as_deref()),
                (Some(&b"/trips"[..]), Some(&b"10.0.0.4"[..]))
            );
        }
        for line in [
            r#"[2026-11-22 10:00:14.583] [main] "GET /x HTTP/1.1" 200 1"#,
            r#"[2026-11-22 10:00:14.583] 10.0.0.4 said "hello" 200 1"#,
            r#"[2026-11-22 10:00:14.583] 10.0.0.4 "GET /x HTTP/1.1" ok"#,
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
