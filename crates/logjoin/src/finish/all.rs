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
use crate::fold::{Lean, Passing};
use crate::packed::AnyRequest;
use crate::par;
use crate::scene::Scene;
use crate::timeline::{Horizon, Span, Timed};

/// Rows that are summed before they are merged into the whole.
pub(super) const SLICE: usize = 1 << 16;

/// The sums.
pub(crate) struct All {
    pub(super) load: Load,
    pub(super) sample: Sample,
    pub(super) activity: Activity,
    pub(super) pace: Pace,
    pub(super) answered: Answered,
    /// What is not in the other sums yet, by instance and server; nothing after [`All::close`].
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
        let versions = answered::versions(scene.plan);
        let mut failed = vec![false; world.requests.len()];
        for f in scene.failing.iter().filter(|f| f.is_gateway) {
            failed[f.request] = true;
        }
        let part = |first: usize, slice: &[Timed]| {
            let mut part = All::new();
            for (i, t) in slice.iter().enumerate().filter(|(_, t)| horizon.takes(t)) {
                part.see(
                    scene,
                    &versions,
                    (AnyRequest::Whole(&t.r), t.instance),
                    t.span(),
                    failed[first + i],
                );
            }
            part.close();
            part
        };
        let merged = |mut a: All, b: All| {
            a.merge(b);
            a
        };
        if let Some(all) = par::sum(&world.requests, SLICE, part, merged) {
            self.merge(all);
        }
        let passing = |part: &mut dyn Iterator<Item = Passing<'_>>| {
            let (mut sum, mut tally) = (All::new(), Tally::default());
            for p in part.filter(|p| p.is_taken(horizon)) {
                sum.see(scene, &versions, (p.r, p.instance), *p.span, false);
                tally.add(p.r, p.instance, p.span.end_lo);
            }
            sum.close();
            (sum, tally)
        };
        let sum = |(part, tally)| {
            self.merge(part);
            tally
        };
        let tallies = lean.parts(passing).into_iter().map(sum).collect();
        for m in world.logs.iter().filter(|m| horizon.takes_line(m)) {
            self.activity.line(m.instance, m.lo, m.e.at);
        }
        tallies
    }

    fn see(
        &mut self,
        scene: &Scene<'_>,
        versions: &[i64],
        (r, instance): (AnyRequest<'_>, usize),
        span: Span,
        has_failed: bool,
    ) {
        let is_proxy = scene.plan.instances[instance].is_proxy;
        let is_failure = has_failed || !is_proxy && r.status() >= 500;
        let is_served = !is_failure && is_success(r.status());
        let Span { start_lo, start_hi, end_lo, .. } = span;
        let seen = Seen { r, instance, start_lo, start_hi, end_lo, is_proxy, is_failure, is_served };
        let All { load, sample, activity, pace, answered, streams } = self;
        streams.at(seen.key()).add(scene.peers, &seen, &mut Into { load, activity, pace });
        sample.add(seen);
        answered.add(versions, seen);
    }

    /// Adds what is left of neighbours.
    fn close(&mut self) {
        let All { load, activity, pace, streams, .. } = self;
        let mut into = Into { load, activity, pace };
        std::mem::take(streams).into_iter().for_each(|(_, stream)| stream.end(&mut into));
        self.sample.close();
    }

    fn merge(&mut self, other: All) {
        self.load.merge(other.load);
        self.sample.merge(other.sample);
        self.activity.merge(other.activity);
        self.pace.merge(other.pace);
        self.answered.merge(other.answered);
    }
}
