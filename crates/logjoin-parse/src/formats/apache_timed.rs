//! Apache lines with `%D %X` after the combined fields: duration in microseconds, state of the connection.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "apache-timed",
    title: "Apache access log with %D %X",
    product: Product::Apache,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "Apache httpd manual, mod_log_config, custom log formats",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:02:47:42.354630 +0000] "GET /cart HTTP/1.1" 200 859 "-" "curl/8.5.0" 10937 +"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 341 "-" "curl/8.5.0" 44764 - 4608fc64-719e-aebf-415f-4ce2738a8f0e"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:59:48 +0000] "GET /x HTTP/1.1" 502 341 "-" "curl/8.5.0" 44764 + W5kqp3Bx@8AAAEAAABkAAAAB http://10.0.0.1:8080"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.tail == Tail::ApacheTimes {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "a duration and the state of the connection"))
    }
}
