//! Numbers, times and probabilities as people read them: one spelling for all renderers.

use chrono::{DateTime, Utc};

use crate::analysis::Time;

/// A number as reports write it: `1234567` as `1,234,567`.
///
/// ```
/// assert_eq!(logjoin::render::grouped(1_234_567), "1,234,567");
/// ```
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 failure`, `2 failures`, `1,204 failures`: a count with its noun.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// `part` of `whole` in per cent, with as many digits as are worth reading; `-` of nothing.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    percent(part as f64 / whole as f64)
}

/// A ratio in per cent: `0.034 %`, `4.2 %`, `37 %`. Only all is `100 %` and only nothing is `0 %`.
pub fn percent(ratio: f64) -> String {
    let p = ratio * 100.0;
    if p <= 0.0 {
        "0 %".to_owned()
    } else if p < 0.001 {
        "< 0.001 %".to_owned()
    } else if p < 0.1 {
        format!("{p:.3} %")
    } else if p < 1.0 {
        format!("{p:.2} %")
    } else if p < 10.0 || (p > 99.0 && p < 100.0) {
        format!("{:.1} %", if p < 10.0 { p } else { p.min(99.9) })
    } else {
        format!("{p:.0} %")
    }
}

/// A probability: `97 %, very likely`.
pub fn confidence(p: f64) -> String {
    format!("{:.0} %, {}", (p * 100.0).clamp(0.0, 100.0), certainty(p))
}

/// A word for a probability.
pub fn certainty(p: f64) -> &'static str {
    match p {
        p if p >= 0.98 => "almost certain",
        p if p >= 0.85 => "very likely",
        p if p >= 0.65 => "likely",
        p if p >= 0.4 => "possible",
        _ => "weak",
    }
}

/// Seconds as a length of time in its two largest units: `420 ms`, `12.4 s`, `1 min 23 s`, `2 h 5 min`, `3 d 4 h`.
pub fn length(seconds: f64) -> String {
    let s = seconds.abs();
    let sign = if seconds < 0.0 { "-" } else { "" };
    let text = if s < 0.9995 {
        format!("{:.0} ms", s * 1e3)
    } else if s < 59.95 {
        let t = format!("{s:.1}");
        format!("{} s", t.strip_suffix(".0").unwrap_or(&t))
    } else {
        let whole = s.round() as u64;
        let (d, h, m, s) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
        match (d, h) {
            (0, 0) => two(m, "min", s, "s"),
            (0, h) => two(h, "h", m, "min"),
            (d, h) => two(d, "d", h, "h"),
        }
    };
    format!("{sign}{text}")
}

fn two(a: u64, a_unit: &str, b: u64, b_unit: &str) -> String {
    if b == 0 { format!("{a} {a_unit}") } else { format!("{a} {a_unit} {b} {b_unit}") }
}

/// An offset of a clock with its sign: `+41.2 s`, `-3 ms`, `0 s`.
pub fn offset(seconds: f64) -> String {
    if seconds.abs() < 0.000_5 {
        return "0 s".to_owned();
    }
    let text = if seconds.abs() < 0.9995 {
        format!("{:.0} ms", seconds.abs() * 1e3)
    } else if seconds.abs() < 600.0 {
        format!("{:.3} s", seconds.abs())
    } else {
        length(seconds.abs())
    };
    format!("{}{text}", if seconds < 0.0 { "-" } else { "+" })
}

fn utc(t: Time) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(t.0)
}

/// `2026-11-21 01:50:53.120 UTC`.
pub fn moment(t: Time) -> String {
    utc(t).format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

/// `2026-11-21`: the day, in UTC.
pub fn day(t: Time) -> String {
    utc(t).format("%Y-%m-%d").to_string()
}

/// `01:50:53.120`: the time of the day, in UTC.
pub fn clock(t: Time) -> String {
    utc(t).format("%H:%M:%S%.3f").to_string()
}

/// `2026-11-21 01:50:53.120`: the same with its day, where there are several.
pub fn clock_of_day(t: Time) -> String {
    utc(t).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// `2026-11-21 01:50:53 to 01:52:10 UTC`; the second date only where it differs.
pub fn range(start: Time, end: Time) -> String {
    let (a, b) = (utc(start), utc(end));
    let second = if a.date_naive() == b.date_naive() { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    format!("{} to {}", a.format("%Y-%m-%d %H:%M:%S"), b.format(second))
}

/// Bytes: `812 B`, `4.2 kB`, `1.3 GB` (powers of ten).
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" || value >= 99.5 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// `a, b and c`; of many the first eight.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    const MOST: usize = 8;
    match items {
        many if many.len() > MOST => {
            let head: Vec<&str> = many[..MOST].iter().map(AsRef::as_ref).collect();
            format!("{} and {} more", head.join(", "), many.len() - MOST)
        }
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// Counts over time as bars of eighths, the highest being full; a moment without any is a space.
pub fn sparkline(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = counts.iter().copied().max().unwrap_or(0);
    counts
        .iter()
        .map(|&n| match n {
            0 => ' ',
            n => BARS[((u128::from(n) * 8).div_ceil(u128::from(top)) as usize).clamp(1, 8) - 1],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "failure", "failures"), "1 failure");
        assert_eq!(size(4_200), "4.2 kB");
        assert_eq!(size(1_300_000_000), "1.3 GB");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert!(list(&["a"; 30]).ends_with("a, a and 22 more"));
    }

    #[test]
    fn only_all_is_everything() {
        assert_eq!(share(1, 1), "100 %");
        assert_eq!(share(99_999, 100_000), "99.9 %");
        assert_eq!(share(0, 5), "0 %");
        assert_eq!(share(1, 1_000_000_000), "< 0.001 %");
        assert_eq!(share(42, 1000), "4.2 %");
        assert_eq!(share(0, 0), "-");
    }

    #[test]
    fn lengths_have_two_units() {
        assert_eq!(length(0.42), "420 ms");
        assert_eq!(length(12.0), "12 s");
        assert_eq!(length(83.0), "1 min 23 s");
        assert_eq!(length(7_500.0), "2 h 5 min");
        assert_eq!(length(273_600.0), "3 d 4 h");
        assert_eq!(offset(41.2), "+41.200 s");
        assert_eq!(offset(-3600.0), "-1 h");
        assert_eq!(offset(0.0001), "0 s");
    }

    #[test]
    fn a_range_names_a_date_once() {
        let day = 86_400_000_000_000;
        assert_eq!(range(Time(0), Time(1_500_000_000)), "1970-01-01 00:00:00 to 00:00:01 UTC");
        assert_eq!(range(Time(0), Time(day)), "1970-01-01 00:00:00 to 1970-01-02 00:00:00 UTC");
    }

    #[test]
    fn bars_follow_the_counts() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[u64::MAX, 1]), "█▁");
    }
}
