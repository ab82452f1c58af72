//! How far reading is, and how a caller ends it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use logjoin::Stage;

use crate::lockstep::Step;

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Log files that were found.
    pub files: u64,
    /// Those that were read.
    pub files_done: u64,
    /// Decompressed bytes that were read.
    pub bytes: u64,
    /// What is done with them, once all are read.
    pub stage: Option<Stage>,
}

/// Told of [`Progress`] from all threads; breaks to cancel.
pub type Watch<'w> = dyn Fn(Progress) -> ControlFlow<()> + Sync + 'w;

/// The caller broke the analysis off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// Adds steps up, from all threads.
pub(crate) struct Counter {
    files: u64,
    files_done: AtomicU64,
    bytes: AtomicU64,
}

impl Counter {
    pub fn new(files: usize) -> Counter {
        Counter { files: files as u64, files_done: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// How far it is after this step.
    pub fn after(&self, step: Step) -> Progress {
        let (more_bytes, more_files, stage) = match step {
            Step::Read(n) => (n, 0, None),
            Step::FileDone => (0, 1, None),
            Step::Judging(stage) => (0, 0, Some(stage)),
        };
        let bytes = self.bytes.fetch_add(more_bytes, Ordering::Relaxed) + more_bytes;
        let files_done = self.files_done.fetch_add(more_files, Ordering::Relaxed) + more_files;
        Progress { files: self.files, files_done, bytes, stage }
    }
}
