//! What container engines put around a line: Docker's JSON files, CRI files, and the prefixes of the tools
//! that show them.

use super::{Envelope, EnvelopeKind, Peeled, tag::is_level};
use crate::bytes::Cursor;
use crate::compile::unescape_json;
use crate::{Precision, Stamp};

/// Docker `json-file`: `{"log":"msg\n","stream":"stderr","time":"2026-11-20T10:00:00.123456789Z"}`, with
/// `"attrs":{...}` before the time where the daemon was told to (`daemon/logger/jsonfilelog/jsonlog/jsonlog.go` in
/// moby). A value without the line's end is a piece of a longer line.
pub(super) fn docker(line: &[u8]) -> Peeled<'_> {
    let rest = line.strip_prefix(b"{\"log\":\"")?;
    let end = string_end(rest)?;
    let (text, tail) = (&rest[..end], &rest[end..]);
    let at = memchr::memmem::rfind(tail, b"\"time\":\"")?;
    let time = &tail[at + 8..];
    let (stamp, _) = Stamp::iso(&time[..memchr::memchr(b'"', time)?])?;
    let ended = ends_with_escape(text, b'n');
    let text = if ended { &text[..text.len() - 2] } else { text };
    let text = if ended && ends_with_escape(text, b'r') { &text[..text.len() - 2] } else { text };
    let mut e = Envelope::new(EnvelopeKind::DockerJson);
    e.stamp = Some(stamp);
    e.tag = attribute(&tail[..at]).map(Into::into);
    e.is_partial = !ended;
    Some((e, unescape_json(text)))
}

/// Where the JSON string ends whose opening quote was just passed.
pub(super) fn string_end(b: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let i = at + memchr::memchr2(b'"', b'\\', b.get(at..)?)?;
        if b[i] == b'"' {
            return Some(i);
        }
        at = i + 2;
    }
}

/// Whether an escaped text ends with the escape `\letter`, and not with an escaped backslash and that letter.
pub(super) fn ends_with_escape(text: &[u8], letter: u8) -> bool {
    let Some((last, head)) = text.split_last() else { return false };
    *last == letter && head.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// The `tag` among the attributes that the daemon was told to log.
fn attribute(tail: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(tail, b"\"tag\":\"")?;
    let value = &tail[at + 7..];
    Some(&value[..memchr::memchr(b'"', value)?])
}

/// CRI (`pkg/cri/io/logger.go` in containerd): the stream, `F` for a full line or `P` for a piece (with further
/// tags after colons), the text as it was, its leading blanks included.
pub(super) fn cri(stamp: Stamp, rest: &[u8]) -> Peeled<'_> {
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    let is_partial = match rest.first()? {
        b'F' => false,
        b'P' => true,
        _ => return None,
    };
    let text = match rest.get(1) {
        None => &rest[1..],
        Some(b' ') => &rest[2..],
        Some(b':') => memchr::memchr(b' ', rest).map_or(&rest[rest.len()..], |n| &rest[n + 1..]),
        Some(_) => return None,
    };
    let e = Envelope { stamp: Some(stamp), is_partial, ..Envelope::new(EnvelopeKind::Cri) };
    Some((e, text.into()))
}

/// The time that `docker logs -t` and `kubectl logs --timestamps` put in front of any line: UTC, nanoseconds (Go drops
/// trailing zeros); and CloudWatch's export, UTC with milliseconds. A program that writes such times itself goes on with
/// its level.
pub(super) fn engine_time<'a>(stamp: Stamp, line: &[u8], rest: &'a [u8]) -> Peeled<'a> {
    let at = line.len() - rest.len();
    let is_utc = at >= 2 && line[at - 2] == b'Z';
    let word = rest.split(|b| matches!(b, b' ' | b':')).next().unwrap_or_default();
    // a bracket is the program's own, unless it holds one more time
    let own = match rest.first()? {
        b' ' => true,
        b'[' => crate::formats::any_stamp(&rest[1..]).is_none(),
        _ => false,
    };
    let exported = stamp.precision == Precision::Millis && at == 25;
    if !(stamp.precision == Precision::Nanos || exported) || !is_utc || own || is_level(word) {
        return None;
    }
    Some((Envelope { stamp: Some(stamp), ..Envelope::new(EnvelopeKind::Prefix) }, rest.into()))
}

