//! What follows the last fixed field of an access line: quoted fields, `name=value` pairs, durations, ids.
//!
//! Responsible for saying whose layout it is, and for telling values without a name by their looks. What cannot be
//! told is kept under the number of its place.

use memchr::memmem;

use super::named::{Known, Source, set};
use super::tokens::{Tok, Tokens};
use crate::bytes::{is_ip, present, seconds_and_unit, split_port, uint, worker_address};
use crate::{Access, Stamp, Text};

/// Whose layout a tail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Tail {
    /// Nothing follows.
    Empty,
    /// One quoted field: a forwarded list, a request id, anything.
    Quoted,
    /// ingress-nginx's `upstreaminfo`.
    Ingress,
    /// Named values, some of them nginx's upstream variables.
    NginxNamed,
    /// nginx's `$request_time $upstream_response_time`.
    NginxTimes,
    /// Apache's `%D %X`.
    ApacheTimes,
    /// Apache's `%I %O`.
    Io,
    /// Traefik's count of requests, router, server and duration.
    Traefik,
    /// Anything else.
    Other,
}

/// Most pieces of a tail that are looked at.
const PIECES: usize = 24;

/// Reads a tail into the record, and says whose it is.
pub(super) fn read<'a>(tail: &'a [u8], access: &mut Access<'a>, stamp: &mut Stamp) -> Tail {
    let tail = tail.trim_ascii_end();
    if tail.is_empty() {
        return Tail::Empty;
    }
    let mut pieces = [Tok::Bare(b""); PIECES];
    let mut n = 0;
    let mut tokens = Tokens::new(tail);
    while n < PIECES
        && let Some(t) = tokens.next()
    {
        pieces[n] = t;
        n += 1;
    }
    let pieces = &pieces[..n];
    let kind = if ingress(pieces, access) {
        Tail::Ingress
    } else {
        match pieces {
            [Tok::Quoted(v)] => {
                guess(v, 0, access);
                Tail::Quoted
            }
            [Tok::Bare(i), Tok::Bare(o)] if uint(i).is_some() && uint(o).is_some() => {
                access.request_length = uint(i).map(|v| v as i64);
                access.extra.push(("bytes_sent".into(), Text::Borrowed(o)));
                Tail::Io
            }
            [Tok::Bare(d), Tok::Bare(x @ (b"X" | b"+" | b"-")), rest @ ..] if uint(d).is_some() => {
                access.duration_us = uint(d).map(|v| v as i64);
                access.duration_unit_us = 1;
                access.aborted = Some(*x == b"X");
                others(rest, access, stamp);
                Tail::ApacheTimes
            }
            [Tok::Bare(n), Tok::Quoted(router), Tok::Quoted(server), Tok::Bare(took)]
                if uint(n).is_some() && took.strip_suffix(b"ms").is_some_and(|t| uint(t).is_some()) =>
            {
                access.duration_us = took.strip_suffix(b"ms").and_then(uint).map(|ms| ms as i64 * 1000);
                access.duration_unit_us = 1000;
                access.upstream.name = present(router).map(Text::Borrowed);
                access.upstream.addr = present(server).and_then(worker_address).map(Text::Borrowed);
                access.upstream.has_addr = true;
                Tail::Traefik
            }
            [Tok::Bare(rt), Tok::Bare(urt), rest @ ..] if is_millis(rt) && is_millis_list(urt) => {
                nginx_times(rt, urt, rest, access, stamp);
                Tail::NginxTimes
            }
            _ if others(pieces, access, stamp) => Tail::NginxNamed,
            _ => Tail::Other,
        }
    };
    if let Some(rest) = present(tokens.rest().trim_ascii()) {
        access.extra.push(("rest".into(), Text::Borrowed(rest)));
    }
    kind
}

/// Pairs by their names, other pieces by their looks; whether one was an nginx upstream variable.
fn others<'a>(pieces: &[Tok<'a>], access: &mut Access<'a>, stamp: &mut Stamp) -> bool {
    let mut is_nginx = false;
    // One time is the request's; which of several it is cannot be told.
    let is_time = |t: &&Tok<'_>| matches!(t, Tok::Bare(v) | Tok::Quoted(v) if is_millis(v));
    let times = pieces.iter().filter(is_time).count();
    let mut is_status_next = false;
    for (i, t) in pieces.iter().enumerate() {
        let was_address = std::mem::take(&mut is_status_next);
        match *t {
            Tok::Pair(name, value) => is_nginx |= pair(name, value, access, stamp),
            Tok::Bare(v) | Tok::Quoted(v) if was_address && is_status_list(v) => {
                access.upstream.status = present(v).map(Text::Borrowed);
            }
            Tok::Bare(v) | Tok::Quoted(v) if is_peer_with_status(v, pieces.get(i + 1), access) => {
                access.upstream.addr = Some(Text::Borrowed(v));
                access.upstream.has_addr = true;
                is_status_next = true;
                is_nginx = true;
            }
            Tok::Bare(v) | Tok::Quoted(v) if times > 1 && is_millis(v) => keep(v, i, access),
            Tok::Quoted(v) | Tok::Bracket(v) | Tok::Bare(v) => guess(v, i, access),
        }
    }
    is_nginx
}

