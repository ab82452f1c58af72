//! The program as people run it: arguments in; standard output, standard error, files and exit code out.

mod check;
mod conformance;
#[path = "../../../../fixtures/corpora.rs"]
mod corpora;
mod entries;
mod guide;
mod honest;
mod outputs;
mod pages;
mod probe;
mod reading;
mod schema;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs the program in a folder.
fn logjoin(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logjoin"));
    command.args(args).current_dir(dir).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    // The settings of whoever runs the tests are none of theirs.
    command.env("XDG_CONFIG_HOME", dir.join("no-settings"));
    command.output().expect("the program starts")
}

fn out(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).expect("standard output is UTF-8")
}

fn err(o: &Output) -> String {
    String::from_utf8(o.stderr.clone()).expect("standard error is UTF-8")
}

const ACCESS: &str = r#"192.0.2.1 - - [21/Nov/2026:02:47:16 +0000] "GET /ok HTTP/1.1" 200 150 "-" "curl" rt=0.010 uct="0.000" uht="0.010" urt="0.010" ua="10.0.0.1:80" us="200"
192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 502 150 "-" "curl" rt=0.000 uct="-" uht="-" urt="0.000" ua="10.0.0.1:80" us="502"
192.0.2.8 - - [21/Nov/2026:02:47:18 +0000] "GET /\x1B[2J<script>|=1 HTTP/1.1" 502 150 "-" "curl" rt=0.000 uct="-" uht="-" urt="0.000" ua="10.0.0.1:80" us="502"
"#;

const ERROR: &str = r#"2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: x, request: "GET /cart HTTP/1.1", upstream: "http://10.0.0.1:80/cart", host: "x"
"#;

const GUNICORN: &str = "[2026-11-21 02:40:00 +0000] [9] [INFO] Listening at: http://10.0.0.1:80 (9)
[2026-11-21 02:47:16 +0000] [9] [INFO] Handling signal: term
[2026-11-21 02:47:16 +0000] [9] [INFO] Shutting down: Master
";

/// A folder with logs in which nothing listens behind the proxy.
fn world() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs/nginx");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("access.log"), ACCESS).unwrap();
    std::fs::write(logs.join("error.log"), ERROR).unwrap();
    let app = dir.path().join("logs/app");
    std::fs::create_dir_all(&app).unwrap();
    std::fs::write(app.join("error.log"), GUNICORN).unwrap();
    dir
}

