//! Record → kept row: the one place where a parsed line becomes an event.

use logjoin_parse::{
    Access, Body, Brief, ErrorLine, HaproxyFields, LogLine, Product, Record, Stamp, StateLine,
};

use crate::event::{
    At, Detail, ErrorEvent, Events, Haproxy, LogEvent, Severity, SignalHit, StateChange, TEXT_MAX, Try,
};
use crate::hash::{hash, hash_opt};
use crate::ids::{self, FirstId};
use crate::options::can_fail;
use crate::row::{Hashes, target_and_tails, target_hash};
pub(crate) use crate::row::{network, path, route};
use crate::signals::{Matcher, Meaning, Scope};
use crate::text::Texts;

/// Who wrote a file, as the plan has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writer {
    pub product: Product,
    /// The file belongs to a proxy.
    pub is_proxy: bool,
}

/// Adds one record to the rows of its file. `raw` is the whole event as it stands in the file (all its lines), in which
/// ids are looked for. A record without any stamp takes `fallback`, the stamp of the event before it.
#[allow(clippy::too_many_arguments)] // what a row is made of
pub(crate) fn add(
    record: &Record<'_>,
    raw: &[u8],
    at: At,
    writer: Writer,
    matcher: &Matcher,
    fallback: Option<Stamp>,
    hashes: &mut Hashes,
    out: &mut Events,
) -> Option<Stamp> {
    let stamp = record.best_stamp().copied().or(fallback)?;
    let tag = record.envelope.as_ref().and_then(|e| e.tag.as_deref());
    match &record.body {
        Body::Access(a) => {
            if let Some(brief) = Brief::of(record) {
                let detail = is_interesting(a, writer).then(|| detail(a, raw, &mut hashes.texts));
                hashes.add(&brief, FirstId::In(raw), at, stamp, writer, detail, out);
            }
            // A request line of an application may carry a message of its own (an exception, a slow query).
            if let Some(message) = a.message.as_deref() {
                let signal = matcher.find(message, tag).map(|s| hit(&s));
                if signal.as_ref().is_some_and(|s| s.meaning != Meaning::Noise) {
                    let (target, tails) = target_and_tails(a.path.as_deref());
                    out.logs.push(LogEvent {
                        at,
                        stamp,
                        severity: severity(a.level.as_deref()),
                        method: hash_opt(a.method.as_deref()),
                        target,
                        tails,
                        key: target,
                        id: ids::first(raw),
                        client: 0,
                        signal,
                        template: template(message),
                        text: text(message),
                        settled: false,
                    });
                }
            }
        }
        // A web server behind the proxy: what it says is a backend's word.
        Body::Error(e) if !writer.is_proxy => {
            let line = LogLine { level: e.level.clone(), message: e.message.clone(), ..LogLine::default() };
            let event = log(&line, raw, at, stamp, tag, matcher);
            out.logs.push(LogEvent { signal: event.signal.map(of_server), ..event });
        }
        Body::Error(e) => out.errors.push(error(e, raw, at, stamp, tag, matcher, &mut hashes.texts)),
        Body::State(s) => out.states.push(state(s, at, stamp)),
        Body::Log(l) => out.logs.push(log(l, raw, at, stamp, tag, matcher)),
    }
    Some(stamp)
}

fn owned(b: Option<&[u8]>) -> Option<String> {
    b.map(|b| String::from_utf8_lossy(b).into_owned())
}

pub(crate) fn text(b: &[u8]) -> String {
    String::from_utf8_lossy(cut(b)).into_owned()
}

fn cut(b: &[u8]) -> &[u8] {
    &b[..b.len().min(TEXT_MAX)]
}

