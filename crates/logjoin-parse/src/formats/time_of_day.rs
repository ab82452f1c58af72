//! Lines that begin with the time of day and no date. The record has no stamp; the time is a field.

use super::words::{self, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Precision, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "time-of-day",
    title: "time without a date: Elixir's Logger, Logback's and Log4j's configuration of last resort, Serilog's console",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "elixir lib/logger/lib/logger/formatter.ex; logback BasicConfigurator; log4j2 DefaultConfiguration; Serilog.Sinks.Console, default output template",
    samples: &[
        "10:00:00.123 [error] GenServer X terminating",
        "10:00:00.123 request_id=F8kxyz0123456789abcd [info] GET /x",
        "10:00:00.123 [main] INFO  com.example.App - started",
        "[10:00:00 INF] Now listening on: http://localhost:5000",
    ],
    parse: |line| time_only(line).ok_or(ParseError::new(0, "time of day and a level")),
};

fn time_only(line: &[u8]) -> Option<Record<'_>> {
    if let Some(inner) = line.strip_prefix(b"[") {
        return in_bracket(inner);
    }
    let (_, rest) = crate::stamp::hms(line)?;
    let (_, precision, rest) = crate::stamp::fraction(rest);
    let time = &line[..line.len() - rest.len()];
    let rest = rest.strip_prefix(b" ")?;
    if precision == Precision::Seconds {
        return None;
    }
    let mut log = LogLine { request_id: words::request_id(rest).and_then(text), ..LogLine::default() };
    let mut words_left = rest;
    // metadata or a thread may stand before the level
    for _ in 0..8 {
        if let Some((level, rest)) = words::take_level(words_left) {
            log.level = text(level);
            log.message = rest.into();
            if let Some(at) = memchr::memmem::find(rest, b" - ").filter(|_| log.thread.is_some()) {
                (log.logger, log.message) = (text(&rest[..at]), rest[at + 3..].into());
            }
            log.extra.push(("time".into(), time.into()));
            return Some(words::log(&FORMAT, None, log));
        }
        let mut c = Cursor::new(words_left.trim_ascii_start());
        if c.eat(b"[").is_some() {
            log.thread = text(c.until(b']')?);
        } else {
            let word = c.until(b' ')?;
            memchr::memchr(b'=', word)?;
        }
        words_left = c.rest();
    }
    None
}

/// `10:00:00 INF] message`.
fn in_bracket(inner: &[u8]) -> Option<Record<'_>> {
    let (_, rest) = crate::stamp::hms(inner)?;
    let (_, _, rest) = crate::stamp::fraction(rest);
    let time = &inner[..inner.len() - rest.len()];
    let mut c = Cursor::new(rest.strip_prefix(b" ")?);
    let level = c.until(b']')?;
    if !words::is_level(level) {
        return None;
    }
    c.eat(b" ");
    let mut log = LogLine { level: text(level), message: c.rest().into(), ..LogLine::default() };
    log.extra.push(("time".into(), time.into()));
    Some(words::log(&FORMAT, None, log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(r: Option<Record<'static>>) -> LogLine<'static> {
        match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn metadata_and_threads_before_the_level() {
        let l = log(time_only(FORMAT.samples[1].as_bytes()));
        assert_eq!((l.level.as_deref(), &*l.message), (Some(&b"info"[..]), &b"GET /x"[..]));
        assert_eq!(l.request_id.as_deref(), Some(&b"F8kxyz0123456789abcd"[..]));
        let l = log(time_only(FORMAT.samples[2].as_bytes()));
        assert_eq!((l.logger.as_deref(), &*l.message), (Some(&b"com.example.App"[..]), &b"started"[..]));
        let l = log(time_only(FORMAT.samples[3].as_bytes()));
        assert_eq!(l.level.as_deref(), Some(&b"INF"[..]));
        assert!(time_only(b"10:00:00.123 hello world").is_none());
    }
}
