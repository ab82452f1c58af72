//! What is asked for is done or refused with a word, and what is left out is said.

use std::ops::ControlFlow;
use std::path::Path;

use logjoin::Options;
use serde_json::Value;

use super::{ACCESS, GUNICORN, err, logjoin, out};

fn crash() -> String {
    format!("{}/../../fixtures/scenarios/worker-crash", env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a report in which something is.
fn lines_with<'a>(report: &'a str, words: &str) -> Vec<&'a str> {
    report.lines().filter(|l| l.contains(words)).collect()
}

#[test]
fn the_chart_is_of_all_failures_whatever_is_listed() {
    let logs = crash();
    let report = |more: &[&str]| {
        let args = [&[logs.as_str(), "-v"][..], more].concat();
        let text = out(&logjoin(Path::new("."), &args));
        let chart = [lines_with(&text, "  failures  "), lines_with(&text, "full bar: ")].concat().join("\n");
        assert_eq!(chart.lines().count(), 3, "{text}");
        chart
    };
    let bars = |more: &[&str]| {
        let page = out(&logjoin(Path::new("."), &[&[logs.as_str(), "-F", "html"][..], more].concat()));
        lines_with(&page, "<rect class=\"bar\"").join("\n")
    };
    // In finer slices where each is listed; else all are in the steps of the load.
    let (all, drawn) = (report(&["--failures", "5"]), bars(&["--failures", "5"]));
    assert!(drawn.lines().count() > 2 && bars(&[]).lines().count() > drawn.lines().count(), "{drawn}");
    assert!(!all.contains("listed") && !report(&[]).contains("listed"), "{all}");
    for less in [["--failures", "0"], ["--keep-failures", "1"]] {
        assert_eq!(report(&less), all, "{less:?}");
        assert_eq!(bars(&less), drawn, "{less:?}");
    }
    // What the page's script draws is what is listed, and the page says so.
    let page = out(&logjoin(Path::new("."), &[&logs, "-F", "html", "--failures", "5"]));
    assert!(page.contains("The bars are those of the failures listed below: 5 of "));
}

fn inputs(json: &str) -> Vec<(String, String, Option<String>)> {
    let result: Value = serde_json::from_str(json).expect("a result");
    let text = |i: &Value, name: &str| i[name].as_str().map(str::to_owned);
    let all = result["inputs"].as_array().unwrap().iter();
    all.map(|i| (text(i, "path").unwrap(), text(i, "kind").unwrap(), text(i, "problem"))).collect()
}

#[test]
fn what_may_hold_logs_and_is_not_read_is_said_even_in_folders() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for (name, bytes) in [
        ("access.log", ACCESS.as_bytes()),
        ("old.zip", b"PK\x03\x04\x14\0\0\0"),
        ("system.journal", b"LPKSHHRH\0\0\0\0"),
        ("logo.png", b"\x89PNG\r\n\x1a\n"),
        ("empty.log", b""),
    ] {
        std::fs::write(logs.join(name), bytes).unwrap();
    }
    for extra in [&[][..], &["--unparsed", "rest"]] {
        let o = logjoin(dir.path(), &[&["logs", "-F", "json"][..], extra].concat());
        assert_eq!(o.status.code(), Some(3), "{}", err(&o));
        assert_eq!(lines_with(&err(&o), "warning: ").len(), 2, "{}", err(&o));
        assert!(err(&o).contains("warning: logs/old.zip: a zip archive is not read (unpack it first)"));
        let unread: Vec<_> = inputs(&out(&o)).into_iter().filter(|i| i.1 == "unread").collect();
        let unread: Vec<_> = unread.iter().map(|(path, _, why)| (path.as_str(), why.as_deref())).collect();
        assert_eq!(
            unread,
            [
                ("logs/old.zip", Some("a zip archive is not read (unpack it first)")),
                (
                    "logs/system.journal",
                    Some("a systemd journal is not read (export it: journalctl --file NAME -o export)")
                ),
            ]
        );
    }
    let text = out(&logjoin(dir.path(), &["logs"]));
    assert!(text.contains("2 files of") && text.contains("2 with problems"), "{text}");
    assert!(text.contains("logs/old.zip"), "{text}");
    assert!(out(&logjoin(dir.path(), &["detect", "logs"])).contains("logs/old.zip: a zip archive"), "detect");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_was_named_is_read_or_said() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("access.log"), ACCESS).unwrap();
    let o = logjoin(dir.path(), &["access.log", "/dev/null", "-F", "json"]);
    assert_eq!(o.status.code(), Some(3));
    assert!(err(&o).contains("/dev/null: a FIFO, socket or device is not read (give it as"), "{}", err(&o));
    assert_eq!(inputs(&out(&o)).iter().filter(|i| i.1 == "unread").count(), 1);
}

