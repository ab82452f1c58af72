//! One flat row per record of a log, with the field names that the documentation lists.
//!
//! A row has `file`, `line`, `line_end` (of events of several lines), `format`, `kind` (access, error, state, log,
//! unparsed), `time`, and the fields that the line has; what a line does not say is absent. `time` is ISO 8601 as written:
//! without a zone when the line has none. Bytes that are no UTF-8 are shown as U+FFFD.

use std::borrow::Cow;
use std::collections::BTreeMap;

use logjoin_parse::fold::Exception;
use logjoin_parse::{Access, Body, ErrorLine, HaproxyFields, LogLine, ParseError, Record, StateLine, Text};
use serde_json::{Map, Value as Json};

use super::{Kind, Names, Value};
use crate::analysis::Time;
use crate::render::escape;

/// A message without the tags in brackets that a logger puts before it.
fn untagged(message: &str) -> &str {
    let mut rest = message;
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|m| m.split_once("] ")) {
        rest = after;
    }
    rest
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordRow {
    fields: Map<String, Json>,
    time_utc: Option<Time>,
}

impl RecordRow {
    /// The row of a record that starts at `line`.
    pub fn of(file: &str, line: u64, r: &Record<'_>) -> RecordRow {
        let mut row = RecordRow::at(file, line);
        row.put("format", Some(r.format));
        row.put("kind", Some(r.kind().as_str()));
        row.put("time", r.best_stamp().map(|s| s.to_iso()));
        row.time_utc = r.best_stamp().filter(|s| s.has_year).and_then(|s| {
            let offset = i64::from(s.offset_s?) * 1_000_000_000;
            s.wall_ns.checked_sub(offset).map(Time)
        });
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
    pub fn unparsed(file: &str, line: u64, bytes: &[u8], why: &ParseError) -> RecordRow {
        let mut row = RecordRow::at(file, line);
        row.put("kind", Some("unparsed"));
        row.put("expected", Some(why.expected));
        row.put("offset", Some(why.offset));
        row.text("message", Some(&Cow::Borrowed(bytes)));
        row
    }

    fn at(file: &str, line: u64) -> RecordRow {
        let mut row = RecordRow::default();
        row.put("file", Some(file));
        row.put("line", Some(line));
        row
    }

    /// The exception, error or panic in the bytes of a message: what was thrown, and the root of its chain of causes.
    pub fn exception(&mut self, event: &[u8]) {
        if self.fields.get("kind").and_then(Json::as_str) != Some("log") {
            return;
        }
        // Where the stack is a field, it stands there without escapes.
        let field = |name| self.fields.get(name).and_then(Json::as_str).map(str::to_owned);
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
            if !self.fields.contains_key(name) && !value.is_empty() {
                self.put(name, Some(String::from_utf8_lossy(value).into_owned()));
            }
        }
    }

    /// The last line of an event of several lines.
    pub fn ends_at(&mut self, line: u64) {
        self.put("line_end", Some(line));
    }

    /// The row as JSON on one line, without the line's end.
    pub fn json(&self, names: Names) -> String {
        // Strings and numbers: there is nothing that cannot be written.
        let text = match names {
            Names::Own => serde_json::to_string(&self.fields),
            Names::Ecs => serde_json::to_string(&self.ecs()),
        };
        escape::json(&text.unwrap_or_default()).into_owned()
    }

    fn ecs(&self) -> Map<String, Json> {
        let mut out = Map::new();
        out.insert("ecs.version".to_owned(), "8.17".into());
        if let Some(t) = self.time_utc {
            out.insert("@timestamp".to_owned(), t.to_string().into());
        }
        for (name, value) in &self.fields {
            let column = RECORD_COLUMNS.iter().find(|c| c.name == name && c.name != EXTRA);
            let name = match column {
                Some(c) => c.ecs.to_owned(),
                // A dot would open an object.
                None => format!("labels.{}", name.replace('.', "_")),
            };
            out.entry(name).or_insert_with(|| value.clone());
        }
        out
    }

    /// The head of CSV.
    pub fn csv_head() -> String {
        RECORD_COLUMNS.iter().map(|c| c.name).collect::<Vec<_>>().join(",")
    }

    /// The row as CSV, with the columns of [`RECORD_COLUMNS`].
    pub fn csv(&self) -> String {
        let cells = RECORD_COLUMNS.iter().map(|c| match self.value(c) {
            Value::Text(t) => escape::csv(&t).into_owned(),
            Value::Int(n) => n.to_string(),
            Value::Float(x) => x.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Time(t) => t.to_string(),
            Value::List(all) => escape::csv(&all.join(" ")).into_owned(),
            Value::Null => String::new(),
        });
        cells.collect::<Vec<_>>().join(",")
    }

