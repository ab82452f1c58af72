//! HAProxy's line at accept, where no log format is set: `Connect from IP:PORT to IP:PORT (frontend/HTTP)`.
//! It says that a connection came, never what became of it.

use super::haproxy_fields::access;
use super::{FormatDef, ParseError};
use crate::bytes::{Cursor, uint};
use crate::{Access, Anchor, HaproxyFields, Kind, Product, Record};

const ID: &str = "haproxy-connect";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy default log (connections only)",
    product: Product::Haproxy,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "HAProxy manual, section 8.2.1; src/frontend.c: frontend_accept",
    samples: &[
        "Connect from 192.0.2.4:40780 to 10.0.0.1:5000 (main/HTTP)",
        "Connect from unknown source to listener 2 (main/TCP)",
        "Connect to unix:1 (local/TCP)",
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).ok_or(ParseError::new(c.offset(), "Connect from ADDRESS to ADDRESS (frontend/HTTP)"))
}

fn read<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    c.eat(b"Connect ")?;
    let source =
        if c.eat(b"from ").is_some() { c.until_str(b" to ")? } else { c.eat(b"to ").map(|_| &b""[..])? };
    let destination = c.until_str(b" (")?;
    let section = c.until_str(b")").filter(|_| c.is_empty())?;
    let slash = memchr::memrchr(b'/', section)?;
    let tcp = match &section[slash + 1..] {
        b"HTTP" => false,
        b"TCP" => true,
        _ => return None,
    };
    let (ip, port) = match memchr::memrchr(b':', source) {
        Some(colon) => (Some(&source[..colon]), uint(&source[colon + 1..])),
        None if source.is_empty() && destination.starts_with(b"unix:") => (Some(&destination[..4]), None),
        None => (None, None),
    };
    let f = HaproxyFields { frontend: Some(section[..slash].into()), tcp, ..HaproxyFields::default() };
    let a = Access {
        client_ip: ip.map(Into::into),
        client_port: port.and_then(|p| u16::try_from(p).ok()),
        haproxy: Some(f),
        extra: vec![("destination".into(), destination.into())],
        ..Access::default()
    };
    Some(access(ID, None, a))
}
