//! What this machine's own table of sockets says about a port, where the address is this machine's.
//!
//! From outside, a refusal looks the same whether nothing listens or a filter answers. On the backend's own machine it does
//! not: `/proc/net/tcp` (the kernel's `Documentation/networking/proc_net_tcp.rst`) lists who listens, and for a listener
//! its `rx_queue` is the number of connections that wait to be accepted (`get_tcp4_sock` in `net/ipv4/tcp_ipv4.c`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::report::OwnSocket;

/// A row of the table that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listener {
    ip: IpAddr,
    port: u16,
    waiting: u32,
}

/// What is known about a port; nothing where the address is another machine's or there is no such table.
pub(crate) fn look(address: SocketAddr) -> Option<OwnSocket> {
    if !is_own(address.ip()) {
        return None;
    }
    let mut rows = read(&std::fs::read_to_string("/proc/net/tcp").ok()?);
    rows.extend(read(&std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default()));
    Some(judge(address, &rows))
}

/// Whether an address is this machine's: the way to it then begins at it.
fn is_own(ip: IpAddr) -> bool {
    if ip.is_loopback() {
        return true;
    }
    let any: SocketAddr = if ip.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let way = UdpSocket::bind(any).and_then(|s| s.connect((ip, 9)).and_then(|()| s.local_addr()));
    way.is_ok_and(|a| a.ip() == ip)
}

fn judge(address: SocketAddr, rows: &[Listener]) -> OwnSocket {
    let mut own = OwnSocket { listens: false, elsewhere: Vec::new(), waiting: 0 };
    for row in rows.iter().filter(|r| r.port == address.port()) {
        let same_family_any = row.ip.is_unspecified() && row.ip.is_ipv4() == address.is_ipv4();
        if row.ip == address.ip() || same_family_any {
            own.listens = true;
            own.waiting = own.waiting.max(row.waiting);
        } else if row.ip != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            // [::] may or may not serve IPv4 as well (IPV6_V6ONLY): the table does not say.
            own.elsewhere.push(SocketAddr::new(row.ip, row.port).to_string());
        }
    }
    own.elsewhere.sort();
    own.elsewhere.dedup();
    own
}

/// Reads `/proc/net/tcp` or `tcp6`.
fn read(table: &str) -> Vec<Listener> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace().skip(1);
            let (local, _remote, state, queues) =
                (words.next()?, words.next()?, words.next()?, words.next()?);
            let (ip, port) = local.split_once(':')?;
            let waiting = queues.split_once(':')?.1;
            (state == "0A").then_some(Listener {
                ip: address(ip)?,
                port: u16::from_str_radix(port, 16).ok()?,
                waiting: u32::from_str_radix(waiting, 16).ok()?,
            })
        })
        .collect()
}

/// An address as the kernel prints it: words of 32 bits in the machine's own byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let w = u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(w.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut octets = [0; 16];
            for (i, chunk) in octets.chunks_mut(4).enumerate() {
                chunk.copy_from_slice(&word(i)?);
            }
            let v6 = Ipv6Addr::from(octets);
            Some(v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn the_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 48 1\n   \
                     1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 49 1\nbroken\n";
        let rows = read(table);
        assert_eq!(rows, [Listener { ip: "127.0.0.1".parse().unwrap(), port: 8080, waiting: 3 }]);
        let own = judge("127.0.0.1:8080".parse().unwrap(), &rows);
        assert!(own.listens && own.waiting == 3);
        let other = judge("127.0.0.2:8080".parse().unwrap(), &rows);
        assert!(!other.listens);
        assert_eq!(other.elsewhere, ["127.0.0.1:8080"]);
        assert_eq!(address("00000000000000000000000001000000"), "::1".parse().ok());
        assert_eq!(address("xyz"), None);
    }

    #[test]
    fn loopback_is_ours_and_documentation_addresses_are_not() {
        assert!(is_own("127.0.0.9".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()));
    }
}
