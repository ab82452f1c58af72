//! Lines that begin with a level and go on with a full stamp: what loggers write whose pattern has the level first.
//!
//! Django's own layout, which has module, process and thread behind the time, is with Python's other ones.

use super::asgi::uvicorn_request;
use super::when::any_stamp;
use super::words::{self, pid, short_request, take_level, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "level-first",
    title: "a level, then a full stamp: patterns of Python's logging, Log4j and Logback, prefixes of Go's log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "CPython Lib/logging/__init__.py (%(levelname)s before %(asctime)s); Log4j 2 and Logback manuals, pattern layouts (%-5p [%d]); dropwizard-logging DropwizardLayout.java; Go log/log.go (SetPrefix)",
    samples: &[
        "[INFO] 2026-11-22 21:13:04,462 shop.api (29304): worker up",
        "WARNING:2026-11-22 21:13:04,462:shop.api:slow",
        "[error] 2026-11-22 21:13:04 - shop.api - no stock",
        "INFO  [2026-11-22 21:13:04,462] org.eclipse.jetty.server.Server: Started @1234ms",
        "WARN  2026-11-22 21:13:04,462 [main] com.example.Cache - eviction rate high",
        " INFO [2026-11-22 21:13:04,462] com.example.Cache - loaded",
        "INFO: 2026/11/22 21:13:04 main.go:42: listening on :8080",
        "[INFO] 2026-11-22 21:13:04,462 GET /cars/742 -> 200 in 16.9 ms",
    ],
    parse: |line| level_first(line).ok_or(ParseError::new(0, "a level, then a stamp")),
};

/// What may stand between two words of such a line.
fn separators(b: &[u8]) -> &[u8] {
    let b = b.trim_ascii_start();
    let after = [&b"- "[..], b"| ", b":", b",", b";"].iter().find_map(|s| b.strip_prefix(*s));
    after.unwrap_or(b).trim_ascii_start()
}

/// Level and stamp, and what follows them.
fn head(line: &[u8]) -> Option<(&[u8], Stamp, &[u8])> {
    // this is asked of every line that no other format reads: the first word tells most of them apart
    let first = line.trim_ascii_start().first()?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'[' | b'<' | b'(')) {
        return None;
    }
    let (level, rest) = take_level(line)?;
    let rest = separators(rest);
    let bracketed = rest.strip_prefix(b"[");
    let at = bracketed.unwrap_or(rest);
    // a bare number of seconds is anybody's number
    at.get(..20.min(at.len())).filter(|b| memchr::memchr(b':', b).is_some())?;
    let (stamp, rest) = any_stamp(at)?;
    let rest = if bracketed.is_some() { rest.strip_prefix(b"]")? } else { rest };
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    Some((level, stamp, rest))
}

/// Whether a line that begins with a blank does so because its level fills five columns to the right (`%5p`).
pub(crate) fn begins_with_padded_level(line: &[u8]) -> bool {
    matches!(line, [b' ', b'I' | b'W', b'N' | b'A', b'F' | b'R', b'O' | b'N', b' ', ..])
        && head(line).is_some()
}

