//! Collects the fields of a structured line and decides what the line is: a request or a message.
//!
//! A line with a method, a target and a status (or a duration) is a request that is over; everything else is
//! a message. Where several fields could fill a place, the better name wins, then the first.

use std::borrow::Cow;

use super::json_fields::{OTEL_RANK, Role};
use super::json_scan::Leaf;
use super::when::any_stamp;
use super::words::{duration, is_id, pid, scaled};
use crate::bytes::{int, present, uint};
use crate::{Access, LogLine, Precision, Stamp, Text};

/// A place for one value, with the rank of the name that filled it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot<'a>(Option<(u8, Leaf<'a>)>);

impl<'a> Slot<'a> {
    fn put(&mut self, rank: u8, leaf: Leaf<'a>) {
        if self.0.is_none_or(|(r, _)| rank < r) {
            self.0 = Some((rank, leaf));
        }
    }

    fn leaf(&self) -> Option<Leaf<'a>> {
        self.0.map(|(_, l)| l)
    }

    fn raw(&self) -> Option<&'a [u8]> {
        self.leaf().map(Leaf::raw)
    }

    /// The value; `None` for `null`, empty strings and `-`.
    fn text(&self) -> Option<Text<'a>> {
        self.leaf()?.text().filter(|t| present(t).is_some())
    }
}

/// What has been seen of a line.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    time: Slot<'a>,
    seconds: Slot<'a>,
    nanos: Slot<'a>,
    level: Slot<'a>,
    is_serilog: bool,
    message: Slot<'a>,
    logger: Slot<'a>,
    pid: Slot<'a>,
    tid: Slot<'a>,
    thread: Slot<'a>,
    hostname: Slot<'a>,
    service: Slot<'a>,
    id: Slot<'a>,
    trace: Slot<'a>,
    method: Slot<'a>,
    path: Slot<'a>,
    query: Slot<'a>,
    status: Slot<'a>,
    duration: Slot<'a>,
    duration_ns: i64,
    bytes: Slot<'a>,
    client_ip: Slot<'a>,
    client_port: Slot<'a>,
    user_agent: Slot<'a>,
    referrer: Slot<'a>,
    host: Slot<'a>,
    xff: Slot<'a>,
    protocol: Slot<'a>,
    user: Slot<'a>,
    error_kind: Slot<'a>,
    error: Slot<'a>,
    stack: Slot<'a>,
}

impl<'a> Fields<'a> {
    /// Files a value. `false` when the field has no place of its own.
    pub(super) fn put(&mut self, role: Role, leaf: Leaf<'a>) -> bool {
        if leaf == Leaf::Bare(b"null") {
            return true;
        }
        match role {
            Role::Time(r) => {
                // a field of that name that holds no time must not hide the one that does
                if stamp_of(leaf).is_some() {
                    self.time.put(r, leaf);
                } else {
                    return false;
                }
            }
            Role::SerilogTime => {
                self.is_serilog = true;
                self.time.put(1, leaf);
            }
            Role::TimeSeconds => self.seconds.put(0, leaf),
            Role::TimeNanos => self.nanos.put(0, leaf),
            Role::Level(r) => self.level.put(r, leaf),
            Role::Message(r) => self.message.put(r + u8::from(matches!(leaf, Leaf::Raw(_))) * 4, leaf),
            Role::Logger(r) => self.logger.put(r, leaf),
            Role::Pid => self.pid.put(0, leaf),
            Role::Tid => self.tid.put(0, leaf),
            Role::Thread => self.thread.put(0, leaf),
            Role::Hostname => self.hostname.put(0, leaf),
            Role::Service => self.service.put(0, leaf),
            Role::RequestId(r) => {
                let v = leaf.raw();
                if !is_id(v) || r == 3 && v.len() < 16 {
                    return false;
                }
                if r == 2 { self.trace.put(r, leaf) } else { self.id.put(r, leaf) }
            }
            Role::Method => self.method.put(0, leaf),
            Role::Path(r) => self.path.put(r, leaf),
            Role::Query => self.query.put(0, leaf),
            Role::Status(r) => {
                if int(leaf.raw()).is_none_or(|v| !(100..1000).contains(&v)) {
                    return false;
                }
                self.status.put(r, leaf);
            }
            Role::Duration(ns, r) => {
                if self.duration.0.is_none_or(|(old, _)| r < old) {
                    self.duration_ns = ns;
                    self.duration.put(r, leaf);
                }
            }
            Role::Bytes(r) => self.bytes.put(r, leaf),
            Role::ClientIp(r) => self.client_ip.put(r, leaf),
            Role::ClientPort => self.client_port.put(0, leaf),
            Role::UserAgent => self.user_agent.put(0, leaf),
            Role::Referrer => self.referrer.put(0, leaf),
            Role::HostHeader => self.host.put(0, leaf),
            Role::Xff => self.xff.put(0, leaf),
            Role::Protocol => self.protocol.put(0, leaf),
            Role::User => self.user.put(0, leaf),
            Role::ErrorKind => self.error_kind.put(0, leaf),
            Role::ErrorMessage => self.error.put(0, leaf),
            Role::Stack => self.stack.put(0, leaf),
            Role::Other | Role::Noise => return false,
        }
        true
    }

