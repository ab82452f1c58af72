//! Times in compiled formats: how long one is, and how several parts become one stamp.

use chrono::format::{Parsed, parse_and_remainder};

use super::field::TimeLayout;
use crate::bytes::{decimal_scaled, uint};
use crate::stamp::{NO_YEAR, zone};
use crate::{Precision, Stamp};

/// Bytes of a time at the front of `b`; `None` where none stands.
pub(super) fn length(layout: &TimeLayout, b: &[u8]) -> Option<usize> {
    let digits = |max: usize| b.iter().take(max).take_while(|c| c.is_ascii_digit()).count();
    let some = |n: usize| (n > 0).then_some(n);
    match layout {
        // The usual 26 bytes are known by their marks; the time itself is read when it is stored.
        TimeLayout::Clf if b.len() >= 26 && b[2] == b'/' && b[11] == b':' && b[20] == b' ' => Some(26),
        TimeLayout::Clf => Stamp::clf(b).map(|(_, rest)| b.len() - rest.len()),
        TimeLayout::ClfBare => Stamp::clf(b.get(..20)?).map(|_| 20),
        TimeLayout::ClfMillis => {
            let fraction = match b.get(20) {
                Some(b'.') => 1 + b[21..].iter().take(9).take_while(|c| c.is_ascii_digit()).count(),
                _ => 0,
            };
            (b.len() >= 20 && b[2] == b'/' && b[11] == b':').then_some(20 + fraction)
        }
        TimeLayout::Iso => Stamp::iso(b).map(|(_, rest)| b.len() - rest.len()),
        TimeLayout::IsoBare => {
            Stamp::iso(bare_iso(b)?).map(|(_, rest)| bare_iso(b).map_or(0, <[u8]>::len) - rest.len())
        }
        TimeLayout::Ctime { zone: zoned } => {
            let (_, rest) = Stamp::ctime(b)?;
            let rest = if *zoned { zone(rest)?.1 } else { rest };
            Some(b.len() - rest.len())
        }
        TimeLayout::Msec => {
            let whole = digits(19);
            let fraction = match b.get(whole) {
                Some(b'.') => 1 + b[whole + 1..].iter().take_while(|c| c.is_ascii_digit()).count(),
                _ => 0,
            };
            some(whole).map(|n| n + fraction)
        }
        TimeLayout::Epoch(Precision::Seconds) => some(digits(10)),
        TimeLayout::Epoch(Precision::Millis) => some(digits(13)),
        TimeLayout::Epoch(_) => some(digits(16)),
        TimeLayout::Fraction(Precision::Millis) => some(digits(4)),
        TimeLayout::Fraction(_) => some(digits(9)),
        TimeLayout::Strftime(items) => {
            let text = head(b);
            let rest = parse_and_remainder(&mut Parsed::new(), text, items.iter()).ok()?;
            Some(text.len() - rest.len())
        }
    }
}

/// The date, time and fraction at the front, without a zone that may follow.
fn bare_iso(b: &[u8]) -> Option<&[u8]> {
    let fraction = match b.get(19) {
        Some(b'.' | b',') => 1 + b[20..].iter().take_while(|c| c.is_ascii_digit()).count(),
        _ => 0,
    };
    b.get(..19 + fraction)
}

/// As much of the line as a time can fill, as far as it is text.
fn head(b: &[u8]) -> &str {
    let b = &b[..b.len().min(96)];
    match std::str::from_utf8(b) {
        Ok(s) => s,
        Err(e) => std::str::from_utf8(&b[..e.valid_up_to()]).unwrap_or_default(),
    }
}

/// The parts of a time that one line has.
#[derive(Debug, Default)]
pub(super) struct Parts {
    zoned: Option<Stamp>,
    /// The one with an offset that is not zero: it shows the zone of the host.
    offset: Option<Stamp>,
    local: Option<Stamp>,
    fraction: Option<(i64, Precision)>,
    parsed: Option<Parsed>,
}

