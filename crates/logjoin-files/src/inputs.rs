//! The files that are found, told apart and planned; and their reading, in steps.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use chrono::DateTime;
use logjoin::options::FileTimes;
use logjoin::{Analysis, ConfigFile, FileScan, FileScanner, Head, Options, Plan};
use logjoin_input::{
    DiscoverOptions, InputFile, Note, NoteKind, ReadOptions, Tally, discover, group, read_config,
};
use rayon::prelude::*;

use crate::lockstep::{self, Step};
use crate::problem::Problem;
use crate::progress::{Cancelled, Counter, Watch};
use crate::saved::{RESULT_HEAD_BYTES, is_result};
use crate::seek::{self, Margin, Reach, Reading};

/// Bytes of each file's beginning by which its format is recognised.
const HEAD_BYTES: usize = 256 * 1024;
/// A larger file is not looked at as a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// What is said of a result among logs.
const SAVED: &str = "a saved result among logs is not read (given alone, it is shown again)";

/// Files that were found and told apart, and are not yet read.
///
/// ```
/// use logjoin::Options;
/// use logjoin_files::Inputs;
///
/// let mut inputs = Inputs::find(&["../../fixtures/scenarios/worker-crash".into()], &[]);
/// let plan = inputs.plan(Options::default());
/// assert!(plan.paths().any(|path| path.ends_with("access.log")));
/// let analysis = inputs.analyze(&plan);
/// assert_eq!(analysis.totals.failures, 95);
/// ```
pub struct Inputs {
    /// Files with lines, with the name of the rotated set each belongs to and its place in it.
    logs: Vec<(InputFile, String, u32)>,
    /// Configurations of proxies.
    configs: Vec<ConfigFile>,
    /// What could not be read; after reading, what was not read to its end, too.
    pub problems: Vec<Problem>,
    /// What was left aside on purpose: copies, links that lead nowhere.
    pub notes: Vec<Note>,
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
            problems: found.problems.iter().map(Problem::of).collect(),
            notes: Vec::new(),
            advice: Vec::new(),
            copies: copies(&found.notes),
            unread: Vec::new(),
            saved: Vec::new(),
            reach: Reach::default(),
            lanes: Vec::new(),
        };
        inputs.unread = unread(&inputs.problems);
        inputs.notes = found.notes;
        let named = discover(configs, &DiscoverOptions::default());
        inputs.problems.extend(named.problems.iter().map(Problem::of));
        for file in &named.files {
            if !inputs.take_config(file) {
                inputs.problems.push(Problem::not_a_configuration(file.name()));
            }
        }
        let mut logs = Vec::new();
        for file in found.files {
            if !file.is_stream() && file.head(RESULT_HEAD_BYTES).is_ok_and(|head| is_result(&head)) {
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

    /// How far outside of a range of time requests are looked at, where a range is asked for.
    pub fn set_margin(&mut self, margin: Margin) {
        self.reach.margin = margin;
    }

    /// A log of less text, in bytes, is read whole where a range is asked for: 64 MiB unless told.
    pub fn set_least_to_seek(&mut self, bytes: u64) {
        self.reach.least_bytes = bytes;
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
                self.problems.push(Problem::of(&e));
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

    /// How many bytes of text reading will yield, about, once it is planned: compressed files are guessed.
    pub fn expected_bytes(&self) -> u64 {
        self.logs
            .iter()
            .enumerate()
            .map(|(i, (f, ..))| self.reading(i).bytes(f.text_size().unwrap_or(0)))
            .sum()
    }

    /// Whether a file was read to its end, and not only near the range of time that was asked for.
    pub fn was_read(&self, path: &str) -> bool {
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

    /// Reads everything, all files side by side, and judges it. What could not be read is added to the problems.
    pub fn analyze(&mut self, plan: &Plan) -> Analysis {
        match self.analyze_watched(plan, &|_| ControlFlow::Continue(())) {
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
        let counter = Counter::new(self.logs.len());
        let tell = |step: Step| watch(counter.after(step));
        let files = self.lanes.iter().map(|(log, reading)| (&self.logs[*log].0, *reading));
        let (mut analysis, problems) = lockstep::analyze(plan, files, &self.read, &tell)?;
        self.note(problems);
        self.complete(&mut analysis);
        Ok(analysis)
    }

    /// Adds the files that the engine never saw (copies, what could not be opened) to the inputs of a result that was made of
    /// [`scan_writing`](Inputs::scan_writing)'s scans; [`analyze`](Inputs::analyze) does it by itself.
    pub fn complete(&self, analysis: &mut Analysis) {
        self.copies.iter().for_each(|(path, why)| analysis.add_copy(path, why));
        self.unread.iter().for_each(|(path, why)| analysis.add_unread(path, why));
        self.saved.iter().for_each(|path| analysis.add_note(path, SAVED));
    }

    /// Reads one file after the other for [`logjoin::finish`]: the lines that no format reads are written to `out` as
    /// `path:line:text`. `advance` is told of bytes as they are read. Memory grows with the input.
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

    fn note(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
        // What is found while looking is found again while reading.
        self.problems.sort();
        self.problems.dedup();
    }
}

/// The notes on copies.
fn copies(notes: &[Note]) -> Vec<(String, String)> {
    let is_copy = |n: &&Note| matches!(n.kind, NoteKind::SameContent { .. } | NoteKind::Beginning { .. });
    let told = |n: &Note| {
        let text = n.to_string();
        let text = text.strip_prefix(&format!("{}: ", n.path)).unwrap_or(&text).to_owned();
        (n.path.clone(), text)
    };
    notes.iter().filter(is_copy).map(told).collect()
}

/// Files that are there and of which nothing is read.
fn unread(problems: &[Problem]) -> Vec<(String, String)> {
    problems.iter().filter(|p| p.is_unread()).map(|p| (p.path.clone(), p.reason.clone())).collect()
}

/// What a file gave, and what stopped its reading early.
type Scanned = (FileScan, Option<Problem>);

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
            scan.set_problem(e.reason());
            return (scan, Some(Problem::of(&e)));
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
        scan.set_problem(e.reason());
    }
    (scan, chunks.problem().map(Problem::of))
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

/// When a version of a configuration was loaded, by the time in its name; nanoseconds since 1970.
///
/// ```
/// assert_eq!(logjoin_files::version_ns("conf/nginx.conf.20261121T022715Z"), Some(1_795_228_035_000_000_000));
/// assert_eq!(logjoin_files::version_ns("conf/nginx.conf"), None);
/// ```
pub fn version_ns(name: &str) -> Option<i64> {
    logjoin_config::version_time(name).and_then(|civil| civil_ns(&civil))
}

fn civil_ns(&(year, month, day, hour, minute, second): &logjoin_config::Civil) -> Option<i64> {
    let precision = logjoin_parse::Precision::Seconds;
    let stamp =
        logjoin_parse::Stamp::civil(Some(year), month, day, hour, minute, second, 0, precision, Some(0));
    stamp.map(|s| s.wall_ns)
}
