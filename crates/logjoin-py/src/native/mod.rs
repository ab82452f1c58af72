//! The module `logjoin._native`.

mod failures;
mod options;
mod record;
mod run;
mod views;

use pyo3::prelude::*;

/// Why a reverse proxy answered 502, 503 or 504, from logs alone.
#[pymodule(gil_used = false)]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_function(wrap_pyfunction!(run::analyze, m)?)?;
    m.add_function(wrap_pyfunction!(run::analyze_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(record::parse_line, m)?)?;
    m.add("ParseError", m.py().get_type::<record::ParseError>())?;
    m.add_class::<run::Progress>()?;
    m.add_class::<record::Record>()?;
    m.add_class::<failures::Failures>()?;
    views::register(m)
}
