//! HAProxy: termination state, timers and status of the one line (its manual, section 8.5).

use crate::event::Haproxy;
use crate::vocabulary::Mechanism;

/// What the flags say of the request.
pub(crate) fn of_line(h: &Haproxy, status: i32) -> Mechanism {
    let mut flags = h.state.bytes();
    let (cause, phase) = (flags.next().unwrap_or(b'-'), flags.next().unwrap_or(b'-'));
    match (cause, phase) {
        (b'-', _) => Mechanism::FromBackend,
        (b'C' | b'c', _) => Mechanism::ClientGone,
        (b'S', b'C' | b'Q') if h.server.is_none() => Mechanism::NoServer,
        (b'S', b'C') => Mechanism::ConnectFailed,
        (b's', b'C') => Mechanism::ConnectTimeout,
        (b'S', b'H') => Mechanism::ClosedBeforeHeaders,
        (b's', b'H') => Mechanism::ReadTimeout,
        (b'S', b'D' | b'L') => Mechanism::Truncated,
        (b's', b'D' | b'L') => Mechanism::Stalled,
        (b's', b'Q') => Mechanism::QueueTimeout,
        (b'S', b'Q') => Mechanism::NoServer,
        (b'P', b'H') if status == 502 => Mechanism::InvalidOrDenied,
        (b'P', b'D') => Mechanism::InvalidResponse,
        (b'P', b'C') | (b'R', _) => Mechanism::ProxyLimit,
        (b'P', b'H') if status == 500 => Mechanism::ConfigError,
        (b'P' | b'L', _) => Mechanism::Denied,
        (b'D' | b'U' | b'K', _) => Mechanism::Killed,
        (b'I', _) => Mechanism::Internal,
        _ => Mechanism::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: &str, server: Option<&str>, status: i32) -> Mechanism {
        let h = Haproxy { state: state.into(), server: server.map(Into::into), ..Haproxy::default() };
        of_line(&h, status)
    }

    #[test]
    fn flags() {
        assert_eq!(of("SC--", Some("s1"), 503), Mechanism::ConnectFailed);
        assert_eq!(of("SC--", None, 503), Mechanism::NoServer);
        assert_eq!(of("sC--", Some("s1"), 503), Mechanism::ConnectTimeout);
        assert_eq!(of("SH--", Some("s1"), 502), Mechanism::ClosedBeforeHeaders);
        assert_eq!(of("sH--", Some("s1"), 504), Mechanism::ReadTimeout);
        assert_eq!(of("PH--", Some("s1"), 502), Mechanism::InvalidOrDenied);
        assert_eq!(of("----", Some("s1"), 502), Mechanism::FromBackend);
        assert_eq!(of("CD--", Some("s1"), -1), Mechanism::ClientGone);
        assert_eq!(of("sQ--", None, 503), Mechanism::QueueTimeout);
        assert_eq!(of("PR--", None, 503), Mechanism::Denied);
    }
}
