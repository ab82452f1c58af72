//! Which format and envelope the lines of a file have.
//!
//! [`detect`] reads a sample and ranks what it finds; a [`LineReader`] made of the ranking reads a known file
//! with one attempt per line and still reads every other line as [`parse_any`] does.

use std::borrow::Cow;
use std::sync::Arc;

use crate::brief::BriefReader;
use crate::compile::{Compiled, w3c};
use crate::day_order::{DayEvidence, DayOrder, day_order, mend};
use crate::envelope::{Pieces, Taken, batch, peel_all};
use crate::fold::{Folder, Step, head_lines};
use crate::formats::{self, FORMATS, is_generic};
use crate::{
    Anchor, Body, Envelope, EnvelopeKind, Format, FormatDef, Kind, LogLine, ParseError, Product, Record, Text,
};

/// How the lines of a source look: the wrapping, and the format inside.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The wrapping, if any.
    pub envelope: Option<EnvelopeKind>,
    /// The format of the payload.
    pub format: Format,
}

/// What is left of a line when an envelope is off and no format reads the payload: a message of the program
/// that the envelope names. Not in [`FORMATS`], because it would read anything.
pub static MESSAGE: FormatDef = FormatDef {
    id: "message",
    title: "a message that only its envelope dates",
    product: Product::Unknown,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "RFC 3164 section 4.1.3: the content of a syslog message is free text",
    samples: &[],
    parse: |line| Ok(message(line.into())),
};

fn message(payload: Text<'_>) -> Record<'_> {
    let request_id = match &payload {
        Cow::Borrowed(b) => crate::formats::request_id(b).map(Cow::Borrowed),
        Cow::Owned(b) => crate::formats::request_id(b).map(|id| Cow::Owned(id.to_vec())),
    };
    Record {
        format: MESSAGE.id,
        product: Product::Unknown,
        stamp: None,
        anchor: Anchor::Event,
        envelope: None,
        body: Body::Log(LogLine { message: payload, request_id, ..LogLine::default() }),
    }
}

/// Reads a line of any built-in format, with or without an envelope. The most specific format that fits wins;
/// a line with an envelope is always read, at least as a message.
///
/// # Errors
///
/// When no format reads the line.
pub fn parse_any(line: &[u8]) -> Result<Record<'_>, ParseError> {
    if memchr::memchr(0x1b, line).is_some() {
        return parse_bytes(&colourless(line)).map(Record::into_owned);
    }
    parse_bytes(line)
}

fn parse_bytes(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let unread = ParseError::new(0, "a line of a known format");
    let (envelope, payload) = peel_all(line);
    let Some(envelope) = envelope else { return first(line, |_| true).ok_or(unread) };
    let payload = match payload {
        Cow::Borrowed(p) => p,
        Cow::Owned(p) => {
            let mut record = first(&p, |_| true).map(Record::into_owned);
            if record.is_none() && envelope.is_haproxy() {
                record = Some(formats::haproxy_message(&p).into_owned());
            }
            return Ok(wrap(record.unwrap_or_else(|| message(Cow::Owned(p))), envelope));
        }
    };
    if let Some(r) = first(payload, |f| !is_generic(f.id)) {
        return Ok(wrap(r, envelope));
    }
    if envelope.is_haproxy() {
        return Ok(wrap(formats::haproxy_message(payload), envelope));
    }
    // a time, a host and a name look much like a time, a level and a logger: a format that reads the whole
    // line has more to say there than an envelope around a message
    let weak =
        matches!(envelope.kind, EnvelopeKind::SyslogIso | EnvelopeKind::Priority | EnvelopeKind::Prefix);
    if weak && let Some(r) = first(line, |f| !is_generic(f.id)) {
        return Ok(r);
    }
    let record = first(payload, |f| is_generic(f.id)).unwrap_or_else(|| message(Cow::Borrowed(payload)));
    Ok(wrap(record, envelope))
}

