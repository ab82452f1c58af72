//! A stream cut into chunks of whole lines, in bounded memory.
//!
//! Blocks are read, and what follows the last newline is carried over. Two things cannot be taken as
//! they come: a line longer than the limit, and the run of NUL bytes that `copytruncate` leaves at the
//! start of a log whose writer kept its offset. The trick: each block is first asked, with three
//! vectorised searches, whether it has either; nearly none has, and those go untouched. Only the others
//! are compacted, and remember where bytes are missing, so that offsets stay true.

use std::io::{self, Read};
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use crate::chunk::{Chunk, Gap};
use crate::compression::{Bytes, Crew, Unpacked};
use crate::error::{InputError, named};
use crate::source::Source;
use crate::utf16;

/// How files are read.
///
/// ```
/// let options = logjoin_input::ReadOptions { max_line: 64 * 1024, ..Default::default() };
/// assert_eq!(options.block_bytes, 512 << 10);
/// assert_eq!(options.max_decompressed, 64 << 30);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Bytes per chunk, about: 512 KiB. That stays in the cache from the decoder to the parser; 1 MiB is slower by a fifth.
    pub block_bytes: usize,
    /// The longest line, in bytes without its newline, that is given whole: 1 MiB. The beginning of a
    /// longer one is given, the rest is passed over.
    pub max_line: usize,
    /// The most bytes that one compressed file may yield: 64 GiB. Plain files are not limited. Raise it
    /// for larger archives; a lower one guards against hostile ones.
    pub max_decompressed: u64,
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions { block_bytes: 512 << 10, max_line: 1 << 20, max_decompressed: 64 << 30 }
    }
}

/// What was read from one stream so far, and what was left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines given, blank ones included.
    pub lines: u64,
    /// Bytes given, line ends included.
    pub bytes: u64,
    /// Lines of which only the first [`ReadOptions::max_line`] bytes were given.
    pub truncated_lines: u64,
    /// Bytes left out of those lines.
    pub truncated_bytes: u64,
    /// NUL bytes left out at the start of lines.
    pub nul_bytes: u64,
    /// The last line has no newline: it may still be growing, or was cut.
    pub unterminated: bool,
}

/// The chunks of one stream, in order.
///
/// It never fails: when reading stops early, the iteration ends after the last line that could be read
/// (cut, perhaps) and [`problem`](LineChunks::problem) says why.
///
/// ```
/// use logjoin_input::{LineChunks, ReadOptions};
///
/// let gzip: &[u8] = logjoin_input::compression_of(&[0x1f, 0x8b, 8]).unwrap().sample;
/// let cut = gzip[..gzip.len() - 4].to_vec();
/// let mut chunks = LineChunks::from_bytes("app.log.gz", cut, &ReadOptions::default());
/// let chunk = chunks.next().expect("the line is whole");
/// assert_eq!(chunk.bytes, b"hello\n");
/// assert!(chunks.next().is_none());
/// assert!(chunks.problem().expect("the checksum is missing").is_truncated());
/// ```
pub struct LineChunks {
    name: String,
    stream: Option<Bytes>,
    /// Those who may help to decompress it.
    crew: Option<Arc<Crew>>,
    block: usize,
    max_line: usize,
    /// Kept bytes not yet given; begins at a line start.
    buffer: Vec<u8>,
    /// Bytes of a chunk that nobody needs any more.
    spare: Vec<u8>,
    /// Chunks are given back.
    is_reused: bool,
    /// Offset in the file of `buffer[0]`, not counting `gaps`.
    offset: u64,
    gaps: Vec<Gap>,
    /// Kept bytes of the unfinished line at the end of `buffer`; at most `max_line`.
    line_len: usize,
    /// The unfinished line is over the limit: bytes up to the next newline are passed over.
    cutting: bool,
    started: bool,
    /// Lines of the file that come before this stream.
    passed: u64,
    tally: Tally,
    problem: Option<InputError>,
}

impl LineChunks {
    /// Reads any stream, decompressing it if its first bytes say so. `name` is for messages.
    pub fn from_reader(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        options: &ReadOptions,
    ) -> LineChunks {
        let raw = Source::new(Box::new(reader) as Bytes);
        match Unpacked::open(raw, options.max_decompressed) {
            Ok((stream, _)) => LineChunks::new(name.into(), stream, options),
            Err(error) => {
                let mut chunks = LineChunks::new(name.into(), Box::new(io::empty()), options);
                chunks.stop(error);
                chunks
            }
        }
    }

