//! HAProxy's lines for connections that die before a request: `IP:PORT [date] frontend/bind: text`.

use super::haproxy_fields::{Part, head};
use super::{FormatDef, ParseError};
use crate::bytes::Cursor;
use crate::{Anchor, Body, ErrorLine, Kind, Product, Record};

const ID: &str = "haproxy-error";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy connection error",
    product: Product::Haproxy,
    kind: Kind::Error,
    anchor: Anchor::Start,
    source: "HAProxy manual, section 8.2.5; src/session.c: session_kill_embryonic",
    samples: &[
        "192.0.2.4:50033 [21/Nov/2026:02:10:09.254] fe_tls/1: SSL handshake failure (error:0A0000C1:SSL routines::no shared cipher)",
        "192.0.2.4:50034 [21/Nov/2026:02:10:09.260] fe/sock-1: Timeout while waiting for PROXY protocol header",
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).map_err(|expected| ParseError::new(c.offset(), expected))
}

fn read<'a>(c: &mut Cursor<'a>) -> Part<Record<'a>> {
    let head = head(c)?;
    // A name may hold colons, a bind's name even an address: the first colon before a blank ends the pair.
    let pair = c.until_str(b": ").filter(|p| !p.contains(&b' ')).ok_or("frontend/bind and a colon")?;
    let slash = memchr::memchr(b'/', pair).ok_or("a slash after the frontend")?;
    let (frontend, bind) = (&pair[..slash], &pair[slash + 1..]);
    if frontend.is_empty() || c.is_empty() {
        return Err("a frontend and a text");
    }
    Ok(Record {
        format: ID,
        product: Product::Haproxy,
        stamp: Some(head.stamp),
        anchor: Anchor::Start,
        envelope: None,
        body: Body::Error(ErrorLine {
            client_ip: head.ip.map(Into::into),
            client_port: head.port,
            frontend: Some(frontend.strip_suffix(b"~").unwrap_or(frontend).into()),
            bind: Some(bind.into()),
            message: c.rest().into(),
            ..ErrorLine::default()
        }),
    })
}
