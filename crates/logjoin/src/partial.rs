//! What some files gave, as a value that can be stored, sent and put together with what the others gave.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::finish::finish;
use crate::hash::{hash, pair};
use crate::plan::Plan;
use crate::scanner::FileScan;
use crate::slices::{Slice, join};

/// The form of the rows; another one cannot be read.
pub(crate) const VERSION: u32 = 4;

/// What was found in some of a plan's files, or in some of their lines: for an analysis whose files are read by several
/// processes or machines, or one hour after the other.
///
/// Each makes the same [`Plan`] from the same heads, scans its share of the files or lines, and sends its `Partial` in whatever form
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
    /// By file and number of the first line; no line is in two of them.
    slices: Vec<Slice>,
}

/// Why partial results do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartialError {
    /// They were made by another version of this library.
    Version,
    /// They were made with another plan: other files, formats or options.
    Plan,
    /// Both hold the file with this number, or some of its lines.
    Twice(usize),
    /// Both hold the verdicts of the share with this number.
    TwiceShare(usize),
    /// The verdicts of the share with this number are in none of them.
    MissingShare(usize),
}

impl fmt::Display for PartialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialError::Version => f.write_str("made by another version of logjoin"),
            PartialError::Plan => f.write_str("made with another plan"),
            PartialError::Twice(file) => write!(f, "file {file} is in both"),
            PartialError::TwiceShare(share) => write!(f, "share {share} is in both"),
            PartialError::MissingShare(share) => write!(f, "share {share} is missing"),
        }
    }
}

impl std::error::Error for PartialError {}

impl Partial {
    /// What these scans found, none or several of them.
    pub fn new(plan: &Plan, scans: impl IntoIterator<Item = FileScan>) -> Partial {
        let files = scans.into_iter().map(|s| (s.file, s)).collect();
        Partial { version: VERSION, fingerprint: fingerprint(plan), files, slices: Vec::new() }
    }

    /// What was found in some whole lines of a file: those of an hour, for example. `file` is its number in [`Plan::paths`],
    /// `first_line` the number of the first line, from 1. Lines of which only their neighbours tell what they mean are carried
    /// along as they are: a few at both ends as a rule, and all of a container engine's log that splits long lines.
    ///
    /// ```
    /// use logjoin::{Head, Options, Partial, plan};
    ///
    /// let line = "192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
    /// let head = Head { path: "web/access.log".into(), bytes: line.into(), ..Head::default() };
    /// let plan = plan(vec![head], Vec::new(), Options::default());
    /// let mut all = Partial::of_lines(&plan, 0, 4, line.repeat(2).as_bytes());
    /// all.merge(Partial::of_lines(&plan, 0, 1, line.repeat(3).as_bytes()))?;
    /// assert_eq!(all.finish(&plan)?.totals.by_status["504"], 5);
    /// # Ok::<(), logjoin::PartialError>(())
    /// ```
    pub fn of_lines(plan: &Plan, file: usize, first_line: u64, bytes: &[u8]) -> Partial {
        let mut partial = Partial::new(plan, []);
        if file < plan.files.len() {
            partial.slices.push(Slice::read(plan, file, first_line, bytes));
        }
        partial
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
        if let Some(twice) = self.overlap(&other).or_else(|| other.overlap(self)) {
            return Err(PartialError::Twice(twice as usize));
        }
        self.files.extend(other.files);
        self.slices.extend(other.slices);
        self.slices.sort_by_key(|s| (s.file, s.first));
        self.slices.dedup_by_key(|s| (s.file, s.first));
        Ok(())
    }

    /// A file of which this one has lines that the other one has too.
    fn overlap(&self, other: &Partial) -> Option<u32> {
        let has = |s: &&Slice| {
            let list = &other.slices;
            let after = list.partition_point(|o| (o.file, o.first) <= (s.file, s.first));
            let before = after.checked_sub(1).map(|i| &list[i]);
            other.files.contains_key(&s.file) || before.is_some_and(|o| o.file == s.file && o.end() > s.first)
        };
        self.slices.iter().find(has).map(|s| s.file)
    }

    /// Correlates what was found and tells the story, as [`finish`](crate::finish()) does. A file that nobody scanned has no lines.
    ///
    /// # Errors
    ///
    /// When it was made with another plan or by another version.
    pub fn finish(self, plan: &Plan) -> Result<Analysis, PartialError> {
        Ok(finish(plan, self.into_scans(plan)?))
    }

    /// What was found in each file as a whole.
    pub(crate) fn into_scans(self, plan: &Plan) -> Result<Vec<FileScan>, PartialError> {
        if self.version != VERSION {
            return Err(PartialError::Version);
        }
        // Rows of a stranger's making must not name files that are not there.
        let is_own = |(number, s): (&u32, &FileScan)| *number == s.file && s.is_of_file(plan);
        let is_known =
            self.fingerprint == fingerprint(plan) && self.slices.iter().all(|s| s.is_of_file(plan));
        if !is_known || !self.files.iter().all(is_own) {
            return Err(PartialError::Plan);
        }
        let mut scans: Vec<FileScan> = self.files.into_values().collect();
        let mut slices = self.slices.into_iter().peekable();
        while let Some(file) = slices.peek().map(|s| s.file) {
            let own = std::iter::from_fn(|| slices.next_if(|s| s.file == file));
            scans.push(join(plan, file, own));
        }
        Ok(scans)
    }
}

/// What a plan decided of its files, as one number that is the same on every machine.
pub(crate) fn fingerprint(plan: &Plan) -> u64 {
    let all = plan.files.iter().map(|f| {
        let source = &plan.sources[f.source];
        let mut words = format!("{:?} {:?} {:?} {:?}", f.path, source.id, source.writer, source.kind);
        if let Some(part) = &f.part {
            words += &format!(" {part:?}");
        }
        hash(words.as_bytes())
    });
    all.fold(hash(env!("CARGO_PKG_VERSION").as_bytes()), pair)
}
