//! The kinds of messages that each backend writes, over time; and those that it writes while requests fail and not otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::stats::{self, LEVEL};
use super::steps::{Merge, Stepped};
use crate::event::LogEvent;
use crate::scene::Scene;
use crate::templates::{Catalogue, Miner};
use crate::timeline::{Horizon, Moment};
use serde::{Deserialize, Serialize};

/// Kinds kept per instance.
const KINDS: usize = 1024;

/// The templates of each instance's messages.
pub(super) type Catalogues = BTreeMap<usize, Catalogue>;

/// Messages by instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Messages {
    instances: BTreeMap<usize, Stream>,
}

/// Those of one instance. What the miner keeps at the end it has kept from the first line on, so that its counts are whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stream {
    miner: Miner,
    steps: Stepped<u64, Number>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Number(u64);

impl Merge for Number {
    fn merge(&mut self, other: Number) {
        self.0 += other.0;
    }
}

/// A kind of message that goes with failures.
pub(super) struct Found {
    pub text: String,
    /// Messages of the kind, of all messages, in the steps of the failures.
    pub inside: (u64, u64),
    /// The same in all other steps.
    pub outside: (u64, u64),
    pub p: f64,
}

impl Messages {
    /// Adds the messages of all backends that are settled now.
    pub fn add(&mut self, scene: &Scene<'_>, horizon: Horizon) {
        for slice in scene.world.logs.chunks(super::all::SLICE) {
            let mut part = Messages::default();
            let of_backends =
                |m: &&Moment<LogEvent>| horizon.takes_line(m) && !scene.plan.instances[m.instance].is_proxy;
            slice.iter().filter(of_backends).for_each(|m| part.see(m));
            self.merge(part);
        }
    }

    fn see(&mut self, m: &Moment<LogEvent>) {
        let stream = self
            .instances
            .entry(m.instance)
            .or_insert_with(|| Stream { miner: Miner::with_capacity(KINDS), steps: Stepped::new(1) });
        if let Some(mask) = stream.miner.count(m.e.text.as_bytes()) {
            stream.steps.at(m.lo, mask).0 += 1;
        }
    }

    pub(super) fn merge(&mut self, other: Messages) {
        for (instance, stream) in other.instances {
            match self.instances.get_mut(&instance) {
                Some(mine) => {
                    mine.miner.merge(stream.miner);
                    mine.steps.merge(stream.steps);
                }
                None => {
                    self.instances.insert(instance, stream);
                }
            }
        }
    }

    /// The kinds of each instance's messages.
    pub(super) fn catalogues(&self) -> Catalogues {
        self.instances.iter().map(|(i, stream)| (*i, stream.miner.catalogue())).collect()
    }

    /// The kinds that some instances write more often in a stretch of time than otherwise: by time and as a share of their
    /// messages, three times at least, and not by chance. The surest first.
    pub(super) fn contrast(
        &self,
        catalogues: &Catalogues,
        targets: &BTreeSet<usize>,
        from: i64,
        to: i64,
    ) -> Vec<Found> {
        let mut by_text: BTreeMap<Vec<u8>, [u64; 2]> = BTreeMap::new();
        let (mut messages, mut steps) = ([0u64; 2], [0i64; 2]);
        for (stream, catalogue) in
            targets.iter().filter_map(|t| Some((self.instances.get(t)?, catalogues.get(t)?)))
        {
            let step = stream.steps.step();
            let (first, last) = (from.div_euclid(step) * step, to.div_euclid(step) * step);
            let mut range: Option<(i64, i64)> = None;
            for (t, mask, n) in stream.steps.iter() {
                let Some(template) = catalogue.of_mask(mask) else { continue };
                let side = usize::from(!(first..=last).contains(&t));
                by_text.entry(template.text.clone()).or_default()[side] += n.0;
                messages[side] += n.0;
                range = Some(range.map_or((t, t), |(a, b)| (a.min(t), b.max(t))));
            }
            if let Some((a, b)) = range {
                let inside = (last.min(b) - first.max(a)).max(0) / step + 1;
                steps[0] += inside;
                steps[1] += ((b - a) / step + 1 - inside).max(0);
            }
        }
        let (all_steps, looks) = ((steps[0] + steps[1]) as f64, by_text.len());
        if steps[1] < steps[0] || steps[0] == 0 {
            return Vec::new();
        }
        let mut out: Vec<Found> = Vec::new();
        for (text, [a, b]) in by_text {
            let rate = |n: u64, steps: i64| n as f64 / steps as f64;
            let share = |n: u64, side: usize| n as f64 / messages[side].max(1) as f64;
            let is_large = rate(a, steps[0]) >= 3.0 * rate(b, steps[1]) && share(a, 0) >= 3.0 * share(b, 1);
            if a < 3 || !is_large {
                continue;
            }
            let by_time = stats::binomial_tail(a, a + b, steps[0] as f64 / all_steps);
            let by_share = stats::fisher(a, messages[0], b, messages[1]);
            let p = stats::corrected(by_time.max(by_share), looks);
            if p <= LEVEL {
                let text = super::show(&String::from_utf8_lossy(&text), 200);
                out.push(Found { text, inside: (a, messages[0]), outside: (b, messages[1]), p });
            }
        }
        out.sort_by(|x, y| x.p.total_cmp(&y.p).then_with(|| x.text.cmp(&y.text)));
        out
    }
}
