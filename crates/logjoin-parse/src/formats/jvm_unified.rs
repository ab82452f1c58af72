//! The JVM's own log: unified logging (`-Xlog`) with its decorations in brackets, and the collector's lines before it.

use super::words::{self, is_level, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "jvm-unified",
    title: "the JVM's own log: garbage collection, safepoints, crashes of threads",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "JEP 158; openjdk src/hotspot/share/logging/logDecorators.hpp (default: uptime, level, tags); JDK 8 -XX:+PrintGCDateStamps",
    samples: &[
        "[2026-11-20T10:00:00.123+0000][0.004s][info][gc] Using G1",
        "[12.345s][warning][gc,alloc] pool-1-thread-2: Retried waiting for GCLocker too often",
        "2026-11-20T10:00:00.123+0000: 12.345: [GC (Allocation Failure) 33280K->5112K(125952K), 0.0057 secs]",
        "2026-11-20T10:00:00.123+0000: [Full GC (Ergonomics) 12.3K->1.2K(2K), 4.5 secs]",
    ],
    parse: |line| read(line).ok_or(ParseError::new(0, "[uptime][level][tags] or time: uptime: [GC")),
};

fn read(line: &[u8]) -> Option<Record<'_>> {
    if line.first() == Some(&b'[') { unified(line) } else { dated(line) }
}

/// An uptime or a time, then a level and tags; other decorations (pid, thread) may stand between.
fn unified(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let mut log = LogLine::default();
    let mut stamp = None;
    let mut has_uptime = false;
    for _ in 0..10 {
        if c.eat(b"[").is_none() {
            break;
        }
        let inner = c.until(b']')?.trim_ascii();
        if log.level.is_some() {
            // the tags are the last decoration
            log.logger = text(inner);
            break;
        }
        match Stamp::iso(inner) {
            Some((s, [])) => stamp = stamp.or(Some(s)),
            _ if is_uptime(inner) => {
                has_uptime = true;
                log.extra.push(("uptime".into(), inner.into()));
            }
            _ if is_level(inner) => log.level = text(inner),
            _ => log.pid = log.pid.or(words::pid(inner)),
        }
    }
    let tags = log.logger.as_deref()?;
    let is_tags =
        tags.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b',' | b'_'));
    if !is_tags || !has_uptime && stamp.is_none() {
        return None;
    }
    c.eat(b" ")?;
    log.message = c.rest().into();
    Some(words::log(&FORMAT, stamp, log))
}

/// `0.004s`, `4ms`, `4123456ns`.
fn is_uptime(b: &[u8]) -> bool {
    let n = b.iter().take_while(|c| c.is_ascii_digit() || matches!(c, b'.' | b',')).count();
    n > 0 && matches!(&b[n..], b"s" | b"ms" | b"ns")
}

/// Before JDK 9: `time: [uptime: ][GC …`.
fn dated(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line)?;
    stamp.offset_s?;
    let mut c = Cursor::new(rest);
    c.eat(b": ")?;
    let mut log = LogLine { logger: Some(b"gc"[..].into()), ..LogLine::default() };
    let mut ahead = c;
    let uptime = ahead.run(|b| b.is_ascii_digit() || b == b'.');
    if !uptime.is_empty() && ahead.eat(b": ").is_some() {
        log.extra.push(("uptime".into(), uptime.into()));
        c = ahead;
    }
    if ![&b"[GC"[..], b"[Full GC", b"[CMS", b"Total time for which"].iter().any(|h| c.rest().starts_with(h)) {
        return None;
    }
    log.message = c.rest().into();
    Some(words::log(&FORMAT, Some(stamp), log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn decorations() {
        for (i, level, tags) in [(0, "info", "gc"), (1, "warning", "gc,alloc"), (2, "", "gc"), (3, "", "gc")]
        {
            let r = read(FORMAT.samples[i].as_bytes()).expect(FORMAT.samples[i]);
            assert_eq!(r.stamp.is_some(), i != 1);
            let Body::Log(l) = r.body else { panic!("a message") };
            assert_eq!(l.level.as_deref().unwrap_or_default(), level.as_bytes());
            assert_eq!(l.logger.as_deref(), Some(tags.as_bytes()));
        }
        for not in ["[12.3s] x", "[info][gc] x", "[2026-11-20T10:00:00][INFO ][o.e.X] [n] x", "[1] [INFO] x"]
        {
            assert!(read(not.as_bytes()).is_none(), "{not}");
        }
    }
}
