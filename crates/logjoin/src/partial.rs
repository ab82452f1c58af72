//! What some files gave, as a value that can be stored, sent and put together with what the others gave.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::finish::finish;
use crate::hash::{hash, pair};
use crate::plan::Plan;
use crate::scanner::FileScan;

/// The form of the rows; another one cannot be read.
const VERSION: u32 = 1;

/// What was found in some of a plan's files: for an analysis whose files are read by several processes or machines.
///
/// Each makes the same [`Plan`] from the same heads, scans its share of the files, and sends its `Partial` in whatever form
/// `serde` writes; whoever has them all merges and [finishes](Partial::finish) them. The order does not matter, and the result is
/// that of one process, to the byte.
///
/// ```
/// use logjoin::{FileScanner, Head, Options, Partial, plan};
///
/// let log = b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
/// let head = |path: &str| Head { path: path.into(), bytes: log.to_vec(), ..Head::default() };
/// let plan = plan(vec![head("a/access.log"), head("b/access.log")], Vec::new(), Options::default());
/// let share = |file| {
///     let mut scanner = FileScanner::new(&plan, file);
///     scanner.push(1, log);
///     serde_json::to_string(&Partial::new(&plan, [scanner.finish()])).unwrap()
/// };
/// let (one, other) = (share(0), share(1));
/// let mut all: Partial = serde_json::from_str(&other).unwrap();
/// all.merge(serde_json::from_str(&one).unwrap())?;
/// assert_eq!(all.finish(&plan)?.totals.by_status["504"], 2);
/// # Ok::<(), logjoin::PartialError>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct Partial {
    version: u32,
    /// Of the plan by which the files were read.
    fingerprint: u64,
    files: BTreeMap<u32, FileScan>,
}

/// Why partial results do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartialError {
    /// They were made by another version of this library.
    Version,
    /// They were made with another plan: other files, formats or options.
    Plan,
    /// Both hold the file with this number.
    Twice(usize),
}

impl fmt::Display for PartialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialError::Version => f.write_str("made by another version of logjoin"),
            PartialError::Plan => f.write_str("made with another plan"),
            PartialError::Twice(file) => write!(f, "file {file} is in both"),
        }
    }
}

impl std::error::Error for PartialError {}

impl Partial {
    /// What these scans found, none or several of them.
    pub fn new(plan: &Plan, scans: impl IntoIterator<Item = FileScan>) -> Partial {
        let files = scans.into_iter().map(|s| (s.file, s)).collect();
        Partial { version: VERSION, fingerprint: fingerprint(plan), files }
    }

    /// Takes over what the other one has.
    ///
    /// # Errors
    ///
    /// When they do not go together; then this one is as it was.
    pub fn merge(&mut self, other: Partial) -> Result<(), PartialError> {
        if self.version != other.version {
            return Err(PartialError::Version);
        }
        if self.fingerprint != other.fingerprint {
            return Err(PartialError::Plan);
        }
        if let Some(twice) = other.files.keys().find(|f| self.files.contains_key(f)) {
            return Err(PartialError::Twice(*twice as usize));
        }
        self.files.extend(other.files);
        Ok(())
    }

    /// Correlates what was found and tells the story, as [`finish`](crate::finish()) does. A file that nobody scanned has no lines.
    ///
    /// # Errors
    ///
    /// When it was made with another plan or by another version.
    pub fn finish(self, plan: &Plan) -> Result<Analysis, PartialError> {
        if self.version != VERSION {
            return Err(PartialError::Version);
        }
        // Rows of a stranger's making must not name files that are not there.
        let is_own = |(number, s): (&u32, &FileScan)| *number == s.file && s.is_of_file(plan);
        if self.fingerprint != fingerprint(plan) || !self.files.iter().all(is_own) {
            return Err(PartialError::Plan);
        }
        Ok(finish(plan, self.files.into_values().collect()))
    }
}

/// What a plan decided of its files, as one number that is the same on every machine.
fn fingerprint(plan: &Plan) -> u64 {
    let all = plan.files.iter().map(|f| {
        let source = &plan.sources[f.source];
        let words = format!("{:?} {:?} {:?} {:?}", f.path, source.id, source.writer, source.kind);
        hash(words.as_bytes())
    });
    all.fold(hash(env!("CARGO_PKG_VERSION").as_bytes()), pair)
}
