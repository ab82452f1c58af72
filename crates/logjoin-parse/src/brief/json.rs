//! Requests as JSON, of nginx and of applications, in brief; `formats/json` and `formats/nginx_json` have the whole.
//!
//! The trick: a program writes the same members in the same order again and again, so that what a member means is asked
//! once for all lines of that shape. A shape in which two members could fill one place is left to the whole reader.

use super::pieces::{Known, digits, first, millis, no_decimals, quote, request_line, word_of};
use super::places::{PLACES, Place};
use super::stamp::Seconds;
use super::{Brief, is_plain_status};
use crate::formats::{End, Leaf, is_nginx_name, scan_json as scan};
use crate::{Anchor, FormatDef, Product};

/// Shapes that are remembered; lines of further ones are left to the whole reader.
const SHAPES: usize = 32;
/// Members of a line that are looked at.
const MEMBERS: usize = 48;

/// The shapes of the lines so far.
#[derive(Debug)]
pub(super) struct Memory {
    /// Whether nginx's JSON is asked for, before applications'; whether applications' is asked for.
    has_nginx: bool,
    has_application: bool,
    shapes: Vec<Shape>,
    /// The shape of the line before.
    last: usize,
}

#[derive(Debug, Default)]
struct Shape {
    members: Vec<Member>,
    /// Who writes it; `None`: such lines are left to the whole reader.
    writer: Option<Writer>,
    /// Unit of the duration, nanoseconds.
    unit_ns: i64,
    /// What follows the last value. `None`: the texts between values are not known.
    tail: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Member {
    /// The keys on the way to it, the last one being its own.
    path: Vec<Vec<u8>>,
    place: Place,
    /// The number of its place; that of none behind all.
    slot: usize,
    /// What stood before the value, from the end of the value before it on: mostly the same in each line.
    before: Known,
    /// Whether the value stood in quotes.
    is_text: bool,
}

impl PartialEq for Member {
    fn eq(&self, other: &Member) -> bool {
        self.path == other.path
    }
}

impl Member {
    fn is_at(&self, path: &[&[u8]]) -> bool {
        // Mostly there is one key.
        self.path.len() == path.len() && self.path.iter().rev().zip(path.iter().rev()).all(|(a, b)| a == b)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Nginx,
    Application,
}

impl Memory {
    /// `None` where another format of the source could read such lines first.
    pub fn new(defs: &[&'static FormatDef]) -> Option<Memory> {
        let ids: Vec<&str> = defs.iter().map(|d| d.id).collect();
        let (has_nginx, has_application) = match ids[..] {
            ["nginx-json", "json"] => (true, true),
            ["nginx-json"] => (true, false),
            ["json"] => (false, true),
            _ => return None,
        };
        Some(Memory { has_nginx, has_application, shapes: vec![Shape::default()], last: 0 })
    }

    /// Another shape that begins as this one up to the member `at`, and goes on with `path`, or ends.
    fn other(&self, like: usize, at: usize, path: Option<&[&[u8]]>) -> Option<usize> {
        let before = self.shapes[like].members.get(..at)?;
        self.shapes.iter().position(|s| {
            s.members.get(..at) == Some(before)
                && match path {
                    Some(path) => s.members.get(at).is_some_and(|m| m.is_at(path)),
                    None => s.members.len() == at,
                }
        })
    }

    fn learn(&mut self, line: &[u8]) {
        if self.shapes.len() == SHAPES {
            return;
        }
        let mut shape = Shape::default();
        let (mut names, mut is_upstream) = (0, false);
        let (mut is_exact, mut from) = (true, 0);
        let read = scan(line, |path, leaf| {
            if let [name] = path {
                names += usize::from(is_nginx_name(name));
                is_upstream |= name.starts_with(b"upstream_");
            }
            let (value, is_text) = match leaf {
                Leaf::Str(b, _) => (b, true),
                Leaf::Bare(b) => (b, false),
                Leaf::Raw(b) => {
                    is_exact = false;
                    (b, false)
                }
            };
            // A value lies in the line.
            let start = (value.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            shape.members.push(Member {
                path: path.iter().map(|k| k.to_vec()).collect(),
                place: Place::Nothing,
                slot: PLACES,
                before: Known::new(line.get(from..start).unwrap_or_default()),
                is_text,
            });
            from = start + value.len();
        });
        if read.is_none() || shape.members.len() > MEMBERS {
            return;
        }
        shape.tail =
            line.get(from..).filter(|_| is_exact && read == Some(End::At(line.len()))).map(<[u8]>::to_vec);
        // A name in `upstream_` may be none of nginx's; then neither reader is sure.
        let is_nginx = self.has_nginx && (is_upstream || names >= 3);
        let of = if is_nginx { Place::of_nginx } else { Place::of_application };
        let mut filled = [0u8; PLACES];
        let mut is_clear = if is_nginx { names >= 3 } else { self.has_application };
        for member in &mut shape.members {
            let path: Vec<&[u8]> = member.path.iter().map(Vec::as_slice).collect();
            member.place = of(&path);
            member.slot = member.place.index().unwrap_or(PLACES);
            is_clear &= member.place != Place::Unclear;
            if let Some(i) = member.place.index() {
                filled[i] += 1;
            }
            if let Place::Duration(unit) = member.place {
                shape.unit_ns = unit;
            }
        }
        let has = |p: Place| p.index().is_some_and(|i| filled[i] == 1);
        let has_request = match (has(Place::Request), has(Place::Method), has(Place::Path)) {
            (true, method, path) => !method && !path,
            (false, method, path) => method && path,
        };
        let is_usable = is_clear
            && filled.iter().all(|n| *n < 2)
            && has_request
            && has(Place::Status)
            && has(Place::Time);
        let writer = if is_nginx { Writer::Nginx } else { Writer::Application };
        shape.writer = is_usable.then_some(writer);
        self.shapes.push(shape);
    }
}

pub(super) fn read<'a>(line: &'a [u8], memory: &mut Memory, seconds: &mut Seconds) -> Option<Brief<'a>> {
    if line.first() != Some(&b'{') {
        return None;
    }
    let mut values: Values<'a> = Values([None; PLACES + 1]);
    if memory.shapes[memory.last].exactly(line, &mut values).is_none() {
        values = Values([None; PLACES + 1]);
        by_keys(line, memory, &mut values)?;
    }
    let shape = &memory.shapes[memory.last];
    let status = digits(values.bytes(Place::Status)??).filter(|(_, rest)| rest.is_empty())?.0 as i32;
    if !is_plain_status(status) {
        return None;
    }
    let mut brief = Brief {
        status: Some(status),
        bytes: values.number(Place::Bytes)?,
        user_agent: values.text(Place::Agent)?,
        xff: values.text(Place::Xff)?,
        client_ip: values.text(Place::Client)?,
        ..Brief::new("nginx-json", Product::Nginx, Anchor::End, None)
    };
    match shape.writer? {
        Writer::Nginx => nginx(&values, &mut brief, seconds)?,
        Writer::Application => application(&values, shape.unit_ns, &mut brief, seconds)?,
    }
    Some(brief)
}

impl Shape {
    /// The values of a line in which the texts between them are the ones of the line before: nothing else is looked at.
    #[inline(always)]
    fn exactly<'a>(&self, line: &'a [u8], values: &mut Values<'a>) -> Option<()> {
        let tail = self.tail.as_ref()?;
        let mut rest = line;
        for member in &self.members {
            rest = member.before.strip(rest)?;
            let (n, leaf) = if member.is_text {
                let n = quote(rest).filter(|n| rest[*n] == b'"')?;
                (n, Leaf::Str(&rest[..n], false))
            } else {
                let n = bare(rest).filter(|n| *n > 0)?;
                (n, Leaf::Bare(&rest[..n]))
            };
            values.0[member.slot] = Some(leaf);
            rest = &rest[n..];
        }
        (rest == &tail[..]).then_some(())
    }
}

/// Where a value that stands in no quotes ends.
#[inline(always)]
fn bare(b: &[u8]) -> Option<usize> {
    // Mostly a number, and a comma or the end behind it.
    if let Some(word) = word_of(b) {
        let n = first(no_decimals(word));
        if n > 0 && matches!(b.get(n), Some(b',' | b'}')) {
            return Some(n);
        }
    }
    b.iter().position(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'+')))
}

