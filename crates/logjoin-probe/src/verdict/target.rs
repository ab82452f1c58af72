//! Rules about one URL alone.

use logjoin::{CauseId as C, Mechanism as M};

use super::{Facts, Finding, TargetRule, seconds, serves};
use crate::report::{ConnectStep, Exchange, TargetReport};

/// Rules about one URL, in order.
pub static TARGET_RULES: &[TargetRule] = &[
    TargetRule {
        id: "name-unresolved",
        doc: "The name has no address and none was given with --resolve.",
        judge: name_unresolved,
    },
    TargetRule {
        id: "configured-address-dead",
        doc: "The address given with --resolve is not reached, and another address of the name is: the name has moved.",
        judge: configured_address_dead,
    },
    TargetRule {
        id: "refused-by-filter",
        doc: "Refused, although this machine's table of sockets shows a listener at this very address: something before it refuses.",
        judge: refused_by_filter,
    },
    TargetRule {
        id: "listens-elsewhere",
        doc: "Refused, and the table shows the port at another address of this machine.",
        judge: listens_elsewhere,
    },
    TargetRule {
        id: "refused",
        doc: "The host answers that nothing listens at the port (RST).",
        judge: refused,
    },
    TargetRule {
        id: "listen-queue-full",
        doc: "No answer to SYN, although the table shows a listener, and connections that wait to be accepted: the kernel drops SYNs when that queue is full.",
        judge: listen_queue_full,
    },
    TargetRule {
        id: "no-answer-to-syn",
        doc: "No answer to SYN until the time was up: packets vanish on the way, as with a filter that drops, or the host is gone.",
        judge: no_answer_to_syn,
    },
    TargetRule {
        id: "forbidden-here",
        doc: "The own system forbids the connection (EACCES, EPERM: a prohibiting route, or a filter on output).",
        judge: forbidden_here,
    },
    TargetRule {
        id: "rejected-by-icmp",
        doc: "EHOSTUNREACH within a second though there is a route: ICMP came back, as filters send it (RFC 1812 5.2.7.1 codes 9, 10, 13). A host that does not answer ARP takes about 3 s.",
        judge: rejected_by_icmp,
    },
    TargetRule {
        id: "no-route",
        doc: "The own system or a router has no way to the address.",
        judge: no_route,
    },
    TargetRule { id: "not-connected", doc: "The connection failed in another way.", judge: not_connected },
    TargetRule {
        id: "tls-to-plain",
        doc: "The TLS handshake fails, and the same port answers plain HTTP.",
        judge: tls_to_plain,
    },
    TargetRule {
        id: "plain-to-tls",
        doc: "Plain HTTP fails, and the same port shakes hands with TLS.",
        judge: plain_to_tls,
    },
    TargetRule { id: "handshake-failed", doc: "The TLS handshake fails.", judge: handshake_failed },
    TargetRule {
        id: "certificate-dates",
        doc: "The certificate has expired or is not valid yet. A fault even where this proxy does not look.",
        judge: certificate_dates,
    },
    TargetRule {
        id: "other-protocol",
        doc: "What came back is the beginning of another protocol.",
        judge: other_protocol,
    },
    TargetRule { id: "not-http", doc: "What came back is no HTTP response.", judge: not_http },
    TargetRule {
        id: "header-endless",
        doc: "The header is larger than the probe reads.",
        judge: header_endless,
    },
    TargetRule {
        id: "no-response",
        doc: "The connection is made, the request is taken, and no response comes until the time is up.",
        judge: no_response,
    },
    TargetRule {
        id: "closed-and-gone",
        doc: "The connection was closed before a response, and the next one was not accepted.",
        judge: closed_and_gone,
    },
    TargetRule {
        id: "closed-early",
        doc: "The connection was closed before a whole response, and the next one was accepted: the process lives.",
        judge: closed_early,
    },
    TargetRule { id: "body-stalled", doc: "The body stops in the middle.", judge: body_stalled },
    TargetRule {
        id: "own-gateway-error",
        doc: "502, 503 or 504 without the proxy in between.",
        judge: own_gateway_error,
    },
    TargetRule { id: "own-error", doc: "Another 5xx without the proxy in between.", judge: own_error },
    TargetRule {
        id: "lost-syns",
        doc: "Connections are made, some only after the waits of a repeated SYN.",
        judge: lost_syns,
    },
];

