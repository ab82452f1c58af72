//! From the bytes of a field to its place in the record.

use std::borrow::Cow;

use super::escape::decode;
use super::field::{Coding, Field, Ha, Target, Up};
use super::time::Parts;
use crate::bytes::{decimal_scaled, int, present, split_request, uint, worker_address};
use crate::{Access, ErrorLine, HaproxyFields, Text};

/// A field's value: `None` for nothing, `-`, and the quotes of an empty user.
fn text<'a>(field: &Field, raw: &'a [u8]) -> Option<Text<'a>> {
    match present(raw) {
        None | Some(b"\"\"") => None,
        Some(raw) => Some(decode(raw, field.coding)),
    }
}

/// A part of a text, borrowed where the text is.
fn part<'a>(text: &Text<'a>, of: impl Fn(&[u8]) -> Option<&[u8]>) -> Option<Text<'a>> {
    match text {
        Cow::Borrowed(b) => of(b).map(Cow::Borrowed),
        Cow::Owned(b) => of(b).map(|p| Cow::Owned(p.to_vec())),
    }
}

/// Splits `IP:port` at the last colon; IPv6 stands without brackets in these logs, or within.
fn split_address(b: &[u8]) -> (&[u8], Option<u16>) {
    let port = |p: &[u8]| uint(p).and_then(|p| u16::try_from(p).ok());
    let (ip, port) = match memchr::memrchr(b':', b) {
        Some(at) if port(&b[at + 1..]).is_some() => (&b[..at], port(&b[at + 1..])),
        _ => (b, None),
    };
    (ip.strip_prefix(b"[").and_then(|ip| ip.strip_suffix(b"]")).unwrap_or(ip), port)
}

fn version(b: &[u8]) -> Option<&[u8]> {
    present(b.strip_prefix(b"HTTP/").unwrap_or(b))
}

/// What HAProxy writes in place of a request that it could not read.
const BADREQ: &[u8] = b"<BADREQ>";

