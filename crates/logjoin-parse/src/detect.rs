//! Which format and envelope the lines of a file have.

use crate::formats::FORMATS;
use crate::{EnvelopeKind, Format, ParseError, Record};

/// How the lines of a source look: the wrapping, and the format inside.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The wrapping, if any.
    pub envelope: Option<EnvelopeKind>,
    /// The format of the payload.
    pub format: Format,
}

/// Reads a line of any built-in format, with or without an envelope. The most specific format that fits wins.
///
/// # Errors
///
/// When no format reads the line.
pub fn parse_any(line: &[u8]) -> Result<Record<'_>, ParseError> {
    for f in FORMATS {
        if let Ok(r) = (f.parse)(line) {
            return Ok(r);
        }
    }
    Err(ParseError::new(0, "a line of a known format"))
}