fn level_first(line: &[u8]) -> Option<Record<'_>> {
    let (level, stamp, rest) = head(line)?;
    let mut log = LogLine { level: text(level), ..LogLine::default() };
    let mut rest = separators(rest);
    // thread, process and logger in brackets
    for _ in 0..3 {
        let Some(inner) = rest.strip_prefix(b"[") else { break };
        let Some(end) = memchr::memchr(b']', inner).filter(|n| *n <= 64) else { break };
        match pid(&inner[..end]) {
            Some(p) if log.pid.is_none() => log.pid = Some(p),
            None if log.thread.is_none() => log.thread = text(&inner[..end]),
            _ => break,
        }
        rest = separators(&inner[end + 1..]);
    }
    let message = logger(rest, &mut log).unwrap_or(rest);
    if let Some(mut a) = short_request(message) {
        (a.level, a.pid, a.thread) = (log.level, log.pid, log.thread);
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
    log.message = message.into();
    if let Some(a) = uvicorn_request(&log) {
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
    Some(words::log(&FORMAT, Some(stamp), log))
}

/// `name - message`, `name (123): message`, `name [123]: message`, `a.b.Name: message`, `name:message`,
/// `main.go:42: message`: takes the name and gives the message.
fn logger<'a>(rest: &'a [u8], log: &mut LogLine<'a>) -> Option<&'a [u8]> {
    let mut c = Cursor::new(rest);
    let name = c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'$'));
    if name.is_empty() || name.starts_with(b"/") {
        return None;
    }
    if c.eat(b" - ").is_some() || c.eat(b" -- ").is_some() {
        log.logger = text(name);
        return Some(c.rest());
    }
    if c.eat(b" (").is_some() || c.eat(b" [").is_some() {
        let inner = c.run(|b| !matches!(b, b')' | b']'));
        c.take(1)?;
        if c.eat(b": ").is_none() && c.eat(b" - ").is_none() {
            return None;
        }
        match pid(inner) {
            Some(p) => log.pid = Some(p),
            None => log.thread = text(inner),
        }
        log.logger = text(name);
        return Some(c.rest());
    }
    c.eat(b":")?;
    // Go's Lshortfile has the number of the line behind the file
    if name.ends_with(b".go") {
        let number = c.run(|b| b.is_ascii_digit());
        c.eat(b": ")?;
        log.logger = text(&rest[..name.len() + 1 + number.len()]);
        return Some(c.rest());
    }
    // a word and a colon may begin any message; a class or a module has a point, and `%(name)s:%(message)s` no blank
    let blank = c.eat(b" ").is_some();
    if (blank && memchr::memchr(b'.', name).is_none()) || c.peek() == Some(b'/') {
        return None;
    }
    log.logger = text(name);
    Some(c.rest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn words_behind_the_stamp() {
        for (i, level, logger, pid, message) in [
            (0, "INFO", "shop.api", Some(29304), "worker up"),
            (1, "WARNING", "shop.api", None, "slow"),
            (2, "error", "shop.api", None, "no stock"),
            (3, "INFO", "org.eclipse.jetty.server.Server", None, "Started @1234ms"),
            (4, "WARN", "com.example.Cache", None, "eviction rate high"),
            (5, "INFO", "com.example.Cache", None, "loaded"),
            (6, "INFO", "main.go:42", None, "listening on :8080"),
        ] {
            let r = level_first(FORMAT.samples[i].as_bytes()).expect(FORMAT.samples[i]);
            assert!(r.stamp.is_some_and(|s| s.to_iso().starts_with("2026-11-22T21:13:04")), "{i}");
            let Body::Log(l) = r.body else { panic!("a message") };
            assert_eq!(l.level.as_deref(), Some(level.as_bytes()), "{i}");
            assert_eq!(l.logger.as_deref().unwrap_or_default(), logger.as_bytes(), "{i}");
            assert_eq!((l.pid, &*l.message), (pid, message.as_bytes()), "{i}");
            assert_eq!(l.thread.as_deref(), (i == 4).then_some(&b"main"[..]), "{i}");
        }
        let Body::Access(a) = level_first(FORMAT.samples[7].as_bytes()).expect("a request").body else {
            panic!("a request")
        };
        assert_eq!(
            (a.status, a.duration_us, a.level.as_deref()),
            (Some(200), Some(16_900), Some(&b"INFO"[..]))
        );
    }

    #[test]
    fn a_word_and_a_colon_are_a_message() {
        let line = b"INFO 2026-11-22 21:13:04,462 KeyError: no stock";
        let Body::Log(l) = level_first(line).expect("a line").body else { panic!("a message") };
        assert_eq!((l.logger, &*l.message), (None, &b"KeyError: no stock"[..]));
    }

    #[test]
    fn no_levels_and_no_stamps() {
        for line in [
            "INFO 1795168800 bytes",
            "error 2026-11-22 21:13:04 x",
            "[INFO] started at 2026-11-22 21:13:04",
            "INFORM 2026-11-22 21:13:04 x",
            "[INFO] [2026-11-22 21:13:04",
            "INFO",
            "",
        ] {
            assert!(level_first(line.as_bytes()).is_none(), "{line}");
        }
        assert!(begins_with_padded_level(b" WARN 2026-11-22 21:13:04 x"));
        assert!(!begins_with_padded_level(b" WARN x"));
    }
}
