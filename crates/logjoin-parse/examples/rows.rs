//! Prints one JSON object per event of a log file: `rows FILE`.
//!
//! Lines that no format reads continue an nginx error line before them (its messages may hold line breaks), else
//! they are printed with the kind `unparsed`.
#![allow(clippy::print_stdout)]

use logjoin_parse::{
    Access, Body, ErrorLine, HaproxyFields, LogLine, Record, StateLine, Upstreams, parse_any,
};
use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: rows FILE")?;
    let data = std::fs::read(path)?;
    let mut events: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut is_nginx_error = false;
    for (i, line) in data.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (parse_any(line), events.last_mut()) {
            (Err(_), Some((_, event))) if is_nginx_error && !line.is_empty() => {
                event.push(b'\n');
                event.extend_from_slice(line);
            }
            (Err(_), _) if line.is_empty() => {}
            (read, _) => {
                is_nginx_error = read.is_ok_and(|r| r.format == "nginx-error");
                events.push((i + 1, line.to_vec()));
            }
        }
    }
    for (number, event) in events {
        let mut row = Row(Map::new());
        row.int("line", Some(number as i64));
        match parse_any(&event) {
            Ok(record) => fill(&mut row, &record),
            Err(_) => row.text("kind", Some(b"unparsed")),
        }
        println!("{}", Value::Object(row.0));
    }
    Ok(())
}

struct Row(Map<String, Value>);

impl Row {
    fn text(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(v) = value {
            self.0.insert(name.into(), String::from_utf8_lossy(v).into());
        }
    }

    fn int(&mut self, name: &str, value: Option<i64>) {
        if let Some(v) = value {
            self.0.insert(name.into(), v.into());
        }
    }
}

fn fill(row: &mut Row, record: &Record<'_>) {
    row.text("format", Some(record.format.as_bytes()));
    row.text("kind", Some(record.kind().as_str().as_bytes()));
    row.text("ts", record.best_stamp().map(|s| s.to_iso()).as_deref().map(str::as_bytes));
    match &record.body {
        Body::Access(a) => access(row, a),
        Body::Error(e) => error(row, e),
        Body::State(s) => state(row, s),
        Body::Log(l) => log(row, l),
    }
}

fn access(row: &mut Row, a: &Access<'_>) {
    for (name, value) in [
        ("client_ip", &a.client_ip),
        ("user", &a.user),
        ("method", &a.method),
        ("path", &a.path),
        ("request", &a.request),
        ("http_version", &a.http_version),
        ("referrer", &a.referrer),
        ("user_agent", &a.user_agent),
        ("xff", &a.xff),
        ("vhost", &a.vhost),
        ("host", &a.host),
        ("request_id", &a.request_id),
        ("thread", &a.thread),
        ("level", &a.level),
        ("message", &a.message),
    ] {
        row.text(name, value.as_deref());
    }
    row.int("client_port", a.client_port.map(i64::from));
    row.int("status", a.status.map(i64::from));
    row.int("bytes", a.bytes);
    row.int("request_length", a.request_length);
    row.int("connection_id", a.connection_id.map(|v| v as i64));
    row.int("pid", a.pid.map(i64::from));
    row.int("tid", a.tid.map(|v| v as i64));
    if let Some(us) = a.duration_us {
        row.0.insert("request_time".into(), (us as f64 / 1e6).into());
    }
    upstreams(row, &a.upstream);
    if let Some(h) = &a.haproxy {
        haproxy(row, h);
    }
    for (name, value) in &a.extra {
        row.text(&format!("extra.{name}"), Some(value));
    }
}

fn upstreams(row: &mut Row, up: &Upstreams<'_>) {
    row.text("upstream_name", up.name.as_deref());
    for (name, value) in [
        ("upstream_addr", &up.addr),
        ("upstream_status", &up.status),
        ("upstream_response_time", &up.response_time),
        ("upstream_response_length", &up.response_length),
    ] {
        row.text(name, value.as_deref());
    }
}

fn haproxy(row: &mut Row, h: &HaproxyFields<'_>) {
    for (name, value) in [
        ("frontend", &h.frontend),
        ("backend", &h.backend),
        ("server_name", &h.server),
        ("termination_state", &h.termination_state),
        ("captured_request_headers", &h.captured_request_headers),
        ("captured_response_headers", &h.captured_response_headers),
    ] {
        row.text(name, value.as_deref());
    }
    for (name, value) in [
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
    ] {
        row.int(name, value);
    }
}

fn error(row: &mut Row, e: &ErrorLine<'_>) {
    for (name, value) in [
        ("level", &e.level),
        ("module", &e.module),
        ("error_code", &e.error_code),
        ("os_error", &e.os_error),
        ("action", &e.action),
        ("client_ip", &e.client_ip),
        ("vserver", &e.vserver),
        ("request", &e.request),
        ("method", &e.method),
        ("path", &e.path),
        ("http_version", &e.http_version),
        ("subrequest", &e.subrequest),
        ("upstream", &e.upstream),
        ("host", &e.host),
        ("referrer", &e.referrer),
        ("request_id", &e.request_id),
        ("frontend", &e.frontend),
    ] {
        row.text(name, value.as_deref());
    }
    row.text("message", Some(&e.message));
    if e.frontend.is_some() {
        row.text("haproxy_error", Some(&e.message));
    }
    row.int("pid", e.pid.map(i64::from));
    row.int("tid", e.tid.map(|v| v as i64));
    row.int("connection_id", e.connection_id.map(|v| v as i64));
    row.int("os_error_code", e.os_error_code.map(i64::from));
    row.int("client_port", e.client_port.map(i64::from));
}

fn state(row: &mut Row, s: &StateLine<'_>) {
    row.text("event", Some(s.event.as_str().as_bytes()));
    for (name, value) in [
        ("level", &s.level),
        ("backend", &s.backend),
        ("server_name", &s.server),
        ("check_reason", &s.check_reason),
    ] {
        row.text(name, value.as_deref());
    }
    row.text("message", Some(&s.message));
}

fn log(row: &mut Row, l: &LogLine<'_>) {
    for (name, value) in [
        ("level", &l.level),
        ("logger", &l.logger),
        ("thread", &l.thread),
        ("program", &l.program),
        ("request_id", &l.request_id),
    ] {
        row.text(name, value.as_deref());
    }
    row.int("pid", l.pid.map(i64::from));
    row.text("message", Some(&l.message));
}
