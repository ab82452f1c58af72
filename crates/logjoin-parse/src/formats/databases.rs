//! Databases and caches as they log themselves: PostgreSQL, MySQL and MariaDB, Redis.

use super::when::{any_stamp, day_month};
use super::words::{self, is_level, pid, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record, Stamp};

pub(super) static POSTGRES: FormatDef = FormatDef {
    id: "postgresql",
    title: "PostgreSQL server log (stderr and csvlog)",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "PostgreSQL manual, log_line_prefix (default `%m [%p] `) and csvlog; src/backend/utils/error/elog.c",
    samples: &[
        "2020-04-15 12:04:45.416 CEST [24981] FATAL:  password authentication failed for user \"root\"",
        "2026-06-19 10:00:02.234 UTC [1235] appuser@myapp LOG:  connection received: host=10.0.1.5 port=54321",
        "2010-10-10 13:50:24 GMT [38626]: [1-1] LOG:  00000: database system was shut down",
        "2021-01-04 01:06:13.270 UTC,,,1,,5ff26a05.1,2,,2021-01-04 01:06:13 UTC,,0,LOG,00000,\"listening on IPv4 address \"\"0.0.0.0\"\", port 5432\",,,,,,,,,\"\",\"postmaster\"",
    ],
    parse: postgres,
};

fn postgres(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_postgres(line).ok_or(ParseError::new(0, "time zone [pid] LEVEL:  message"))
}

fn read_postgres(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line)?;
    // a zone's abbreviation other than UTC and GMT has no sure meaning and is passed over
    let mut c = Cursor::new(rest);
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
    let known = matches!(
        level,
        b"DETAIL" | b"HINT" | b"CONTEXT" | b"STATEMENT" | b"LOCATION" | b"QUERY" | b"BACKTRACE"
    ) || is_level(level.trim_ascii_end())
        || level.starts_with(b"DEBUG");
    if !known || !level.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return None;
    }
    let who = head[..level_at].trim_ascii().strip_prefix(b":").unwrap_or(head[..level_at].trim_ascii());
    let mut log = LogLine {
        level: text(level),
        pid: Some(process),
        message: head[colon + 3..].into(),
        ..LogLine::default()
    };
    if let Some(at) = memchr::memchr(b'@', who) {
        log.extra.push(("user".into(), who[..at].into()));
        log.extra.push(("database".into(), who[at + 1..].into()));
    }
    Some(words::log(&POSTGRES, Some(stamp), log))
}

/// Columns after the time: user, database, pid, client, session, line, tag, start, vxid, txid, severity, state, message.
/// Quoted columns double their quotes, which is left as it is.
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
    let log = LogLine {
        level: text(columns[10]),
        pid: pid(columns[2]),
        message: columns[12].into(),
        ..LogLine::default()
    };
    if !is_level(columns[10]) && !columns[10].starts_with(b"DEBUG") {
        return None;
    }
    Some(words::log(&POSTGRES, Some(stamp), log))
}

pub(super) static MYSQL: FormatDef = FormatDef {
    id: "mysql-error",
    title: "MySQL and MariaDB error log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "MySQL manual, error log format (traditional sink); MariaDB sql/log.cc print_buffer_to_file",
    samples: &[
        "2016-12-09T12:08:33.336610Z 0 [Note] /usr/local/Cellar/mysql/5.7.10/bin/mysqld starting as process 61571 ...",
        "2026-11-20T10:00:00.123456Z 8 [ERROR] [MY-012345] [Server] out of files",
        "161209 14:18:50 [Warning] Using unique option prefix myisam-recover",
        "161209 14:18:50 InnoDB: The InnoDB memory heap is disabled",
        "2026-11-20 10:00:00 8 [ERROR] Aborted connection",
    ],
    parse: mysql,
};

fn mysql(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_mysql(line).ok_or(ParseError::new(0, "time thread [Level] message"))
}

fn read_mysql(line: &[u8]) -> Option<Record<'_>> {
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    let old = line.get(6) == Some(&b' ') && line[..6].iter().all(u8::is_ascii_digit);
    let (stamp, rest) = if old { any_stamp(line)? } else { Stamp::iso(line)? };
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let mut log = LogLine::default();
    if old {
        c.run(|b| b == b' ');
    } else {
        let thread = c.run(|b| b.is_ascii_digit());
        if thread.is_empty() {
            return None;
        }
        c.eat(b" ")?;
        log.thread = text(thread);
    }
    if c.eat(b"[").is_some() {
        let level = c.until(b']')?;
        if !is_level(level) {
            return None;
        }
        c.eat(b" ");
        log.level = text(level);
    } else if !old {
        return None;
    }
    // [MY-012345] [Subsystem], MySQL 8
    if c.rest().starts_with(b"[MY-") {
        c.eat(b"[");
        let code = c.until(b']')?;
        log.extra.push(("code".into(), code.into()));
        if c.eat(b" [").is_some() {
            log.logger = text(c.until(b']')?);
        }
        c.eat(b" ");
    }
    log.message = c.rest().into();
    Some(words::log(&MYSQL, Some(stamp), log))
}

