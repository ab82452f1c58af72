//! The examples, run as a reader would run them, on recorded logs; and what they show of the engine: progress and
//! cancellation.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

use logjoin::Options;
use logjoin_files::{Cancelled, analyze, analyze_with};
use serde_json::Value;

fn crash() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios/worker-crash")
}

/// `cargo test` builds the examples next to the program; `None`, said, where only this test was built.
#[allow(clippy::print_stderr)] // a skipped test says why
fn run(name: &str, args: &[&str]) -> Option<Output> {
    // Tests are in `deps`, beside `examples`.
    let test = std::env::current_exe().expect("the path of this test");
    let program = test.parent().and_then(Path::parent).expect("a folder").join("examples");
    let program = program.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        eprintln!("skipped: {} is not built; `cargo test -p logjoin-files` builds it", program.display());
        return None;
    }
    let output = Command::new(program).args(args).output().expect("the example starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn folder() {
    let Some(o) = run("folder", &[&crash().display().to_string()]) else { return };
    assert!(text(&o.stdout).contains("95 gateway failures in 1,355 requests"), "{}", text(&o.stdout));
    assert!(text(&o.stderr).contains("12 of 12 files"), "{}", text(&o.stderr));
}

#[test]
fn slack() {
    let Some(o) = run("slack", &[&crash().display().to_string()]) else { return };
    let message: Value = serde_json::from_slice(&o.stdout).expect("JSON");
    assert_eq!(message["text"], "95 gateway failures in 1355 requests");
    let blocks = message["blocks"].as_array().expect("blocks");
    assert_eq!(blocks.len(), 3);
    let all = message.to_string();
    assert!(all.contains("*backend-down*") && all.contains("*backend-crash*"), "{all}");
    assert!(!all.contains('<') && !all.contains('>'), "{all}");
}

#[test]
fn follow() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("access.log");
    let line = |s: u32| {
        format!("192.0.2.{s} - - [21/Nov/2020:02:47:{s} +0000] \"GET / HTTP/1.1\" 504 150 \"-\" \"curl\"\n")
    };
    std::fs::write(&file, line(17)).unwrap();
    let path = file.display().to_string();
    let writer = std::thread::spawn(move || {
        let wait = || std::thread::sleep(std::time::Duration::from_millis(700));
        wait();
        let mut log = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
        std::io::Write::write_all(&mut log, line(18).replace("02:47", "02:48").as_bytes()).unwrap();
        wait();
        // Rotated.
        std::fs::rename(&file, file.with_extension("log.1")).unwrap();
        std::fs::write(&file, line(19).replace("02:47", "02:49")).unwrap();
    });
    let Some(o) = run("follow", &["0.1", "30", &path]) else { return };
    writer.join().unwrap();
    let out = text(&o.stdout);
    assert!(out.lines().all(|l| l.contains("failed (504)")), "{out}");
    // The log before it was rotated, and after it.
    assert!(out.contains("2020-11-21T02:47:17") && out.contains("2020-11-21T02:49:19"), "{out}");
}

#[test]
fn progress_is_told_and_obeyed() {
    let (calls, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let watch = |p: logjoin_files::Progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        most.fetch_max(p.bytes, Ordering::Relaxed);
        assert!(p.files_done <= p.files);
        ControlFlow::Continue(())
    };
    let (watched, problems) =
        analyze_with(&[crash()], &[], Options::default(), &watch).expect("not cancelled");
    assert_eq!(problems, []);
    assert_eq!(watched, analyze(&[crash()], &[], Options::default()).0);
    let bytes: u64 =
        watched.inputs.iter().filter(|i| i.kind == logjoin::analysis::InputKind::Log).map(|i| i.bytes).sum();
    assert_eq!(most.into_inner(), bytes);
    assert!(calls.into_inner() >= 12 * 2, "once per block and once per file");

    let calls = AtomicU64::new(0);
    let stop = |_| {
        calls.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Break(())
    };
    assert_eq!(analyze_with(&[crash()], &[], Options::default(), &stop).unwrap_err(), Cancelled);
    assert!(calls.into_inner() <= rayon::current_num_threads() as u64, "it stops at once");
}
