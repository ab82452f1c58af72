//! The family of the common log format: `client ident user [time] "request" status bytes`, what may stand before it
//! (a virtual host, a forwarded list) and after it (referrer, user agent, anything).
//!
//! Responsible for reading any line of the family once, into an [`Access`] and a class of tail; each format of
//! the table then accepts the classes that are its own. The trick: a quoted field that nobody escaped is not
//! read up to its next quote but up to the first quote after which the line goes on as it must.

mod head;
mod named;
mod tail;
mod tokens;

use memchr::{memchr_iter, memmem};

use super::ParseError;
use crate::bytes::{Cursor, int, present, split_request, uint};
use crate::{Access, Anchor, Body, Product, Record, Stamp, Text};

pub(super) use named::{Known, Source, set};
pub(super) use tail::{Tail, guess};
pub(super) use tokens::{Tok, Tokens};

/// A line of the family.
pub(super) struct Line<'a> {
    /// Its time.
    pub stamp: Stamp,
    /// Its fields.
    pub access: Access<'a>,
    /// Whether it starts with a virtual host.
    pub has_vhost: bool,
    /// Whether referrer and user agent follow the bytes.
    pub is_combined: bool,
    /// What follows the last fixed field.
    pub tail: Tail,
}

impl<'a> Line<'a> {
    /// The record; its product and anchor are those that the tail tells.
    pub fn record(self, format: &'static str) -> Result<Record<'a>, ParseError> {
        let (product, anchor) = match self.tail {
            Tail::Ingress | Tail::NginxNamed | Tail::NginxTimes => (Product::Nginx, Anchor::End),
            Tail::ApacheTimes | Tail::Io => (Product::Apache, Anchor::Start),
            Tail::Traefik => (Product::Backend, Anchor::Start),
            Tail::Empty | Tail::Quoted | Tail::Other => (Product::Unknown, Anchor::Unknown),
        };
        Ok(Record {
            format,
            product,
            stamp: Some(self.stamp),
            anchor,
            envelope: None,
            body: Body::Access(self.access),
        })
    }
}

/// Reads a line of the family.
pub(super) fn read(line: &[u8]) -> Result<Line<'_>, ParseError> {
    let fail = |rest: &[u8], expected| ParseError::new(line.len() - rest.len(), expected);

    let (head, stamp, rest) = head::split(line).ok_or(ParseError::new(0, "a client and a [time]"))?;
    let mut access = Access::default();
    let has_vhost = head::read(head, &mut access).ok_or(ParseError::new(0, "a client"))?;

    let rest = rest.strip_prefix(b" ").ok_or(fail(rest, "a space after the time"))?;
    let (request, after) = request(rest).ok_or(fail(rest, "a quoted request and a status"))?;
    set_request(&mut access, request);
    let (status, bytes, rest) = counts(after).ok_or(fail(after, "a status and a number of bytes"))?;
    access.status = status;
    access.bytes = bytes;

    let (is_combined, rest) = agent(rest, &mut access);
    let mut stamp = stamp;
    let tail = tail::read(rest, &mut access, &mut stamp);
    Ok(Line { stamp, access, has_vhost, is_combined, tail })
}

/// Puts a request line and its parts into the record. The parts of what is no request line (a TLS hello, a lone word)
/// stay unset.
pub(super) fn set_request<'a>(access: &mut Access<'a>, request: &'a [u8]) {
    access.request = present(request).map(Text::Borrowed);
    let (method, path, version) = request_parts(request);
    access.method = method.map(Text::Borrowed);
    access.path = path.map(Text::Borrowed);
    access.http_version = version.map(Text::Borrowed);
}

/// Method, target and version, where the first word can be a method at all.
#[allow(clippy::type_complexity)] // as split_request
pub(super) fn request_parts(request: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, Option<&[u8]>) {
    match split_request(request) {
        (Some(m), path, version) if m.iter().all(|c| c.is_ascii_alphabetic() || matches!(c, b'-' | b'_')) => {
            (Some(m), path, version)
        }
        _ => (None, None, None),
    }
}

