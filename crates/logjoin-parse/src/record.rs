//! What a line says, in the words of the field, borrowed from the line.
//!
//! Long because it is one list of alike types: all that a format may say, each with its shape and unit.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Envelope, Stamp};

/// Bytes of a log line: borrowed where the line holds them as they are, owned where an escape
/// had to be undone. Not necessarily UTF-8.
pub type Text<'a> = Cow<'a, [u8]>;

/// The program that wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Product {
    /// nginx, OpenResty, ingress-nginx.
    Nginx,
    /// Apache httpd.
    Apache,
    /// HAProxy.
    Haproxy,
    /// An application server or application: anything behind the proxies.
    Backend,
    /// Kernel, init system, supervisor, container engine.
    System,
    /// The line alone does not tell (the combined access format is written by many programs).
    Unknown,
}

impl Product {
    /// By the name that people type: `nginx`, `apache` (or `httpd`), `haproxy`, `backend`, `system`.
    ///
    /// ```
    /// use logjoin_parse::Product;
    ///
    /// assert_eq!(Product::by_name("httpd"), Some(Product::Apache));
    /// assert_eq!(Product::by_name("proxy"), None);
    /// ```
    pub fn by_name(name: &str) -> Option<Product> {
        Some(match name {
            "nginx" => Product::Nginx,
            "apache" | "httpd" => Product::Apache,
            "haproxy" => Product::Haproxy,
            "backend" => Product::Backend,
            "system" => Product::System,
            _ => return None,
        })
    }
}

/// Which moment of a request the stamp of a line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Anchor {
    /// The arrival of the request (Apache `%t`, HAProxy `%tr`).
    Start,
    /// The moment of logging, when the request was over (nginx `$time_local`).
    End,
    /// The event itself (error and state lines, application messages).
    Event,
    /// An access line whose producer is not known.
    Unknown,
}

/// What sort of record a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// One request.
    Access,
    /// A proxy's error log line.
    Error,
    /// A change of a proxy's view of its servers, or of the proxy's own life.
    State,
    /// Any other message.
    Log,
}

impl Kind {
    /// The name used in output: `access`, `error`, `state` or `log`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Access => "access",
            Kind::Error => "error",
            Kind::State => "state",
            Kind::Log => "log",
        }
    }
}

/// One parsed line.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// Id of the format that read the line, an entry of [`crate::formats::FORMATS`] or `custom`.
    pub format: &'static str,
    /// Who wrote it, as far as the line itself tells.
    pub product: Product,
    /// Time as written in the line itself; the envelope's stamp is in [`Record::envelope`].
    pub stamp: Option<Stamp>,
    /// What the stamp names.
    pub anchor: Anchor,
    /// What the transport put around the line.
    pub envelope: Option<Envelope<'a>>,
    /// The content.
    pub body: Body<'a>,
}

impl<'a> Record<'a> {
    /// The same record with what the transport put around its line. What the envelope knows fills the
    /// places that the line itself left empty: process id, severity, program and host.
    pub fn in_envelope(mut self, envelope: Envelope<'a>) -> Self {
        let level = || envelope.level().map(|l| Text::Borrowed(l.as_bytes()));
        match &mut self.body {
            Body::Access(a) => a.pid = a.pid.or(envelope.pid),
            Body::Error(e) => {
                e.pid = e.pid.or(envelope.pid);
                e.level = e.level.take().or_else(level);
            }
            Body::State(s) => s.level = s.level.take().or_else(level),
            Body::Log(l) => {
                l.pid = l.pid.or(envelope.pid);
                l.level = l.level.take().or_else(level);
                l.program = l.program.take().or_else(|| envelope.tag.clone());
                l.host = l.host.take().or_else(|| envelope.host.clone());
            }
        }
        self.envelope = Some(envelope);
        self
    }

    /// The kind of the record, for filters and rows.
    pub fn kind(&self) -> Kind {
        match self.body {
            Body::Access(_) => Kind::Access,
            Body::Error(_) => Kind::Error,
            Body::State(_) => Kind::State,
            Body::Log(_) => Kind::Log,
        }
    }

