//! gzip: members one after another, as rotation and parallel compressors write them.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use super::piece::{Apart, ByMember};
use super::steps::{Step, Stepped, Steps, damage};
use super::{Bytes, CompressionDef, Raw};

pub(super) static DEF: CompressionDef = CompressionDef {
    id: "gzip",
    title: "gzip (RFC 1952)",
    extensions: &["gz", "gzip", "tgz"],
    reads: "any number of members, zero padding between and after them",
    sample: &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02,
        0x00, 0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00,
    ],
    begins: |head| head.starts_with(&[0x1f, 0x8b, 0x08]),
    request: super::LARGE,
    open: |raw: Raw| -> io::Result<Bytes> { Ok(Box::new(Stepped::new(Gzip(fresh()), raw))) },
    apart: Some(Apart {
        magic: &[0x1f, 0x8b, 0x08],
        // No reserved flag, and an extra flag that compressors set: little of what is none passes.
        may_begin: |head| matches!(head, [_, _, _, flags, _, _, _, _, extra, ..] if flags & 0xe0 == 0 && matches!(extra, 0 | 2 | 4)),
        open: |raw: Raw| -> io::Result<Box<dyn ByMember>> { Ok(Box::new(Stepped::new(Gzip(fresh()), raw))) },
    }),
};

/// Window size as a power of two: the largest, which decodes all smaller ones.
const WINDOW_BITS: u8 = 15;

fn fresh() -> Decompress {
    Decompress::new_gzip(WINDOW_BITS)
}

pub(super) fn mtime(head: &[u8]) -> Option<u32> {
    if !(DEF.begins)(head) {
        return None;
    }
    let bytes: [u8; 4] = head.get(4..8)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes)).filter(|seconds| *seconds != 0)
}

struct Gzip(Decompress);

impl Steps for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8], _at_end: bool) -> Step {
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, output, FlushDecompress::None);
        let consumed = (self.0.total_in() - total_in) as usize;
        let produced = (self.0.total_out() - total_out) as usize;
        let outcome = match result {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(error) => Err(damage(error.message().unwrap_or("not a deflate stream"))),
        };
        Step { consumed, produced, outcome }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0 = fresh();
        Ok(())
    }

    fn first_byte(&self) -> Option<u8> {
        Some(0x1f)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_header_says_when_the_original_was_written() {
        assert_eq!(super::mtime(&[0x1f, 0x8b, 8, 8, 0x80, 0x96, 0xf5, 0x6a, 0, 3]), Some(0x6af5_9680));
        assert_eq!(super::mtime(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), None);
        assert_eq!(super::mtime(b"BZh91AY&SY"), None);
    }
}
