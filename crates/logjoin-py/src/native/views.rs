//! The result as objects with typed attributes. Each holds a piece of the plain data; `to_dict` gives all of it, as the
//! JSON has it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use logjoin::analysis as data;
use logjoin::render::{self, RenderOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::to_string;

use super::failures::Failures;

/// A moment as a datetime with zone.
pub(crate) fn moment(t: data::Time) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(t.0)
}

/// JSON text as Python's own objects.
pub(crate) fn from_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (text,))
}

fn to_dict<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    from_json(py, &to_string(value).map_err(|e| PyValueError::new_err(e.to_string()))?)
}

fn all<T: Clone, V>(pieces: &[T], view: fn(T) -> V) -> Vec<V> {
    pieces.iter().cloned().map(view).collect()
}

/// Declares a class over a piece of the result: attributes with their types, `to_dict` and a representation.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident of $data:ty, shown as |$s:ident| $shown:expr;
     $($(#[$about:meta])* $field:ident: $type:ty = |$x:ident| $value:expr;)*) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "logjoin")]
        pub(crate) struct $name(pub $data);

        #[pymethods]
        impl $name {
            $($(#[$about])* #[getter] fn $field(&self) -> $type { let $x = &self.0; $value })*

            /// All of it, as in the JSON.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                to_dict(py, &self.0)
            }

            fn __repr__(&self) -> String {
                let $s = &self.0;
                format!(concat!(stringify!($name), "({})"), $shown)
            }
        }
    };
}

view! {
    /// A line of an input.
    LineRef of data::LineRef, shown as |x| x;
    /// Path as given.
    file: String = |x| x.file.clone();
    /// Line number, from 1, in the decompressed file.
    line: u64 = |x| x.line;
}

view! {
    /// One try at one upstream server.
    Attempt of data::Attempt, shown as |x| x.mechanism;
    /// Address, or HAProxy's backend/server.
    address: Option<String> = |x| x.address.clone();
    /// Instance behind it, where it is known.
    instance: Option<String> = |x| x.instance.clone();
    /// What the proxy saw.
    mechanism: &'static str = |x| x.mechanism.as_str();
    /// Status of the attempt.
    status: Option<i32> = |x| x.status;
    /// Seconds to connect.
    connect_s: Option<f64> = |x| x.connect_s;
    /// Seconds to the response header.
    header_s: Option<f64> = |x| x.header_s;
    /// Seconds to the end.
    response_s: Option<f64> = |x| x.response_s;
}

view! {
    /// A backend's line that belongs to a failed request.
    BackendJoin of data::BackendJoin, shown as |x| x.at;
    /// Path as given.
    file: String = |x| x.at.file.clone();
    /// Line number, from 1.
    line: u64 = |x| x.at.line;
    /// "id", "request" or "time".
    how: String = |x| x.how.to_string();
    /// Probability that it belongs to this request.
    confidence: f64 = |x| x.confidence;
}

view! {
    /// Another cause that was considered.
    Alternative of data::Alternative, shown as |x| x.cause;
    /// Which.
    cause: &'static str = |x| x.cause.as_str();
    /// Probability that it is the right one.
    confidence: f64 = |x| x.confidence;
}

view! {
    /// A failed request.
    Failure of data::Failure, shown as |x| format!("{}: {} at {}", x.id, x.cause, x.time);
    /// "F1", "F2" ... in order of time.
    id: String = |x| x.id.clone();
    /// End of the request on the reference clock.
    time: DateTime<Utc> = |x| moment(x.time);
    /// The proxy's file.
    file: String = |x| x.file.clone();
    /// Its line, from 1.
    line: u64 = |x| x.line;
    /// Name of the proxy instance.
    proxy: String = |x| x.proxy.clone();
    /// Method.
    method: Option<String> = |x| x.method.clone();
    /// Request target as logged.
    target: Option<String> = |x| x.target.clone();
    /// Status as logged.
    status: Option<i32> = |x| x.status;
    /// Client address.
    client: Option<String> = |x| x.client.clone();
    /// Request id, where one was logged.
    request_id: Option<String> = |x| x.request_id.clone();
    /// The tries, in order.
    attempts: Vec<Attempt> = |x| all(&x.attempts, Attempt);
    /// Who made the error answer: "proxy", "backend", "client" or "unknown".
    origin: &'static str = |x| x.origin.as_str();
    /// What the proxy saw.
    mechanism: &'static str = |x| x.mechanism.as_str();
    /// Why.
    cause: &'static str = |x| x.cause.as_str();
    /// A finer name, where there is one.
    detail: Option<String> = |x| x.detail.clone();
    /// Probability that the cause is right.
    confidence: f64 = |x| x.confidence;
    /// False for what is listed but is no gateway failure.
    gateway: bool = |x| x.gateway;
    /// How many failed requests it stands for, itself included; 1 unless there were too many to keep each.
    stands_for: u64 = |x| x.stands_for;
    /// Id of its episode.
    episode: Option<String> = |x| x.episode.clone();
    /// The proxy's error lines about it.
    error_lines: Vec<LineRef> = |x| all(&x.error_lines, LineRef);
    /// The backend's lines about it.
    backend: Vec<BackendJoin> = |x| all(&x.backend, BackendJoin);
    /// What the join came to.
    join: String = |x| x.join.to_string();
    /// Lines about the event behind it.
    cause_lines: Vec<LineRef> = |x| all(&x.cause_lines, LineRef);
    /// Other causes that were considered.
    alternatives: Vec<Alternative> = |x| all(&x.alternatives, Alternative);
}

view! {
    /// One fact for or against a verdict.
    Evidence of data::Evidence, shown as |x| format!("{}: {}", x.id, x.claim);
    /// "E1.1" ...
    id: String = |x| x.id.clone();
    /// What it says, in one sentence.
    claim: String = |x| x.claim.clone();
    /// When, where the fact has a moment.
    time: Option<DateTime<Utc>> = |x| x.time.map(moment);
    /// The lines (the first ones of many).
    lines: Vec<LineRef> = |x| all(&x.lines, LineRef);
    /// The text of the first line, escaped and shortened.
    text: Option<String> = |x| x.text.clone();
    /// How many lines say so.
    count: u64 = |x| x.count;
}

view! {
    /// Consecutive failures with one cause on one target.
    Episode of data::Episode, shown as |x| format!("{}: {} failures, {}", x.id, x.failures, x.cause);
    /// "E1", "E2" ... in order of time.
    id: String = |x| x.id.clone();
    /// First failure.
    start: DateTime<Utc> = |x| moment(x.start);
    /// Last failure.
    end: DateTime<Utc> = |x| moment(x.end);
    /// Why.
    cause: &'static str = |x| x.cause.as_str();
    /// A finer name, where there is one.
    detail: Option<String> = |x| x.detail.clone();
    /// Probability that the cause is right.
    confidence: f64 = |x| x.confidence;
    /// Instances or addresses that failed.
    targets: Vec<String> = |x| x.targets.clone();
    /// Proxies that answered.
    proxies: Vec<String> = |x| x.proxies.clone();
    /// Failures.
    failures: u64 = |x| x.failures;
    /// Requests of those proxies meanwhile, failures included.
    requests: u64 = |x| x.requests;
    /// What proves it.
    evidence: Vec<Evidence> = |x| all(&x.evidence, Evidence);
    /// What speaks against it.
    against: Vec<Evidence> = |x| all(&x.against, Evidence);
    /// Other causes that were considered.
    alternatives: Vec<Alternative> = |x| all(&x.alternatives, Alternative);
    /// What to do.
    advice: Vec<String> = |x| x.advice.clone();
    /// What would show that the verdict is wrong.
    refuted_by: String = |x| x.refuted_by.clone();
}

view! {
    /// Episodes that overlap or follow from one another.
    Incident of data::Incident, shown as |x| format!("{}: {}", x.id, x.summary);
    /// "I1", "I2" ... in order of time.
    id: String = |x| x.id.clone();
    /// First failure.
    start: DateTime<Utc> = |x| moment(x.start);
    /// Last failure.
    end: DateTime<Utc> = |x| moment(x.end);
    /// Failures in all its episodes.
    failures: u64 = |x| x.failures;
    /// The cause of its largest episode.
    cause: &'static str = |x| x.cause.as_str();
    /// One sentence: what, when, who, why.
    summary: String = |x| x.summary.clone();
    /// Its episodes, in order of time.
    episodes: Vec<Episode> = |x| all(&x.episodes, Episode);
}

view! {
    /// Counts over everything.
    Totals of data::Totals, shown as |x| format!("{} failures in {} requests", x.failures, x.requests);
    /// Requests that the proxies logged.
    requests: u64 = |x| x.requests;
    /// Gateway failures.
    failures: u64 = |x| x.failures;
    /// Failures that a proxy behind the one that logged them had logged, too.
    seen_twice: u64 = |x| x.seen_twice;
    /// Requests that were served after a failed attempt.
    hidden_by_retry: u64 = |x| x.hidden_by_retry;
    /// Failures by cause.
    by_cause: std::collections::BTreeMap<String, u64> = |x| x.by_cause.clone();
    /// Failures by mechanism.
    by_mechanism: std::collections::BTreeMap<String, u64> = |x| x.by_mechanism.clone();
    /// Failures by origin.
    by_origin: std::collections::BTreeMap<String, u64> = |x| x.by_origin.clone();
    /// Proxies' requests by status.
    by_status: std::collections::BTreeMap<String, u64> = |x| x.by_status.clone();
}

view! {
    /// The clock of one host or instance.
    Clock of data::Clock, shown as |x| format!("{}: {}", x.source, x.state);
    /// Name of the instance.
    source: String = |x| x.source.clone();
    /// Name of the instance whose clock is the reference.
    reference: String = |x| x.reference.clone();
    /// The log's clock minus the reference's, seconds; None when it could not be fitted.
    offset_s: Option<f64> = |x| x.offset_s;
    /// Half width of the range in which the offset lies, seconds.
    band_s: Option<f64> = |x| x.band_s;
    /// How it was found, or why not.
    state: String = |x| x.state.to_string();
}

view! {
    /// One writer's stream: a file, or a rotated set.
    Source of data::Source, shown as |x| format!("{}: {}", x.id, x.role);
    /// Stable id.
    id: String = |x| x.id.clone();
    /// Its files, oldest first.
    files: Vec<String> = |x| x.files.clone();
    /// Role: "proxy-access", "proxy-error", "backend-access" ...
    role: String = |x| x.role.to_string();
    /// Product.
    product: String = |x| x.product.clone();
    /// Name of the instance that it belongs to.
    instance: String = |x| x.instance.clone();
    /// Zone of its stamps.
    zone: String = |x| x.zone.clone();
    /// First moment.
    start: Option<DateTime<Utc>> = |x| x.start.map(moment);
    /// Last moment.
    end: Option<DateTime<Utc>> = |x| x.end.map(moment);
    /// Lines read.
    lines: u64 = |x| x.ledger.lines;
    /// Lines that no format read.
    unparsed: u64 = |x| x.ledger.unparsed;
    /// What was assumed where the lines do not say.
    assumptions: Vec<String> = |x| x.assumptions.clone();
}

view! {
    /// Something the reader should know.
    Note of data::Note, shown as |x| format!("{}: {}", x.about, x.text);
    /// "info" or "warning".
    level: String = |x| x.level.to_string();
    /// What it is about.
    about: String = |x| x.about.clone();
    /// The sentence.
    text: String = |x| x.text.clone();
}

/// A whole analysis.
#[pyclass(frozen, module = "logjoin")]
pub(crate) struct Analysis {
    all: Arc<data::Analysis>,
    problems: Vec<String>,
}

impl Analysis {
    pub(crate) fn new(analysis: data::Analysis, problems: Vec<String>) -> Analysis {
        Analysis { all: Arc::new(analysis), problems }
    }
}

#[pymethods]
impl Analysis {
    /// Counts over everything.
    #[getter]
    fn totals(&self) -> Totals {
        Totals(self.all.totals.clone())
    }

    /// What happened, the worst first.
    #[getter]
    fn incidents(&self) -> Vec<Incident> {
        all(&self.all.incidents, Incident)
    }

    /// Every failed request, in order of time.
    #[getter]
    fn failures(&self) -> Failures {
        Failures { all: Arc::clone(&self.all) }
    }

    /// The writers' streams.
    #[getter]
    fn sources(&self) -> Vec<Source> {
        all(&self.all.sources, Source)
    }

    /// The clocks of the hosts.
    #[getter]
    fn clocks(&self) -> Vec<Clock> {
        all(&self.all.clocks, Clock)
    }

    /// Things the reader should know.
    #[getter]
    fn notes(&self) -> Vec<Note> {
        all(&self.all.notes, Note)
    }

    /// What could not be read; the rest was analysed.
    #[getter]
    fn problems(&self) -> Vec<String> {
        self.problems.clone()
    }

    /// The published JSON.
    fn to_json(&self) -> PyResult<String> {
        self.render("json")
    }

    /// All of it, as the JSON has it.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Ok(to_dict(py, &*self.all)?.cast_into::<PyDict>()?)
    }

    /// A report: "text", "html", "markdown", "json", "ndjson" or "csv".
    fn render(&self, format: &str) -> PyResult<String> {
        let renderer = render::by_id(format).ok_or_else(|| {
            let known: Vec<&str> = render::RENDERERS.iter().map(|r| r.id).collect();
            PyValueError::new_err(format!("no report {format:?}: use one of {}", known.join(", ")))
        })?;
        let bytes = (renderer.render)(&self.all, &RenderOptions::default());
        String::from_utf8(bytes).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    fn __repr__(&self) -> String {
        let t = &self.all.totals;
        let (failures, requests, incidents) = (t.failures, t.requests, self.all.incidents.len());
        format!("Analysis({failures} failures in {requests} requests, {incidents} incidents)")
    }
}

/// Adds the classes to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Analysis>()?;
    m.add_class::<Incident>()?;
    m.add_class::<Episode>()?;
    m.add_class::<Evidence>()?;
    m.add_class::<Failure>()?;
    m.add_class::<Attempt>()?;
    m.add_class::<BackendJoin>()?;
    m.add_class::<Alternative>()?;
    m.add_class::<LineRef>()?;
    m.add_class::<Totals>()?;
    m.add_class::<Clock>()?;
    m.add_class::<Source>()?;
    m.add_class::<Note>()
}
