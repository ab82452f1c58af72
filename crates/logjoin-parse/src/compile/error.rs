//! What is wrong with a format string, shown to the person who wrote it.

use std::fmt;

/// Why a format string was not understood.
///
/// [`fmt::Display`] shows the string with a caret under the place:
///
/// ```text
/// expected a closing `}`
///   | $status ${request
///   |                  ^
///   help: write `${name}` or `$name`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    format: String,
    offset: usize,
    expected: String,
    help: Option<String>,
}

impl FormatError {
    pub(super) fn new(format: &str, offset: usize, expected: impl Into<String>) -> Self {
        FormatError { format: format.to_owned(), offset, expected: expected.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Byte offset in the format string, from 0.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What was expected there.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One column for each character, so that the caret stands under the right one.
        let shown: String = self.format.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = self.format.char_indices().take_while(|(at, _)| *at < self.offset).count();
        write!(f, "expected {}\n  | {shown}\n  | {:column$}^", self.expected, "")?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FormatError {}

/// A remark about a format string that is valid: most likely a slip of the pen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatNote {
    /// Byte offset in the format string, from 0.
    pub offset: usize,
    /// The remark, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for FormatNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The known name nearest to `name`, if it is near enough to be what was meant.
pub(super) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let limit = if name.len() < 5 { 1 } else { 2 };
    known.into_iter().map(|k| (distance(name, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Number of single-byte insertions, deletions and substitutions between two names.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let e = FormatError::new("é $a ${b", 9, "a closing `}`").help("write `${b}`");
        assert_eq!(
            e.to_string(),
            "expected a closing `}`\n  | é $a ${b\n  |         ^\n  help: write `${b}`"
        );
    }

    #[test]
    fn nearest_names() {
        assert_eq!(nearest("upstrem_addr", ["status", "upstream_addr"]), Some("upstream_addr"));
        assert_eq!(nearest("tenant", ["status", "upstream_addr"]), None);
        assert_eq!(nearest("", ["status"]), None);
    }
}
