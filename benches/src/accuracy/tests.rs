//! The scoring on a small truth made by hand.

use super::said::{Said, SaidEpisode, SaidFailure};
use super::score::{Score, Share, score};
use super::truth::Truth;
use super::{Recording, group_of, page, summary, to_json};
use logjoin::analysis::LineRef;

const TRUTH: &str = r#"{
  "started": "2026-11-21T02:00:00.000Z", "ended": "2026-11-21T02:02:00.000Z",
  "proxies": {"edge": {"kind": "nginx"}, "lb": {"kind": "haproxy"}},
  "backends": {
    "api-1": {"log_dir": "logs/api-1", "clock_offset_s": -41.0, "clock_rate": 1.0},
    "api-2": {"log_dir": "logs/api-2", "clock_offset_s": 0.0, "clock_rate": 1.0}},
  "faults": [
    {"id": "F1", "class": "backend-crash", "failures": 2, "required": 2,
     "first_failure": "2026-11-21T02:00:10.000Z", "last_failure": "2026-11-21T02:00:20.000Z",
     "events": [{"file": "logs/api-1/error.log", "line": 7}]},
    {"id": "F2", "class": "backend-down", "failures": 1, "required": 1,
     "first_failure": "2026-11-21T02:01:00.000Z", "last_failure": "2026-11-21T02:01:10.000Z", "events": []}],
  "failures": [
    {"rid": "a", "proxy": "edge", "access": {"file": "logs/edge/access.log", "line": 1}, "mechanism": "closed-before-headers",
     "class": "backend-crash", "group": "process", "fault": "F1", "accept": ["backend-crash", "oom-kill"],
     "backend": [{"file": "logs/api-1/app.log", "line": 1}], "cause": [{"file": "logs/api-1/error.log", "line": 6}]},
    {"rid": "b", "proxy": "edge", "access": {"file": "logs/edge/access.log", "line": 2}, "mechanism": "closed-before-headers",
     "class": "backend-crash", "group": "process", "fault": "F1", "accept": ["backend-crash", "oom-kill"],
     "backend": [], "cause": [{"file": "logs/api-1/error.log", "line": 6}]},
    {"rid": "c", "proxy": "lb", "access": {"file": "logs/lb/haproxy.log", "line": 9},
     "inner": [{"file": "logs/edge/access.log", "line": 3}, {"instance": "none"}], "mechanism": "connect-failed",
     "class": "backend-down", "group": "process", "fault": "F2", "accept": ["backend-down"], "backend": [], "cause": []},
    {"rid": "d", "proxy": "lb", "access": {"file": "logs/lb/haproxy.log", "line": 10}, "mechanism": "truncated",
     "class": "backend-crash", "group": "process", "fault": "F1", "accept": ["backend-crash"], "backend": [], "cause": [],
     "optional": true}]}"#;

fn line(file: &str, line: u64) -> LineRef {
    LineRef { file: format!("logs/{file}"), line }
}

fn failure(at: LineRef, cause: &str, mechanism: &str) -> SaidFailure {
    SaidFailure {
        at,
        cause: cause.into(),
        confidence: 0.9,
        mechanism: mechanism.into(),
        gateway: true,
        backend: Vec::new(),
        cause_lines: [].into(),
    }
}

fn truth() -> Truth {
    serde_json::from_str(TRUTH).unwrap()
}

fn scored(said: &Said) -> Score {
    score(&truth(), said, group_of)
}

fn share(part: u64, of: u64) -> Share {
    Share { part, of }
}

/// What a good analysis would say, with one false alarm and a few slips.
fn good() -> Said {
    let mut a = failure(line("edge/access.log", 1), "oom-kill", "closed-before-headers");
    a.backend = vec![(line("api-1/app.log", 1), 0.8), (line("api-1/app.log", 2), 0.6)];
    a.cause_lines = [line("api-1/error.log", 7)].into();
    let mut b = failure(line("edge/access.log", 2), "backend-crash", "read-timeout");
    b.backend = vec![(line("api-1/app.log", 2), 0.7)];
    b.cause_lines = [line("api-2/error.log", 1)].into();
    let c = failure(line("lb/haproxy.log", 9), "backend-down", "no-server");
    let alarm = failure(line("edge/access.log", 40), "unknown", "unknown");
    let mut aborted = failure(line("edge/access.log", 41), "client-abort", "client-gone");
    aborted.gateway = false;
    let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp() as f64;
    let from = at("2026-11-21T02:00:00Z");
    let episode = |start: f64, end: f64, cause: &str| SaidEpisode {
        start: from + start,
        end: from + end,
        cause: cause.into(),
    };
    Said {
        failures: vec![a, b, c, alarm, aborted],
        episodes: vec![
            episode(10.0, 15.0, "backend-crash"),
            episode(60.0, 70.0, "deploy-restart"),
            episode(100.0, 110.0, "backend-down"),
        ],
        clocks: vec![("api-1".into(), -41.02 + 3600.0), ("api-2".into(), 0.004)],
    }
}

#[test]
fn found_and_false_alarms() {
    let s = scored(&good());
    assert_eq!((s.failures, s.false_alarms), (3, 1));
    assert_eq!(s.found, share(3, 3));
    assert_eq!(s.optional, share(0, 1));
    assert_eq!(s.precision(), Some(0.75));
}

