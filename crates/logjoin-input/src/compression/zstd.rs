//! zstd: frames one after another, skippable frames and long windows included.

use std::io;

use ::zstd::stream::raw::{DParameter, Decoder, Operation};

use super::piece::{Apart, ByMember};
use super::steps::{Step, Stepped, Steps};
use super::{Bytes, CompressionDef, Raw};

pub(super) static DEF: CompressionDef = CompressionDef {
    id: "zstd",
    title: "Zstandard (RFC 8878)",
    extensions: &["zst", "zstd", "tzst"],
    reads: "any number of frames, skippable frames, windows up to 2 GiB (--long=31)",
    sample: &[
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x31, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x53, 0x88,
        0xbd, 0x91,
    ],
    begins: |head| {
        head.starts_with(&FRAME)
            // A skippable frame comes first where a seek table or a parallel compressor put one. LZ4 has
            // the same magic for these; a zstd frame is by far the likelier to follow.
            || (matches!(head.first(), Some(0x50..=0x5f)) && head.get(1..4) == Some(&[0x2a, 0x4d, 0x18]))
    },
    request: super::SMALL,
    open: |raw: Raw| -> io::Result<Bytes> { Ok(Box::new(Stepped::new(Zstd::new(WINDOW_LOG_MAX)?, raw))) },
    apart: Some(Apart {
        magic: &FRAME,
        may_begin: |_| true,
        open: |raw: Raw| -> io::Result<Box<dyn ByMember>> {
            Ok(Box::new(Stepped::new(Zstd::new(SMALL_WINDOW_LOG_MAX)?, raw)))
        },
    }),
};

const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest window that the format's tool writes, as a power of two.
const WINDOW_LOG_MAX: u32 = 31;
/// That of frames that are decompressed apart: theirs are not larger than they are.
const SMALL_WINDOW_LOG_MAX: u32 = 23;

struct Zstd(Decoder<'static>);

impl Zstd {
    fn new(window_log_max: u32) -> io::Result<Zstd> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(window_log_max))?;
        Ok(Zstd(decoder))
    }
}

impl Steps for Zstd {
    const HOLDS_BACK: bool = true;

    fn step(&mut self, input: &[u8], output: &mut [u8], _at_end: bool) -> Step {
        match self.0.run_on_buffers(input, output) {
            Ok(done) => Step {
                consumed: done.bytes_read,
                produced: done.bytes_written,
                outcome: Ok(done.remaining == 0),
            },
            // How much it took and made before is not told.
            Err(error) => Step { consumed: 0, produced: 0, outcome: Err(error) },
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0.reinit()
    }

    fn first_byte(&self) -> Option<u8> {
        None
    }
}
