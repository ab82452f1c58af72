//! The common and combined logs and what nginx and httpd write behind them, in brief; [`crate::formats`] has the whole.

use super::pieces::{
    after, below, digits, first, marks_of_two, no_digits, quote, request_line, word, word_of,
};
use super::stamp::Seconds;
use super::tail::{Tail, Tails};
use super::{Brief, LongWords, SHORTEST_ID, Words, is_plain_status};
use crate::{Anchor, FormatDef, Product, Stamp};

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
    middle: Middle,
    tails: Tails,
    pub words: LongWords,
}

/// What stood between client and request, in the line before: mostly the same for all lines of a second.
#[derive(Debug)]
struct Middle {
    /// `- - [21/Nov/2026:01:50:53 +0000] "`, as numbers.
    words: [u128; 3],
    stamp: Option<Stamp>,
}

const MIDDLE: usize = 34;

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
        let middle = Middle { words: [0; 3], stamp: None };
        ids.iter().any(Option::is_some).then(|| Formats {
            ids,
            middle,
            tails: Tails::default(),
            words: LongWords::default(),
        })
    }
}

impl Middle {
    /// The time, and what stands behind the quote of the request.
    #[inline(always)]
    fn read<'a>(&mut self, b: &'a [u8], seconds: &mut Seconds) -> Option<(Stamp, &'a [u8])> {
        match (b.split_first_chunk::<MIDDLE>(), self.stamp) {
            (Some((text, rest)), Some(stamp)) if Middle::words(text) == self.words => Some((stamp, rest)),
            _ => self.other(b, seconds),
        }
    }

    /// Sixteen bytes each; some are in two of them.
    #[inline(always)]
    fn words(text: &[u8; MIDDLE]) -> [u128; 3] {
        let word = |from: usize| text[from..].first_chunk().map_or(0, |w| u128::from_le_bytes(*w));
        [word(0), word(16), word(MIDDLE - 16)]
    }

    /// The same of another one than before.
    fn other<'a>(&mut self, b: &'a [u8], seconds: &mut Seconds) -> Option<(Stamp, &'a [u8])> {
        let time = match after(b, b"- - [") {
            Some(rest) => rest,
            None => {
                let (user, rest) = word(after(b, b"- ")?)?;
                if user.is_empty() || user.iter().any(|c| matches!(c, b'[' | b'"' | b',')) {
                    return None;
                }
                after(rest, b"[")?
            }
        };
        let (stamp, rest) = seconds.clf(time)?;
        let rest = after(rest, b" \"")?;
        // What it says is said by these bytes alone.
        if let (Some(text), true) = (b.first_chunk(), b.len() - rest.len() == MIDDLE) {
            (self.words, self.stamp) = (Middle::words(text), Some(stamp));
        }
        Some((stamp, rest))
    }
}

pub(super) fn read<'a>(line: &'a [u8], formats: &mut Formats, seconds: &mut Seconds) -> Option<Brief<'a>> {
    let (client, rest) = client(line)?;
    let (stamp, behind) = formats.middle.read(rest, seconds)?;
    let (middle, rest) = (rest.len() - behind.len(), behind);
    let (request, rest) = rest.split_at(quote(rest)?);
    let (method, path) = request_line(request)?;
    let (status, rest) = status(rest)?;
    if !is_plain_status(status) {
        return None;
    }
    let (bytes, rest) = match after(rest, b"-") {
        Some(rest) => (None, rest),
        None => digits(rest).map(|(n, rest)| (Some(n), rest))?,
    };
    // Nothing but the target, agent and end is so long that it could be an id.
    let is_short = client.len() < SHORTEST_ID && middle == MIDDLE && method.len() < SHORTEST_ID;
    let (agent, tail, end) = if rest.is_empty() {
        (None, Tail::new(Class::Common), Words::Behind(0))
    } else {
        let referer = rest;
        let known = after(rest, b" \"-\" \"");
        let rest = match known {
            Some(rest) => rest,
            None => after(quoted(after(rest, b" \"")?)?.1, b" \"")?,
        };
        let (agent, rest) = quoted(rest)?;
        let tail = formats.tails.read(rest)?;
        let end = match known {
            Some(_) => Words::InAgent(if tail.may_have_id { rest.len() } else { 0 }),
            None => Words::Behind(referer.len()),
        };
        (Some(agent).filter(|a| !a.is_empty() && *a != b"-"), tail, end)
    };
    formats.words = LongWords { from: 0, then: if is_short { end } else { Words::Anywhere } };
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

/// `" 200 `, the status behind a request; what follows it.
#[inline(always)]
fn status(b: &[u8]) -> Option<(i32, &[u8])> {
    const DIGITS: u64 = 0xff_ffff << 16;
    const OTHERS: u64 = 0xff << 40 | 0xffff;
    const TEXT: u64 = (b' ' as u64) << 40 | (b' ' as u64) << 8 | b'"' as u64;
    let Some(word) = word_of(b) else { return short_status(b) };
    if word & OTHERS != TEXT || no_digits(word, DIGITS) != 0 {
        return None;
    }
    let digit = |n: u32| (word >> (8 * n)) as i32 & 0xf;
    Some((digit(2) * 100 + digit(3) * 10 + digit(4), &b[6..]))
}

/// The same, near the end of a line.
#[cold]
fn short_status(b: &[u8]) -> Option<(i32, &[u8])> {
    let [b'"', b' ', x, y, z, b' ', rest @ ..] = b else { return None };
    let digit = |d: &u8| d.is_ascii_digit().then(|| i32::from(d - b'0'));
    Some((digit(x)? * 100 + digit(y)? * 10 + digit(z)?, rest))
}

/// The client before the first blank. A list, a port or a name in brackets is for the reader that looks twice.
#[inline(always)]
fn client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // An address of IPv4 or a short name: nothing in it is low, and nothing else that is looked for stands before its end.
    for at in [0, 8] {
        let Some(word) = line.get(at..).and_then(word_of) else { break };
        let (low, odd) = (below(word, b'-'), marks_of_two(word, b':', b'['));
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
    any_client(line)
}

/// The same, byte by byte.
fn any_client(line: &[u8]) -> Option<(&[u8], &[u8])> {
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
#[inline(always)]
pub(super) fn quoted(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let i = quote(b)?;
    let rest = &b[i + 1..];
    (b[i] == b'"' && matches!(rest.first(), None | Some(b' '))).then(|| (&b[..i], rest))
}
