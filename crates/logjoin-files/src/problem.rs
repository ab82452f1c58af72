//! What could not be read.

use std::fmt;

use logjoin_input::InputError;

/// A file, folder or pattern that was not read, or not to its end; the rest was analysed.
///
/// Shown as `path: what happened (what was expected)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Problem {
    /// The path, pattern or name of a member of an archive, as given or found.
    pub path: String,
    /// What happened, and where in the file.
    pub reason: String,
    /// The same, for programs.
    pub kind: ProblemKind,
}

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Nothing lies at this path, or the pattern matches nothing or is none.
    NotFound,
    /// It is of a kind that is not read (a zip archive, a binary journal).
    Unsupported,
    /// It was named as a configuration, and is none of nginx, httpd or HAProxy.
    NotAConfiguration,
    /// The compression or archive ends early or is damaged: what came before was read.
    Damaged,
    /// It holds more than [`Inputs::find_within`](crate::Inputs::find_within) was allowed to unpack: what came before was read.
    TooLarge,
    /// The operating system refused.
    Io,
}

impl Problem {
    pub(crate) fn of(e: &InputError) -> Problem {
        let kind = if e.is_not_found() || e.is_no_pattern() {
            ProblemKind::NotFound
        } else if e.is_unsupported() {
            ProblemKind::Unsupported
        } else if e.is_truncated() || e.is_corrupt() {
            ProblemKind::Damaged
        } else if e.is_too_large() {
            ProblemKind::TooLarge
        } else {
            ProblemKind::Io
        };
        Problem { path: e.path().to_owned(), reason: e.reason(), kind }
    }

    pub(crate) fn not_a_configuration(path: &str) -> Problem {
        let reason = "not a configuration of nginx, httpd or HAProxy".to_owned();
        Problem { path: path.to_owned(), reason, kind: ProblemKind::NotAConfiguration }
    }

    /// Whether nothing was read of a file that is there.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.kind, ProblemKind::Unsupported | ProblemKind::Io)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}
