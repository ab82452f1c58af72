//! What a transport puts around a line: syslog, journald, container engines.
//!
//! The first byte decides which wrappings are possible at all, so that a plain line costs one comparison
//! or a failed stamp. Being wrong here hides the head of an application's line from every format, so the
//! rules are conservative: a time alone is never an envelope, it takes the host and the tag after it.

mod batch;
mod container;
mod entry;
mod json;
mod pieces;
mod syslog;
mod tag;

pub use batch::batch;
pub(crate) use entry::belongs;
pub use pieces::{Pieces, Taken};

use crate::{Stamp, Text};

/// The sort of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EnvelopeKind {
    /// RFC 3164 syslog as files hold it: `Nov 21 02:08:55 host tag[pid]: `, also with a priority and without a host.
    Syslog,
    /// RFC 5424: `<134>1 2026-11-21T02:10:06.190028+00:00 host app pid msgid [sd] `.
    Syslog5424,
    /// ISO time, host and tag: rsyslog's newer file layout, journald `short-iso`, `short-full`, `short-unix`.
    SyslogIso,
    /// HAProxy `timed`/`iso`/`short`/`priority`: a priority and/or a time, no tag.
    Priority,
    /// HAProxy on stderr: `[NOTICE]   (123) : `.
    HaproxyStderr,
    /// Docker `json-file`.
    DockerJson,
    /// CRI: `2026-11-21T02:10:06.190028123Z stdout F `.
    Cri,
    /// Compose or `kubectl --prefix`: `web-1  | `, `[pod/web-1/app] `; the time that `docker logs -t` and
    /// `kubectl logs --timestamps` put in front.
    Prefix,
    /// An entry of `journalctl -o json`.
    JournalJson,
    /// An entry of `journalctl -o export`, of several lines.
    JournalExport,
    /// An event of an Amazon CloudWatch Logs export: one JSON object a line, or over several lines as the command line
    /// prints them.
    CloudWatch,
    /// A line in an object of a log shipper: Fluent Bit, Filebeat, Loki.
    Shipper,
}

impl EnvelopeKind {
    /// Whether another envelope may sit inside: the container engines, the journal and the cloud carry
    /// whatever the program wrote, which may have a syslog header of its own.
    fn carries_any(self) -> bool {
        matches!(
            self,
            EnvelopeKind::DockerJson
                | EnvelopeKind::Cri
                | EnvelopeKind::Prefix
                | EnvelopeKind::JournalJson
                | EnvelopeKind::JournalExport
                | EnvelopeKind::CloudWatch
                | EnvelopeKind::Shipper
        )
    }
}

/// The wrapping of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope<'a> {
    /// Which one.
    pub kind: EnvelopeKind,
    /// Time of the transport (for HAProxy's traffic lines the moment of logging).
    pub stamp: Option<Stamp>,
    /// Host.
    pub host: Option<Text<'a>>,
    /// Program, tag, container or unit.
    pub tag: Option<Text<'a>>,
    /// Process id.
    pub pid: Option<u32>,
    /// Syslog priority (facility × 8 + severity), where it is written.
    pub priority: Option<u16>,
    /// Syslog severity, 0 (emerg) to 7 (debug): from the priority, from the word that HAProxy writes on
    /// stderr, or from a journal's `PRIORITY`.
    pub severity: Option<u8>,
    /// A part of a line that the engine had to split (CRI `P`): the next one continues it.
    pub is_partial: bool,
}

/// Names of the syslog severities (RFC 5424, table 2), as HAProxy's configuration spells them.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

impl<'a> Envelope<'a> {
    fn new(kind: EnvelopeKind) -> Self {
        Envelope {
            kind,
            stamp: None,
            host: None,
            tag: None,
            pid: None,
            priority: None,
            severity: None,
            is_partial: false,
        }
    }

    fn with_priority(mut self, priority: Option<u16>) -> Self {
        self.priority = priority.or(self.priority);
        self.severity = priority.map(|p| (p % 8) as u8).or(self.severity);
        self
    }

