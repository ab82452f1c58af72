//! What is kept of a line: rows small enough to keep many, with the text only where a person will read it.
//!
//! Everything here still carries the stamp *as written*; [`crate::timeline`] puts it on the common clock.

use std::borrow::Cow;

use logjoin_parse::{Anchor, Stamp, StateEvent};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::packed::{AnyRequest, Block};
use crate::par;
use crate::signals::{Meaning, Scope};
use crate::text::Text;

/// A line: the number of its file in the plan, and its number in the file, from 1. The order of this type is the
/// total order for every tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct At {
    pub file: u32,
    pub line: u64,
    /// Of several records in one line, which; from 0.
    pub part: u32,
}

impl At {
    /// A line that is one record.
    #[inline]
    pub fn new(file: u32, line: u64) -> At {
        At { file, line, part: 0 }
    }
}

/// Hashes of a target without its first part, and without its first two; 0: it has no more.
pub(crate) type Tails = [u64; 2];

/// One request, as one proxy or one backend logged it. Text is kept as hashes (0: not logged).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub at: At,
    pub stamp: Stamp,
    pub anchor: Anchor,
    /// Duration and the unit in which it was written.
    pub duration_ns: Option<i64>,
    pub unit_ns: i64,
    pub method: u64,
    /// Whole target, escapes undone.
    pub target: u64,
    /// Target without its query.
    pub path: u64,
    /// Path with its numbers and ids masked: requests of one kind share it.
    pub route: u64,
    /// Whole target without its first, and without its first two parts.
    pub tails: Tails,
    /// What requests are compared by between logs: the whole target as the outermost proxy logged it, as far as
    /// [`crate::rewrites`] knows it.
    pub key: u64,
    pub status: i32,
    pub bytes: i64,
    pub client: u64,
    /// Network of the client: the first 24 bits of its address, 48 of IPv6.
    pub network: u64,
    pub agent: u64,
    /// Length of the request, bytes; -1: not logged.
    pub sent: i64,
    /// Time to connect to the server (the last try), and time in the proxy's queue, milliseconds; -1: not logged.
    pub connect_ms: i32,
    pub queue_ms: i32,
    /// Requests that the client's connection had carried before this one; -1: not logged.
    pub carried: i32,
    /// Label of the server that was tried last: an address or HAProxy's `backend/server`.
    pub server: u64,
    /// How many servers were tried, as far as the line says.
    pub tries: u32,
    /// First id-shaped value of the line.
    pub id: u64,
    /// Set for what must be looked at more closely.
    pub detail: Option<Box<Detail>>,
    /// Counted and judged: kept only for what comes near it.
    pub settled: bool,
}

/// The full text of a request that failed, or was retried.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub method: Option<Text>,
    pub target: Option<Text>,
    pub client: Option<Text>,
    pub client_port: Option<u16>,
    pub agent: Option<Text>,
    pub request_id: Option<Text>,
    pub ids: Vec<u64>,
    pub connection: Option<u64>,
    pub tries: Vec<Try>,
    /// The line has the upstream's fields at all.
    pub has_upstream: bool,
    /// The line has the upstream's header time at all.
    pub has_header_time: bool,
    /// Apache `%L`: the format has it, and its value.
    pub error_log_id: Option<Option<Text>>,
    pub aborted: bool,
    pub haproxy: Option<Box<Haproxy>>,
}

/// One try as logged.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Try {
    pub address: Option<Text>,
    pub status: Option<i32>,
    pub connect_us: Option<i64>,
    pub header_us: Option<i64>,
    pub response_us: Option<i64>,
}

/// HAProxy's own fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Haproxy {
    pub backend: Option<Text>,
    pub server: Option<Text>,
    pub state: Text,
    pub tc: i64,
    pub tr: i64,
    pub tt: i64,
    pub retries: i64,
    /// The last of them went to another server.
    pub is_redispatched: bool,
}

/// A line of a proxy's error log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErrorEvent {
    pub at: At,
    pub stamp: Stamp,
    pub level: Text,
    pub pid: u32,
    pub tid: u64,
    pub connection: Option<u64>,
    pub code: Option<Text>,
    pub os_code: Option<i32>,
    pub is_eai: bool,
    pub message: Text,
    pub action: Option<Text>,
    pub client: u64,
    pub client_port: Option<u16>,
    pub method: u64,
    pub target: u64,
    pub upstream: Option<Text>,
    pub request_id: Option<Text>,
    /// What the message means for the proxy's own life.
    pub signal: Option<Box<SignalHit>>,
    /// As [`Request::settled`].
    pub settled: bool,
}

/// A change of HAProxy's view of its servers or of its own life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StateChange {
    pub at: At,
    pub stamp: Stamp,
    pub event: StateEvent,
    pub backend: Option<String>,
    pub server: Option<String>,
    pub reason: Option<String>,
    pub info: Option<String>,
    pub text: String,
    /// As [`Request::settled`].
    pub settled: bool,
}

/// How bad a message says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warning,
    Error,
}

/// A recognised message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SignalHit {
    pub id: Cow<'static, str>,
    pub meaning: Meaning,
    /// Whether the message speaks of the whole process, one worker, one request ...
    pub scope: Scope,
    pub port: Option<u16>,
    pub address: Option<String>,
    /// How long something took, where the message says so.
    pub duration_ms: Option<u64>,
}

