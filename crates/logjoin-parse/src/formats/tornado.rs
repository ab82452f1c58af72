//! Tornado's own layout, which JupyterHub writes with a longer date: one letter, time and place in brackets.

use super::fields::split_port;
use super::words::{self, duration, is_method, text};
use crate::bytes::{Cursor, int, uint};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "tornado",
    title: "Tornado and JupyterHub: messages and requests",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "tornado/log.py, LogFormatter (%y%m%d %H:%M:%S); tornado/web.py, log_request and _request_summary; jupyterhub/app.py, _log_datefmt; jupyterhub/log.py, log_request",
    samples: &[
        "[I 261122 20:03:26 web:2591] 200 POST /live/vote (10.63.0.1) 15.38ms",
        "[I 261122 20:03:21 main:53] Starting server on http://10.63.4.2:8888",
        "[W 261122 20:03:27 web:2591] 404 GET /favicon.ico (2001:db8::7) 0.71ms",
        "[E 261122 20:03:28 web:2110] Uncaught exception GET /live/votes?q=a%20b (10.63.0.1)",
        "[I 2026-11-22 20:03:29.121 JupyterHub log:186] 302 GET /hub/ -> /hub/spawn (ada@192.0.2.7) 4.06ms",
    ],
    parse: |line| tornado(line).ok_or(ParseError::new(0, "[L yymmdd hh:mm:ss module:line] message")),
};

fn tornado(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    c.eat(b"[")?;
    let level = c.take(1)?;
    if !matches!(level[0], b'D' | b'I' | b'W' | b'E' | b'C') {
        return None;
    }
    c.eat(b" ")?;
    let (stamp, rest) = short_date(c.rest()).or_else(|| Stamp::iso(c.rest()))?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    // `module:line`, behind a logger's name in JupyterHub
    let place = c.until(b']')?;
    let (_, number) = place.split_at(memchr::memrchr(b':', place)? + 1);
    if place.len() > 120 || uint(number).is_none() {
        return None;
    }
    c.eat(b" ");
    if let Some(mut a) = request(c.rest()) {
        a.level = text(level);
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
    let log =
        LogLine { level: text(level), logger: text(place), message: c.rest().into(), ..LogLine::default() };
    Some(words::log(&FORMAT, Some(stamp), log))
}

/// `261122 20:03:26`. `%y` of years before 1969 means the next century, as POSIX has it.
fn short_date(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let part = |i: usize| b.get(i..i + 2).and_then(uint).map(|v| v as u32);
    let (year, month, day) = (part(0)? as i32, part(2)?, part(4)?);
    let ((h, m, s), rest) = crate::stamp::hms(b.get(6..)?.strip_prefix(b" ")?)?;
    let year = if year >= 69 { 1900 + year } else { 2000 + year };
    Some((Stamp::civil(Some(year), month, day, h, m, s, 0, Precision::Seconds, None)?, rest))
}

/// `200 GET /x (10.63.0.1) 15.38ms`: what a handler says when it is done.
fn request(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    let status = int(c.until(b' ')?).filter(|v| (100..600).contains(v))?;
    let method = c.until(b' ').filter(|m| is_method(m))?;
    let path = c.until(b' ')?;
    // where it redirects to, in JupyterHub
    if c.eat(b"-> ").is_some() {
        c.until(b' ')?;
    }
    c.eat(b"(")?;
    let client = c.until(b')')?;
    let client = memchr::memrchr(b'@', client).map_or(client, |at| &client[at + 1..]);
    let (us, unit) = duration(c.rest())?;
    let (client_ip, client_port) = split_port(Text::Borrowed(client));
    Some(Access {
        client_ip,
        client_port,
        method: text(method),
        path: text(path),
        status: Some(status as i32),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn requests_have_status_client_and_duration() {
        let of = |i: usize| {
            let r = tornado(FORMAT.samples[i].as_bytes()).expect("a line");
            let Body::Access(a) = r.body else { panic!("a request: {:?}", r.body) };
            let show =
                |t: &Option<Text<'_>>| String::from_utf8_lossy(t.as_deref().unwrap_or(b"-")).into_owned();
            let time = r.stamp.map(|s| s.to_iso()).unwrap_or_default();
            (time, a.status, show(&a.method), show(&a.path), show(&a.client_ip), a.duration_us)
        };
        let row = |time: &str, status, method: &str, path: &str, client: &str, us| {
            (time.to_owned(), Some(status), method.to_owned(), path.to_owned(), client.to_owned(), Some(us))
        };
        assert_eq!(of(0), row("2026-11-22T20:03:26", 200, "POST", "/live/vote", "10.63.0.1", 15_380));
        assert_eq!(of(2), row("2026-11-22T20:03:27", 404, "GET", "/favicon.ico", "2001:db8::7", 710));
        assert_eq!(of(4), row("2026-11-22T20:03:29.121", 302, "GET", "/hub/", "192.0.2.7", 4_060));
    }

    #[test]
    fn messages_have_level_and_place() {
        let log = |line: &'static [u8]| match tornado(line).map(|r| r.body) {
            Some(Body::Log(l)) => (l.level, l.logger, l.message),
            other => panic!("{other:?}"),
        };
        let (level, place, message) = log(FORMAT.samples[1].as_bytes());
        assert_eq!((level.as_deref(), place.as_deref()), (Some(&b"I"[..]), Some(&b"main:53"[..])));
        assert_eq!(&*message, b"Starting server on http://10.63.4.2:8888");
        // What a handler says of a failed request is no second line of that request.
        let (_, _, message) =
            log(b"[W 261122 20:03:27 web:2107] 400 POST /vote (10.63.0.1): Missing argument");
        assert_eq!(&*message, b"400 POST /vote (10.63.0.1): Missing argument");
        for line in [
            "[I 261122 20:03:26 web] x",
            "[I 261322 20:03:26 web:1] x",
            "[X 261122 20:03:26 web:1] x",
            "[I 261122 20:03:26]",
        ] {
            assert!(tornado(line.as_bytes()).is_none(), "{line}");
        }
    }
}