/// The first built-in format of the table that `keep` admits and that reads the payload.
fn first(payload: &[u8], keep: impl Fn(&FormatDef) -> bool) -> Option<Record<'_>> {
    FORMATS.iter().filter(|f| keep(f)).find_map(|f| (f.parse)(payload).ok())
}

/// Puts the envelope on a record, with what the payload did not tell.
fn wrap<'a>(record: Record<'a>, envelope: Envelope<'a>) -> Record<'a> {
    let mut record = record.in_envelope(envelope);
    if let Body::Log(l) = &record.body
        && matches!(l.program.as_deref(), Some(b"kernel" | b"systemd"))
    {
        record.product = Product::System;
    }
    record
}

/// What a sample of lines looks like.
#[derive(Debug, Clone, Default)]
pub struct Detection {
    /// The dialects found, the most frequent first, with the number of lines of each; ties in table order.
    pub dialects: Vec<(Dialect, usize)>,
    /// Lines seen, blank ones included.
    pub lines: usize,
    /// Lines that a format read.
    pub read: usize,
    /// Lines that continue one of those.
    pub continuations: usize,
    /// Blank lines.
    pub blank: usize,
    /// The first few lines that are none of these.
    pub unread: Vec<Vec<u8>>,
    /// What comes first in dates such as `05/11/2026`, where lines begin with one.
    pub day_order: Option<DayEvidence>,
}

impl Detection {
    /// Share of the lines that are understood, blank ones left out: 0 to 1; 1 for no lines at all.
    pub fn share_read(&self) -> f64 {
        let lines = self.lines - self.blank;
        if lines == 0 { 1.0 } else { (self.read + self.continuations) as f64 / lines as f64 }
    }

    /// A reader for the rest of the source.
    pub fn reader(&self) -> LineReader {
        let reader = LineReader::new(self.dialects.iter().map(|(d, _)| d.clone()).collect());
        match self.day_order {
            Some(found) => reader.with_day_order(found.order),
            None => reader,
        }
    }
}

/// Examples of unread lines that a [`Detection`] keeps.
const EXAMPLES: usize = 5;

/// Reads a sample of a source's lines (a few hundred from its head are enough).
pub fn detect<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Detection {
    let lines: Vec<&[u8]> = lines.collect();
    let mut found = Detection { day_order: day_order(lines.iter().copied()), ..Detection::default() };
    // the columns that the file itself names, with the number of lines that have them
    let mut named: Vec<(Compiled, usize)> = columns(&lines);
    let mut folder = Folder::new();
    let mut pieces = Pieces::new();
    let mut counts: Vec<(Option<EnvelopeKind>, &'static str, usize)> = Vec::new();
    let mut count = |r: &Record<'_>| {
        let kind = r.envelope.as_ref().map(|e| e.kind);
        match counts.iter_mut().find(|(k, f, _)| (*k, *f) == (kind, r.format)) {
            Some((_, _, n)) => *n += 1,
            None => counts.push((kind, r.format, 1)),
        }
    };
    // the lines so far of an event whose first line alone does not say what it is
    let mut head: Vec<u8> = Vec::new();
    let mut missing = 0;
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        found.lines += 1;
        let line = match pieces.take(found.lines as u64, line) {
            Taken::Whole => line,
            Taken::Piece => {
                found.continuations += 1;
                continue;
            }
            Taken::Complete => pieces.line().1,
        };
        let mut parts = Vec::new();
        let record = if folder.claims(line) {
            None
        } else if let Some((format, n)) = named.iter_mut().find(|(f, _)| f.parse(line).is_ok()) {
            *n += 1;
            format.parse(line).ok()
        } else {
            parse_any(line).ok().or_else(|| {
                parts = batch(line)?;
                parts.iter().find_map(|part| parse_any(part).ok()).map(Record::into_owned)
            })
        };
        let step = folder.step(line, record.as_ref());
        if step == Step::Start && !head.is_empty() {
            parse_any(&head).iter().for_each(&mut count);
            head.clear();
        }
        match step {
            Step::Blank => found.blank += 1,
            Step::Continue | Step::Excess => {
                found.continuations += 1;
                if step == Step::Continue && missing > 0 {
                    missing -= 1;
                    head.push(b'\n');
                    head.extend_from_slice(line);
                }
            }
            Step::Orphan => {
                if found.unread.len() < EXAMPLES {
                    found.unread.push(line.to_vec());
                }
            }
            Step::Start => {
                found.read += 1;
                let Some(r) = record else { continue };
                missing = head_lines(&r) - 1;
                if missing > 0 {
                    head.extend_from_slice(line);
                } else {
                    count(&r);
                }
            }
        }
    }
    if !head.is_empty() {
        parse_any(&head).iter().for_each(&mut count);
    }
    counts.sort_by_key(|(kind, id, n)| (std::cmp::Reverse(*n), rank(id), *kind));
    let own = named.into_iter().filter(|(_, n)| *n > 0);
    let own = own.map(|(f, n)| (Dialect { envelope: None, format: Format::Compiled(Arc::new(f)) }, n));
    found.dialects = own.collect();
    found.dialects.extend(counts.into_iter().filter_map(|(envelope, id, n)| {
        let format = Format::by_id(id).or((id == MESSAGE.id).then_some(Format::Builtin(&MESSAGE)))?;
        Some((Dialect { envelope, format }, n))
    }));
    found
}

