//! Scores the engine on the recordings and writes `docs/accuracy.md`.
//!
//! `accuracy [DIR] [--json FILE]`; DIR holds the recordings, by default the folder `lab` where tests look for them, too.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use logjoin_bench::corpora::corpora;
use logjoin_bench::{accuracy, workspace};

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            anstream::println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            anstream::eprintln!("accuracy: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let (mut dir, mut json) = (None, None);
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--json" {
            json = Some(PathBuf::from(args.next().ok_or("--json needs a file")?));
        } else {
            dir = Some(PathBuf::from(arg));
        }
    }
    let Some(dir) = dir.or_else(|| corpora("lab")) else { return Ok("skipped".to_owned()) };
    if !dir.is_dir() {
        return Ok(format!("skipped: no recordings, {} is absent", dir.display()));
    }
    let at = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let folders = accuracy::recordings(&dir).map_err(|e| at(&dir, e))?;
    if folders.is_empty() {
        return Ok(format!("skipped: {} holds no recordings", dir.display()));
    }
    let scored: Result<Vec<_>, String> =
        folders.iter().map(|f| accuracy::run(f).map_err(|e| at(f, e))).collect();
    let scored = scored?;
    let mut without = Vec::new();
    for (what, removal) in accuracy::REMOVALS {
        let bets: Result<Vec<_>, String> =
            folders.iter().map(|f| accuracy::run_without(f, *removal).map_err(|e| at(f, e))).collect();
        without.push((*what, bets?.concat()));
    }
    let page = workspace().join("docs/accuracy.md");
    let grid = std::fs::read_to_string(workspace().join("docs/accuracy-grid.md")).ok();
    let text = accuracy::page::render(&scored, &without, grid.as_deref());
    std::fs::write(&page, text).map_err(|e| at(&page, e))?;
    if let Some(file) = json {
        let text = format!("{:#}\n", accuracy::to_json(&scored));
        std::fs::write(&file, text).map_err(|e| at(&file, e))?;
    }
    Ok(accuracy::summary(&scored))
}