/// The request and what follows it. Where the quotes inside were not escaped, the request ends at the first quote
/// that stands after a protocol version and before a status, else at the first one before a status.
pub(super) fn request(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(after) = rest.strip_prefix(b"-")
        && counts(after).is_some()
    {
        return Some((&rest[..1], after));
    }
    let mut c = Cursor::new(rest);
    if let Some(r) = c.quoted()
        && counts(c.rest()).is_some()
    {
        return Some((r, c.rest()));
    }
    let inner = rest.strip_prefix(b"\"")?;
    let mut first = None;
    for q in memchr_iter(b'"', inner) {
        let after = &inner[q + 1..];
        if counts(after).is_none() {
            continue;
        }
        if ends_with_version(&inner[..q]) {
            return Some((&inner[..q], after));
        }
        first = first.or(Some((&inner[..q], after)));
    }
    first
}

/// Whether a request line ends as one should: ` HTTP/1.1`.
fn ends_with_version(request: &[u8]) -> bool {
    let from = request.len().saturating_sub(9);
    matches!(memmem::rfind(&request[from..], b" HTTP/"), Some(0 | 2))
}

/// ` status bytes`, up to the space or the end after them. Bytes may be missing where the line was cut.
pub(super) fn counts(b: &[u8]) -> Option<(Option<i32>, Option<i64>, &[u8])> {
    let b = b.strip_prefix(b" ")?;
    let end = memchr::memchr(b' ', b).unwrap_or(b.len());
    let status = match &b[..end] {
        b"-" => None,
        d if d.len() == 3 => Some(uint(d)? as i32),
        _ => return None,
    };
    let rest = &b[end..];
    let Some(b) = rest.strip_prefix(b" ") else {
        return Some((status, None, rest));
    };
    let end = memchr::memchr(b' ', b).unwrap_or(b.len());
    match &b[..end] {
        b"-" => Some((status, None, &b[end..])),
        b"" if b.is_empty() => Some((status, None, b)),
        d => Some((status, Some(int(d)?), &b[end..])),
    }
}

/// Referrer and user agent, if they follow; whether they do, and the rest.
fn agent<'a>(rest: &'a [u8], access: &mut Access<'a>) -> (bool, &'a [u8]) {
    let (referrer, rest) = if rest.starts_with(b" \"") {
        let quoted = &rest[1..];
        field(quoted, |after| after.is_empty() || after.starts_with(b" "))
            .unwrap_or_else(|| unescaped_referrer(quoted))
    } else if rest == b" - -" || [&b" - \""[..], b" - - "].iter().any(|s| rest.starts_with(s)) {
        // Some writers leave out the quotes of a missing header.
        (&b""[..], &rest[2..])
    } else {
        return (false, rest);
    };
    access.referrer = present(referrer).map(Text::Borrowed);
    let (agent, rest) = if rest.starts_with(b" \"") {
        let quoted = &rest[1..];
        field(quoted, |after| Tokens::new(after).is_well_formed()).unwrap_or_else(|| unescaped_agent(quoted))
    } else if rest == b" -" || rest.starts_with(b" - ") {
        (&b""[..], &rest[2..])
    } else {
        (&b""[..], rest)
    };
    access.user_agent = present(agent).map(Text::Borrowed);
    (true, rest)
}

/// A quoted field whose closing quote stands before something that `fits`.
fn field(quoted: &[u8], fits: impl Fn(&[u8]) -> bool) -> Option<(&[u8], &[u8])> {
    let mut c = Cursor::new(quoted);
    let inside = c.quoted()?;
    fits(c.rest()).then(|| (inside, c.rest()))
}

/// A referrer with bare quotes in it ends where the user agent begins; one that was cut is all the rest.
fn unescaped_referrer(quoted: &[u8]) -> (&[u8], &[u8]) {
    let inner = &quoted[1..];
    match memmem::find(inner, b"\" \"") {
        Some(i) => (&inner[..i], &inner[i + 1..]),
        None => (inner.strip_suffix(b"\"").unwrap_or(inner), &inner[inner.len()..]),
    }
}

/// A user agent with bare quotes in it ends at the first quote after which only whole fields follow; one that was cut
/// is all the rest.
fn unescaped_agent(quoted: &[u8]) -> (&[u8], &[u8]) {
    let inner = &quoted[1..];
    memchr_iter(b'"', inner)
        .map(|q| (&inner[..q], &inner[q + 1..]))
        .find(|(_, after)| Tokens::new(after).is_well_formed())
        .unwrap_or((inner, &inner[inner.len()..]))
}
