//! Long lines that a container engine split, put together again.
//!
//! Docker's `json-file` driver writes what a program prints in entries of at most 16 KiB, and only the last one of a line
//! ends with the line's end; CRI runtimes tag each entry `P` (a piece) or `F` (the last one, or a whole line). The
//! program's two streams take turns in one file, so each has its own unfinished line.
//!
//! The trick: the pieces become one line in the engine's own layout, so that whoever reads lines needs no other way to
//! read long ones.

use super::container::{ends_with_escape, string_end};

/// What a line is to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It stands for itself: read it as it is.
    Whole,
    /// It is a piece, and was kept: the line that it belongs to is not complete yet.
    Piece,
    /// It was the last piece: [`Pieces::line`] is the whole line.
    Complete,
}

/// Bytes that Docker's copier reads at once (`defaultBufSize` in `daemon/logger/copier.go` of moby): an entry shorter than
/// this that has no line end is the last thing a program wrote, not a piece.
const DOCKER_PIECE: usize = 16 * 1024;
/// Most bytes that are put together; what a line has beyond is left out.
const MAX_BYTES: usize = 1 << 20;

/// Puts split lines of one file together.
///
/// ```
/// use logjoin_parse::envelope::{Pieces, Taken};
/// let mut pieces = Pieces::new();
/// assert_eq!(pieces.take(1, b"2026-11-20T10:00:00.1Z stdout P GET /a"), Taken::Piece);
/// assert_eq!(pieces.take(2, b"2026-11-20T10:00:00.2Z stderr F warning"), Taken::Whole);
/// assert_eq!(pieces.take(3, b"2026-11-20T10:00:00.3Z stdout F bc 200"), Taken::Complete);
/// assert_eq!(pieces.line(), (1, &b"2026-11-20T10:00:00.1Z stdout F GET /abc 200"[..]));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// By stream: standard output, standard error.
    held: [Held; 2],
    done: Held,
}

/// An unfinished line. Empty when there is none.
#[derive(Debug, Clone, Default)]
struct Held {
    first: u64,
    /// How many entries it is made of.
    entries: u64,
    line: Vec<u8>,
    /// What follows the text in the first piece (Docker).
    tail: Vec<u8>,
}

/// An entry of an engine, taken apart.
struct Entry<'a> {
    /// 0: standard output, 1: standard error.
    stream: usize,
    head: &'a [u8],
    text: &'a [u8],
    tail: &'a [u8],
    is_piece: bool,
}

impl Pieces {
    /// Nothing held.
    pub fn new() -> Pieces {
        Pieces::default()
    }

    /// Takes the next line of the file, without its line end.
    pub fn take(&mut self, number: u64, line: &[u8]) -> Taken {
        let Some(entry) = docker(line).or_else(|| cri(line)) else { return Taken::Whole };
        let held = &mut self.held[entry.stream];
        if held.line.is_empty() {
            if !entry.is_piece {
                return Taken::Whole;
            }
            held.first = number;
            held.entries = 0;
            held.line.extend_from_slice(entry.head);
            if entry.tail.is_empty() {
                // What is made of CRI's pieces is a full line.
                held.line.extend_from_slice(b"F ");
            }
            held.tail.clear();
            held.tail.extend_from_slice(entry.tail);
        }
        held.entries += 1;
        let room = MAX_BYTES.saturating_sub(held.line.len());
        held.line.extend_from_slice(whole_escapes(entry.text, room, !entry.tail.is_empty()));
        if entry.is_piece {
            return Taken::Piece;
        }
        self.complete(entry.stream);
        Taken::Complete
    }

    /// Number of the first line and bytes of the line that was completed last.
    pub fn line(&self) -> (u64, &[u8]) {
        (self.done.first, &self.done.line)
    }

    /// How many lines of the file the line that was completed last is made of.
    pub fn entries(&self) -> u64 {
        self.done.entries
    }

    /// At the end of the file: completes a line whose last piece is missing. Call it until it says `false`.
    pub fn finish(&mut self) -> bool {
        let streams = [0, 1].into_iter().filter(|s| !self.held[*s].line.is_empty());
        match streams.min_by_key(|s| self.held[*s].first) {
            Some(stream) => {
                self.complete(stream);
                true
            }
            None => false,
        }
    }

    fn complete(&mut self, stream: usize) {
        std::mem::swap(&mut self.done, &mut self.held[stream]);
        self.held[stream].line.clear();
        if !self.done.tail.is_empty() {
            // What is put together is a line, whether or not its end was among the pieces.
            self.done.line.extend_from_slice(b"\\n");
            self.done.line.extend_from_slice(&self.done.tail);
        }
    }
}

/// The first `room` bytes, cut before an escape rather than inside it.
fn whole_escapes(text: &[u8], room: usize, escaped: bool) -> &[u8] {
    if text.len() <= room {
        return text;
    }
    let cut = &text[..room];
    // `\u00e9` is the longest escape.
    let tail = &cut[cut.len().saturating_sub(6)..];
    match memchr::memchr(b'\\', tail).filter(|_| escaped) {
        Some(i) => &cut[..cut.len() - tail.len() + i],
        None => cut,
    }
}

