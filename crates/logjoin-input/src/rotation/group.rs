//! Files with one stem in one directory become one source, oldest first.

use std::collections::BTreeMap;

use super::{RotationKey, RotationOrder, rotation_key};
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

/// Puts rotated siblings together: one [`SourceFiles`] per stem and directory, sorted by name.
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
/// ```
pub fn group(files: Vec<InputFile>) -> Vec<SourceFiles> {
    let mut sets: BTreeMap<String, Vec<(RotationKey, InputFile)>> = BTreeMap::new();
    for file in files {
        let (directory, name) = split(file.name());
        let key = rotation_key(name);
        sets.entry(format!("{directory}{}", key.stem)).or_default().push((key, file));
    }
    let mut sources = Vec::new();
    for (name, mut members) in sets {
        // A doubtful number is rotation's if the file that was rotated is there, or if a sibling has been
        // compressed: nobody compresses the log of a running instance.
        let rotated = members
            .iter()
            .any(|(key, _)| key.order == RotationOrder::Current || (!key.certain && key.compressed));
        if !rotated {
            let (doubtful, sure) = members.into_iter().partition(|(key, _)| !key.certain);
            members = sure;
            let doubtful: Vec<(RotationKey, InputFile)> = doubtful;
            sources.extend(
                doubtful
                    .into_iter()
                    .map(|(_, file)| SourceFiles { name: file.name().to_owned(), files: vec![file] }),
            );
        }
        if members.is_empty() {
            continue;
        }
        members.sort_by(|(a, a_file), (b, b_file)| {
            let of = |key: &RotationKey| (key.order, !key.compressed);
            of(a).cmp(&of(b)).then_with(|| a_file.name().cmp(b_file.name()))
        });
        sources.push(SourceFiles { name, files: members.into_iter().map(|(_, file)| file).collect() });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// The directory with its separator (that of an archive too), and the name in it.
fn split(path: &str) -> (&str, &str) {
    let cut = path.rfind(['/', '!', std::path::MAIN_SEPARATOR]).map_or(0, |at| at + 1);
    path.split_at(cut)
}
