//! The examples, run as a reader would run them, on recorded logs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::fixtures;

/// `cargo test` builds the examples next to the tests.
fn example(name: &str) -> PathBuf {
    let me = std::env::current_exe().expect("a path of this test");
    let built = me.parent().and_then(Path::parent).expect("the folder of the profile").join("examples");
    built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What the example prints; `None`, said, where only this test was built (`cargo test --test it`).
#[allow(clippy::print_stderr)] // a skipped test says why
fn run(name: &str, args: &[&Path]) -> Option<String> {
    let program = example(name);
    if !program.exists() {
        eprintln!("skipped: {} is not built; `cargo test -p logjoin` builds it", program.display());
        return None;
    }
    let output = Command::new(program).args(args).output().expect("the example starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

fn crash(file: &str) -> PathBuf {
    fixtures().join("scenarios/worker-crash/logs").join(file)
}

#[test]
fn records() {
    let Some(out) = run("records", &[&crash("nginx/error.log")]) else { return };
    assert!(out.starts_with("1 nginx-error 2026-11-21T02:46:59 -\n"), "{out}");
    let Some(out) = run("records", &[&crash("nginx/access.log")]) else { return };
    assert_eq!(out.lines().filter(|l| l.ends_with(" 502")).count(), 95);
    let Some(out) = run("records", &[&crash("api-1/app.log")]) else { return };
    let lines = std::fs::read_to_string(crash("api-1/app.log")).unwrap().lines().count();
    assert!(!out.is_empty() && out.lines().count() <= lines, "{out}");
}

#[test]
fn service() {
    let files = ["nginx/access.log", "nginx/error.log", "api-1/error.log", "api-1/access.log"].map(crash);
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let Some(out) = run("service", &files) else { return };
    assert!(out.starts_with("after 10 batches: "), "{out}");
    assert!(out.contains("I2: 84 requests failed (502)"), "{out}");
}

#[test]
fn custom_format() {
    let format = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status""#;
    let Some(out) = run("custom_format", &[Path::new(format), &crash("nginx/access.log")]) else { return };
    assert!(out.starts_with("1355 of 1355 lines read\n"), "{out}");
    assert_eq!(out.lines().filter(|l| l.contains(": 502 from 10.20.1.1")).count(), 95, "{out}");
}

#[test]
fn custom_rule() {
    let files = ["nginx/access.log", "nginx/error.log", "api-1/error.log", "api-1/access.log"].map(crash);
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let Some(out) = run("custom_rule", &files) else { return };
    let (without, with) = out.split_once("with 1 rules of our own:\n").expect("two lists");
    assert!(without.contains("  backend-down: 84 requests failed"), "{out}");
    assert!(
        with.contains(
            "  backend-maintenance: 84 requests failed (502): it was stopped for the nightly work at api-1"
        ),
        "{out}"
    );
}

#[test]
fn signals() {
    let file = std::fs::File::open(crash("api-2/error.log")).expect("a recording");
    let program = example("signals");
    if run("signals", &[]).is_none() {
        return;
    }
    let output = Command::new(program).stdin(file).output().expect("the example starts");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(out.lines().any(|l| l.starts_with("Crash ") && l.contains("signal 11")), "{out}");
}

#[test]
fn custom_signal() {
    let Some(out) = run("custom_signal", &[]) else { return };
    let causes: Vec<&str> = out.lines().filter_map(|l| l.split(": ").nth(1)).collect();
    assert!(causes[0] != "oom-kill" && causes[1] == "oom-kill", "{out}");
}
