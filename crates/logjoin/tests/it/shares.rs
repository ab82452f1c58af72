//! Shares of time, judged apart from each other and put together in any order: the same bytes however the lines were split, and the
//! verdicts of a look at everything.

use std::collections::BTreeMap;

use logjoin::{Analysis, Frame, Options, Partial, PartialError, Plan, Share, Verdicts, correlate};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fold::verdicts;
use crate::partial::parts;
use crate::world::{World, json, recordings};

fn options(rows: usize) -> Options {
    Options { slice_rows: rows, window_s: 10.0, ..Options::default() }
}

/// Stored and read again.
fn sent<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).expect("it serialises")).expect("it is read")
}

/// Numbers by which things are mixed up.
fn shuffle<T>(list: &mut [T], seed: u64) {
    let mut seed = seed | 1;
    for i in (1..list.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(i, (seed >> 33) as usize % (i + 1));
    }
}

fn shares(plan: &Plan, parts: &[(usize, u64, &[u8])]) -> (Frame, Vec<Share>) {
    let mut all = Partial::new(plan, []);
    for (file, line, bytes) in parts {
        all.merge(Partial::of_lines(plan, *file, *line, bytes)).expect("other lines");
    }
    all.shares(plan).expect("the same plan")
}

/// Each step in one piece, nothing stored.
fn plainly(world: &World, plan: &Plan) -> (Analysis, usize) {
    let (frame, shares) = shares(plan, &parts(world, plan, &[]));
    let n = shares.len();
    assert_eq!(n, frame.shares());
    let mut all = Verdicts::new(&frame);
    for share in shares {
        all.merge(correlate(plan, &frame, share).expect("its frame")).expect("another share");
    }
    (all.finish(plan, &frame).expect("all shares"), n)
}

