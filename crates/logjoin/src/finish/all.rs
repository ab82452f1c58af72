//! One pass over all requests: what the sections about the whole traffic are made of.
//!
//! Everything here is a sum of integers that does not know the order of the requests: slices may be summed apart and merged.

use super::activity::Activity;
use super::answered::{self, Answered};
use super::few::Few;
use super::pace::Pace;
use super::sample::Sample;
use super::streams::{Into, Stream};
use super::sums::Tally;
use super::traffic::{Load, Seen};
use crate::clock::is_success;
use crate::fold::{Lean, Look, Part, Passing};
use crate::packed::AnyRequest;
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::timeline::{Horizon, Span, Timed};
use serde::{Deserialize, Serialize};

/// Rows that are summed before they are merged into the whole.
pub(super) const SLICE: usize = 1 << 16;

/// What is asked about each request.
struct About<'s> {
    plan: &'s Plan,
    peers: &'s Peers,
    versions: Vec<i64>,
}

/// Counts requests that were left aside.
struct Counting<'s> {
    about: &'s About<'s>,
    horizon: Horizon,
    sum: All,
    tally: Tally,
}

impl Look for Counting<'_> {
    #[inline(always)]
    fn look(&mut self, p: Passing<'_>) {
        if p.is_taken(self.horizon) {
            // None of them failed at a gateway.
            self.sum.see(self.about, (p.r, self.tally.instance), &p.span, false);
            self.tally.add(p.r, p.span.end_lo);
        }
    }
}

/// The sums.
#[derive(Serialize, Deserialize)]
pub(crate) struct All {
    pub(super) load: Load,
    pub(super) sample: Sample,
    pub(super) activity: Activity,
    pub(super) pace: Pace,
    pub(super) answered: Answered,
    /// What is not in the other sums yet, by instance and server; nothing after [`All::close`].
    #[serde(skip)]
    streams: Few<(usize, u64), Stream>,
}

impl All {
    pub fn new() -> All {
        All {
            load: Load::new(),
            sample: Sample::new(),
            activity: Activity::new(),
            pace: Pace::default(),
            answered: Answered::default(),
            streams: Few::default(),
        }
    }

    /// Adds every request and line that is settled now; the tallies of the requests that were left aside.
    pub(super) fn add(&mut self, scene: &Scene<'_>, lean: &Lean, horizon: Horizon) -> Vec<Tally> {
        let world = scene.world;
        let about = About { plan: scene.plan, peers: scene.peers, versions: answered::versions(scene.plan) };
        let mut failed = vec![false; world.requests.len()];
        for f in scene.failing.iter().filter(|f| f.is_gateway) {
            failed[f.request] = true;
        }
        let part = |first: usize, slice: &[Timed]| {
            let mut part = self.like();
            for (i, t) in slice.iter().enumerate().filter(|(_, t)| horizon.takes(t)) {
                part.see(&about, (AnyRequest::Whole(&t.r), t.instance), &t.span(), failed[first + i]);
            }
            part.close();
            part
        };
        let merged = |mut a: All, b: All| {
            a.merge(b);
            a
        };
        if let Some(all) = par::sum(&world.requests, par::share(world.requests.len(), SLICE), part, merged) {
            self.merge(all);
        }
        let passing = |part: &Part<'_>| {
            let tally = Tally::new(part.file, part.instance);
            let mut counting = Counting { about: &about, horizon, sum: self.like(), tally };
            part.show(&mut counting);
            counting.sum.close();
            (counting.sum, vec![counting.tally])
        };
        let merged = |(mut a, mut tallies): (All, Vec<Tally>), (b, mut more): (All, Vec<Tally>)| {
            a.merge(b);
            tallies.append(&mut more);
            (a, tallies)
        };
        let (part, tallies) = lean.sum(passing, merged).unwrap_or_else(|| (All::new(), Vec::new()));
        self.merge(part);
        for m in world.logs.iter().filter(|m| horizon.takes_line(m)) {
            self.activity.line(m.instance, m.lo, m.e.at);
        }
        tallies
    }

    /// Empty ones, for a part of what comes now: by the steps that these are counted by already.
    fn like(&self) -> All {
        All {
            load: self.load.like(),
            sample: self.sample.like(),
            activity: self.activity.like(),
            ..All::new()
        }
    }

    #[inline(always)]
    fn see(
        &mut self,
        about: &About<'_>,
        (r, instance): (AnyRequest<'_>, usize),
        span: &Span,
        has_failed: bool,
    ) {
        let is_proxy = about.plan.instances[instance].is_proxy;
        let is_failure = has_failed || !is_proxy && r.status() >= 500;
        let is_served = !is_failure && is_success(r.status());
        let Span { start_lo, start_hi, end_lo, .. } = *span;
        let seen = Seen { r, instance, start_lo, start_hi, end_lo, is_proxy, is_failure, is_served };
        let All { load, sample, activity, pace, answered, streams } = self;
        streams.at(seen.key()).add(about.peers, &seen, &mut Into { load, activity, pace });
        sample.add(&seen);
        if !about.versions.is_empty() {
            answered.add(&about.versions, seen);
        }
    }

    /// Adds what is left of neighbours.
    fn close(&mut self) {
        let All { load, activity, pace, streams, .. } = self;
        let mut into = Into { load, activity, pace };
        std::mem::take(streams).into_iter().for_each(|(_, stream)| stream.end(&mut into));
        self.sample.close();
    }

    pub(super) fn merge(&mut self, other: All) {
        self.load.merge(other.load);
        self.sample.merge(other.sample);
        self.activity.merge(other.activity);
        self.pace.merge(other.pace);
        self.answered.merge(other.answered);
    }
}
