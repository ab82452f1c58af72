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
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use memchr::memmem::Finder;

use super::Raw;
use super::piece::{Apart, ByMember, ENOUGH, HEAD, Text};
use crate::source::{Source, Stored};

/// How far behind the last member that was begun a further one is looked for.
const FAR: u64 = 4 << 20;
/// Useless guesses, not counting as many as were useful, after which there are no more.
const MOST_WASTED: u32 = 2;
/// Bytes that are searched at once.
const LOOK: usize = 64 * 1024;
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
        while state.pieces.front().is_some_and(|p| p.start < at)
            && let Some(piece) = state.pieces.pop_front()
        {
            let (start, passed) = (piece.start, piece.text);
            state.wasted += u32::from(passed.as_ref().is_none_or(|t| t.end > start));
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
        if taken.is_some() && state.wanted > 0 {
            // There is room for another.
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
        self.decoders
    }

    fn keep(&mut self, buffer: Option<Vec<u8>>) {
        if let Some(buffer) = buffer
            && self.spare.len() < self.most_pieces()
        {
            self.spare.push(buffer);
        }
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
        let is_of_use = text.end > self.start;
        match state.pieces.iter_mut().find(|p| p.start == self.start) {
            Some(piece) => {
                piece.text = Some(text);
                state.wasted += u32::from(!is_of_use);
            }
            // It was passed by, which was noted.
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
mod tests;