pub(super) static REDIS: FormatDef = FormatDef {
    id: "redis",
    title: "Redis and Valkey log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "redis src/server.c serverLogRaw: pid:role time level; levels . - * #",
    samples: &[
        "26571:M 27 Dec 2018 11:19:18.874 * Synchronization with replica 10.114.208.18:6023 succeeded",
        "4961:M 30 May 12:50:13.457 # WARNING overcommit_memory is set to 0!",
        "[2932] 31 May 04:32:08 * The server is now ready to accept connections on port 6379",
        "30 May 10:05:20 . 0 clients connected (0 slaves), 618932 bytes in use",
        "5092:signal-handler (1496141844) Received SIGINT scheduling shutdown...",
    ],
    parse: redis,
};

fn redis(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_redis(line).ok_or(ParseError::new(0, "pid:role time level message"))
}

fn read_redis(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let mut log = LogLine::default();
    if c.eat(b"[").is_some() {
        log.pid = Some(pid(c.until(b']')?)?);
        c.eat(b" ")?;
    } else {
        let digits = c.run(|b| b.is_ascii_digit());
        if c.eat(b":signal-handler (").is_some() {
            let stamp = Stamp::epoch_number(c.until(b')')?)?;
            c.eat(b" ")?;
            (log.pid, log.message) = (pid(digits), c.rest().into());
            return Some(words::log(&REDIS, Some(stamp), log));
        }
        if c.eat(b":").is_some() {
            let role = c.take(1)?;
            c.eat(b" ")?;
            if !matches!(role[0], b'M' | b'S' | b'C' | b'X') {
                return None;
            }
            (log.pid, log.thread) = (Some(pid(digits)?), text(role));
        } else {
            c = Cursor::new(line);
        }
    }
    let rest = c.rest();
    if rest.get(2).or(rest.get(1))? != &b' ' && rest.get(1)? != &b' ' {
        return None;
    }
    let (stamp, rest) = day_month(rest)?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let level = c.take(1)?;
    if !matches!(level[0], b'.' | b'-' | b'*' | b'#') || stamp.precision > Precision::Millis {
        return None;
    }
    c.eat(b" ")?;
    (log.level, log.message) = (Some(level.into()), c.rest().into());
    Some(words::log(&REDIS, Some(stamp), log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(r: Result<Record<'_>, ParseError>) -> LogLine<'_> {
        match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn postgres_prefixes_and_csv() {
        let l = log(postgres(POSTGRES.samples[0].as_bytes()));
        assert_eq!((l.pid, l.level.as_deref()), (Some(24981), Some(&b"FATAL"[..])));
        let l = log(postgres(POSTGRES.samples[1].as_bytes()));
        assert_eq!(&*l.extra[1].1, b"myapp");
        let l = log(postgres(POSTGRES.samples[3].as_bytes()));
        assert_eq!(
            (l.pid, &*l.message),
            (Some(1), &br#"listening on IPv4 address ""0.0.0.0"", port 5432"#[..])
        );
    }

    #[test]
    fn mysql_of_three_ages() {
        let l = log(mysql(MYSQL.samples[1].as_bytes()));
        assert_eq!((l.logger.as_deref(), &*l.message), (Some(&b"Server"[..]), &b"out of files"[..]));
        assert_eq!(log(mysql(MYSQL.samples[3].as_bytes())).level, None);
        assert!(mysql(b"2026-11-20 10:00:00 INFO x").is_err());
    }

    #[test]
    fn redis_of_three_ages() {
        let l = log(redis(REDIS.samples[0].as_bytes()));
        assert_eq!(
            (l.pid, l.thread.as_deref(), l.level.as_deref()),
            (Some(26571), Some(&b"M"[..]), Some(&b"*"[..]))
        );
        assert_eq!(log(redis(REDIS.samples[2].as_bytes())).pid, Some(2932));
        assert!(redis(b"30 May 2026 10:00:00 up").is_err());
    }
}
