//! The failed requests: a sequence of objects for people, a table of Arrow for everything else.
//!
//! `logjoin/_table.py` makes the table, from the same attributes that a user sees.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use super::views::Failure;

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

    /// A pyarrow.Table, one row per failure. Needs pyarrow.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("logjoin._table")?.call_method1("table", (slf,))
    }

    /// A pandas.DataFrame, one row per failure. Needs pandas and pyarrow.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Failures::to_arrow(slf)?.call_method0("to_pandas")
    }

    /// The rows as a stream, by the Arrow PyCapsule interface.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Failures::to_arrow(slf)?.call_method1("__arrow_c_stream__", (requested_schema,))
    }

    fn __repr__(&self) -> String {
        format!("Failures({} of {})", self.all.failures.len(), self.all.totals.failures)
    }
}
