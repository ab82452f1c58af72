//! Logs of any size with the traffic of [`crate::generate`], written block by block so that memory stays flat.
//!
//! A block is a stretch of time with a seed of its own; lines that are written after its end wait for the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::generate::{Scenario, back, front, traffic};

/// Requests of one block.
const BLOCK: usize = 50_000;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes and lines by path.
    pub files: BTreeMap<String, (u64, u64)>,
    /// Requests that failed.
    pub failed: u64,
    /// The line of each of them in the proxy's access log, from 1, and the backend's line about it, if it wrote one.
    pub truth: Vec<Own>,
}

/// How logs are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// `.gz`, level 6.
    Gzip,
    /// `.zst`, level 3.
    Zstd,
}

/// A log that is being written.
enum Log {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Log {
    fn create(path: &Path, packing: Packing) -> io::Result<Log> {
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        let named = |extension: &str| format!("{}{extension}", path.display());
        let file = |name: String| Ok::<_, io::Error>(BufWriter::with_capacity(1 << 20, File::create(name)?));
        Ok(match packing {
            Packing::Plain => Log::Plain(file(named(""))?),
            Packing::Gzip => {
                Log::Gzip(flate2::write::GzEncoder::new(file(named(".gz"))?, flate2::Compression::new(6)))
            }
            Packing::Zstd => Log::Zstd(zstd::stream::write::Encoder::new(file(named(".zst"))?, 3)?),
        })
    }

    fn out(&mut self) -> &mut dyn Write {
        match self {
            Log::Plain(w) => w,
            Log::Gzip(w) => w,
            Log::Zstd(w) => w,
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Log::Plain(mut w) => w.flush(),
            Log::Gzip(w) => w.finish()?.flush(),
            Log::Zstd(w) => w.finish()?.flush(),
        }
    }
}

/// A failed request's line at the proxy, and its line at a backend: path and number.
pub type Own = (u64, Option<(String, u64)>);

/// Writes the lines of the failed requests as a table: `access,file,line`, the last two empty where no backend wrote one.
pub fn write_truth(truth: &[Own], path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "access,file,line")?;
    for (access, backend) in truth {
        match backend {
            Some((file, line)) => writeln!(out, "{access},{file},{line}")?,
            None => writeln!(out, "{access},,")?,
        }
    }
    out.flush()
}

