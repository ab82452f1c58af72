//! Databases and caches as they log themselves: MySQL and MariaDB, Redis. PostgreSQL has a file of its own.

use super::when::{any_stamp, day_month};
use super::words::{self, is_level, pid, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record, Stamp};

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
    let old =
        line.get(6) == Some(&b' ') && line.get(9) == Some(&b':') && line[..6].iter().all(u8::is_ascii_digit);
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

pub(super) static MYSQL_SLOW: FormatDef = FormatDef {
    id: "mysql-slow",
    title: "MySQL and MariaDB slow query log; the statement stands below",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "MySQL manual, the slow query log; sql/log.cc File_query_log::write_slow",
    samples: &["# Time: 2026-11-20T10:00:00.123456Z", "# Time: 261120 10:00:00", "# Time: 261120  9:00:00"],
    parse: |line| read_slow(line).ok_or(ParseError::new(0, "# Time: and a time")),
};

/// The head has the time at which the statement ended; its duration stands in `# Query_time:` below.
fn read_slow(event: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(event);
    c.eat(b"# Time: ")?;
    let (stamp, rest) = any_stamp(c.rest())?;
    if !matches!(rest.first(), None | Some(b'\n' | b'\r' | b' ' | b'\t')) {
        return None;
    }
    let below = rest.trim_ascii();
    let message = if below.is_empty() { event } else { below };
    let mut log = LogLine { message: message.into(), ..LogLine::default() };
    if let Some(at) = memchr::memmem::find(below, b"# Query_time: ") {
        let took = below[at + 14..].split(|b| *b == b' ').next().unwrap_or_default();
        log.extra.push(("duration".into(), took.into()));
    }
    let mut r = words::log(&MYSQL_SLOW, Some(stamp), log);
    r.anchor = Anchor::End;
    Some(r)
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
    let level: &[u8] = match level {
        b"." => b"debug",
        b"-" => b"verbose",
        b"*" => b"notice",
        _ => b"warning",
    };
    // The banner and the pieces of a crash report are written raw, without a head: they are no part of the message.
    let message = c.before(b'\n');
    (log.level, log.message) = (Some(level.into()), message.into());
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
    fn mysql_of_three_ages() {
        let l = log(mysql(MYSQL.samples[1].as_bytes()));
        assert_eq!((l.logger.as_deref(), &*l.message), (Some(&b"Server"[..]), &b"out of files"[..]));
        assert_eq!(log(mysql(MYSQL.samples[3].as_bytes())).level, None);
        assert!(mysql(b"2026-11-20 10:00:00 INFO x").is_err());
    }

    #[test]
    fn slow_queries() {
        let event = b"# Time: 2026-11-20T10:00:00.123456Z\n# User@Host: app[app] @ [10.0.0.1]\n# Query_time: 12.5  Lock_time: 0.1\nSELECT 1;";
        let l = log(read_slow(event).ok_or(ParseError::new(0, "")));
        assert_eq!((&*l.extra[0].1, l.message.ends_with(b"SELECT 1;")), (&b"12.5"[..], true));
        assert!(read_slow(b"# Time: soon").is_none());
    }

    #[test]
    fn redis_of_three_ages() {
        let l = log(redis(REDIS.samples[0].as_bytes()));
        assert_eq!(
            (l.pid, l.thread.as_deref(), l.level.as_deref()),
            (Some(26571), Some(&b"M"[..]), Some(&b"notice"[..]))
        );
        assert_eq!(log(redis(REDIS.samples[2].as_bytes())).pid, Some(2932));
        let l = log(redis(b"4961:M 30 May 12:50:13.457 * up\n   _._   "));
        assert_eq!((l.level.as_deref(), &*l.message), (Some(&b"notice"[..]), &b"up"[..]));
        assert!(redis(b"30 May 2026 10:00:00 up").is_err());
    }
}
