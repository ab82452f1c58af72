//! Which format and envelope the lines of a file have.
//!
//! [`detect`] reads a sample and ranks what it finds; a [`LineReader`] made of the ranking reads a known file
//! with one attempt per line and still reads every other line as [`parse_any`] does.

use std::borrow::Cow;

use crate::envelope::peel;
use crate::fold::{Folder, Step};
use crate::formats::{FORMATS, is_generic};
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
    unwrap(line, &|payload| first(payload, |_| true))
}

/// The first built-in format of the table that `keep` admits and that reads the payload.
fn first(payload: &[u8], keep: impl Fn(&FormatDef) -> bool) -> Option<Record<'_>> {
    FORMATS.iter().filter(|f| keep(f)).find_map(|f| (f.parse)(payload).ok())
}

/// Takes the envelope off and reads the payload with `read`.
fn unwrap<'a>(
    line: &'a [u8],
    read: &dyn for<'p> Fn(&'p [u8]) -> Option<Record<'p>>,
) -> Result<Record<'a>, ParseError> {
    let (envelope, payload) = peel(line);
    let Some(envelope) = envelope else {
        return read(line).ok_or(ParseError::new(0, "a line of a known format"));
    };
    // a time, a host and a name look much like a time, a level and a logger: there a format that reads the
    // whole line has more to say than an envelope around a message
    let weak =
        matches!(envelope.kind, EnvelopeKind::SyslogIso | EnvelopeKind::Priority | EnvelopeKind::Prefix);
    let record = match payload {
        Cow::Borrowed(p) => {
            let inner = first(p, |f| !is_generic(f.id) && f.id != "plain-stampless").or_else(|| {
                if weak && first(line, |f| !is_generic(f.id)).is_some() { None } else { read(p) }
            });
            match inner {
                Some(r) => r,
                None if weak => match first(line, |f| !is_generic(f.id)) {
                    Some(r) => return Ok(r),
                    None => message(Cow::Borrowed(p)),
                },
                None => message(Cow::Borrowed(p)),
            }
        }
        Cow::Owned(p) => match read(&p) {
            Some(r) => r.into_owned(),
            None => message(Cow::Owned(p)),
        },
    };
    Ok(wrap(record, envelope))
}

/// Puts the envelope on a record, with what the payload did not tell.
fn wrap<'a>(mut record: Record<'a>, envelope: Envelope<'a>) -> Record<'a> {
    if let Body::Log(l) = &mut record.body {
        l.program = l.program.take().or_else(|| envelope.tag.clone());
        l.host = l.host.take().or_else(|| envelope.host.clone());
        l.pid = l.pid.or(envelope.pid);
        if matches!(l.program.as_deref(), Some(b"kernel" | b"systemd")) {
            record.product = Product::System;
        }
    }
    record.envelope = Some(envelope);
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
}

impl Detection {
    /// Share of the lines that are understood, blank ones left out: 0 to 1; 1 for no lines at all.
    pub fn share_read(&self) -> f64 {
        let lines = self.lines - self.blank;
        if lines == 0 { 1.0 } else { (self.read + self.continuations) as f64 / lines as f64 }
    }

    /// A reader for the rest of the source.
    pub fn reader(&self) -> LineReader {
        LineReader::new(self.dialects.iter().map(|(d, _)| d.clone()).collect())
    }
}

/// Examples of unread lines that a [`Detection`] keeps.
const EXAMPLES: usize = 5;

/// Reads a sample of a source's lines (a few hundred from its head are enough).
pub fn detect<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Detection {
    let mut found = Detection::default();
    let mut folder = Folder::new();
    let mut counts: Vec<(Option<EnvelopeKind>, &'static str, usize)> = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        found.lines += 1;
        let record = if folder.claims(line) { None } else { parse_any(line).ok() };
        match folder.step(line, record.as_ref()) {
            Step::Blank => found.blank += 1,
            Step::Continue | Step::Excess => found.continuations += 1,
            Step::Orphan => {
                if found.unread.len() < EXAMPLES {
                    found.unread.push(line.to_vec());
                }
            }
            Step::Start => {
                found.read += 1;
                let Some(r) = record else { continue };
                let kind = r.envelope.as_ref().map(|e| e.kind);
                match counts.iter_mut().find(|(k, f, _)| (*k, *f) == (kind, r.format)) {
                    Some((_, _, n)) => *n += 1,
                    None => counts.push((kind, r.format, 1)),
                }
            }
        }
    }
    counts.sort_by_key(|(kind, id, n)| (std::cmp::Reverse(*n), rank(id), *kind));
    found.dialects = counts
        .into_iter()
        .filter_map(|(envelope, id, n)| {
            let format = Format::by_id(id).or((id == MESSAGE.id).then_some(Format::Builtin(&MESSAGE)))?;
            Some((Dialect { envelope, format }, n))
        })
        .collect();
    found
}

