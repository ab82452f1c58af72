//! HAProxy formats and lines checked by hand.

use super::*;

#[test]
fn haproxy_httplog() {
    let Ok(Format::Compiled(f)) = parse_spec("haproxy:httplog") else { panic!("a format") };
    let (a, r) = access(
        &f,
        r#"2001:db8::1:54254 [21/Nov/2026:02:09:07.209] fe~ be/<NOSRV> 0/-1/-1/-1/+501 503 +217 - NAME=v sC-- 1/2/3/4/+1 5/6 {lab.test|a b #22q#22} {} "GET /r?q=#22 HTTP/1.1""#,
    );
    assert_eq!(r.stamp.expect("a time").to_iso(), "2026-11-21T02:09:07.209");
    assert_eq!((r.anchor, r.product), (Anchor::Start, Product::Haproxy));
    same!(a.client_ip, "2001:db8::1");
    assert_eq!((a.client_port, a.status, a.bytes), (Some(54254), Some(503), Some(217)));
    same!(a.path, "/r?q=\"");
    assert_eq!((a.duration_us, a.duration_unit_us), (Some(501_000), 1000));
    assert_eq!(extra(&a, "%CS").as_deref(), Some("NAME=v"));
    let h = a.haproxy.expect("HAProxy's fields");
    same!(h.frontend, "fe");
    assert!(h.tls && h.redispatched && !h.tcp && h.server.is_none());
    assert_eq!((h.tq, h.tw, h.tc, h.tr, h.tt), (Some(0), Some(-1), Some(-1), Some(-1), Some(501)));
    same!(h.termination_state, "sC--");
    assert_eq!(
        (h.actconn, h.feconn, h.beconn, h.srvconn, h.retries),
        (Some(1), Some(2), Some(3), Some(4), Some(1))
    );
    assert_eq!((h.srv_queue, h.backend_queue), (Some(5), Some(6)));
    same!(h.captured_request_headers, "lab.test|a b \"q\"");
    same!(h.captured_response_headers, "");
    let (a, _) = access(
        &f,
        r#"192.0.2.1:54254 [21/Nov/2026:02:09:07.209] fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
    );
    let h = a.haproxy.as_ref().expect("HAProxy's fields");
    assert!(h.captured_request_headers.is_none() && a.path.is_none());
    same!(a.request, "<BADREQ>");
}

#[test]
fn haproxy_cut_lines() {
    let Ok(Format::Compiled(f)) = parse_spec("haproxy:httplog") else { panic!("a format") };
    let line = format!(
        r#"192.0.2.1:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/3 200 217 - - ---- 1/1/0/0/0 0/0 "GET /{}"#,
        "x".repeat(900)
    );
    let (a, _) = access(&f, &line);
    assert_eq!((a.status, a.path.map(|p| p.len())), (Some(200), Some(901)));
    assert!(f.parse(&line.as_bytes()[..300]).is_err());
}

#[test]
fn haproxy_other_formats() {
    let Ok(Format::Compiled(f)) = parse_spec("haproxy:tcplog") else { panic!("a format") };
    let (a, _) =
        access(&f, "192.0.2.1:5 [21/Nov/2026:02:09:07.209] fetcp tcp_refused/s1 1/-1/500 0 SC 1/1/0/0/1 0/0");
    let h = a.haproxy.expect("HAProxy's fields");
    assert!(h.tcp);
    assert_eq!((h.tw, h.tc, h.tt, a.duration_us), (Some(1), Some(-1), Some(500), Some(500_000)));

    let f = haproxy(
        r#"%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"#,
    )
    .expect("a format");
    let (a, r) = access(
        &f,
        r#"127.0.0.1 - - [21/Nov/2026:02:10:05 +0000] "GET /ok HTTP/1.1" 200 66 "" "" 41222 123 "fe" "be" "s1" 0 0 0 1 1 "----" 1 1 0 0 0 0 0 "" "" "lab.test" "-" "#,
    );
    assert_eq!(r.stamp.expect("a time").to_iso(), "2026-11-21T02:10:05Z");
    same!(a.path, "/ok");
    same!(a.haproxy.expect("HAProxy's fields").server, "s1");

    let Ok(Format::Compiled(f)) = parse_spec("haproxy:httpslog") else { panic!("a format") };
    let (a, _) = access(
        &f,
        r#"192.0.2.1:5 [21/Nov/2026:02:09:07.209] fe~ be/s1 0/0/1/2/3 504 217 - - sH-- 1/1/0/0/0 0/0 "GET /hang HTTP/1.1" 0/0000000000000000/0/0/0 lab.test/TLSv1.3/TLS_AES_256_GCM_SHA384"#,
    );
    assert_eq!(extra(&a, "%[ssl_fc_sni]").as_deref(), Some("lab.test"));
    assert_eq!(extra(&a, "%sslc").as_deref(), Some("TLS_AES_256_GCM_SHA384"));

    let f = haproxy(
        r"%ci\ %T\ %ms\ %si:%sp\ %[capture.req.hdr(0)]\ %ID\ %[var(txn.trace_id)]\ %{+Q}[src,map(/a[1].map)]",
    )
    .expect("a format");
    let (a, r) = access(&f, r#"192.0.2.1 21/Nov/2026:02:10:05 +0000 042 10.0.0.1:80 h - t1 "x""#);
    assert_eq!(r.stamp.expect("a time").to_iso(), "2026-11-21T02:10:05.042Z");
    same!(a.upstream.addr, "10.0.0.1:80");
    assert!(a.upstream.has_addr);
    same!(a.request_id, "t1");
    assert_eq!(extra(&a, "%[src,map(/a[1].map)]").as_deref(), Some("x"));
    let (a, _) = access(&f, r#"192.0.2.1 21/Nov/2026:02:10:05 +0000 042 -:- h u1 - """#);
    assert!(a.upstream.addr.is_none());
    same!(a.request_id, "u1");
}

#[test]
fn haproxy_json() {
    let f = haproxy(
        "%{+json}o %(client)ci %(time)tr %(status:sint)ST %(request)r %(rid)[var(txn.rid)] %(request_id)[capture.req.hdr(0)] %(t)Ta %[src]",
    )
    .expect("a format");
    assert_eq!(f.notes().len(), 1);
    let (a, r) = access(
        &f,
        r##"{"client": "192.0.2.1", "time": "21/Nov/2026:02:09:07.209", "status": 502, "request": "GET /ok?x=#22y#22 HTTP/1.1", "rid": null, "request_id": "q\"1", "t": 30}"##,
    );
    assert_eq!((a.status, a.duration_us, r.stamp.is_some()), (Some(502), Some(30_000), true));
    same!(a.path, "/ok?x=\"y\"");
    same!(a.request_id, "q\"1");
    assert!(f.parse(b"no object").is_err());
}

#[test]
fn hand_written_haproxy_json() {
    let f = haproxy(r#"{"c":"%ci","p":%cp,"r":"%[capture.req.uri]","s":%ST,"tr":%Tr}"#).expect("a format");
    let (a, _) = access(&f, r#"{"c":"192.0.2.1","p":5,"r":"/a#22b","s":-1,"tr":-1}"#);
    same!(a.path, "/a\"b");
    assert_eq!((a.status, a.haproxy.expect("fields").tr), (Some(-1), Some(-1)));
}
