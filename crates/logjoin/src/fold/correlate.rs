//! Shares of time, each judged by itself, and what came out put together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::judging::Judging;
use super::reading::Cut;
use super::shares::{Frame, Share};
use super::window::Staying;
use crate::analysis::Analysis;
use crate::event::{At, ErrorEvent, Events, LogEvent, StateChange};
use crate::finish::{FileFacts, Sums};
use crate::index::Row as JoinedRow;
use crate::link::Learned;
use crate::partial::{PartialError, VERSION};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::rules::Cite;
use crate::settling::Settling;
use crate::thin::Told;
use crate::timeline::{Horizon, Moment, Timed, World};

/// What some shares of time came to: their failed requests with their verdicts, the lines that these name, and sums of everything
/// else.
///
/// With [`Partial`](crate::Partial), these are the steps of an analysis that is spread over processes or machines. Each step
/// is a function of what it is given; what goes from one to the next is stored in whatever form `serde` writes, and merged in any
/// order:
///
/// ```text
/// plan ─► scan (Partial::of_lines) ─ merge ─► shares ─► correlate, one share each ─ merge ─► finish
/// ```
///
/// ```
/// use logjoin::{Head, Options, Partial, correlate, plan};
///
/// let line = |s| format!("192.0.2.7 - - [21/Nov/2026:02:47:{s} +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n");
/// let log: String = (10..60).map(line).collect();
/// let head = Head { path: "web/access.log".into(), bytes: line(10).into(), ..Head::default() };
/// let mut options = Options::default();
/// options.slice_rows = 20;
/// let plan = plan(vec![head], Vec::new(), options);
/// let (frame, shares) = Partial::of_lines(&plan, 0, 1, log.as_bytes()).shares(&plan)?;
/// assert_eq!((shares.len(), shares[1].number()), (5, 1));
/// let frame = serde_json::to_string(&frame).unwrap(); // to every worker
/// let judge = |share| {
///     let frame = serde_json::from_str(&frame).unwrap();
///     serde_json::to_string(&correlate(&plan, &frame, share).unwrap()).unwrap()
/// };
/// let mut all = logjoin::Verdicts::new(&serde_json::from_str(&frame).unwrap());
/// for stored in shares.into_iter().rev().map(judge) {
///     all.merge(serde_json::from_str(&stored).unwrap())?;
/// }
/// let analysis = all.finish(&plan, &serde_json::from_str(&frame).unwrap())?;
/// assert_eq!(analysis.totals.by_status["504"], 50);
/// # Ok::<(), logjoin::PartialError>(())
/// ```
#[derive(Serialize, Deserialize)]
pub struct Verdicts {
    version: u32,
    /// Of the plan and of where the shares begin.
    fingerprint: u64,
    shares: BTreeMap<u32, Verdict>,
}

/// What one share came to.
#[derive(Serialize, Deserialize)]
struct Verdict {
    requests: Vec<Timed>,
    errors: Vec<Moment<ErrorEvent>>,
    states: Vec<Moment<StateChange>>,
    logs: Vec<Moment<LogEvent>>,
    /// They name rows of these lists.
    told: Vec<Told>,
    sums: Sums,
    peers: Peers,
}

impl std::fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let failures: usize = self.shares.values().map(|v| v.told.len()).sum();
        let mut out = f.debug_struct("Verdicts");
        out.field("shares", &self.shares.keys()).field("failures", &failures).finish_non_exhaustive()
    }
}

/// Judges a share: joins its failed requests to what the backends logged, and says why each failed.
///
/// # Errors
///
/// When frame and share were made with another plan, by another version, or do not belong together.
pub fn correlate(plan: &Plan, frame: &Frame, share: Share) -> Result<Verdicts, PartialError> {
    frame.check(plan)?;
    share.check(plan, frame)?;
    let (number, fingerprint) = (share.number, share.fingerprint);
    let known = frame.known(plan);
    let mut tails = Vec::new();
    if plan.options.since_ns.is_some() || plan.options.until_ns.is_some() {
        tails.extend(frame.scans.iter().map(|s| (s.file, s.tails.clone(), s.inner.clone())));
    }
    let cut = Cut {
        second: i64::MAX,
        events: with_afar(share.files, frame.rows()),
        tails,
        calendar: known.calendar.clone(),
        first_clocks: None,
    };
    // The rows of a single share tell more of the clocks than the sample that is known of all.
    let clocks = (frame.shares() > 1).then(|| known.clocks.clone());
    let (archive, sums, peers) = Judging::share(plan, cut, Learned { clocks, peers: known.peers.clone() });
    let (world, told) = archive.into_parts();
    let World { requests, errors, states, logs, .. } = world;
    let verdict = Verdict { requests, errors, states, logs, told, sums, peers };
    Ok(Verdicts { version: VERSION, fingerprint, shares: BTreeMap::from([(number, verdict)]) })
}

