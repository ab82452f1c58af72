//! Combined and one more quoted field: the forwarded list of the packaged nginx `main` layout, a request id, any header.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "combined-quoted",
    title: "combined log format with one more quoted field (nginx main)",
    product: Product::Unknown,
    kind: Kind::Access,
    anchor: Anchor::Unknown,
    source: "nginx packaging, nginx.conf (main)",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" "-""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" "203.0.113.9, 10.0.0.1""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" "acf0428e-57e7-210c-0d31-0b08397dc53e""#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.is_combined && read.tail == Tail::Quoted {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "one quoted field after the user agent"))
    }
}
