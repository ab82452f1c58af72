//! Rules about a proxy that fails while its backends, asked directly, do not.

use logjoin::{CauseId as C, Mechanism as M};

use super::{Facts, Finding, PairRule, seconds};
use crate::report::{Exchange, TargetReport};

/// Rules about proxy and backends together, in order.
pub static PAIR_RULES: &[PairRule] = &[
    PairRule {
        id: "proxy-gave-up-first",
        doc: "504 via the proxy (or its known timeout), and directly the answer takes as long or longer.",
        judge: proxy_gave_up_first,
    },
    PairRule {
        id: "header-beyond-buffer",
        doc: "Always 502 or 500 via the proxy, and the response's header is larger than a proxy's buffer: nginx has one page (4096 bytes, proxy_buffer_size), httpd 8190 per field.",
        judge: header_beyond_buffer,
    },
    PairRule {
        id: "certificate-distrusted",
        doc: "Gateway errors via the proxy, and the backend's certificate is for another name or not trusted: a proxy that checks refuses it.",
        judge: certificate_distrusted,
    },
    PairRule {
        id: "kept-connection-lost",
        doc: "Sometimes a gateway error via the proxy, and the backend closes kept connections soon or without a word.",
        judge: kept_connection_lost,
    },
    PairRule {
        id: "sometimes",
        doc: "Sometimes a gateway error via the proxy and sometimes not: one of several servers.",
        judge: sometimes,
    },
    PairRule {
        id: "gateway-timeout",
        doc: "504 via the proxy, while the backend answers quickly: the proxy does not reach what we reach.",
        judge: gateway_timeout,
    },
    PairRule {
        id: "proxy-silent",
        doc: "No answer from the proxy in time, while the backend answers quickly.",
        judge: proxy_silent,
    },
    PairRule {
        id: "no-server",
        doc: "HAProxy's own page of a 503, or a 503 of httpd: no server was to be had, while the backend answers.",
        judge: no_server,
    },
    PairRule {
        id: "limited",
        doc: "503 of nginx's own, 429 or 403 via the proxy only: a limit or a rule.",
        judge: limited,
    },
    PairRule {
        id: "elsewhere",
        doc: "Always 502 via the proxy, while the backend answers: the proxy goes to another address, port or protocol, or is kept from going.",
        judge: elsewhere,
    },
    PairRule { id: "proxy-error", doc: "Another 5xx via the proxy only.", judge: proxy_error },
];

fn gateway(e: &Exchange) -> bool {
    matches!(e.status, Some(502..=504))
}

fn status(e: &Exchange, status: u16) -> bool {
    e.status == Some(status)
}

fn every(t: &TargetReport, test: impl Fn(&Exchange) -> bool) -> bool {
    !t.requests.is_empty() && t.requests.iter().all(test)
}

fn some(t: &TargetReport, test: impl Fn(&Exchange) -> bool) -> bool {
    t.requests.iter().any(test)
}

/// The longest time to a first byte at any backend.
fn slowest(facts: &Facts<'_>) -> Option<f64> {
    facts.direct.iter().flat_map(|t| &t.requests).filter_map(|e| e.first_byte_s).max_by(f64::total_cmp)
}

fn seen(f: Finding, facts: &Facts<'_>) -> Finding {
    let line = |t: &TargetReport| {
        let all: Vec<String> = t
            .requests
            .iter()
            .map(|e| {
                let what = e.status.map_or_else(|| e.mechanism.as_str().to_owned(), |s| s.to_string());
                format!("{what} after {}", seconds(e.total_s))
            })
            .collect();
        format!("{}: {}", t.name, all.join(", "))
    };
    std::iter::once(facts.via).chain(facts.direct).fold(f, |f, t| f.seen(line(t)))
}

fn server(facts: &Facts<'_>) -> String {
    let of = |e: &Exchange| {
        e.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("server")).map(|(_, v)| v.to_ascii_lowercase())
    };
    facts.via.requests.iter().find(|e| gateway(e)).and_then(of).unwrap_or_default()
}

fn proxy_gave_up_first(facts: &Facts<'_>) -> Option<Finding> {
    let slowest = slowest(facts)?;
    let gave_up = facts.via.requests.iter().find(|e| status(e, 504)).map(|e| e.total_s);
    let known = facts.proxy_timeout.map(|t| t.as_secs_f64());
    let waits = gave_up.or(known)?;
    // A tenth for what the two requests differ in.
    (slowest >= waits * 0.9 && slowest > 0.2).then(|| {
        let why = format!("the proxy waits {}, the backend needs {}", seconds(waits), seconds(slowest));
        let f = Finding::new(C::TimeoutTooShort, if gave_up.is_some() { 0.92 } else { 0.8 }, why);
        seen(f, facts).or(&[C::LatencyDegradation])
    })
}

fn header_beyond_buffer(facts: &Facts<'_>) -> Option<Finding> {
    if !every(facts.via, |e| status(e, 502) || status(e, 500)) {
        return None;
    }
    let largest = facts.direct.iter().flat_map(|t| &t.requests).map(|e| e.header_bytes).max()?;
    (largest > 4000).then(|| {
        let f =
            Finding::new(C::HeaderTooLarge, 0.85, format!("the header of the response has {largest} bytes"));
        seen(f, facts).or(&[C::WrongUpstreamPort])
    })
}

