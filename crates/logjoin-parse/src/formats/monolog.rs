//! Monolog's line format, which Laravel and Symfony write.

use super::words::{self, is_level, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "monolog",
    title: "Monolog's line format: Laravel, Symfony",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "monolog src/Monolog/Formatter/LineFormatter.php, SIMPLE_FORMAT",
    samples: &[
        r#"[2025-01-02 11:19:06] laravel.EMERGENCY: Unable to create configured logger. {"exception":"[object] (Error(code: 0): gone at /a.php:1)"#,
        "[2026-11-20T10:00:00.123456+00:00] app.ERROR: boom {\"request_id\":\"8601b555\"} []",
    ],
    parse: |line| monolog(line).ok_or(ParseError::new(0, "[time] channel.LEVEL: message")),
};

fn monolog(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line.strip_prefix(b"[")?)?;
    let mut c = Cursor::new(rest.strip_prefix(b"] ")?);
    let channel = c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    c.eat(b".")?;
    let level = c.run(|b| b.is_ascii_uppercase());
    c.eat(b": ")?;
    if channel.is_empty() || !is_level(level) {
        return None;
    }
    let log =
        LogLine { level: text(level), logger: text(channel), message: c.rest().into(), ..LogLine::default() };
    Some(words::log(&FORMAT, Some(stamp), log))
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
    fn channel_and_id() {
        let l = log(monolog(FORMAT.samples[1].as_bytes()));
        assert_eq!(
            (l.logger.as_deref(), l.request_id.as_deref()),
            (Some(&b"app"[..]), Some(&b"8601b555"[..]))
        );
        assert!(monolog(b"[2026-11-20 10:00:00] x: y").is_none());
    }
}
