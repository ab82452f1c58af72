//! HAProxy `option tcplog`.

use super::haproxy_fields::{
    Part, access, backend_server, connections, frontend, head, is_state, queues, set_duration, timers,
};
use super::{FormatDef, ParseError};
use crate::bytes::{Cursor, int, present};
use crate::{Access, Anchor, HaproxyFields, Kind, Product, Record};

const ID: &str = "haproxy-tcp";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy TCP log (option tcplog)",
    product: Product::Haproxy,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "HAProxy manual, section 8.2.2; src/log.c: default_tcp_log_format",
    samples: &[
        "127.0.0.1:54254 [21/Nov/2026:02:09:07.209] fetcp tcp_refused/s1 1/-1/500 0 SC 1/1/0/0/1 0/0",
        "10.0.0.9:40962 [21/Nov/2026:02:09:07.209] main~ app/<NOSRV> -1/-1/+1 +212 SC 1/1/0/0/+3 0/0",
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
    let ([tw, tc, tt], vhost) = timers::<3>(c)?;
    let bytes = int(c.until(b' ').ok_or("the bytes")?).ok_or("the bytes")?;
    let state = c.before(b' ');
    if !is_state(state) {
        return Err("the termination state");
    }
    let mut f = HaproxyFields {
        frontend: present(fe).map(Into::into),
        tls,
        backend: backend.map(Into::into),
        server: server.map(Into::into),
        tw: Some(tw),
        tc: Some(tc),
        tt: Some(tt),
        termination_state: Some(state.into()),
        tcp: true,
        ..HaproxyFields::default()
    };
    let mut a = Access {
        client_ip: head.ip.map(Into::into),
        client_port: head.port,
        bytes: Some(bytes),
        vhost: vhost.and_then(present).map(Into::into),
        ..Access::default()
    };
    set_duration(&mut a, tt);
    // A shorter format of one's own, or a cut line, ends here.
    if c.eat(b" ").is_some() {
        connections(c.before(b' '), &mut f).ok_or("the connection counts")?;
        if c.eat(b" ").is_some() && queues(c.before(b' '), &mut f).is_some() {
            c.eat(b" ");
        }
        if !c.is_empty() {
            a.extra.push(("tail".into(), c.rest().into()));
        }
    }
    a.haproxy = Some(f);
    Ok(access(ID, Some(head.stamp), a))
}
