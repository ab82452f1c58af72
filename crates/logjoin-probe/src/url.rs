//! A URL of `http` or `https`, as strict as a request line needs it: nothing in it can add a line to a request.

use std::fmt;
use std::net::IpAddr;

use crate::options::OptionsError;

/// Where to and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Name or address, without brackets, in lower case.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query as they stand in the request line.
    pub path: String,
}

impl Target {
    /// Reads `http://HOST[:PORT][/PATH][?QUERY]`. A fragment is left out, as it is never sent.
    pub fn parse(text: &str) -> Result<Target, OptionsError> {
        let wrong = |why: &str| OptionsError(format!("{text:?}: {why}"));
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong(
                "a URL has no spaces, control characters or letters beyond ASCII (escape them: %20)",
            ));
        }
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("expected http://HOST... or https://HOST..."))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("expected http:// or https://")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let cut = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(cut);
        if authority.contains('@') {
            return Err(wrong("names and passwords are not sent"));
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']').ok_or_else(|| wrong("the bracket is not closed"))?;
                if host.parse::<std::net::Ipv6Addr>().is_err() {
                    return Err(wrong("expected an IPv6 address in brackets"));
                }
                (host, rest.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() || host.contains(':') && host.parse::<IpAddr>().is_err() {
            return Err(wrong("expected a host"));
        }
        let port = match port {
            Some(p) => {
                p.parse().ok().filter(|p| *p != 0).ok_or_else(|| wrong("expected a port from 1 to 65535"))?
            }
            None if tls => 443,
            None => 80,
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Target { tls, host: host.to_ascii_lowercase(), port, path })
    }

    /// The address, where the host is one.
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The value of a `Host` header: the port is left out where it is the usual one.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.tls { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http{}://{}{}", if self.tls { "s" } else { "" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (typed, meant) in [
            ("http://a", "http://a/"),
            ("HTTP://A:80/X?y=1#z", "http://a/X?y=1"),
            ("https://a:443/", "https://a/"),
            ("https://a:80?q", "https://a:80/?q"),
            ("http://[::1]:8080/x", "http://[::1]:8080/x"),
            ("http://127.0.0.1:9/", "http://127.0.0.1:9/"),
        ] {
            assert_eq!(Target::parse(typed).map(|t| t.to_string()), Ok(meant.to_owned()), "{typed}");
        }
        assert_eq!(Target::parse("http://[::1]/").unwrap().literal(), "::1".parse().ok());
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for typed in [
            "",
            "a",
            "a:80",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://a:0/",
            "http://a:99999/",
            "http://u:p@a/",
            "http://a/ b",
            "http://a/\r\nX: y",
            "http://[::1/",
            "http://[x]/",
            "http://a:b/",
            "http://ä/",
        ] {
            assert!(Target::parse(typed).is_err(), "{typed:?}");
        }
    }
}
