//! Time as written. A stamp may lack a year or a zone; resolving it is the reader's work, not the parser's.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// The smallest unit that a stamp was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Precision {
    /// Whole minutes.
    Minutes,
    /// Whole seconds.
    Seconds,
    /// Tenths to thousandths.
    Millis,
    /// Down to microseconds.
    Micros,
    /// Finer.
    Nanos,
}

impl Precision {
    /// The unit, in nanoseconds.
    pub fn unit_ns(self) -> i64 {
        match self {
            Precision::Minutes => 60_000_000_000,
            Precision::Seconds => 1_000_000_000,
            Precision::Millis => 1_000_000,
            Precision::Micros => 1_000,
            Precision::Nanos => 1,
        }
    }

    /// The precision of a fraction of `digits` digits.
    pub fn of_digits(digits: usize) -> Precision {
        match digits {
            0 => Precision::Seconds,
            1..=3 => Precision::Millis,
            4..=6 => Precision::Micros,
            _ => Precision::Nanos,
        }
    }
}

/// A point in time as a log wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// The written date and time read as if its zone were UTC: nanoseconds since 1970-01-01.
    /// A stamp without a year is placed in 1972, a leap year.
    pub wall_ns: i64,
    /// Seconds east of UTC, where the stamp says so (0 for `Z` and for epoch numbers).
    pub offset_s: Option<i32>,
    /// The smallest unit written.
    pub precision: Precision,
    /// Whether the year was written.
    pub has_year: bool,
    /// How much later than written it may have been, seconds. 0 for a time that the line itself has; a line without one
    /// happened between those of its neighbours, and a reader that gives it the former says here how far the latter is.
    pub within_s: u32,
}

/// Years in which logs were or will be written.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2150;
/// The first moment of 1900, and the first after 2150.
const BEGIN_NS: i64 = -2_208_988_800_000_000_000;
const END_NS: i64 = 5_711_817_600_000_000_000;

/// The year in which stamps without one are placed.
pub(crate) const NO_YEAR: i32 = 1972;

const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

