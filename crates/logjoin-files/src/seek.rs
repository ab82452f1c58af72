//! Which part of each log is read when only a range of time is asked for.
//!
//! The trick: a range needs more than its own lines. Clocks are fitted on what happened around it, a backend logs what
//! it was asked long before, a server went down hours ago. So large logs are read with a margin, wider where lines tell
//! of starts and stops, and widened by whatever their stamps leave open; small logs are read whole. Of the requests, those
//! within the margin are then looked at in all logs alike ([`logjoin::Options::margin_ns`]).

use logjoin::options::Moments;
use logjoin::{Lane, Plan};
use logjoin_input::{Chunk, Found, InputError, InputFile, LineChunks, Part, ReadOptions, Wanted};
use rayon::prelude::*;
use std::ops::ControlFlow;

const HOUR: i64 = 3_600_000_000_000;
/// Margin on both sides of the range, and before it where a log tells of more than requests.
const MARGIN: i64 = 2 * HOUR;
const MARGIN_OF_STATES: i64 = 24 * HOUR;
/// Further than the margin, for clocks that are off and for requests that are logged when they end.
const MORE: i64 = HOUR / 4;
/// How far out of order the lines of a log may be, unless the margin is smaller: clocks without a zone are set back by
/// an hour.
const SLACK: i64 = HOUR + HOUR / 12;
/// A log of less text is read whole.
const LEAST_BYTES: u64 = 64 << 20;
/// Bytes of a file's beginning in which its first stamp is looked for.
const HEAD_BYTES: usize = 64 * 1024;

/// How far outside of a range of time logs are read, where a range is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Margin {
    /// As far as suits what is in them: two hours of requests, the day before of what tells of starts and stops.
    #[default]
    Usual,
    /// That far on both sides, nanoseconds.
    Told(i64),
    /// To their ends.
    All,
}

/// What is read of the logs when a range is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub margin: Margin,
    /// A log of less text is read whole, bytes.
    pub least_bytes: u64,
}

impl Reach {
    /// How far outside of a range requests are looked at, nanoseconds; `None`: all are.
    pub fn margin_ns(self) -> Option<i64> {
        match self.margin {
            Margin::Usual => Some(MARGIN),
            Margin::Told(ns) => Some(ns),
            Margin::All => None,
        }
    }
}

impl Default for Reach {
    fn default() -> Reach {
        Reach { margin: Margin::Usual, least_bytes: LEAST_BYTES }
    }
}

/// What is read of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it.
    #[default]
    Whole,
    /// The lines of this part; those before it are counted.
    Part(Part),
    /// All of it is decompressed, but only the blocks that have wanted lines are parsed.
    Blocks(Wanted),
    /// Nothing: it ends before the range begins.
    Before,
    /// Nothing: it begins after the range ends.
    After,
}

impl Reading {
    /// Begins to read, and tells the lane what is left out before the first line.
    pub fn open(
        self,
        file: &InputFile,
        read: &ReadOptions,
        lane: &mut Lane<'_>,
        counted: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<LineChunks, InputError> {
        match self {
            Reading::Whole | Reading::Blocks(_) => file.open(read),
            Reading::Part(part) => {
                let chunks = file.open_part(&part, read, counted)?;
                lane.pass_over(chunks.passed(), part.from);
                Ok(chunks)
            }
            Reading::Before | Reading::After => Ok(LineChunks::from_bytes(file.name(), Vec::new(), read)),
        }
    }

    /// What was left out on purpose, in words; `passed` lines were counted.
    pub fn left_out(self, file: &InputFile, passed: u64) -> Option<String> {
        let part = match self {
            Reading::Whole => return None,
            Reading::Blocks(_) => Part::default(),
            Reading::Before => return Some("not read: it ends before the range".to_owned()),
            Reading::After => return Some("not read: it begins after the range".to_owned()),
            Reading::Part(part) => part,
        };
        let mut words = Vec::new();
        if passed > 0 {
            words.push(format!("lines before the range, counted and not read: {passed}"));
        }
        let behind = part.to.map_or(0, |to| file.size().unwrap_or(to).saturating_sub(to));
        if behind > 0 {
            words.push(format!("bytes after the range, not read: {behind}"));
        }
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// How many bytes reading will go through, of a file that has `all`.
    pub fn bytes(self, all: u64) -> u64 {
        match self {
            Reading::Whole | Reading::Blocks(_) => all,
            Reading::Part(part) => part.to.unwrap_or(all),
            Reading::Before | Reading::After => 0,
        }
    }
}

/// Decides what is read of each file; the files are in the order of their numbers in the plan.
pub(crate) fn decide(plan: &Plan, files: &[&InputFile], reach: Reach) -> Vec<Reading> {
    let (since, until) = plan.range_ns();
    if (since.is_none() && until.is_none()) || reach.margin == Margin::All || plan.names_lines() {
        return vec![Reading::Whole; files.len()];
    }
    let one = |(number, file): (usize, &&InputFile)| -> Reading {
        if file.text_size().is_none_or(|n| n < reach.least_bytes) {
            return Reading::Whole;
        }
        let (before, after) = match reach.margin {
            Margin::Told(ns) => (ns, ns),
            _ if plan.is_of_requests(number) => (MARGIN, MARGIN),
            _ => (MARGIN_OF_STATES, MARGIN),
        };
        let wanted = Wanted {
            from: since.map(|s| s.saturating_sub(before.saturating_add(MORE))),
            to: until.map(|u| u.saturating_add(after.saturating_add(MORE))),
            slack: SLACK.min(before),
        };
        let mut key = |line: &[u8]| plan.moments(number, line).map(|m| (m.earliest_ns, m.latest_ns));
        // What cannot be read is said when it is read.
        match file.find_part(&wanted, &mut key) {
            Ok(Found::Within(part)) if part == Part::default() => Reading::Whole,
            Ok(Found::Within(part)) => Reading::Part(part),
            Ok(Found::Before) => Reading::Before,
            Ok(Found::After) => Reading::After,
            Ok(Found::Anywhere) if file.compression().is_some() || file.is_member() => {
                by_set(plan, files, number, &wanted)
            }
            Ok(Found::Anywhere) | Err(_) => Reading::Whole,
        }
    };
    files.par_iter().enumerate().map(one).collect()
}

/// Nobody can seek in a compressed file; but where it begins is seen, and it ended where the next one of its set begins.
fn by_set(plan: &Plan, files: &[&InputFile], number: usize, wanted: &Wanted) -> Reading {
    let begins = |n: usize| {
        let head = files.get(n)?.head(HEAD_BYTES).ok()?;
        head.split(|b| *b == b'\n').find_map(|l| plan.moments(n, l.strip_suffix(b"\r").unwrap_or(l)))
    };
    let is_after = |to: i64| begins(number).is_some_and(|m| m.earliest_ns > to);
    let is_before = |from: i64| {
        plan.next_in_set(number)
            .and_then(begins)
            .is_some_and(|m| m.latest_ns.saturating_add(wanted.slack) < from)
    };
    if wanted.to.is_some_and(is_after) {
        Reading::After
    } else if wanted.from.is_some_and(is_before) {
        Reading::Before
    } else {
        Reading::Blocks(*wanted)
    }
}

/// Lines at both ends of a block in which a stamp is looked for.
const LOOKED_AT: usize = 64;
/// So many blocks after the range, one after another, show that nothing wanted follows.
const ENOUGH_AFTER: u32 = 2;

/// Where a block is, by its first and last stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    /// Or nobody knows.
    Within,
    After,
}

/// Lets the blocks of one file through to its lane, but for those outside the range.
pub(crate) struct Gate<'p> {
    plan: &'p Plan,
    file: usize,
    wanted: Option<Wanted>,
    /// The last block before the range: an event that begins in it may end in the next.
    held: Option<Chunk>,
    has_begun: bool,
    after: u32,
    passed: u64,
}

