//! Failed request ↔ the backend's lines about it.
//!
//! By id where both sides logged the same value. Else by method, target, instance and time: all requests that name the same
//! thing compete for the lines that do, the served ones too, and each line goes to one of them. A line that several
//! failed requests could claim equally well is *ambiguous*, and not given to any. What names no request at all (a message on the way
//! to a crash) is joined by time, where only one failed request was there.

mod by_time;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::index::{Entry, Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::World;
use crate::vocabulary::Mechanism;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
/// A backend may finish this long after the proxy has given up.
const LATE: i64 = 120 * SECOND;
/// A claim below this probability is ambiguous.
const CLEAR: f64 = 0.5;
/// So many requests for one target at one instance compete for its lines; the failed ones beyond are ambiguous.
const MAX_GROUP: usize = 4_000;

/// A backend's line that belongs to a failed request.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub row: Row,
    pub how: &'static str,
    pub confidence: f64,
}

/// What the join of one failed request came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Join {
    pub lines: Vec<Joined>,
    pub ambiguous: bool,
    pub instances: Vec<usize>,
}

/// Whether an attempt with this end can have reached the backend's application.
pub(crate) fn reaches(m: Mechanism) -> bool {
    matches!(
        m,
        Mechanism::FromBackend
            | Mechanism::ClosedBeforeHeaders
            | Mechanism::ReadTimeout
            | Mechanism::SendTimeout
            | Mechanism::HeaderTooLarge
            | Mechanism::InvalidResponse
            | Mechanism::InvalidOrDenied
            | Mechanism::Truncated
            | Mechanism::Stalled
            | Mechanism::ClientGone
            | Mechanism::Killed
            | Mechanism::Unknown
    )
}

/// The instances that each failed request was sent to.
pub(crate) fn instances(plan: &Plan, world: &World, peers: &Peers, failing: &[Failing]) -> Vec<Vec<usize>> {
    failing
        .iter()
        .map(|f| {
            let proxy = world.requests[f.request].instance;
            let mut out: Vec<usize> = Vec::new();
            for t in &f.tries {
                let Some(label) = t.label.as_deref() else { continue };
                if let Some(i) = peers.instance(label).or_else(|| peers.only_left(plan, proxy, label)) {
                    out.push(i);
                }
            }
            out.dedup();
            out
        })
        .collect()
}

/// Joins every failed request.
pub(crate) fn join(
    plan: &Plan,
    world: &World,
    index: &Index,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
) -> Vec<Join> {
    let tried = instances(plan, world, peers, failing);
    let mut joins: Vec<Join> =
        tried.iter().map(|i| Join { instances: i.clone(), ..Join::default() }).collect();
    by_id(plan, world, index, failing, &mut joins);
    by_request(plan, world, index, peers, clocks, failing, &mut joins);
    for (j, f) in joins.iter_mut().zip(failing) {
        if j.instances.is_empty() && reaches(f.mechanism) {
            // The address was not logged: the lines say where the request went.
            let at: BTreeSet<usize> = j.lines.iter().map(|l| instance_of(world, l.row)).collect();
            j.instances = at.into_iter().collect();
        }
    }
    by_time::join(plan, world, index, peers, clocks, failing, &mut joins);
    joins.iter_mut().for_each(|j| j.lines.sort_by_key(|l| l.row));
    joins
}

pub(crate) fn instance_of(world: &World, row: Row) -> usize {
    match row {
        Row::Request(i) => world.requests[i as usize].instance,
        Row::Log(i) => world.logs[i as usize].instance,
    }
}

fn by_id(plan: &Plan, world: &World, index: &Index, failing: &[Failing], joins: &mut [Join]) {
    for (f, j) in failing.iter().zip(joins) {
        let Some(detail) = world.requests[f.request].r.detail.as_deref() else { continue };
        for id in &detail.ids {
            for e in index.id(*id) {
                let instance = e.instance as usize;
                if plan.instances[instance].is_proxy || j.lines.iter().any(|l| l.row == e.row) {
                    continue;
                }
                j.lines.push(Joined { row: e.row, how: "id", confidence: 0.999 });
            }
        }
    }
}