#[test]
fn analyze_is_the_default_and_tells_the_cause() {
    let dir = world();
    let o = logjoin(dir.path(), &["./logs"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    let text = out(&o);
    assert!(text.contains("2 gateway failures in 3 requests (67 %)"), "{text}");
    assert!(text.contains("nginx/error.log:1") && text.contains("Connection refused"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(out(&logjoin(dir.path(), &["analyze", "./logs"])), text);
}

#[test]
fn every_form_tells_the_same_totals() {
    let dir = world();
    for name in ["r.json", "r.html", "r.md", "r.txt", "r.csv", "r.ndjson"] {
        let o = logjoin(dir.path(), &["logs", "-o", name]);
        assert_eq!((o.status.code(), out(&o).as_str()), (Some(0), ""), "{name}: {}", err(&o));
    }
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let v: Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!((v["totals"]["failures"].as_u64(), v["schema_version"].as_u64()), (Some(2), Some(1)));
    assert_eq!(v["failures"].as_array().unwrap().len(), 2);
    for name in ["r.html", "r.md", "r.txt"] {
        assert!(read(name).contains("2 gateway failures"), "{name}");
        assert!(!read(name).contains('\u{1b}'), "{name}");
    }
    assert!(!read("r.html").contains("<script>|") && read("r.html").contains("&lt;script&gt;|"));
    assert_eq!((read("r.csv").lines().count(), read("r.ndjson").lines().count()), (3, 2));
}

#[test]
fn a_saved_result_is_shown_again_in_any_form() {
    let dir = world();
    let direct = out(&logjoin(dir.path(), &["logs", "-v"]));
    assert_eq!(logjoin(dir.path(), &["logs", "-o", "saved.json"]).status.code(), Some(0));
    assert_eq!(out(&logjoin(dir.path(), &["saved.json", "-v"])), direct);
    assert_eq!(
        out(&logjoin(dir.path(), &["join", "saved.json"])),
        out(&logjoin(dir.path(), &["join", "logs"]))
    );
    let json = out(&logjoin(dir.path(), &["saved.json", "-F", "json", "--compact"]));
    assert_eq!(json.lines().count(), 1);
    std::fs::write(
        dir.path().join("new.json"),
        json.replacen("\"schema_version\":1", "\"schema_version\":99", 1),
    )
    .unwrap();
    let o = logjoin(dir.path(), &["new.json"]);
    assert_eq!(o.status.code(), Some(3));
    assert!(err(&o).contains("new.json: expected a result of schema version 1, found 99"), "{}", err(&o));
}

#[test]
fn rows_of_failures() {
    let dir = world();
    let o = logjoin(dir.path(), &["join", "logs"]);
    let rows: Vec<Value> = out(&o).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0]["file"].as_str(), rows[0]["line"].as_u64()),
        (Some("logs/nginx/access.log"), Some(2))
    );
    assert_eq!(rows[0]["error_lines"][0]["line"], 1);
    assert_eq!(out(&logjoin(dir.path(), &["join", "logs", "--failures", "1"])).lines().count(), 1);
    let o = logjoin(dir.path(), &["join", "logs", "-F", "html"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(err(&o).contains("possible values: ndjson, csv, parquet"));
}

#[test]
fn rows_of_records() {
    let dir = world();
    std::fs::write(dir.path().join("logs/broken.bin.log"), b"\xff\xfe no such format\n").unwrap();
    let o = logjoin(dir.path(), &["parse", "logs/nginx"]);
    let rows: Vec<Value> = out(&o).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 4, "{}", err(&o));
    assert_eq!(
        (rows[1]["status"].as_u64(), rows[1]["upstream_addr"].as_str()),
        (Some(502), Some("10.0.0.1:80"))
    );
    assert_eq!((rows[3]["kind"].as_str(), rows[3]["os_error_code"].as_u64()), (Some("error"), Some(111)));
    let csv = out(&logjoin(dir.path(), &["parse", "logs/nginx", "-F", "csv"]));
    assert_eq!(csv.lines().count(), 5);
    let o = logjoin(dir.path(), &["parse", "logs/nginx/access.log", "--format", "access.log=apache:%h %l"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
}

#[test]
fn an_event_of_several_lines_is_one_row() {
    let dir = tempfile::tempdir().unwrap();
    let trace = "2026-11-21 02:47:17,123 ERROR shop: failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in x\nValueError: no\n2026-11-21 02:47:18,000 INFO shop: ok\n";
    std::fs::write(dir.path().join("app.log"), trace).unwrap();
    let o = logjoin(dir.path(), &["parse", "app.log"]);
    let rows: Vec<Value> = out(&o).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 2, "{}", out(&o));
    assert_eq!((rows[0]["line"].as_u64(), rows[0]["line_end"].as_u64()), (Some(1), Some(4)));
    assert_eq!((rows[1]["line"].as_u64(), rows[1].get("line_end")), (Some(5), None));
}

#[test]
fn sources_are_told() {
    let dir = world();
    let text = out(&logjoin(dir.path(), &["detect", "logs"]));
    assert!(text.contains("logs/nginx/access.log") && text.contains("proxy-access"), "{text}");
    let v: Value =
        serde_json::from_str(&out(&logjoin(dir.path(), &["detect", "logs", "-F", "json"]))).unwrap();
    assert_eq!(v.as_array().unwrap().len(), 3);
    assert_eq!(logjoin(dir.path(), &["detect", "logs", "-F", "html"]).status.code(), Some(2));
}

#[test]
fn causes_and_failures_are_explained() {
    let dir = world();
    let text = out(&logjoin(dir.path(), &["explain", "keepalive-race"]));
    assert!(text.contains("idle connection") && text.contains("nginx") && text.contains("HAProxy"), "{text}");
    for what in ["logs/nginx/access.log:2", "access.log:2", "nginx/error.log:1", "F1"] {
        let o = logjoin(dir.path(), &["explain", what, "logs"]);
        assert_eq!(o.status.code(), Some(0), "{what}: {}", err(&o));
        assert!(out(&o).contains("logs/nginx/access.log:2") && out(&o).contains("refused"), "{what}");
    }
    for (args, words) in [
        (&["explain", "oom-kil"][..], "the causes are"),
        (&["explain", "access.log:1", "logs"], "no failure stands at access.log:1"),
        (&["explain", "--request-id", "nope", "logs"], "no failure has the request id"),
        (&["explain", "access.log:2"], "which logs"),
    ] {
        let o = logjoin(dir.path(), args);
        assert_eq!(o.status.code(), Some(2), "{args:?}");
        assert!(err(&o).contains(words), "{}", err(&o));
    }
}

#[test]
fn exit_codes() {
    let dir = world();
    let code = |args: &[&str]| logjoin(dir.path(), args).status.code();
    assert_eq!(code(&["logs", "--fail-on", "any"]), Some(1));
    assert_eq!(code(&["logs", "--fail-on", "header-too-large"]), Some(0));
    assert_eq!(code(&["logs", "--fail-on", "everything"]), Some(2));
    assert_eq!(code(&["logs", "--no-such-option"]), Some(2));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["logs", "no-such-file"]), Some(3));
    assert_eq!(code(&["no-such-file"]), Some(3));
    assert_eq!(code(&["logs", "-o", "report.docx"]), Some(2));
    assert_eq!(code(&["logs", "-o", "no/such/folder/r.json"]), Some(3));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
}

#[test]
fn what_could_not_be_read_is_said_and_the_rest_analysed() {
    let dir = world();
    let o = logjoin(dir.path(), &["logs", "no-such-file"]);
    assert!(err(&o).contains("no-such-file: not found"), "{}", err(&o));
    assert!(out(&o).contains("2 gateway failures"));
    let o = logjoin(dir.path(), &["explian", "oom-kill"]);
    assert!(err(&o).contains("logjoin explain"), "{}", err(&o));
}

#[test]
fn options_reach_the_analysis() {
    let dir = world();
    let failures = |args: &[&str]| -> u64 {
        let all: Vec<&str> = [&["logs", "-F", "json"], args].concat();
        let o = logjoin(dir.path(), &all);
        let v: Value = serde_json::from_str(&out(&o)).unwrap_or_else(|_| panic!("{args:?}: {}", err(&o)));
        v["totals"]["failures"].as_u64().unwrap()
    };
    assert_eq!(failures(&[]), 2);
    assert_eq!(failures(&["-j", "1"]), 2);
    assert_eq!(failures(&["--status", "504"]), 0);
    assert_eq!(failures(&["--since", "2026-11-22"]), 0);
    assert_eq!(failures(&["--around", "2026-11-21 02:47"]), 2);
    assert_eq!(failures(&["--around", "2026-11-21 03:47 +01:00 ±5m"]), 2);
    assert_eq!(failures(&["--since", "2026-11-20", "--until", "+1h"]), 0);
    assert_eq!(failures(&["--tz", "error.log=Etc/UTC", "--skew", "error.log=0s", "--window", "30s"]), 2);
    for (option, value, words) in [
        ("--tz", "Berlin", "GLOB=ZONE"),
        ("--anchor", "access.log:0=app.log:5", "FILE:LINE=FILE:LINE"),
        ("--since", "sometime", "yesterday 14:00"),
        ("--role", "*=cook", "backend"),
    ] {
        let o = logjoin(dir.path(), &["logs", option, value]);
        assert_eq!(o.status.code(), Some(2));
        assert!(err(&o).contains(words), "{}", err(&o));
    }
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let dir = world();
    assert!(out(&logjoin(dir.path(), &["logs", "--color", "always"])).contains("\u{1b}["));
    assert!(!out(&logjoin(dir.path(), &["logs", "--color", "never"])).contains('\u{1b}'));
    let o = Command::new(env!("CARGO_BIN_EXE_logjoin"))
        .args(["logs"])
        .env("NO_COLOR", "1")
        .env("CLICOLOR_FORCE", "0")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(!out(&o).contains('\u{1b}'));
    assert!(err(&o).is_empty(), "no progress line where nobody looks: {}", err(&o));
}

#[test]
fn environment_decides_colour_where_no_option_does() {
    let dir = world();
    let colored = |name: &str, value: &str, color: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logjoin"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let o = command.arg("logs").args(color).env(name, value).current_dir(dir.path()).output().unwrap();
        out(&o).contains('\u{1b}')
    };
    assert!(colored("CLICOLOR_FORCE", "1", &[]));
    assert!(!colored("CLICOLOR", "1", &[]), "a pipe");
    assert!(!colored("NO_COLOR", "1", &[]));
    assert!(colored("NO_COLOR", "1", &["--color", "always"]), "an option is nearer");
}

