//! bzip2: streams one after another, as parallel compressors write them.

use std::io;

use ::bzip2::{Decompress, Status};

use super::steps::{Step, Stepped, Steps, damage};
use super::{Bytes, CompressionDef, Raw};

pub(super) static DEF: CompressionDef = CompressionDef {
    id: "bzip2",
    title: "bzip2",
    extensions: &["bz2", "bz", "tbz", "tbz2"],
    reads: "any number of streams",
    sample: &[
        0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0xc1, 0xc0, 0x80, 0xe2, 0x00, 0x00, 0x01,
        0x41, 0x00, 0x00, 0x10, 0x02, 0x44, 0xa0, 0x00, 0x30, 0xcd, 0x00, 0xc3, 0x46, 0x29, 0x97, 0x17, 0x72,
        0x45, 0x38, 0x50, 0x90, 0xc1, 0xc0, 0x80, 0xe2,
    ],
    // The magic of the first block, or of the end of an empty stream, must follow: `BZh9` alone could
    // begin a line of text.
    begins: |head| {
        head.starts_with(b"BZh")
            && matches!(head.get(3), Some(b'1'..=b'9'))
            && matches!(head.get(4..10), Some(b"1AY&SY" | b"\x17\x72\x45\x38\x50\x90"))
    },
    request: super::LARGE,
    open: |raw: Raw| -> io::Result<Bytes> { Ok(Box::new(Stepped::new(Bzip2(Decompress::new(false)), raw))) },
    // Two of them at once, with 4 MB each that do not stay in a cache, are no faster than one.
    apart: None,
};

struct Bzip2(Decompress);

impl Steps for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8], _at_end: bool) -> Step {
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, output);
        let consumed = (self.0.total_in() - total_in) as usize;
        let produced = (self.0.total_out() - total_out) as usize;
        let outcome = match result {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(error) => Err(damage(&error.to_string())),
        };
        Step { consumed, produced, outcome }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0 = Decompress::new(false);
        Ok(())
    }

    fn first_byte(&self) -> Option<u8> {
        Some(b'B')
    }
}
