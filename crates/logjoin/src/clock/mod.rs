//! The clocks of the hosts: offset, zone error and drift of each, relative to one reference.
//!
//! Each pair (proxy, backend) is fitted from requests that both logged ([`fit`]); the pairs form a graph, and the
//! reference is a proxy that logged much, the one with the finest stamps. Every other clock is found by walking the graph
//! from there, along the surest pairs first.

mod fit;

use std::collections::BTreeMap;

pub(crate) use fit::Fit;

use crate::analysis::Clock;
use crate::plan::Plan;
use crate::timeline::{Moment, Timed, World};

const SECOND: i64 = 1_000_000_000;

/// The clock of each instance.
#[derive(Debug)]
pub(crate) struct ClockModel {
    /// By instance: what to subtract from its times.
    lines: Vec<Line>,
    pub reference: Option<usize>,
}

/// An offset that changes linearly: `offset + drift × (t − origin)`, by stretches of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub offset_ns: i64,
    pub drift_ppm: f64,
    pub origin_ns: i64,
    pub band_ns: i64,
    pub samples: u64,
    pub state: State,
    /// From when on, how much more.
    pub steps: Vec<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    Fitted,
    Told,
    Reference,
    #[default]
    TooFew,
    Contradictory,
}

impl Line {
    fn at(&self, t: i64) -> i64 {
        let steps: i64 = self.steps.iter().filter(|(from, _)| t >= *from).map(|(_, by)| by).sum();
        self.offset_ns + steps + ((t - self.origin_ns) as f64 * self.drift_ppm / 1e6) as i64
    }
}

impl ClockModel {
    /// By how much the clock of an instance is ahead of the reference when it shows `t`, nanoseconds.
    pub fn offset_at(&self, instance: usize, t: i64) -> i64 {
        self.lines.get(instance).map_or(0, |l| l.at(t))
    }

    /// How far the offset may be off.
    pub fn band(&self, instance: usize) -> i64 {
        self.lines.get(instance).map_or(0, |l| l.band_ns)
    }

    /// The part of the offset that is a wrong zone, seconds; `None` where the lines did not settle it.
    pub fn zone_error_s(&self, instance: usize) -> Option<i32> {
        let line = self.lines.get(instance).filter(|l| l.state == State::Fitted)?;
        Some(zone_part(line.at(line.origin_ns)) as i32)
    }

    /// Whether the clock is known relative to the reference.
    pub fn is_known(&self, instance: usize) -> bool {
        self.lines.get(instance).is_some_and(|l| !matches!(l.state, State::TooFew | State::Contradictory))
    }

    /// For the report.
    pub fn report(&self, plan: &Plan, middle_ns: i64) -> Vec<Clock> {
        let Some(reference) = self.reference else { return Vec::new() };
        plan.instances
            .iter()
            .zip(&self.lines)
            .map(|(i, l)| {
                let known = !matches!(l.state, State::TooFew | State::Contradictory);
                let total = l.at(middle_ns);
                let zone = zone_part(total);
                Clock {
                    source: i.name.clone(),
                    reference: plan.instances[reference].name.clone(),
                    offset_s: known.then(|| round_ms(total - zone * SECOND)),
                    zone_error_s: if known { zone } else { 0 },
                    drift_ppm: l.drift_ppm.round(),
                    band_s: known.then(|| round_ms(l.band_ns)),
                    samples: l.samples,
                    steps: l
                        .steps
                        .iter()
                        .map(|(at, by)| crate::analysis::ClockStep {
                            at: crate::analysis::Time(at - l.at(*at)),
                            by_s: round_ms(*by),
                        })
                        .collect(),
                    state: match l.state {
                        State::Fitted => "fitted",
                        State::Told => "told",
                        State::Reference => "reference",
                        State::TooFew => "too-few-samples",
                        State::Contradictory => "contradictory",
                    }
                    .into(),
                }
            })
            .collect()
    }
}

fn round_ms(ns: i64) -> f64 {
    (ns as f64 / 1e6).round() / 1e3
}

/// The part of an offset that looks like a zone: the nearest multiple of 15 minutes, where what remains is small
/// against it.
fn zone_part(total_ns: i64) -> i64 {
    let quarter = 900 * SECOND;
    let n = (total_ns + quarter / 2).div_euclid(quarter);
    n * 900
}

