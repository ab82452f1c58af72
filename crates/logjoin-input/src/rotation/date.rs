//! Dates, counts of seconds and TAI64N labels inside file names.

use super::RotationOrder;

/// `@`, 24 hexadecimal digits, and perhaps `.s` or `.u` (s6-log, svlogd and multilog name their closed files
/// so; the label is TAI, of which the first 16 digits are seconds from 2^62, ten ahead of UTC in 1970).
pub(super) fn tai64n_name(name: &str) -> Option<RotationOrder> {
    let label = name.strip_prefix('@')?;
    let hex = label.get(..24)?;
    let tail = &label[24..];
    let sound = hex.bytes().all(|b| b.is_ascii_hexdigit())
        && (tail.is_empty() || tail.starts_with('.') || matches!(tail, "s" | "u" | "t"));
    if !sound {
        return None;
    }
    let label_seconds = u64::from_str_radix(&hex[..16], 16).ok()?;
    let seconds = i64::try_from(label_seconds.checked_sub((1 << 62) + 10)?).ok()?;
    let index = u32::from_str_radix(&hex[16..], 16).ok()?;
    Some(RotationOrder::Stamped { seconds, index })
}

/// The stem and the time of a name that holds a date or a count of seconds.
pub(super) fn dated(name: &str) -> Option<(String, RotationOrder)> {
    let bytes = name.as_bytes();
    let starts =
        (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || is_separator(bytes[at - 1])));
    for start in starts {
        let mut scan = Scan { bytes, at: start };
        let Some(seconds) = scan.stamp() else { continue };
        let index = scan.index().unwrap_or(0);
        // Digits and separators only were passed over, so both cuts are at character boundaries.
        let before = name[..start].trim_end_matches(['-', '_', '.']);
        let after = &name[scan.at..];
        let stem = if before.is_empty() {
            after.trim_start_matches(['-', '_', '.']).to_owned()
        } else {
            format!("{before}{after}")
        };
        return Some((stem, RotationOrder::Stamped { seconds, index }));
    }
    None
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