#[test]
fn who_watches_gets_the_same_result_as_who_does_not() {
    let dir = tempfile::tempdir().unwrap();
    // As long as a file must be for its copy to be one.
    for name in ["access.log", "backup.log"] {
        std::fs::write(dir.path().join(name), ACCESS.repeat(2000)).unwrap();
    }
    std::fs::write(dir.path().join("old.zip"), b"PK\x03\x04\x14\0\0\0").unwrap();
    let paths = [dir.path().to_owned()];
    let (alone, problems) = logjoin_files::analyze(&paths, &[], Options::default());
    let watched =
        logjoin_files::analyze_with(&paths, &[], Options::default(), &|_| ControlFlow::Continue(()));
    let mut kinds: Vec<&str> = alone.inputs.iter().map(|i| i.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!((kinds.as_slice(), problems.len()), (&["copy", "log", "unread"][..], 1));
    assert!(watched == Ok((alone, problems)));
}

#[test]
fn a_status_that_never_counts_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let failed =
        |status: &str| ACCESS.replace("\" 502 ", &format!("\" {status} ")).replace("us=\"502\"", "us=\"-\"");
    for status in ["404", "301", "200", "499", "5xx", "1000"] {
        std::fs::write(dir.path().join("access.log"), failed(status)).unwrap();
        let o =
            logjoin(dir.path(), &["access.log", "--status", &format!("502,{status}"), "--fail-on", "any"]);
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(2), ""), "{status}");
        let words = format!("--status {status}: expected 408 or a status from 500 on");
        assert!(err(&o).contains(&words), "{}", err(&o));
    }
    for status in ["408", "500", "599"] {
        std::fs::write(dir.path().join("access.log"), failed(status)).unwrap();
        let o = logjoin(dir.path(), &["access.log", "--status", status, "--fail-on", "any"]);
        assert_eq!(o.status.code(), Some(1), "{status}: {}", err(&o));
        assert!(out(&o).contains("2 gateway failures in 3 requests"), "{status}");
    }
    let options = Options { statuses: [404, 502].into(), ..Options::default() };
    let (analysis, _) = logjoin_files::analyze(&[dir.path().to_owned()], &[], options);
    let told = analysis.notes.iter().find(|n| n.text.contains("404")).expect("a note about 404");
    assert_eq!(told.level, logjoin::analysis::NoteLevel::Warning);
}

