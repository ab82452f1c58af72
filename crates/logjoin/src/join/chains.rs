//! The same request at several proxies, one behind the other.

use std::collections::HashMap;

use super::{Join, Joined};
use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::index::{Index, Row};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::World;

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
    for (i, f) in failing.iter().enumerate() {
        let t = &world.requests[f.request];
        let ids = t.r.detail.as_deref().map_or(&[][..], |d| &d.ids[..]);
        let mut best: Option<(i64, usize, f64)> = None;
        let reach = clocks.widest_band() + SECOND;
        for e in index.near((t.r.method, t.r.key), 0, t.start_lo - reach, t.end_hi + reach) {
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
