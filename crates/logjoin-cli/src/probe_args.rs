//! What can be typed after `logjoin probe`, and what it means.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use logjoin_probe::{Options, Pinned};

use crate::args::Output;
use crate::exit::Failure;
use crate::time_args;

pub(crate) const SHORTLY: &str = "\
Sends requests to these URLs and to nothing else. --help lists all that is sent, and all options.

Example:
  logjoin probe --via https://shop.test/cart --direct http://10.0.0.1:80/cart";

pub(crate) const WHAT_IS_SENT: &str = "\
What is sent, and nothing else:
  * DNS queries for the names in the URLs (to the system's resolver, or to
    --resolver)
  * one TCP connection to each address (at most 8 per URL), with a TLS handshake
    for https
  * --count requests to each URL, one after another with --pause between them,
    each on a connection of its own. Method GET unless told otherwise; no body,
    no cookies, no credentials; redirects are not followed. Each carries
    `User-Agent: logjoin-probe-ID/NAME` and `X-Request-ID: ID-NAME`, to be found
    in logs.
  * to each --direct URL, one more connection that is kept and used again after
    each of --idle-gaps
  * only after a failure: one attempt in the other protocol (TLS or plain), one
    more connection
A URL that does not answer within --timeout is not asked again.

Examples:
  logjoin probe --via https://shop.test/cart --direct http://10.0.0.1:80/cart
  logjoin probe --via http://edge/ --direct http://10.0.0.1:80/ --host shop.test
  logjoin probe --via http://edge/ --direct http://app/ --logs /var/log/nginx

Run it on the proxy's host to see what the proxy sees.

Exit codes: 0 healthy, 1 a fault was found, 2 usage, 3 could not be carried out.";

#[derive(Debug, Args)]
pub(crate) struct ProbeCommand {
    /// The URL as clients use it, through the proxy
    #[arg(long, value_name = "URL", required = true, value_hint = ValueHint::Url)]
    pub via: String,
    /// The same resource at a backend, without the proxy (may be given several times)
    #[arg(long, value_name = "URL", required = true, num_args = 1.., value_hint = ValueHint::Url)]
    pub direct: Vec<String>,
    /// Host header of all requests, and the TLS name where a URL has only an address [default: the host of --via]
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Connect to ADDR for HOST:PORT, as the proxy's configuration does, and compare with what the name resolves to
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub resolve: Vec<String>,
    /// Ask this DNS server (ADDR or ADDR:PORT) instead of the system's resolver
    #[arg(long, hide_short_help = true, value_name = "ADDR")]
    pub resolver: Option<String>,
    /// Requests to each URL (1 to 50)
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub count: u32,
    /// Time limit for reaching a URL (name, connection and TLS together), and again for its response
    #[arg(long, value_name = "T", default_value = "10s")]
    pub timeout: String,
    /// Time limit for the whole run
    #[arg(long, hide_short_help = true, value_name = "T", default_value = "2m")]
    pub deadline: String,
    /// Pause between requests (at least 50ms)
    #[arg(long, hide_short_help = true, value_name = "T", default_value = "250ms")]
    pub pause: String,
    /// How long a kept connection idles before each reuse, separated by commas; none: keep no connection
    #[arg(long, hide_short_help = true, value_name = "LIST", default_value = "0s,1s,6s")]
    pub idle_gaps: String,
    /// How long the proxy waits for a response, by its configuration
    #[arg(long, value_name = "T")]
    pub proxy_timeout: Option<String>,
    /// HTTP method; anything but GET and HEAD may change something at the backend, once per request
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    pub method: String,
    /// Id in the marker: 4 to 64 letters, digits, dots, dashes, underscores [default: random]
    #[arg(long, hide_short_help = true, value_name = "ID")]
    pub id: Option<String>,
    /// Also put the marker into the query (?logjoin-probe=ID-NAME), for logs without User-Agent
    #[arg(long, hide_short_help = true)]
    pub mark_url: bool,
    /// Also trust the certificates in this PEM file
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Do not look at this machine's own table of sockets
    #[arg(long, hide_short_help = true)]
    pub no_own_sockets: bool,
    /// Then find the requests in these logs of proxy and backend, and show the joined lines
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub logs: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

fn duration(text: &str) -> Result<Duration, Failure> {
    let ns = time_args::length(text).map_err(|e| Failure::usage(e.to_string()))?;
    Ok(Duration::from_nanos(u64::try_from(ns).unwrap_or_default()))
}

fn server(text: &str) -> Result<SocketAddr, Failure> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    text.parse().or_else(|_| bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53))).map_err(|_| {
        Failure::usage(format!("{text:?} is no address of a DNS server: expected 10.0.0.2 or 10.0.0.2:53"))
    })
}

impl ProbeCommand {
    /// The options that were typed.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let usage = |e: logjoin_probe::OptionsError| Failure::usage(e.to_string());
        let gaps = match self.idle_gaps.as_str() {
            "" | "none" => Vec::new(),
            list => list.split(',').map(|g| duration(g.trim())).collect::<Result<_, _>>()?,
        };
        let mut o = Options::new(&self.via, &self.direct)
            .map_err(usage)?
            .method(self.method.as_str())
            .count(self.count)
            .timeout(duration(&self.timeout)?)
            .deadline(duration(&self.deadline)?)
            .pause(duration(&self.pause)?)
            .idle_gaps(gaps)
            .mark_url(self.mark_url)
            .own_sockets(!self.no_own_sockets);
        for text in &self.resolve {
            o = o.pin(Pinned::parse(text).map_err(usage)?);
        }
        if let Some(host) = &self.host {
            o = o.host(host);
        }
        if let Some(text) = &self.resolver {
            o = o.resolver(server(text)?);
        }
        if let Some(text) = &self.proxy_timeout {
            o = o.proxy_timeout(duration(text)?);
        }
        if let Some(id) = &self.id {
            o = o.id(id);
        }
        if let Some(path) = &self.ca_file {
            o = o.ca_file(path);
        }
        o.check().map_err(usage)?;
        Ok(o)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        assert_eq!(server("10.0.0.2").unwrap(), "10.0.0.2:53".parse().unwrap());
        assert_eq!(server("[::1]:5353").unwrap(), "[::1]:5353".parse().unwrap());
        assert_eq!(server("::1").unwrap(), "[::1]:53".parse().unwrap());
        assert!(server("dns.example").is_err());
    }
}
