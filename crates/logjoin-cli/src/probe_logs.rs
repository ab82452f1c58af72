//! Finds the requests of a probe in logs by their marker, and what the analysis joins to those that failed.
//!
//! Only the lines of a proxy's access log need to carry the marker: error lines, which have no `User-Agent`, and backend
//! lines follow from the join.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use logjoin::analysis::{Failure as Failed, LineRef};
use logjoin::{Analysis, Options};
use logjoin_files::Inputs;
use logjoin_input::ReadOptions;
use logjoin_probe::{LogLine, LoggedFailure, LogsStep};

/// Longest text of a line that is shown, characters.
const SHOWN: usize = 400;

/// A line: file and number.
type At = (String, u64);

/// The step, and what could not be read.
pub(crate) fn find(paths: &[PathBuf], id: &str) -> (LogsStep, Vec<String>) {
    let mut marked = BTreeMap::new();
    let mut inputs = Inputs::find(paths, &[]);
    // Logs are written when requests end, and some in buffers: give them a moment, twice.
    for wait_ms in [200, 1500] {
        std::thread::sleep(Duration::from_millis(wait_ms));
        inputs = Inputs::find(paths, &[]);
        marked = lines(&inputs, |_, _, text| contains(text, id.as_bytes()));
        if !marked.is_empty() {
            break;
        }
    }
    let files = inputs.files().count() as u64;
    let mut notes = Vec::new();
    if marked.is_empty() {
        notes.push(
            "no line carries the marker: the logs are of other hosts, are written later, or have no User-Agent and no \
             X-Request-ID (--mark-url puts the marker into the request line)"
                .to_owned(),
        );
    }
    let plan = inputs.plan(Options { keep_failures: usize::MAX, ..Options::default() });
    let analysis = inputs.analyze(&plan);
    let failed: Vec<&Failed> = analysis.failures.iter().filter(|f| is_marked(f, &marked)).collect();
    let wanted: BTreeSet<At> =
        failed.iter().flat_map(|f| around(f)).map(|l| (l.file.clone(), l.line)).collect();
    let mut texts = lines(&inputs, |file, line, _| wanted.contains(&(file.to_owned(), line)));
    texts.extend(marked.clone());
    let roles = roles(&analysis);
    let line = |file: &str, line: u64| LogLine {
        role: roles.get(file).cloned().unwrap_or_else(|| "unknown".to_owned()),
        file: file.to_owned(),
        line,
        text: texts.get(&(file.to_owned(), line)).cloned().unwrap_or_default(),
    };
    let all = |refs: &[LineRef]| refs.iter().take(5).map(|l| line(&l.file, l.line)).collect::<Vec<_>>();
    let failures = failed
        .iter()
        .map(|f| LoggedFailure {
            access: line(&f.file, f.line),
            errors: all(&f.error_lines),
            backend: f.backend.iter().map(|b| line(&b.at.file, b.at.line)).collect(),
            events: all(&f.cause_lines),
            mechanism: f.mechanism,
            cause: f.cause,
            confidence: f.confidence,
        })
        .collect();
    let marked = marked.keys().map(|(file, n)| line(file, *n)).collect();
    let problems = inputs.problems.iter().map(ToString::to_string).collect();
    (LogsStep { files, marked, failures, notes }, problems)
}

/// The lines that `test` (file, number, bytes) picks, as text.
fn lines(inputs: &Inputs, test: impl Fn(&str, u64, &[u8]) -> bool) -> BTreeMap<At, String> {
    let mut out = BTreeMap::new();
    for file in inputs.files() {
        let Ok(mut chunks) = file.open(&ReadOptions::default()) else { continue };
        for chunk in &mut chunks {
            for (number, _, text) in chunk.lines() {
                if test(file.name(), number, text) {
                    let shown = String::from_utf8_lossy(text).chars().take(SHOWN).collect();
                    out.insert((file.name().to_owned(), number), shown);
                }
            }
        }
    }
    out
}

fn contains(text: &[u8], id: &[u8]) -> bool {
    text.windows(id.len()).any(|w| w == id)
}

fn is_marked(f: &Failed, marked: &BTreeMap<At, String>) -> bool {
    marked.contains_key(&(f.file.clone(), f.line))
}

/// The lines that belong to a failure.
fn around(f: &Failed) -> impl Iterator<Item = &LineRef> {
    f.error_lines.iter().chain(f.cause_lines.iter().take(5)).chain(f.backend.iter().map(|b| &b.at))
}

fn roles(a: &Analysis) -> BTreeMap<String, String> {
    a.sources.iter().flat_map(|s| s.files.iter().map(|f| (f.clone(), s.product.clone()))).collect()
}
