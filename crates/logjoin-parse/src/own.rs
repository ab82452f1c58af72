//! Records that outlive their line.
//!
//! A record borrows from the line it was read from. Where that line was itself made (the text inside
//! Docker's JSON), the record has to be copied. Every struct is written out in full, so that a new field
//! cannot be forgotten here: the compiler asks for it.

use std::borrow::Cow;

use crate::{Access, Body, ErrorLine, HaproxyFields, LogLine, Record, StateLine, Text, Upstreams};

fn text(t: Text<'_>) -> Text<'static> {
    Cow::Owned(t.into_owned())
}

fn own(t: Option<Text<'_>>) -> Option<Text<'static>> {
    t.map(text)
}

fn extra(list: Vec<(Cow<'_, str>, Text<'_>)>) -> Vec<(Cow<'static, str>, Text<'static>)> {
    list.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), text(value))).collect()
}

impl Record<'_> {
    /// The same record, with every text copied: it no longer borrows from the line.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            format: self.format,
            product: self.product,
            stamp: self.stamp,
            anchor: self.anchor,
            envelope: self.envelope.map(|e| e.into_owned()),
            body: match self.body {
                Body::Access(b) => Body::Access(b.into_owned()),
                Body::Error(b) => Body::Error(b.into_owned()),
                Body::State(b) => Body::State(b.into_owned()),
                Body::Log(b) => Body::Log(b.into_owned()),
            },
        }
    }
}

impl Access<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> Access<'static> {
        Access {
            client_ip: own(self.client_ip),
            client_port: self.client_port,
            user: own(self.user),
            method: own(self.method),
            path: own(self.path),
            request: own(self.request),
            http_version: own(self.http_version),
            status: self.status,
            bytes: self.bytes,
            referrer: own(self.referrer),
            user_agent: own(self.user_agent),
            xff: own(self.xff),
            vhost: own(self.vhost),
            host: own(self.host),
            duration_us: self.duration_us,
            duration_unit_us: self.duration_unit_us,
            request_length: self.request_length,
            request_id: own(self.request_id),
            connection_id: self.connection_id,
            connection_requests: self.connection_requests,
            aborted: self.aborted,
            error_log_id: own(self.error_log_id),
            has_error_log_id: self.has_error_log_id,
            pid: self.pid,
            tid: self.tid,
            thread: own(self.thread),
            level: own(self.level),
            message: own(self.message),
            upstream: self.upstream.into_owned(),
            haproxy: self.haproxy.map(HaproxyFields::into_owned),
            extra: extra(self.extra),
        }
    }
}

impl Upstreams<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> Upstreams<'static> {
        Upstreams {
            name: own(self.name),
            addr: own(self.addr),
            status: own(self.status),
            connect_time: own(self.connect_time),
            header_time: own(self.header_time),
            response_time: own(self.response_time),
            response_length: own(self.response_length),
            bytes_received: own(self.bytes_received),
            has_addr: self.has_addr,
            has_header_time: self.has_header_time,
        }
    }
}

impl HaproxyFields<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> HaproxyFields<'static> {
        HaproxyFields {
            frontend: own(self.frontend),
            tls: self.tls,
            backend: own(self.backend),
            server: own(self.server),
            tq: self.tq,
            tw: self.tw,
            tc: self.tc,
            tr: self.tr,
            tt: self.tt,
            termination_state: own(self.termination_state),
            actconn: self.actconn,
            feconn: self.feconn,
            beconn: self.beconn,
            srvconn: self.srvconn,
            retries: self.retries,
            redispatched: self.redispatched,
            srv_queue: self.srv_queue,
            backend_queue: self.backend_queue,
            captured_request_headers: own(self.captured_request_headers),
            captured_response_headers: own(self.captured_response_headers),
            tcp: self.tcp,
        }
    }
}

impl ErrorLine<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> ErrorLine<'static> {
        ErrorLine {
            level: own(self.level),
            pid: self.pid,
            tid: self.tid,
            connection_id: self.connection_id,
            module: own(self.module),
            error_code: own(self.error_code),
            os_error_code: self.os_error_code,
            os_error: own(self.os_error),
            is_eai: self.is_eai,
            message: text(self.message),
            action: own(self.action),
            client_ip: own(self.client_ip),
            client_port: self.client_port,
            vserver: own(self.vserver),
            request: own(self.request),
            method: own(self.method),
            path: own(self.path),
            http_version: own(self.http_version),
            subrequest: own(self.subrequest),
            upstream: own(self.upstream),
            host: own(self.host),
            referrer: own(self.referrer),
            request_id: own(self.request_id),
            frontend: own(self.frontend),
            bind: own(self.bind),
        }
    }
}

impl StateLine<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> StateLine<'static> {
        StateLine {
            event: self.event,
            level: own(self.level),
            backend: own(self.backend),
            server: own(self.server),
            check_reason: own(self.check_reason),
            check_code: self.check_code,
            check_info: own(self.check_info),
            check_duration_ms: self.check_duration_ms,
            active_left: self.active_left,
            message: text(self.message),
        }
    }
}

impl LogLine<'_> {
    /// The same, with every text copied.
    pub fn into_owned(self) -> LogLine<'static> {
        LogLine {
            level: own(self.level),
            logger: own(self.logger),
            thread: own(self.thread),
            pid: self.pid,
            program: own(self.program),
            host: own(self.host),
            request_id: own(self.request_id),
            method: own(self.method),
            path: own(self.path),
            message: text(self.message),
            exception: own(self.exception),
            error: own(self.error),
            extra: extra(self.extra),
        }
    }
}
