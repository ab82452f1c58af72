//! A chunk: some whole lines of one file, and where each of them stands.

use memchr::memchr;

/// Whole lines of one file, with their place in it.
///
/// ```
/// use logjoin_input::{LineChunks, ReadOptions};
///
/// let mut chunks = LineChunks::from_bytes("app.log", b"one\r\ntwo\nthree".to_vec(), &ReadOptions::default());
/// let chunk = chunks.next().expect("three lines");
/// let lines: Vec<_> = chunk.lines().collect();
/// assert_eq!(lines, [(1, 0, &b"one"[..]), (2, 5, b"two"), (3, 9, b"three")]);
/// assert!(chunks.next().is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The lines with their line ends. Each ends with `\n` except perhaps the last of a file.
    pub bytes: Vec<u8>,
    /// The number of the first line, from 1, in the decompressed file.
    pub first_line: u64,
    /// The offset of `bytes[0]` in the decompressed file (in its UTF-8 form, if it was UTF-16).
    pub offset: u64,
    /// How many lines `bytes` holds.
    pub line_count: u64,
    /// Places where bytes of the file were left out, in rising order.
    pub(crate) gaps: Vec<Gap>,
}

/// `bytes` of the file are missing just before index `at` of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub at: usize,
    pub bytes: u64,
}

impl Chunk {
    /// The lines in order: number from 1, offset in the decompressed file, bytes without `\n` or `\r\n`.
    pub fn lines(&self) -> Lines<'_> {
        Lines { bytes: &self.bytes, at: 0, number: self.first_line, offset: self.offset, gaps: &self.gaps }
    }
}

/// The lines of a [`Chunk`]: `(line number, offset, bytes)`.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u64,
    /// Offset of `bytes[0]`, with the gaps passed so far added.
    offset: u64,
    gaps: &'a [Gap],
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, u64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        while let Some((gap, later)) = self.gaps.split_first() {
            if gap.at > self.at {
                break;
            }
            self.offset += gap.bytes;
            self.gaps = later;
        }
        let place = (self.number, self.offset + self.at as u64);
        let (line, used) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..end], end + 1),
            None => (rest, rest.len()),
        };
        self.number += 1;
        self.at += used;
        Some((place.0, place.1, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_step_over_gaps() {
        let chunk = Chunk {
            bytes: b"ab\ncd\nef".to_vec(),
            first_line: 7,
            offset: 100,
            line_count: 3,
            gaps: vec![Gap { at: 2, bytes: 50 }, Gap { at: 6, bytes: 5 }],
        };
        let lines: Vec<_> = chunk.lines().collect();
        assert_eq!(lines, [(7, 100, &b"ab"[..]), (8, 153, b"cd"), (9, 161, b"ef")]);
    }

    #[test]
    fn a_carriage_return_alone_is_content() {
        let chunk = Chunk { bytes: b"a\rb\r\r\n\n".to_vec(), first_line: 1, ..Chunk::default() };
        let lines: Vec<_> = chunk.lines().map(|(_, _, line)| line).collect();
        assert_eq!(lines, [&b"a\rb\r"[..], b""]);
    }
}