/// Statuses that are looked at more closely: gateway failures, what hides them, and what a client's leaving looks like.
fn is_interesting(a: &Access<'_>, writer: Writer) -> bool {
    if !writer.is_proxy {
        return false;
    }
    let status = a.status.unwrap_or(0);
    let multiple = a.upstream.addr.as_deref().is_some_and(|u| memchr::memmem::find(u, b", ").is_some());
    let retried = a.haproxy.as_ref().is_some_and(|h| h.retries.unwrap_or(0) > 0);
    let state = a.haproxy.as_ref().and_then(|h| h.termination_state.as_deref());
    let cut = state.is_some_and(|s| s.len() >= 2 && &s[..2] != b"--" && !matches!(s[0], b'L' | b'P'));
    can_fail(status) || status == 499 || a.aborted == Some(true) || multiple || retried || cut
}

/// The full text of a request that is looked at more closely.
fn detail(a: &Access<'_>, raw: &[u8], texts: &mut Texts) -> Box<Detail> {
    let mut ids_found = Vec::new();
    ids::scan(raw, |h| ids_found.push(h));
    let tries = a.upstream.attempts();
    Box::new(Detail {
        method: texts.of_opt(a.method.as_deref()),
        target: texts.of_opt(a.path.as_deref()),
        client: texts.of_opt(a.client_ip.as_deref()),
        client_port: a.client_port,
        agent: texts.of_opt(a.user_agent.as_deref().map(cut)),
        request_id: texts.of_opt(a.request_id.as_deref()),
        ids: ids_found,
        connection: a.connection_id,
        tries: tries
            .iter()
            .map(|t| Try {
                address: texts.of_opt(t.addr),
                status: t.status,
                connect_us: t.connect_us,
                header_us: t.header_us,
                response_us: t.response_us,
            })
            .collect(),
        has_upstream: a.upstream.has_addr,
        has_header_time: a.upstream.has_header_time,
        error_log_id: a.has_error_log_id.then(|| texts.of_opt(a.error_log_id.as_deref())),
        aborted: a.aborted == Some(true),
        haproxy: a.haproxy.as_ref().map(|h| Box::new(haproxy(h, texts))),
    })
}

/// Hash of a message without its digits and without its paths: lines of one kind share it.
pub(crate) fn template(message: &[u8]) -> u64 {
    let first = message.split(|b| *b == b'\n').next().unwrap_or(message);
    let mut kept = Vec::with_capacity(first.len().min(TEXT_MAX));
    let mut in_path = false;
    for &b in first.iter().take(TEXT_MAX) {
        in_path = match b {
            b' ' | b'"' | b'\'' | b',' | b')' => false,
            b'/' => true,
            _ => in_path,
        };
        if !in_path && !b.is_ascii_digit() {
            kept.push(b);
        }
    }
    hash(&kept)
}

fn haproxy(h: &HaproxyFields<'_>, texts: &mut Texts) -> Haproxy {
    Haproxy {
        backend: texts.of_opt(h.backend.as_deref()),
        server: texts.of_opt(h.server.as_deref()),
        state: texts.of_opt(h.termination_state.as_deref()).unwrap_or_default(),
        tc: h.tc.unwrap_or(-1),
        tr: h.tr.unwrap_or(-1),
        tt: h.tt.unwrap_or(0),
        retries: h.retries.unwrap_or(0),
        is_redispatched: h.redispatched,
    }
}

#[allow(clippy::too_many_arguments)] // what a row is made of
fn error(
    e: &ErrorLine<'_>,
    raw: &[u8],
    at: At,
    stamp: Stamp,
    tag: Option<&[u8]>,
    matcher: &Matcher,
    texts: &mut Texts,
) -> ErrorEvent {
    // The path of an Apache line stands in the message: "... returned by /path".
    let returned_by = memchr::memmem::rfind(&e.message, b" returned by ").map(|i| &e.message[i + 13..]);
    let apache_path = returned_by.filter(|p| p.starts_with(b"/")).map(|p| {
        memchr::memmem::find(p, b" (")
            .or_else(|| memchr::memmem::find(p, b", referer"))
            .map_or(p, |i| &p[..i])
    });
    let named = e.path.as_deref().map(|p| memchr::memmem::find(p, b" (").map_or(p, |i| &p[..i]));
    let target = named.or(apache_path);
    ErrorEvent {
        at,
        stamp,
        level: texts.of_opt(e.level.as_deref()).unwrap_or_default(),
        pid: e.pid.unwrap_or(0),
        tid: e.tid.unwrap_or(0),
        connection: e.connection_id,
        code: texts.of_opt(e.error_code.as_deref()),
        os_code: e.os_error_code,
        is_eai: e.is_eai,
        message: texts.of(cut(&e.message)),
        action: texts.of_opt(e.action.as_deref()),
        client: hash_opt(e.client_ip.as_deref()),
        client_port: e.client_port,
        method: hash_opt(e.method.as_deref()),
        target: target_hash(target),
        upstream: texts.of_opt(e.upstream.as_deref()),
        request_id: texts.of_opt(e.request_id.as_deref()),
        signal: matcher.find(&e.message, tag).or_else(|| matcher.find(raw, tag)).map(|s| Box::new(hit(&s))),
        settled: false,
    }
}

