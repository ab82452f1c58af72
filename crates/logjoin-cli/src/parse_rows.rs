//! `logjoin parse`: one flat row per record, with the field names that the documentation lists.
//!
//! A row has `file`, `line`, `line_end` (of events of several lines), `format`, `kind` (access, error, state, log,
//! unparsed), `time`, and the fields that the line has; what a line does not say is absent. `time` is ISO 8601 as written:
//! without a zone when the line has none. Bytes that are no UTF-8 are shown as U+FFFD.

use std::borrow::Cow;

use logjoin::render::escape;
use logjoin_parse::fold::Exception;
use logjoin_parse::{Access, Body, ErrorLine, HaproxyFields, LogLine, ParseError, Record, StateLine, Text};
use serde_json::{Map, Value};

/// A message without the tags in brackets that a logger puts before it.
fn untagged(message: &str) -> &str {
    let mut rest = message;
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|m| m.split_once("] ")) {
        rest = after;
    }
    rest
}

/// One row in the making.
#[derive(Debug, Default)]
pub(crate) struct Row(Map<String, Value>);

impl Row {
    /// The row of a record that starts at `line`.
    pub(crate) fn of(file: &str, line: u64, r: &Record<'_>) -> Row {
        let mut row = Row::at(file, line);
        row.put("format", Some(r.format));
        row.put("kind", Some(r.kind().as_str()));
        row.put("time", r.best_stamp().map(|s| s.to_iso()));
        if let Some(e) = &r.envelope {
            row.text("host", e.host.as_ref());
            row.text("program", e.tag.as_ref());
            row.put("pid", e.pid);
        }
        match &r.body {
            Body::Access(a) => row.access(a),
            Body::Error(e) => row.error(e),
            Body::State(s) => row.state(s),
            Body::Log(l) => row.log(l),
        }
        row
    }

    /// The row of a line that no format reads.
    pub(crate) fn unparsed(file: &str, line: u64, bytes: &[u8], why: &ParseError) -> Row {
        let mut row = Row::at(file, line);
        row.put("kind", Some("unparsed"));
        row.put("expected", Some(why.expected));
        row.put("offset", Some(why.offset));
        row.text("message", Some(&Cow::Borrowed(bytes)));
        row
    }

    fn at(file: &str, line: u64) -> Row {
        let mut row = Row::default();
        row.put("file", Some(file));
        row.put("line", Some(line));
        row
    }

    /// The exception, error or panic in the bytes of a message: what was thrown, and the root of its chain of causes.
    pub(crate) fn exception(&mut self, event: &[u8]) {
        if self.0.get("kind").and_then(Value::as_str) != Some("log") {
            return;
        }
        // Where the stack is a field, it stands there without escapes.
        let field = |name| self.0.get(name).and_then(Value::as_str).map(str::to_owned);
        let (error, message) = (field("error"), field("message"));
        let found = error.as_deref().and_then(|f| Exception::find(f.as_bytes()));
        let found =
            found.or_else(|| message.as_deref().and_then(|m| Exception::find(untagged(m).as_bytes())));
        let Some(e) = found.or_else(|| Exception::find(event)) else { return };
        let parts = [
            ("exception", e.kind),
            ("exception_message", e.message),
            ("root_cause", e.root_kind),
            ("root_cause_message", e.root_message),
        ];
        for (name, value) in parts {
            if !self.0.contains_key(name) && !value.is_empty() {
                self.put(name, Some(String::from_utf8_lossy(value).into_owned()));
            }
        }
    }

    /// The last line of an event of several lines.
    pub(crate) fn ends_at(&mut self, line: u64) {
        self.put("line_end", Some(line));
    }

    /// The row as JSON on one line.
    pub(crate) fn json(&self) -> String {
        // Strings and numbers: there is nothing that cannot be written.
        escape::json(&serde_json::to_string(&self.0).unwrap_or_default()).into_owned()
    }

