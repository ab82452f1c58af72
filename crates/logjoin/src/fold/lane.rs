//! One file on its way through the slices: its bytes become rows a block of lines at a time, and the rows wait until the other
//! files have come as far.
//!
//! A block is a number of lines, whatever pieces the bytes come in: where a slice ends must not depend on them.

use std::collections::VecDeque;

use logjoin_parse::{Anchor, Stamp};

use crate::calendar::{Calendar, FileCalendar};
use crate::event::{At, Counts, Events};
use crate::plan::Plan;
use crate::row::Hashes;
use crate::scanner::FileScanner;
use crate::slices;
use crate::trail::Trail;

const SECOND: i64 = 1_000_000_000;
/// Lines read at first: by them it is known how far the clocks are apart.
const FIRST: u64 = 4096;
/// Most lines read at a time after that: more are less work, and wait in memory until the slowest file has come as far.
const BLOCK: u64 = 1 << 14;
/// Lines of blocks of all sources together, about: of many sources, each is read in smaller ones.
const BLOCKS: u64 = 1 << 16;
/// The place of packed rows among the [`Counts`].
const PACKED: usize = 4;
/// The weight of a row that is not packed, and of an error line.
const HEAVY: usize = 2;
/// All lines there are.
const ALL: u64 = u64::MAX;

/// A file being read.
pub struct Lane<'p> {
    plan: &'p Plan,
    file: usize,
    pub(super) instance: usize,
    pub(super) scanner: FileScanner<'p>,
    /// What the reader of halves has met.
    apart: Hashes,
    /// Bytes behind the block: from this place on, and the number of their first line.
    rest: Vec<u8>,
    rest_from: usize,
    rest_line: u64,
    /// A block was asked for.
    has_begun: bool,
    /// Lines that the block still lacks.
    left: u64,
    /// There are no more bytes; the scanner has seen them all.
    is_at_end: bool,
    is_read: bool,
    /// Other threads have something else to do now.
    pub(super) is_alone: bool,
    /// Rows that no slice has taken.
    queue: Events,
    /// How many rows of each list were noted, and taken.
    noted: Counts,
    taken: Counts,
    /// The latest moment so far, on the host's own clock.
    reach: Option<i64>,
    /// How far behind it a row may be without harm, nanoseconds.
    tolerance: i64,
    seconds: VecDeque<Second>,
    /// When the last of them ends.
    second_ends: i64,
    /// Rows that stand so long after later ones that what is near them may be settled: how many, and the first line.
    late: Option<(u64, u64)>,
    calendar: Option<FileCalendar>,
}

/// A second in which the latest moment of the file lay for some rows.
#[derive(Debug, Clone, Copy)]
struct Second {
    at: i64,
    /// Rows before it.
    before: Counts,
}