#[test]
fn split_anywhere_and_merged_in_any_order() {
    let mut most = 0;
    for (name, world) in ["scenarios", "clean"].into_iter().flat_map(recordings) {
        // Some ten shares.
        let lines: usize = world.logs.iter().map(|l| memchr::memchr_iter(b'\n', &l.bytes).count()).sum();
        let plan = world.plan_with(options(lines / 8 + 1));
        let (expected, n) = plainly(&world, &plan);
        let expected = json(&expected);
        most = most.max(n);
        let cut = (0usize..1000, 0usize..100_000);
        let cases = (proptest::collection::vec(cut, 0..20), any::<u64>());
        let config = Config { cases: 1, failure_persistence: None, ..Config::default() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let ran = TestRunner::new_with_rng(config, rng).run(&cases, |(cuts, seed)| {
            let mut parts = parts(&world, &plan, &cuts);
            shuffle(&mut parts, seed);
            let mut all = Partial::new(&plan, []);
            for (file, line, bytes) in parts {
                all.merge(sent(&Partial::of_lines(&plan, file, line, bytes))).expect("other lines");
            }
            let (frame, mut shares) = all.shares(&plan).expect("the same plan");
            let frame: Frame = sent(&frame);
            shuffle(&mut shares, seed);
            let mut judged: Vec<Verdicts> =
                shares.iter().map(|s| sent(&correlate(&plan, &frame, sent(s)).expect("its frame"))).collect();
            // (a + b) + (c + (d + ...))
            let mut rest = Verdicts::new(&frame);
            for one in judged.split_off(judged.len() / 2).into_iter().rev() {
                let mut next = one;
                next.merge(rest).expect("another share");
                rest = next;
            }
            let mut all = Verdicts::new(&frame);
            for one in judged {
                all.merge(one).expect("another share");
            }
            all.merge(rest).expect("the other shares");
            let got = json(&sent(&all).finish(&plan, &sent(&frame)).expect("all shares"));
            prop_assert!(got == expected, "{name}: another analysis");
            Ok(())
        });
        ran.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    assert!(most > 5, "{most} shares at most");
}

#[test]
fn the_verdicts_are_those_of_a_look_at_everything() {
    let (mut same, mut all) = (0, 0);
    for (name, world) in ["scenarios", "clean"].into_iter().flat_map(recordings) {
        let whole = world.analyze_with(options(1_000_000));
        for rows in [300, 1_000_000] {
            let (part, n) = plainly(&world, &world.plan_with(options(rows)));
            assert_eq!(part.ledger, whole.ledger, "{name}");
            assert_eq!(part.totals.requests, whole.totals.requests, "{name}");
            assert_eq!(part.totals.by_status, whole.totals.by_status, "{name}");
            let counted = |a: &Analysis| {
                let mut sums: BTreeMap<(String, Option<String>), (u64, u64)> = BTreeMap::new();
                for t in &a.traffic {
                    let sum = sums.entry((t.source.clone(), t.server.clone())).or_default();
                    t.points.iter().for_each(|p| *sum = (sum.0 + p.requests, sum.1 + p.failures));
                }
                sums
            };
            assert_eq!(counted(&part), counted(&whole), "{name}: {n} shares");
            let (part, whole) = (verdicts(&part), verdicts(&whole));
            assert!(part.keys().eq(whole.keys()), "{name}: {n} shares: other failures");
            if n == 1 {
                assert!(part == whole, "{name}: one share");
            }
            all += whole.len();
            same += whole.iter().filter(|(at, verdict)| part[*at] == **verdict).count();
        }
    }
    assert!(same * 100 >= all * 99, "{same} of {all} verdicts are the same");
}

#[test]
fn lines_outside_a_range_are_counted_once() {
    for (name, world) in recordings("scenarios") {
        let whole = world.analyze();
        let Some(middle) = whole.failures.get(whole.failures.len() / 2).map(|f| f.time.0) else { continue };
        let range = |rows| Options {
            since_ns: Some(middle - 20_000_000_000),
            until_ns: Some(middle + 20_000_000_000),
            margin_ns: Some(30_000_000_000),
            ..options(rows)
        };
        let whole = world.analyze_with(range(1_000_000));
        let (part, n) = plainly(&world, &world.plan_with(range(200)));
        assert_eq!(part.ledger, whole.ledger, "{name}: {n} shares");
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    let (_, world) = recordings("scenarios").swap_remove(0);
    let (plan, other) = (world.plan_with(options(100)), world.plan_with(options(150)));
    let (frame, mut list) = shares(&plan, &parts(&world, &plan, &[]));
    let (other_frame, mut others) = shares(&other, &parts(&world, &other, &[]));
    assert!(list.len() > 2 && others.len() > 1);
    assert_eq!((list[1].number(), frame.shares()), (1, list.len()));
    let err = |r: Result<Verdicts, PartialError>| r.expect_err("they do not go together");
    assert_eq!(err(correlate(&plan, &frame, others.swap_remove(0))), PartialError::Plan);
    let mut one = correlate(&plan, &frame, list.swap_remove(0)).expect("its frame");
    let foreign = correlate(&other, &other_frame, others.swap_remove(0)).expect("its frame");
    assert_eq!(one.merge(foreign), Err(PartialError::Plan));
    assert_eq!(one.merge(sent(&one)), Err(PartialError::TwiceShare(0)));
    let missing = one.finish(&plan, &frame).expect_err("others are missing");
    assert_eq!((missing, missing.to_string()), (PartialError::MissingShare(1), "share 1 is missing".into()));
    // What was stored may have been changed.
    let text = serde_json::to_string(&correlate(&plan, &frame, list.swap_remove(0)).expect("its frame"));
    let text = text.expect("it serialises").replace("\"request\":", "\"request\":9");
    if let Ok(wrong) = serde_json::from_str::<Verdicts>(&text) {
        let mut all = Verdicts::new(&frame);
        all.merge(wrong).expect("a share");
        assert!(all.finish(&plan, &frame).is_err());
    }
}
