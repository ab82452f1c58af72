//! The result: plain data with public fields, the same for people and programs.
//!
//! Serialised, this is `analysis.json` with [`SCHEMA_VERSION`], and read again it is the same. Times are RFC 3339 in UTC, to the
//! millisecond; `file` is the path as it was given; lines count from 1 in the decompressed file.
//!
//! Long because it is one list of alike types: the contract, to be read in one place. What speaks of all traffic rather than of
//! failures is in `traffic`.

mod derivation;
mod excerpt;
#[cfg(feature = "schema")]
mod schema;
mod traffic;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::derivation::{Derivation, NearSignal, RejectedLine, RuleOutcome};
pub use self::excerpt::Excerpt;
#[cfg(feature = "schema")]
pub use self::schema::schema;
pub use self::traffic::{
    Baseline, HealthAudit, HiddenFailures, Restart, TimeoutAdvice, TimeoutChoice, Traffic, TrafficPoint,
};
use crate::vocabulary::{CauseId, Mechanism, Origin};
pub use crate::vocabulary::{
    ChainSide, ClockState, InputKind, JoinState, JoinedBy, LifeState, NoteLevel, RestartKind, SourceRole,
};

/// Version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// A moment: nanoseconds since 1970-01-01 UTC on the reference clock; in an [`Analysis`] whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The millisecond in which a moment lies: what JSON holds. Who sorts by it or counts from it comes to the same before
    /// saving and after.
    pub fn at(ns: i64) -> Time {
        const MS: i64 = 1_000_000;
        // The first moment that there is lies in a millisecond that is not whole.
        Time(ns.checked_sub(ns.rem_euclid(MS)).unwrap_or(ns / MS * MS))
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = DateTime::from_timestamp_nanos(self.0);
        f.write_str(&t.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Time, D::Error> {
        let text = String::deserialize(d)?;
        let t = DateTime::parse_from_rfc3339(&text).map_err(serde::de::Error::custom)?;
        t.timestamp_nanos_opt()
            .map(Time)
            .ok_or_else(|| serde::de::Error::custom("a time between 1677 and 2262"))
    }
}

/// A line of an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LineRef {
    /// Path as given.
    pub file: String,
    /// Line number, from 1.
    pub line: u64,
}

impl fmt::Display for LineRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A whole analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Analysis {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The program that made it.
    pub tool: Tool,
    /// The files, in the order of their paths.
    pub inputs: Vec<Input>,
    /// The writers' streams, a rotated set being one.
    pub sources: Vec<Source>,
    /// The clocks of the hosts, relative to the reference.
    pub clocks: Vec<Clock>,
    /// Counts over everything.
    pub totals: Totals,
    /// What happened, the worst first.
    pub incidents: Vec<Incident>,
    /// The failed requests, in order of time: every one, unless there are very many
    /// ([`Failure::stands_for`]) or an option limits them; totals never change.
    pub failures: Vec<Failure>,
    /// Requests per upstream server.
    pub distribution: Vec<ServerShare>,
    /// Changes of the proxies' view of their servers.
    pub health: Vec<HealthEvent>,
    /// The life of each instance.
    pub lifecycle: Vec<InstanceLife>,
    /// Requests, failures and durations over time, per source and per server.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// What longer timeouts would have served.
    #[serde(default)]
    pub timeouts: Vec<TimeoutAdvice>,
    /// Stops and starts, and whether their order was kept.
    #[serde(default)]
    pub restarts: Vec<Restart>,
    /// Health checks against real traffic.
    #[serde(default)]
    pub health_audit: Vec<HealthAudit>,
    /// Failed attempts that a retry hid.
    #[serde(default)]
    pub hidden: Vec<HiddenFailures>,
    /// What separates failed from healthy traffic.
    pub contrast: Vec<Contrast>,
    /// The text of lines that belong to failed requests, in order of file and line; of very many not all.
    #[serde(default)]
    pub excerpts: Vec<Excerpt>,
    /// How the verdicts came about, where [`crate::Options::derive`] asks for it; in the order of the failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derivations: Vec<Derivation>,
    /// Why failures remain unexplained, and what to log to explain them.
    pub unknown: Vec<UnknownReason>,
    /// All lines, accounted for.
    pub ledger: Ledger,
    /// Things the reader should know: assumptions, gaps, refusals.
    pub notes: Vec<Note>,
}

