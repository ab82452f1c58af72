//! The table of compressions: what the first bytes say, and how to undo it.
//!
//! Names are not asked: a file called `.gz` that holds plain lines is read as plain lines, and a
//! compressed file without a suffix is unpacked.
//!
//! To add a compression:
//!
//! 1. write one file here, named as its id, with a `pub(super) static DEF: CompressionDef`;
//! 2. add `mod` and its line in [`COMPRESSIONS`];
//! 3. give it a `sample`: the line `hello` compressed by its usual tool. The tests at the end of this
//!    file then cut, damage and append it.
//!
//! The trick: a decoder hands out what it made *before* it reports what stopped it, so a damaged
//! archive yields every byte that could be read ([`steps`]).

mod bzip2;
mod crew;
mod gzip;
mod lz4;
mod piece;
mod steps;
mod xz;
mod zstd;

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

pub(crate) use self::crew::Crew;
pub(crate) use self::piece::Apart;
use crate::error::{Fault, FaultKind, Place, fault_of};
use crate::source::{Progress, Source};

/// Any stream of bytes that may move between threads.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// Raw bytes on their way into a decoder.
pub(crate) type Raw = Source<Bytes>;

/// One way of compressing: how it is recognised and undone.
///
/// ```
/// let gzip = logjoin_input::compression_of(&[0x1f, 0x8b, 8, 0]).expect("the magic of gzip");
/// assert_eq!(gzip.id, "gzip");
/// assert!(gzip.extensions.contains(&"gz"));
/// assert!(logjoin_input::compression_of(b"192.0.2.7 - - [").is_none());
/// ```
pub struct CompressionDef {
    /// The id, in kebab-case: `gzip`.
    pub id: &'static str,
    /// For people: `gzip (RFC 1952)`.
    pub title: &'static str,
    /// File name suffixes without the dot, which rotation strips from names. They never decide what a
    /// file is.
    pub extensions: &'static [&'static str],
    /// For the documentation: what of the format is read.
    pub reads: &'static str,
    /// The line `hello` and its newline, compressed.
    pub sample: &'static [u8],
    /// Do these first bytes (up to 18 are given) begin such a stream?
    pub(crate) begins: fn(&[u8]) -> bool,
    /// Bytes asked of it at once, at most. A decoder that keeps what it made before it failed is asked for much: each request
    /// costs gzip a copy of its window.
    pub(crate) request: usize,
    /// Undoes it. Errors of the stream itself are turned into faults by the caller.
    pub(crate) open: fn(Raw) -> io::Result<Bytes>,
    /// How its members are decompressed side by side ([`crew`]), if they are.
    pub(crate) apart: Option<Apart>,
}

impl fmt::Debug for CompressionDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for CompressionDef {
    fn eq(&self, other: &CompressionDef) -> bool {
        self.id == other.id
    }
}

impl Eq for CompressionDef {}

/// Every compression that is read, in the order in which magic bytes are tried.
pub static COMPRESSIONS: &[&CompressionDef] = &[&gzip::DEF, &zstd::DEF, &xz::DEF, &bzip2::DEF, &lz4::DEF];

/// The compression that a file beginning with these bytes uses; `None` for plain bytes.
pub fn compression_of(head: &[u8]) -> Option<&'static CompressionDef> {
    COMPRESSIONS.iter().copied().find(|def| (def.begins)(head))
}

/// The time of last change that a gzip header carries (RFC 1952, `MTIME`), in seconds since the
/// epoch; `None` for other bytes and where it is not set.
pub(crate) fn gzip_mtime(head: &[u8]) -> Option<u32> {
    gzip::mtime(head)
}

/// How many first bytes [`compression_of`] wants to see.
pub(crate) const MAGIC_BYTES: usize = 18;

/// Bytes asked at once of a decoder that hands out what it made before it failed.
const LARGE: usize = 1 << 20;

/// Bytes asked at once of one that loses what it had made of a request when the next block turns out damaged.
const SMALL: usize = 32 * 1024;

/// A decompressed stream whose errors say where in the raw bytes they happened, and which ends with a
/// fault when it yields more than `cap` bytes.
pub(crate) struct Unpacked {
    decoder: Bytes,
    def: &'static CompressionDef,
    progress: Arc<Progress>,
    cap: u64,
    left: u64,
}

impl Unpacked {
    /// Opens a raw stream: decompressed if it begins with a known magic, as it is otherwise.
    pub(crate) fn open(mut raw: Raw, cap: u64) -> io::Result<(Bytes, Option<&'static CompressionDef>)> {
        let Some(def) = compression_of(raw.peek(MAGIC_BYTES)) else { return Ok((Box::new(raw), None)) };
        let progress = raw.progress();
        let decoder = (def.open)(raw)?;
        Ok((Box::new(Unpacked { decoder, def, progress, cap, left: cap }), Some(def)))
    }