/// The failed connections, if no address took one.
fn shut(t: &TargetReport) -> Option<&[ConnectStep]> {
    let none_open = !t.connect.is_empty() && t.connect.iter().all(|c| c.mechanism != M::FromBackend);
    none_open.then_some(t.connect.as_slice())
}

/// The failed connections, if all failed in one way.
fn all(t: &TargetReport, mechanism: M) -> Option<&[ConnectStep]> {
    shut(t).filter(|steps| steps.iter().all(|c| c.mechanism == mechanism))
}

fn spell(c: &ConnectStep) -> String {
    format!("{}: {} after {}", c.address, c.error.as_deref().unwrap_or("failed"), seconds(c.took_s))
}

fn with_all(mut f: Finding, steps: &[ConnectStep]) -> Finding {
    f.evidence.extend(steps.iter().map(spell));
    f
}

fn name_unresolved(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let r = &t.resolve;
    if r.outcome == "ok" || !t.connect.is_empty() {
        return None;
    }
    let detail = match r.outcome.as_str() {
        "timeout" => "dns-timeout",
        "resolver-broken" => "dns-resolver-broken",
        _ => "dns-not-found",
    };
    Some(
        Finding::new(C::DnsFailure, 0.95, format!("the name {} does not resolve", r.host))
            .detail(detail)
            .seen(format!("{} after {}", r.error.as_deref().unwrap_or(&r.outcome), seconds(r.took_s))),
    )
}

fn configured_address_dead(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let configured = t.resolve.configured.as_deref()?;
    let is_configured = |c: &&ConnectStep| {
        c.address.parse::<std::net::SocketAddr>().is_ok_and(|a| a.ip().to_string() == configured)
    };
    let dead = t.connect.iter().find(is_configured).filter(|c| c.mechanism != M::FromBackend)?;
    let alive = t.connect.iter().find(|c| c.mechanism == M::FromBackend)?;
    Some(
        Finding::new(
            C::DnsStaleAddress,
            0.88,
            format!(
                "the configured address {configured} is not reached; {} of the same name is",
                alive.address
            ),
        )
        .seen(spell(dead))
        .next("reload the proxy, so that it resolves the name again, or let it resolve names while it runs"),
    )
}

fn refused_by_filter(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::Refused)?;
    steps.iter().any(|c| c.own_socket.as_ref().is_some_and(|o| o.listens)).then(|| {
        let f =
            Finding::new(C::FirewallReject, 0.93, "refused, although a process listens at this very address");
        with_all(f, steps).seen("this machine's table of sockets shows the listener")
    })
}

fn listens_elsewhere(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::Refused)?;
    let other = steps.iter().find_map(|c| c.own_socket.as_ref()?.elsewhere.first())?;
    let f = Finding::new(
        C::WrongUpstreamPort,
        0.85,
        format!("nothing listens at this address; the port is listened on at {other}"),
    );
    Some(with_all(f.detail("wrong-upstream-address"), steps).or(&[C::BackendDown]))
}

fn refused(t: &TargetReport, facts: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::Refused)?;
    let own = steps.iter().all(|c| c.own_socket.is_some());
    let why = if own {
        "nothing listens at the port"
    } else {
        "the connection is refused: nothing listens at the port"
    };
    let confidence = match (own, serves(facts.via)) {
        (true, _) => 0.93,
        (false, false) => 0.85,
        (false, true) => 0.6,
    };
    let f = with_all(Finding::new(C::BackendDown, confidence, why).detail("backend-refused"), steps);
    Some(
        f.or(&[C::WrongUpstreamPort, C::FirewallReject])
            .next("is the port the right one? what does the backend's own log say of its last minutes?"),
    )
}

