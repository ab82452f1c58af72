//! Times, lengths of time and zones as people type them. Pure: the present is a parameter.
//!
//! | typed | means |
//! | --- | --- |
//! | `2026-11-21T01:50:53Z`, `2026-11-21 01:50`, `2026-11-21` | that moment; UTC unless a zone follows |
//! | `14:00`, `today 14:00`, `yesterday 14:00`, `now` | on the day of the present, in UTC or the zone that follows |
//! | `2h`, `1d12h`, `90min` (also with `ago` or a minus) | that long before the present |
//! | `+15m` | that long after the other end of the range |
//! | `@1795225800` | seconds since 1970 |
//!
//! A zone is `Z`, `UTC`, `+01:00`, `+0100` or a name of the zone database (`Europe/Berlin`).

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use logjoin::options::Zone;

/// What was not understood, and what would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeError(String);

impl std::fmt::Display for TimeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimeError {}

fn wrong<T>(message: String) -> Result<T, TimeError> {
    Err(TimeError(message))
}

/// The moment of a wall clock. Where a clock was set back the first of two is meant; where it was set forward, the
/// offset before the gap holds.
fn of_wall(zone: Zone, wall: NaiveDateTime) -> Option<i64> {
    let ns = wall.and_utc().timestamp_nanos_opt()?;
    ns.checked_sub(i64::from(zone.at_wall(ns).earlier()) * 1_000_000_000)
}

/// Reads a zone.
pub(crate) fn zone(text: &str) -> Result<Zone, TimeError> {
    text.parse().map_err(|e: logjoin::options::ZoneError| TimeError(e.to_string()))
}

/// An offset at the end of a time, seconds east of UTC.
fn fixed_offset(text: &str) -> Option<i32> {
    match text.parse() {
        Ok(Zone::Fixed(s)) if text.starts_with(['+', '-']) => Some(s),
        _ => None,
    }
}

/// Reads a length of time, nanoseconds: `90`, `1.5h`, `1d12h`, `15 min`. A bare number is seconds.
pub(crate) fn length(text: &str) -> Result<i64, TimeError> {
    let expected =
        || TimeError(format!("{text:?} is no length of time: expected something like 90s, 15m, 2h or 1d12h"));
    let mut rest = text.trim();
    let mut total: f64 = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| expected())?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic() && c != 'µ').unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" if parts == 0 && rest.is_empty() => 1.0,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "week" | "weeks" => 604_800.0,
            _ => return Err(expected()),
        };
        rest = rest[letters..].trim_start();
        total += number * unit;
        parts += 1;
    }
    // A century is more than any archive holds and far from what nanoseconds can count.
    if parts == 0 || total > 3.2e9 { Err(expected()) } else { Ok((total * 1e9).round() as i64) }
}

/// Reads a signed offset of a clock, seconds: `+41.2`, `-3s`, `500ms`.
pub(crate) fn offset_s(text: &str) -> Result<f64, TimeError> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    Ok(sign * length(rest)? as f64 / 1e9)
}

/// Reads a moment, nanoseconds since 1970 in UTC. `other` is the other end of the range, for `+15m`.
pub(crate) fn moment(text: &str, now_ns: i64, other: Option<i64>) -> Result<i64, TimeError> {
    let text = text.trim();
    if text == "now" {
        return Ok(now_ns);
    }
    if let Some(rest) = text.strip_prefix('+') {
        let Some(other) = other else {
            return wrong(format!("{text:?} is relative to the start of the range: give --since as well"));
        };
        return Ok(other.saturating_add(length(rest)?));
    }
    if let Some(rest) = text.strip_prefix('@') {
        let seconds: f64 =
            rest.parse().map_err(|_| TimeError(format!("{text:?}: expected seconds after @")))?;
        return if seconds.abs() < 9e9 {
            Ok((seconds * 1e9) as i64)
        } else {
            wrong(format!("{text:?} is out of range"))
        };
    }
    let ago = text.strip_suffix("ago").or_else(|| text.strip_prefix('-')).unwrap_or(text);
    if let Ok(back) = length(ago)
        && !ago.trim().bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return Ok(now_ns.saturating_sub(back));
    }
    match calendar(text, now_ns) {
        Some(ns) => Ok(ns),
        None => wrong(format!(
            "{text:?} is no time: expected 2026-11-21T01:50:00Z, \"2026-11-21 01:50 Europe/Berlin\", \
             \"yesterday 14:00\", 14:00, 2h (ago) or @seconds"
        )),
    }
}

