//! Words that the logs of many programs share: levels, methods, durations, names of request ids.
//!
//! The one trick: a request id is found by an explicit key in front of it (`request_id=`, `[req `), never
//! by its looks; what stands in a query string is not a key.

use crate::bytes::{Cursor, int, present};
use crate::{Access, Anchor, Body, FormatDef, LogLine, Record, Stamp, Text};

/// `Some` for bytes that say something, without the blanks around them.
pub(crate) fn text(b: &[u8]) -> Option<Text<'_>> {
    present(b.trim_ascii()).map(Text::Borrowed)
}

/// A number that fills a 32-bit process id.
pub(crate) fn pid(b: &[u8]) -> Option<u32> {
    crate::bytes::uint(b.trim_ascii()).and_then(|v| u32::try_from(v).ok())
}

/// A message record of `def`. An id with an explicit key in the message is the request's id.
pub(super) fn log<'a>(def: &'static FormatDef, stamp: Option<Stamp>, mut line: LogLine<'a>) -> Record<'a> {
    if line.request_id.is_none()
        && let Text::Borrowed(m) = line.message
    {
        line.request_id = request_id(m).map(Text::Borrowed);
    }
    Record {
        format: def.id,
        product: def.product,
        stamp,
        anchor: Anchor::Event,
        envelope: None,
        body: Body::Log(line),
    }
}

/// A request record of `def`.
pub(super) fn access<'a>(
    def: &'static FormatDef,
    stamp: Option<Stamp>,
    anchor: Anchor,
    access: Access<'a>,
) -> Record<'a> {
    Record { format: def.id, product: def.product, stamp, anchor, envelope: None, body: Body::Access(access) }
}

/// Whether a word is a severity: any of the names that loggers write, all upper case, all lower case or
/// capitalised.
pub(crate) fn is_level(word: &[u8]) -> bool {
    if !(3..=11).contains(&word.len()) {
        return false;
    }
    let mut low = [0u8; 11];
    let low = &mut low[..word.len()];
    low.copy_from_slice(word);
    low.make_ascii_lowercase();
    matches!(
        &*low,
        b"trace"
            | b"trc"
            | b"trac"
            | b"trce"
            | b"finest"
            | b"finer"
            | b"fine"
            | b"verbose"
            | b"verb"
            | b"debug"
            | b"dbg"
            | b"debg"
            | b"dbug"
            | b"config"
            | b"info"
            | b"inf"
            | b"information"
            | b"note"
            | b"notice"
            | b"system"
            | b"log"
            | b"warn"
            | b"wrn"
            | b"warning"
            | b"error"
            | b"err"
            | b"erro"
            | b"eror"
            | b"severe"
            | b"fail"
            | b"critical"
            | b"crit"
            | b"fatal"
            | b"ftl"
            | b"alert"
            | b"emergency"
            | b"emerg"
            | b"panic"
            | b"dpanic"
    )
}

/// A level in capitals, as the loggers of Java and Python write it.
pub(super) fn upper_level(word: &[u8]) -> bool {
    is_level(word) && word.iter().all(u8::is_ascii_uppercase)
}

/// Whether a level counts as trouble (warning or worse), for words and for the numbers of pino and bunyan.
pub(crate) fn is_trouble(level: &[u8]) -> bool {
    match level.first() {
        Some(c) if c.is_ascii_digit() => int(level).is_some_and(|v| matches!(v, 40..=60 | 300..=600)),
        Some(c) => matches!(c.to_ascii_lowercase(), b'w' | b'e' | b's' | b'c' | b'f' | b'a' | b'p'),
        None => false,
    }
}

