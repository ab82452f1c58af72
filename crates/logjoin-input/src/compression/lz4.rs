//! LZ4 frames, one after another; the legacy frame of `lz4 -l` too.
//!
//! The decoder below takes the end of its input between two blocks for the end of the frame. So a tap
//! sits under it: a frame that ends rightly ends without asking for a byte that is not there.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

use super::steps::damage;
use super::{Bytes, CompressionDef, Raw};

pub(super) static DEF: CompressionDef = CompressionDef {
    id: "lz4",
    title: "LZ4 frame",
    extensions: &["lz4", "tlz4"],
    reads: "any number of frames, skippable frames, legacy frames; damage costs up to the 4 MiB of a block",
    sample: &[
        0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x06, 0x00, 0x00, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a,
        0x00, 0x00, 0x00, 0x00, 0xf9, 0x5b, 0x6b, 0x94,
    ],
    begins: |head| head.starts_with(&FRAME) || head.starts_with(&LEGACY),
    request: super::SMALL,
    open: |raw: Raw| -> io::Result<Bytes> {
        let tap = Tap { raw, dry: false };
        Ok(Box::new(Lz4 { decoder: FrameDecoder::new(tap), state: State::Between }))
    },
    apart: None,
};

const FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const LEGACY: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// Notices when the decoder asks for more than there is.
struct Tap {
    raw: Raw,
    dry: bool,
}

impl Read for Tap {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.raw.read(out)?;
        self.dry |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before a frame, or before the end.
    Between,
    Inside,
    /// A legacy frame has no end mark: the end of the file is its end.
    InsideLegacy,
    Done,
}

struct Lz4 {
    decoder: FrameDecoder<Tap>,
    state: State,
}

impl Lz4 {
    /// Finds out what follows, passing over skippable frames.
    fn next_frame(&mut self) -> io::Result<State> {
        let raw = &mut self.decoder.get_mut().raw;
        loop {
            let head = raw.peek(8);
            if head.is_empty() {
                // The end, or a failure that peeking only put off.
                return raw.fill_buf().map(|_| State::Done);
            }
            if head.starts_with(&FRAME) {
                return Ok(State::Inside);
            }
            if head.starts_with(&LEGACY) {
                return Ok(State::InsideLegacy);
            }
            if FRAME.starts_with(head) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let skippable = matches!(head[0], 0x50..=0x5f) && head.get(1..4) == Some(&[0x2a, 0x4d, 0x18]);
            if !skippable {
                return Err(damage("other bytes follow its end"));
            }
            let Some(&[a, b, c, d]) = head.get(4..8) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            let mut left = u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
            while left > 0 {
                let n = raw.fill_buf()?.len();
                if n == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let n = n.min(usize::try_from(left).unwrap_or(n));
                raw.consume(n);
                left -= n as u64;
            }
        }
    }
}

impl Read for Lz4 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Done => return Ok(0),
                State::Between => {
                    self.state = State::Done;
                    self.state = self.next_frame()?;
                }
                State::Inside | State::InsideLegacy => {
                    let result = self.decoder.read(out);
                    match result {
                        Ok(0) if self.decoder.get_ref().dry && self.state == State::Inside => {
                            self.state = State::Done;
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                        Ok(0) => self.state = State::Between,
                        Ok(n) => return Ok(n),
                        Err(error) => {
                            self.state = State::Done;
                            return Err(error);
                        }
                    }
                }
            }
        }
    }
}
