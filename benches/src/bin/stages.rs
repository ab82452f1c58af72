//! Measures the way of one line, step by step, on one core: `stages [--rounds N] [--requests N] [FILE...]`.
//!
//! Prints a table in Markdown, a row for each file: the median of N (7) rounds of finding the line ends, of reading the lines
//! (`LineReader`), and of reading them into rows (`FileScanner`). Without files, logs of N (100,000) requests are generated.
//! What is counted is the time that the thread was on a processor, where the system tells it, so that other work on the
//! machine counts less.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use logjoin::{FileScanner, Head, Options, plan};
use logjoin_bench::bulk;
use logjoin_bench::generate::{Front, Scenario, Stamps};
use logjoin_parse::detect;

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
    let (mut rounds, mut requests, mut files) = (7, 100_000, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let place = match arg.as_str() {
            "--rounds" => &mut rounds,
            "--requests" => &mut requests,
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => {
                files.push((arg.clone(), PathBuf::from(arg)));
                continue;
            }
        };
        let value = args.next().and_then(|v| v.parse().ok()).filter(|n| *n > 0);
        *place = value.ok_or(format!("{arg} needs a number"))?;
    }
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    if files.is_empty() {
        files = generate(folder.path(), requests)?;
    }
    anstream::println!(
        "| lines of | bytes a line | line ends, ns | reading, ns | MB/s | reading into rows, ns | MB/s |"
    );
    anstream::println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, path) in files {
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        row(&name, &bytes, rounds);
    }
    Ok(())
}

/// The logs that are measured unless others are named: what each holds, and its path.
fn generate(folder: &Path, requests: usize) -> Result<Vec<(String, PathBuf)>, String> {
    let plain = Scenario { requests, rate: 500.0, failing: 0.001, ..Scenario::default() };
    let with_ids = Scenario { stamps: Stamps::Millis, ids: true, ..plain.clone() };
    let all = [
        ("nginx", plain.clone(), "logs/edge/access.log", "nginx, upstream variables"),
        (
            "haproxy",
            Scenario { front: Front::Haproxy, ..plain.clone() },
            "logs/edge/haproxy.log",
            "HAProxy HTTP in syslog",
        ),
        (
            "apache",
            Scenario { front: Front::Apache, ..plain.clone() },
            "logs/edge/access.log",
            "Apache, combined and `%D %X`",
        ),
        ("backend", plain, "logs/node-a/access.log", "combined"),
        ("json", with_ids.clone(), "logs/edge/access.log", "nginx, JSON with ids"),
        ("json-backend", with_ids, "logs/node-a/access.log", "JSON of an application, with ids"),
    ];
    let mut files = Vec::new();
    for (name, scenario, path, title) in all {
        let below = folder.join(name);
        bulk::write(&scenario, &below).map_err(|e| format!("{}: {e}", below.display()))?;
        files.push((title.to_owned(), below.join(path)));
    }
    Ok(files)
}

/// Bytes of the beginning by which the format is recognised.
const HEAD_BYTES: usize = 256 * 1024;
/// Bytes that are handed on at once, about.
const CHUNK: usize = 512 * 1024;

fn row(name: &str, bytes: &[u8], rounds: usize) {
    let chunks = chunks(bytes);
    let lines = memchr::memchr_iter(b'\n', bytes).count().max(1);
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let reader = detect(head.split(|b| *b == b'\n').filter(|l| !l.is_empty()).take(400)).reader();
    let head = Head { path: "measured".into(), bytes: head.to_vec(), ..Head::default() };
    let plan = plan(vec![head], Vec::new(), Options::default());

    let ends = median(rounds, || chunks.iter().map(|c| memchr::memchr_iter(b'\n', c).count()).sum());
    let reading = median(rounds, || {
        let all = chunks.iter().flat_map(|c| c.split(|b| *b == b'\n'));
        all.filter(|line| reader.parse(black_box(line)).is_ok()).count()
    });
    let rows = median(rounds, || {
        let mut scanner = FileScanner::new(&plan, 0);
        let mut number = 1;
        for chunk in &chunks {
            scanner.push(number, black_box(chunk));
            number += 1;
        }
        let scan = scanner.finish();
        black_box(&scan);
        number as usize
    });
    let per_line = |seconds: f64| seconds * 1e9 / lines as f64;
    let speed = |seconds: f64| bytes.len() as f64 / seconds / 1e6;
    anstream::println!(
        "| {name} | {} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} |",
        bytes.len() / lines,
        per_line(ends),
        per_line(reading),
        speed(reading),
        per_line(rows),
        speed(rows)
    );
}

/// Stretches of whole lines.
fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let near = rest.len().min(CHUNK);
        let end = memchr::memchr(b'\n', &rest[near..]).map_or(rest.len(), |i| near + i + 1);
        out.push(&rest[..end]);
        rest = &rest[end..];
    }
    out
}

/// Seconds of the median round.
fn median(rounds: usize, mut work: impl FnMut() -> usize) -> f64 {
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Clock::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[rounds / 2]
}

/// A moment: on the wall, and as time of this thread on a processor.
struct Clock {
    wall: Instant,
    thread_ns: Option<u64>,
}

impl Clock {
    fn now() -> Clock {
        Clock { wall: Instant::now(), thread_ns: thread_ns() }
    }

    fn elapsed(&self) -> f64 {
        match (self.thread_ns, thread_ns()) {
            (Some(from), Some(to)) => (to - from) as f64 / 1e9,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// Nanoseconds that this thread was on a processor (Linux, `schedstat` in proc(5)).
fn thread_ns() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}