/// A level at the front, with or without brackets, and what follows it and its colon. A bare word must be
/// written in capitals or be followed by a colon: `error reading x` is a message.
pub(super) fn take_level(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let b = b.trim_ascii_start();
    let (close, inner) = match b.first()? {
        b'[' => (Some(b']'), &b[1..]),
        b'<' => (Some(b'>'), &b[1..]),
        b'(' => (Some(b')'), &b[1..]),
        b'|' => (None, b[1..].trim_ascii_start()),
        _ => (None, b),
    };
    let inner = if close.is_some() { inner.trim_ascii_start() } else { inner };
    let n = inner.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let (word, rest) = inner.split_at(n);
    if !is_level(word) {
        return None;
    }
    let rest = match close {
        Some(c) => rest.trim_ascii_start().strip_prefix(&[c])?,
        None => {
            let colon = rest.first() == Some(&b':');
            let end = rest.first().is_none_or(|c| matches!(c, b' ' | b'\t' | b'|' | b':' | b','));
            if !end || !(colon || word.iter().all(u8::is_ascii_uppercase)) {
                return None;
            }
            rest
        }
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    Some((word, rest.trim_ascii_start()))
}

/// Whether a word is an HTTP method, by RFC 9110, 5789 and WebDAV.
pub(crate) fn is_method(word: &[u8]) -> bool {
    matches!(
        word,
        b"GET"
            | b"HEAD"
            | b"POST"
            | b"PUT"
            | b"DELETE"
            | b"CONNECT"
            | b"OPTIONS"
            | b"TRACE"
            | b"PATCH"
            | b"PROPFIND"
            | b"PROPPATCH"
            | b"MKCOL"
            | b"COPY"
            | b"MOVE"
            | b"LOCK"
            | b"UNLOCK"
            | b"REPORT"
            | b"SEARCH"
            | b"PURGE"
            | b"LINK"
            | b"UNLINK"
            | b"QUERY"
            | b"PRI"
    )
}

/// A duration with its unit: `67.29ms`, `1m2.3s`, `850µs`, `12 ms`, `0.5s`. Microseconds, and the smallest
/// unit that was written (at least 1). The layout of Go's `time.Duration.String` and its kin.
pub(crate) fn duration(b: &[u8]) -> Option<(i64, i64)> {
    let mut rest = b.trim_ascii();
    let (mut total, mut unit) = (0i64, 0i64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let n = rest.iter().take_while(|c| c.is_ascii_digit() || **c == b'.').count();
        let (number, tail) = rest.split_at(n);
        let tail = tail.strip_prefix(b" ").unwrap_or(tail);
        let (ns, len) = unit_ns(tail)?;
        let (us, written) = scaled(number, ns)?;
        total = total.checked_add(us)?;
        unit = written;
        rest = &tail[len..];
    }
    Some((total, unit))
}

/// A unit of time at the front: nanoseconds, and how long its name is.
fn unit_ns(b: &[u8]) -> Option<(i64, usize)> {
    let n = b.iter().take_while(|c| c.is_ascii_alphabetic() || **c >= 0x80).count();
    let ns = match &b[..n] {
        b"ns" => 1,
        b"us" | b"micros" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" | b"msec" | b"msecs" | b"millis" => 1_000_000,
        b"s" | b"sec" | b"secs" | b"seconds" => 1_000_000_000,
        b"m" | b"min" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        _ => return None,
    };
    Some((ns, n))
}

/// A decimal number of units of `unit_ns` nanoseconds, as microseconds; and the smallest unit written.
/// Exponents (`1.2e-05`) are read too.
pub(crate) fn scaled(number: &[u8], unit_ns: i64) -> Option<(i64, i64)> {
    if number.iter().any(|c| matches!(c, b'e' | b'E')) {
        let v: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let us = v * unit_ns as f64 / 1000.0;
        return (us.abs() < 9e15).then_some((us as i64, 1));
    }
    let nano = i128::from(crate::bytes::decimal_scaled(number, 9)?);
    let us = i64::try_from(nano * i128::from(unit_ns) / 1_000_000_000_000).ok()?;
    let digits = memchr::memchr(b'.', number).map_or(0, |i| number.len() - i - 1).min(9);
    Some((us, (unit_ns / 10i64.pow(digits as u32) / 1000).max(1)))
}

/// How well a name names the id of one request: 0 the request's own, 1 a correlation id, 2 a trace id.
/// Case, `_`, `-`, `.` and a leading `x-` or `http_` do not matter.
pub(crate) fn id_rank(name: &[u8]) -> Option<u8> {
    let mut buf = [0u8; 24];
    let mut n = 0;
    for &c in name {
        if matches!(c, b'_' | b'-' | b'.' | b'@') {
            continue;
        }
        *buf.get_mut(n)? = c.to_ascii_lowercase();
        n += 1;
    }
    let key = buf[..n].strip_prefix(b"http").unwrap_or(&buf[..n]);
    let key = if key.starts_with(b"xr")
        || key.starts_with(b"xc")
        || key.starts_with(b"xu")
        || key.starts_with(b"xa")
        || key.starts_with(b"xt")
    {
        &key[1..]
    } else {
        key
    };
    Some(match key {
        b"requestid" | b"reqid" | b"rid" | b"requestuuid" | b"requestidentifier" | b"uniqueid"
        | b"requestguid" => 0,
        b"correlationid" | b"corrid" | b"cid" | b"transactionid" | b"traceidentifier" | b"amzntraceid" => 1,
        b"traceid" | b"ddtraceid" | b"traceparent" | b"otelttraceid" | b"b3traceid" => 2,
        _ => return None,
    })
}

/// A value that can be an id: at least three bytes, and no word for "none".
pub(crate) fn is_id(value: &[u8]) -> bool {
    value.len() >= 3
        && value.len() <= 256
        && !matches!(value, b"nil" | b"null" | b"None" | b"none" | b"undefined")
        && value.iter().any(|c| c.is_ascii_digit() || matches!(c, b'a'..=b'f' | b'A'..=b'F'))
}

/// The request id in a message, where an explicit key names it: `request_id=...`, `[requestId=...]`,
/// `rid: ...`, `[req 4f3c...]`.
pub(crate) fn request_id(message: &[u8]) -> Option<&[u8]> {
    let mut best: Option<(u8, &[u8])> = None;
    for at in memchr::memchr2_iter(b'=', b':', message) {
        let key = key_before(&message[..at]);
        let Some(rank) = id_rank(key) else { continue };
        let value = id_value(&message[at + 1..], message[at]);
        if is_id(value) && best.is_none_or(|(r, _)| rank < r) {
            best = Some((rank, value));
            if rank == 0 {
                break;
            }
        }
    }
    if best.is_none()
        && let Some(at) = memchr::memmem::find(message, b"[req ")
    {
        let value = id_value(&message[at + 5..], b'=');
        return (is_id(value) && message.get(at + 5 + value.len()) == Some(&b']')).then_some(value);
    }
    best.map(|(_, v)| v)
}

/// The name that ends before a `=` or `:`; empty where a query string or a path runs into it.
fn key_before(b: &[u8]) -> &[u8] {
    let b = b.strip_suffix(b"\"").unwrap_or(b);
    let word = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
    let start = b.iter().rposition(|c| !word(c)).map_or(0, |i| i + 1);
    match start.checked_sub(1).map(|i| b[i]) {
        None | Some(b' ' | b'\t' | b'[' | b'(' | b'{' | b',' | b';' | b'"' | b'\'' | b'|' | b'<') => {
            &b[start..]
        }
        _ => b"",
    }
}

fn id_value(b: &[u8], separator: u8) -> &[u8] {
    let b = if separator == b':' { b.strip_prefix(b" ").unwrap_or(b) } else { b };
    let b = b.strip_prefix(b"\"").or_else(|| b.strip_prefix(b"'")).unwrap_or(b);
    let keep = |c: &u8| {
        c.is_ascii_alphanumeric() || matches!(c, b'_' | b':' | b'@' | b'=' | b'.' | b'/' | b'+' | b'-')
    };
    let n = b.iter().take_while(|c| keep(c)).count();
    b[..n].strip_suffix(b".").or_else(|| b[..n].strip_suffix(b":")).unwrap_or(&b[..n])
}

/// A request told in a few words: `GET /x 200 287 67.29ms`, `GET /x 200 12.3 ms - 45`, `GET /x 1.7s 200`,
/// `GET /x HTTP/1.1 200 45 - 12.3 ms`, Serilog's `HTTP GET /x responded 200 in 12.3 ms`; `key=value` words may follow.
/// Both a status and a duration must be there.
pub(super) fn short_request(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message.strip_prefix(b"HTTP ").unwrap_or(message));
    let method = c.until(b' ')?;
    if !is_method(method) {
        return None;
    }
    let path = c.before(b' ');
    if !matches!(path.first(), Some(b'/' | b'*' | b'h')) {
        return None;
    }
    let mut a = Access { method: text(method), path: text(path), ..Access::default() };
    let mut words = c.rest().split(|b| *b == b' ').filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        if a.status.is_none()
            && word.len() == 3
            && let Some(v) = int(word).filter(|v| (100..600).contains(v))
        {
            a.status = Some(v as i32);
        } else if let Some(version) = word.strip_prefix(b"HTTP/") {
            a.http_version = text(version);
        } else if a.duration_us.is_none()
            && let Some((us, unit)) = duration(word)
        {
            (a.duration_us, a.duration_unit_us) = (Some(us), unit);
        } else if a.duration_us.is_none()
            && let Some((ns, _)) = words.peek().and_then(|u| unit_ns(u).filter(|(_, n)| *n == u.len()))
            && let Some((us, unit)) = scaled(word, ns)
        {
            words.next();
            (a.duration_us, a.duration_unit_us) = (Some(us), unit);
        } else if let Some(v) = int(word.strip_suffix(b"B").unwrap_or(word)) {
            a.bytes = Some(v);
        } else if memchr::memchr(b'=', word).is_some() {
            break;
        } else if !matches!(word, b"-" | b"in" | b"responded" | b"|" | b"took" | b"->" | b"=>" | b"OK")
            && (a.status.is_none() || a.duration_us.is_none())
        {
            return None;
        }
    }
    if a.status.is_none() || a.duration_us.is_none() {
        return None;
    }
    a.request_id = request_id(message).map(Text::Borrowed);
    Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration(b"67.29ms"), Some((67_290, 10)));
        assert_eq!(duration(b"1m2.5s"), Some((62_500_000, 100_000)));
        assert_eq!(duration("850µs".as_bytes()), Some((850, 1)));
        assert_eq!(duration(b"12 ms"), Some((12_000, 1000)));
        assert_eq!(duration(b"12"), None);
        assert_eq!(duration(b"12ms3"), None);
        assert_eq!(scaled(b"1.2e-05", 1_000_000_000), Some((12, 1)));
    }

    #[test]
    fn ids_need_an_explicit_key() {
        let id = |m: &'static str| request_id(m.as_bytes()).map(|b| std::str::from_utf8(b).expect("ascii"));
        assert_eq!(id("done request_id=c2f1e5ff-d510"), Some("c2f1e5ff-d510"));
        assert_eq!(id("done [requestId=c2f1e5ff-d510]"), Some("c2f1e5ff-d510"));
        assert_eq!(id("[req 4f3cab12] done"), Some("4f3cab12"));
        assert_eq!(id("X-Request-Id: 7f00aa, x"), Some("7f00aa"));
        assert_eq!(id("trace_id=aaaa1 request_id=bbbb2"), Some("bbbb2"));
        assert_eq!(id("GET /x?rid=12345 handled"), None);
        assert_eq!(id("request_id=- done"), None);
        assert_eq!(id("c2f1e5ff-d510-26d1-15d8-9de80e20beec done"), None);
    }

    #[test]
    fn levels_are_no_words_of_a_sentence() {
        assert_eq!(take_level(b"INFO: x"), Some((&b"INFO"[..], &b"x"[..])));
        assert_eq!(take_level(b" [warn ] x"), Some((&b"warn"[..], &b"x"[..])));
        assert_eq!(take_level(b"error reading x"), None);
        assert_eq!(take_level(b"error: reading x"), Some((&b"error"[..], &b"reading x"[..])));
        assert_eq!(take_level(b"INFORMED"), None);
    }

    #[test]
    fn requests_in_a_few_words() {
        let a = short_request(b"GET /search?q=a 200 287 67.29ms request_id=c2f1e5ff").expect("go");
        assert_eq!((a.status, a.bytes, a.duration_us), (Some(200), Some(287), Some(67_290)));
        assert_eq!(a.request_id.as_deref(), Some(&b"c2f1e5ff"[..]));
        let a = short_request(b"GET /x 200 12.3 ms - 45").expect("morgan dev");
        assert_eq!((a.status, a.bytes, a.duration_us), (Some(200), Some(45), Some(12_300)));
        let a = short_request(b"POST /v1/services 76.46267ms 202").expect("duration first");
        assert_eq!((a.status, a.duration_us), (Some(202), Some(76_462)));
        let a = short_request(b"HTTP GET /x responded 502 in 12.3456 ms").expect("Serilog");
        assert_eq!((a.status, a.duration_us), (Some(502), Some(12_345)));
        assert!(short_request(b"GET /x handled, user=5").is_none());
    }
}
