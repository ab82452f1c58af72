//! Years of stamps without one: RFC 3164 dates, Redis, old Go and Ruby logs.
//!
//! The trick: within a rotated set the order of the lines says how the years follow one another, so one year, known from
//! anywhere, settles all. Each file brings what evidence it has; the best of the set counts, and a file with good evidence
//! of its own is believed before its neighbours.

use chrono::{DateTime, Datelike, NaiveDate};

use crate::plan::Plan;
use crate::trail::{Mark, Trail};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// The first lines of a file may be older than the last ones of the file before it by less than this.
const OVERLAP: i64 = 2 * DAY;
/// A file may be finished by a host whose zone is that far ahead of UTC.
const AHEAD: i64 = 26 * 3600 * SECOND;
/// The year in which parsers place stamps without one.
const NO_YEAR: i32 = 1972;

/// The year of a file's first stamp without one, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Year {
    pub first: i32,
    pub reason: String,
}

/// What the stamps with a year, of all logs, say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub from: i64,
    pub to: i64,
    /// The median over the files.
    pub middle: i64,
}

/// How good a piece of evidence is, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Nothing,
    Told,
    Modified,
    Others,
    Range,
    Packed,
    /// The file was finished just after its last stamp.
    JustWritten,
    /// The other logs have just this time in another year's date.
    OthersInside,
    Name,
    Own,
}

struct Evidence {
    rank: Rank,
    first: i32,
    reason: String,
}

/// Decides for the files of one source, oldest first; `None` for a file whose stamps have years.
pub(super) fn decide(
    plan: &Plan,
    files: &[usize],
    trails: &[Trail],
    known: Option<Known>,
) -> Vec<Option<Year>> {
    // Years since the first stamp of the set, as far as the order tells.
    let mut since = vec![0; files.len()];
    let mut last: Option<(Mark, i32)> = None;
    for (i, f) in files.iter().enumerate() {
        let trail = &trails[*f];
        let Some((from, to)) = trail.undated else { continue };
        if let Some((end, years)) = last {
            since[i] = years + i32::from(end.1.wall_ns - from.1.wall_ns > OVERLAP);
        }
        last = Some((to, since[i] + trail.years_at(to.0)));
    }
    let found: Vec<Option<Evidence>> = files
        .iter()
        .map(|f| trails[*f].undated.is_some().then(|| evidence(plan, *f, &trails[*f], known)))
        .collect();
    let best = (0..files.len())
        .filter(|i| found[*i].is_some())
        .max_by_key(|i| (found[*i].as_ref().map(|e| e.rank), *i));
    found
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let (own, best_at) = (e.as_ref()?, best?);
            let best = found[best_at].as_ref()?;
            if i == best_at || own.rank >= Rank::Packed {
                return Some(Year { first: own.first, reason: own.reason.clone() });
            }
            let first = best.first - since[best_at] + since[i];
            let of = &plan.files[files[best_at]].path;
            Some(Year { first, reason: format!("in the order of its rotation, from {of}: {}", best.reason) })
        })
        .collect()
}

