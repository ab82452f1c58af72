//! Whether a core is idle, so that a file may have a second one: its bytes come from a thread of their own.
//!
//! Files are read in parallel, one core each. While there are as many of them as threads, that is the best there is; the
//! last ones, and a single large one, leave cores without work.

use std::sync::atomic::{AtomicUsize, Ordering};

use logjoin_input::{ChunksAhead, InputFile, LineChunks, ReadOptions};

/// A plain file of fewer bytes is read before another thread is under way.
const LARGE: u64 = 8 << 20;
/// Bytes of the chunks of a larger one: two cores share each, and are not called for less.
const CHUNK: usize = 1 << 20;
/// Threads that decompress one file, at most: lines are not taken faster, and each may hold 2 MiB of text.
const MOST: usize = 4;

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

    /// How a file that is about to be read is cut.
    pub fn cut(&self, file: &InputFile, options: &ReadOptions) -> ReadOptions {
        let is_shared = self.idle() > 0 && is_large(file);
        let block_bytes = if is_shared { options.block_bytes.max(CHUNK) } else { options.block_bytes };
        ReadOptions { block_bytes, ..options.clone() }
    }

    /// Its chunks.
    pub fn feed(&self, file: &InputFile, chunks: LineChunks) -> ChunksAhead {
        let is_worth_it = file.compression().is_some() || is_large(file);
        match self.idle() {
            // The one that takes the chunks has nothing else to do when there are none: it counts.
            idle @ 1.. if is_worth_it => chunks.ahead_on((idle + 1).min(MOST)),
            _ => chunks.into(),
        }
    }

    /// Threads for which there is no file.
    fn idle(&self) -> usize {
        rayon::current_num_threads().saturating_sub(self.0.load(Ordering::Relaxed))
    }
}

/// Whether a file is plain and large.
fn is_large(file: &InputFile) -> bool {
    file.compression().is_none() && file.size().is_some_and(|bytes| bytes >= LARGE)
}
