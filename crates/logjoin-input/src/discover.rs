//! Arguments turned into files: directories walked, patterns matched, archives listed, copies noticed.
//!
//! The trick: everything found goes into one list that is sorted before anything is decided, so neither the
//! order of arguments nor that of directories shows in the result.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use crate::archive;
use crate::error::{InputError, Kind, Note, NoteKind};
use crate::file::InputFile;
use crate::foreign::{Foreign, foreign};
use crate::same::{self, Sampled};

/// How files are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverOptions {
    /// Also read hidden files and directories that walking or a pattern comes across: no.
    pub hidden: bool,
    /// Read files of the same content once, and not those that are the beginning of another one (an older copy): yes.
    /// It costs a look at 64 KiB of each file, and a full comparison of those that begin alike and are compressed.
    pub notice_copies: bool,
    /// The most bytes that one archive may yield while it is listed: 64 GiB.
    pub max_decompressed: u64,
}

impl Default for DiscoverOptions {
    fn default() -> DiscoverOptions {
        DiscoverOptions { hidden: false, notice_copies: true, max_decompressed: 64 << 30 }
    }
}

/// What the arguments led to.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files to read, by name.
    pub files: Vec<InputFile>,
    /// What could not be read, by path.
    pub problems: Vec<InputError>,
    /// What was left aside on purpose, by path.
    pub notes: Vec<Note>,
}

/// Bytes of a stream that are looked at.
const LOOKED_AT: usize = 64 * 1024;
/// Memory for first bytes of archive members, for all archives together.
const SAMPLE_BUDGET: u64 = 16 << 20;

/// Finds the files that paths, directories, patterns and `-` stand for.
///
/// * A directory is walked to its depths, in sorted order; links are followed, loops are not.
/// * A path that does not exist and holds `*`, `?`, `[` or `{` is a pattern: `logs/**/*.log*`; a directory
///   that matches is walked.
/// * `-` is standard input; `/dev/fd/N` and `/dev/stdin` are read as streams.
/// * A tar archive, compressed or not, stands for its members: `logs.tar.gz!nginx/access.log`.
/// * What may hold logs and is not read (a zip archive, a binary journal) is a problem wherever it lies; so is whatever
///   was named and is not read. What holds none, and was merely come across, is a note.
///
/// ```
/// use logjoin_input::{DiscoverOptions, discover};
///
/// let dir = tempfile::tempdir().unwrap();
/// std::fs::create_dir(dir.path().join("nginx")).unwrap();
/// std::fs::write(dir.path().join("nginx/access.log"), "a line\n").unwrap();
/// std::fs::write(dir.path().join("nginx/.swp"), "hidden\n").unwrap();
///
/// let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
/// assert_eq!(found.files.len(), 1);
/// assert!(found.files[0].name().ends_with("nginx/access.log"));
/// assert!(found.problems.is_empty());
/// assert!(found.notes[0].to_string().ends_with(".swp: skipped, hidden (name it to read it)"));
/// ```
pub fn discover(paths: &[PathBuf], options: &DiscoverOptions) -> Discovery {
    let mut finder = Finder { options, found: Vec::new(), out: Discovery::default() };
    for path in paths {
        finder.argument(path);
    }
    finder.finish()
}

/// A regular file that was come across.
struct Found {
    name: String,
    path: PathBuf,
    /// Named by the user, not come across by walking.
    explicit: bool,
}

struct Finder<'a> {
    options: &'a DiscoverOptions,
    found: Vec<Found>,
    out: Discovery,
}