/// The requests that compete for the lines of one stream.
struct Claimant {
    request: usize,
    /// Number in the list of failed requests.
    failing: Option<usize>,
    start: (i64, i64),
    end: (i64, i64),
}

fn by_request(
    plan: &Plan,
    world: &World,
    index: &Index,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
    joins: &mut [Join],
) {
    // Which requests name what: only those that a failed request names too.
    let mut wanted: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (i, f) in failing.iter().enumerate() {
        let r = &world.requests[f.request].r;
        let any_reached = reaches(f.mechanism) || f.tries.iter().any(|t| reaches(t.mechanism));
        if any_reached && r.target != 0 && !joins[i].lines.iter().any(|l| l.how == "id") {
            wanted.entry((r.method, r.target)).or_default().push(i);
        }
    }
    let failing_of: HashMap<usize, usize> = failing.iter().enumerate().map(|(i, f)| (f.request, i)).collect();
    let mut rows: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (i, t) in world.requests.iter().enumerate() {
        let key = (t.r.method, t.r.target);
        if plan.instances[t.instance].is_proxy && wanted.contains_key(&key) {
            rows.entry(key).or_default().push(i);
        }
    }
    let by_id: BTreeSet<Row> = joins.iter().flat_map(|j| j.lines.iter().map(|l| l.row)).collect();
    for (method, target) in wanted.keys() {
        let Some(requests) = rows.get(&(*method, *target)) else { continue };
        let mut streams: BTreeMap<(u64, u32), Vec<Entry>> = BTreeMap::new();
        for e in index.request(*method, *target).iter().chain(index.target(*target)) {
            if !plan.instances[e.instance as usize].is_proxy && !by_id.contains(&e.row) {
                streams.entry((e.stream, e.instance)).or_default().push(*e);
            }
        }
        for ((_, instance), lines) in streams {
            let instance = instance as usize;
            let mut claimants: Vec<Claimant> = requests
                .iter()
                .filter_map(|&r| claimant(world, peers, failing, &failing_of, joins, r, instance))
                .collect();
            for c in claimants.drain(claimants.len().min(MAX_GROUP)..) {
                if let Some(f) = c.failing {
                    joins[f].ambiguous = true;
                }
            }
            assign(world, &claimants, &lines, clocks.band(instance), failing, joins);
        }
    }
}

fn claimant(
    world: &World,
    peers: &Peers,
    failing: &[Failing],
    failing_of: &HashMap<usize, usize>,
    joins: &[Join],
    request: usize,
    instance: usize,
) -> Option<Claimant> {
    let t = &world.requests[request];
    let number = failing_of.get(&request).copied();
    let could_go = match number {
        Some(i) => {
            if joins[i].lines.iter().any(|l| l.how == "id") {
                return None;
            }
            let f = &failing[i];
            let reached =
                f.tries.is_empty() && reaches(f.mechanism) || f.tries.iter().any(|t| reaches(t.mechanism));
            reached && (joins[i].instances.is_empty() || joins[i].instances.contains(&instance))
        }
        None if t.r.server != 0 => peers.by_hash(t.r.server).is_none_or(|i| i == instance),
        None => true,
    };
    if !could_go {
        return None;
    }
    let (mut start, mut end) = ((t.start_lo, t.start_hi), (t.end_lo, t.end_hi));
    if let Some(i) = number {
        let f = &failing[i];
        (start, end) = (f.start, f.end);
        if !f.has_start {
            start = (start.0.min(end.0 - guess(f.mechanism)), start.1.min(end.1));
        }
    }
    Some(Claimant { request, failing: number, start, end })
}

/// How long a request may have lasted whose duration is not logged.
fn guess(m: Mechanism) -> i64 {
    match m {
        Mechanism::ReadTimeout | Mechanism::SendTimeout | Mechanism::Stalled => 60 * SECOND,
        _ => 2 * SECOND,
    }
}

