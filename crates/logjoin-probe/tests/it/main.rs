//! The probe against servers on the loopback that misbehave on purpose: does it name the right cause, and does it end in time?

mod servers;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use logjoin::{CauseId as C, Mechanism as M};
use logjoin_probe::{Options, Pinned, Report, run};
use servers::{Dns, answering, bad_gateway, certificate, closed, dns, healthy, listen, request, status, tls};

fn url(address: SocketAddr) -> String {
    format!("http://{address}/cart")
}

fn options(via: &str, direct: &str) -> Options {
    Options::new(via, &[direct])
        .unwrap()
        .count(2)
        .pause(Duration::from_millis(50))
        .timeout(Duration::from_secs(1))
        .idle_gaps(Vec::new())
}

fn probe(via: SocketAddr, direct: SocketAddr) -> Report {
    run(&options(&url(via), &url(direct))).unwrap()
}

#[track_caller]
fn says(r: &Report, cause: C, detail: Option<&str>) {
    let text = String::from_utf8(logjoin_probe::text(r)).unwrap();
    assert_eq!((r.verdict.cause, r.verdict.detail.as_deref()), (Some(cause), detail), "{text}");
    assert_eq!(r.verdict.outcome, "fault", "{text}");
    assert!(text.starts_with(&format!("Cause: {cause}")), "{text}");
}

#[test]
fn healthy_both_ways() {
    let backend = healthy();
    let mut o = options(&url(backend), &url(healthy()));
    o.idle_gaps = vec![Duration::ZERO, Duration::from_millis(100)];
    let r = run(&o).unwrap();
    assert_eq!((r.verdict.outcome.as_str(), r.verdict.cause), ("healthy", None), "{r:#?}");
    assert!(r.findings.is_empty() && r.restart.is_none() && r.notes.is_empty(), "{:?}", r.notes);
    let e = &r.via.requests[0];
    assert_eq!(
        (r.via.requests.len(), e.mechanism, e.status, e.body_bytes),
        (2, M::FromBackend, Some(200), 2)
    );
    assert_eq!(e.body_sha256, r.direct[0].requests[1].body_sha256);
    assert!(e.connect_s.is_some() && e.first_byte_s.is_some());
    let k = r.direct[0].keepalive.as_ref().unwrap();
    assert_eq!((k.outcome.as_str(), k.reused_after_s.as_slice()), ("kept", &[0.0, 0.1][..]));
}

#[test]
fn a_closed_port_is_a_backend_that_is_down_and_the_restart_order_is_told() {
    let r = probe(bad_gateway(), closed());
    says(&r, C::BackendDown, Some("backend-refused"));
    assert_eq!(r.direct[0].connect[0].mechanism, M::Refused);
    let steps = &r.restart.as_ref().unwrap().steps;
    assert!(
        steps[0].starts_with("Start the backend") && steps[1].starts_with("Wait until the backend is ready")
    );
    assert!(steps[2].starts_with("Only then") && steps[2].contains("nginx -s reload"), "{steps:?}");
}

#[test]
fn a_proxy_that_works_all_the_same_makes_it_less_sure() {
    let (sure, less) = (probe(bad_gateway(), closed()), probe(healthy(), closed()));
    says(&less, C::BackendDown, Some("backend-refused"));
    assert!(less.verdict.confidence < sure.verdict.confidence);
}

