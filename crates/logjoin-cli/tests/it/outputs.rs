//! Documents, rows, redaction, comparison and settings, as people use them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{err, logjoin, out, world};

#[test]
fn a_post_mortem_names_its_inputs_and_how_it_was_made() {
    let dir = world();
    for (template, heading) in
        [("google", "## Lessons"), ("pagerduty", "## Responders"), ("short", "## Action items")]
    {
        let o = logjoin(dir.path(), &["logs", "-o", "pm.md", "--template", template, "--slo", "99.9"]);
        assert_eq!(o.status.code(), Some(0), "{}", err(&o));
        let text = std::fs::read_to_string(dir.path().join("pm.md")).unwrap();
        for words in [
            heading,
            "Objective 99.9 %",
            &format!("`logjoin logs -o pm.md --template {template} --slo 99.9`"),
        ] {
            assert!(text.contains(words), "{template} lacks {words:?}");
        }
        assert!(!text.contains("not computed"), "every input has its hash");
    }
    assert!(out(&logjoin(dir.path(), &["logs", "--template", "short"])).starts_with("# Post-mortem"));
    let o = logjoin(dir.path(), &["logs", "--slo", "three nines"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(err(&o).contains("99.9/28d"), "{}", err(&o));
    // A saved result is shown with the hashes that it was saved with, and with none of its own.
    logjoin(dir.path(), &["logs", "-o", "a.json"]);
    std::fs::write(dir.path().join("logs/nginx/error.log"), "changed since\n").unwrap();
    let v: Value = serde_json::from_slice(&std::fs::read(dir.path().join("a.json")).unwrap()).unwrap();
    let again: Value = serde_json::from_str(&out(&logjoin(dir.path(), &["a.json", "-F", "json"]))).unwrap();
    assert_eq!(v, again);
}

#[test]
fn every_form_has_the_same_totals() {
    let dir = world();
    let metrics = out(&logjoin(dir.path(), &["logs", "-F", "prometheus"]));
    let sum: u64 = metrics
        .lines()
        .filter(|l| l.starts_with("logjoin_failures{"))
        .map(|l| l.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, 2, "{metrics}");
    logjoin(dir.path(), &["logs", "-o", "traces.otlp.json"]);
    let traces: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("traces.otlp.json")).unwrap()).unwrap();
    let roots = traces.to_string().matches("\"parentSpanId\":\"\"").count();
    assert_eq!(roots, 2);
    let ecs = out(&logjoin(dir.path(), &["join", "logs", "--names", "ecs"]));
    assert_eq!(ecs.lines().filter(|l| l.contains("\"http.response.status_code\":502")).count(), 2, "{ecs}");
    let ecs = out(&logjoin(dir.path(), &["parse", "logs/nginx", "--names", "ecs"]));
    assert!(ecs.contains("\"@timestamp\":\"2026-11-21T02:47:17.000Z\""), "{ecs}");
}

#[cfg(feature = "parquet")]
#[test]
fn rows_are_columns_too() {
    let dir = world();
    for (command, name) in [("join", "f.parquet"), ("parse", "r.parquet")] {
        let o = logjoin(dir.path(), &[command, "logs", "-o", name]);
        assert_eq!(o.status.code(), Some(0), "{}", err(&o));
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let again = logjoin(dir.path(), &[command, "logs", "-F", "parquet"]);
        assert!(again.stdout == bytes, "the same input gives the same bytes");
    }
}

#[test]
fn redaction_hides_people_and_keeps_joins() {
    let dir = world();
    let names = |text: &str| ["192.0.2.", "10.0.0.1"].iter().any(|n| text.contains(n));
    for args in [
        &["logs", "-v"][..],
        &["logs", "-F", "markdown"],
        &["logs", "-F", "json"],
        &["logs", "-F", "html"],
        &["join", "logs", "-F", "csv"],
        &["logs", "-F", "otlp"],
        &["parse", "logs"],
        &["detect", "logs", "-v"],
        &["explain", "F1", "logs"],
    ] {
        assert!(names(&out(&logjoin(dir.path(), args))), "{args:?} shows nobody even so");
        let shown = out(&logjoin(dir.path(), &[args, &["--redact"]].concat()));
        assert!(!shown.is_empty() && !names(&shown), "{args:?}: {shown}");
    }
    let with = |key: &str, args: &[&str]| out(&logjoin(dir.path(), &[args, &["--redact-key", key]].concat()));
    assert_eq!(with("a", &["join", "logs"]), with("a", &["join", "logs"]));
    assert_ne!(with("a", &["join", "logs"]), with("b", &["join", "logs"]));
    // The client of a failure is the client of its record.
    let row: Value = serde_json::from_str(with("a", &["join", "logs"]).lines().next().unwrap()).unwrap();
    assert!(with("a", &["parse", "logs"]).contains(row["client"].as_str().unwrap()));
    assert!(!with("s3cret", &["logs", "-F", "markdown"]).contains("s3cret"));
}

