//! Erlang/OTP: the reports of its logger, whose message stands below a head, and RabbitMQ's one-line layout.

use super::when::day_month;
use super::words::{self, is_level, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "erlang",
    title: "Erlang/OTP reports, one-line logger, RabbitMQ",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "otp lib/kernel/src/logger_formatter.erl (legacy header, single_line); rabbitmq-server rabbit_logger_text_fmt.erl",
    samples: &[
        "=ERROR REPORT==== 20-Nov-2026::10:00:00.123456 ===",
        "2026-11-20 10:00:00.123456+00:00 [error] <0.684.0> closing AMQP connection <0.684.0>",
        "2026-11-20T10:00:00.123456+00:00 error: Supervisor: {local,shop_sup}. Context: child_terminated",
    ],
    parse: |line| {
        read(line).ok_or(ParseError::new(0, "=LEVEL REPORT==== time === or time [level] <process>"))
    },
};

fn read(line: &[u8]) -> Option<Record<'_>> {
    if line.first() == Some(&b'=') { report(line) } else { one_line(line) }
}

/// The head of a report; its text stands in the lines below.
fn report(event: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(event);
    let head = c.before(b'\n');
    let below = c.rest().strip_prefix(b"\n").unwrap_or_default().trim_ascii();
    let mut c = Cursor::new(head);
    c.eat(b"=")?;
    let level = c.until(b' ')?;
    if !is_level(level) {
        return None;
    }
    c.eat(b"REPORT==== ")?;
    // `20-Nov-2026::10:00:00.123456` has two colons where others have one
    let (date, clock) = (c.until_str(b"::")?, c.rest());
    let mut joined = [0u8; 48];
    let n = date.len() + 1 + clock.len();
    let buffer = joined.get_mut(..n)?;
    buffer[..date.len()].copy_from_slice(date);
    buffer[date.len()] = b' ';
    buffer[date.len() + 1..].copy_from_slice(clock);
    let (stamp, rest) = day_month(buffer)?;
    if rest.trim_ascii() != b"===" {
        return None;
    }
    let message = if below.is_empty() { head } else { below };
    let log = LogLine { level: text(level), message: message.into(), ..LogLine::default() };
    Some(words::log(&FORMAT, Some(stamp), log))
}

fn one_line(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line)?;
    stamp.offset_s?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let mut log = LogLine::default();
    if c.eat(b"[").is_some() {
        let level = c.until(b']')?;
        c.eat(b" <")?;
        let process = c.until(b'>')?;
        c.eat(b" ");
        if !process.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            return None;
        }
        (log.level, log.thread) = (text(level), text(process));
    } else {
        let level = c.run(|b| b.is_ascii_lowercase());
        c.eat(b": ")?;
        log.level = text(level);
    }
    if !log.level.as_deref().is_some_and(|l| is_level(l) && l.iter().all(u8::is_ascii_lowercase)) {
        return None;
    }
    log.message = c.rest().into();
    Some(words::log(&FORMAT, Some(stamp), log))
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

    #[test]
    fn heads_and_lines() {
        let (time, l) = log("=ERROR REPORT==== 20-Nov-2026::10:00:00.123456 ===\nconnection refused\n");
        assert_eq!((time.as_str(), &*l.message), ("2026-11-20T10:00:00.123456", &b"connection refused"[..]));
        let (_, l) = log(FORMAT.samples[1]);
        assert_eq!((l.level.as_deref(), l.thread.as_deref()), (Some(&b"error"[..]), Some(&b"0.684.0"[..])));
        let (_, l) = log(FORMAT.samples[2]);
        assert!(l.message.starts_with(b"Supervisor: "));
        for not in
            ["=x", "=ERROR REPORT==== now", "2026-11-20T10:00:00Z oops: x", "2026-11-20 10:00:00 error: x"]
        {
            assert!(read(not.as_bytes()).is_none(), "{not}");
        }
    }
}
