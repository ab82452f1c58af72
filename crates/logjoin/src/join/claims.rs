//! Who may claim a backend's line: the tries of failed requests, and the requests that were served.

use std::collections::BTreeMap;

use super::{Join, reaches};
use crate::failing::Failing;
use crate::hash::short;
use crate::index::{Entry, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::{Timed, World};
use crate::vocabulary::{JoinedBy, Mechanism};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// A backend may finish this long after the proxy has given up ...
const LATE: i64 = 120 * SECOND;
/// ... and write its line this long after it was done.
const TARDY: i64 = 2 * SECOND;

/// What a proxy's line says that a backend's may say too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The proxy.
    pub instance: usize,
    pub agent: u32,
    pub client: u32,
    pub bytes: i64,
    /// As it was logged, and the unit in which it was.
    pub duration: Option<i64>,
    pub unit: i64,
}

impl Asked {
    pub fn of(t: &Timed) -> Asked {
        Asked {
            instance: t.instance,
            agent: short(t.r.agent),
            client: short(t.r.client),
            bytes: t.r.bytes,
            duration: t.r.duration_ns,
            unit: t.r.unit_ns,
        }
    }
}

/// One try of a request that may have left a line in a backend's log.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub request: usize,
    pub asked: Asked,
    /// Number in the list of failed requests; none for one that was served.
    pub failing: Option<usize>,
    /// How the try ended; none when it was served.
    pub mechanism: Option<Mechanism>,
    /// The status that the backend logs if it answered.
    pub status: i32,
    pub start: (i64, i64),
    pub end: (i64, i64),
    pub has_start: bool,
    /// Where it went, if that is known.
    pub instance: Option<usize>,
    /// The request was tried once: what its line says of its duration is about this try.
    pub is_only: bool,
}

impl Claim {
    /// The backend may still have worked on it when the proxy had gone.
    pub fn may_end_late(&self) -> bool {
        matches!(
            self.mechanism,
            Some(
                Mechanism::ReadTimeout | Mechanism::ClientGone | Mechanism::SendTimeout | Mechanism::Unknown
            )
        )
    }

    /// The client got the backend's answer.
    pub fn is_passed_on(&self) -> bool {
        matches!(self.mechanism, None | Some(Mechanism::FromBackend))
    }

    /// The try ended when the backend's answer came, whether the proxy passed it on or threw it away.
    pub fn is_answered(&self) -> bool {
        use Mechanism::{FromBackend, HeaderTooLarge, InvalidOrDenied, InvalidResponse};
        matches!(
            self.mechanism,
            None | Some(FromBackend | HeaderTooLarge | InvalidResponse | InvalidOrDenied)
        )
    }

    /// Between which moments its line can have been written, clocks apart.
    pub fn reach(&self) -> (i64, i64) {
        let late = if self.may_end_late() { LATE } else { TARDY };
        (self.start.0 - SECOND / 2, self.end.1 + late)
    }
}

/// The tries of the failed requests that can have reached a backend, by what they ask for.
pub(super) fn failed(
    plan: &Plan,
    world: &World,
    peers: &Peers,
    failing: &[Failing],
    joins: &[Join],
) -> BTreeMap<(u64, u64), Vec<Claim>> {
    let mut out: BTreeMap<(u64, u64), Vec<Claim>> = BTreeMap::new();
    for (i, f) in failing.iter().enumerate() {
        let r = &world.requests[f.request].r;
        if r.key == 0 || joins[i].lines.iter().any(|l| l.how == JoinedBy::Id) {
            continue;
        }
        out.entry((r.method, r.key)).or_default().extend(tries(plan, world, peers, f, i));
    }
    out.retain(|_, claims| !claims.is_empty());
    out
}

fn tries(plan: &Plan, world: &World, peers: &Peers, f: &Failing, number: usize) -> Vec<Claim> {
    let t = &world.requests[f.request];
    let whole = Claim {
        request: f.request,
        asked: Asked::of(t),
        failing: Some(number),
        mechanism: Some(f.mechanism),
        status: t.r.status,
        start: f.start,
        end: f.end,
        has_start: f.has_start,
        instance: None,
        is_only: true,
    };
    let whole = if f.has_start {
        whole
    } else {
        Claim { start: (f.start.0.min(f.end.0 - guess(f.mechanism)), f.start.1.min(f.end.1)), ..whole }
    };
    let instance = |label: Option<&str>| {
        let label = label?;
        peers.instance(label).or_else(|| peers.only_left(plan, t.instance, label))
    };
    if f.tries.is_empty() {
        return if reaches(f.mechanism) { vec![whole] } else { Vec::new() };
    }
    if let [one] = &f.tries[..] {
        let mechanism = if reaches(f.mechanism) { f.mechanism } else { one.mechanism };
        let claim = Claim { instance: instance(one.label.as_deref()), mechanism: Some(mechanism), ..whole };
        return if reaches(mechanism) { vec![claim] } else { Vec::new() };
    }
    // Each try begins when the one before it has ended.
    let spent = |k: usize| f.tries[k].logged.response_us.map(|us| us.saturating_mul(1_000));
    let all_known = f.has_start && (0..f.tries.len()).all(|k| spent(k).is_some());
    let mut before = 0;
    let mut out = Vec::new();
    for (k, one) in f.tries.iter().enumerate() {
        let mut claim = Claim {
            instance: instance(one.label.as_deref()),
            mechanism: Some(one.mechanism),
            status: one.logged.status.unwrap_or(t.r.status),
            is_only: false,
            ..whole.clone()
        };
        if let (true, Some(own)) = (all_known, spent(k)) {
            let slack = MS * (k as i64 + 1);
            claim.start = (whole.start.0 + before - slack, whole.start.1 + before + slack);
            if k + 1 < f.tries.len() {
                claim.end = (claim.start.0 + own - slack, claim.start.1 + own + slack);
            }
            before += own;
        }
        if reaches(one.mechanism) {
            out.push(claim);
        }
    }
    out
}

/// How long a request may have lasted whose duration is not logged.
fn guess(m: Mechanism) -> i64 {
    match m {
        Mechanism::ReadTimeout | Mechanism::SendTimeout | Mechanism::Stalled => 60 * SECOND,
        _ => 2 * SECOND,
    }
}

/// A request that is not listed among the failed, if only as hidden, as a claim.
#[inline]
pub(super) fn served(peers: &Peers, e: &Entry) -> Claim {
    let (Row::Request(request) | Row::Log(request)) = e.row;
    let asked = Asked {
        instance: e.instance as usize,
        agent: e.agent,
        client: e.client,
        bytes: e.bytes,
        duration: e.duration,
        unit: e.unit,
    };
    Claim {
        request: request as usize,
        asked,
        failing: None,
        mechanism: None,
        status: e.status,
        start: e.start,
        end: e.end,
        has_start: e.has_duration || e.is_start,
        instance: if e.server == 0 { None } else { peers.by_hash(e.server) },
        is_only: e.tries <= 1,
    }
}
