//! The analysis in slices of time: a small input is one slice, and slices change neither what failed nor, but for the edges,
//! why.

use std::collections::BTreeMap;

use logjoin::analysis::Incident;
use logjoin::{Analysis, Follow, Options, Partial, PartialError};

use crate::determinism::cuts;
use crate::world::{LogFile, World, json, pieces, recordings};

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
        let ahead = |threads: usize, every: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| json(&world.fold_ahead(sliced(50), |b| cuts(b, 4, every))))
        };
        assert!(ahead(1, 30) == expected, "{name}: read ahead, one thread");
        assert!(ahead(2, 1_000_000) == expected, "{name}: read ahead, two threads");
        assert!(run(2, 3, 90) == expected, "{name}: larger pieces, two threads");
    }
}

#[test]
fn lines_that_come_too_late_are_counted() {
    let line = |minute: u32, path: &str, status: u16| {
        format!(
            "192.0.2.{minute} - - [21/Nov/2026:02:{minute:02}:17 +0000] \"GET /{path} HTTP/1.1\" {status} 150 \"-\" \"curl\"\n"
        )
    };
    let mut log: String = (0..30).map(|m| line(m, "a", 200)).collect();
    // Two lines were written minutes after what they tell of.
    log.insert_str(log.len() - line(0, "a", 200).len(), &line(3, "late", 502).repeat(2));
    let file = LogFile {
        path: "web/access.log".into(),
        source: "web/access.log".into(),
        order: 0,
        bytes: log.into_bytes(),
    };
    let world = World { logs: vec![file], ..World::default() };
    let notes = |a: &Analysis| a.sources[0].assumptions.join(" ");
    let late = world.fold(sliced(5), |_| Vec::new());
    assert_eq!(late.totals.failures, 2, "they are judged all the same");
    assert!(
        notes(&late).contains("2 lines are more than 10 s behind lines before them, from line 30 on"),
        "{}",
        notes(&late)
    );
    let whole = world.fold(Options::default(), |_| Vec::new());
    assert_eq!(
        (whole.totals.failures, notes(&whole).contains("behind")),
        (2, false),
        "nothing was settled before"
    );
}