    /// The best stamp: the line's own, else the envelope's.
    pub fn best_stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref().or_else(|| self.envelope.as_ref().and_then(|e| e.stamp.as_ref()))
    }
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)] // access lines are nearly all lines: no allocation for them
pub enum Body<'a> {
    /// A request.
    Access(Access<'a>),
    /// A proxy's error line.
    Error(ErrorLine<'a>),
    /// A proxy's state line.
    State(StateLine<'a>),
    /// A message.
    Log(LogLine<'a>),
}

/// One request, as a proxy or a backend logged it.
///
/// `None` means that the line does not say: the field is not in the format, or it was written as `-`
/// (or, by nginx with `escape=json`, as an empty string).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access<'a> {
    /// Address of the client (`unix:` is possible). Host names are kept as they are.
    pub client_ip: Option<Text<'a>>,
    /// Port of the client.
    pub client_port: Option<u16>,
    /// Authenticated user.
    pub user: Option<Text<'a>>,
    /// Request method.
    pub method: Option<Text<'a>>,
    /// Request target as logged, with its query.
    pub path: Option<Text<'a>>,
    /// Whole request line as logged.
    pub request: Option<Text<'a>>,
    /// Protocol version without the `HTTP/` prefix: `1.1`.
    pub http_version: Option<Text<'a>>,
    /// Status sent to the client; HAProxy writes -1 when nothing was sent.
    pub status: Option<i32>,
    /// Bytes sent to the client, with or without headers as the format has it.
    pub bytes: Option<i64>,
    /// `Referer` header.
    pub referrer: Option<Text<'a>>,
    /// `User-Agent` header.
    pub user_agent: Option<Text<'a>>,
    /// `X-Forwarded-For` header as logged.
    pub xff: Option<Text<'a>>,
    /// Virtual host that the line starts with.
    pub vhost: Option<Text<'a>>,
    /// `Host` header.
    pub host: Option<Text<'a>>,
    /// Duration of the request, microseconds.
    pub duration_us: Option<i64>,
    /// Smallest unit in which the duration was written, microseconds (1000 for `0.123` seconds).
    pub duration_unit_us: i64,
    /// Length of the request, bytes.
    pub request_length: Option<i64>,
    /// Request id, trace id or the like, where the format names such a field.
    pub request_id: Option<Text<'a>>,
    /// Number of the connection (nginx `$connection`).
    pub connection_id: Option<u64>,
    /// How many requests the connection had carried (nginx `$connection_requests` counts from 1, Apache `%k` from 0).
    pub connection_requests: Option<u64>,
    /// Apache `%X` was `X`: the client was gone before the response ended.
    pub aborted: Option<bool>,
    /// Apache `%L`: id of the request's error log lines; `None` also when nothing was logged.
    pub error_log_id: Option<Text<'a>>,
    /// Whether the format has `%L` at all (its `-` proves that no error line was written).
    pub has_error_log_id: bool,
    /// Process id.
    pub pid: Option<u32>,
    /// Thread id.
    pub tid: Option<u64>,
    /// Thread or worker name.
    pub thread: Option<Text<'a>>,
    /// Severity, where a request line of an application has one.
    pub level: Option<Text<'a>>,
    /// The message of an application's request line, where it has one beside the fields.
    pub message: Option<Text<'a>>,
    /// The proxy's view of its upstream, nginx and Apache.
    pub upstream: Upstreams<'a>,
    /// HAProxy's own fields.
    pub haproxy: Option<HaproxyFields<'a>>,
    /// Fields without a place of their own: name as in the format, value as logged.
    pub extra: Vec<(Cow<'a, str>, Text<'a>)>,
}

/// Values of the upstream variables as logged. nginx writes one element per attempt, separated by `, `,
/// or by ` : ` where an internal redirect began a new pass (`src/http/ngx_http_upstream.c`,
/// `ngx_http_upstream_status_variable` and siblings).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upstreams<'a> {
    /// Name of the group: ingress-nginx `$proxy_upstream_name`, Apache's balancer name.
    pub name: Option<Text<'a>>,
    /// `$upstream_addr`, or the address in Apache's worker name.
    pub addr: Option<Text<'a>>,
    /// `$upstream_status`.
    pub status: Option<Text<'a>>,
    /// `$upstream_connect_time`, seconds.
    pub connect_time: Option<Text<'a>>,
    /// `$upstream_header_time`, seconds.
    pub header_time: Option<Text<'a>>,
    /// `$upstream_response_time`, seconds.
    pub response_time: Option<Text<'a>>,
    /// `$upstream_response_length`, bytes.
    pub response_length: Option<Text<'a>>,
    /// `$upstream_bytes_received`, bytes.
    pub bytes_received: Option<Text<'a>>,
    /// Whether the format logs `$upstream_addr` at all (then `-` proves that no upstream was tried).
    pub has_addr: bool,
    /// Whether the format logs `$upstream_header_time` at all (then `-` proves that no header came).
    pub has_header_time: bool,
}

/// One try at one upstream server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt<'a> {
    /// Address as logged: `10.0.0.1:8080`, `unix:/run/app.sock`, or a group's name when no server was left.
    pub addr: Option<&'a [u8]>,
    /// Status as the proxy has it: its own 502 or 504 where the backend sent nothing.
    pub status: Option<i32>,
    /// Time to connect, microseconds; `None` when the connection never stood.
    pub connect_us: Option<i64>,
    /// Time to the complete response header, microseconds; `None` when none came.
    pub header_us: Option<i64>,
    /// Time to the end of the attempt, microseconds.
    pub response_us: Option<i64>,
    /// Bytes received from the upstream, headers included.
    pub bytes_received: Option<i64>,
}

