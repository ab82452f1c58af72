//! One line on standard error that tells how far reading is: rewritten in place, gone at the end.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The line. Cheap to call from all threads: it looks at the clock once per block and writes ten times a second.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    bytes: AtomicU64,
    start: Instant,
    last: Mutex<Instant>,
}

const EVERY: Duration = Duration::from_millis(100);

impl Progress {
    /// A line, shown or not.
    pub(crate) fn new(shown: bool) -> Progress {
        let now = Instant::now();
        Progress { shown, bytes: AtomicU64::new(0), start: now, last: Mutex::new(now) }
    }

    /// That many bytes were read.
    pub(crate) fn advance(&self, bytes: u64) {
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if !self.shown {
            return;
        }
        // Whoever finds the lock taken leaves it: somebody is writing just now.
        if let Ok(mut last) = self.last.try_lock()
            && last.elapsed() >= EVERY
        {
            *last = Instant::now();
            let mb = all as f64 / 1e6;
            let seconds = self.start.elapsed().as_secs_f64().max(1e-3);
            let _ = write!(std::io::stderr(), "\r\x1b[Kread {mb:.0} MB, {:.0} MB/s", mb / seconds);
        }
    }

    /// Clears the line.
    pub(crate) fn finish(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