fn state(s: &StateLine<'_>, at: At, stamp: Stamp) -> StateChange {
    StateChange {
        at,
        stamp,
        event: s.event,
        backend: owned(s.backend.as_deref()),
        server: owned(s.server.as_deref()),
        reason: owned(s.check_reason.as_deref()),
        info: owned(s.check_info.as_deref()),
        text: text(&s.message),
        settled: false,
    }
}

fn log(l: &LogLine<'_>, raw: &[u8], at: At, stamp: Stamp, tag: Option<&[u8]>, matcher: &Matcher) -> LogEvent {
    let program = l.program.as_deref().or(tag);
    // What a field calls an error says more than the message beside it; a stack stands behind the first line.
    let signal = matcher
        .find(&l.message, program)
        .filter(|s| s.def.meaning != Meaning::Noise)
        .or_else(|| l.error.as_deref().and_then(|e| matcher.find(e, program)))
        .or_else(|| matcher.find(raw, program));
    let (mut method, path) = mention(&l.message);
    let (mut target, mut tails) = target_and_tails(path);
    if let (Some(path), 0) = (signal.as_ref().and_then(|s| s.path), target) {
        (target, tails) = target_and_tails(Some(path));
        method = hash_opt(signal.as_ref().and_then(|s| s.method));
    }
    if target == 0 && l.path.is_some() {
        (target, tails) = target_and_tails(l.path.as_deref());
        method = hash_opt(l.method.as_deref());
    }
    let mut signal = signal.map(|s| hit(&s));
    if let Some(s) = &mut signal
        && s.address.is_none()
        && matches!(s.meaning, Meaning::ProcessReady | Meaning::ProcessStarting)
    {
        s.address = address(raw).or_else(|| s.port.map(|p| format!("*:{p}")));
    }
    LogEvent {
        at,
        stamp,
        severity: severity(l.level.as_deref()),
        method,
        target,
        tails,
        key: target,
        id: ids::first(raw),
        client: if target == 0 { 0 } else { first_ip(&l.message) },
        signal,
        template: template(&l.message),
        text: if l.message.is_empty() { text(raw) } else { text(&l.message) },
        settled: false,
    }
}

pub(crate) fn hit(s: &crate::signals::Signal<'_>) -> SignalHit {
    SignalHit {
        id: s.def.id.into(),
        meaning: s.def.meaning,
        scope: s.def.scope,
        port: s.port,
        duration_ms: s.duration_ms,
        address: s.addr.map(|a| String::from_utf8_lossy(a).into_owned()),
    }
}

/// What a web server says of itself, where it is not the proxy.
fn of_server(hit: SignalHit) -> SignalHit {
    if hit.scope != Scope::Proxy {
        return hit;
    }
    let (meaning, scope) = match hit.meaning {
        // Of httpd's and nginx's processes only the children die alone.
        Meaning::ProxyCrash if hit.id.ends_with("child-signal") => (Meaning::Crash, Scope::Worker),
        Meaning::ProxyCrash => (Meaning::Crash, Scope::Process),
        Meaning::ProxyLimit => (Meaning::PoolExhausted, Scope::Process),
        Meaning::ProxyStarted => (Meaning::ProcessReady, Scope::Process),
        Meaning::ProxyStopped => (Meaning::ProcessStopped, Scope::Process),
        other => (other, Scope::Process),
    };
    SignalHit { meaning, scope, ..hit }
}