impl<'a> Upstreams<'a> {
    /// The attempts, in order. Empty when the line names no upstream.
    ///
    /// ```
    /// use logjoin_parse::Upstreams;
    /// let up = Upstreams {
    ///     addr: Some(b"10.0.0.1:80, 10.0.0.2:80".as_slice().into()),
    ///     status: Some(b"502, 200".as_slice().into()),
    ///     ..Upstreams::default()
    /// };
    /// let tries = up.attempts();
    /// assert_eq!(tries.len(), 2);
    /// assert_eq!((tries[1].addr, tries[1].status), (Some(&b"10.0.0.2:80"[..]), Some(200)));
    /// ```
    pub fn attempts(&self) -> Vec<Attempt<'_>> {
        if self.is_single() {
            return self.single().into_iter().collect();
        }
        let addr = split_list(self.addr.as_deref());
        let status = split_list(self.status.as_deref());
        let connect = split_list(self.connect_time.as_deref());
        let header = split_list(self.header_time.as_deref());
        let response = split_list(self.response_time.as_deref());
        let received = split_list(self.bytes_received.as_deref());
        let n = [&addr, &status, &connect, &header, &response, &received]
            .iter()
            .map(|l| l.len())
            .max()
            .unwrap_or(0);
        (0..n)
            .map(|i| Attempt {
                addr: value(&addr, i),
                status: value(&status, i).and_then(crate::bytes::int).map(|v| v as i32),
                connect_us: value(&connect, i).and_then(crate::bytes::seconds_us),
                header_us: value(&header, i).and_then(crate::bytes::seconds_us),
                response_us: value(&response, i).and_then(crate::bytes::seconds_us),
                bytes_received: value(&received, i).and_then(crate::bytes::int),
            })
            .filter(|a| *a != Attempt::default())
            .collect()
    }
}

impl Upstreams<'_> {
    /// How many attempts there were, and the last one.
    pub fn last_attempt(&self) -> (usize, Option<Attempt<'_>>) {
        if self.is_single() {
            let only = self.single();
            return (usize::from(only.is_some()), only);
        }
        let mut all = self.attempts();
        (all.len(), all.pop())
    }

    /// Whether no variable holds a list: the separators have blanks, an address or number has none.
    fn is_single(&self) -> bool {
        let all = [
            &self.addr,
            &self.status,
            &self.connect_time,
            &self.header_time,
            &self.response_time,
            &self.bytes_received,
        ];
        all.into_iter().flatten().all(|v| !v.contains(&b' '))
    }

    fn single(&self) -> Option<Attempt<'_>> {
        fn value<'v>(v: &'v Option<Text<'_>>) -> Option<&'v [u8]> {
            v.as_deref().map(<[u8]>::trim_ascii).and_then(crate::bytes::present)
        }
        let us = |v| value(v).and_then(crate::bytes::seconds_us);
        let attempt = Attempt {
            addr: value(&self.addr),
            status: value(&self.status).and_then(crate::bytes::int).map(|v| v as i32),
            connect_us: us(&self.connect_time),
            header_us: us(&self.header_time),
            response_us: us(&self.response_time),
            bytes_received: value(&self.bytes_received).and_then(crate::bytes::int),
        };
        Some(attempt).filter(|a| *a != Attempt::default())
    }
}

/// Splits a multi-valued upstream variable at `, ` and ` : `; IPv6 and unix addresses hold colons without spaces.
pub(crate) fn split_list(value: Option<&[u8]>) -> Vec<&[u8]> {
    let Some(mut rest) = value else { return Vec::new() };
    let mut out = Vec::new();
    loop {
        let comma = memchr::memmem::find(rest, b", ");
        let colon = memchr::memmem::find(rest, b" : ");
        let (at, len) = match (comma, colon) {
            (Some(c), Some(d)) if d < c => (d, 3),
            (Some(c), _) => (c, 2),
            (None, Some(d)) => (d, 3),
            (None, None) => break,
        };
        out.push(&rest[..at]);
        rest = &rest[at + len..];
    }
    out.push(rest.strip_suffix(b" :").unwrap_or(rest));
    out
}