#[test]
fn a_blackholed_address_costs_one_timeout() {
    let (address, _kept) = servers::full();
    let via = bad_gateway();
    let began = Instant::now();
    // What this machine knows of its own ports is not asked, as if the address were another machine's.
    let r = run(&options(&url(via), &url(address)).count(5).own_sockets(false)).unwrap();
    says(&r, C::ConnectTimeout, Some("firewall-drop"));
    let rest = Duration::from_millis(5 * 50 + 700);
    assert!(began.elapsed() < Duration::from_secs(1) + rest, "{:?}", began.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_listen_queue_is_told_from_a_blackhole_on_its_own_machine() {
    let (address, _kept) = servers::full();
    says(&probe(bad_gateway(), address), C::WorkerPoolExhausted, Some("listen-queue-full"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_that_listens_at_another_address_only() {
    let backend = healthy();
    let other: SocketAddr = format!("127.0.0.77:{}", backend.port()).parse().unwrap();
    says(&probe(bad_gateway(), other), C::WrongUpstreamPort, Some("wrong-upstream-address"));
}

#[test]
fn names_that_do_not_resolve() {
    let via = url(bad_gateway());
    let direct = "http://app.example:80/";
    for (how, detail) in [
        (Dns::Code(simple_dns::RCODE::NameError), "dns-not-found"),
        (Dns::Code(simple_dns::RCODE::ServerFailure), "dns-resolver-broken"),
        (Dns::Nonsense, "dns-resolver-broken"),
        (Dns::Silent, "dns-timeout"),
    ] {
        let began = Instant::now();
        says(&run(&options(&via, direct).resolver(dns(how))).unwrap(), C::DnsFailure, Some(detail));
        assert!(began.elapsed() < Duration::from_secs(3));
    }
    // The system's own resolver: `invalid` never exists (RFC 6761), but whether it says so or nothing depends on the machine.
    let r = run(&options(&via, "http://nothing.invalid/")).unwrap();
    assert_eq!(r.verdict.cause, Some(C::DnsFailure));
}

#[test]
fn a_lost_question_is_asked_again() {
    let backend = healthy();
    let direct = format!("http://app.example:{}/", backend.port());
    let o = options(&url(healthy()), &direct)
        .resolver(dns(Dns::Loopback { lost: 1 }))
        .timeout(Duration::from_secs(3));
    let r = run(&o).unwrap();
    assert_eq!(r.verdict.outcome, "healthy", "{r:#?}");
    assert_eq!(
        (r.direct[0].resolve.addresses.as_slice(), r.direct[0].resolve.ttl_s),
        (&["127.0.0.1".to_owned()][..], Some(30))
    );
}

#[test]
fn a_configured_address_that_the_name_has_left() {
    let backend = healthy();
    let direct = format!("http://app.example:{}/", backend.port());
    let pinned = Pinned::parse(&format!("app.example:{}:127.0.0.66", backend.port())).unwrap();
    let r = run(&options(&url(bad_gateway()), &direct).resolver(dns(Dns::Loopback { lost: 0 })).pin(pinned))
        .unwrap();
    says(&r, C::DnsStaleAddress, None);
    assert!(r.direct[0].resolve.mismatch && r.notes[0].contains("none of the name's"), "{:?}", r.notes);
}

#[test]
fn plain_and_tls_mixed_up() {
    let good = certificate("localhost", 2020, 2090);
    let to_tls = probe(bad_gateway(), tls(good, status(200, "")));
    says(&to_tls, C::WrongProtocol, Some("plain-to-tls"));
    let to_plain = run(&options(&url(bad_gateway()), &format!("https://{}/", healthy()))).unwrap();
    says(&to_plain, C::WrongProtocol, Some("tls-to-plain"));
    // nginx and others answer plain HTTP on a TLS port with a plain 400, and a ClientHello on a plain port too.
    let strict = listen(|mut stream, _| {
        let mut start = [0; 5];
        let plain = std::io::Read::read_exact(&mut stream, &mut start).is_ok() && start.starts_with(b"GET");
        let _ = stream.write_all(&status(if plain { 200 } else { 400 }, "Connection: close\r\n"));
    });
    says(
        &run(&options(&url(bad_gateway()), &format!("https://{strict}/"))).unwrap(),
        C::WrongProtocol,
        Some("tls-to-plain"),
    );
}

#[test]
fn certificates() {
    let probe = |cert, via: String| {
        let address = tls(cert, status(200, ""));
        run(&options(&via, &format!("https://{address}/")).host("localhost")).unwrap()
    };
    let expired = probe(certificate("localhost", 2020, 2021), url(bad_gateway()));
    says(&expired, C::TlsFailure, Some("certificate-expired"));
    let c = expired.direct[0].tls.as_ref().unwrap().certificate.as_ref().unwrap();
    assert_eq!(
        (c.not_after.as_str(), c.names.as_slice()),
        ("2021-01-01T00:00:00Z", &["localhost".to_owned()][..])
    );
    assert!(c.days_left < -1000);
    says(
        &probe(certificate("localhost", 2080, 2090), url(bad_gateway())),
        C::TlsFailure,
        Some("certificate-not-yet-valid"),
    );
    says(
        &probe(certificate("other", 2020, 2090), url(bad_gateway())),
        C::TlsFailure,
        Some("upstream-cert-invalid"),
    );
    // A proxy that does not look is not disturbed by a name.
    let fine = probe(certificate("other", 2020, 2090), url(healthy()));
    assert_eq!(fine.verdict.outcome, "healthy");
    assert!(fine.notes.iter().any(|n| n.contains("not for localhost")), "{:?}", fine.notes);
}

#[test]
fn a_certificate_authority_may_be_given() {
    let (cert, key) = certificate("localhost", 2020, 2090);
    let base64 = |bytes: &[u8]| {
        const TABLE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for c in bytes.chunks(3) {
            let n = u32::from(c[0]) << 16
                | u32::from(*c.get(1).unwrap_or(&0)) << 8
                | u32::from(*c.get(2).unwrap_or(&0));
            for i in 0..4 {
                out.push(if i <= c.len() { TABLE[(n >> (18 - 6 * i) & 63) as usize] as char } else { '=' });
            }
        }
        out
    };
    let path = std::env::temp_dir().join(format!("logjoin-probe-ca-{}.pem", std::process::id()));
    std::fs::write(
        &path,
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(&cert)),
    )
    .unwrap();
    let direct = format!("https://{}/", tls((cert, key), status(200, "")));
    let r = run(&options(&url(healthy()), &direct).host("localhost").ca_file(&path)).unwrap();
    std::fs::remove_file(&path).unwrap();
    let c = r.direct[0].tls.as_ref().unwrap().certificate.as_ref().unwrap();
    assert_eq!((c.problem.as_deref(), r.verdict.outcome.as_str()), (None, "healthy"), "{c:?}");
    assert!(run(&options(&url(healthy()), &direct).ca_file("/nonexistent.pem")).is_err());
}

#[test]
fn a_handshake_that_fails() {
    let alert = listen(|mut stream, _| {
        let _ = stream.write_all(b"\x15\x03\x03\x00\x02\x02\x28");
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    });
    let r = run(&options(&url(bad_gateway()), &format!("https://{alert}/"))).unwrap();
    says(&r, C::TlsFailure, None);
}

#[test]
fn a_hanging_backend_is_asked_once_and_waited_for_once() {
    let backend = listen(|mut stream, _| {
        request(&mut stream);
        std::thread::sleep(Duration::from_secs(20));
    });
    let began = Instant::now();
    let r = run(&options(&url(bad_gateway()), &url(backend)).count(10)).unwrap();
    says(&r, C::BackendHang, None);
    assert_eq!((r.direct[0].requests.len(), r.via.requests.len()), (1, 10));
    // One response, and the attempt in TLS, which hangs as well.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(r.restart.is_some());
}

#[test]
fn a_trickling_backend_gains_nothing() {
    let backend = listen(|mut stream, _| {
        request(&mut stream);
        for b in b"HTTP/1.1 200 OK\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
            if stream.write_all(&[*b]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let began = Instant::now();
    says(&probe(bad_gateway(), backend), C::BackendHang, None);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_closing_backend_that_lives_on_and_one_that_does_not() {
    let closing = listen(|mut stream, _| {
        request(&mut stream);
    });
    says(&probe(bad_gateway(), closing), C::UnhandledExceptionClose, Some("backend-closed-early"));
    let half = answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf");
    let cut = listen(move |mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    says(&probe(bad_gateway(), cut), C::UnhandledExceptionClose, Some("backend-closed-early"));
    says(&probe(bad_gateway(), half), C::BackendHang, Some("body-stalled"));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // The connection that only looks, then the request that kills.
        let _first = listener.accept();
        let (mut stream, _) = listener.accept().unwrap();
        request(&mut stream);
    });
    says(&probe(bad_gateway(), address), C::BackendCrash, None);
}

#[test]
fn a_backend_that_answers_errors_itself() {
    let r = probe(bad_gateway(), answering(status(502, "")));
    says(&r, C::AppGenerated502, None);
    assert!(r.restart.is_none());
    says(&probe(answering(status(500, "")), answering(status(500, ""))), C::AppError, None);
}

#[test]
fn what_is_not_http() {
    for (greeting, cause) in [
        (&b"SSH-2.0-OpenSSH_9.9\r\n"[..], C::WrongUpstreamPort),
        (b"-ERR unknown command\r\n", C::WrongUpstreamPort),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", C::WrongProtocol),
        (b"\x1b[2Jnonsense\r\n\r\n", C::InvalidResponse),
    ] {
        let backend = listen(move |mut stream, _| {
            let _ = stream.write_all(greeting);
            request(&mut stream);
        });
        let r = probe(bad_gateway(), backend);
        assert_eq!(r.verdict.cause, Some(cause), "{r:#?}");
        for bytes in [logjoin_probe::text(&r), logjoin_probe::json(&r, false)] {
            assert!(!bytes.contains(&0x1b), "shown as it came");
        }
    }
}

#[test]
fn a_proxy_that_waits_less_than_the_backend_needs() {
    let backend = listen(|mut stream, _| {
        request(&mut stream);
        std::thread::sleep(Duration::from_millis(600));
        let _ = stream.write_all(&status(200, "Connection: close\r\n"));
    });
    let proxy = listen(|mut stream, _| {
        request(&mut stream);
        std::thread::sleep(Duration::from_millis(300));
        let _ = stream.write_all(&status(504, "Connection: close\r\n"));
    });
    says(&probe(proxy, backend), C::TimeoutTooShort, None);
    let o = options(&url(healthy()), &url(backend)).proxy_timeout(Duration::from_millis(400));
    says(&run(&o).unwrap(), C::TimeoutTooShort, None);
}

#[test]
fn only_the_proxy_fails() {
    says(&probe(bad_gateway(), healthy()), C::WrongUpstreamPort, None);
    let large = answering(status(200, &format!("Set-Cookie: {}\r\n", "a".repeat(5000))));
    says(&probe(bad_gateway(), large), C::HeaderTooLarge, None);
    let haproxy = answering(
        "HTTP/1.1 503 X\r\nContent-Length: 48\r\n\r\nNo server is available to handle this request.\r\n",
    );
    says(&probe(haproxy, healthy()), C::HealthCheckFailing, None);
    says(&probe(answering(status(429, "")), healthy()), C::RequestLimited, None);
    says(&probe(closed(), healthy()), C::ProxyRestarting, Some("proxy-not-listening"));
    let mixed = listen(|mut stream, n| {
        request(&mut stream);
        let _ = stream.write_all(&status(if n % 2 == 0 { 502 } else { 200 }, "Connection: close\r\n"));
    });
    says(&probe(mixed, healthy()), C::OneBadServer, None);
}

#[test]
fn a_backend_that_closes_idle_connections_is_noted_and_blamed_when_some_requests_fail() {
    let closing = listen(|mut stream, _| {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
        while request(&mut stream).is_some() {
            let _ = stream.write_all(&status(200, "Keep-Alive: timeout=1\r\n"));
        }
    });
    let mixed = listen(|mut stream, n| {
        request(&mut stream);
        let _ = stream.write_all(&status(if n % 2 == 0 { 502 } else { 200 }, "Connection: close\r\n"));
    });
    let mut o = options(&url(mixed), &url(closing));
    o.idle_gaps = vec![Duration::from_millis(100), Duration::from_millis(900)];
    let r = run(&o).unwrap();
    says(&r, C::KeepaliveRace, None);
    let k = r.direct[0].keepalive.as_ref().unwrap();
    assert_eq!((k.outcome.as_str(), k.promised.as_deref()), ("closed-while-idle", Some("timeout=1")));
    assert!((0.2..0.8).contains(&k.closed_after_s.unwrap()), "{k:?}");
    assert!(r.notes.iter().any(|n| n.contains("keepalive-race")));
}

#[test]
fn requests_are_few_marked_and_alike() {
    let (send, receive) = std::sync::mpsc::channel();
    let send = std::sync::Mutex::new(send);
    let server = listen(move |mut stream, _| {
        while let Some(r) = request(&mut stream) {
            let _ = send.lock().unwrap().send(r);
            let _ = stream.write_all(&status(302, "Location: /elsewhere\r\n"));
        }
    });
    let o = options(&url(server), &url(server)).id("mark-1").host("shop.example").mark_url(true);
    let began = Instant::now();
    let r = run(&o.method("HEAD")).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(3 * 50), "paced");
    let seen: Vec<String> = receive.try_iter().collect();
    assert_eq!(seen.len(), 4, "two each, and no redirect followed");
    assert!(
        seen[0].starts_with("HEAD /cart?logjoin-probe=mark-1-via-1 HTTP/1.1\r\nHost: shop.example\r\n"),
        "{}",
        seen[0]
    );
    assert!(seen[0].contains("User-Agent: logjoin-probe-mark-1/via-1\r\nX-Request-ID: mark-1-via-1\r\n"));
    assert_eq!(seen[0].replace("via-1", "direct-1-1"), seen[1]);
    assert_eq!(r.marker, "logjoin-probe-mark-1");
}

#[test]
fn the_whole_has_an_end() {
    let slow = listen(|mut stream, _| {
        request(&mut stream);
        std::thread::sleep(Duration::from_millis(400));
        let _ = stream.write_all(&status(200, "Connection: close\r\n"));
    });
    let began = Instant::now();
    let o = options(&url(slow), &url(slow)).count(50).deadline(Duration::from_millis(1500));
    run(&o).unwrap();
    assert!(began.elapsed() < Duration::from_millis(2200), "{:?}", began.elapsed());
}

#[test]
fn json_holds_everything_and_ids_are_random() {
    let (a, b) = (probe(healthy(), closed()), probe(healthy(), closed()));
    assert_ne!(a.id, b.id);
    let bytes = logjoin_probe::json(&a, true);
    assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
    let text = String::from_utf8(bytes).unwrap();
    for part in
        ["\"schema_version\":1", "\"cause\":\"backend-down\"", "\"mechanism\":\"refused\"", "\"restart\":{"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}
