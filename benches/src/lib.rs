//! Benchmarks and scorers.

pub mod accuracy;
pub mod bulk;
#[path = "../../fixtures/corpora.rs"]
pub mod corpora;
pub mod generate;
pub mod grid;
pub mod measure;

use std::path::PathBuf;

/// Options by which every failure is kept: what is scored is scored failure by failure.
fn all_kept() -> logjoin::Options {
    logjoin::Options { keep_failures: usize::MAX, ..logjoin::Options::default() }
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or(package.clone(), PathBuf::from)
}

/// The examples of the project's front page are tests too. They are tested here, since published packages do not have that page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct FrontPage;
