//! Failed request ↔ the backend's lines about it.
//!
//! By id where both sides logged the same value ([`by_id`]). Else by everything that both sides say of a request
//! ([`by_request`]). What names no request at all (a message on the way to a crash) is joined by time, where only one failed request was
//! there ([`by_time`]). A line that several failed requests could claim equally well is *ambiguous*, and not given to any.

mod assign;
mod briefs;
mod by_request;
mod by_time;
mod chains;
mod claims;
mod clusters;
mod fitness;
mod lateness;
mod law;
mod laws;
mod messages;
mod near;
mod order;
mod pairing;
mod placing;
mod pruning;
mod sequence;
mod stated;
mod subsets;
mod survey;
mod weighing;

use std::collections::BTreeSet;

pub(crate) use chains::{chains, pass_outward};

use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::index::{Index, Row};
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::timeline::World;
use crate::vocabulary::{JoinedBy, Mechanism};
use serde::{Deserialize, Serialize};

/// Lines of one kind, of which a request has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The access lines of all instances: a try goes to one of them. Of an instance that writes several logs, one each.
    Access(usize),
    /// Messages of one wording, of one instance.
    Message { template: u64, instance: usize },
}

/// What is learned: of the claims that ended in one way, how many have a line, and one with an error status.
#[derive(Debug, Clone, Copy, Default)]
struct Habit {
    claims: f64,
    joined: f64,
    errors: f64,
}

impl Habit {
    fn add(&mut self, other: &Habit) {
        self.claims += other.claims;
        self.joined += other.joined;
        self.errors += other.errors;
    }
}

/// A backend's line that belongs to a failed request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub row: Row,
    pub how: JoinedBy,
    pub confidence: f64,
}

/// What the join of one failed request came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    par::map(failing, |f| {
        let proxy = world.requests[f.request].instance;
        let mut out: Vec<usize> = Vec::new();
        for t in &f.tries {
            let Some(label) = t.label.as_deref() else { continue };
            if let Some(i) = peers.instance(label).or_else(|| peers.only_left(plan, proxy, label)) {
                out.push(i);
            }
        }
        out.dedup();
        out.shrink_to_fit();
        out
    })
}

/// Joins every failed request.
pub(crate) fn join(
    plan: &Plan,
    world: &World,
    index: &Index<'_>,
    peers: &Peers,
    clocks: &ClockModel,
    failing: &[Failing],
) -> Vec<Join> {
    let tried = instances(plan, world, peers, failing);
    let mut joins: Vec<Join> =
        tried.into_iter().map(|instances| Join { instances, ..Join::default() }).collect();
    by_id(plan, world, index, failing, &mut joins);
    let from = by_request::Sources { plan, world, index, peers, clocks };
    by_request::join(&from, failing, &mut joins);
    for (j, f) in joins.iter_mut().zip(failing) {
        if (j.instances.is_empty() || f.went_on()) && reaches(f.mechanism) {
            // The address was not logged: the lines say where the request went.
            let at: BTreeSet<usize> = j.lines.iter().map(|l| instance_of(world, l.row)).collect();
            j.instances.extend(at);
        }
    }
    by_time::join(plan, world, index, peers, clocks, failing, &mut joins);
    for j in &mut joins {
        j.lines.sort_by_key(|l| l.row);
        j.lines.shrink_to_fit();
    }
    joins
}

pub(crate) fn instance_of(world: &World, row: Row) -> usize {
    match row {
        Row::Request(i) => world.requests[i as usize].instance,
        Row::Log(i) => world.logs[i as usize].instance,
    }
}

fn by_id(plan: &Plan, world: &World, index: &Index<'_>, failing: &[Failing], joins: &mut [Join]) {
    for (f, j) in failing.iter().zip(joins) {
        let Some(detail) = world.requests[f.request].r.detail.as_deref() else { continue };
        for id in &detail.ids {
            for row in index.id(*id) {
                let is_proxy = plan.instances[instance_of(world, row)].is_proxy;
                if is_proxy || j.lines.iter().any(|l| l.row == row) {
                    continue;
                }
                j.lines.push(Joined { row, how: JoinedBy::Id, confidence: 0.999 });
            }
        }
    }
}
