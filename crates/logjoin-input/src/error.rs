//! What can go wrong between a path and its lines.
//!
//! The trick: every error is born with its path and, where there is one, the place inside the
//! file, so no layer above has to guess which of ten thousand files was meant. What exactly
//! happened stays private; predicates answer the questions that callers act on.

use std::fmt;
use std::io;

/// A file, directory or pattern that could not be read, or not to its end.
///
/// Shown as `path: what happened (what was expected)`, with the place after the path where there is
/// one: `old/access.log.2.gz: at byte 10240: the gzip data ends early (the lines before it are kept)`.
///
/// ```
/// use logjoin_input::{DiscoverOptions, discover};
///
/// let found = discover(&["no/such/access.log".into()], &DiscoverOptions::default());
/// assert!(found.problems[0].is_not_found());
/// assert_eq!(found.problems[0].path(), "no/such/access.log");
/// ```
#[derive(Debug, thiserror::Error)]
pub struct InputError {
    path: String,
    place: Option<Place>,
    kind: Box<Kind>,
}

/// Where in a file something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A line number, from 1, in the decompressed file.
    Line(u64),
    /// A byte offset, from 0, in the file as it lies on disk (before decompression).
    Byte(u64),
    /// A byte offset, from 0, in the decompressed file.
    DecompressedByte(u64),
}

