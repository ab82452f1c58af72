//! What the library brings along is what its documentation lists.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The names in the table of crates of the guide, by the back-ticks in its first column.
fn listed(page: &str) -> BTreeSet<String> {
    let (_, table) = page.split_once("<!-- crates of the library -->").expect("the table of crates");
    let rows = table.lines().skip_while(|l| !l.starts_with("| `")).take_while(|l| l.starts_with("| `"));
    let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    rows.flat_map(|row| first(row).split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// What cargo says, for every target; `None`, said, where it cannot say.
#[allow(clippy::print_stderr)] // a skipped test says why
fn brought() -> Option<BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = [
        "tree",
        "-p",
        "logjoin",
        "--no-default-features",
        "-e",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(cargo).args(args).args(["--offline", "--locked"]).current_dir(root).output();
    match output {
        Ok(o) if o.status.success() => {
            let text = String::from_utf8_lossy(&o.stdout).into_owned();
            Some(
                text.lines()
                    .filter_map(|l| l.split(' ').next())
                    .filter(|n| !n.is_empty())
                    .map(str::to_owned)
                    .collect(),
            )
        }
        Ok(o) => {
            eprintln!("skipped: cargo tree says {}", String::from_utf8_lossy(&o.stderr).trim());
            None
        }
        Err(e) => {
            eprintln!("skipped: no cargo here: {e}");
            None
        }
    }
}

#[test]
fn the_guide_lists_every_crate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/embedding.md");
    let (Ok(page), Some(mut brought)) = (std::fs::read_to_string(path), brought()) else { return };
    brought.remove("logjoin");
    let listed = listed(&page);
    let missing: Vec<_> = brought.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&brought).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not in docs/guide/embedding.md: {missing:?}; listed, but not there: {gone:?}"
    );
    // The crate's own page says the same without the names that come in pairs.
    let manual = include_str!("../../src/manual.md");
    let (_, tree) = manual.split_once("<!-- tree -->").expect("the tree of the manual");
    let words: BTreeSet<&str> = tree.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').collect();
    for name in &brought {
        assert!(words.contains(name.as_str()), "the manual does not name {name}");
    }
}
