//! zstd: frames one after another, skippable frames and long windows included.

use std::io;

use ::zstd::stream::read::Decoder;

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
        head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            // A skippable frame comes first where a seek table or a parallel compressor put one. LZ4 has
            // the same magic for these; a zstd frame is by far the likelier to follow.
            || (matches!(head.first(), Some(0x50..=0x5f)) && head.get(1..4) == Some(&[0x2a, 0x4d, 0x18]))
    },
    request: super::SMALL,
    open: |raw: Raw| -> io::Result<Bytes> {
        let mut decoder = Decoder::with_buffer(raw)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(Box::new(decoder))
    },
};

/// The largest window that the format's tool writes, as a power of two.
const WINDOW_LOG_MAX: u32 = 31;
