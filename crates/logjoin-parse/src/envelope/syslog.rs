//! Syslog in its layouts: RFC 3164 and 5424, rsyslog's and journald's files, and what HAProxy itself writes
//! (`build_log_header` in its `src/log.c`, `print_message` in `src/errors.c`).

use super::tag::{after_uptime, host, is_level, spaced_tag, tag};
use super::{Envelope, EnvelopeKind, Peeled, container};
use crate::bytes::{Cursor, present, uint};
use crate::stamp::{hms, zone_name};
use crate::{Precision, Stamp};

/// Lines that begin with a digit: ISO time and what follows it, the journal's `short-unix`, the octet count of a
/// TCP capture.
pub(super) fn dated(line: &[u8]) -> Peeled<'_> {
    match (line.get(4)?, line.get(10)?) {
        (b'-', b'T') => iso(line),
        (_, b'.') => {
            let mut c = Cursor::new(line);
            let stamp = Stamp::epoch_number(c.until(b' ')?)?;
            host_and_tag(stamp, c.rest())
        }
        _ => {
            let mut c = Cursor::new(line);
            let count = c.run(|b| b.is_ascii_digit());
            c.eat(b" <")?;
            (count.len() <= 5).then(|| prioritised(&line[count.len() + 1..])).flatten()
        }
    }
}

/// Lines that begin with an ISO time with `T`.
fn iso(line: &[u8]) -> Peeled<'_> {
    if line.get(19) == Some(&b',') {
        return None; // the comma is log4j's and Python's, never a transport's
    }
    let (stamp, rest) = Stamp::iso(line)?;
    let rest = rest.strip_prefix(b" ")?;
    container::cri(stamp, rest)
        .or_else(|| host_and_tag(stamp, rest))
        .or_else(|| heroku(stamp, rest))
        .or_else(|| unprioritised(stamp, rest))
        .or_else(|| haproxy_iso(stamp, rest))
        .or_else(|| container::engine_time(stamp, line, rest))
}

/// `HOST TAG[PID]: ` after an ISO or epoch time.
fn host_and_tag(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    let (host, after) = host(rest)?;
    let tag = tag(after)?;
    Some(tag.envelope(EnvelopeKind::SyslogIso, Some(stamp), Some(host)))
}

/// `app[web.1]: ` without a host, as `heroku logs` prints it.
fn heroku(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    let tag = tag(rest)?;
    (tag.has_process && stamp.offset_s.is_some())
        .then(|| tag.envelope(EnvelopeKind::SyslogIso, Some(stamp), None))
}

/// HAProxy's `format iso`: a time and the message. Only messages that are HAProxy's without doubt.
fn haproxy_iso(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    if stamp.offset_s.is_none() || !crate::formats::is_haproxy_message(rest) {
        return None;
    }
    Some((Envelope { stamp: Some(stamp), ..Envelope::new(EnvelopeKind::Priority) }, rest.into()))
}

/// Lines that begin with the name of a month or of a weekday.
pub(super) fn named_date(line: &[u8]) -> Peeled<'_> {
    if let Some((stamp, rest)) = Stamp::syslog(line) {
        return traditional(stamp, rest.strip_prefix(b" ")?);
    }
    // journald `short-full`: `Fri 2026-11-20 10:00:00 UTC web1 app[123]: `
    if line.get(3) == Some(&b' ') && line.get(8) == Some(&b'-') {
        let (mut stamp, rest) = Stamp::iso(&line[4..])?;
        let has_zone = stamp.offset_s.is_some();
        if !has_zone {
            stamp.offset_s = zone_name(rest).map(|(offset, _)| offset);
        }
        let rest = rest.strip_prefix(b" ")?;
        // An abbreviation that several zones share is passed over.
        let rest = match memchr::memchr(b' ', rest) {
            Some(n) if !has_zone && n <= 5 && rest[..n].iter().all(u8::is_ascii_uppercase) => &rest[n + 1..],
            _ => rest,
        };
        return host_and_tag(stamp, rest);
    }
    None
}

