//! One line on standard error that tells how far reading is: rewritten in place, gone at the end.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The line. Cheap to call from all threads: it looks at the clock once per block and writes ten times a second.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    /// How much there is to read, about; 0 where nobody knows.
    expected: u64,
    bytes: AtomicU64,
    start: Instant,
    last: Mutex<Instant>,
}

const EVERY: Duration = Duration::from_millis(100);

impl Progress {
    /// A line, shown or not, for about that many bytes.
    pub(crate) fn new(shown: bool, expected: u64) -> Progress {
        let now = Instant::now();
        Progress { shown, expected, bytes: AtomicU64::new(0), start: now, last: Mutex::new(now) }
    }

    /// That many bytes more were read.
    pub(crate) fn advance(&self, bytes: u64) {
        self.at(self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes);
    }

    /// That many bytes were read in all.
    pub(crate) fn at(&self, all: u64) {
        if !self.shown {
            return;
        }
        // Whoever finds the lock taken leaves it: somebody is writing just now.
        if let Ok(mut last) = self.last.try_lock()
            && last.elapsed() >= EVERY
        {
            *last = Instant::now();
            let line = line(all, self.expected, self.start.elapsed().as_secs_f64());
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        }
    }

    /// Reading is done; this comes next.
    pub(crate) fn then(&self, what: &str) {
        if self.shown && self.start.elapsed() >= EVERY {
            let _ = write!(std::io::stderr(), "\r\x1b[K{what} ...");
        }
    }

    /// Clears the line.
    pub(crate) fn finish(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// `[#####     ] 51 %  120 MB, 300 MB/s, about 9 s left`. What is expected is an estimate: the bar waits before its end.
fn line(bytes: u64, expected: u64, seconds: f64) -> String {
    let mb = bytes as f64 / 1e6;
    let rate = mb / seconds.max(1e-3);
    let read = if mb < 10_000.0 { format!("{mb:.0} MB") } else { format!("{:.1} GB", mb / 1e3) };
    if expected == 0 {
        return format!("read {read}, {rate:.0} MB/s");
    }
    let share = (bytes as f64 / expected as f64).min(0.99);
    let full = (share * 20.0) as usize;
    let left = time_left((expected.saturating_sub(bytes)) as f64 / 1e6 / rate.max(1e-6));
    format!(
        "[{}{}] {:.0} %  {read}, {rate:.0} MB/s{left}",
        "#".repeat(full),
        " ".repeat(20 - full),
        share * 100.0
    )
}

/// As precise as an estimate deserves; nothing where it is about to end.
fn time_left(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => String::new(),
        s if s < 99.5 => format!(", about {s:.0} s left"),
        s if s < 5970.0 => format!(", about {:.0} min left", s / 60.0),
        s => format!(", about {:.0} h left", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_and_never_promises_the_end() {
        assert_eq!(line(50_000_000, 100_000_000, 0.5), "[##########          ] 50 %  50 MB, 100 MB/s");
        assert_eq!(
            line(100_000_000, 1_000_000_000, 1.0),
            "[##                  ] 10 %  100 MB, 100 MB/s, about 9 s left"
        );
        assert!(line(900, 100, 1.0).contains("99 %"));
        assert_eq!(line(5_000_000, 0, 1.0), "read 5 MB, 5 MB/s");
        assert_eq!(
            line(20_000_000_000, 2_000_000_000_000, 40.0),
            "[                    ] 1 %  20.0 GB, 500 MB/s, about 66 min left"
        );
    }

    #[test]
    fn time_left_is_told_in_one_unit() {
        let of = |s: f64| time_left(s);
        assert_eq!([of(0.4), of(1.2), of(99.0)], ["", ", about 1 s left", ", about 99 s left"]);
        assert_eq!([of(151.0), of(7_200.0)], [", about 3 min left", ", about 2 h left"]);
    }
}
