//! A folder of logs and configurations in memory, and the engine run over it in every way that must not matter.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use logjoin::{Analysis, ConfigFile, FileScan, FileScanner, Fold, Head, Lane, Options, Plan, finish, plan};
use logjoin_input::{DiscoverOptions, ReadOptions, discover, group};
use rayon::prelude::*;

/// Bytes of each file that the plan may look at: small, so that the heads of the recordings are not the whole files.
const HEAD_BYTES: usize = 64 * 1024;

/// One log file.
#[derive(Debug, Clone)]
pub struct LogFile {
    pub path: String,
    pub source: String,
    pub order: u32,
    pub bytes: Vec<u8>,
}

/// A small world.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub logs: Vec<LogFile>,
    pub configs: Vec<ConfigFile>,
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The recordings in a folder of `fixtures/`, by name.
pub fn recordings(kind: &str) -> Vec<(String, World)> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(fixtures().join(kind))
        .expect("a folder of recordings")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "fixtures/{kind} has no recordings");
    folders.iter().map(|f| (name(f), World::read(f))).collect()
}

fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

impl World {
    /// Reads a folder. Paths are shown relative to it.
    pub fn read(folder: &Path) -> World {
        World::read_part(folder, "", &|bytes| bytes)
    }

    /// Reads one of a folder's own folders (`""`: all of it); `rewrite` changes what is in the files, and their paths, which
    /// are relative to the outer one.
    pub fn read_part(folder: &Path, part: &str, rewrite: &dyn Fn(Vec<u8>) -> Vec<u8>) -> World {
        let found = discover(&[folder.join(part)], &DiscoverOptions::default());
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let root = format!("{}/", folder.display());
        let short = |path: &str| {
            let path = path.strip_prefix(&root).unwrap_or(path).as_bytes().to_vec();
            String::from_utf8(rewrite(path)).expect("paths are UTF-8")
        };
        let mut world = World::default();
        for set in group(found.files) {
            for (order, file) in set.files.iter().enumerate() {
                let mut bytes = Vec::new();
                for chunk in file.open(&ReadOptions::default()).expect("a readable file") {
                    bytes.extend_from_slice(&chunk.bytes);
                }
                let (path, bytes) = (short(file.name()), rewrite(bytes));
                match config(&path, &bytes) {
                    Some(config) => world.configs.push(config),
                    None => {
                        let source = short(&set.name);
                        world.logs.push(LogFile { path, source, order: order as u32, bytes });
                    }
                }
            }
        }
        world
    }

    /// A world of files given in the test.
    pub fn of(files: &[(&str, &[u8])]) -> World {
        let logs = files
            .iter()
            .map(|(path, bytes)| LogFile {
                path: path.to_string(),
                source: path.to_string(),
                order: 0,
                bytes: bytes.to_vec(),
            })
            .collect();
        World { logs, configs: Vec::new() }
    }

    pub fn plan(&self) -> Plan {
        self.plan_with(Options::default())
    }

    pub fn plan_with(&self, options: Options) -> Plan {
        let heads = self.logs.iter().map(|f| Head {
            path: f.path.clone(),
            source: Some(f.source.clone()),
            order: f.order,
            bytes: f.bytes[..f.bytes.len().min(HEAD_BYTES)].to_vec(),
            ..Head::default()
        });
        plan(heads.collect(), self.configs.clone(), options)
    }

    pub fn bytes(&self, path: &str) -> &[u8] {
        &self.logs.iter().find(|f| f.path == path).expect("a file of the plan").bytes
    }

    /// Scans one file in the pieces that `cut` makes of it.
    pub fn scan(&self, plan: &Plan, file: usize, cut: impl Fn(&[u8]) -> Vec<usize>) -> FileScan {
        let path = plan.paths().nth(file).expect("a file of the plan");
        let bytes = self.bytes(path);
        let mut scanner = FileScanner::new(plan, file);
        let mut line = 1;
        let mut from = 0;
        for to in cut(bytes).into_iter().chain([bytes.len()]) {
            scanner.push(line, &bytes[from..to]);
            line += bytes[from..to].iter().filter(|b| **b == b'\n').count() as u64;
            from = to;
        }
        scanner.finish()
    }