/// What [`write_truth`] wrote.
pub fn read_truth(path: &Path) -> io::Result<Vec<Own>> {
    let text = std::fs::read_to_string(path)?;
    let row = |l: &str| -> Option<Own> {
        let mut cells = l.split(',');
        let (access, file, line) = (cells.next()?.parse().ok()?, cells.next()?, cells.next()?);
        Some((access, line.parse().ok().map(|n| (file.to_owned(), n))))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// A failed request's lines so far: at the proxy, and at a backend.
type Lines = (Option<u64>, Option<(String, u64)>);

/// A line that is not written yet: when it will be, the failed request that it is about, its text.
type Waiting = (f64, Option<u64>, String);

/// Writes the logs of `s.requests` requests below `folder`. The same scenario gives the same bytes.
pub fn write(s: &Scenario, folder: &Path) -> io::Result<Written> {
    write_packed(s, folder, Packing::Plain)
}

/// The same, compressed. Bytes are counted as they were before.
pub fn write_packed(s: &Scenario, folder: &Path, packing: Packing) -> io::Result<Written> {
    let mut done = Written::default();
    let mut open: BTreeMap<String, Log> = BTreeMap::new();
    let mut late: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
    let mut own: BTreeMap<u64, Lines> = BTreeMap::new();
    let access = front::logs(&Scenario { requests: 0, ..s.clone() }, &[]).first().map(|l| l.path.clone());
    let (path, text) = front::configuration(s);
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
    std::fs::write(path, text)?;
    let blocks = s.requests.div_ceil(BLOCK);
    // Whole seconds, so that every block begins on one.
    let length = (BLOCK as f64 / s.rate).ceil().max(1.0);
    for k in 0..blocks {
        let block = Scenario {
            seed: s.seed.wrapping_mul(1_000_003).wrapping_add(k as u64),
            requests: BLOCK.min(s.requests - k * BLOCK),
            rate: BLOCK as f64 / length,
            start: s.start + k as i64 * length as i64,
            ..s.clone()
        };
        let mut requests = traffic::draw(&block);
        requests.retain(|r| r.start < length);
        let failed: BTreeSet<usize> =
            requests.iter().filter(|r| r.fate.is_failure()).map(|r| r.number).collect();
        done.failed += failed.len() as u64;
        let about = |n: Option<usize>| n.filter(|n| failed.contains(n)).map(|n| (k * BLOCK + n) as u64);
        for log in front::logs(&block, &requests).into_iter().chain(back::logs(&block, &requests)) {
            let waiting = late.entry(log.path.clone()).or_default();
            let mut lines: Vec<Waiting> = std::mem::take(waiting);
            lines.extend(log.lines.into_iter().map(|(t, n, line)| (t, about(n), line)));
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            let cut =
                if k + 1 == blocks { lines.len() } else { lines.partition_point(|(t, ..)| *t < length) };
            waiting.extend(lines.drain(cut..).map(|(t, n, line)| (t - length, n, line)));
            if !open.contains_key(&log.path) {
                open.insert(log.path.clone(), Log::create(&folder.join(&log.path), packing)?);
            }
            let Some(out) = open.get_mut(&log.path).map(Log::out) else { continue };
            let sum = done.files.entry(log.path.clone()).or_default();
            for (_, about, line) in &lines {
                out.write_all(line.as_bytes())?;
                out.write_all(b"\n")?;
                sum.0 += line.len() as u64 + 1;
                sum.1 += 1;
                let Some(request) = about else { continue };
                let (at, backend) = own.entry(*request).or_default();
                if Some(&log.path) == access.as_ref() {
                    *at = Some(sum.1);
                } else if log.path.contains("/node-") {
                    *backend = Some((log.path.clone(), sum.1));
                }
            }
        }
    }
    for (_, log) in open {
        log.finish()?;
    }
    done.truth = own.into_values().filter_map(|(at, backend)| Some((at?, backend))).collect();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_one_another_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let s = Scenario { requests: 120_000, rate: 5_000.0, failing: 0.01, ..Scenario::default() };
        let done = write(&s, folder.path()).unwrap();
        let (bytes, lines) = done.files["logs/edge/access.log"];
        let text = std::fs::read_to_string(folder.path().join("logs/edge/access.log")).unwrap();
        assert_eq!(text.len() as u64, bytes);
        assert_eq!(text.lines().count() as u64, lines);
        let stamp = |l: &str| l.split('[').nth(1).unwrap()[..20].to_string();
        let stamps: Vec<String> = text.lines().map(stamp).collect();
        assert!(stamps.is_sorted(), "all within one day: text sorts like time");
        let gz = write_packed(&s, &folder.path().join("packed"), Packing::Gzip).unwrap();
        assert_eq!(gz, done);
        let file = File::open(folder.path().join("packed/logs/edge/access.log.gz")).unwrap();
        let unpacked = io::read_to_string(flate2::read::GzDecoder::new(file)).unwrap();
        assert!(unpacked == text, "the same bytes, compressed");
        assert!(done.failed > 800 && done.failed < 1_600, "{}", done.failed);
        assert_eq!(done.truth.len() as u64, done.failed);
        let line = |path: &str, n: u64| {
            let text = std::fs::read_to_string(folder.path().join(path)).unwrap();
            text.lines().nth(n as usize - 1).unwrap().to_string()
        };
        let target = |l: &str| l.split('"').nth(1).unwrap().split(' ').nth(1).unwrap().to_string();
        for (access, backend) in done.truth.iter().take(20) {
            let at_proxy = line("logs/edge/access.log", *access);
            assert!([" 502 ", " 503 ", " 504 "].iter().any(|s| at_proxy.contains(s)), "{at_proxy}");
            if let Some((path, n)) = backend {
                assert_eq!(target(&at_proxy), target(&line(path, *n)));
            }
        }
        let path = folder.path().join("truth.csv");
        write_truth(&done.truth, &path).unwrap();
        assert_eq!(read_truth(&path).unwrap(), done.truth);
    }
}