/// The layouts that `#Fields:` lines name, each once; the default of IIS has a reader of its own.
fn columns(lines: &[&[u8]]) -> Vec<(Compiled, usize)> {
    let mut found: Vec<(Compiled, usize)> = Vec::new();
    for line in lines {
        let Some(fields) = line.strip_prefix(b"#Fields: ").map(<[u8]>::trim_ascii_end) else { continue };
        let Ok(text) = std::str::from_utf8(fields) else { continue };
        if formats::is_default_of_iis(text) || found.iter().any(|(f, _)| f.source() == text) {
            continue;
        }
        found.extend(w3c(text).ok().map(|f| (f, 0)));
    }
    found
}

/// Place of a format in the table.
fn rank(id: &str) -> usize {
    FORMATS.iter().position(|f| f.id == id).unwrap_or(FORMATS.len())
}

/// Reads the lines of one source: its own dialects first, in the order given, then every built-in format.
#[derive(Debug, Clone)]
pub struct LineReader {
    /// Formats that the user or a proxy's configuration named, then the source's own, each behind its rivals.
    own: Vec<Format>,
    /// Whether all lines are known to have an envelope.
    wrapped: bool,
    /// Whether a container engine may have split its lines, as far as is known.
    split: bool,
    day_first: bool,
}

