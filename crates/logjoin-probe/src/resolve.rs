//! Step one: the addresses of a name, and whether they are those that the proxy was given.
//!
//! The system's resolver has no timeout of its own: it runs on a thread that is left behind when the time is up.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Instant;

use crate::dns;
use crate::options::Options;
use crate::report::ResolveStep;
use crate::url::Target;
use crate::wire::left;

/// The step, and the addresses to connect to: the configured one first.
pub(crate) fn resolve(target: &Target, options: &Options, deadline: Instant) -> (ResolveStep, Vec<IpAddr>) {
    let started = Instant::now();
    let pinned: Vec<IpAddr> = options
        .pinned
        .iter()
        .filter(|p| p.host == target.host && p.port == target.port)
        .map(|p| p.address)
        .collect();
    let mut step = ResolveStep {
        host: target.host.clone(),
        how: "system".to_owned(),
        addresses: Vec::new(),
        configured: pinned.first().map(IpAddr::to_string),
        mismatch: false,
        outcome: "ok".to_owned(),
        error: None,
        took_s: 0.0,
        ttl_s: None,
    };
    let answer = if let Some(ip) = target.literal() {
        step.how = "literal".to_owned();
        Ok(dns::Answer { addresses: vec![ip], ttl_s: None })
    } else if let Some(server) = options.resolver {
        step.how = format!("dns {server}");
        dns::ask(server, &target.host, deadline)
    } else {
        system(&target.host, target.port, deadline)
    };
    step.took_s = started.elapsed().as_secs_f64();
    let mut addresses = pinned;
    match answer {
        Ok(found) => {
            step.addresses = found.addresses.iter().map(IpAddr::to_string).collect();
            step.ttl_s = found.ttl_s;
            step.mismatch = !addresses.is_empty() && !found.addresses.iter().any(|a| addresses.contains(a));
            for a in found.addresses {
                if !addresses.contains(&a) {
                    addresses.push(a);
                }
            }
        }
        Err(fault) => {
            step.outcome = fault.outcome.to_owned();
            step.error = Some(fault.text);
        }
    }
    // A name with hundreds of addresses is somebody's idea of load balancing, not a list to knock at.
    addresses.truncate(8);
    (step, addresses)
}

/// Asks as `getaddrinfo` does, with the hosts file and whatever else the system knows.
fn system(host: &str, port: u16, deadline: Instant) -> Result<dns::Answer, dns::Fault> {
    let (send, receive) = mpsc::channel();
    let asked = host.to_owned();
    std::thread::spawn(move || {
        let found = (asked.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
        let _ = send.send(found);
    });
    match receive.recv_timeout(left(deadline)) {
        Ok(Ok(found)) if found.is_empty() => Err(dns::Fault::new("no-address", "the name has no address")),
        Ok(Ok(found)) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for a in found {
                if !addresses.contains(&a.ip()) {
                    addresses.push(a.ip());
                }
            }
            Ok(dns::Answer { addresses, ttl_s: None })
        }
        Ok(Err(e)) => {
            // The wordings of gai_strerror in glibc, musl and the BSDs; there is no number to go by.
            let text = e.to_string();
            let lower = text.to_ascii_lowercase();
            let outcome = if lower.contains("temporary") || lower.contains("try again") {
                "resolver-broken"
            } else if lower.contains("no address") {
                "no-address"
            } else {
                "not-found"
            };
            Err(dns::Fault::new(outcome, text))
        }
        Err(_) => Err(dns::Fault::new("timeout", "the system's resolver did not answer in time")),
    }
}
