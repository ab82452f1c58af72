//! What stands before the time: a virtual host, a forwarded list, the client, ident and user.
//!
//! Responsible for telling these apart where a layout has more or fewer of them than three. The trick: words
//! joined by a comma are one list, and the dash that nearly always stands for ident shows where the client was.

use memchr::memchr_iter;

use crate::bytes::{is_ip, present, split_port};
use crate::{Access, Stamp, Text};

/// Most groups of words that a head is split into; the last one takes all the rest.
const GROUPS: usize = 6;

/// Splits a line at its `[time]`: what stands before, the time, what follows the bracket. A user name may hold
/// brackets, hence the first bracket that holds a time.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], Stamp, &[u8])> {
    for i in memchr_iter(b'[', line).take(8) {
        let inside = &line[i + 1..];
        if !inside.first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let read = Stamp::clf(inside).or_else(|| Stamp::iso(inside));
        if let Some((stamp, rest)) = read
            && let Some(rest) = rest.strip_prefix(b"]")
        {
            return Some((line[..i].trim_ascii_end(), stamp, rest));
        }
    }
    None
}

/// Reads a head into the record; whether it starts with a virtual host. `None` when there is no client.
pub(super) fn read<'a>(head: &'a [u8], access: &mut Access<'a>) -> Option<bool> {
    let mut groups = [Group { text: b"", at: 0, end: 0, is_list: false }; GROUPS];
    let mut n = 0;
    let mut at = 0;
    while n < GROUPS {
        at += head[at..].iter().take_while(|b| **b == b' ').count();
        if at == head.len() {
            break;
        }
        groups[n] = group(head, at);
        at = groups[n].end;
        n += 1;
    }
    let g = &groups[..n];
    let from = |i: usize| g.get(i).map_or(&b""[..], |g| &head[g.at..]);
    let (vhost, list, client, user) = match g {
        [] => return None,
        [c] => (None, None, c, &b""[..]),
        [c, _] => (None, None, c, from(1)),
        [v, c, dash] if dash.text == b"-" && is_ip(c.text) && !is_address(v.text) && !v.is_list => {
            (Some(v), None, c, &b""[..])
        }
        [c, _, _] => (None, None, c, from(2)),
        [c, dash, ..] if dash.text == b"-" => (None, None, c, from(2)),
        [l, c, ..] if l.is_list && !c.is_list => (None, Some(l), c, from(3)),
        [v, l, c, dash, ..] if l.is_list && c.text != b"-" && dash.text == b"-" => {
            (Some(v), Some(l), c, from(4))
        }
        // A user name with spaces, after an ident.
        [c, _, u, ..] if u.text != b"-" && is_ip(c.text) && !is_address(g[1].text) && !g[1].is_list => {
            (None, None, c, from(2))
        }
        [v, c, ..] => (Some(v), None, c, from(3)),
    };
    let has_vhost = vhost.is_some();
    access.vhost = vhost.and_then(|v| present(v.text)).map(Text::Borrowed);
    let list = list.or(client.is_list.then_some(client));
    access.xff = list.and_then(|l| present(l.text)).map(Text::Borrowed);
    let client = client.text.split(|b| *b == b',').next().unwrap_or(client.text).trim_ascii();
    let (ip, port) = split_port(client);
    access.client_ip = present(ip).map(Text::Borrowed);
    access.client_port = port;
    access.user = present(real_ip_off(user)).map(Text::Borrowed);
    Some(has_vhost)
}

/// Older ingress-nginx wrote `addr - [addr] - user`.
fn real_ip_off(user: &[u8]) -> &[u8] {
    match user {
        [b'[', rest @ ..] => memchr::memmem::find(rest, b"] - ").map_or(user, |i| &rest[i + 4..]),
        _ => user,
    }
}

fn is_address(b: &[u8]) -> bool {
    b.starts_with(b"unix:") || is_ip(split_port(b).0)
}

/// A word, a comma-separated list of words, or the inside of a quoted list.
#[derive(Clone, Copy)]
struct Group<'a> {
    text: &'a [u8],
    /// Offset in the head.
    at: usize,
    /// Offset of its end, a closing quote included.
    end: usize,
    is_list: bool,
}

fn group(head: &[u8], at: usize) -> Group<'_> {
    let b = &head[at..];
    if let [b'"', inner @ ..] = b
        && let Some(close) = memchr::memchr(b'"', inner)
    {
        return Group { text: &inner[..close], at, end: at + close + 2, is_list: true };
    }
    let mut end = memchr::memchr(b' ', b).unwrap_or(b.len());
    let mut is_list = memchr::memchr(b',', &b[..end]).is_some();
    while b[..end].ends_with(b",") && end + 1 < b.len() {
        is_list = true;
        let next = end + 1;
        end = next + memchr::memchr(b' ', &b[next..]).unwrap_or(b.len() - next);
        if end == next {
            break;
        }
    }
    Group { text: &b[..end], at, end: at + end, is_list }
}
