//! The analysis in slices of time: a small input is one slice, and slices change neither what failed nor, but for the edges,
//! why.

use std::collections::BTreeMap;

use logjoin::{Analysis, Options};

use crate::determinism::cuts;
use crate::world::{World, json, recordings};

fn all() -> Vec<(String, World)> {
    ["scenarios", "clean"].into_iter().flat_map(recordings).collect()
}

fn sliced(rows: usize) -> Options {
    Options { slice_rows: rows, window_s: 10.0, ..Options::default() }
}

#[test]
fn one_slice_is_the_whole() {
    for (name, world) in all() {
        let expected = json(&world.analyze());
        for (seed, every) in [(1, 3), (2, 500)] {
            let got = world.fold(Options::default(), |b| cuts(b, seed, every));
            assert!(json(&got) == expected, "{name}: read side by side, cut about every {every} lines");
        }
    }
}

#[test]
fn slices_do_not_depend_on_cuts_and_threads() {
    for (name, world) in all() {
        let run = |threads: usize, seed: u64, every: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| json(&world.fold(sliced(50), |b| cuts(b, seed, every))))
        };
        let expected = run(1, 1, 1_000_000);
        assert!(run(4, 2, 2) == expected, "{name}: small pieces, four threads");
        assert!(run(2, 3, 90) == expected, "{name}: larger pieces, two threads");
    }
}

/// Of each failure, by its line: what the proxy saw, and why.
fn verdicts(a: &Analysis) -> BTreeMap<(String, u64), (String, String)> {
    let of = |f: &logjoin::analysis::Failure| {
        ((f.file.clone(), f.line), (f.mechanism.to_string(), f.cause.to_string()))
    };
    a.failures.iter().map(of).collect()
}

#[test]
fn slices_find_the_same_failures_and_nearly_always_the_same_causes() {
    let (mut same, mut all_failures) = (0, 0);
    for (name, world) in all() {
        let whole = world.analyze();
        for rows in [50, 400] {
            let part = world.fold(sliced(rows), |_| Vec::new());
            assert_eq!(part.ledger, whole.ledger, "{name}: {rows} rows a slice");
            assert_eq!(part.totals.requests, whole.totals.requests, "{name}: {rows}");
            assert_eq!(part.totals.by_status, whole.totals.by_status, "{name}: {rows}");
            assert_eq!(part.totals.failures, whole.totals.failures, "{name}: {rows}");
            assert_eq!(part.totals.by_mechanism, whole.totals.by_mechanism, "{name}: {rows}");
            assert_eq!(part.sources.len(), whole.sources.len());
            for (p, w) in part.sources.iter().zip(&whole.sources) {
                assert_eq!((&p.zone, p.start.is_some()), (&w.zone, w.start.is_some()), "{name}: {rows}");
            }
            let (part, whole) = (verdicts(&part), verdicts(&whole));
            assert!(part.keys().eq(whole.keys()), "{name}: {rows} rows a slice: other failures");
            all_failures += whole.len();
            same += whole.iter().filter(|(at, verdict)| part[*at] == **verdict).count();
        }
    }
    assert!(same * 100 >= all_failures * 97, "{same} of {all_failures} verdicts are the same");
}
