//! Where the time of an analysis goes, step by step: `steps DIR [-j THREADS] [--shares]`.
//!
//! Seconds by the clock and of the processors, memory at the end of each step and its peak within it. With `--shares`, the rows are
//! shared out by time and each share is judged by itself, one after the other, as workers would do it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use logjoin_bench::measure::{Lap, forget_peak, memory};
use logjoin_files::Inputs;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            anstream::eprintln!("stages: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut paths, mut threads, mut is_shared) = (Vec::new(), 0, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-j" => {
                let n = args.next().and_then(|n| n.parse().ok());
                threads = n.ok_or("-j needs a number of threads")?;
            }
            "--shares" => is_shared = true,
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    if paths.is_empty() {
        return Err("a folder with logs was expected".into());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| e.to_string())?.install(|| measure(&paths, is_shared))
}

fn measure(paths: &[PathBuf], is_shared: bool) -> Result<(), String> {
    anstream::println!("{:<10} {:>8} {:>8} {:>8} {:>8}", "step", "wall s", "CPU s", "MB", "peak MB");
    let mut all = Lap::new();
    let mut lap = Lap::new();
    let mut tell = |name: &str| {
        let (wall, cpu) = lap.lap();
        anstream::println!("{name:<10} {wall:>8.3} {cpu:>8.2} {:>8} {:>8}", memory("VmRSS"), memory("VmHWM"));
        forget_peak();
        lap = Lap::new();
    };
    let mut inputs = Inputs::find(paths, &[]);
    let plan = inputs.plan(logjoin::Options::default());
    tell("plan");
    let (scans, _) = inputs.scan_writing(&plan, &|_| (), &mut std::io::sink());
    tell("scan");
    let analysis = if is_shared {
        shared(&plan, scans, &mut tell).map_err(|e| e.to_string())?
    } else {
        let mut last = None;
        let analysis = logjoin::finish_with(&plan, scans, &mut |stage| {
            if let Some(done) = last.replace(stage) {
                tell(&format!("{done:?}").to_lowercase());
            }
            ControlFlow::Continue(())
        });
        tell("story");
        analysis.ok_or("it was broken off")?
    };
    let bytes = json(&analysis);
    tell("json");
    drop(analysis);
    tell("drop");
    let (wall, cpu) = all.lap();
    anstream::println!("{:<10} {wall:>8.3} {cpu:>8.2}   {bytes} bytes of JSON", "all");
    Ok(())
}

/// The same by shares of time.
fn shared(
    plan: &logjoin::Plan,
    scans: Vec<logjoin::FileScan>,
    tell: &mut impl FnMut(&str),
) -> Result<logjoin::Analysis, logjoin::PartialError> {
    let (frame, shares) = logjoin::Partial::new(plan, scans).shares(plan)?;
    tell("shares");
    let n = shares.len();
    let mut all = logjoin::Verdicts::new(&frame);
    for (i, share) in shares.into_iter().enumerate() {
        all.merge(logjoin::correlate(plan, &frame, share)?)?;
        tell(&format!("{} of {n}", i + 1));
    }
    let analysis = all.finish(plan, &frame)?;
    tell("finish");
    Ok(analysis)
}

fn json(analysis: &logjoin::Analysis) -> usize {
    let json = logjoin::render::by_id("json");
    json.map_or(0, |r| (r.render)(analysis, &logjoin::render::RenderOptions::default()).len())
}
