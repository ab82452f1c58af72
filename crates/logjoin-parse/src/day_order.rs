//! Whether `05/11/2026` is a day in May or in November: decided for a whole file, since a line cannot tell.
//!
//! The trick: formats read such dates month first, as most software does that writes them, and a file found to be day
//! first has the two numbers of its stamps exchanged after the line is read. No format needs to know.

use chrono::{Datelike, NaiveDate};

use crate::bytes::uint;
use crate::{Record, Stamp};

/// What comes first in dates of numbers and slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayOrder {
    /// `11/20/2026`.
    MonthFirst,
    /// `20/11/2026`.
    DayFirst,
}

/// How a file's order was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayEvidence {
    /// The order.
    pub order: DayOrder,
    /// Why, in words.
    pub reason: &'static str,
    /// Nothing in the lines decides it: another log, or the time of the file, may.
    pub is_guess: bool,
}

/// A date of two small numbers and a year at the front of a line: first, second, year.
fn numbers(line: &[u8]) -> Option<(u32, u32, i32)> {
    let b = line.strip_prefix(b"[").or_else(|| line.strip_prefix(b"\"")).unwrap_or(line);
    let digits = |b: &[u8], most: usize| b.iter().take(most).take_while(|c| c.is_ascii_digit()).count();
    let n = digits(b, 2);
    let rest = b.get(n..)?.strip_prefix(b"/")?;
    let k = digits(rest, 2);
    let tail = rest.get(k..)?.strip_prefix(b"/")?;
    if n == 0 || k == 0 || digits(tail, 5) != 4 {
        return None;
    }
    Some((uint(&b[..n])? as u32, uint(&rest[..k])? as u32, uint(&tail[..4])? as i32))
}

/// Decides the order from lines of one file, in their order; `None` where no line has such a date.
pub fn day_order<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<DayEvidence> {
    let dates: Vec<(u32, u32, i32)> = lines.filter_map(numbers).collect();
    let sure = |order, reason| Some(DayEvidence { order, reason, is_guess: false });
    let (first, second) = (dates.iter().any(|d| d.0 > 12), dates.iter().any(|d| d.1 > 12));
    match (first, second) {
        _ if dates.is_empty() => return None,
        (true, false) => return sure(DayOrder::DayFirst, "a first number is above 12"),
        (false, true) => return sure(DayOrder::MonthFirst, "a second number is above 12"),
        (true, true) => {
            let guess = "first and second numbers are above 12: each line by itself, else month first";
            return sure(DayOrder::MonthFirst, guess);
        }
        (false, false) => {}
    }
    // Lines are written in order, and seldom months apart: the reading with fewer steps back, then with the
    // shorter way, is right.
    let way = |day_first: bool| {
        let days: Vec<i32> = dates
            .iter()
            .filter_map(|&(a, b, y)| {
                let (m, d) = if day_first { (b, a) } else { (a, b) };
                NaiveDate::from_ymd_opt(y, m, d).map(|d| d.num_days_from_ce())
            })
            .collect();
        let back = days.windows(2).filter(|w| w[1] < w[0]).count();
        let way: i64 = days.windows(2).map(|w| i64::from((w[1] - w[0]).abs())).sum();
        (back, way)
    };
    let (month_first, day_first) = (way(false), way(true));
    match month_first.cmp(&day_first) {
        std::cmp::Ordering::Less => sure(DayOrder::MonthFirst, "so the lines are in order of time"),
        std::cmp::Ordering::Greater => sure(DayOrder::DayFirst, "so the lines are in order of time"),
        std::cmp::Ordering::Equal => Some(DayEvidence {
            order: DayOrder::MonthFirst,
            reason: "assumed, as most software that writes such dates",
            is_guess: true,
        }),
    }
}

/// The stamp with day and month exchanged, where that is a date.
pub fn exchanged(stamp: &Stamp) -> Option<Stamp> {
    let wall = stamp.wall();
    let date = NaiveDate::from_ymd_opt(wall.year(), wall.day(), wall.month())?;
    let wall_ns = date.and_time(wall.time()).and_utc().timestamp_nanos_opt()?;
    Some(Stamp { wall_ns, ..*stamp })
}

/// Puts the stamp of a line of a day-first file right. Where the first number is above 12, it is already.
pub(crate) fn mend(record: &mut Record<'_>, line: &[u8]) {
    let Some((first, second, _)) = numbers(line) else { return };
    if first > 12 || second > 12 {
        return;
    }
    if let Some(stamp) = record.stamp.filter(|s| s.wall().month() == first && s.wall().day() == second) {
        record.stamp = exchanged(&stamp).or(record.stamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> (DayOrder, bool) {
        let found = day_order(text.lines().map(str::as_bytes)).expect("dates");
        (found.order, found.is_guess)
    }

    #[test]
    fn evidence_decides() {
        assert_eq!(order("05/11/2026 1\n20/11/2026 2"), (DayOrder::DayFirst, false));
        assert_eq!(order("05/11/2026 1\n05/20/2026 2"), (DayOrder::MonthFirst, false));
        // Three days in November, or three months.
        assert_eq!(order("[05/11/2026 1\n[06/11/2026 2\n[07/11/2026 3"), (DayOrder::DayFirst, false));
        assert_eq!(order("05/11/2026 1\n05/12/2026 2"), (DayOrder::MonthFirst, false));
        // The turn of a month: the 30th of April is before the 1st of May.
        assert_eq!(order("12/04/2026 1\n01/05/2026 2"), (DayOrder::DayFirst, false));
        assert_eq!(order("05/11/2026 1\n05/11/2026 2"), (DayOrder::MonthFirst, true));
        assert_eq!(day_order([&b"192.0.2.1 - -"[..], b"1/2/x", b""].into_iter()), None);
    }

    #[test]
    fn readers_of_day_first_files_exchange_the_numbers() {
        let lines: [&[u8]; 2] = [b"20/11/2026 10:00:00 one", b"05/12/2026 10:00:00 two"];
        let reader = crate::detect(lines.into_iter()).reader();
        let stamps = lines.map(|l| reader.parse(l).ok().and_then(|r| r.stamp).map(|s| s.to_iso()));
        assert_eq!(stamps[0].as_deref(), Some("2026-11-20T10:00:00"));
        assert_eq!(stamps[1].as_deref(), Some("2026-12-05T10:00:00"));
    }
}
