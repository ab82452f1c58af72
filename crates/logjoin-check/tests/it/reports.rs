//! The reports: nothing of a configuration reaches a terminal as it is; JSON and SARIF have the shape that readers expect.

use logjoin_check::render::{json, sarif, text};
use logjoin_check::{RULES, Report, Subject, check};
use serde_json::Value;

const HOSTILE: &str = "upstream a\u{1b}[2Jb {\n  server 10.0.0.1:0;\n  server \u{202e}x.test:0;\n}\nserver {\n  listen 80;\n  \
                       location / { proxy_pass http://a\u{1b}[2Jb; }\n  location /x { proxy_pass }\n}\n";

fn report() -> Report {
    let config =
        logjoin_config::nginx::read("conf/ng\u{7}inx #1.conf", HOSTILE.as_bytes(), &mut |_| Vec::new());
    check(&[Subject::new("conf/ng\u{7}inx #1.conf", config)], None)
}

fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(bad, None, "{text}");
    text
}

#[test]
fn text_is_escaped_and_says_place_rule_and_fix() {
    let report = report();
    assert!(report.has_syntax_errors && report.findings.len() >= 3);
    let text = harmless(&text(&report, false, false));
    assert!(
        text.contains("conf/ng\\x07inx #1.conf:2: error: 10.0.0.1:0: port 0 [unreachable-address]"),
        "{text}"
    );
    assert!(text.contains("error: `proxy_pass` is not ended [syntax]"), "{text}");
    assert!(text.ends_with(" advice in 1 file\n"), "{text}");
}

#[test]
fn colour_is_the_only_escape() {
    let text = String::from_utf8(text(&report(), true, true)).unwrap();
    let rest = ["1;31", "1;33", "1;36", "1", "0"]
        .iter()
        .fold(text, |t, code| t.replace(&format!("\x1b[{code}m"), ""));
    harmless(rest.as_bytes());
}

#[test]
fn json_has_the_findings() {
    let report = report();
    let all: Value = serde_json::from_str(&harmless(&json(&report))).unwrap();
    assert_eq!(all["schema_version"], 1);
    assert_eq!(all["findings"].as_array().unwrap().len(), report.findings.len());
    let first = &all["findings"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["file"], "conf/ng\u{7}inx #1.conf");
    assert!(first.get("failures").is_none(), "no logs, no number");
    let errors = all["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "error").count();
    assert_eq!(all["counts"]["error"], errors);
}

#[test]
fn sarif_has_rules_and_places() {
    let report = report();
    let all: Value = serde_json::from_str(&harmless(&sarif(&report))).unwrap();
    assert_eq!(all["version"], "2.1.0");
    let run = &all["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RULES.len() + 1);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len());
    for (result, finding) in results.iter().zip(&report.findings) {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "conf/ng%07inx%20%231.conf");
        assert_eq!(place["region"]["startLine"], finding.line);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
}