fn value<'a>(list: &[&'a [u8]], i: usize) -> Option<&'a [u8]> {
    list.get(i).copied().map(<[u8]>::trim_ascii).filter(|v| !v.is_empty() && *v != b"-")
}

/// Fields that only HAProxy's lines have (its manual, section 8.2.3 and 8.2.6).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HaproxyFields<'a> {
    /// Frontend, without the `~` that marks TLS.
    pub frontend: Option<Text<'a>>,
    /// Whether the client side was TLS (`~`).
    pub tls: bool,
    /// Backend.
    pub backend: Option<Text<'a>>,
    /// Server; `None` for `<NOSRV>`.
    pub server: Option<Text<'a>>,
    /// Time to receive the request (`%TR`, `%Tq`), ms; -1 when it never completed.
    pub tq: Option<i64>,
    /// Time in queues (`%Tw`), ms.
    pub tw: Option<i64>,
    /// Time to connect (`%Tc`), ms; -1 when the connection never stood.
    pub tc: Option<i64>,
    /// Time to the complete response header (`%Tr`), ms; -1 when none came.
    pub tr: Option<i64>,
    /// Total time (`%Ta`, `%Tt`), ms.
    pub tt: Option<i64>,
    /// Termination state, two or four letters.
    pub termination_state: Option<Text<'a>>,
    /// Concurrent connections of the process.
    pub actconn: Option<i64>,
    /// Concurrent connections of the frontend.
    pub feconn: Option<i64>,
    /// Concurrent connections of the backend.
    pub beconn: Option<i64>,
    /// Concurrent connections of the server.
    pub srvconn: Option<i64>,
    /// Connection retries.
    pub retries: Option<i64>,
    /// The last retry went to another server (`+`).
    pub redispatched: bool,
    /// Position in the server's queue.
    pub srv_queue: Option<i64>,
    /// Position in the backend's queue.
    pub backend_queue: Option<i64>,
    /// Captured request headers, without the braces.
    pub captured_request_headers: Option<Text<'a>>,
    /// Captured response headers, without the braces.
    pub captured_response_headers: Option<Text<'a>>,
    /// A line of TCP mode.
    pub tcp: bool,
}

/// A line of a proxy's error log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErrorLine<'a> {
    /// Severity as written.
    pub level: Option<Text<'a>>,
    /// Process id.
    pub pid: Option<u32>,
    /// Thread id.
    pub tid: Option<u64>,
    /// nginx `*N`: the connection's number.
    pub connection_id: Option<u64>,
    /// Apache module: `proxy_http`.
    pub module: Option<Text<'a>>,
    /// Apache log id: `AH01114`.
    pub error_code: Option<Text<'a>>,
    /// Error number of the operating system or of APR: 111 of `(111: Connection refused)`, 2 of `(EAI 2)`.
    pub os_error_code: Option<i32>,
    /// Text of that error.
    pub os_error: Option<Text<'a>>,
    /// The error number is one of `getaddrinfo` (`(EAI 2)`), not of the operating system.
    pub is_eai: bool,
    /// The message without level, pid, connection number, error number and context.
    pub message: Text<'a>,
    /// nginx: what it was doing (`connecting to upstream`).
    pub action: Option<Text<'a>>,
    /// Client address.
    pub client_ip: Option<Text<'a>>,
    /// Client port.
    pub client_port: Option<u16>,
    /// nginx `server:`.
    pub vserver: Option<Text<'a>>,
    /// nginx `request:`, the whole request line.
    pub request: Option<Text<'a>>,
    /// Method of that request.
    pub method: Option<Text<'a>>,
    /// Target of that request.
    pub path: Option<Text<'a>>,
    /// Protocol version of that request, without `HTTP/`.
    pub http_version: Option<Text<'a>>,
    /// nginx `subrequest:`.
    pub subrequest: Option<Text<'a>>,
    /// nginx `upstream:`, an URL; stream: an address.
    pub upstream: Option<Text<'a>>,
    /// `Host` header.
    pub host: Option<Text<'a>>,
    /// `Referer` header.
    pub referrer: Option<Text<'a>>,
    /// Apache `%L` or another id of the request in the error format.
    pub request_id: Option<Text<'a>>,
    /// HAProxy connection errors: the frontend.
    pub frontend: Option<Text<'a>>,
    /// HAProxy connection errors: the bind name or number.
    pub bind: Option<Text<'a>>,
}

