//! JSON lines of applications: pino, bunyan, winston, zap, zerolog, logrus, slog, structlog, Serilog, ECS,
//! GELF, OpenTelemetry, Logback, Log4j, monolog, Google Cloud, MongoDB, Caddy, Traefik, echo ...
//!
//! One reader for all: the producers differ in names and units, and [`super::json_fields`] knows those.

use std::borrow::Cow;

use super::fields::Fields;
use super::json_fields::{Context, Role, enter, role};
use super::json_scan::{End, Leaf, scan};
use super::words;
use crate::{Anchor, FormatDef, Kind, ParseError, Product, Record};

/// How many fields without a place a message keeps.
const MAX_EXTRA: usize = 32;

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "json",
    title: "JSON lines of an application",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "pino docs/api.md, ECS reference, GELF 1.1, OTLP/JSON, zap zapcore/json_encoder.go, Serilog.Formatting.Compact, Caddy modules/caddyhttp/server.go",
    samples: &[
        r#"{"level":30,"time":1795227959975,"pid":5789,"hostname":"feed-1","reqId":"416d2318-4c78","req":{"method":"GET","url":"/feed/user/24","remoteAddress":"10.20.0.5"},"res":{"statusCode":200},"responseTime":45,"msg":"request completed"}"#,
        r#"{"level":40,"time":1795227960488,"pid":5789,"hostname":"feed-1","err":{"message":"read ECONNRESET","code":"ECONNRESET"},"msg":"client error"}"#,
        r#"{"level":"error","ts":1795227960.4885,"logger":"http","caller":"srv/main.go:42","msg":"dial failed","error":"connection refused"}"#,
        r#"{"@timestamp":"2026-11-20T10:00:00.123Z","log.level":"ERROR","message":"boom","process.pid":7,"error.type":"a.B","error.message":"m","error.stack_trace":"a.B: m\n\tat x"}"#,
        r#"{"version":"1.1","host":"web1","short_message":"backend gone","timestamp":1795168800.123,"level":3,"_request_id":"4bf92f3577b3"}"#,
        r#"{"@t":"2026-11-20T10:00:00.1234567Z","@mt":"Hello, {User}","User":"x","@l":"Error"}"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    parse_as(&FORMAT, line).ok_or(ParseError::new(0, "a JSON object with a time, a level or a message"))
}

/// Reads a line that is one JSON object for the format `def`.
pub(super) fn parse_as<'a>(def: &'static FormatDef, line: &'a [u8]) -> Option<Record<'a>> {
    if line.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let mut fields = Fields::default();
    let end = scan(line, |path, leaf| {
        fields.put(role_of(path), leaf);
    })?;
    if let End::At(at) = end
        && !line[at..].trim_ascii().is_empty()
    {
        return None;
    }
    if !fields.is_log() {
        return None;
    }
    let stamp = fields.stamp();
    if fields.is_access() {
        return Some(words::access(def, stamp, Anchor::End, fields.access()));
    }
    let mut log = fields.log(line);
    scan(line, |path, leaf| {
        let role = role_of(path);
        let held = Fields::kept_in_log(role)
            || matches!(role, Role::RequestId(_))
                && leaf.text().is_some_and(|t| Some(&*t) == log.request_id.as_deref());
        if !held
            && log.extra.len() < MAX_EXTRA
            && let Some(value) = leaf.text()
        {
            log.extra.push((name_of(path), value));
        }
    });
    Some(words::log(def, stamp, log))
}

/// The meaning of a leaf by the keys on the way to it.
pub(crate) fn role_of(path: &[&[u8]]) -> Role {
    let Some((last, outer)) = path.split_last() else { return Role::Other };
    let mut context = Context::Top;
    let mut inside: &[u8] = b"";
    for key in outer {
        for part in key.split(|c| *c == b'.') {
            context = enter(context, part);
            inside = part;
        }
    }
    if last.ends_with(b"/trace") {
        return Role::RequestId(2);
    }
    let mut parts = last.split(|c| *c == b'.').filter(|p| !p.is_empty());
    let Some(mut leaf) = parts.next() else { return Role::Other };
    for next in parts {
        context = enter(context, leaf);
        (inside, leaf) = (leaf, next);
    }
    match (inside, leaf) {
        // the Elastic Common Schema counts nanoseconds
        (b"event", b"duration") => Role::Duration(1, 0),
        (b"event", _) => Role::Other,
        _ => role(context, leaf),
    }
}

fn name_of<'a>(path: &[&'a [u8]]) -> Cow<'a, str> {
    match path {
        [one] => String::from_utf8_lossy(one),
        _ => Cow::Owned(String::from_utf8_lossy(&path.join(&b'.')).into_owned()),
    }
}