    /// Reads bytes in memory, decompressing them if they are compressed.
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        options: &ReadOptions,
    ) -> LineChunks {
        LineChunks::from_reader(name, io::Cursor::new(bytes.into()), options)
    }

    /// Reads a stream that is decompressed already.
    pub(crate) fn new(name: String, stream: Bytes, options: &ReadOptions) -> LineChunks {
        LineChunks {
            name,
            stream: Some(stream),
            crew: None,
            block: options.block_bytes.max(1),
            max_line: options.max_line.max(1),
            buffer: Vec::new(),
            spare: Vec::new(),
            is_reused: false,
            offset: 0,
            gaps: Vec::new(),
            line_len: 0,
            cutting: false,
            started: false,
            passed: 0,
            tally: Tally::default(),
            problem: None,
        }
    }

    pub(crate) fn with_crew(self, crew: Option<Arc<Crew>>) -> LineChunks {
        LineChunks { crew, ..self }
    }

    pub(crate) fn crew(&self) -> Option<&Arc<Crew>> {
        self.crew.as_ref()
    }

    /// A stream without lines.
    pub(crate) fn none() -> LineChunks {
        LineChunks::new(String::new(), Box::new(io::empty()), &ReadOptions::default())
    }

    /// Reads what follows the first `lines` lines, `offset` bytes, of a plain file.
    pub(crate) fn after(
        name: String,
        stream: Bytes,
        options: &ReadOptions,
        lines: u64,
        offset: u64,
    ) -> LineChunks {
        let chunks = LineChunks::new(name, stream, options);
        // A byte order mark stands at the beginning only.
        LineChunks { started: offset > 0, passed: lines, offset, ..chunks }
    }

    /// Lines of the file before the first one that is given: those before the part that was asked for.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The name under which the stream was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was read and left out so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Why reading stopped before the end, if it did.
    pub fn problem(&self) -> Option<&InputError> {
        self.problem.as_ref()
    }

    /// The same, to keep.
    pub fn into_problem(self) -> Option<InputError> {
        self.problem
    }

    /// Takes back the bytes of a chunk: others are read into their place, which spares memory and the time to clear it.
    ///
    /// ```
    /// use logjoin_input::{LineChunks, ReadOptions};
    ///
    /// let options = ReadOptions { block_bytes: 4, ..ReadOptions::default() };
    /// let mut chunks = LineChunks::from_bytes("app.log", b"one\ntwo\nthree\n".to_vec(), &options);
    /// let mut text = Vec::new();
    /// while let Some(chunk) = chunks.next() {
    ///     text.extend_from_slice(&chunk.bytes);
    ///     chunks.reuse(chunk.bytes);
    /// }
    /// assert_eq!(text, b"one\ntwo\nthree\n");
    /// ```
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        self.is_reused = true;
        if bytes.len() > self.spare.len() {
            self.spare = bytes;
        }
    }

    fn stop(&mut self, error: io::Error) {
        self.stream = None;
        self.problem = Some(named(&self.name, "reading it", error));
    }

    /// Reads about `wanted` bytes to the end of the buffer; at the end of the stream, drops it.
    fn fill(&mut self, wanted: usize) {
        if !self.started {
            self.started = true;
            if let Some(stream) = self.stream.take() {
                let (stream, skipped, failed) = utf16::without_bom(stream);
                self.offset += skipped;
                self.stream = Some(stream);
                // The bytes before the failure are still in the stream; read them, and it fails again
                // or ends.
                if let Some(error) = failed {
                    self.problem = Some(named(&self.name, "reading it", error));
                }
            }
        }
        let Some(stream) = &mut self.stream else { return };
        let old = self.buffer.len();
        if self.spare.len() > old {
            // What is kept is a line's beginning as a rule.
            let mut next = std::mem::take(&mut self.spare);
            next[..old].copy_from_slice(&self.buffer);
            self.buffer = next;
        }
        self.buffer.reserve_exact((old + wanted).saturating_sub(self.buffer.len()));
        self.buffer.resize(old + wanted, 0);
        let mut len = old;
        let ended = loop {
            match stream.read(&mut self.buffer[len..]) {
                Ok(0) => break Some(None),
                Ok(n) => {
                    len += n;
                    if len == self.buffer.len() {
                        break None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(Some(error)),
            }
        };
        self.buffer.truncate(len);
        match ended {
            None => {}
            Some(None) => self.stream = None,
            Some(Some(error)) => self.stop(error),
        }
        if self.is_ordinary(old) {
            self.line_len = match memrchr(b'\n', &self.buffer[old..]) {
                Some(last) => len - (old + last + 1),
                None => self.line_len + (len - old),
            };
        } else {
            self.compact(old);
        }
    }

    /// Neither a NUL nor an overlong line in `buffer[from..]`.
    fn is_ordinary(&self, from: usize) -> bool {
        if self.cutting || memchr(0, &self.buffer[from..]).is_some() {
            return false;
        }
        // A newline in every window of the longest allowed line shows that no line is longer: one search
        // from the back per window, instead of one per line.
        let mut start = from - self.line_len;
        while self.buffer.len() - start > self.max_line {
            match memrchr(b'\n', &self.buffer[start..=start + self.max_line]) {
                Some(last) => start += last + 1,
                None => return false,
            }
        }
        true
    }

    /// Leaves out NUL runs at line starts and what exceeds the longest line, in `buffer[from..]`.
    fn compact(&mut self, from: usize) {
        let end = self.buffer.len();
        let (mut read, mut write) = (from, from);
        while read < end {
            if self.line_len == 0 && !self.cutting && self.buffer[read] == 0 {
                let run = leading_nuls(&self.buffer[read..end]);
                self.tally.nul_bytes += run as u64;
                self.leave_out(write, run);
                read += run;
                continue;
            }
            let newline = memchr(b'\n', &self.buffer[read..end]);
            let span = newline.unwrap_or(end - read);
            let keep = if self.cutting { 0 } else { span.min(self.max_line - self.line_len) };
            self.buffer.copy_within(read..read + keep, write);
            write += keep;
            self.line_len += keep;
            if span > keep {
                self.tally.truncated_lines += u64::from(!self.cutting);
                self.tally.truncated_bytes += (span - keep) as u64;
                self.cutting = true;
                self.leave_out(write, span - keep);
            }
            read += span;
            if newline.is_some() {
                self.buffer[write] = b'\n';
                write += 1;
                read += 1;
                self.line_len = 0;
                self.cutting = false;
            }
        }
        self.buffer.truncate(write);
    }

    fn leave_out(&mut self, at: usize, bytes: usize) {
        let bytes = bytes as u64;
        match self.gaps.last_mut() {
            _ if at == 0 => self.offset += bytes,
            Some(last) if last.at == at => last.bytes += bytes,
            _ => self.gaps.push(Gap { at, bytes }),
        }
    }

    /// Gives `buffer[..end]` away and keeps the rest.
    fn give(&mut self, end: usize) -> Chunk {
        let mut rest = Vec::new();
        // Else what is kept goes where there is room already.
        if self.stream.is_some() && !self.is_reused {
            rest.reserve_exact(self.block.max(self.buffer.len() - end));
        }
        rest.extend_from_slice(&self.buffer[end..]);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(end);

        let later = self.gaps.iter().position(|gap| gap.at >= end).unwrap_or(self.gaps.len());
        let mut later_gaps = self.gaps.split_off(later);
        let gaps = std::mem::take(&mut self.gaps);
        let offset = self.offset;
        self.offset += end as u64 + gaps.iter().map(|gap| gap.bytes).sum::<u64>();
        for gap in &mut later_gaps {
            gap.at -= end;
        }
        if let Some(first) = later_gaps.first().copied().filter(|gap| gap.at == 0) {
            self.offset += first.bytes;
            later_gaps.remove(0);
        }
        self.gaps = later_gaps;

        let newlines = memchr_iter(b'\n', &bytes).count() as u64;
        let unterminated = bytes.last().is_some_and(|byte| *byte != b'\n');
        let line_count = newlines + u64::from(unterminated);
        let first_line = self.passed + self.tally.lines + 1;
        self.tally.lines += line_count;
        self.tally.bytes += bytes.len() as u64;
        self.tally.unterminated = unterminated;
        Chunk { bytes, first_line, offset, line_count, gaps }
    }
}

/// How many NULs `bytes` begins with. Gaps are long: they are passed over by comparing blocks.
pub(crate) fn leading_nuls(bytes: &[u8]) -> usize {
    const BLOCK: &[u8] = &[0; 4096];
    let blocks = bytes.chunks_exact(BLOCK.len()).take_while(|block| *block == BLOCK).count();
    let rest = &bytes[blocks * BLOCK.len()..];
    blocks * BLOCK.len() + rest.iter().take_while(|byte| **byte == 0).count()
}

impl Iterator for LineChunks {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        loop {
            while self.stream.is_some() && self.buffer.len() < self.block {
                self.fill(self.block - self.buffer.len());
            }
            if self.stream.is_none() {
                let end = self.buffer.len();
                return (end > 0).then(|| self.give(end));
            }
            // The newline that ends the last whole line stands just before the unfinished one.
            let end = self.buffer.len() - self.line_len;
            if end > 0 {
                return Some(self.give(end));
            }
            self.fill(self.block);
        }
    }
}

impl std::iter::FusedIterator for LineChunks {}

impl std::fmt::Debug for LineChunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineChunks")
            .field("name", &self.name)
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}
