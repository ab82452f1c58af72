//! Lines → events, file by file: the one place that reads bytes.
//!
//! The trick: a line that begins a record flushes the record before it, so an event of many lines (a stack trace, an
//! nginx line with PHP's output in it) is looked at once, whole, wherever the chunks were cut.
//!
//! Long because nothing else may see bytes: what reads them stands together.

use std::borrow::Cow;

use logjoin_parse::bytes::line_end;
use logjoin_parse::envelope::{Pieces, Taken};
use logjoin_parse::fold::{Folder, Step, head_lines};
use logjoin_parse::{Body, Brief, BriefReader, Kind, Record, Stamp};

use serde::{Deserialize, Serialize};

use crate::analysis::{Example, Ledger};
use crate::convert;
use crate::event::{At, Events, LogEvent, Severity};
use crate::ids::FirstId;
use crate::own::Event;
use crate::plan::{FilePlan, Passed, Plan, Sieve};
use crate::row::Hashes;
use crate::signals::{Matcher, Meaning};
use crate::trail::{Trail, is_begin};

/// What one file gave.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FileScan {
    pub(crate) file: u32,
    pub(crate) events: Events,
    pub(crate) ledger: Ledger,
    pub(crate) bytes: u64,
    pub(crate) formats: std::collections::BTreeMap<Cow<'static, str>, u64>,
    pub(crate) unparsed: Vec<Example>,
    pub(crate) problem: Option<String>,
    pub(crate) trail: Trail,
    /// What reading left out on purpose, in words.
    pub(crate) cut: Option<String>,
    /// Events of several lines: number of the first line, and how many follow; in order.
    pub(crate) tails: Vec<(u64, u64)>,
    /// Lines within events that have rows of their own; in order.
    pub(crate) inner: Vec<u64>,
}

impl FileScan {
    /// Whether all rows are of this file, and the plan has it: what was stored may have been changed.
    pub(crate) fn is_of_file(&self, plan: &Plan) -> bool {
        (self.file as usize) < plan.files.len() && self.events.are_of(self.file)
    }

    /// Adds what was found in the lines that follow.
    fn take_over(&mut self, next: FileScan) {
        self.events.append(next.events);
        self.ledger.add(&next.ledger);
        self.bytes += next.bytes;
        for (format, n) in next.formats {
            *self.formats.entry(format).or_default() += n;
        }
        self.unparsed.extend(next.unparsed);
        self.unparsed.truncate(EXAMPLES);
        self.problem = self.problem.take().or(next.problem);
        self.cut = self.cut.take().or(next.cut);
        self.trail.take_over(next.trail);
        self.tails.extend(next.tails);
        self.inner.extend(next.inner);
    }

    /// Notes what reading left out on purpose, for people: `2 lines are longer than 1 MiB, the rest of each is left out`.
    pub fn set_cut(&mut self, text: String) {
        self.cut = Some(text);
    }

    /// Notes that the file could not be read to its end.
    pub fn set_problem(&mut self, text: String) {
        self.problem = Some(text);
    }
}

/// Unread lines shown as examples.
const EXAMPLES: usize = 5;

/// Reads the lines of one file, chunk by chunk, in order.
pub struct FileScanner<'p> {
    file: &'p FilePlan,
    matcher: &'p Matcher,
    /// Of a file of several programs, lets the lines of one through.
    sieve: Option<Box<Sieve<'p>>>,
    scan: FileScan,
    /// Whole event so far; line breaks inside.
    pending: Vec<u8>,
    /// Where each line of the pending event starts, and its number.
    pending_lines: Vec<(usize, u64)>,
    /// How many lines of the pending event make one record.
    head_lines: usize,
    /// Number of the first line of the current event; 0 before the first.
    head: u64,
    folder: Folder,
    /// The pending lines continue an event that is kept already.
    follows_kept: bool,
    last_stamp: Option<Stamp>,
    /// Long lines that a container engine split; not looked for where the file is known to be no engine's.
    pieces: Option<Pieces>,
    /// Reads nearly all lines of an access log, where its layout is one of the frequent ones.
    brief: Option<BriefReader>,
    hashes: Hashes,
    /// The format of the last events, and how many of them are not counted yet.
    format: &'static str,
    of_format: u64,
    /// A message of request lines that means nothing by itself: it was looked at before.
    quiet: Vec<u8>,
    /// Told of each line that no format reads: its number, and its bytes.
    on_unparsed: Option<OnUnparsed<'p>>,
}