fn listen_queue_full(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::ConnectTimeout)?;
    let own = steps.iter().find_map(|c| c.own_socket.as_ref().filter(|o| o.listens && o.waiting > 0))?;
    let f = Finding::new(
        C::WorkerPoolExhausted,
        0.88,
        format!(
            "a process listens and accepts nobody: {} connections wait, new ones are dropped",
            own.waiting
        ),
    );
    Some(with_all(f.detail("listen-queue-full"), steps).or(&[C::BackendHang]))
}

fn no_answer_to_syn(t: &TargetReport, facts: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::ConnectTimeout)?;
    let why = format!("no answer to any attempt to connect within {}", seconds(facts.timeout.as_secs_f64()));
    let f = with_all(Finding::new(C::ConnectTimeout, 0.88, why).detail("firewall-drop"), steps);
    Some(f.or(&[C::WorkerPoolExhausted, C::NetworkUnreachable]))
}

fn forbidden_here(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::Permission)?;
    let f = Finding::new(C::FirewallReject, 0.9, "this machine itself forbids the connection");
    Some(with_all(f.detail("local-rule"), steps))
}

fn rejected_by_icmp(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::NoRoute)?;
    // 113 is EHOSTUNREACH on Linux; 101 (no network) is what routers without a route cause.
    let told = |c: &ConnectStep| c.os_code == Some(113) && !c.own_route && c.took_s < 1.0;
    steps.iter().all(told).then(|| {
        let f = Finding::new(
            C::FirewallReject,
            0.85,
            "something on the way answers at once that the host is unreachable",
        );
        with_all(f.detail("icmp"), steps)
            .seen("this machine has a route, and ARP would have taken about 3 s")
            .or(&[C::NetworkUnreachable])
    })
}

fn no_route(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = all(t, M::NoRoute)?;
    let own = steps.iter().all(|c| c.own_route);
    let why = if own {
        "this machine has no route to the address"
    } else {
        "the host does not answer on its network, or a router has no way to it"
    };
    Some(
        with_all(Finding::new(C::NetworkUnreachable, if own { 0.93 } else { 0.8 }, why), steps)
            .or(&[C::FirewallReject]),
    )
}

fn not_connected(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let steps = shut(t)?;
    let count = |m| steps.iter().filter(|c| c.mechanism == m).count();
    // Several addresses that fail in several ways: IPv6 without a route beside an IPv4 that refuses, mostly.
    let cause = [
        (M::Refused, C::BackendDown),
        (M::ConnectTimeout, C::ConnectTimeout),
        (M::Permission, C::FirewallReject),
    ]
    .into_iter()
    .find(|(m, _)| count(*m) > 0)
    .map_or(C::NetworkUnreachable, |(_, c)| c);
    Some(with_all(Finding::new(cause, 0.6, "no address takes a connection"), steps))
}

fn tls_to_plain(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let other = t.other_protocol.as_ref().filter(|o| o.works && o.tried == "plain")?;
    let tls = t.tls.as_ref().and_then(|s| s.error.clone()).unwrap_or_default();
    Some(
        Finding::new(C::WrongProtocol, 0.95, "TLS is spoken to a port that speaks plain HTTP")
            .detail("tls-to-plain")
            .seen(format!("TLS: {tls}"))
            .seen(format!("plain: {}", other.text))
            .next("http:// instead of https:// for this backend, or a listener with TLS"),
    )
}

fn plain_to_tls(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let other = t.other_protocol.as_ref().filter(|o| o.works && o.tried == "tls")?;
    let mut f = Finding::new(C::WrongProtocol, 0.95, "plain HTTP is spoken to a port that speaks TLS")
        .detail("plain-to-tls")
        .seen(format!("TLS: {}", other.text));
    if let Some(e) = t.requests.first() {
        f = f.seen(format!("plain: {}", told(e)));
    }
    Some(f.next("https:// instead of http:// for this backend (`ssl` on HAProxy's server line, SSLProxyEngine in httpd)"))
}

