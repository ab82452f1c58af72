//! glog and klog: one letter, month and day, time, thread, place.

use super::words::{self, text};
use crate::bytes::{Cursor, uint};
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "glog",
    title: "glog and klog: kubelet, controllers, gRPC",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "google/glog src/logging.cc; k8s.io/klog klog.go header: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg",
    samples: &[
        "E0517 15:04:22.619632 1952452992 logging_unittest.cc:253] Log every 3, iteration 19",
        "I20261120 10:00:00.123456   123 file.go:42] \"Started\" pod=\"web\"",
    ],
    parse: |line| glog(line).ok_or(ParseError::new(0, "Lmmdd hh:mm:ss.uuuuuu thread file:line] message")),
};

fn glog(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let level = c.take(1)?;
    if !matches!(level[0], b'I' | b'W' | b'E' | b'F') {
        return None;
    }
    let date = c.run(|b| b.is_ascii_digit());
    c.eat(b" ")?;
    let (year, md) = match date.len() {
        4 => (None, date),
        8 => (Some(uint(&date[..4])? as i32), &date[4..]),
        _ => return None,
    };
    let ((h, m, s), rest) = crate::stamp::hms(c.rest())?;
    let (ns, precision, rest) = crate::stamp::fraction(rest);
    let stamp =
        Stamp::civil(year, uint(&md[..2])? as u32, uint(&md[2..])? as u32, h, m, s, ns, precision, None)?;
    let mut c = Cursor::new(rest);
    c.run(|b| b == b' ');
    let thread = c.run(|b| b.is_ascii_digit());
    c.eat(b" ")?;
    let place = c.until(b']')?;
    c.eat(b" ");
    let log = LogLine {
        level: text(level),
        thread: text(thread),
        logger: text(place),
        message: c.rest().into(),
        ..LogLine::default()
    };
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
    fn level_place_and_year() {
        let l = log(glog(FORMAT.samples[0].as_bytes()));
        assert_eq!(
            (l.level.as_deref(), l.logger.as_deref()),
            (Some(&b"E"[..]), Some(&b"logging_unittest.cc:253"[..]))
        );
        let stamp = |i: usize| glog(FORMAT.samples[i].as_bytes()).and_then(|r| r.stamp).expect("a stamp");
        assert!(!stamp(0).has_year && stamp(1).has_year);
        assert!(glog(b"E0517 15:04:22.6 x y").is_none());
    }
}