impl<'p> Lane<'p> {
    pub(super) fn new(plan: &'p Plan, file: usize) -> Lane<'p> {
        let source = plan.files[file].source;
        Lane {
            plan,
            file,
            instance: plan.sources[source].instance,
            scanner: FileScanner::new(plan, file),
            apart: Hashes::default(),
            rest: Vec::new(),
            rest_from: 0,
            rest_line: 1,
            has_begun: false,
            left: 0,
            is_at_end: false,
            is_read: false,
            is_alone: false,
            queue: Events::default(),
            noted: Counts::default(),
            taken: Counts::default(),
            reach: None,
            tolerance: (plan.options.window_s.max(0.0) * 1e9) as i64,
            seconds: VecDeque::new(),
            second_ends: i64::MIN,
            late: None,
            calendar: None,
        }
    }

    /// Number of the file, in the order of [`Plan::paths`].
    pub fn file(&self) -> usize {
        self.file
    }

    /// Whether it is to be read on now.
    pub fn is_hungry(&self) -> bool {
        self.left > 0 && !self.is_at_end
    }

    /// Takes the next whole lines of the file; `first_line` is the number of the first of them, from 1. What is too much for now
    /// waits.
    pub fn push(&mut self, first_line: u64, bytes: &[u8]) {
        if self.rest.is_empty() {
            let (now, lines) = self.read(first_line, bytes);
            self.rest_line = first_line.saturating_add(lines);
            self.rest.extend_from_slice(&bytes[now..]);
        } else {
            self.rest.extend_from_slice(bytes);
            self.digest();
        }
    }

    /// As [`FileScanner::pass_over`]; before the first line.
    pub fn pass_over(&mut self, lines: u64, bytes: u64) {
        self.scanner.pass_over(lines, bytes);
    }

    /// Tells that there is no more.
    pub fn end(&mut self) {
        self.is_at_end = true;
        self.digest();
    }

    /// As [`FileScan::set_cut`](crate::FileScan::set_cut).
    pub fn set_cut(&mut self, text: String) {
        self.scanner.scan().set_cut(text);
    }

    /// As [`FileScan::set_problem`](crate::FileScan::set_problem).
    pub fn set_problem(&mut self, text: String) {
        self.scanner.scan().set_problem(text);
    }

    /// Lets it read another block, first from what it was given before.
    pub(super) fn feed(&mut self) {
        let usual = (BLOCKS / self.plan.sources.len().max(1) as u64).clamp(FIRST, BLOCK);
        self.left = if self.has_begun { usual } else { FIRST };
        self.has_begun = true;
        self.digest();
    }

    /// From now on, what is pushed is read at once.
    pub(super) fn open(&mut self) {
        self.left = ALL;
        self.digest();
    }

    /// Reads what is left, and takes it for the end.
    pub(super) fn end_now(&mut self) {
        self.left = ALL;
        self.end();
    }

    /// Whether all of it is read.
    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    /// What its stamps say so far.
    pub(super) fn trail(&mut self) -> Trail {
        self.scanner.scan().trail.so_far()
    }

    /// How many of its lines stand so far behind later ones that what failed near them may be settled without them, and the
    /// first of them.
    pub(super) fn late(&self) -> Option<(u64, u64)> {
        self.late
    }

    /// How much waits.
    pub(super) fn waiting(&self) -> usize {
        weight(&self.queue.counts())
    }

    /// The rows that wait.
    pub(super) fn waiting_rows(&self) -> &Events {
        &self.queue
    }

    /// Its stamps turned out to be of another zone: notes anew when what waits happened, and how far it has come.
    pub(super) fn note_again(&mut self, before: &Calendar, now: &Calendar) {
        let file = self.file as u32;
        let last = self.scanner.scan().trail.last;
        let later =
            last.map_or(0, |(line, s)| now.of(file).moment(line, &s) - before.of(file).moment(line, &s));
        let is_empty = self.noted == self.taken;
        self.reach = self.reach.filter(|_| is_empty).map(|r| r.saturating_add(later));
        self.seconds.clear();
        self.second_ends = i64::MIN;
        if self.taken == Counts::default() {
            self.late = None;
        }
        self.noted = self.taken;
        self.note();
    }

    /// The first of the rows that wait: as many as are read at first.
    pub(super) fn beginning(&self) -> Events {
        fn first<T: Clone>(list: &[T]) -> Vec<T> {
            list[..list.len().min(FIRST as usize)].to_vec()
        }
        let q = &self.queue;
        let packed = q.packed.iter().flat_map(|b| b.rows().iter().map(move |p| b.unpack(p)));
        let mut requests = first(&q.requests);
        requests.extend(packed.take(FIRST as usize));
        requests.sort_by_key(|r| r.at);
        Events {
            requests,
            errors: first(&q.errors),
            states: first(&q.states),
            logs: first(&q.logs),
            labels: q.labels.clone(),
            packed: Vec::new(),
        }
    }

    /// It has stamps that were not there when zones and years were decided.
    pub(super) fn is_undecided(&mut self) -> bool {
        self.calendar.is_none() && self.scanner.scan().trail.stamps > 0
    }

    /// How its stamps are to be read from now on.
    pub(super) fn decide(&mut self, calendar: &Calendar) {
        self.calendar = (self.scanner.scan().trail.stamps > 0).then(|| calendar.of(self.file as u32));
    }

    /// Notes the moments of the new rows.
    pub(super) fn note(&mut self) {
        self.queue.append(self.scanner.take_events());
        let Some(mut calendar) = self.calendar.take() else { return };
        let queue = std::mem::take(&mut self.queue);
        let have = queue.counts();
        let mut next: [usize; 4] = std::array::from_fn(|k| self.noted[k] - self.taken[k]);
        // The line of the next row that is not packed, and its list; the lists are merged in the order of the lines.
        let whole = |next: &[usize; 4]| {
            let rows = (0..4).filter(|k| next[*k] < have[*k]).map(|k| (row(&queue, k, next[k]).0, k));
            rows.min()
        };
        let mut first = whole(&next);
        // What the row before showed, if it was not late: then nothing is to be noted of another one like it.
        let mut before = None;
        let mut skip = self.noted[PACKED] - self.taken[PACKED];
        for block in &queue.packed {
            let rows = block.rows();
            let noted = skip.min(rows.len());
            skip -= noted;
            for p in &rows[noted..] {
                let line = block.line(p);
                while let Some((at, k)) = first
                    && at.line < line
                {
                    let (_, stamp, lasted) = row(&queue, k, next[k]);
                    self.note_row(k, at.line, calendar.moment(at.line, stamp), lasted);
                    next[k] += 1;
                    first = whole(&next);
                    before = None;
                }
                let form = block.form_of(p);
                let lasted = if form.anchor == Anchor::Start { p.duration_ns() } else { None };
                let t = calendar.moment(line, &form.stamp(p));
                if lasted.is_none() && before == Some(t) {
                    self.noted[PACKED] += 1;
                    continue;
                }
                let late = self.late;
                self.note_row(PACKED, line, t, lasted.unwrap_or(0));
                before = (lasted.is_none() && self.late == late).then_some(t);
            }
        }
        while let Some((at, k)) = first {
            let (_, stamp, lasted) = row(&queue, k, next[k]);
            self.note_row(k, at.line, calendar.moment(at.line, stamp), lasted);
            next[k] += 1;
            first = whole(&next);
        }
        self.queue = queue;
        self.calendar = Some(calendar);
    }

    /// Notes the moment of the next row of a list; `lasted`: how long after it the line was written.
    #[inline]
    fn note_row(&mut self, list: usize, line: u64, t: i64, lasted: i64) {
        if self.reach.is_some_and(|r| r - t.saturating_add(lasted) > self.tolerance) {
            self.late.get_or_insert((0, line)).0 += 1;
        }
        let reach = self.reach.map_or(t, |r| r.max(t));
        self.reach = Some(reach);
        if reach >= self.second_ends || self.seconds.is_empty() {
            let at = reach.div_euclid(SECOND);
            self.second_ends = at.saturating_add(1).saturating_mul(SECOND);
            if self.seconds.back().is_none_or(|s| s.at != at) {
                self.seconds.push_back(Second { at, before: self.noted });
            }
        }
        self.noted[list] += 1;
    }

    /// The second that it has come to, on the host's own clock.
    pub(super) fn reach(&self) -> Option<i64> {
        self.reach.map(|t| t.div_euclid(SECOND))
    }

    /// The weight of the waiting rows by second.
    pub(super) fn by_second(&self) -> impl Iterator<Item = (i64, usize)> + '_ {
        let ends = self.seconds.iter().skip(1).map(|s| weight(&s.before)).chain([weight(&self.noted)]);
        self.seconds.iter().zip(ends).map(|(s, end)| (s.at, end - weight(&s.before)))
    }