/// Place of a format in the table.
fn rank(id: &str) -> usize {
    FORMATS.iter().position(|f| f.id == id).unwrap_or(FORMATS.len())
}

/// Reads the lines of one source: its own dialects first, in the order given, then every built-in format.
#[derive(Debug, Clone)]
pub struct LineReader {
    /// Formats that the user or a proxy's configuration named; they win over all others.
    compiled: Vec<Format>,
    /// The source's own formats that no more specific format needs to be tried before.
    specific: Vec<Format>,
    /// Whether its lines are known to have no envelope.
    bare: bool,
    /// Whether all its lines are known to have one.
    wrapped: bool,
}

impl LineReader {
    /// A reader for these dialects, the most frequent first. None at all reads like [`parse_any`].
    pub fn new(dialects: Vec<Dialect>) -> LineReader {
        let bare = dialects.iter().any(|d| d.envelope.is_none());
        let wrapped = dialects.iter().any(|d| d.envelope.is_some());
        let (mut compiled, mut specific) = (Vec::new(), Vec::<Format>::new());
        for d in dialects {
            match &d.format {
                Format::Compiled(_) => compiled.push(d.format),
                Format::Builtin(f) => {
                    if !is_generic(f.id) && f.id != MESSAGE.id && specific.iter().all(|s| s.id() != f.id) {
                        specific.push(d.format);
                    }
                }
            }
        }
        LineReader { compiled, specific, bare: bare && !wrapped, wrapped: wrapped && !bare }
    }

    /// Reads one line, without its line end.
    ///
    /// # Errors
    ///
    /// When no format reads the line.
    pub fn parse<'a>(&self, line: &'a [u8]) -> Result<Record<'a>, ParseError> {
        if !self.wrapped
            && let Some(r) = self.own(line)
        {
            // a compiled format is for the payload; without an envelope that is the line
            return Ok(r);
        }
        if self.bare
            && let Some(r) = first(line, |f| !is_generic(f.id))
            && peel(line).0.is_none()
        {
            return Ok(r);
        }
        let (envelope, payload) = peel(line);
        if let (Some(e), Cow::Borrowed(p)) = (envelope, payload)
            && let Some(r) = self.own(p)
        {
            return Ok(wrap(r, e));
        }
        unwrap(line, &|payload| self.own(payload).or_else(|| first(payload, |_| true)))
    }

    /// The source's own formats.
    fn own<'a>(&self, payload: &'a [u8]) -> Option<Record<'a>> {
        self.compiled.iter().chain(&self.specific).find_map(|f| f.parse(payload).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &[u8] = b"2026/11/21 02:26:03 INFO: server started";
    const PLAIN: &[u8] = b"2026-11-20 10:00:00 something happened";
    const JSON: &[u8] = br#"{"level":30,"time":1795227957941,"pid":5789,"hostname":"a","msg":"up"}"#;

    #[test]
    fn dialects_are_ranked_and_continuations_counted() {
        let lines: [&[u8]; 7] = [b"junk", GO, b"goroutine 5 [running]:", b"\tx.go:1", b"", GO, JSON];
        let d = detect(lines.into_iter());
        assert_eq!((d.lines, d.read, d.continuations, d.blank), (7, 3, 2, 1));
        assert_eq!(d.unread, [b"junk"]);
        let ids: Vec<_> = d.dialects.iter().map(|(d, n)| (d.format.id(), *n)).collect();
        assert_eq!(ids, [("go-log", 2), ("json", 1)]);
        assert!((d.share_read() - 5.0 / 6.0).abs() < 1e-9);
        assert!((detect(std::iter::empty()).share_read() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_plain_file_still_reads_specific_lines() {
        let reader = detect([PLAIN, PLAIN].into_iter()).reader();
        for line in [PLAIN, GO, JSON, b"[pid: 1" as &[u8]] {
            let (a, b) = (reader.parse(line), parse_any(line));
            assert_eq!(a.map(|r| r.format), b.map(|r| r.format));
        }
    }

    #[test]
    fn every_reader_agrees_with_parse_any_on_every_sample() {
        let all: Vec<&str> = FORMATS.iter().flat_map(|f| f.samples.iter().copied()).collect();
        for f in FORMATS {
            let reader = detect(f.samples.iter().map(|s| s.as_bytes())).reader();
            for s in &all {
                let (a, b) = (reader.parse(s.as_bytes()), parse_any(s.as_bytes()));
                assert_eq!(
                    a.as_ref().map(|r| r.format),
                    b.as_ref().map(|r| r.format),
                    "a file of {}: {s}",
                    f.id
                );
            }
        }
    }
}
