//! HAProxy's lines: the corners of each layout, and properties that hold for any bytes.

use logjoin_parse::envelope::{peel, peel_all};
use logjoin_parse::{
    Access, Body, ErrorLine, HaproxyFields, Kind, Product, Record, StateEvent, StateLine, parse_any,
};
use proptest::prelude::*;

fn read(line: &str) -> Record<'_> {
    parse_any(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e}"))
}

fn access(line: &str) -> (Access<'_>, HaproxyFields<'_>) {
    match read(line).body {
        Body::Access(mut a) => {
            let f = a.haproxy.take().expect("HAProxy's fields");
            (a, f)
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn state(line: &str) -> StateLine<'_> {
    match read(line).body {
        Body::State(s) => s,
        other => panic!("{line}: {other:?}"),
    }
}

fn text<'a>(t: &'a Option<std::borrow::Cow<'_, [u8]>>) -> Option<&'a str> {
    t.as_deref().map(|b| std::str::from_utf8(b).expect("text"))
}

const HEAD: &str =
    "127.0.0.1:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/5/6 200 217 - - ---- 1/1/0/0/0 0/0";

#[test]
fn an_http_line_in_full() {
    let line = "Nov 21 02:09:07 lb1 haproxy[9]: 127.0.0.1:54254 [21/Nov/2026:02:09:07.209] fe~ refused/s1 1/2/-1/-1/501 503 217 SID=a - SC-N 5/4/3/2/+1 7/8 {lab.test|} {} \"GET /refused?q=#22y#22 HTTP/1.1\"";
    let r = read(line);
    assert_eq!((r.format, r.product, r.kind()), ("haproxy-http", Product::Haproxy, Kind::Access));
    assert_eq!(r.stamp.expect("a stamp").to_iso(), "2026-11-21T02:09:07.209");
    assert_eq!(r.envelope.as_ref().and_then(|e| e.pid), Some(9));
    let (a, f) = access(line);
    assert_eq!((text(&a.client_ip), a.client_port, a.pid), (Some("127.0.0.1"), Some(54254), Some(9)));
    assert_eq!(
        (a.status, a.bytes, a.duration_us, a.duration_unit_us),
        (Some(503), Some(217), Some(501_000), 1000)
    );
    assert_eq!(text(&a.request), Some("GET /refused?q=#22y#22 HTTP/1.1"));
    assert_eq!(text(&a.path), Some("/refused?q=\"y\""));
    assert_eq!((text(&a.method), text(&a.http_version)), (Some("GET"), Some("1.1")));
    assert_eq!((text(&f.frontend), f.tls), (Some("fe"), true));
    assert_eq!((text(&f.backend), text(&f.server)), (Some("refused"), Some("s1")));
    assert_eq!((f.tq, f.tw, f.tc, f.tr, f.tt), (Some(1), Some(2), Some(-1), Some(-1), Some(501)));
    assert_eq!(text(&f.termination_state), Some("SC-N"));
    assert_eq!((f.actconn, f.feconn, f.beconn, f.srvconn), (Some(5), Some(4), Some(3), Some(2)));
    assert_eq!((f.retries, f.redispatched), (Some(1), true));
    assert_eq!((f.srv_queue, f.backend_queue), (Some(7), Some(8)));
    assert_eq!(
        (text(&f.captured_request_headers), text(&f.captured_response_headers)),
        (Some("lab.test|"), Some(""))
    );
    assert_eq!(a.extra, [("captured_request_cookie".into(), b"SID=a".as_slice().into())]);
}

#[test]
fn captured_headers_keep_their_blanks() {
    let (a, f) = access(
        "10.0.0.1:1 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/5/6 200 217 - - ---- 1/1/0/0/0 0/0 {lab.test|Mozilla/5.0 (X11; #22q#22)|5afff8d7-ea1e-13b1-4e3d-acfc96bd0335} \"GET / HTTP/1.1\"",
    );
    assert_eq!(
        text(&f.captured_request_headers),
        Some("lab.test|Mozilla/5.0 (X11; #22q#22)|5afff8d7-ea1e-13b1-4e3d-acfc96bd0335")
    );
    assert_eq!(f.captured_response_headers, None);
    assert_eq!(text(&a.request_id), Some("5afff8d7-ea1e-13b1-4e3d-acfc96bd0335"));
    assert_eq!(text(&a.path), Some("/"));
}

#[test]
fn requests_that_are_none() {
    let (a, f) = access(
        "unix:1 [21/Nov/2026:02:09:07.209] fe fe/<NOSRV> -1/-1/-1/-1/8490 -1 0 - - CR-- 2/2/2/0/0 0/0 \"<BADREQ>\"",
    );
    assert_eq!((text(&a.client_ip), a.status, text(&a.request)), (Some("unix"), Some(-1), Some("<BADREQ>")));
    assert_eq!((&a.method, &a.path, &f.server), (&None, &None, &None));
    let empty = format!("{HEAD} \"\"");
    let (a, _) = access(&empty);
    assert_eq!((text(&a.request), a.path), (Some(""), None));
}

#[test]
fn cut_lines() {
    let line = format!("{HEAD} {{a}} \"GET /very/long/pa");
    let (a, f) = access(&line);
    assert_eq!((text(&a.method), text(&a.path)), (Some("GET"), Some("/very/long/pa")));
    assert_eq!(a.extra, [("truncated".into(), b"request".as_slice().into())]);
    assert_eq!(text(&f.captured_request_headers), Some("a"));
    let line = format!("{HEAD} {{abc|de");
    let (a, f) = access(&line);
    assert_eq!((text(&f.captured_request_headers), a.request), (Some("abc|de"), None));
    let (a, f) = access(HEAD);
    assert_eq!((a.request, f.backend_queue), (None, Some(0)));
    let at = HEAD.find("1/1/0/0/0").expect("counts");
    assert_eq!(access(HEAD[..at].trim_end()).1.actconn, None);
}

#[test]
fn what_follows_the_request() {
    let line =
        format!("{HEAD} \"GET / HTTP/2.0\" 0/0000000000000000/0/0/1 lab.test/TLSv1.3/TLS_AES_256_GCM_SHA384");
    let (a, _) = access(&line);
    let value = |name: &str| a.extra.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_vec());
    assert_eq!(value("ssl_fc_sni"), Some(b"lab.test".to_vec()));
    assert_eq!(value("ssl_fc_is_resumed"), Some(b"1".to_vec()));
    assert_eq!(value("ssl_ciphers"), Some(b"TLS_AES_256_GCM_SHA384".to_vec()));
    let line = format!("{HEAD} \"GET /a\" b HTTP/1.0\" id=7 x");
    let (a, _) = access(&line);
    assert_eq!(text(&a.request), Some("GET /a"));
    let line = format!("{HEAD} \"GET /a?x=\"y\"z HTTP/1.0\"");
    let (a, _) = access(&line);
    assert_eq!(text(&a.path), Some("/a?x=\"y\"z"));
}

#[test]
fn odd_heads() {
    let (a, f) = access(
        "::ffff:172.20.5.18:64853 [26/Apr/2019:21:18:01.848] https secure/be2 4/0/1/155/+276 200 +405 - - ---- 17/1/17/5/0 0/0 \"GET /dap HTTP/1.1\"",
    );
    assert_eq!((text(&a.client_ip), a.bytes, f.tt), (Some("::ffff:172.20.5.18"), Some(405), Some(276)));
    let (a, f) = access(
        "-:22222 [22/May/2021:02:22:22.222] www~ app/node2 site.example 0/0/0/18/18 200 200 - - ---- 2/2/2/0/0 0/0 \"OPTIONS / HTTP/1.1\"",
    );
    assert_eq!((&a.client_ip, text(&a.vhost), text(&f.server)), (&None, Some("site.example"), Some("node2")));
    let (_, f) = access(
        "10.0.0.1:9 [21/Nov/2026:02:09:07.209] pub be_http:ns:route/pod:web:svc:http:10.1.2.3:8080 0/0/0/1/1 200 9 - - --NI 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    );
    assert_eq!(text(&f.server), Some("pod:web:svc:http:10.1.2.3:8080"));
    let (_, f) = access(
        "10.0.0.1:9 [21/Nov/2026:02:09:07.209] fe be/s 0/0/0/1/1 200 9 a=b c=d e=f --NI 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    );
    assert_eq!(text(&f.termination_state), Some("--NI"));
    let (_, f) = access(
        "-/- [21/Nov/2026:02:09:07.209] <HTTPCLIENT> -/- 0/0/0/1/1 200 9 - - ---- 1/1/0/0/0 0/0 {} \"GET / HTTP/1.1\"",
    );
    assert_eq!((text(&f.frontend), &f.backend, &f.server), (Some("<HTTPCLIENT>"), &None, &None));
}

#[test]
fn tcp_lines() {
    let (a, f) =
        access("10.0.0.1:40962 [20/Sep/2018:15:44:23.285] main app/<NOSRV> -1/-1/1 212 SC 1/1/0/0/+3 0/4");
    assert!(f.tcp);
    assert_eq!((a.status, a.bytes, a.duration_us), (None, Some(212), Some(1000)));
    assert_eq!((f.tq, f.tw, f.tc, f.tr, f.tt), (None, Some(-1), Some(-1), None, Some(1)));
    assert_eq!((f.retries, f.redispatched, f.backend_queue), (Some(3), true, Some(4)));
    let (a, f) = access("10.0.1.9:52345 [19/Jun/2026:10:00:05.345] tcp-in db/db1 5/10/3000 9876 --");
    assert_eq!((a.bytes, text(&f.termination_state), f.actconn), (Some(9876), Some("--"), None));
}

#[test]
fn clf_lines() {
    let line = r#"192.0.2.4 - - [21/Nov/2026:02:10:05 +0000] "GET /a#22 HTTP/1.1" 503 217 "" "" 40780 33 "fe~" "be" "s1" 0 1 -1 -1 501 "SC--" 6 5 4 3 +2 1 0 "-" "SID=1" "lab.test" "5afff8d7-ea1e-13b1-4e3d-acfc96bd0335" "#;
    let r = read(line);
    assert_eq!(
        (r.format, r.stamp.map(|s| s.to_iso()).as_deref()),
        ("haproxy-clf", Some("2026-11-21T02:10:05.033Z"))
    );
    let (a, f) = access(line);
    assert_eq!((a.client_port, a.status, a.bytes), (Some(40780), Some(503), Some(217)));
    assert_eq!(
        (text(&a.path), text(&a.request_id)),
        (Some("/a\""), Some("5afff8d7-ea1e-13b1-4e3d-acfc96bd0335"))
    );
    assert_eq!((text(&f.frontend), f.tls, text(&f.server)), (Some("fe"), true, Some("s1")));
    assert_eq!((f.tw, f.tc, f.tt, f.actconn, f.srvconn), (Some(1), Some(-1), Some(501), Some(6), Some(3)));
    assert_eq!((f.retries, f.redispatched, f.srv_queue, f.backend_queue), (Some(2), true, Some(1), Some(0)));
    let (a, f) = access(
        r#"192.0.2.4 - - [21/Nov/2026:02:10:05 +0000] "TCP " 000 9 "" "" 40780 133 "fe" "be" "<NOSRV>" 0 -1 -1 501 77 "SC"-- 1 1 0 0 3 0 0 "" "" "#,
    );
    assert!(f.tcp);
    assert_eq!((a.status, a.request_length, f.tt, &f.server), (None, Some(77), Some(501), &None));
    assert_eq!(text(&f.termination_state), Some("SC"));
}

#[test]
fn accepted_connections() {
    let line =
        "Sep 20 15:42:59 h haproxy[24551]: Connect from 2001:db8::7:40780 to 10.0.0.1:5000 (main/HTTP)";
    let (a, f) = access(line);
    assert_eq!((text(&a.client_ip), a.client_port, a.pid), (Some("2001:db8::7"), Some(40780), Some(24551)));
    assert_eq!((text(&f.frontend), f.tcp), (Some("main"), false));
    assert_eq!(read(line).best_stamp().map(|s| s.to_iso()).as_deref(), Some("1972-09-20T15:42:59"));
}

#[test]
fn connection_errors() {
    let r = read(
        "<131>Nov 21 02:10:09 haproxy[7]: 192.0.2.4:50033 [21/Nov/2026:02:10:09.254] fe_tls~/10.0.0.1:443: SSL handshake failure (error:0A0000C1:SSL routines::no shared cipher)",
    );
    let Body::Error(e) = r.body else { panic!("an error line") };
    let e: ErrorLine<'_> = e;
    assert_eq!((text(&e.frontend), text(&e.bind)), (Some("fe_tls"), Some("10.0.0.1:443")));
    assert_eq!(&e.message[..], b"SSL handshake failure (error:0A0000C1:SSL routines::no shared cipher)");
    assert_eq!(
        (text(&e.client_ip), e.client_port, e.pid, text(&e.level)),
        (Some("192.0.2.4"), Some(50033), Some(7), Some("err"))
    );
}

#[test]
fn a_server_goes_down() {
    let s = state(
        "<129>Nov 21 02:10:09 haproxy[7]: Backup Server api/api-1 is DOWN, reason: Layer7 wrong status, code: 503, info: \"Service <22>x<22>, code: 7\", check duration: 12ms. 2 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
    );
    assert_eq!(s.event, StateEvent::ServerDown);
    assert_eq!(
        (text(&s.level), text(&s.backend), text(&s.server)),
        (Some("alert"), Some("api"), Some("api-1"))
    );
    assert_eq!((text(&s.check_reason), s.check_code), (Some("Layer7 wrong status"), Some(503)));
    assert_eq!((text(&s.check_info), s.check_duration_ms), (Some("Service \"x\", code: 7"), Some(12)));
    assert_eq!(s.active_left, Some(2));
}

#[test]
fn events() {
    use StateEvent::*;
    let left = "0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.";
    let cases: &[(&str, StateEvent, Option<&str>, Option<&str>)] = &[
        (&format!("Server a/s is DOWN. {left}"), ServerDown, None, Some("a")),
        (&format!("Server a/s is DOWN via b/s.1. {left}"), ServerDown, None, Some("a")),
        (
            &format!("Server a/s is DOWN, reason: Layer4 timeout via b/s. {left}"),
            ServerDown,
            Some("Layer4 timeout"),
            Some("a"),
        ),
        (
            &format!("Server a/s is DOWN, changed from CLI. {left}"),
            ServerDown,
            Some("changed from CLI"),
            Some("a"),
        ),
        (
            "Server a/s is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ServerUp,
            Some("Layer7 check passed"),
            Some("a"),
        ),
        (
            "Server a/s is stopping, reason: Layer7 check conditionally passed, code: 404. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ServerStopping,
            Some("Layer7 check conditionally passed"),
            Some("a"),
        ),
        (
            &format!("Server a/s is going DOWN for maintenance (DNS NX status). {left}"),
            ServerMaintenance,
            Some("DNS NX status"),
            Some("a"),
        ),
        (
            &format!("Server a/s is going DOWN for maintenance (No IP for server ). {left}"),
            ServerMaintenance,
            Some("No IP for server"),
            Some("a"),
        ),
        (&format!("Server a/s is going DOWN for maintenance. {left}"), ServerMaintenance, None, Some("a")),
        (
            "Server a/s was DOWN and now enters maintenance (DNS timeout status).",
            ServerMaintenance,
            Some("DNS timeout status"),
            Some("a"),
        ),
        (
            "Server a/s is leaving forced maintenance but remains in maintenance.",
            ServerMaintenance,
            None,
            Some("a"),
        ),
        (
            "Server a/s ('x.internal') resolves again but remains in maintenance.",
            ServerMaintenance,
            None,
            Some("a"),
        ),
        (
            "Server a/s is UP/READY (leaving forced maintenance).",
            ServerReady,
            Some("leaving forced maintenance"),
            Some("a"),
        ),
        (
            "Server a/s is DOWN/DRAIN (leaving forced maintenance).",
            ServerDrain,
            Some("leaving forced maintenance"),
            Some("a"),
        ),
        (
            "Server a/s ('x.internal') is UP/READY (resolves again).",
            ServerReady,
            Some("resolves again"),
            Some("a"),
        ),
        ("Server a/s administratively READY thanks to valid DNS answer.", ServerReady, None, Some("a")),
        ("Server a/s enters drain state. 1 active and 0 backup servers left.", ServerDrain, None, Some("a")),
        ("Server a/s is UP (leaving forced drain).", ServerReady, Some("leaving forced drain"), Some("a")),
        ("Server a/s remains in forced drain mode.", ServerDrain, None, Some("a")),
        (
            "Health check for backup server a/s succeeded, reason: Layer4 check passed, check duration: 0ms, status: 3/3 UP.",
            CheckPassed,
            Some("Layer4 check passed"),
            Some("a"),
        ),
        (
            "Health check for server a/s conditionally succeeded, reason: Layer7 check conditionally passed, status: 3/3 UP.",
            CheckPassed,
            Some("Layer7 check conditionally passed"),
            Some("a"),
        ),
        (
            "Agent check for server a/s failed, reason: Layer4 timeout, status: 0/2 DOWN.",
            CheckFailed,
            Some("Layer4 timeout"),
            Some("a"),
        ),
        ("backend a has no server available!", NoServer, None, Some("a")),
        ("backend 'a' has no server available!", NoServer, None, Some("a")),
        ("proxy a has no server available!", NoServer, None, Some("a")),
        ("a/s changed its IP from 10.0.0.1 to 10.0.0.2 by lan/ns1.", AddressChanged, None, Some("a")),
        (
            "a/s: IP changed from '10.0.0.1' to '10.0.0.2', port changed from '1' to '2' by 'lan/ns1'.",
            AddressChanged,
            None,
            Some("a"),
        ),
        ("a/s changed its FQDN from x to y by 'stats socket command'", AddressChanged, None, Some("a")),
        ("Proxy www started.", ProxyStarted, None, None),
        ("Proxy www stopped (FE: 0 conns, BE: 0 conns).", ProxyStopped, None, None),
        ("Stopping backend a in 0 ms.", ProxyStopped, None, Some("a")),
        ("Stopping frontend www in 0 ms.", ProxyStopped, None, None),
        ("Paused backend a.", ProxyStopped, None, Some("a")),
        ("Resumed backend a.", ProxyStarted, None, Some("a")),
        ("Reloading HAProxy", ProxyReload, None, None),
        ("New worker (123) forked", ProxyStarted, None, None),
        ("Former worker (123) exited with code 0 (Exit)", ProxyStopped, None, None),
        ("Current worker (123) exited with code 143 (Terminated)", ProxyStopped, None, None),
        ("Current worker (123) exited with code 139 (Segmentation fault)", ProxyCrash, None, None),
        ("Current worker #1 (123) exited with code 137 (Killed)", ProxyCrash, None, None),
        (
            "Proxy www reached the configured maximum connection limit. Please check the global 'maxconn' value.",
            ProxyLimit,
            None,
            None,
        ),
        (
            "Proxy www reached process FD limit (maxsock=100). Please check 'ulimit-n' and restart.",
            ProxyLimit,
            None,
            None,
        ),
        ("Connect() failed for backend a: no free ports.", ProxyLimit, None, Some("a")),
        (
            "Connect() failed for backend a: can't connect to destination unix socket, check backlog size on the server.",
            Other,
            None,
            Some("a"),
        ),
        ("Cannot bind to source address before connect() for backend a.", ProxyLimit, None, Some("a")),
        ("Blocking cacheable cookie in response from instance a, server s.", Other, None, Some("a")),
        ("DNS : section 'lan': can't create socket for nameserver 'ns1'.", Resolver, None, None),
        ("'server a/s' : could not resolve address 'x', disabling server.", Resolver, None, Some("a")),
        (
            "A bogus STREAM [0x7f] is spinning at 100000 calls per second and refuses to die, aborting now!",
            ProxyCrash,
            None,
            None,
        ),
    ];
    for (line, event, reason, backend) in cases {
        let s = state(line);
        assert_eq!((s.event, text(&s.check_reason), text(&s.backend)), (*event, *reason, *backend), "{line}");
        assert_eq!(&s.message[..], line.as_bytes());
        if line.ends_with(left) {
            assert_eq!(s.active_left, Some(0), "{line}");
        }
    }
}

#[test]
fn levels_come_from_the_envelope() {
    let s = state("[WARNING] 324/020831 (123) : Server api/s1 is DOWN. 0 active and 0 backup servers left.");
    assert_eq!((text(&s.level), s.event), (Some("warning"), StateEvent::ServerDown));
    let unknown = state("[NOTICE]   (123) : something new in this version");
    assert_eq!((text(&unknown.level), unknown.event), (Some("notice"), StateEvent::Other));
    assert_eq!(&unknown.message[..], b"something new in this version");
    assert_eq!(state("Nov 21 02:08:55 lb1 haproxy[9]: something new").event, StateEvent::Other);
}

#[test]
fn messages_of_others_are_not_taken() {
    for line in [
        "Server started on port 3000",
        "Server nginx/1.24 is running",
        "Proxy error: ECONNREFUSED",
        "backend ready",
        "Stopping server in 5 seconds",
        "Health check for /healthz failed",
        "Connect from the office (late/SOON)",
    ] {
        let haproxy = parse_any(line.as_bytes()).is_ok_and(|r| r.product == Product::Haproxy);
        assert!(!haproxy, "{line}");
    }
}

#[test]
fn a_record_outlives_an_escaped_line() {
    let line = format!(
        r#"{{"log":"{}\n","stream":"stdout","time":"2026-11-21T02:09:07.5Z"}}"#,
        format!("{HEAD} \"GET /a HTTP/1.1\"").replace('"', "\\\"")
    );
    let (a, _) = access(&line);
    assert_eq!(text(&a.path), Some("/a"));
}

/// Every piece that borrows lies within the line.
fn borrowed_pieces_lie_within(line: &[u8]) {
    let bounds = line.as_ptr_range();
    let inside = |t: &Option<std::borrow::Cow<'_, [u8]>>| {
        if let Some(std::borrow::Cow::Borrowed(b)) = t {
            let r = b.as_ptr_range();
            assert!(b.is_empty() || bounds.start <= r.start && r.end <= bounds.end);
        }
    };
    let (envelope, payload) = peel(line);
    inside(&Some(payload));
    if let Some(e) = envelope {
        inside(&e.host);
    }
    peel_all(line);
    let Ok(r) = parse_any(line) else { return };
    match r.body {
        Body::Access(a) => {
            for t in [&a.client_ip, &a.method, &a.path, &a.request, &a.http_version, &a.request_id, &a.vhost]
            {
                inside(t);
            }
            if let Some(f) = a.haproxy {
                for t in
                    [&f.frontend, &f.backend, &f.server, &f.termination_state, &f.captured_request_headers]
                {
                    inside(t);
                }
            }
        }
        Body::Error(e) => [&e.client_ip, &e.frontend, &e.bind].into_iter().for_each(inside),
        Body::State(s) => {
            [&s.backend, &s.server, &s.check_reason, &s.check_info].into_iter().for_each(inside)
        }
        Body::Log(_) => {}
    }
}

/// Lines that are nearly right, to be damaged.
fn seeds() -> Vec<String> {
    let mut all: Vec<String> = logjoin_parse::formats::FORMATS
        .iter()
        .filter(|f| f.product == Product::Haproxy)
        .flat_map(|f| f.samples)
        .map(|s| (*s).to_owned())
        .collect();
    let wrapped: Vec<String> = all
        .iter()
        .flat_map(|s| {
            [
                format!("<134>Nov 21 02:09:07 lb1 haproxy[9]: {s}"),
                format!("<134>1 2026-11-21T02:10:06.190028+00:00 - haproxy 99 - [a b=\"c\"] {s}"),
                format!("2026-11-21T02:10:06.190028+00:00 lb1 haproxy[9]: {s}"),
                format!("web-1  | 2026-11-21T02:10:06.190028123Z stdout F {s}"),
                format!("[WARNING] 324/020831 (123) : {s}"),
                format!(
                    "{{\"log\":\"{}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T02:09:07.5Z\"}}",
                    s.replace('"', "\\\"")
                ),
                format!("{{\"MESSAGE\":\"{}\",\"SYSLOG_IDENTIFIER\":\"haproxy\"}}", s.replace('"', "\\\"")),
            ]
        })
        .collect();
    all.extend(wrapped);
    all
}

#[test]
fn every_sample_is_read_in_every_envelope() {
    for line in seeds() {
        assert_eq!(read(&line).product, Product::Haproxy, "{line}");
    }
}

#[test]
fn lines_cut_anywhere_do_no_harm() {
    for line in seeds() {
        for n in 0..line.len() {
            borrowed_pieces_lie_within(&line.as_bytes()[..n]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        borrowed_pieces_lie_within(&line);
    }

    #[test]
    fn damaged_lines(which in any::<proptest::sample::Index>(), edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3u8), 1..6)) {
        let seeds = seeds();
        let mut line = which.get(&seeds).clone().into_bytes();
        for (at, byte, how) in edits {
            let at = at.index(line.len());
            match how {
                0 => line[at] = byte,
                1 => line.insert(at, b" \"{}[]/:|<>#\\-"[usize::from(byte) % 14]),
                _ => { line.remove(at); }
            }
            if line.is_empty() { break; }
        }
        borrowed_pieces_lie_within(&line);
    }
}