impl Parts {
    /// Adds the text of one time field; `None` when it is no time.
    pub fn add(&mut self, layout: &TimeLayout, raw: &[u8]) -> Option<()> {
        let stamp = match layout {
            TimeLayout::Clf | TimeLayout::ClfBare | TimeLayout::ClfMillis => Stamp::clf(raw)?.0,
            TimeLayout::Iso | TimeLayout::IsoBare => Stamp::iso(raw)?.0,
            TimeLayout::Ctime { .. } => {
                let (stamp, rest) = Stamp::ctime(raw)?;
                Stamp { offset_s: zone(rest).map(|(o, _)| o), ..stamp }
            }
            TimeLayout::Msec => {
                let digits = raw.len() - memchr::memchr(b'.', raw).map_or(raw.len(), |i| i + 1);
                Stamp::epoch(decimal_scaled(raw, 9)?, Precision::of_digits(digits))
            }
            TimeLayout::Epoch(p) => {
                Stamp::epoch(i64::try_from(uint(raw)?).ok()?.checked_mul(p.unit_ns())?, *p)
            }
            TimeLayout::Fraction(p) => {
                self.fraction = Some((i64::try_from(uint(raw)?).ok()?.checked_mul(p.unit_ns())?, *p));
                return Some(());
            }
            TimeLayout::Strftime(items) => {
                let parsed = self.parsed.get_or_insert_with(Parsed::new);
                return parse_and_remainder(parsed, std::str::from_utf8(raw).ok()?, items.iter())
                    .ok()
                    .map(|_| ());
            }
        };
        self.keep(stamp);
        Some(())
    }

    fn keep(&mut self, stamp: Stamp) {
        if stamp.offset_s.is_some_and(|o| o != 0) {
            self.offset.get_or_insert(stamp);
        }
        let place = if stamp.offset_s.is_some() { &mut self.zoned } else { &mut self.local };
        if place.is_none_or(|old| (old.has_year, old.precision) < (stamp.has_year, stamp.precision)) {
            *place = Some(stamp);
        }
    }

    /// The one stamp that all parts make.
    pub fn finish(mut self) -> Option<Stamp> {
        let mut zone = None;
        if let Some(parsed) = self.parsed.take() {
            zone = parsed.offset();
            if let Some(stamp) = from_parsed(parsed) {
                self.keep(stamp);
            }
        }
        let mut stamp = match (self.zoned, self.local) {
            (Some(z), Some(l)) if z.precision < l.precision => with_zone_of(l, z),
            (Some(z), _) => z,
            (None, l) => l?,
        };
        stamp.offset_s = stamp.offset_s.or(zone);
        if let Some(offset) = &self.offset {
            stamp = stamp.in_zone_of(offset);
        }
        if let Some((ns, precision)) = self.fraction
            && stamp.precision < precision
        {
            let second = Precision::Seconds.unit_ns();
            stamp.wall_ns = stamp.wall_ns.div_euclid(second) * second + ns.rem_euclid(second);
            stamp.precision = precision;
        }
        Some(stamp)
    }
}

/// The finer local time, with the zone that the coarser one implies: zones are multiples of 15 minutes.
fn with_zone_of(local: Stamp, zoned: Stamp) -> Stamp {
    const QUARTER: i64 = 900 * 1_000_000_000;
    let quarters = (local.wall_ns - zoned.utc_ns(0) + QUARTER / 2).div_euclid(QUARTER);
    if (-18 * 4..=18 * 4).contains(&quarters) {
        Stamp { offset_s: Some(quarters as i32 * 900), ..local }
    } else {
        zoned
    }
}

