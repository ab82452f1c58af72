//! Members of a file, apart from those before them: how they are found, and some in a row made into text.

use std::io::{self, Read};

use super::Raw;
use crate::source::Stored;

/// Compressed bytes after which a helper stops at the next end of a member: its text stays in a cache.
pub(super) const ENOUGH: u64 = 64 * 1024;
/// Text of one helper; members with more are left to who reads. Of 8 MiB (pzstd writes such frames) it is in no cache when
/// it is copied, which takes half as much CPU again and gains hardly anything.
pub(super) const MOST: usize = 2 << 20;
/// Room in which the end of a member shows that fills it.
const ROOM: usize = MOST + 64 * 1024;
/// Text for which there is room at first.
const FIRST: usize = 1 << 20;
/// Bytes by which a member's beginning is judged.
pub(super) const HEAD: usize = 10;

/// How members of one compression are found and decompressed apart from each other.
pub(crate) struct Apart {
    /// What each begins with.
    pub magic: &'static [u8],
    /// Whether these ten bytes, the magic first, may begin one.
    pub may_begin: fn(&[u8]) -> bool,
    /// A decoder for helpers.
    pub open: fn(Raw) -> io::Result<Box<dyn ByMember>>,
}

/// A decoder that can begin anywhere and tells where a member ended.
pub(crate) trait ByMember: Read + Send {
    /// Goes to the member that begins at this byte.
    fn begin(&mut self, stored: &Stored, at: u64) -> io::Result<()>;

    /// Where the member ended, if all of its text was given.
    fn ended(&self) -> Option<u64>;
}

/// The text of members: `bytes[..len]`.
#[derive(Default)]
pub(super) struct Text {
    pub bytes: Vec<u8>,
    pub len: usize,
    /// Where the member behind them begins; that of the piece if there is none whole.
    pub end: u64,
}

impl Text {
    /// Decompresses whole members, one at least, until there is enough.
    pub(super) fn fill(&mut self, decoder: &mut dyn ByMember, stored: &Stored) -> io::Result<()> {
        let start = self.end;
        decoder.begin(stored, start)?;
        let mut made = 0;
        while self.end - start < ENOUGH && made < ROOM {
            if made == self.bytes.len() {
                let room = (2 * made).clamp(FIRST, ROOM);
                self.bytes.reserve_exact(room - made);
                self.bytes.resize(room, 0);
            }
            let n = decoder.read(&mut self.bytes[made..])?;
            made += n;
            if let Some(end) = decoder.ended() {
                (self.len, self.end) = (made, end);
            }
            if n == 0 {
                break;
            }
        }
        Ok(())
    }
}