/// Of each failure, by its line: what the proxy saw, and why.
pub fn verdicts(a: &Analysis) -> BTreeMap<(String, u64), (String, String)> {
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

#[test]
fn what_no_failure_asks_for_changes_no_verdict() {
    let (mut same, mut all_failures) = (0, 0);
    for (name, world) in all() {
        let whole = world.analyze();
        let lean = |lean_rows| world.fold(Options { lean_rows, ..Options::default() }, |_| Vec::new());
        for rows in [400, 1000] {
            let part = lean(rows);
            assert_eq!(part.ledger, whole.ledger, "{name}: {rows}");
            let counted = |a: &Analysis| {
                let mut sums: BTreeMap<(String, Option<String>), (u64, u64)> = BTreeMap::new();
                for t in &a.traffic {
                    let sum = sums.entry((t.source.clone(), t.server.clone())).or_default();
                    t.points.iter().for_each(|p| *sum = (sum.0 + p.requests, sum.1 + p.failures));
                }
                (a.totals.requests, a.totals.by_status.clone(), sums)
            };
            assert!(counted(&part) == counted(&whole), "{name}: {rows}: other sums");
            let (part, whole) = (verdicts(&part), verdicts(&whole));
            assert!(part.keys().eq(whole.keys()), "{name}: {rows}: other failures");
            all_failures += whole.len();
            same += whole.iter().filter(|(at, verdict)| part[*at] == **verdict).count();
        }
    }
    assert!(same * 100 >= all_failures * 97, "{same} of {all_failures} verdicts are the same");
}

/// A range leaves aside what its own failures do not ask for, with the verdicts and the ledger of a look at everything.
#[test]
fn a_range_is_looked_at_as_leanly_as_all() {
    const SECOND: i64 = 1_000_000_000;
    let (mut same, mut all_failures) = (0, 0);
    for (name, world) in all() {
        let times: Vec<i64> = world.analyze().failures.iter().map(|f| f.time.0).collect();
        let Some(middle) = times.get(times.len() / 2) else { continue };
        for margin in [20 * SECOND, 3600 * SECOND] {
            let options = Options {
                since_ns: Some(middle - 30 * SECOND),
                until_ns: Some(middle + 30 * SECOND),
                margin_ns: Some(margin),
                ..Options::default()
            };
            let whole = world.analyze_with(options.clone());
            for slice_rows in [usize::MAX, 300] {
                let lean = Options { lean_rows: 100, slice_rows, ..options.clone() };
                let part = world.fold(lean, |_| Vec::new());
                let name = format!("{name}: margin {margin}, {slice_rows} rows a slice");
                assert!(part.ledger.holds() && part.ledger.lines == whole.ledger.lines, "{name}");
                let (part, whole) = (verdicts(&part), verdicts(&whole));
                all_failures += whole.len();
                same += whole.iter().filter(|(at, verdict)| part.get(at) == Some(verdict)).count();
                assert!(
                    part.len().abs_diff(whole.len()) * 50 <= whole.len().max(100),
                    "{name}: other failures"
                );
            }
        }
    }
    assert!(all_failures > 100 && same * 100 >= all_failures * 97, "{same} of {all_failures} are the same");
}

/// What an on-call engineer reads of an incident.
fn key(i: &Incident) -> (String, String, u64, String, Vec<String>) {
    let targets = i.episodes.iter().flat_map(|e| e.targets.clone()).collect();
    (i.start.to_string(), i.end.to_string(), i.failures, i.cause.to_string(), targets)
}

/// Pushes all files side by side in pieces of about `every` lines, and settles each minute.
pub fn followed(world: &World, options: Options, every: usize, settling: bool) -> (Vec<Incident>, Analysis) {
    const MINUTE: i64 = 60_000_000_000;
    let whole = world.analyze();
    let range = whole.sources.iter().filter_map(|s| Some((s.start?.0, s.end?.0)));
    let (from, to) = range.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0));
    let plan = world.plan_with(options);
    let mut follow = Follow::new(&plan);
    let mut told = Vec::new();
    // All of it lies in the past: one minute after the other is settled.
    for (file, path) in plan.paths().enumerate() {
        let bytes = world.bytes(path);
        for (line, piece) in pieces(bytes, &|b| cuts(b, 5, every)) {
            follow.push(file, line, piece);
        }
    }
    if settling {
        for minute in 0..=(to - from) / MINUTE + 10 {
            told.extend(follow.settle(from + minute * MINUTE));
        }
    }
    (told, follow.finish())
}

#[test]
fn following_and_reading_give_the_same() {
    for (name, world) in all() {
        let expected = world.analyze();
        let (told, analysis) = followed(&world, Options::default(), 40, false);
        assert!(json(&analysis) == json(&expected), "{name}: nothing was settled on the way");
        assert!(told.is_empty());

        let (mut told, analysis) = followed(&world, Options::default(), 40, true);
        assert!(verdicts(&analysis) == verdicts(&expected), "{name}: settled each minute");
        assert_eq!((analysis.ledger, &analysis.totals), (expected.ledger, &expected.totals), "{name}");
        let all: Vec<_> = expected.incidents.iter().map(key).collect();
        assert_eq!(analysis.incidents.iter().map(key).collect::<Vec<_>>(), all, "{name}");
        told.sort_by_key(|i| (std::cmp::Reverse(i.failures), i.start));
        assert_eq!(told.iter().map(key).collect::<Vec<_>>(), all, "{name}: each incident is told once");
    }
}

