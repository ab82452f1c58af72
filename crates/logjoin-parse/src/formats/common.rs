//! The common log format, and nothing after its seven fields.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "common",
    title: "common log format",
    product: Product::Unknown,
    kind: Kind::Access,
    anchor: Anchor::Unknown,
    source: "Apache httpd manual, mod_log_config (common)",
    samples: &[
        r#"192.0.2.7 - bob [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 2326"#,
        r#"::1 - - [21/Nov/2026:01:50:53 +0000] "-" 408 -"#,
        r#"192.0.2.7 - bob@EXAMPLE.COM [21/Nov/2026:01:50:53 +0000] "GET /?q=<a>alert("x")</a> HTTP/1.0" 404 1164"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if !read.is_combined && read.tail == Tail::Empty {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "the end of the line after the bytes"))
    }
}
