//! xz: streams one after another, with or without padding.

use std::io;

use liblzma::stream::{Action, Error, Status, Stream};

use super::steps::{Step, Stepped, Steps, damage};
use super::{Bytes, CompressionDef, Raw};

pub(super) static DEF: CompressionDef = CompressionDef {
    id: "xz",
    title: "xz (LZMA2)",
    extensions: &["xz", "txz"],
    reads: "any number of streams and stream padding; dictionaries up to 1.5 GiB",
    sample: &[
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x16,
        0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x00,
        0x00, 0x00, 0xa5, 0x60, 0x97, 0xf1, 0x94, 0xf6, 0xfd, 0xe0, 0x00, 0x01, 0x1e, 0x06, 0xc1, 0x2f, 0xa4,
        0x1d, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
    ],
    begins: |head| head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]),
    request: super::LARGE,
    open: |raw: Raw| -> io::Result<Bytes> { Ok(Box::new(Stepped::new(Xz(fresh()?), raw))) },
    apart: None,
};

/// The largest dictionary of the format's tools is 1.5 GiB; a header that asks for more is hostile.
const MEMORY_LIMIT_BYTES: u64 = 2 << 30;

fn fresh() -> io::Result<Stream> {
    Stream::new_stream_decoder(MEMORY_LIMIT_BYTES, 0).map_err(io::Error::from)
}

struct Xz(Stream);

impl Steps for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Step {
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        let action = if at_end { Action::Finish } else { Action::Run };
        let result = self.0.process(input, output, action);
        let consumed = (self.0.total_in() - total_in) as usize;
        let produced = (self.0.total_out() - total_out) as usize;
        let outcome = match result {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(Error::MemLimit) => Err(damage("its dictionary is larger than 1.5 GiB")),
            Err(Error::Data) => Err(damage("a block or checksum is wrong")),
            Err(error) => Err(damage(&error.to_string())),
        };
        Step { consumed, produced, outcome }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0 = fresh()?;
        Ok(())
    }

    fn first_byte(&self) -> Option<u8> {
        Some(0xfd)
    }
}