/// How badly a line fits a request: `None` not at all, else the distance in milliseconds.
fn cost(world: &World, c: &Claimant, e: &Entry, band: i64, failing: &[Failing]) -> Option<i64> {
    let r = &world.requests[c.request].r;
    if e.agent != 0 && r.agent != 0 && e.agent != r.agent {
        return None;
    }
    let is_request = e.status != 0;
    let tolerance = band + 30 * MS;
    // The line's moment, or where a duration is known its start, must not lie before the request.
    if e.hi < c.start.0 - tolerance {
        return None;
    }
    let mechanism = c.failing.map(|f| failing[f].mechanism);
    // A request that waits in the accept queue is read after the proxy has given up.
    let may_start_late = matches!(mechanism, Some(Mechanism::ReadTimeout | Mechanism::ClientGone));
    if e.has_duration && e.start > c.end.1 + tolerance && !may_start_late {
        return None;
    }
    let latest = match mechanism {
        None => {
            if is_request && e.status != r.status {
                return None;
            }
            c.end.1 + tolerance
        }
        Some(Mechanism::FromBackend) => {
            if is_request && e.status != r.status {
                return None;
            }
            c.end.1 + tolerance + 100 * MS
        }
        Some(
            Mechanism::ReadTimeout | Mechanism::ClientGone | Mechanism::SendTimeout | Mechanism::Unknown,
        ) => c.end.1 + LATE,
        Some(_) => c.end.1 + tolerance + SECOND,
    };
    if e.lo > latest {
        return None;
    }
    let distance = if e.has_duration {
        // Starts are the same moment on both sides.
        gap(e.start, e.start + (e.hi - e.lo), c.start.0, c.start.1)
    } else if matches!(
        mechanism,
        Some(Mechanism::ReadTimeout | Mechanism::ClientGone | Mechanism::SendTimeout)
    ) {
        // It ended after the proxy had gone; how long after is not known.
        gap(e.lo, e.hi, c.end.0, c.end.1) / 4
    } else {
        gap(e.lo, e.hi, c.end.0, c.end.1)
    };
    let bytes = if e.bytes >= 0 && r.bytes >= 0 && mechanism.is_none() {
        (e.bytes - r.bytes).abs().min(2_000)
    } else {
        0
    };
    Some(distance / MS + bytes / 40)
}

fn gap(a_lo: i64, a_hi: i64, b_lo: i64, b_hi: i64) -> i64 {
    (b_lo - a_hi).max(a_lo - b_hi).max(0)
}

/// Gives each line to one claimant, the best fits first.
fn assign(
    world: &World,
    claimants: &[Claimant],
    lines: &[Entry],
    band: i64,
    failing: &[Failing],
    joins: &mut [Join],
) {
    let mut pairs: Vec<(i64, u32, u32)> = Vec::new();
    // Where the backend knows the real clients, they must agree; where it sees only its proxies, they say nothing.
    let client = |c: &Claimant| world.requests[c.request].r.client;
    let knows_clients =
        lines.iter().any(|e| e.client != 0 && claimants.iter().any(|c| client(c) == e.client));
    for (i, c) in claimants.iter().enumerate() {
        for (k, e) in lines.iter().enumerate() {
            if knows_clients && e.client != 0 && e.client != client(c) {
                continue;
            }
            if let Some(cost) = cost(world, c, e, band, failing) {
                pairs.push((cost, i as u32, k as u32));
            }
        }
    }
    pairs.sort_unstable();
    let mut of_claimant: Vec<Option<(usize, i64)>> = vec![None; claimants.len()];
    let mut of_line: Vec<Option<usize>> = vec![None; lines.len()];
    for (cost, i, k) in &pairs {
        let (i, k) = (*i as usize, *k as usize);
        if of_claimant[i].is_none() && of_line[k].is_none() {
            of_claimant[i] = Some((k, *cost));
            of_line[k] = Some(i);
        }
    }
    for (i, c) in claimants.iter().enumerate() {
        let (Some(f), Some((k, own))) = (c.failing, of_claimant[i]) else { continue };
        // Who else could have this line at hardly more cost, and would take ours, or has none?
        let rivals = pairs
            .iter()
            .filter(|(cost, j, line)| {
                let j = *j as usize;
                *line as usize == k && j != i && *cost <= own + 20 && {
                    let free = of_claimant[j].is_none();
                    let swap = of_claimant[j].is_some_and(|(other, theirs)| {
                        pairs.iter().any(|(c2, i2, l2)| {
                            *i2 as usize == i && *l2 as usize == other && *c2 <= theirs + 20
                        })
                    });
                    free || swap
                }
            })
            .count();
        let confidence = 0.98 / (1.0 + rivals as f64);
        if confidence < CLEAR {
            joins[f].ambiguous = true;
        } else if !joins[f].lines.iter().any(|l| l.row == lines[k].row) {
            joins[f].lines.push(Joined { row: lines[k].row, how: "request", confidence });
        }
    }
}

