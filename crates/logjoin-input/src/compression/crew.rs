//! Threads that decompress members of a file further on, while the one who reads is at an earlier one.
//!
//! A gzip file may be many members one after another, a zstd file many frames: each can be decompressed without those
//! before it, but where it begins is known only to who has read so far. So a helper *guesses*: it looks for what a member
//! begins with, and decompresses from there. The trick: whoever reads goes on as if nobody helped, and only when a
//! member begins exactly where a helper began, its text is taken instead of being made again. A guess can be useless, it
//! cannot be wrong; and what is out of the ordinary (damage, padding, other bytes, the end) is met by the one who reads, as ever.
//!
//! Helpers work only while somebody waits for text ([`Crew::hungry`]), and hold a few pieces of text of bounded size.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use memchr::memmem::Finder;

use super::Raw;
use crate::source::{Source, Stored};

/// Compressed bytes after which a helper stops at the next end of a member: its text stays in a cache.
const ENOUGH: u64 = 64 * 1024;
/// How far behind the last member that was begun a further one is looked for.
const FAR: u64 = 4 << 20;
/// Text of one helper: members of which it is less than one are left to who reads. Those of parallel compressors have 8 MiB.
const MOST: usize = 8 << 20;
/// Room in which the end of a member shows that fills it.
const ROOM: usize = MOST + 64 * 1024;
/// Text for which there is room at first.
const FIRST: usize = 1 << 20;
/// Useless guesses, not counting as many as were useful, after which there are no more.
const MOST_WASTED: u32 = 4;
/// Bytes that are searched at once.
const LOOK: usize = 64 * 1024;
/// Bytes by which a member's beginning is judged.
const HEAD: usize = 10;

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

/// Those who decompress one file.
pub(crate) struct Crew {
    stored: Stored,
    apart: &'static Apart,
    state: Mutex<State>,
    changed: Condvar,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    /// How many decompress, with the one who reads; fewer than two: nobody helps.
    decoders: usize,
    /// The last member that was begun by the one who reads.
    here: u64,
    /// Where the next piece may begin at the earliest.
    next: u64,
    /// Pieces that were not taken yet, in the order of the file.
    pieces: VecDeque<Piece>,
    /// Pieces that helpers may begin before somebody waits again.
    wanted: usize,
    wasted: u32,
    closing: bool,
    /// Buffers that nobody needs any more.
    spare: Vec<Vec<u8>>,
    look: Vec<u8>,
    helpers: Vec<JoinHandle<()>>,
}

/// Some members in a row.
struct Piece {
    start: u64,
    /// `None` while it is being made.
    text: Option<Text>,
}

/// The text of members: `bytes[..len]`.
#[derive(Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    len: usize,
    /// Where the member behind them begins; that of the piece if there is none whole.
    end: u64,
}