impl Finder<'_> {
    fn note(&mut self, path: impl Into<String>, kind: NoteKind) {
        self.out.notes.push(Note { path: path.into(), kind });
    }

    fn argument(&mut self, path: &Path) {
        let name = shown(path);
        if name == "-" {
            if self.out.files.iter().any(InputFile::is_stream) {
                self.note("-", NoteKind::SamePath { kept: "-".to_owned() });
            } else {
                self.out.files.push(InputFile::stdin());
            }
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.walk(path, None),
            Ok(metadata) if metadata.is_file() => {
                self.found.push(Found { name, path: path.to_owned(), explicit: true });
            }
            Ok(_) if is_descriptor(path) => match fs::File::open(path) {
                Ok(file) => self.out.files.push(InputFile::from_reader(name, file)),
                Err(error) => self.out.problems.push(InputError::io(name, "reading it", error)),
            },
            Ok(_) => {
                let what = "a FIFO, socket or device".to_owned();
                let kind = Kind::Unreadable { what, instead: "give it as standard input: - < NAME" };
                self.out.problems.push(InputError::new(name, None, kind));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(&name) => self.pattern(&name),
            Err(error) => self.out.problems.push(InputError::io(name, "finding it", error)),
        }
    }

    fn pattern(&mut self, pattern: &str) {
        let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let reason = error.kind().to_string();
                self.out.problems.push(InputError::new(pattern, None, Kind::Pattern { reason }));
                return;
            }
        };
        let parts: Vec<&str> = pattern.split('/').collect();
        let fixed = parts.iter().take_while(|part| !is_pattern(part)).count();
        let base = match parts[..fixed].join("/") {
            base if !base.is_empty() => PathBuf::from(base),
            _ if pattern.starts_with('/') => PathBuf::from("/"),
            _ => PathBuf::from("."),
        };
        let filter = Filter {
            matches: Box::new(move |path| matcher.is_match(path)),
            depth: parts.len() - fixed,
            any_depth: parts.contains(&"**"),
            hidden: parts[fixed..].iter().any(|part| part.starts_with('.')),
        };
        let before = (self.found.len(), self.out.problems.len());
        if fs::metadata(&base).is_ok() {
            self.walk(&base, Some(&filter));
        }
        if before == (self.found.len(), self.out.problems.len()) {
            self.out.problems.push(InputError::new(pattern, None, Kind::NoMatch));
        }
    }

    /// Walks a directory; with a filter, only what it lets through.
    fn walk(&mut self, root: &Path, filter: Option<&Filter>) {
        let hidden_too = self.options.hidden || filter.is_some_and(|filter| filter.hidden);
        let mut walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        // Everything below this depth is in a directory that matched.
        let mut inside: Option<usize> = None;
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(error);
                    continue;
                }
            };
            let depth = entry.depth();
            if inside.is_some_and(|matched| depth <= matched) {
                inside = None;
            }
            let kind = entry.file_type();
            let path =
                entry.path().strip_prefix("./").ok().filter(|_| filter.is_some()).unwrap_or(entry.path());
            let wanted = filter.is_none_or(|filter| inside.is_some() || (filter.matches)(path));
            let hidden = depth > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
            if hidden && !hidden_too {
                if filter.is_none() || wanted {
                    self.note(shown(path), NoteKind::Hidden);
                }
                if kind.is_dir() {
                    walk.skip_current_dir();
                }
                continue;
            }
            if kind.is_dir() {
                if let Some(filter) = filter
                    && inside.is_none()
                    && depth > 0
                {
                    if wanted {
                        inside = Some(depth);
                    } else if depth >= filter.depth && !filter.any_depth {
                        walk.skip_current_dir();
                    }
                }
            } else if wanted && kind.is_file() {
                self.found.push(Found { name: shown(path), path: entry.path().to_owned(), explicit: false });
            } else if wanted {
                self.note(shown(path), NoteKind::SpecialFile);
            }
        }
    }

    fn walk_error(&mut self, error: walkdir::Error) {
        let path = error.path().map_or_else(String::new, shown);
        let is_link =
            error.path().and_then(|path| fs::symlink_metadata(path).ok()).is_some_and(|m| m.is_symlink());
        let looped = error.loop_ancestor().is_some();
        match error.into_io_error() {
            None => self.note(path, NoteKind::BadLink),
            Some(_) if looped => self.note(path, NoteKind::BadLink),
            Some(error) if error.kind() == io::ErrorKind::NotFound => {
                self.note(path, if is_link { NoteKind::BadLink } else { NoteKind::Vanished });
            }
            Some(error) => self.out.problems.push(InputError::io(path, "listing it", error)),
        }
    }

    /// A tar archive in a pipe: its members cannot be gone back to.
    fn refuse_piped_archives(&mut self) {
        let (files, archives): (Vec<InputFile>, Vec<InputFile>) = std::mem::take(&mut self.out.files)
            .into_iter()
            .partition(|file| file.head(LOOKED_AT).map_or(true, |head| !archive::is_tar(&head)));
        self.out.files = files;
        for file in archives {
            let kind = Kind::Unreadable {
                what: "a tar archive in a pipe".to_owned(),
                instead: "name the file instead",
            };
            self.out.problems.push(InputError::new(file.name(), None, kind));
        }
    }

    fn finish(mut self) -> Discovery {
        self.refuse_piped_archives();
        let found = std::mem::take(&mut self.found);
        let mut sampled = Vec::new();
        let mut samples_left = SAMPLE_BUDGET;
        for found in self.once_per_path(found) {
            let file = match InputFile::on_disk(&found.name, &found.path) {
                Ok(file) => file,
                Err(error) if error.is_not_found() && !found.explicit => {
                    self.note(found.name, NoteKind::Vanished);
                    continue;
                }
                Err(error) => {
                    self.out.problems.push(error);
                    continue;
                }
            };
            let head = same::head_of(&file);
            if archive::is_tar(&head) {
                let cap = self.options.max_decompressed;
                // Of members with one name, the last is the newest version: what tar would leave on disk.
                let mut members = BTreeMap::new();
                let listing = archive::list(&file, &found.path, cap, &mut samples_left, |member, head| {
                    let name = member.name().to_owned();
                    members.insert(name, (archive::is_tar(head), foreign(head), Sampled::new(member, head)));
                });
                self.out.notes.extend(listing.notes);
                self.out.problems.extend(listing.problems);
                for (nested, binary, member) in members.into_values() {
                    let binary = match nested {
                        true => Some(("an archive inside an archive", "unpack the outer one first")),
                        false => binary,
                    };
                    self.take(member, binary, false, &mut sampled);
                }
            } else {
                self.take(Sampled::new(file, &head), foreign(&head), found.explicit, &mut sampled);
            }
        }
        if self.options.notice_copies {
            sampled = same::once_per_content(sampled, &mut self.out.notes);
            sampled = same::without_beginnings(sampled, &mut self.out.notes);
        }
        let mut out = self.out;
        out.files.extend(sampled.into_iter().map(|sampled| sampled.file));
        out.files.sort_by(|a, b| a.name().cmp(b.name()));
        out.problems.sort_by(|a, b| a.path().cmp(b.path()));
        out.notes.sort();
        out.notes.dedup();
        out
    }

    fn take(&mut self, sampled: Sampled, binary: Option<Foreign>, explicit: bool, out: &mut Vec<Sampled>) {
        if let Some((what, instead)) = binary {
            let name = sampled.file.name();
            // There may be logs in it: nobody must take them for read.
            if explicit || !instead.is_empty() {
                let instead = if instead.is_empty() { "expected lines of text" } else { instead };
                let kind = Kind::Unreadable { what: what.to_owned(), instead };
                self.out.problems.push(InputError::new(name, None, kind));
            } else {
                self.note(name, NoteKind::Binary { what });
            }
            return;
        }
        if sampled.file.size() == Some(0) {
            self.note(sampled.file.name(), NoteKind::Empty);
        }
        out.push(sampled);
    }

    /// Keeps one name per file: the shortest, then the first. Sorted by name.
    fn once_per_path(&mut self, mut found: Vec<Found>) -> Vec<Found> {
        found.sort_by(|a, b| (a.name.len(), &a.name, !a.explicit).cmp(&(b.name.len(), &b.name, !b.explicit)));
        let mut kept: BTreeMap<PathBuf, Found> = BTreeMap::new();
        for found in found {
            let real = fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone());
            match kept.get_mut(&real) {
                Some(first) => {
                    first.explicit |= found.explicit;
                    let kept = first.name.clone();
                    // Found twice under one name (a directory and a file in it) needs no word.
                    if kept != found.name {
                        self.out.notes.push(Note { path: found.name, kind: NoteKind::SamePath { kept } });
                    }
                }
                None => drop(kept.insert(real, found)),
            }
        }
        let mut kept: Vec<Found> = kept.into_values().collect();
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        kept
    }
}

/// What a pattern lets through.
struct Filter {
    matches: Box<dyn Fn(&Path) -> bool>,
    /// Levels below the fixed part of the pattern.
    depth: usize,
    /// It holds `**`.
    any_depth: bool,
    /// It asks for hidden names itself.
    hidden: bool,
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// What a shell gives for `<(command)`.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
