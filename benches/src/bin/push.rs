//! What it costs to push lines as they come: `push DIR... [--settle SECONDS]`.
//!
//! Each folder is analysed twice: file by file as the program does it, and pushed in pieces of 64 KiB, all files side by side,
//! settled every so many seconds (60; 0: never) of the logs' own time. Prints processor seconds of both, and how many verdicts agree.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use logjoin::{Analysis, Follow, Options};
use logjoin_bench::measure::Lap;
use logjoin_files::Inputs;
use logjoin_input::ReadOptions;

const PIECE: usize = 64 * 1024;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            anstream::eprintln!("push: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut folders, mut every) = (Vec::new(), 60);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--settle" => {
                let n = args.next().and_then(|n| n.parse().ok()).filter(|n: &i64| *n >= 0);
                every = n.ok_or("--settle needs seconds")?;
            }
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => folders.push(PathBuf::from(arg)),
        }
    }
    for folder in folders {
        measure(&folder, every * 1_000_000_000).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    Ok(())
}

fn measure(folder: &PathBuf, every: i64) -> Result<(), String> {
    let paths = std::slice::from_ref(folder);
    let mut lap = Lap::new();
    let (whole, _) = logjoin_files::analyze(paths, &[], Options::default());
    let (_, by_files) = lap.lap();

    // All pieces first: what is measured is the analysis, not the reading.
    let mut inputs = Inputs::find(paths, &[]);
    let plan = inputs.plan(Options::default());
    let mut pieces: Vec<Vec<(u64, Vec<u8>)>> = Vec::new();
    for file in inputs.files() {
        let chunks = file.open(&ReadOptions::default()).map_err(|e| e.to_string())?;
        pieces.push(chunks.flat_map(|c| cut(c.first_line, &c.bytes)).collect());
    }
    let range = whole.sources.iter().filter_map(|s| Some((s.start?.0, s.end?.0)));
    let (from, to) = range.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0));
    let mut lap = Lap::new();
    let mut follow = Follow::new(&plan);
    // As many pieces of each file as its share of the time that has gone by, and a tenth more.
    let steps = if every > 0 { (to - from) / every + 1 } else { 1 };
    let mut given: Vec<usize> = vec![0; pieces.len()];
    let mut told = 0;
    for step in 1..=steps {
        for (file, list) in pieces.iter().enumerate() {
            let until = if step == steps {
                list.len()
            } else {
                list.len() * (step as usize + 1) / steps as usize + 1
            };
            for (line, bytes) in &list[given[file].min(list.len())..until.min(list.len())] {
                follow.push(file, *line, bytes);
            }
            given[file] = until;
        }
        if every > 0 {
            told += follow.settle(from + step * every).len();
        }
    }
    let pushed = follow.finish();
    let (_, by_pieces) = lap.lap();
    let (one, other) = (verdicts(&whole), verdicts(&pushed));
    let same = one.iter().filter(|(at, verdict)| other.get(*at) == Some(*verdict)).count();
    anstream::println!(
        "{}: {by_files:.2} s by files, {by_pieces:.2} s pushed; {same} of {} verdicts agree, {} failures pushed; {told} of {} incidents told on the way",
        folder.display(),
        one.len(),
        other.len(),
        pushed.incidents.len()
    );
    Ok(())
}

/// Whole lines of some 64 KiB, each with the number of its first line.
fn cut(first_line: u64, bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let (mut line, mut rest, mut out) = (first_line, bytes, Vec::new());
    while !rest.is_empty() {
        let near = rest.len().min(PIECE) - 1;
        let end = memchr::memchr(b'\n', &rest[near..]).map_or(rest.len(), |i| near + i + 1);
        out.push((line, rest[..end].to_vec()));
        line += memchr::memchr_iter(b'\n', &rest[..end]).count() as u64;
        rest = &rest[end..];
    }
    out
}

/// Of each failure, by its line: what the proxy saw, and why.
fn verdicts(a: &Analysis) -> BTreeMap<(String, u64), (String, String)> {
    let of = |f: &logjoin::analysis::Failure| {
        ((f.file.clone(), f.line), (f.mechanism.to_string(), f.cause.to_string()))
    };
    a.failures.iter().map(of).collect()
}
