//! From paths to an [`Analysis`]: carries bytes from `logjoin-input` to `logjoin`, which do not know each other.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::DateTime;
use logjoin::options::FileTimes;
use logjoin::{Analysis, ConfigFile, FileScan, FileScanner, Head, Options, Plan, Stage};
use logjoin_input::{
    DiscoverOptions, InputError, InputFile, NoteKind, ReadOptions, Tally, discover, group, read_config,
};
use rayon::prelude::*;

use crate::analyze_args::AnalyzeArgs;
use crate::lockstep::{self, Step};
use crate::saved;
use crate::seek::{self, Margin, Reach, Reading};

/// Bytes of each file's beginning by which its format is recognised.
const HEAD_BYTES: usize = 256 * 1024;
/// A larger file is not looked at as a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// What is said of a result among logs.
const SAVED: &str = "a saved result among logs is not read (given alone, it is shown again)";

/// The inputs, recognised but not yet read.
pub struct Inputs {
    /// Files with lines, with the name of the rotated set each belongs to and its place in it.
    logs: Vec<(InputFile, String, u32)>,
    /// Configurations of proxies.
    configs: Vec<ConfigFile>,
    /// What could not be read, for people.
    pub problems: Vec<String>,
    /// What a reader should know: files passed over, copies.
    pub notes: Vec<String>,
    /// What a caller could do better, for people.
    pub advice: Vec<String>,
    /// Files that are not read because another one has all that is in them: path, and why.
    pub copies: Vec<(String, String)>,
    /// Files that may hold logs and could not be read at all: path, and why.
    unread: Vec<(String, String)>,
    /// Results of this program that lie among the logs.
    saved: Vec<String>,
    /// How files are read.
    read: ReadOptions,
    /// How far outside of a range of time they are read.
    reach: Reach,
    /// Once it is planned, by the numbers of the plan: which of `logs`, and what is read of it. One that holds the lines of
    /// several programs is here several times.
    lanes: Vec<(usize, Reading)>,
}

impl Inputs {
    /// Finds the files, and tells configurations from logs. `configs` are read as configurations whatever they look like.
    pub fn find(paths: &[PathBuf], configs: &[PathBuf]) -> Inputs {
        Inputs::find_within(paths, configs, ReadOptions::default().max_decompressed)
    }

    /// The same; no compressed file or archive may yield more than `max_unpacked` bytes.
    pub fn find_within(paths: &[PathBuf], configs: &[PathBuf], max_unpacked: u64) -> Inputs {
        let looking = DiscoverOptions { max_decompressed: max_unpacked, ..DiscoverOptions::default() };
        let found = discover(paths, &looking);
        let mut inputs = Inputs {
            read: ReadOptions { max_decompressed: max_unpacked, ..ReadOptions::default() },
            logs: Vec::new(),
            configs: Vec::new(),
            problems: found.problems.iter().map(told).collect(),
            notes: found.notes.iter().map(ToString::to_string).collect(),
            advice: Vec::new(),
            copies: copies(&found.notes),
            unread: unread(&found.problems),
            saved: Vec::new(),
            reach: Reach::default(),
            lanes: Vec::new(),
        };
        let named = discover(configs, &DiscoverOptions::default());
        inputs.problems.extend(named.problems.iter().map(ToString::to_string));
        for file in &named.files {
            if !inputs.take_config(file) {
                inputs
                    .problems
                    .push(format!("{}: not a configuration of nginx, httpd or HAProxy", file.name()));
            }
        }
        let mut logs = Vec::new();
        for file in found.files {
            if !file.is_stream() && file.head(saved::HEAD_BYTES).is_ok_and(|head| saved::is_saved(&head)) {
                inputs.advice.push(format!("{}: {SAVED}", file.name()));
                inputs.saved.push(file.name().to_owned());
                continue;
            }
            let is_small = file.size().is_some_and(|s| s <= CONFIG_BYTES) && file.compression().is_none();
            let is_config = is_small && !file.is_member() && !file.is_stream() && inputs.take_config(&file);
            if !is_config {
                logs.push(file);
            }
        }
        for set in group(logs) {
            for (order, file) in set.files.into_iter().enumerate() {
                inputs.logs.push((file, set.name.clone(), order as u32));
            }
        }
        inputs.logs.sort_by(|a, b| a.0.name().cmp(b.0.name()));
        inputs
    }

    /// When a range of time is asked for, looks at requests only so far outside of it: that many nanoseconds on both sides, or
    /// as usual; and reads logs of at least `least_bytes` of text not much further.
    pub fn set_reach(&mut self, margin_ns: Option<i64>, least_bytes: u64) {
        let margin = margin_ns.map_or(Margin::Usual, Margin::Told);
        self.reach = Reach { margin, least_bytes };
    }