#[test]
fn what_comes_to_light_late_is_told() {
    let line = |minute: usize, second: usize, status: u16| {
        let time = format!("21/Nov/2026:02:{minute:02}:{second:02} +0000");
        format!("192.0.2.7 - - [{time}] \"GET /cart HTTP/1.1\" {status} 150 \"-\" \"curl\"\n")
    };
    let healthy: String = (0..360).map(|i| line(i / 12, i % 12 * 5, 200)).collect();
    let failed: String = (0..3).map(|i| line(1, i, 504)).collect();
    let world = World::of(&[("a/access.log", healthy.as_bytes()), ("b/access.log", failed.as_bytes())]);
    let plan = world.plan();
    let mut follow = Follow::new(&plan);
    let hours = |n: i64| 1_795_226_400_000_000_000 + n * 3_600_000_000_000; // after two o'clock
    follow.push(0, 1, healthy.as_bytes());
    assert!(follow.settle(hours(3)).is_empty());
    let cut = failed.len() / 3;
    follow.push(1, 1, &failed.as_bytes()[..cut]);
    assert_eq!(follow.settle(hours(4)).iter().map(|i| i.failures).collect::<Vec<_>>(), [1]);
    assert!(follow.settle(hours(5)).is_empty(), "told once");
    follow.push(1, 2, &failed.as_bytes()[cut..]);
    assert_eq!(follow.settle(hours(6)).iter().map(|i| i.failures).collect::<Vec<_>>(), [3], "as it is now");
    assert!(follow.settle(hours(7)).is_empty());
    assert_eq!(follow.finish().totals.failures, 3);
}

#[test]
fn what_is_forgotten_is_still_counted() {
    for (name, world) in recordings("scenarios") {
        let expected = world.analyze();
        let end = expected.sources.iter().filter_map(|s| s.end).max().expect("lines with stamps").0;
        let plan = world.plan();
        let mut follow = Follow::new(&plan);
        for (file, path) in plan.paths().enumerate() {
            follow.push(file, 1, world.bytes(path));
        }
        let told = follow.settle(end + 3_600_000_000_000);
        assert_eq!(told.len(), expected.incidents.len(), "{name}");
        follow.forget(end + 3_600_000_000_000);
        let analysis = follow.finish();
        assert_eq!(analysis.totals.by_status, expected.totals.by_status, "{name}");
        assert!(analysis.failures.is_empty() && analysis.incidents.is_empty(), "{name}");
    }
}

#[test]
fn partial_results_merge_in_any_order_to_the_same_bytes() {
    for (name, world) in all() {
        let plan = world.plan();
        let expected = json(&world.analyze());
        let files = world.logs.len();
        for (seed, parts) in [(1u64, 2), (2, 3), (3, files.max(1))] {
            // Every file goes to one of the parts, and every part through a serialised form.
            let part_of = |file: usize| (file as u64 * 7 + seed * 13) as usize % parts;
            let mut stored: Vec<String> = (0..parts)
                .map(|part| {
                    let mine = (0..files).filter(|f| part_of(*f) == part);
                    let scans = mine.map(|f| world.scan(&plan, f, |b| cuts(b, seed, 60)));
                    serde_json::to_string(&Partial::new(&plan, scans)).expect("rows serialise")
                })
                .collect();
            let read = |text: &String| serde_json::from_str::<Partial>(text).expect("rows are read back");
            stored.rotate_left(seed as usize % parts);
            // ((a + b) + c) and (c + (b + a)).
            let mut left = Partial::new(&plan, []);
            stored.iter().for_each(|p| left.merge(read(p)).expect("parts of one plan"));
            let mut right = Partial::new(&plan, []);
            for p in stored.iter().rev() {
                let mut next = read(p);
                next.merge(right).expect("parts of one plan");
                right = next;
            }
            assert_eq!(read(&stored[0]).merge(read(&stored[0])).is_err(), part_of_any(&stored[0]), "{name}");
            for all in [left, right] {
                let got = all.finish(&plan).expect("the same plan");
                assert!(json(&got) == expected, "{name}: {parts} parts, another analysis");
            }
        }
        let other = World::of(&[("other.log", b"x\n")]).plan();
        assert_eq!(Partial::new(&plan, []).finish(&other).unwrap_err(), PartialError::Plan, "{name}");
    }
}

/// Whether a stored part has any file.
fn part_of_any(stored: &str) -> bool {
    !stored.contains("\"files\":{}")
}