    /// Whether the fields make a log line at all.
    pub(super) fn is_log(&self) -> bool {
        self.time.0.is_some() || self.level.0.is_some() || self.message.0.is_some() || self.is_access()
    }

    /// Whether the fields make a request that is over. An error about a request (a line with an error's
    /// level and text that a proxy of the application wrote) counts as the request's line too.
    pub(super) fn is_access(&self) -> bool {
        self.method.0.is_some()
            && self.path.0.is_some()
            && (self.status.0.is_some() || self.duration.0.is_some())
    }

    /// Whether a role keeps its value in a message record. The others become extra fields there.
    pub(super) fn kept_in_log(role: Role) -> bool {
        matches!(
            role,
            Role::Time(_)
                | Role::SerilogTime
                | Role::TimeSeconds
                | Role::TimeNanos
                | Role::Level(_)
                | Role::Message(_)
                | Role::Logger(_)
                | Role::Pid
                | Role::Thread
                | Role::Hostname
                | Role::Service
                | Role::ErrorKind
                | Role::ErrorMessage
                | Role::Stack
                | Role::Noise
        )
    }

    /// The stamp.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        if let Some(s) = self.seconds.raw().and_then(int) {
            let ns = self.nanos.raw().and_then(uint).unwrap_or(0) as i64;
            let whole = s.checked_mul(1_000_000_000)?.checked_add(ns)?;
            let precision = if self.nanos.0.is_some() { Precision::Nanos } else { Precision::Seconds };
            return Some(Stamp::epoch(whole, precision));
        }
        self.time.leaf().and_then(stamp_of)
    }

    /// The severity as a word: numbers mean what their producers say.
    fn level(&self) -> Option<Text<'a>> {
        let text = self.level.text();
        if text.is_none() && self.is_serilog {
            // Serilog leaves the most frequent level out
            return Some(Cow::Borrowed(b"Information"));
        }
        let Some(number) = text.as_deref().and_then(uint) else { return text };
        let rank = self.level.0.map_or(0, |(rank, _)| rank);
        number_level(number, rank).map(|word| Cow::Borrowed(word.as_bytes())).or(text)
    }

    fn request_id(&self) -> Option<Text<'a>> {
        self.id.text().or_else(|| self.trace.text()).map(|t| match t {
            Cow::Borrowed(b) if b.starts_with(b"projects/") => {
                Cow::Borrowed(&b[memchr::memrchr(b'/', b).map_or(0, |i| i + 1)..])
            }
            t => t,
        })
    }

    /// The duration, microseconds, and its unit. A number whose unit neither its name nor its size tells is
    /// left out (it stays in the extra fields).
    fn duration(&self) -> Option<(i64, i64)> {
        let leaf = self.duration.leaf()?;
        let raw = leaf.raw();
        if let Some(d) = duration(raw) {
            return Some(d);
        }
        if self.duration_ns > 0 {
            return scaled(raw, self.duration_ns);
        }
        let time = self.time.raw().unwrap_or_default();
        if raw.iter().any(|c| matches!(c, b'.' | b'e' | b'E')) {
            // zap and caddy write epoch seconds and float seconds; an ISO time says nothing
            let zap = matches!(self.time.leaf(), Some(Leaf::Bare(_))) && memchr::memchr(b'.', time).is_some();
            // Serilog's request logging has `Elapsed` in milliseconds
            return match (zap, self.is_serilog) {
                (true, _) => scaled(raw, 1_000_000_000),
                (_, true) => scaled(raw, 1_000_000),
                _ => None,
            };
        }
        match uint(raw)? {
            ns @ 1_000_000.. => Some(((ns / 1000) as i64, 1)),
            v @ ..100_000 => Some((v as i64 * 1000, 1000)),
            _ => None,
        }
    }

    /// The request.
    pub(super) fn access(&self) -> Access<'a> {
        let mut a = Access {
            method: self.method.text(),
            path: self.target(),
            status: self.status.raw().and_then(int).map(|v| v as i32),
            bytes: self.bytes.raw().and_then(int),
            user: self.user.text(),
            user_agent: self.user_agent.text(),
            referrer: self.referrer.text(),
            host: self.host.text(),
            xff: self.xff.text(),
            pid: self.pid.raw().and_then(pid),
            tid: self.tid.raw().and_then(uint),
            thread: self.thread.text(),
            level: self.level(),
            message: self.message.text(),
            request_id: self.request_id(),
            ..Access::default()
        };
        a.http_version = self.protocol.text().map(|v| match v {
            Cow::Borrowed(b) => Cow::Borrowed(b.strip_prefix(b"HTTP/").unwrap_or(b)),
            v => v,
        });
        let (ip, port) = self.client_ip.text().map_or((None, None), split_port);
        a.client_ip = ip;
        a.client_port = self.client_port.raw().and_then(uint).and_then(|v| u16::try_from(v).ok()).or(port);
        match self.duration() {
            Some((us, unit)) => (a.duration_us, a.duration_unit_us) = (Some(us), unit),
            None => {
                if let Some(t) = self.duration.text() {
                    a.extra.push((Cow::Borrowed("duration"), t));
                }
            }
        }
        if self.id.0.is_some()
            && let Some(t) = self.trace.text()
        {
            a.extra.push((Cow::Borrowed("trace_id"), t));
        }
        for (name, slot) in [("exception", &self.error_kind), ("error", &self.error), ("stack", &self.stack)]
        {
            if let Some(t) = slot.text() {
                a.extra.push((Cow::Borrowed(name), t));
            }
        }
        a
    }

    fn target(&self) -> Option<Text<'a>> {
        let path = self.path.text()?;
        match self.query.text() {
            Some(q) if !q.is_empty() && memchr::memchr(b'?', &path).is_none() => {
                let mut whole = path.into_owned();
                if !q.starts_with(b"?") {
                    whole.push(b'?');
                }
                whole.extend_from_slice(&q);
                Some(Cow::Owned(whole))
            }
            _ => Some(path),
        }
    }

    /// The message; `whole` stands in where there is none.
    pub(super) fn log(&self, whole: &'a [u8]) -> LogLine<'a> {
        LogLine {
            level: self.level(),
            logger: self.logger.text(),
            thread: self.thread.text(),
            pid: self.pid.raw().and_then(pid),
            program: self.service.text(),
            host: self.hostname.text(),
            request_id: self.request_id(),
            method: self.method.text(),
            // A path of a file, or a name, is none of a request.
            path: self.target().filter(|p| p.starts_with(b"/") || p.starts_with(b"http")),
            message: self.message.text().or_else(|| self.error.text()).unwrap_or(Cow::Borrowed(whole)),
            exception: self.error_kind.text(),
            error: self.stack.text().or_else(|| self.error.text()),
            extra: Vec::new(),
        }
    }
}