/// The file that a line was found in, as `grep` prints it (`access.log:` or, with its number, `access.log:12:`), or
/// before a blank and a time, as merged collections have it. The name ends in `.log` and what rotation adds; what
/// follows must look like a line.
pub(super) fn file_name(line: &[u8]) -> Peeled<'_> {
    let near = &line[..line.len().min(160)];
    let at = memchr::memmem::find(near, b".log")? + 4;
    if near[..at].contains(&b' ') || near[..at].contains(&b'"') {
        return None;
    }
    let suffix = |c: &u8| c.is_ascii_digit() || matches!(c, b'.' | b'-' | b'_');
    let end = at + near[at..].iter().take_while(|c| suffix(c)).count();
    let mut c = Cursor::new(&line[end..]);
    let colon = c.eat(b":").is_some();
    let mut numbered = c;
    if colon && !numbered.run(|b| b.is_ascii_digit()).is_empty() && numbered.eat(b":").is_some() {
        c = numbered;
    }
    let text = if colon && opens_line(c.rest()) {
        c.rest()
    } else {
        // `nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 …`: the rotation has a time of its own
        let blank = end + memchr::memchr(b' ', &near[end..])?;
        let rotated = near[end..blank].iter().all(|c| suffix(c) || *c == b':');
        let text = &line[blank + 1..];
        if !rotated || crate::formats::any_stamp(text).is_none() {
            return None;
        }
        text
    };
    let e = Envelope { tag: Some(line[..end].into()), ..Envelope::new(EnvelopeKind::Prefix) };
    Some((e, text.into()))
}

/// A time, an address, a bracket, an object: how the lines of proxies and applications begin.
fn opens_line(b: &[u8]) -> bool {
    let word = b.split(|c| *c == b' ').next().unwrap_or_default();
    match b.first() {
        Some(b'[' | b'{' | b'<') => true,
        _ => crate::formats::any_stamp(b).is_some() || crate::bytes::is_ip(crate::bytes::split_port(word).0),
    }
}

/// `[pod/web-7c9/app] msg`, `kubectl logs --prefix`: the pod is the host, the container the tag.
pub(super) fn pod(line: &[u8]) -> Peeled<'_> {
    let mut c = Cursor::new(line);
    c.eat(b"[pod/")?;
    let mut name = Cursor::new(c.until(b']')?);
    let pod = name.until(b'/')?;
    let container = name.rest();
    if pod.is_empty() || container.is_empty() || line[..c.offset()].contains(&b' ') {
        return None;
    }
    if !c.is_empty() {
        c.eat(b" ")?;
    }
    let e = Envelope {
        host: Some(pod.into()),
        tag: Some(container.into()),
        ..Envelope::new(EnvelopeKind::Prefix)
    };
    Some((e, c.rest().into()))
}

/// `web-1  | msg`: Compose pads the names to one width and may colour them. A name without the number of the
/// replica is believed only where what follows the bar looks like the start of a log line.
pub(super) fn compose(line: &[u8]) -> Peeled<'_> {
    // Names are short: a line without a bar near its start is refused at once.
    let bar = memchr::memchr(b'|', &line[..line.len().min(140)])?;
    let mut c = Cursor::new(line);
    skip_colour(&mut c);
    let name = c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@'));
    let padding = c.run(|b| b == b' ');
    if name.is_empty() || padding.is_empty() || c.offset() != bar {
        return None;
    }
    c.eat(b"|")?;
    let mut text = c;
    skip_colour(&mut text);
    if !text.is_empty() && text.eat(b" ").is_none() {
        return None;
    }
    skip_colour(&mut text);
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let is_replica =
        digits > 0 && digits < name.len() && matches!(name[name.len() - digits - 1], b'-' | b'_')
            || name.contains(&b'@');
    if !is_replica && !looks_like_log(text.rest()) {
        return None;
    }
    let e = Envelope { tag: Some(name.into()), ..Envelope::new(EnvelopeKind::Prefix) };
    Some((e, text.rest().into()))
}

fn looks_like_log(b: &[u8]) -> bool {
    match b.first() {
        Some(b'[' | b'{' | b'<') => true,
        Some(b'0'..=b'9') => b.iter().take_while(|c| **c != b' ').count() >= 7,
        _ => false,
    }
}

/// Steps over `ESC [ ... m`.
fn skip_colour(c: &mut Cursor<'_>) {
    let mut probe = *c;
    while probe.eat(b"\x1b[").is_some() {
        probe.run(|b| b.is_ascii_digit() || b == b';');
        if probe.eat(b"m").is_none() {
            return;
        }
        *c = probe;
    }
}
