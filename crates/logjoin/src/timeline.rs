//! From stamps as written to moments on one clock.
//!
//! Two steps, in this order. First each stamp becomes a moment on the clock of its own host: a missing zone and a missing
//! year are filled in from what the other logs say. Then, when the clocks are fitted ([`crate::clock`]), each host's
//! clock is put on the reference.

use logjoin_parse::{Anchor, Stamp};

use crate::clock::ClockModel;
use crate::event::{ErrorEvent, LogEvent, Request, StateChange};
use crate::plan::Plan;
use crate::scanner::FileScan;

const SECOND: i64 = 1_000_000_000;
const YEAR: i64 = 31_556_952 * SECOND;

/// A request with its place in time: each end lies between a lower and an upper bound.
#[derive(Debug)]
pub(crate) struct Timed {
    pub r: Request,
    pub instance: usize,
    pub start_lo: i64,
    pub start_hi: i64,
    pub end_lo: i64,
    pub end_hi: i64,
    /// The duration was logged.
    pub has_duration: bool,
}

/// Something with one moment, known to lie in `[lo, hi)`.
#[derive(Debug)]
pub(crate) struct Moment<T> {
    pub e: T,
    pub instance: usize,
    pub lo: i64,
    pub hi: i64,
}

impl<T> Moment<T> {
    /// The middle.
    pub fn mid(&self) -> i64 {
        self.lo + (self.hi - self.lo) / 2
    }
}

/// How the zone of a source was decided.
#[derive(Debug, Clone)]
pub(crate) struct SourceZone {
    pub offset_s: i32,
    /// All stamps say their zone.
    pub is_written: bool,
    pub reason: String,
}

/// Everything, in order of time.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub requests: Vec<Timed>,
    pub errors: Vec<Moment<ErrorEvent>>,
    pub states: Vec<Moment<StateChange>>,
    pub logs: Vec<Moment<LogEvent>>,
    /// The labels of servers behind their hashes.
    pub labels: std::collections::BTreeMap<u64, String>,
    /// The longest stretch in which the end of a request is known to lie.
    widest_end: i64,
}

/// Longest request that is reckoned with where the log has no duration.
const UNKNOWN_DURATION: i64 = SECOND;

/// Puts all events on the clocks of their hosts. Returns the zones of the sources beside them.
pub(crate) fn resolve(plan: &Plan, scans: Vec<FileScan>) -> (World, Vec<SourceZone>) {
    let zones = zones(plan, &scans);
    let centre = centre(&scans, &zones, plan);
    let mut world = World::default();
    for scan in scans {
        let file = &plan.files[scan.file as usize];
        let zone = zones[file.source].offset_s;
        let instance = plan.sources[file.source].instance;
        let at = |stamp: &Stamp| moment(stamp, zone, centre);
        // A log that is written at the end of each request is in order of ends: a request that began at `t` ended
        // no earlier than the latest start before it in the file.
        let mut latest_start = i64::MIN;
        world.labels.extend(scan.events.labels);
        for r in scan.events.requests {
            let s = at(&r.stamp);
            let u = r.stamp.precision.unit_ns();
            let timed = place(r, instance, s, u, latest_start);
            latest_start = latest_start.max(timed.start_lo);
            world.requests.push(timed);
        }
        fn push<T>(out: &mut Vec<Moment<T>>, e: T, lo: i64, stamp: Stamp, instance: usize) {
            out.push(Moment { e, instance, lo, hi: lo + stamp.precision.unit_ns() });
        }
        for e in scan.events.errors {
            let (lo, stamp) = (at(&e.stamp), e.stamp);
            push(&mut world.errors, e, lo, stamp, instance);
        }
        for e in scan.events.states {
            let (lo, stamp) = (at(&e.stamp), e.stamp);
            push(&mut world.states, e, lo, stamp, instance);
        }
        for e in scan.events.logs {
            let (lo, stamp) = (at(&e.stamp), e.stamp);
            push(&mut world.logs, e, lo, stamp, instance);
        }
    }
    world.sort();
    (world, zones)
}

impl World {
    /// Puts everything on the reference clock.
    pub fn shift(&mut self, clocks: &ClockModel) {
        for r in &mut self.requests {
            let by = clocks.offset_at(r.instance, r.start_lo);
            r.start_lo -= by;
            r.start_hi -= by;
            r.end_lo -= by;
            r.end_hi -= by;
        }
        fn shift<T>(list: &mut [Moment<T>], clocks: &ClockModel) {
            for m in list {
                let by = clocks.offset_at(m.instance, m.lo);
                m.lo -= by;
                m.hi -= by;
            }
        }
        shift(&mut self.errors, clocks);
        shift(&mut self.states, clocks);
        shift(&mut self.logs, clocks);
        self.sort();
    }

    /// Requests that may have ended between two moments, in order of ends.
    pub fn ended(&self, from: i64, to: i64) -> impl Iterator<Item = &Timed> + '_ {
        let first = self.requests.partition_point(|t| t.end_lo < from.saturating_sub(self.widest_end));
        self.requests[first..].iter().take_while(move |t| t.end_lo <= to).filter(move |t| t.end_hi >= from)
    }

    fn sort(&mut self) {
        self.widest_end = self.requests.iter().map(|t| t.end_hi - t.end_lo).max().unwrap_or(0);
        self.requests.sort_by_key(|r| (r.end_lo, r.r.at));
        self.errors.sort_by_key(|m| (m.lo, m.e.at));
        self.states.sort_by_key(|m| (m.lo, m.e.at));
        self.logs.sort_by_key(|m| (m.lo, m.e.at));
    }
}

