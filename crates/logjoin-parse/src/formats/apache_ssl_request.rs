//! The request log that Apache's packaged `ssl.conf` sets up: protocol and cipher, no status.

use super::{FormatDef, ParseError, clf};
use crate::bytes::{Cursor, present, uint};
use crate::{Access, Anchor, Body, Kind, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "apache-ssl-request",
    title: "Apache TLS request log",
    product: Product::Apache,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "Apache httpd docs/conf/extra/httpd-ssl.conf.in (CustomLog ssl_request_log)",
    samples: &[
        r#"[21/Nov/2026:01:50:53 +0000] 192.0.2.7 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /cart?id=7 HTTP/1.1" 1375"#,
        r#"[21/Nov/2026:01:50:53 +0000] 2001:db8::7 - - "GET /cart HTTP/1.1" -"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    let fail = |at: usize, expected| ParseError::new(at, expected);
    c.eat(b"[").ok_or(fail(0, "a bracket and a time"))?;
    let (stamp, rest) = Stamp::clf(c.rest()).ok_or(fail(1, "a time"))?;
    let mut c = Cursor::new(rest);
    let at = |c: &Cursor<'_>| line.len() - c.rest().len();
    c.eat(b"] ").ok_or(fail(at(&c), "the end of the time"))?;
    let client = c.until(b' ').ok_or(fail(at(&c), "a client"))?;
    let protocol = c.until(b' ').ok_or(fail(at(&c), "a protocol"))?;
    if !(protocol.starts_with(b"TLS") || protocol.starts_with(b"SSL") || protocol == b"-") {
        return Err(fail(at(&c), "a protocol"));
    }
    let cipher = c.until(b' ').ok_or(fail(at(&c), "a cipher"))?;
    // The last quote of the line ends the request: only a number follows it.
    let quoted = c.rest().strip_prefix(b"\"").ok_or(fail(at(&c), "a quoted request"))?;
    let close = memchr::memrchr(b'"', quoted).ok_or(fail(at(&c), "a quoted request"))?;
    let bytes = quoted[close + 1..].trim_ascii();
    if bytes != b"-" && uint(bytes).is_none() {
        return Err(fail(line.len() - bytes.len(), "a number of bytes"));
    }
    let mut access = Access {
        client_ip: present(client).map(Text::Borrowed),
        bytes: uint(bytes).map(|v| v as i64),
        ..Access::default()
    };
    clf::set_request(&mut access, &quoted[..close]);
    for (name, value) in [("ssl_protocol", protocol), ("ssl_cipher", cipher)] {
        if let Some(v) = present(value) {
            access.extra.push((name.into(), Text::Borrowed(v)));
        }
    }
    Ok(Record {
        format: FORMAT.id,
        product: Product::Apache,
        stamp: Some(stamp),
        anchor: Anchor::Start,
        envelope: None,
        body: Body::Access(access),
    })
}
