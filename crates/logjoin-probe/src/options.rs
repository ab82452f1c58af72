//! What to probe and how gently: plain data with a builder, checked before anything is sent.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::url::Target;

/// Most requests for each URL: a probe is no load test.
pub const MOST_REQUESTS: u32 = 50;
/// The shortest pause between two requests.
pub const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// Something in the options that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionsError(pub String);

/// An address to use for a name instead of asking for it, as in `curl --resolve`: what the proxy's configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The name, in lower case.
    pub host: String,
    /// The port of the URLs that it is for.
    pub port: u16,
    /// The address.
    pub address: IpAddr,
}

impl Pinned {
    /// Reads `HOST:PORT:ADDR`; an IPv6 address may stand in brackets.
    pub fn parse(text: &str) -> Result<Pinned, OptionsError> {
        let wrong = || OptionsError(format!("{text:?}: expected HOST:PORT:ADDR, as in app:8080:10.0.0.1"));
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let pinned = Pinned {
            host: host.to_ascii_lowercase(),
            port: port.parse().map_err(|_| wrong())?,
            address: address.parse().map_err(|_| wrong())?,
        };
        if pinned.host.is_empty() { Err(wrong()) } else { Ok(pinned) }
    }
}

/// What to probe. Made by [`Options::new`], refined by the methods that follow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The URL as clients use it, through the proxy.
    pub via: Target,
    /// The same resource at the backends, without the proxy.
    pub direct: Vec<Target>,
    /// The `Host` header, and the name in TLS where a URL has only an address. Without it, the host of `via`.
    pub host: Option<String>,
    /// Addresses that are used for names.
    pub pinned: Vec<Pinned>,
    /// The DNS server to ask; the system's resolver when absent.
    pub resolver: Option<SocketAddr>,
    /// `GET` unless told otherwise. No body is ever sent.
    pub method: String,
    /// Requests to each URL.
    pub count: u32,
    /// The longest that reaching a target may take (name, connection and TLS together), and again the longest that its
    /// response may take.
    pub timeout: Duration,
    /// The longest that everything together may take.
    pub deadline: Duration,
    /// Pause between two requests.
    pub pause: Duration,
    /// How long a kept connection rests before each reuse. Empty: no connection is kept.
    pub idle_gaps: Vec<Duration>,
    /// How long the proxy waits for a response, as configured.
    pub proxy_timeout: Option<Duration>,
    /// The id in the marker.
    pub id: Option<String>,
    /// Whether the marker is put into the query too, for logs that have no headers.
    pub mark_url: bool,
    /// Certificates to trust besides those of the system: a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Whether to look at this machine's own sockets (`/proc/net/tcp`) where a target is on this machine.
    pub own_sockets: bool,
}

