//! Whether a core is idle, so that a compressed file may have a second one: decompression on a thread of its own.
//!
//! Files are read in parallel, one core each. While there are as many of them as threads, that is the best there is; the
//! last ones, and a single large one, leave cores without work.

use std::sync::atomic::{AtomicUsize, Ordering};

use logjoin_input::{ChunksAhead, InputFile, LineChunks};

/// How many files are not yet read.
#[derive(Debug)]
pub(crate) struct Spare(AtomicUsize);

impl Spare {
    /// Before the first of so many files.
    pub fn of(files: usize) -> Spare {
        Spare(AtomicUsize::new(files))
    }

    /// A file was read.
    pub fn done(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// The chunks of a file that is about to be read.
    pub fn feed(&self, file: &InputFile, chunks: LineChunks) -> ChunksAhead {
        let is_idle = self.0.load(Ordering::Relaxed) < rayon::current_num_threads();
        if is_idle && file.compression().is_some() { chunks.ahead() } else { chunks.into() }
    }
}
