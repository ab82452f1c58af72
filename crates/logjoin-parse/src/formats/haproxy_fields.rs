//! Fields that HAProxy's line formats share (its manual, section 8.2; `src/log.c`), read off a cursor.

use crate::bytes::{Cursor, int, present, uint};
use crate::{Access, Anchor, Body, HaproxyFields, Product, Record, Stamp, Text};

/// A part of a line; the text says what was expected where it is missing.
pub(super) type Part<T> = Result<T, &'static str>;

/// `%ci:%cp [%tr] `, the head of every HTTP, TCP and connection error line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub ip: Option<&'a [u8]>,
    pub port: Option<u16>,
    pub stamp: Stamp,
}

pub(super) fn head<'a>(c: &mut Cursor<'a>) -> Part<Head<'a>> {
    let (ip, port) = client(c.before(b' ')).ok_or("the client's address and port")?;
    c.eat(b" [").ok_or("the date in brackets")?;
    let date = c.until(b']').ok_or("the end of the date")?;
    let (stamp, rest) = Stamp::clf(date).ok_or("a date like 21/Nov/2026:02:09:07.209")?;
    if !rest.is_empty() {
        return Err("a date like 21/Nov/2026:02:09:07.209");
    }
    c.eat(b" ").ok_or("a blank after the date")?;
    Ok(Head { ip, port, stamp })
}

/// An address and a port. IPv6 has no brackets, so the last colon separates; `unix:1` has the listener's number for
/// a port; `-/-` is the internal HTTP client; an address that is not known is empty or `-`.
fn client(b: &[u8]) -> Option<(Option<&[u8]>, Option<u16>)> {
    if b == b"-/-" {
        return Some((None, None));
    }
    let colon = memchr::memrchr(b':', b)?;
    let (ip, port) = (&b[..colon], &b[colon + 1..]);
    if ip.iter().any(|c| matches!(c, b'"' | b'/' | b'=' | b'(' | b'[' | b',')) && !ip.starts_with(b"unix") {
        return None;
    }
    Some((present(ip), u16::try_from(uint(port)?).ok()))
}

/// `%ft`: the name, and whether it carries the `~` of a TLS listener.
pub(super) fn frontend<'a>(c: &mut Cursor<'a>) -> Part<(&'a [u8], bool)> {
    let name = c.until(b' ').ok_or("the frontend")?;
    Ok(match name.strip_suffix(b"~") {
        Some(name) => (name, true),
        None => (name, false),
    })
}

/// Two names that a line may leave out.
type NamePair<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// `%b/%s`.
pub(super) fn backend_server<'a>(c: &mut Cursor<'a>) -> Part<NamePair<'a>> {
    let pair = c.until(b' ').ok_or("backend/server")?;
    let slash = memchr::memchr(b'/', pair).ok_or("backend/server")?;
    Ok((present(&pair[..slash]), server(&pair[slash + 1..])))
}

/// `%s`; `<NOSRV>` means that none was chosen.
pub(super) fn server(name: &[u8]) -> Option<&[u8]> {
    present(name).filter(|n| *n != b"<NOSRV>")
}

/// `N` numbers with slashes between, each possibly with a sign.
pub(super) fn slashed<const N: usize>(b: &[u8]) -> Option<[i64; N]> {
    let mut out = [0; N];
    let mut parts = b.split(|c| *c == b'/');
    for v in &mut out {
        *v = int(parts.next()?)?;
    }
    parts.next().is_none().then_some(out)
}

/// The timers, and the tokens that a locally changed format has before them (a virtual host, in the wild).
pub(super) fn timers<'a, const N: usize>(c: &mut Cursor<'a>) -> Part<([i64; N], Option<&'a [u8]>)> {
    let start = c.rest();
    let mut skipped = 0;
    for _ in 0..4 {
        let token = c.before(b' ');
        if let Some(t) = slashed(token) {
            c.eat(b" ");
            return Ok((t, (skipped > 0).then(|| &start[..skipped - 1])));
        }
        skipped += token.len() + 1;
        if c.eat(b" ").is_none() {
            break;
        }
    }
    Err("the timers")
}

/// Two or four letters of `%ts` or `%tsc`.
pub(super) fn is_state(b: &[u8]) -> bool {
    matches!(b.len(), 2 | 4) && b.iter().all(|c| c.is_ascii_alphabetic() || *c == b'-')
}

/// `%ac/%fc/%bc/%sc/%rc`; before 1.3 without the retries.
pub(super) fn connections(b: &[u8], f: &mut HaproxyFields<'_>) -> Option<()> {
    let [ac, fc, bc, sc] = match slashed::<5>(b) {
        Some([ac, fc, bc, sc, rc]) => {
            f.retries = Some(rc);
            // The sign stands before the number of retries when the last one went to another server.
            f.redispatched = memchr::memchr(b'+', b).is_some();
            [ac, fc, bc, sc]
        }
        None => slashed::<4>(b)?,
    };
    (f.actconn, f.feconn, f.beconn, f.srvconn) = (Some(ac), Some(fc), Some(bc), Some(sc));
    Some(())
}

/// `%sq/%bq`.
pub(super) fn queues(b: &[u8], f: &mut HaproxyFields<'_>) -> Option<()> {
    let [sq, bq] = slashed(b)?;
    (f.srv_queue, f.backend_queue) = (Some(sq), Some(bq));
    Some(())
}

/// The total time as the request's duration.
pub(super) fn set_duration(a: &mut Access<'_>, total_ms: i64) {
    a.duration_us = (total_ms >= 0).then(|| total_ms.saturating_mul(1000));
    a.duration_unit_us = 1000;
}

