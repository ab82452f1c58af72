//! The event log of IBM's Blue Gene machines: the local time comes with its epoch number, so the zone can be told.

use super::when::db2;
use super::words::{self, is_level, text};
use crate::bytes::{Cursor, int};
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "bluegene",
    title: "Blue Gene RAS event log",
    product: Product::System,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "Oliner and Stearley, What Supercomputers Say (DSN 2007): alert, epoch, date, node, time, node, type, component, level",
    samples: &[
        "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL INFO instruction cache parity error corrected",
        "APPREAD 1117869872 2005.06.04 R04-M1-N4-I:J18-U11 2005-06-04-00.24.32.432192 R04-M1-N4-I:J18-U11 RAS APP FATAL ciod: failed to read message prefix",
    ],
    parse: |line| {
        read(line).ok_or(ParseError::new(0, "alert epoch date node time node type component LEVEL"))
    },
};

fn read(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let alert = c.until(b' ')?;
    let epoch = int(c.until(b' ')?)?;
    let date = c.until(b' ')?;
    if date.len() != 10 || date[4] != b'.' || date[7] != b'.' {
        return None;
    }
    let node = c.until(b' ')?;
    let (mut stamp, rest) = db2(c.until(b' ')?)?;
    if !rest.is_empty() {
        return None;
    }
    let east = stamp.wall_ns / 1_000_000_000 - epoch;
    if stamp.offset_s.is_none() && east.abs() <= 14 * 3600 {
        stamp.offset_s = i32::try_from((east as f64 / 900.0).round() as i64 * 900).ok();
    }
    c.until(b' ')?;
    c.until(b' ')?;
    let component = c.until(b' ')?;
    let level = c.until(b' ').unwrap_or(c.rest());
    if !is_level(level) {
        return None;
    }
    let mut log = LogLine {
        level: text(level),
        logger: text(component),
        host: text(node),
        message: c.rest().into(),
        ..LogLine::default()
    };
    if let Some(alert) = text(alert) {
        log.extra.push(("alert".into(), alert));
    }
    Some(words::log(&FORMAT, Some(stamp), log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn the_zone_follows_from_the_epoch() {
        let r = read(FORMAT.samples[0].as_bytes()).expect("a line");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2005-06-03T15:42:50.675872-07:00"));
        let Body::Log(l) = read(FORMAT.samples[1].as_bytes()).expect("a line").body else {
            panic!("a message")
        };
        assert_eq!((l.level.as_deref(), l.logger.as_deref()), (Some(&b"FATAL"[..]), Some(&b"APP"[..])));
        assert_eq!(l.extra.len(), 1);
    }
}