/// The first `host:port` of a line, where the host is a numeric address: what a start-up line listens on, whatever the
/// field is called.
fn address(raw: &[u8]) -> Option<String> {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'[' | b']');
    let mut host: Option<std::net::IpAddr> = None;
    for word in raw.split(|b| !is_part(b)) {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        if let Ok(address) = word.parse::<std::net::SocketAddr>() {
            return Some(address.to_string());
        }
        // Tomcat's connectors: `http-nio-10.0.0.1-8080`.
        if let (Some(host), Ok(port)) = (host, word.parse::<u16>()) {
            return Some(std::net::SocketAddr::new(host, port).to_string());
        }
        host = word.parse().ok();
    }
    None
}

/// Hash of the first address in a message; 0 without one.
fn first_ip(message: &[u8]) -> u64 {
    let is_part = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    let ip = message.split(|b| !is_part(b)).find(|w| w.len() >= 7 && logjoin_parse::bytes::is_ip(w));
    hash_opt(ip)
}

/// Severity of the words and numbers that log libraries use (pino and bunyan: 40 warn, 50 error).
pub(crate) fn severity(level: Option<&[u8]>) -> Severity {
    let Some(level) = level else { return Severity::Info };
    let low = level.to_ascii_lowercase();
    match low.as_slice() {
        b"trace" | b"debug" | b"fine" | b"finer" | b"finest" | b"d" | b"10" | b"20" | b"verbose" => {
            Severity::Debug
        }
        b"warn" | b"warning" | b"wrn" | b"w" | b"40" => Severity::Warning,
        b"error" | b"err" | b"erro" | b"eror" | b"fail" | b"ftl" | b"e" | b"crit" | b"critical" | b"c"
        | b"fatal" | b"f" | b"alert" | b"emerg" | b"emergency" | b"severe" | b"panic" | b"50" | b"60"
        | b"dpanic" => Severity::Error,
        _ => Severity::Info,
    }
}

const METHODS: [&[u8]; 8] =
    [b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS ", b"CONNECT "];

/// The request that a message names: `GET /path`, or a path alone. Hashes; 0 for what is missing.
fn mention(message: &[u8]) -> (u64, Option<&[u8]>) {
    for i in memchr::memchr_iter(b'/', message) {
        let before = &message[..i];
        if let Some(m) = METHODS.iter().find(|m| before.ends_with(m)) {
            return (hash(&m[..m.len() - 1]), Some(word(&message[i..])));
        }
    }
    for i in memchr::memchr_iter(b'/', message) {
        let starts = i == 0 || matches!(message[i - 1], b' ' | b'"' | b'\'' | b'=' | b'(' | b'[');
        if starts {
            let path = word(&message[i..]);
            if path.len() > 1 {
                return (0, Some(path));
            }
        }
    }
    (0, None)
}

fn word(b: &[u8]) -> &[u8] {
    let end = b.iter().position(|c| matches!(c, b' ' | b'"' | b'\'' | b',' | b')' | b']' | b'\t' | b'\n'));
    &b[..end.unwrap_or(b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions() {
        let named = mention(b"GET /api/v1/orders?page=2 handled, user=3");
        assert_eq!(named, (hash(b"GET"), Some(&b"/api/v1/orders?page=2"[..])));
        assert_eq!(mention(b"slow query on /posts/3929"), (0, Some(&b"/posts/3929"[..])));
        assert_eq!(mention(b"disk at 80%, n/a"), (0, None));
    }

    #[test]
    fn severities() {
        assert_eq!(severity(Some(b"50")), Severity::Error);
        assert_eq!(severity(Some(b"WARNING")), Severity::Warning);
        assert_eq!(severity(None), Severity::Info);
    }
}
