//! Public logs with the values that others expect of them, compared field by field with what `logjoin parse` prints.
//!
//! The logs are not part of the repository (CONTRIBUTING.md says where they are looked for); without them the tests say so and pass.
//! `docs/conformance.md` holds the shares that the last run found: they may rise, not fall. `UPDATE_EXPECT=1` renews it.

#![allow(clippy::print_stderr)] // why nothing was compared

mod detected;
mod expected;
mod page;
mod reasons;
mod same;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use expected::Entry;
use reasons::REASONS;
use serde_json::Value;

use super::corpora::corpora;
use super::{err, logjoin, out};

/// The folder of public logs; one that has only recordings has no index.
fn public_logs() -> Option<PathBuf> {
    corpora("").filter(|dir| dir.join("index.json").is_file())
}

/// The rows of one file by their first line, and all of them in order.
fn rows(corpora: &Path, log: &str) -> Vec<Value> {
    let o = logjoin(corpora, &["parse", log]);
    assert!(matches!(o.status.code(), Some(0)), "{log}: {}", err(&o));
    out(&o).lines().map(|l| serde_json::from_str(l).expect("a row")).collect()
}

/// What was compared and what agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub files: u64,
    pub events: u64,
    pub fields: u64,
    pub agreed: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.files += other.files;
        self.events += other.events;
        self.fields += other.fields;
        self.agreed += other.agreed;
    }
}

/// One field of one event that does not agree.
struct Difference {
    file: String,
    line: u64,
    field: String,
    shown: String,
}

/// All corpora.
#[derive(Default)]
struct Comparison {
    corpora: BTreeMap<String, Tally>,
    fields: BTreeMap<String, Tally>,
    differences: Vec<Difference>,
}

impl Comparison {
    fn add(&mut self, dir: &Path, entry: &Entry) {
        let Some((kind, path)) = &entry.expected else { return };
        let rows = rows(dir, &entry.log);
        let by_line: BTreeMap<u64, &Value> =
            rows.iter().rev().filter_map(|r| Some((r["line"].as_u64()?, r))).collect();
        let mut tally = Tally { files: 1, ..Tally::default() };
        for event in expected::events(dir, &entry.log, *kind, path) {
            tally.events += 1;
            let row = by_line.get(&event.line).copied();
            for (field, choices) in &event.fields {
                let got = same::of_row(row, field);
                let agrees = choices.iter().any(|want| same::same(field, want, got, &event.raw));
                let one = Tally { fields: 1, agreed: u64::from(agrees), ..Tally::default() };
                tally.add(one);
                self.fields.entry(field.clone()).or_default().add(one);
                if !agrees {
                    self.differences.push(Difference {
                        file: entry.log.clone(),
                        line: event.line,
                        field: field.clone(),
                        shown: format!("expected {}, got {got:?}", choices[0]),
                    });
                }
            }
        }
        let corpus = entry.log.split('/').next().unwrap_or_default();
        self.corpora.entry(corpus.to_owned()).or_default().add(tally);
    }
}

#[test]
fn public_logs_read_as_others_expect() {
    let Some(dir) = public_logs() else { return };
    let mut all = Comparison::default();
    let entries = expected::index(&dir);
    entries.iter().for_each(|e| all.add(&dir, e));

    let known: BTreeSet<(&str, &str, u64)> =
        REASONS.iter().flat_map(|r| r.lines.iter().map(|l| (r.file, r.field, *l))).collect();
    let found: BTreeSet<(&str, &str, u64)> =
        all.differences.iter().map(|d| (d.file.as_str(), d.field.as_str(), d.line)).collect();
    let new: Vec<String> = all
        .differences
        .iter()
        .filter(|d| !known.contains(&(d.file.as_str(), d.field.as_str(), d.line)))
        .map(|d| format!("{}:{} {}: {}", d.file, d.line, d.field, d.shown))
        .collect();
    assert!(new.is_empty(), "differences without a reason:\n{}", new.join("\n"));
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "these agree now, take their reasons out: {gone:?}");

    let unread = detected::table(&dir, &entries);
    page::check(&all.corpora, &all.fields, &unread);
}
