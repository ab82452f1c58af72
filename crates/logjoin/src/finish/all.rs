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
use crate::packed::{AnyRequest, Block};
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
    is_proxy: bool,
    horizon: Horizon,
    sum: All,
    tally: Tally,
    /// Where the streams of the servers of the block are, while there are so many streams.
    places: Vec<u32>,
    streams: usize,
}

/// No place is known.
const NOWHERE: u32 = u32::MAX;

impl Counting<'_> {
    /// Where the stream of a request is: looked for once for each server of a block.
    #[inline(always)]
    fn place(&mut self, r: AnyRequest<'_>) -> usize {
        let number = match r {
            AnyRequest::Packed(_, p) if self.is_proxy => p.server_no(),
            _ => 0,
        };
        match self.places.get(number) {
            Some(place) if *place != NOWHERE => *place as usize,
            _ => self.find_place(r, number),
        }
    }

    #[inline(never)]
    fn find_place(&mut self, r: AnyRequest<'_>, number: usize) -> usize {
        let server = if self.is_proxy { r.server() } else { 0 };
        let place = self.sum.streams.place((self.tally.instance, server));
        if self.sum.streams.len() != self.streams {
            self.streams = self.sum.streams.len();
            self.places.fill(NOWHERE);
        }
        if let Some(known) = self.places.get_mut(number) {
            *known = u32::try_from(place).unwrap_or(NOWHERE);
        }
        place
    }
}

impl Look for Counting<'_> {
    fn begin(&mut self, block: &Block) {
        self.places.clear();
        self.places.resize(block.servers.len(), NOWHERE);
    }

    #[inline(always)]
    fn look(&mut self, p: Passing<'_>) {
        if p.is_taken(self.horizon) {
            let place = self.place(p.r);
            // None of them failed at a gateway.
            let seen = seen((p.r, self.tally.instance), self.is_proxy, &p.span, false);
            self.sum.see(self.about, &seen, place);
            self.tally.add(p.r, p.span.end_lo);
        }
    }
}

/// A request, with what is known of it.
#[inline(always)]
fn seen<'a>(
    (r, instance): (AnyRequest<'a>, usize),
    is_proxy: bool,
    span: &Span,
    has_failed: bool,
) -> Seen<'a> {
    let is_failure = has_failed || !is_proxy && r.status() >= 500;
    let is_served = !is_failure && is_success(r.status());
    let Span { start_lo, start_hi, end_lo, .. } = *span;
    Seen { r, instance, start_lo, start_hi, end_lo, is_proxy, is_failure, is_served }
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
                let is_proxy = about.plan.instances[t.instance].is_proxy;
                let r = (AnyRequest::Whole(&t.r), t.instance);
                let seen = seen(r, is_proxy, &t.span(), failed[first + i]);
                let place = part.streams.place(seen.key());
                part.see(&about, &seen, place);
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
            let is_proxy = about.plan.instances[part.instance].is_proxy;
            let sum = self.like();
            let (places, streams) = (Vec::new(), 0);
            let mut counting = Counting { about: &about, is_proxy, horizon, sum, tally, places, streams };
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

    /// Counts a request, whose stream is in this place.
    #[inline(always)]
    fn see(&mut self, about: &About<'_>, seen: &Seen<'_>, place: usize) {
        let All { load, sample, activity, pace, answered, streams } = self;
        streams.in_place(place).add(about.peers, seen, &mut Into { load, activity, pace });
        sample.add(seen);
        if !about.versions.is_empty() {
            answered.add(&about.versions, *seen);
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
