//! The combined log format: the common fields, referrer and user agent.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "combined",
    title: "combined log format",
    product: Product::Unknown,
    kind: Kind::Access,
    anchor: Anchor::Unknown,
    source: "nginx src/http/modules/ngx_http_log_module.c (combined); Apache httpd manual, mod_log_config",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157 "-" "curl/8.5.0""#,
        r#"2001:db8::7 - John Doe [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/2.0" 499 0 "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64)""#,
        r#"unix: - - [21/Nov/2026:01:50:53 +0000] "" 400 0 "-" "-""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "\x16\x03\x01\x02\x00\x01" 400 157 "-" "-""#,
        r#"192.0.2.7 [21/Nov/2026:01:50:53 +0000] "GET /boot.gz HTTP/1.0" 000 0 "-" "gPXE/0.9.7""#,
        r#"10.0.0.2, 10.0.0.1, 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 009 571 "-" "Mozilla/5.0 (compatible; cut"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.is_combined && read.tail == Tail::Empty {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "referrer, user agent and the end of the line"))
    }
}
