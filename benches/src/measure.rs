//! What a process has spent so far, as Linux counts it; zeros elsewhere.

use std::time::{Duration, Instant};

/// Processor time of all threads of this process, those that have ended included, to the tick (10 ms).
pub fn cpu() -> Duration {
    // proc(5): fields 14 and 15 of `stat`, after the name in parentheses; USER_HZ is 100 on all architectures of today.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// A line of `/proc/self/status`, megabytes: `VmRSS`, what is in memory now; `VmHWM`, the most there ever was.
pub fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    let kb = line.and_then(|l| l.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or(0) / 1024
}

/// Forgets the most memory that there was, so that the next step shows its own.
pub fn forget_peak() {
    // proc(5), `clear_refs`: 5 sets the peak to what is in memory now. Where it cannot be written, the peak stays.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Wall and processor time since it was made, or since the last [`Lap::lap`].
#[derive(Debug, Clone, Copy)]
pub struct Lap {
    wall: Instant,
    cpu: Duration,
}

impl Lap {
    /// Starts now.
    pub fn new() -> Lap {
        Lap { wall: Instant::now(), cpu: cpu() }
    }

    /// Seconds by the clock and of the processors, and begins anew.
    pub fn lap(&mut self) -> (f64, f64) {
        let now = Lap::new();
        let spent = (now.wall - self.wall, now.cpu.saturating_sub(self.cpu));
        *self = now;
        (spent.0.as_secs_f64(), spent.1.as_secs_f64())
    }
}

impl Default for Lap {
    fn default() -> Lap {
        Lap::new()
    }
}
