//! What a proxy saw of an attempt, from its own words: messages, error numbers, log ids, flags, timers.
//!
//! One file per proxy. A mechanism is certain; why it came to it is the rules' work.

pub(crate) mod apache;
pub(crate) mod haproxy;
pub(crate) mod nginx;

use crate::vocabulary::Mechanism;

/// What a failed system call on a connection says, by the error number of Linux (`errno.h`).
fn connect_errno(code: i32, is_unix: bool) -> Mechanism {
    match code {
        111 | 61 => Mechanism::Refused,
        2 => Mechanism::NoSocket,
        11 if is_unix => Mechanism::BacklogFull,
        13 | 1 => Mechanism::Permission,
        110 | 60 => Mechanism::ConnectTimeout,
        // Network or host down or unreachable, protocol unreachable, blackhole route.
        100 | 101 | 112 | 113 | 92 | 22 | 51 | 65 => Mechanism::NoRoute,
        // No free port, address in use, no descriptors, no memory.
        99 | 98 | 23 | 24 | 12 | 105 | 49 => Mechanism::ProxyLimit,
        _ => Mechanism::ConnectFailed,
    }
}

/// The address in an upstream URL as nginx writes it: `http://10.0.0.1:80/x` → `10.0.0.1:80`, `fastcgi://unix:/p.sock:` →
/// `unix:/p.sock`. Unix sockets come with a colon before the URI, or, once nginx has forgotten the address, without.
pub(crate) fn address_of_url(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    if let Some(path) = rest.strip_prefix("unix:") {
        let end = path.find(':').or_else(|| path.find(".sock").map(|i| i + 5)).unwrap_or(path.len());
        return &rest[..5 + end.min(path.len())];
    }
    &rest[..rest.find('/').unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address_of_url("http://10.0.0.1:80/x:y"), "10.0.0.1:80");
        assert_eq!(address_of_url("fastcgi://unix:/run/fpm.sock:"), "unix:/run/fpm.sock");
        assert_eq!(address_of_url("http://unix:/run/a.sock:/x"), "unix:/run/a.sock");
        assert_eq!(address_of_url("http://unix:/run/a.sock/x"), "unix:/run/a.sock");
        assert_eq!(address_of_url("uwsgi://10.20.1.51:21151"), "10.20.1.51:21151");
        assert_eq!(address_of_url("http://[::1]:80/"), "[::1]:80");
    }
}
