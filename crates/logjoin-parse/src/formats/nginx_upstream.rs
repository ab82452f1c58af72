//! nginx access lines that carry upstream variables after the combined fields, by name or in the usual order.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "nginx-upstream",
    title: "nginx access log with upstream fields",
    product: Product::Nginx,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "nginx src/http/ngx_http_upstream.c (variables); layouts in common use",
    samples: &[
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157 "-" "curl/8.5.0" rt=0.021 uct="0.000" uht="-" urt="0.021" ua="10.20.1.11:8080" us="502" rid=fceb456e-24cf-8019-e7c6-b4dd7d4c26ab"#,
        r#"192.0.2.7 - bob [2026-11-21T01:50:53+00:00] "GET /cart HTTP/1.1" 200 157 rt=0.021 c=55 cr=2 id=9a7babf34ca4ee59d90ac48d452a9214 ua="10.0.0.1:80, 10.0.0.2:80" us="502, 200" uct="-, 0.000" uht="-, 0.006" urt="0.000, 0.006" ubr="0, 66""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" request_time=0.021 upstream_addr=10.0.0.1:80, 10.0.0.2:80 upstream_status=502, 200"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "curl/8.5.0" 0.021 0.010, 0.011 7ced38f8-87fe-a255-18ea-a9abfc40f2db"#,
        r#"shop.example 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 404 157 "-" "curl/8.5.0" 0.000 - ."#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if matches!(read.tail, Tail::NginxNamed | Tail::NginxTimes) {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "upstream fields of nginx"))
    }
}
