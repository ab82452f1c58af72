//! What must hold whatever the traffic is: tested on small scenarios.

use std::collections::BTreeMap;
use std::path::Path;

use logjoin::analysis::LineRef;
use logjoin::{Analysis, Options};

use crate::accuracy::said::Said;
use crate::generate::{Scenario, Stamps, TrueClock, World, generate};

fn analyze(world: &World, folder: &Path) -> Analysis {
    world.write(folder).unwrap();
    logjoin_files::analyze(&[folder.join("logs"), folder.join("conf")], &[], Options::default()).0
}

/// The joins of each failure, by the proxy's line.
fn joins(analysis: &Analysis, folder: &Path) -> BTreeMap<LineRef, Vec<LineRef>> {
    let said = Said::new(analysis, &folder.to_string_lossy());
    said.failures.into_iter().map(|f| (f.at, f.backend.into_iter().map(|(at, _)| at).collect())).collect()
}

fn small(stamps: Stamps, offset_s: f64) -> Scenario {
    let clock = |offset_s| TrueClock { offset_s, ..TrueClock::default() };
    Scenario {
        requests: 1500,
        failing: 0.06,
        stamps,
        clocks: vec![clock(offset_s), clock(0.0)],
        ..Scenario::default()
    }
}

fn offset(analysis: &Analysis, instance: &str) -> f64 {
    let c = analysis.clocks.iter().find(|c| c.source == instance).expect(instance);
    c.offset_s.expect("a fitted clock") + c.zone_error_s as f64
}

#[test]
fn a_shifted_source_moves_its_clock_and_nothing_else() {
    for stamps in [Stamps::Seconds, Stamps::Millis] {
        let folder = tempfile::tempdir().unwrap();
        let still = analyze(&generate(&small(stamps, 0.0)), &folder.path().join("still"));
        let plain = joins(&still, &folder.path().join("still"));
        assert!(plain.values().filter(|j| !j.is_empty()).count() > 30, "{plain:?}");
        for by in [-7_212.0, -5.0, 3.0, 61.0, 19_800.0] {
            let at = folder.path().join(by.to_string());
            let moved = analyze(&generate(&small(stamps, by)), &at);
            assert_eq!(joins(&moved, &at), plain, "{stamps:?} {by}");
            let error = offset(&moved, "node-a") - offset(&still, "node-a") - by;
            assert!(error.abs() < 0.011, "{stamps:?} {by}: {error}");
            assert_eq!(offset(&moved, "node-b"), offset(&still, "node-b"), "{stamps:?} {by}");
            let times = |a: &Analysis| a.failures.iter().map(|f| f.time).collect::<Vec<_>>();
            assert_eq!(times(&moved), times(&still));
        }
    }
}

#[test]
fn without_ids_joins_become_ambiguous_and_not_wrong() {
    for stamps in [Stamps::Seconds, Stamps::Millis] {
        let folder = tempfile::tempdir().unwrap();
        let base = Scenario { rate: 200.0, ..small(stamps, 41.0) };
        let (a, b) = (folder.path().join("ids"), folder.path().join("none"));
        let with = joins(&analyze(&generate(&Scenario { ids: true, ..base.clone() }), &a), &a);
        let without = joins(&analyze(&generate(&base), &b), &b);
        let (mut same, mut other) = (0, 0);
        for (at, lines) in &without {
            for line in lines {
                let is_right = with.get(at).is_some_and(|w| w.contains(line));
                (same, other) = (same + u32::from(is_right), other + u32::from(!is_right));
            }
        }
        assert!(same > 30 && other * 50 <= same, "{stamps:?}: {other} of {} differ", same + other);
    }
}

#[test]
fn a_step_is_found_where_it_happened() {
    for (stamps, by) in [(Stamps::Millis, -30.0), (Stamps::Seconds, 8.0)] {
        let folder = tempfile::tempdir().unwrap();
        let mut s = Scenario { requests: 6000, ..small(stamps, 0.4) };
        s.clocks[0].steps = vec![(55.0, by)];
        let analysis = analyze(&generate(&s), folder.path());
        let clock = analysis.clocks.iter().find(|c| c.source == "node-a").unwrap();
        assert_eq!(clock.steps.len(), 1, "{clock:?}");
        let place = clock.steps[0].at.seconds() - s.start as f64;
        assert!((place - 55.0).abs() < 3.0 && (clock.steps[0].by_s - by).abs() < 0.1, "{clock:?}");
        let still = analysis.clocks.iter().find(|c| c.source == "node-b").unwrap();
        assert!(still.steps.is_empty(), "{still:?}");
    }
}

#[test]
fn an_anchor_tells_a_clock_that_nothing_else_tells() {
    let folder = tempfile::tempdir().unwrap();
    // Too few requests for a fit.
    let s = Scenario { requests: 6, failing: 0.0, ..small(Stamps::Millis, 41.0) };
    let world = generate(&s);
    world.write(folder.path()).unwrap();
    let line = |file: &str, line| logjoin::options::LineAt { file: logjoin::Pattern::new(file), line };
    // The first line of node-a is about the proxy's line with the same target.
    let text = |name: &str| &world.files.iter().find(|(p, _)| p.ends_with(name)).unwrap().1;
    let target = text("node-a/access.log").lines().next().unwrap();
    let target = target.split("\"path\":\"").nth(1).unwrap().split('"').next().unwrap();
    let same = |l: &&str| l.contains(&format!(" {target} "));
    let proxy = text("edge/access.log").lines().position(|l| same(&l)).unwrap() as u64 + 1;
    let paths = [folder.path().join("logs"), folder.path().join("conf")];
    let options = Options {
        anchors: vec![(line("edge/access.log", proxy), line("node-a/access.log", 1))],
        ..Options::default()
    };
    let untold = logjoin_files::analyze(&paths, &[], Options::default()).0;
    let of = |a: &Analysis| a.clocks.iter().find(|c| c.source == "node-a").cloned().unwrap();
    assert_eq!((of(&untold).state.as_str(), of(&untold).offset_s), ("too-few-samples", None));
    let told = of(&logjoin_files::analyze(&paths, &[], options).0);
    assert_eq!(told.state, logjoin::analysis::ClockState::Told);
    assert!((told.offset_s.unwrap() - 41.0).abs() < 0.01, "{told:?}");
}