impl Options {
    /// Options for a proxy's URL and the same resource at one backend or several.
    pub fn new(via: &str, direct: &[impl AsRef<str>]) -> Result<Options, OptionsError> {
        let direct = direct.iter().map(|d| Target::parse(d.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if direct.is_empty() {
            return Err(OptionsError("there is no URL to compare with: give --direct".to_owned()));
        }
        Ok(Options {
            via: Target::parse(via)?,
            direct,
            host: None,
            pinned: Vec::new(),
            resolver: None,
            method: "GET".to_owned(),
            count: 3,
            timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(120),
            pause: Duration::from_millis(250),
            idle_gaps: vec![Duration::ZERO, Duration::from_secs(1), Duration::from_secs(6)],
            proxy_timeout: None,
            id: None,
            mark_url: false,
            ca_file: None,
            own_sockets: true,
        })
    }

    /// Sets the `Host` header.
    pub fn host(mut self, host: impl Into<String>) -> Options {
        self.host = Some(host.into());
        self
    }

    /// Uses an address for a name.
    pub fn pin(mut self, pinned: Pinned) -> Options {
        self.pinned.push(pinned);
        self
    }

    /// Asks this DNS server instead of the system's resolver.
    pub fn resolver(mut self, server: SocketAddr) -> Options {
        self.resolver = Some(server);
        self
    }

    /// Sets the method.
    pub fn method(mut self, method: impl Into<String>) -> Options {
        self.method = method.into();
        self
    }

    /// Sets the number of requests to each URL.
    pub fn count(mut self, count: u32) -> Options {
        self.count = count;
        self
    }

    /// Sets how long reaching a target, and then its response, may take.
    pub fn timeout(mut self, timeout: Duration) -> Options {
        self.timeout = timeout;
        self
    }

    /// Sets how long everything may take.
    pub fn deadline(mut self, deadline: Duration) -> Options {
        self.deadline = deadline;
        self
    }

    /// Sets the pause between two requests.
    pub fn pause(mut self, pause: Duration) -> Options {
        self.pause = pause;
        self
    }

    /// Sets how long a kept connection rests before each reuse.
    pub fn idle_gaps(mut self, gaps: Vec<Duration>) -> Options {
        self.idle_gaps = gaps;
        self
    }

    /// Says how long the proxy waits for a response.
    pub fn proxy_timeout(mut self, timeout: Duration) -> Options {
        self.proxy_timeout = Some(timeout);
        self
    }

    /// Sets the id in the marker.
    pub fn id(mut self, id: impl Into<String>) -> Options {
        self.id = Some(id.into());
        self
    }

    /// Puts the marker into the query too.
    pub fn mark_url(mut self, yes: bool) -> Options {
        self.mark_url = yes;
        self
    }

    /// Trusts the certificates in a PEM file too.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Options {
        self.ca_file = Some(path.into());
        self
    }

    /// Says whether this machine's own sockets may be looked at.
    pub fn own_sockets(mut self, yes: bool) -> Options {
        self.own_sockets = yes;
        self
    }

    /// Whether everything makes sense and is gentle enough.
    pub fn check(&self) -> Result<(), OptionsError> {
        let token =
            |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let wrong = |m: String| Err(OptionsError(m));
        if self.method.is_empty() || !self.method.bytes().all(|b| b.is_ascii_uppercase()) {
            return wrong(format!(
                "{:?} is no method: expected GET, HEAD or another in capitals",
                self.method
            ));
        }
        if self.count == 0 || self.count > MOST_REQUESTS {
            return wrong(format!("the count is {}: expected 1 to {MOST_REQUESTS}", self.count));
        }
        if self.pause < SHORTEST_PAUSE {
            return wrong(format!("the pause is {:?}: expected at least {SHORTEST_PAUSE:?}", self.pause));
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(3600) {
            return wrong(format!(
                "the timeout is {:?}: expected more than nothing and at most 1h",
                self.timeout
            ));
        }
        if self.idle_gaps.len() > 8 {
            return wrong("more than 8 idle gaps".to_owned());
        }
        if self.id.as_deref().is_some_and(|id| !token(id) || id.len() < 4 || id.len() > 64) {
            return wrong("the id must be 4 to 64 letters, digits, dots, dashes or underscores".to_owned());
        }
        if self.host.as_deref().is_some_and(|h| !h.bytes().all(|b| b.is_ascii_graphic()) || h.is_empty()) {
            return wrong("the host must be a name, without spaces".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::new("http://a/", &["http://b/"]).unwrap()
    }

    #[test]
    fn the_defaults_are_gentle() {
        let o = options();
        assert_eq!(o.check(), Ok(()));
        assert!(o.count <= 3 && o.method == "GET" && o.pause >= Duration::from_millis(200));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for o in [
            options().count(0),
            options().count(MOST_REQUESTS + 1),
            options().pause(Duration::ZERO),
            options().method("get"),
            options().method("GET / HTTP/1.1\r\nX:"),
            options().host("a\r\nX: y"),
            options().host("a b"),
            options().id("a b c d"),
            options().id("x"),
            options().timeout(Duration::ZERO),
        ] {
            assert!(o.check().is_err(), "{o:?}");
        }
        assert!(Options::new("http://a/", &[] as &[&str]).is_err());
    }

    #[test]
    fn pins_are_read_as_curl_reads_them() {
        let p = Pinned::parse("App:8080:10.0.0.1").unwrap();
        assert_eq!((p.host.as_str(), p.port, p.address), ("app", 8080, "10.0.0.1".parse().unwrap()));
        assert_eq!(Pinned::parse("app:80:[::1]").unwrap().address, "::1".parse::<IpAddr>().unwrap());
        assert_eq!(Pinned::parse("app:80:::1").unwrap().address, "::1".parse::<IpAddr>().unwrap());
        for bad in ["", "app", "app:80", "app:x:1.2.3.4", ":80:1.2.3.4", "app:80:b"] {
            assert!(Pinned::parse(bad).is_err(), "{bad}");
        }
    }
}