fn from_parsed(mut parsed: Parsed) -> Option<Stamp> {
    let offset_s = parsed.offset();
    if parsed.timestamp().is_some() && parsed.hour_mod_12().is_none() {
        let ns = parsed.timestamp()?.checked_mul(1_000_000_000)?;
        return Some(Stamp::epoch(ns, Precision::Seconds));
    }
    let has_year = parsed.year().is_some() || parsed.year_mod_100().is_some() || parsed.isoyear().is_some();
    if !has_year {
        parsed.set_year(i64::from(NO_YEAR)).ok()?;
    }
    let precision = match (parsed.second(), parsed.nanosecond()) {
        (None, _) => Precision::Minutes,
        (_, None) => Precision::Seconds,
        (_, Some(_)) => Precision::Micros,
    };
    let wall = parsed.to_naive_date().ok()?.and_time(parsed.to_naive_time().ok()?);
    Some(Stamp { wall_ns: wall.and_utc().timestamp_nanos_opt()?, offset_s, precision, has_year, within_s: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::format::StrftimeItems;

    fn strftime(format: &str) -> TimeLayout {
        TimeLayout::Strftime(StrftimeItems::new(format).parse_to_owned().expect(format))
    }

    #[track_caller]
    fn stamp(parts: &[(TimeLayout, &str)]) -> String {
        let mut all = Parts::default();
        for (layout, text) in parts {
            let line = format!("{text} tail");
            let n = length(layout, line.as_bytes()).expect("a length");
            assert_eq!(&line[..n], *text);
            all.add(layout, text.as_bytes()).expect("a time");
        }
        all.finish().expect("a stamp").to_iso()
    }

    #[test]
    fn single_fields() {
        for (layout, text, iso) in [
            (TimeLayout::Clf, "21/Nov/2026:01:50:53 +0100", "2026-11-21T01:50:53+01:00"),
            (TimeLayout::ClfBare, "21/Nov/2026:01:50:53", "2026-11-21T01:50:53"),
            (TimeLayout::ClfMillis, "21/Nov/2026:02:09:07.209", "2026-11-21T02:09:07.209"),
            (TimeLayout::Iso, "2026-11-21T01:50:53+00:00", "2026-11-21T01:50:53Z"),
            (TimeLayout::IsoBare, "2026-11-21 01:50:53.000001", "2026-11-21T01:50:53.000001"),
            (TimeLayout::Ctime { zone: false }, "Sat Nov 21 01:59:48 2026", "2026-11-21T01:59:48"),
            (TimeLayout::Ctime { zone: true }, "Sat Nov 21 01:59:48 2026 -0330", "2026-11-21T01:59:48-03:30"),
            (TimeLayout::Msec, "1795225853.123", "2026-11-21T01:50:53.123Z"),
            (TimeLayout::Epoch(Precision::Seconds), "1795225853", "2026-11-21T01:50:53Z"),
            (TimeLayout::Epoch(Precision::Micros), "1795225853000007", "2026-11-21T01:50:53.000007Z"),
            (strftime("%Y-%m-%d %H:%M:%S %z"), "2026-11-21 01:50:53 +0200", "2026-11-21T01:50:53+02:00"),
            (strftime("%s"), "1795225853", "2026-11-21T01:50:53Z"),
            (strftime("%b %e %T"), "Nov 21 01:50:53", "1972-11-21T01:50:53"),
        ] {
            assert_eq!(stamp(&[(layout, text)]), iso);
        }
    }

    #[test]
    fn parts_make_one_stamp() {
        let date = || strftime("%d/%b/%Y:%H:%M:%S");
        assert_eq!(
            stamp(&[
                (date(), "21/Nov/2026:02:47:42"),
                (TimeLayout::Fraction(Precision::Micros), "354630"),
                (strftime("%z"), "+0100")
            ]),
            "2026-11-21T02:47:42.354630+01:00"
        );
        assert_eq!(
            stamp(&[(strftime("%F"), "2026-11-21"), (strftime("%H:%M"), "02:47")]),
            "2026-11-21T02:47:00"
        );
        // A local time in milliseconds and the epoch in seconds: the zone follows.
        assert_eq!(
            stamp(&[
                (TimeLayout::ClfMillis, "21/Nov/2026:03:50:53.209"),
                (TimeLayout::Epoch(Precision::Seconds), "1795225853")
            ]),
            "2026-11-21T03:50:53.209+02:00"
        );
        assert_eq!(
            stamp(&[
                (TimeLayout::Clf, "21/Nov/2026:01:50:53 +0000"),
                (TimeLayout::Fraction(Precision::Millis), "007")
            ]),
            "2026-11-21T01:50:53.007Z"
        );
    }

    #[test]
    fn the_finest_time_has_the_zone_that_is_written() {
        let zoned = || (TimeLayout::Iso, "2026-11-21T03:50:53+02:00");
        let epoch = || (TimeLayout::Msec, "1795225853.858");
        for parts in [[zoned(), epoch()], [epoch(), zoned()]] {
            assert_eq!(stamp(&parts), "2026-11-21T03:50:53.858+02:00");
        }
        // HAProxy's `%Ts`, `%ms` and `%tl`.
        assert_eq!(
            stamp(&[
                (TimeLayout::Epoch(Precision::Seconds), "1795225853"),
                (TimeLayout::Fraction(Precision::Millis), "007"),
                (TimeLayout::Clf, "21/Nov/2026:03:50:54 +0200")
            ]),
            "2026-11-21T03:50:53.007+02:00"
        );
        // A zone that is nothing but UTC, and a time of something else.
        let utc = (TimeLayout::Iso, "2026-11-21T01:50:53+00:00");
        assert_eq!(stamp(&[utc, epoch()]), "2026-11-21T01:50:53.858Z");
        let other = (TimeLayout::Clf, "21/Nov/2026:09:50:53 +0200");
        assert_eq!(stamp(&[other, epoch()]), "2026-11-21T01:50:53.858Z");
    }

    #[test]
    fn what_is_no_time_has_no_length() {
        for layout in
            [TimeLayout::Clf, TimeLayout::ClfMillis, TimeLayout::Iso, TimeLayout::Msec, strftime("%F")]
        {
            assert_eq!(length(&layout, b"-"), None, "{layout:?}");
            assert_eq!(length(&layout, b""), None, "{layout:?}");
        }
    }
}
