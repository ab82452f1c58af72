//! When requests began and ended, as far as their lines tell: between which moments, on the clock of their host.
//!
//! The trick: all of it follows from the moment that a stamp shows and from what the lines of one kind share, so that of a packed
//! request only that moment is kept, and the rest is reckoned wherever it is asked for.

use logjoin_parse::Anchor;

use crate::calendar::{Calendar, FileCalendar};
use crate::event::{At, Request};
use crate::packed::{Block, Form, Packed};
use crate::timeline::Span;

/// Longest request that is reckoned with where the log has no duration.
const UNKNOWN_DURATION: i64 = 1_000_000_000;

/// When the requests of a file were, on the clock of its host; in the order of the lines.
pub(crate) fn spans(requests: &[Request], file: u32, calendar: &Calendar) -> Vec<Span> {
    spans_of(requests, &[], file, calendar).0
}

/// When the requests of a block were, beside what their rows say: eight bytes for each, as a rule.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// By number of the form.
    kinds: Vec<Kind>,
    /// What their stamps show.
    shown: Vec<i64>,
    /// The latest start before each; none where no place depends on it.
    latest: Vec<i64>,
}

/// How lines tell the time of a request: of which moment, and to which unit its duration.
#[derive(Debug, Clone, Copy)]
struct Kind {
    anchor: Anchor,
    unit_ns: i64,
    width_ns: i64,
}

impl Times {
    /// None yet.
    fn of(b: &Block) -> Times {
        let kind = |f: &Form| Kind { anchor: f.anchor, unit_ns: f.unit_ns, width_ns: f.width_ns() };
        let n = b.rows().len();
        let latest = Vec::with_capacity(if depends(b) { n } else { 0 });
        Times { kinds: b.forms().iter().map(kind).collect(), shown: Vec::with_capacity(n), latest }
    }

    /// The place of a row, by its number.
    #[inline(always)]
    pub fn span(&self, p: &Packed, n: usize) -> Span {
        let latest = if self.latest.is_empty() { i64::MIN } else { self.latest[n] };
        let Kind { anchor, unit_ns, width_ns } = self.kinds[p.form_no()];
        place((anchor, p.duration_ns(), unit_ns), self.shown[n], width_ns, latest)
    }

    /// Adds the next row, which shows this moment: when it began.
    #[inline(always)]
    fn add(&mut self, p: &Packed, shown: i64, latest_start: i64) -> i64 {
        self.shown.push(shown);
        if self.latest.capacity() > 0 {
            self.latest.push(latest_start);
        }
        self.span(p, self.shown.len() - 1).start_lo
    }

    /// Puts them on another clock, which `by` is ahead of at a line that shows a moment.
    pub fn shift(&mut self, lines: impl Iterator<Item = At>, by: impl Fn(At, i64) -> i64) {
        let mut latest = self.latest.iter_mut();
        for (shown, at) in self.shown.iter_mut().zip(lines) {
            let by = by(at, *shown);
            *shown -= by;
            if let Some(latest) = latest.next() {
                *latest = latest.saturating_sub(by);
            }
        }
    }

    /// Keeps those of the rows of which this says so.
    pub fn retain(&mut self, is_kept: &[bool]) {
        for list in [&mut self.shown, &mut self.latest] {
            let mut next = is_kept.iter();
            list.retain(|_| *next.next().unwrap_or(&false));
            list.shrink_to_fit();
        }
    }
}

/// Whether the place of any row depends on what began before it.
fn depends(b: &Block) -> bool {
    let has_start = b.forms().iter().any(|f| f.anchor == Anchor::Start);
    has_start && b.rows().iter().any(|p| p.duration_ns().is_none() && b.anchor(p) == Anchor::Start)
}

/// The same of requests of which some are packed: those of each block.
pub(crate) fn spans_of(
    requests: &[Request],
    blocks: &[Block],
    file: u32,
    calendar: &Calendar,
) -> (Vec<Span>, Vec<Times>) {
    let mut calendar = calendar.of(file);
    // A log that is written at the end of each request is in order of ends: a request that began at `t` ended
    // no earlier than the latest start before it in the file.
    let mut latest_start = i64::MIN;
    let mut of_whole = Vec::with_capacity(requests.len());
    let mut of_blocks = Vec::with_capacity(blocks.len());
    let mut next = requests.iter().peekable();
    // Mostly nobody asks for the latest start.
    let is_asked = requests.iter().any(|r| r.anchor == Anchor::Start && r.duration_ns.is_none())
        || blocks.iter().any(depends);
    let whole = |r: &Request, calendar: &mut FileCalendar, latest_start: &mut i64| {
        let s = calendar.moment(r.at.line, &r.stamp);
        let span = place((r.anchor, r.duration_ns, r.unit_ns), s, r.stamp.width_ns(), *latest_start);
        *latest_start = span.start_lo.max(*latest_start);
        span
    };
    for b in blocks {
        let mut times = Times::of(b);
        let mut next_line = next.peek().map_or(u64::MAX, |r| r.at.line);
        for p in b.rows() {
            let line = b.line(p);
            while next_line < line {
                of_whole.extend(next.next().map(|r| whole(r, &mut calendar, &mut latest_start)));
                next_line = next.peek().map_or(u64::MAX, |r| r.at.line);
            }
            let shown = calendar.moment(line, &b.stamp(p));
            if is_asked {
                latest_start = times.add(p, shown, latest_start).max(latest_start);
            } else {
                times.shown.push(shown);
            }
        }
        of_blocks.push(times);
    }
    of_whole.extend(next.map(|r| whole(r, &mut calendar, &mut latest_start)));
    (of_whole, of_blocks)
}

/// A request that shows `s`, of a stamp of width `u`.
#[inline(always)]
fn place(
    (anchor, duration_ns, unit_ns): (Anchor, Option<i64>, i64),
    s: i64,
    u: i64,
    latest_start: i64,
) -> Span {
    let has_duration = duration_ns.is_some();
    let (d_lo, d_hi) = match duration_ns {
        Some(d) => ((d - unit_ns).max(0), d + unit_ns),
        None => (0, UNKNOWN_DURATION),
    };
    let (start_lo, start_hi, end_lo, end_hi) = if anchor == Anchor::Start {
        let end_lo = if has_duration { s + d_lo } else { (s + d_lo).max(latest_start) };
        (s, s + u, end_lo, (s + u + d_hi).max(end_lo + u))
    } else {
        (s - d_hi, s + u - d_lo, s, s + u)
    };
    Span { start_lo, start_hi, end_lo, end_hi, has_duration }
}
