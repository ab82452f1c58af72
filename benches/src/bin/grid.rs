//! Runs the engine over a grid of synthetic traffic and writes `docs/accuracy-grid.md`.
//!
//! `grid [--only TEXT] [--keep DIR] [--bets FILE]`: `--only` runs the cells whose name or table holds TEXT and prints their rows instead of writing the
//! page; `--keep` leaves the files of each cell, with `truth.json`, in a numbered folder of DIR (`index.txt` names them);
//! `--bets` writes each join without an id as a line of CSV: cell, line or message, stated confidence, whether it is right.

use std::path::PathBuf;
use std::process::ExitCode;

use logjoin_bench::{grid, workspace};
use rayon::prelude::*;

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            anstream::println!("{text}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            anstream::eprintln!("grid: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let (mut only, mut keep, mut bets) = (None, None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--only" => only = Some(value()?),
            "--keep" => keep = Some(PathBuf::from(value()?)),
            "--bets" => bets = Some(PathBuf::from(value()?)),
            _ => return Err(format!("unknown argument {arg}")),
        }
    }
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let root = keep.as_deref().unwrap_or(scratch.path());
    let cells = grid::cells().into_iter().filter(|c| {
        only.as_ref().is_none_or(|o| c.name.contains(o.as_str()) || c.table.contains(o.as_str()))
    });
    let cells: Vec<_> = cells.enumerate().collect();
    // Names of folders can tell what a log is: numbers cannot.
    let name = |i: usize| format!("c{i:03}");
    if keep.is_some() {
        let index: String = cells.iter().map(|(i, c)| format!("{} {}\n", name(*i), c.name)).collect();
        let written =
            std::fs::create_dir_all(root).and_then(|()| std::fs::write(root.join("index.txt"), index));
        written.map_err(|e| format!("{}: {e}", root.display()))?;
    }
    let outcomes: Result<Vec<_>, String> = cells
        .into_par_iter()
        .map(|(i, cell)| {
            let folder = root.join(name(i));
            let outcome = grid::run(&cell, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            if keep.is_none() {
                // Only the cells at work take room.
                std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
            }
            Ok((cell, outcome))
        })
        .collect();
    let outcomes = outcomes?;
    if let Some(file) = bets {
        std::fs::write(&file, grid::page::bets(&outcomes)).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    let page = grid::page::render(&outcomes);
    if only.is_some() {
        return Ok(page);
    }
    let file = workspace().join("docs/accuracy-grid.md");
    std::fs::write(&file, page).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(grid::page::summary(&outcomes))
}