#[test]
fn nothing_recognised_is_no_good_news() {
    let dir = tempfile::tempdir().unwrap();
    let junk: Vec<u8> = (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (name, bytes) in [
        ("junk.log", &junk[..]),
        ("empty.log", b""),
        ("words.log", b"just\nwords\n"),
        ("app.log", GUNICORN.as_bytes()),
    ] {
        std::fs::write(dir.path().join(name), bytes).unwrap();
        for more in [&[][..], &["--fail-on", "any"], &["--fail-on", "any", "-o", "r.json"], &["-v"]] {
            let o = logjoin(dir.path(), &[&[name][..], more].concat());
            assert_eq!(o.status.code(), Some(3), "{name} {more:?}: {}", err(&o));
        }
        let words = "nothing to judge: no proxy's access log was recognised";
        let text = out(&logjoin(dir.path(), &[name]));
        assert!(text.lines().next().unwrap_or_default().ends_with(words), "{name}: {text}");
        for form in ["html", "markdown"] {
            let text = out(&logjoin(dir.path(), &[name, "-F", form]));
            assert!(
                text.contains(words) || text.contains("nothing to judge: no proxy&#39;s"),
                "{name}: {text}"
            );
            assert!(!text.contains("o gateway failures"), "{name}: {text}");
        }
        // A saved result is no better news, and to ask what a file is needs no proxy.
        assert_eq!(logjoin(dir.path(), &["r.json"]).status.code(), Some(3), "{name}");
        assert_eq!(logjoin(dir.path(), &["detect", name]).status.code(), Some(0), "{name}");
        assert_eq!(
            logjoin(dir.path(), &["detect", name, "--fail-on", "any"]).status.code(),
            Some(3),
            "{name}"
        );
    }
    std::fs::write(dir.path().join("access.log"), ACCESS.lines().next().unwrap()).unwrap();
    let o = logjoin(dir.path(), &["access.log", "--fail-on", "any"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    assert!(out(&o).contains("no gateway failures in 1 request"));
    // Read, though nothing of it is in the range.
    let o = logjoin(dir.path(), &["access.log", "--since", "2026-11-25"]);
    assert_eq!(o.status.code(), Some(0), "{}", out(&o));
}

#[test]
fn each_command_takes_its_own_forms_and_says_which() {
    let dir = super::world();
    let run = |args: &[&str]| logjoin(dir.path(), args);
    for (command, refused, forms) in [
        ("join", "html", "ndjson, csv, parquet"),
        ("parse", "json", "ndjson, csv, parquet"),
        ("detect", "csv", "text, json"),
        ("compare", "ndjson", "text, markdown, json"),
        ("explain", "json", "text"),
        ("probe", "csv", "text, json"),
    ] {
        let words = format!("[possible values: {forms}]");
        assert!(out(&run(&[command, "--help"])).contains(&words), "{command}");
        let o = run(&[command, "-F", refused]);
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(2), ""), "{command}");
        assert!(err(&o).contains(&words), "{command}: {}", err(&o));
    }
    // By the name of a file as by the name of a form.
    for (args, name) in [(&["explain", "F1", "logs"][..], "f.html"), (&["explain", "oom-kill"], "f.json")] {
        let o = run(&[args, &["-o", name]].concat());
        assert_eq!(o.status.code(), Some(2), "{}", err(&o));
        assert!(err(&o).contains("explain has no ") && !dir.path().join(name).exists(), "{}", err(&o));
    }
    assert_eq!(run(&["explain", "F1", "logs", "-o", "f.txt"]).status.code(), Some(0));
    assert!(std::fs::read_to_string(dir.path().join("f.txt")).unwrap().contains("F1"));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let dir = super::world();
    for args in [
        ["-j", "5000"],
        ["-j", "0"],
        ["--slice-rows", "0"],
        ["--keep-failures", "0"],
        ["--window", "0"],
        ["--window", "0s"],
    ] {
        let o = logjoin(dir.path(), &[&["logs"][..], &args].concat());
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(2), ""), "{args:?}");
        assert!(err(&o).contains("expected"), "{args:?}: {}", err(&o));
    }
    assert_eq!(logjoin(dir.path(), &["logs", "-j", "256"]).status.code(), Some(0));
}

#[test]
fn a_saved_result_is_no_log() {
    let dir = super::world();
    let run = |args: &[&str]| logjoin(dir.path(), args);
    let plain = out(&run(&["logs"]));
    assert_eq!(run(&["logs", "-o", "a.json"]).status.code(), Some(0));
    for args in
        [&["a.json", "logs"][..], &["logs", "a.json"], &["join", "logs", "a.json"], &["a.json", "a.json"]]
    {
        let o = run(args);
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(2), ""), "{args:?}");
        assert!(err(&o).contains("a.json: a saved result: give it alone"), "{}", err(&o));
    }
    // Written into the folder of the logs, spaced or not, packed or not.
    for more in [&[][..], &["--compact"]] {
        assert_eq!(run(&[&["logs", "-o", "logs/a.json"], more].concat()).status.code(), Some(0));
        let o = run(&["logs"]);
        assert_eq!(o.status.code(), Some(0), "{}", err(&o));
        assert!(
            err(&o).contains("warning: logs/a.json: a saved result among logs is not read"),
            "{}",
            err(&o)
        );
        let heads = |text: &str| text.lines().take(2).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(heads(&out(&o)), heads(&plain), "as many sources, files, lines as without it");
        assert!(out(&run(&["logs", "-v"])).contains("logs/a.json: a saved result among logs"));
    }
}