/// What reaches a terminal holds no control character but line ends, whatever stands in logs and names of files.
#[test]
fn nothing_of_a_log_reaches_the_terminal_raw() {
    const STRANGE: &[&[u8]] = &[
        b"\x1b[2J\x1b[H",
        b"\x1b]0;owned\x07",
        b"\x1b]8;;http://x.test/\x07click\x1b]8;;\x07",
        b"\xc2\x9b31m\x9b31m",
        b"\x08\x08\x7f\x0b\x0c\x00",
        b"\xe2\x80\xaegpj.exe\xe2\x81\xa6",
        b"\x1bP+q544e\x1b\\",
        b"\x1b_Gf=100;AAAA\x1b\\",
    ];
    let dir = tempfile::tempdir().unwrap();
    let nginx = dir.path().join("logs/edge\u{1b}[31m\u{202e}");
    let app = dir.path().join("logs/app");
    std::fs::create_dir_all(&nginx).unwrap();
    std::fs::create_dir_all(&app).unwrap();
    let (mut access, mut errors, mut said) = (Vec::new(), Vec::new(), GUNICORN.as_bytes().to_vec());
    for s in STRANGE {
        for (bytes, line) in [(&mut access, ACCESS.lines().nth(1).unwrap()), (&mut errors, ERROR.trim_end())]
        {
            let (before, after) = line.split_once("/cart").unwrap();
            bytes.extend(
                [
                    before.as_bytes(),
                    b"/",
                    s,
                    after.replace("curl", &String::from_utf8_lossy(s)).as_bytes(),
                    b"\n",
                ]
                .concat(),
            );
        }
        said.extend(
            [b"[2026-11-21 02:47:17 +0000] [9] [ERROR] Exception in worker process ", *s, b"\n", s, b"\n"]
                .concat(),
        );
    }
    std::fs::write(nginx.join("access.log"), access).unwrap();
    std::fs::write(nginx.join("error.log"), errors).unwrap();
    std::fs::write(app.join("error.log"), said).unwrap();
    let harmless = |args: &[&str], shown: &str| {
        let bad = shown.chars().find(|&c| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(bad, None, "{args:?}: {shown}");
    };
    for args in [
        &["logs", "--color", "never"][..],
        &["logs", "-v", "--color", "never"],
        &["detect", "logs", "-v"],
        &["explain", "F1", "logs"],
        &["join", "logs"],
        &["parse", "logs"],
        &["logs", "-F", "markdown"],
        &["logs", "-F", "html"],
        &["logs/nothing\u{1b}[2J"],
    ] {
        let o = logjoin(dir.path(), args);
        harmless(args, &out(&o));
        harmless(args, &err(&o));
        assert!(!out(&o).is_empty() || !err(&o).is_empty(), "{args:?}");
    }
    let colored = out(&logjoin(dir.path(), &["logs", "-v", "--color", "always"]));
    // Of our own there are only colours: `ESC [` numbers `m`.
    for part in colored.split('\u{1b}').skip(1) {
        let digits = part
            .strip_prefix('[')
            .expect("a colour")
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        assert!(digits.starts_with('m'), "{part}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let line = ACCESS.lines().nth(1).unwrap();
    std::fs::write(dir.path().join("access.log"), format!("{line}\n").repeat(20_000)).unwrap();
    for args in [&["parse", "access.log"][..], &["join", "access.log"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_logjoin"))
            .args(args)
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let o = child.wait_with_output().unwrap();
        assert_eq!((o.status.code(), err(&o).as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let dir = world();
    let one = out(&logjoin(dir.path(), &["logs/app", "logs/nginx", "-F", "json", "-j", "1"]));
    let two = out(&logjoin(dir.path(), &["logs/nginx", "logs/app", "-F", "json", "-j", "4"]));
    assert!(!one.is_empty() && one == two);
}

#[test]
fn help_completions_and_the_manual() {
    let dir = tempfile::tempdir().unwrap();
    let help = out(&logjoin(dir.path(), &["--help"]));
    for words in ["Examples:", "Exit codes:", "--since", "join", "explain"] {
        assert!(help.contains(words), "{words}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(out(&logjoin(dir.path(), &["completions", shell])).contains("logjoin"), "{shell}");
    }
    assert!(out(&logjoin(dir.path(), &["man"])).contains(".TH logjoin"));
    let o = logjoin(dir.path(), &["logs", "--sinse", "2h"]);
    assert!(err(&o).contains("--since"), "{}", err(&o));
}

#[test]
fn names_of_files_cannot_paint_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let o = logjoin(dir.path(), &["no\u{1b}[31msuch\u{202e}file"]);
    assert_eq!(o.status.code(), Some(3));
    assert!(!err(&o).contains('\u{1b}') && !err(&o).contains('\u{202e}'), "{:?}", err(&o));
}

/// All recordings, where they are available: every form can be made, and the ledger holds.
#[test]
fn recordings_are_reported() {
    let Some(lab) = corpora::corpora("lab") else { return };
    let runs = std::fs::read_dir(&lab).expect("a folder");
    let dir = tempfile::tempdir().unwrap();
    for run in runs.flatten().map(|e| e.path()).filter(|p| p.join("logs").is_dir()) {
        let logs = run.join("logs").display().to_string();
        let saved = dir.path().join("saved.json").display().to_string();
        let o = logjoin(dir.path(), &[&logs, "-o", &saved]);
        assert_eq!(o.status.code(), Some(0), "{logs}: {}", err(&o));
        let v: Value = serde_json::from_slice(&std::fs::read(&saved).unwrap()).unwrap();
        let l = &v["ledger"];
        let sum: u64 = ["events", "continuations", "blank", "filtered", "unparsed"]
            .iter()
            .map(|k| l[k].as_u64().unwrap())
            .sum();
        assert_eq!(l["lines"].as_u64(), Some(sum), "{logs}");
        for format in ["text", "markdown", "html", "csv", "ndjson"] {
            let o = logjoin(dir.path(), &[&saved, "-F", format, "-v"]);
            assert_eq!(o.status.code(), Some(0), "{logs} {format}: {}", err(&o));
            assert!(!out(&o).chars().any(|c| c.is_control() && c != '\n' && c != '\r'), "{logs} {format}");
        }
    }
}