    /// The value of a column. A field whose type is not that of its column (a log may call anything `status`) stands in
    /// `extra`.
    pub fn value(&self, column: &RecordColumn) -> Value<'_> {
        match column.name {
            TIME_UTC => self.time_utc.into(),
            EXTRA => {
                let rest: BTreeMap<&String, &Json> =
                    self.fields.iter().filter(|(name, _)| !self.has_column(name)).collect();
                match rest.is_empty() {
                    true => Value::Null,
                    false => Value::Text(serde_json::to_string(&rest).unwrap_or_default().into()),
                }
            }
            name => self.fields.get(name).map_or(Value::Null, |v| typed(v, column.kind)),
        }
    }

    fn has_column(&self, name: &str) -> bool {
        let column = RECORD_COLUMNS.iter().find(|c| c.name == name);
        column.is_some_and(|c| self.fields.get(name).is_some_and(|v| typed(v, c.kind) != Value::Null))
    }

    /// Changes every text by its name: what redaction does.
    #[cfg(feature = "redact")]
    pub(crate) fn map_texts(&mut self, change: &mut dyn FnMut(&str, &str) -> Option<String>) {
        for (name, value) in &mut self.fields {
            if let Json::String(text) = value
                && let Some(new) = change(name, text)
            {
                *text = new;
            }
        }
    }

    fn put(&mut self, name: &str, value: Option<impl Into<Json>>) {
        if let Some(v) = value {
            self.fields.insert(name.to_owned(), v.into());
        }
    }

    fn text(&mut self, name: &str, value: Option<&Text<'_>>) {
        self.put(name, value.map(|t| String::from_utf8_lossy(t).into_owned()));
    }

    /// Fields without a name of their own: they never replace one that has.
    fn extra(&mut self, extra: &[(Cow<'_, str>, Text<'_>)]) {
        for (name, value) in extra {
            if !self.fields.contains_key(name.as_ref()) {
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
        self.text("method", l.method.as_ref());
        self.text("path", l.path.as_ref());
        self.text("message", Some(&l.message));
        self.text("exception", l.exception.as_ref());
        self.text("error", l.error.as_ref());
        self.extra(&l.extra);
    }
}

fn typed(value: &Json, kind: Kind) -> Value<'_> {
    match (value, kind) {
        (Json::String(s), Kind::Text) => s.as_str().into(),
        (Json::Number(n), Kind::Int) => n.as_i64().into(),
        (Json::Number(n), Kind::Float) => n.as_f64().into(),
        (Json::Bool(b), Kind::Bool) => (*b).into(),
        // Numbers without a column of numbers, such as HAProxy's retries `+3`.
        (Json::Number(n), Kind::Text) => Value::Text(n.to_string().into()),
        _ => Value::Null,
    }
}

/// A column of the rows of records.
#[derive(Debug)]
pub struct RecordColumn {
    /// Name.
    pub name: &'static str,
    /// Name in the Elastic Common Schema; below `logjoin.` where that has none.
    pub ecs: &'static str,
    /// Type.
    pub kind: Kind,
}

const fn column(name: &'static str, ecs: &'static str, kind: Kind) -> RecordColumn {
    RecordColumn { name, ecs, kind }
}

const TIME_UTC: &str = "time_utc";
const EXTRA: &str = "extra";

