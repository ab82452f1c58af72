//! What the stamps of one file, in their order, say of its calendar: noted in passing, so that nothing has to be kept
//! for it. [`crate::calendar`] decides by it.
//!
//! A stamp may lack its year or its zone, and both show in the order of the lines: a year ends where December is
//! followed by January, and clocks were set back where two o'clock follows three.

use std::collections::BTreeMap;

use logjoin_parse::{Precision, Stamp};
use serde::{Deserialize, Serialize};

use crate::event::{Events, LogEvent, SignalHit};
use crate::signals::{Meaning, Scope};

const SECOND: i64 = 1_000_000_000;
/// A date that is this much earlier than the one before is of the next year.
const HALF_YEAR: i64 = 182 * 86_400 * SECOND;
const HOUR: i64 = 3600 * SECOND;
/// Lines are out of order by less than this; a clock that is set back goes further.
const FALL: i64 = 300 * SECOND;
/// Most turns that are remembered of one kind: a file with more is not in order of time.
const MOST: usize = 4096;
/// Longest silences remembered.
const SILENCES: usize = 3;
/// The 29th of February 1972, where stamps without a year are.
const LEAP_DAY: i64 = (730 + 59) * 86_400 * SECOND;
/// Stands in [`Stamp::within_s`] until the next stamp of the file is known.
const OPEN: u32 = u32::MAX;
/// A request without a time of its own happened before the next line that has one, however late that is.
const MOST_WITHIN_REQUEST_S: i64 = 86_400;
/// A message without a time is mostly the last word of a process, written when the line before it was.
const MOST_WITHIN_S: i64 = 60;
/// That a process is ready is followed at once by what it says of its first request, if it gets any; a silence that is longer
/// than this is rather that of its clients.
const MOST_BEFORE_READY: i64 = 600 * SECOND;

/// By how much such words precede what is said then, at least.
const BEFORE_NEXT: i64 = 1_000_000;

/// A stamp and its line.
pub(crate) type Mark = (u64, Stamp);

/// Where the wall clock of stamps without a zone went back, or forward again after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub line: u64,
    /// The wall clock before and at that line, nanoseconds as in [`Stamp::wall_ns`].
    pub before: i64,
    pub after: i64,
}

/// Two stamps between which nothing was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Silence {
    pub ns: i64,
    pub from: Mark,
    pub to: Mark,
}

/// The notes on one file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Trail {
    pub first: Option<Mark>,
    pub last: Option<Mark>,
    /// First and last of the stamps with a year, and of those without.
    pub dated: Option<(Mark, Mark)>,
    pub undated: Option<(Mark, Mark)>,
    /// Stamps, lines that have no stamp and took the one before, lines that had none to take.
    pub stamps: u64,
    pub borrowed: u64,
    pub untimed: u64,
    /// How many stamps have each offset (seconds east of UTC), and how many have none.
    pub offsets: BTreeMap<i32, u64>,
    pub silent: u64,
    /// From which line and moment (UTC, nanoseconds) on the written offset is another; the first one included.
    pub changes: Vec<(u64, i64, i32)>,
    /// From which line on how many years have gone by since the first line without a year.
    pub years: Vec<(u64, i32)>,
    pub turns: Vec<Turn>,
    pub silences: Vec<Silence>,
    pub precisions: BTreeMap<Precision, u64>,
    /// A line with the 29th of February and no year.
    pub leap_day: Option<u64>,
    /// Stamps like the last one, not yet counted in `offsets` and `precisions`.
    run: u64,
    /// The latest stamp so far.
    reach: Option<(i64, Mark)>,
    /// The latest stamp before clocks were set back, as it seems.
    fallen: Option<(i64, Mark)>,
    /// Wall clock of the last stamp without a zone.
    wall: Option<i64>,
    open: bool,
    /// All stamps, where somebody will note them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<Run>>,
}

/// Stamps that are alike, one after the other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Run {
    first: u64,
    last: u64,
    count: u64,
    stamp: Stamp,
}

impl Trail {
    /// Notes the next stamp.
    #[inline]
    pub fn note(&mut self, line: u64, stamp: &Stamp) {
        self.stamps += 1;
        if let Some(runs) = &mut self.runs {
            match runs.last_mut() {
                Some(run) if run.stamp == *stamp => (run.last, run.count) = (line, run.count + 1),
                _ => runs.push(Run { first: line, last: line, count: 1, stamp: *stamp }),
            }
        }
        if let Some((at, last)) = &mut self.last
            && last == stamp
        {
            // Nearly always: many lines a second.
            *at = line;
            self.run += 1;
            return;
        }
        self.other(line, stamp);
    }