/// Names of numeric severities: OpenTelemetry's 1 to 24 (by its field's rank), syslog's 0 to 7 (GELF, the journal), those
/// of pino, bunyan and Python (tens), monolog's (hundreds) and Logback's (ten thousands).
fn number_level(number: u64, rank: u8) -> Option<&'static str> {
    const SYSLOG: [&str; 8] = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
    const OTEL: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];
    Some(match number {
        1..=24 if rank == OTEL_RANK => OTEL[(number as usize - 1) / 4],
        0..=7 => SYSLOG[number as usize],
        10 | 5_000 => "trace",
        20 | 100 | 10_000 => "debug",
        30 | 200 | 20_000 => "info",
        250 => "notice",
        40 | 300 | 30_000 => "warn",
        50 | 400 | 40_000 => "error",
        500 => "critical",
        550 => "alert",
        60 | 50_000 => "fatal",
        600 => "emergency",
        _ => return None,
    })
}

fn stamp_of(leaf: Leaf<'_>) -> Option<Stamp> {
    let raw = leaf.raw();
    if raw.first()?.is_ascii_digit() && raw.iter().all(|c| c.is_ascii_digit() || *c == b'.') {
        return Stamp::epoch_number(raw).or_else(|| float_epoch(raw));
    }
    match leaf {
        Leaf::Str(..) => any_stamp(raw).map(|(s, _)| s),
        // Go prints a float as it needs: 1.7951688001234567e+09
        _ => float_epoch(raw),
    }
}

/// An epoch number with an exponent or with more digits than the plain reader takes.
fn float_epoch(raw: &[u8]) -> Option<Stamp> {
    let v: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    let (scale, precision) = match v {
        1e9..4e9 => (1e9, Precision::Micros),
        1e12..4e12 => (1e6, Precision::Millis),
        _ => return None,
    };
    Some(Stamp::epoch((v * scale / 1000.0) as i64 * 1000, precision))
}

/// `10.0.0.1:4242` and `[::1]:4242` into address and port. A bare IPv6 address stays whole.
pub(super) fn split_port(addr: Text<'_>) -> (Option<Text<'_>>, Option<u16>) {
    let Cow::Borrowed(b) = addr else { return (Some(addr), None) };
    let Some(colon) = memchr::memrchr(b':', b) else { return (Some(Cow::Borrowed(b)), None) };
    let (host, port) = (&b[..colon], uint(&b[colon + 1..]).and_then(|v| u16::try_from(v).ok()));
    let host = match host {
        [b'[', inner @ .., b']'] => inner,
        h if memchr::memchr(b':', h).is_some() => return (Some(Cow::Borrowed(b)), None),
        h => h,
    };
    if port.is_none() { (Some(Cow::Borrowed(b)), None) } else { (present(host).map(Cow::Borrowed), port) }
}
