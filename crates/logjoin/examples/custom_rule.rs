//! Teaches the engine what only the operators know: that in the nightly window nobody is surprised by a server that was
//! stopped in order. `custom_rule FILE...`
//!
//! A rule looks at one failed request and at what stood around it, and gives a verdict with the lines for it; beside the
//! built-in rules it wins where it is surer.
#![allow(clippy::print_stdout)]

use std::time::Duration;

use logjoin::rule::{Failed, Rule, Verdict};
use logjoin::signals::Meaning;
use logjoin::{CauseId, Mechanism, Options, analyze};

/// 02:30 to 03:30 UTC, seconds of the day.
const WINDOW: std::ops::Range<i64> = 9_000..12_600;

fn in_the_window(failed: &Failed<'_>) -> Option<Verdict> {
    let second = (failed.end_ns() / 1_000_000_000).rem_euclid(86_400);
    let near = failed.signals(Duration::from_secs(60), Duration::ZERO);
    let stop = near.into_iter().find(|s| s.meaning() == Some(Meaning::StopRequested))?;
    WINDOW
        .contains(&second)
        .then(|| Verdict::new(0.95).because("stopped in order, in the nightly window", [stop]))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rule = Rule::new("nightly-window", "it was stopped for the nightly work", in_the_window)
        .gives(CauseId::BackendMaintenance)
        .seen_as([Mechanism::Refused, Mechanism::NoSocket])
        .refuted_by("a stop that nobody had planned");
    let paths = std::env::args().skip(1);
    let files: Vec<(String, Vec<u8>)> =
        paths.map(|p| Ok((p.clone(), std::fs::read(&p)?))).collect::<std::io::Result<_>>()?;
    for rules in [vec![], vec![rule]] {
        println!("with {} rules of our own:", rules.len());
        for incident in analyze(files.clone(), Options { rules, ..Options::default() }).incidents {
            println!("  {}: {}", incident.cause, incident.summary);
        }
    }
    Ok(())
}
