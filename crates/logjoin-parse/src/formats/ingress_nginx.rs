//! ingress-nginx's `upstreaminfo` layout: combined, then lengths, times and the unquoted upstream lists.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "ingress-nginx",
    title: "ingress-nginx access log (upstreaminfo)",
    product: Product::Nginx,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "ingress-nginx docs/user-guide/nginx-configuration/log-format.md",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 59 "-" "curl/8.5.0" 89 0.001 [shop-web-8080] [] 10.0.0.5:8080 59 0.000 200 529a007902362a5f51385a5fa7049884"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/2.0" 502 150 "-" "curl/8.5.0" 40 0.005 [shop-web-8080] [] 10.0.0.5:8080, 10.0.0.6:8080 0, 0 0.001, 0.004 502, 502 5f51385a5fa70498845f51385a5fa704"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "geti /cart HTTP/1.1" 400 163 "-" "-" 0 0.000 [] [] - - - - efb0c5aa8be6cdeb4a7e7bd090e3d893"#,
        r#"192.0.2.7 - [192.0.2.7] - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.5.0" 89 0.001 [shop-web-80] 10.0.0.5:80 : 10.0.0.6:80 0 : 5 0.000 : 0.001 502 : 200 529a007902362a5f51385a5fa7049884"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.tail == Tail::Ingress {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "the upstream fields of ingress-nginx"))
    }
}