    /// Takes the rows up to a second.
    pub(super) fn take_until(&mut self, second: i64) -> Events {
        let n = self.seconds.iter().take_while(|s| s.at <= second).count();
        let until = self.seconds.get(n).map_or(self.noted, |s| s.before);
        self.seconds.drain(..n);
        let counts = std::array::from_fn(|k| until[k] - self.taken[k]);
        self.taken = until;
        self.queue.take_first(counts)
    }

    /// Reads what the block still lacks: how many bytes and lines it was.
    fn read(&mut self, first_line: u64, bytes: &[u8]) -> (usize, u64) {
        let (now, lines) = if self.is_alone {
            self.scanner.push_some(first_line, bytes, self.left)
        } else {
            slices::push_some(self.plan, &mut self.scanner, &mut self.apart, first_line, bytes, self.left)
        };
        if self.left != ALL {
            self.left -= lines;
        }
        (now, lines)
    }

    fn digest(&mut self) {
        let mut rest = std::mem::take(&mut self.rest);
        let (now, lines) = self.read(self.rest_line, &rest[self.rest_from..]);
        self.rest_line = self.rest_line.saturating_add(lines);
        self.rest_from += now;
        if self.rest_from == rest.len() {
            rest.clear();
            self.rest_from = 0;
        }
        self.rest = rest;
        if self.is_at_end && self.rest.is_empty() && !self.is_read {
            self.scanner.end();
            self.is_read = true;
        }
    }
}

/// How much rows weigh in a slice, in packed ones: what is looked at more closely takes so many times the memory.
pub(super) fn weight(counts: &Counts) -> usize {
    let [requests, errors, states, logs, packed] = counts;
    HEAVY * (requests + errors) + states + logs + packed
}

/// A row: its place, its stamp, and how long after that the line was written, as far as it says.
fn row(events: &Events, list: usize, n: usize) -> (At, &Stamp, i64) {
    match list {
        0 => {
            let r = &events.requests[n];
            let lasted = if r.anchor == Anchor::Start { r.duration_ns } else { None };
            (r.at, &r.stamp, lasted.unwrap_or(0))
        }
        1 => (events.errors[n].at, &events.errors[n].stamp, 0),
        2 => (events.states[n].at, &events.states[n].stamp, 0),
        _ => (events.logs[n].at, &events.logs[n].stamp, 0),
    }
}