    /// Notes a stamp that is not the one before.
    fn other(&mut self, line: u64, stamp: &Stamp) {
        let mark = (line, *stamp);
        if let (Some((_, last)), Some((_, end))) = (&mut self.last, &mut self.dated)
            && last.has_year
            && stamp.has_year
            && stamp.offset_s.is_some()
            && (last.offset_s, last.precision) == (stamp.offset_s, stamp.precision)
        {
            // Another moment, and nothing else is new.
            (self.last, *end) = (Some(mark), mark);
            self.run += 1;
            self.silence(mark);
            return;
        }
        let last = self.last.replace(mark);
        if last.is_none_or(|(_, l)| l.offset_s != stamp.offset_s || l.precision != stamp.precision) {
            self.count(last.map(|l| l.1));
        }
        self.run += 1;
        self.first.get_or_insert(mark);
        let ends = if stamp.has_year { &mut self.dated } else { &mut self.undated };
        match ends {
            Some((_, end)) => *end = mark,
            None => *ends = Some((mark, mark)),
        }
        if stamp.has_year {
            if let Some(o) = stamp.offset_s
                && self.changes.last().is_none_or(|c| c.2 != o)
                && self.changes.len() < MOST
            {
                self.changes.push((line, stamp.utc_ns(0), o));
            }
        } else {
            self.year(line, stamp, last.map(|l| l.1));
        }
        if stamp.offset_s.is_none() {
            self.turn(mark);
        }
        self.silence(mark);
    }

    /// From now on all stamps are remembered, for [`take_over`](Self::take_over).
    pub fn remember(&mut self) {
        self.runs = Some(Vec::new());
    }

    /// Notes what was noted of the lines that follow, whose stamps were remembered.
    pub fn take_over(&mut self, next: Trail) {
        for run in next.runs.into_iter().flatten() {
            self.note(run.first, &run.stamp);
            self.stamps += run.count.saturating_sub(1);
            self.run += run.count.saturating_sub(1);
            if let Some((line, _)) = &mut self.last {
                *line = run.last;
            }
        }
        self.borrowed += next.borrowed;
        self.untimed += next.untimed;
    }

    /// Counts the run that ends.
    fn count(&mut self, of: Option<Stamp>) {
        let n = std::mem::take(&mut self.run);
        let Some(s) = of else { return };
        match s.offset_s {
            Some(o) => *self.offsets.entry(o).or_default() += n,
            None => self.silent += n,
        }
        *self.precisions.entry(s.precision).or_default() += n;
    }

    fn year(&mut self, line: u64, stamp: &Stamp, last: Option<Stamp>) {
        if self.leap_day.is_none() && (LEAP_DAY..LEAP_DAY + 86_400 * SECOND).contains(&stamp.wall_ns) {
            self.leap_day = Some(line);
        }
        let Some(last) = last.filter(|l| !l.has_year) else { return };
        let by = stamp.wall_ns - last.wall_ns;
        let now = self.years.last().map_or(0, |y| y.1);
        if by.abs() > HALF_YEAR && self.years.len() < MOST {
            self.years.push((line, if by < 0 { now + 1 } else { now - 1 }));
            // What was written later in the last year is no measure of this one.
            self.reach = None;
        }
    }

    fn turn(&mut self, mark: Mark) {
        let (line, wall) = (mark.0, mark.1.wall_ns);
        let Some(before) = self.wall.replace(wall) else { return };
        let fell = (FALL..HALF_YEAR).contains(&(before - wall));
        // Forward again to where the clock was: a line from before it was set back was written late.
        let to_before = |t: &Turn| t.after < t.before && (wall - t.before).abs() <= FALL;
        let rose = wall - before > FALL && self.turns.last().is_some_and(to_before);
        if (fell || rose) && self.turns.len() < MOST {
            self.turns.push(Turn { line, before, after: wall });
        }
        if fell {
            // Clocks are set back by an hour; what is longer is the silence.
            if let Some((_, from)) = self.reach {
                self.keep_silence(Silence { ns: (HOUR - (before - wall)).max(0), from, to: mark });
            }
            self.fallen = self.reach.replace((mark.1.utc_ns(0), mark));
        } else if rose {
            self.reach = self.fallen.take().or(self.reach);
        }
    }

