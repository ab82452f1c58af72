//! The lowest layer: bytes as they lie on disk, buffered and counted.
//!
//! The trick: the count is advanced by `consume`, not by reads, so when a decoder stumbles the
//! count says which byte of the archive it stumbled over, not how far the buffer had run ahead.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::compression::{Bytes, Crew};

/// Bytes fetched from the operating system at once.
const BUFFER_BYTES: usize = 128 * 1024;

/// What the layers above may ask about the raw bytes while a decoder owns the reader.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    consumed: AtomicU64,
    failed: AtomicBool,
}

impl Progress {
    /// Raw bytes that the decoder has taken so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed.load(Relaxed)
    }

    /// The reader itself failed (not the decoder's format).
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }
}

/// A buffered reader that counts what is consumed.
pub(crate) struct Source<R> {
    inner: R,
    buffer: Box<[u8]>,
    /// `buffer[start..end]` is read and not yet consumed; `start <= end <= buffer.len()`.
    start: usize,
    end: usize,
    /// A failure met while peeking: returned once the bytes before it are consumed.
    failure: Option<io::Error>,
    progress: Arc<Progress>,
    crew: Option<Arc<Crew>>,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(inner: R) -> Source<R> {
        Source {
            inner,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            failure: None,
            progress: Arc::default(),
            crew: None,
        }
    }

    /// Lets others decompress parts of it that lie further on.
    pub(crate) fn set_crew(&mut self, crew: &Arc<Crew>) {
        self.crew = Some(Arc::clone(crew));
    }

    pub(crate) fn crew(&self) -> Option<&Arc<Crew>> {
        self.crew.as_ref()
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Up to `wanted` bytes from here on, fewer only at the end or before a failure; nothing is consumed.
    pub(crate) fn peek(&mut self, wanted: usize) -> &[u8] {
        let wanted = wanted.min(self.buffer.len());
        if self.buffer.len() - self.start < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < wanted {
            match self.read_more() {
                Ok(0) => break,
                Ok(n) => self.end += n,
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        &self.buffer[self.start..self.end]
    }

    fn read_more(&mut self) -> io::Result<usize> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.progress.failed.store(true, Relaxed);
                    return Err(error);
                }
                Ok(n) => return Ok(n),
            }
        }
    }
}

impl Source<Bytes> {
    /// Goes on from byte `to` of what is stored. The buffer then holds what it would if all before had been read: where a
    /// decoder stumbles, and what it made before, may depend on that.
    pub(crate) fn go_to(&mut self, to: u64, stored: &Stored) {
        let ahead = to.checked_sub(self.progress.consumed()).and_then(|n| usize::try_from(n).ok());
        match ahead.filter(|n| *n <= self.end - self.start) {
            Some(n) => self.start += n,
            None => {
                let inside = to % self.buffer.len() as u64;
                self.inner = stored.reader(to - inside);
                (self.start, self.end, self.failure) = (0, 0, None);
                match self.read_more() {
                    Ok(n) => self.end = n,
                    Err(error) => self.failure = Some(error),
                }
                self.start = self.end.min(inside as usize);
            }
        }
        self.progress.consumed.store(to, Relaxed);
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.progress.consumed.fetch_add(n as u64, Relaxed);
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A large read on an empty buffer goes straight through: plain files are not copied twice.
        if self.start == self.end && out.len() >= self.buffer.len() && self.failure.is_none() {
            let n = self.inner.read(out).inspect_err(|error| {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.progress.failed.store(true, Relaxed);
                }
            })?;
            self.progress.consumed.fetch_add(n as u64, Relaxed);
            return Ok(n);
        }
        let available = self.fill_buf()?;
        let n = available.len().min(out.len());
        out[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// Bytes that can be read at places, by several at once.
#[derive(Clone)]
pub(crate) enum Stored {
    /// Whoever reads says first from where.
    File(Arc<Mutex<File>>),
    Memory(Arc<[u8]>),
}

impl Stored {
    /// Reads from byte `at` on, as much as there is room for if there is so much.
    pub(crate) fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Stored::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.read(out)
            }
            Stored::Memory(bytes) => {
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
                let n = rest.len().min(out.len());
                out[..n].copy_from_slice(&rest[..n]);
                Ok(n)
            }
        }
    }

    /// All bytes from `at` on.
    pub(crate) fn reader(&self, at: u64) -> Bytes {
        Box::new(StoredReader { stored: self.clone(), at })
    }
}

struct StoredReader {
    stored: Stored,
    at: u64,
}

impl Read for StoredReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.stored.read_at(self.at, out)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peeking_consumes_nothing_and_consuming_is_counted() {
        let mut source = Source::new(&b"0123456789"[..]);
        let progress = source.progress();
        assert_eq!(source.peek(4), b"0123456789");
        assert_eq!(progress.consumed(), 0);
        let mut out = [0; 3];
        source.read_exact(&mut out).unwrap();
        assert_eq!((&out, progress.consumed()), (b"012", 3));
        assert_eq!(source.peek(1000), b"3456789");
    }
}