    fn fault(&self, error: io::Error) -> io::Error {
        // A failing disk, or a fault of the archive around this file, is not this format's doing.
        if self.progress.failed() || fault_of(&error).is_some() {
            return error;
        }
        let format = self.def.id;
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => FaultKind::Truncated { format },
            _ => FaultKind::Corrupt { format, reason: error.to_string() },
        };
        Fault { place: Some(Place::Byte(self.progress.consumed())), kind }.into()
    }
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let wanted = out.len().min(self.def.request);
        if self.left == 0 {
            // Exactly the cap is allowed: only one more byte is too much.
            return match self.decoder.read(&mut [0; 1]) {
                Ok(0) => Ok(0),
                Ok(_) => {
                    let place = Some(Place::DecompressedByte(self.cap));
                    Err(Fault { place, kind: FaultKind::TooLarge { cap: self.cap } }.into())
                }
                Err(error) => Err(self.fault(error)),
            };
        }
        let wanted = wanted.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        match self.decoder.read(&mut out[..wanted]) {
            Ok(n) => {
                self.left -= n as u64;
                Ok(n)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(self.fault(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const NO_CAP: u64 = u64::MAX;

    fn unpack(bytes: &[u8], cap: u64) -> (Vec<u8>, Option<io::Error>) {
        let raw = Source::new(Box::new(Cursor::new(bytes.to_vec())) as Bytes);
        let mut out = Vec::new();
        let result = Unpacked::open(raw, cap).and_then(|(mut stream, _)| stream.read_to_end(&mut out));
        (out, result.err())
    }

    #[test]
    fn every_entry_reads_its_sample_alone_twice_and_padded() {
        for def in COMPRESSIONS {
            assert_eq!(compression_of(def.sample), Some(*def), "{}", def.id);
            let (out, error) = unpack(def.sample, NO_CAP);
            assert_eq!((out.as_slice(), error.is_none()), (&b"hello\n"[..], true), "{} {error:?}", def.id);
            let (out, error) = unpack(&[def.sample, def.sample].concat(), NO_CAP);
            assert_eq!((out.as_slice(), error.is_none()), (&b"hello\nhello\n"[..], true), "{}", def.id);
        }
    }

    #[test]
    fn every_cut_of_a_sample_is_truncated_never_a_panic_never_silent() {
        for def in COMPRESSIONS {
            for cut in MAGIC_BYTES.min(def.sample.len() - 1)..def.sample.len() {
                let (out, error) = unpack(&def.sample[..cut], NO_CAP);
                assert!(b"hello\n".starts_with(&out), "{} cut at {cut}", def.id);
                let error = error.unwrap_or_else(|| panic!("{} cut at {cut} went unnoticed", def.id));
                let fault = fault_of(&error).expect("a fault");
                assert!(matches!(fault.kind, FaultKind::Truncated { .. }), "{} at {cut}: {fault:?}", def.id);
                assert_eq!(fault.place, Some(Place::Byte(cut as u64)), "{}", def.id);
            }
        }
    }

    #[test]
    fn any_flipped_byte_is_read_or_reported() {
        for def in COMPRESSIONS {
            for at in 0..def.sample.len() {
                for bit in 0..8 {
                    let mut bytes = def.sample.to_vec();
                    bytes[at] ^= 1 << bit;
                    let (out, _) = unpack(&bytes, 1 << 20);
                    assert!(out.len() <= 1 << 20);
                }
            }
        }
    }

    #[test]
    fn the_cap_allows_itself_and_refuses_one_byte_more() {
        for def in COMPRESSIONS {
            let (out, error) = unpack(def.sample, 6);
            assert_eq!((out.as_slice(), error.is_none()), (&b"hello\n"[..], true), "{}", def.id);
            let (out, error) = unpack(def.sample, 5);
            assert_eq!(out, b"hello", "{}", def.id);
            let error = error.expect("more than the cap");
            let fault = fault_of(&error).expect("a fault");
            assert!(matches!(fault.kind, FaultKind::TooLarge { cap: 5 }), "{}", def.id);
        }
    }

    #[test]
    fn entries_are_distinct_and_each_file_is_listed() {
        let listed: Vec<&str> = COMPRESSIONS.iter().map(|def| def.id).collect();
        for def in COMPRESSIONS {
            assert_eq!(listed.iter().filter(|id| **id == def.id).count(), 1, "{} is listed twice", def.id);
            assert!(!def.extensions.is_empty() && !def.reads.is_empty(), "{} lacks words", def.id);
        }
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/compression");
        for entry in std::fs::read_dir(here).expect("this directory") {
            let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
            let stem = name.trim_end_matches(".rs");
            let known = listed.contains(&stem) || matches!(stem, "mod" | "steps" | "crew" | "piece");
            assert!(known, "{name} is not in COMPRESSIONS: add its line");
        }
    }
}