impl LineReader {
    /// A reader for these dialects, the most frequent first. None at all reads like [`parse_any`].
    pub fn new(dialects: Vec<Dialect>) -> LineReader {
        let wrapped = !dialects.is_empty() && dialects.iter().all(|d| d.envelope.is_some());
        let of_engine =
            |d: &Dialect| matches!(d.envelope, Some(EnvelopeKind::DockerJson | EnvelopeKind::Cri));
        let split = dialects.is_empty() || dialects.iter().any(of_engine);
        let (mut own, mut builtin) = (Vec::new(), Vec::<&'static FormatDef>::new());
        let seen: Vec<&str> = dialects.iter().map(|d| d.format.id()).collect();
        for d in dialects {
            match d.format {
                Format::Compiled(_) => own.push(d.format),
                // generic formats read anything: whatever is more specific must have its turn before them
                Format::Builtin(f) if is_generic(f.id) => {}
                Format::Builtin(f) => {
                    let rivals = rivals(f, &|r| is_loose(f) || seen.contains(&r.id));
                    for f in rivals.into_iter().chain([f]) {
                        if builtin.iter().all(|b| b.id != f.id) {
                            builtin.push(f);
                        }
                    }
                }
            }
        }
        own.extend(builtin.into_iter().map(Format::Builtin));
        LineReader { own, wrapped, split, day_first: false }
    }

    /// The same reader for a file whose dates of numbers and slashes have this order.
    pub fn with_day_order(mut self, order: DayOrder) -> LineReader {
        self.day_first = order == DayOrder::DayFirst;
        self
    }

    /// Whether a container engine may have split the file's long lines, so that [`Pieces`]
    /// should see them first. True where nothing is known of the file.
    pub fn may_be_split(&self) -> bool {
        self.split
    }

    /// Reads one line, without its line end.
    ///
    /// # Errors
    ///
    /// When no format reads the line.
    pub fn parse<'a>(&self, line: &'a [u8]) -> Result<Record<'a>, ParseError> {
        let mut record = self.parse_as_written(line)?;
        if self.day_first {
            mend(&mut record, line);
        }
        Ok(record)
    }

    /// A reader for the ordinary lines of the source, where there is one for its formats.
    pub fn brief(&self) -> Option<BriefReader> {
        if self.day_first { None } else { BriefReader::new(&self.own, self.wrapped) }
    }

    /// The records of a line that holds several (see [`batch`]), where at least one of them is read. For lines that
    /// [`LineReader::parse`] does not read.
    pub fn batch(&self, line: &[u8]) -> Option<Vec<Vec<u8>>> {
        batch(line).filter(|records| records.iter().any(|r| self.parse(r).is_ok()))
    }

    /// The record of a line; the first one that is read, where the line holds several.
    pub fn parse_first<'a>(&self, line: &'a [u8]) -> Option<Record<'a>> {
        self.parse(line).ok().or_else(|| {
            let records = batch(line)?;
            records.iter().find_map(|r| self.parse(r).ok()).map(Record::into_owned)
        })
    }

    fn parse_as_written<'a>(&self, line: &'a [u8]) -> Result<Record<'a>, ParseError> {
        if !self.wrapped
            && let Some(r) = self.read(line)
        {
            return Ok(r);
        }
        match peel_all(line) {
            (Some(e), Cow::Borrowed(p)) => {
                if let Some(r) = self.read(p) {
                    return Ok(wrap(r, e));
                }
            }
            (Some(e), Cow::Owned(p)) => {
                if let Some(r) = self.read(&p) {
                    return Ok(wrap(r.into_owned(), e));
                }
            }
            (None, _) => {}
        }
        parse_any(line)
    }

    /// The source's own formats.
    fn read<'a>(&self, payload: &'a [u8]) -> Option<Record<'a>> {
        self.own.iter().find_map(|f| f.parse(payload).ok())
    }
}

/// Applications write what they like: in their files a line of a more specific layout is no surprise. The
/// access logs of servers have one layout throughout, and a sample shows it.
fn is_loose(format: &FormatDef) -> bool {
    matches!(format.product, Product::Backend | Product::System)
}

/// The more specific formats, of those that `keep` admits, whose lines `format` would read too (it takes their
/// samples), and the rivals of these; in table order.
fn rivals(format: &'static FormatDef, keep: &dyn Fn(&FormatDef) -> bool) -> Vec<&'static FormatDef> {
    let reads = |f: &FormatDef, g: &FormatDef| g.samples.iter().any(|s| (f.parse)(s.as_bytes()).is_ok());
    let mut found: Vec<&'static FormatDef> = vec![format];
    // from the format backwards: a rival's own rivals stand before it
    for f in FORMATS.iter().rev().skip_while(|f| f.id != format.id).skip(1) {
        if keep(f) && found.iter().any(|g| reads(g, f)) {
            found.push(f);
        }
    }
    found.reverse();
    found.pop();
    found
}

/// A line without the control sequences of a terminal (ECMA-48 CSI: colours, cursor).
fn colourless(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(i) = memchr::memchr(0x1b, rest) {
        out.extend_from_slice(&rest[..i]);
        rest = &rest[i + 1..];
        if let Some(sequence) = rest.strip_prefix(b"[") {
            let n = sequence.iter().take_while(|b| matches!(b, 0x20..=0x3f)).count();
            rest = sequence.get(n + 1..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests;