impl Analysis {
    /// Whether any line of a proxy's access log was read, in the asked range of time or outside of it. Where none was, no
    /// failures are no good news: there is nothing to judge.
    pub fn saw_requests(&self) -> bool {
        let is_read =
            |s: &Source| s.role == SourceRole::ProxyAccess && s.ledger.events + s.ledger.filtered > 0;
        self.totals.requests > 0 || self.sources.iter().any(is_read)
    }

    /// Adds a file that was left out because another one has all that is in it; `why` says which.
    pub fn add_copy(&mut self, path: &str, why: &str) {
        self.add_note(path, why);
        self.add_input(path.to_owned(), InputKind::Copy, None);
    }

    /// Adds a file that was not read at all: what may hold logs must not vanish. `problem` says why.
    pub fn add_unread(&mut self, path: &str, problem: &str) {
        if self.inputs.iter().all(|i| i.path != path) {
            self.add_input(path.to_owned(), InputKind::Unread, Some(problem.to_owned()));
        }
    }

    /// Adds something that the reader should know of a file.
    pub fn add_note(&mut self, path: &str, text: &str) {
        self.notes.push(Note { level: NoteLevel::Info, about: path.to_owned(), text: text.to_owned() });
    }

    fn add_input(&mut self, path: String, kind: InputKind, problem: Option<String>) {
        let at = self.inputs.partition_point(|i| i.path < path);
        self.inputs.insert(at, Input { path, source: None, bytes: 0, lines: 0, kind, sha256: None, problem });
    }
}

/// The program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tool {
    /// `logjoin`.
    pub name: String,
    /// Version.
    pub version: String,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Input {
    /// Path as given.
    pub path: String,
    /// Id of the source it belongs to; absent for configuration files, files that could not be read, and files of several sources.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// Decompressed bytes read.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// What it was to the analysis.
    pub kind: InputKind,
    /// SHA-256 of the file as it lies on disk (compressed, and of the whole archive for its members), in hexadecimal; absent
    /// where it was not asked for, and of streams.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// What went wrong, if anything did; without the path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

/// Where the lines of a source went. `lines` is the sum of the other counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Ledger {
    /// Lines read.
    pub lines: u64,
    /// First lines of events.
    pub events: u64,
    /// Further lines of events.
    pub continuations: u64,
    /// Empty lines.
    pub blank: u64,
    /// Lines outside the asked range of time.
    pub filtered: u64,
    /// Lines that no format read.
    pub unparsed: u64,
}

impl Ledger {
    /// Whether every line is accounted for.
    pub fn holds(&self) -> bool {
        self.lines == self.events + self.continuations + self.blank + self.filtered + self.unparsed
    }

    /// Adds the counts of another ledger.
    pub fn add(&mut self, other: &Ledger) {
        self.lines += other.lines;
        self.events += other.events;
        self.continuations += other.continuations;
        self.blank += other.blank;
        self.filtered += other.filtered;
        self.unparsed += other.unparsed;
    }
}

/// A time in which a source wrote nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Silence {
    /// The last moment before.
    pub start: Time,
    /// The first moment after.
    pub end: Time,
    /// Length, seconds.
    pub s: f64,
}

/// One writer's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Source {
    /// Stable id: the path of its newest file, without rotation and compression suffixes.
    pub id: String,
    /// Its files, oldest first.
    pub files: Vec<String>,
    /// Formats read, the most frequent first, with the number of events of each.
    pub formats: Vec<FormatCount>,
    /// What it tells of.
    pub role: SourceRole,
    /// `nginx`, `apache`, `haproxy`, `backend`, `system` or `unknown`.
    pub product: String,
    /// Name of the proxy or backend instance that it belongs to.
    pub instance: String,
    /// How the role was decided.
    pub role_reason: String,
    /// Zone of its stamps: `+01:00`, `written` when each stamp says it, or `mixed`.
    pub zone: String,
    /// How the zone was decided.
    pub zone_reason: String,
    /// `s`, `ms`, `us` or `ns`.
    pub precision: String,
    /// First moment.
    pub start: Option<Time>,
    /// Last moment.
    pub end: Option<Time>,
    /// Longest silence, seconds.
    pub longest_gap_s: f64,
    /// The longest silences, of a second or more, the longest first.
    #[serde(default)]
    pub gaps: Vec<Silence>,
    /// What was assumed where the lines do not say (years, zones, the order of day and month), and why.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// Lines, accounted for.
    pub ledger: Ledger,
    /// First lines that no format read, escaped and shortened.
    pub unparsed_examples: Vec<Example>,
    /// Addresses that this instance serves, with the reason (learned from joins, listed by a config, said at start-up).
    pub addresses: Vec<AddressClaim>,
}

