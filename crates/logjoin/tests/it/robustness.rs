//! No input makes it panic, and no input makes a line vanish.

use proptest::prelude::*;

use crate::ledger::check;
use crate::world::{World, recordings};

fn survives(name: &str, world: &World) {
    let analysis = world.analyze();
    check(name, world, &analysis);
    let t = &analysis.totals;
    assert_eq!(t.by_cause.values().sum::<u64>(), t.failures, "{name}");
}

#[test]
fn nothing_at_all() {
    survives("no file", &World::default());
    survives("empty files", &World::of(&[("a/access.log", b""), ("a/error.log", b""), ("b.log", b"")]));
    survives("only line ends", &World::of(&[("a.log", b"\n\n\r\n\n")]));
}

#[test]
fn what_is_no_log() {
    let nuls = vec![0; 100_000];
    let one_line = vec![b'x'; 300_000];
    let high: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    let files: [(&str, &[u8]); 3] =
        [("a/nuls.log", &nuls), ("b/long.log", &one_line), ("c/bytes.bin", &high)];
    survives("no logs", &World::of(&files));
}

#[test]
fn formats_mixed_in_one_file() {
    for (name, mut world) in recordings("scenarios") {
        // Line by line from every file in turn, as a careless `sort` or one shared pipe gives them.
        let files: Vec<Vec<&[u8]>> =
            world.logs.iter().map(|f| f.bytes.split_inclusive(|b| *b == b'\n').take(60).collect()).collect();
        let longest = files.iter().map(Vec::len).max().unwrap_or(0);
        let mixed: Vec<u8> = (0..longest)
            .flat_map(|i| files.iter().filter_map(move |f| f.get(i)))
            .flat_map(|l| l.iter().copied())
            .collect();
        drop(files);
        world.logs.truncate(1);
        world.logs[0].bytes = mixed;
        survives(&name, &world);
    }
}

#[test]
fn files_that_end_or_begin_anywhere() {
    for (name, world) in recordings("scenarios") {
        for (cut_first, cut_last) in [(0, 1), (1, 0), (37, 41), (211, 0)] {
            let mut damaged = world.clone();
            for f in &mut damaged.logs {
                let end = f.bytes.len().saturating_sub(cut_last);
                f.bytes.truncate(end);
                f.bytes.drain(..cut_first.min(end));
                // The middle is enough to reach every path, and keeps the test quick.
                f.bytes.truncate(20_000);
            }
            survives(&name, &damaged);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(a in proptest::collection::vec(any::<u8>(), 0..2000), b in "[ -~\n]{0,600}") {
        survives("random", &World::of(&[("edge/access.log", &a), ("app/app.log", b.as_bytes())]));
    }

    #[test]
    fn damaged_lines(seed in any::<u64>(), with in any::<u8>(), lines in 1_usize..80) {
        let mut world = small_world(lines);
        let mut state = seed | 1;
        for f in &mut world.logs {
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % f.bytes.len().max(1);
                match state % 3 {
                    0 => f.bytes.truncate(at),
                    1 if at < f.bytes.len() => f.bytes[at] = with,
                    _ => f.bytes.insert(at.min(f.bytes.len()), with),
                }
            }
        }
        survives("damaged", &world);
    }
}

/// Some lines of each file of one recording, around its first failures.
fn small_world(lines: usize) -> World {
    static WHOLE: std::sync::OnceLock<World> = std::sync::OnceLock::new();
    let whole = WHOLE.get_or_init(|| recordings("scenarios").into_iter().next().expect("a recording").1);
    let mut world = whole.clone();
    for f in &mut world.logs {
        let all: Vec<&[u8]> = f.bytes.split_inclusive(|b| *b == b'\n').collect();
        let from = all.len() / 3;
        f.bytes = all.into_iter().skip(from).take(lines).flatten().copied().collect();
    }
    world
}
