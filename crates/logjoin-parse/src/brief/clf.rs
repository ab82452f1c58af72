//! The common and combined logs and what nginx and httpd write behind them, in brief; [`crate::formats`] has the whole.

use super::pieces::{
    Known, below, digits, find, first, marks, millis, millis_before, quote, request_line, word, word_of,
};
use super::stamp::Seconds;
use super::{Brief, is_plain_status};
use crate::{Anchor, FormatDef, Product};

/// The layouts of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Common,
    Combined,
    /// One quoted field behind the combined ones.
    Quoted,
    /// nginx's upstream variables, by name or in the usual order.
    Nginx,
    /// httpd's `%D %X`.
    Apache,
}

/// Which format of the source reads lines of each layout, and the names that the line before had.
#[derive(Debug)]
pub(super) struct Formats {
    ids: [Option<&'static str>; 5],
    names: Vec<Pair>,
}

/// What stands before a value: a name, its `=`, perhaps a quote.
#[derive(Debug)]
struct Pair {
    head: Known,
    is_quoted: bool,
    name: Name,
}

/// What a pair behind the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Duration,
    Address,
    Status,
    Connect,
    /// A time or a length of the upstream that a brief does not have.
    Upstream,
    RequestLength,
    Requests,
    /// Nothing that a brief has.
    Other,
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
        ids.iter().any(Option::is_some).then(|| Formats { ids, names: Vec::new() })
    }
}

/// Whether a byte ends the value of a pair or makes it more than one.
#[inline(always)]
fn is_end(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b'"' | b'\\' | b'\t' | b'\r')
}

/// Where the value of a pair ends.
#[inline(always)]
fn end(b: &[u8]) -> usize {
    let mut at = 0;
    loop {
        // All but the backslash are low, and few others are.
        let near = find(&b[at..], |w| below(w, b'-') | marks(w, b'\\'), is_end);
        match near {
            None => return b.len(),
            Some(i) if is_end(b[at + i]) => return at + i,
            Some(i) => at += i + 1,
        }
    }
}

/// Most pairs behind a line.
const PAIRS: usize = 16;

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
    let mut brief = Brief {
        client_ip: Some(client),
        method: Some(method),
        path: Some(path),
        status: Some(status),
        bytes,
        ..Brief::new("", Product::Unknown, Anchor::Unknown, Some(stamp))
    };
    let class = if rest.is_empty() {
        Class::Common
    } else {
        let (_, rest) = quoted(rest.strip_prefix(b" \"")?)?;
        let (agent, rest) = quoted(rest.strip_prefix(b" \"")?)?;
        brief.user_agent = Some(agent).filter(|a| !a.is_empty() && *a != b"-");
        tail(rest, formats, &mut brief)?
    };
    (brief.product, brief.anchor) = match class {
        Class::Nginx => (Product::Nginx, Anchor::End),
        Class::Apache => (Product::Apache, Anchor::Start),
        _ => (Product::Unknown, Anchor::Unknown),
    };
    brief.format = formats.ids[class as usize]?;
    Some(brief)
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
fn quoted(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let i = quote(b)?;
    let rest = &b[i + 1..];
    (b[i] == b'"' && matches!(rest.first(), None | Some(b' '))).then(|| (&b[..i], rest))
}

fn tail<'a>(rest: &'a [u8], formats: &mut Formats, brief: &mut Brief<'a>) -> Option<Class> {
    let Some(rest) = rest.strip_prefix(b" ") else { return Some(Class::Combined) };
    match rest.first()? {
        b'"' => {
            // Of what one quoted field may be, an id is told by its looks alone; it has no place in a brief.
            let (id, rest) = quoted(&rest[1..])?;
            let is_id =
                id.len() >= 16 && id.iter().all(|c| c.is_ascii_hexdigit() || *c == b'-') && id[0] != b'-';
            (is_id && rest.is_empty()).then_some(Class::Quoted)
        }
        b'0'..=b'9' => {
            let (took, state) = word(rest)?;
            if let Some(us) = millis(took) {
                let upstream = millis(state)?;
                (brief.duration_us, brief.duration_unit_us) = (Some(us), 1000);
                // A time of the upstream is a try, of which nothing else is known.
                brief.tries = usize::from(upstream >= 0);
                return Some(Class::Nginx);
            }
            let (us, after) = digits(took)?;
            if !after.is_empty() || !matches!(state, b"+" | b"-") {
                return None;
            }
            (brief.duration_us, brief.duration_unit_us) = (Some(us), 1);
            Some(Class::Apache)
        }
        b'a'..=b'z' => pairs(rest, formats, brief),
        _ => None,
    }
}

