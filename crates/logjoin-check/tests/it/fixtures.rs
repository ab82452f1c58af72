//! Each rule has files in which it fires, at the lines that are marked, and files that look alike and are right.
//!
//! `fixtures/check/<rule>/fire-<proxy>[-more].conf` and `near-...`; a comment `# next line` marks where a finding is due.
//! Beside a file may stand `NAME.failures` (what the logs tell: `CAUSE ADDRESS COUNT` a line) `NAME.behind` (the
//! configuration of the proxy behind) and `NAME.before` (the version before).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use logjoin::{Analysis, Options, analysis, finish, plan};
use logjoin_check::{RULES, Report, Subject, check};
use logjoin_config::{ProxyConfig, haproxy, httpd, nginx};
use logjoin_parse::Product;

const MARK: &str = "# next line";

fn product(name: &str) -> Product {
    let word = name.split(['-', '.']).nth(1);
    match word {
        Some("nginx") => Product::Nginx,
        Some("apache") => Product::Apache,
        Some("haproxy") => Product::Haproxy,
        _ => panic!("{name}: expected fire-PROXY or near-PROXY"),
    }
}

fn read(name: &str, product: Product, text: &[u8]) -> ProxyConfig {
    match product {
        Product::Nginx => nginx::read(name, text, &mut |_| Vec::new()),
        Product::Haproxy => haproxy::read(name, text),
        _ => httpd::read(name, text, &mut |_| Vec::new()),
    }
}

/// An analysis that holds these failures of the proxy `edge`.
fn logs(product: Product, text: &str) -> Analysis {
    let mut all = finish(&plan(Vec::new(), Vec::new(), Options::default()), Vec::new());
    let product = match product {
        Product::Nginx => "nginx",
        Product::Haproxy => "haproxy",
        _ => "apache",
    };
    let ledger = serde_json::to_value(analysis::Ledger::default()).unwrap();
    let source = serde_json::json!({
        "id": "edge/access.log", "files": [], "formats": [], "role": "proxy-access", "product": product,
        "instance": "edge", "role_reason": "", "zone": "written", "zone_reason": "", "precision": "s",
        "start": null, "end": null, "longest_gap_s": 0.0, "ledger": ledger, "unparsed_examples": [], "addresses": [],
    });
    all.sources.push(serde_json::from_value(source).unwrap());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [cause, address, count] = words.as_slice() else {
            panic!("{line}: expected CAUSE ADDRESS COUNT")
        };
        let attempts = match *address {
            "-" => serde_json::json!([]),
            address => serde_json::json!([{ "address": address, "mechanism": "refused" }]),
        };
        let failure = serde_json::json!({
            "id": "F1", "time": "2026-11-21T02:00:00Z", "file": "edge/access.log", "line": 1, "proxy": "edge",
            "target": "/", "attempts": attempts, "origin": "proxy", "mechanism": "refused", "cause": cause,
            "confidence": 0.9, "gateway": true, "error_lines": [], "backend": [], "join": "joined",
            "cause_lines": [], "alternatives": [],
        });
        let failure: analysis::Failure = serde_json::from_value(failure).unwrap();
        for _ in 0..count.parse::<usize>().unwrap() {
            all.failures.push(failure.clone());
        }
    }
    all
}

/// Checks one fixture, with what stands beside it.
fn run(path: &Path) -> Report {
    let name = path.file_name().unwrap().to_str().unwrap();
    let product = product(name);
    let text = std::fs::read(path).unwrap();
    let mut subjects = vec![Subject::new(name, read(name, product, &text))];
    if let Ok(text) = std::fs::read(path.with_extension("before")) {
        subjects[0].path = format!("{name}.20261121T020000Z");
        subjects[0].loaded_ns = Some(1);
        subjects.push(Subject::new(name, read("before.conf", product, &text)));
    }
    if let Ok(text) = std::fs::read(path.with_extension("behind")) {
        let config =
            logjoin_config::read("behind.conf", &text, &mut |_| Vec::new()).expect("a configuration");
        subjects.push(Subject::new("behind.conf", config));
    }
    let failures = std::fs::read_to_string(path.with_extension("failures")).ok();
    let analysis = failures.map(|text| logs(product, &text));
    check(&subjects, analysis.as_ref())
}

