//! Measures reading alone: bytes from the disk, decompressed, cut into whole lines, counted; beside the decompressors by
//! themselves and the usual tools.
//!
//! `input [--requests N] [--rounds N] [--folder DIR] [FILE]` generates a log (or takes FILE, a plain one), compresses it with
//! every compression whose tool is there, and prints a table in Markdown: median and spread of the speed in bytes of
//! text, the same by time on the processor (which other work on the machine disturbs less; own threads and programs that were run
//! are in it), and peak memory. Each measurement is a process of its own, in turns, so that what the machine does meanwhile
//! falls on all of them.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use logjoin_bench::bulk;
use logjoin_bench::generate::Scenario;
use logjoin_input::{InputFile, ReadOptions};

/// Bytes asked of a decompressor at once: as its own tools do.
const BLOCK: usize = 128 * 1024;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.as_slice() {
        [one, stage, file] if one == "--one" => measure(stage, Path::new(file)).map_err(|e| e.to_string()),
        _ => compare(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            anstream::eprintln!("input: {e}");
            ExitCode::FAILURE
        }
    }
}

/// One measurement: prints bytes of text, seconds, seconds on the processor, and the peak of memory in kB.
fn measure(stage: &str, path: &Path) -> io::Result<()> {
    let start = Instant::now();
    let bytes = match stage {
        "lines" => lines(path, 0)?,
        "ahead" => lines(path, 1)?,
        "two" => lines(path, 2)?,
        "read" => drain(File::open(path)?)?,
        "flate2" => {
            drain(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(BLOCK, File::open(path)?)))?
        }
        "zstd" => drain(zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(
            BLOCK,
            File::open(path)?,
        ))?)?,
        tool => run(tool, path)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    anstream::println!("{bytes} {seconds} {} {}", cpu_seconds(), peak_kb());
    Ok(())
}

/// What `logjoin` does before it parses; on so many threads besides as where cores are idle.
fn lines(path: &Path, threads: usize) -> io::Result<u64> {
    let file = InputFile::on_disk("log", path).map_err(io::Error::other)?;
    let mut chunks = file.open(&ReadOptions::default()).map_err(io::Error::other)?;
    let counted: u64 = if threads > 0 {
        let mut running = chunks.ahead_on(threads);
        let counted = running.by_ref().map(|chunk| chunk.line_count).sum();
        chunks = running.finish();
        counted
    } else {
        chunks.by_ref().map(|chunk| chunk.line_count).sum()
    };
    match chunks.problem() {
        Some(e) => Err(io::Error::other(e.to_string())),
        None if counted == 0 => Err(io::Error::other("no line was read")),
        None => Ok(chunks.tally().bytes),
    }
}

fn drain(mut from: impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

/// Another program, its output read through a pipe.
fn run(tool: &str, path: &Path) -> io::Result<u64> {
    let mut child = Command::new(tool).arg("-dc").arg(path).stdout(Stdio::piped()).spawn()?;
    let bytes = child.stdout.take().map_or(Ok(0), drain)?;
    if child.wait()?.success() { Ok(bytes) } else { Err(io::Error::other(format!("{tool} failed"))) }
}

/// Time on the processor so far, its own and that of programs it ran; 0 where the system does not say. In hundredths of a
/// second (`proc_pid_stat(5)`: utime, stime, cutime, cstime).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before may hold anything but this.
    let fields = stat.rsplit_once(") ").map_or("", |(_, f)| f).split(' ');
    fields.skip(11).take(4).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that this process has used, kB; 0 where the system does not say.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

struct Job {
    name: String,
    stage: &'static str,
    path: PathBuf,
    /// Megabytes of text per second, each round.
    speed: Vec<f64>,
    /// The same by time on the processor.
    cpu: Vec<f64>,
    peak_kb: u64,
}

fn compare(args: &[String]) -> Result<(), String> {
    let (mut requests, mut rounds, mut folder, mut file) = (1_200_000usize, 5usize, None, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--requests" => requests = value()?.parse().map_err(|_| "--requests: a number was expected")?,
            "--rounds" => rounds = value()?.parse().map_err(|_| "--rounds: a number was expected")?,
            "--folder" => folder = Some(PathBuf::from(value()?)),
            _ if arg.starts_with('-') => return Err(format!("unknown argument {arg}")),
            _ => file = Some(PathBuf::from(arg)),
        }
    }
    let temporary = tempfile::tempdir().map_err(|e| e.to_string())?;
    let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
    let file = match file {
        Some(file) => file,
        None => {
            let path = folder.join("logs/edge/access.log");
            if !path.exists() {
                let s = Scenario { requests, rate: 500.0, failing: 0.001, ..Scenario::default() };
                bulk::write(&s, &folder).map_err(|e| e.to_string())?;
            }
            path
        }
    };
    let mut jobs =
        vec![job("plain: read", "read", &file), job("plain: logjoin, cut into lines", "lines", &file)];
    for (tool, extension, alone) in [
        ("gzip", "gz", Some("flate2")),
        ("zstd", "zst", Some("zstd")),
        ("xz", "xz", None),
        ("bzip2", "bz2", None),
        ("lz4", "lz4", None),
    ] {
        match packed(tool, &file, &folder.join(format!("packed.log.{extension}"))) {
            Some(path) => {
                if let Some(alone) = alone {
                    let library = if alone == "flate2" { "flate2 over zlib-rs" } else { "libzstd" };
                    jobs.push(job(&format!("{tool}: {library} alone"), alone, &path));
                }
                jobs.push(job(&format!("{tool}: logjoin, cut into lines"), "lines", &path));
                jobs.push(job(&format!("{tool}: logjoin, on a thread of its own"), "ahead", &path));
                jobs.push(job(&format!("{tool}: `{tool} -dc`"), tool, &path));
            }
            None => anstream::eprintln!("{tool}: not installed, skipped"),
        }
    }
    for (name, extension, members) in [
        ("gzip, members of 64 KiB", "gz", Members::Gzip),
        ("zstd, frames of 1 MiB", "zst", Members::Zstd(1 << 20)),
        ("zstd, frames of 8 MiB", "8.zst", Members::Zstd(8 << 20)),
    ] {
        let path = folder.join(format!("members.log.{extension}"));
        if !path.exists() {
            members.write(&file, &path).map_err(|e| e.to_string())?;
        }
        for (threads, stage) in [("", "lines"), (", on a thread of its own", "ahead"), (", on two", "two")] {
            jobs.push(job(&format!("{name}: logjoin, cut into lines{threads}"), stage, &path));
        }
    }
    for _ in 0..rounds.max(1) {
        for job in &mut jobs {
            job.once()?;
        }
    }
    anstream::println!("| what | MB/s, median (least–most) | MB per CPU s | peak MB |");
    anstream::println!("| --- | ---: | ---: | ---: |");
    for job in &mut jobs {
        job.speed.sort_by(f64::total_cmp);
        job.cpu.sort_by(f64::total_cmp);
        let (s, n) = (&job.speed, job.speed.len());
        // What another program used is not known here.
        let peak = if job.name.ends_with('`') {
            String::new()
        } else {
            format!("{:.0}", job.peak_kb as f64 / 1024.0)
        };
        anstream::println!(
            "| {} | {:.0} ({:.0}–{:.0}) | {:.0} | {peak} |",
            job.name,
            s[n / 2],
            s[0],
            s[n - 1],
            job.cpu[n / 2]
        );
    }
    Ok(())
}