/// Events of one format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FormatCount {
    /// Id of the format.
    pub format: String,
    /// Events.
    pub events: u64,
}

/// A line shown as an example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Example {
    /// Where it stands.
    #[serde(flatten)]
    pub at: LineRef,
    /// Its text, control characters escaped, cut at 200 characters.
    pub text: String,
}

/// Why an address is taken to be an instance's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AddressClaim {
    /// `10.0.0.1:8080`, `unix:/run/app.sock` or a HAProxy `backend/server`.
    pub address: String,
    /// `joins`, `listening-line`, `config-name`, `server-name`, `error-line`, `only-one` or `told`.
    pub reason: String,
    /// Joined requests that agree, where the reason is `joins`.
    pub votes: u64,
}

/// The clock of one host or instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Clock {
    /// Name of the instance.
    pub source: String,
    /// Name of the instance whose clock is the reference.
    pub reference: String,
    /// The log's clock minus the reference's, seconds, at the middle of the common range, without the zone error;
    /// absent when it could not be fitted.
    pub offset_s: Option<f64>,
    /// An error of the written or assumed zone, seconds (a multiple of 15 minutes).
    pub zone_error_s: i64,
    /// Drift, millionths.
    pub drift_ppm: f64,
    /// Half width of the range in which the offset lies, seconds.
    pub band_s: Option<f64>,
    /// Requests that the fit rests on.
    pub samples: u64,
    /// Moments at which the clock was stepped, with the size of the step.
    pub steps: Vec<ClockStep>,
    /// What is known of it.
    pub state: ClockState,
}

/// A step of a clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClockStep {
    /// When, on the reference clock.
    pub at: Time,
    /// By how much, seconds.
    pub by_s: f64,
}

/// Counts over everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Totals {
    /// Requests that the proxies logged (a chain of proxies counts each of its lines).
    pub requests: u64,
    /// Gateway failures.
    pub failures: u64,
    /// Those of them that a proxy behind the one that logged them had logged, too: a chain of proxies logs one failed
    /// request once for each proxy, and they are counted as they were logged.
    #[serde(default)]
    pub seen_twice: u64,
    /// Requests that were listed but are no gateway failure (client aborts).
    pub not_gateway: u64,
    /// Requests that were served after a failed attempt.
    pub hidden_by_retry: u64,
    /// Proxies' requests by status.
    pub by_status: BTreeMap<String, u64>,
    /// Failures by origin.
    pub by_origin: BTreeMap<String, u64>,
    /// Failures by mechanism.
    pub by_mechanism: BTreeMap<String, u64>,
    /// Failures by cause.
    pub by_cause: BTreeMap<String, u64>,
}

/// Episodes that overlap or follow from one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Incident {
    /// `I1`, `I2` ... in order of time.
    pub id: String,
    /// First failure.
    pub start: Time,
    /// Last failure.
    pub end: Time,
    /// Failures in all its episodes.
    pub failures: u64,
    /// The cause of its largest episode.
    pub cause: CauseId,
    /// One sentence: what, when, who, why.
    pub summary: String,
    /// Its episodes, in order of time.
    pub episodes: Vec<Episode>,
}

/// Consecutive failures with one cause on one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Episode {
    /// `E1`, `E2` ... in order of time.
    pub id: String,
    /// First failure (start of the request).
    pub start: Time,
    /// Last failure (end of the request).
    pub end: Time,
    /// Why.
    pub cause: CauseId,
    /// A finer name, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Probability that the cause is right.
    pub confidence: f64,
    /// Instances or addresses that failed.
    pub targets: Vec<String>,
    /// Proxies that answered.
    pub proxies: Vec<String>,
    /// Failures.
    pub failures: u64,
    /// Requests of those proxies from start to end, failures included.
    pub requests: u64,
    /// Failures by status.
    pub by_status: BTreeMap<String, u64>,
    /// Failures by mechanism.
    pub by_mechanism: BTreeMap<String, u64>,
    /// The paths that failed most, with counts; where failures stand for others, the others are taken to be as these.
    pub endpoints: Vec<Count>,
    /// Distinct client addresses, of the listed failures.
    pub clients: u64,
    /// What proves it.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Evidence>,
    /// Other causes that were considered.
    pub alternatives: Vec<Alternative>,
    /// What was ruled out, and why.
    pub ruled_out: Vec<RuledOut>,
    /// What was out of order at its targets in the minute before its first failure, in order of time.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub precursors: Vec<Evidence>,
    /// How it ended; absent where nothing was served there again before the logs end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recovery: Option<Recovery>,
    /// What to do.
    pub advice: Vec<String>,
    /// What would show that the verdict is wrong.
    pub refuted_by: String,
}

