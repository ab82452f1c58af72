//! What is read, what is left out, what is assumed: as `detect` and `parse` tell it.

use std::process::Command;

use serde_json::Value;

use crate::{err, logjoin, out};

const LINE: &str = "192.0.2.1 - - [21/Nov/2026:02:47:16 +0000] \"GET /ok HTTP/1.1\" 200 150 \"-\" \"curl\"\n";

/// Numbered lines of an access log.
fn access(from: u32, to: u32) -> String {
    (from..to).map(|n| LINE.replace("/ok", &format!("/item/{n}"))).collect()
}

#[test]
fn unparsed_lines_are_written_out() {
    let dir = tempfile::tempdir().unwrap();
    let junk = "\u{1}junk\n";
    std::fs::write(dir.path().join("access.log"), [LINE, junk, LINE, "more junk\n"].concat()).unwrap();
    std::fs::write(dir.path().join("other.log"), junk).unwrap();
    let o = logjoin(dir.path(), &["detect", "access.log", "other.log", "--unparsed", "rest.txt"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    let rest = std::fs::read_to_string(dir.path().join("rest.txt")).unwrap();
    assert_eq!(rest, "access.log:2:\u{1}junk\naccess.log:4:more junk\nother.log:1:\u{1}junk\n");
    assert!(out(&o).contains("4: 2 events, 2 unparsed (50 %)"), "{}", out(&o));
    let o = logjoin(dir.path(), &["detect", "access.log", "--unparsed", "no/such/folder"]);
    assert!(
        o.status.code() != Some(0) && err(&o).contains("no/such/folder: cannot be written"),
        "{}",
        err(&o)
    );
}

#[test]
fn folders_of_dates_are_one_source_and_copies_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    for (day, from) in [("2026-11-20", 0), ("2026-11-21", 100)] {
        let folder = dir.path().join("logs").join(day);
        std::fs::create_dir_all(&folder).unwrap();
        let text = access(from, from + 100).replace("21/Nov/2026", &format!("{}/Nov/2026", &day[8..]));
        std::fs::write(folder.join("access.log"), &text).unwrap();
        if from > 0 {
            // Somebody's copy of the afternoon.
            std::fs::write(dir.path().join("logs/copy.log"), &text[..text.len() / 2]).unwrap();
        }
    }
    let o = logjoin(dir.path(), &["detect", "logs", "-F", "json"]);
    let sources: Value = serde_json::from_str(&out(&o)).unwrap();
    let files: Vec<&str> = sources[0]["files"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(files, ["logs/2026-11-20/access.log", "logs/2026-11-21/access.log"]);
    assert_eq!(sources.as_array().map(Vec::len), Some(1), "{sources}");
    assert_eq!(sources[0]["ledger"]["lines"], 200);
    assert_eq!(sources[0]["gaps"][0]["s"], 86_400.0);
    let text = out(&logjoin(dir.path(), &["detect", "logs"]));
    assert!(text.contains("left out   logs/copy.log: the beginning of logs/2026-11-21/access.log"), "{text}");
}

#[test]
fn limits_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let long = [LINE, &"x".repeat(1_100_000), "\n", LINE].concat();
    std::fs::write(dir.path().join("access.log"), long).unwrap();
    let text = out(&logjoin(dir.path(), &["detect", "access.log"]));
    assert!(text.contains("lines longer than 1048576 bytes: 1"), "{text}");
    let o = logjoin(dir.path(), &["detect", "access.log", "--max-unpacked", "much"]);
    assert!(o.status.code() == Some(2) && err(&o).contains("500M"), "{}", err(&o));
}

#[test]
fn named_zones_years_and_assumptions_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let app = "2026-10-25 02:59:00,000 INFO [web] a\n2026-10-25 02:01:00,000 INFO [web] b\n";
    std::fs::write(dir.path().join("app.log"), app).unwrap();
    std::fs::write(
        dir.path().join("haproxy.log-20241121"),
        "Nov 20 10:00:00 lb1 haproxy[1]: Proxy a started.\n",
    )
    .unwrap();
    let text = out(&logjoin(dir.path(), &["detect", ".", "--tz", "app.log=Europe/Berlin"]));
    for part in [
        "zone       Europe/Berlin, told",
        "range      2026-10-25 00:59:00 to 01:01:00 UTC",
        "clocks were set back on 2026-10-25: from ./app.log:2 on",
        "no year in its dates: 2024, from the date in its name",
        "precision  ms",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn parse_names_exceptions_and_their_roots() {
    let dir = tempfile::tempdir().unwrap();
    let stderr = |text: &str| format!("2026-11-21T10:00:00.1Z stderr F {text}\n");
    let trace = [
        "2026-11-21 10:00:00.123 ERROR [main] a.b.Web - failed",
        "a.b.Outer: first",
        "\tat a.b.C(D.java:1)",
        "Caused by: e.f.Inner: second",
        "\tat g.h.I(J.java:2)",
    ];
    std::fs::write(dir.path().join("0.log"), trace.map(stderr).concat()).unwrap();
    let o = logjoin(dir.path(), &["parse", "0.log"]);
    let row: Value = serde_json::from_str(out(&o).trim()).unwrap();
    let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (field("exception"), field("exception_message")),
        ("a.b.Outer".into(), "first".into()),
        "{row}"
    );
    assert_eq!((field("root_cause"), field("root_cause_message")), ("e.f.Inner".into(), "second".into()));
    assert_eq!(row["line_end"], 5);
}

#[test]
fn files_that_name_their_columns_and_lines_of_several_records() {
    let dir = tempfile::tempdir().unwrap();
    let iis = "#Software: Microsoft Internet Information Services 10.0\n\
               #Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status time-taken\n\
               2026-11-20 10:00:00 GET /x a=b 10.0.0.2 502 120003\n";
    std::fs::write(dir.path().join("iis.log"), iis).unwrap();
    let rows = out(&logjoin(dir.path(), &["parse", "iis.log"]));
    let last: Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
    assert_eq!((&last["format"], &last["status"]), (&"w3c-extended".into(), &502.into()), "{rows}");
    assert_eq!(last["time"], "2026-11-20T10:00:00Z");

    let record = |ns: u64, text: &str| {
        format!(r#"{{"timeUnixNano":"{ns}","severityText":"ERROR","body":{{"stringValue":"{text}"}}}}"#)
    };
    let batch = format!(
        "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{},{}]}}]}}]}}\n",
        record(1_795_168_800_123_000_000, "refused"),
        record(1_795_168_801_123_000_000, "reset")
    );
    std::fs::write(dir.path().join("otlp.json"), batch).unwrap();
    let rows = out(&logjoin(dir.path(), &["parse", "otlp.json"]));
    let messages: Vec<String> = rows
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .map(|r| format!("{} {} {}", r["line"], r["time"], r["message"]))
        .collect();
    assert_eq!(
        messages,
        [r#"1 "2026-11-20T10:00:00.123000000Z" "refused""#, r#"1 "2026-11-20T10:00:01.123000000Z" "reset""#]
    );
    let text = out(&logjoin(dir.path(), &["detect", "otlp.json"]));
    assert!(text.contains("1: 1 event, 0 unparsed"), "{text}");
}

#[test]
fn a_range_leaves_lines_out_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("access.log"), access(0, 7)).unwrap();
    let o = logjoin(dir.path(), &["analyze", "access.log", "--since", "2026-11-21T03:00", "-F", "json"]);
    let analysis: Value = serde_json::from_str(&out(&o)).unwrap();
    let ledger = &analysis["ledger"];
    assert_eq!((&ledger["lines"], &ledger["filtered"], &ledger["events"]), (&7.into(), &7.into(), &0.into()));
}

#[test]
fn all_parts_of_a_file_leave_the_same_lines_out() {
    use logjoin_files::{Inputs, Margin};

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stack.log");
    let line = |n: u32| {
        let (hour, minute) = (n / 60, n % 60);
        let at = format!("2026-11-21T{hour:02}:{minute:02}:17.000000001Z");
        let time = format!("21/Nov/2026:{hour:02}:{minute:02}:17");
        let status = if n.is_multiple_of(100) { "502 99 - - SH--" } else { "200 99 - - ----" };
        format!(
            "shop-proxy-1  | {at} 192.0.2.7:4711 [{time}.000] shop web/web 0/0/0/9/9 {status} 1/1/0/0/0 0/0 \"GET /{n} HTTP/1.1\"\nshop-web-1    | {at} INFO:     10.0.0.1:4711 - \"GET /{n} HTTP/1.1\" 200 OK\n"
        )
    };
    let text: String = (0..1440).map(line).collect();
    std::fs::write(&path, &text).unwrap();
    let at = |hour: i64| Some((1_795_219_200 + hour * 3600) * 1_000_000_000);
    let mut inputs = Inputs::find(std::slice::from_ref(&path), &[]);
    inputs.set_margin(Margin::Told(3_600_000_000_000));
    inputs.set_least_to_seek(0);
    let plan = inputs.plan(logjoin::Options { since_ns: at(12), until_ns: at(14), ..Default::default() });
    let read = std::sync::atomic::AtomicU64::new(0);
    let watch = |p: logjoin_files::Progress| {
        read.fetch_max(p.bytes, std::sync::atomic::Ordering::Relaxed);
        std::ops::ControlFlow::Continue(())
    };
    let a = inputs.analyze_watched(&plan, &watch).expect("not cancelled");
    let [input] = &a.inputs[..] else { panic!("{:?}", a.inputs) };
    assert_eq!(input.bytes, read.into_inner(), "once, not once for each part");
    assert!(input.bytes < text.len() as u64);
    let whole = text.as_bytes()[..input.bytes as usize].iter().filter(|b| **b == b'\n').count() as u64;
    assert_eq!((input.lines, a.ledger.lines), (whole, whole));
    assert!(a.ledger.holds() && a.ledger.filtered > 1000, "{:?}", a.ledger);
    assert_eq!(a.sources.iter().map(|s| s.ledger.lines).sum::<u64>(), whole);
    assert_eq!(a.totals.failures, 1, "that of 13:20");
    assert!(inputs.problems.is_empty());

    // A pipe can be read once only.
    let mut command = Command::new(env!("CARGO_BIN_EXE_logjoin"));
    let o = command.arg("-").stdin(std::fs::File::open(&path).unwrap()).output().unwrap();
    assert!(err(&o).contains("-: it holds the lines of several programs"), "{}", err(&o));
}