fn job(name: &str, stage: &'static str, path: &Path) -> Job {
    Job {
        name: name.to_owned(),
        stage,
        path: path.to_owned(),
        speed: Vec::new(),
        cpu: Vec::new(),
        peak_kb: 0,
    }
}

/// Files of many members.
#[derive(Clone, Copy)]
enum Members {
    /// As a proxy writes them that compresses its log itself, and nearly as bgzip does.
    Gzip,
    /// Of so many bytes each, as parallel compressors write them.
    Zstd(usize),
}

impl Members {
    fn write(self, file: &Path, to: &Path) -> io::Result<()> {
        let (mut from, mut to) = (File::open(file)?, File::create(to)?);
        let bytes = match self {
            Members::Gzip => 64 * 1024,
            Members::Zstd(bytes) => bytes,
        };
        let mut part = Vec::new();
        while Read::by_ref(&mut from).take(bytes as u64).read_to_end(&mut part)? > 0 {
            match self {
                Members::Gzip => {
                    let mut packed = flate2::write::GzEncoder::new(&mut to, flate2::Compression::default());
                    packed.write_all(&part)?;
                    packed.finish()?;
                }
                Members::Zstd(_) => to.write_all(&zstd::encode_all(&part[..], 3)?)?,
            }
            part.clear();
        }
        Ok(())
    }
}

/// The file compressed by its usual tool; `None` where that is missing.
fn packed(tool: &str, file: &Path, to: &Path) -> Option<PathBuf> {
    if !to.exists() {
        // The fastest level of the slow ones: only their decompression is measured.
        let level: &[&str] = if matches!(tool, "xz" | "bzip2") { &["-1"] } else { &[] };
        let out = File::create(to).ok()?;
        let done = Command::new(tool).args(level).arg("-c").arg(file).stdout(out).status();
        if !done.is_ok_and(|s| s.success()) {
            let _ = std::fs::remove_file(to);
            return None;
        }
    }
    Some(to.to_owned())
}

impl Job {
    fn once(&mut self) -> Result<(), String> {
        let me = std::env::current_exe().map_err(|e| e.to_string())?;
        let out = Command::new(me)
            .arg("--one")
            .arg(self.stage)
            .arg(&self.path)
            .output()
            .map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&out.stdout);
        let numbers: Vec<f64> = text.split_whitespace().filter_map(|t| t.parse().ok()).collect();
        let [bytes, seconds, cpu, peak] = numbers[..] else {
            return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&out.stderr).trim()));
        };
        self.speed.push(bytes / 1e6 / seconds.max(1e-9));
        self.cpu.push(bytes / 1e6 / cpu.max(0.01));
        self.peak_kb = self.peak_kb.max(peak as u64);
        Ok(())
    }
}