/// Puts the value of `field` in its place. `None`: the value is not one of this field.
pub(super) fn access<'a>(
    a: &mut Access<'a>,
    h: &mut HaproxyFields<'a>,
    times: &mut Parts,
    field: &Field,
    raw: &'a [u8],
) -> Option<()> {
    let number = || present(raw).and_then(int);
    match &field.target {
        Target::ClientIp => {
            a.client_ip = text(field, raw);
        }
        Target::ClientPort => a.client_port = number().and_then(|n| u16::try_from(n).ok()),
        Target::ClientAddress => {
            if let Some(value) = text(field, raw) {
                a.client_port = split_address(&value).1;
                a.client_ip = part(&value, |b| present(split_address(b).0));
            }
        }
        Target::User => a.user = text(field, raw),
        Target::Method => a.method = text(field, raw).filter(|m| **m != *BADREQ),
        Target::Path => a.path = text(field, raw).filter(|p| **p != *BADREQ),
        Target::JoinedPath => {
            // nginx writes `-` for arguments that are not there, and nothing for their `?`.
            let missing = field.coding == Coding::Nginx && !raw.contains(&b'?');
            a.path = text(field, if missing { raw.strip_suffix(b"-").unwrap_or(raw) } else { raw });
        }
        Target::Query => {
            if let Some(query) = text(field, raw) {
                let stem = a.path.take().unwrap_or_default();
                a.path = Some(Cow::Owned([&stem, &b"?"[..], &query].concat()));
            }
        }
        Target::Request => a.request = text(field, raw),
        Target::Version => {
            a.http_version = text(field, raw).and_then(|v| part(&v, version)).filter(|v| **v != *BADREQ);
        }
        Target::Status => a.status = number().and_then(|n| i32::try_from(n).ok()),
        Target::Bytes => a.bytes = number(),
        Target::Referrer => a.referrer = text(field, raw),
        Target::UserAgent => a.user_agent = text(field, raw),
        Target::Xff => a.xff = text(field, raw),
        Target::Vhost => a.vhost = text(field, raw),
        Target::Host => a.host = text(field, raw),
        Target::Duration { scale, unit_us } => {
            let raw = raw.strip_prefix(b"+").unwrap_or(raw);
            a.duration_us = present(raw).and_then(|b| decimal_scaled(b, *scale)).filter(|us| 0 <= *us);
            a.duration_unit_us = *unit_us;
        }
        Target::TimeTaken => {
            let fraction = memchr::memchr(b'.', raw);
            a.duration_us = present(raw)
                .and_then(|b| decimal_scaled(b, if fraction.is_some() { 6 } else { 3 }))
                .filter(|us| 0 <= *us);
            a.duration_unit_us = match fraction {
                Some(at) => 10i64.pow(6u32.saturating_sub((raw.len() - at - 1) as u32)),
                None => 1000,
            };
        }
        Target::RequestLength => a.request_length = number(),
        Target::RequestId => {
            if let Some(id) = text(field, raw) {
                if a.request_id.is_none() {
                    a.request_id = Some(id);
                } else if a.request_id.as_ref() != Some(&id) {
                    a.extra.push((field.name.clone(), id));
                }
            }
        }
        Target::ConnectionId => a.connection_id = present(raw).and_then(uint),
        Target::ConnectionRequests => a.connection_requests = present(raw).and_then(uint),
        Target::Aborted => a.aborted = (!raw.is_empty()).then_some(raw == b"X"),
        Target::ErrorLogId => a.error_log_id = text(field, raw),
        Target::Pid => a.pid = present(raw).and_then(uint).and_then(|n| u32::try_from(n).ok()),
        Target::Tid => a.tid = present(raw).and_then(uint),
        Target::HexTid => a.tid = hex(raw),
        Target::Upstream(up) => upstream(a, *up, text(field, raw)),
        Target::BalancerName => {
            a.upstream.name = text(field, raw)
                .and_then(|v| part(&v, |b| Some(b.strip_prefix(b"balancer://").unwrap_or(b))));
        }
        Target::WorkerUrl => {
            if let Some(url) = text(field, raw) {
                a.upstream.addr = part(&url, worker_address);
            }
        }
        Target::File => {
            if let Some(value) = text(field, raw) {
                let url = part(&value, |b| b.strip_prefix(b"proxy:"));
                match url {
                    Some(url) if url.starts_with(b"balancer://") => {
                        a.upstream.name = a.upstream.name.take().or(part(&url, worker_address));
                    }
                    Some(url) => a.upstream.addr = a.upstream.addr.take().or(part(&url, worker_address)),
                    None => a.extra.push((field.name.clone(), value)),
                }
            }
        }
        Target::Haproxy(which) => haproxy(h, *which, field, raw),
        Target::Time(clock) => times.add(&clock.layout, raw)?,
        Target::Level => a.level = text(field, raw),
        Target::Message => a.message = text(field, raw),
        Target::Extra | Target::UriTail | Target::Module | Target::OsError => {
            if let Some(value) = text(field, raw) {
                a.extra.push((field.name.clone(), value));
            }
        }
        Target::Ignore => {}
    }
    Some(())
}

fn hex(raw: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(present(raw)?).ok()?;
    u64::from_str_radix(digits.trim_start_matches("0x"), 16).ok()
}

fn upstream<'a>(a: &mut Access<'a>, which: Up, value: Option<Text<'a>>) {
    let up = &mut a.upstream;
    let place = match which {
        Up::Name => &mut up.name,
        Up::Addr => &mut up.addr,
        Up::Status => &mut up.status,
        Up::ConnectTime => &mut up.connect_time,
        Up::HeaderTime => &mut up.header_time,
        Up::ResponseTime => &mut up.response_time,
        Up::ResponseLength => &mut up.response_length,
        Up::BytesReceived => &mut up.bytes_received,
    };
    // HAProxy writes `-:-` (or `-:0`) for a server that was never chosen.
    *place = value.filter(|v| !v.starts_with(b"-:"));
}