fn files(rule: &str) -> Vec<PathBuf> {
    let folder = crate::repository("fixtures/check").join(rule);
    let all =
        std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("{rule}: no folder fixtures/check/{rule}"));
    let mut files: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "conf" || extension == "cfg"));
    files.sort();
    files
}

#[test]
fn the_table_is_complete() {
    let mut ids = BTreeSet::new();
    for rule in RULES {
        assert!(ids.insert(rule.id), "{}: the id of two rules", rule.id);
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}: not kebab-case", rule.id);
        assert!(
            !rule.title.is_empty() && !rule.title.ends_with('.'),
            "{}: no title, or a full stop",
            rule.id
        );
        assert!(rule.why.ends_with('.'), "{}: `why` is one or two sentences", rule.id);
        assert!(!rule.sources.is_empty() && !rule.products.is_empty(), "{}: no source or proxy", rule.id);
        let known: BTreeSet<(bool, Product)> = files(rule.id)
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .map(|name| (name.starts_with("fire-"), product(&name)))
            .collect();
        for product in rule.products {
            assert!(known.contains(&(true, *product)), "{}: no fire-... file for {product:?}", rule.id);
            assert!(known.contains(&(false, *product)), "{}: no near-... file for {product:?}", rule.id);
        }
    }
    for entry in std::fs::read_dir(crate::repository("fixtures/check")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(ids.contains(name.as_str()), "fixtures/check/{name}: no rule has this id");
    }
}

#[test]
fn rules_fire_where_they_must_and_nowhere_else() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for path in files(rule.id) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let report = run(&path);
            let own = report.findings.iter().filter(|finding| finding.file == name);
            let found: BTreeSet<u32> =
                own.filter(|finding| finding.rule == rule.id).map(|f| f.line).collect();
            let due: BTreeSet<u32> = (2u32..)
                .zip(text.lines())
                .filter(|(_, line)| line.trim() == MARK)
                .map(|(next, _)| next)
                .collect();
            if name.starts_with("fire-") && due.is_empty() {
                wrong.push(format!("{}/{name}: no line is marked", rule.id));
            }
            if found != due {
                wrong.push(format!("{}/{name}: found on lines {found:?}, due on {due:?}", rule.id));
            }
            if let Some(problem) = report.findings.iter().find(|finding| finding.rule == "syntax") {
                wrong.push(format!("{}/{name}:{}: {}", rule.id, problem.line, problem.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{} files:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_finding_says_what_to_write_and_how_many_it_touched() {
    for rule in RULES {
        for path in files(rule.id) {
            let has_logs = path.with_extension("failures").exists();
            for finding in run(&path).findings.iter().filter(|finding| finding.rule == rule.id) {
                assert!(
                    !finding.message.is_empty() && !finding.fix.is_empty(),
                    "{}: {}",
                    rule.id,
                    finding.message
                );
                assert!(finding.line > 0, "{}: no line", rule.id);
                assert_eq!(
                    finding.failures.is_some_and(|count| count > 0),
                    has_logs,
                    "{}: {}",
                    rule.id,
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_order_of_the_configurations_does_not_matter() {
    let paths: Vec<PathBuf> = RULES.iter().flat_map(|rule| files(rule.id)).collect();
    let mut subjects: Vec<Subject> = paths
        .iter()
        .map(|path| {
            let name = path.to_str().unwrap();
            let file = path.file_name().unwrap().to_str().unwrap();
            Subject::new(name, read(name, product(file), &std::fs::read(path).unwrap()))
        })
        .collect();
    let before = check(&subjects, None);
    subjects.reverse();
    assert_eq!(before, check(&subjects, None));
}

#[test]
fn what_debian_ships_raises_nothing_worse_than_advice() {
    let folder = crate::repository("fixtures/conf");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("debian-") {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let config = logjoin_config::read(&name, &text, &mut |_| Vec::new()).expect("a configuration");
        let report = check(&[Subject::new(name, config)], None);
        let worse: Vec<_> =
            report.findings.iter().filter(|f| f.severity > logjoin_check::Severity::Advice).collect();
        assert!(worse.is_empty(), "{worse:?}");
        seen += 1;
    }
    assert!(seen >= 3, "{seen} files");
}