    /// Reads a file as a configuration, if it is one.
    fn take_config(&mut self, file: &InputFile) -> bool {
        let Some(path) = file.path() else { return false };
        let Ok(head) = file.head(64 * 1024) else { return false };
        if logjoin_config::recognise(&head).is_none() {
            return false;
        }
        let text = match read_config(path) {
            Ok(text) => text,
            Err(e) => {
                self.problems.push(e.to_string());
                return true;
            }
        };
        let mut load = logjoin_input::loader(path.parent().unwrap_or(path));
        let config = logjoin_config::read(file.name(), &text, &mut |name| load(name).unwrap_or_default());
        let Some(config) = config else { return false };
        let loaded_ns = version_ns(file.name());
        self.configs.push(ConfigFile { path: file.name().to_string(), config, loaded_ns });
        true
    }

    /// The files with lines.
    pub fn files(&self) -> impl Iterator<Item = &InputFile> {
        self.logs.iter().map(|(file, ..)| file)
    }

    /// How many bytes reading will yield, about.
    pub(crate) fn expected_bytes(&self) -> u64 {
        self.logs
            .iter()
            .enumerate()
            .map(|(i, (f, ..))| self.reading(i).bytes(f.text_size().unwrap_or(0)))
            .sum()
    }

    /// Whether a file was read to its end, and not only near the range of time that was asked for.
    pub(crate) fn was_read(&self, path: &str) -> bool {
        self.logs
            .iter()
            .position(|(f, ..)| f.name() == path)
            .is_none_or(|i| self.reading(i) == Reading::Whole)
    }

    /// What is read of one of `logs`; the same for all its parts.
    fn reading(&self, file: usize) -> Reading {
        self.lanes.iter().find(|(log, _)| *log == file).map(|(_, reading)| *reading).unwrap_or_default()
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.configs.is_empty()
    }

    /// Decides what each file is, as the options of the command line say.
    pub(crate) fn plan_for(&mut self, args: &AnalyzeArgs) -> Plan {
        let mut options = Options {
            statuses: args.statuses.clone(),
            zones: args.zones.clone(),
            skews: args.skews.clone(),
            anchors: args.anchors.clone(),
            roles: args.roles.clone(),
            formats: args.formats.clone(),
            peers: args.peers.clone(),
            since_ns: args.since_ns,
            until_ns: args.until_ns,
            derive: args.derive,
            max_failures: args.failures,
            ..Options::default()
        };
        if let Some(s) = args.window_s {
            options.window_s = s;
        }
        if let Some(n) = args.slice_rows {
            options.slice_rows = n;
        }
        if let Some(n) = args.lean_rows {
            options.lean_rows = n;
        }
        if let Some(n) = args.keep_failures {
            options.keep_failures = n;
        }
        self.reach.margin = args.margin;
        self.plan(options)
    }

    /// Decides what each file is.
    pub fn plan(&mut self, mut options: Options) -> Plan {
        options.margin_ns = options.margin_ns.or(self.reach.margin_ns());
        let heads: Vec<Head> = self
            .logs
            .par_iter()
            .map(|(file, source, order)| Head {
                path: file.name().to_string(),
                source: Some(source.clone()),
                order: *order,
                bytes: file.head(HEAD_BYTES).unwrap_or_default(),
                times: times(file),
                ..Head::default()
            })
            .collect();
        // A stream can be read once only.
        let (streams, heads): (Vec<_>, Vec<_>) =
            heads.into_iter().enumerate().partition(|(i, _)| self.logs[*i].0.is_stream());
        for (_, head) in &streams {
            if logjoin::parts(vec![head.clone()]).len() > 1 {
                let path = &head.path;
                let text = "it holds the lines of several programs, which only a file lets tell apart: save it first";
                self.advice.push(format!("{path}: {text}"));
            }
        }
        let (places, heads): (Vec<usize>, Vec<Head>) = heads.into_iter().unzip();
        let parts = logjoin::parts(heads).into_iter().map(|(i, head)| (places[i], head));
        let mut all: Vec<(usize, Head)> = parts.chain(streams).collect();
        // Stable: those of one file stay in their order, which is that of the plan.
        all.sort_by(|a, b| a.1.path.cmp(&b.1.path));
        let (numbers, heads): (Vec<usize>, Vec<Head>) = all.into_iter().unzip();
        let plan = logjoin::plan(heads, std::mem::take(&mut self.configs), options);
        let files: Vec<&InputFile> = numbers.iter().map(|n| &self.logs[*n].0).collect();
        let readings = seek::decide(&plan, &files, self.reach);
        self.lanes = numbers.into_iter().zip(readings).collect();
        plan
    }

