//! Every layout of time that logs write by default, behind one door: [`any_stamp`] looks at the first
//! bytes and tries only what can begin so.

use crate::bytes::uint;
use crate::stamp::{fraction, hms, month};
use crate::{Precision, Stamp};

/// A stamp of any common layout at the front, and what follows it. Time without a date is not one.
pub(crate) fn any_stamp(b: &[u8]) -> Option<(Stamp, &[u8])> {
    match b.first()? {
        b'0'..=b'9' => {
            let n = b.iter().take(20).take_while(|c| c.is_ascii_digit()).count();
            match (n, b.get(n)?) {
                (4, b'-') => Stamp::iso(b).or_else(|| db2(b)),
                (4, b'/') => Stamp::slashed(b).or_else(|| gin(b)),
                (1 | 2, b'/' | b'-' | b' ') => {
                    Stamp::clf(b).or_else(|| day_month(b)).or_else(|| numeric_day(b))
                }
                (1 | 2, b'.') => numeric_day(b).or_else(|| month_point_day(b)),
                (6, b' ') => two_digit_year(b).or_else(|| short(b)),
                (17, _) => compact_millis(b),
                (8, b'T') => compact(b),
                (10 | 13 | 16 | 19, _) => epoch(b),
                _ => None,
            }
        }
        b'A'..=b'Z' => {
            let weekday = matches!(b.get(..3)?, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun");
            if weekday {
                let rest = &b[3..];
                Stamp::ctime(b)
                    .or_else(|| rest.strip_prefix(b" ").and_then(Stamp::iso))
                    .or_else(|| rest.strip_prefix(b", ").and_then(day_month))
            } else {
                Stamp::syslog(b).or_else(|| month_day_year(b))
            }
        }
        b'@' => tai64n(b),
        _ => None,
    }
}

/// Two digits of each of six numbers without separators, or with one blank after the third.
fn pairs(b: &[u8]) -> Option<[u32; 6]> {
    let mut out = [0; 6];
    let blank = usize::from(b.get(6) == Some(&b' '));
    for (i, v) in out.iter_mut().enumerate() {
        let at = 2 * i + if i > 2 { blank } else { 0 };
        *v = uint(b.get(at..at + 2)?)? as u32;
    }
    Some(out)
}

fn century(year: u32) -> i32 {
    if year >= 69 { 1900 + year as i32 } else { 2000 + year as i32 }
}

/// `081109 203615`, log4j's `yyMMdd HHmmss`, Hadoop before 0.20.
pub(super) fn short(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let [y, mon, d, h, m, s] = pairs(b.get(..13)?)?;
    let rest = &b[13..];
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) || b[6] != b' ' {
        return None;
    }
    Some((Stamp::civil(Some(century(y)), mon, d, h, m, s, 0, Precision::Seconds, None)?, rest))
}

/// `20261120100000123`, log4j's `COMPACT`.
fn compact_millis(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let year = uint(&b[..4])? as i32;
    let [_, mon, d, h, m, s] = pairs(b.get(2..14)?)?;
    let millis = uint(b.get(14..17)?)? as u32;
    let stamp = Stamp::civil(Some(year), mon, d, h, m, s, millis * 1_000_000, Precision::Millis, None)?;
    Some((stamp, &b[17..]))
}

/// `2005-06-03-15.42.50.675872`, DB2's time; its diagnostic log adds minutes east of UTC (`+060`).
pub(super) fn db2(b: &[u8]) -> Option<(Stamp, &[u8])> {
    if b.get(10) != Some(&b'-') || b.get(13) != Some(&b'.') || b.get(16) != Some(&b'.') {
        return None;
    }
    let mut clock = [0u8; 19];
    clock.copy_from_slice(b.get(..19)?);
    (clock[10], clock[13], clock[16]) = (b' ', b':', b':');
    let (mut stamp, _) = Stamp::iso(&clock)?;
    let (ns, precision, rest) = fraction(&b[19..]);
    stamp.wall_ns += i64::from(ns);
    stamp.precision = precision;
    if let [sign @ (b'+' | b'-'), digits @ ..] = rest
        && let Some(minutes) = digits.get(..3).and_then(uint)
    {
        let east = minutes as i32 * 60;
        stamp.offset_s = Some(if *sign == b'-' { -east } else { east });
        return Some((stamp, &rest[4..]));
    }
    Some((stamp, rest))
}

