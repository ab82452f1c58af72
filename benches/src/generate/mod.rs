//! Synthetic traffic with a known truth: a proxy before some backends, drawn from a seed.
//!
//! Requests are drawn first ([`traffic`]), then each program writes its lines about them on its own clock ([`front`],
//! [`back`]), in the order in which they end. Which line belongs to which request is therefore known, not guessed.

pub mod back;
pub mod front;
pub mod random;
pub mod scenario;
pub mod traffic;
pub mod when;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use logjoin::analysis::LineRef;
use serde::Serialize;

pub use scenario::{Front, Messages, Mix, Point, Scenario, Stamps, TrueClock};

/// What was generated.
#[derive(Debug, Clone)]
pub struct World {
    /// Path and content of each file.
    pub files: Vec<(String, String)>,
    /// What really happened.
    pub truth: Truth,
}

/// What really happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Every failed request, in the order of arrival.
    pub failures: Vec<Failed>,
    /// The clock of each backend, by the folder of its logs.
    pub clocks: BTreeMap<String, Clock>,
    /// Length of the traffic, seconds.
    pub length_s: f64,
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// The proxy's line.
    pub access: LineRef,
    /// The backend's line, if it wrote one.
    pub backend: Option<LineRef>,
    /// The message of the application that the request wrote, if it did.
    pub message: Option<LineRef>,
    /// Status that the client got.
    pub status: u16,
}

/// A clock, against the proxy's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clock {
    /// Offset in the middle of the traffic, seconds.
    pub middle_s: f64,
    /// Drift, millionths.
    pub drift_ppm: f64,
    /// Steps: seconds after the start, and by how much.
    pub steps: Vec<(f64, f64)>,
}

/// Generates the files of a scenario.
pub fn generate(s: &Scenario) -> World {
    let requests = traffic::draw(s);
    let mut files = vec![front::configuration(s)];
    // The lines of each request: the proxy's, the backend's, and what the application says.
    let mut own: Vec<[Option<LineRef>; 3]> = vec![[None, None, None]; requests.len()];
    let logs = [front::logs(s, &requests), back::logs(s, &requests), back::messages(s, &requests)];
    for (side, log) in
        logs.into_iter().enumerate().flat_map(|(side, logs)| logs.into_iter().map(move |l| (side, l)))
    {
        let mut lines = log.lines;
        // Each is written when its request ends; in the order of arrival where two end at once.
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut text = String::new();
        for (i, (_, number, line)) in lines.iter().enumerate() {
            text.push_str(line);
            text.push('\n');
            if let Some(n) = number {
                own[*n][side] = Some(LineRef { file: log.path.clone(), line: i as u64 + 1 });
            }
        }
        files.push((log.path, text));
    }
    let failures = requests.iter().zip(own).filter(|(r, _)| r.fate.is_failure()).filter_map(
        |(r, [access, backend, message])| {
            Some(Failed { access: access?, backend, message, status: front::status(s.front, r) })
        },
    );
    let length_s = requests.last().map_or(0.0, |r| r.end);
    let clocks = s.clocks.iter().enumerate().map(|(i, c)| {
        let folder = back::path(i).split('/').nth(1).unwrap_or_default().to_string();
        let clock = Clock { middle_s: c.at(length_s / 2.0), drift_ppm: c.drift_ppm, steps: c.steps.clone() };
        (folder, clock)
    });
    World { truth: Truth { failures: failures.collect(), clocks: clocks.collect(), length_s }, files }
}

impl World {
    /// Writes the files, and `truth.json`, below a folder.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (path, text) in &self.files {
            let file = folder.join(path);
            std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
            std::fs::write(file, text)?;
        }
        std::fs::write(folder.join("truth.json"), serde_json::to_string_pretty(&self.truth)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(world: &'a World, at: &LineRef) -> &'a str {
        let (_, text) = world.files.iter().find(|(p, _)| *p == at.file).unwrap();
        text.lines().nth(at.line as usize - 1).unwrap()
    }

    #[test]
    fn the_truth_names_lines_with_the_same_id() {
        for front in [Front::Nginx, Front::Haproxy, Front::Apache] {
            for stamps in [Stamps::Seconds, Stamps::Millis] {
                let s = Scenario {
                    front,
                    stamps,
                    ids: true,
                    failing: 0.3,
                    requests: 1000,
                    ..Scenario::default()
                };
                let world = generate(&s);
                let requests = traffic::draw(&s);
                let failed: Vec<_> = requests.iter().filter(|r| r.fate.is_failure()).collect();
                assert_eq!(failed.len(), world.truth.failures.len());
                for (r, f) in failed.iter().zip(&world.truth.failures) {
                    assert!(line(&world, &f.access).contains(&r.id));
                    assert!(line(&world, &f.access).contains(&f.status.to_string()));
                    assert_eq!(f.backend.is_some(), r.fate.is_logged());
                    assert!(f.backend.as_ref().is_none_or(|at| line(&world, at).contains(&r.id)));
                }
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let s = Scenario { requests: 300, ..Scenario::default() };
        assert_eq!(generate(&s).files, generate(&s).files);
        assert_ne!(generate(&s).files, generate(&Scenario { seed: 2, ..s }).files);
    }

    #[test]
    fn clocks_show_in_the_stamps() {
        let clocks = vec![TrueClock { offset_s: -3600.0, ..TrueClock::default() }];
        let world = generate(&Scenario { requests: 50, clocks, ..Scenario::default() });
        let (_, backend) = world.files.iter().find(|(p, _)| p.contains("node-a")).unwrap();
        assert!(backend.lines().all(|l| l.contains("[21/Nov/2026:01:00:0")), "{backend}");
        assert_eq!(world.truth.clocks["node-a"].middle_s, -3600.0);
    }

    #[test]
    fn written_files_can_be_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let world = generate(&Scenario { requests: 20, ..Scenario::default() });
        world.write(folder.path()).unwrap();
        for (path, text) in &world.files {
            assert_eq!(std::fs::read_to_string(folder.path().join(path)).unwrap(), *text);
        }
        let truth: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
        assert_eq!(truth["clocks"]["node-a"]["middle_s"], 0.0);
    }
}
