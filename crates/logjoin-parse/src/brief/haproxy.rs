//! HAProxy's HTTP log in brief; `formats/haproxy_http` has the whole.

use super::pieces::{counts, digits, request_line, until, word};
use super::stamp::Seconds;
use super::{Brief, is_plain_status};
use crate::{Anchor, FormatDef, Product};

/// Whether no other format of the source could read such lines: HAProxy's layouts are unmistakable.
pub(super) fn reads(defs: &[&'static FormatDef]) -> bool {
    defs.iter().any(|d| d.id == "haproxy-http") && defs.iter().all(|d| d.product == Product::Haproxy)
}

pub(super) fn read<'a>(line: &'a [u8], seconds: &mut Seconds) -> Option<Brief<'a>> {
    let (client, rest) = word(line)?;
    let colon = memchr::memrchr(b':', client)?;
    let (ip, port) = (&client[..colon], &client[colon + 1..]);
    if !is_address(ip) || port.is_empty() || port.len() > 5 || !port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (stamp, rest) = seconds.clf(rest.strip_prefix(b"[")?)?;
    let (_, rest) = word(rest.strip_prefix(b" ")?)?;
    let (pair, rest) = word(rest)?;
    let (group, server) = until(pair, b'/')?;
    if group.is_empty() || group == b"-" || server.is_empty() || server == b"-" || server == b"<NOSRV>" {
        return None;
    }
    // A minus or a plus is of a request that did not come to its end, or was logged before it.
    let ([_, tw, tc, _, tt], rest) = slashed::<5>(rest)?;
    let (status, rest) = digits(rest)?;
    let status = i32::try_from(status).ok().filter(|s| is_plain_status(*s))?;
    let (bytes, rest) = digits(rest.strip_prefix(b" ")?)?;
    let rest = rest.strip_prefix(b" ")?;
    // Captured cookies, and how the session ended: mostly there are none, and in good order.
    let rest = match rest.strip_prefix(b"- - ---- ") {
        Some(rest) => rest,
        None => {
            let (_, rest) = word(rest)?;
            let (_, rest) = word(rest)?;
            let (state, rest) = word(rest)?;
            let is_state =
                matches!(state.len(), 2 | 4) && state.iter().all(|c| c.is_ascii_alphabetic() || *c == b'-');
            if !is_state || !state.starts_with(b"--") {
                return None;
            }
            rest
        }
    };
    let (retries, rest) = match counts::<5>(rest) {
        Some((counts, rest)) => (i64::from(!counts.ends_with(b"/0")), rest),
        None => slashed::<5>(rest).map(|([_, _, _, _, retries], rest)| (retries, rest))?,
    };
    let (_, mut rest) = slashed::<2>(rest)?;
    for _ in 0..2 {
        if let Some(captured) = rest.strip_prefix(b"{") {
            rest = until(captured, b'}')?.1.strip_prefix(b" ")?;
        }
    }
    let (request, rest) = until(rest.strip_prefix(b"\"")?, b'"')?;
    if retries != 0 || !matches!(rest.first(), None | Some(b' ')) || memchr::memchr(b'#', request).is_some() {
        return None;
    }
    let (method, path) = request_line(request)?;
    Some(Brief {
        client_ip: Some(ip),
        method: Some(method),
        path: Some(path),
        status: Some(status),
        bytes: Some(bytes),
        duration_us: Some(tt * 1000),
        duration_unit_us: 1000,
        connect_ms: Some(tc),
        queue_ms: Some(tw),
        group: Some(group),
        server: Some(server),
        ..Brief::new("haproxy-http", Product::Haproxy, Anchor::Start, Some(stamp))
    })
}

/// Whether something can be an address of IPv4 or IPv6.
#[inline(always)]
fn is_address(ip: &[u8]) -> bool {
    !ip.is_empty() && ip.iter().all(|c| c.is_ascii_hexdigit() || matches!(c, b'.' | b':'))
}

/// `N` numbers without signs, slashes between them, and a blank behind.
#[inline(always)]
fn slashed<const N: usize>(mut b: &[u8]) -> Option<([i64; N], &[u8])> {
    let mut out = [0; N];
    for (i, v) in out.iter_mut().enumerate() {
        let rest;
        (*v, rest) = digits(b)?;
        b = rest.strip_prefix(if i + 1 < N { b"/" } else { b" " })?;
    }
    Some((out, b))
}
