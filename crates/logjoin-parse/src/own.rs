//! Records that outlive their line: needed where the payload was unescaped on the way (Docker's JSON).

use std::borrow::Cow;

use crate::{Access, Body, Envelope, ErrorLine, HaproxyFields, LogLine, Record, StateLine, Text, Upstreams};

fn own(t: Text<'_>) -> Text<'static> {
    Cow::Owned(t.into_owned())
}

fn opt(t: Option<Text<'_>>) -> Option<Text<'static>> {
    t.map(own)
}

fn pairs(extra: Vec<(Cow<'_, str>, Text<'_>)>) -> Vec<(Cow<'static, str>, Text<'static>)> {
    extra.into_iter().map(|(k, v)| (Cow::Owned(k.into_owned()), own(v))).collect()
}

impl Record<'_> {
    /// The same record with bytes of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            format: self.format,
            product: self.product,
            stamp: self.stamp,
            anchor: self.anchor,
            envelope: self.envelope.map(Envelope::into_owned),
            body: match self.body {
                Body::Access(a) => Body::Access(access(a)),
                Body::Error(e) => Body::Error(error(e)),
                Body::State(s) => Body::State(state(s)),
                Body::Log(l) => Body::Log(log(l)),
            },
        }
    }
}

impl Envelope<'_> {
    /// The same envelope with bytes of its own.
    pub fn into_owned(self) -> Envelope<'static> {
        Envelope {
            kind: self.kind,
            stamp: self.stamp,
            host: opt(self.host),
            tag: opt(self.tag),
            pid: self.pid,
            priority: self.priority,
            is_partial: self.is_partial,
        }
    }
}

/// Rebuilds a struct: the named texts are copied, the named numbers moved, `extra` fields given as they are.
macro_rules! rebuild {
    ($from:ident as $ty:ident; texts $($t:ident)*; plain $($p:ident)*; $($extra:tt)*) => {
        $ty { $($t: opt($from.$t),)* $($p: $from.$p,)* $($extra)* }
    };
}

fn access(a: Access<'_>) -> Access<'static> {
    rebuild!(a as Access;
        texts client_ip user method path request http_version referrer user_agent xff vhost host request_id
            error_log_id thread level message;
        plain client_port status bytes duration_us duration_unit_us request_length connection_id
            connection_requests aborted has_error_log_id pid tid;
        upstream: upstreams(a.upstream),
        haproxy: a.haproxy.map(haproxy),
        extra: pairs(a.extra),
    )
}

fn upstreams(u: Upstreams<'_>) -> Upstreams<'static> {
    rebuild!(u as Upstreams;
        texts name addr status connect_time header_time response_time response_length bytes_received;
        plain has_addr has_header_time;
    )
}

fn haproxy(h: HaproxyFields<'_>) -> HaproxyFields<'static> {
    rebuild!(h as HaproxyFields;
        texts frontend backend server termination_state captured_request_headers captured_response_headers;
        plain tls tq tw tc tr tt actconn feconn beconn srvconn retries redispatched srv_queue backend_queue tcp;
    )
}

fn error(e: ErrorLine<'_>) -> ErrorLine<'static> {
    rebuild!(e as ErrorLine;
        texts level module error_code os_error action client_ip vserver request method path http_version
            subrequest upstream host referrer request_id frontend bind;
        plain pid tid connection_id os_error_code is_eai client_port;
        message: own(e.message),
    )
}

fn state(s: StateLine<'_>) -> StateLine<'static> {
    rebuild!(s as StateLine;
        texts level backend server check_reason check_info;
        plain event check_code check_duration_ms active_left;
        message: own(s.message),
    )
}

fn log(l: LogLine<'_>) -> LogLine<'static> {
    rebuild!(l as LogLine;
        texts level logger thread program host request_id exception error;
        plain pid;
        message: own(l.message),
        extra: pairs(l.extra),
    )
}
