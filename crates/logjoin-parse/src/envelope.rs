//! What a transport puts around a line: syslog, journald, container engines.

use crate::{Stamp, Text};

/// The sort of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EnvelopeKind {
    /// RFC 3164 syslog as files hold it: `Nov 21 02:08:55 host tag[pid]: `, also with a priority and without a host.
    Syslog,
    /// RFC 5424: `<134>1 2026-11-21T02:10:06.190028+00:00 host app pid msgid [sd] `.
    Syslog5424,
    /// ISO time, host and tag: rsyslog's newer file layout, journald `short-iso`.
    SyslogIso,
    /// HAProxy `timed`/`iso`/`short`/`priority`: a priority and/or a time, no tag.
    Priority,
    /// HAProxy on stderr: `[NOTICE]   (123) : `.
    HaproxyStderr,
    /// Docker `json-file`.
    DockerJson,
    /// CRI: `2026-11-21T02:10:06.190028123Z stdout F `.
    Cri,
    /// Compose or `kubectl --prefix`: `web-1  | `, `[pod/web-1/app] `.
    Prefix,
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
    /// A part of a line that the engine had to split (CRI `P`): the next one continues it.
    pub is_partial: bool,
}

/// Takes the envelope off a line: the envelope, if there is one, and the payload. The payload is owned
/// where the envelope had escaped it (Docker's JSON).
pub fn peel(line: &[u8]) -> (Option<Envelope<'_>>, Text<'_>) {
    (None, line.into())
}
