//! Combined with the bytes received and sent.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "combinedio",
    title: "combined log format with bytes in and out",
    product: Product::Apache,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "Apache httpd manual, mod_logio (combinedio)",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" 78 412"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.is_combined && read.tail == Tail::Io {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "bytes received and sent after the user agent"))
    }
}
