//! A range of time: reading only its surroundings gives the verdicts that reading everything gives.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use logjoin::analysis::Failure;
use logjoin::options::Zone;
use logjoin::{Analysis, Options, Pattern};
use logjoin_bench::bulk;
use logjoin_bench::generate::{Front, Scenario};
use logjoin_files::{Inputs, Margin};

const MINUTE: i64 = 60_000_000_000;

/// Analyses a folder; `reach`: the margin in nanoseconds, and the least bytes of a log that is not read whole.
fn analyze(folder: &Path, options: &Options, reach: (Option<i64>, u64)) -> (Analysis, u64) {
    let mut inputs = Inputs::find(&[folder.to_owned()], &[]);
    inputs.set_margin(reach.0.map_or(Margin::Usual, Margin::Told));
    inputs.set_least_to_seek(reach.1);
    let plan = inputs.plan(options.clone());
    let analysis = inputs.analyze(&plan);
    assert_eq!(inputs.problems, []);
    for s in &analysis.sources {
        assert!(s.ledger.holds(), "{}: {:?}", s.id, s.ledger);
    }
    let passed = analysis.sources.iter().flat_map(|s| &s.assumptions).filter_map(|a| {
        let (_, n) = a.split_once("counted and not read: ")?;
        n.split(';').next()?.parse::<u64>().ok()
    });
    let passed = passed.sum();
    (analysis, passed)
}

/// Reads all, and looks at all requests.
fn everything(folder: &Path, options: &Options) -> (Analysis, u64) {
    analyze(folder, &Options { margin_ns: Some(i64::MAX), ..options.clone() }, (None, u64::MAX))
}

/// What must not depend on how much was read.
fn verdict(f: &Failure) -> String {
    let backend: Vec<_> = f.backend.iter().map(|b| (&b.at.file, b.at.line)).collect();
    format!(
        "{}:{} {:?} {} {} {} {} {:?} {:?}",
        f.file, f.line, f.status, f.origin, f.mechanism, f.cause, f.join, f.error_lines, backend
    )
}

fn verdicts(a: &Analysis) -> Vec<String> {
    a.failures.iter().map(verdict).collect()
}

/// Half an hour of sixteen.
fn half_an_hour(front: Front) -> (tempfile::TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let s = Scenario { front, requests: 15_000, rate: 0.25, failing: 0.1, ..Scenario::default() };
    bulk::write(&s, folder.path()).unwrap();
    let middle = (s.start + 8 * 3600) * 1_000_000_000;
    let range = (Some(middle), Some(middle + 30 * MINUTE));
    // HAProxy does not write its zone.
    let zones = vec![(Pattern::new("*"), Zone::Fixed(0))];
    (folder, Options { since_ns: range.0, until_ns: range.1, zones, ..Options::default() })
}

#[test]
fn a_range_of_a_long_log() {
    for front in [Front::Nginx, Front::Haproxy, Front::Apache] {
        let (folder, options) = half_an_hour(front);
        let (all, _) = everything(folder.path(), &options);
        let margin = (front == Front::Haproxy).then_some(120 * MINUTE);
        let (some, passed) = analyze(folder.path(), &options, (margin, 0));
        assert!(verdicts(&all).len() > 25, "{front:?}");
        assert_eq!(verdicts(&some), verdicts(&all), "{front:?}");
        assert_eq!(some.totals.by_cause, all.totals.by_cause, "{front:?}");
        // Of sixteen hours, four and a half are read, and of each file a little more; error logs are read whole.
        let read = some.ledger.lines - passed;
        assert!(read * 10 < all.ledger.lines * 4, "{front:?}: {read} of {}", all.ledger.lines);
        assert!(passed * 10 > all.ledger.lines * 2, "{front:?}: {passed} of {}", all.ledger.lines);
    }
}

