//! The same input gives the same bytes out, whatever the order of arguments, the cuts and the threads.

use logjoin::{FileScan, finish};
use rayon::prelude::*;

use crate::world::{World, json, recordings};

/// A small generator with a seed: the tests themselves must give the same result every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Places between lines, about one in `every`.
pub fn cuts(bytes: &[u8], seed: u64, every: usize) -> Vec<usize> {
    let mut dice = Dice(seed);
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1);
    ends.filter(|_| dice.below(every) == 0).collect()
}

fn all() -> Vec<(String, World)> {
    ["scenarios", "clean"].into_iter().flat_map(recordings).collect()
}

#[test]
fn order_of_files_and_scans_does_not_matter() {
    for (name, world) in all() {
        let expected = json(&world.analyze());
        let mut dice = Dice(0x5eed);
        let mut shuffled = world.clone();
        dice.shuffle(&mut shuffled.logs);
        dice.shuffle(&mut shuffled.configs);
        let plan = shuffled.plan();
        let mut scans: Vec<FileScan> =
            (0..shuffled.logs.len()).map(|i| shuffled.scan(&plan, i, |_| Vec::new())).collect();
        dice.shuffle(&mut scans);
        assert!(json(&finish(&plan, scans)) == expected, "{name}: another order, another analysis");
    }
}

#[test]
fn cuts_between_lines_do_not_matter() {
    for (name, world) in all() {
        let expected = json(&world.analyze());
        let plan = world.plan();
        for (seed, every) in [(1, 1), (2, 7), (3, 100)] {
            let scans = (0..world.logs.len()).map(|i| world.scan(&plan, i, |b| cuts(b, seed, every)));
            assert!(
                json(&finish(&plan, scans.collect())) == expected,
                "{name}: cut about every {every} lines"
            );
        }
    }
}

#[test]
fn number_of_threads_does_not_matter() {
    for (name, world) in all() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let plan = world.plan();
                let files: Vec<usize> = (0..world.logs.len()).collect();
                let scans = files.par_iter().map(|i| world.scan(&plan, *i, |b| cuts(b, 9, 50))).collect();
                json(&finish(&plan, scans))
            })
        };
        assert!(run(1) == run(4), "{name}: 1 and 4 threads differ");
    }
}

#[test]
fn the_published_form_can_be_read_back() {
    for (name, world) in all() {
        let analysis = world.analyze();
        let back: logjoin::Analysis = serde_json::from_str(&json(&analysis)).expect("the published form");
        assert_eq!(json(&back), json(&analysis), "{name}");
    }
}