/// An address before a list of statuses: `$upstream_addr $upstream_status`.
fn is_peer_with_status(value: &[u8], next: Option<&Tok<'_>>, access: &Access<'_>) -> bool {
    !access.upstream.has_addr
        && is_upstream_addr(value)
        && matches!(next, Some(Tok::Bare(s) | Tok::Quoted(s)) if *s != b"-" && is_status_list(s))
}

/// A named value; whether it was an nginx upstream variable.
fn pair<'a>(name: &'a [u8], value: &'a [u8], access: &mut Access<'a>, stamp: &mut Stamp) -> bool {
    let mut own = Some(*stamp);
    let known = set(access, &mut own, name, Text::Borrowed(value), Source::Pairs);
    if let Some(own) = own {
        *stamp = own;
    }
    if known == Known::No && present(value).is_some() {
        access.extra.push((String::from_utf8_lossy(name), Text::Borrowed(value)));
    }
    known == Known::Upstream
}

/// Keeps a value under the number of its place.
fn keep<'a>(value: &'a [u8], index: usize, access: &mut Access<'a>) {
    const NAMES: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
    access.extra.push((NAMES.get(index).copied().unwrap_or("9").into(), Text::Borrowed(value)));
}

/// A value without a name: a forwarded list, a duration, a request id, or something else.
pub(in crate::formats) fn guess<'a>(value: &'a [u8], index: usize, access: &mut Access<'a>) {
    let Some(value) = present(value) else { return };
    let text = Text::Borrowed(value);
    if access.upstream.addr.is_none() && is_worker(value) {
        // Apache's `%{BALANCER_WORKER_NAME}e`
        access.upstream.addr = worker_address(value).map(Text::Borrowed);
        access.upstream.has_addr = true;
    } else if access.xff.is_none() && is_forwarded_list(value) {
        access.xff = Some(text);
    } else if access.duration_us.is_none()
        && (is_millis(value) || is_fraction(value, 4) || is_fraction(value, 6))
    {
        // nginx and many others; Rack's common logger; gunicorn's `%(L)s` and actix' `%T`: all of them seconds
        set_duration(access, value);
    } else if access.request_id.is_none() && is_request_id(value) {
        access.request_id = Some(text);
    } else {
        keep(value, index, access);
    }
}

fn set_duration(access: &mut Access<'_>, value: &[u8]) {
    if let Some((us, unit)) = seconds_and_unit(value) {
        access.duration_us = Some(us);
        access.duration_unit_us = unit;
    }
}

/// `$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr
/// $upstream_response_length $upstream_response_time $upstream_status $req_id`; the alternative name is newer, the
/// id may be missing.
fn ingress<'a>(pieces: &[Tok<'a>], access: &mut Access<'a>) -> bool {
    let [Tok::Bare(length), Tok::Bare(time), Tok::Bracket(name), rest @ ..] = pieces else {
        return false;
    };
    let (alternative, rest) = match rest {
        [Tok::Bracket(a), rest @ ..] => (*a, rest),
        _ => (&b""[..], rest),
    };
    let [Tok::Bare(addr), Tok::Bare(len), Tok::Bare(response), Tok::Bare(status), id @ ..] = rest else {
        return false;
    };
    if uint(length).is_none() && *length != b"-" || !is_millis(time) || !is_millis_list(response) {
        return false;
    }
    let text = |v: &'a [u8]| present(v).map(Text::Borrowed);
    access.request_length = uint(length).map(|v| v as i64);
    set_duration(access, time);
    let up = &mut access.upstream;
    up.name = text(name);
    up.addr = text(addr);
    up.response_length = text(len);
    up.response_time = text(response);
    up.status = text(status);
    up.has_addr = true;
    if let Some(a) = text(alternative) {
        access.extra.push(("proxy_alternative_upstream_name".into(), a));
    }
    if let [Tok::Bare(id), ..] = id {
        access.request_id = text(id);
    }
    true
}