fn evidence(plan: &Plan, file: usize, trail: &Trail, known: Option<Known>) -> Evidence {
    let Some((from, to)) = trail.undated else {
        return Evidence { rank: Rank::Nothing, first: NO_YEAR, reason: String::new() };
    };
    let times = &plan.files[file].times;
    let passed = trail.years_at(to.0);
    let of_last = |rank, year: i32, reason: String| Evidence { rank, first: year - passed, reason };
    let own = trail.dated.map(|(first, last)| {
        let pairs = [(from, first), (from, last), (to, first), (to, last)];
        let (mine, dated) = pairs.into_iter().min_by_key(|(a, b)| a.0.abs_diff(b.0)).unwrap_or((from, first));
        let year = nearest(mine.1.wall_ns, dated.1.wall_ns) - trail.years_at(mine.0);
        Evidence { rank: Rank::Own, first: year, reason: "from other stamps of the file".into() }
    });
    let wall = to.1.wall_ns;
    let named =
        || times.named_ns.map(|t| of_last(Rank::Name, nearest(wall, t), "from the date in its name".into()));
    let inside = || {
        let k = known?;
        let year = nearest(wall, k.middle);
        let t = place(wall, year);
        let is_inside = t >= k.from - DAY && t <= k.to + DAY;
        let rank = if is_inside { Rank::OthersInside } else { Rank::Others };
        Some(of_last(rank, year, "as the other logs have it".into()))
    };
    let written = |t: i64, rank: Rank, reason: String| {
        let year = at_most(wall, t.saturating_add(AHEAD));
        let just = place(wall, year) > t.saturating_sub(AHEAD);
        Some(of_last(if just { Rank::JustWritten } else { rank }, year, reason))
    };
    let packed = || {
        let t = times.packed_ns?;
        written(t, Rank::Packed, format!("its gzip header says that it was written on {}", date(t)))
    };
    let range = || {
        let t = plan.options.until_ns.or(plan.options.since_ns)?;
        Some(of_last(Rank::Range, nearest(wall, t), "from the range of time that was asked for".into()))
    };
    let modified = || {
        let t = times.modified_ns?;
        written(t, Rank::Modified, format!("the file was last changed on {}", date(t)))
    };
    let told = || {
        let year = plan.options.year?;
        Some(of_last(Rank::Told, year, "told".into()))
    };
    let all = [own, named(), inside(), packed(), range(), modified(), told()];
    let mut best = all.into_iter().flatten().max_by_key(|e| e.rank).unwrap_or(Evidence {
        rank: Rank::Nothing,
        first: NO_YEAR,
        reason: "nothing tells".into(),
    });
    // Only a leap year has that day.
    if let Some(line) = trail.leap_day
        && best.rank < Rank::Packed
    {
        let passed = trail.years_at(line);
        while !is_leap(best.first + passed) {
            best.first -= 1;
        }
    }
    best
}

fn is_leap(year: i32) -> bool {
    NaiveDate::from_ymd_opt(year, 2, 29).is_some() || !(1..9999).contains(&year)
}

fn date(ns: i64) -> String {
    DateTime::from_timestamp_nanos(ns).format("%Y-%m-%d").to_string()
}

/// A wall clock of 1972 in another year. The 29th of February is the 1st of March where there is none.
pub(super) fn place(wall_ns: i64, year: i32) -> i64 {
    let first_of = |year: i32, month: u32| {
        NaiveDate::from_ymd_opt(year, month, 1)
            .and_then(|d| d.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_nanos_opt())
            .unwrap_or(0)
    };
    let march = first_of(NO_YEAR, 3);
    let month = if wall_ns < march { 1 } else { 3 };
    wall_ns - first_of(NO_YEAR, month) + first_of(year, month)
}

/// The year in which the wall clock of 1972 is nearest to a moment.
fn nearest(wall_ns: i64, t: i64) -> i32 {
    let year = DateTime::from_timestamp_nanos(t).year();
    (year - 1..=year + 1).min_by_key(|y| (place(wall_ns, *y) - t).abs()).unwrap_or(year)
}

/// The last year in which it is no later than a moment.
fn at_most(wall_ns: i64, t: i64) -> i32 {
    let year = DateTime::from_timestamp_nanos(t).year();
    if place(wall_ns, year) <= t { year } else { year - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logjoin_parse::Stamp;

    fn wall(text: &str) -> i64 {
        Stamp::syslog(text.as_bytes()).expect("a stamp").0.wall_ns
    }

    fn utc(text: &str) -> i64 {
        Stamp::iso(text.as_bytes()).expect("a stamp").0.wall_ns
    }

    #[test]
    fn placing_a_date_in_a_year() {
        for (text, year, expected) in [
            ("Jan  1 00:00:00", 2026, "2026-01-01 00:00:00"),
            ("Feb 28 12:00:00", 2027, "2027-02-28 12:00:00"),
            ("Feb 29 12:00:00", 2028, "2028-02-29 12:00:00"),
            ("Feb 29 12:00:00", 2027, "2027-03-01 12:00:00"),
            ("Mar  1 00:00:00", 2027, "2027-03-01 00:00:00"),
            ("Dec 31 23:59:59", 2024, "2024-12-31 23:59:59"),
        ] {
            assert_eq!(place(wall(text), year), utc(expected), "{text} {year}");
        }
    }

    #[test]
    fn nearest_and_latest_years() {
        assert_eq!(nearest(wall("Dec 31 23:00:00"), utc("2027-01-02 00:00:00")), 2026);
        assert_eq!(nearest(wall("Jan  1 00:05:00"), utc("2026-12-31 00:00:00")), 2027);
        assert_eq!(at_most(wall("Nov 21 01:00:00"), utc("2026-11-21 02:00:00")), 2026);
        assert_eq!(at_most(wall("Nov 22 01:00:00"), utc("2026-11-21 02:00:00")), 2025);
    }
}
