//! The accuracy of the engine on recordings of real proxies and backends whose faults are known.
//!
//! A recording is a folder with `logs/`, `conf/` and `truth.json`. The analysis sees the first two; the truth is read when the
//! analysis is complete. [`run`] scores a folder of recordings, [`page::render`] makes `docs/accuracy.md` of it.

pub mod calibration;
pub mod page;
pub mod said;
pub mod score;
pub mod truth;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::all_kept;
use said::Said;
use score::{Score, Share, mean};
use truth::Truth;

/// Causes that are told apart less often than the groups they form.
const GROUPS: &[(&str, &[&str])] = &[
    ("process", &["backend-down", "backend-crash", "oom-kill", "deploy-restart", "start-failure"]),
    ("capacity", &["worker-pool-exhausted", "fd-exhaustion", "uneven-load", "worker-timeout"]),
    ("slow", &["timeout-too-short", "backend-hang", "latency-degradation"]),
    ("config", &["wrong-upstream-port", "wrong-protocol", "permission-denied"]),
    ("response", &["header-too-large", "invalid-response", "unhandled-exception-close", "keepalive-race"]),
    ("network", &["dns-failure", "connect-timeout", "network-unreachable", "firewall-reject"]),
    ("proxy-state", &["no-live-upstreams", "health-check-failing"]),
    ("app", &["app-generated-502", "one-bad-server", "app-error"]),
    ("client", &["client-abort"]),
];

/// The group of a cause, as the recordings group them.
pub fn group_of(cause: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(_, causes)| causes.contains(&cause)).map(|(group, _)| *group)
}

/// The scores of one recording.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Name of its folder.
    pub name: String,
    /// Its scores.
    pub score: Score,
}

impl Recording {
    /// Whether request ids were logged: `ids` and `noids` are two renderings of one recording, the rest has no twin.
    pub fn variant(&self) -> &'static str {
        match self.name.rsplit_once('-') {
            Some((_, "ids")) => "ids",
            Some((_, "noids")) => "noids",
            _ => "others",
        }
    }
}

/// The folders below `root` that hold a recording, in the order of their names.
pub fn recordings(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in root.read_dir()? {
        let path = entry?.path();
        if path.join("truth.json").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Analyses a recording, then reads its truth, and scores the one by the other.
pub fn run(folder: &Path) -> io::Result<Recording> {
    let parts: Vec<PathBuf> =
        ["logs", "conf"].map(|d| folder.join(d)).into_iter().filter(|d| d.is_dir()).collect();
    let (analysis, _problems) = logjoin_files::analyze(&parts, &[], all_kept());
    let said = Said::new(&analysis, &folder.to_string_lossy());
    let truth: Truth = serde_json::from_slice(&std::fs::read(folder.join("truth.json"))?)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Recording { name, score: score::score(&truth, &said, group_of) })
}

/// What is taken away from a recording to see whether the stated confidence falls as it should.
pub const REMOVALS: &[(&str, Removal)] = &[
    ("the proxies' configuration", |_, path| path.starts_with("conf/")),
    ("the proxies' error logs", |truth, path| is_proxy(truth, path) && path.contains("/error.log")),
    ("the hosts' logs", |_, path| {
        ["/kern.log", "/syslog", "/messages", "/journal"].iter().any(|n| path.contains(n))
    }),
    ("the backends' logs of requests", |truth, path| !is_proxy(truth, path) && path.contains("access")),
    ("the backends' other logs", |truth, path| {
        path.starts_with("logs/") && !is_proxy(truth, path) && !path.contains("access")
    }),
    ("all logs of the backends", |truth, path| path.starts_with("logs/") && !is_proxy(truth, path)),
];

/// Whether a file (its path in the recording) is taken away.
type Removal = fn(&Truth, &str) -> bool;

fn is_proxy(truth: &Truth, path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|folder| truth.proxies.contains_key(folder))
}

/// The stated confidence of each cause, and whether the traces admit it, when some files of a recording are missing. Nothing
/// where none is.
pub fn run_without(folder: &Path, removal: Removal) -> io::Result<Vec<(f64, bool)>> {
    let truth: Truth = serde_json::from_slice(&std::fs::read(folder.join("truth.json"))?)?;
    let scratch = tempfile::tempdir()?;
    let mut removed = 0;
    let mut todo = vec![PathBuf::from("logs"), PathBuf::from("conf")];
    while let Some(path) = todo.pop() {
        let from = folder.join(&path);
        if from.is_dir() {
            std::fs::create_dir_all(scratch.path().join(&path))?;
            for entry in from.read_dir()? {
                todo.push(path.join(entry?.file_name()));
            }
        } else if removal(&truth, &path.to_string_lossy()) {
            removed += 1;
        } else if from.is_file() {
            std::fs::copy(from, scratch.path().join(&path))?;
        }
    }
    if removed == 0 {
        return Ok(Vec::new());
    }
    let parts = ["logs", "conf"].map(|d| scratch.path().join(d));
    let (analysis, _problems) = logjoin_files::analyze(&parts, &[], all_kept());
    let said = Said::new(&analysis, &scratch.path().to_string_lossy());
    Ok(score::score(&truth, &said, group_of).cause_bets)
}

