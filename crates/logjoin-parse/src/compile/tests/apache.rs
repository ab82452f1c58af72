//! Apache formats and lines checked by hand.

use super::*;

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
