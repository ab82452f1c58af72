//! The few values of a request that a count, a join or a histogram asks for, and a reader that takes nothing else off a line.
//!
//! Nearly all lines of a log are requests that went well, in the one layout that the file has. [`BriefReader`] reads those,
//! in the most frequent layouts, in one pass and without allocation; at anything out of the ordinary (an escape, a retry, an
//! error, a layout with one field more) it gives up, and the line is read as every other. It may give up whenever it likes
//! but must never say anything else than [`Brief::of`] the record that [`LineReader::parse`](crate::LineReader::parse) makes.

mod clf;
mod haproxy;
mod json;
mod pieces;
mod places;
mod shapes;
mod stamp;
mod tail;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::envelope::peel_all;
use crate::{Access, Anchor, Body, Envelope, EnvelopeKind, Format, FormatDef, Product, Record, Stamp};
use stamp::Seconds;

/// What nearly every question about a request is asked of. `None`: the line does not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brief<'a> {
    /// Id of the format that reads the line.
    pub format: &'static str,
    /// Who wrote it, as far as the line tells.
    pub product: Product,
    /// What the stamp names.
    pub anchor: Anchor,
    /// Time as written: the line's own, else the envelope's.
    pub stamp: Option<Stamp>,
    /// Address of the client.
    pub client_ip: Option<&'a [u8]>,
    /// `X-Forwarded-For` as logged.
    pub xff: Option<&'a [u8]>,
    /// Request method.
    pub method: Option<&'a [u8]>,
    /// Request target as logged, with its query.
    pub path: Option<&'a [u8]>,
    /// `User-Agent`.
    pub user_agent: Option<&'a [u8]>,
    /// Status sent to the client.
    pub status: Option<i32>,
    /// Bytes sent to the client.
    pub bytes: Option<i64>,
    /// Duration, microseconds, and the unit in which it was written.
    pub duration_us: Option<i64>,
    /// See [`Brief::duration_us`]; 0 where the line has no duration.
    pub duration_unit_us: i64,
    /// Length of the request, bytes.
    pub request_length: Option<i64>,
    /// How many requests the connection had carried, as logged.
    pub connection_requests: Option<u64>,
    /// Time to connect to the server that was tried last, milliseconds.
    pub connect_ms: Option<i64>,
    /// Time in the proxy's queues, milliseconds.
    pub queue_ms: Option<i64>,
    /// HAProxy's backend, where a server was chosen; empty where the line does not name it.
    pub group: Option<&'a [u8]>,
    /// The server that was tried last: an address, or HAProxy's name of it.
    pub server: Option<&'a [u8]>,
    /// Tries at servers that the line tells of.
    pub tries: usize,
    /// The message of an application's request line, where it has one beside the fields.
    pub message: Option<&'a [u8]>,
}

impl<'a> Brief<'a> {
    /// The brief of a record; `None` where it is no request.
    pub fn of<'r: 'a>(record: &'r Record<'_>) -> Option<Brief<'a>> {
        let Body::Access(a) = &record.body else { return None };
        Some(Brief::of_access(record, a))
    }

    fn of_access<'r: 'a>(record: &'r Record<'_>, a: &'r Access<'_>) -> Brief<'a> {
        let (tries, last) = a.upstream.last_attempt();
        let connect_us = last.as_ref().and_then(|t| t.connect_us);
        let (group, server) = match &a.haproxy {
            Some(h) => {
                let group = h.server.is_some().then(|| h.backend.as_deref().unwrap_or_default());
                (group, h.server.as_deref())
            }
            None => (None, last.and_then(|t| t.addr)),
        };
        Brief {
            format: record.format,
            product: record.product,
            anchor: record.anchor,
            stamp: record.best_stamp().copied(),
            client_ip: a.client_ip.as_deref(),
            xff: a.xff.as_deref(),
            method: a.method.as_deref(),
            path: a.path.as_deref(),
            user_agent: a.user_agent.as_deref(),
            status: a.status,
            bytes: a.bytes,
            duration_us: a.duration_us,
            duration_unit_us: a.duration_unit_us,
            request_length: a.request_length,
            connection_requests: a.connection_requests,
            connect_ms: a.haproxy.as_ref().and_then(|h| h.tc).or(connect_us.map(|us| us / 1000)),
            queue_ms: a.haproxy.as_ref().and_then(|h| h.tw),
            group,
            server,
            tries,
            message: a.message.as_deref(),
        }
    }

    /// Nothing but what every line of a format has.
    #[inline(always)]
    fn new(format: &'static str, product: Product, anchor: Anchor, stamp: Option<Stamp>) -> Brief<'a> {
        Brief {
            format,
            product,
            anchor,
            stamp,
            client_ip: None,
            xff: None,
            method: None,
            path: None,
            user_agent: None,
            status: None,
            bytes: None,
            duration_us: None,
            duration_unit_us: 0,
            request_length: None,
            connection_requests: None,
            connect_ms: None,
            queue_ms: None,
            group: None,
            server: None,
            tries: 0,
            message: None,
        }
    }
}

