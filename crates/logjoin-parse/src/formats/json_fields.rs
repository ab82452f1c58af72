//! What the fields of JSON and logfmt lines mean: names, as written by the loggers of many languages.
//!
//! The one trick: dots in a key are nesting (`http.request.method` is `http` > `request` > `method`), and the
//! objects around a leaf only count as far as they change its meaning (request, response, error).

/// What the objects around a field say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// The top level, or an object that only groups.
    Top,
    /// An object of the request.
    Request,
    /// An object of the response.
    Response,
    /// An object of an error.
    Error,
    /// Headers of the request.
    RequestHeaders,
    /// A url.
    Url,
    /// A process, then its thread.
    Process,
    /// A trace or transaction.
    Trace,
    /// A client or a remote peer.
    Client,
    /// A user agent.
    UserAgent,
    /// A log record's own data (`log.level`, `log.logger`).
    Log,
    /// A service or host.
    Service,
    /// Anything else: its fields keep no meaning.
    Other,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Time; lower ranks first.
    Time(u8),
    /// `@t`, Serilog's time.
    SerilogTime,
    /// Seconds or nanoseconds of a time in two fields.
    TimeSeconds,
    /// See [`Role::TimeSeconds`].
    TimeNanos,
    /// Severity; lower ranks first.
    Level(u8),
    /// The message; lower ranks first.
    Message(u8),
    /// Logger, category, module.
    Logger(u8),
    /// Process id.
    Pid,
    /// Thread id.
    Tid,
    /// Thread name.
    Thread,
    /// Host that logs.
    Hostname,
    /// Service or program.
    Service,
    /// Id of the request; the rank of [`super::words::id_rank`].
    RequestId(u8),
    /// Method.
    Method,
    /// Target; lower ranks first.
    Path(u8),
    /// Query without the path.
    Query,
    /// Status sent.
    Status(u8),
    /// Duration: nanoseconds of the unit that the name implies, 0 where the name says none.
    Duration(i64, u8),
    /// Bytes sent.
    Bytes(u8),
    /// Client address.
    ClientIp(u8),
    /// Client port.
    ClientPort,
    /// `User-Agent`.
    UserAgent,
    /// `Referer`.
    Referrer,
    /// `Host` header.
    HostHeader,
    /// `X-Forwarded-For`.
    Xff,
    /// Protocol (`HTTP/1.1` or `1.1`).
    Protocol,
    /// Authenticated user.
    User,
    /// Type of an error.
    ErrorKind,
    /// Text of an error.
    ErrorMessage,
    /// Stack of an error.
    Stack,
    /// A field of its own.
    Other,
    /// Not worth keeping.
    Noise,
}

/// The rank of OpenTelemetry's `severityNumber`, whose numbers clash with everybody else's.
pub(super) const OTEL_RANK: u8 = 3;

const MS: i64 = 1_000_000;
const S: i64 = 1_000_000_000;

/// A key in lower case without `_`, `-` and a leading `@`; `None` when it is longer than any name known here.
pub(super) fn normal<'b>(key: &[u8], buf: &'b mut [u8; 32]) -> Option<&'b [u8]> {
    let mut n = 0;
    for (i, &c) in key.iter().enumerate() {
        if matches!(c, b'_' | b'-') || c == b'@' && (i > 0 || key.len() > 3) {
            continue;
        }
        *buf.get_mut(n)? = c.to_ascii_lowercase();
        n += 1;
    }
    Some(&buf[..n])
}

