//! The failed requests: a sequence of objects for people, a table of Arrow for everything else.
//!
//! The columns are those of `logjoin join`, made by `logjoin-arrow` without Python's lock; Python gets them through
//! Arrow's C interface, so nothing is copied and no attribute is asked for.

use std::ffi::CStr;
use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::views::Failure;

/// The name that the Arrow PyCapsule interface gives to a capsule with a stream.
const STREAM: &CStr = c"arrow_array_stream";

/// All failed requests, in order of time: a sequence, and a table for whoever reads Arrow (pyarrow, pandas, Polars, DuckDB).
#[pyclass(frozen, sequence, module = "logjoin")]
pub(crate) struct Failures {
    pub all: Arc<logjoin::Analysis>,
}

#[pymethods]
impl Failures {
    fn __len__(&self) -> usize {
        self.all.failures.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Failure> {
        let len = self.all.failures.len();
        let at = if index < 0 { index.checked_add_unsigned(len) } else { Some(index) };
        let failure = at.and_then(|at| usize::try_from(at).ok()).and_then(|at| self.all.failures.get(at));
        failure.map(|f| Failure(f.clone())).ok_or_else(|| PyIndexError::new_err("no such failure"))
    }

    /// A pyarrow.Table, one row per failure, with the columns of `logjoin join`. Needs pyarrow.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// A pandas.DataFrame, one row per failure, with the columns of `logjoin join`. Needs pandas and pyarrow.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Failures::to_arrow(slf)?.call_method0("to_pandas")
    }

    /// The rows as a stream of one batch, by the Arrow PyCapsule interface.
    ///
    /// requested_schema: not looked at; whoever wants other types casts, as that interface allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let stream = py
            .detach(|| logjoin_arrow::failure_stream(&self.all.failures))
            .map_err(|e| PyOverflowError::new_err(e.to_string()))?;
        // Whoever takes the stream out marks it as released; what is left is freed with the capsule.
        PyCapsule::new_with_value(py, stream, STREAM)
    }

    fn __repr__(&self) -> String {
        format!("Failures({} of {})", self.all.failures.len(), self.all.totals.failures)
    }
}