/// `10.30 16:49:06`, month and day without a year (Proxifier).
fn month_point_day(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let (mon, day) = (uint(b.get(..2)?)? as u32, uint(b.get(3..5)?)? as u32);
    clock(None, mon, day, b.get(5..)?.strip_prefix(b" ")?)
}

/// `@400000006553a5ca1dcd6500`: seconds since 1970 plus 2^62, as TAI, which is ten seconds ahead at its zero; leap
/// seconds since are not taken off, as daemontools does not (`multilog t`, `s6-log T`).
fn tai64n(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let digits = std::str::from_utf8(b.get(1..25)?).ok()?;
    let seconds = i64::from_str_radix(&digits[..16], 16).ok()?.checked_sub(1 << 62)?.checked_sub(10)?;
    let nanos = i64::from_str_radix(&digits[16..], 16).ok()?;
    if !(0..10_000_000_000).contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return None;
    }
    let ns = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    Some((Stamp::epoch(ns, Precision::Nanos), &b[25..]))
}

/// `20-Nov-2026 10:00:00.123`, `20 Nov 2026 10:00:00.123`, `20/Nov/2026 10:00:00`, `20 Nov 10:00:00.123`; a
/// zone may follow, as a number or as `UTC`.
pub(super) fn day_month(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let n = b.iter().take(2).take_while(|c| c.is_ascii_digit()).count();
    let day = uint(&b[..n])? as u32;
    let sep = *b.get(n)?;
    if !matches!(sep, b'-' | b' ' | b'/') {
        return None;
    }
    let rest = &b[n + 1..];
    let mon = month(rest)?;
    let rest = &rest[3..];
    let rest = rest.strip_prefix(&[sep])?;
    let (year, rest) = match (rest.get(..4).and_then(uint), rest.get(4)) {
        (Some(y), Some(b' ' | b':')) => (Some(y as i32), &rest[5..]),
        _ if sep == b' ' => (None, rest),
        _ => return None,
    };
    clock(year, mon, day, rest)
}

fn clock(year: Option<i32>, mon: u32, day: u32, rest: &[u8]) -> Option<(Stamp, &[u8])> {
    let ((h, m, s), rest) = hms(rest)?;
    let (ns, precision, rest) = fraction(rest);
    let (offset, rest) = match crate::stamp::zone(rest) {
        Some((o, r)) => (Some(o), r),
        None => (None, rest),
    };
    Some((Stamp::civil(year, mon, day, h, m, s, ns, precision, offset)?, rest))
}

/// `2026/11/20 - 10:00:00`, gin's logger (`logger.go`, `defaultLogFormatter`).
pub(super) fn gin(b: &[u8]) -> Option<(Stamp, &[u8])> {
    if b.len() < 21 || b[4] != b'/' || b[7] != b'/' || &b[10..13] != b" - " {
        return None;
    }
    let (y, m, d) = (uint(&b[..4])?, uint(&b[5..7])?, uint(&b[8..10])?);
    clock(Some(y as i32), m as u32, d as u32, &b[13..])
}

/// `Nov 21, 2026 1:59:21 AM`, `java.util.logging` in an English locale (`SimpleFormatter`).
pub(super) fn month_day_year(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let mon = month(b)?;
    let rest = b.get(3..)?.strip_prefix(b" ")?;
    let comma = memchr::memchr(b',', rest.get(..3)?)?;
    let day = uint(&rest[..comma])? as u32;
    let rest = rest[comma + 1..].strip_prefix(b" ")?;
    let year = uint(rest.get(..4)?)? as i32;
    half_day(year, mon, day, rest.get(4..)?.strip_prefix(b" ")?)
}

