//! The part of a plain file that lies within a range of some key that grows from line to line: its time, mostly.
//!
//! The trick: what a line's key is, is the caller's business, so nothing here knows of time. Some lines, evenly spaced,
//! show first whether the file is in order at all; between two of them the ends of the range are found by bisection.
//! The bytes before the range are not looked at but for their line ends, which must be counted: evidence names lines by
//! their numbers. The bytes after it are not touched.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter, memrchr};

use crate::compression::Bytes;
use crate::error::{InputError, named};
use crate::file::InputFile;
use crate::lines::{LineChunks, ReadOptions};

/// Lines that are looked at to see whether a file is in order.
const SAMPLES: u64 = 64;
/// Bytes in which a line with a key is looked for, at first and at most.
const LOOK: (usize, usize) = (16 * 1024, 1 << 20);
/// An end of the range is known well enough when it is between two places that are so near.
const NEAR: u64 = 64 * 1024;
/// Bytes whose line ends are counted at once: they stay in the cache.
const COUNT: usize = 256 * 1024;

/// Least and greatest value that a line's key may have.
pub type Key = (i64, i64);

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Lines whose key is less than this are not.
    pub from: Option<i64>,
    /// Lines whose key is greater than this are not.
    pub to: Option<i64>,
    /// By how much keys may fall from line to line in a file that is in order. `from` and `to` should leave room for it.
    pub slack: i64,
}

/// A part of a file: whole lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// Offset of its first line, bytes.
    pub from: u64,
    /// Offset of the first line behind it; `None`: it reaches to the end.
    pub to: Option<u64>,
}

/// Where in a file the wanted lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Anywhere, as far as one can tell: the file is compressed, or a stream, or not in order, or has lines without keys.
    Anywhere,
    /// Nowhere: all lines come before them.
    Before,
    /// Nowhere: all lines come after them.
    After,
    /// Within this part.
    Within(Part),
}

/// A line with a key: where it begins.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: u64,
    key: Key,
}

struct Prober<'k> {
    file: File,
    size: u64,
    buffer: Vec<u8>,
    key: &'k mut dyn FnMut(&[u8]) -> Option<Key>,
}

impl Prober<'_> {
    /// Fills the buffer with the bytes from `at` on.
    fn look(&mut self, at: u64, most: usize) -> io::Result<()> {
        self.buffer.clear();
        self.file.seek(SeekFrom::Start(at))?;
        let left = usize::try_from(self.size - at.min(self.size)).unwrap_or(usize::MAX);
        self.file.by_ref().take(most.min(left) as u64).read_to_end(&mut self.buffer).map(|_| ())
    }

    /// The first line with a key that begins at or after `at`.
    fn first(&mut self, at: u64) -> io::Result<Option<Mark>> {
        let mut most = LOOK.0;
        loop {
            // One byte earlier: a line begins at `at` if a line end stands before it.
            let base = at.saturating_sub(1);
            self.look(base, most)?;
            let mut start = if at == 0 { 0 } else { after_newline(&self.buffer, 0) };
            while let Some(end) = memchr(b'\n', &self.buffer[start.min(self.buffer.len())..]) {
                let line = &self.buffer[start..start + end];
                if let Some(key) = (self.key)(line.strip_suffix(b"\r").unwrap_or(line)) {
                    return Ok(Some(Mark { at: base + start as u64, key }));
                }
                start += end + 1;
            }
            if most >= LOOK.1 || base + self.buffer.len() as u64 >= self.size {
                return Ok(None);
            }
            most *= 4;
        }
    }

    /// The last line with a key.
    fn last(&mut self) -> io::Result<Option<Mark>> {
        let mut most = LOOK.0;
        loop {
            let base = self.size.saturating_sub(most as u64);
            self.look(base, most)?;
            let begin = if base == 0 { 0 } else { after_newline(&self.buffer, 0) };
            // What stands behind the last line end is not a whole line.
            let mut end = memrchr(b'\n', &self.buffer).unwrap_or(0);
            while end > begin {
                let start = memrchr(b'\n', &self.buffer[..end]).map_or(0, |i| i + 1);
                if start < begin {
                    break;
                }
                let line = &self.buffer[start..end];
                if let Some(key) = (self.key)(line.strip_suffix(b"\r").unwrap_or(line)) {
                    return Ok(Some(Mark { at: base + start as u64, key }));
                }
                end = start.saturating_sub(1);
            }
            if most >= LOOK.1 || base == 0 {
                return Ok(None);
            }
            most *= 4;
        }
    }

    /// Lines from all over the file; `None` where there is a stretch without keys.
    fn samples(&mut self) -> io::Result<Option<Vec<Mark>>> {
        let Some(last) = self.last()? else { return Ok(None) };
        let mut marks: Vec<Mark> = Vec::new();
        for i in 0..SAMPLES {
            let at = (u128::from(self.size) * u128::from(i) / u128::from(SAMPLES)) as u64;
            if at > last.at {
                break;
            }
            let Some(mark) = self.first(at)? else { return Ok(None) };
            if marks.last().is_none_or(|m| m.at < mark.at) {
                marks.push(mark);
            }
        }
        if marks.last().is_none_or(|m| m.at < last.at) {
            marks.push(last);
        }
        Ok(Some(marks))
    }

    /// Narrows the place between a line that `is_early` and a later one that is not.
    fn bisect(
        &mut self,
        mut early: u64,
        mut late: u64,
        is_early: impl Fn(Key) -> bool,
    ) -> io::Result<(u64, u64)> {
        // No line with a key that is not late begins between `top` and `late`.
        let mut top = late;
        while top.saturating_sub(early) > NEAR {
            let middle = early + (top - early) / 2;
            match self.first(middle)? {
                Some(m) if m.at < late && is_early(m.key) => early = m.at,
                Some(m) => (top, late) = (middle, late.min(m.at)),
                None => top = middle,
            }
        }
        Ok((early, late))
    }

    fn find(&mut self, wanted: &Wanted) -> io::Result<Found> {
        let Some(marks) = self.samples()? else { return Ok(Found::Anywhere) };
        let mut reach = i64::MIN;
        for m in &marks {
            if m.key.1 < reach.saturating_sub(wanted.slack) {
                return Ok(Found::Anywhere);
            }
            reach = reach.max(m.key.1);
        }
        let is_before = |key: Key| wanted.from.is_some_and(|from| key.1 < from);
        let is_not_after = |key: Key| wanted.to.is_none_or(|to| key.0 <= to);
        let mut part = Part::default();
        match marks.iter().position(|m| !is_before(m.key)) {
            None => return Ok(Found::Before),
            Some(0) => {}
            Some(i) => part.from = self.bisect(marks[i - 1].at, marks[i].at, is_before)?.0,
        }
        match marks.iter().rposition(|m| is_not_after(m.key)) {
            None => return Ok(Found::After),
            Some(i) if i + 1 == marks.len() => {}
            Some(i) => part.to = Some(self.bisect(marks[i].at, marks[i + 1].at, is_not_after)?.1),
        }
        Ok(Found::Within(part))
    }
}