/// What an object named `key` inside `outer` says about its fields.
pub(super) fn enter(outer: Context, key: &[u8]) -> Context {
    let mut buf = [0; 32];
    let Some(key) = normal(key, &mut buf) else { return Context::Other };
    match (outer, key) {
        (Context::Request, b"headers" | b"header") => Context::RequestHeaders,
        (Context::Error, _) => Context::Error,
        (_, b"request" | b"req" | b"httprequest") => Context::Request,
        (_, b"response" | b"res" | b"httpresponse") => Context::Response,
        (_, b"err" | b"error" | b"exception" | b"thrown" | b"exc") => Context::Error,
        (_, b"url") => Context::Url,
        (_, b"process" | b"thread") => Context::Process,
        (_, b"trace" | b"transaction" | b"span" | b"dd") => Context::Trace,
        (_, b"client" | b"remote" | b"peer" | b"source") => Context::Client,
        (_, b"useragent") => Context::UserAgent,
        (_, b"service" | b"host" | b"agent") => Context::Service,
        (Context::Top | Context::Log, b"log") => Context::Log,
        (
            c @ (Context::Top | Context::Request | Context::Response | Context::Log),
            b"http" | b"fields" | b"attributes" | b"attr" | b"context" | b"contextmap" | b"extra" | b"data"
            | b"labels" | b"mdc" | b"properties" | b"jsonpayload" | b"instant" | b"time" | b"t" | b"meta"
            | b"metadata" | b"body" | b"event" | b"state" | b"net" | b"network" | b"message" | b"msg"
            | b"timestamp" | b"params" | b"info" | b"connection" | b"socket",
        ) => c,
        _ => Context::Other,
    }
}

/// What a leaf named `key` inside `context` is.
pub(super) fn role(context: Context, key: &[u8]) -> Role {
    let mut buf = [0; 32];
    let Some(k) = normal(key, &mut buf) else { return Role::Other };
    if context != Context::Other
        && let Some(rank) = super::words::id_rank(k)
    {
        return Role::RequestId(rank);
    }
    match context {
        Context::Other => Role::Other,
        Context::Error => match k {
            b"type" | b"name" | b"class" | b"exceptionclass" | b"kind" => Role::ErrorKind,
            b"message" | b"msg" | b"exceptionmessage" | b"error" | b"reason" => Role::ErrorMessage,
            b"stack" | b"stacktrace" | b"extendedstacktrace" | b"trace" => Role::Stack,
            _ => Role::Other,
        },
        Context::RequestHeaders => match k {
            b"useragent" => Role::UserAgent,
            b"referer" | b"referrer" => Role::Referrer,
            b"host" => Role::HostHeader,
            b"xforwardedfor" => Role::Xff,
            _ => Role::Noise,
        },
        Context::Url => match k {
            b"original" => Role::Path(0),
            b"path" => Role::Path(2),
            b"query" => Role::Query,
            b"full" => Role::Path(3),
            _ => Role::Other,
        },
        Context::Process => match k {
            b"pid" => Role::Pid,
            b"name" => Role::Thread,
            b"id" => Role::Tid,
            _ => Role::Other,
        },
        Context::Trace => match k {
            b"id" => Role::RequestId(2),
            _ => Role::Other,
        },
        Context::Client => match k {
            b"ip" | b"address" | b"addr" => Role::ClientIp(1),
            b"port" => Role::ClientPort,
            _ => Role::Other,
        },
        Context::UserAgent => {
            if k == b"original" {
                Role::UserAgent
            } else {
                Role::Noise
            }
        }
        Context::Service => match k {
            b"name" => Role::Service,
            b"hostname" => Role::Hostname,
            _ => Role::Noise,
        },
        Context::Request => match k {
            b"id" => Role::RequestId(1),
            b"host" => Role::HostHeader,
            b"message" | b"msg" => Role::Other,
            _ => top(k),
        },
        Context::Response => match k {
            b"code" => Role::Status(1),
            b"size" | b"bytes" | b"contentlength" | b"length" => Role::Bytes(1),
            b"message" | b"msg" | b"body" => Role::Other,
            _ => top(k),
        },
        Context::Log if k == b"name" => Role::Logger(1),
        Context::Top | Context::Log => top(k),
    }
}

