//! Everything fails: nothing that was served tells how the clocks are apart, or what is usual.

use std::fmt::Write;

use logjoin::{Options, analyze};

/// Requests for one page, six a second, each of which the proxy gave up on after a second, and the lines that the backend wrote of
/// them later, all alike.
fn logs(requests: u32) -> (String, String) {
    let (mut access, mut served) = (String::new(), String::new());
    let stamp = |s: u32| format!("21/Nov/2026:{:02}:{:02}:{:02} +0000", 2 + s / 3600, s / 60 % 60, s % 60);
    for n in 0..requests {
        let request = "\"GET /cart HTTP/1.1\"";
        let upstream = "rt=1.000 uct=\"0.000\" uht=\"-\" urt=\"1.000\" ua=\"10.0.1.11:8000\" us=\"504\"";
        let at = n / 6 + 1;
        writeln!(access, "198.51.100.7 - - [{}] {request} 504 160 \"-\" \"probe\" {upstream}", stamp(at))
            .unwrap();
        writeln!(served, "10.0.1.1 - - [{}] {request} 200 512 \"-\" \"probe\"", stamp(at + 3)).unwrap();
    }
    (access, served)
}

#[test]
fn lines_that_could_be_any_request_s_are_nobody_s() {
    let (access, served) = logs(600);
    let files = [("edge/nginx/access.log", &access), ("app-1/gunicorn/access.log", &served)];
    let analysis = analyze(files, Options::default());
    assert_eq!(analysis.totals.by_status["504"], 600);
    assert_eq!(analysis.failures.len(), 600);
    for f in &analysis.failures {
        assert!(f.backend.is_empty(), "line {} is joined to {:?}", f.line, f.backend);
        assert_ne!(
            f.join,
            logjoin::analysis::JoinState::NoBackendEvent,
            "line {}: the backend may well have logged it",
            f.line
        );
    }
}
