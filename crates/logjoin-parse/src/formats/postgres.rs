//! PostgreSQL's server log: the stderr layout with its usual prefixes, and csvlog.

use super::words::{self, is_level, pid, text};
use crate::bytes::Cursor;
use crate::stamp::zone_name;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "postgresql",
    title: "PostgreSQL server log (stderr and csvlog)",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "PostgreSQL manual, log_line_prefix (default `%m [%p] `), log_error_verbosity and csvlog; src/backend/utils/error/elog.c",
    samples: &[
        "2020-04-15 12:04:45.416 CEST [24981] FATAL:  password authentication failed for user \"root\"",
        "2026-06-19 10:00:02.234 UTC [1235] appuser@myapp LOG:  connection received: host=10.0.1.5 port=54321",
        "2010-10-10 13:50:24 GMT [38626]: [1-1] LOG:  00000: database system was shut down",
        "2021-01-04 01:06:13.270 UTC,,,1,,5ff26a05.1,2,,2021-01-04 01:06:13 UTC,,0,LOG,00000,\"listening on IPv4 address \"\"0.0.0.0\"\", port 5432\",,,,,,,,,\"\",\"postmaster\"",
    ],
    parse: |line| read(line).ok_or(ParseError::new(0, "time zone [pid] LEVEL:  message")),
};

fn read(line: &[u8]) -> Option<Record<'_>> {
    let (mut stamp, rest) = Stamp::iso(line)?;
    let mut c = Cursor::new(rest);
    if let Some((offset, _)) = zone_name(rest) {
        stamp.offset_s = Some(offset);
    }
    c.eat(b" ");
    c.run(|b| b.is_ascii_uppercase());
    if c.eat(b",").is_some() {
        return csv(stamp, c.rest());
    }
    c.eat(b" ");
    c.eat(b"[")?;
    let process = c.run(|b| b.is_ascii_digit());
    c.run(|b| b == b'-' || b.is_ascii_digit());
    c.eat(b"]")?;
    let process = pid(process)?;
    let head = c.rest();
    let colon = memchr::memmem::find(head, b":  ").filter(|i| *i < 200)?;
    let level_at = memchr::memrchr(b' ', &head[..colon]).map_or(0, |i| i + 1);
    let level = &head[level_at..colon];
    if !is_severity(level) || !level.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return None;
    }
    let who = head[..level_at].trim_ascii().strip_prefix(b":").unwrap_or(head[..level_at].trim_ascii());
    let (code, message) = sql_state(&head[colon + 3..]);
    let mut log =
        LogLine { level: text(level), pid: Some(process), message: message.into(), ..LogLine::default() };
    if let Some(at) = memchr::memchr(b'@', who) {
        session(&mut log, &who[..at], &who[at + 1..]);
    }
    if let Some(code) = code {
        log.extra.push(("error_code".into(), code.into()));
    }
    Some(words::log(&FORMAT, Some(stamp), log))
}

fn is_severity(level: &[u8]) -> bool {
    matches!(level, b"DETAIL" | b"HINT" | b"CONTEXT" | b"STATEMENT" | b"LOCATION" | b"QUERY" | b"BACKTRACE")
        || is_level(level)
        || level.starts_with(b"DEBUG")
}

/// With `log_error_verbosity = verbose` five digits or capitals (SQLSTATE) stand before the message.
fn sql_state(message: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match message.get(..7) {
        Some([code @ .., b':', b' '])
            if code.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
                && code[0].is_ascii_digit() | code[1].is_ascii_digit() =>
        {
            (Some(code), &message[7..])
        }
        _ => (None, message),
    }
}

/// User and database. Before a session is known the server writes `[unknown]`.
fn session<'a>(log: &mut LogLine<'a>, user: &'a [u8], database: &'a [u8]) {
    for (name, value) in [("user", user), ("database", database)] {
        let value = if value == b"[unknown]" { &b"unknown"[..] } else { value };
        if let Some(value) = text(value) {
            log.extra.push((name.into(), value));
        }
    }
}

