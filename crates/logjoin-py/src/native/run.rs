//! `analyze`: the engine on a thread of its own, Python's lock released, the caller told how far it is.
//!
//! The trick: only the calling thread ever asks Python for anything, ten times a second. It calls `progress` and looks for
//! Ctrl-C there, so the threads that read are never held up.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use logjoin_files::{Cancelled, Watch, analyze_with};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::options::Told;
use super::views::Analysis;

const EVERY: Duration = Duration::from_millis(100);

/// How far reading is.
#[pyclass(frozen, module = "logjoin", name = "Progress")]
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) struct Progress {
    /// Log files that were found.
    #[pyo3(get)]
    files: u64,
    /// Those that were read.
    #[pyo3(get)]
    files_done: u64,
    /// Decompressed bytes that were read.
    #[pyo3(get)]
    bytes: u64,
}

#[pymethods]
impl Progress {
    fn __repr__(&self) -> String {
        format!("Progress(files={}, files_done={}, bytes={})", self.files, self.files_done, self.bytes)
    }
}

/// One path or several.
#[derive(FromPyObject)]
pub(crate) enum Paths {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl Paths {
    fn into_vec(self) -> Vec<PathBuf> {
        match self {
            Paths::One(path) => vec![path],
            Paths::Several(paths) => paths,
        }
    }
}

/// Analyses files and folders: logs, rotated and compressed ones too, and the proxies' configurations among them.
///
/// paths: a path, or several. configs: files that are configurations whatever they look like. progress: called with a
/// Progress about ten times a second, and once when all is read; if it raises, the analysis ends with that exception.
/// statuses: what counts as a gateway failure (502, 503, 504). since, until: only failures in that time, datetimes with a
/// zone. zones, skews, roles: maps from a pattern of paths to a zone ("+01:00", "Europe/Berlin"), to the clock's error in
/// seconds, to a role ("nginx", "apache", "haproxy", "backend", "system"). peers: a map from an address to a pattern of the
/// paths of that instance's logs. year: of stamps without one. window_s: how far from a failure its cause may be.
/// max_failures: how many failures are listed; totals never change.
/// keep_failures: how many failures are kept one by one; of more, some of those that are alike stand for the others.
///
/// What could not be read is in Analysis.problems; OSError is raised where nothing could. Python's lock is released
/// meanwhile; Ctrl-C ends the analysis.
#[pyfunction]
#[pyo3(signature = (paths, *, configs=None, progress=None, statuses=None, since=None, until=None, zones=None, skews=None,
    roles=None, peers=None, year=None, window_s=None, max_failures=None,
    keep_failures=None))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn analyze(
    py: Python<'_>,
    paths: Paths,
    configs: Option<Paths>,
    progress: Option<Bound<'_, PyAny>>,
    statuses: Option<Vec<i32>>,
    since: Option<DateTime<FixedOffset>>,
    until: Option<DateTime<FixedOffset>>,
    zones: Option<Bound<'_, PyDict>>,
    skews: Option<Bound<'_, PyDict>>,
    roles: Option<Bound<'_, PyDict>>,
    peers: Option<Bound<'_, PyDict>>,
    year: Option<i32>,
    window_s: Option<f64>,
    max_failures: Option<usize>,
    keep_failures: Option<usize>,
) -> PyResult<Analysis> {
    let told = Told {
        statuses,
        since,
        until,
        zones,
        skews,
        roles,
        peers,
        year,
        window_s,
        max_failures,
        keep_failures,
    };
    let (options, paths) = (told.options()?, paths.into_vec());
    let configs = configs.map(Paths::into_vec).unwrap_or_default();
    let work = move |watch: &Watch<'_>| analyze_with(&paths, &configs, options, watch);
    let (analysis, problems) = watched(py, progress.as_ref(), work)?;
    if analysis.inputs.iter().all(|i| i.kind == logjoin::analysis::InputKind::Unread)
        && let Some(problem) = problems.first()
    {
        return Err(PyOSError::new_err(problem.to_string()));
    }
    Ok(Analysis::new(analysis, problems.iter().map(ToString::to_string).collect()))
}

/// Analyses logs that are in memory: a map from path to bytes. A path is a name; its folder tells what belongs together.
#[pyfunction]
pub(crate) fn analyze_bytes(py: Python<'_>, files: Vec<(String, Vec<u8>)>) -> Analysis {
    let analysis = py.detach(|| logjoin::analyze(files, logjoin::Options::default()));
    Analysis::new(analysis, Vec::new())
}

/// Runs `work` on another thread and keeps the caller informed.
fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch<'_>) -> Result<T, Cancelled> + Send,
) -> PyResult<T> {
    let (seen, stop) = (Arc::new(Mutex::new(Progress::default())), Arc::new(AtomicBool::new(false)));
    let latest = || *seen.lock().unwrap_or_else(PoisonError::into_inner);
    let watch = |p: logjoin_files::Progress| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Threads tell in any order; what was read stays read.
        seen.files = p.files;
        seen.files_done = seen.files_done.max(p.files_done);
        seen.bytes = seen.bytes.max(p.bytes);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    thread::scope(|scope| {
        let (sender, mut receiver) = mpsc::channel();
        scope.spawn(|| {
            let sender = sender;
            let _ = sender.send(work(&watch));
        });
        let (mut raised, mut told) = (None, Progress::default());
        loop {
            let (result, back) = py.detach(move || (receiver.recv_timeout(EVERY), receiver));
            receiver = back;
            let is_done = !matches!(result, Err(RecvTimeoutError::Timeout));
            if raised.is_none() {
                let now = latest();
                let call = || match progress.filter(|_| is_done || now != told) {
                    Some(progress) => progress.call1((now,)).map(drop),
                    None => Ok(()),
                };
                raised = py.check_signals().and_then(|()| call()).err();
                told = now;
                stop.store(raised.is_some(), Ordering::Relaxed);
            }
            match (result, raised.take()) {
                (Err(RecvTimeoutError::Timeout), error) => raised = error,
                (_, Some(error)) => return Err(error),
                (Ok(Ok(value)), None) => return Ok(value),
                (Ok(Err(cancelled)), None) => return Err(PyRuntimeError::new_err(cancelled.to_string())),
                (Err(RecvTimeoutError::Disconnected), None) => {
                    return Err(PyRuntimeError::new_err("the analysis ended without a result"));
                }
            }
        }
    })
}
