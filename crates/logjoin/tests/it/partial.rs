//! Partial results of some files and some lines of files, merged in any order: the bytes of the single run.

use logjoin::{Analysis, FileScanner, Partial, PartialError, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::{World, json, recordings};

/// Pieces of every file: number of the file, of its first line, and the lines.
pub fn parts<'b>(world: &'b World, plan: &Plan, cuts: &[(usize, usize)]) -> Vec<(usize, u64, &'b [u8])> {
    let mut out = Vec::new();
    for (file, path) in plan.paths().enumerate() {
        let bytes = world.bytes(path);
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes).map(|i| i + 1).collect();
        let mut lines: Vec<usize> =
            cuts.iter().filter(|c| c.0 % world.logs.len() == file).map(|c| c.1 % (ends.len() + 1)).collect();
        lines.extend([0, ends.len()]);
        lines.sort_unstable();
        let start = |line: usize| if line == 0 { 0 } else { ends[line - 1] };
        for w in lines.windows(2) {
            let end = if w[1] == ends.len() { bytes.len() } else { start(w[1]) };
            out.push((file, w[0] as u64 + 1, &bytes[start(w[0])..end]));
        }
    }
    out
}

/// Stored and read again.
fn sent(partial: &Partial) -> Partial {
    serde_json::from_str(&serde_json::to_string(partial).expect("rows serialise")).expect("rows are read")
}

/// ((a + b) + c) + ..., or (a + (b + (c + ...))), each part through its stored form.
fn merged(plan: &Plan, parts: &[Partial], from_the_left: bool) -> Partial {
    let mut all = Partial::new(plan, []);
    if from_the_left {
        parts.iter().for_each(|p| all.merge(sent(p)).expect("parts of one plan"));
    } else {
        for p in parts.iter().rev() {
            let mut next = sent(p);
            next.merge(all).expect("parts of one plan");
            all = next;
        }
    }
    all
}

fn finished(plan: &Plan, partial: Partial) -> Analysis {
    partial.finish(plan).expect("the same plan")
}

#[test]
fn any_split_merged_in_any_order_is_the_single_run() {
    for (name, world) in ["scenarios", "clean"].into_iter().flat_map(recordings) {
        let plan = world.plan();
        let expected = json(&world.analyze());
        let cut = (0usize..1000, 0usize..100_000);
        let cases = (proptest::collection::vec(cut, 0..40), any::<u64>());
        let mut runner = TestRunner::new_with_rng(
            Config { cases: 3, failure_persistence: None, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let ran = runner.run(&cases, |(cuts, order)| {
            let mut parts: Vec<Partial> = parts(&world, &plan, &cuts)
                .into_iter()
                .map(|(file, line, bytes)| Partial::of_lines(&plan, file, line, bytes))
                .collect();
            // An order of their own.
            let mut seed = order | 1;
            for i in (1..parts.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                parts.swap(i, (seed >> 33) as usize % (i + 1));
            }
            for from_the_left in [true, false] {
                let got = json(&finished(&plan, merged(&plan, &parts, from_the_left)));
                prop_assert!(got == expected, "{}: another analysis", name);
            }
            Ok(())
        });
        ran.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn one_hour_after_the_other() {
    for (name, world) in recordings("scenarios") {
        let plan = world.plan();
        // The lines of the first half of each file, and those of the second, as two nights' runs would have them.
        let halves = |second: bool| {
            let mut all = Partial::new(&plan, []);
            for (file, path) in plan.paths().enumerate() {
                let bytes = world.bytes(path);
                let lines = memchr::memchr_iter(b'\n', bytes).count();
                let cut = memchr::memchr_iter(b'\n', bytes).nth(lines / 2).map_or(0, |i| i + 1);
                let (line, bytes) = match second {
                    false => (1, &bytes[..cut]),
                    true => (memchr::memchr_iter(b'\n', &bytes[..cut]).count() as u64 + 1, &bytes[cut..]),
                };
                all.merge(Partial::of_lines(&plan, file, line, bytes)).expect("other lines");
            }
            all
        };
        let expected = json(&world.analyze());
        for (first, second) in [(false, true), (true, false)] {
            let mut all = halves(first);
            all.merge(halves(second)).expect("other lines");
            assert!(json(&finished(&plan, all)) == expected, "{name}");
        }
    }
}

#[test]
fn no_line_is_in_two_parts() {
    let log =
        b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET / HTTP/1.1\" 504 150 \"-\" \"curl\"\n".repeat(9);
    let world = World::of(&[("access.log", &log)]);
    let plan = world.plan();
    let lines = |first: u64, n: usize| Partial::of_lines(&plan, 0, first, &log[..log.len() / 9 * n]);
    for (a, b) in [((1, 3), (3, 2)), ((3, 2), (1, 3)), ((1, 9), (4, 1)), ((4, 1), (1, 9)), ((2, 2), (2, 2))] {
        let mut all = lines(a.0, a.1);
        assert_eq!(all.merge(lines(b.0, b.1)), Err(PartialError::Twice(0)), "{a:?} {b:?}");
    }
    let mut all = lines(1, 3);
    all.merge(lines(7, 3)).expect("other lines");
    all.merge(lines(4, 3)).expect("the lines between");
    let mut scanner = FileScanner::new(&plan, 0);
    scanner.push(1, &log);
    assert_eq!(all.merge(Partial::new(&plan, [scanner.finish()])), Err(PartialError::Twice(0)));
    assert_eq!(finished(&plan, all).totals.failures, 9);
    // What is missing is missing, and nothing else.
    let mut gap = lines(1, 3);
    gap.merge(lines(7, 3)).expect("other lines");
    assert_eq!(finished(&plan, gap).totals.failures, 6);
}