type OnUnparsed<'p> = Box<dyn FnMut(u64, &[u8]) + Send + 'p>;

impl<'p> FileScanner<'p> {
    /// A scanner for the file with this number in the plan ([`Plan::number_of`]).
    ///
    /// # Panics
    ///
    /// If the plan has no file with this number.
    pub fn new(plan: &'p Plan, file: usize) -> FileScanner<'p> {
        FileScanner {
            file: &plan.files[file],
            matcher: &plan.matcher,
            sieve: plan.files[file].part.as_ref().map(|part| Box::new(Sieve::new(part))),
            scan: FileScan { file: file as u32, ..FileScan::default() },
            pending: Vec::new(),
            pending_lines: Vec::new(),
            head_lines: 1,
            head: 0,
            folder: Folder::new(),
            follows_kept: false,
            last_stamp: None,
            pieces: plan.files[file].reader.may_be_split().then(Pieces::new),
            brief: plan.files[file].reader.brief(),
            hashes: Hashes::default(),
            format: "",
            of_format: 0,
            quiet: Vec::new(),
            on_unparsed: None,
        }
    }

    /// The same, telling `each` of the lines that no format reads, in their order: number, from 1, and bytes.
    pub fn on_unparsed(mut self, each: impl FnMut(u64, &[u8]) + Send + 'p) -> FileScanner<'p> {
        self.on_unparsed = Some(Box::new(each));
        self
    }

    /// The number of its file.
    pub(crate) fn file(&self) -> usize {
        self.scan.file as usize
    }

    /// Counts an event of a format; many of the same follow each other.
    #[inline]
    fn count_format(&mut self, format: &'static str) {
        if !std::ptr::eq(self.format, format) {
            self.sum_formats();
            self.format = format;
        }
        self.of_format += 1;
    }

    fn sum_formats(&mut self) {
        if self.of_format > 0 {
            *self.scan.formats.entry(self.format.into()).or_default() += std::mem::take(&mut self.of_format);
        }
    }

    /// Counts lines that continue the current event.
    fn follow(&mut self, lines: u64) {
        self.scan.ledger.continuations += lines;
        self.belongs(lines);
    }

    /// Notes lines that belong to the current event, for whom they are counted already.
    fn belongs(&mut self, lines: u64) {
        match self.scan.tails.last_mut() {
            _ if lines == 0 || self.head == 0 => {}
            Some((head, n)) if *head == self.head => *n += lines,
            _ => self.scan.tails.push((self.head, lines)),
        }
    }

    /// Counts lines outside the range that was asked for, which were not read: as filtered. `bytes` is their length. Nobody
    /// knows whose they are: of a file of several programs, they are counted with those that are not told apart.
    pub fn pass_over(&mut self, lines: u64, bytes: u64) {
        if self.file.part.as_ref().is_some_and(|p| p.name().is_some()) {
            return;
        }
        self.scan.bytes += bytes;
        self.scan.ledger.lines += lines;
        self.scan.ledger.filtered += lines;
    }

    /// Reads whole lines; `first_line` is the number of the first one, from 1.
    pub fn push(&mut self, first_line: u64, bytes: &[u8]) {
        self.push_some(first_line, bytes, u64::MAX);
    }

    /// The same of so many lines at most: how many bytes and lines it read.
    pub(crate) fn push_some(&mut self, first_line: u64, bytes: &[u8], most: u64) -> (usize, u64) {
        let mut lines = 0;
        let mut at = 0;
        while lines < most && at < bytes.len() {
            let rest = &bytes[at..];
            let (line, next) = match line_end(rest) {
                Some(i) => (&rest[..i], i + 1),
                None => (rest, rest.len()),
            };
            let line = match line {
                [line @ .., b'\r'] => line,
                line => line,
            };
            if self.sieve.is_none() {
                self.line(first_line + lines, line);
                self.scan.bytes += next as u64;
            } else {
                self.sift(first_line + lines, line, next);
            }
            lines += 1;
            at += next;
        }
        (at, lines)
    }

    /// Takes a line if it is of the scanner's part; `length` counts its end.
    fn sift(&mut self, number: u64, line: &[u8], length: usize) {
        if self.sieve.as_ref().is_some_and(|s| s.ends_before(line)) {
            self.release();
        }
        let Some(sieve) = &mut self.sieve else { return };
        match sieve.pass(line) {
            Passed::Own => {
                self.line(number, line);
                self.scan.bytes += length as u64;
            }
            Passed::Other => {}
            Passed::Held => sieve.hold(number, line, length),
        }
    }

    /// Takes the lines that waited for their entry to say whose they are.
    fn release(&mut self) {
        let Some((true, entry, lines)) = self.sieve.as_mut().and_then(|s| s.take()) else { return };
        for (i, (number, start, length)) in lines.iter().enumerate() {
            let end = lines.get(i + 1).map_or(entry.len(), |(_, next, _)| next - 1);
            self.line(*number, &entry[*start..end]);
            self.scan.bytes += *length as u64;
        }
    }

    /// Takes a record of the caller's own as the line with this number: for sources that have values and no lines.
    pub fn push_event(&mut self, line: u64, event: &Event<'_>) {
        self.flush();
        self.scan.ledger.lines += 1;
        self.scan.ledger.events += 1;
        self.count_format(event.record().format);
        self.head = line;
        self.follows_kept = true;
        self.keep(event.record(), &event.raw(), line, 0);
    }

    /// Ends the file.
    pub fn finish(mut self) -> FileScan {
        self.end();
        self.scan
    }

    /// Exchanges the hashes that it has met for those of another one; what it said does not depend on them.
    pub(crate) fn lend(&mut self, hashes: &mut Hashes) {
        std::mem::swap(&mut self.hashes, hashes);
    }

    /// Remembers the stamps, so that [`take_over`](Self::take_over) can note them again.
    pub(crate) fn note_stamps(&mut self) {
        self.scan.trail.remember();
    }

    /// Ends before a line that begins an event with this stamp.
    pub(crate) fn until(mut self, next: &Stamp) -> FileScan {
        self.release();
        self.flush();
        self.sum_formats();
        self.scan.trail.close(&mut self.scan.events, Some(next));
        self.scan
    }

    /// Takes what another scanner found in the lines that follow: it remembered the stamps, began with a line that begins
    /// an event in any case, and ended before such a line.
    pub(crate) fn take_over(&mut self, next: FileScan) {
        self.release();
        self.flush();
        self.sum_formats();
        self.scan.trail.close(&mut self.scan.events, next.trail.first.as_ref().map(|(_, stamp)| stamp));
        self.scan.take_over(next);
        self.folder = Folder::new();
        self.head = 0;
    }

    /// Lines are missing here.
    pub(crate) fn break_off(&mut self) {
        self.release();
        if let Some(sieve) = &mut self.sieve {
            sieve.forget();
        }
        self.flush();
        self.folder = Folder::new();
        self.head = 0;
    }

    /// Ends the file: what waited for its next line is taken as it is.
    pub(crate) fn end(&mut self) {
        self.release();
        if let Some(mut pieces) = self.pieces.take() {
            while pieces.finish() {
                // All of it was counted as continuations, for want of its last piece.
                self.scan.ledger.continuations -= 1;
                let (number, line) = pieces.line();
                self.whole(number, line);
                self.belongs(pieces.entries() - 1);
            }
        }
        self.flush();
        self.sum_formats();
        self.scan.trail.close(&mut self.scan.events, None);
        self.hashes = Hashes::default();
        debug_assert!(self.scan.ledger.holds(), "{:?}", self.scan.ledger);
    }

    /// Takes the event whose next line may still come as it is now; lines that continue it are read for themselves.
    pub(crate) fn settle(&mut self) {
        self.release();
        self.flush();
        self.follows_kept = true;
    }

    /// What was found so far, but for the events that are asked for with [`take_events`](Self::take_events).
    pub(crate) fn scan(&mut self) -> &mut FileScan {
        self.sum_formats();
        &mut self.scan
    }

    /// Takes the rows that are complete.
    pub(crate) fn take_events(&mut self) -> Events {
        // Rows with a lent stamp wait for the next one.
        self.scan.trail.take_closed(&mut self.scan.events)
    }

    #[inline]
    fn line(&mut self, number: u64, line: &[u8]) {
        self.scan.ledger.lines += 1;
        if self.pieces.is_none() {
            return self.whole(number, line);
        }
        let Some(mut pieces) = self.pieces.take() else { return };
        match pieces.take(number, line) {
            Taken::Whole => self.whole(number, line),
            Taken::Piece => self.scan.ledger.continuations += 1,
            Taken::Complete => {
                let (first, joined) = pieces.line();
                self.whole(first, joined);
                self.belongs(pieces.entries() - 1);
            }
        }
        self.pieces = Some(pieces);
    }

    /// Takes a line as the program wrote it.
    #[inline]
    fn whole(&mut self, number: u64, line: &[u8]) {
        let is_claimed = self.folder.claims(line);
        if is_claimed || !self.ordinary(number, line) {
            self.any(number, line, is_claimed);
        }
    }

    /// Takes a line that may be anything.
    fn any(&mut self, number: u64, line: &[u8], is_claimed: bool) {
        let record = if is_claimed { None } else { self.file.reader.parse(line).ok() };
        if record.is_none()
            && let Some(records) = self.file.reader.batch(line)
        {
            return self.several(number, line, &records);
        }
        match self.folder.step(line, record.as_ref()) {
            Step::Blank => self.scan.ledger.blank += 1,
            Step::Excess => self.follow(1),
            Step::Continue => {
                self.follow(1);
                if !self.pending_lines.is_empty() {
                    self.pending.push(b'\n');
                }
                self.pending_lines.push((self.pending.len(), number));
                self.pending.extend_from_slice(line);
            }
            Step::Start => {
                self.flush();
                self.scan.ledger.events += 1;
                self.head = number;
                let Some(record) = record else { return };
                self.count_format(record.format);
                self.head_lines = head_lines(&record);
                if record.kind() == Kind::Access {
                    self.keep(&record, line, number, 0);
                    self.follows_kept = true;
                } else {
                    self.pending.extend_from_slice(line);
                    self.pending_lines.push((0, number));
                    self.follows_kept = false;
                }
            }
            Step::Orphan => {
                self.scan.ledger.unparsed += 1;
                // In words of its own, a process may say first of all where it listens.
                if self.last_stamp.is_none() {
                    self.signals_of(line, &[(0, number)]);
                }
                if let Some(each) = &mut self.on_unparsed {
                    each(number, line);
                }
                if self.scan.unparsed.len() < EXAMPLES {
                    let text = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                    let at = crate::analysis::LineRef { file: self.file.path.clone(), line: number };
                    self.scan.unparsed.push(Example { at, text });
                }
            }
        }
    }

    /// Takes a line if it is a request that went well, in the usual layout of the file: what [`FileScanner::whole`] does
    /// with its record, and without making one.
    #[inline]
    fn ordinary(&mut self, number: u64, line: &[u8]) -> bool {
        let Some(reader) = &mut self.brief else { return false };
        // Not moved: it is large, and there is one for each line.
        let read = reader.read(line);
        let Some(brief) = &read else { return false };
        let envelope = reader.envelope();
        if let Some(message) = brief.message.filter(|m| **m != *self.quiet) {
            let tag = envelope.and_then(|e| e.tag.as_deref());
            if self.matcher.find(message, tag).is_some() {
                return false;
            }
            self.quiet.clear();
            self.quiet.extend_from_slice(message);
        }
        let Some(stamp) = brief.stamp else { return false };
        let id = FirstId::among(line, reader.long_words());
        self.folder.request(line, brief, envelope);
        self.flush();
        self.scan.ledger.events += 1;
        self.head = number;
        self.count_format(brief.format);
        self.head_lines = 1;
        self.follows_kept = true;
        self.keep_brief(brief, stamp, id, number);
        true
    }

    /// Takes a line that holds several records: one event of the ledger, a row for each of them.
    fn several(&mut self, number: u64, line: &[u8], records: &[Vec<u8>]) {
        self.flush();
        self.scan.ledger.events += 1;
        self.head = number;
        let reader = &self.file.reader;
        let mut is_first = true;
        for (part, bytes) in records.iter().enumerate() {
            let Ok(record) = reader.parse(bytes) else { continue };
            if std::mem::take(&mut is_first) {
                self.count_format(record.format);
                self.folder.step(line, Some(&record));
            }
            self.keep(&record, bytes, number, part as u32);
        }
        self.follows_kept = true;
    }

    fn keep(&mut self, record: &Record<'_>, raw: &[u8], number: u64, part: u32) {
        let at = At { file: self.scan.file, line: number, part };
        let own = record.best_stamp().copied();
        match &own {
            Some(own) => {
                self.scan.trail.close(&mut self.scan.events, Some(own));
                self.scan.trail.note(number, own);
            }
            None => {
                self.last_stamp = self.scan.trail.lend(self.last_stamp);
                if self.last_stamp.is_none() {
                    self.keep_early(record, raw, at);
                    return;
                }
            }
        }
        let stamp = convert::add(
            record,
            raw,
            at,
            self.file.writer,
            self.matcher,
            self.last_stamp,
            &mut self.hashes,
            &mut self.scan.events,
        );
        if stamp.is_some() {
            self.last_stamp = stamp;
        }
    }

    /// Keeps of a line before any that has a time what a process says of its begin: that has a place, and tells where it listens.
    fn keep_early(&mut self, record: &Record<'_>, raw: &[u8], at: At) {
        let mut events = Events::default();
        let stamp = self.scan.trail.expect();
        let (writer, hashes) = (self.file.writer, &mut self.hashes);
        convert::add(record, raw, at, writer, self.matcher, Some(stamp), hashes, &mut events);
        events.logs.retain(|e| e.signal.as_ref().is_some_and(is_begin));
        if !events.logs.is_empty() {
            self.scan.trail.waits();
            self.scan.events.logs.append(&mut events.logs);
        }
    }

    #[inline]
    fn keep_brief(&mut self, brief: &Brief<'_>, stamp: Stamp, id: FirstId<'_>, number: u64) {
        let at = At::new(self.scan.file, number);
        self.scan.trail.close(&mut self.scan.events, Some(&stamp));
        self.scan.trail.note(number, &stamp);
        let (writer, out) = (self.file.writer, &mut self.scan.events);
        self.hashes.add(brief, id, at, stamp, writer, None, out);
        self.last_stamp = Some(stamp);
    }

    #[inline]
    fn flush(&mut self) {
        if !self.pending_lines.is_empty() {
            self.flush_pending();
        }
    }

    fn flush_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let lines = std::mem::take(&mut self.pending_lines);
        let mut followers = &lines[..];
        if !self.follows_kept {
            let head = self.head_lines.min(lines.len());
            let first = &pending[..lines.get(head).map_or(pending.len(), |(start, _)| start - 1)];
            let whole = self.file.reader.parse(&pending).ok().filter(|r| matches!(r.body, Body::Error(_)));
            if let Some(record) = whole.or_else(|| self.file.reader.parse(first).ok()) {
                self.keep(&record, &pending, lines[0].1, 0);
            }
            followers = &lines[head..];
        }
        self.signals_of(&pending, followers);
        self.follows_kept = false;
    }

    /// What the further lines of an event say by themselves (the message of a crash stands under the line that
    /// started it): each recognised line becomes an event of its own at the time of the whole. Before any line with a time, only
    /// what a process says of its begin does.
    fn signals_of(&mut self, pending: &[u8], lines: &[(usize, u64)]) {
        let stamp = self.last_stamp.unwrap_or_else(|| self.scan.trail.expect());
        let is_early = self.last_stamp.is_none();
        for (i, (start, number)) in lines.iter().enumerate() {
            let end = lines.get(i + 1).map_or(pending.len(), |(next, _)| next - 1);
            let line = &pending[*start..end];
            let Some(signal) = self.matcher.find(line, None) else { continue };
            let hit = convert::hit(&signal);
            if hit.meaning == Meaning::Noise || is_early && !is_begin(&hit) {
                continue;
            }
            self.scan.inner.push(*number);
            self.scan.events.logs.push(LogEvent {
                at: At::new(self.scan.file, *number),
                stamp,
                severity: Severity::Error,
                method: 0,
                target: 0,
                tails: [0, 0],
                key: 0,
                id: 0,
                client: 0,
                signal: Some(hit),
                template: convert::template(line),
                text: convert::text(line),
                settled: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::plan::{Head, plan};

    #[test]
    fn lines_are_counted_not_bytes() {
        let text = b"a\nbb\n\nc";
        let head = Head { path: "app.log".into(), bytes: text.to_vec(), ..Head::default() };
        let plan = plan(vec![head], Vec::new(), Options::default());
        let read = |bytes: &[u8], most| FileScanner::new(&plan, 0).push_some(1, bytes, most);
        assert_eq!([read(text, 2), read(text, 9), read(text, 0)], [(5, 2), (7, 4), (0, 0)]);
        assert_eq!([read(b"", 5), read(b"a\nbb", u64::MAX)], [(0, 0), (4, 2)]);
    }
}