#[test]
fn causes_and_confusions() {
    let s = scored(&good());
    assert_eq!((s.exact, s.accepted, s.group), (share(2, 3), share(3, 3), share(3, 3)));
    assert_eq!(s.by_cause["backend-crash"], [share(1, 2), share(2, 2), share(2, 2)]);
    assert_eq!(s.macro_cause(0), Some(0.75));
    assert_eq!(s.by_stated["oom-kill"], [share(0, 1), share(1, 1)]);
    assert_eq!(s.confusion[&("backend-crash".into(), Some("oom-kill".into()))], 1);
    assert_eq!(s.by_proxy["nginx"], share(1, 2));
    assert_eq!(s.cause_bets, [(0.9, true); 3]);
}

#[test]
fn no_server_is_how_haproxy_fails_to_connect() {
    let s = scored(&good());
    assert_eq!(s.mechanisms["haproxy"], share(1, 1));
    assert_eq!(s.mechanisms["nginx"], share(1, 2));
    let wrong = ("nginx".to_string(), "closed-before-headers".to_string(), "read-timeout".to_string());
    assert_eq!(s.wrong_mechanisms[&wrong], 1);
}

#[test]
fn joins_and_cause_lines() {
    let s = scored(&good());
    assert_eq!((s.join_recall, s.join_precision), (share(1, 1), share(1, 2)));
    // Two failures left no line; one of them was given another request's.
    assert_eq!(s.join_false, share(1, 2));
    // An event of the fault is as good as the line that the truth names; a line of another instance is not.
    assert_eq!((s.cause_recall, s.cause_precision), (share(1, 2), share(1, 2)));
    assert_eq!(s.join_bets, [(0.8, true), (0.6, false), (0.7, false)]);
}

#[test]
fn episodes_are_paired_one_to_one() {
    let s = scored(&good());
    assert_eq!(s.episodes, 2);
    assert!((s.episode_overlap - 1.5).abs() < 1e-9, "half of the first, all of the second");
    assert_eq!((s.episode_precision, s.episode_cause), (share(2, 3), share(1, 2)));
}

#[test]
fn a_zone_is_not_an_error_of_the_clock() {
    let s = scored(&good());
    assert!((s.clock_error().unwrap() - 0.02).abs() < 1e-9);
    assert_eq!((s.clocks_within(1.0), s.clocks_within(0.01)), (share(1, 1), share(0, 1)));
    assert_eq!(s.clocks.len(), 2);
}

#[test]
fn the_line_of_an_inner_proxy_finds_a_failure_too() {
    let inner = failure(line("edge/access.log", 3), "unknown", "unknown");
    let mut said = Said { failures: vec![inner.clone()], ..Said::default() };
    assert_eq!(scored(&said).found, share(1, 3));
    // The outer line is the better one, whichever comes first.
    let outer = failure(line("lb/haproxy.log", 9), "backend-down", "connect-failed");
    for failures in [vec![inner.clone(), outer.clone()], vec![outer, inner]] {
        said.failures = failures;
        assert_eq!(scored(&said).exact, share(1, 3));
    }
}

#[test]
fn saying_nothing_earns_nothing() {
    let s = scored(&Said::default());
    assert_eq!((s.found, s.exact), (share(0, 3), share(0, 3)));
    assert_eq!(
        (s.join_precision(), s.cause_precision(), s.episode_precision()),
        (Some(0.0), Some(0.0), Some(0.0))
    );
    assert_eq!(s.overall(), Some(0.0));
    assert_eq!(s.confusion[&("backend-down".into(), None)], 1);
}

#[test]
fn quiet_recordings_must_stay_quiet() {
    let mut quiet = truth();
    quiet.failures.clear();
    quiet.faults.clear();
    let silent = score(&quiet, &Said::default(), group_of);
    assert_eq!((silent.quiet, silent.overall()), (Some(true), Some(3.0 / 3.5)));
    assert_eq!(score(&quiet, &good(), group_of).quiet, Some(false));
}

#[test]
fn the_page_is_the_same_for_the_same_scores() {
    let all = [
        Recording { name: "one-ids".into(), score: scored(&good()) },
        Recording { name: "two".into(), score: scored(&Said::default()) },
    ];
    let grid = "# Grid\n\n| traffic | found |\n| --- | ---: |\n| 50ps-1s-ids | 1.000 |\n| 500ps-1s-ids | 0.999 |\n\n| traffic | x |\n\n## Stated confidence\n\nOf all.\n";
    let text = page::render(&all, &[], Some(grid));
    assert_eq!(text, page::render(&all, &[], Some(grid)));
    let table = "\n\n| traffic | found |\n| --- | ---: |\n| 500ps-1s-ids | 0.999 |\n\n### Stated confidence\n\nOf all.\n";
    assert!(text.ends_with(table), "{text}");
    assert!(!page::render(&all, &[], None).contains("Synthetic"));
    for row in [
        "| failures found | 0.500 | 6 | 0.500 |",
        "| `backend-crash` | 4 | 0.250 | 0.500 | 1 | 1.000 | 1.000 |",
        "| `backend-crash` | `oom-kill` | 1 |",
        "| nginx | `closed-before-headers` | `read-timeout` | 1 |",
        "| one-ids | api-1 | 20.0 |",
        "| two | api-1 | not fitted |",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
    assert!(summary(&all).starts_with("2 recordings, 6 failures: found 0.500, 1 false alarms"));
    assert_eq!(to_json(&all)["runs"]["one-ids"]["class_macro"], 0.75);
    assert_eq!(["ids", "others"], [all[0].variant(), all[1].variant()]);
}