/// Adds the rows that matter from afar, but for those that are there anyway.
fn with_afar(mut files: BTreeMap<u32, Events>, afar: BTreeMap<u32, Events>) -> Vec<(u32, Events)> {
    fn add<T>(rows: &mut Vec<T>, more: Vec<T>, at: impl Fn(&T) -> At + Copy) {
        // Of two that are the same, the first stays.
        rows.extend(more);
        rows.sort_by_key(at);
        rows.dedup_by_key(|row| at(row));
    }
    for (file, mut more) in afar {
        let own = files.entry(file).or_default();
        let packed: BTreeSet<At> =
            own.packed.iter().flat_map(|b| b.rows().iter().map(move |p| b.at(p))).collect();
        more.requests.retain(|r| !packed.contains(&r.at));
        add(&mut own.requests, more.requests, |r| r.at);
        add(&mut own.errors, more.errors, |e| e.at);
        add(&mut own.states, more.states, |e| e.at);
        add(&mut own.logs, more.logs, |e| e.at);
        own.labels.append(&mut more.labels);
    }
    files.into_iter().collect()
}

impl Verdicts {
    /// None yet, of the shares that were made with a frame.
    pub fn new(frame: &Frame) -> Verdicts {
        Verdicts { version: VERSION, fingerprint: frame.fingerprint, shares: BTreeMap::new() }
    }

    /// Takes over what the other one has.
    ///
    /// # Errors
    ///
    /// When they do not go together; then this one is as it was.
    pub fn merge(&mut self, other: Verdicts) -> Result<(), PartialError> {
        if self.version != other.version {
            return Err(PartialError::Version);
        }
        if self.fingerprint != other.fingerprint {
            return Err(PartialError::Plan);
        }
        if let Some(twice) = other.shares.keys().find(|n| self.shares.contains_key(n)) {
            return Err(PartialError::TwiceShare(*twice as usize));
        }
        self.shares.extend(other.shares);
        Ok(())
    }

    /// Tells the story of all shares.
    ///
    /// # Errors
    ///
    /// When it was made with another plan or frame, by another version, or when a share is missing.
    pub fn finish(self, plan: &Plan, frame: &Frame) -> Result<Analysis, PartialError> {
        frame.check(plan)?;
        if self.version != VERSION {
            return Err(PartialError::Version);
        }
        if self.fingerprint != frame.fingerprint || !self.shares.values().all(|v| v.is_sound(plan)) {
            return Err(PartialError::Plan);
        }
        let is_missing = |n: &usize| !self.shares.contains_key(&(*n as u32));
        if let Some(missing) = (0..frame.shares()).find(is_missing) {
            return Err(PartialError::MissingShare(missing));
        }
        let known = frame.known(plan);
        let (mut archive, mut sums) = (Archive::new(plan), Sums::new(plan));
        let mut peers = known.peers.clone();
        for verdict in self.shares.into_values() {
            let Verdict { requests, errors, states, logs, told, sums: counted, peers: mut learned } = verdict;
            let world = World::of(requests, errors, states, logs);
            let none = Staying::of(&world, false);
            archive.absorb(&world, Settling::of(told), Horizon::END, &none, false);
            sums.merge(counted);
            learned.absorb(peers);
            peers = learned;
        }
        let afar = &known.world;
        archive.absorb(afar, Settling::default(), Horizon::END, &Staying::of(afar, true), true);
        let (linked, judged) = archive.take_out(known.clocks.clone(), peers, afar.labels.clone());
        let facts = FileFacts::of(&frame.scans);
        Ok(super::story(plan, &known.calendar, facts, &sums, &linked, &judged))
    }
}

impl Verdict {
    /// Whether all that it names is there: what was stored may have been changed.
    fn is_sound(&self, plan: &Plan) -> bool {
        let instances = plan.instances.len();
        let is_own = |instance: usize, at: At| instance < instances && (at.file as usize) < plan.files.len();
        let is_request = |i: usize| i < self.requests.len();
        let is_cited = |cite: &Cite| match *cite {
            Cite::Log(i) => i < self.logs.len(),
            Cite::Error(i) => i < self.errors.len(),
            Cite::State(i) => i < self.states.len(),
            Cite::Request(i) => is_request(i),
        };
        let is_joined = |row: &JoinedRow| match *row {
            JoinedRow::Request(i) => is_request(i as usize),
            JoinedRow::Log(i) => (i as usize) < self.logs.len(),
        };
        let is_told = |t: &Told| {
            is_request(t.failing.request)
                && t.failing.errors.iter().all(|e| *e < self.errors.len())
                && t.join.lines.iter().all(|l| is_joined(&l.row))
                && t.join.instances.iter().all(|i| *i < instances)
                && t.judged.evidence.iter().flat_map(|c| &c.cites).all(is_cited)
                && t.chain.iter().all(|(other, ..)| is_request(*other))
        };
        self.requests.iter().all(|t| is_own(t.instance, t.r.at))
            && self.errors.iter().all(|m| is_own(m.instance, m.e.at))
            && self.states.iter().all(|m| is_own(m.instance, m.e.at))
            && self.logs.iter().all(|m| is_own(m.instance, m.e.at))
            && self.told.iter().all(is_told)
            && self.sums.fit(plan)
            && self.peers.fit(plan)
    }
}
