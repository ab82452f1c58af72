//! Envoy's default access log, and Istio's, which has three more fields after the response flags.

use super::clf::set_request;
use super::words;
use crate::bytes::{Cursor, int, present};
use crate::{Access, Anchor, FormatDef, Kind, ParseError, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "envoy",
    title: "Envoy access log, also as Istio's sidecar writes it",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "Envoy manual, access logging, default format string; Istio pkg/config/mesh, EnvoyTextLogFormat",
    samples: &[
        r#"[2026-11-20T10:00:00.123Z] "GET /x HTTP/1.1" 503 UF 0 91 3 - "-" "curl/8.5.0" "c2f1e5ff-d510-26d1-15d8-9de80e20beec" "shop.example" "10.0.0.2:80""#,
        r#"[2026-11-20T10:00:00.123Z] "POST /pay HTTP/2" 200 - via_upstream - "-" 12 34 56 55 "203.0.113.9" "okhttp/4" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "pay" "10.0.0.3:8080" outbound|80||pay.default.svc.cluster.local 10.0.0.4:3412 10.9.8.7:80 10.0.0.4:5000 - default"#,
    ],
    parse: |line| {
        read(line).ok_or(ParseError::new(0, "[start] \"request\" status flags received sent duration"))
    },
};

fn read<'a>(line: &'a [u8]) -> Option<Record<'a>> {
    let (stamp, rest) = Stamp::iso(line.strip_prefix(b"[")?)?;
    let mut c = Cursor::new(rest);
    c.eat(b"] ")?;
    let mut access = Access::default();
    set_request(&mut access, c.quoted()?);
    c.eat(b" ")?;
    access.status = Some(int(c.until(b' ')?)? as i32);
    let flags = c.until(b' ')?;
    if flags.is_empty() || !flags.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b',' | b'_'))
    {
        return None;
    }
    let mut extra = Vec::new();
    let mut keep = |name: &'static str, value: &'a [u8]| {
        if let Some(value) = present(value) {
            extra.push((name.into(), Text::Borrowed(value)));
        }
    };
    keep("response_flags", flags);
    // Istio: details of the response and of the connection's end, the reason of the transport's failure
    if !c.peek()?.is_ascii_digit() {
        keep("response_code_details", c.until(b' ')?);
        keep("connection_termination_details", c.until(b' ')?);
        keep("upstream_transport_failure_reason", c.quoted()?);
        c.eat(b" ")?;
    }
    access.request_length = Some(int(c.until(b' ')?)?);
    access.bytes = Some(int(c.until(b' ')?)?);
    let ms = int(c.until(b' ')?)?;
    access.duration_us = (ms >= 0).then(|| ms.saturating_mul(1000));
    access.duration_unit_us = 1000;
    let upstream_ms = c.before(b' ');
    keep("upstream_service_time", upstream_ms);
    let mut quoted = || {
        c.eat(b" ")?;
        c.quoted().map(|v| present(v).map(Text::Borrowed))
    };
    access.xff = quoted()?;
    access.user_agent = quoted()?;
    access.request_id = quoted()?;
    access.host = quoted()?;
    access.upstream.addr = quoted()?;
    access.upstream.has_addr = true;
    access.extra = extra;
    Some(words::access(&FORMAT, Some(stamp), Anchor::Start, access))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn both_layouts() {
        for (i, status, us, peer) in [(0, 503, 3000, "10.0.0.2:80"), (1, 200, 56_000, "10.0.0.3:8080")] {
            let r = read(FORMAT.samples[i].as_bytes()).expect(FORMAT.samples[i]);
            let Body::Access(a) = r.body else { panic!("a request") };
            assert_eq!((a.status, a.duration_us), (Some(status), Some(us)));
            assert_eq!(a.upstream.addr.as_deref(), Some(peer.as_bytes()));
            assert!(a.request_id.is_some());
        }
        let flags = |i: usize| match read(FORMAT.samples[i].as_bytes()).map(|r| r.body) {
            Some(Body::Access(a)) => a.extra.first().map(|(_, v)| v.clone().into_owned()),
            _ => None,
        };
        assert_eq!(flags(0).as_deref(), Some(&b"UF"[..]));
    }
}
