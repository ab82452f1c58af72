//! A field of a format: where its value goes, what it looks like, how it was escaped.

use std::borrow::Cow;

use chrono::format::Item;

use crate::{Anchor, Precision};

/// Where the value of a field goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    ClientIp,
    ClientPort,
    /// `IP:port` in one field.
    ClientAddress,
    User,
    Method,
    Path,
    /// A path and the parts of its query, written one after the other.
    JoinedPath,
    /// `?` or a query, which completes a path that it directly follows.
    UriTail,
    /// A query without its `?`, which completes the path before it.
    Query,
    Request,
    Version,
    Status,
    Bytes,
    Referrer,
    UserAgent,
    Xff,
    Vhost,
    Host,
    /// The written decimal number times 10^`scale` is microseconds.
    Duration {
        scale: u32,
        unit_us: i64,
    },
    /// W3C `time-taken`: with a decimal point seconds, as the draft has it, else milliseconds, as IIS has it.
    TimeTaken,
    RequestLength,
    RequestId,
    ConnectionId,
    ConnectionRequests,
    Aborted,
    ErrorLogId,
    Pid,
    Tid,
    HexTid,
    Upstream(Up),
    /// Apache `balancer://name`.
    BalancerName,
    /// Apache's worker, an URL.
    WorkerUrl,
    /// Apache `%f`: `proxy:` and an URL for what was proxied.
    File,
    Haproxy(Ha),
    Time(Clock),
    Level,
    Module,
    OsError,
    Message,
    Extra,
    Ignore,
}

/// An upstream value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Up {
    Name,
    Addr,
    Status,
    ConnectTime,
    HeaderTime,
    ResponseTime,
    ResponseLength,
    BytesReceived,
}

/// A field that only HAProxy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ha {
    Frontend,
    FrontendTls,
    Backend,
    Server,
    Tq,
    Tw,
    Tc,
    Tr,
    Tt,
    State,
    ActConn,
    FeConn,
    BeConn,
    SrvConn,
    Retries,
    SrvQueue,
    BackendQueue,
    RequestHeaders,
    ResponseHeaders,
}

/// A time, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    pub layout: TimeLayout,
    pub anchor: Anchor,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TimeLayout {
    /// `21/Nov/2026:01:50:53 +0000`.
    Clf,
    /// `21/Nov/2026:01:50:53`, nothing after it belongs to the time.
    ClfBare,
    /// `21/Nov/2026:02:09:07.209`.
    ClfMillis,
    /// `2026-11-21T01:50:53+00:00`, with a zone.
    Iso,
    /// `2026-11-21 01:59:48`, with a fraction or without, no zone.
    IsoBare,
    /// `Sat Nov 21 01:59:48.882323 2026`, possibly with a zone after it.
    Ctime { zone: bool },
    /// Seconds and fraction since the epoch: `1795225853.123`.
    Msec,
    /// Whole seconds, or a finer unit, since the epoch.
    Epoch(Precision),
    /// The fraction of a second of another field, as a number of this unit.
    Fraction(Precision),
    /// What `strftime` writes.
    Strftime(Vec<Item<'static>>),
}

impl TimeLayout {
    /// Whether the layout says its zone.
    pub fn has_zone(&self) -> bool {
        use chrono::format::{Fixed, Numeric};
        match self {
            TimeLayout::Clf | TimeLayout::Iso | TimeLayout::Msec | TimeLayout::Epoch(_) => true,
            TimeLayout::Ctime { zone } => *zone,
            TimeLayout::Strftime(items) => items.iter().any(|i| {
                matches!(
                    i,
                    Item::Numeric(Numeric::Timestamp, _)
                        | Item::Fixed(
                            Fixed::TimezoneOffset
                                | Fixed::TimezoneOffsetColon
                                | Fixed::TimezoneOffsetZ
                                | Fixed::TimezoneOffsetColonZ
                                | Fixed::RFC2822
                                | Fixed::RFC3339
                        )
                )
            }),
            _ => false,
        }
    }

    pub fn precision(&self) -> Precision {
        match self {
            TimeLayout::ClfMillis | TimeLayout::Msec => Precision::Millis,
            TimeLayout::Epoch(p) | TimeLayout::Fraction(p) => *p,
            _ => Precision::Seconds,
        }
    }
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anything up to what follows the field.
    Text,
    /// An optionally signed whole number, `-` or nothing.
    Int,
    /// A decimal number, `-` or nothing.
    Decimal,
    /// Only these bytes.
    Run(Class),
    /// A multi-valued upstream variable.
    List(Class),
    /// A time; its layout is in the target.
    Time,
    /// `{...}` (HAProxy's captured headers; braces inside are encoded).
    Braces,
    /// `(111)Connection refused`.
    OsError,
    /// `proxy_util.c(2611)`.
    Source,
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Anything but blanks and quotes.
    Word,
    /// Names of HAProxy's frontends, backends and servers, `<NOSRV>` among them.
    Name,
    /// Letters, as in `https`.
    Letters,
    /// Host names and addresses, with port.
    Host,
    /// Numbers and what a list of them holds.
    Numbers,
}

impl Class {
    pub fn holds(self, b: u8) -> bool {
        match self {
            Class::Word => !matches!(b, b' ' | b'\t' | b'"'),
            Class::Name => !matches!(b, b' ' | b'\t' | b'"' | b'/'),
            Class::Letters => b.is_ascii_alphabetic() || b == b'-',
            Class::Host => b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'_' | b'[' | b']'),
            Class::Numbers => b.is_ascii_digit() || matches!(b, b'.' | b',' | b':' | b'-' | b' '),
        }
    }
}