/// `rt=0.021 uct="0.000" ua="10.20.1.11:8080" us="502"`.
fn pairs<'a>(mut rest: &'a [u8], formats: &mut Formats, brief: &mut Brief<'a>) -> Option<Class> {
    let mut is_upstream = false;
    // Whether a value of the upstream's is not the dash.
    let mut is_told = false;
    let mut place = 0;
    loop {
        let known = formats.names.get(place).and_then(|p| Some((p.head.strip(rest)?, p.name, p.is_quoted)));
        let (after, kind, is_quoted) = match known {
            Some(known) => known,
            None => {
                let equals = memchr::memchr(b'=', rest)?;
                let name = name_of(&rest[..equals])?;
                let quote = usize::from(rest.get(equals + 1) == Some(&b'"'));
                let (head, after) = rest.split_at(equals + 1 + quote);
                formats.names.truncate(place);
                formats.names.push(Pair { head: Known::new(head), is_quoted: quote == 1, name });
                (after, name, quote == 1)
            }
        };
        place += 1;
        // A list has blanks or commas, and is of a request that was tried twice.
        let (value, after) = match time(kind, after, brief) {
            Some(parts) => parts,
            None => {
                let parts = after.split_at(end(after));
                put(brief, kind, parts.0)?;
                parts
            }
        };
        let after = match after.first() {
            Some(b'"') if is_quoted => &after[1..],
            None | Some(b' ') if !is_quoted => after,
            _ => return None,
        };
        if value.is_empty() {
            return None;
        }
        if matches!(kind, Name::Address | Name::Status | Name::Connect | Name::Upstream) {
            is_upstream = true;
            is_told |= value != b"-";
        }
        match after.strip_prefix(b" ") {
            Some(next) if place < PAIRS => rest = next,
            None if after.is_empty() => break,
            _ => return None,
        }
    }
    brief.tries = usize::from(brief.server.is_some());
    // Without an address, the other values would have to tell whether there was a try.
    (is_upstream && (brief.server.is_some() || !is_told)).then_some(Class::Nginx)
}

/// A time of nginx's that ends where a value may end: it is put into its place without looking for the end first. `None` for
/// anything else.
#[inline(always)]
fn time<'a>(kind: Name, after: &'a [u8], brief: &mut Brief<'_>) -> Option<(&'a [u8], &'a [u8])> {
    if !matches!(kind, Name::Duration | Name::Connect | Name::Upstream) {
        return None;
    }
    let (us, rest) = millis_before(after)?;
    if !rest.first().is_none_or(|c| is_end(*c)) {
        return None;
    }
    match kind {
        Name::Duration if brief.duration_us.is_none() => {
            (brief.duration_us, brief.duration_unit_us) = (Some(us), 1000);
        }
        Name::Connect if brief.connect_ms.is_none() => brief.connect_ms = Some(us / 1000),
        Name::Upstream => {}
        _ => return None,
    }
    Some((&after[..after.len() - rest.len()], rest))
}

/// `None` for a name that stands twice, and for a value that is not written as nginx does.
fn put<'a>(brief: &mut Brief<'a>, name: Name, value: &'a [u8]) -> Option<()> {
    let number = || digits(value).filter(|(_, rest)| rest.is_empty()).map(|(n, _)| n);
    let is_present = value != b"-";
    match name {
        Name::Duration => {
            brief.duration_unit_us = 1000;
            brief.duration_us.replace(millis(value)?).is_none()
        }
        Name::Address => !is_present || brief.server.replace(value).is_none(),
        Name::Status => !is_present || value.len() == 3 && number().is_some(),
        Name::Connect => !is_present || brief.connect_ms.replace(millis(value)? / 1000).is_none(),
        Name::RequestLength => brief.request_length.replace(number()?).is_none(),
        Name::Requests => brief.connection_requests.replace(number()? as u64).is_none(),
        Name::Upstream | Name::Other => true,
    }
    .then_some(())
}

/// The names that `named::set` of the whole reader knows, as far as they are frequent.
fn name_of(name: &[u8]) -> Option<Name> {
    Some(match name {
        b"rt" | b"request_time" | b"req_time" => Name::Duration,
        b"ua" | b"uaddr" | b"upstream_addr" | b"upstream" => Name::Address,
        b"us" | b"ust" | b"upstream_status" => Name::Status,
        b"uct" | b"upstream_connect_time" => Name::Connect,
        b"uht"
        | b"upstream_header_time"
        | b"urt"
        | b"ut"
        | b"upstream_response_time"
        | b"ul"
        | b"upstream_response_length"
        | b"ubr"
        | b"upstream_bytes_received" => Name::Upstream,
        b"rl" | b"request_length" => Name::RequestLength,
        b"cr" | b"connection_requests" => Name::Requests,
        b"id" | b"rid" | b"req_id" | b"request_id" | b"trace_id" | b"c" | b"connection" | b"host" | b"sn"
        | b"server_name" => Name::Other,
        _ => return None,
    })
}