/// What follows an RFC 3164 time: `HOST TAG[PID]: `, or without the host, which HAProxy does not write by itself.
fn traditional(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    // nginx writes an empty host before it knows its own.
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    // macOS leaves host and program out here.
    if rest.starts_with(b"--- last message repeated ") {
        let e = Envelope { stamp: Some(stamp), ..Envelope::new(EnvelopeKind::Syslog) };
        return Some((e, rest.into()));
    }
    if let Some((host, after)) = host(rest) {
        if let Some(tag) = tag(after).or_else(|| spaced_tag(after)) {
            return Some(tag.envelope(EnvelopeKind::Syslog, Some(stamp), Some(host)));
        }
        if after.starts_with(b"last message repeated ") || after.starts_with(b"--- last message repeated ") {
            let e = Envelope {
                stamp: Some(stamp),
                host: Some(host.into()),
                ..Envelope::new(EnvelopeKind::Syslog)
            };
            return Some((e, after.into()));
        }
    }
    let tag = tag(rest).filter(|t| t.pid.is_some() || !is_level(t.name))?;
    Some(tag.envelope(EnvelopeKind::Syslog, Some(stamp), None))
}

/// Lines that begin with a priority, `<134>`.
pub(super) fn prioritised(line: &[u8]) -> Peeled<'_> {
    let mut c = Cursor::new(line);
    c.eat(b"<")?;
    let digits = c.run(|b| b.is_ascii_digit());
    c.eat(b">")?;
    let priority = Some(uint(digits).filter(|p| digits.len() <= 3 && *p <= 191)? as u16);
    let rest = c.rest().strip_suffix(b"\0").unwrap_or(c.rest()); // Python's SysLogHandler ends with NUL
    let peeled = structured(rest)
        .or_else(|| named_date(rest))
        .or_else(|| rest.first().filter(|b| b.is_ascii_digit()).and_then(|_| stamped(rest)))
        .or_else(|| unstamped(rest));
    match peeled {
        Some((e, payload)) => Some((e.with_priority(priority), payload)),
        None => Some((Envelope::new(EnvelopeKind::Priority).with_priority(priority), rest.into())),
    }
}

/// After a priority, an ISO time needs no tag: HAProxy's `format timed`.
fn stamped(rest: &[u8]) -> Peeled<'_> {
    if rest.get(10) != Some(&b'T') {
        return None;
    }
    let (stamp, message) = Stamp::iso(rest)?;
    let message = message.strip_prefix(b" ")?;
    host_and_tag(stamp, message).or_else(|| {
        Some((Envelope { stamp: Some(stamp), ..Envelope::new(EnvelopeKind::Priority) }, message.into()))
    })
}

/// After a priority, no time: the kernel's ring buffer, or a tag as Python's `SysLogHandler` sends it.
fn unstamped(rest: &[u8]) -> Peeled<'_> {
    if let Some(message) = after_uptime(rest) {
        let e = Envelope { tag: Some(b"kernel".as_slice().into()), ..Envelope::new(EnvelopeKind::Priority) };
        return Some((e, message.into()));
    }
    let tag = tag(rest)?;
    // `api/app-1: IP changed ...` and `SIGHUP: Server ...` are messages of HAProxy.
    let is_message = tag.name.contains(&b'/') || tag.name.iter().all(u8::is_ascii_uppercase);
    (tag.pid.is_some() || !is_message && !is_level(tag.name))
        .then(|| tag.envelope(EnvelopeKind::Syslog, None, None))
}

/// RFC 5424 after the priority: version, time, host, program, process, message id, structured data, message.
fn structured(rest: &[u8]) -> Peeled<'_> {
    let mut c = Cursor::new(rest);
    c.eat(b"1 ")?;
    let stamp = match c.until(b' ')? {
        b"-" => None,
        t => Some(Stamp::iso(t).filter(|(_, rest)| rest.is_empty())?.0),
    };
    header(stamp, c)
}

/// The same after the time, as relays write it to files without priority and version. Only the structured data tells it
/// from other layouts.
fn unprioritised(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    stamp.offset_s?;
    let data = memchr::memmem::find(rest, b" [")?;
    let words = rest[..data].split(|b| *b == b' ');
    let is_element = rest[data + 2..].split(|b| matches!(b, b' ' | b']')).next()?.contains(&b'@');
    if words.clone().count() != 4 || words.into_iter().any(<[u8]>::is_empty) || !is_element {
        return None;
    }
    header(Some(stamp), Cursor::new(rest))
}