fn calendar(text: &str, now_ns: i64) -> Option<i64> {
    let (body, zone) = split_zone(text);
    let today = || {
        let wall = i128::from(now_ns) + i128::from(zone.offset_at(now_ns)) * 1_000_000_000;
        Some(DateTime::<Utc>::from_timestamp_nanos(i64::try_from(wall).ok()?).date_naive())
    };
    let words: Vec<&str> = body.split([' ', 'T', 't']).filter(|w| !w.is_empty()).collect();
    // `today` and `yesterday` hold a `t` themselves.
    let (day, rest) = if let Some(rest) = body.strip_prefix("today") {
        (today()?, rest.trim())
    } else if let Some(rest) = body.strip_prefix("yesterday") {
        (today()?.checked_sub_days(Days::new(1))?, rest.trim())
    } else {
        match words.as_slice() {
            [day] if day.contains('-') => (NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?, ""),
            [day, time] => (NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?, *time),
            [time] => (today()?, *time),
            _ => return None,
        }
    };
    let time = if rest.is_empty() { NaiveTime::MIN } else { clock(rest)? };
    of_wall(zone, day.and_time(time))
}

/// `14:00`, `14:00:05`, `14:00:05.250`.
fn clock(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S%.f"].iter().find_map(|f| NaiveTime::parse_from_str(text, f).ok())
}

/// Splits the zone off the end; UTC when there is none.
fn split_zone(text: &str) -> (&str, Zone) {
    if let Some((body, last)) = text.rsplit_once(' ')
        && let Ok(z) = zone(last)
    {
        return (body.trim_end(), z);
    }
    if let Some(body) = text.strip_suffix(['Z', 'z']) {
        return (body, Zone::Fixed(0));
    }
    // An offset can only follow a time of the day: the dashes of a date are no signs.
    if let Some(colon) = text.find(':')
        && let Some(at) = text[colon..].find(['+', '-'])
        && let Some(s) = fixed_offset(&text[colon + at..])
    {
        return (&text[..colon + at], Zone::Fixed(s));
    }
    (text, Zone::Fixed(0))
}

/// From and to, nanoseconds; an end that is not asked for is open.
pub(crate) type Range = (Option<i64>, Option<i64>);