/// A figure of one recording.
type Figure = fn(&Score) -> Option<f64>;

/// The figures that are stated per recording and as their mean over recordings: id, heading, value.
pub const FIGURES: &[(&str, &str, Figure)] = &[
    ("det_recall", "found", |s| s.found.value()),
    ("det_precision", "precision", |s| s.precision()),
    ("class_exact", "cause", |s| s.exact.value()),
    ("class_macro", "cause, macro", |s| s.macro_cause(0)),
    ("class_accepted", "accepted", |s| s.accepted.value()),
    ("class_macro_accepted", "accepted, macro", |s| s.macro_cause(1)),
    ("class_group", "group", |s| s.group.value()),
    ("join_recall", "join recall", |s| s.join_recall.value()),
    ("join_precision", "join precision", |s| s.join_precision()),
    ("join_false", "false joins", |s| s.join_false.value()),
    ("cause_recall", "cause line recall", |s| s.cause_recall.value()),
    ("cause_precision", "cause line precision", |s| s.cause_precision()),
    ("ep_iou", "episode overlap", |s| s.episode_iou()),
    ("ep_precision", "episode precision", |s| s.episode_precision()),
    ("ep_class", "episode cause", |s| s.episode_cause.value()),
    ("clock_within_1s", "clocks in 1 s", |s| s.clocks_within(1.0).value()),
    ("clock_err_s", "clock error, s", Score::clock_error),
    ("control_clean", "quiet", |s| s.quiet.map(|q| f64::from(u8::from(q)))),
    ("score", "all", Score::overall),
];

/// The mean of a figure over the recordings that have it.
pub fn mean_of(recordings: &[Recording], figure: Figure) -> Option<f64> {
    mean(recordings.iter().filter_map(|r| figure(&r.score)))
}

/// A count over all failures of some recordings.
pub fn pooled<'a>(recordings: impl IntoIterator<Item = &'a Recording>, share: fn(&Score) -> Share) -> Share {
    let mut all = Share::default();
    recordings.into_iter().for_each(|r| all.add(share(&r.score)));
    all
}

/// All figures, for programs: `total` holds the means over recordings, `runs` the figures of each.
pub fn to_json(recordings: &[Recording]) -> Value {
    let figures = |value: &dyn Fn(Figure) -> Option<f64>| -> serde_json::Map<String, Value> {
        FIGURES.iter().map(|(id, _, f)| (id.to_string(), json!(value(*f)))).collect()
    };
    let runs: serde_json::Map<String, Value> = recordings
        .iter()
        .map(|r| {
            let mut own = figures(&|f| f(&r.score));
            own.insert("n".into(), json!(r.score.failures));
            own.insert("false_alarms".into(), json!(r.score.false_alarms));
            (r.name.clone(), Value::Object(own))
        })
        .collect();
    let mut total = figures(&|f| mean_of(recordings, f));
    total.insert("n".into(), json!(recordings.iter().map(|r| r.score.failures).sum::<u64>()));
    total.insert("false_alarms".into(), json!(recordings.iter().map(|r| r.score.false_alarms).sum::<u64>()));
    json!({ "total": total, "runs": runs })
}

/// One line for people.
pub fn summary(recordings: &[Recording]) -> String {
    let show = |v: Option<f64>| v.map_or("-".to_string(), |v| format!("{v:.3}"));
    let all = |share: fn(&Score) -> Share| show(pooled(recordings, share).value());
    let failures: u64 = recordings.iter().map(|r| r.score.failures).sum();
    let alarms: u64 = recordings.iter().map(|r| r.score.false_alarms).sum();
    format!(
        "{} recordings, {failures} failures: found {}, {alarms} false alarms, causes right {}, join recall {}, join precision {}, score {}",
        recordings.len(),
        all(|s| s.found),
        all(|s| s.accepted),
        all(|s| s.join_recall),
        all(|s| s.join_precision),
        show(mean_of(recordings, Score::overall)),
    )
}