/// The request line and its parts. HAProxy writes `<BADREQ>` where none was read.
pub(super) fn set_request<'a>(a: &mut Access<'a>, line: &'a [u8]) {
    a.request = Some(line.into());
    if line == b"<BADREQ>" {
        return;
    }
    let (method, path, version) = crate::bytes::split_request(line);
    a.method = method.map(unescape);
    a.path = path.map(unescape);
    a.http_version = version.map(Into::into);
}

/// Undoes `#HH`: HAProxy writes bytes outside 32..126, `"` and `#` that way (`lf_encode_string`), in captured headers
/// also braces and the bar. Other `#` stay.
pub(super) fn unescape(b: &[u8]) -> Text<'_> {
    unescape_with(b, |rest| match rest {
        [b'#', h, l, ..] => Some((hex(*h, *l)?, 3)),
        _ => None,
    })
}

/// Undoes `<HH>`, the escape in the `info:` of a check (`chunk_asciiencode` in `src/chunk.c`).
pub(super) fn unescape_info(b: &[u8]) -> Text<'_> {
    unescape_with(b, |rest| match rest {
        [b'<', h, l, b'>', ..] => Some((hex(*h, *l)?, 4)),
        _ => None,
    })
}

fn unescape_with(b: &[u8], escape: impl Fn(&[u8]) -> Option<(u8, usize)>) -> Text<'_> {
    let Some(first) = (0..b.len()).find(|i| escape(&b[*i..]).is_some()) else { return b.into() };
    let mut out = Vec::with_capacity(b.len());
    out.extend_from_slice(&b[..first]);
    let mut rest = &b[first..];
    while let Some(&byte) = rest.first() {
        let (byte, used) = escape(rest).unwrap_or((byte, 1));
        out.push(byte);
        rest = &rest[used..];
    }
    Text::Owned(out)
}

/// Upper-case hexadecimal only: that is what HAProxy writes, and `#ad` in a fragment is none.
fn hex(h: u8, l: u8) -> Option<u8> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    };
    Some(digit(h)? * 16 + digit(l)?)
}

/// The request id among captured headers: there is one if exactly one value has the shape of an id.
pub(super) fn request_id(captured: &[u8], separator: u8) -> Option<&[u8]> {
    let mut ids = captured.split(|b| *b == separator).filter(|v| is_id(v));
    let first = ids.next()?;
    ids.next().is_none().then_some(first)
}

/// A UUID, or 16 or 32 hexadecimal digits (a number of 16 decimal digits is something else).
fn is_id(v: &[u8]) -> bool {
    let hex = |b: &[u8]| b.iter().all(u8::is_ascii_hexdigit);
    match v.len() {
        16 => hex(v) && v.iter().any(u8::is_ascii_alphabetic),
        32 => hex(v),
        36 => v
            .iter()
            .enumerate()
            .all(|(i, c)| if matches!(i, 8 | 13 | 18 | 23) { *c == b'-' } else { c.is_ascii_hexdigit() }),
        _ => false,
    }
}

/// A record of HAProxy whose stamp, if it has one, is that of the beginning.
pub(super) fn access<'a>(format: &'static str, stamp: Option<Stamp>, a: Access<'a>) -> Record<'a> {
    Record {
        format,
        product: Product::Haproxy,
        stamp,
        anchor: Anchor::Start,
        envelope: None,
        body: Body::Access(a),
    }
}

/// Whether a message is one of HAProxy's, without an envelope that says so.
pub(crate) fn is_haproxy_message(b: &[u8]) -> bool {
    head(&mut Cursor::new(b)).is_ok()
        || super::haproxy_state::read(b).is_some()
        || (super::haproxy_connect::FORMAT.parse)(b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients() {
        let case = |b: &'static str| client(b.as_bytes()).map(|(ip, port)| (ip.unwrap_or_default(), port));
        assert_eq!(case("127.0.0.1:80"), Some((&b"127.0.0.1"[..], Some(80))));
        assert_eq!(case("2001:db8::1:54254"), Some((&b"2001:db8::1"[..], Some(54254))));
        assert_eq!(case("unix:1"), Some((&b"unix"[..], Some(1))));
        assert_eq!(case("-:22222"), Some((&b""[..], Some(22222))));
        assert_eq!(case("-/-"), Some((&b""[..], None)));
        assert_eq!(case("Server"), None);
        assert_eq!(case("http://x:80"), None);
    }

    #[test]
    fn escapes() {
        assert_eq!(&unescape(b"/a#22b#23")[..], b"/a\"b#");
        assert!(matches!(unescape(b"/a#top"), Text::Borrowed(_)));
        assert!(matches!(unescape(b"/plain"), Text::Borrowed(_)));
        assert_eq!(&unescape(b"/a#fff#")[..], b"/a#fff#");
        assert_eq!(&unescape_info(b"<3C>html<3E> a<b>")[..], b"<html> a<b>");
    }

    #[test]
    fn ids_among_captured_headers() {
        let id = |s: &'static str| request_id(s.as_bytes(), b'|');
        assert_eq!(
            id("lab.test|5afff8d7-ea1e-13b1-4e3d-acfc96bd0335"),
            Some(&b"5afff8d7-ea1e-13b1-4e3d-acfc96bd0335"[..])
        );
        assert_eq!(id("a|4bf92f3577b34da6"), Some(&b"4bf92f3577b34da6"[..]));
        assert_eq!(id("1234567890123456"), None);
        assert_eq!(id("4bf92f3577b34da6|00f067aa0ba902b7"), None);
        assert_eq!(id("Mozilla/5.0 (X11)|"), None);
    }
}
