//! Writes logs of any size for measuring: `bulk DIR [--requests N] [--rate R] [--failing SHARE] [--front nginx|haproxy|apache]
//! [--stamps s|ms] [--backends N] [--seed N] [--urls N] [--ids] [--compress gzip|zstd]`.
//!
//! A proxy, three backends, a configuration, and `truth.csv`: which line of a backend belongs to which failed request. The same
//! arguments give the same bytes.

use std::path::PathBuf;
use std::process::ExitCode;

use logjoin_bench::bulk;
use logjoin_bench::bulk::Packing;
use logjoin_bench::generate::{Front, Scenario, Stamps, TrueClock};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            anstream::eprintln!("bulk: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut s = Scenario { requests: 1_000_000, rate: 500.0, failing: 0.001, ..Scenario::default() };
    let mut folder = None;
    let mut packing = Packing::Plain;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |v: String| v.parse::<f64>().map_err(|_| format!("{v}: a number was expected"));
        match arg.as_str() {
            "--requests" => s.requests = number(value()?)? as usize,
            "--rate" => s.rate = number(value()?)?,
            "--failing" => s.failing = number(value()?)?,
            "--urls" => s.urls = number(value()?)? as usize,
            "--seed" => s.seed = number(value()?)? as u64,
            "--backends" => s.clocks = vec![TrueClock::default(); number(value()?)? as usize],
            "--ids" => s.ids = true,
            "--compress" => {
                packing = match value()?.as_str() {
                    "gzip" => Packing::Gzip,
                    "zstd" => Packing::Zstd,
                    other => return Err(format!("{other}: gzip or zstd was expected")),
                }
            }
            "--front" => {
                s.front = match value()?.as_str() {
                    "nginx" => Front::Nginx,
                    "haproxy" => Front::Haproxy,
                    "apache" => Front::Apache,
                    other => return Err(format!("{other}: nginx, haproxy or apache was expected")),
                }
            }
            "--stamps" => {
                s.stamps = match value()?.as_str() {
                    "s" => Stamps::Seconds,
                    "ms" => Stamps::Millis,
                    other => return Err(format!("{other}: s or ms was expected")),
                }
            }
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => folder = Some(PathBuf::from(arg)),
        }
    }
    let folder = folder.ok_or("a folder to write to was expected")?;
    if s.clocks.is_empty() {
        return Err("--backends: at least 1 was expected".into());
    }
    let done = bulk::write_packed(&s, &folder, packing).map_err(|e| format!("{}: {e}", folder.display()))?;
    let truth = folder.join("truth.csv");
    bulk::write_truth(&done.truth, &truth).map_err(|e| format!("{}: {e}", truth.display()))?;
    for (path, (bytes, lines)) in &done.files {
        anstream::println!("{bytes:>14} bytes {lines:>12} lines  {path}");
    }
    anstream::println!("{} requests failed", done.failed);
    Ok(())
}