fn handshake_failed(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let later = t.requests.iter().find(|e| e.mechanism == M::TlsFailed).and_then(|e| e.error.clone());
    let first = t.tls.as_ref().filter(|s| s.outcome != "ok");
    let (outcome, error) = match (first, later) {
        (Some(s), _) => (s.outcome.as_str(), s.error.clone().unwrap_or_default()),
        (None, Some(error)) => ("failed", error),
        (None, None) => return None,
    };
    let f = match outcome {
        "not-tls" => {
            Finding::new(C::WrongProtocol, 0.75, "TLS is spoken to a port that answers something else")
                .detail("tls-to-plain")
        }
        "timeout" => Finding::new(C::BackendHang, 0.5, "the TLS handshake is not answered")
            .or(&[C::WrongProtocol, C::TlsFailure]),
        "incompatible" => Finding::new(C::TlsFailure, 0.85, "there is no TLS version or cipher in common")
            .detail("no-common-version"),
        "closed" => Finding::new(C::TlsFailure, 0.6, "the connection is closed during the handshake")
            .or(&[C::WrongProtocol]),
        _ => Finding::new(C::TlsFailure, 0.85, "the TLS handshake fails"),
    };
    Some(f.seen(error))
}

fn certificate_dates(t: &TargetReport, facts: &Facts<'_>) -> Option<Finding> {
    let c = t.tls.as_ref()?.certificate.as_ref()?;
    let detail = match c.problem.as_deref() {
        Some("expired") => "certificate-expired",
        Some("not-yet-valid") => "certificate-not-yet-valid",
        _ => return None,
    };
    let confidence = if serves(facts.via) { 0.8 } else { 0.88 };
    Some(
        Finding::new(C::TlsFailure, confidence, c.text.clone().unwrap_or_default())
            .detail(detail)
            .seen(format!("{}, issued by {}, valid {} to {}", c.subject, c.issuer, c.not_before, c.not_after))
            .next("renew the certificate, and reload what serves it"),
    )
}

/// How other protocols greet.
const GREETINGS: &[(&str, &str, C)] = &[
    ("\u{15}\u{3}", "a TLS alert", C::WrongProtocol),
    ("\u{16}\u{3}", "a TLS handshake", C::WrongProtocol),
    ("SSH-", "SSH", C::WrongUpstreamPort),
    ("220 ", "SMTP or FTP", C::WrongUpstreamPort),
    ("-ERR", "Redis or POP3", C::WrongUpstreamPort),
    ("+OK", "Redis or POP3", C::WrongUpstreamPort),
    ("* OK", "IMAP", C::WrongUpstreamPort),
    ("RTSP/", "RTSP", C::WrongUpstreamPort),
];

fn other_protocol(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.mechanism == M::InvalidResponse)?;
    let start = e.body_start.as_str();
    let bytes = start.as_bytes();
    // The frame header of HTTP/2 SETTINGS (RFC 9113 4.1 and 6.5): length below 256, type 4, stream 0.
    let is_h2 = bytes.len() >= 9 && bytes[..2] == [0, 0] && bytes[3] == 4 && bytes[5..9] == [0; 4];
    let (what, cause) = match GREETINGS.iter().find(|(g, ..)| start.starts_with(g)) {
        Some((_, what, cause)) => (*what, *cause),
        None if is_h2 => ("HTTP/2 only", C::WrongProtocol),
        // The handshake of MySQL: a length, sequence 0, protocol 10.
        None if bytes.len() > 5 && bytes[3] == 0 && bytes[4] == 10 => ("MySQL", C::WrongUpstreamPort),
        None => return None,
    };
    let f = Finding::new(cause, 0.88, format!("the port speaks {what}, not HTTP/1"));
    Some(f.detail("upstream-protocol-mismatch").seen(told(e)))
}

fn not_http(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.mechanism == M::InvalidResponse)?;
    let f = Finding::new(C::InvalidResponse, 0.85, "what comes back is no HTTP response");
    Some(f.seen(told(e)).or(&[C::WrongProtocol, C::WrongUpstreamPort]))
}

fn header_endless(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.mechanism == M::HeaderTooLarge)?;
    Some(
        Finding::new(C::HeaderTooLarge, 0.93, "the header of the response is larger than proxies take")
            .seen(told(e)),
    )
}

