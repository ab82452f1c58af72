//! The cells of the grid.

use crate::generate::{Front, Messages, Mix, Point, Scenario, Stamps, TrueClock};

/// A scenario with its name and the table it belongs to.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Title of the table.
    pub table: &'static str,
    /// What is special about it; no two cells share one.
    pub name: String,
    /// The scenario.
    pub scenario: Scenario,
    /// Which drawing of its traffic this is. The tables show the first; how sure joins are is measured over all of them.
    pub drawing: usize,
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

/// What leaves several lines that could be a request's own.
pub const OPEN: &str = "Joins that are often open";
/// Messages without a path or an id.
pub const MESSAGES: &str = "Messages that name no request";

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
        all.push(Cell { table, name, scenario: Scenario { seed, ..scenario }, drawing: 0 });
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
    for stamps in both {
        open(stamps, &mut add);
        messages(stamps, &mut add);
    }
    all.extend(again(&all));
    all
}

/// So often more is the traffic drawn in which joins are often in doubt: as often for either half.
const DRAWINGS: [(&str, usize); 2] = [(OPEN, 9), (MESSAGES, 9)];

/// Further drawings of the traffic of which joins are often in doubt.
fn again(first: &[Cell]) -> Vec<Cell> {
    let mut out = Vec::new();
    for (table, drawings) in DRAWINGS {
        let open = first.iter().filter(|c| c.table == table);
        for (cell, drawing) in open.flat_map(|c| (1..=drawings).map(move |d| (c, d))) {
            let seed = 1 + (first.len() + out.len()) as u64;
            let name = format!("{}-drawing-{drawing}", cell.name);
            out.push(Cell { name, scenario: Scenario { seed, ..cell.scenario.clone() }, drawing, ..*cell });
        }
    }
    out
}

/// No ids, and one or several of the things missing that tell requests apart.
fn open(stamps: Stamps, add: &mut impl FnMut(&'static str, String, Scenario)) {
    let many = Scenario {
        stamps,
        requests: 6000,
        failing: 0.1,
        clocks: clocks(1.7, 0.0),
        urls: 20,
        agents: 3,
        ..Scenario::default()
    };
    // Nothing but method, path and time.
    let bare = Scenario { agents: 1, bytes: false, durations: false, ..many.clone() };
    let absent = Mix { refused: 1.0, late: 2.0, closed: 2.0, silent: 4.0, answered: 1.0, lost: 4.0 };
    let mut add = |what: &str, scenario: Scenario| add(OPEN, format!("{what}-{}", stamp(stamps)), scenario);
    add("few-urls", Scenario { urls: 3, ..many.clone() });
    add("few-urls-bare", Scenario { urls: 3, ..bare.clone() });
    add("no-durations", Scenario { durations: false, ..many.clone() });
    add("crowd-bare", Scenario { rate: 300.0, ..bare.clone() });
    add("never-arrive", Scenario { mix: absent.clone(), ..many.clone() });
    add("never-arrive-bare", Scenario { mix: absent.clone(), ..bare.clone() });
    add("never-arrive-crowd", Scenario { mix: absent.clone(), rate: 300.0, ..many.clone() });
    add("one-address", Scenario { per_address: 3, ..many.clone() });
    add("one-address-bare", Scenario { per_address: 3, rate: 100.0, ..bare.clone() });
    add("few-clients", Scenario { clients: 4, forwarded: true, rate: 200.0, ..bare.clone() });
    add("direct", Scenario { direct: 0.3, ..many.clone() });
    add("direct-bare", Scenario { direct: 0.5, ..bare.clone() });
    add("direct-absent", Scenario { direct: 0.5, mix: absent, rate: 100.0, ..many.clone() });
    add("short", Scenario { requests: 150, rate: 5.0, failing: 0.3, ..many.clone() });
    add("short-bare", Scenario { requests: 300, failing: 0.3, ..bare.clone() });
    add("slow-bare", Scenario { duration: (0.8, 0.9), rate: 100.0, ..bare.clone() });
    add("apache-bare", Scenario { front: Front::Apache, rate: 100.0, ..bare.clone() });
    add("haproxy-bare", Scenario { front: Front::Haproxy, rate: 100.0, ..bare });
}

fn messages(stamps: Stamps, add: &mut impl FnMut(&'static str, String, Scenario)) {
    let points = [(Point::Start, "start"), (Point::Within, "within"), (Point::End, "end")];
    let company = [("alone", 0.0, 0.0), ("among-served", 0.04, 0.0), ("among-others", 0.0, 0.4)];
    for (at, place) in points {
        for rate in [10.0, 100.0] {
            for (who, served, nobody) in company {
                let messages = Some(Messages { at, failed: 0.8, served, nobody });
                let s = Scenario {
                    stamps,
                    rate,
                    messages,
                    requests: 3000,
                    failing: 0.06,
                    clocks: clocks(1.7, 0.0),
                    ..Scenario::default()
                };
                add(MESSAGES, format!("{place}-{rate}ps-{who}-{}", stamp(stamps)), s);
            }
        }
    }
}
