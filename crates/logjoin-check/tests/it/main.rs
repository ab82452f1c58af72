//! The check as a whole: its table and fixtures, its page, its reports.

mod fixtures;
mod page;
mod reports;

use std::path::PathBuf;

/// A folder or file of the repository.
fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
