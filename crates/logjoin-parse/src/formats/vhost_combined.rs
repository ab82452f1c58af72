//! Access lines that start with the name of the virtual host.

use super::clf;
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "vhost-combined",
    title: "access log with a leading virtual host",
    product: Product::Unknown,
    kind: Kind::Access,
    anchor: Anchor::Unknown,
    source: "Apache httpd manual, mod_log_config (vhost_combined); nginx layouts with $host in front",
    samples: &[
        r#"www.shop.example:80 203.0.113.62 - - [21/Nov/2026:01:50:53 +0000] "GET /orders?page=298 HTTP/1.1" 200 1052 "-" "Go-http-client/1.1""#,
        r#"shop.example 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0" "-""#,
        r#"shop.example 10.0.0.2, 10.0.0.1, 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 571 "-" "curl/8.5.0""#,
        r#"shop.example:80 "10.5.102.222, 192.0.2.7" 10.2.1.185 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 571 "-" "curl/8.5.0""#,
        r#"shop.example:443 unix: - - [21/Nov/2026:01:50:53 +0000] "hello" 400 173 "-" "-""#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.has_vhost {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(0, "a virtual host before the client"))
    }
}