fn certificate_distrusted(facts: &Facts<'_>) -> Option<Finding> {
    if !every(facts.via, gateway) {
        return None;
    }
    let c = facts
        .direct
        .iter()
        .filter_map(|t| t.tls.as_ref()?.certificate.as_ref())
        .find(|c| c.problem.is_some())?;
    let f =
        Finding::new(C::TlsFailure, 0.6, c.text.clone().unwrap_or_default()).detail("upstream-cert-invalid");
    Some(seen(f, facts).or(&[C::WrongUpstreamPort]))
}

fn is_mixed(facts: &Facts<'_>) -> bool {
    let fails = |e: &Exchange| gateway(e) || e.mechanism == M::ClosedBeforeHeaders;
    some(facts.via, fails) && some(facts.via, |e| !fails(e))
}

fn kept_connection_lost(facts: &Facts<'_>) -> Option<Finding> {
    let kept = facts.direct.iter().filter_map(|t| t.keepalive.as_ref());
    let lost =
        kept.into_iter().find(|k| matches!(k.outcome.as_str(), "closed-while-idle" | "failed-on-reuse"))?;
    is_mixed(facts).then(|| {
        let after = seconds(lost.closed_after_s.unwrap_or_default());
        let why = format!("some requests fail, and the backend closes kept connections after {after}");
        seen(Finding::new(C::KeepaliveRace, 0.6, why), facts).or(&[C::OneBadServer])
    })
}

fn sometimes(facts: &Facts<'_>) -> Option<Finding> {
    is_mixed(facts).then(|| {
        let f = Finding::new(
            C::OneBadServer,
            0.5,
            "some requests fail via the proxy, none at the backends that were asked",
        );
        seen(f, facts)
            .or(&[C::KeepaliveRace, C::WorkerPoolExhausted])
            .next("ask every server of the pool: --direct once for each, with a larger --count")
    })
}

fn gateway_timeout(facts: &Facts<'_>) -> Option<Finding> {
    let e = facts.via.requests.iter().find(|e| status(e, 504))?;
    let why = format!("the proxy gives up after {}, the backend answers at once", seconds(e.total_s));
    let f = seen(Finding::new(C::ConnectTimeout, 0.5, why), facts);
    Some(
        f.or(&[C::DnsStaleAddress, C::WrongUpstreamPort, C::BackendHang])
            .next("probe from the proxy's own host, with the address from its configuration"),
    )
}

fn proxy_silent(facts: &Facts<'_>) -> Option<Finding> {
    some(facts.via, |e| e.mechanism == M::ReadTimeout).then(|| {
        let f = Finding::new(C::ConnectTimeout, 0.45, "the proxy does not answer in time, the backend does");
        seen(f, facts)
            .or(&[C::LatencyDegradation, C::ProxyResources, C::DnsStaleAddress])
            .next("wait longer than the proxy does: --timeout 70s shows its own verdict")
    })
}

fn no_server(facts: &Facts<'_>) -> Option<Finding> {
    let is_haproxy = |e: &Exchange| {
        status(e, 503) && e.body_start.contains("No server is available to handle this request")
    };
    if every(facts.via, is_haproxy) {
        let why = "HAProxy has no server to give the request to, while the backend answers";
        let f = seen(Finding::new(C::HealthCheckFailing, 0.5, why), facts);
        return Some(f.or(&[C::NoLiveUpstreams, C::WrongUpstreamPort, C::BackendMaintenance]).next(
            "`show servers state` and `show stat` on HAProxy's socket say which server is DOWN, and why",
        ));
    }
    let is_httpd = every(facts.via, |e| status(e, 503)) && server(facts).starts_with("apache");
    is_httpd.then(|| {
        let why = "httpd could not connect, or holds its worker in error, while the backend answers";
        let f = seen(Finding::new(C::WrongUpstreamPort, 0.45, why), facts);
        f.or(&[C::NoLiveUpstreams, C::PermissionDenied, C::FirewallReject, C::DnsStaleAddress])
    })
}

fn limited(facts: &Facts<'_>) -> Option<Finding> {
    let own_503 = every(facts.via, |e| status(e, 503)) && server(facts).starts_with("nginx");
    let refused = every(facts.via, |e| matches!(e.status, Some(403 | 429)))
        && facts.direct.iter().all(|t| every(t, |e| e.status.is_some_and(|s| s < 400)));
    (own_503 || refused).then(|| {
        let f = Finding::new(
            C::RequestLimited,
            0.55,
            "the proxy refuses by a limit or a rule, the backend serves",
        );
        seen(f, facts).or(&[C::ProxyConfigError, C::AppGenerated502])
    })
}

fn elsewhere(facts: &Facts<'_>) -> Option<Finding> {
    every(facts.via, gateway).then(|| {
        let f = Finding::new(
            C::WrongUpstreamPort,
            0.4,
            "the backend answers here and not to the proxy: it goes to another address, port or protocol, or is kept from going",
        );
        seen(f, facts)
            .or(&[C::NoLiveUpstreams, C::DnsStaleAddress, C::WrongProtocol, C::FirewallReject, C::PermissionDenied])
            .next("the proxy's error log names the address and the error: --logs PATH shows its lines for these requests")
            .next("probe from the proxy's own host, with the address from its configuration")
    })
}

fn proxy_error(facts: &Facts<'_>) -> Option<Finding> {
    let e = facts
        .via
        .requests
        .iter()
        .find(|e| e.status.is_some_and(|s| s >= 500) || e.mechanism != M::FromBackend)?;
    let what = e.status.map_or_else(|| e.mechanism.as_str().to_owned(), |s| s.to_string());
    let f = Finding::new(C::ProxyInternalError, 0.45, format!("only the proxy fails: {what}"));
    Some(seen(f, facts).or(&[C::ProxyConfigError, C::ProxyResources]))
}