fn place(r: Request, instance: usize, s: i64, u: i64, latest_start: i64) -> Timed {
    let has_duration = r.duration_ns.is_some();
    let (d_lo, d_hi) = match r.duration_ns {
        Some(d) => ((d - r.unit_ns).max(0), d + r.unit_ns),
        None => (0, UNKNOWN_DURATION),
    };
    let (start_lo, start_hi, end_lo, end_hi) = if r.anchor == Anchor::Start {
        let end_lo = if has_duration { s + d_lo } else { (s + d_lo).max(latest_start) };
        (s, s + u, end_lo, (s + u + d_hi).max(end_lo + u))
    } else {
        (s - d_hi, s + u - d_lo, s, s + u)
    };
    Timed { r, instance, start_lo, start_hi, end_lo, end_hi, has_duration }
}

/// A stamp on its host's clock, nanoseconds since the epoch. A year that is missing is the one that brings the stamp
/// nearest to `centre`.
fn moment(stamp: &Stamp, zone: i32, centre: i64) -> i64 {
    let t = stamp.utc_ns(zone);
    if stamp.has_year {
        return t;
    }
    let years = (centre - t + YEAR / 2).div_euclid(YEAR);
    (years - 1..=years + 1)
        .filter_map(|y| with_year(stamp, y as i32 + 1972, zone))
        .min_by_key(|t| (t - centre).abs())
        .unwrap_or(t)
}

fn with_year(stamp: &Stamp, year: i32, zone: i32) -> Option<i64> {
    use chrono::Datelike;
    let dated = stamp.wall().with_year(year)?;
    Some(dated.and_utc().timestamp_nanos_opt()? - i64::from(stamp.offset_s.unwrap_or(zone)) * SECOND)
}

/// The middle of what has a year: the time that this is about.
fn centre(scans: &[FileScan], zones: &[SourceZone], plan: &Plan) -> i64 {
    let mut times: Vec<i64> = Vec::new();
    for s in scans {
        let zone = zones[plan.files[s.file as usize].source].offset_s;
        let mut add = |stamp: &Stamp| {
            if stamp.has_year {
                times.push(stamp.utc_ns(zone));
            }
        };
        s.events.requests.iter().take(64).for_each(|r| add(&r.stamp));
        s.events.errors.iter().take(64).for_each(|r| add(&r.stamp));
        s.events.logs.iter().take(64).for_each(|r| add(&r.stamp));
        s.events.states.iter().take(64).for_each(|r| add(&r.stamp));
    }
    times.sort_unstable();
    match times.get(times.len() / 2) {
        Some(t) => *t,
        None => (i64::from(plan.options.year.unwrap_or(1972)) - 1970) * YEAR + YEAR / 2,
    }
}

fn zones(plan: &Plan, scans: &[FileScan]) -> Vec<SourceZone> {
    // The offsets that each source writes.
    let mut written: Vec<std::collections::BTreeMap<i32, u64>> = vec![Default::default(); plan.sources.len()];
    let mut silent = vec![0u64; plan.sources.len()];
    for s in scans {
        let source = plan.files[s.file as usize].source;
        let mut add = |stamp: &Stamp| match stamp.offset_s {
            Some(o) => *written[source].entry(o).or_default() += 1,
            None => silent[source] += 1,
        };
        s.events.requests.iter().for_each(|r| add(&r.stamp));
        s.events.errors.iter().for_each(|r| add(&r.stamp));
        s.events.logs.iter().for_each(|r| add(&r.stamp));
        s.events.states.iter().for_each(|r| add(&r.stamp));
    }
    let usual = |source: usize| written[source].iter().max_by_key(|(o, n)| (**n, **o)).map(|(o, _)| *o);
    (0..plan.sources.len())
        .map(|i| {
            let told = plan.options.zones.iter().find(|(p, _)| p.fits(&plan.sources[i].id)).map(|(_, z)| *z);
            if let Some(z) = told {
                return SourceZone { offset_s: z, is_written: false, reason: "told".into() };
            }
            if silent[i] == 0 {
                return SourceZone {
                    offset_s: usual(i).unwrap_or(0),
                    is_written: true,
                    reason: "written in each stamp".into(),
                };
            }
            if let Some(z) = usual(i) {
                return SourceZone {
                    offset_s: z,
                    is_written: false,
                    reason: "other stamps of the same file".into(),
                };
            }
            // An epoch number or a `Z` may be a program's own habit; a CLF stamp shows the host's zone.
            let sibling = (0..plan.sources.len())
                .filter(|j| *j != i && plan.sources[*j].instance == plan.sources[i].instance)
                .filter_map(|j| usual(j).map(|z| (z != 0, written[j].values().sum::<u64>(), z)))
                .max();
            match sibling {
                Some((_, _, z)) => SourceZone {
                    offset_s: z,
                    is_written: false,
                    reason: "another log of the same host".into(),
                },
                None => SourceZone {
                    offset_s: 0,
                    is_written: false,
                    reason: "assumed UTC, checked against the other logs".into(),
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use logjoin_parse::Precision;

    #[test]
    fn a_missing_year_is_the_nearest() {
        let centre =
            Stamp::civil(Some(2026), 1, 1, 0, 10, 0, 0, Precision::Seconds, Some(0)).unwrap().wall_ns;
        let december = Stamp::civil(None, 12, 31, 23, 59, 0, 0, Precision::Seconds, None).unwrap();
        let january = Stamp::civil(None, 1, 1, 0, 5, 0, 0, Precision::Seconds, None).unwrap();
        assert_eq!(centre - moment(&december, 0, centre), 11 * 60 * SECOND);
        assert_eq!(centre - moment(&january, 0, centre), 5 * 60 * SECOND);
        // Two hours east of UTC.
        assert_eq!(centre - moment(&january, 7200, centre), (5 * 60 + 7200) * SECOND);
    }
}