/// Columns after the time: user, database, pid, client, session, line, tag, start, vxid, txid, severity, state, message.
fn csv(stamp: Stamp, mut rest: &[u8]) -> Option<Record<'_>> {
    let mut columns: [&[u8]; 13] = [b""; 13];
    for column in &mut columns {
        let end = if rest.first() == Some(&b'"') {
            let mut i = 1;
            loop {
                // a message of several lines closes its quote in a later one
                let Some(n) = memchr::memchr(b'"', &rest[i..]) else { break rest.len() };
                i += n + 1;
                if rest.get(i) != Some(&b'"') {
                    break i;
                }
                i += 1;
            }
        } else {
            memchr::memchr(b',', rest)?
        };
        let inner = rest[..end].strip_prefix(b"\"");
        *column = inner.map_or(&rest[..end], |c| c.strip_suffix(b"\"").unwrap_or(c));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    if !is_level(columns[10]) && !columns[10].starts_with(b"DEBUG") {
        return None;
    }
    let mut log = LogLine {
        level: text(columns[10]),
        pid: pid(columns[2]),
        message: unquoted(columns[12]),
        ..LogLine::default()
    };
    session(&mut log, columns[0], columns[1]);
    if let Some(code) = text(columns[11]) {
        log.extra.push(("error_code".into(), code));
    }
    Some(words::log(&FORMAT, Some(stamp), log))
}

/// A quoted column doubles its quotes.
fn unquoted(column: &[u8]) -> Text<'_> {
    if memchr::memmem::find(column, b"\"\"").is_none() {
        return column.into();
    }
    let mut out = Vec::with_capacity(column.len());
    let mut rest = column;
    while let Some(i) = memchr::memmem::find(rest, b"\"\"") {
        out.extend_from_slice(&rest[..=i]);
        rest = &rest[i + 2..];
    }
    out.extend_from_slice(rest);
    Text::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(line: &str) -> (String, LogLine<'_>) {
        let r = read(line.as_bytes()).expect(line);
        let Body::Log(l) = r.body else { panic!("a message: {line}") };
        (r.stamp.map(|s| s.to_iso()).unwrap_or_default(), l)
    }

    fn extra(l: &LogLine<'_>, name: &str) -> String {
        let found = l.extra.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
    }

    #[test]
    fn prefixes() {
        let (time, l) = log(FORMAT.samples[0]);
        assert_eq!(time, "2020-04-15T12:04:45.416+02:00");
        assert_eq!((l.pid, l.level.as_deref()), (Some(24981), Some(&b"FATAL"[..])));
        let (_, l) = log(FORMAT.samples[1]);
        assert_eq!((extra(&l, "user"), extra(&l, "database")), ("appuser".into(), "myapp".into()));
        let (_, l) = log(FORMAT.samples[2]);
        assert_eq!(
            (&*l.message, extra(&l, "error_code")),
            (&b"database system was shut down"[..], "00000".into())
        );
        let (_, l) =
            log("2026-06-19 10:00:02.234 UTC [1235] [unknown]@[unknown] LOG:  incomplete startup packet");
        assert_eq!(extra(&l, "user"), "unknown");
        let (time, _) = log("2026-06-19 10:00:02.234 IST [1235] LOG:  x");
        assert_eq!(time, "2026-06-19T10:00:02.234", "a name of several zones is none");
    }

    #[test]
    fn a_word_before_a_colon_is_no_state() {
        let (_, l) = log("2026-06-19 10:00:02.234 UTC [1] ERROR:  ERROR: from a function");
        assert_eq!(&*l.message, b"ERROR: from a function");
    }

    #[test]
    fn csvlog() {
        let (_, l) = log(FORMAT.samples[3]);
        assert_eq!(
            (l.pid, &*l.message),
            (Some(1), &br#"listening on IPv4 address "0.0.0.0", port 5432"#[..])
        );
        let (_, l) = log(
            r#"2021-01-04 01:06:21.083 UTC,"joe","shop",86,"172.24.0.1:45126",5ff26a0c.56,2,"authentication",2021-01-04 01:06:20 UTC,3/1,0,LOG,00000,"connection authorized",,,"#,
        );
        assert_eq!((extra(&l, "user"), extra(&l, "database")), ("joe".into(), "shop".into()));
    }
}