    fn silence(&mut self, mark: Mark) {
        let now = mark.1.utc_ns(0);
        let Some((reach, from)) = self.reach else {
            self.reach = Some((now, mark));
            return;
        };
        if now < reach {
            return;
        }
        self.reach = Some((now, mark));
        let ns = now - reach;
        if ns < SECOND {
            return;
        }
        // Stamps with a zone are not compared with those without.
        let alike =
            from.1.offset_s.is_some() == mark.1.offset_s.is_some() && from.1.has_year == mark.1.has_year;
        if alike {
            self.keep_silence(Silence { ns, from, to: mark });
        }
    }

    fn keep_silence(&mut self, silence: Silence) {
        let least = self.silences.last().map_or(0, |s| s.ns);
        if silence.ns >= SECOND && (self.silences.len() < SILENCES || silence.ns > least) {
            self.silences.push(silence);
            self.silences.sort_by_key(|s| (std::cmp::Reverse(s.ns), s.from.0));
            self.silences.truncate(SILENCES);
        }
    }

    /// The stamp for a line that has none: that of the line before, which is not sure to be its own.
    pub fn lend(&mut self, last: Option<Stamp>) -> Option<Stamp> {
        if last.is_none() {
            self.untimed += 1;
            return None;
        }
        self.borrowed += 1;
        self.open = true;
        last.map(|s| Stamp { within_s: OPEN, ..s })
    }

    /// Notes that the last line without a stamp waits for the first one.
    pub fn waits(&mut self) {
        self.untimed -= 1;
        self.borrowed += 1;
    }

    /// The stamp for the first words of a process that no line with a time precedes: that of the first line with one, as soon as
    /// it is known.
    pub fn expect(&mut self) -> Stamp {
        self.open = true;
        Stamp { within_s: OPEN, ..Stamp::epoch(0, Precision::Seconds) }
    }

    /// Says of the rows with a lent stamp how much later they may be: until the stamp that comes `next`, which is about
    /// to be noted. Where a process is ready between the two, what lies behind it is the silence of its forerunner, and
    /// from there on rows stand right before the stamp that comes.
    pub fn close(&mut self, events: &mut Events, next: Option<&Stamp>) {
        if next.is_none() {
            self.count(self.last.map(|l| l.1));
        }
        if !std::mem::take(&mut self.open) {
            return;
        }
        let within = |s: &Stamp, most: i64| match next {
            Some(n) => ((n.utc_ns(0) - s.utc_ns(0)) / SECOND).clamp(0, most) as u32,
            None => MOST_WITHIN_S as u32,
        };
        // Rows are added in the order of the lines: those that wait are the last ones.
        let requests = events.requests.iter_mut().rev().map(|r| (&mut r.stamp, MOST_WITHIN_REQUEST_S));
        settle(requests, within);
        settle(events.errors.iter_mut().rev().map(|r| (&mut r.stamp, MOST_WITHIN_S)), within);
        settle(events.states.iter_mut().rev().map(|r| (&mut r.stamp, MOST_WITHIN_S)), within);
        match next {
            Some(next) => begin(&mut events.logs, next, self.first.is_none()),
            // No line had a time, and none can take one.
            None if self.first.is_none() => {
                events.logs.retain(|r| r.stamp.within_s != OPEN);
                self.untimed += std::mem::take(&mut self.borrowed);
            }
            None => {}
        }
        settle(events.logs.iter_mut().rev().map(|r| (&mut r.stamp, MOST_WITHIN_S)), within);
    }

    /// Takes the rows that wait for no further stamp.
    pub fn take_closed(&self, events: &mut Events) -> Events {
        let mut out = std::mem::take(events);
        if self.open {
            events.requests = split_open(&mut out.requests, |r| &r.stamp);
            events.errors = split_open(&mut out.errors, |r| &r.stamp);
            events.states = split_open(&mut out.states, |r| &r.stamp);
            events.logs = split_open(&mut out.logs, |r| &r.stamp);
        }
        out
    }

    /// The notes so far, as if the file ended here.
    pub fn so_far(&self) -> Trail {
        let mut trail = self.clone();
        trail.close(&mut Events::default(), None);
        trail
    }

