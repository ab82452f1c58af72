//! The common and combined logs and what nginx and httpd write behind them, in brief; [`crate::formats`] has the whole.

use super::pieces::{below, digits, first, marks, quote, request_line, word, word_of};
use super::stamp::Seconds;
use super::tail::{Tail, Tails};
use super::{Brief, is_plain_status};
use crate::{Anchor, FormatDef, Product};

/// The layouts of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Common,
    Combined,
    /// One quoted field behind the combined ones.
    Quoted,
    /// nginx's upstream variables, by name or in the usual order.
    Nginx,
    /// httpd's `%D %X`.
    Apache,
}

/// Which format of the source reads lines of each layout, and what stood behind the lines before.
#[derive(Debug)]
pub(super) struct Formats {
    ids: [Option<&'static str>; 5],
    tails: Tails,
}

impl Formats {
    /// `None` where another format of the source could read such lines first.
    pub fn new(defs: &[&'static FormatDef]) -> Option<Formats> {
        let reads = |id: &str, class: Class| match id {
            "common" => class == Class::Common,
            "combined" => class == Class::Combined,
            "combined-quoted" => class == Class::Quoted,
            "nginx-upstream" => class == Class::Nginx,
            "apache-timed" => class == Class::Apache,
            "combined-extra" => true,
            _ => false,
        };
        let is_known = |id: &str| {
            matches!(
                id,
                "common"
                    | "combined"
                    | "combined-quoted"
                    | "nginx-upstream"
                    | "apache-timed"
                    | "combined-extra"
                    | "combinedio"
                    | "vhost-combined"
                    | "ingress-nginx"
                    | "traefik"
            )
        };
        if defs.is_empty() || !defs.iter().all(|d| is_known(d.id)) {
            return None;
        }
        let classes = [Class::Common, Class::Combined, Class::Quoted, Class::Nginx, Class::Apache];
        let ids = classes.map(|class| defs.iter().map(|d| d.id).find(|id| reads(id, class)));
        ids.iter().any(Option::is_some).then(|| Formats { ids, tails: Tails::default() })
    }
}

pub(super) fn read<'a>(line: &'a [u8], formats: &mut Formats, seconds: &mut Seconds) -> Option<Brief<'a>> {
    let (client, rest) = client(line)?;
    let rest = match rest.strip_prefix(b"- - [") {
        Some(rest) => rest,
        None => {
            let (user, rest) = word(rest.strip_prefix(b"- ")?)?;
            if user.is_empty() || user.iter().any(|c| matches!(c, b'[' | b'"' | b',')) {
                return None;
            }
            rest.strip_prefix(b"[")?
        }
    };
    let (stamp, rest) = seconds.clf(rest)?;
    let (request, rest) = quoted(rest.strip_prefix(b" \"")?)?;
    let (method, path) = request_line(request)?;
    let [b' ', a, b, c, b' ', rest @ ..] = rest else { return None };
    let mut status = 0;
    for digit in [a, b, c] {
        status = status * 10 + i32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    if !is_plain_status(status) {
        return None;
    }
    let (bytes, rest) = match rest.strip_prefix(b"-") {
        Some(rest) => (None, rest),
        None => digits(rest).map(|(n, rest)| (Some(n), rest))?,
    };
    let (agent, tail) = if rest.is_empty() {
        (None, Tail::new(Class::Common))
    } else {
        let (_, rest) = quoted(rest.strip_prefix(b" \"")?)?;
        let (agent, rest) = quoted(rest.strip_prefix(b" \"")?)?;
        (Some(agent).filter(|a| !a.is_empty() && *a != b"-"), formats.tails.read(rest)?)
    };
    let (product, anchor) = match tail.class {
        Class::Nginx => (Product::Nginx, Anchor::End),
        Class::Apache => (Product::Apache, Anchor::Start),
        _ => (Product::Unknown, Anchor::Unknown),
    };
    Some(Brief {
        client_ip: Some(client),
        method: Some(method),
        path: Some(path),
        user_agent: agent,
        status: Some(status),
        bytes,
        duration_us: tail.duration_us,
        duration_unit_us: tail.duration_unit_us,
        request_length: tail.request_length,
        connection_requests: tail.connection_requests,
        connect_ms: tail.connect_ms,
        server: tail.server,
        tries: tail.tries,
        ..Brief::new(formats.ids[tail.class as usize]?, product, anchor, Some(stamp))
    })
}

/// The client before the first blank. A list, a port or a name in brackets is for the reader that looks twice.
#[inline]
fn client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // An address of IPv4 or a short name: nothing in it is low, and nothing else that is looked for stands before its end.
    for at in [0, 8] {
        let Some(word) = line.get(at..).and_then(word_of) else { break };
        let (low, odd) = (below(word, b'-'), marks(word, b':') | marks(word, b'['));
        if odd != 0 && (low == 0 || first(odd) < first(low)) {
            break;
        }
        if low != 0 {
            let i = at + first(low);
            if line[i] != b' ' || i == 0 || line[..i] == *b"-" {
                break;
            }
            return Some((&line[..i], &line[i + 1..]));
        }
    }
    let mut colons = 0;
    for (i, c) in line.iter().enumerate() {
        match c {
            b' ' => {
                let client = &line[..i];
                return (i > 0 && colons != 1 && client != b"-").then(|| (client, &line[i + 1..]));
            }
            b':' => colons += 1,
            b'"' | b'[' | b',' | ..b' ' => return None,
            _ => {}
        }
    }
    None
}

/// A quoted field without a backslash, behind its opening quote; what follows it is nothing or stands behind a blank.
pub(super) fn quoted(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let i = quote(b)?;
    let rest = &b[i + 1..];
    (b[i] == b'"' && matches!(rest.first(), None | Some(b' '))).then(|| (&b[..i], rest))
}