    /// The row as CSV, with the columns of [`COLUMNS`]; what has no column is left out.
    pub(crate) fn csv(&self) -> String {
        let cells = COLUMNS.iter().map(|c| match self.0.get(*c) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(s)) => escape::csv(s).into_owned(),
            Some(other) => other.to_string(),
        });
        cells.collect::<Vec<_>>().join(",")
    }

    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(v) = value {
            self.0.insert(name.to_owned(), v.into());
        }
    }

    fn text(&mut self, name: &str, value: Option<&Text<'_>>) {
        self.put(name, value.map(|t| String::from_utf8_lossy(t).into_owned()));
    }

    /// Fields without a name of their own: they never replace one that has.
    fn extra(&mut self, extra: &[(Cow<'_, str>, Text<'_>)]) {
        for (name, value) in extra {
            if !self.0.contains_key(name.as_ref()) {
                self.text(name, Some(value));
            }
        }
    }

    fn access(&mut self, a: &Access<'_>) {
        self.text("client_ip", a.client_ip.as_ref());
        self.put("client_port", a.client_port);
        self.text("user", a.user.as_ref());
        self.text("method", a.method.as_ref());
        self.text("path", a.path.as_ref());
        self.text("request", a.request.as_ref());
        self.text("http_version", a.http_version.as_ref());
        self.put("status", a.status);
        self.put("bytes", a.bytes);
        self.text("referrer", a.referrer.as_ref());
        self.text("user_agent", a.user_agent.as_ref());
        self.text("xff", a.xff.as_ref());
        self.text("vhost", a.vhost.as_ref());
        self.text("host", a.host.as_ref());
        self.put("request_time", a.duration_us.map(|us| us as f64 / 1e6));
        self.put("request_length", a.request_length);
        self.text("request_id", a.request_id.as_ref());
        self.put("connection_id", a.connection_id);
        self.put("connection_requests", a.connection_requests);
        self.put("aborted", a.aborted);
        self.text("error_log_id", a.error_log_id.as_ref());
        self.put("pid", a.pid);
        self.put("tid", a.tid);
        self.text("thread", a.thread.as_ref());
        self.text("level", a.level.as_ref());
        self.text("message", a.message.as_ref());
        let u = &a.upstream;
        self.text("upstream_name", u.name.as_ref());
        let lists = [
            ("upstream_addr", &u.addr),
            ("upstream_status", &u.status),
            ("upstream_connect_time", &u.connect_time),
            ("upstream_header_time", &u.header_time),
            ("upstream_response_time", &u.response_time),
            ("upstream_response_length", &u.response_length),
            ("upstream_bytes_received", &u.bytes_received),
        ];
        for (name, value) in lists {
            self.text(name, value.as_ref());
        }
        if let Some(h) = &a.haproxy {
            self.haproxy(h);
        }
        self.extra(&a.extra);
    }

    fn haproxy(&mut self, h: &HaproxyFields<'_>) {
        // as logged: `~` marks a listener with TLS
        self.put(
            "frontend",
            h.frontend
                .as_deref()
                .map(|f| String::from_utf8_lossy(f).into_owned() + if h.tls { "~" } else { "" }),
        );
        self.text("backend", h.backend.as_ref());
        self.text("server_name", h.server.as_ref());
        let numbers = [
            ("tq", h.tq),
            ("tw", h.tw),
            ("tc", h.tc),
            ("tr", h.tr),
            ("tt", h.tt),
            ("actconn", h.actconn),
            ("feconn", h.feconn),
            ("beconn", h.beconn),
            ("srvconn", h.srvconn),
            ("retries", h.retries),
            ("srv_queue", h.srv_queue),
            ("backend_queue", h.backend_queue),
        ];
        for (name, value) in numbers {
            self.put(name, value);
        }
        self.text("termination_state", h.termination_state.as_ref());
        self.text("captured_request_headers", h.captured_request_headers.as_ref());
        self.text("captured_response_headers", h.captured_response_headers.as_ref());
    }

    fn error(&mut self, e: &ErrorLine<'_>) {
        self.text("level", e.level.as_ref());
        self.put("pid", e.pid);
        self.put("tid", e.tid);
        self.put("connection_id", e.connection_id);
        self.text("module", e.module.as_ref());
        self.text("error_code", e.error_code.as_ref());
        self.put("os_error_code", e.os_error_code);
        self.text("os_error", e.os_error.as_ref());
        self.text("message", Some(&e.message));
        self.text("action", e.action.as_ref());
        self.text("client_ip", e.client_ip.as_ref());
        self.put("client_port", e.client_port);
        self.text("vserver", e.vserver.as_ref());
        self.text("request", e.request.as_ref());
        self.text("method", e.method.as_ref());
        self.text("path", e.path.as_ref());
        self.text("http_version", e.http_version.as_ref());
        self.text("upstream", e.upstream.as_ref());
        self.text("host", e.host.as_ref());
        self.text("referrer", e.referrer.as_ref());
        self.text("request_id", e.request_id.as_ref());
        self.text("frontend", e.frontend.as_ref());
        self.text("bind", e.bind.as_ref());
    }

    fn state(&mut self, s: &StateLine<'_>) {
        self.put("event", Some(s.event.as_str()));
        self.text("level", s.level.as_ref());
        self.text("backend", s.backend.as_ref());
        self.text("server_name", s.server.as_ref());
        self.text("check_reason", s.check_reason.as_ref());
        self.put("check_code", s.check_code);
        self.text("check_info", s.check_info.as_ref());
        self.put("check_duration_ms", s.check_duration_ms);
        self.put("active_left", s.active_left);
        self.text("message", Some(&s.message));
    }

    fn log(&mut self, l: &LogLine<'_>) {
        self.text("level", l.level.as_ref());
        self.text("logger", l.logger.as_ref());
        self.text("thread", l.thread.as_ref());
        self.put("pid", l.pid);
        self.text("program", l.program.as_ref());
        self.text("host", l.host.as_ref());
        self.text("request_id", l.request_id.as_ref());
        self.text("message", Some(&l.message));
        self.text("exception", l.exception.as_ref());
        self.text("error", l.error.as_ref());
        self.extra(&l.extra);
    }
}