    /// The finest unit of the stamps.
    pub fn finest(&self) -> Option<Precision> {
        self.precisions.keys().max().copied()
    }

    /// How many years after the first one without a year the stamps of a line are.
    pub fn years_at(&self, line: u64) -> i32 {
        let n = self.years.partition_point(|y| y.0 <= line);
        self.years[..n].last().map_or(0, |y| y.1)
    }
}

/// Whether a process begins to speak.
pub(crate) fn is_begin(signal: &SignalHit) -> bool {
    signal.scope == Scope::Process
        && matches!(signal.meaning, Meaning::ProcessStarting | Meaning::ProcessReady)
}

/// Puts the rows that wait right before the stamp that comes, from the first one on with which a process is ready: all of them
/// where it is the `first` stamp. When a process began, nobody knows; once it is ready, it is asked.
fn begin(rows: &mut [LogEvent], next: &Stamp, is_first: bool) {
    let waiting = rows.iter().rev().take_while(|r| r.stamp.within_s == OPEN).count();
    let from = rows.len() - waiting;
    let begins = |r: &LogEvent| {
        let silence = next.utc_ns(0) - r.stamp.utc_ns(0);
        let is_alike =
            next.offset_s.is_some() == r.stamp.offset_s.is_some() && next.has_year == r.stamp.has_year;
        is_first
            || is_alike
                && (SECOND..=MOST_BEFORE_READY).contains(&silence)
                && r.signal
                    .as_ref()
                    .is_some_and(|s| s.scope == Scope::Process && s.meaning == Meaning::ProcessReady)
    };
    let Some(first) = rows[from..].iter().position(begins) else { return };
    // What is before them waits no longer either, but is no longer at the end.
    let within = (next.utc_ns(0) - rows[from].stamp.utc_ns(0)) / SECOND;
    rows[from..from + first]
        .iter_mut()
        .for_each(|r| r.stamp.within_s = within.clamp(0, MOST_WITHIN_S) as u32);
    // It was said before the next line, and whoever orders by time has to see that.
    let before = Stamp { wall_ns: next.wall_ns - BEFORE_NEXT, ..*next };
    rows[from + first..].iter_mut().for_each(|r| r.stamp = before);
}

fn settle<'a>(stamps: impl Iterator<Item = (&'a mut Stamp, i64)>, within: impl Fn(&Stamp, i64) -> u32) {
    for (stamp, most) in stamps.take_while(|(s, _)| s.within_s == OPEN) {
        stamp.within_s = within(stamp, most);
    }
}