/// Reads the ordinary lines of one source; see the head of this module. It remembers what the line before looked like, so
/// it belongs to one stream; what it remembers never changes what it says of a line.
#[derive(Debug)]
pub struct BriefReader {
    layout: Layout,
    /// Lines have a syslog header, which is the same for all lines of one second and one process.
    wrapped: Option<Prefix>,
    seconds: Seconds,
}

#[derive(Debug)]
enum Layout {
    Clf(Box<clf::Formats>),
    Haproxy(LongWords),
    Json(json::Memory),
}

/// A header that was taken off before.
#[derive(Debug, Default)]
struct Prefix {
    text: Vec<u8>,
    /// It has no long words.
    is_short: bool,
    envelope: Option<Envelope<'static>>,
}

/// Length of the shortest word of hexadecimal digits and dashes that may be an id.
pub const SHORTEST_ID: usize = 16;

/// Whether ids are made of a byte.
#[inline(always)]
pub(crate) fn is_part_of_id(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b'-'
}

/// Where a line may have words of [`SHORTEST_ID`] hexadecimal digits and dashes, or more, that are not of decimal digits alone:
/// what could be ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LongWords {
    /// Not before this byte, which begins a word.
    pub from: usize,
    /// From there on.
    pub then: Words,
}

/// Where long words may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Words {
    /// Anywhere.
    #[default]
    Anywhere,
    /// In the target, and then in so many bytes at the end of the line.
    Behind(usize),
    /// In the target, then in the user agent, then in so many bytes at the end of the line.
    InAgent(usize),
}

impl BriefReader {
    /// A reader for lines of these formats, in the order in which a [`LineReader`](crate::LineReader) asks them; `wrapped`:
    /// each line has an envelope. `None` where no layout is known whose lines could be read in brief.
    pub(crate) fn new(formats: &[Format], wrapped: bool) -> Option<BriefReader> {
        let builtin = |f: &Format| match f {
            Format::Builtin(def) => Some(*def),
            Format::Compiled(_) => None,
        };
        let defs: Vec<&'static FormatDef> = formats.iter().map(builtin).collect::<Option<_>>()?;
        let layout = if let Some(clf) = clf::Formats::new(&defs) {
            Layout::Clf(Box::new(clf))
        } else if haproxy::reads(&defs) {
            Layout::Haproxy(LongWords::default())
        } else if let Some(json) = json::Memory::new(&defs) {
            Layout::Json(json)
        } else {
            return None;
        };
        Some(BriefReader { layout, wrapped: wrapped.then(Prefix::default), seconds: Seconds::default() })
    }

    /// The brief of a line; `None` where it is not one of the ordinary: read it in whole then.
    #[inline]
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Brief<'a>> {
        let payload = match &mut self.wrapped {
            Some(prefix) => prefix.strip(line)?,
            None => line,
        };
        match &mut self.layout {
            Layout::Clf(formats) => clf::read(payload, formats, &mut self.seconds),
            Layout::Haproxy(words) => haproxy::read(payload, words, &mut self.seconds),
            Layout::Json(memory) => json::read(payload, memory, &mut self.seconds),
        }
    }

    /// Where the line that was read last may have long words.
    #[inline]
    pub fn long_words(&self) -> LongWords {
        let of_payload = match &self.layout {
            Layout::Clf(formats) => formats.words,
            Layout::Haproxy(words) => *words,
            Layout::Json(_) => LongWords::default(),
        };
        match &self.wrapped {
            None => of_payload,
            Some(prefix) if prefix.is_short => {
                LongWords { from: prefix.text.len() + of_payload.from, ..of_payload }
            }
            Some(_) => LongWords::default(),
        }
    }

    /// The envelope of the line that was read last, where it had one.
    #[inline]
    pub fn envelope(&self) -> Option<&Envelope<'static>> {
        self.wrapped.as_ref().and_then(|p| p.envelope.as_ref())
    }
}

impl Prefix {
    /// The payload behind the header of a line.
    fn strip<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        if self.envelope.is_some()
            && let Some(payload) = line.strip_prefix(&self.text[..])
        {
            return Some(payload).filter(|p| is_plain(p));
        }
        self.envelope = None;
        let (Some(envelope), Cow::Borrowed(payload)) = peel_all(line) else { return None };
        // Other carriers wrap envelopes of their own, so that the payload has a say in what the header is.
        let end = line.len() - payload.len();
        if envelope.kind != EnvelopeKind::Syslog || !is_plain(payload) || line[end..] != *payload {
            return None;
        }
        self.text.clear();
        self.text.extend_from_slice(&line[..end]);
        self.is_short = self.text.split(|b| !is_part_of_id(*b)).all(|word| word.len() < SHORTEST_ID)
            && self
                .text
                .last()
                .is_some_and(|b| !is_part_of_id(*b) && *b != b'_' && !b.is_ascii_alphanumeric());
        self.envelope = Some(envelope.into_owned());
        Some(payload)
    }
}

/// Whether a payload begins as no header does that could stand within another.
fn is_plain(payload: &[u8]) -> bool {
    payload.first().is_some_and(|c| c.is_ascii_hexdigit() || *c == b'{')
}

/// Unremarkable statuses: neither an error of a server, nor one that tells of a client that was gone or slow.
#[inline(always)]
fn is_plain_status(status: i32) -> bool {
    (100..499).contains(&status) && status != 408
}
