//! The example, run as a reader would run it, on recorded logs.

use std::path::Path;
use std::process::Command;

#[test]
#[allow(clippy::print_stderr)] // a skipped test says why
fn rows() {
    let me = std::env::current_exe().expect("a path of this test");
    let built = me.parent().and_then(Path::parent).expect("the folder of the profile").join("examples");
    let program = built.join(format!("rows{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        eprintln!("skipped: {} is not built; `cargo test -p logjoin-parse` builds it", program.display());
        return;
    }
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios/worker-crash/logs");
    let run = |file: &str| {
        let output = Command::new(&program).arg(logs.join(file)).output().expect("the example starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let out = run("nginx/error.log");
    assert!(out.starts_with("1 nginx-error error 2026-11-21T02:46:59\n"), "{out}");
    let out = run("nginx/access.log");
    assert_eq!(out.lines().filter(|l| l.contains(" access 2026-11-21T")).count(), 1355, "{out}");
    // Lines that continue a record are no rows of their own.
    let lines = std::fs::read_to_string(logs.join("api-1/app.log")).expect("a recording").lines().count();
    let rows = run("api-1/app.log").lines().count();
    assert!(0 < rows && rows <= lines, "{rows} of {lines}");
}
