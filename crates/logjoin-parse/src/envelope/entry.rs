//! Transports whose entries run over several lines: journald's export format, and events of CloudWatch Logs as the
//! command line prints them.
//!
//! The one trick: the first line alone shows that an entry begins, and is an envelope without time or content; the
//! fold keeps the lines below with it, and the whole entry, read again, gives the rest.

use std::collections::BTreeMap;

use super::{Envelope, EnvelopeKind, Peeled, json};
use crate::Text;

/// Which transport's entry a line begins, if any.
fn opens(line: &[u8]) -> Option<EnvelopeKind> {
    match line.first()? {
        b'_' if line.starts_with(b"__CURSOR=") => Some(EnvelopeKind::JournalExport),
        b' ' => {
            let indent = line.iter().take_while(|b| **b == b' ').count();
            (line.len() == indent + 1 && line[indent] == b'{' && indent <= 8)
                .then_some(EnvelopeKind::CloudWatch)
        }
        _ => None,
    }
}

/// Whether a line belongs to the entry before it.
pub(crate) fn belongs(kind: EnvelopeKind, line: &[u8]) -> bool {
    match kind {
        EnvelopeKind::CloudWatch => opens(line).is_none() && matches!(line.first(), Some(b' ' | b'}' | b']')),
        _ => opens(line) != Some(kind),
    }
}

/// An entry, or its first line.
pub(super) fn entry(event: &[u8]) -> Peeled<'_> {
    let head = &event[..memchr::memchr(b'\n', event).unwrap_or(event.len())];
    let kind = opens(head)?;
    if head.len() == event.len() {
        return Some((Envelope::new(kind), Text::Borrowed(b"")));
    }
    match kind {
        EnvelopeKind::JournalExport => export(event),
        _ => json::first_object(event),
    }
}

/// `FIELD=value` lines; a value with line ends or control bytes stands as `FIELD`, a 64-bit little-endian length, the
/// bytes (systemd, Journal Export Formats).
fn export(event: &[u8]) -> Peeled<'_> {
    let mut fields: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    let mut rest = event;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, below) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
        match memchr::memchr(b'=', line) {
            Some(at) if is_name(&line[..at]) => {
                fields.entry(&line[..at]).or_insert(&line[at + 1..]);
                rest = below;
            }
            None if is_name(line) => {
                let (value, after) = counted(below);
                fields.entry(line).or_insert(value);
                rest = after;
            }
            _ => rest = below,
        }
    }
    let get = |key: &str| fields.get(key.as_bytes()).map(|v| Text::Borrowed(*v));
    let message = fields.get(&b"MESSAGE"[..]).map_or(Text::Borrowed(&b""[..]), |m| Text::Owned(m.to_vec()));
    Some((json::journal_envelope(EnvelopeKind::JournalExport, &get), message))
}

fn is_name(b: &[u8]) -> bool {
    !b.is_empty()
        && b.len() <= 64
        && b.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'_')
}

/// A value with its length before it, and what follows. Line ends in the length or blank lines in the value may have
/// been lost on the way here: then the value goes on to the next field.
fn counted(b: &[u8]) -> (&[u8], &[u8]) {
    if let Some(length) = b.first_chunk::<8>()
        && let Ok(n) = usize::try_from(u64::from_le_bytes(*length))
        && let Some(value) = b[8..].get(..n)
        && matches!(b[8..].get(n), None | Some(b'\n'))
    {
        return (value, b.get(8 + n + 1..).unwrap_or_default());
    }
    let zeros = b.iter().take(8).rposition(|c| *c == 0).map_or(0, |i| i + 1);
    let mut end = b.len();
    for at in memchr::memchr_iter(b'\n', b) {
        let next = b[at + 1..].split(|c| *c == b'\n').next().unwrap_or_default();
        let name = &next[..memchr::memchr(b'=', next).unwrap_or(next.len())];
        let known = [&b"_"[..], b"SYSLOG_", b"PRIORITY", b"CODE_"].iter().any(|k| name.starts_with(k));
        if known && is_name(name) {
            end = at;
            break;
        }
    }
    (b.get(zeros..end).unwrap_or_default(), b.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(event: &[u8]) -> String {
        let Some((e, payload)) = entry(event) else { return "none".into() };
        format!(
            "{} {} {} {}| {}",
            e.stamp.map_or("-".into(), |s| s.to_iso()),
            String::from_utf8_lossy(e.host.as_deref().unwrap_or(b"-")),
            String::from_utf8_lossy(e.tag.as_deref().unwrap_or(b"-")),
            e.pid.unwrap_or(0),
            String::from_utf8_lossy(&payload)
        )
    }

    const HEAD: &str = "__CURSOR=s=a;i=1\n__REALTIME_TIMESTAMP=1795168800123456\n_HOSTNAME=web1\n_PID=7\n";

    #[test]
    fn export_entries() {
        let text = format!("{HEAD}SYSLOG_IDENTIFIER=app\nPRIORITY=3\nMESSAGE=a=b level=x\n_UID=0");
        assert_eq!(seen(text.as_bytes()), "2026-11-20T10:00:00.123456Z web1 app 7| a=b level=x");
        assert_eq!(seen(b"__CURSOR=s=a;i=1"), "- - - 0| ");
        assert_eq!(seen(b"_HOSTNAME=web1"), "none");
    }

    #[test]
    fn export_entries_with_counted_values() {
        let mut event = HEAD.as_bytes().to_vec();
        event.extend_from_slice(b"MESSAGE\n\x07\0\0\0\0\0\0\0one\ntwo\nSYSLOG_IDENTIFIER=app\n_UID=0");
        assert_eq!(seen(&event), "2026-11-20T10:00:00.123456Z web1 app 7| one\ntwo");
        // a length of ten begins with a line end, which a reader of lines takes for an empty line
        let mut event = HEAD.as_bytes().to_vec();
        event.extend_from_slice(b"MESSAGE\n\0\0\0\0\0\0\0one\nsecond\n_UID=0");
        assert_eq!(seen(&event), "2026-11-20T10:00:00.123456Z web1 - 7| one\nsecond");
    }

    #[test]
    fn events_of_cloudwatch() {
        let text = "        {\n            \"timestamp\": 1795168800123,\n            \"message\": \"ERROR gone\",\n            \"ingestionTime\": 1795168801000\n        },";
        assert_eq!(seen(text.as_bytes()), "2026-11-20T10:00:00.123Z - - 0| ERROR gone");
        assert_eq!(seen(b"        {"), "- - - 0| ");
        assert_eq!(seen(b"{"), "none");
        assert!(belongs(EnvelopeKind::CloudWatch, b"    ],") && !belongs(EnvelopeKind::CloudWatch, b"x"));
        assert!(belongs(EnvelopeKind::JournalExport, b"MESSAGE=x"));
    }
}
