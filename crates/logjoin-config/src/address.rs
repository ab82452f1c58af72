//! Addresses of servers: host and port, sockets, and which hosts are names.

use std::net::IpAddr;

/// Splits `host:port`. Brackets of an IPv6 host stay. A bare IPv6 address has no port.
pub(crate) fn split_port(text: &str) -> (&str, Option<&str>) {
    if text.starts_with('[') {
        return match text.find(']') {
            Some(end) => {
                let (host, rest) = text.split_at(end + 1);
                (host, rest.strip_prefix(':'))
            }
            None => (text, None),
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return (text, None);
    }
    // `${PORT:-80}` and the like hold colons of their own.
    match text.rfind(':') {
        Some(at) if !text[at..].contains('}') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    }
}

/// `host:port` with the default port where there is none, IPv6 in brackets.
pub(crate) fn with_port(text: &str, default: Option<u16>) -> String {
    let (host, port) = split_port(text);
    let host = bracketed(host);
    match (port, default) {
        (Some(port), _) if !port.is_empty() => format!("{host}:{port}"),
        (_, Some(port)) => format!("{host}:{port}"),
        _ => host,
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') && host.parse::<IpAddr>().is_ok() {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// True if the host of an address is a name for DNS: not an IP address, a socket, or a variable.
pub(crate) fn is_name(address: &str) -> bool {
    if address.starts_with("unix:") || address.contains('@') {
        return false;
    }
    let (host, _) = split_port(address);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    !bare.is_empty() && bare != "*" && !bare.contains(['$', '%', '/']) && bare.parse::<IpAddr>().is_err()
}

/// The port of `host:port`, if it is a number.
pub(crate) fn port_of(address: &str) -> Option<u16> {
    split_port(address).1?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        assert_eq!(split_port("10.0.0.1:80"), ("10.0.0.1", Some("80")));
        assert_eq!(split_port("[::1]:80"), ("[::1]", Some("80")));
        assert_eq!(split_port("[::1]"), ("[::1]", None));
        assert_eq!(split_port("fe80::1"), ("fe80::1", None));
        assert_eq!(split_port("${HOST:-x}"), ("${HOST:-x}", None));
        assert_eq!(split_port("[x"), ("[x", None));
        assert_eq!(with_port("::1", Some(80)), "[::1]:80");
        assert_eq!(with_port("api", Some(443)), "api:443");
        assert_eq!(with_port("api:8080", Some(443)), "api:8080");
        assert_eq!(with_port("api", None), "api");
        assert_eq!(port_of("api:8080"), Some(8080));
        assert_eq!(port_of("unix:/x"), None);
    }

    #[test]
    fn names() {
        assert!(is_name("orders.svc:80") && is_name("localhost:80"));
        for not in ["10.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "$up:80", "${UP}", "abns@x", ""] {
            assert!(!is_name(not), "{not}");
        }
    }
}
