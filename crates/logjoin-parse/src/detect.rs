//! Which format and envelope the lines of a file have.

use crate::envelope::peel_all;
use crate::formats::{self, FORMATS};
use crate::{Envelope, EnvelopeKind, Format, ParseError, Record, Text};

/// How the lines of a source look: the wrapping, and the format inside.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The wrapping, if any.
    pub envelope: Option<EnvelopeKind>,
    /// The format of the payload.
    pub format: Format,
}

/// Reads a line of any built-in format, with or without an envelope. The most specific format that fits wins.
/// What is inside the envelope is tried first, then the whole line.
///
/// # Errors
///
/// When no format reads the line.
pub fn parse_any(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let (envelope, payload) = peel_all(line);
    let Some(envelope) = envelope else { return first_that_reads(line) };
    let inside = match payload {
        Text::Borrowed(p) => read_payload(p, &envelope),
        Text::Owned(p) => read_payload(&p, &envelope).map(Record::into_owned),
    };
    inside.or_else(|_| first_that_reads(line)).map(|r| r.in_envelope(envelope))
}

fn read_payload<'a>(payload: &'a [u8], envelope: &Envelope<'_>) -> Result<Record<'a>, ParseError> {
    let read = first_that_reads(payload);
    if read.is_err() && envelope.is_haproxy() { Ok(formats::haproxy_message(payload)) } else { read }
}

fn first_that_reads(line: &[u8]) -> Result<Record<'_>, ParseError> {
    FORMATS.iter().find_map(|f| (f.parse)(line).ok()).ok_or(ParseError::new(0, "a line of a known format"))
}
