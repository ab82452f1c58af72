//! The same request at several proxies, one behind the other.

use std::collections::{HashMap, HashSet};

use logjoin_parse::Anchor;

use super::{Join, Joined};
use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::index::{Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::{Timed, World};
use crate::vocabulary::Mechanism;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;

/// Links between the proxies of a chain: for each failed request, the lines of other proxies about the same request.
pub(crate) fn chains(
    plan: &Plan,
    world: &World,
    index: &Index<'_>,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
) -> Vec<Vec<(usize, bool, f64)>> {
    let mut out: Vec<Vec<(usize, bool, f64)>> = vec![Vec::new(); failing.len()];
    if peers.chains.is_empty() {
        return out;
    }
    let failing_of: HashMap<usize, usize> = failing.iter().enumerate().map(|(i, f)| (f.request, i)).collect();
    let mut pairs: Vec<Pair> = Vec::new();
    for (i, f) in failing.iter().enumerate() {
        let t = &world.requests[f.request];
        let ids = t.r.detail.as_deref().map_or(&[][..], |d| &d.ids[..]);
        let mut mine: Vec<Pair> = Vec::new();
        let reach = clocks.widest_band() + SECOND;
        let more = if gave_up(f.mechanism) { LATER } else { 0 };
        for e in index.near((t.r.method, t.r.key), 0, t.start_lo - reach, t.end_hi + reach + more) {
            let Row::Request(inner) = e.row else { continue };
            let (inner, q) = (inner as usize, e.instance as usize);
            if q == t.instance
                || !plan.instances[q].is_proxy
                || !clocks.is_known(q)
                || !peers.chains.contains(&(t.instance, q))
            {
                continue;
            }
            let o = &world.requests[inner];
            if o.r.id != 0 && ids.contains(&o.r.id) {
                mine.push(Pair { off: -1, outer: i, inner, confidence: 0.999 });
                continue;
            }
            if peers.inner_faces.get(q) == Some(&crate::peers::Face::Many) && o.r.client != t.r.client {
                continue;
            }
            let same_agent = o.r.agent == 0 || t.r.agent == 0 || o.r.agent == t.r.agent;
            if same_agent && may_be_inner(f, t, o, clocks.band(q) + 50 * MS) {
                mine.push(Pair { off: off(t, o), outer: i, inner, confidence: 0.9 });
            }
        }
        mine.sort_unstable_by_key(|p| (p.off, p.inner));
        mine.truncate(MOST);
        pairs.extend(mine);
    }
    // Each line of the inner proxy is of one request, each request has one line there: the nearest to each other first.
    pairs.sort_unstable_by_key(|p| (p.off, p.outer, p.inner));
    let mut given = HashSet::new();
    for p in pairs {
        if !out[p.outer].iter().any(|(_, is_inner, _)| *is_inner) && given.insert(p.inner) {
            out[p.outer].push((p.inner, true, p.confidence));
            if let Some(inner) = failing_of.get(&p.inner) {
                out[*inner].push((failing[p.outer].request, false, p.confidence));
            }
        }
    }
    out
}

/// Lines of an inner proxy that are looked at for one request: those next to it.
const MOST: usize = 64;
/// How long an inner proxy goes on with what the outer one has given up.
const LATER: i64 = 60 * SECOND;

/// A request and a line of an inner proxy that may be of it.
struct Pair {
    /// How far their moments are apart, nanoseconds; less than zero where both have one id.
    off: i64,
    outer: usize,
    inner: usize,
    confidence: f64,
}

/// How far the beginnings are apart, where both are known, else the ends.
fn off(t: &Timed, o: &Timed) -> i64 {
    let gap = |a: (i64, i64), b: (i64, i64)| (a.0 - b.1).max(b.0 - a.1).max(0);
    let has_start = |t: &Timed| t.has_duration || t.r.anchor == Anchor::Start;
    let middle = |a: (i64, i64)| a.0 + (a.1 - a.0) / 2;
    let (start, end) =
        (((t.start_lo, t.start_hi), (o.start_lo, o.start_hi)), ((t.end_lo, t.end_hi), (o.end_lo, o.end_hi)));
    let (a, b) = if has_start(t) && has_start(o) { start } else { end };
    // Stamps of whole seconds leave much open: then the middles decide.
    gap(a, b) + (middle(a) - middle(b)).abs() / 16
}

/// Whether the outer proxy ended the request without waiting for an answer.
fn gave_up(m: Mechanism) -> bool {
    matches!(m, Mechanism::ReadTimeout | Mechanism::SendTimeout | Mechanism::Stalled | Mechanism::ClientGone)
}

/// Whether an inner proxy's line may be of a failed request without contradicting what the outer proxy saw.
fn may_be_inner(f: &Failing, t: &Timed, o: &Timed, tolerance: i64) -> bool {
    if o.start_hi < t.start_lo - tolerance || o.start_lo > t.end_hi + tolerance {
        return false;
    }
    let outlived = o.end_hi >= t.end_lo - tolerance;
    let is_answer = || {
        let longer =
            o.r.duration_ns.zip(t.r.duration_ns).is_some_and(|(inner, outer)| inner > outer + 2 * tolerance);
        o.r.status == t.r.status && o.end_lo <= t.end_hi + tolerance && !longer
    };
    match f.mechanism {
        // What the inner one answered was passed on.
        Mechanism::FromBackend => is_answer(),
        Mechanism::Unknown => is_answer() || outlived && !(200..400).contains(&o.r.status),
        // The outer one did not wait for the answer.
        m if gave_up(m) => outlived,
        m if super::reaches(m) => outlived || !(200..400).contains(&o.r.status),
        _ => false,
    }
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
