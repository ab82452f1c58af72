//! Verdicts follow from how the software behaves, not from what people called things: the same recordings with other names of
//! hosts and files, other paths, addresses, ports and another day are judged the same, failure by failure.

#![allow(clippy::print_stderr)] // a skipped test says why, and the tables are for the reader

use std::path::{Path, PathBuf};

use logjoin::Analysis;

use crate::corpora::corpora;
use crate::world::{World, fixtures};

/// Recordings of the laboratory that are tried beside the fixtures: few, for each is read seven times.
const LAB: usize = 3;

/// One consistent change of names: every occurrence of the left becomes the right, in lines, configurations and paths.
struct Renaming {
    what: &'static str,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The same for seconds since 1970, however fine: the first digits of numbers of ten digits and more.
    epochs: &'static [(&'static [u8], &'static [u8])],
}

impl Renaming {
    fn new(what: &'static str, pairs: &[(&str, &str)]) -> Renaming {
        let bytes = |s: &str| s.as_bytes().to_vec();
        Renaming { what, pairs: pairs.iter().map(|(a, b)| (bytes(a), bytes(b))).collect(), epochs: &[] }
    }

    fn apply(&self, text: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + text.len() / 8);
        let mut rest = &text[..];
        let mut in_number = false;
        while !rest.is_empty() {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let epoch =
                self.epochs.iter().find(|(from, _)| !in_number && digits >= 10 && rest.starts_with(from));
            if let Some((from, to)) = epoch {
                out.extend_from_slice(to);
                rest = &rest[from.len()..];
                in_number = true;
                continue;
            }
            in_number = digits > 0;
            match self.pairs.iter().find(|(from, _)| rest.starts_with(from)) {
                Some((from, to)) => {
                    out.extend_from_slice(to);
                    rest = &rest[from.len()..];
                }
                None => {
                    out.push(rest[0]);
                    rest = &rest[1..];
                }
            }
        }
        out
    }
}

/// The names of the folders of logs that are not a proxy's: the instances.
fn instances(recording: &Path) -> Vec<String> {
    let Ok(entries) = recording.join("logs").read_dir() else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|n| !["nginx", "apache", "haproxy"].contains(&n.as_str()));
    names.sort();
    names
}

/// Each kind of name by itself, so that a difference says what it depends on.
fn renamings(recording: &Path) -> Vec<Renaming> {
    let names = instances(recording);
    let fresh: Vec<(String, String)> = names
        .iter()
        .enumerate()
        .map(|(i, n)| (n.clone(), format!("{}box", (b'q' + i as u8) as char)))
        .collect();
    let hosts: Vec<(&str, &str)> = fresh.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    vec![
        Renaming::new("instances", &hosts),
        Renaming::new(
            "folders of the proxies",
            &[("logs/nginx/", "logs/m1/"), ("logs/apache/", "logs/m2/"), ("logs/haproxy/", "logs/m3/")],
        ),
        Renaming::new(
            "URLs",
            &[
                ("/api/v1", "/z9"),
                ("/erp", "/back/office"),
                ("/cart", "/k"),
                ("/orders", "/o"),
                ("/search", "/s"),
            ],
        ),
        Renaming::new("ports", &[(":211", ":347"), ("-211", "-347"), (":212", ":348"), (":213", ":349")]),
        Renaming::new("addresses", &[("10.20.", "172.30."), ("192.0.2.", "203.0.114.")]),
        // 250 days are a whole number of 100,000 seconds: an epoch changes in its first digits only.
        Renaming {
            epochs: &[(b"17952", b"18168"), (b"17953", b"18169")],
            ..Renaming::new(
                "dates",
                &[
                    ("21/Nov/2026", "29/Jul/2027"),
                    ("2026-11-21", "2027-07-29"),
                    ("2026/11/21", "2027/07/29"),
                    ("20261121", "20270729"),
                    ("21-Nov-2026", "29-Jul-2027"),
                    ("Sat Nov 21", "Thu Jul 29"),
                    ("Nov 21", "Jul 29"),
                    (" 2026]", " 2027]"),
                    ("21 Nov 2026", "29 Jul 2027"),
                ],
            )
        },
    ]
}

/// What must stay: per failure its line, what the proxy saw, the verdict, and the lines that it was joined to.
fn verdicts(a: &Analysis) -> Vec<String> {
    let mut all: Vec<String> = a
        .failures
        .iter()
        .map(|f| {
            let mut joined: Vec<u64> = f.backend.iter().map(|b| b.at.line).collect();
            joined.sort_unstable();
            format!(
                "{:06} {:?} {} {} {} {} {joined:?}",
                f.line, f.status, f.origin, f.mechanism, f.cause, f.join
            )
        })
        .collect();
    all.sort();
    all
}

fn assert_invariant(recordings: &[PathBuf]) {
    let mut wrong = Vec::new();
    for recording in recordings {
        let name = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = verdicts(&read(recording, &|b| b).analyze());
        for renaming in renamings(recording) {
            let got = verdicts(&read(recording, &|b| renaming.apply(b)).analyze());
            let differ = wanted.iter().zip(&got).filter(|(a, b)| a != b).count();
            if differ > 0 || wanted.len() != got.len() {
                let first = wanted.iter().zip(&got).find(|(a, b)| a != b);
                wrong.push(format!(
                    "{name}, other {}: {differ} of {} failures (now {}); {first:?}",
                    renaming.what,
                    wanted.len(),
                    got.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The logs and the configurations, without what else lies beside them.
fn read(recording: &Path, rewrite: &dyn Fn(Vec<u8>) -> Vec<u8>) -> World {
    let mut world = World::default();
    for part in ["logs", "conf"] {
        if recording.join(part).is_dir() {
            // Below a folder of that name, so that paths begin with it.
            let read = World::read_part(recording, part, rewrite);
            world.logs.extend(read.logs);
            world.configs.extend(read.configs);
        }
    }
    world
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = root.read_dir() else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.join("logs").is_dir()).collect();
    found.sort();
    found
}

#[test]
fn names_do_not_decide() {
    let recordings = folders(&fixtures().join("scenarios"));
    assert!(!recordings.is_empty());
    assert_invariant(&recordings);
}

#[test]
fn names_do_not_decide_in_the_laboratory() {
    let Some(root) = corpora("lab") else { return };
    let all = folders(&root);
    assert!(!all.is_empty(), "no recordings in {}", root.display());
    // Spread over the list, so that all proxies and backends have their turn.
    let step = all.len().div_ceil(LAB);
    assert_invariant(&all.into_iter().step_by(step).collect::<Vec<_>>());
}
