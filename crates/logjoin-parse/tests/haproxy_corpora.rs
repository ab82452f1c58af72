//! A public production log of HAProxy and recordings of a real one: every line is read, as what it is.
//!
//! The corpora are not part of the repository: without them each test says so and passes.

#![allow(clippy::print_stderr)] // what was compared, or why nothing was

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use logjoin_parse::{Body, Kind, Product, Record, parse_any};

#[path = "../../../fixtures/corpora.rs"]
mod corpora;
use corpora::corpora;

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

/// Every line becomes a typed record of HAProxy: how many of each kind.
fn all_typed(path: &Path) -> BTreeMap<&'static str, u64> {
    let mut kinds = BTreeMap::new();
    for (n, line) in lines(path).iter().enumerate() {
        let place = || format!("{}:{}: {}", path.display(), n + 1, String::from_utf8_lossy(line));
        let r = parse_any(line).unwrap_or_else(|e| panic!("{}: {e}", place()));
        assert!(r.product == Product::Haproxy && r.kind() != Kind::Log, "{}", place());
        assert!(r.best_stamp().is_some(), "{}", place());
        *kinds.entry(r.format).or_default() += 1;
    }
    kinds
}

#[test]
fn a_production_log() {
    let Some(dir) = corpora("") else { return };
    let path = dir.join("haproxylogparser/haproxy.log");
    let kinds = all_typed(&path);
    assert_eq!(kinds, BTreeMap::from([("haproxy-http", 17_211)]));
    let mut statuses = BTreeMap::new();
    for line in lines(&path) {
        if let Ok(Record { body: Body::Access(a), .. }) = parse_any(&line) {
            *statuses.entry(a.status.unwrap_or(0)).or_insert(0) += 1;
        }
    }
    for (status, n) in [(200, 4861), (401, 7866), (404, 4407), (500, 48), (502, 2)] {
        assert_eq!(statuses.get(&status), Some(&n), "{status}");
    }
}

#[test]
fn starts_and_stops() {
    let Some(dir) = corpora("") else { return };
    let kinds = all_typed(&dir.join("openshift-haproxy-custom-logs/haproxy.log"));
    assert_eq!(kinds, BTreeMap::from([("haproxy-http", 2), ("haproxy-state", 12)]));
}

#[test]
fn recordings() {
    let Some(dir) = corpora("") else { return };
    let mut files: Vec<_> = fs::read_dir(dir.join("lab"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("logs/haproxy/haproxy.log"))
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    let mut kinds = BTreeMap::new();
    for path in &files {
        for (format, n) in all_typed(path) {
            *kinds.entry(format).or_insert(0) += n;
        }
    }
    eprintln!("{} recordings: {kinds:?}", files.len());
    assert!(kinds.keys().all(|k| matches!(*k, "haproxy-http" | "haproxy-state")), "{kinds:?}");
}