    /// The severity's name, `emerg` to `debug`.
    pub fn level(&self) -> Option<&'static str> {
        SEVERITIES.get(usize::from(self.severity?)).copied()
    }

    /// Whether HAProxy sent the line, as far as the envelope tells (HAProxy Enterprise logs as `hapee-lb`).
    pub fn is_haproxy(&self) -> bool {
        self.kind == EnvelopeKind::HaproxyStderr
            || self.tag.as_deref().is_some_and(|t| t.starts_with(b"haproxy") || t.starts_with(b"hapee"))
    }

    /// The same, with every text copied.
    pub fn into_owned(self) -> Envelope<'static> {
        let own = |t: Text<'a>| Text::Owned(t.into_owned());
        Envelope {
            kind: self.kind,
            stamp: self.stamp,
            host: self.host.map(own),
            tag: self.tag.map(own),
            pid: self.pid,
            priority: self.priority,
            severity: self.severity,
            is_partial: self.is_partial,
        }
    }

    /// What is known of a line that `self` wraps and that has `inner` within.
    fn around(self, inner: Envelope<'a>) -> Envelope<'a> {
        // A day of the year is not as good as any syslog date; apart from that the program's own time
        // wins, unless only the outer one can be placed on the clock (year and zone).
        let complete = |s: &Stamp| u8::from(s.has_year) + u8::from(s.offset_s.is_some());
        let stamp = match (self.stamp, inner.stamp) {
            (Some(o), Some(i))
                if inner.kind == EnvelopeKind::HaproxyStderr || complete(&o) > complete(&i) =>
            {
                Some(o)
            }
            (o, i) => i.or(o),
        };
        Envelope {
            kind: self.kind,
            stamp,
            host: inner.host.or(self.host),
            tag: inner.tag.or(self.tag),
            pid: inner.pid.or(self.pid),
            priority: inner.priority.or(self.priority),
            severity: inner.severity.or(self.severity),
            is_partial: self.is_partial || inner.is_partial,
        }
    }
}

/// Takes the envelope off a line: the envelope, if there is one, and the payload. The payload is owned
/// where the envelope had escaped it (Docker's JSON). The first line of an entry of several lines
/// (`journalctl -o export`) is an envelope without content; the whole entry, with line ends, gives all.
///
/// ```
/// use logjoin_parse::envelope::peel;
/// let (envelope, payload) = peel(b"Nov 21 02:08:55 lb1 haproxy[12863]: backend api has no server available!");
/// assert_eq!(envelope.and_then(|e| e.pid), Some(12863));
/// assert_eq!(&payload[..], b"backend api has no server available!");
/// ```
pub fn peel(line: &[u8]) -> (Option<Envelope<'_>>, Text<'_>) {
    match take_off(line) {
        Some((envelope, payload)) => (Some(envelope), payload),
        None => (None, line.into()),
    }
}

/// Takes off up to three envelopes that sit in one another (Compose around Docker's time around syslog;
/// the journal around HAProxy's stderr). The result has the kind of the outermost; each other field comes
/// from the innermost envelope that has it, but a time without year or zone does not replace a complete one.
pub fn peel_all(line: &[u8]) -> (Option<Envelope<'_>>, Text<'_>) {
    let (Some(mut envelope), mut payload) = peel(line) else { return (None, line.into()) };
    let mut carrier = envelope.kind;
    for _ in 0..2 {
        let inner = match payload {
            Text::Borrowed(b) => take_off_within(carrier, b),
            Text::Owned(ref b) => {
                take_off_within(carrier, b).map(|(e, p)| (e.into_owned(), Text::Owned(p.into_owned())))
            }
        };
        let Some((inner, rest)) = inner else { break };
        carrier = inner.kind;
        envelope = envelope.around(inner);
        payload = rest;
    }
    (Some(envelope), payload)
}

type Peeled<'a> = Option<(Envelope<'a>, Text<'a>)>;

/// The envelope within one of kind `carrier`. Syslog hands on HAProxy's stderr (a service under systemd);
/// beyond that its message is the program's, even where it looks like a header: the kernel's
/// `gunicorn[26585]: segfault at 0` is the kernel's.
fn take_off_within(carrier: EnvelopeKind, payload: &[u8]) -> Peeled<'_> {
    if carrier.carries_any() { take_off(payload) } else { syslog::haproxy_stderr(payload) }
}

fn take_off(line: &[u8]) -> Peeled<'_> {
    match line.first()? {
        b'0'..=b'9' => syslog::dated(line).or_else(|| container::compose(line)),
        b'A'..=b'Z' => syslog::named_date(line).or_else(|| container::file_name(line)),
        b'a'..=b'z' => syslog::bare_haproxy(line)
            .or_else(|| container::compose(line))
            .or_else(|| container::file_name(line)),
        b'.' | b'/' => container::file_name(line),
        b'_' | b' ' => entry::entry(line),
        b'<' => syslog::prioritised(line),
        b'[' if line.starts_with(b"[{\"") => json::object(line),
        b'[' => syslog::haproxy_stderr(line).or_else(|| container::pod(line)),
        b'{' => container::docker(line).or_else(|| json::object(line)),
        0x1b => container::compose(line),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