    /// Reads everything, all files side by side, and judges it. `advance` is told of bytes as they are read, `before_last` when
    /// all is read and what is left is judged.
    pub fn analyze(
        &mut self,
        plan: &Plan,
        advance: &(dyn Fn(u64) + Sync),
        before_last: &(dyn Fn() + Sync),
    ) -> Analysis {
        let tell = |step| {
            match step {
                Step::Read(bytes) => advance(bytes),
                Step::FileDone => {}
                Step::Judging(_) => before_last(),
            }
            ControlFlow::Continue(())
        };
        match self.read(plan, &tell) {
            Ok(analysis) => analysis,
            Err(Cancelled) => unreachable!("nobody breaks it off"),
        }
    }

    /// The same, unless `watch` breaks it off: then nothing is left of it. `watch` is called from all threads,
    /// after each block (some hundred kilobytes) and each file, the last time when all is read.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when `watch` asked for it.
    pub fn analyze_watched(&mut self, plan: &Plan, watch: &Watch<'_>) -> Result<Analysis, Cancelled> {
        let files = self.logs.len() as u64;
        let (bytes, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let tell = |step| {
            let (more_bytes, more_files, stage) = match step {
                Step::Read(n) => (n, 0, None),
                Step::FileDone => (0, 1, None),
                Step::Judging(stage) => (0, 0, Some(stage)),
            };
            let bytes = bytes.fetch_add(more_bytes, Ordering::Relaxed) + more_bytes;
            let files_done = done.fetch_add(more_files, Ordering::Relaxed) + more_files;
            watch(Progress { files, files_done, bytes, stage })
        };
        self.read(plan, &tell)
    }

    fn read(&mut self, plan: &Plan, tell: &lockstep::Told<'_>) -> Result<Analysis, Cancelled> {
        let files = self.lanes.iter().map(|(log, reading)| (&self.logs[*log].0, *reading));
        let (mut analysis, problems) = lockstep::analyze(plan, files, &self.read, tell)?;
        self.note(problems);
        self.complete(&mut analysis);
        Ok(analysis)
    }

    /// Adds the files that the engine never saw to the inputs of a result.
    pub(crate) fn complete(&self, analysis: &mut Analysis) {
        self.copies.iter().for_each(|(path, why)| analysis.add_copy(path, why));
        self.unread.iter().for_each(|(path, why)| analysis.add_unread(path, why));
        self.saved.iter().for_each(|path| analysis.add_note(path, SAVED));
    }

    /// Reads one file after the other: the lines that no format reads are written to `out` as `path:line:text`.
    ///
    /// # Errors
    ///
    /// The first failure to write; all files are read nevertheless.
    pub fn scan_writing(
        &mut self,
        plan: &Plan,
        advance: &(dyn Fn(u64) + Sync),
        out: &mut (dyn Write + Send),
    ) -> (Vec<FileScan>, io::Result<()>) {
        let mut written = Ok(());
        let mut results = Vec::with_capacity(self.lanes.len());
        for (i, (log, _)) in self.lanes.iter().enumerate() {
            let file = &self.logs[*log].0;
            let each = |number: u64, line: &[u8]| {
                if written.is_ok() {
                    let place = format!("{}:{number}:", file.name());
                    written = [place.as_bytes(), line, b"\n"].iter().try_for_each(|part| out.write_all(part));
                }
            };
            let scanner = FileScanner::new(plan, i).on_unparsed(each);
            let is_first = plan.first_part(i) == i;
            let advance = |bytes| {
                if is_first {
                    advance(bytes)
                }
            };
            results.push(scan_file(file, scanner, &self.read, &advance));
        }
        let written = written.and_then(|()| out.flush());
        (self.gather(results), written)
    }

    fn gather(&mut self, results: Vec<Scanned>) -> Vec<FileScan> {
        let (scans, problems): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        self.note(problems.into_iter().flatten().collect());
        scans
    }

    fn note(&mut self, problems: Vec<String>) {
        self.problems.extend(problems);
        // What is found while looking is found again while reading.
        self.problems.sort();
        self.problems.dedup();
    }
}

/// The notes on copies.
fn copies(notes: &[logjoin_input::Note]) -> Vec<(String, String)> {
    let is_copy = |n: &&logjoin_input::Note| {
        matches!(n.kind, NoteKind::SameContent { .. } | NoteKind::Beginning { .. })
    };
    let told = |n: &logjoin_input::Note| {
        let text = n.to_string();
        let text = text.strip_prefix(&format!("{}: ", n.path)).unwrap_or(&text).to_owned();
        (n.path.clone(), text)
    };
    notes.iter().filter(is_copy).map(told).collect()
}

/// The problems of files of which nothing is read; of damaged archives something is, and what is not there is no file.
fn unread(problems: &[InputError]) -> Vec<(String, String)> {
    let is_unread = |e: &&InputError| {
        !(e.is_not_found() || e.is_truncated() || e.is_corrupt() || e.is_too_large() || e.is_no_pattern())
    };
    problems.iter().filter(is_unread).map(|e| (e.path().to_owned(), e.reason())).collect()
}

/// What a file gave, and what stopped its reading early.
type Scanned = (FileScan, Option<String>);

/// An error with the option that avoids it, where there is one.
pub(crate) fn told(e: &InputError) -> String {
    format!("{}: {}", e.path(), reason(e))
}

/// The same without the path, for where that stands already.
pub(crate) fn reason(e: &InputError) -> String {
    if e.is_too_large() { format!("{}; --max-unpacked raises it", e.reason()) } else { e.reason() }
}

/// What reading left out of lines, in words.
pub(crate) fn left_out(tally: &Tally, read: &ReadOptions) -> Option<String> {
    let mut parts = Vec::new();
    if tally.truncated_lines > 0 {
        let (n, most, rest) = (tally.truncated_lines, read.max_line, tally.truncated_bytes);
        parts.push(format!(
            "lines longer than {most} bytes: {n}; the rest of each is left out ({rest} bytes)"
        ));
    }
    if tally.nul_bytes > 0 {
        let n = tally.nul_bytes;
        parts.push(format!(
            "NUL bytes at the beginning of lines, left out: {n} (the file was truncated while in use)"
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn scan_file(
    file: &InputFile,
    mut scanner: FileScanner<'_>,
    read: &ReadOptions,
    advance: &(dyn Fn(u64) + Sync),
) -> Scanned {
    let mut chunks = match file.open(read) {
        Ok(chunks) => chunks,
        Err(e) => {
            let mut scan = scanner.finish();
            scan.set_problem(reason(&e));
            return (scan, Some(told(&e)));
        }
    };
    for chunk in &mut chunks {
        scanner.push(chunk.first_line, &chunk.bytes);
        advance(chunk.bytes.len() as u64);
    }
    let mut scan = scanner.finish();
    if let Some(cut) = left_out(&chunks.tally(), read) {
        scan.set_cut(cut);
    }
    if let Some(e) = chunks.problem() {
        scan.set_problem(reason(e));
    }
    (scan, chunks.problem().map(told))
}

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Log files that were found.
    pub files: u64,
    /// Those that were read.
    pub files_done: u64,
    /// Decompressed bytes that were read.
    pub bytes: u64,
    /// What is done with them, once all are read.
    pub stage: Option<Stage>,
}

/// Told of [`Progress`] from all threads; breaks to cancel.
pub type Watch<'w> = dyn Fn(Progress) -> ControlFlow<()> + Sync + 'w;

/// The caller broke the analysis off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// [`analyze`] under the eyes of the caller: `watch` is told how far reading is, then of each step of the judgement, and may
/// break it off. It is not called while files are looked for.
///
/// # Errors
///
/// [`Cancelled`] when `watch` asked for it.
pub fn analyze_with(
    paths: &[PathBuf],
    configs: &[PathBuf],
    options: Options,
    watch: &Watch<'_>,
) -> Result<(Analysis, Vec<String>), Cancelled> {
    let mut inputs = Inputs::find(paths, configs);
    let plan = inputs.plan(options);
    let analysis = inputs.analyze_watched(&plan, watch)?;
    Ok((analysis, inputs.problems))
}

/// Analyses files and folders. What could not be read is in the second value; the rest was analysed.
pub fn analyze(paths: &[PathBuf], configs: &[PathBuf], options: Options) -> (Analysis, Vec<String>) {
    match analyze_with(paths, configs, options, &|_| ControlFlow::Continue(())) {
        Ok(all) => all,
        Err(Cancelled) => unreachable!("nobody breaks it off"),
    }
}

/// What is known of when a file was written.
fn times(file: &InputFile) -> FileTimes {
    let ns = |t: std::time::SystemTime| DateTime::<chrono::Utc>::from(t).timestamp_nanos_opt();
    FileTimes {
        named_ns: file.named_seconds().and_then(|s| s.checked_mul(1_000_000_000)),
        packed_ns: file.packed_modified().and_then(ns),
        modified_ns: file.modified().and_then(ns),
    }
}

/// When a version of a configuration was loaded, by the time in its name, nanoseconds since 1970.
pub(crate) fn version_ns(name: &str) -> Option<i64> {
    logjoin_config::version_time(name).and_then(|civil| civil_ns(&civil))
}

fn civil_ns(&(year, month, day, hour, minute, second): &logjoin_config::Civil) -> Option<i64> {
    let precision = logjoin_parse::Precision::Seconds;
    let stamp =
        logjoin_parse::Stamp::civil(Some(year), month, day, hour, minute, second, 0, precision, Some(0));
    stamp.map(|s| s.wall_ns)
}