    /// The plain way: one piece per file, one file after the other.
    pub fn analyze(&self) -> Analysis {
        self.analyze_with(Options::default())
    }

    /// The same, with options.
    pub fn analyze_with(&self, options: Options) -> Analysis {
        let plan = self.plan_with(options);
        let scans = (0..self.logs.len()).map(|i| self.scan(&plan, i, |_| Vec::new()));
        finish(&plan, scans.collect())
    }

    /// All files side by side, in the pieces that `cut` makes of them.
    pub fn fold(&self, options: Options, cut: impl Fn(&[u8]) -> Vec<usize> + Sync) -> Analysis {
        let plan = self.plan_with(options);
        let mut pieces = self.all_pieces(&plan, &cut);
        let mut fold = Fold::new(&plan);
        loop {
            let lanes = fold.hungry();
            if lanes.is_empty() {
                break;
            }
            feed(lanes, &mut pieces);
            fold.turn();
        }
        fold.finish()
    }

    /// The same, read on while what was read before is judged.
    pub fn fold_ahead(&self, options: Options, cut: impl Fn(&[u8]) -> Vec<usize> + Sync) -> Analysis {
        let plan = self.plan_with(options);
        let mut pieces = self.all_pieces(&plan, &cut);
        let mut fold = Fold::new(&plan);
        let read = fold.read(&mut |lanes| {
            feed(lanes, &mut pieces);
            ControlFlow::Continue(())
        });
        assert!(read.is_continue());
        fold.finish()
    }

    fn all_pieces(&self, plan: &Plan, cut: &(impl Fn(&[u8]) -> Vec<usize> + Sync)) -> Vec<Pieces<'_>> {
        plan.paths().map(|path| pieces(self.bytes(path), cut).into_iter()).collect()
    }
}

type Pieces<'b> = std::vec::IntoIter<(u64, &'b [u8])>;

/// Gives each lane the next pieces of its file.
fn feed(lanes: Vec<&mut Lane<'_>>, pieces: &mut [Pieces<'_>]) {
    let mut wanted: Vec<usize> = lanes.iter().map(|l| l.file()).collect();
    assert!(wanted.is_sorted(), "lanes come in the order of the files");
    wanted.reverse();
    let own = pieces.iter_mut().enumerate().filter(|(i, _)| wanted.pop_if(|w| *w == *i).is_some());
    let pairs: Vec<_> = lanes.into_iter().zip(own.map(|(_, own)| own)).collect();
    pairs.into_par_iter().for_each(|(lane, own)| {
        while lane.is_hungry() {
            match own.next() {
                Some((line, bytes)) => lane.push(line, bytes),
                None => lane.end(),
            }
        }
    });
}

/// Pieces of a file, each with the number of its first line.
pub fn pieces<'b>(bytes: &'b [u8], cut: &impl Fn(&[u8]) -> Vec<usize>) -> Vec<(u64, &'b [u8])> {
    let (mut line, mut from, mut out) = (1, 0, Vec::new());
    for to in cut(bytes).into_iter().chain([bytes.len()]) {
        out.push((line, &bytes[from..to]));
        line += bytes[from..to].iter().filter(|b| **b == b'\n').count() as u64;
        from = to;
    }
    out
}

/// A configuration, if it is one.
pub fn config(path: &str, bytes: &[u8]) -> Option<ConfigFile> {
    logjoin_config::recognise(bytes)?;
    let config = logjoin_config::read(path, bytes, &mut |_| Vec::new())?;
    let loaded_ns =
        logjoin_config::version_time(path).and_then(|(year, month, day, hour, minute, second)| {
            let precision = logjoin_parse::Precision::Seconds;
            logjoin_parse::Stamp::civil(Some(year), month, day, hour, minute, second, 0, precision, Some(0))
                .map(|s| s.wall_ns)
        });
    Some(ConfigFile { path: path.to_string(), config, loaded_ns })
}

/// The published form.
pub fn json(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(analysis).expect("an analysis serialises")
}