/// A message of a backend, a supervisor or the system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogEvent {
    pub at: At,
    pub stamp: Stamp,
    pub severity: Severity,
    /// The request that the message names: method (0: none) and target.
    pub method: u64,
    pub target: u64,
    /// As of a [`Request`].
    pub tails: Tails,
    pub key: u64,
    pub id: u64,
    /// First address in the text.
    pub client: u64,
    pub signal: Option<SignalHit>,
    /// Hash of the text without its numbers and without the request it names: lines of one kind share it.
    pub template: u64,
    /// Escaped only when shown; cut at [`TEXT_MAX`].
    pub text: String,
    /// As [`Request::settled`].
    pub settled: bool,
}

/// How much text of a message is kept, bytes.
pub(crate) const TEXT_MAX: usize = 400;

/// What one file holds.
///
/// It is stored with all requests as whole rows, in order: where the blocks were cut must not show.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Events {
    pub requests: Vec<Request>,
    pub errors: Vec<ErrorEvent>,
    pub states: Vec<StateChange>,
    pub logs: Vec<LogEvent>,
    /// The labels of servers behind their hashes.
    pub labels: std::collections::BTreeMap<u64, String>,
    /// The requests of which nothing is known but what a packed row holds.
    #[serde(skip)]
    pub packed: Vec<Block>,
}

/// Rows of each list: requests, errors, states, logs, packed requests.
pub(crate) type Counts = [usize; 5];

impl Events {
    /// Adds what follows.
    pub fn append(&mut self, mut next: Events) {
        self.requests.append(&mut next.requests);
        self.errors.append(&mut next.errors);
        self.states.append(&mut next.states);
        self.logs.append(&mut next.logs);
        self.labels.append(&mut next.labels);
        next.packed.iter_mut().for_each(Block::seal);
        self.packed.append(&mut next.packed);
    }

    /// How many rows there are.
    pub fn counts(&self) -> Counts {
        let packed = self.packed.iter().map(|b| b.rows().len()).sum();
        [self.requests.len(), self.errors.len(), self.states.len(), self.logs.len(), packed]
    }

    /// How many requests there are, packed or not.
    pub fn request_count(&self) -> usize {
        self.requests.len() + self.packed.iter().map(|b| b.rows().len()).sum::<usize>()
    }

    /// All requests, the packed ones behind the others.
    pub fn all_requests(&self) -> impl Iterator<Item = AnyRequest<'_>> {
        let packed = self.packed.iter().flat_map(|b| b.rows().iter().map(move |p| AnyRequest::Packed(b, p)));
        self.requests.iter().map(AnyRequest::Whole).chain(packed)
    }

    /// Whether all rows are of this file.
    pub fn are_of(&self, file: u32) -> bool {
        self.all_requests().all(|r| r.at().file == file)
            && self.errors.iter().all(|r| r.at.file == file)
            && self.states.iter().all(|r| r.at.file == file)
            && self.logs.iter().all(|r| r.at.file == file)
    }

    /// Makes whole rows of all requests.
    pub fn unpack(&mut self) {
        if self.packed.is_empty() {
            return;
        }
        self.requests.reserve_exact(self.packed.iter().map(|b| b.rows().len()).sum());
        for block in std::mem::take(&mut self.packed) {
            self.requests.extend(block.rows().iter().map(|p| block.unpack(p)));
        }
        par::arrange(&mut self.requests, |r| r.at);
    }

    /// Takes the first rows of each list, and the labels.
    pub fn take_first(&mut self, counts: Counts) -> Events {
        fn first<T>(list: &mut Vec<T>, n: usize) -> Vec<T> {
            let rest = list.split_off(n.min(list.len()));
            std::mem::replace(list, rest)
        }
        let mut left = counts[4];
        let whole = self.packed.iter().take_while(|b| {
            let fits = b.rows().len() <= left;
            left -= if fits { b.rows().len() } else { 0 };
            fits
        });
        let whole = whole.count();
        let mut packed = first(&mut self.packed, whole);
        if let Some(cut) = self.packed.first_mut().filter(|_| left > 0) {
            packed.push(cut.take_first(left));
        }
        Events {
            requests: first(&mut self.requests, counts[0]),
            errors: first(&mut self.errors, counts[1]),
            states: first(&mut self.states, counts[2]),
            logs: first(&mut self.logs, counts[3]),
            labels: std::mem::take(&mut self.labels),
            packed,
        }
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = self.clone();
        all.unpack();
        let mut s = serializer.serialize_struct("Events", 5)?;
        s.serialize_field("requests", &all.requests)?;
        s.serialize_field("errors", &self.errors)?;
        s.serialize_field("states", &self.states)?;
        s.serialize_field("logs", &self.logs)?;
        s.serialize_field("labels", &self.labels)?;
        s.end()
    }
}

#[cfg(test)]
pub(crate) mod test_support {
    //! Rows made from real lines, for the tests of other modules.

    use logjoin_parse::Product;

    use super::*;
    use crate::convert::{self, Writer};
    use crate::row::Hashes;
    use crate::signals::Matcher;

    fn error(line: &str, product: Product) -> ErrorEvent {
        let record = logjoin_parse::parse_any(line.as_bytes()).expect(line);
        let mut out = Events::default();
        let writer = Writer { product, is_proxy: true };
        let at = At::new(0, 1);
        convert::add(
            &record,
            line.as_bytes(),
            at,
            writer,
            &Matcher::new(),
            None,
            &mut Hashes::default(),
            &mut out,
        );
        out.errors.pop().expect("an error line")
    }

    /// A line of nginx's error log.
    pub(crate) fn nginx_error(line: &str) -> ErrorEvent {
        error(line, Product::Nginx)
    }

    /// A line of Apache's error log.
    pub(crate) fn apache_error(line: &str) -> ErrorEvent {
        error(line, Product::Apache)
    }
}
