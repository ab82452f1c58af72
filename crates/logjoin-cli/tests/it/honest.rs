//! What is asked for is done or refused with a word, and what is left out is said.

use std::path::Path;

use super::{logjoin, out};

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
    let (all, drawn) = (report(&[]), bars(&[]));
    assert!(drawn.lines().count() > 2, "{drawn}");
    for less in [["--failures", "5"], ["--failures", "0"], ["--keep-failures", "1"]] {
        assert_eq!(report(&less), all, "{less:?}");
        assert_eq!(bars(&less), drawn, "{less:?}");
    }
    // What the page's script draws is what is listed, and the page says so.
    let page = out(&logjoin(Path::new("."), &[&logs, "-F", "html", "--failures", "5"]));
    assert!(page.contains("The bars are those of the failures listed below: 5 of "));
}
