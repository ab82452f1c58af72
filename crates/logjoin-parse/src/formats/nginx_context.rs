//! The context at the end of an nginx error line: `, client: …, server: …, request: "…", upstream: "…", host: "…"`.
//!
//! Responsible for finding where it starts and for its fields, of the http, stream and mail modules. Nothing in these
//! lines is escaped, so that a client can write quotes, and whole forged contexts, into them. The trick: the context
//! has a fixed order, and the true one is the first that reads to the end of the line without a value that nginx
//! would never print there.

use memchr::memmem;

use super::clf;
use crate::bytes::{Cursor, present, split_port};
use crate::{ErrorLine, Text};

/// Splits a text into message and context. Among several `, client: ` (user names, paths and headers can hold one) the
/// first counts that leads to the end of the line; failing that the first of all.
pub(super) fn split(text: &[u8]) -> (&[u8], ErrorLine<'_>) {
    let mut fallback = None;
    for at in memmem::find_iter(text, b"client: ") {
        let Some(before) = text[..at].strip_suffix(b", ").or_else(|| text[..at].strip_suffix(b", udp "))
        else {
            continue;
        };
        let (error, is_sound) = fields(&text[at + 8..]);
        if is_sound {
            return (before, error);
        }
        fallback = fallback.or(Some((before, error)));
    }
    fallback.unwrap_or((text, ErrorLine::default()))
}

/// Fields of a context, in the order in which nginx prints them.
const NAMES: [&[u8]; 5] = [b"request", b"subrequest", b"upstream", b"host", b"referrer"];

/// Reads a context from after `client: ` on; whether every value is one that nginx prints there.
fn fields(text: &[u8]) -> (ErrorLine<'_>, bool) {
    let mut error = ErrorLine::default();
    let mut c = Cursor::new(text);
    let client = until_comma(&mut c);
    let (ip, port) = split_port(client);
    error.client_ip = present(ip).map(Text::Borrowed);
    error.client_port = port;
    let mut is_sound = !client.is_empty() && !has_space(client);
    if c.eat(b", server: ").is_some() {
        let server = until_comma(&mut c);
        error.vserver = present(server).map(Text::Borrowed);
        is_sound &= !has_space(server);
    }
    let mut next = 0;
    while let Some((i, value, closed)) = quoted_field(&mut c, next) {
        next = i + 1;
        let text = present(value).map(Text::Borrowed);
        match i {
            0 => {
                error.request = text;
                let (method, path, version) = clf::request_parts(value);
                error.method = method.map(Text::Borrowed);
                error.path = path.map(Text::Borrowed);
                error.http_version = version.map(Text::Borrowed);
            }
            1 => error.subrequest = text,
            2 => {
                error.upstream = text.filter(|u| is_upstream(u));
                is_sound &= error.upstream.is_some() || !closed;
            }
            3 => {
                error.host = text;
                is_sound &= !has_space(value);
            }
            _ => error.referrer = text,
        }
    }
    // stream: `, bytes from/to client:N/N…`; mail: `, login: "…"`; or a value without quotes, as mail prints its upstream
    let rest = c.rest();
    if let Some(upstream) = rest.strip_prefix(b", upstream: ")
        && error.upstream.is_none()
    {
        error.upstream = present(until_comma(&mut Cursor::new(upstream)))
            .filter(|u| !u.starts_with(b"\"") && is_upstream(u))
            .map(Text::Borrowed);
    }
    (error, is_sound && (rest.is_empty() || rest.starts_with(b", ")))
}

/// Up to the next `, ` or the end.
fn until_comma<'a>(c: &mut Cursor<'a>) -> &'a [u8] {
    let n = memmem::find(c.rest(), b", ").unwrap_or(c.rest().len());
    c.take(n).unwrap_or_default()
}

/// `, NAME: "value"` with a name from `from` on: its index, the value, and whether its end was there. The value ends at
/// the first quote before a later field, before stream's byte counts, or at the last quote of the line; without
/// any it was cut.
fn quoted_field<'a>(c: &mut Cursor<'a>, from: usize) -> Option<(usize, &'a [u8], bool)> {
    let rest = c.rest();
    let named = rest.strip_prefix(b", ")?;
    let (i, value) = NAMES
        .iter()
        .enumerate()
        .skip(from)
        .find_map(|(i, name)| Some((i, named.strip_prefix(*name)?.strip_prefix(b": \"")?)))?;
    let skipped = rest.len() - value.len();
    let (len, closed) = match memmem::find_iter(value, b"\", ").find(|q| starts_later(&value[q + 3..], i + 1))
    {
        Some(q) => (q, true),
        None => match value.strip_suffix(b"\"") {
            Some(v) => (v.len(), true),
            None => (value.len(), false),
        },
    };
    c.take(skipped + len + usize::from(closed))?;
    Some((i, &value[..len], closed))
}

/// Whether a field with an index from `from` on starts here, or the byte counts that stream appends.
fn starts_later(b: &[u8], from: usize) -> bool {
    NAMES[from..].iter().any(|n| b.strip_prefix(*n).is_some_and(|r| r.starts_with(b": \"")))
        || from <= 3 && b.starts_with(b"bytes from/to client:")
}

fn has_space(b: &[u8]) -> bool {
    memchr::memchr(b' ', b).is_some()
}

/// An URL of a protocol that nginx speaks to upstreams, or (stream) a bare address.
fn is_upstream(b: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 10] =
        [b"http", b"https", b"fastcgi", b"uwsgi", b"suwsgi", b"scgi", b"memcached", b"grpc", b"grpcs", b"ws"];
    match memmem::find(b, b"://") {
        Some(i) => SCHEMES.contains(&&b[..i]),
        None => b.starts_with(b"unix:") || !has_space(b),
    }
}
