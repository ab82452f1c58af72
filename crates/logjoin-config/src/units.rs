//! Durations and sizes, each proxy's own way of writing them.
//!
//! One grammar, a number and a suffix; the proxies differ in the suffixes they know and in what a
//! bare number means.

use nom::{
    IResult, Parser,
    character::complete::{alpha0, digit1},
    combinator::all_consuming,
    multi::many1,
};

/// A number and the letters after it.
fn amount(input: &str) -> IResult<&str, (&str, &str)> {
    (digit1, alpha0).parse(input)
}

/// nginx: `10s`, `1m30s`, `500ms`, `5` (seconds), `1h 30m` (`ngx_parse_time`), in milliseconds.
pub fn nginx_ms(text: &str) -> Option<u64> {
    let compact: String = text.split_ascii_whitespace().collect();
    let (_, parts) = all_consuming(many1(amount)).parse(compact.as_str()).ok()?;
    let mut total = 0u64;
    for (number, unit) in parts {
        let scale = match unit {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "M" => 2_592_000_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(scale)?)?;
    }
    Some(total)
}

/// httpd (`ap_timeout_parameter_parse`): a number with `ms`, `s`, `min` or `h`; a bare one counts `bare_ms` each.
pub fn httpd_ms(text: &str, bare_ms: u64) -> Option<u64> {
    let (_, (number, unit)) = all_consuming(amount).parse(text).ok()?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" => bare_ms,
        "ms" => 1,
        "s" => 1_000,
        "mi" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

/// HAProxy (`parse_time_err`): milliseconds, or `us`, `ms`, `s`, `m`, `h`, `d`. Part milliseconds round up, as there.
pub fn haproxy_ms(text: &str) -> Option<u64> {
    let (_, (number, unit)) = all_consuming(amount).parse(text).ok()?;
    let number = number.parse::<u64>().ok()?;
    let scale = match unit {
        "us" => return Some(number.div_ceil(1_000)),
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(scale)
}

/// A size in bytes with `k`, `m` or `g`, any case (nginx `ngx_parse_size`, HAProxy `parse_size_err`).
pub fn bytes(text: &str) -> Option<u64> {
    let (_, (number, unit)) = all_consuming(amount).parse(text).ok()?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1u64 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_times() {
        for (text, ms) in [
            ("5", 5_000),
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1h 30m", 5_400_000),
            ("1d", 86_400_000),
            ("0", 0),
        ] {
            assert_eq!(nginx_ms(text), Some(ms), "{text}");
        }
        for text in ["", "s", "10x", "$t", "-1", "99999999999999999999", "9999999999999999d"] {
            assert_eq!(nginx_ms(text), None, "{text}");
        }
    }

    #[test]
    fn httpd_times() {
        assert_eq!(httpd_ms("30", 1000), Some(30_000));
        assert_eq!(httpd_ms("250ms", 1000), Some(250));
        assert_eq!(httpd_ms("2min", 1000), Some(120_000));
        assert_eq!(httpd_ms("1h", 1000), Some(3_600_000));
        assert_eq!(httpd_ms("40", 1), Some(40));
        assert_eq!(httpd_ms("", 1), None);
    }

    #[test]
    fn haproxy_times() {
        assert_eq!(haproxy_ms("4000"), Some(4_000));
        assert_eq!(haproxy_ms("1500us"), Some(2));
        assert_eq!(haproxy_ms("30s"), Some(30_000));
        assert_eq!(haproxy_ms("1m"), Some(60_000));
        assert_eq!(haproxy_ms("1d"), Some(86_400_000));
        assert_eq!(haproxy_ms("${T}"), None);
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("4k"), Some(4096));
        assert_eq!(bytes("16K"), Some(16384));
        assert_eq!(bytes("1g"), Some(1 << 30));
        assert_eq!(bytes("12q"), None);
    }
}