/// The end of an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Recovery {
    /// When the first request after the last failure was served by its targets (or, where those are not known, by its
    /// proxies).
    pub time: Time,
    /// What ended it, as far as the logs tell, in a sentence.
    pub claim: String,
    /// The lines that show it.
    pub lines: Vec<LineRef>,
}

impl Episode {
    /// Gives each piece of evidence its id.
    pub(crate) fn number_evidence(&mut self) {
        for (n, e) in self.evidence.iter_mut().enumerate() {
            e.id = format!("{}.{}", self.id, n + 1);
        }
        for (n, e) in self.against.iter_mut().enumerate() {
            e.id = format!("{}.a{}", self.id, n + 1);
        }
        for (n, e) in self.precursors.iter_mut().enumerate() {
            e.id = format!("{}.p{}", self.id, n + 1);
        }
    }
}

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Count {
    /// The value.
    pub value: String,
    /// How often.
    pub count: u64,
}

/// One fact for or against a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Evidence {
    /// `E1.1`, `E1.2` ... for what proves episode `E1`, `E1.a1` ... for what speaks against it, `E1.p1` ... for what came before.
    pub id: String,
    /// What it says, in one sentence.
    pub claim: String,
    /// When, where the fact has a moment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<Time>,
    /// The lines (the first ones of many).
    pub lines: Vec<LineRef>,
    /// The text of the first line, escaped and shortened.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// How many lines say so; where failures stand for others, that many times the lines that are theirs alone.
    pub count: u64,
}

/// Another cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Alternative {
    /// Which.
    pub cause: CauseId,
    /// Probability that it is the right one.
    pub confidence: f64,
}

/// A cause that the evidence excludes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuledOut {
    /// Which.
    pub cause: CauseId,
    /// Why.
    pub why: String,
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Failure {
    /// `F1`, `F2` ... in order of time.
    pub id: String,
    /// End of the request on the reference clock.
    pub time: Time,
    /// Start of the request, where its duration is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub start: Option<Time>,
    /// The proxy's line.
    pub file: String,
    /// Its number.
    pub line: u64,
    /// Name of the proxy instance.
    pub proxy: String,
    /// Method.
    pub method: Option<String>,
    /// Request target as logged.
    pub target: Option<String>,
    /// Status as logged; -1 when HAProxy sent nothing.
    pub status: Option<i32>,
    /// Client address.
    pub client: Option<String>,
    /// Request id, where one was logged.
    pub request_id: Option<String>,
    /// The tries, in order.
    pub attempts: Vec<Attempt>,
    /// Who made the error answer.
    pub origin: Origin,
    /// What the proxy saw (of the last attempt).
    pub mechanism: Mechanism,
    /// Why.
    pub cause: CauseId,
    /// A finer name, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Probability that the cause is right.
    pub confidence: f64,
    /// False for what is listed but is no gateway failure.
    pub gateway: bool,
    /// How many failed requests it stands for, itself included: 1, and then absent in JSON, unless there were too many to keep each
    /// ([`Options::keep_failures`](crate::Options::keep_failures)). The others are alike: same proxy, server, status, mechanism,
    /// cause and episode, at about the same time. Added up over the list, these are the totals.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub stands_for: u64,
    /// Episode.
    pub episode: Option<String>,
    /// The proxy's error lines about this request.
    pub error_lines: Vec<LineRef>,
    /// The same request in another proxy, behind (`inner`) or before (`outer`) this one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub chain: Vec<ChainLink>,
    /// The backend's lines about this request.
    pub backend: Vec<BackendJoin>,
    /// What the search for the backend's lines came to.
    pub join: JoinState,
    /// Lines about the event behind it.
    pub cause_lines: Vec<LineRef>,
    /// Other causes that were considered.
    pub alternatives: Vec<Alternative>,
}

fn one() -> u64 {
    1
}

fn is_one(n: &u64) -> bool {
    *n == 1
}