/// A position in a name that moves only over what was understood.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn stamp(&mut self) -> Option<i64> {
        let start = self.at;
        let found = self.date_and_time().or_else(|| {
            self.at = start;
            self.epoch_seconds()
        });
        // `20261120a7f` is no date: what follows must not go on as a word.
        found.filter(|_| self.bytes.get(self.at).is_none_or(|byte| !byte.is_ascii_alphanumeric()))
    }

    fn date_and_time(&mut self) -> Option<i64> {
        let year = self.digits(4).filter(|year| (1990..2100).contains(year))?;
        let separator = self.bytes.get(self.at).copied().filter(|byte| is_separator(*byte));
        self.skip(separator);
        let month = self.digits(2).filter(|month| (1..=12).contains(month))?;
        let before_day = self.at;
        let day = match separator {
            Some(_) if self.bytes.get(self.at).copied() != separator => None,
            _ => {
                self.skip(separator);
                self.digits(2).filter(|day| (1..=31).contains(day))
            }
        };
        let Some(day) = day else {
            // A month alone needs its hyphen: `2026-11`.
            self.at = before_day;
            return (separator == Some(b'-')).then(|| days(year, month, 1) * 86_400);
        };
        Some(days(year, month, day) * 86_400 + self.time_of_day())
    }

    /// Seconds into the day; 0, and nothing passed over, where none follows.
    fn time_of_day(&mut self) -> i64 {
        let start = self.at;
        if matches!(self.bytes.get(self.at), Some(b'-' | b'_' | b'T')) {
            self.at += 1;
        }
        let parsed = self.clock();
        let whole = parsed.filter(|_| self.bytes.get(self.at).is_none_or(|byte| !byte.is_ascii_digit()));
        if whole.is_none() {
            self.at = start;
        } else if self.bytes.get(self.at) == Some(&b'Z') {
            self.at += 1;
        }
        whole.unwrap_or(0)
    }

    fn clock(&mut self) -> Option<i64> {
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        let mut seconds = hour * 3600;
        for unit in [60, 1] {
            let before = self.at;
            if matches!(self.bytes.get(self.at), Some(b'-' | b'_' | b':' | b'.')) {
                self.at += 1;
            }
            match self.digits(2).filter(|n| *n < 61) {
                Some(n) => seconds += n * unit,
                None => {
                    self.at = before;
                    break;
                }
            }
        }
        Some(seconds)
    }

    fn epoch_seconds(&mut self) -> Option<i64> {
        // From 2001 on these have ten digits; until 2033 the first is a 1.
        self.digits(10).filter(|seconds| (1_000_000_000..2_000_000_000).contains(seconds))
    }

    /// The count of logback, log4j and winston: `.3` at the end or before an extension.
    fn index(&mut self) -> Option<u32> {
        let start = self.at;
        let separator = self.bytes.get(self.at).copied().filter(|byte| is_separator(*byte))?;
        self.skip(Some(separator));
        let len = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let index = if (1..=5).contains(&len) { self.digits(len) } else { None };
        let ends = matches!(self.bytes.get(self.at), None | Some(b'.'));
        let found = index.filter(|_| ends).and_then(|n| u32::try_from(n).ok());
        if found.is_none() {
            self.at = start;
        }
        found
    }

    fn skip(&mut self, separator: Option<u8>) {
        self.at += usize::from(separator.is_some());
    }

    /// Exactly `n` digits; more may follow.
    fn digits(&mut self, n: usize) -> Option<i64> {
        let digits = self.bytes.get(self.at..self.at + n)?;
        let mut value = 0;
        for digit in digits {
            value = value * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
        self.at += n;
        Some(value)
    }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_795_132_800; // 2026-11-20T00:00:00Z

    #[test]
    fn every_way_to_write_a_date_gives_stem_and_time() {
        for (name, stem, seconds, index) in [
            ("access.log-20261120", "access.log", DAY, 0),
            ("access.log-2026112010", "access.log", DAY + 36_000, 0),
            ("access.log-20261120-10", "access.log", DAY + 36_000, 0),
            ("access-20261120.log", "access.log", DAY, 0),
            ("access.log.2026-11-20", "access.log", DAY, 0),
            ("access_log.2026.11.20", "access_log", DAY, 0),
            ("access_log.2026-11-20-10_30_05", "access_log", DAY + 37_805, 0),
            ("access_log.1795132800", "access_log", DAY, 0),
            ("access.log-1795132800", "access.log", DAY, 0),
            ("localhost_access_log.2026-11-20.txt", "localhost_access_log.txt", DAY, 0),
            ("app.2026-11-20.3.log", "app.log", DAY, 3),
            ("app-2026-11-20-3.log", "app.log", DAY, 3),
            ("app.log.2026-11-20.12", "app.log", DAY, 12),
            ("app.log.2026-11-20T10:30:05Z", "app.log", DAY + 37_805, 0),
            ("api-out__2026-11-20_10-30-05.log", "api-out.log", DAY + 37_805, 0),
            ("0.log.20261120-103005", "0.log", DAY + 37_805, 0),
            ("postgresql-2026-11-20_103005.log", "postgresql.log", DAY + 37_805, 0),
            ("20261120_access.log", "access.log", DAY, 0),
            ("access.2026-11.log", "access.log", DAY - 19 * 86_400, 0),
            ("app.log.20261120103005", "app.log", DAY + 37_805, 0),
        ] {
            let expected = Some((stem.to_owned(), RotationOrder::Stamped { seconds, index }));
            assert_eq!(dated(name), expected, "{name}");
        }
    }

    #[test]
    fn other_digits_are_no_dates() {
        for name in
            ["access.log.20261399", "id-20261120a7f.log", "app-123456789012.log", "v2.4.1.log", "é2026"]
        {
            assert_eq!(dated(name), None, "{name}");
        }
    }

    #[test]
    fn tai_labels_become_utc() {
        let expected = RotationOrder::Stamped { seconds: 0x3b4a_39c2 - 10, index: 0x3294_b13c };
        for name in
            ["@400000003b4a39c23294b13c.s", "@400000003b4a39c23294b13c.u", "@400000003b4a39c23294b13c"]
        {
            assert_eq!(tai64n_name(name), Some(expected), "{name}");
        }
        assert_eq!(tai64n_name("@400000003b4a39c23294b13"), None);
        assert_eq!(tai64n_name("@é00000003b4a39c23294b13cxx"), None);
    }
}
