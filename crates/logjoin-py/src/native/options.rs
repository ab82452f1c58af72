//! Keyword arguments → [`Options`].

use chrono::{DateTime, FixedOffset};
use logjoin::options::can_fail;
use logjoin::parse::Product;
use logjoin::{Options, Pattern};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What `analyze` may be told; each is optional. Maps go from a pattern of paths, in the order in which they were given.
#[derive(Default)]
pub(crate) struct Told<'py> {
    pub statuses: Option<Vec<i32>>,
    pub since: Option<DateTime<FixedOffset>>,
    pub until: Option<DateTime<FixedOffset>>,
    pub zones: Option<Bound<'py, PyDict>>,
    pub skews: Option<Bound<'py, PyDict>>,
    pub roles: Option<Bound<'py, PyDict>>,
    pub peers: Option<Bound<'py, PyDict>>,
    pub year: Option<i32>,
    pub window_s: Option<f64>,
    pub max_failures: Option<usize>,
    pub keep_failures: Option<usize>,
}

const ROLES: [&str; 5] = ["nginx", "apache", "haproxy", "backend", "system"];

impl Told<'_> {
    /// Makes sense of them.
    pub(crate) fn options(&self) -> PyResult<Options> {
        let mut options = Options { year: self.year, max_failures: self.max_failures, ..Options::default() };
        if let Some(statuses) = &self.statuses {
            if let Some(never) = statuses.iter().find(|s| !can_fail(**s)) {
                let expected = "expected 408 or a status from 500 on; others are no gateway failures";
                return Err(PyValueError::new_err(format!("statuses: {never}: {expected}")));
            }
            options.statuses = statuses.iter().copied().collect();
        }
        if let Some(n) = self.keep_failures {
            if n == 0 {
                return Err(PyValueError::new_err("keep_failures: 0: expected at least 1"));
            }
            options.keep_failures = n;
        }
        if let Some(s) = self.window_s {
            if !(s.is_finite() && s > 0.0) {
                return Err(PyValueError::new_err(format!("window_s: {s}: expected seconds, more than 0")));
            }
            options.window_s = s;
        }
        options.since_ns = nanoseconds("since", self.since)?;
        options.until_ns = nanoseconds("until", self.until)?;
        for (pattern, zone) in pairs::<String>(&self.zones)? {
            let zone = zone.parse().map_err(|e| PyValueError::new_err(format!("zones: {e}")))?;
            options.zones.push((Pattern::new(&pattern), zone));
        }
        for (pattern, seconds) in pairs::<f64>(&self.skews)? {
            options.skews.push((Pattern::new(&pattern), seconds));
        }
        for (pattern, role) in pairs::<String>(&self.roles)? {
            let Some(product) = Product::by_name(&role) else {
                return Err(PyValueError::new_err(format!("roles: {role} is none of {}", ROLES.join(", "))));
            };
            options.roles.push((Pattern::new(&pattern), product));
        }
        for (address, pattern) in pairs::<String>(&self.peers)? {
            options.peers.push((Pattern::new(&pattern), address));
        }
        Ok(options)
    }
}

fn nanoseconds(name: &str, time: Option<DateTime<FixedOffset>>) -> PyResult<Option<i64>> {
    let Some(time) = time else { return Ok(None) };
    let ns = time.timestamp_nanos_opt();
    ns.map(Some).ok_or_else(|| PyValueError::new_err(format!("{name}: a time between 1677 and 2262")))
}

fn pairs<T>(map: &Option<Bound<'_, PyDict>>) -> PyResult<Vec<(String, T)>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>,
{
    let Some(map) = map else { return Ok(Vec::new()) };
    map.iter().map(|(key, value)| Ok((key.extract()?, value.extract()?))).collect()
}
