//! Access lines of nginx's stream module (TCP and UDP), which has no layout of its own: the one that its manual shows
//! in `ngx_stream_log_module`, with or without the upstream fields.

use super::clf::{Tok, Tokens};
use super::{FormatDef, ParseError};
use crate::bytes::{Cursor, present, seconds_and_unit, split_port, uint};
use crate::{Access, Anchor, Body, Kind, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "nginx-stream",
    title: "nginx stream access log",
    product: Product::Nginx,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "nginx manual, ngx_stream_log_module; variables in src/stream/ngx_stream_upstream.c",
    samples: &[
        r#"192.0.2.7 [21/Nov/2026:01:50:53 +0000] TCP 200 1420 517 0.031"#,
        r#"192.0.2.7 [21/Nov/2026:01:50:53 +0000] TCP 502 0 0 0.000 "10.0.0.1:5432, 10.0.0.2:5432" "0, 0" "0, 0" "-, -""#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    let client = c.until(b' ').ok_or(ParseError::new(0, "a client"))?;
    c.eat(b"[").ok_or(ParseError::new(c.offset(), "a bracket and a time"))?;
    let (stamp, rest) = Stamp::clf(c.rest()).ok_or(ParseError::new(c.offset(), "a time"))?;
    let at = |c: &Cursor<'_>| line.len() - c.rest().len();
    let mut c = Cursor::new(rest);
    c.eat(b"] ").ok_or(ParseError::new(at(&c), "the end of the time"))?;
    let protocol = c.until(b' ').filter(|p| matches!(*p, b"TCP" | b"UDP"));
    let protocol = protocol.ok_or(ParseError::new(at(&c), "TCP or UDP"))?;
    let status = c.until(b' ').filter(|s| s.len() == 3).and_then(uint);
    let status = status.ok_or(ParseError::new(at(&c), "a status"))?;
    let sent = c.until(b' ').and_then(uint).ok_or(ParseError::new(at(&c), "the bytes sent"))?;
    let received = c.until(b' ').and_then(uint).ok_or(ParseError::new(at(&c), "the bytes received"))?;
    let time = c.before(b' ');
    let (us, unit) = seconds_and_unit(time).ok_or(ParseError::new(at(&c), "the time of the session"))?;

    let (ip, port) = split_port(client);
    let mut access = Access {
        client_ip: present(ip).map(Text::Borrowed),
        client_port: port,
        status: Some(status as i32),
        bytes: Some(sent as i64),
        request_length: Some(received as i64),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    };
    access.extra.push(("protocol".into(), Text::Borrowed(protocol)));
    let text = |v: &'_ [u8]| present(v).is_some();
    for (i, t) in Tokens::new(c.rest()).enumerate() {
        let (Tok::Quoted(v) | Tok::Bare(v) | Tok::Bracket(v) | Tok::Pair(_, v)) = t;
        let value = text(v).then_some(Text::Borrowed(v));
        match i {
            0 => {
                access.upstream.addr = value;
                access.upstream.has_addr = true;
            }
            1 => access.extra.extend(value.map(|v| ("upstream_bytes_sent".into(), v))),
            2 => access.upstream.bytes_received = value,
            3 => access.upstream.connect_time = value,
            _ => super::clf::guess(v, i, &mut access),
        }
    }
    Ok(Record {
        format: FORMAT.id,
        product: Product::Nginx,
        stamp: Some(stamp),
        anchor: Anchor::End,
        envelope: None,
        body: Body::Access(access),
    })
}