/// The columns of CSV and Parquet. JSON has the fields without columns beside them, and not those two that are made of
/// others (`time_utc`, `extra`).
pub static RECORD_COLUMNS: &[RecordColumn] = &[
    column("file", "log.file.path", Kind::Text),
    column("line", "log.file.line", Kind::Int),
    column("line_end", "logjoin.line_end", Kind::Int),
    column("format", "event.dataset", Kind::Text),
    column("kind", "logjoin.kind", Kind::Text),
    column("time", "logjoin.time", Kind::Text),
    // The moment, where the stamp says its zone and year.
    column(TIME_UTC, "@timestamp", Kind::Time),
    column("level", "log.level", Kind::Text),
    column("client_ip", "client.address", Kind::Text),
    column("client_port", "client.port", Kind::Int),
    column("user", "user.name", Kind::Text),
    column("method", "http.request.method", Kind::Text),
    column("path", "url.original", Kind::Text),
    column("http_version", "http.version", Kind::Text),
    column("status", "http.response.status_code", Kind::Int),
    column("bytes", "http.response.body.bytes", Kind::Int),
    column("request_time", "logjoin.request_time", Kind::Float),
    column("request_id", "http.request.id", Kind::Text),
    column("host", "host.name", Kind::Text),
    column("vhost", "url.domain", Kind::Text),
    column("referrer", "http.request.referrer", Kind::Text),
    column("user_agent", "user_agent.original", Kind::Text),
    column("upstream", "logjoin.upstream", Kind::Text),
    column("upstream_name", "logjoin.upstream_name", Kind::Text),
    column("upstream_addr", "logjoin.upstream_addr", Kind::Text),
    column("upstream_status", "logjoin.upstream_status", Kind::Text),
    column("upstream_connect_time", "logjoin.upstream_connect_time", Kind::Text),
    column("upstream_header_time", "logjoin.upstream_header_time", Kind::Text),
    column("upstream_response_time", "logjoin.upstream_response_time", Kind::Text),
    column("frontend", "logjoin.frontend", Kind::Text),
    column("backend", "logjoin.backend", Kind::Text),
    column("server_name", "logjoin.server_name", Kind::Text),
    column("tq", "logjoin.tq", Kind::Int),
    column("tw", "logjoin.tw", Kind::Int),
    column("tc", "logjoin.tc", Kind::Int),
    column("tr", "logjoin.tr", Kind::Int),
    column("tt", "logjoin.tt", Kind::Int),
    column("termination_state", "logjoin.termination_state", Kind::Text),
    column("retries", "logjoin.retries", Kind::Text),
    column("event", "logjoin.event", Kind::Text),
    column("check_reason", "logjoin.check_reason", Kind::Text),
    column("connection_id", "logjoin.connection_id", Kind::Int),
    column("pid", "process.pid", Kind::Int),
    column("tid", "process.thread.id", Kind::Int),
    column("module", "log.logger", Kind::Text),
    column("error_code", "error.code", Kind::Text),
    column("os_error_code", "logjoin.os_error_code", Kind::Int),
    column("os_error", "error.message", Kind::Text),
    column("exception", "error.type", Kind::Text),
    column("exception_message", "logjoin.exception_message", Kind::Text),
    column("root_cause", "logjoin.root_cause", Kind::Text),
    column("root_cause_message", "logjoin.root_cause_message", Kind::Text),
    column("message", "message", Kind::Text),
    // Everything without a column of its own, as a JSON object.
    column(EXTRA, "labels", Kind::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_the_line_says_and_nothing_else() {
        let line = br#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?a=1 HTTP/1.1" 502 157 "-" "curl/8.5.0""#;
        let row = RecordRow::of("a.log", 7, &logjoin_parse::parse_any(line).unwrap());
        let v: Json = serde_json::from_str(&row.json(Names::Own)).unwrap();
        assert_eq!(
            (v["file"].as_str(), v["line"].as_u64(), v["kind"].as_str()),
            (Some("a.log"), Some(7), Some("access"))
        );
        assert_eq!((v["status"].as_i64(), v["path"].as_str()), (Some(502), Some("/cart?a=1")));
        assert_eq!(v["time"], "2026-11-21T01:50:53Z");
        assert!(v.get("referrer").is_none() && v.get("upstream_addr").is_none());
        assert_eq!(row.csv().split(',').count(), RECORD_COLUMNS.len());
        let ecs: Json = serde_json::from_str(&row.json(Names::Ecs)).unwrap();
        assert_eq!(
            (ecs["http.response.status_code"].as_i64(), ecs["url.original"].as_str()),
            (Some(502), Some("/cart?a=1"))
        );
        assert_eq!(ecs["@timestamp"], "2026-11-21T01:50:53.000Z");
    }

    #[test]
    fn what_has_no_column_or_another_type_is_not_lost() {
        let mut row = RecordRow::at("a.log", 1);
        row.put("status", Some("teapot"));
        row.put("shard", Some(7));
        let extra = RECORD_COLUMNS.last().unwrap();
        assert_eq!(row.value(extra), Value::Text(r#"{"shard":7,"status":"teapot"}"#.into()));
        for c in RECORD_COLUMNS {
            assert!(row.value(c).fits(c.kind), "{}", c.name);
        }
    }

    #[test]
    fn hostile_bytes_stay_in_their_place() {
        let why = ParseError::new(3, "a line of a known format");
        let row = RecordRow::unparsed("a.log", 1, b"=1+1,\"\x1b[2J\xff\xe2\x80\xae", &why);
        assert!(!row.json(Names::Own).chars().any(escape::is_unsafe));
        let csv = row.csv();
        assert!(csv.contains("\"'=1+1,\"\"\\x1b[2J\u{fffd}\\u{202e}\","), "{csv}");
    }
}
