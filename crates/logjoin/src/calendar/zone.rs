//! Zones: from a wall clock to its offset, with the hour that happens twice.

use chrono::offset::LocalResult;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A zone: a fixed offset, or a place whose offset depends on the date.
///
/// ```
/// use logjoin::options::Zone;
/// assert_eq!("+05:30".parse(), Ok(Zone::Fixed(19_800)));
/// let berlin: Zone = "Europe/Berlin".parse().unwrap();
/// assert_eq!(berlin.offset_at(1_795_253_400_000_000_000), 3600);
/// assert!("Mars/Base".parse::<Zone>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Seconds east of UTC.
    Fixed(i32),
    /// A name of the zone database.
    Named(Tz),
}

/// A wall clock's offset, seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// It happened once.
    Once(i32),
    /// It happened twice, since clocks were set back: the earlier moment's offset, and the later one's.
    Twice(i32, i32),
    /// It never happened, since clocks were set forward: the offset before.
    Never(i32),
}

impl Wall {
    /// The earlier of two.
    pub fn earlier(self) -> i32 {
        match self {
            Wall::Once(o) | Wall::Twice(o, _) | Wall::Never(o) => o,
        }
    }
}

impl Zone {
    /// Seconds east of UTC at a moment, nanoseconds since 1970.
    pub fn offset_at(self, utc_ns: i64) -> i32 {
        match self {
            Zone::Fixed(s) => s,
            Zone::Named(tz) => {
                let t = DateTime::from_timestamp_nanos(utc_ns).naive_utc();
                tz.offset_from_utc_datetime(&t).fix().local_minus_utc()
            }
        }
    }

    /// What a wall clock (nanoseconds since 1970, read as if it were UTC) means here.
    pub fn at_wall(self, wall_ns: i64) -> Wall {
        let tz = match self {
            Zone::Fixed(s) => return Wall::Once(s),
            Zone::Named(tz) => tz,
        };
        let seconds = |o: <Tz as TimeZone>::Offset| o.fix().local_minus_utc();
        match tz.offset_from_local_datetime(&DateTime::from_timestamp_nanos(wall_ns).naive_utc()) {
            LocalResult::Single(o) => Wall::Once(seconds(o)),
            LocalResult::Ambiguous(a, b) => {
                // The larger offset makes the earlier moment.
                let (a, b) = (seconds(a), seconds(b));
                Wall::Twice(a.max(b), a.min(b))
            }
            LocalResult::None => Wall::Never(self.offset_at(wall_ns.saturating_sub(DAY))),
        }
    }
}

impl std::fmt::Display for Zone {
    /// `+01:00`, `Europe/Berlin`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Zone::Fixed(s) => {
                let (sign, s) = if *s < 0 { ('-', -s) } else { ('+', *s) };
                write!(f, "{sign}{:02}:{:02}", s / 3600, s / 60 % 60)
            }
            Zone::Named(tz) => f.write_str(tz.name()),
        }
    }
}

/// What is no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneError(String);

impl std::fmt::Display for ZoneError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is no zone: expected UTC, +01:00 or a name such as Europe/Berlin", self.0)
    }
}

impl std::error::Error for ZoneError {}

impl std::str::FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Zone, ZoneError> {
        let text = text.trim();
        if matches!(text, "Z" | "z" | "UTC" | "utc" | "GMT") {
            return Ok(Zone::Fixed(0));
        }
        let fixed = fixed_offset(text).map(Zone::Fixed);
        fixed.or_else(|| text.parse().ok().map(Zone::Named)).ok_or_else(|| ZoneError(text.to_owned()))
    }
}

/// `+01:00`, `-0330`, `+1`: seconds east of UTC, at most 18 hours.
fn fixed_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((h, m)), _) if m.len() == 2 => (h, m),
        (None, 4) if digits.is_ascii() => digits.split_at(2),
        (None, 1 | 2) => (digits, "0"),
        _ => return None,
    };
    if !hours.bytes().chain(minutes.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (h, m): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (h <= 18 && m < 60).then_some(sign * (h * 3600 + m * 60))
}

/// How the stamps of a source that have no zone are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    Zone(Zone),
    /// The offsets that other stamps showed: from which moment on (UTC), which. Never empty.
    Seen(Vec<(i64, i32)>),
}

impl Rule {
    pub fn at_wall(&self, wall_ns: i64) -> Wall {
        let seen = match self {
            Rule::Zone(z) => return z.at_wall(wall_ns),
            Rule::Seen(seen) => seen,
        };
        let mut fits = (0..seen.len()).filter(|&i| {
            let t = wall_ns - i64::from(seen[i].1) * SECOND;
            (i == 0 || t >= seen[i].0) && seen.get(i + 1).is_none_or(|next| t < next.0)
        });
        match (fits.next(), fits.next()) {
            (Some(i), None) => Wall::Once(seen[i].1),
            (Some(i), Some(j)) => Wall::Twice(seen[i].1, seen[j].1),
            (None, _) => {
                let n = seen.partition_point(|s| s.0 + i64::from(s.1) * SECOND <= wall_ns);
                Wall::Never(seen[n.saturating_sub(1)].1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logjoin_parse::Stamp;

    fn wall(text: &str) -> i64 {
        Stamp::iso(text.as_bytes()).expect("a stamp").0.wall_ns
    }

    #[test]
    fn the_hour_that_happens_twice_and_the_one_that_does_not() {
        let berlin: Zone = "Europe/Berlin".parse().expect("a zone");
        assert_eq!(berlin.at_wall(wall("2026-10-25 01:59:59")), Wall::Once(7200));
        assert_eq!(berlin.at_wall(wall("2026-10-25 02:30:00")), Wall::Twice(7200, 3600));
        assert_eq!(berlin.at_wall(wall("2026-10-25 03:00:00")), Wall::Once(3600));
        assert_eq!(berlin.at_wall(wall("2026-03-29 02:30:00")), Wall::Never(3600));
        assert_eq!(berlin.to_string(), "Europe/Berlin");
        assert_eq!("-0330".parse::<Zone>().map(|z| z.to_string()), Ok("-03:30".to_owned()));
    }

    #[test]
    fn offsets_seen_elsewhere_are_a_zone_too() {
        // 2026-10-25 01:00 UTC.
        let turn = wall("2026-10-25 01:00:00");
        let rule = Rule::Seen(vec![(turn - 86_400 * SECOND, 7200), (turn, 3600)]);
        for (text, expected) in [
            ("2026-10-20 00:00:00", Wall::Once(7200)),
            ("2026-10-25 01:59:59", Wall::Once(7200)),
            ("2026-10-25 02:30:00", Wall::Twice(7200, 3600)),
            ("2026-10-25 03:00:00", Wall::Once(3600)),
        ] {
            assert_eq!(rule.at_wall(wall(text)), expected, "{text}");
        }
        let spring = wall("2026-03-29 01:00:00");
        let rule = Rule::Seen(vec![(spring - SECOND, 3600), (spring, 7200)]);
        assert_eq!(rule.at_wall(wall("2026-03-29 02:30:00")), Wall::Never(3600));
    }
}