/// `$request_time $upstream_response_time`, and what often follows: `$pipe`, `$upstream_addr`, `$upstream_status`, an id.
fn nginx_times<'a>(
    rt: &'a [u8],
    urt: &'a [u8],
    rest: &[Tok<'a>],
    access: &mut Access<'a>,
    stamp: &mut Stamp,
) {
    set_duration(access, rt);
    access.upstream.response_time = present(urt).map(Text::Borrowed);
    for (i, t) in rest.iter().enumerate() {
        let at = i + 2;
        match *t {
            Tok::Bare(p @ (b"." | b"p")) => access.extra.push(("pipe".into(), Text::Borrowed(p))),
            Tok::Bare(v) | Tok::Quoted(v) if !access.upstream.has_addr && is_upstream_addr(v) => {
                access.upstream.addr = Some(Text::Borrowed(v));
                access.upstream.has_addr = true;
            }
            Tok::Bare(v) | Tok::Quoted(v)
                if access.upstream.has_addr && access.upstream.status.is_none() && is_status_list(v) =>
            {
                access.upstream.status = Some(Text::Borrowed(v));
            }
            Tok::Pair(name, value) => {
                pair(name, value, access, stamp);
            }
            Tok::Bare(v) | Tok::Quoted(v) | Tok::Bracket(v) => guess(v, at, access),
        }
    }
}

/// `0.021`: whole seconds and exactly three digits, as nginx writes times.
fn is_millis(b: &[u8]) -> bool {
    is_fraction(b, 3)
}

/// A decimal number with this many digits after the point.
fn is_fraction(b: &[u8], digits: usize) -> bool {
    match memchr::memchr(b'.', b) {
        Some(i) => {
            i > 0 && b.len() == i + 1 + digits && b[..i].iter().chain(&b[i + 1..]).all(u8::is_ascii_digit)
        }
        None => false,
    }
}

fn is_millis_list(b: &[u8]) -> bool {
    elements(b).all(|e| e.is_empty() || e == b"-" || is_millis(e))
}

fn is_status_list(b: &[u8]) -> bool {
    elements(b).all(|e| e.is_empty() || e == b"-" || e.len() == 3 && uint(e).is_some())
}

/// Addresses as nginx writes peers: with a port, or a unix socket.
pub(super) fn is_upstream_addr(b: &[u8]) -> bool {
    let mut any = false;
    for e in elements(b) {
        let (ip, port) = split_port(e);
        let is_peer = port.is_some() && is_ip(ip) || e.starts_with(b"unix:/");
        if !is_peer && !matches!(e, b"" | b"-") {
            return false;
        }
        any |= is_peer;
    }
    any
}

/// Elements of a multi-valued variable.
fn elements(b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(b);
    std::iter::from_fn(move || {
        let b = rest?;
        let cut = match (memmem::find(b, b", "), memmem::find(b, b" : ")) {
            (Some(c), Some(d)) if d < c => Some((d, 3)),
            (Some(c), _) => Some((c, 2)),
            (None, Some(d)) => Some((d, 3)),
            (None, None) => None,
        };
        let Some((at, len)) = cut else {
            rest = None;
            return Some(b.strip_suffix(b" :").unwrap_or(b));
        };
        rest = Some(&b[at + len..]);
        Some(&b[..at])
    })
}

/// A backend's URL without a path: scheme, address, port.
fn is_worker(b: &[u8]) -> bool {
    let Some(at) = memmem::find(b, b"://") else { return false };
    let scheme =
        matches!(&b[..at], b"http" | b"https" | b"ajp" | b"fcgi" | b"scgi" | b"uwsgi" | b"h2" | b"h2c");
    scheme && split_port(&b[at + 3..]).1.is_some()
}

/// `X-Forwarded-For` as clients and proxies send it: addresses, `unknown`, with or without ports.
fn is_forwarded_list(b: &[u8]) -> bool {
    let mut ips = 0;
    for e in b.split(|c| *c == b',') {
        let e = e.trim_ascii();
        if is_ip(split_port(e).0) {
            ips += 1;
        } else if !e.is_empty() && e != b"-" && e != b"unknown" {
            return false;
        }
    }
    ips > 0
}

/// A UUID, 32 hex digits, mod_unique_id's 27 characters, a trace id: long, of few kinds of characters, with a digit, and
/// no plain number.
fn is_request_id(b: &[u8]) -> bool {
    (8..=128).contains(&b.len())
        && b.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'@' | b':' | b'='))
        && b.iter().any(u8::is_ascii_digit)
        && (b.iter().any(u8::is_ascii_alphabetic) || b.len() >= 16)
}