#[test]
fn where_nothing_is_found_is_said_with_what_was_expected() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    std::fs::write(dir.path().join("empty/logo.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let o = logjoin(dir.path(), &["empty"]);
    assert_eq!(o.status.code(), Some(3));
    assert!(
        err(&o).contains("error: empty: no log in this folder (expected access and error logs"),
        "{}",
        err(&o)
    );
    assert!(err(&o).contains("note: empty/logo.png: skipped, a picture"), "{}", err(&o));
    let o = logjoin(dir.path(), &["a.log", "empty"]);
    assert!(err(&o).contains("error: a.log: nothing could be read; empty: no log"), "{}", err(&o));
    assert!(!err(&o).contains("did you mean"), "{}", err(&o));
}

#[test]
fn a_report_over_midnight_has_dates() {
    let dir = tempfile::tempdir().unwrap();
    // Two hours of one day, and again the next.
    let day = |day: u32, hour: u32| {
        let stamp = format!("{day}/Nov/2026:{hour:02}:47");
        ACCESS.replace("21/Nov/2026:02:47", &stamp)
    };
    let two = [day(20, 10), day(20, 11), day(21, 10), day(21, 11)].concat();
    std::fs::write(dir.path().join("access.log"), &two).unwrap();
    let text = out(&logjoin(dir.path(), &["access.log"]));
    let both = lines_with(&text, "2026-11-20 10:").into_iter().find(|l| !l.contains("UTC"));
    assert!(both.is_some_and(|axis| axis.contains("2026-11-21 12:00:00")), "{text}");
    let proof = lines_with(&text, "proof");
    assert!(!proof.is_empty() && proof.iter().all(|l| l.contains("2026-11-2")), "{text}");
    std::fs::write(dir.path().join("access.log"), [day(20, 10), day(20, 11)].concat()).unwrap();
    let text = out(&logjoin(dir.path(), &["access.log"]));
    assert_eq!(lines_with(&text, "2026").len(), 2, "only the head and the incident have the day: {text}");
}

#[test]
fn a_limit_is_told_once_with_what_raises_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, ACCESS.repeat(10_000).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(dir.path().join("bomb.log.gz"), &packed).unwrap();
    std::fs::write(dir.path().join("cut.log.gz"), &packed[..packed.len() / 2]).unwrap();
    let reason = "stopped at 1 MiB of text, the limit (the lines before were read); --max-unpacked raises it";
    for extra in [&[][..], &["--unparsed", "rest"]] {
        let o = logjoin(
            dir.path(),
            &[&["bomb.log.gz", "cut.log.gz", "--max-unpacked", "1M"][..], extra].concat(),
        );
        assert_eq!(o.status.code(), Some(3));
        assert!(err(&o).contains(&format!("warning: bomb.log.gz: {reason}\n")), "{}", err(&o));
        let text = out(&o);
        assert!(!text.contains("gz: bomb.log.gz") && !text.contains("gz: cut.log.gz"), "{text}");
    }
    let o = logjoin(dir.path(), &["bomb.log.gz", "--max-unpacked", "1M", "-F", "json"]);
    assert_eq!(inputs(&out(&o))[0].2.as_deref(), Some(reason));
    let o = logjoin(dir.path(), &["cut.log.gz", "-F", "json"]);
    assert!(inputs(&out(&o))[0].2.as_deref().is_some_and(|why| why.starts_with("at byte ")), "{}", out(&o));
}
