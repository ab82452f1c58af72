//! glog and klog: one letter, month and day, time, thread, place. Loggers that copy the header put names there.

use super::words::{self, short_request, text};
use crate::bytes::{Cursor, uint};
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "glog",
    title: "glog and klog: kubelet, controllers, gRPC",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "google/glog src/logging.cc; k8s.io/klog klog.go header: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg; abseil-py absl/logging/__init__.py, get_absl_log_prefix",
    samples: &[
        "E0517 15:04:22.619632 1952452992 logging_unittest.cc:253] Log every 3, iteration 19",
        "I20261120 10:00:00.123456   123 file.go:42] \"Started\" pod=\"web\"",
        "I1122 13:04:27.542 MainThread mes] worker up",
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
    let header = c.until(b']')?;
    // the name of a thread may have blanks: `Thread-1 (work)`
    let at = memchr::memrchr(b' ', header)?;
    let (thread, place) = (&header[..at], &header[at + 1..]);
    if thread.is_empty()
        || place.is_empty()
        || header.len() > 160
        || memchr::memchr2(b'[', b'"', header).is_some()
    {
        return None;
    }
    c.eat(b" ");
    if let Some(mut a) = short_request(c.rest()) {
        (a.level, a.thread) = (text(level), text(thread));
        return Some(words::access(&FORMAT, Some(stamp), Anchor::End, a));
    }
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
        for line in ["E0517 15:04:22.6 x y", "E0517 15:04:22.6 x] y", "E0517 15:04:22.6 got [x y] z"] {
            assert!(glog(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn names_in_place_of_numbers() {
        let l = log(glog(b"W1122 13:04:27.542 Thread-1 (work) mes.db] slow"));
        assert_eq!(
            (l.thread.as_deref(), l.logger.as_deref(), &*l.message),
            (Some(&b"Thread-1 (work)"[..]), Some(&b"mes.db"[..]), &b"slow"[..])
        );
        let l = log(glog(FORMAT.samples[0].as_bytes()));
        assert_eq!(l.thread.as_deref(), Some(&b"1952452992"[..]));
        let r =
            glog(b"I1122 13:04:31.465 Pool-0_0 mes] GET /state -> 200 in 16.6 ms req_id=c98b8b59fbd11934");
        let Body::Access(a) = r.expect("a request").body else { panic!("a request") };
        assert_eq!((a.status, a.duration_us), (Some(200), Some(16_600)));
        assert_eq!(a.request_id.as_deref(), Some(&b"c98b8b59fbd11934"[..]));
    }
}