fn header(stamp: Option<Stamp>, mut c: Cursor<'_>) -> Peeled<'_> {
    let host = present(c.until(b' ')?);
    let program = present(c.until(b' ')?);
    let process = c.until(b' ')?;
    c.until(b' ')?;
    if c.eat(b"-").is_none() {
        while c.peek() == Some(b'[') {
            skip_element(&mut c)?;
        }
    }
    if !c.is_empty() {
        c.eat(b" ")?;
    }
    let message = c.rest().strip_prefix(b"\xef\xbb\xbf").unwrap_or(c.rest());
    let e = Envelope {
        stamp,
        host: host.map(Into::into),
        tag: program.map(Into::into),
        pid: uint(process).and_then(|p| u32::try_from(p).ok()),
        ..Envelope::new(EnvelopeKind::Syslog5424)
    };
    Some((e, message.into()))
}

/// Steps over one `[id name="value"]`; in values `"`, `\` and `]` stand after a backslash.
fn skip_element(c: &mut Cursor<'_>) -> Option<()> {
    let mut rest = c.rest();
    let mut in_value = false;
    let mut n = 0;
    loop {
        let i = memchr::memchr3(b'"', b']', b'\\', rest)?;
        n += i + 1;
        match rest[i] {
            b'"' => in_value = !in_value,
            b']' if !in_value => break,
            b'\\' if in_value => {
                n += 1;
                rest = rest.get(i + 2..)?;
                continue;
            }
            _ => {}
        }
        rest = &rest[i + 1..];
    }
    c.take(n).map(|_| ())
}

/// `haproxy[674]: ` alone: what is left where something cut the time and the host away.
pub(super) fn bare_haproxy(line: &[u8]) -> Peeled<'_> {
    if !line.starts_with(b"haproxy") && !line.starts_with(b"hapee") {
        return None;
    }
    let tag = tag(line).filter(|t| t.pid.is_some())?;
    Some(tag.envelope(EnvelopeKind::Syslog, None, None))
}

/// HAProxy on stderr: `[WARNING]  (123) : ` since 2.4, `[WARNING] 324/020831 (123) : ` before.
pub(super) fn haproxy_stderr(line: &[u8]) -> Peeled<'_> {
    let mut c = Cursor::new(line);
    c.eat(b"[")?;
    let severity = match c.until(b']')? {
        b"EMERG" => 0,
        b"ALERT" => 1,
        b"WARNING" => 4,
        b"NOTICE" => 5,
        b"INFO" => 6,
        b"DIAG" | b"DEBUG" => 7,
        _ => return None,
    };
    c.eat(b" ")?;
    c.run(|b| b == b' ');
    let stamp = match c.peek()? {
        b'0'..=b'9' => Some(day_of_year(c.until(b' ')?)?),
        _ => None,
    };
    c.eat(b"(")?;
    let pid = uint(c.until(b')')?)?;
    c.eat(b" : ")?;
    let e = Envelope {
        stamp,
        pid: u32::try_from(pid).ok(),
        severity: Some(severity),
        ..Envelope::new(EnvelopeKind::HaproxyStderr)
    };
    Some((e, c.rest().into()))
}

/// `324/020831`: C's `tm_yday`, which counts from 0, and the time of day. The year decides what day that is;
/// three years in four have 365 days, so the date is that of such a year.
fn day_of_year(b: &[u8]) -> Option<Stamp> {
    const FIRST: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let mut c = Cursor::new(b);
    let day = uint(c.until(b'/')?)?.min(364);
    let [h1, h2, m1, m2, s1, s2] = *c.rest() else { return None };
    let clock = [h1, h2, b':', m1, m2, b':', s1, s2];
    let ((h, m, s), _) = hms(&clock)?;
    let month = FIRST.iter().rposition(|f| *f <= day)?;
    Stamp::civil(
        None,
        month as u32 + 1,
        (day - FIRST[month]) as u32 + 1,
        h,
        m,
        s,
        0,
        Precision::Seconds,
        None,
    )
}
