//! Load balancers of Amazon's cloud in front of or behind a proxy: the Application Load Balancer's access log.

use super::clf::set_request;
use super::words;
use crate::bytes::{Cursor, int, present, seconds_us, split_port};
use crate::{Access, Anchor, FormatDef, Kind, ParseError, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "aws-alb",
    title: "AWS Application Load Balancer access log",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "Elastic Load Balancing user guide for Application Load Balancers, access log entries",
    samples: &[
        r#"https 2026-11-20T10:00:00.123456Z app/shop/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.2:80 0.000 0.001 0.000 502 - 34 366 "GET https://shop.example:443/x HTTP/1.1" "curl/8.5.0" - - arn:aws:x "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2026-11-20T10:00:00.122000Z "forward" "-" "-" "10.0.0.2:80" "-" "-" "-""#,
    ],
    parse: |line| read(line).ok_or(ParseError::new(0, "type time balancer client target times statuses")),
};

fn read(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    if !matches!(c.until(b' ')?, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss") {
        return None;
    }
    let (stamp, rest) = Stamp::iso(c.until(b' ')?)?;
    if !rest.is_empty() {
        return None;
    }
    let name = c.until(b' ')?;
    let (ip, port) = split_port(c.until(b' ')?);
    let mut access =
        Access { client_ip: present(ip).map(Text::Borrowed), client_port: port, ..Access::default() };
    access.upstream.name = present(name).map(Text::Borrowed);
    access.upstream.addr = present(c.until(b' ')?).map(Text::Borrowed);
    access.upstream.has_addr = true;
    // request, target and response processing; -1 where the target did not answer
    let mut total = Some(0);
    for place in 0..3 {
        let time = c.until(b' ')?;
        let us = seconds_us(time)?;
        total = total.filter(|_| us >= 0).map(|t: i64| t.saturating_add(us));
        if place == 1 && us >= 0 {
            access.upstream.response_time = Some(Text::Borrowed(time));
        }
    }
    (access.duration_us, access.duration_unit_us) = (total, 1000);
    access.status = int(c.until(b' ')?).map(|s| s as i32);
    access.upstream.status = present(c.until(b' ')?).map(Text::Borrowed);
    access.request_length = int(c.until(b' ')?);
    access.bytes = int(c.until(b' ')?);
    set_request(&mut access, c.quoted()?);
    c.eat(b" ")?;
    access.user_agent = present(c.quoted()?).map(Text::Borrowed);
    if let Some(at) = memchr::memmem::find(c.rest(), b"\"Root=") {
        let id = &c.rest()[at + 1..];
        access.request_id = present(&id[..memchr::memchr(b'"', id)?]).map(Text::Borrowed);
    }
    Some(words::access(&FORMAT, Some(stamp), Anchor::End, access))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn a_target_that_closed() {
        let Body::Access(a) = read(FORMAT.samples[0].as_bytes()).expect("a line").body else {
            panic!("a request")
        };
        assert_eq!((a.status, a.upstream.status.as_deref()), (Some(502), None));
        assert_eq!((a.duration_us, a.client_port), (Some(1000), Some(2817)));
        assert_eq!(a.upstream.addr.as_deref(), Some(&b"10.0.0.2:80"[..]));
        assert!(a.request_id.is_some_and(|id| id.starts_with(b"Root=1-")));
    }
}
