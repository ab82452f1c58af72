//! nginx: `src/http/ngx_http_upstream.c` and its siblings, by message, error number and action.

use super::connect_errno;
use crate::event::ErrorEvent;
use crate::vocabulary::Mechanism;

/// What an error line says of an attempt; `None` for lines that are about something else (relayed stderr,
/// buffering, a server being disabled).
pub(crate) fn of_error(e: &ErrorEvent) -> Option<Mechanism> {
    let m = e.message.as_str();
    let action = e.action.as_deref().unwrap_or("");
    let has = |s: &str| m.contains(s);
    let in_body = action == "reading upstream" || action.starts_with("proxying");
    let is_unix = e.upstream.as_deref().is_some_and(|u| u.contains("unix:")) || has("unix:");
    let code = e.os_code.unwrap_or(0);
    if has("sent in stderr") || has("temporary file") || has("temporarily disabled") || has("cache") {
        return None;
    }
    if has("no live upstreams") {
        return Some(Mechanism::NoServer);
    }
    if has("could not be resolved") || has("no resolver defined") || has("host not found") {
        return Some(Mechanism::Dns);
    }
    if has("connect() ") {
        return Some(connect_errno(code, is_unix));
    }
    if has("upstream timed out") {
        return Some(match action {
            "connecting to upstream" => Mechanism::ConnectTimeout,
            "SSL handshaking to upstream" => Mechanism::TlsFailed,
            "sending request to upstream" => Mechanism::SendTimeout,
            _ if in_body => Mechanism::Stalled,
            _ => Mechanism::ReadTimeout,
        });
    }
    if has("SSL_do_handshake()")
        || has("in SSL handshake")
        || has("SSL certificate")
        || action.starts_with("SSL hand")
    {
        return Some(Mechanism::TlsFailed);
    }
    if has("client prematurely closed") || has("client canceled") || has("client timed out") {
        return Some(Mechanism::ClientGone);
    }
    if has("prematurely closed FastCGI request") {
        return Some(Mechanism::Truncated);
    }
    if has("prematurely closed")
        || has("unexpected FastCGI record")
        || has("rejected request with error")
        || has("sent goaway")
    {
        return Some(if in_body { Mechanism::Truncated } else { Mechanism::ClosedBeforeHeaders });
    }
    if has("too big header") || has("too large http2 header") {
        return Some(Mechanism::HeaderTooLarge);
    }
    if m.starts_with("limiting ") {
        return (!has("dry run")).then_some(Mechanism::Denied);
    }
    if has("socket() failed")
        || has("worker_connections are not enough")
        || has("the new socket has number")
        || has("bind(")
    {
        return Some(Mechanism::ProxyLimit);
    }
    if has("recv() failed")
        || has("readv() failed")
        || has("send() failed")
        || has("writev() failed")
        || has("sendfile() failed")
    {
        return Some(match code {
            _ if in_body => Mechanism::Truncated,
            100 | 101 | 112 | 113 => Mechanism::NoRoute,
            // The kernel gave up on an established connection.
            110 | 60 => Mechanism::ReadTimeout,
            _ if action.contains("to client") => Mechanism::ClientGone,
            _ => Mechanism::ClosedBeforeHeaders,
        });
    }
    let invalid = [
        "no valid HTTP/",
        "sent invalid",
        "duplicate header",
        "at the same time",
        "unsupported FastCGI",
        "invalid FastCGI",
        "unexpected FastCGI request id",
        "prematurely sent response",
        "http2 frame",
        "no :status",
        "memcached sent",
        "unknown \"Transfer-Encoding\"",
        "early hints",
    ];
    if m.starts_with("upstream sent") || invalid.iter().any(|s| has(s)) {
        // Surplus bytes are dropped with a warning, the response stands.
        return (e.level.as_str() != "warn").then_some(Mechanism::InvalidResponse);
    }
    let config = [
        "no port in upstream",
        "invalid URL prefix",
        "zero length URI",
        " in upstream \"",
        "internal redirection cycle",
    ];
    if config.iter().any(|s| has(s)) {
        return Some(Mechanism::ConfigError);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::test_support::nginx_error;

    #[test]
    fn messages() {
        let of = |line: &str| of_error(&nginx_error(line));
        let tail = ", client: 1.2.3.4, server: x, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.1:80/\", host: \"x\"";
        let line = |text: &str| of(&format!("2026/11/21 01:51:05 [error] 1#1: *55 {text}{tail}"));
        assert_eq!(
            line("connect() failed (111: Connection refused) while connecting to upstream"),
            Some(Mechanism::Refused)
        );
        assert_eq!(
            line("connect() to 10.0.0.1:80 failed (113: No route to host) while connecting to upstream"),
            Some(Mechanism::NoRoute)
        );
        assert_eq!(
            line(
                "upstream timed out (110: Connection timed out) while reading response header from upstream"
            ),
            Some(Mechanism::ReadTimeout)
        );
        assert_eq!(
            line("upstream timed out (110: Operation timed out) while connecting to upstream"),
            Some(Mechanism::ConnectTimeout)
        );
        assert_eq!(
            line("upstream prematurely closed connection while reading upstream"),
            Some(Mechanism::Truncated)
        );
        assert_eq!(
            line("recv() failed (104: Connection reset by peer) while reading response header from upstream"),
            Some(Mechanism::ClosedBeforeHeaders)
        );
        assert_eq!(
            line("an upstream response is buffered to a temporary file /x while reading upstream"),
            None
        );
        assert_eq!(line("limiting requests, excess: 0.500 by zone \"one\""), Some(Mechanism::Denied));
        assert_eq!(
            line("upstream sent too big header while reading response header from upstream"),
            Some(Mechanism::HeaderTooLarge)
        );
        assert_eq!(line("x.internal could not be resolved (3: Host not found)"), Some(Mechanism::Dns));
    }
}
