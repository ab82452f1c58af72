//! How long many failed requests take to find their lines among many lines of backends:
//! `join DIR [-j THREADS]`, where DIR was written by `bulk`.
//!
//! The rows are read first; then each step of the analysis is timed up to the join (clocks, index, servers, failed requests,
//! join), and what was joined is held against the truth of the generator (`truth.csv`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use logjoin::Stage;
use logjoin_bench::bulk;
use logjoin_bench::measure::{Lap, forget_peak, memory};
use logjoin_files::Inputs;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            anstream::eprintln!("join: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut folder, mut threads) = (None, 1);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-j" => {
                let n = args.next().and_then(|n| n.parse().ok());
                threads = n.ok_or("-j needs a number of threads")?;
            }
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => folder = Some(PathBuf::from(arg)),
        }
    }
    let folder = folder.ok_or("a folder that `bulk` wrote was expected")?;
    let truth = folder.join("truth.csv");
    let truth = bulk::read_truth(&truth).map_err(|e| format!("{}: {e}", truth.display()))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| e.to_string())?.install(|| measure(&folder, &truth));
    Ok(())
}

fn measure(folder: &std::path::Path, truth: &[bulk::Own]) {
    let mut inputs = Inputs::find(&[folder.join("logs"), folder.join("conf")], &[]);
    let plan = inputs.plan(logjoin::Options { keep_failures: usize::MAX, ..logjoin::Options::default() });
    let mut lap = Lap::new();
    let (scans, _) = inputs.scan_writing(&plan, &|_| (), &mut std::io::sink());
    let (wall, cpu) = lap.lap();
    anstream::println!("read      {wall:>7.2} s {cpu:>7.2} s of CPU, {} MB", memory("VmRSS"));
    // What comes before is reading, what comes after is judging.
    let (first, behind) = (Stage::Clocks, Stage::Chains);
    let mut all = Lap::new();
    let (mut before, mut peak) = (0, 0);
    let mut lap = Lap::new();
    let mut done = first;
    let analysis = logjoin::finish_with(&plan, scans, &mut |stage| {
        let (wall, cpu) = lap.lap();
        if stage == first {
            (before, all) = (memory("VmRSS"), Lap::new());
            forget_peak();
        } else if stage > first && stage <= behind {
            peak = peak.max(memory("VmHWM"));
            anstream::println!(
                "{:<9} {wall:>7.2} s {cpu:>7.2} s of CPU, {} MB, at most {} MB",
                format!("{done:?}").to_lowercase(),
                memory("VmRSS"),
                memory("VmHWM")
            );
            forget_peak();
        }
        if stage == behind {
            let (wall, cpu) = all.lap();
            anstream::println!(
                "all steps {wall:>7.2} s {cpu:>7.2} s of CPU; rows: {before} MB, beside them at most {} MB",
                peak.saturating_sub(before)
            );
        }
        (lap, done) = (Lap::new(), stage);
        ControlFlow::Continue(())
    });
    let Some(analysis) = analysis else { return };
    score(&analysis, truth);
}

fn score(analysis: &logjoin::Analysis, truth: &[bulk::Own]) {
    let truth: BTreeMap<u64, Option<&(String, u64)>> = truth.iter().map(|(n, b)| (*n, b.as_ref())).collect();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut joined, mut right, mut logged, mut found) = (0, 0, 0, 0);
    for f in analysis.failures.iter().filter(|f| f.file.ends_with("/edge/access.log")) {
        let Some(own) = truth.get(&f.line) else { continue };
        *states.entry(f.join.as_str()).or_default() += 1;
        let is_own = |b: &&logjoin::analysis::BackendJoin| {
            own.is_some_and(|(file, line)| b.at.line == *line && b.at.file.ends_with(file))
        };
        joined += f.backend.len();
        right += f.backend.iter().filter(is_own).count();
        logged += usize::from(own.is_some());
        found += usize::from(f.backend.iter().any(|b| is_own(&b)));
    }
    for (state, n) in states {
        anstream::println!("{n:>9} {state}");
    }
    let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
    anstream::println!(
        "{joined} lines joined, {:.2} % of them the true one; {:.2} % of the {logged} logged ones found",
        share(right, joined),
        share(found, logged)
    );
}