impl Crew {
    pub(crate) fn new(stored: Stored, apart: &'static Apart) -> Crew {
        Crew { stored, apart, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Lets so many decompress, with the one who reads.
    pub(crate) fn employ(&self, decoders: usize) {
        self.lock().decoders = decoders;
    }

    /// Somebody waits for text.
    pub(crate) fn hungry(&self) {
        let mut state = self.lock();
        state.wanted = state.most_pieces();
        if !state.helpers.is_empty() {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// What a helper does until it is sent home.
    fn help(&self) {
        let Ok(mut decoder) = self.decoder() else { return };
        let mut state = self.lock();
        while !state.closing {
            let begun = if state.wanted > 0 { self.begin(&mut state) } else { None };
            state = match begun {
                Some((start, buffer)) => {
                    state.wanted -= 1;
                    drop(state);
                    self.make(&mut *decoder, start, buffer);
                    self.lock()
                }
                None => self.wait(state),
            };
        }
    }

    fn decoder(&self) -> io::Result<Box<dyn ByMember>> {
        (self.apart.open)(Source::new(self.stored.reader(0)))
    }

    /// Puts down the next piece as begun, if one is wanted and can be found.
    fn begin(&self, state: &mut State) -> Option<(u64, Vec<u8>)> {
        if state.pieces.len() >= state.most_pieces() || state.wasted >= MOST_WASTED {
            return None;
        }
        // The member that comes next is begun at once by the one who reads.
        let from = state.next.max(state.here + 1);
        let until = state.here.saturating_add(FAR);
        if from >= until {
            return None;
        }
        let found = self.find(&mut state.look, from, until);
        state.next = found.map_or(until, |start| start + ENOUGH);
        let start = found?;
        state.pieces.push_back(Piece { start, text: None });
        Some((start, state.spare.pop().unwrap_or_default()))
    }

    /// The first place in `from..until` where a member may begin.
    fn find(&self, look: &mut Vec<u8>, mut from: u64, until: u64) -> Option<u64> {
        let finder = Finder::new(self.apart.magic);
        look.resize(LOOK, 0);
        loop {
            let n = self.stored.read_at(from, look).ok()?;
            // What begins in the last bytes is judged with those that follow.
            let last = n.checked_sub(HEAD)?;
            for at in finder.find_iter(&look[..n]) {
                let place = from + at as u64;
                if place >= until {
                    return None;
                }
                if at <= last && (self.apart.may_begin)(&look[at..at + HEAD]) {
                    return Some(place);
                }
            }
            from += last as u64 + 1;
            if from >= until {
                return None;
            }
        }
    }

    /// Makes a piece and puts it down.
    fn make(&self, decoder: &mut dyn ByMember, start: u64, buffer: Vec<u8>) {
        // Put down in any case: somebody may be waiting for it.
        let mut made = Made { crew: self, start, text: Text { bytes: buffer, len: 0, end: start } };
        // What fails here fails again, with its place, where it is read.
        let _ = made.text.fill(decoder, &self.stored);
    }

    /// The text from this place on, where a member begins, if a helper makes it; waits for it, and makes another one meanwhile.
    fn take(self: &Arc<Crew>, at: u64, own: &mut Option<Box<dyn ByMember>>) -> Option<Text> {
        let mut state = self.lock();
        if state.decoders < 2 {
            return None;
        }
        state.here = at;
        if state.helpers.is_empty() && state.wanted > 0 && !state.closing {
            self.call(&mut state);
        }
        while state.pieces.front().is_some_and(|p| p.start < at) {
            let passed = state.pieces.pop_front().and_then(|p| p.text);
            state.wasted += 1;
            state.keep(passed.map(|t| t.bytes));
        }
        let taken = loop {
            let Some(first) = state.pieces.front_mut().filter(|p| p.start == at) else { break None };
            if let Some(text) = first.text.take() {
                state.pieces.pop_front();
                if text.end > at {
                    state.here = text.end;
                    state.wasted = state.wasted.saturating_sub(1);
                    break Some(text);
                }
                state.wasted += 1;
                state.keep(Some(text.bytes));
                break None;
            }
            if own.is_none() {
                *own = self.decoder().ok();
            }
            state = match own.as_mut().and_then(|own| Some((own, self.begin(&mut state)?))) {
                Some((own, (start, buffer))) => {
                    drop(state);
                    self.make(&mut **own, start, buffer);
                    self.lock()
                }
                None => self.wait(state),
            };
        };
        if state.wanted > 0 {
            // There may be room for more.
            self.changed.notify_all();
        }
        taken
    }

    /// Calls the helpers, or as many as can be had.
    fn call(self: &Arc<Crew>, state: &mut State) {
        for _ in 1..state.decoders {
            let crew = Arc::clone(self);
            match Builder::new().name("unpack".into()).spawn(move || crew.help()) {
                Ok(helper) => state.helpers.push(helper),
                Err(_) => break,
            }
        }
        if state.helpers.is_empty() {
            state.decoders = 0;
        }
    }

    /// Sends the helpers home.
    fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.decoders = 0;
        let helpers = std::mem::take(&mut state.helpers);
        drop(state);
        self.changed.notify_all();
        for helper in helpers {
            // What a helper made counts only if it was put down.
            let _ = helper.join();
        }
        let mut state = self.lock();
        state.pieces.clear();
        state.spare.clear();
    }
}

impl State {
    /// Pieces that are being made or wait to be taken, at most.
    fn most_pieces(&self) -> usize {
        self.decoders + 1
    }

    fn keep(&mut self, buffer: Option<Vec<u8>>) {
        if let Some(buffer) = buffer
            && self.spare.len() < self.most_pieces()
        {
            self.spare.push(buffer);
        }
    }
}

impl Text {
    /// Decompresses whole members, one at least, until there is enough.
    fn fill(&mut self, decoder: &mut dyn ByMember, stored: &Stored) -> io::Result<()> {
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

/// A piece that is being made.
struct Made<'c> {
    crew: &'c Crew,
    start: u64,
    text: Text,
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        let mut state = self.crew.lock();
        match state.pieces.iter_mut().find(|p| p.start == self.start) {
            Some(piece) => piece.text = Some(text),
            // It was passed by.
            None => state.keep(Some(text.bytes)),
        }
        drop(state);
        self.crew.changed.notify_all();
    }
}

/// What the one who reads has of a crew.
pub(super) struct Helped {
    crew: Arc<Crew>,
    /// Its own decoder for pieces.
    own: Option<Box<dyn ByMember>>,
    text: Text,
    given: usize,
}

impl Helped {
    pub(super) fn new(crew: Arc<Crew>) -> Helped {
        Helped { crew, own: None, text: Text::default(), given: 0 }
    }

    /// Takes the text of the member that begins here, and perhaps of some more, if it is to be had, and goes behind them.
    pub(super) fn take(&mut self, raw: &mut Raw) -> bool {
        let Some(text) = self.crew.take(raw.progress().consumed(), &mut self.own) else { return false };
        raw.go_to(text.end, &self.crew.stored);
        (self.text, self.given) = (text, 0);
        true
    }

    /// Gives out some of what was taken; 0 if nothing is left.
    pub(super) fn give(&mut self, out: &mut [u8]) -> usize {
        let rest = &self.text.bytes[self.given..self.text.len];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        if self.given == self.text.len && !self.text.bytes.is_empty() {
            let buffer = std::mem::take(&mut self.text).bytes;
            self.given = 0;
            self.crew.lock().keep(Some(buffer));
        }
        n
    }
}

impl Drop for Helped {
    fn drop(&mut self) {
        self.crew.close();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::compression::{COMPRESSIONS, Unpacked};

    fn gzip(text: &[u8], level: u32) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    /// Reads a gzip file by two, somebody being hungry all the time.
    fn read(bytes: &[u8]) -> (Vec<u8>, Arc<Crew>) {
        let stored = Stored::Memory(bytes.into());
        let crew = Arc::new(Crew::new(stored.clone(), COMPRESSIONS[0].apart.as_ref().unwrap()));
        crew.employ(2);
        let mut raw = Source::new(stored.reader(0));
        raw.set_crew(&crew);
        let (mut stream, _) = Unpacked::open(raw, u64::MAX).unwrap();
        let (mut out, mut block) = (Vec::new(), vec![0; 10_000]);
        loop {
            crew.hungry();
            // Whoever was called gets a chance to begin.
            while !crew.lock().helpers.is_empty() && crew.lock().next == 0 {
                std::thread::yield_now();
            }
            match stream.read(&mut block).unwrap() {
                0 => return (out, crew),
                n => out.extend_from_slice(&block[..n]),
            }
        }
    }

    #[test]
    fn text_made_by_others_is_taken_and_nothing_is_made_in_vain() {
        // As it is, so that there is much of it.
        let part = [b"words and words\n".repeat(2_000), vec![b'x'; 9]].concat();
        let (out, crew) = read(&gzip(&part, 0).repeat(40));
        assert!(out == part.repeat(40));
        let state = crew.lock();
        assert!(state.next > 0);
        assert_eq!((state.wasted, state.pieces.len()), (0, 0));
    }

    #[test]
    fn few_guesses_are_made_in_vain() {
        // Each member holds what looks like members and is none.
        let part = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff][..], &vec![b'x'; 90_000]].concat();
        let (out, crew) = read(&gzip(&part.repeat(3), 0).repeat(20));
        assert!(out == part.repeat(60));
        assert!(crew.lock().wasted <= MOST_WASTED + 3);
        // One member is no reason to look for others.
        let (out, crew) = read(&gzip(&part.repeat(60), 0));
        assert!(out == part.repeat(60));
        assert_eq!(crew.lock().next, 0);
    }

    #[test]
    fn members_that_are_too_large_are_given_up() {
        let large = gzip(&vec![b'x'; MOST + ENOUGH as usize + 1], 6);
        let (out, crew) = read(&large.repeat(10));
        assert_eq!(out.len(), 10 * (MOST + ENOUGH as usize + 1));
        assert!(crew.lock().spare.is_empty());
        let full = gzip(&vec![b'x'; MOST], 6);
        let (_, crew) = read(&full.repeat(10));
        assert_eq!(crew.lock().wasted, 0);
    }
}