fn haproxy<'a>(h: &mut HaproxyFields<'a>, which: Ha, field: &Field, raw: &'a [u8]) {
    let number = || present(raw).and_then(int);
    let inner = || {
        let inside = raw.strip_prefix(b"{").and_then(|b| b.strip_suffix(b"}"));
        Some(decode(inside.unwrap_or(raw), field.coding))
    };
    match which {
        Ha::Frontend => h.frontend = text(field, raw),
        Ha::FrontendTls => {
            h.tls = raw.ends_with(b"~");
            h.frontend = text(field, raw.strip_suffix(b"~").unwrap_or(raw));
        }
        Ha::Backend => h.backend = text(field, raw),
        Ha::Server => h.server = text(field, raw).filter(|s| s.as_ref() != b"<NOSRV>"),
        Ha::Tq => h.tq = number(),
        Ha::Tw => h.tw = number(),
        Ha::Tc => h.tc = number(),
        Ha::Tr => h.tr = number(),
        Ha::Tt => h.tt = number(),
        Ha::State => h.termination_state = Some(Cow::Borrowed(raw)).filter(|s| !s.is_empty()),
        Ha::ActConn => h.actconn = number(),
        Ha::FeConn => h.feconn = number(),
        Ha::BeConn => h.beconn = number(),
        Ha::SrvConn => h.srvconn = number(),
        Ha::Retries => {
            h.redispatched = raw.starts_with(b"+");
            h.retries = number();
        }
        Ha::SrvQueue => h.srv_queue = number(),
        Ha::BackendQueue => h.backend_queue = number(),
        Ha::RequestHeaders => h.captured_request_headers = inner(),
        Ha::ResponseHeaders => h.captured_response_headers = inner(),
    }
}

/// Fills method, target and version from the request line where no field of their own had them.
pub(super) fn complete_request(a: &mut Access<'_>) {
    let Some(request) = a.request.as_ref().filter(|r| r.as_ref() != BADREQ) else { return };
    let (method, path, version) = match request {
        Cow::Borrowed(b) => {
            let (m, p, v) = split_request(b);
            (m.map(Cow::Borrowed), p.map(Cow::Borrowed), v.map(Cow::Borrowed))
        }
        Cow::Owned(b) => {
            let (m, p, v) = split_request(b);
            let own = |b: &[u8]| Cow::Owned(b.to_vec());
            (m.map(own), p.map(own), v.map(own))
        }
    };
    a.method = a.method.take().or(method);
    a.path = a.path.take().or(path);
    a.http_version = a.http_version.take().or(version);
}

/// Puts the value of a field of an error log in its place.
pub(super) fn error<'a>(
    e: &mut ErrorLine<'a>,
    times: &mut Parts,
    field: &Field,
    raw: &'a [u8],
) -> Option<()> {
    match &field.target {
        Target::Time(clock) => times.add(&clock.layout, raw)?,
        Target::Level => e.level = text(field, raw),
        Target::Module => e.module = text(field, raw),
        Target::Pid => e.pid = present(raw).and_then(uint).and_then(|n| u32::try_from(n).ok()),
        Target::Tid => e.tid = present(raw).and_then(uint),
        Target::ClientAddress => {
            if let Some(value) = text(field, raw) {
                e.client_port = split_address(&value).1;
                e.client_ip = part(&value, |b| present(split_address(b).0));
            }
        }
        Target::OsError => os_error(e, field, raw),
        Target::Message => message(e, field, raw),
        Target::Referrer => e.referrer = text(field, raw),
        Target::Host => e.host = text(field, raw),
        Target::Vhost => e.vserver = text(field, raw),
        Target::RequestId | Target::ErrorLogId => {
            e.request_id = e.request_id.take().or_else(|| text(field, raw));
        }
        _ => {}
    }
    Some(())
}

/// `(111)Connection refused`, `(EAI 2)Name or service not known`.
fn os_error<'a>(e: &mut ErrorLine<'a>, field: &Field, raw: &'a [u8]) {
    let Some(inside) = raw.strip_prefix(b"(") else { return };
    let Some(close) = memchr::memchr(b')', inside) else { return };
    let (code, words) = (&inside[..close], &inside[close + 1..]);
    let eai = code.strip_prefix(b"EAI ");
    e.is_eai = eai.is_some();
    let code = eai.or_else(|| code.strip_prefix(b"OS ")).unwrap_or(code);
    e.os_error_code = int(code).and_then(|n| i32::try_from(n).ok());
    e.os_error = text(field, words);
}

/// The message, without the `AH01114: ` that it begins with.
fn message<'a>(e: &mut ErrorLine<'a>, field: &Field, raw: &'a [u8]) {
    let mut words = raw;
    if let Some(rest) = raw.strip_prefix(b"AH") {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if (5..=6).contains(&digits) && rest[digits..].starts_with(b": ") {
            e.error_code = Some(Cow::Borrowed(&raw[..2 + digits]));
            words = &rest[digits + 2..];
        }
    }
    e.message = decode(words, field.coding);
}
