//! Step two: one connection to an address, and what its failure says.
//!
//! Where the error number alone cannot tell, two more things do: a datagram socket that is merely *connected* asks the
//! routing table and sends nothing, so a refusal of this machine's own is told from one of the network; and a host that does
//! not answer ARP takes about 3 s to be called unreachable, where a filter answers at once.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use logjoin::Mechanism;

use crate::own_socket;
use crate::report::ConnectStep;
use crate::wire::left;

/// Tries to connect; the connection too, if there is one.
pub(crate) fn connect(
    address: SocketAddr,
    own_sockets: bool,
    deadline: Instant,
) -> (ConnectStep, Option<TcpStream>) {
    let started = Instant::now();
    let result = TcpStream::connect_timeout(&address, left(deadline).max(Duration::from_millis(1)));
    let took = started.elapsed();
    let mut step = ConnectStep {
        address: address.to_string(),
        mechanism: Mechanism::FromBackend,
        error: None,
        os_code: None,
        took_s: took.as_secs_f64(),
        lost_syns: 0,
        own_route: false,
        own_socket: None,
    };
    let stream = match result {
        Ok(stream) => {
            step.lost_syns = lost_syns(took);
            let _ = stream.set_nodelay(true);
            Some(stream)
        }
        Err(e) => {
            step.mechanism = mechanism(&e);
            step.os_code = e.raw_os_error();
            step.own_route = is_refused_by_own_route(address);
            if own_sockets {
                step.own_socket = own_socket::look(address);
            }
            step.error = Some(e.to_string());
            None
        }
    };
    (step, stream)
}

/// What an error of `connect` is called in the analysis.
pub(crate) fn mechanism(e: &io::Error) -> Mechanism {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => Mechanism::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Mechanism::ConnectTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Mechanism::NoRoute
        }
        io::ErrorKind::PermissionDenied => Mechanism::Permission,
        _ => Mechanism::ConnectFailed,
    }
}

/// Whether the routing table has no way to the address, or forbids it. Connecting a UDP socket sends nothing.
fn is_refused_by_own_route(address: SocketAddr) -> bool {
    let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    UdpSocket::bind(any).is_ok_and(|s| s.connect(address).is_err())
}

/// How many SYNs went unanswered before the one that was, as the time to connect tells. Linux repeats after 1 s and doubles
/// the wait (1, 3, 7, 15 s); since 6.5 the first four come a second apart (`tcp_syn_linear_timeouts`: 1, 2, 3, 4, 5, 7 s).
pub(crate) fn lost_syns(took: Duration) -> u32 {
    const STEPS: [(f64, u32); 7] = [(1.0, 1), (2.0, 2), (3.0, 2), (4.0, 4), (5.0, 5), (7.0, 3), (15.0, 4)];
    let s = took.as_secs_f64();
    STEPS.iter().find(|(step, _)| (*step..*step + 0.35).contains(&s)).map_or(0, |(_, n)| *n)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn times_that_step_are_lost_syns() {
        let lost = |ms| lost_syns(Duration::from_millis(ms));
        assert_eq!((lost(0), lost(250), lost(600), lost(1450)), (0, 0, 0, 0));
        assert_eq!((lost(1010), lost(3040), lost(7100)), (1, 2, 3));
    }

    #[test]
    fn a_closed_port_refuses_and_is_nobodys() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (step, stream) = connect(port, true, Instant::now() + Duration::from_secs(5));
        assert!(stream.is_none() && !step.own_route);
        assert_eq!(step.mechanism, Mechanism::Refused);
        if cfg!(target_os = "linux") {
            let own = step.own_socket.expect("the address is this machine's");
            assert!(!own.listens && own.elsewhere.is_empty());
        }
    }
}