/// How the proxy escaped a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Raw,
    /// nginx `escape=default`: `\xHH`.
    Nginx,
    /// JSON.
    Json,
    /// Apache: `\"`, `\\`, `\n`, `\xhh`.
    Apache,
    /// HAProxy: `#HH`.
    Haproxy,
    /// HAProxy with flag `+E`: `#HH`, and a backslash before `"`, `\` and `]`.
    HaproxyEscaped,
    /// HAProxy with `+json`: JSON over `#HH`.
    HaproxyJson,
}

/// How the end of a value is found when text follows the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// At an occurrence of what follows; a later one when the rest of the line asks for it.
    Follow,
    /// At the first `"`, which never stands raw in the value.
    Quote,
    /// At the first `"` without a backslash.
    EscapedQuote,
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Name as in the format, see [`super::Compiled::fields`].
    pub name: Cow<'static, str>,
    /// Where in the format it stands.
    pub offset: usize,
    pub target: Target,
    pub shape: Shape,
    pub coding: Coding,
    /// HAProxy `+Q`: the value may stand in quotes of its own.
    pub may_be_quoted: bool,
    /// Of two fields for one place the lower rank gets it.
    pub rank: u8,
}

impl Field {
    pub fn new(name: impl Into<Cow<'static, str>>, offset: usize, target: Target, shape: Shape) -> Self {
        Field { name: name.into(), offset, target, shape, coding: Coding::Raw, may_be_quoted: false, rank: 0 }
    }

    /// Whether the value itself shows where it ends.
    pub fn is_self_delimiting(&self) -> bool {
        matches!(self.shape, Shape::Int | Shape::Decimal | Shape::Time | Shape::Braces)
            || matches!(self.shape, Shape::Run(Class::Host | Class::Letters))
    }
}

/// Whether a name says that its value identifies a request, a trace or the like: `http_x_request_id`,
/// `X-Correlation-ID`, `UNIQUE_ID`, `req_id`, `traceparent`.
pub(super) fn names_request_id(name: &str) -> bool {
    let flat: String =
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())).collect();
    ["requestid", "reqid", "traceid", "correlationid", "uniqueid", "transactionid", "traceparent"]
        .iter()
        .any(|w| flat.contains(w))
}
