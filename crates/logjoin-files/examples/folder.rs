//! Analyses a folder of logs (rotated, compressed, with the proxies' configurations among them) and writes a report.
//! `folder PATH...`. Shows progress, and stops where there is more than it wants to read.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::ops::ControlFlow;
use std::path::PathBuf;

use logjoin::Options;
use logjoin::render::{RenderOptions, by_id};
use logjoin_files::{Progress, analyze_with};

const ENOUGH: u64 = 1 << 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let watch = |p: Progress| {
        eprint!("\r{} of {} files, {} bytes", p.files_done, p.files, p.bytes);
        if p.bytes > ENOUGH { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (analysis, problems) = analyze_with(&paths, &[], Options::default(), &watch)?;
    eprintln!();
    // What could not be read; the rest was analysed.
    problems.iter().for_each(|p| eprintln!("{p}"));
    let report = by_id("text").ok_or("no such report")?;
    print!("{}", String::from_utf8((report.render)(&analysis, &RenderOptions::default()))?);
    Ok(())
}
