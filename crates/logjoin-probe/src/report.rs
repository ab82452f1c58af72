//! What a probe found: plain data, made to be shown or stored. Times are seconds; texts of strangers are bounded, and
//! escaped by the renderers.

use logjoin::{CauseId, Mechanism};
use serde::Serialize;

/// The version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that a probe did and found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Program and version.
    pub tool: String,
    /// The id of this probe.
    pub id: String,
    /// What stands in the `User-Agent` of each request, followed by `/` and the request's own name.
    pub marker: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took.
    pub elapsed_s: f64,
    /// What was sent.
    pub sent: Sent,
    /// The URL through the proxy.
    pub via: TargetReport,
    /// The same at the backends.
    pub direct: Vec<TargetReport>,
    /// What follows.
    pub verdict: Verdict,
    /// What else is wrong.
    pub findings: Vec<Verdict>,
    /// What is worth knowing and no fault.
    pub notes: Vec<String>,
    /// In which order to restart, where a restart is indicated.
    pub restart: Option<Restart>,
    /// Where the requests stand in the logs, if logs were given.
    pub logs: Option<LogsStep>,
}

/// The shape of the requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sent {
    /// Method.
    pub method: String,
    /// `Host` header.
    pub host: String,
    /// Requests to each URL at most, without those on kept connections.
    pub count: u32,
    /// Longest wait for a connection, and for a response.
    pub timeout_s: f64,
    /// Pause between requests.
    pub pause_s: f64,
}

/// One URL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetReport {
    /// `via`, `direct-1`, `direct-2` ...
    pub name: String,
    /// The URL.
    pub url: String,
    /// The addresses of its name.
    pub resolve: ResolveStep,
    /// One connection to each address.
    pub connect: Vec<ConnectStep>,
    /// The TLS handshake on the first of them.
    pub tls: Option<TlsStep>,
    /// The requests.
    pub requests: Vec<Exchange>,
    /// The attempt in the other protocol (TLS or plain) after a failure.
    pub other_protocol: Option<OtherProtocol>,
    /// The attempt to connect after the backend closed a connection.
    pub after_close: Option<ConnectStep>,
    /// A connection kept over idle gaps.
    pub keepalive: Option<KeepaliveStep>,
}

/// A name was resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResolveStep {
    /// The name.
    pub host: String,
    /// `literal`, `system`, or the DNS server that was asked.
    pub how: String,
    /// Addresses that the name has, in the order given.
    pub addresses: Vec<String>,
    /// The address that was given for it (`--resolve`).
    pub configured: Option<String>,
    /// Whether the given address is none of the name's.
    pub mismatch: bool,
    /// `ok`, `not-found`, `no-address`, `timeout` or `resolver-broken`.
    pub outcome: String,
    /// What the resolver said.
    pub error: Option<String>,
    /// How long it took.
    pub took_s: f64,
    /// How long the answer may be kept, where DNS was asked directly.
    pub ttl_s: Option<u32>,
}

/// A connection was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectStep {
    /// Address and port.
    pub address: String,
    /// What came of it: `from-backend` stands for a connection that was made.
    pub mechanism: Mechanism,
    /// The error, as the system words it.
    pub error: Option<String>,
    /// Its number (`errno`).
    pub os_code: Option<i32>,
    /// How long it took.
    pub took_s: f64,
    /// How many connection requests (SYN) were lost before, as the time tells.
    pub lost_syns: u32,
    /// Whether this machine's own routing table refused, so that nothing was sent.
    pub own_route: bool,
    /// What this machine knows about the port, if the address is its own.
    pub own_socket: Option<OwnSocket>,
}

/// A port of this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnSocket {
    /// Whether a process listens at exactly this address (or at all addresses).
    pub listens: bool,
    /// Other addresses at which the port is listened on.
    pub elsewhere: Vec<String>,
    /// Connections that wait to be accepted.
    pub waiting: u32,
}

/// A TLS handshake.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TlsStep {
    /// `ok`, `not-tls`, `alert`, `closed`, `timeout`, `incompatible` or `failed`.
    pub outcome: String,
    /// The error.
    pub error: Option<String>,
    /// The name that was asked for.
    pub server_name: String,
    /// Version, such as `TLSv1.3`.
    pub version: Option<String>,
    /// Cipher suite.
    pub cipher: Option<String>,
    /// The server's certificate.
    pub certificate: Option<Certificate>,
    /// How long the handshake took.
    pub took_s: f64,
}