impl Stamp {
    /// A stamp of a civil date and time; `None` for dates that do not exist and for years that no log is of (before 1900,
    /// after 2150: any two stamps are then apart by less than 64 bits of nanoseconds hold). A leap second (60) is taken as 59.
    #[allow(clippy::too_many_arguments)]
    pub fn civil(
        year: Option<i32>,
        month: u32,
        day: u32,
        hour: u32,
        minute: u32,
        second: u32,
        nanos: u32,
        precision: Precision,
        offset_s: Option<i32>,
    ) -> Option<Stamp> {
        let year_or_none = year.unwrap_or(NO_YEAR);
        if !YEARS.contains(&year_or_none) {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(year_or_none, month, day)?;
        let time = date.and_hms_nano_opt(hour, minute, second.min(59), nanos)?;
        Some(Stamp {
            wall_ns: time.and_utc().timestamp_nanos_opt()?,
            offset_s,
            precision,
            has_year: year.is_some(),
            within_s: 0,
        })
    }

    /// A stamp of an epoch number, nanoseconds since 1970-01-01 UTC; kept within the years 1900 to 2150.
    pub fn epoch(ns: i64, precision: Precision) -> Stamp {
        Stamp {
            wall_ns: ns.clamp(BEGIN_NS, END_NS),
            offset_s: Some(0),
            precision,
            has_year: true,
            within_s: 0,
        }
    }

    /// The length of time that the stamp allows, nanoseconds: its unit, and [`Stamp::within_s`].
    pub fn width_ns(&self) -> i64 {
        self.precision.unit_ns() + i64::from(self.within_s) * 1_000_000_000
    }

    /// Nanoseconds since the epoch, with `offset_s` where the stamp has no zone of its own.
    /// The year of a stamp without one is not mended here.
    pub fn utc_ns(&self, offset_s: i32) -> i64 {
        self.wall_ns - i64::from(self.offset_s.unwrap_or(offset_s)) * 1_000_000_000
    }

    /// The same moment on the clock of `other`, which the line names too: an epoch number or a `Z` says nothing of the host's
    /// zone, and a written offset does. Two times further apart than any wrong zone would put them are not one event's.
    pub(crate) fn in_zone_of(self, other: &Stamp) -> Stamp {
        const QUARTER: i64 = 900 * 1_000_000_000;
        let apart = (self.utc_ns(0) - other.utc_ns(0)).abs();
        match (self.offset_s, other.offset_s) {
            (Some(0), Some(east)) if east != 0 && self.has_year && other.has_year && apart < QUARTER => {
                Stamp {
                    wall_ns: self.wall_ns + i64::from(east) * 1_000_000_000,
                    offset_s: Some(east),
                    ..self
                }
            }
            _ => self,
        }
    }

    /// The written date and time, without zone.
    pub fn wall(&self) -> NaiveDateTime {
        chrono::DateTime::from_timestamp_nanos(self.wall_ns).naive_utc()
    }

    /// The stamp as ISO 8601, as precise as it was written; without a zone when it has none. A missing
    /// year is written as 1972.
    pub fn to_iso(&self) -> String {
        let digits = match self.precision {
            Precision::Minutes | Precision::Seconds => "%Y-%m-%dT%H:%M:%S",
            Precision::Millis => "%Y-%m-%dT%H:%M:%S%.3f",
            Precision::Micros => "%Y-%m-%dT%H:%M:%S%.6f",
            Precision::Nanos => "%Y-%m-%dT%H:%M:%S%.9f",
        };
        let mut text = self.wall().format(digits).to_string();
        match self.offset_s {
            None => {}
            Some(0) => text.push('Z'),
            Some(s) => {
                let (sign, s) = if s < 0 { ('-', -s) } else { ('+', s) };
                text.push_str(&format!("{sign}{:02}:{:02}", s / 3600, s / 60 % 60));
            }
        }
        text
    }
}

/// Two digits.
fn d2(b: &[u8]) -> Option<u32> {
    match b {
        [a, c] if a.is_ascii_digit() && c.is_ascii_digit() => Some(u32::from((a - b'0') * 10 + (c - b'0'))),
        _ => None,
    }
}

fn d4(b: &[u8]) -> Option<i32> {
    Some((d2(b.get(..2)?)? * 100 + d2(b.get(2..4)?)?) as i32)
}

/// Month from its three-letter English name, in any case.
pub fn month(b: &[u8]) -> Option<u32> {
    let low =
        [b.first()?.to_ascii_lowercase(), b.get(1)?.to_ascii_lowercase(), b.get(2)?.to_ascii_lowercase()];
    MONTHS.iter().position(|m| **m == low).map(|i| i as u32 + 1)
}

/// `HH:MM:SS` at the front; the rest.
#[allow(clippy::type_complexity)] // three numbers and the rest
pub fn hms(b: &[u8]) -> Option<((u32, u32, u32), &[u8])> {
    if b.len() < 8 || b[2] != b':' || b[5] != b':' {
        return None;
    }
    Some(((d2(&b[..2])?, d2(&b[3..5])?, d2(&b[6..8])?), &b[8..]))
}

/// A fraction (`.123` or `,123`) at the front: nanoseconds, precision, the rest. No fraction: zero, seconds.
pub fn fraction(b: &[u8]) -> (u32, Precision, &[u8]) {
    if !matches!(b.first(), Some(b'.' | b',')) {
        return (0, Precision::Seconds, b);
    }
    let n = b[1..].iter().take_while(|c| c.is_ascii_digit()).count();
    if n == 0 {
        return (0, Precision::Seconds, b);
    }
    let mut ns = 0u32;
    for i in 0..9 {
        ns = ns * 10 + if i < n { u32::from(b[1 + i] - b'0') } else { 0 };
    }
    (ns, Precision::of_digits(n), &b[1 + n..])
}

/// A numeric zone at the front (`Z`, `+0200`, `+02:00`, `-07`, `UTC`, `GMT`), possibly after one space: seconds
/// east of UTC and the rest.
pub fn zone(b: &[u8]) -> Option<(i32, &[u8])> {
    let b = b.strip_prefix(b" ").unwrap_or(b);
    if let Some(rest) =
        b.strip_prefix(b"Z").or_else(|| b.strip_prefix(b"UTC")).or_else(|| b.strip_prefix(b"GMT"))
    {
        return (!rest.first().is_some_and(u8::is_ascii_alphanumeric)).then_some((0, rest));
    }
    let sign = match b.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = d2(b.get(1..3)?)? as i32;
    let (minutes, rest) = match &b[3..] {
        [b':', m1, m2, rest @ ..] => (d2(&[*m1, *m2])? as i32, rest),
        [m1, m2, rest @ ..] if m1.is_ascii_digit() => (d2(&[*m1, *m2])? as i32, rest),
        rest => (0, rest),
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    Some((sign * (hours * 3600 + minutes * 60), rest))
}

/// The abbreviation of a zone at the front, possibly after one space, that means one offset wherever it is used:
/// seconds east of UTC and the rest. Names that several zones share (`CST`, `IST`, `BST`, `AST`) mean nothing here.
/// Offsets from the IANA time zone database.
pub fn zone_name(b: &[u8]) -> Option<(i32, &[u8])> {
    let b = b.strip_prefix(b" ").unwrap_or(b);
    let n = b.iter().take(6).take_while(|c| c.is_ascii_uppercase()).count();
    if b.get(n).is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let hours = match &b[..n] {
        b"UTC" | b"GMT" | b"WET" => 0,
        b"CET" | b"WEST" => 1,
        b"CEST" | b"EET" | b"SAST" => 2,
        b"EEST" | b"MSK" => 3,
        b"JST" | b"KST" => 9,
        b"AEST" => 10,
        b"AEDT" => 11,
        b"NZST" => 12,
        b"NZDT" => 13,
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"MDT" => -6,
        b"PDT" | b"MST" => -7,
        b"AKDT" => -8,
        b"AKST" => -9,
        b"HST" => -10,
        _ => return None,
    };
    Some((hours * 3600, &b[n..]))
}

impl Stamp {
    /// `21/Nov/2026:01:50:53[.123456] [+0000]`, the common log format's time, also HAProxy's accept date.
    /// Returns the stamp and what follows it.
    pub fn clf(b: &[u8]) -> Option<(Stamp, &[u8])> {
        let slash = memchr::memchr(b'/', b.get(..3)?)?;
        let day = crate::bytes::uint(&b[..slash])? as u32;
        let b = &b[slash + 1..];
        if b.len() < 17 || b[3] != b'/' || b[8] != b':' {
            return None;
        }
        let (mon, year) = (month(&b[..3])?, d4(&b[4..8])?);
        let ((h, m, s), rest) = hms(&b[9..])?;
        let (ns, precision, rest) = fraction(rest);
        let (offset, rest) = match zone(rest) {
            Some((o, r)) => (Some(o), r),
            None => (None, rest),
        };
        Some((Stamp::civil(Some(year), mon, day, h, m, s, ns, precision, offset)?, rest))
    }

    /// `2026/11/21 01:50:53`, nginx's error log and Go's `log` package (which may add `.123456`); with a hyphen before the time,
    /// Perl's Net::Server.
    pub fn slashed(b: &[u8]) -> Option<(Stamp, &[u8])> {
        if b.len() < 19 || b[4] != b'/' || b[7] != b'/' || !matches!(b[10], b' ' | b'-') {
            return None;
        }
        let (year, mon, day) = (d4(&b[..4])?, d2(&b[5..7])?, d2(&b[8..10])?);
        let ((h, m, s), rest) = hms(&b[11..])?;
        let (ns, precision, rest) = fraction(rest);
        Some((Stamp::civil(Some(year), mon, day, h, m, s, ns, precision, None)?, rest))
    }

    /// `Sat Nov 21 01:59:48[.882323] 2026`, Apache's error log and C's `ctime`.
    pub fn ctime(b: &[u8]) -> Option<(Stamp, &[u8])> {
        if b.len() < 24 || b[3] != b' ' || b[7] != b' ' {
            return None;
        }
        let mon = month(&b[4..7])?;
        let (day, rest) = day_of_month(&b[8..])?;
        let ((h, m, s), rest) = hms(rest)?;
        let (ns, precision, rest) = fraction(rest);
        let rest = rest.strip_prefix(b" ")?;
        let year = d4(rest.get(..4)?)?;
        Some((Stamp::civil(Some(year), mon, day, h, m, s, ns, precision, None)?, &rest[4..]))
    }

    /// `Nov 21 02:08:55[.123]`, RFC 3164 syslog: no year, no zone. A year after the date (`Nov 21 2026 02:08:55`)
    /// is taken where there is one.
    pub fn syslog(b: &[u8]) -> Option<(Stamp, &[u8])> {
        if b.len() < 14 || b[3] != b' ' {
            return None;
        }
        let mon = month(&b[..3])?;
        let (day, rest) = day_of_month(&b[4..])?;
        let (year, rest) = match rest {
            y if y.len() > 5 && y[4] == b' ' && d4(y).is_some() => (d4(y), &y[5..]),
            _ => (None, rest),
        };
        let ((h, m, s), rest) = hms(rest)?;
        let (ns, precision, rest) = fraction(rest);
        Some((Stamp::civil(year, mon, day, h, m, s, ns, precision, None)?, rest))
    }

    /// `2026-11-21T02:08:31[.174962][+00:00]`, also with a space for the `T`, a comma for the point, and
    /// with or without a zone (a zone may stand after one space).
    pub fn iso(b: &[u8]) -> Option<(Stamp, &[u8])> {
        if b.len() < 19 || b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b'T' | b' ' | b't' | b'_') {
            return None;
        }
        let (year, mon, day) = (d4(&b[..4])?, d2(&b[5..7])?, d2(&b[8..10])?);
        let ((h, m, s), rest) = hms(&b[11..])?;
        let (ns, precision, rest) = fraction(rest);
        let (offset, rest) = match zone(rest) {
            Some((o, r)) => (Some(o), r),
            None => (None, rest),
        };
        Some((Stamp::civil(Some(year), mon, day, h, m, s, ns, precision, offset)?, rest))
    }

    /// An epoch number of seconds, milliseconds, microseconds or nanoseconds, told apart by its size, with or
    /// without a fraction (`1795225853.123`). The whole slice must be the number.
    pub fn epoch_number(b: &[u8]) -> Option<Stamp> {
        let (whole, frac) = match memchr::memchr(b'.', b) {
            Some(i) => (&b[..i], &b[i..]),
            None => (b, &b[..0]),
        };
        if whole.len() == 19 {
            return epoch_19(whole);
        }
        let v = crate::bytes::uint(whole)? as i64;
        let (unit, precision) = match whole.len() {
            9..=10 => (1_000_000_000, Precision::Seconds),
            12..=13 => (1_000_000, Precision::Millis),
            15..=16 => (1_000, Precision::Micros),
            18 => (1, Precision::Nanos),
            _ => return None,
        };
        let mut ns = v.checked_mul(unit).filter(|ns| *ns < END_NS)?;
        let mut precision = precision;
        if !frac.is_empty() {
            let (f, p, rest) = fraction(frac);
            if !rest.is_empty() {
                return None;
            }
            ns += i64::from(f) * unit / 1_000_000_000;
            if precision == Precision::Seconds {
                precision = p;
            }
        }
        Some(Stamp::epoch(ns, precision))
    }
}

/// Nanoseconds since the epoch have 19 digits, one more than [`crate::bytes::int`] takes.
fn epoch_19(b: &[u8]) -> Option<Stamp> {
    let text = std::str::from_utf8(b).ok()?;
    Some(Stamp::epoch(text.parse().ok().filter(|ns| *ns < END_NS)?, Precision::Nanos))
}

/// Day of month, of one or two digits or padded with a space, and the space after it.
fn day_of_month(b: &[u8]) -> Option<(u32, &[u8])> {
    let b = b.strip_prefix(b" ").unwrap_or(b);
    let space = memchr::memchr(b' ', b.get(..3)?)?;
    Some((crate::bytes::uint(&b[..space])? as u32, &b[space + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(parsed: Option<(Stamp, &[u8])>) -> (String, String) {
        let (s, rest) = parsed.expect("a stamp");
        (s.to_iso(), String::from_utf8_lossy(rest).into_owned())
    }

    #[test]
    fn every_layout() {
        let case = |a: (String, String), b: &str, r: &str| assert_eq!((a.0.as_str(), a.1.as_str()), (b, r));
        case(iso(Stamp::clf(b"21/Nov/2026:01:50:53 +0100] x")), "2026-11-21T01:50:53+01:00", "] x");
        case(iso(Stamp::clf(b"21/Nov/2026:02:09:07.209] fe")), "2026-11-21T02:09:07.209", "] fe");
        case(iso(Stamp::clf(b"1/Nov/2026:02:09:07 Z")), "2026-11-01T02:09:07Z", "");
        case(iso(Stamp::slashed(b"2026/11/21 01:51:05 [error]")), "2026-11-21T01:51:05", " [error]");
        case(
            iso(Stamp::slashed(b"2026/11/21-01:51:05 Server closing!")),
            "2026-11-21T01:51:05",
            " Server closing!",
        );
        case(iso(Stamp::ctime(b"Sat Nov 21 01:59:48.882323 2026] [")), "2026-11-21T01:59:48.882323", "] [");
        case(iso(Stamp::ctime(b"Sat Nov  1 01:59:48 2026]")), "2026-11-01T01:59:48", "]");
        case(iso(Stamp::syslog(b"Nov  1 02:08:55 lb1 x")), "1972-11-01T02:08:55", " lb1 x");
        case(iso(Stamp::syslog(b"Nov 21 2026 02:08:55 lb1")), "2026-11-21T02:08:55", " lb1");
        case(iso(Stamp::iso(b"2026-11-21 02:46:45,018 INFO")), "2026-11-21T02:46:45.018", " INFO");
        case(iso(Stamp::iso(b"2026-11-21 02:46:44 +0000] [1]")), "2026-11-21T02:46:44Z", "] [1]");
        case(iso(Stamp::iso(b"2026-11-21T02:24:56.950Z  INFO")), "2026-11-21T02:24:56.950Z", "  INFO");
        case(
            iso(Stamp::iso(b"2026-11-21T02:08:31.174962-07:30 m")),
            "2026-11-21T02:08:31.174962-07:30",
            " m",
        );
    }

    #[test]
    fn epochs_are_told_apart_by_size() {
        for text in
            ["1795225853", "1795225853.000", "1795225853000", "1795225853000000", "1795225853000000000"]
        {
            let s = Stamp::epoch_number(text.as_bytes()).expect(text);
            assert_eq!(s.wall_ns, 1_795_225_853_000_000_000, "{text}");
        }
        assert_eq!(Stamp::epoch_number(b"12"), None);
        assert_eq!(Stamp::epoch_number(b"1795225853x"), None);
    }

    #[test]
    fn impossible_dates_are_refused() {
        assert!(Stamp::clf(b"31/Feb/2026:01:50:53 +0000").is_none());
        assert!(Stamp::iso(b"2026-13-01 00:00:00").is_none());
        assert!(Stamp::iso(b"2026-11-21 25:00:00").is_none());
    }
}
