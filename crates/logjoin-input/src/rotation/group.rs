//! Files with one stem in one directory become one source, oldest first.

use std::collections::{BTreeMap, BTreeSet};

use super::{RotationKey, RotationOrder, folder_key, rotation_key};
use crate::file::InputFile;

/// The files that one writer left behind, oldest first.
#[derive(Debug, Clone)]
pub struct SourceFiles {
    /// The path of the file being written to, whether or not it is among the files:
    /// `logs/nginx/access.log`.
    pub name: String,
    /// The files, oldest first as far as names tell.
    pub files: Vec<InputFile>,
}

impl SourceFiles {
    /// Puts the files in the order of their first stamps. A file without one (empty, or of another
    /// format) stays behind the file it followed. Says whether anything moved.
    ///
    /// ```
    /// use logjoin_input::{InputFile, group};
    ///
    /// // The names claim that `.2` is older; the stamps know better.
    /// let files = vec![
    ///     InputFile::from_bytes("a.log.1", b"100 first\n".to_vec()),
    ///     InputFile::from_bytes("a.log.2", b"200 second\n".to_vec()),
    /// ];
    /// let mut source = group(files).remove(0);
    /// assert_eq!(source.files[0].name(), "a.log.2");
    /// let moved = source.reorder_by(|file| Some(file.head(3).unwrap()));
    /// assert!(moved);
    /// assert_eq!(source.files[0].name(), "a.log.1");
    /// ```
    pub fn reorder_by<K: Ord + Clone>(
        &mut self,
        mut first_stamp: impl FnMut(&InputFile) -> Option<K>,
    ) -> bool {
        let mut last = None;
        let mut keyed: Vec<(Option<K>, usize, InputFile)> = Vec::with_capacity(self.files.len());
        for (at, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            last = first_stamp(&file).or(last);
            keyed.push((last.clone(), at, file));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        let moved = keyed.windows(2).any(|pair| pair[0].1 > pair[1].1);
        self.files = keyed.into_iter().map(|(_, _, file)| file).collect();
        moved
    }
}

/// The date of its folder (or [`NEWEST`]), what its name says, the file.
type Member = (i64, RotationKey, InputFile);

/// The set that a file belongs to if the date of its folder is rotation's, and that date.
type InFolder = (String, i64);

/// A file outside of the folders of dates is the one being written to.
const NEWEST: i64 = i64::MAX;

/// Puts rotated siblings together: one [`SourceFiles`] per stem and directory, sorted by name. Directories that differ
/// in a date only (`logs/2026-11-20/access.log`) are one.
///
/// ```
/// use logjoin_input::{InputFile, group};
///
/// let named = |name: &str| InputFile::from_bytes(name, Vec::new());
/// let files = ["b/access.log", "a/access.log", "a/access.log.2.gz", "a/access.log.1"].map(named);
/// let sources = group(files.into());
/// let names: Vec<_> = sources[0].files.iter().map(|file| file.name()).collect();
/// assert_eq!(sources[0].name, "a/access.log");
/// assert_eq!(names, ["a/access.log.2.gz", "a/access.log.1", "a/access.log"]);
/// assert_eq!(sources[1].name, "b/access.log");
///
/// let files = ["logs/access.log", "logs/2026-11-21/access.log", "logs/2026-11-20/access.log"].map(named);
/// let sources = group(files.into());
/// assert_eq!((sources.len(), sources[0].name.as_str()), (1, "logs/access.log"));
/// assert_eq!(sources[0].files[0].name(), "logs/2026-11-20/access.log");
/// ```
pub fn group(files: Vec<InputFile>) -> Vec<SourceFiles> {
    // Folders of dates are believed where there are several: one alone may be anything.
    let mut dates: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let keyed: Vec<(RotationKey, Option<InFolder>, InputFile)> = files
        .into_iter()
        .map(|file| {
            let (directory, name) = split(file.name());
            let key = rotation_key(name);
            let above = folder_key(directory).map(|(above, at)| (format!("{above}{}", key.stem), at));
            let (set, at) = above.clone().unwrap_or_else(|| (format!("{directory}{}", key.stem), NEWEST));
            dates.entry(set).or_default().insert(at);
            (key, above, file)
        })
        .collect();
    let mut sets: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for (key, above, file) in keyed {
        let (set, at) = match above {
            Some((set, at)) if dates[&set].len() > 1 => (set, at),
            _ => (format!("{}{}", split(file.name()).0, key.stem), NEWEST),
        };
        sets.entry(set).or_default().push((at, key, file));
    }
    let mut sources = Vec::new();
    for (name, mut members) in sets {
        // A doubtful number is rotation's if the file that was rotated is there, or if a sibling has been
        // compressed: nobody compresses the log of a running instance.
        let rotated = members
            .iter()
            .any(|(_, key, _)| key.order == RotationOrder::Current || (!key.certain && key.compressed));
        if !rotated {
            let (doubtful, sure) = members.into_iter().partition(|(_, key, _)| !key.certain);
            members = sure;
            let doubtful: Vec<Member> = doubtful;
            sources.extend(
                doubtful
                    .into_iter()
                    .map(|(_, _, file)| SourceFiles { name: file.name().to_owned(), files: vec![file] }),
            );
        }
        if members.is_empty() {
            continue;
        }
        members.sort_by(|(a_at, a, a_file), (b_at, b, b_file)| {
            let of = |at: i64, key: &RotationKey| (at, key.order, !key.compressed);
            of(*a_at, a).cmp(&of(*b_at, b)).then_with(|| a_file.name().cmp(b_file.name()))
        });
        sources.push(SourceFiles { name, files: members.into_iter().map(|(_, _, file)| file).collect() });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// The directory with its separator (that of an archive too), and the name in it.
fn split(path: &str) -> (&str, &str) {
    let cut = path.rfind(['/', '!', std::path::MAIN_SEPARATOR]).map_or(0, |at| at + 1);
    path.split_at(cut)
}