/// The range that `--since`, `--until` and `--around` ask for.
pub(crate) fn range(
    since: Option<&str>,
    until: Option<&str>,
    around: Option<&str>,
    now_ns: i64,
) -> Result<Range, TimeError> {
    if let Some(around) = around {
        let (time, half) = match around.split_once('±').or_else(|| around.split_once("+-")) {
            Some((time, half)) => (time, length(half)?),
            None => (around, 15 * 60 * 1_000_000_000),
        };
        let middle = moment(time, now_ns, None)?;
        return Ok((Some(middle.saturating_sub(half)), Some(middle.saturating_add(half))));
    }
    let since = since.map(|t| moment(t, now_ns, None)).transpose()?;
    let until = until.map(|t| moment(t, now_ns, since)).transpose()?;
    match (since, until) {
        (Some(s), Some(u)) if s >= u => wrong("--since must be earlier than --until".to_owned()),
        range => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:30:00 UTC.
    const NOW: i64 = 1_795_253_400_000_000_000;

    fn at(text: &str) -> String {
        match moment(text, NOW, Some(NOW - 3_600_000_000_000)) {
            Ok(ns) => DateTime::from_timestamp_nanos(ns).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn moments() {
        for (typed, meant) in [
            ("now", "2026-11-21T09:30:00Z"),
            ("2026-11-21T01:50:53Z", "2026-11-21T01:50:53Z"),
            ("2026-11-21T01:50:53.250+01:00", "2026-11-21T00:50:53.250Z"),
            ("2026-11-21 01:50", "2026-11-21T01:50:00Z"),
            ("2026-11-21 01:50 -0330", "2026-11-21T05:20:00Z"),
            ("2026-11-21 01:50 Europe/Berlin", "2026-11-21T00:50:00Z"),
            ("2026-07-21 01:50 Europe/Berlin", "2026-07-20T23:50:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("14:00", "2026-11-21T14:00:00Z"),
            ("today 14:00", "2026-11-21T14:00:00Z"),
            ("today", "2026-11-21T00:00:00Z"),
            ("yesterday 14:00", "2026-11-20T14:00:00Z"),
            ("yesterday 14:00 +02:00", "2026-11-20T12:00:00Z"),
            ("yesterday", "2026-11-20T00:00:00Z"),
            ("2h", "2026-11-21T07:30:00Z"),
            ("1d12h", "2026-11-19T21:30:00Z"),
            ("90 min ago", "2026-11-21T08:00:00Z"),
            ("-15m", "2026-11-21T09:15:00Z"),
            ("+15m", "2026-11-21T08:45:00Z"),
            ("@1795225800", "2026-11-21T01:50:00Z"),
        ] {
            assert_eq!(at(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for typed in [
            "",
            "tomorrow-ish",
            "25:00",
            "2026-13-01",
            "15",
            "2026-11-21 01:50 Mars/Base",
            "@x",
            "1y",
            "@1e300",
            "9999999999h",
        ] {
            assert!(moment(typed, NOW, None).is_err(), "{typed:?}");
        }
        assert!(at("noon").contains("expected 2026-"));
        assert!(moment("+15m", NOW, None).unwrap_err().to_string().contains("--since"));
    }

    #[test]
    fn a_clock_set_forward_or_back_still_gives_a_moment() {
        // Berlin had no 02:30 on 2026-03-29, and two of them on 2026-10-25.
        assert_eq!(at("2026-03-29 02:30 Europe/Berlin"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-10-25 02:30 Europe/Berlin"), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn lengths_offsets_and_zones() {
        assert_eq!(length("90"), Ok(90_000_000_000));
        assert_eq!(length("1.5h"), Ok(5_400_000_000_000));
        assert_eq!(length("250ms"), Ok(250_000_000));
        assert!(
            length("").is_err() && length("5x").is_err() && length("1h30").is_err() && length("h").is_err()
        );
        assert_eq!(offset_s("-41.2s"), Ok(-41.2));
        assert_eq!(offset_s("+500ms"), Ok(0.5));
        assert_eq!(zone("+0530"), Ok(Zone::Fixed(19_800)));
        assert_eq!(zone("-3"), Ok(Zone::Fixed(-10_800)));
        assert!(zone("+99:00").is_err() && zone("Nowhere").is_err());
    }

    #[test]
    fn ranges() {
        let hour = 3_600_000_000_000;
        assert_eq!(
            range(Some("2h"), Some("+15m"), None, NOW),
            Ok((Some(NOW - 2 * hour), Some(NOW - 2 * hour + hour / 4)))
        );
        assert_eq!(range(None, None, Some("now"), NOW), Ok((Some(NOW - hour / 4), Some(NOW + hour / 4))));
        assert_eq!(range(None, None, Some("now ±1h"), NOW), Ok((Some(NOW - hour), Some(NOW + hour))));
        assert!(range(Some("1h"), Some("2h"), None, NOW).is_err());
        assert_eq!(range(None, None, None, NOW), Ok((None, None)));
    }
}