fn top(k: &[u8]) -> Role {
    match k {
        b"timestamp" => Role::Time(0),
        b"@t" => Role::SerilogTime,
        b"time" | b"ts" | b"datetime" | b"asctime" | b"timemillis" | b"timeunixnano" | b"timestampms"
        | b"eventtime" | b"$date" => Role::Time(1),
        b"date" | b"t" | b"created" | b"loggedat" | b"epoch" | b"observedtimeunixnano" | b"startutc" => {
            Role::Time(2)
        }
        b"epochsecond" | b"timestampseconds" => Role::TimeSeconds,
        b"nanoofsecond" | b"timestampnanos" => Role::TimeNanos,
        b"levelname" | b"severitytext" => Role::Level(0),
        b"level" | b"lvl" | b"severity" | b"loglevel" | b"@l" => Role::Level(1),
        b"s" | b"priority" | b"levelvalue" => Role::Level(2),
        b"severitynumber" => Role::Level(OTEL_RANK),
        b"message" | b"msg" | b"@m" | b"shortmessage" | b"textpayload" => Role::Message(0),
        b"@mt" | b"stringvalue" => Role::Message(1),
        b"event" | b"text" | b"log" | b"body" => Role::Message(2),
        b"logger" | b"loggername" | b"channel" | b"category" => Role::Logger(0),
        b"component" | b"module" | b"c" | b"subsystem" | b"caller" | b"target" => Role::Logger(2),
        b"pid" | b"processid" | b"process" => Role::Pid,
        b"tid" | b"threadid" | b"goroutine" => Role::Tid,
        b"thread" | b"threadname" | b"ctx" => Role::Thread,
        b"hostname" | b"host" => Role::Hostname,
        b"service" | b"app" | b"servicename" | b"name" | b"application" => Role::Service,
        b"method" | b"httpmethod" | b"requestmethod" | b"csmethod" | b"verb" => Role::Method,
        b"requesturi" | b"uri" | b"url" | b"requesturl" | b"httptarget" | b"target.path" => Role::Path(1),
        b"path" | b"requestpath" | b"httpurl" | b"urlpath" => Role::Path(2),
        b"route" | b"endpoint" => Role::Path(4),
        b"query" | b"querystring" => Role::Query,
        b"status" | b"statuscode" | b"httpstatus" | b"httpstatuscode" | b"responsestatus"
        | b"responsecode" | b"downstreamstatus" | b"scstatus" => Role::Status(0),
        b"code" => Role::Status(2),
        b"durationms"
        | b"responsetime"
        | b"elapsedms"
        | b"latencyms"
        | b"responsetimems"
        | b"timems"
        | b"elapsedmilliseconds"
        | b"tookms"
        | b"durationmillis"
        | b"requesttimems"
        | b"timetaken" => Role::Duration(MS, 0),
        b"durationus" | b"latencyus" | b"durationmicros" | b"elapsedus" => Role::Duration(1000, 0),
        b"durationns" | b"latencyns" | b"durationnanos" | b"elapsedns" => Role::Duration(1, 0),
        b"durations" | b"durationsec" | b"durationseconds" | b"elapseds" | b"requesttime" | b"latencys" => {
            Role::Duration(S, 0)
        }
        b"duration" | b"elapsed" | b"took" | b"latency" => Role::Duration(0, 1),
        b"latencyhuman" | b"time-taken" => Role::Duration(0, 0),
        b"bytes"
        | b"size"
        | b"bytesout"
        | b"bytessent"
        | b"responsesize"
        | b"contentlength"
        | b"length"
        | b"downstreamcontentsize"
        | b"bodybytessent"
        | b"responsebytes" => Role::Bytes(0),
        b"remoteip" | b"clientip" | b"remoteaddr" | b"remoteaddress" | b"clientaddr" | b"netpeerip"
        | b"ip" | b"clienthost" => Role::ClientIp(0),
        b"remote" | b"client" | b"peer" => Role::ClientIp(1),
        b"remoteport" | b"clientport" => Role::ClientPort,
        b"remoteuser" | b"authuser" => Role::User,
        b"useragent" | b"ua" => Role::UserAgent,
        b"referer" | b"referrer" => Role::Referrer,
        b"vhost" | b"httphost" | b"requesthost" => Role::HostHeader,
        b"xff" | b"xforwardedfor" | b"fwd" => Role::Xff,
        b"proto" | b"protocol" | b"httpversion" | b"requestprotocol" => Role::Protocol,
        b"exceptiontype" | b"errortype" | b"errorclass" => Role::ErrorKind,
        b"err" | b"error" | b"exception" | b"errormessage" | b"@x" => Role::ErrorMessage,
        b"stack" | b"stacktrace" | b"excinfo" | b"fullmessage" | b"errorverbose" | b"traceback" => {
            Role::Stack
        }
        // Google Cloud: projects/P/traces/T
        b"trace" => Role::RequestId(2),
        b"id" => Role::RequestId(3),
        b"v" | b"version" | b"ecsversion" | b"@i" => Role::Noise,
        _ => Role::Other,
    }
}
