//! In which order to restart, where the verdict says that a restart helps: the backend, then waiting until it is ready and
//! how that is seen, and only then the proxy.

use logjoin::CauseId as C;

use crate::report::{Restart, TargetReport, Verdict};

/// The order, or nothing where a restart changes nothing.
pub(crate) fn order(verdict: &Verdict, via: &TargetReport, direct: &[TargetReport]) -> Option<Restart> {
    let cause = verdict.cause?;
    let backend = direct.iter().find(|t| t.name == verdict.about).or(direct.first())?;
    let (why, begins) = match cause {
        C::BackendDown => ("nothing listens at the backend's port", "Start the backend"),
        C::BackendCrash => ("the backend went away while it was asked", "Restart the backend"),
        C::BackendHang => {
            ("the backend does not answer", "Keep a dump of its threads, then restart the backend")
        }
        C::WorkerPoolExhausted => {
            ("the backend accepts nobody", "Keep a dump of its threads, then restart the backend")
        }
        C::DnsStaleAddress => ("the proxy may hold an old address", ""),
        C::TlsFailure if verdict.detail.as_deref() == Some("certificate-expired") => {
            ("a renewed certificate is read only at a start", "Renew the certificate and reload the backend")
        }
        C::ProxyRestarting => ("nothing listens at the proxy's port", ""),
        _ => return None,
    };
    let mut steps = Vec::new();
    if !begins.is_empty() {
        steps.push(format!("{begins} at {}, and read its log while it starts.", backend.url));
    }
    steps.push(format!(
        "Wait until the backend is ready: {} takes connections and answers below 500 without the proxy, twice in a row \
         (curl -sS -o /dev/null -w '%{{http_code}}\\n' {}); its log then has its line of readiness (\"listening\", \"started\", \"ready\").",
        backend.connect.first().map_or(backend.url.as_str(), |c| c.address.as_str()),
        shell_word(&backend.url),
    ));
    let starts =
        if cause == C::ProxyRestarting { "start the proxy" } else { "reload the proxy, if it still fails" };
    steps.push(format!("Only then {starts}: {}.", reload(via)));
    if !begins.is_empty() {
        steps.push(
            "Without a reload the proxy takes the backend back by itself: nginx after `fail_timeout`, httpd after `retry`, \
             HAProxy after `rise` successful checks."
                .to_owned(),
        );
    }
    steps.push("Probe again.".to_owned());
    Some(Restart { why: why.to_owned(), steps })
}

/// How the proxy is checked and reloaded; all three where it does not say what it is.
fn reload(via: &TargetReport) -> &'static str {
    let server = via
        .requests
        .iter()
        .flat_map(|e| &e.headers)
        .find(|(n, _)| n.eq_ignore_ascii_case("server"))
        .map(|(_, v)| v.to_ascii_lowercase())
        .unwrap_or_default();
    if server.starts_with("nginx") {
        "`nginx -t && nginx -s reload`"
    } else if server.starts_with("apache") {
        "`apachectl configtest && apachectl graceful`"
    } else {
        "`nginx -t && nginx -s reload`, `apachectl configtest && apachectl graceful`, or `haproxy -c -f FILE` and a reload of its service"
    }
}

/// One word of a shell, whatever a URL holds.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stays_one_word() {
        assert_eq!(shell_word("http://a/?x=1&y='"), "'http://a/?x=1&y='\\'''");
    }
}