/// `1:59:21 AM` or `13:59:21` after a date.
fn half_day(year: i32, mon: u32, day: u32, b: &[u8]) -> Option<(Stamp, &[u8])> {
    let padded;
    let (time, tail) = if b.get(1) == Some(&b':') && b.len() >= 7 {
        padded = [b'0', b[0], b':', b[2], b[3], b[4], b[5], b[6]];
        (&padded[..], &b[7..])
    } else {
        (b.get(..8)?, &b[8..])
    };
    let ((h, m, s), _) = hms(time)?;
    let (ns, precision, tail) = fraction(tail);
    let (h, tail) = match tail {
        [b' ', b'A' | b'a', b'M' | b'm', rest @ ..] => (h % 12, rest),
        [b' ', b'P' | b'p', b'M' | b'm', rest @ ..] => (h % 12 + 12, rest),
        _ => (h, tail),
    };
    Some((Stamp::civil(Some(year), mon, day, h, m, s, ns, precision, None)?, tail))
}

/// `20.11.2026 10:00:00`, `11/20/2026 10:00:00 AM`, `20/11/2026 10:00:00.123`. Points mean day first; slashes
/// mean month first unless the first number is above 12 (a file whose days stay below 13 cannot tell).
fn numeric_day(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let n = b.iter().take(2).take_while(|c| c.is_ascii_digit()).count();
    let sep = *b.get(n)?;
    let rest = &b[n + 1..];
    let k = rest.iter().take(2).take_while(|c| c.is_ascii_digit()).count();
    if !matches!(sep, b'.' | b'/') || rest.get(k) != Some(&sep) {
        return None;
    }
    let (first, second) = (uint(&b[..n])? as u32, uint(&rest[..k])? as u32);
    let rest = &rest[k + 1..];
    let n = rest.iter().take(4).take_while(|c| c.is_ascii_digit()).count();
    let year = match n {
        4 => uint(&rest[..4])? as i32,
        2 => century(uint(&rest[..2])? as u32),
        _ => return None,
    };
    let rest = rest[n..].strip_prefix(b" ").or_else(|| rest[n..].strip_prefix(b", "))?;
    let (mon, day) = if sep == b'.' || first > 12 { (second, first) } else { (first, second) };
    half_day(year, mon, day, rest)
}

/// `261120 10:00:00` and ` 9:00:00`, MySQL before 5.7 and its wrapper script.
fn two_digit_year(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let (y, m, d) = (uint(&b[..2])? as u32, uint(&b[2..4])? as u32, uint(&b[4..6])? as u32);
    let rest = b[7..].strip_prefix(b" ").unwrap_or(&b[7..]);
    half_day(century(y), m, d, rest)
}

/// `20261120T100000,123`, log4j's `ISO8601_BASIC`.
fn compact(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let part = |i: usize, n: usize| b.get(i..i + n).and_then(uint).map(|v| v as u32);
    let (ns, precision, rest) = fraction(b.get(15..)?);
    let stamp = Stamp::civil(
        part(0, 4).map(|y| y as i32),
        part(4, 2)?,
        part(6, 2)?,
        part(9, 2)?,
        part(11, 2)?,
        part(13, 2)?,
        ns,
        precision,
        None,
    )?;
    Some((stamp, rest))
}