fn docker(line: &[u8]) -> Option<Entry<'_>> {
    const HEAD: &[u8] = b"{\"log\":\"";
    let rest = line.strip_prefix(HEAD)?;
    let end = string_end(rest)?;
    let (text, tail) = (&rest[..end], &rest[end..]);
    let ended = ends_with_escape(text, b'n');
    Some(Entry {
        stream: usize::from(memchr::memmem::find(tail, b"\"stream\":\"stderr\"").is_some()),
        head: HEAD,
        // The end of the line is put back when all is together.
        text: if ended { &text[..text.len() - 2] } else { text },
        tail,
        is_piece: !ended && text.len() >= DOCKER_PIECE,
    })
}

fn cri(line: &[u8]) -> Option<Entry<'_>> {
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    // A nanosecond stamp with a numeric zone has 35 characters.
    let space = memchr::memchr(b' ', &line[..line.len().min(40)])?;
    let rest = &line[space + 1..];
    let stream = match rest.get(..7)? {
        b"stdout " => 0,
        b"stderr " => 1,
        _ => return None,
    };
    let tags = &rest[7..];
    let is_piece = match tags.first()? {
        b'P' => true,
        b'F' => false,
        _ => return None,
    };
    let text = match tags.get(1) {
        None => &tags[1..],
        Some(b' ') => &tags[2..],
        Some(b':') => memchr::memchr(b' ', tags).map_or(&tags[tags.len()..], |n| &tags[n + 1..]),
        Some(_) => return None,
    };
    Some(Entry { stream, head: &line[..space + 8], text, tail: b"", is_piece })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::peel;

    #[test]
    fn docker_entries_of_16_kib() {
        let long = "x".repeat(DOCKER_PIECE);
        let entry = |text: &str, stream: &str, n: u8| {
            format!(r#"{{"log":"{text}","stream":"{stream}","time":"2026-11-20T10:00:00.{n}Z"}}"#)
        };
        let mut p = Pieces::new();
        assert_eq!(p.take(1, entry(&long, "stdout", 1).as_bytes()), Taken::Piece);
        assert_eq!(p.take(2, entry("other\\n", "stderr", 2).as_bytes()), Taken::Whole);
        assert_eq!(p.take(3, entry(&long, "stdout", 3).as_bytes()), Taken::Piece);
        assert_eq!(p.take(4, entry("end\\n", "stdout", 4).as_bytes()), Taken::Complete);
        let (first, line) = p.line();
        assert_eq!((first, p.entries()), (1, 3));
        let (envelope, text) = peel(line);
        assert_eq!(
            envelope.and_then(|e| e.stamp).map(|s| s.to_iso()).as_deref(),
            Some("2026-11-20T10:00:00.100Z")
        );
        assert_eq!(text.len(), 2 * DOCKER_PIECE + 3);
        // What a program wrote last, without an end, is no piece.
        assert_eq!(p.take(5, entry("bye", "stdout", 5).as_bytes()), Taken::Whole);
        assert!(!p.finish());
    }

    #[test]
    fn a_line_without_its_last_piece_is_not_lost() {
        let mut p = Pieces::new();
        assert_eq!(p.take(1, b"2026-11-20T10:00:00.1Z stderr P:x a"), Taken::Piece);
        assert_eq!(p.take(2, b"2026-11-20T10:00:00.1Z stdout P b"), Taken::Piece);
        assert!(p.finish());
        assert_eq!(p.line(), (1, &b"2026-11-20T10:00:00.1Z stderr F a"[..]));
        assert!(p.finish());
        assert_eq!(p.line(), (2, &b"2026-11-20T10:00:00.1Z stdout F b"[..]));
        assert!(!p.finish());
    }

    #[test]
    fn the_length_is_bounded() {
        let mut p = Pieces::new();
        let piece = [b"2026-11-20T10:00:00.1Z stdout P ".to_vec(), vec![b'x'; 200_000]].concat();
        for n in 0..20 {
            assert_eq!(p.take(n, &piece), Taken::Piece);
        }
        assert!(p.finish() && p.line().1.len() <= MAX_BYTES);
        assert_eq!(whole_escapes(b"ab\\u00e9", 6, true), b"ab");
        assert_eq!(whole_escapes(b"abcdefgh", 6, false), b"abcdef");
    }

    #[test]
    fn other_lines_are_left_alone() {
        let mut p = Pieces::new();
        for line in [
            &b""[..],
            b"2026-11-20 10:00:00 stdout",
            b"{\"log\":\"x",
            b"2026-11-20T10:00:00Z stdout X a",
            b"9 stdout",
        ] {
            assert_eq!(p.take(1, line), Taken::Whole);
        }
    }
}