fn split_open<T>(rows: &mut Vec<T>, stamp: impl Fn(&T) -> &Stamp) -> Vec<T> {
    let open = rows.iter().rev().take_while(|r| stamp(r).within_s == OPEN).count();
    rows.split_off(rows.len() - open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{At, Severity};

    fn trail(stamps: &[&str]) -> Trail {
        let mut t = Trail::default();
        for (i, text) in stamps.iter().enumerate() {
            let b = text.as_bytes();
            let (s, _) = Stamp::iso(b).or_else(|| Stamp::syslog(b)).expect(text);
            t.note(i as u64 + 1, &s);
        }
        t.close(&mut Events::default(), None);
        t
    }

    #[test]
    fn years_end_where_january_follows_december() {
        let t = trail(&[
            "Dec 31 23:59:58",
            "Dec 31 23:59:59",
            "Jan  1 00:00:00",
            "Dec 31 23:59:59",
            "Jan  1 00:00:01",
        ]);
        assert_eq!(t.years, [(3, 1), (4, 0), (5, 1)]);
        assert_eq!((t.years_at(2), t.years_at(3), t.years_at(4), t.years_at(9)), (0, 1, 0, 1));
        assert_eq!((t.stamps, t.silent), (5, 5));
        assert_eq!(trail(&["Feb 28 10:00:00", "Feb 29 10:00:00"]).leap_day, Some(2));
    }

    #[test]
    fn clocks_set_back_show() {
        let t = trail(&[
            "2026-10-25 02:59:58",
            "2026-10-25 02:00:00",
            "2026-10-25 02:59:59",
            "2026-10-25 02:00:01",
            "2026-10-25 02:30:00",
        ]);
        assert_eq!(t.turns.iter().map(|t| t.line).collect::<Vec<_>>(), [2, 3, 4]);
    }

    fn row(line: u64, stamp: Stamp, meaning: Option<Meaning>) -> LogEvent {
        let hit = |meaning| SignalHit {
            id: "x".into(),
            meaning,
            scope: Scope::Process,
            port: None,
            address: None,
            duration_ms: None,
        };
        LogEvent {
            at: At::new(0, line),
            stamp,
            severity: Severity::Info,
            method: 0,
            target: 0,
            tails: [0, 0],
            key: 0,
            id: 0,
            client: 0,
            signal: meaning.map(hit),
            template: 0,
            text: String::new(),
            settled: false,
        }
    }

    #[test]
    fn a_process_is_ready_behind_the_silence() {
        let begin = |next: &str| {
            let [before, next] =
                ["2026-11-22 20:15:09,198", next].map(|t| Stamp::iso(t.as_bytes()).expect(t).0);
            let (mut t, mut events) = (Trail::default(), Events::default());
            t.note(1, &before);
            events.logs.push(row(1, before, None));
            for (line, meaning) in [
                (2, Some(Meaning::ProcessStopped)),
                (3, Some(Meaning::ProcessStarting)),
                (4, Some(Meaning::ProcessReady)),
                (5, Some(Meaning::ProcessStarting)),
                (6, None),
            ] {
                let lent = t.lend(Some(before)).expect("a stamp");
                events.logs.push(row(line, lent, meaning));
            }
            t.close(&mut events, Some(&next));
            assert!(!t.open);
            events
                .logs
                .iter()
                .map(|r| (r.stamp.utc_ns(0) - before.utc_ns(0), r.stamp.within_s))
                .collect::<Vec<_>>()
        };
        let late = 2_355_000_000;
        // The last words, and those of a beginning, stand where they were, and may be later; that the next process is ready and
        // what it says then come right before what it says with a time.
        let all = [(0, 0), (0, 2), (0, 2), (late, 0), (late, 0), (late, 0)];
        assert_eq!(begin("2026-11-22 20:15:11,554"), all);
        // Half a second is no silence, and the silence of an hour is that of its clients.
        assert!(begin("2026-11-22 20:15:09,698").iter().all(|r| r.0 == 0));
        let hour = begin("2026-11-22 21:15:11,554");
        assert!(hour.iter().all(|r| r.0 == 0) && hour[3].1 == MOST_WITHIN_S as u32, "{hour:?}");
        // Stamps with a zone are not compared with those without.
        assert!(begin("2026-11-22 20:15:11,554Z").iter().all(|r| r.0 == 0));
    }

    #[test]
    fn what_precedes_the_first_stamp_waits_for_it() {
        let early = |next: Option<&str>| -> Vec<bool> {
            let (mut t, mut events) = (Trail::default(), Events::default());
            assert_eq!(t.lend(None), None);
            let stamp = t.expect();
            events.logs.push(row(1, stamp, Some(Meaning::ProcessReady)));
            assert!(t.take_closed(&mut events).logs.is_empty() && events.logs.len() == 1);
            let next = next.map(|n| Stamp::iso(n.as_bytes()).expect(n).0);
            t.close(&mut events, next.as_ref());
            events
                .logs
                .iter()
                .map(|r| next.is_some_and(|n| n.wall_ns - r.stamp.wall_ns == BEFORE_NEXT))
                .collect()
        };
        assert_eq!(early(Some("2026-11-22 20:15:11,554")), [true]);
        assert!(early(None).is_empty());
    }

    #[test]
    fn offsets_and_silences() {
        let t = trail(&[
            "2026-10-25 02:59:58 +0200",
            "2026-10-25 02:59:59 +0200",
            "2026-10-25 02:00:00 +0100",
            "2026-10-25 05:00:00 +0100",
        ]);
        assert_eq!(t.offsets, BTreeMap::from([(3600, 2), (7200, 2)]));
        assert_eq!(t.changes.iter().map(|c| (c.0, c.2)).collect::<Vec<_>>(), [(1, 7200), (3, 3600)]);
        assert_eq!(t.silences.iter().map(|s| s.ns / SECOND).collect::<Vec<_>>(), [10_800, 1, 1]);
        assert_eq!((t.silences[0].from.0, t.silences[0].to.0), (3, 4));
    }
}
