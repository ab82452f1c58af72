//! From paths to an [`Analysis`]: carries bytes from `logjoin-input` to `logjoin`, which do not know each other.

use std::path::PathBuf;

use chrono::{DateTime, Datelike};
use logjoin::{Analysis, ConfigFile, FileScan, FileScanner, Head, Options, Pattern, Plan};
use logjoin_input::{DiscoverOptions, InputFile, ReadOptions, discover, group, read_config};
use rayon::prelude::*;

use crate::analyze_args::AnalyzeArgs;
use crate::time_args::Zone;

/// Bytes of each file's beginning by which its format is recognised.
const HEAD_BYTES: usize = 256 * 1024;
/// A larger file is not looked at as a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

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
}

impl Inputs {
    /// Finds the files, and tells configurations from logs. `configs` are read as configurations whatever they look like.
    pub fn find(paths: &[PathBuf], configs: &[PathBuf]) -> Inputs {
        let found = discover(paths, &DiscoverOptions::default());
        let mut inputs = Inputs {
            logs: Vec::new(),
            configs: Vec::new(),
            problems: found.problems.iter().map(ToString::to_string).collect(),
            notes: found.notes.iter().map(ToString::to_string).collect(),
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
        let loaded_ns = logjoin_config::version_time(file.name()).and_then(|c| civil_ns(&c));
        self.configs.push(ConfigFile { path: file.name().to_string(), config, loaded_ns });
        true
    }

    /// The files with lines.
    pub(crate) fn files(&self) -> impl Iterator<Item = &InputFile> {
        self.logs.iter().map(|(file, ..)| file)
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.configs.is_empty()
    }

    /// Decides what each file is, as the options of the command line say.
    pub(crate) fn plan_for(&mut self, args: &AnalyzeArgs) -> Plan {
        let mut options = Options {
            statuses: args.statuses.clone(),
            zones: self.zones(args),
            skews: args.skews.clone(),
            roles: args.roles.clone(),
            formats: args.formats.clone(),
            peers: args.peers.clone(),
            since_ns: args.since_ns,
            until_ns: args.until_ns,
            year: self.year(args),
            max_failures: args.failures,
            ..Options::default()
        };
        if let Some(s) = args.window_s {
            options.window_s = s;
        }
        self.plan(options)
    }

    /// The offsets of the zones that were told. That of a place depends on the date: it is looked up for each file at
    /// its first stamp, or at the start of the range where its stamps have no year.
    fn zones(&self, args: &AnalyzeArgs) -> Vec<(Pattern, i32)> {
        let mut out = Vec::new();
        for (pattern, zone) in &args.zones {
            if let Zone::Fixed(s) = zone {
                out.push((pattern.clone(), *s));
                continue;
            }
            for (file, ..) in self.logs.iter().filter(|(f, ..)| pattern.fits(f.name())) {
                let modified =
                    file.modified().map(|t| DateTime::<chrono::Utc>::from(t).timestamp_nanos_opt());
                let at = first_stamp(file).or(args.since_ns).or(modified.flatten()).unwrap_or(0);
                out.push((Pattern::new(file.name()), zone.offset_at(at)));
            }
        }
        out
    }

    /// The year of stamps without one: that of the asked range, else that in which the newest file was written.
    fn year(&self, args: &AnalyzeArgs) -> Option<i32> {
        let asked = args.until_ns.or(args.since_ns).map(|ns| DateTime::from_timestamp_nanos(ns).year());
        let newest = || self.logs.iter().filter_map(|(f, ..)| f.modified()).max();
        asked.or_else(|| newest().map(|t| DateTime::<chrono::Utc>::from(t).year()))
    }

    /// Decides what each file is.
    pub fn plan(&mut self, options: Options) -> Plan {
        let heads: Vec<Head> = self
            .logs
            .par_iter()
            .map(|(file, source, order)| Head {
                path: file.name().to_string(),
                source: Some(source.clone()),
                order: *order,
                bytes: file.head(HEAD_BYTES).unwrap_or_default(),
            })
            .collect();
        logjoin::plan(heads, std::mem::take(&mut self.configs), options)
    }

    /// Reads everything. `advance` is told of bytes as they are read.
    pub fn scan(&mut self, plan: &Plan, advance: &(dyn Fn(u64) + Sync)) -> Vec<FileScan> {
        let results: Vec<(FileScan, Option<String>)> = self
            .logs
            .par_iter()
            .enumerate()
            .map(|(i, (file, ..))| {
                let mut scanner = FileScanner::new(plan, i);
                let mut chunks = match file.open(&ReadOptions::default()) {
                    Ok(chunks) => chunks,
                    Err(e) => {
                        let mut scan = scanner.finish();
                        scan.set_problem(e.to_string());
                        return (scan, Some(e.to_string()));
                    }
                };
                for chunk in &mut chunks {
                    scanner.push(chunk.first_line, &chunk.bytes);
                    advance(chunk.bytes.len() as u64);
                }
                let mut scan = scanner.finish();
                let problem = chunks.into_problem().map(|e| e.to_string());
                if let Some(p) = &problem {
                    scan.set_problem(p.clone());
                }
                (scan, problem)
            })
            .collect();
        let (scans, problems): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        self.problems.extend(problems.into_iter().flatten());
        // What is found while looking is found again while reading.
        self.problems.sort();
        self.problems.dedup();
        scans
    }
}

/// Analyses files and folders. What could not be read is in the second value; the rest was analysed.
pub fn analyze(paths: &[PathBuf], configs: &[PathBuf], options: Options) -> (Analysis, Vec<String>) {
    let mut inputs = Inputs::find(paths, configs);
    let plan = inputs.plan(options);
    let scans = inputs.scan(&plan, &|_| ());
    (logjoin::finish(&plan, scans), inputs.problems)
}

/// The wall clock of the first stamp with a year in the beginning of a file.
fn first_stamp(file: &InputFile) -> Option<i64> {
    let head = file.head(16 * 1024).ok()?;
    head.split(|b| *b == b'\n').find_map(|line| {
        let record = logjoin_parse::parse_any(line).ok()?;
        record.best_stamp().filter(|s| s.has_year).map(|s| s.wall_ns)
    })
}

fn civil_ns(&(year, month, day, hour, minute, second): &logjoin_config::Civil) -> Option<i64> {
    let precision = logjoin_parse::Precision::Seconds;
    let stamp =
        logjoin_parse::Stamp::civil(Some(year), month, day, hour, minute, second, 0, precision, Some(0));
    stamp.map(|s| s.wall_ns)
}