/// One try at one upstream server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Attempt {
    /// Address, or HAProxy's `backend/server`.
    pub address: Option<String>,
    /// Instance behind it, where it is known.
    pub instance: Option<String>,
    /// What the proxy saw.
    pub mechanism: Mechanism,
    /// Status of the attempt as the proxy has it.
    pub status: Option<i32>,
    /// Seconds to connect.
    pub connect_s: Option<f64>,
    /// Seconds to the response header.
    pub header_s: Option<f64>,
    /// Seconds to the end.
    pub response_s: Option<f64>,
}

/// The same request at another proxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ChainLink {
    /// Where that proxy stands.
    pub side: ChainSide,
    /// The line.
    #[serde(flatten)]
    pub at: LineRef,
    /// Probability that it is the same request.
    pub confidence: f64,
}

/// A backend's line that belongs to a failed request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BackendJoin {
    /// The line.
    #[serde(flatten)]
    pub at: LineRef,
    /// By what it was found.
    pub how: JoinedBy,
    /// Probability that it belongs to this request.
    pub confidence: f64,
}

/// Requests of one upstream server at one proxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ServerShare {
    /// Proxy.
    pub proxy: String,
    /// Pool, where it is known.
    pub pool: Option<String>,
    /// Address or server name.
    pub server: String,
    /// Instance, where it is known.
    pub instance: Option<String>,
    /// Attempts.
    pub requests: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Share of the pool's attempts.
    pub share: f64,
    /// Configured share, where the weights are known.
    pub expected_share: Option<f64>,
    /// What is wrong with its share or its answers, where the difference is both significant and large: `more-than-its-share`,
    /// `less-than-its-share`, `fails-more` (than its peers), `fails-fast` (and attracts traffic by it).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finding: Option<String>,
    /// Probability of a difference as large by chance, corrected for the number of servers looked at; 1e-20 and
    /// less is told as 1e-20.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p_value: Option<f64>,
    /// Median duration of successes, seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile, seconds.
    pub p99_s: Option<f64>,
}

/// A change of a proxy's view of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HealthEvent {
    /// When.
    pub time: Time,
    /// Proxy.
    pub proxy: String,
    /// Server as the proxy names it.
    pub server: String,
    /// `server-down`, `server-up`, `check-failed` ...
    pub event: String,
    /// Reason that the proxy gave.
    pub reason: Option<String>,
    /// The line.
    #[serde(flatten)]
    pub at: LineRef,
}

/// The life of one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InstanceLife {
    /// Instance.
    pub instance: String,
    /// What happened to it, in order of time.
    pub events: Vec<LifeEvent>,
    /// The states that follow.
    pub spans: Vec<LifeSpan>,
}

/// An event in the life of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LifeEvent {
    /// When.
    pub time: Time,
    /// What it means: `ready`, `stop-requested`, `crash` ...
    pub what: String,
    /// Id of the signal that recognised it.
    pub signal: String,
    /// The line.
    #[serde(flatten)]
    pub at: LineRef,
    /// Its text, escaped and shortened.
    pub text: String,
}

/// A stretch of time in one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LifeSpan {
    /// What the instance does.
    pub state: LifeState,
    /// From.
    pub start: Time,
    /// To.
    pub end: Time,
}

/// A value that failed requests have and healthy ones have not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Contrast {
    /// Episode.
    pub episode: String,
    /// `path`, `client`, `client-network`, `method`, `user-agent`, `server`, `size`, `connection`, `message` (a template of the
    /// backend's messages); `none` where nothing separates them, then without a value.
    pub dimension: String,
    /// The value.
    pub value: String,
    /// Failed requests that have it, of all failed; where some stand for others, of as many as the listed ones are worth.
    pub failed: (u64, u64),
    /// Healthy requests that have it, of all healthy that were looked at (a sample of at most 64 per proxy and step of time). For
    /// `message`, both are messages: those of the kind, of all, while requests failed and at other times.
    pub healthy: (u64, u64),
    /// Probability of a difference as large by chance, corrected for the number of values looked at; 1e-20 and
    /// less is told as 1e-20.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p_value: Option<f64>,
}

/// Why some failures are unexplained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UnknownReason {
    /// What is missing.
    pub reason: String,
    /// Failures.
    pub failures: u64,
    /// What to log next time: the directive, word for word.
    pub advice: Option<String>,
}

/// Something the reader should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Note {
    /// How grave it is.
    pub level: NoteLevel,
    /// What it is about: a file, a source or an instance.
    pub about: String,
    /// The sentence.
    pub text: String,
}
