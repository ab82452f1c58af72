//! The last readers: any line that begins with a stamp, and crash messages that cannot be mistaken.

use super::when::any_stamp;
use super::words::{self, is_level, pid, short_request, take_level, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record};

pub(super) static PLAIN: FormatDef = FormatDef {
    id: "plain",
    title: "any line that begins with a stamp",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "no program's own: a stamp, then a level, a process id or a name in brackets where there is one",
    samples: &[
        "2026-11-20T10:00:00.123Z [pebble] Service \"web\" starting",
        "2026-11-20 10:00:00 ERROR could not connect",
        "[2026-11-20 10:00:00] [WARN] slow",
        "20/11/2026 10:00:00.123 [worker-3] done",
        "2025-05-14T04:26:16.491Z [pebble] POST /v1/services 76.46267ms 202",
        "2012-07-02 10:22:40,672:DEBUG:foo bar baz",
        "[2026-11-20 10:00:00.123 INF] Now listening",
        "2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack",
        "[10.30 16:49:06] chrome.exe - proxy.example:5070 open through proxy",
        "@400000006b001a2a075bcd15 starting",
        "[20/Nov/2026:10:00:00 +0000] GET /x 200 12ms",
    ],
    parse: |line| plain(line).ok_or(ParseError::new(0, "a stamp")),
};

fn plain(line: &[u8]) -> Option<Record<'_>> {
    let bracket = line.first() == Some(&b'[');
    let (stamp, rest) = any_stamp(if bracket { &line[1..] } else { line })?;
    let mut log = LogLine::default();
    let mut rest = match rest.strip_prefix(b"]") {
        _ if !bracket => rest,
        Some(after) => after,
        None => {
            // a little more may stand in the stamp's bracket: a zone's name, a pid, a level
            let (inside, after) = closing(rest)?;
            log.level = text(inside).filter(|w| is_level(w));
            after
        }
    };
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // up to four words in brackets, a level among them, in any order
    for _ in 0..4 {
        rest = rest.trim_ascii_start();
        rest = [&b"- "[..], b": ", b":", b"| ", b", ", b";"]
            .iter()
            .find_map(|p| rest.strip_prefix(*p))
            .unwrap_or(rest)
            .trim_ascii_start();
        if log.level.is_none()
            && let Some((level, after)) = take_level(rest).or_else(|| padded_level(rest))
        {
            log.level = text(level);
            rest = after;
            continue;
        }
        let mut c = Cursor::new(rest);
        if c.eat(b"[").is_some()
            && let Some(inner) = c.until(b']').filter(|i| i.len() <= 64)
        {
            match (pid(inner), &log.thread) {
                (Some(p), _) if log.pid.is_none() => log.pid = Some(p),
                (None, None) if !is_level(inner) => log.thread = text(inner),
                _ => break,
            }
            rest = c.rest();
            continue;
        }
        break;
    }
    let message = rest.trim_ascii_start();
    if let Some(mut a) = short_request(message) {
        (a.level, a.pid, a.thread) = (log.level, log.pid, log.thread);
        return Some(words::access(&PLAIN, Some(stamp), Anchor::End, a));
    }
    log.message = message.into();
    Some(words::log(&PLAIN, Some(stamp), log))
}

/// What is left in the bracket of a stamp, and what follows it.
fn closing(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b']', rest.get(..rest.len().min(40))?)?;
    Some((&rest[..end], &rest[end + 1..]))
}

/// A capitalised level that blanks pad to a column: `Info                  CBS`.
fn padded_level(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let n = rest.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let (word, after) = rest.split_at(n);
    (is_level(word) && word[0].is_ascii_uppercase() && after.starts_with(b"   "))
        .then(|| (word, after.trim_ascii_start()))
}

pub(super) static STAMPLESS: FormatDef = FormatDef {
    id: "plain-stampless",
    title: "crash messages without time that only one runtime writes",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "Go runtime/panic.go, Rust library/std/src/panicking.rs, Node src/node_errors.cc, JDK hotspot, CPython traceback, .NET runtime",
    samples: &[
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "fatal error: concurrent map writes",
        "thread 'main' panicked at src/main.rs:4:81:",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "<--- Last few GCs --->",
        "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
        "Unhandled exception. System.InvalidOperationException: gone",
        "Traceback (most recent call last):",
    ],
    parse: |line| stampless(line).ok_or(ParseError::new(0, "a crash message")),
};

fn stampless(line: &[u8]) -> Option<Record<'_>> {
    crate::fold::opens_dump(line)
        .then(|| words::log(&STAMPLESS, None, LogLine { message: line.into(), ..LogLine::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn words_before_the_message() {
        for (i, level, thread, message) in [
            (0, "", "pebble", "Service \"web\" starting"),
            (1, "ERROR", "", "could not connect"),
            (2, "WARN", "", "slow"),
            (3, "", "worker-3", "done"),
            (5, "DEBUG", "", "foo bar baz"),
            (6, "INF", "", "Now listening"),
            (7, "Info", "", "CBS    Loaded Servicing Stack"),
            (8, "", "", "chrome.exe - proxy.example:5070 open through proxy"),
            (9, "", "", "starting"),
        ] {
            let Body::Log(l) = plain(PLAIN.samples[i].as_bytes()).expect(PLAIN.samples[i]).body else {
                panic!("a message")
            };
            assert_eq!(l.level.as_deref().unwrap_or_default(), level.as_bytes(), "{i}");
            assert_eq!(l.thread.as_deref().unwrap_or_default(), thread.as_bytes(), "{i}");
            assert_eq!(&*l.message, message.as_bytes(), "{i}");
        }
        let Body::Access(a) = plain(PLAIN.samples[4].as_bytes()).expect("a request").body else {
            panic!("a request")
        };
        assert_eq!((a.status, a.duration_us), (Some(202), Some(76_462)));
        // gunicorn's `access_log_format` may be `%(t)s %(m)s %(U)s %(s)s %(M)sms`
        let r = plain(PLAIN.samples[10].as_bytes()).expect("a request");
        assert_eq!(r.stamp.and_then(|s| s.offset_s), Some(0));
        let Body::Access(a) = r.body else { panic!("a request") };
        assert_eq!((a.status, a.duration_us, a.path.as_deref()), (Some(200), Some(12_000), Some(&b"/x"[..])));
    }
}
