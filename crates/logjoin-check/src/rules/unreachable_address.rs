//! Addresses at which nobody can be.

use std::net::{IpAddr, Ipv4Addr};

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::host;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "unreachable-address",
    severity: Severity::Error,
    title: "an address to which no connection can be made",
    products: ALL,
    needs_logs: false,
    why: "A broadcast, multicast or reserved address, port 0 or a number out of range has no server behind it: each attempt fails.",
    sources: &["RFC 1112 and RFC 6890 (multicast, reserved)", "RFC 6335 section 6 (port 0)"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for pool in &case.config.pools {
        for server in pool.servers.iter().filter(|server| !server.disabled) {
            let Some(what) = fault(&server.address, case.product()) else { continue };
            let failures = case.failures_at(
                server,
                &[
                    CauseId::WrongUpstreamPort,
                    CauseId::NetworkUnreachable,
                    CauseId::DnsFailure,
                    CauseId::ConnectTimeout,
                ],
            );
            out.push(
                Found::new(
                    &server.place,
                    format!("{}: {what}", server.address),
                    "the address and port on which the backend listens",
                )
                .touched(failures),
            );
        }
    }
}

fn fault(address: &str, product: Product) -> Option<&'static str> {
    if address.starts_with("unix:") || address.contains(['$', '%', '@']) {
        return None;
    }
    let name = host(address);
    if let Some(written) = address.get(name.len() + 1..) {
        match written.parse::<u32>() {
            // HAProxy takes a sign for an offset to the port that the client asked for.
            Ok(0) => return Some("port 0"),
            Ok(number) if number > 65_535 => return Some("a port above 65535"),
            _ => {}
        }
    }
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_multicast() => Some("a multicast address"),
        Ok(IpAddr::V4(ip)) if ip.octets()[0] >= 240 => Some("a reserved address"),
        // For HAProxy 0.0.0.0 is the address that the client asked for.
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) if product != Product::Haproxy => {
            Some("the address of no host: it stands for all own addresses when listening")
        }
        Err(_) if is_broken_v4(bare) => Some("no IPv4 address: a part is missing or above 255"),
        _ => None,
    }
}

/// Only digits and dots, as in `10.0.0.300`.
fn is_broken_v4(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
