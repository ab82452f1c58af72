//! Format strings of the proxies' own configuration, compiled to scanners.

use crate::{ParseError, Record};

/// A scanner compiled from a format string.
#[derive(Debug)]
pub struct Compiled {
    _private: (),
}

impl Compiled {
    /// Reads the payload of one line.
    ///
    /// # Errors
    ///
    /// Where the line does not have this format.
    pub fn parse<'a>(&self, _payload: &'a [u8]) -> Result<Record<'a>, ParseError> {
        Err(ParseError::new(0, "a compiled format"))
    }
}
