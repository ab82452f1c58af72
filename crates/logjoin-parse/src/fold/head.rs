//! The head of an event: the lines that make one record, where the first alone does not.

use std::borrow::Cow;

use super::{Folder, Step};
use crate::{EnvelopeKind, Record};

/// How many lines the head of an event has, by the record of its first line: joined with line ends they are to be read
/// again, as one record. 2 where the message stands in the second line; all where the first line only says that an
/// entry begins, or where everything below is the message.
pub fn head_lines(first: &Record<'_>) -> usize {
    match first.format {
        _ if entry_of(first).is_some() => usize::MAX,
        "erlang" | "mysql-slow" => usize::MAX,
        "jul" | "dotnet-console" => 2,
        _ => 1,
    }
}

/// The transport of an entry of several lines, by the record of its first line.
pub(super) fn entry_of(first: &Record<'_>) -> Option<EnvelopeKind> {
    let e = first.envelope.as_ref()?;
    let opens = matches!(e.kind, EnvelopeKind::JournalExport | EnvelopeKind::CloudWatch) && e.stamp.is_none();
    opens.then_some(e.kind)
}

/// The heads of the events in some lines (see [`head_lines`]), in order; `read` reads one line.
pub fn heads<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    read: impl Fn(&[u8]) -> Option<Record<'_>>,
) -> Vec<Cow<'a, [u8]>> {
    let mut folder = Folder::new();
    let mut out: Vec<Cow<'a, [u8]>> = Vec::new();
    let mut missing = 0;
    for line in lines {
        let record = if folder.claims(line) { None } else { read(line) };
        match folder.step(line, record.as_ref()) {
            Step::Start => {
                missing = record.as_ref().map_or(1, head_lines) - 1;
                out.push(Cow::Borrowed(line));
            }
            Step::Continue if missing > 0 => {
                missing -= 1;
                if let Some(head) = out.last_mut() {
                    let head = head.to_mut();
                    head.push(b'\n');
                    head.extend_from_slice(line);
                }
            }
            _ => {}
        }
    }
    out
}
