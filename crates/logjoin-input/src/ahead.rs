//! Chunks made by a thread of their own, so that decompression and what is done with the lines overlap.
//!
//! The trick: whole chunks are handed over, not bytes, so nothing is copied once more; the queue is short, so memory
//! stays bounded and whoever is slower sets the pace.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::chunk::Chunk;
use crate::compression::Crew;
use crate::lines::LineChunks;

/// Chunks that wait to be taken.
const WAITING: usize = 2;
/// Others help where the one who takes them waits for more than one part of the time in so many.
const WAITED: u32 = 4;
/// How long it is presumed not to have waited before: the first chunk is waited for by everybody.
const BEFORE: Duration = Duration::from_millis(20);

/// Chunks of one stream, in order, made ahead of the one who takes them.
///
/// ```
/// use logjoin_input::{LineChunks, ReadOptions};
///
/// let chunks = LineChunks::from_bytes("app.log", b"one\ntwo\n".to_vec(), &ReadOptions::default());
/// let mut ahead = chunks.ahead();
/// assert_eq!(ahead.next().map(|chunk| chunk.line_count), Some(2));
/// assert!(ahead.next().is_none());
/// assert_eq!(ahead.finish().tally().lines, 2);
/// ```
#[derive(Debug)]
pub struct ChunksAhead {
    state: State,
}

#[derive(Debug)]
enum State {
    Thread(Receiver<Chunk>, JoinHandle<LineChunks>, Option<Help>),
    /// No thread was wanted, or none could be had.
    Here(Box<LineChunks>),
}

/// Others who help if it is worth it: what they make is copied once more, and memory too is for nothing where parsing sets
/// the pace and waits now and then only.
#[derive(Debug)]
struct Help {
    crew: Arc<Crew>,
    since: Instant,
    waited: Duration,
}

impl Help {
    fn of(crew: &Arc<Crew>) -> Help {
        Help { crew: Arc::clone(crew), since: Instant::now(), waited: Duration::ZERO }
    }

    /// Waits for the next chunk.
    fn receive(&mut self, chunks: &Receiver<Chunk>) -> Option<Chunk> {
        match chunks.try_recv() {
            Err(TryRecvError::Empty) => {
                let begun = Instant::now();
                if self.waited * WAITED > begun - self.since + BEFORE {
                    self.crew.hungry();
                }
                let chunk = chunks.recv().ok();
                self.waited += begun.elapsed();
                chunk
            }
            chunk => chunk.ok(),
        }
    }
}

impl LineChunks {
    /// The same chunks, made by a thread of their own.
    pub fn ahead(self) -> ChunksAhead {
        self.ahead_on(1)
    }

    /// The same chunks, decompressed by up to so many threads of their own. All but the first work only while somebody waits for a
    /// chunk, and only on a file on disk or in memory of many small members: gzip's members or frames of
    /// zstd, of up to 2 MiB of text each. Memory is bounded: as much for each thread, and once more.
    ///
    /// ```
    /// use logjoin_input::{InputFile, ReadOptions};
    ///
    /// let gzip = logjoin_input::compression_of(&[0x1f, 0x8b, 8]).unwrap().sample;
    /// let file = InputFile::from_bytes("hello.gz", gzip.repeat(1000));
    /// let chunks = file.open(&ReadOptions::default()).unwrap();
    /// let mut ahead = chunks.ahead_on(2);
    /// assert_eq!(ahead.next().map(|chunk| chunk.line_count), Some(1000));
    /// ```
    pub fn ahead_on(self, threads: usize) -> ChunksAhead {
        let (send, receive) = sync_channel(WAITING);
        // Handed over when the thread runs: if there is none, it is still here.
        let (give, take) = sync_channel::<LineChunks>(1);
        let help = self.crew().filter(|_| threads > 1).map(Help::of);
        if let Some(help) = &help {
            help.crew.employ(threads);
        }
        let make = move || {
            let Ok(mut chunks) = take.recv() else { return LineChunks::none() };
            // Nobody listens any more when sending fails.
            while let Some(chunk) = chunks.next()
                && send.send(chunk).is_ok()
            {}
            chunks
        };
        let state = match Builder::new().name("unpack".into()).spawn(make) {
            Err(_) => State::Here(Box::new(self)),
            Ok(thread) => match give.send(self) {
                Ok(()) => State::Thread(receive, thread, help),
                Err(back) => State::Here(Box::new(back.0)),
            },
        };
        ChunksAhead { state }
    }
}

impl From<LineChunks> for ChunksAhead {
    /// The same chunks, made when they are asked for, by the one who asks.
    fn from(chunks: LineChunks) -> ChunksAhead {
        ChunksAhead { state: State::Here(Box::new(chunks)) }
    }
}

impl ChunksAhead {
    /// As [`LineChunks::reuse`]; what a thread reads into memory of its own stays as it is.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        if let State::Here(chunks) = &mut self.state {
            chunks.reuse(bytes);
        }
    }

    /// Ends the thread; what was read, left out and met is told by the chunks it leaves.
    pub fn finish(self) -> LineChunks {
        match self.state {
            State::Here(chunks) => *chunks,
            State::Thread(receive, thread, _) => {
                drop(receive);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}

impl Iterator for ChunksAhead {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        match &mut self.state {
            State::Thread(receive, _, None) => receive.recv().ok(),
            State::Thread(receive, _, Some(help)) => help.receive(receive),
            State::Here(chunks) => chunks.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::ReadOptions;

    fn gzip(lines: usize) -> Vec<u8> {
        let text: String = (0..lines).map(|n| format!("{n} some words of line {n}\n")).collect();
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    }

    fn open(bytes: &[u8]) -> LineChunks {
        let options = ReadOptions { block_bytes: 5_000, ..ReadOptions::default() };
        LineChunks::from_bytes("a.gz", bytes.to_vec(), &options)
    }

    #[test]
    fn the_same_chunks_and_the_same_end() {
        let whole = gzip(20_000);
        for bytes in [&whole[..], &whole[..whole.len() - 100], &whole[..20], b""] {
            let mut here = open(bytes);
            let one: Vec<Chunk> = here.by_ref().collect();
            let mut ahead = open(bytes).ahead();
            let two: Vec<Chunk> = ahead.by_ref().collect();
            assert_eq!(one, two);
            let end = ahead.finish();
            assert_eq!(end.tally(), here.tally());
            let said = |c: &LineChunks| c.problem().map(ToString::to_string);
            assert_eq!(said(&end), said(&here));
        }
    }

    #[test]
    fn who_goes_away_ends_the_thread() {
        let bytes = gzip(50_000);
        let mut ahead = open(&bytes).ahead();
        assert!(ahead.next().is_some());
        let end = ahead.finish();
        assert!(end.tally().lines < 50_000);
        drop(open(&bytes).ahead());
    }
}
