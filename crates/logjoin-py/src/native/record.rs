//! `parse_line`: one line in, one record out.

use chrono::{DateTime, Utc};
use logjoin::parse::{Access, Body, ErrorLine, LogLine, Stamp, StateLine};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use serde_json::{Map, Value};

use super::views::from_json;

pyo3::create_exception!(logjoin, ParseError, PyValueError, "A line that no format reads.");

/// A line, read.
#[pyclass(frozen, module = "logjoin")]
pub(crate) struct Record {
    /// Id of the format that read it.
    #[pyo3(get)]
    format: &'static str,
    /// "access", "error", "state" or "log".
    #[pyo3(get)]
    kind: &'static str,
    /// When, where the line has year and zone.
    #[pyo3(get)]
    time: Option<DateTime<Utc>>,
    fields: Map<String, Value>,
}

#[pymethods]
impl Record {
    /// Client address.
    #[getter]
    fn client_ip(&self) -> Option<&str> {
        self.text("client_ip")
    }

    /// Method of the request.
    #[getter]
    fn method(&self) -> Option<&str> {
        self.text("method")
    }

    /// Target of the request.
    #[getter]
    fn path(&self) -> Option<&str> {
        self.text("path")
    }

    /// Status of the answer.
    #[getter]
    fn status(&self) -> Option<i64> {
        self.fields.get("status").and_then(Value::as_i64)
    }

    /// Level of the message.
    #[getter]
    fn level(&self) -> Option<&str> {
        self.text("level")
    }

    /// The message.
    #[getter]
    fn message(&self) -> Option<&str> {
        self.text("message")
    }

    /// What the line says, by name; what it does not say is absent. Times are as written, durations in seconds.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        from_json(py, &Value::Object(self.fields.clone()).to_string())
    }

    fn __repr__(&self) -> String {
        format!("Record(format={:?}, kind={:?})", self.format, self.kind)
    }
}

impl Record {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

/// Fields under their names; lines are bytes, Python's text is not.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&mut self, name: &str, value: Option<&[u8]>) {
        self.put(name, value.map(|v| String::from_utf8_lossy(v).into_owned()));
    }

    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    fn access(&mut self, a: &Access<'_>) {
        for (name, value) in [
            ("client_ip", &a.client_ip),
            ("user", &a.user),
            ("method", &a.method),
            ("path", &a.path),
            ("request", &a.request),
            ("http_version", &a.http_version),
            ("referrer", &a.referrer),
            ("user_agent", &a.user_agent),
            ("host", &a.host),
            ("request_id", &a.request_id),
            ("level", &a.level),
            ("message", &a.message),
            ("upstream_addr", &a.upstream.addr),
            ("upstream_status", &a.upstream.status),
        ] {
            self.text(name, value.as_deref());
        }
        self.put("status", a.status);
        self.put("bytes", a.bytes);
        self.put("duration_s", a.duration_us.map(|us| us as f64 / 1e6));
        self.put("pid", a.pid);
        let state = a.haproxy.as_ref().and_then(|h| h.termination_state.as_deref());
        self.text("termination_state", state);
        for (name, value) in &a.extra {
            self.text(name, Some(value));
        }
    }

    fn error(&mut self, e: &ErrorLine<'_>) {
        for (name, value) in [
            ("level", &e.level),
            ("module", &e.module),
            ("error_code", &e.error_code),
            ("os_error", &e.os_error),
            ("action", &e.action),
            ("client_ip", &e.client_ip),
            ("request", &e.request),
            ("method", &e.method),
            ("path", &e.path),
            ("upstream", &e.upstream),
            ("host", &e.host),
            ("request_id", &e.request_id),
        ] {
            self.text(name, value.as_deref());
        }
        self.text("message", Some(&e.message));
        self.put("os_error_code", e.os_error_code);
        self.put("connection_id", e.connection_id);
        self.put("pid", e.pid);
    }

    fn log(&mut self, l: &LogLine<'_>) {
        for (name, value) in [
            ("level", &l.level),
            ("logger", &l.logger),
            ("thread", &l.thread),
            ("program", &l.program),
            ("host", &l.host),
            ("request_id", &l.request_id),
            ("exception", &l.exception),
            ("error", &l.error),
        ] {
            self.text(name, value.as_deref());
        }
        self.text("message", Some(&l.message));
        self.put("pid", l.pid);
        for (name, value) in &l.extra {
            self.text(name, Some(value));
        }
    }

    fn state(&mut self, s: &StateLine<'_>, line: &[u8]) {
        self.put("event", Some(s.event.as_str()));
        for (name, value) in [
            ("level", &s.level),
            ("backend", &s.backend),
            ("server", &s.server),
            ("check_reason", &s.check_reason),
            ("check_info", &s.check_info),
        ] {
            self.text(name, value.as_deref());
        }
        self.text("message", Some(line));
    }
}

/// A moment, where the stamp says all of it.
fn moment(stamp: &Stamp) -> Option<DateTime<Utc>> {
    stamp.offset_s.filter(|_| stamp.has_year)?;
    Some(DateTime::from_timestamp_nanos(stamp.utc_ns(0)))
}

/// Reads one line, without its end, by whatever format fits it.
///
/// line: bytes, or str. Raises ParseError, a ValueError, where no format reads it.
#[pyfunction]
pub(crate) fn parse_line(line: &Bound<'_, PyAny>) -> PyResult<Record> {
    let bytes = if let Ok(bytes) = line.cast::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else if let Ok(text) = line.cast::<PyString>() {
        text.to_cow()?.as_bytes().to_vec()
    } else {
        return Err(PyTypeError::new_err("line must be bytes or str"));
    };
    let record = logjoin::parse::parse_any(&bytes).map_err(|e| ParseError::new_err(e.to_string()))?;
    let mut fields = Fields::default();
    match &record.body {
        Body::Access(a) => fields.access(a),
        Body::Error(e) => fields.error(e),
        Body::State(s) => fields.state(s, &bytes),
        Body::Log(l) => fields.log(l),
    }
    let stamp = record.best_stamp();
    fields.put("time", stamp.map(|s| s.to_iso()));
    let (format, kind) = (record.format, record.kind().as_str());
    Ok(Record { format, kind, time: stamp.and_then(moment), fields: fields.0 })
}
