//! Sections of the result that speak of all traffic, not of single failures: load over time, what a longer timeout would
//! have done, restarts and their order, health checks against real traffic, and failures that a retry hid.

use serde::{Deserialize, Serialize};

use super::{Count, LineRef, Time};
use crate::vocabulary::RestartKind;

/// Load over time of one instance, or of one server as one proxy saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Traffic {
    /// The proxy that logged the requests; for an instance's own log, that instance.
    pub source: String,
    /// Address or name of the server, where these are the requests sent to one server; absent for all of a source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server: Option<String>,
    /// Instance of that server, where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<String>,
    /// Length of a step, seconds.
    pub step_s: u32,
    /// What is usual here: the medians over the steps in which nothing failed; absent where there are fewer than three.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Baseline>,
    /// The steps in which something happened, in order of time.
    pub points: Vec<TrafficPoint>,
}

/// The usual step of a [`Traffic`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Baseline {
    /// Requests per step.
    pub requests: u64,
    /// Median of the steps' median durations, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p50_s: Option<f64>,
    /// Median of the steps' 99th percentiles, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p99_s: Option<f64>,
    /// Requests in progress.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub busy: Option<f64>,
}

/// One step of [`Traffic`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TrafficPoint {
    /// Start of the step.
    pub start: Time,
    /// Requests that ended in it.
    pub requests: u64,
    /// Of them, gateway failures (for a backend's own log: answers of 500 and above).
    pub failures: u64,
    /// Median duration of the others, seconds; absent where no durations are logged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p50_s: Option<f64>,
    /// 99th percentile, seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p99_s: Option<f64>,
    /// Mean number of requests in progress (the sum of durations within the step over its length).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub busy: Option<f64>,
    /// Mean number of requests in the proxy's queue; absent where no queue times are logged or nothing waited.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queued: Option<f64>,
    /// Requests whose connection took as long as the kernel waits before it sends a SYN again (1 s, 3 s, 7 s): packets were
    /// lost, or the listen queue was full.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub syn_resent: u64,
    /// What is far from the baseline here: `rate`, `slow`, `busy`, `queue`, `syn-resent`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unusual: Vec<String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a longer timeout of a proxy would have served.
///
/// Rests on requests that the proxy gave up on and that were joined to the backend's own line, which says how long the
/// backend went on. Those whose backend line is missing never came to an end as far as the logs tell; they count as not
/// served by any timeout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TimeoutAdvice {
    /// The proxy.
    pub proxy: String,
    /// The server's instance, or its address.
    pub target: String,
    /// How long the proxy waited (median of the given-up requests), seconds.
    pub waited_s: f64,
    /// The directive that says so and its line, where the configuration is among the inputs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub directive: Option<String>,
    /// Requests given up on.
    pub given_up: u64,
    /// Of them, those that the backend completed later, as its log shows.
    pub completed: u64,
    /// Quantiles of the backend's durations of those: 50, 90, 99 % and the longest, seconds.
    pub quantiles_s: [f64; 4],
    /// Longer timeouts and what they would have done, the shortest first.
    pub choices: Vec<TimeoutChoice>,
    /// What it comes to, in a sentence.
    pub summary: String,
}

/// One longer timeout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TimeoutChoice {
    /// Seconds.
    pub timeout_s: f64,
    /// Share of the given-up requests that it would have served.
    pub served: f64,
    /// Connections that it would have kept busy longer, on average over the episode.
    pub extra_busy: f64,
}

/// A stop or start of an instance, and whether the order of things was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Restart {
    /// The instance.
    pub instance: String,
    /// What sort it was.
    pub kind: RestartKind,
    /// When the old process was asked to stop, or died.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<Time>,
    /// When the new one began to start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started: Option<Time>,
    /// When it said that it was ready, or served its first request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ready: Option<Time>,
    /// Failures towards it from the stop until it was ready.
    pub failures_during: u64,
    /// Failures towards it within a minute after it was ready.
    pub failures_after: u64,
    /// Whether the proxies that use it were out of its way: reloaded or told (drain, DOWN, MAINT) before the stop and after
    /// it was ready. Absent where the logs cannot tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_kept: Option<bool>,
    /// What the order was, and what it should be, in a sentence.
    pub summary: String,
    /// The lines that show it.
    pub lines: Vec<LineRef>,
}

/// A proxy's health checks of one server, held against the real traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HealthAudit {
    /// Proxy.
    pub proxy: String,
    /// Server as the proxy names it.
    pub server: String,
    /// Times it was taken out.
    pub downs: u64,
    /// Of them, those without any failed request nor any sign at the server before (the checks were wrong, or too eager).
    pub false_downs: u64,
    /// Seconds from the first failed request of a row to the moment it was taken out, the longest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detection_lag_s: Option<f64>,
    /// Requests that failed in those lags.
    pub lost_in_lag: u64,
    /// Whether it went up and down at least three times within ten minutes.
    pub is_flapping: bool,
    /// Seconds in which the pool had no server left.
    pub without_server_s: f64,
    /// What it comes to, in a sentence.
    pub summary: String,
}

/// Failed attempts that a retry hid from the clients, by proxy and server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HiddenFailures {
    /// Proxy.
    pub proxy: String,
    /// The server that failed.
    pub server: String,
    /// Failed attempts whose request was then served.
    pub count: u64,
    /// First of them.
    pub first: Time,
    /// Last of them.
    pub last: Time,
    /// By what the proxy saw.
    pub by_mechanism: Vec<Count>,
    /// The first lines.
    pub lines: Vec<LineRef>,
}
