//! The right port, the wrong protocol: TLS to a plain port or the reverse, HTTP to FastCGI, HTTP/2 to HTTP/1.
//!
//! It fails always, not sometimes: a server that answered this proxy in the same stretch of configuration speaks against it.

use super::wrong_upstream_port::configured;
use super::{Cite, Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::WrongProtocol,
    seen_as: &[
        Mechanism::TlsFailed,
        Mechanism::InvalidResponse,
        Mechanism::InvalidOrDenied,
        Mechanism::ClosedBeforeHeaders,
        Mechanism::ConnectFailed,
    ],
    needs: "bytes of another protocol at an address that never answered this proxy",
    refuted_by: "requests of this proxy to the same address that succeed while the others fail",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let mechanism = case.mechanism;
    let candidates = [
        Mechanism::TlsFailed,
        Mechanism::InvalidResponse,
        Mechanism::InvalidOrDenied,
        Mechanism::ClosedBeforeHeaders,
        Mechanism::ConnectFailed,
        Mechanism::FromBackend,
    ];
    if !candidates.contains(&mechanism) {
        return None;
    }
    // httpd does not name the server whose handshake failed.
    let label = match case.label() {
        None if mechanism == Mechanism::TlsFailed => "",
        label => label?,
    };
    let world = case.scene.world;
    let mut served = case.scene.label_served(label, case.start - 2 * SECOND, case.end + 2 * SECOND);
    // A proxy whose access log names no server: whoever is behind the address answers others.
    if let Some(i) = case.instance.filter(|_| case.scene.label_served(label, i64::MIN / 4, i64::MAX / 4) == 0)
    {
        served += case.scene.served(i, case.start - 2 * SECOND, case.end + 2 * SECOND);
    }
    let said: Vec<usize> =
        case.f.errors.iter().copied().filter(|e| is_mismatch(&world.errors[*e].e.message)).collect();
    let protocol = case.near(&[Meaning::ProtocolError], 2 * SECOND, 2 * SECOND);
    let tls_line = case.near(&[Meaning::TlsError], 2 * SECOND, 2 * SECOND);
    // A 400 from a port that got something else than it speaks comes with a backend's complaint.
    if mechanism == Mechanism::FromBackend {
        return None;
    }
    // An address that answers plain requests of one route may be asked for TLS by another.
    if !said.is_empty() && (served == 0 || mechanism == Mechanism::TlsFailed) {
        return Some(Verdict::new(CauseId::WrongProtocol, 0.95).because(
            "the bytes that came back belong to another protocol",
            said.into_iter().map(Cite::Error),
        ));
    }
    if !protocol.is_empty() && served == 0 {
        return Some(
            Verdict::new(CauseId::WrongProtocol, 0.9)
                .signs("the backend reports bytes that are not its protocol", &protocol)
                .own(case, "and the proxy got no response that it could use"),
        );
    }
    if mechanism == Mechanism::TlsFailed {
        let refused: Vec<usize> =
            case.f.errors.iter().copied().filter(|e| is_tls_word(&world.errors[*e].e.message)).collect();
        if !refused.is_empty() {
            let cites = refused.into_iter().map(Cite::Error);
            return Some(
                Verdict::new(CauseId::TlsFailure, 0.93)
                    .because("both sides speak TLS, and do not agree", cites),
            );
        }
        let cause =
            if tls_line.is_empty() && served == 0 { CauseId::WrongProtocol } else { CauseId::TlsFailure };
        let text = "the TLS handshake with the backend failed";
        return Some(Verdict::new(cause, 0.6).by_exclusion().own(case, text));
    }
    // HAProxy counts the handshake as part of connecting, and does not say why that failed.
    if mechanism == Mechanism::ConnectFailed
        && served == 0
        && configured(case, label).is_some_and(|s| s.tls)
        && case.instance.is_some_and(|i| case.scene.served_around(i, case.start, case.end))
    {
        return Some(
            Verdict::new(CauseId::WrongProtocol, 0.88).own(
                case,
                "the connection is made with TLS, and the same backend serves others in plain HTTP",
            ),
        );
    }
    // HAProxy: a health check that meets the wrong protocol says so.
    let check = world.states.iter().enumerate().find(|(_, m)| {
        m.instance == case.proxy
            && m.e.reason.as_deref().is_some_and(|r| {
                r.contains("Layer6 invalid response") || r.contains("Layer7 invalid response")
            })
            && m.e
                .server
                .as_deref()
                .zip(m.e.backend.as_deref())
                .is_some_and(|(s, b)| format!("{b}/{s}") == label)
            && (m.lo - case.end).abs() < 120 * SECOND
    });
    check.filter(|_| served == 0).map(|(i, _)| {
        Verdict::new(CauseId::WrongProtocol, 0.8)
            .because("the health check met another protocol", [Cite::State(i)])
    })
}

fn is_mismatch(message: &str) -> bool {
    let words = [
        "wrong version number",
        "unknown protocol",
        "http request",
        "packet length too long",
        "record layer failure",
        "no valid HTTP/",
        "unsupported FastCGI protocol version",
        "invalid FastCGI record type",
        "too large http2 frame",
        "Got bogus version",
        "got bad signature",
        "memcached sent invalid response",
    ];
    words.iter().any(|w| message.contains(w))
}

/// Words that only a peer that speaks TLS, or a look at its certificate, can give rise to (`ngx_http_upstream.c`, OpenSSL's
/// alerts in `ssl/ssl_stat.c`).
fn is_tls_word(message: &str) -> bool {
    let words =
        ["certificate", "SSL alert number", "unsupported protocol", "no shared cipher", "dh key too small"];
    words.iter().any(|w| message.contains(w))
}
