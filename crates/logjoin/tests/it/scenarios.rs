//! What the engine says of each recording, one line per episode: `fixtures/scenarios/NAME.expected`.
//!
//! `UPDATE_EXPECT=1 cargo test -p logjoin` rewrites the files; the difference is what a reviewer reads.

use std::fmt::Write;

use logjoin::Analysis;

use crate::world::{fixtures, recordings};

fn short(analysis: &Analysis) -> String {
    let mut out = String::new();
    let t = &analysis.totals;
    let _ = writeln!(out, "{} of {} requests failed", t.failures, t.requests);
    for (what, counts) in [("origin", &t.by_origin), ("mechanism", &t.by_mechanism), ("cause", &t.by_cause)] {
        let counts: Vec<String> = counts.iter().map(|(k, n)| format!("{k} {n}")).collect();
        let _ = writeln!(out, "{what}: {}", counts.join(", "));
    }
    let mut joins = std::collections::BTreeMap::<&str, u64>::new();
    analysis.failures.iter().for_each(|f| *joins.entry(f.join.as_str()).or_default() += 1);
    let joins: Vec<String> = joins.iter().map(|(k, n)| format!("{k} {n}")).collect();
    let _ = writeln!(out, "join: {}\n", joins.join(", "));
    for c in &analysis.clocks {
        // Adding zero makes a negative zero positive.
        let offset = c
            .offset_s
            .map_or("unknown".to_string(), |s| format!("{:+.1} s", (s * 10.0).round() / 10.0 + 0.0));
        let _ = writeln!(out, "clock {}: {offset}, zone {:+} s, {}", c.source, c.zone_error_s, c.state);
    }
    out.push('\n');
    let mut episodes: Vec<_> = analysis.incidents.iter().flat_map(|i| &i.episodes).collect();
    episodes.sort_by_key(|e| (e.start, &e.id));
    for e in episodes {
        let detail = e.detail.as_ref().map_or(String::new(), |d| format!(" ({d})"));
        let _ = writeln!(
            out,
            "{} .. {}  {}{detail} {:.2}  {} failures  at {}  by {}",
            e.start,
            e.end,
            e.cause,
            e.confidence,
            e.failures,
            e.targets.join(" "),
            e.proxies.join(" "),
        );
    }
    out
}

#[test]
fn episodes_are_as_expected() {
    let mut wrong = Vec::new();
    for (name, world) in recordings("scenarios") {
        let path = fixtures().join(format!("scenarios/{name}.expected"));
        let got = short(&world.analyze());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &got).expect("a writable fixture");
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if got != expected {
            wrong.push(format!("--- {name}, expected\n{expected}--- {name}, got\n{got}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nif this is right: UPDATE_EXPECT=1 cargo test -p logjoin",
        wrong.join("\n")
    );
}

#[test]
fn every_failure_is_in_one_cause_and_one_episode() {
    for (name, world) in recordings("scenarios") {
        let analysis = world.analyze();
        let t = &analysis.totals;
        assert!(t.failures > 0, "{name}");
        for counts in [&t.by_origin, &t.by_mechanism, &t.by_cause] {
            assert_eq!(counts.values().sum::<u64>(), t.failures, "{name}: {counts:?}");
        }
        let gateway: Vec<_> = analysis.failures.iter().filter(|f| f.gateway).collect();
        assert_eq!(gateway.len() as u64, t.failures, "{name}");
        let episodes: Vec<_> = analysis.incidents.iter().flat_map(|i| &i.episodes).collect();
        assert_eq!(episodes.iter().map(|e| e.failures).sum::<u64>(), t.failures, "{name}");
        for e in &episodes {
            let members = gateway.iter().filter(|f| f.episode.as_ref() == Some(&e.id));
            assert_eq!(members.count() as u64, e.failures, "{name}: {}", e.id);
        }
        for i in &analysis.incidents {
            assert_eq!(i.episodes.iter().map(|e| e.failures).sum::<u64>(), i.failures, "{name}: {}", i.id);
        }
    }
}

#[test]
fn nothing_is_claimed_without_lines_that_exist() {
    for (name, world) in recordings("scenarios") {
        let analysis = world.analyze();
        let lines = |file: &str| analysis.inputs.iter().find(|i| i.path == file).map(|i| i.lines);
        for e in analysis.incidents.iter().flat_map(|i| &i.episodes) {
            assert!((0.0..=1.0).contains(&e.confidence), "{name}: {} is {}", e.id, e.confidence);
            assert!(!e.refuted_by.is_empty(), "{name}: {}", e.id);
            assert!(e.evidence.iter().any(|c| !c.lines.is_empty()), "{name}: {} has no line", e.id);
        }
        let cited = analysis.incidents.iter().flat_map(|i| &i.episodes);
        let cited = cited.flat_map(|e| e.evidence.iter().chain(&e.against)).flat_map(|c| &c.lines);
        let of_failures = analysis
            .failures
            .iter()
            .flat_map(|f| f.error_lines.iter().chain(&f.cause_lines).chain(f.backend.iter().map(|b| &b.at)));
        for at in cited.chain(of_failures) {
            let n = lines(&at.file).unwrap_or_else(|| panic!("{name}: {at} is in no input"));
            assert!((1..=n).contains(&at.line), "{name}: {at}, the file has {n} lines");
        }
    }
}