/// What changed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
pub enum StateEvent {
    /// A server is taken out by a check or by traffic.
    ServerDown,
    /// A server is back.
    ServerUp,
    /// A server stops taking new sessions.
    ServerStopping,
    /// A server enters or stays in maintenance, by hand or because its name no longer resolves.
    ServerMaintenance,
    /// A server drains.
    ServerDrain,
    /// A server leaves maintenance or drain.
    ServerReady,
    /// A health check failed.
    CheckFailed,
    /// A health check succeeded.
    CheckPassed,
    /// A backend has no server left.
    NoServer,
    /// A server's address changed by DNS.
    AddressChanged,
    /// The proxy, or one of its parts, started.
    ProxyStarted,
    /// The proxy, or one of its parts, stopped or pauses.
    ProxyStopped,
    /// The proxy reloads.
    ProxyReload,
    /// A process of the proxy died.
    ProxyCrash,
    /// The proxy met a limit of its own (connections, files, ports, memory).
    ProxyLimit,
    /// A message about name resolution.
    Resolver,
    /// Anything else.
    #[default]
    Other,
}

impl StateEvent {
    /// Name for rows and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            StateEvent::ServerDown => "server-down",
            StateEvent::ServerUp => "server-up",
            StateEvent::ServerStopping => "server-stopping",
            StateEvent::ServerMaintenance => "server-maintenance",
            StateEvent::ServerDrain => "server-drain",
            StateEvent::ServerReady => "server-ready",
            StateEvent::CheckFailed => "check-failed",
            StateEvent::CheckPassed => "check-passed",
            StateEvent::NoServer => "no-server",
            StateEvent::AddressChanged => "address-changed",
            StateEvent::ProxyStarted => "proxy-started",
            StateEvent::ProxyStopped => "proxy-stopped",
            StateEvent::ProxyReload => "proxy-reload",
            StateEvent::ProxyCrash => "proxy-crash",
            StateEvent::ProxyLimit => "proxy-limit",
            StateEvent::Resolver => "resolver",
            StateEvent::Other => "other",
        }
    }
}

/// A line about a proxy's servers or its own life (HAProxy writes them into its one log).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateLine<'a> {
    /// What changed.
    pub event: StateEvent,
    /// Severity, from the syslog priority or the prefix, where there is one.
    pub level: Option<Text<'a>>,
    /// Backend.
    pub backend: Option<Text<'a>>,
    /// Server.
    pub server: Option<Text<'a>>,
    /// Reason of a check's result: `Layer4 connection problem`; or the cause of a maintenance: `DNS NX status`.
    pub check_reason: Option<Text<'a>>,
    /// Status code of a check.
    pub check_code: Option<i32>,
    /// `info:` of a check, unescaped.
    pub check_info: Option<Text<'a>>,
    /// Duration of the check, ms.
    pub check_duration_ms: Option<i64>,
    /// Active servers left.
    pub active_left: Option<i64>,
    /// Whole message.
    pub message: Text<'a>,
}

/// A message of an application, a supervisor or the system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogLine<'a> {
    /// Severity as written (`ERROR`, `error`, `50`, `E`).
    pub level: Option<Text<'a>>,
    /// Logger, category or module.
    pub logger: Option<Text<'a>>,
    /// Thread name.
    pub thread: Option<Text<'a>>,
    /// Process id.
    pub pid: Option<u32>,
    /// Program or unit (a syslog tag, `kernel`, `systemd`).
    pub program: Option<Text<'a>>,
    /// Host.
    pub host: Option<Text<'a>>,
    /// Request id, trace id or the like, where a field is named so.
    pub request_id: Option<Text<'a>>,
    /// Method of the request that it is about, where a field has it.
    pub method: Option<Text<'a>>,
    /// Target of that request, where a field has it.
    pub path: Option<Text<'a>>,
    /// The message.
    pub message: Text<'a>,
    /// Type of an exception or error, where a field has it.
    pub exception: Option<Text<'a>>,
    /// Text of that error, and its stack where a field holds one.
    pub error: Option<Text<'a>>,
    /// Fields without a place of their own: name, value.
    pub extra: Vec<(Cow<'a, str>, Text<'a>)>,
}