#[test]
fn rotated_and_compressed_files_outside_are_not_opened() {
    let (folder, options) = half_an_hour(Front::Nginx);
    let (all, _) = everything(folder.path(), &options);
    let path = folder.path().join("logs/edge/access.log");
    let text = std::fs::read(&path).unwrap();
    let cut = |i: usize| {
        let at = text.len() * i / 8;
        if i == 0 || i == 8 { at } else { at + memchr::memchr(b'\n', &text[at..]).unwrap() + 1 }
    };
    for i in 0..8 {
        let part = &text[cut(i)..cut(i + 1)];
        let rotated = folder.path().join(format!("logs/edge/access.log.{}", 7 - i));
        match i {
            7 => std::fs::write(&path, part).unwrap(),
            _ if i % 2 == 0 => std::fs::write(rotated, part).unwrap(),
            _ => {
                let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gz.write_all(part).unwrap();
                std::fs::write(rotated.with_extension(format!("{}.gz", 7 - i)), gz.finish().unwrap())
                    .unwrap();
            }
        }
    }
    let (some, _) = analyze(folder.path(), &options, (None, 0));
    let strip = |a: &Analysis| -> Vec<String> {
        let of = |f: &Failure| format!("{:?} {} {} {} {:?}", f.time, f.mechanism, f.cause, f.join, f.target);
        a.failures.iter().map(of).collect()
    };
    assert_eq!(strip(&some), strip(&all));
    let edge = some.sources.iter().find(|s| s.id.ends_with("edge/access.log")).unwrap();
    let unread = edge.assumptions.iter().filter(|a| a.contains("not read: it")).count();
    assert!(unread >= 4, "{:?}", edge.assumptions);
}

#[test]
fn of_a_compressed_log_only_the_blocks_in_range_are_parsed() {
    let (folder, options) = half_an_hour(Front::Nginx);
    let (all, _) = analyze(folder.path(), &options, (Some(30 * MINUTE), u64::MAX));
    let plain = folder.path().join("logs/edge/access.log");
    let gz = File::create(plain.with_extension("log.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(gz, flate2::Compression::fast());
    // Blocks are of a megabyte.
    gz.write_all(&std::fs::read(&plain).unwrap()).unwrap();
    gz.finish().unwrap();
    std::fs::remove_file(&plain).unwrap();
    let (some, passed) = analyze(folder.path(), &options, (Some(30 * MINUTE), 0));
    let named =
        |v: Vec<String>| v.into_iter().map(|v| v.replace("access.log.gz", "access.log")).collect::<Vec<_>>();
    assert_eq!(named(verdicts(&some)), verdicts(&all));
    assert!(passed * 6 > all.ledger.lines, "{passed} of {}", all.ledger.lines);
}

/// Recordings of minutes, with margins of minutes: what is left out is little, and no verdict needs it.
#[test]
fn recordings_with_a_range() {
    let Some(lab) = logjoin_bench::corpora::corpora("lab") else { return };
    let entries = std::fs::read_dir(&lab).expect("a folder");
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.join("logs").is_dir()).collect();
    folders.sort();
    let (mut same, mut other) = (0, Vec::new());
    // Some of all kinds.
    for folder in folders.into_iter().step_by(12) {
        let (whole, _) = everything(&folder, &Options::default());
        let Some((first, last)) = whole.failures.first().zip(whole.failures.last()) else { continue };
        let options =
            Options { since_ns: Some(first.time.0), until_ns: Some(last.time.0 + 1), ..Options::default() };
        let (all, _) = everything(&folder, &options);
        let (usual, _) = analyze(&folder, &options, (None, 0));
        assert_eq!(verdicts(&usual), verdicts(&all), "{}", folder.display());
        let (near, _) = analyze(&folder, &options, (Some(2 * MINUTE), 0));
        if verdicts(&near) == verdicts(&all) {
            same += 1;
        } else {
            let differ = verdicts(&near).iter().zip(&verdicts(&all)).filter(|(a, b)| a != b).count();
            other.push(format!("{}: {differ} of {}", folder.display(), all.failures.len()));
        }
    }
    assert!(other.len() * 20 <= same, "{same} alike, but not {other:#?}");
}