/// Whether a leaf holds a value that a message shows as such; used by formats with a JSON tail.
pub(super) fn tail_fields<'a>(tail: &'a [u8]) -> Option<Fields<'a>> {
    let mut fields = Fields::default();
    scan(tail, |path, leaf: Leaf<'a>| {
        fields.put(role_of(path), leaf);
    })?;
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Body, LogLine};

    fn access(line: &str) -> (String, Access<'_>) {
        let r = parse(line.as_bytes()).expect(line);
        let stamp = r.stamp.map(|s| s.to_iso()).unwrap_or_default();
        let Body::Access(a) = r.body else { panic!("a request: {line}") };
        (stamp, a)
    }

    fn log(line: &str) -> (String, LogLine<'_>) {
        let r = parse(line.as_bytes()).expect(line);
        let stamp = r.stamp.map(|s| s.to_iso()).unwrap_or_default();
        let Body::Log(l) = r.body else { panic!("a message: {line}") };
        (stamp, l)
    }

    fn s(t: &Option<crate::Text<'_>>) -> String {
        t.as_deref().map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    }

    #[test]
    fn requests_of_many_producers() {
        let (t, a) = access(FORMAT.samples[0]);
        assert_eq!(t, "2026-11-21T02:25:59.975Z");
        assert_eq!((s(&a.method), s(&a.path), a.status), ("GET".into(), "/feed/user/24".into(), Some(200)));
        assert_eq!((a.duration_us, a.duration_unit_us, a.pid), (Some(45_000), 1000, Some(5789)));
        assert_eq!((s(&a.request_id), s(&a.client_ip)), ("416d2318-4c78".into(), "10.20.0.5".into()));

        let (_, a) = access(
            r#"{"level":"info","ts":1795168800.12,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","remote_port":"4242","proto":"HTTP/1.1","method":"GET","host":"h","uri":"/x?y=1","headers":{"User-Agent":["curl"]}},"duration":0.0012,"size":7,"status":502}"#,
        );
        assert_eq!(
            (s(&a.path), a.status, a.duration_us, a.bytes),
            ("/x?y=1".into(), Some(502), Some(1200), Some(7))
        );
        assert_eq!(
            (s(&a.client_ip), a.client_port, s(&a.host), s(&a.http_version)),
            ("10.0.0.1".into(), Some(4242), "h".into(), "1.1".into())
        );

        let (_, a) = access(
            r#"{"time":"2026-11-20T10:00:00Z","id":"","remote_ip":"10.0.0.1","method":"GET","uri":"/x","status":200,"error":"","latency":1234567,"latency_human":"1.234567ms","bytes_in":0,"bytes_out":2}"#,
        );
        assert_eq!((a.duration_us, a.bytes, a.request_id), (Some(1234), Some(2), None));

        let (_, a) = access(
            r#"{"time":"2026-11-20T10:00:00.1Z","level":"INFO","msg":"request","method":"GET","path":"/x","status":200,"duration":"12.3ms","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        );
        assert_eq!((a.duration_us, a.duration_unit_us), (Some(12_300), 100));
        assert_eq!(s(&a.request_id), "4bf92f3577b34da6a3ce929d0e0e4736");

        let (_, a) = access(
            r#"{"@timestamp":"2026-11-20T10:00:00Z","http.request.method":"GET","url.path":"/x","url.query":"a=b","http.response.status_code":504,"event.duration":123456,"http.response.body.bytes":9}"#,
        );
        assert_eq!(
            (s(&a.path), a.status, a.duration_us, a.bytes),
            ("/x?a=b".into(), Some(504), Some(123), Some(9))
        );

        let (_, a) = access(
            r#"{"severity":"ERROR","time":"2026-11-20T10:00:00Z","httpRequest":{"requestMethod":"GET","requestUrl":"http://h/x","status":500,"latency":"0.5s"},"logging.googleapis.com/trace":"projects/p/traces/4bf92f35"}"#,
        );
        assert_eq!(
            (a.status, a.duration_us, s(&a.request_id)),
            (Some(500), Some(500_000), "4bf92f35".into())
        );
    }

    #[test]
    fn messages_of_many_producers() {
        let (_, l) = log(FORMAT.samples[1]);
        assert_eq!(
            (s(&l.level), s(&l.error), &*l.message),
            ("warn".into(), "read ECONNRESET".into(), &b"client error"[..])
        );
        assert!(l.extra.iter().any(|(k, v)| k == "err.code" && &**v == b"ECONNRESET"), "{:?}", l.extra);
        let (t, l) = log(FORMAT.samples[2]);
        assert_eq!((t.as_str(), s(&l.logger)), ("2026-11-21T02:26:00.488500Z", "http".into()));
        let (_, l) = log(FORMAT.samples[3]);
        assert_eq!((s(&l.level), s(&l.exception), l.pid), ("ERROR".into(), "a.B".into(), Some(7)));
        assert_eq!(s(&l.error), "a.B: m\n\tat x");
        let (_, l) = log(FORMAT.samples[4]);
        assert_eq!(
            (s(&l.level), s(&l.host), s(&l.request_id)),
            ("error".into(), "web1".into(), "4bf92f3577b3".into())
        );
        let (t, l) = log(FORMAT.samples[5]);
        assert_eq!(
            (t.as_str(), s(&l.level), &*l.message),
            ("2026-11-20T10:00:00.123456700Z", "Error".into(), &b"Hello, {User}"[..])
        );
        let (t, l) = log(
            r#"{"instant":{"epochSecond":1795168800,"nanoOfSecond":123000000},"thread":"main","level":"ERROR","loggerName":"a.B","message":"x","thrown":{"name":"c.D","message":"gone"}}"#,
        );
        assert_eq!(
            (t.as_str(), s(&l.thread), s(&l.exception)),
            ("2026-11-20T10:00:00.123000000Z", "main".into(), "c.D".into())
        );
        let (t, l) = log(
            r#"{"t":{"$date":"2026-11-20T10:00:00.123+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"conn1","msg":"up","attr":{"port":27017}}"#,
        );
        assert_eq!(
            (t.as_str(), s(&l.level), s(&l.logger)),
            ("2026-11-20T10:00:00.123Z", "I".into(), "NETWORK".into())
        );
        let (t, l) = log(
            r#"{"message":"x","context":{},"level":400,"level_name":"ERROR","channel":"app","datetime":"2026-11-20T10:00:00.123456+00:00","extra":{}}"#,
        );
        assert_eq!(
            (t.as_str(), s(&l.level), s(&l.logger)),
            ("2026-11-20T10:00:00.123456Z", "ERROR".into(), "app".into())
        );
        for (line, level) in [
            (r#"{"level":50,"time":1795168800123,"msg":"x"}"#, "error"),
            (r#"{"level":400,"message":"x"}"#, "error"),
            (
                r#"{"severityNumber":17,"timeUnixNano":"1795168800123456789","body":{"stringValue":"x"}}"#,
                "error",
            ),
            (r#"{"severityNumber":9,"severityText":"INFO2","body":{"stringValue":"x"}}"#, "INFO2"),
            (r#"{"level_value":40000,"message":"x"}"#, "error"),
            (r#"{"@t":"2026-11-20T10:00:00.1234567Z","@mt":"x"}"#, "Information"),
            (r#"{"level":7777,"message":"x"}"#, "7777"),
        ] {
            assert_eq!(s(&log(line).1.level), level, "{line}");
        }
        let (_, a) = access(
            r#"{"@t":"2026-11-20T10:00:00.1Z","@mt":"x","RequestMethod":"GET","RequestPath":"/x","StatusCode":500,"Elapsed":12.3}"#,
        );
        assert_eq!(a.duration_us, Some(12_300));
        let (_, l) = log(
            r#"{"timestamp":"2026-11-20T10:00:00.1Z","severity":"ERROR","textPayload":"gone","trace":"projects/p/traces/4bf92f3577b34da6"}"#,
        );
        assert_eq!(s(&l.request_id), "4bf92f3577b34da6");
        let (_, l) = log(r#"{"event":"order lost","level":"error","timestamp":"2026-11-20T10:00:00Z"}"#);
        assert_eq!(&*l.message, b"order lost");
        let (_, l) = log(
            r#"{"level":30,"time":1795227959975,"reqId":"req-1a","req":{"method":"GET","url":"/x"},"msg":"incoming request"}"#,
        );
        assert_eq!((&*l.message, s(&l.request_id)), (&b"incoming request"[..], "req-1a".into()));
    }

    #[test]
    fn what_is_no_log_line() {
        for line in ["{}", "{\"a\":1}", "[1,2]", "{\"msg\":\"x\"} tail", "x"] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn values_are_borrowed() {
        let line = FORMAT.samples[0].as_bytes();
        let Ok(Record { body: Body::Access(a), .. }) = parse(line) else { panic!("a request") };
        assert!(a.extra.is_empty());
        for t in [&a.path, &a.method, &a.request_id, &a.message, &a.level].into_iter().flatten() {
            assert!(matches!(t, Cow::Borrowed(_)));
        }
    }
}
