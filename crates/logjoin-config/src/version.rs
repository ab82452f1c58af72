//! File names that say when a version of a file was made: `nginx.conf.20261121T022715Z`.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while_m_n},
    character::complete::{char, one_of},
    combinator::{map_res, opt, verify},
};

/// Year, month, day, hour, minute, second.
pub type Civil = (i32, u32, u32, u32, u32, u32);

/// Suffixes of compressed files.
const COMPRESSED: &[&str] = &[".gz", ".bz2", ".xz", ".zst", ".lz4"];

/// The time in a file's name, midnight if there is only a date. `None` if the name has none.
///
/// Understood anywhere after the first character of the last path segment: `.20261121T022715Z`,
/// `.2026-11-21T02:27:15Z`, `.bak-2026-11-21`, `-20261121`, `_2026-11-21_02-27-15`, `.20261121022715`.
pub fn version_time(name: &str) -> Option<Civil> {
    versioned(name).map(|(_, time)| time)
}

/// The name without its version, and the version's time: `conf/nginx.conf.bak-2026-11-21` gives `conf/nginx.conf`.
pub fn versioned(name: &str) -> Option<(String, Civil)> {
    let start = name.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let (folder, file) = name.split_at(start);
    let mut found = None;
    let bytes = file.as_bytes();
    for at in 1..bytes.len() {
        if !bytes[at].is_ascii_digit() || bytes[at - 1].is_ascii_digit() {
            continue;
        }
        if let Ok((rest, time)) = stamp(&file[at..]) {
            found = Some((at, rest, time));
        }
    }
    let (at, mut rest, time) = found?;
    for suffix in COMPRESSED {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    let mut base = file[..at].trim_end_matches(['.', '-', '_', '@', '~']);
    for word in ["bak", "backup", "old", "orig", "saved", "before"] {
        let shorter = base.strip_suffix(word).filter(|shorter| shorter.ends_with(['.', '-', '_', '~']));
        base = shorter.map_or(base, |shorter| shorter.trim_end_matches(['.', '-', '_', '~']));
    }
    (!base.is_empty()).then(|| (format!("{folder}{base}{rest}"), time))
}

fn digits<'a>(
    count: usize,
    range: std::ops::RangeInclusive<u32>,
) -> impl Parser<&'a str, Output = u32, Error = nom::error::Error<&'a str>> {
    let number = map_res(take_while_m_n(count, count, |c: char| c.is_ascii_digit()), str::parse::<u32>);
    verify(number, move |value| range.contains(value))
}

fn stamp(input: &str) -> IResult<&str, Civil> {
    let (rest, (year, _, month, _, day)) =
        (digits(4, 1990..=2199), opt(char('-')), digits(2, 1..=12), opt(char('-')), digits(2, 1..=31))
            .parse(input)?;
    let time = (
        opt(one_of("T_-. ")),
        digits(2, 0..=23),
        opt(one_of(":-.")),
        digits(2, 0..=59),
        opt((opt(one_of(":-.")), digits(2, 0..=60))),
    )
        .map(|(_, hour, _, minute, second)| (hour, minute, second.map_or(0, |(_, second)| second)));
    let ended = verify(opt(time), {
        let after_date = rest;
        move |time: &Option<_>| time.is_some() || !after_date.starts_with(|c: char| c.is_ascii_digit())
    });
    let (rest, (time, _)) =
        (ended, opt(alt((tag("Z"), tag("+00:00"), tag("+0000"), tag("UTC"))))).parse(rest)?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(nom::Err::Error(nom::error::Error::new(rest, nom::error::ErrorKind::Digit)));
    }
    let (hour, minute, second) = time.unwrap_or((0, 0, 0));
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > days {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)));
    }
    Ok((rest, (i32::try_from(year).unwrap_or(i32::MAX), month, day, hour, minute, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let moment = (2026, 11, 21, 2, 27, 15);
        let day = (2026, 11, 21, 0, 0, 0);
        for (name, base, time) in [
            ("nginx.conf.20261121T022715Z", "nginx.conf", moment),
            ("a/b/nginx.conf.2026-11-21T02:27:15Z", "a/b/nginx.conf", moment),
            ("nginx.conf.bak-2026-11-21", "nginx.conf", day),
            ("haproxy.cfg-20261121", "haproxy.cfg", day),
            ("httpd.conf.old.20261121022715.gz", "httpd.conf", moment),
            ("httpd_2026-11-21_02-27-15.conf", "httpd.conf", moment),
            ("nginx.conf.20261121T0227", "nginx.conf", (2026, 11, 21, 2, 27, 0)),
            ("nginx.conf~20240229", "nginx.conf", (2024, 2, 29, 0, 0, 0)),
        ] {
            assert_eq!(versioned(name), Some((base.to_owned(), time)), "{name}");
            assert_eq!(version_time(name), Some(time));
        }
    }

    #[test]
    fn other_names() {
        for name in [
            "nginx.conf",
            "nginx.conf.1",
            "a.20261321",
            "a.20260231",
            "a.202611213",
            "20261121/nginx.conf",
            "",
            "é.conf.9",
            "access.log.1795225853",
        ] {
            assert_eq!(version_time(name), None, "{name}");
        }
    }
}