/// Fits all clocks. `world` is still on the hosts' own clocks.
pub(crate) fn fit_all(plan: &Plan, world: &World) -> ClockModel {
    let n = plan.instances.len();
    let mut by_instance: Vec<Vec<&Timed>> = vec![Vec::new(); n];
    for r in &world.requests {
        by_instance[r.instance].push(r);
    }
    let mut mentions: Vec<Vec<&Moment<crate::event::LogEvent>>> = vec![Vec::new(); n];
    for l in world.logs.iter().filter(|l| l.e.target != 0) {
        mentions[l.instance].push(l);
    }
    // The proxy that logged most; of those that logged much, the one with the finest stamps.
    let proxies = || (0..n).filter(|i| plan.instances[*i].is_proxy && !by_instance[*i].is_empty());
    let most = proxies().map(|i| by_instance[i].len()).max().unwrap_or(0);
    let fineness = |i: usize| by_instance[i].iter().take(64).map(|t| t.r.stamp.precision).max();
    let reference = proxies()
        .filter(|i| by_instance[*i].len() * 4 >= most)
        .max_by_key(|i| (fineness(*i), by_instance[*i].len(), std::cmp::Reverse(*i)));
    let mut lines = vec![Line::default(); n];
    let Some(reference) = reference else {
        return ClockModel { lines, reference: None };
    };
    lines[reference].state = State::Reference;

    // Every proxy against everything behind or beside it.
    let mut pairs: BTreeMap<(usize, usize), Fit> = BTreeMap::new();
    for p in (0..n).filter(|i| plan.instances[*i].is_proxy && !by_instance[*i].is_empty()) {
        let front = fit::Front::new(&by_instance[p]);
        for b in (0..n).filter(|b| *b != p) {
            // A pair of proxies is fitted once.
            if plan.instances[b].is_proxy && pairs.contains_key(&(b, p)) {
                continue;
            }
            pairs.insert((p, b), front.fit(&by_instance[b], &mentions[b]));
        }
    }
    let mut known = vec![false; n];
    known[reference] = true;
    loop {
        // The surest way to a new instance.
        let next = pairs
            .iter()
            .filter(|((p, b), f)| f.state == State::Fitted && known[*p] != known[*b])
            // Two proxies that share few requests stand side by side, and meet by chance.
            .filter(|((_, b), f)| !plan.instances[*b].is_proxy || f.samples * 2 >= f.total)
            .min_by_key(|((p, b), f)| {
                let base = if known[*p] { *p } else { *b };
                (lines[base].band_ns + f.band_ns, std::cmp::Reverse(f.support()), (*p, *b))
            });
        let Some(((p, b), f)) = next else { break };
        let (new, base, sign) = if known[*p] { (*b, *p, 1) } else { (*p, *b, -1) };
        let base_line = lines[base].clone();
        lines[new] = Line {
            offset_ns: base_line.at(f.origin_ns) + sign * f.offset_ns,
            drift_ppm: base_line.drift_ppm + sign as f64 * f.drift_ppm,
            origin_ns: f.origin_ns,
            band_ns: base_line.band_ns + f.band_ns,
            samples: f.samples,
            state: State::Fitted,
            steps: f.steps.iter().map(|(at, by)| (*at, sign * by)).collect(),
        };
        known[new] = true;
    }
    for i in 0..n {
        if known[i] {
            continue;
        }
        let contradictory = pairs.iter().any(|((_, b), f)| *b == i && f.state == State::Contradictory);
        lines[i].state = if contradictory { State::Contradictory } else { State::TooFew };
        lines[i].samples =
            pairs.iter().filter(|((_, b), _)| *b == i).map(|(_, f)| f.samples).max().unwrap_or(0);
    }
    for (i, instance) in plan.instances.iter().enumerate() {
        let files = plan.sources.iter().filter(|s| s.instance == i);
        let told = files
            .filter_map(|s| plan.options.skews.iter().find(|(p, _)| p.fits(&s.id) || p.fits(&instance.name)))
            .map(|(_, s)| *s)
            .next();
        if let Some(skew) = told {
            lines[i] = Line { offset_ns: (skew * 1e9) as i64, state: State::Told, ..Line::default() };
        }
    }
    ClockModel { lines, reference: Some(reference) }
}
