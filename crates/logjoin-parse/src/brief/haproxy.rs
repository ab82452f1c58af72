//! HAProxy's HTTP log in brief; `formats/haproxy_http` has the whole.

use super::pieces::{
    after, digits, find, first, marks_of_two, no_decimals, no_digits, request_line, until, word, word_of,
};
use super::stamp::Seconds;
use super::{Brief, LongWords, Words, is_plain_status};
use crate::{Anchor, FormatDef, Product};

/// Whether no other format of the source could read such lines: HAProxy's layouts are unmistakable.
pub(super) fn reads(defs: &[&'static FormatDef]) -> bool {
    defs.iter().any(|d| d.id == "haproxy-http") && defs.iter().all(|d| d.product == Product::Haproxy)
}

pub(super) fn read<'a>(line: &'a [u8], words: &mut LongWords, seconds: &mut Seconds) -> Option<Brief<'a>> {
    let known = client_of_v4(line);
    let (ip, rest) = match known {
        Some(found) => found,
        None => any_client(line)?,
    };
    let (stamp, rest) = seconds.clf(after(rest, b"[")?)?;
    let from = if known.is_some() { line.len() - rest.len() } else { 0 };
    *words = LongWords { from, then: Words::Anywhere };
    let (_, rest) = word(after(rest, b" ")?)?;
    let (pair, rest) = word(rest)?;
    let (group, server) = until(pair, b'/')?;
    if group.is_empty() || group == b"-" || server.is_empty() || server == b"-" || server == b"<NOSRV>" {
        return None;
    }
    // A minus or a plus is of a request that did not come to its end, or was logged before it.
    let ([_, tw, tc, _, tt], rest) = slashed::<5>(rest)?;
    let (status, rest) = digits(rest)?;
    let status = i32::try_from(status).ok().filter(|s| is_plain_status(*s))?;
    let (bytes, rest) = digits(after(rest, b" ")?)?;
    // Captured cookies, and how the session ended: mostly there are none, and in good order.
    let rest = match after(rest, b" - - ---- ") {
        Some(rest) => rest,
        None => {
            let (_, rest) = word(after(rest, b" ")?)?;
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
    let ([_, _, _, _, retries], rest) = slashed::<5>(rest)?;
    // Nobody waits in the queues, mostly.
    let mut rest = match after(rest, b"0/0 ") {
        Some(rest) => rest,
        None => slashed::<2>(rest)?.1,
    };
    for _ in 0..2 {
        if let Some(captured) = after(rest, b"{") {
            rest = after(until(captured, b'}')?.1, b" ")?;
        }
    }
    // An escape of HAProxy's, or the end.
    let request = after(rest, b"\"")?;
    let end = find(request, |w| marks_of_two(w, b'"', b'#'), |c| matches!(c, b'"' | b'#'))?;
    let (request, rest) = request.split_at(end);
    if retries != 0 || !matches!(rest, [b'"'] | [b'"', b' ', ..]) {
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

/// The address of `192.0.2.7:54254 `, and what follows.
#[inline(always)]
fn client_of_v4(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let ends = no_decimals(word_of(line)?);
    let end = if ends != 0 { first(ends) } else { 8 + first(no_decimals(word_of(&line[8..])?)) };
    let (ip, rest) = line.split_at(end);
    let port = after(rest, b":")?;
    let digits = first(no_digits(word_of(port)?, !0));
    ((1..=5).contains(&digits) && port[digits] == b' ' && !ip.is_empty()).then(|| (ip, &port[digits + 1..]))
}

/// The same, of any address.
fn any_client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (client, rest) = word(line)?;
    let colon = memchr::memrchr(b':', client)?;
    let (ip, port) = (&client[..colon], &client[colon + 1..]);
    let is_address = !ip.is_empty() && ip.iter().all(|c| c.is_ascii_hexdigit() || matches!(c, b'.' | b':'));
    let is_port = matches!(port.len(), 1..=5) && port.iter().all(u8::is_ascii_digit);
    (is_address && is_port).then_some((ip, rest))
}

/// `N` numbers without signs, slashes between them, and a blank behind.
#[inline(always)]
fn slashed<const N: usize>(mut b: &[u8]) -> Option<([i64; N], &[u8])> {
    let mut out = [0; N];
    for (i, v) in out.iter_mut().enumerate() {
        let end = if i + 1 < N { b'/' } else { b' ' };
        b = match b {
            [d @ b'0'..=b'9', next, rest @ ..] if *next == end => {
                *v = i64::from(d - b'0');
                rest
            }
            _ => {
                let rest;
                (*v, rest) = digits(b)?;
                after(rest, &[end])?
            }
        };
    }
    Some((out, b))
}