/// The values of a line of any shape that is known; one that is not is learnt.
fn by_keys<'a>(line: &'a [u8], memory: &mut Memory, values: &mut Values<'a>) -> Option<()> {
    let mut shape = memory.last;
    let (mut at, mut is_known) = (0, true);
    let end = scan(line, |path, leaf| {
        if !is_known {
            return;
        }
        let is_same = memory.shapes[shape].members.get(at).is_some_and(|m| m.is_at(path));
        match if is_same { Some(shape) } else { memory.other(shape, at, Some(path)) } {
            Some(same) => shape = same,
            None => {
                is_known = false;
                return;
            }
        }
        values.0[memory.shapes[shape].members[at].slot] = Some(leaf);
        at += 1;
    })?;
    if is_known && memory.shapes[shape].members.len() != at {
        match memory.other(shape, at, None) {
            Some(other) => shape = other,
            None => is_known = false,
        }
    }
    if !is_known {
        memory.learn(line);
        return None;
    }
    memory.last = shape;
    (end == End::At(line.len())).then_some(())
}

fn nginx<'a>(values: &Values<'a>, brief: &mut Brief<'a>, seconds: &mut Seconds) -> Option<()> {
    let time = values.bytes(Place::Time)??;
    brief.stamp = Some(match time.get(4) {
        // The whole reader asks that the time is all there is.
        Some(b'-') if time.len() == 25 => seconds.iso(time).filter(|s| s.offset_s.is_some())?,
        _ => seconds.epoch(time)?,
    });
    (brief.method, brief.path) = match values.text(Place::Request)? {
        Some(request) => request_line(request).map(|(m, p)| (Some(m), Some(p)))?,
        None => (values.text(Place::Method)?, values.text(Place::Path)?),
    };
    if let Some(took) = values.text(Place::Duration(0))? {
        (brief.duration_us, brief.duration_unit_us) = (Some(millis(took)?), 1000);
    }
    brief.request_length = values.number(Place::RequestLength)?;
    brief.connection_requests = values.number(Place::Requests)?.map(|n| n as u64);
    let mut is_told = false;
    for place in
        [Place::UpstreamStatus, Place::Connect, Place::HeaderTime, Place::ResponseTime, Place::Received]
    {
        if let Some(v) = values.text(place)? {
            is_told = true;
            // What is no number alone is a list, of a request that was tried twice.
            if !v.iter().all(|c| c.is_ascii_digit() || *c == b'.') {
                return None;
            }
        }
    }
    if let Some(address) = values.text(Place::Address)? {
        if address.iter().any(|c| matches!(c, b' ' | b',' | b'\t')) {
            return None;
        }
        brief.server = Some(address);
        brief.tries = 1;
        brief.connect_ms = match values.text(Place::Connect)? {
            Some(took) => Some(millis(took)? / 1000),
            None => None,
        };
    } else if is_told {
        return None;
    }
    Some(())
}

