//! HAProxy `option httplog` and `option httpslog`.
//!
//! Only the head of the line can be cut at blanks: captured headers keep theirs. From there on the braces and the
//! quote lead, which HAProxy writes as `#7B`, `#7D` and `#22` inside the values.

use super::haproxy_fields::{
    Part, access, backend_server, connections, frontend, head, is_state, queues, request_id, set_duration,
    set_request, slashed, timers,
};
use super::{FormatDef, ParseError};
use crate::bytes::{Cursor, int, present};
use crate::{Access, Anchor, HaproxyFields, Kind, Product, Record};

const ID: &str = "haproxy-http";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy HTTP log (option httplog, option httpslog)",
    product: Product::Haproxy,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "HAProxy manual, section 8.2.3; src/log.c: default_http_log_format, default_https_log_format",
    samples: &[
        r#"127.0.0.1:54254 [21/Nov/2026:02:09:07.209] fe refused/s1 0/0/-1/-1/501 503 217 - - SC-- 1/1/0/0/1 0/0 {lab.test|} {} "GET /refused?q=1 HTTP/1.1""#,
        r#"192.0.2.16:57957 [21/Nov/2026:02:15:37.334] www api/api-1 0/0/0/18/18 200 358 - - ---- 1/1/0/0/0 0/0 "GET /api/v1/orders/1841 HTTP/1.1""#,
        r#"2001:db8::1:54254 [21/Nov/2026:02:09:07.209] fe~ be/s1 4/0/1/155/+276 200 +405 - SID=abc --VN 17/1/17/5/+2 0/0 "GET /hang HTTP/1.1" 0/0000000000000000/0/0/0 lab.test/TLSv1.3/TLS_AES_256_GCM_SHA384"#,
        r#"unix:1 [21/Nov/2026:02:09:09.254] fe fe/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read(&mut c).map_err(|expected| ParseError::new(c.offset(), expected))
}

fn read<'a>(c: &mut Cursor<'a>) -> Part<Record<'a>> {
    let head = head(c)?;
    let (fe, tls) = frontend(c)?;
    let (backend, server) = backend_server(c)?;
    let ([tq, tw, tc, tr, tt], vhost) = timers::<5>(c)?;
    let status = int(c.until(b' ').ok_or("the status")?).ok_or("the status")?;
    let bytes = int(c.until(b' ').ok_or("the bytes")?).ok_or("the bytes")?;
    let cookies = cookies_and_state(c).ok_or("the cookies and the termination state")?;

    let mut f = HaproxyFields {
        frontend: present(fe).map(Into::into),
        tls,
        backend: backend.map(Into::into),
        server: server.map(Into::into),
        tq: Some(tq),
        tw: Some(tw),
        tc: Some(tc),
        tr: Some(tr),
        tt: Some(tt),
        termination_state: Some(cookies.state.into()),
        ..HaproxyFields::default()
    };
    let mut a = Access {
        client_ip: head.ip.map(Into::into),
        client_port: head.port,
        status: i32::try_from(status).ok(),
        bytes: Some(bytes),
        vhost: vhost.and_then(present).map(Into::into),
        ..Access::default()
    };
    set_duration(&mut a, tt);
    for (name, value) in
        [("captured_request_cookie", cookies.request), ("captured_response_cookie", cookies.response)]
    {
        if let Some(value) = present(value) {
            a.extra.push((name.into(), value.into()));
        }
    }
    // A line that `len` cut may end anywhere from here.
    let token = c.before(b' ');
    if !token.is_empty() {
        connections(token, &mut f).ok_or("the connection counts")?;
    }
    if c.eat(b" ").is_some() && queues(c.before(b' '), &mut f).is_some() {
        c.eat(b" ");
    }
    captured(c, &mut a, &mut f);
    request(c, &mut a);
    a.haproxy = Some(f);
    Ok(access(ID, Some(head.stamp), a))
}

struct Cookies<'a> {
    request: &'a [u8],
    response: &'a [u8],
    state: &'a [u8],
}

