//! What really happened in a recording: the file `truth.json` beside its logs.
//!
//! Only the fields that are scored are read; times are seconds since the epoch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use logjoin::analysis::LineRef;
use serde::{Deserialize, Deserializer};

/// A recording of real proxies and backends with faults injected on purpose.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// Start of the traffic.
    #[serde(deserialize_with = "moment")]
    pub started: f64,
    /// End of the traffic.
    #[serde(deserialize_with = "moment")]
    pub ended: f64,
    /// The proxies, by name.
    pub proxies: BTreeMap<String, Proxy>,
    /// The backend instances, by name.
    pub backends: BTreeMap<String, Backend>,
    /// The faults that were injected.
    pub faults: Vec<Fault>,
    /// The requests that failed at a gateway.
    pub failures: Vec<Failed>,
}

/// A proxy of a recording.
#[derive(Debug, Clone, Deserialize)]
pub struct Proxy {
    /// `nginx`, `apache` or `haproxy`.
    pub kind: String,
}

/// A backend instance of a recording.
#[derive(Debug, Clone, Deserialize)]
pub struct Backend {
    /// Folder of its logs, from the folder of the recording.
    pub log_dir: String,
    /// Its clock minus the true one at the start, seconds.
    pub clock_offset_s: f64,
    /// Seconds that its clock counts in a true second.
    pub clock_rate: f64,
}

impl Backend {
    /// Whether its clock was set wrong.
    pub fn is_skewed(&self) -> bool {
        self.clock_offset_s != 0.0 || self.clock_rate != 1.0
    }
}

/// A fault that was injected.
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    /// Its name in the recording.
    pub id: String,
    /// The cause.
    pub class: String,
    /// Requests that it made fail.
    pub failures: u64,
    /// Those of them that the logs show.
    pub required: u64,
    /// Start of the first failed request; absent when it made none fail.
    #[serde(deserialize_with = "maybe_moment")]
    pub first_failure: Option<f64>,
    /// End of the last one.
    #[serde(deserialize_with = "maybe_moment")]
    pub last_failure: Option<f64>,
    /// The lines that tell of it.
    pub events: BTreeSet<LineRef>,
}

/// A request that failed at a gateway.
#[derive(Debug, Clone, Deserialize)]
pub struct Failed {
    /// Its id, logged or not.
    pub rid: String,
    /// The proxy that faced the client.
    pub proxy: String,
    /// Its line in the access log of that proxy.
    pub access: Option<LineRef>,
    /// Its lines in proxies behind that one.
    #[serde(default)]
    pub inner: Vec<InnerLine>,
    /// How the proxy saw it.
    pub mechanism: String,
    /// The cause.
    pub class: String,
    /// The group of the cause.
    pub group: String,
    /// The fault behind it.
    pub fault: String,
    /// The causes that the traces admit, the true one included.
    pub accept: Vec<String>,
    /// The backends' lines about this very request.
    pub backend: BTreeSet<LineRef>,
    /// The lines about the event behind it.
    pub cause: BTreeSet<LineRef>,
    /// No access log shows a failure: finding it is not asked for.
    #[serde(default)]
    pub optional: bool,
}

/// A line of an inner proxy; without `file` where that proxy logged none.
#[derive(Debug, Clone, Deserialize)]
pub struct InnerLine {
    /// Path from the folder of the recording.
    pub file: Option<String>,
    /// Number, from 1.
    pub line: Option<u64>,
}

impl InnerLine {
    /// The line, where there is one.
    pub fn at(&self) -> Option<LineRef> {
        Some(LineRef { file: self.file.clone()?, line: self.line? })
    }
}

impl Truth {
    /// What the clock of a backend really was off by, at the middle of the recording, seconds.
    pub fn offset_of(&self, backend: &Backend) -> f64 {
        let half = (self.ended - self.started) / 2.0;
        backend.clock_offset_s + (backend.clock_rate - 1.0) * half
    }
}

fn moment<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    let text = String::deserialize(d)?;
    seconds(&text).map_err(serde::de::Error::custom)
}

fn maybe_moment<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|t| seconds(&t).map_err(serde::de::Error::custom)).transpose()
}

fn seconds(text: &str) -> Result<f64, chrono::ParseError> {
    Ok(DateTime::parse_from_rfc3339(text)?.timestamp_micros() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_that_are_scored_are_read() {
        let text = r#"{"schema": 1, "started": "2026-11-21T02:00:00.000Z", "ended": "2026-11-21T02:01:40.000Z",
            "proxies": {"edge": {"kind": "nginx", "tz": "UTC"}},
            "backends": {"api-1": {"log_dir": "logs/api-1", "clock_offset_s": 2.0, "clock_rate": 1.004}},
            "faults": [{"id": "F1", "class": "backend-down", "failures": 0, "required": 0,
                        "first_failure": null, "last_failure": null, "events": []}],
            "failures": []}"#;
        let truth: Truth = serde_json::from_str(text).unwrap();
        assert_eq!(truth.ended - truth.started, 100.0);
        assert_eq!(truth.faults[0].first_failure, None);
        let api = &truth.backends["api-1"];
        assert!(api.is_skewed());
        assert!((truth.offset_of(api) - 2.2).abs() < 1e-9);
    }
}
