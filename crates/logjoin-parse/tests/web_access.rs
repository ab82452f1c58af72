//! Access lines of nginx and Apache, the hard ones.

use logjoin_parse::{Access, Anchor, Body, Product, Record, Text, parse_any};

fn record(line: &str) -> Record<'_> {
    parse_any(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e}"))
}

fn access(line: &str) -> Access<'_> {
    match record(line).body {
        Body::Access(a) => a,
        other => panic!("{line}: {other:?}"),
    }
}

fn s<'a>(t: &'a Option<Text<'_>>) -> Option<&'a str> {
    t.as_deref().map(|b| std::str::from_utf8(b).expect("text"))
}

#[test]
fn the_layout_tells_the_product_and_the_moment_or_says_that_it_does_not() {
    let told = |line: &str| {
        let r = record(line);
        (r.format, r.product, r.anchor)
    };
    let head = r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157"#;
    let agent = format!(r#"{head} "-" "curl/8.5.0""#);
    assert_eq!(told(head), ("common", Product::Unknown, Anchor::Unknown));
    assert_eq!(told(&agent), ("combined", Product::Unknown, Anchor::Unknown));
    assert_eq!(told(&format!(r#"{agent} "-""#)), ("combined-quoted", Product::Unknown, Anchor::Unknown));
    assert_eq!(told(&format!("{agent} 0.024 -")), ("nginx-upstream", Product::Nginx, Anchor::End));
    assert_eq!(told(&format!("{agent} 24017 X")), ("apache-timed", Product::Apache, Anchor::Start));
    assert_eq!(told(&format!("{agent} 78 412")), ("combinedio", Product::Apache, Anchor::Start));
    assert_eq!(
        told(&format!("{agent} rid=7f000001abcd")),
        ("combined-extra", Product::Unknown, Anchor::Unknown)
    );
}

#[test]
fn requests_that_are_none() {
    let request = |inside: &str, status: &str| {
        let line = format!(r#"unix: - - [21/Nov/2026:01:50:53 +0000] {inside} {status} 0 "-" "-""#);
        let a = access(&line);
        assert_eq!(s(&a.client_ip), Some("unix:"));
        (s(&a.request).map(str::to_owned), s(&a.method).map(str::to_owned), a.status)
    };
    assert_eq!(request(r#""""#, "400"), (None, None, Some(400)));
    assert_eq!(request(r#""-""#, "408"), (None, None, Some(408)));
    assert_eq!(request("-", "408"), (None, None, Some(408)));
    assert_eq!(request(r#""hello""#, "009"), (Some("hello".into()), None, Some(9)));
    assert_eq!(request(r#""\x16\x03\x01 \x02""#, "000"), (Some(r"\x16\x03\x01 \x02".into()), None, Some(0)));
    assert_eq!(request(r#""GET /""#, "-"), (Some("GET /".into()), Some("GET".into()), None));
}

#[test]
fn bare_quotes_in_the_target_and_the_headers() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /?q="x" 200 5 HTTP/1.1" 404 1164 "http://a/?"b"" "Mozilla "the" best" 0.001 0.002"#,
    );
    assert_eq!(s(&a.path), Some(r#"/?q="x" 200 5"#));
    assert_eq!((a.status, a.bytes), (Some(404), Some(1164)));
    assert_eq!(s(&a.referrer), Some(r#"http://a/?"b""#));
    assert_eq!(s(&a.user_agent), Some(r#"Mozilla "the" best"#));
    assert_eq!(a.duration_us, Some(1000));
}

#[test]
fn a_user_agent_cannot_forge_a_status() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 502 157 "-" "x HTTP/1.1" 200 5 "-" "y""#,
    );
    assert_eq!((a.status, a.bytes, s(&a.path)), (Some(502), Some(157), Some("/")));
}

#[test]
fn escaped_quotes_stay_as_logged() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /\"a\" HTTP/1.1" 200 5 "-" "say \"hi\" \x22" 10 +"#,
    );
    assert_eq!(s(&a.path), Some(r#"/\"a\""#));
    assert_eq!(s(&a.user_agent), Some(r#"say \"hi\" \x22"#));
    assert_eq!((a.duration_us, a.duration_unit_us, a.aborted), (Some(10), 1, Some(false)));
}

#[test]
fn cut_anywhere_after_the_status() {
    let full = r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157 "http://r/" "Mozilla/5.0 (X11)" rt=0.021 uct="0.000" ua="10.0.0.1:80" us="502""#;
    for n in full.find(" 157").expect("bytes")..=full.len() {
        let a = access(&full[..n]);
        assert_eq!((a.status, s(&a.path)), (Some(502), Some("/cart")), "{}", &full[..n]);
    }
    let cut = &full[..full.find(" (X11").expect("agent")];
    assert_eq!(s(&access(cut).user_agent), Some("Mozilla/5.0"));
}

#[test]
fn clients_users_and_lists() {
    let head = |h: &str| {
        let line = format!(r#"{h} [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-" "x""#);
        let a = access(&line);
        [&a.vhost, &a.xff, &a.client_ip, &a.user].map(|t| s(t).unwrap_or("").to_owned())
    };
    assert_eq!(head("2001:db8::7 - -"), ["", "", "2001:db8::7", ""]);
    assert_eq!(head("[2001:db8::7]:443 - -"), ["", "", "2001:db8::7", ""]);
    assert_eq!(head("app.example - bob"), ["", "", "app.example", "bob"]);
    assert_eq!(head("192.0.2.7 - John [the] Doe"), ["", "", "192.0.2.7", "John [the] Doe"]);
    assert_eq!(head("192.0.2.7 - bob@EXAMPLE.COM"), ["", "", "192.0.2.7", "bob@EXAMPLE.COM"]);
    assert_eq!(head("192.0.2.7 ident John Doe"), ["", "", "192.0.2.7", "John Doe"]);
    assert_eq!(head("192.0.2.7"), ["", "", "192.0.2.7", ""]);
    assert_eq!(head("192.0.2.7 -"), ["", "", "192.0.2.7", ""]);
    assert_eq!(head("192.0.2.7 - [192.0.2.7] - bob"), ["", "", "192.0.2.7", "bob"]);
    assert_eq!(head("10.0.0.2, 10.0.0.1 - -"), ["", "10.0.0.2, 10.0.0.1", "10.0.0.2", ""]);
    assert_eq!(head("10.0.0.2, 10.0.0.1 192.0.2.7 - -"), ["", "10.0.0.2, 10.0.0.1", "192.0.2.7", ""]);
    assert_eq!(head(r#""10.0.0.2" 192.0.2.7 - -"#), ["", "10.0.0.2", "192.0.2.7", ""]);
    assert_eq!(head("a.example:80 192.0.2.7 - bob"), ["a.example:80", "", "192.0.2.7", "bob"]);
    assert_eq!(
        head(r#"a.example "10.0.0.2, ::1" 192.0.2.7 - -"#),
        ["a.example", "10.0.0.2, ::1", "192.0.2.7", ""]
    );
    assert_eq!(head("\"a,"), ["", "\"a,", "\"a", ""], "a quote that never closes");
    assert_eq!(head("a.example localhost, b - -"), ["a.example", "localhost, b", "localhost", ""]);
}

#[test]
fn upstream_fields_by_name() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 157 "-" "x" request_time=1.5 upstream_addr="10.0.0.1:80, [::1]:80 : unix:/run/a.sock" upstream_status="502, 504 : 200" upstream_connect_time="-, 0.000 : 0.001" upstream_header_time="-" c=55 cr=2 msec=1795225853.123 cache=MISS"#,
    );
    assert_eq!((a.duration_us, a.duration_unit_us), (Some(1_500_000), 100_000));
    assert_eq!((a.connection_id, a.connection_requests), (Some(55), Some(2)));
    assert!(a.upstream.has_addr && a.upstream.has_header_time);
    let tries = a.upstream.attempts();
    assert_eq!(tries.iter().map(|t| t.status).collect::<Vec<_>>(), [Some(502), Some(504), Some(200)]);
    assert_eq!(tries[1].addr, Some(&b"[::1]:80"[..]));
    assert_eq!(tries[2].connect_us, Some(1000));
    assert_eq!(a.extra, [("cache".into(), Text::Borrowed(&b"MISS"[..]))]);
}

#[test]
fn upstream_fields_by_their_looks() {
    let r = record(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 502 5 "-" "x" "203.0.113.7" "10.0.0.1:80, unix:/a.sock" "502, 504" "0.001" "0.002""#,
    );
    assert_eq!(r.product, Product::Nginx);
    let Body::Access(a) = r.body else { panic!("an access line") };
    assert_eq!(s(&a.xff), Some("203.0.113.7"));
    assert_eq!(a.upstream.attempts()[1].addr, Some(&b"unix:/a.sock"[..]));
    assert_eq!(a.upstream.attempts()[1].status, Some(504));
    assert_eq!((a.duration_us, a.extra.len()), (None, 2), "which time is which cannot be told");
}

#[test]
fn a_finer_time_replaces_the_seconds() {
    let r = record(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 157 "-" "x" msec=1795225853.123 us=200"#,
    );
    assert_eq!(r.stamp.map(|t| t.to_iso()).as_deref(), Some("2026-11-21T01:50:53.123Z"));
}

#[test]
fn a_dash_proves_that_no_upstream_was_tried() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 502 157 "-" "x" rt=2.000 uct="-" uht="-" urt="-" ua="-" us="-""#,
    );
    assert!(a.upstream.has_addr && a.upstream.has_header_time && a.upstream.addr.is_none());
    assert!(a.upstream.attempts().is_empty());
    let times =
        access(r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 502 157 "-" "x" 2.000 -"#);
    assert!(!times.upstream.has_addr && times.upstream.response_time.is_none());
}

#[test]
fn ingress_lists_are_unquoted() {
    let a = access(
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/2.0" 502 150 "-" "x" 40 0.005 [shop-web-80] [blue] 10.0.0.5:80, 10.0.0.6:80 : 10.0.0.7:80 0, 0 : 5 0.001, - : 0.004 502, 502 : 200 5f51385a5fa70498"#,
    );
    assert_eq!(s(&a.upstream.name), Some("shop-web-80"));
    assert_eq!(s(&a.request_id), Some("5f51385a5fa70498"));
    assert_eq!(a.request_length, Some(40));
    let tries = a.upstream.attempts();
    assert_eq!(tries.len(), 3);
    assert_eq!(
        (tries[2].addr, tries[2].status, tries[2].response_us),
        (Some(&b"10.0.0.7:80"[..]), Some(200), Some(4000))
    );
    assert_eq!(tries[1].response_us, None);
}

#[test]
fn the_last_quoted_field_is_told_by_its_looks() {
    let last = |v: &str| {
        let line =
            format!(r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5 "-" "x" "{v}""#);
        let a = access(&line);
        (s(&a.xff).is_some(), s(&a.request_id).is_some(), a.extra.len())
    };
    assert_eq!(last("-"), (false, false, 0));
    assert_eq!(last("203.0.113.9, unknown, 2001:db8::1"), (true, false, 0));
    assert_eq!(last("acf0428e-57e7-210c-0d31-0b08397dc53e"), (false, true, 0));
    assert_eq!(last("Yv3@abcDEF0000000000012345x"), (false, true, 0));
    assert_eq!(last("sid=a b"), (false, false, 1));
}

#[test]
fn fractions_of_seconds_and_iso_times() {
    let stamp = |t: &str| {
        let line = format!(r#"192.0.2.7 - - [{t}] "GET / HTTP/1.1" 200 5"#);
        record(&line).stamp.map(|s| s.to_iso())
    };
    assert_eq!(
        stamp("21/Nov/2026:02:47:42.354630 +0100").as_deref(),
        Some("2026-11-21T02:47:42.354630+01:00")
    );
    assert_eq!(stamp("2026-11-21T02:47:42+00:00").as_deref(), Some("2026-11-21T02:47:42Z"));
}

#[test]
fn json_lines_are_known_by_their_names() {
    let r = record(
        r#"{"time_local":"21/Nov/2026:01:50:53 +0100","msec":1795225853.123,"remote_addr":"192.0.2.7","request":"GET /a?b=1 HTTP/1.1","status":502,"body_bytes_sent":157,"request_time":0.001,"upstream_addr":"10.0.0.1:80, 10.0.0.2:80","upstream_status":"502, 502","upstream_header_time":"-, -","http_user_agent":"say \"hi\"","http_referer":"","urt":,"tls":{"v":"1.3"},"n":}"#,
    );
    assert_eq!((r.format, r.product, r.anchor), ("nginx-json", Product::Nginx, Anchor::End));
    assert_eq!(r.stamp.map(|t| t.to_iso()).as_deref(), Some("2026-11-21T01:50:53.123Z"));
    let Body::Access(a) = r.body else { panic!("an access line") };
    assert_eq!((s(&a.method), s(&a.path), s(&a.http_version)), (Some("GET"), Some("/a?b=1"), Some("1.1")));
    assert_eq!((a.status, a.bytes, a.duration_us), (Some(502), Some(157), Some(1000)));
    assert_eq!(s(&a.user_agent), Some(r#"say "hi""#));
    assert_eq!((s(&a.referrer), s(&a.upstream.response_time)), (None, None));
    assert!(a.upstream.has_header_time);
    assert_eq!(a.upstream.attempts().len(), 2);
    assert_eq!(a.extra, [("tls.v".into(), Text::Borrowed(&b"1.3"[..]))]);

    let format = |l: &'static str| parse_any(l.as_bytes()).map(|r| r.format);
    assert_ne!(
        format(r#"{"level":"info","msg":"request completed","status":200,"path":"/"}"#),
        Ok("nginx-json")
    );
    assert_ne!(format(r#"{"upstream_addr":"10.0.0.1:80"}"#), Ok("nginx-json"));
}

#[test]
fn lines_of_other_programs_are_refused() {
    for line in [
        "",
        "-",
        "not a log line",
        "192.0.2.7 - - [21/Nov/2026:01:50:53 +0000]",
        r#"192.0.2.7 - - [99/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" ok"#,
        r#"[21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 5"#,
    ] {
        let told = parse_any(line.as_bytes()).map(|r| r.kind());
        assert_ne!(told, Ok(logjoin_parse::Kind::Access), "{line}");
    }
}