/// An epoch number that ends at a blank, a bracket or the end.
fn epoch(b: &[u8]) -> Option<(Stamp, &[u8])> {
    let n = b.iter().take_while(|c| c.is_ascii_digit() || **c == b'.').count();
    let end = b.get(n).is_none_or(|c| matches!(c, b' ' | b'\t' | b']' | b')' | b','));
    if !end || !matches!(b[0], b'1' | b'2') {
        return None;
    }
    let stamp = Stamp::epoch_number(&b[..n])?;
    (stamp.precision != Precision::Minutes).then_some((stamp, &b[n..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_of_the_reference() {
        for (line, iso, rest) in [
            ("2026-11-20T10:00:00.123456789Z x", "2026-11-20T10:00:00.123456789Z", " x"),
            ("2026-11-20 10:00:00,123 x", "2026-11-20T10:00:00.123", " x"),
            ("2026-11-20_10:00:00.12345 x", "2026-11-20T10:00:00.123450", " x"),
            ("20/Nov/2026:10:00:00 +0000 x", "2026-11-20T10:00:00Z", " x"),
            ("20/Nov/2026 10:00:00] x", "2026-11-20T10:00:00", "] x"),
            ("20-Nov-2026 10:00:00.123 INFO", "2026-11-20T10:00:00.123", " INFO"),
            ("20-Nov-2026 10:00:00 UTC] x", "2026-11-20T10:00:00Z", "] x"),
            ("20 Nov 2026 10:00:00.123 * x", "2026-11-20T10:00:00.123", " * x"),
            ("30 May 12:50:13.457 * x", "1972-05-30T12:50:13.457", " * x"),
            ("Fri Nov 20 10:00:00 2026 - x", "2026-11-20T10:00:00", " - x"),
            ("Fri 2026-11-20 10:00:00 UTC web1", "2026-11-20T10:00:00Z", " web1"),
            ("Nov 20 10:00:00 x", "1972-11-20T10:00:00", " x"),
            ("Nov 21, 2026 1:59:21 AM A main", "2026-11-21T01:59:21", " A main"),
            ("Dec 30, 2026 12:30:40 PM A", "2026-12-30T12:30:40", " A"),
            ("2026/11/20 10:00:00.5 x", "2026-11-20T10:00:00.500", " x"),
            ("2026/11/20 - 10:00:00 | x", "2026-11-20T10:00:00", " | x"),
            ("11/20/2026 10:00:00 PM x", "2026-11-20T22:00:00", " x"),
            ("20.11.2026 10:00:00 x", "2026-11-20T10:00:00", " x"),
            ("261120 10:00:00 [ERROR]", "2026-11-20T10:00:00", " [ERROR]"),
            ("261120  9:00:00 [ERROR]", "2026-11-20T09:00:00", " [ERROR]"),
            ("20261120T100000,123 x", "2026-11-20T10:00:00.123", " x"),
            ("1795168800.123 x", "2026-11-20T10:00:00.123Z", " x"),
            ("081109 203615 148 INFO", "2008-11-09T20:36:15", " 148 INFO"),
            ("20261120100000123 x", "2026-11-20T10:00:00.123", " x"),
            ("20/11/26 10:00:00.123 x", "2026-11-20T10:00:00.123", " x"),
            ("10.30 16:49:06] x", "1972-10-30T16:49:06", "] x"),
            ("2005-06-03-15.42.50.675872 x", "2005-06-03T15:42:50.675872", " x"),
            ("2026-11-20-10.00.00.123456+060 x", "2026-11-20T10:00:00.123456+01:00", " x"),
            ("@400000006b001a2a075bcd15 x", "2026-11-20T10:00:00.123456789Z", " x"),
            ("1795168800123 x", "2026-11-20T10:00:00.123Z", " x"),
        ] {
            let (s, r) = any_stamp(line.as_bytes()).expect(line);
            assert_eq!((s.to_iso().as_str(), r), (iso, rest.as_bytes()), "{line}");
        }
    }

    #[test]
    fn no_stamps() {
        for line in ["10:00:00.123 x", "12 apples", "2026", "", "May be", "4294967296 bytes", "1.2.3.4 - -"] {
            assert_eq!(any_stamp(line.as_bytes()), None, "{line}");
        }
    }
}