fn application<'a>(
    values: &Values<'a>,
    unit_ns: i64,
    brief: &mut Brief<'a>,
    seconds: &mut Seconds,
) -> Option<()> {
    (brief.format, brief.product) = ("json", Product::Backend);
    let time = values.bytes(Place::Time)??;
    brief.stamp = Some(match time.get(4)? {
        b'-' if time.get(10) == Some(&b'T') => {
            matches!(values.0[0], Some(Leaf::Str(..))).then(|| seconds.iso(time))??
        }
        b'0'..=b'9' if time.len() <= 19 => seconds.epoch(time)?,
        _ => return None,
    });
    (brief.method, brief.path) = (Some(values.text(Place::Method)??), Some(values.text(Place::Path)??));
    // An address with a port, or of IPv6.
    if brief.client_ip.is_some_and(|ip| memchr::memchr(b':', ip).is_some()) {
        return None;
    }
    if let Some(took) = values.bytes(Place::Duration(0))? {
        let (us, unit) = scaled(took, unit_ns)?;
        (brief.duration_us, brief.duration_unit_us) = (Some(us), unit);
    }
    brief.message = values.text(Place::Message)?;
    Some(())
}

/// A decimal number of few digits times a unit, as microseconds, and the smallest unit written; as
/// `formats::words::scaled` has it.
fn scaled(number: &[u8], unit_ns: i64) -> Option<(i64, i64)> {
    let (whole, rest) = digits(number)?;
    let (fraction, places) = match rest.strip_prefix(b".") {
        Some(f) if f.len() <= 6 => match digits(f)? {
            (v, []) => (v, f.len() as u32),
            _ => return None,
        },
        Some(_) => return None,
        None if rest.is_empty() => (0, 0),
        None => return None,
    };
    if unit_ns == 1_000_000 && places <= 3 && whole < 1 << 32 {
        // Milliseconds, as most write them: without a division.
        let unit = 10i64.pow(3 - places);
        return Some((whole * 1000 + fraction * unit, unit));
    }
    let scale = 10i64.pow(places);
    let value = whole.checked_mul(scale)?.checked_add(fraction)?.checked_mul(unit_ns)?;
    Some((value / scale / 1000, (unit_ns / scale / 1000).max(1)))
}

/// The values of a line, by place; the last one is of no place.
struct Values<'a>([Option<Leaf<'a>>; PLACES + 1]);

impl<'a> Values<'a> {
    /// The bytes of a value: nothing for a place that is not filled. `None` where the value is more than a text or number.
    #[inline(always)]
    fn bytes(&self, place: Place) -> Option<Option<&'a [u8]>> {
        match self.0[place.index()?] {
            None => Some(None),
            Some(Leaf::Bare(b"null") | Leaf::Raw(_) | Leaf::Str(_, true)) => None,
            Some(Leaf::Bare(b) | Leaf::Str(b, false)) => Some(Some(b)),
        }
    }

    /// The same; nothing for what logs write in place of a missing value, too.
    #[inline(always)]
    fn text(&self, place: Place) -> Option<Option<&'a [u8]>> {
        Some(self.bytes(place)?.filter(|b| !b.is_empty() && *b != b"-"))
    }

    /// A number of digits alone.
    #[inline(always)]
    fn number(&self, place: Place) -> Option<Option<i64>> {
        match self.bytes(place)? {
            None => Some(None),
            Some(b) => digits(b).filter(|(_, rest)| rest.is_empty()).map(|(n, _)| Some(n)),
        }
    }
}