fn no_response(t: &TargetReport, facts: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| matches!(e.mechanism, M::ReadTimeout | M::SendTimeout))?;
    let waited = seconds(facts.timeout.as_secs_f64());
    let f = Finding::new(
        C::BackendHang,
        0.82,
        format!("the backend takes the request and does not answer within {waited}"),
    );
    let longer = (facts.timeout.as_secs_f64() * 6.0).max(70.0);
    Some(f.seen(told(e)).or(&[C::TimeoutTooShort, C::WorkerPoolExhausted]).next(format!(
        "is it slow or stuck? probe again with --timeout {longer:.0}s, and look at its threads meanwhile"
    )))
}

fn closed_and_gone(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.mechanism == M::ClosedBeforeHeaders)?;
    let after = t.after_close.as_ref().filter(|c| c.mechanism != M::FromBackend)?;
    let f =
        Finding::new(C::BackendCrash, 0.82, "the backend closes without an answer, and then accepts no more");
    Some(f.seen(told(e)).seen(format!("afterwards {}", spell(after))).or(&[C::DeployRestart, C::OomKill]))
}

fn closed_early(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| matches!(e.mechanism, M::ClosedBeforeHeaders | M::Truncated))?;
    let f = Finding::new(
        C::UnhandledExceptionClose,
        0.75,
        "the backend closes the connection without a whole answer, and accepts the next one",
    );
    Some(f.detail("backend-closed-early").seen(told(e)).or(&[
        C::WorkerTimeout,
        C::BackendCrash,
        C::WrongProtocol,
    ]))
}

fn body_stalled(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.mechanism == M::Stalled)?;
    let f = Finding::new(C::BackendHang, 0.75, "the response begins and does not end");
    Some(f.detail("body-stalled").seen(told(e)).or(&[C::NetworkPacketLoss]))
}

fn own_gateway_error(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| matches!(e.status, Some(502..=504)))?;
    let status = e.status.unwrap_or_default();
    let all = t.requests.iter().all(|e| matches!(e.status, Some(502..=504)));
    let f = Finding::new(
        C::AppGenerated502,
        if all { 0.95 } else { 0.85 },
        format!("the backend itself answers {status}, without the proxy"),
    );
    Some(
        f.seen(told(e))
            .next("ask what stands behind the backend: its own dependencies, or another proxy on its host"),
    )
}

fn own_error(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    let e = t.requests.iter().find(|e| e.status.is_some_and(|s| s >= 500))?;
    let f = Finding::new(
        C::AppError,
        0.88,
        format!("the backend itself answers {}", e.status.unwrap_or_default()),
    );
    Some(f.seen(told(e)))
}

fn lost_syns(t: &TargetReport, _: &Facts<'_>) -> Option<Finding> {
    use crate::connect::lost_syns as lost;
    let of_requests = t.requests.iter().filter_map(|e| e.connect_s);
    let times: Vec<f64> = t
        .connect
        .iter()
        .filter(|c| c.mechanism == M::FromBackend)
        .map(|c| c.took_s)
        .chain(of_requests)
        .collect();
    let stepped: Vec<String> = times
        .iter()
        .filter(|s| lost(std::time::Duration::from_secs_f64(**s)) > 0)
        .map(|s| seconds(*s))
        .collect();
    if stepped.is_empty() {
        return None;
    }
    let why = format!("{} of {} connections were made only after a repeated SYN", stepped.len(), times.len());
    let f = Finding::new(C::NetworkPacketLoss, if stepped.len() > 1 { 0.75 } else { 0.6 }, why);
    Some(
        f.detail("lost-syns")
            .seen(format!("time to connect: {}", stepped.join(" ")))
            .or(&[C::WorkerPoolExhausted]),
    )
}

/// One request in a sentence.
fn told(e: &Exchange) -> String {
    let what = match (e.status, &e.error) {
        (_, Some(error)) => error.clone(),
        (Some(status), None) => format!("status {status}"),
        (None, None) => e.mechanism.as_str().to_owned(),
    };
    let begins: String = e.body_start.chars().take(60).collect();
    let begins = if begins.is_empty() { begins } else { format!("; it begins {begins:?}") };
    format!("{} to {}: {what} after {}{begins}", e.request_id, e.address, seconds(e.total_s))
}
