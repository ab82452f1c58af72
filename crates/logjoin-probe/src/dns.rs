//! Asks one DNS server for the addresses of a name: over UDP, and over TCP where an answer was cut.
//!
//! The answer says more than the system's resolver does: whether the name does not exist, the server is broken, or nobody
//! answered; and how long the answer may be kept.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

use crate::wire::{Timed, left};

/// Addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub addresses: Vec<IpAddr>,
    pub ttl_s: Option<u32>,
}

/// Why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `not-found`, `no-address`, `timeout` or `resolver-broken`.
    pub outcome: &'static str,
    pub text: String,
}

impl Fault {
    pub(crate) fn new(outcome: &'static str, text: impl Into<String>) -> Fault {
        Fault { outcome, text: text.into() }
    }
}

/// Asks for IPv4 and IPv6 addresses. Half of an answer is an answer.
pub(crate) fn ask(server: SocketAddr, host: &str, deadline: Instant) -> Result<Answer, Fault> {
    let ask_for = |kind| move || one(server, host, kind, deadline);
    let (v4, v6) = std::thread::scope(|s| {
        let v6 = s.spawn(ask_for(TYPE::AAAA));
        let v4 = ask_for(TYPE::A)();
        (v4, v6.join().unwrap_or_else(|_| Err(Fault::new("resolver-broken", "the question failed"))))
    });
    match (v4, v6) {
        (Ok(mut a), Ok(b)) => {
            a.addresses.extend(b.addresses);
            a.ttl_s = a.ttl_s.into_iter().chain(b.ttl_s).min();
            if a.addresses.is_empty() {
                return Err(Fault::new("no-address", "the name exists and has no address"));
            }
            Ok(a)
        }
        (Ok(a), Err(_)) | (Err(_), Ok(a)) if !a.addresses.is_empty() => Ok(a),
        (Err(f), _) | (_, Err(f)) => Err(f),
    }
}

fn one(server: SocketAddr, host: &str, kind: TYPE, deadline: Instant) -> Result<Answer, Fault> {
    let broken = |what: String| Fault::new("resolver-broken", what);
    let id = (std::process::id() as u16) ^ (u16::from(kind) << 8) ^ (left(deadline).subsec_nanos() as u16);
    let mut query = Packet::new_query(id);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(host).map_err(|e| Fault::new("not-found", format!("no name for DNS: {e}")))?;
    query.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    let query = query.build_bytes_vec().map_err(|e| broken(e.to_string()))?;

    let reply = over_udp(server, &query, deadline)?;
    let packet =
        Packet::parse(&reply).map_err(|e| broken(format!("{server} answered with nonsense: {e}")))?;
    if packet.has_flags(PacketFlag::TRUNCATION) {
        let reply =
            over_tcp(server, &query, deadline).map_err(|e| broken(format!("{server} over TCP: {e}")))?;
        let packet =
            Packet::parse(&reply).map_err(|e| broken(format!("{server} answered with nonsense: {e}")))?;
        return read(server, &packet);
    }
    read(server, &packet)
}

fn read(server: SocketAddr, packet: &Packet<'_>) -> Result<Answer, Fault> {
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => {
            return Err(Fault::new(
                "not-found",
                format!("{server} says that the name does not exist (NXDOMAIN)"),
            ));
        }
        other => return Err(Fault::new("resolver-broken", format!("{server} answered with {other:?}"))),
    }
    let mut answer = Answer { addresses: Vec::new(), ttl_s: None };
    for record in &packet.answers {
        let ip: IpAddr = match &record.rdata {
            RData::A(a) => IpAddr::V4(a.address.into()),
            RData::AAAA(a) => IpAddr::V6(a.address.into()),
            _ => continue,
        };
        answer.addresses.push(ip);
        answer.ttl_s = Some(answer.ttl_s.map_or(record.ttl, |t| t.min(record.ttl)));
    }
    Ok(answer)
}

/// Sends again after 1 s, then 2 s, as stub resolvers do, until the time is up.
fn over_udp(server: SocketAddr, query: &[u8], deadline: Instant) -> Result<Vec<u8>, Fault> {
    let broken = |e: std::io::Error| Fault::new("resolver-broken", format!("{server}: {e}"));
    let any: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).map_err(broken)?;
    socket.connect(server).map_err(broken)?;
    let mut buf = vec![0; 4096];
    let mut patience = Duration::from_secs(1);
    while !left(deadline).is_zero() {
        socket.send(query).map_err(broken)?;
        let until = deadline.min(Instant::now() + patience);
        while !left(until).is_zero() {
            socket.set_read_timeout(Some(left(until).max(Duration::from_millis(1)))).map_err(broken)?;
            match socket.recv(&mut buf) {
                // An answer to another question is not ours.
                Ok(n) if n >= 12 && buf[..2] == query[..2] => return Ok(buf[..n].to_vec()),
                Ok(_) => {}
                Err(e)
                    if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
                Err(e) => return Err(broken(e)),
            }
        }
        patience *= 2;
    }
    Err(Fault::new("timeout", format!("{server} did not answer in time")))
}

fn over_tcp(server: SocketAddr, query: &[u8], deadline: Instant) -> std::io::Result<Vec<u8>> {
    let stream = TcpStream::connect_timeout(&server, left(deadline).max(Duration::from_millis(1)))?;
    let mut wire = Timed { stream, deadline };
    let mut message = (query.len() as u16).to_be_bytes().to_vec();
    message.extend(query);
    wire.write_all(&message)?;
    let mut length = [0; 2];
    wire.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    wire.read_exact(&mut reply)?;
    Ok(reply)
}