/// The columns of CSV.
pub(crate) const COLUMNS: &[&str] = &[
    "file",
    "line",
    "line_end",
    "format",
    "kind",
    "time",
    "level",
    "client_ip",
    "client_port",
    "user",
    "method",
    "path",
    "http_version",
    "status",
    "bytes",
    "request_time",
    "request_id",
    "host",
    "vhost",
    "referrer",
    "user_agent",
    "upstream",
    "upstream_name",
    "upstream_addr",
    "upstream_status",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_response_time",
    "frontend",
    "backend",
    "server_name",
    "tq",
    "tw",
    "tc",
    "tr",
    "tt",
    "termination_state",
    "retries",
    "event",
    "check_reason",
    "connection_id",
    "pid",
    "tid",
    "module",
    "error_code",
    "os_error_code",
    "os_error",
    "exception",
    "exception_message",
    "root_cause",
    "root_cause_message",
    "message",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_the_line_says_and_nothing_else() {
        let line = br#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?a=1 HTTP/1.1" 502 157 "-" "curl/8.5.0""#;
        let row = Row::of("a.log", 7, &logjoin_parse::parse_any(line).unwrap());
        let v: Value = serde_json::from_str(&row.json()).unwrap();
        assert_eq!(
            (v["file"].as_str(), v["line"].as_u64(), v["kind"].as_str()),
            (Some("a.log"), Some(7), Some("access"))
        );
        assert_eq!((v["status"].as_i64(), v["path"].as_str()), (Some(502), Some("/cart?a=1")));
        assert_eq!(v["time"], "2026-11-21T01:50:53Z");
        assert!(v.get("referrer").is_none() && v.get("upstream_addr").is_none());
        assert_eq!(row.csv().split(',').count(), COLUMNS.len());
    }

    #[test]
    fn hostile_bytes_stay_in_their_place() {
        let why = ParseError::new(3, "a line of a known format");
        let row = Row::unparsed("a.log", 1, b"=1+1,\"\x1b[2J\xff\xe2\x80\xae", &why);
        assert!(!row.json().chars().any(escape::is_unsafe));
        let csv = row.csv();
        assert!(csv.ends_with("\"'=1+1,\"\"\\x1b[2J\u{fffd}\\u{202e}\""), "{csv}");
    }
}
