//! The joins and clocks of the engine over a grid of synthetic traffic.
//!
//! Each cell is a [`Scenario`](crate::generate::Scenario); [`run`] generates its files, analyses them as the program would, and compares
//! with what the generator knows.

pub mod cells;
pub mod page;
#[cfg(test)]
mod properties;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use logjoin::Analysis;
use logjoin::analysis::{Clock, LineRef};

use crate::accuracy::said::Said;
use crate::accuracy::score::Share;
use crate::all_kept;
use crate::generate::{Truth, generate};
pub use cells::{Cell, cells};

/// A step is found when it is placed this close to where it was, seconds ...
const STEP_PLACE: f64 = 60.0;
/// ... and its size is right to this, seconds.
const STEP_SIZE: f64 = 0.5;

/// What the engine made of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Failures found.
    pub found: Share,
    /// Reports that are no failure.
    pub false_alarms: u64,
    /// Failures that the backend logged, joined to that line.
    pub recall: Share,
    /// Lines joined, to whatever failure, that are right.
    pub precision: Share,
    /// Failures that the backend never logged, joined to a line.
    pub false_joins: Share,
    /// Backends whose clock was fitted.
    pub fitted: Share,
    /// Largest error of a fitted clock in the middle of the traffic, zones included, seconds.
    pub clock_error_s: Option<f64>,
    /// Fitted clocks whose true offset lies in the stated band.
    pub in_band: Share,
    /// Largest error of a drift, millionths.
    pub drift_error_ppm: Option<f64>,
    /// Failures of which the application wrote a message, joined to that.
    pub messages: Share,
    /// Steps found.
    pub steps: Share,
    /// Steps stated that did not happen.
    pub false_steps: u64,
    /// Stated confidence of each join of a backend's request without an id, and whether it is right.
    pub bets: Vec<(f64, bool)>,
    /// The same of each message that names no request.
    pub message_bets: Vec<(f64, bool)>,
}

/// Generates a cell in `folder`, analyses it, and compares.
pub fn run(cell: &Cell, folder: &Path) -> io::Result<Outcome> {
    let world = generate(&cell.scenario);
    world.write(folder)?;
    let paths = [folder.join("logs"), folder.join("conf")];
    let (analysis, _problems) = logjoin_files::analyze(&paths, &[], all_kept());
    let said = Said::new(&analysis, &folder.to_string_lossy());
    let mut outcome = Outcome::default();
    joins(&world.truth, &said, cell.scenario.ids, &mut outcome);
    clocks(&world.truth, &analysis, cell.scenario.start, &mut outcome);
    Ok(outcome)
}

fn joins(truth: &Truth, said: &Said, has_ids: bool, o: &mut Outcome) {
    let stated: BTreeMap<&LineRef, _> =
        said.failures.iter().filter(|f| f.gateway).map(|f| (&f.at, f)).collect();
    for x in &truth.failures {
        let f = stated.get(&x.access);
        o.found.count(f.is_some());
        let lines = || f.into_iter().flat_map(|f| &f.backend);
        let own = |at: &LineRef| Some(at) == x.backend.as_ref() || Some(at) == x.message.as_ref();
        if !has_ids {
            for (at, confidence) in lines() {
                let is_message = at.file.ends_with("/app.log");
                let bets = if is_message { &mut o.message_bets } else { &mut o.bets };
                bets.push((*confidence, own(at)));
            }
        }
        if let Some(own) = &x.backend {
            o.recall.count(lines().any(|(at, _)| at == own));
        }
        if x.backend.is_none() && x.message.is_none() {
            o.false_joins.count(lines().next().is_some());
        }
        if let Some(own) = &x.message {
            o.messages.count(lines().any(|(at, _)| at == own));
        }
        lines().for_each(|(at, _)| o.precision.count(own(at)));
    }
    o.false_alarms = (stated.len() as u64).saturating_sub(o.found.part);
}

fn clocks(truth: &Truth, analysis: &Analysis, start: i64, o: &mut Outcome) {
    for (name, real) in &truth.clocks {
        let stated = analysis.clocks.iter().find(|c| c.source == *name);
        let fitted: Option<(&Clock, f64)> =
            stated.and_then(|c| Some((c, c.offset_s? + c.zone_error_s as f64)));
        o.fitted.count(fitted.is_some());
        o.steps.of += real.steps.len() as u64;
        let Some((clock, offset)) = fitted else { continue };
        let error = (offset - real.middle_s).abs();
        o.clock_error_s = Some(o.clock_error_s.map_or(error, |e| e.max(error)));
        o.in_band.count(clock.band_s.is_some_and(|band| error <= band));
        let error = (clock.drift_ppm - real.drift_ppm).abs();
        o.drift_error_ppm = Some(o.drift_error_ppm.map_or(error, |e| e.max(error)));
        let is_found = |(at, by): &(f64, f64)| {
            clock.steps.iter().any(|s| {
                let place = s.at.seconds() - start as f64 - at;
                place.abs() <= STEP_PLACE && (s.by_s - by).abs() <= STEP_SIZE
            })
        };
        let found = real.steps.iter().filter(|s| is_found(s)).count() as u64;
        o.steps.part += found;
        o.false_steps += (clock.steps.len() as u64).saturating_sub(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Front, Scenario, Stamps};

    #[test]
    fn ids_join_what_was_logged_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let scenario = Scenario {
            ids: true,
            requests: 1500,
            failing: 0.05,
            stamps: Stamps::Millis,
            ..Scenario::default()
        };
        for (i, front) in [Front::Nginx, Front::Haproxy, Front::Apache].into_iter().enumerate() {
            let cell = Cell {
                table: "t",
                name: format!("{front:?}"),
                scenario: Scenario { front, ..scenario.clone() },
                drawing: 0,
            };
            let o = run(&cell, &folder.path().join(i.to_string())).unwrap();
            assert!(o.found.of > 40, "{o:?}");
            assert_eq!((o.found.value(), o.false_alarms), (Some(1.0), 0), "{front:?}");
            assert_eq!((o.recall.value(), o.precision.value()), (Some(1.0), Some(1.0)), "{front:?}");
            assert_eq!(o.false_joins.part, 0, "{front:?}");
            assert_eq!(o.fitted, Share { part: 3, of: 3 }, "{front:?}");
        }
    }

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let names: Vec<String> = cells().into_iter().map(|c| c.name).collect();
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(names.len() >= 64);
    }
}