/// `%CC %CS %tsc `. A cookie is logged raw: if it holds blanks, the state is the token that has the
/// connection counts after it.
fn cookies_and_state<'a>(c: &mut Cursor<'a>) -> Option<Cookies<'a>> {
    let start = *c;
    let request = c.until(b' ')?;
    let response = c.until(b' ')?;
    let state = c.before(b' ');
    c.eat(b" ");
    if is_state(state) {
        return Some(Cookies { request, response, state });
    }
    let mut probe = start;
    let all = start.rest();
    loop {
        let at = probe.offset() - start.offset();
        let token = probe.until(b' ')?;
        if is_state(token) && at > 0 && slashed::<5>(before_blank(probe.rest())).is_some() {
            *c = probe;
            let both = &all[..at - 1];
            let cut = memchr::memchr(b' ', both).unwrap_or(both.len());
            let response = both.get(cut + 1..).unwrap_or_default();
            return Some(Cookies { request: &both[..cut], response, state: token });
        }
    }
}

fn before_blank(b: &[u8]) -> &[u8] {
    &b[..memchr::memchr(b' ', b).unwrap_or(b.len())]
}

/// `{a|b} {c}`: with one block alone, the line does not say which side it is; it is taken for the request's.
fn captured<'a>(c: &mut Cursor<'a>, a: &mut Access<'a>, f: &mut HaproxyFields<'a>) {
    for place in [&mut f.captured_request_headers, &mut f.captured_response_headers] {
        if c.eat(b"{").is_none() {
            break;
        }
        let inside = c.until(b'}').unwrap_or_else(|| c.run(|_| true));
        c.eat(b" ");
        *place = Some(inside.into());
        if a.request_id.is_none() {
            a.request_id = request_id(inside, b'|').map(Into::into);
        }
    }
}

/// The quoted request and what follows it. A quote in the request is `#22`, so the next one ends it; one that
/// something else undid is passed over if it is not at the end of a word. Without an end the line was cut.
fn request<'a>(c: &mut Cursor<'a>, a: &mut Access<'a>) {
    if c.is_empty() {
        return;
    }
    if c.peek() != Some(b'"') {
        let mut probe = *c;
        match probe.until_str(b" \"") {
            Some(unknown) => {
                a.extra.push(("fields".into(), unknown.into()));
                *c = probe;
            }
            // A format of one's own without the quotes.
            None if memchr::memmem::find(c.rest(), b" HTTP/").is_some() => {
                return set_request(a, c.run(|_| true));
            }
            None => return a.extra.push(("fields".into(), c.run(|_| true).into())),
        }
    } else {
        c.eat(b"\"");
    }
    let rest = c.rest();
    let end = memchr::memchr_iter(b'"', rest).find(|i| matches!(rest.get(i + 1), None | Some(b' ')));
    match end {
        Some(end) => {
            set_request(a, &rest[..end]);
            tail(rest[end + 1..].trim_ascii(), a);
        }
        None => {
            set_request(a, rest);
            a.extra.push(("truncated".into(), b"request".as_slice().into()));
        }
    }
}

/// `option httpslog` goes on after the request: errors of the client's connection and of TLS, then server name,
/// version and cipher.
fn tail<'a>(rest: &'a [u8], a: &mut Access<'a>) {
    const ERRORS: [&str; 5] = ["fc_err", "ssl_fc_err", "ssl_c_err", "ssl_c_ca_err", "ssl_fc_is_resumed"];
    const TLS: [&str; 3] = ["ssl_fc_sni", "ssl_version", "ssl_ciphers"];
    if rest.is_empty() {
        return;
    }
    let mut words = rest.splitn(2, |b| *b == b' ');
    let (errors, tls) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let slashes = |b: &[u8]| memchr::memchr_iter(b'/', b).count();
    if slashes(errors) != ERRORS.len() - 1 || slashes(tls) != TLS.len() - 1 {
        return a.extra.push(("tail".into(), rest.into()));
    }
    let names = ERRORS.iter().chain(&TLS);
    let values = errors.split(|b| *b == b'/').chain(tls.split(|b| *b == b'/'));
    for (name, value) in names.zip(values) {
        if let Some(value) = present(value) {
            a.extra.push(((*name).into(), value.into()));
        }
    }
}