/// Links between the proxies of a chain: for each failed request, the lines of other proxies about the same request.
pub(crate) fn chains(
    plan: &Plan,
    world: &World,
    index: &Index,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
) -> Vec<Vec<(usize, bool, f64)>> {
    let mut out: Vec<Vec<(usize, bool, f64)>> = vec![Vec::new(); failing.len()];
    let failing_of: HashMap<usize, usize> = failing.iter().enumerate().map(|(i, f)| (f.request, i)).collect();
    for (i, f) in failing.iter().enumerate() {
        let t = &world.requests[f.request];
        let ids = t.r.detail.as_deref().map_or(&[][..], |d| &d.ids[..]);
        let mut best: Option<(i64, usize, f64)> = None;
        for e in index.request(t.r.method, t.r.target) {
            let Row::Request(other) = e.row else { continue };
            let (other, q) = (other as usize, e.instance as usize);
            if q == t.instance
                || !plan.instances[q].is_proxy
                || !clocks.is_known(q)
                || !peers.chains.contains(&(t.instance, q))
            {
                continue;
            }
            let o = &world.requests[other];
            let same_id = o.r.id != 0 && ids.contains(&o.r.id);
            let tolerance = clocks.band(q) + 50 * MS;
            let nested = o.start_hi >= t.start_lo - tolerance && o.start_lo <= t.end_hi + tolerance;
            if peers.inner_faces.get(q) == Some(&crate::peers::Face::Many) && o.r.client != t.r.client {
                continue;
            }
            let same_agent = o.r.agent == 0 || t.r.agent == 0 || o.r.agent == t.r.agent;
            if same_id || nested && same_agent {
                let d = if same_id { -1 } else { (o.end_lo - t.end_lo).abs() };
                if best.is_none_or(|b| d < b.0) {
                    best = Some((d, other, if same_id { 0.999 } else { 0.9 }));
                }
            }
        }
        if let Some((_, other, confidence)) = best {
            out[i].push((other, true, confidence));
            if let Some(inner) = failing_of.get(&other) {
                out[*inner].push((f.request, false, confidence));
            }
        }
    }
    out
}

/// What the inner proxy's request was joined to belongs to the outer one's too.
pub(crate) fn pass_outward(chains: &[Vec<(usize, bool, f64)>], failing: &[Failing], joins: &mut [Join]) {
    let number: HashMap<usize, usize> = failing.iter().enumerate().map(|(i, f)| (f.request, i)).collect();
    // A chain is rarely deeper than three proxies.
    for _ in 0..3 {
        for (i, links) in chains.iter().enumerate() {
            for (other, is_inner, confidence) in links {
                let Some(inner) = number.get(other).copied().filter(|n| *is_inner && *n != i) else {
                    continue;
                };
                for line in joins[inner].lines.clone() {
                    if !joins[i].lines.iter().any(|l| l.row == line.row) {
                        let confidence = line.confidence * confidence;
                        joins[i].lines.push(Joined { confidence, ..line });
                    }
                }
            }
        }
    }
}