#[test]
fn two_results_are_held_against_each_other() {
    let dir = world();
    logjoin(dir.path(), &["logs", "-o", "before.json"]);
    let fixed =
        std::fs::read_to_string(dir.path().join("logs/nginx/access.log")).unwrap().replace(" 502 ", " 200 ");
    std::fs::write(dir.path().join("logs/nginx/access.log"), fixed.replace("us=\"502\"", "us=\"200\""))
        .unwrap();
    std::fs::write(dir.path().join("logs/nginx/error.log"), "").unwrap();
    let o = logjoin(dir.path(), &["compare", "before.json", "logs"]);
    let text = out(&o);
    assert!(text.contains("Gone: 2 of 3 requests failed before, 0 of 3 after"), "{text}{}", err(&o));
    let v: Value =
        serde_json::from_str(&out(&logjoin(dir.path(), &["compare", "before.json", "logs", "-F", "json"])))
            .unwrap();
    assert_eq!((v["before"]["failures"].as_u64(), v["after"]["failures"].as_u64()), (Some(2), Some(0)));
    assert_eq!(v["failures"]["trend"], "gone");
    assert!(
        out(&logjoin(dir.path(), &["compare", "before.json", "logs", "-F", "markdown"])).contains("| gone |")
    );
    let ranges =
        ["compare", "logs", "--before", "2026-11-21T02:00Z..+30m", "--after", "2026-11-21T02:40Z..+30m"];
    assert_eq!(logjoin(dir.path(), &ranges).status.code(), Some(0));
    for (args, words) in [
        (&["compare", "logs"][..], "expected two results"),
        (&["compare", "logs", "--before", "14:00..15:00"], "--after"),
        (&["compare", "logs", "--before", "x", "--after", "y"], "14:00..14:30"),
        (&["compare", "logs", "logs", "-F", "csv"], "possible values: text, markdown, json"),
    ] {
        let o = logjoin(dir.path(), args);
        assert_eq!(o.status.code(), Some(2), "{args:?}");
        assert!(err(&o).contains(words), "{args:?}: {}", err(&o));
    }
}

fn with_environment(dir: &Path, variables: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String, String) {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let o = Command::new(env!("CARGO_BIN_EXE_logjoin"))
        .args(args)
        .env("XDG_CONFIG_HOME", dir.join("settings"))
        .envs(variables)
        .current_dir(dir)
        .output()
        .unwrap();
    (o.status.code(), out(&o), err(&o))
}

#[test]
fn what_is_typed_wins_then_the_environment_then_the_file() {
    let dir = world();
    let folder = dir.path().join("settings/logjoin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "output-format = \"csv\"\nredact-key = \"k\"\n").unwrap();
    let (_, shown, _) = with_environment(dir.path(), &[], &["join", "logs"]);
    assert!(shown.starts_with("id,time,") && !shown.contains("192.0.2."), "{shown}");
    let ndjson = ("LOGJOIN_OUTPUT_FORMAT", "ndjson");
    let (_, shown, _) = with_environment(dir.path(), &[ndjson], &["join", "logs"]);
    assert!(shown.starts_with('{'), "{shown}");
    let (_, shown, _) = with_environment(dir.path(), &[ndjson], &["logs", "-F", "text"]);
    assert!(shown.contains("2 gateway failures"), "{shown}");
    let (_, shown, _) = with_environment(
        dir.path(),
        &[("LOGJOIN_VERBOSE", "1"), ("LOGJOIN_STATUS", "504")],
        &["logs", "-F", "text"],
    );
    assert!(shown.contains("no gateway failures") || shown.contains("0 gateway failures"), "{shown}");

    std::fs::write(folder.join("config.toml"), "colour = \"never\"\n").unwrap();
    let (code, _, said) = with_environment(dir.path(), &[], &["logs"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("config.toml") && said.contains("did you mean \"color\"?"), "{said}");
    let (code, ..) = with_environment(dir.path(), &[("LOGJOIN_SETTINGS", "nowhere.toml")], &["logs"]);
    assert_eq!(code, Some(2));
}