/// The certificate of a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Names and addresses that it is for.
    pub names: Vec<String>,
    /// Valid from, RFC 3339.
    pub not_before: String,
    /// Valid until, RFC 3339.
    pub not_after: String,
    /// Days until then; negative when it is over.
    pub days_left: i64,
    /// Certificates that were sent.
    pub chain: usize,
    /// `expired`, `not-yet-valid`, `wrong-name`, `untrusted` or `unreadable`; absent when all is well.
    pub problem: Option<String>,
    /// The problem in words.
    pub text: Option<String>,
}

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exchange {
    /// Its `X-Request-ID`.
    pub request_id: String,
    /// Address and port.
    pub address: String,
    /// What came of it; `from-backend` for a complete response.
    pub mechanism: Mechanism,
    /// The error.
    pub error: Option<String>,
    /// Status.
    pub status: Option<u16>,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Size of status line and header fields, bytes.
    pub header_bytes: usize,
    /// Bytes of the body that were read.
    pub body_bytes: u64,
    /// Whether the body was longer than what is read.
    pub body_capped: bool,
    /// SHA-256 of what was read.
    pub body_sha256: Option<String>,
    /// How the body, or what came instead of a response, begins.
    pub body_start: String,
    /// Time to connect.
    pub connect_s: Option<f64>,
    /// Time for the TLS handshake.
    pub tls_s: Option<f64>,
    /// From the request to the first byte of the response.
    pub first_byte_s: Option<f64>,
    /// From the request to the end.
    pub total_s: f64,
}

/// The other protocol was tried on the same port.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherProtocol {
    /// `tls` or `plain`.
    pub tried: String,
    /// Whether the server speaks it.
    pub works: bool,
    /// What was seen.
    pub text: String,
}

/// A kept connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeepaliveStep {
    /// Address and port.
    pub address: String,
    /// What the server promises: its `Keep-Alive` header.
    pub promised: Option<String>,
    /// `kept` (to the end), `not-offered`, `closed-while-idle` or `failed-on-reuse`.
    pub outcome: String,
    /// How long it rested before each reuse that worked.
    pub reused_after_s: Vec<f64>,
    /// How long it had rested when it was found closed.
    pub closed_after_s: Option<f64>,
    /// The error.
    pub error: Option<String>,
}

/// What the probe concludes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `healthy`, `fault`, or `undecided` when the probe could not be carried out.
    pub outcome: String,
    /// Which URL it is about: `via`, `direct-1` ..., or `both`.
    pub about: String,
    /// Why, in the words of the analysis; absent when healthy.
    pub cause: Option<CauseId>,
    /// A finer name.
    pub detail: Option<String>,
    /// Probability that the cause is right.
    pub confidence: f64,
    /// The rule that found it.
    pub rule: String,
    /// One sentence.
    pub why: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Other causes that look the same from here.
    pub alternatives: Vec<CauseId>,
    /// What to do next.
    pub next_steps: Vec<String>,
}

/// In which order to restart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restart {
    /// Why at all.
    pub why: String,
    /// The steps, in order.
    pub steps: Vec<String>,
}

/// What the logs say about the requests of this probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogsStep {
    /// Files that were read.
    pub files: u64,
    /// Lines that carry the marker.
    pub marked: Vec<LogLine>,
    /// Requests of the probe that failed, with what they were joined to.
    pub failures: Vec<LoggedFailure>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// Whose: `nginx`, `apache`, `haproxy`, `backend` ...
    pub role: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Text.
    pub text: String,
}

/// A request of the probe that the analysis counts as failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoggedFailure {
    /// The proxy's line.
    pub access: LogLine,
    /// The proxy's error lines.
    pub errors: Vec<LogLine>,
    /// The backend's lines.
    pub backend: Vec<LogLine>,
    /// Lines about the event behind it.
    pub events: Vec<LogLine>,
    /// What the proxy saw.
    pub mechanism: Mechanism,
    /// Why.
    pub cause: CauseId,
    /// Probability that this is right.
    pub confidence: f64,
}
