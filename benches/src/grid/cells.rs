//! The cells of the grid.

use crate::generate::{Front, Scenario, Stamps, TrueClock};

/// A scenario with its name and the table it belongs to.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Title of the table.
    pub table: &'static str,
    /// What is special about it; no two cells share one.
    pub name: String,
    /// The scenario.
    pub scenario: Scenario,
}

/// The full crossing, before nginx.
pub const MAIN: &str = "Rate, stamps, skew, drift and ids";
/// Other proxies.
pub const FRONTS: &str = "Other proxies, and a format that only the configuration explains";
/// Hours instead of minutes.
pub const LONG: &str = "Drift over hours";
/// Clocks that were stepped.
pub const STEPS: &str = "Steps";
/// Few URLs, slow backends, bursts of failures.
pub const HARD: &str = "Requests that look alike";

/// Three backends: one with the skew and the drift, one that is right, and one that is wrong the other way.
fn clocks(offset_s: f64, drift_ppm: f64) -> Vec<TrueClock> {
    let clock = |offset_s, drift_ppm| TrueClock { offset_s, drift_ppm, steps: Vec::new() };
    vec![clock(offset_s, drift_ppm), clock(0.0, 0.0), clock(-offset_s / 3.0, -drift_ppm)]
}

fn stamp(s: Stamps) -> &'static str {
    if s == Stamps::Seconds { "1s" } else { "1ms" }
}

fn id(ids: bool) -> &'static str {
    if ids { "ids" } else { "noids" }
}

/// All cells, table by table.
pub fn cells() -> Vec<Cell> {
    let mut all = Vec::new();
    let mut add = |table: &'static str, name: String, scenario: Scenario| {
        // Every cell has traffic of its own.
        let seed = 1 + all.len() as u64;
        all.push(Cell { table, name, scenario: Scenario { seed, ..scenario } });
    };
    let both = [Stamps::Seconds, Stamps::Millis];
    for rate in [50.0, 500.0] {
        for stamps in both {
            for skew in [0.0, 1.7, 41.0, -3600.0] {
                for drift in [0.0, 50.0] {
                    for ids in [true, false] {
                        let name = format!("{rate}/s-{}-{skew}s-{drift}ppm-{}", stamp(stamps), id(ids))
                            .replace('/', "p");
                        let clocks = clocks(skew, drift);
                        add(MAIN, name, Scenario { rate, stamps, clocks, ids, ..Scenario::default() });
                    }
                }
            }
        }
    }
    for (front, name) in [(Front::Haproxy, "haproxy"), (Front::Apache, "apache")] {
        for stamps in both {
            for skew in [0.0, 41.0] {
                for ids in [true, false] {
                    let name = format!("{name}-{}-{skew}s-{}", stamp(stamps), id(ids));
                    add(
                        FRONTS,
                        name,
                        Scenario { front, stamps, clocks: clocks(skew, 0.0), ids, ..Scenario::default() },
                    );
                }
            }
        }
    }
    for ids in [true, false] {
        let own = Scenario {
            own_format: true,
            stamps: Stamps::Millis,
            clocks: clocks(41.0, 0.0),
            ids,
            ..Scenario::default()
        };
        add(FRONTS, format!("nginx-own-format-1ms-41s-{}", id(ids)), own);
    }
    for rate in [2.0, 0.2] {
        for stamps in both {
            for drift in [20.0, 200.0] {
                let name = format!("{rate}ps-{}-{drift}ppm", stamp(stamps));
                add(LONG, name, Scenario { rate, stamps, clocks: clocks(1.7, drift), ..Scenario::default() });
            }
        }
    }
    for stamps in both {
        for (name, steps) in [
            ("2.5s", vec![(120.0, 2.5)]),
            ("-30s", vec![(60.0, -30.0)]),
            ("1h-and-back", vec![(60.0, 3600.0), (140.0, -3600.0)]),
        ] {
            let mut clocks = clocks(1.7, 0.0);
            clocks[0].steps = steps;
            let name = format!("step-{name}-{}", stamp(stamps));
            add(STEPS, name, Scenario { stamps, clocks, ..Scenario::default() });
        }
    }
    for stamps in both {
        let hard = Scenario { stamps, clocks: clocks(41.0, 0.0), ..Scenario::default() };
        let name = |what: &str| format!("{what}-{}", stamp(stamps));
        add(HARD, name("5-urls"), Scenario { urls: 5, ..hard.clone() });
        add(HARD, name("1-agent"), Scenario { agents: 1, ..hard.clone() });
        add(HARD, name("no-bytes"), Scenario { bytes: false, ..hard.clone() });
        add(HARD, name("no-bytes-500ps"), Scenario { bytes: false, rate: 500.0, ..hard.clone() });
        add(HARD, name("slow-backends"), Scenario { duration: (0.6, 0.9), ..hard.clone() });
        add(HARD, name("a-third-fails"), Scenario { failing: 0.33, ..hard.clone() });
        add(HARD, name("few-requests"), Scenario { requests: 300, rate: 5.0, failing: 0.1, ..hard });
    }
    all
}