impl<'p> Gate<'p> {
    /// The gate of the file with this number.
    pub fn new(plan: &'p Plan, file: usize, reading: Reading) -> Gate<'p> {
        let wanted = if let Reading::Blocks(wanted) = reading { Some(wanted) } else { None };
        Gate { plan, file, wanted, held: None, has_begun: false, after: 0, passed: 0 }
    }

    /// Takes the next block; false: no more are wanted. `done` is given its bytes, if nobody needs them any more.
    pub fn push(&mut self, lane: &mut Lane<'_>, chunk: Chunk, done: impl FnOnce(Vec<u8>)) -> bool {
        let Some(wanted) = self.wanted else {
            lane.push(chunk.first_line, &chunk.bytes);
            done(chunk.bytes);
            return true;
        };
        let side = self.side(&chunk, &wanted);
        if side == Side::Before && !self.has_begun {
            if let Some(last) = self.held.replace(chunk) {
                self.pass(lane, last.line_count, last.bytes.len());
            }
            return true;
        }
        self.has_begun = true;
        if let Some(last) = self.held.take() {
            self.begin(lane, &last);
        }
        self.after = if side == Side::After { self.after + 1 } else { 0 };
        if self.after >= ENOUGH_AFTER {
            return false;
        }
        lane.push(chunk.first_line, &chunk.bytes);
        true
    }

    /// The file ends; how many lines were counted and not read.
    pub fn finish(mut self, lane: &mut Lane<'_>) -> u64 {
        if let Some(last) = self.held.take() {
            self.pass(lane, last.line_count, last.bytes.len());
        }
        self.passed
    }

    /// Reads a block from its first line with a stamp on: what is before continues what was passed over.
    fn begin(&mut self, lane: &mut Lane<'_>, chunk: &Chunk) {
        let (mut lines, mut at) = (0, 0);
        for line in chunk.bytes.split_inclusive(|b| *b == b'\n') {
            if self.moments(line).is_some() {
                break;
            }
            (lines, at) = (lines + 1, at + line.len());
        }
        self.pass(lane, lines, at);
        lane.push(chunk.first_line + lines, &chunk.bytes[at..]);
    }

    fn pass(&mut self, lane: &mut Lane<'_>, lines: u64, bytes: usize) {
        lane.pass_over(lines, bytes as u64);
        self.passed += lines;
    }

    fn moments(&self, line: &[u8]) -> Option<Moments> {
        self.plan.moments(self.file, line.trim_ascii_end())
    }

    fn side(&self, chunk: &Chunk, wanted: &Wanted) -> Side {
        let end = chunk.bytes.strip_suffix(b"\n").unwrap_or(&chunk.bytes);
        let first = end.split(|b| *b == b'\n').take(LOOKED_AT).find_map(|l| self.moments(l));
        let last = end.rsplit(|b| *b == b'\n').take(LOOKED_AT).find_map(|l| self.moments(l));
        let (Some(first), Some(last)) = (first, last) else { return Side::Within };
        let both = |is: &dyn Fn(Moments) -> bool| is(first) && is(last);
        if wanted.from.is_some_and(|from| both(&|m| m.latest_ns < from)) {
            Side::Before
        } else if wanted.to.is_some_and(|to| both(&|m| m.earliest_ns > to)) {
            Side::After
        } else {
            Side::Within
        }
    }
}