/// The private half: what happened.
#[derive(Debug)]
pub(crate) enum Kind {
    Io { doing: &'static str, source: io::Error },
    Truncated { format: &'static str },
    Corrupt { format: &'static str, reason: String },
    TooLarge { cap: u64 },
    NoMatch,
    Pattern { reason: String },
    Unreadable { what: String, instead: &'static str },
    Consumed,
}

impl InputError {
    pub(crate) fn new(path: impl Into<String>, place: Option<Place>, kind: Kind) -> InputError {
        InputError { path: path.into(), place, kind: Box::new(kind) }
    }

    pub(crate) fn io(path: impl Into<String>, doing: &'static str, source: io::Error) -> InputError {
        InputError::new(path, None, Kind::Io { doing, source })
    }

    /// What happened, and where in the file: all but the path.
    pub fn reason(&self) -> String {
        let all = self.to_string();
        all.strip_prefix(&format!("{}: ", self.path)).unwrap_or(&all).to_owned()
    }

    /// The path, pattern or member name as it was given or found.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where in the file it happened, if inside one.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Nothing lies at this path, or no file matches the pattern.
    pub fn is_not_found(&self) -> bool {
        match &*self.kind {
            Kind::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Kind::NoMatch => true,
            _ => false,
        }
    }

    /// The operating system denies reading it.
    pub fn is_permission_denied(&self) -> bool {
        matches!(&*self.kind, Kind::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// The file ends before its compressed stream or archive does.
    pub fn is_truncated(&self) -> bool {
        matches!(&*self.kind, Kind::Truncated { .. })
    }

    /// The compressed stream or archive contradicts its own format or checksums.
    pub fn is_corrupt(&self) -> bool {
        matches!(&*self.kind, Kind::Corrupt { .. })
    }

    /// The file decompresses to more than the cap of
    /// [`ReadOptions::max_decompressed`](crate::ReadOptions::max_decompressed).
    pub fn is_too_large(&self) -> bool {
        matches!(&*self.kind, Kind::TooLarge { .. })
    }

    /// It was meant as a pattern, and is none.
    pub fn is_no_pattern(&self) -> bool {
        matches!(&*self.kind, Kind::Pattern { .. })
    }

    /// The file is of a kind that this crate does not read (a zip archive, a picture).
    pub fn is_unsupported(&self) -> bool {
        matches!(&*self.kind, Kind::Unreadable { .. })
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match self.place {
            // Where it stopped is the limit, told below.
            _ if self.is_too_large() => {}
            Some(Place::Line(n)) => write!(f, "at line {n}: ")?,
            Some(Place::Byte(n)) => write!(f, "at byte {n}: ")?,
            Some(Place::DecompressedByte(n)) => write!(f, "at byte {n} of the decompressed data: ")?,
            None => {}
        }
        match &*self.kind {
            Kind::Io { doing, source } => match source.kind() {
                io::ErrorKind::NotFound => {
                    write!(f, "not found (expected a file, a directory, a pattern or -)")
                }
                io::ErrorKind::PermissionDenied => write!(f, "permission denied (needed for {doing})"),
                _ => write!(f, "{source} (while {doing})"),
            },
            Kind::Truncated { format } => {
                write!(f, "the {format} data ends early (what was readable before it is kept)")
            }
            Kind::Corrupt { format, reason } => {
                write!(f, "the {format} data is damaged: {reason} (what was readable before it is kept)")
            }
            Kind::TooLarge { cap } => {
                write!(f, "stopped at {} of text, the limit", size(*cap))?;
                // Of a configuration nothing is kept.
                if self.place.is_some() { write!(f, " (the lines before were read)") } else { Ok(()) }
            }
            Kind::NoMatch => write!(f, "no file matches (expected a pattern such as 'logs/**/*.log*')"),
            Kind::Pattern { reason } => {
                write!(f, "not a pattern: {reason} (expected *, **, ?, [a-z] or {{a,b}})")
            }
            Kind::Unreadable { what, instead } => write!(f, "{what} is not read ({instead})"),
            Kind::Consumed => write!(f, "this stream was read already (it can be read once)"),
        }
    }
}

/// A number of bytes, as limits are told: `10 MiB`, `1000000 bytes`.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(power, _)| bytes > 0 && bytes.trailing_zeros() >= *power) {
        Some((power, unit)) => format!("{} {unit}", bytes >> power),
        None => format!("{bytes} bytes"),
    }
}

/// Something that was left aside or noticed on purpose: worth telling, not an error.
///
/// Shown as `path: what was done`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The path it is about, as given or found.
    pub path: String,
    /// What was noticed.
    pub kind: NoteKind,
}

/// What a [`Note`] is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NoteKind {
    /// The name starts with a dot, and it was found by walking, not named by the user.
    Hidden,
    /// The same file by another path (a link, or named twice): read once, as `kept`.
    SamePath {
        /// The name under which it is read.
        kept: String,
    },
    /// Another file with the same content (a copy, or `access.log.1` beside `access.log.1.gz`): read
    /// once, as `kept`.
    SameContent {
        /// The name under which it is read.
        kept: String,
    },
    /// All of it is the beginning of another file (an older copy of a log that grew, or what is readable of an
    /// interrupted compression): that one is read instead.
    Beginning {
        /// The name of the longer one.
        kept: String,
    },
    /// A FIFO, socket or device.
    SpecialFile,
    /// A symbolic link that leads back to a directory above it, or to nothing.
    BadLink,
    /// Vanished between being listed and being looked at.
    Vanished,
    /// Holds no bytes. It is still listed among the files.
    Empty,
    /// Not text: what its first bytes say it is.
    Binary {
        /// The kind of file, with an article: `a zip archive`.
        what: &'static str,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match &self.kind {
            NoteKind::Hidden => write!(f, "skipped, hidden (name it to read it)"),
            NoteKind::SamePath { kept } => write!(f, "the same file as {kept}, read once"),
            NoteKind::SameContent { kept } => write!(f, "the same content as {kept}, read once"),
            NoteKind::Beginning { kept } => write!(f, "the beginning of {kept}, read there"),
            NoteKind::SpecialFile => write!(f, "skipped, a FIFO, socket or device"),
            NoteKind::BadLink => write!(f, "skipped, a link that leads nowhere new"),
            NoteKind::Vanished => write!(f, "skipped, vanished while being listed"),
            NoteKind::Empty => write!(f, "empty"),
            NoteKind::Binary { what } => write!(f, "skipped, {what}"),
        }
    }
}

/// A fault inside the reading stack, carried through `io::Error` from the layer that knows the
/// reason to the layer that knows the path.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub place: Option<Place>,
    pub kind: FaultKind,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultKind {
    Truncated { format: &'static str },
    Corrupt { format: &'static str, reason: String },
    TooLarge { cap: u64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> io::Error {
        let kind = match fault.kind {
            FaultKind::Truncated { .. } => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, fault)
    }
}

/// The [`Fault`] inside an error, if a layer of ours made it.
pub(crate) fn fault_of(error: &io::Error) -> Option<&Fault> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>())
}

/// Turns an error of the reading stack into one that names the file.
pub(crate) fn named(path: &str, doing: &'static str, error: io::Error) -> InputError {
    let Some(fault) = fault_of(&error) else { return InputError::io(path, doing, error) };
    let kind = match fault.kind.clone() {
        FaultKind::Truncated { format } => Kind::Truncated { format },
        FaultKind::Corrupt { format, reason } => Kind::Corrupt { format, reason },
        FaultKind::TooLarge { cap } => Kind::TooLarge { cap },
    };
    InputError::new(path, fault.place, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_path_place_what_and_expected() {
        let fault = Fault { place: Some(Place::Byte(10)), kind: FaultKind::Truncated { format: "gzip" } };
        let error = named("a.gz", "reading", fault.into());
        assert!(error.is_truncated());
        assert_eq!(
            error.to_string(),
            "a.gz: at byte 10: the gzip data ends early (what was readable before it is kept)"
        );
        let denied = InputError::io("b", "reading it", io::ErrorKind::PermissionDenied.into());
        assert!(denied.is_permission_denied() && !denied.is_not_found());
        assert_eq!(denied.to_string(), "b: permission denied (needed for reading it)");
    }
}