/// Where the line after the first line end begins.
fn after_newline(bytes: &[u8], from: usize) -> usize {
    memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |i| from + i + 1)
}

impl InputFile {
    /// Finds the part of the file in which the wanted lines are, by looking at some hundred lines. `key` tells the key of
    /// a line, or that it has none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn find_part(
        &self,
        wanted: &Wanted,
        key: &mut dyn FnMut(&[u8]) -> Option<Key>,
    ) -> Result<Found, InputError> {
        let Some(path) = self.plain_path() else { return Ok(Found::Anywhere) };
        let failed = |error| named(self.name(), "reading it", error);
        let mut file = File::open(path).map_err(failed)?;
        let mut mark = [0; 2];
        let n = file.read(&mut mark).map_err(failed)?;
        if matches!(mark[..n], [0xff, 0xfe] | [0xfe, 0xff]) {
            // UTF-16: lines are not what they seem.
            return Ok(Found::Anywhere);
        }
        let size = file.metadata().map_err(failed)?.len();
        Prober { file, size, buffer: Vec::new(), key }.find(wanted).map_err(failed)
    }

    /// Begins to read a part of a plain file that [`find_part`](InputFile::find_part) found. The lines before it are
    /// counted, so that numbers and offsets are those of the whole file; `counted` is told of their bytes as they go
    /// by, and may break it off: then what is read is of no use. How many they are is [`LineChunks::passed`].
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read, or is no plain file.
    pub fn open_part(
        &self,
        part: &Part,
        options: &ReadOptions,
        counted: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<LineChunks, InputError> {
        let failed = |error| named(self.name(), "reading it", error);
        let path = self.plain_path().ok_or_else(|| failed(io::ErrorKind::Unsupported.into()))?;
        let mut file = File::open(path).map_err(failed)?;
        let mut lines = 0;
        let mut left = part.from;
        let mut buffer = vec![0; COUNT.min(usize::try_from(left).unwrap_or(COUNT))];
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match file.read(&mut buffer[..most]) {
                // It shrank meanwhile.
                Ok(0) => break,
                Ok(n) => {
                    lines += memchr_iter(b'\n', &buffer[..n]).count() as u64;
                    left -= n as u64;
                    if counted(n as u64).is_break() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let stream: Bytes = match part.to {
            Some(to) => Box::new(file.take(to.saturating_sub(part.from))),
            None => Box::new(file),
        };
        Ok(LineChunks::after(self.name().to_owned(), stream, options, lines, part.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::ReadOptions;

    /// A file with a line for each number.
    fn file(keys: impl Iterator<Item = i64>, padding: usize) -> (tempfile::TempDir, InputFile) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("numbers.log");
        let pad = "x".repeat(padding);
        let text: String = keys.map(|k| format!("{k} {pad}\n  more of it\n\n")).collect();
        std::fs::write(&path, text).unwrap();
        let input = InputFile::on_disk("numbers.log", path).unwrap();
        (dir, input)
    }

    fn key(line: &[u8]) -> Option<Key> {
        let text = std::str::from_utf8(line).ok()?;
        let n = text.split(' ').next()?.parse().ok()?;
        Some((n, n))
    }

    fn wanted(from: i64, to: i64) -> Wanted {
        Wanted { from: Some(from), to: Some(to), slack: 2 }
    }

    /// Numbers of lines, and keys, of what is read.
    fn read(input: &InputFile, part: &Part) -> (u64, Vec<(u64, i64)>) {
        let options = ReadOptions { block_bytes: 10_000, ..ReadOptions::default() };
        let mut counted = 0;
        let chunks = input
            .open_part(part, &options, &mut |n| {
                counted += n;
                ControlFlow::Continue(())
            })
            .unwrap();
        let passed = chunks.passed();
        let all = std::fs::read(input.path().unwrap()).unwrap();
        let mut rows = Vec::new();
        for chunk in chunks {
            for (number, offset, line) in chunk.lines() {
                assert!(all[offset as usize..].starts_with(line), "offsets are those of the file");
                rows.extend(key(line).map(|k| (number, k.0)));
            }
        }
        assert_eq!(counted, part.from);
        (passed, rows)
    }

    #[test]
    fn the_part_has_what_is_wanted_and_little_more() {
        let (_dir, input) = file(0..60_000, 40);
        let mut looked = 0;
        for (from, to) in [(30_000, 30_100), (0, 10), (59_990, 70_000), (12_345, 12_345), (1, 59_998)] {
            let found = input
                .find_part(&wanted(from, to), &mut |l| {
                    looked += 1;
                    key(l)
                })
                .unwrap();
            let Found::Within(part) = found else { panic!("{found:?}") };
            let (passed, rows) = read(&input, &part);
            assert_eq!(passed, (rows[0].1 * 3) as u64, "three lines each");
            for (number, k) in &rows {
                assert_eq!(*number, (*k * 3 + 1) as u64);
            }
            assert!(rows[0].1 <= from && rows.last().unwrap().1 >= to.min(59_999), "{from}..{to}");
            let extra = rows.len() as i64 - (to.min(59_999) - from + 1);
            assert!(extra < 2 * 65_536 / 50, "{extra} lines too many");
            assert!(rows.windows(2).all(|w| w[0].1 + 1 == w[1].1));
        }
        assert!(looked < 5 * 400, "{looked} lines were looked at");
    }

    #[test]
    fn what_is_outside_is_known_without_reading() {
        let (_dir, input) = file(100..5_000, 20);
        let of = |w: Wanted| input.find_part(&w, &mut key).unwrap();
        assert_eq!(of(wanted(5_000, 6_000)), Found::Before);
        assert_eq!(of(wanted(0, 99)), Found::After);
        assert_eq!(of(Wanted { from: None, to: None, slack: 0 }), Found::Within(Part::default()));
        let Found::Within(part) = of(Wanted { from: None, to: Some(2_000), slack: 0 }) else { panic!() };
        assert_eq!(part.from, 0);
        assert!(part.to.is_some());
    }

    #[test]
    fn what_is_not_in_order_is_read_whole() {
        let of = |input: &InputFile| input.find_part(&wanted(2_000, 2_010), &mut key).unwrap();
        let (_dir, input) = file((2_000..4_000).chain(0..2_000), 20);
        assert_eq!(of(&input), Found::Anywhere);
        // A little disorder is none.
        let (_dir, input) = file((0..4_000).map(|k| k ^ 1), 20);
        assert!(matches!(of(&input), Found::Within(_)));
        // No keys at all, or none in one place; nothing at all.
        let (_dir, input) = file((0..10).map(|_| 0), 20);
        assert_eq!(input.find_part(&wanted(0, 1), &mut |_| None).unwrap(), Found::Anywhere);
        let (_dir, input) = file(std::iter::empty(), 20);
        assert_eq!(of(&input), Found::Anywhere);
        let memory = InputFile::from_bytes("a.log", b"1 x\n2 x\n".to_vec());
        assert_eq!(of(&memory), Found::Anywhere);
        assert!(
            memory
                .open_part(&Part::default(), &ReadOptions::default(), &mut |_| ControlFlow::Continue(()))
                .is_err()
        );
    }

    #[test]
    fn small_files_and_unfinished_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "1 a\n2 b\n3 c").unwrap();
        let input = InputFile::on_disk("a.log", &path).unwrap();
        let found = input.find_part(&wanted(2, 2), &mut key).unwrap();
        let Found::Within(part) = found else { panic!("{found:?}") };
        let (_, rows) = read(&input, &part);
        assert!(rows.contains(&(2, 2)), "{rows:?}");
        for from in 0..5 {
            for to in from..5 {
                if let Found::Within(part) = input.find_part(&wanted(from, to), &mut key).unwrap() {
                    let (_, rows) = read(&input, &part);
                    for k in from.max(1)..=to.min(2) {
                        assert!(rows.contains(&(k as u64, k)), "{from}..{to}: {rows:?}");
                    }
                }
            }
        }
    }
}
