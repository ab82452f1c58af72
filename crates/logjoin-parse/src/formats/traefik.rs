//! Traefik's access log in its common layout: a combined line, then the request's number, router, server and duration.

use super::clf::{self, Tail};
use super::{FormatDef, ParseError};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "traefik",
    title: "Traefik access log (common)",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "traefik pkg/middlewares/accesslog/logger_formatters.go, CommonLogFormatter",
    samples: &[
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 502 11 "-" "curl/8.5.0" 42 "web@docker" "http://10.0.0.2:80" 3ms"#,
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /none HTTP/2.0" 404 19 "-" "-" 43 "-" "-" 0ms"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let read = clf::read(line)?;
    if read.tail == Tail::Traefik {
        read.record(FORMAT.id)
    } else {
        Err(ParseError::new(line.len(), "a number, a router, a server and a duration in ms"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn router_server_and_duration() {
        let r = parse(FORMAT.samples[0].as_bytes()).expect("a line");
        let Body::Access(a) = r.body else { panic!("a request") };
        assert_eq!((a.duration_us, a.upstream.addr.as_deref()), (Some(3000), Some(&b"10.0.0.2:80"[..])));
        assert_eq!((r.anchor, a.upstream.name.as_deref()), (Anchor::Start, Some(&b"web@docker"[..])));
    }
}
