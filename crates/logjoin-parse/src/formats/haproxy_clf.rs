//! HAProxy `option httplog clf` and `option tcplog clf`: a common log line with HAProxy's fields after it.
//!
//! Strings are quoted, numbers are not; the date is UTC with whole seconds, the milliseconds follow as a field.

use super::haproxy_fields::{Part, access, request_id, server, set_duration, set_request};
use super::{FormatDef, ParseError};
use crate::bytes::{Cursor, int, present, uint};
use crate::{Access, Anchor, HaproxyFields, Kind, Precision, Product, Record, Stamp};

const ID: &str = "haproxy-clf";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy CLF log (option httplog clf, option tcplog clf)",
    product: Product::Haproxy,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "HAProxy manual, section 8.2.3; src/log.c: clf_http_log_format, clf_tcp_log_format",
    samples: &[
        r#"192.0.2.4 - - [21/Nov/2026:02:10:05 +0000] "GET /ok HTTP/1.1" 503 217 "" "" 40780 133 "fe" "be" "s1" 0 0 -1 -1 501 "SC--" 1 1 0 0 3 0 0 "-" "-" "#,
        r#"192.0.2.4 - - [21/Nov/2026:02:10:05 +0000] "TCP " 000 0 "" "" 40780 133 "fetcp" "be" "<NOSRV>" 0 -1 -1 501 77 "SC"-- 1 1 0 0 3 0 0 "" "" "#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).map_err(|expected| ParseError::new(c.offset(), expected))
}

fn read<'a>(c: &mut Cursor<'a>) -> Part<Record<'a>> {
    let ip = c.until(b' ').ok_or("the client's address")?;
    c.eat(b"- - [").ok_or("no user")?;
    let date = c.until(b']').ok_or("the end of the date")?;
    let (mut stamp, _) = Stamp::clf(date).filter(|(_, rest)| rest.is_empty()).ok_or("a date")?;
    c.eat(b" \"").ok_or("the request")?;
    let request = c.until_str(b"\" ").ok_or("the end of the request")?;
    let status = number(c, "the status")?;
    let bytes = number(c, "the bytes")?;
    // Here another program's combined line has its referrer.
    c.eat(b"\"\" \"\" ").ok_or("two empty strings")?;
    let port = uint(field(c)).ok_or("the client's port")?;
    let millis = uint(field(c)).filter(|ms| *ms < 1000).ok_or("the milliseconds")?;
    stamp.wall_ns += millis as i64 * 1_000_000;
    stamp.precision = Precision::Millis;

    let fe = field(c);
    let mut f = HaproxyFields {
        frontend: present(fe.strip_suffix(b"~").unwrap_or(fe)).map(Into::into),
        tls: fe.ends_with(b"~"),
        backend: present(field(c)).map(Into::into),
        server: server(field(c)).map(Into::into),
        tcp: request == b"TCP ",
        ..HaproxyFields::default()
    };
    let mut a = Access {
        client_ip: present(ip).map(Into::into),
        client_port: u16::try_from(port).ok(),
        bytes: Some(bytes),
        ..Access::default()
    };
    if f.tcp {
        number(c, "the handshake time")?;
        f.tw = Some(number(c, "the queue time")?);
        f.tc = Some(number(c, "the connect time")?);
        f.tt = Some(number(c, "the total time")?);
        a.request_length = Some(number(c, "the bytes from the client")?);
    } else {
        set_request(&mut a, request);
        a.status = i32::try_from(status).ok();
        f.tq = Some(number(c, "the request time")?);
        f.tw = Some(number(c, "the queue time")?);
        f.tc = Some(number(c, "the connect time")?);
        f.tr = Some(number(c, "the response time")?);
        f.tt = Some(number(c, "the total time")?);
    }
    set_duration(&mut a, f.tt.unwrap_or(-1));
    f.termination_state = present(field(c)).map(Into::into);
    f.actconn = Some(number(c, "the connection counts")?);
    f.feconn = Some(number(c, "the connection counts")?);
    f.beconn = Some(number(c, "the connection counts")?);
    f.srvconn = Some(number(c, "the connection counts")?);
    f.redispatched = c.peek() == Some(b'+');
    f.retries = Some(number(c, "the retries")?);
    f.srv_queue = Some(number(c, "the server's queue")?);
    f.backend_queue = Some(number(c, "the backend's queue")?);
    for name in ["captured_request_cookie", "captured_response_cookie"] {
        if let Some(value) = present(field(c)) {
            a.extra.push((name.into(), value.into()));
        }
    }
    // Header values are quoted one by one; where the request's end is not written.
    if let Some(headers) = present(c.rest().trim_ascii()) {
        a.request_id = request_id(headers, b'"').map(Into::into);
        f.captured_request_headers = Some(headers.into());
    }
    a.haproxy = Some(f);
    Ok(access(ID, Some(stamp), a))
}

/// The next field without its quotes, and the blank after it. `"SC"--` is the field `SC`.
fn field<'a>(c: &mut Cursor<'a>) -> &'a [u8] {
    let value = match c.eat(b"\"").and_then(|()| c.until(b'"')) {
        Some(inside) => {
            c.before(b' ');
            inside
        }
        None => c.before(b' '),
    };
    c.eat(b" ");
    value
}

fn number(c: &mut Cursor<'_>, expected: &'static str) -> Part<i64> {
    int(field(c)).ok_or(expected)
}
