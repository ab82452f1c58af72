//! nginx formats and lines checked by hand.

use super::*;

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
fn misspelt_variables_are_noted() {
    let f = nginx("$status ua=$upstrem_addr $tenant $http_x_foo", Escape::Default).expect("a format");
    assert_eq!(f.notes().len(), 1);
    assert_eq!(f.notes()[0].to_string(), "unknown variable `$upstrem_addr`: did you mean `$upstream_addr`?");
    assert_eq!(f.notes()[0].offset, 11);
}

#[test]
fn a_host_at_the_start_of_the_line_is_the_virtual_host() {
    let f = nginx("$host $remote_addr $status", Escape::Default).expect("a format");
    same!(access(&f, "shop.example 192.0.2.1 200").0.vhost, "shop.example");
    let f = nginx("$remote_addr $host $status", Escape::Default).expect("a format");
    same!(access(&f, "192.0.2.1 shop.example 200").0.host, "shop.example");
}
