//! Formats and lines checked by hand.

use super::*;
use crate::{Access, Format, Text};

fn access<'a>(format: &Compiled, line: &'a str) -> (Access<'a>, Record<'a>) {
    let record = format.parse(line.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{line}"));
    let Body::Access(a) = &record.body else { panic!("an access line") };
    (a.clone(), record)
}

fn s(value: &Option<Text<'_>>) -> Option<String> {
    value.as_ref().map(|v| String::from_utf8_lossy(v).into_owned())
}

fn extra(a: &Access<'_>, name: &str) -> Option<String> {
    a.extra.iter().find(|(n, _)| n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}

macro_rules! same {
    ($value:expr, None) => {
        assert_eq!(s(&$value), None)
    };
    ($value:expr, $text:expr) => {
        assert_eq!(s(&$value).as_deref(), Some($text))
    };
}

const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

#[test]
fn nginx_combined() {
    let f = nginx(COMBINED, Escape::Default).expect("a format");
    let (a, r) = access(
        &f,
        r#"2001:db8::7 - al ice [21/Nov/2026:01:50:53 +0100] "GET /a\x22b?c=d HTTP/1.1" 502 157 "-" "a \x5Cx22 b""#,
    );
    assert_eq!((r.product, r.anchor, r.kind()), (Product::Nginx, Anchor::End, Kind::Access));
    assert_eq!(r.stamp.expect("a time").to_iso(), "2026-11-21T01:50:53+01:00");
    same!(a.client_ip, "2001:db8::7");
    same!(a.user, "al ice");
    same!(a.method, "GET");
    same!(a.path, r#"/a"b?c=d"#);
    same!(a.http_version, "1.1");
    assert_eq!((a.status, a.bytes), (Some(502), Some(157)));
    same!(a.referrer, None);
    same!(a.user_agent, r"a \x22 b");
    assert!(!a.upstream.has_addr && a.haproxy.is_none() && a.extra.is_empty());
    assert_eq!(f.fields().nth(2), Some("time_local"));
}

#[test]
fn nothing_is_allocated_without_escapes() {
    let f = nginx(COMBINED, Escape::Default).expect("a format");
    let line = r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /a HTTP/1.1" 200 1 "http://x/" "curl/8""#;
    let (a, _) = access(&f, line);
    for value in [a.client_ip, a.method, a.path, a.request, a.http_version, a.referrer, a.user_agent] {
        assert!(matches!(value, Some(std::borrow::Cow::Borrowed(_))));
    }
    assert_eq!(a.extra.capacity(), 0);
}

#[test]
fn bad_requests_of_combined() {
    let f = nginx(COMBINED, Escape::Default).expect("a format");
    let (a, _) = access(&f, r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "\x16\x03\x01" 400 0 "-" "-""#);
    assert_eq!(a.request.as_deref(), Some(&b"\x16\x03\x01"[..]));
    same!(a.method, None);
    let (a, _) = access(&f, r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "" 000 0 "-" "-""#);
    assert_eq!((a.request.is_none(), a.status), (true, Some(0)));
    for line in [
        "",
        "192.0.2.7",
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-""#,
        r#"192.0.2.7 - - [31/Feb/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-" "x""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" ok 5 "-" "x""#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-" "x" more"#,
    ] {
        assert!(f.parse(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn nginx_upstream_lists_without_quotes() {
    let f = nginx(
        r#"$remote_addr "$request" $status $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
        Escape::Default,
    )
    .expect("a format");
    let (a, r) = access(
        &f,
        r#"10.0.0.9 "GET / HTTP/1.1" 200 410 0.005 [shop-web-80] [] 10.0.0.1:80, [::1]:80 : 10.0.0.3:80 0, 2 : 3 0.001, 0.004 : 0.010 502, 502 : 200 5f7e"#,
    );
    same!(a.upstream.addr, "10.0.0.1:80, [::1]:80 : 10.0.0.3:80");
    same!(a.upstream.response_length, "0, 2 : 3");
    same!(a.upstream.status, "502, 502 : 200");
    same!(a.upstream.name, "shop-web-80");
    same!(a.request_id, "5f7e");
    assert_eq!((a.duration_us, a.duration_unit_us), (Some(5000), 1000));
    assert!(r.stamp.is_none() && a.upstream.has_addr && !a.upstream.has_header_time);
    assert_eq!(a.upstream.attempts().len(), 3);

    let (a, _) = access(&f, r#"10.0.0.9 "GET / HTTP/1.1" 503 410 0.000 [shop-web-80] [] - - - - 5f7e"#);
    same!(a.upstream.addr, None);
    assert!(a.upstream.attempts().is_empty());
    // A pass without a server leaves an empty last element.
    let (a, _) = access(
        &f,
        r#"10.0.0.9 "GET / HTTP/1.1" 502 410 0.000 [b] [] 10.0.0.1:80 :  0 :  0.001 :  502 :  5f7e"#,
    );
    same!(a.upstream.addr, "10.0.0.1:80 : ");
    same!(a.upstream.status, "502 : ");
    same!(a.request_id, "5f7e");
}

#[test]
fn nginx_named_values() {
    let f = nginx(
        r#"$remote_addr - $remote_user [$time_iso8601] "$request" $status $body_bytes_sent rt=$request_time c=$connection cr=$connection_requests id=$request_id ua="$upstream_addr" us="$upstream_status" uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ubr="$upstream_bytes_received""#,
        Escape::Default,
    )
    .expect("a format");
    let (a, r) = access(
        &f,
        r#"10.0.0.9 - - [2026-11-21T01:50:53+00:00] "GET / HTTP/1.1" 502 1 rt=1.250 c=55 cr=3 id=0af1 ua="10.0.0.1:80 : " us="502 : " uct="- : " uht="- : " urt="0.001 : " ubr="0 : ""#,
    );
    same!(a.upstream.addr, "10.0.0.1:80 : ");
    assert_eq!((a.connection_id, a.connection_requests), (Some(55), Some(3)));
    assert_eq!(a.duration_us, Some(1_250_000));
    assert!(a.upstream.has_header_time);
    assert_eq!(r.stamp.expect("a time").offset_s, Some(0));
}

#[test]
fn nginx_json() {
    let f = nginx(
        r#"{"t":"$msec","req":"$request_method $request_uri","st":$status,"urt":$upstream_response_time,"ua":"$http_user_agent","tenant":"${tenant}"}"#,
        Escape::Json,
    )
    .expect("a format");
    let (a, r) = access(
        &f,
        r#"{"t":"1795225853.123","req":"GET /a b?\"x\\","st":499,"urt":,"ua":"caf\u0001","tenant":""}"#,
    );
    same!(a.path, r#"/a b?"x\"#);
    same!(a.user_agent, "caf\u{1}");
    assert_eq!((a.status, a.upstream.response_time, a.extra.len()), (Some(499), None, 0));
    let stamp = r.stamp.expect("a time");
    assert_eq!(
        (stamp.to_iso().as_str(), stamp.precision),
        ("2026-11-21T01:50:53.123Z", crate::Precision::Millis)
    );
    let (a, _) = access(
        &f,
        r#"{"t":"1795225853.123","req":"GET /","st":200,"urt":0.001, 0.002 : 0.003,"ua":"","tenant":"t1"}"#,
    );
    same!(a.upstream.response_time, "0.001, 0.002 : 0.003");
    assert_eq!(extra(&a, "tenant").as_deref(), Some("t1"));
}

#[test]
fn nothing_escaped_looks_further() {
    let f = nginx(r#"$remote_addr "$request" $status "$http_user_agent" $request_id"#, Escape::None)
        .expect("a format");
    let (a, _) = access(&f, r#"10.0.0.9 "GET /a" b" 200 HTTP/1.1" 404 "x" 200 "y" z" r-1"#);
    assert_eq!(a.status, Some(404));
    same!(a.path, r#"/a" b" 200"#);
    same!(a.user_agent, r#"x" 200 "y" z"#);
    same!(a.request_id, "r-1");
}

#[test]
fn paths_in_parts() {
    let f = nginx("$scheme://$host$uri$is_args$args $status", Escape::Default).expect("a format");
    let (a, _) = access(&f, "https://shop.example:8443/a/b?c=d 200");
    same!(a.host, "shop.example:8443");
    same!(a.path, "/a/b?c=d");
    assert_eq!(extra(&a, "scheme").as_deref(), Some("https"));
    let (a, _) = access(&f, "https://shop.example/a- 200");
    same!(a.path, "/a");
    let f = apache_access(r#"%h "%m %U%q %H" %s"#).expect("a format");
    let (a, _) = access(&f, r#"h "GET /a?b HTTP/1.1" 200"#);
    same!(a.path, "/a?b");
    same!(a.http_version, "1.1");
    assert_eq!(f.fields().nth(2), Some("%U%q"));
}

#[test]
fn one_place_one_field() {
    let f = nginx(
        "$bytes_sent $body_bytes_sent $request_id $http_x_request_id $time_local $msec",
        Escape::Default,
    )
    .expect("a format");
    let (a, r) = access(&f, "300 100 a b 21/Nov/2026:01:50:53 +0100 1795225853.123");
    assert_eq!(a.bytes, Some(100));
    assert_eq!(extra(&a, "bytes_sent").as_deref(), Some("300"));
    same!(a.request_id, "a");
    assert_eq!(extra(&a, "http_x_request_id").as_deref(), Some("b"));
    assert_eq!(r.stamp.expect("a time").precision, crate::Precision::Millis);
    let (a, _) = access(&f, "300 100 - b 21/Nov/2026:01:50:53 +0100 1795225853.123");
    same!(a.request_id, "b");
}

#[test]
fn apache_directives() {
    let f = apache_access(
        r#"%v:%p %a %{c}a %l %u %t \"%r\" %s %>s %b %O %I %D %T %{ms}T %X %L %k %P %{tid}P \"%{Referer}i\" \"%{User-Agent}i\" %{UNIQUE_ID}e %{BALANCER_NAME}e %{BALANCER_WORKER_NAME}e %!200,304{X-Why}i %{Foobar}C"#,
    )
    .expect("a format");
    let (a, r) = access(
        &f,
        r#"shop.example:80 192.0.2.1 10.0.0.9 - "" [21/Nov/2026:01:59:48 +0000] "GET /\xc3\xa9\"\\ HTTP/1.1" 200 503 - 512 300 1234567 1 1234 X abc 2 77 140 "-" "a\tb" Zx- balancer://b1 http://10.0.0.1:8080/app why -"#,
    );
    assert_eq!((r.product, r.anchor), (Product::Apache, Anchor::Start));
    same!(a.vhost, "shop.example");
    same!(a.client_ip, "192.0.2.1");
    same!(a.user, None);
    same!(a.path, "/é\"\\");
    assert_eq!((a.status, a.bytes, a.request_length), (Some(503), None, Some(300)));
    assert_eq!((a.duration_us, a.duration_unit_us), (Some(1_234_567), 1));
    assert_eq!((a.aborted, a.has_error_log_id), (Some(true), true));
    same!(a.error_log_id, "abc");
    assert_eq!((a.connection_requests, a.pid, a.tid), (Some(2), Some(77), Some(140)));
    same!(a.user_agent, "a\tb");
    same!(a.request_id, "Zx-");
    same!(a.upstream.name, "b1");
    same!(a.upstream.addr, "10.0.0.1:8080");
    assert_eq!(extra(&a, "%{X-Why}i").as_deref(), Some("why"));
    assert_eq!(extra(&a, "%s").as_deref(), Some("200"));
}

#[test]
fn apache_times() {
    let stamp = |format: &str, line: &str| {
        let f = apache_access(format).unwrap_or_else(|e| panic!("{e}"));
        let (_, r) = access(&f, line);
        (r.stamp.expect("a time").to_iso(), r.anchor)
    };
    let start = |t: &str| (t.to_owned(), Anchor::Start);
    assert_eq!(
        stamp("[%{%d/%b/%Y:%H:%M:%S}t.%{usec_frac}t %{%z}t] %s", "[21/Nov/2026:02:47:42.354630 +0100] 200"),
        start("2026-11-21T02:47:42.354630+01:00")
    );
    assert_eq!(
        stamp("%t %{msec_frac}t", "[21/Nov/2026:02:47:42 +0000] 007"),
        start("2026-11-21T02:47:42.007Z")
    );
    assert_eq!(
        stamp("%{%Y-%m-%d %H:%M:%S}t,%{msec_frac}t %s", "2026-11-21 02:47:42,354 200"),
        start("2026-11-21T02:47:42.354")
    );
    assert_eq!(stamp("%{sec}t.%{msec_frac}t", "1795225853.120"), start("2026-11-21T01:50:53.120Z"));
    assert_eq!(stamp("%{usec}t", "1795225853120001"), start("2026-11-21T01:50:53.120001Z"));
    assert_eq!(
        stamp("%t %{end:usec}t", "[21/Nov/2026:02:47:42 +0000] 1795225853120001"),
        ("2026-11-21T01:50:53.120001Z".to_owned(), Anchor::End)
    );
    assert_eq!(stamp("%{end:%FT%T%z}t", "2026-11-21T02:47:42+0100").1, Anchor::End);
}

fn error_line<'a>(f: &Compiled, line: &'a str) -> (ErrorLine<'a>, Record<'a>) {
    let record = f.parse(line.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{line}"));
    let Body::Error(e) = &record.body else { panic!("an error line") };
    (e.clone(), record)
}

#[test]
fn apache_error_lines() {
    let f =
        apache_error(r"[%{u}t] [%-m:%l] [pid %P:tid %T] %7F: %E: [client\ %a] %M% ,\ referer\ %{Referer}i")
            .expect("a format");
    let (e, r) = error_line(
        &f,
        "[Sat Nov 21 01:59:48.882323 2026] [proxy:error] [pid 27659:tid 27812] (111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:20199 (127.0.0.1:20199) failed",
    );
    assert_eq!((r.anchor, r.kind()), (Anchor::Event, Kind::Error));
    assert_eq!(r.stamp.expect("a time").to_iso(), "2026-11-21T01:59:48.882323");
    same!(e.module, "proxy");
    same!(e.level, "error");
    assert_eq!((e.pid, e.tid, e.os_error_code, e.is_eai), (Some(27659), Some(27812), Some(111), false));
    same!(e.os_error, "Connection refused");
    same!(e.error_code, "AH00957");
    assert_eq!(e.message.as_ref(), b"http: attempt to connect to 127.0.0.1:20199 (127.0.0.1:20199) failed");
    assert!(e.client_ip.is_none() && e.referrer.is_none());
    let (e, _) = error_line(
        &f,
        "[Sat Nov 21 01:59:48.882323 2026] [-:debug] [pid 1:tid 2] proxy_util.c(2611): [client ::1:5044] all:\\n [ok], referer http://x/?a, b",
    );
    same!(e.client_ip, "::1");
    assert_eq!(e.client_port, Some(5044));
    assert_eq!(e.message.as_ref(), b"all:\n [ok]");
    same!(e.referrer, "http://x/?a, b");
    same!(e.module, None);
}

#[test]
fn apache_error_items_that_are_missing_take_their_field_with_them() {
    let f = apache_error("[%{cu}t] [cid %{c}L] [rid %L] [%l] %M").expect("a format");
    let (e, _) = error_line(&f, "[2026-11-21 01:59:48.882323] [cid [rid [error] no ids");
    assert_eq!((e.message.as_ref(), e.request_id.is_none()), (&b"no ids"[..], true));
    let (e, _) = error_line(&f, "[2026-11-21 01:59:48.882323] [cid c1] [rid r1] [error] ids");
    same!(e.request_id, "r1");
}

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

#[test]
fn specs() {
    let Ok(Format::Compiled(f)) = parse_spec(r#"nginx:escape=json {"s":$status}"#) else {
        panic!("a format")
    };
    assert_eq!(f.source(), r#"{"s":$status}"#);
    for spec in ["nginx:combined", "apache:vhost_combined", "apache:%h %t", "apache-error:[%t] %M"] {
        assert!(matches!(parse_spec(spec), Ok(Format::Compiled(_))), "{spec}");
    }
    assert!(parse_spec("no-such-format").is_err());
}

#[track_caller]
fn refused(result: Result<Compiled, FormatError>, offset: usize, words: &str) {
    let e = result.expect_err("a refusal");
    assert!(e.to_string().contains(words), "{e}");
    assert_eq!(e.offset(), offset, "{e}");
}

#[test]
fn what_is_refused_and_why() {
    let n = |f: &str| nginx(f, Escape::Default);
    refused(n("$status ${request"), 17, "a closing `}`");
    refused(n("$status $-"), 9, "the name of a variable");
    refused(n("$status ${}"), 10, "the name of a variable");
    refused(n("no fields"), 9, "at least one field");
    refused(n("$request$status"), 8, "text between the fields `request` and `status`");
    assert!(n("$status$request").is_ok());
    refused(apache_access("%h %{Referer"), 5, "a closing `}`");
    refused(apache_access("%h %"), 4, "the letter of a directive");
    refused(apache_access("%h %-"), 4, "the letter of a directive");
    refused(apache_access("%{%Q}t"), 0, "a time format");
    refused(apache_error("%M%{x"), 4, "a closing `}`");
    refused(haproxy("%ci %xyz"), 5, "an alias of HAProxy");
    refused(haproxy("%ci %bx"), 5, "did you mean `%b");
    refused(haproxy("%ci %[src"), 9, "a closing `]`");
    refused(haproxy("%ci %{+Q"), 8, "a closing `}`");
    refused(haproxy("%ci %"), 5, "an alias or a sample");
    refused(haproxy("%{+cbor}o %(a)ci"), 0, "a format that writes text");
}

#[test]
fn misspelt_variables_are_noted() {
    let f = nginx("$status ua=$upstrem_addr $tenant $http_x_foo", Escape::Default).expect("a format");
    assert_eq!(f.notes().len(), 1);
    assert_eq!(f.notes()[0].to_string(), "unknown variable `$upstrem_addr`: did you mean `$upstream_addr`?");
    assert_eq!(f.notes()[0].offset, 11);
}
