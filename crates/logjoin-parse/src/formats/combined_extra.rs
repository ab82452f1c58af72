//! Common or combined with anything after it: what can be told by its looks is, the rest is kept as numbered fields.

use super::clf;
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "combined-extra",
    title: "common or combined log format with further fields",
    product: Product::Unknown,
    kind: Kind::Access,
    anchor: Anchor::Unknown,
    source: "custom formats built on common or combined",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" 0.002"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" rid=acf0428e-57e7-210c-0d31-0b08397dc53e"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 511 0.0123"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 511 b8db739b-b5a2-f20d-7c99-903acca12e6a"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    clf::read(line)?.record(FORMAT.id)
}
