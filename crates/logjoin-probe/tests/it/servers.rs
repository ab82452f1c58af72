//! Servers on the loopback that misbehave on purpose. Each lives until the test process ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, PacketFlag, RCODE, ResourceRecord};

/// Hands each connection, with its number from 0, to `serve` on a thread of its own.
pub fn listen(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().flatten().enumerate() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream, n));
        }
    });
    address
}

/// Reads up to the end of a request's header; nothing if the peer closes before.
pub fn request(stream: &mut impl Read) -> Option<String> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => seen.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&seen).into_owned())
}

/// Answers every request with these bytes, on connections that are kept.
pub fn answering(response: impl Into<Vec<u8>>) -> SocketAddr {
    let response = response.into();
    listen(move |mut stream, _| {
        while request(&mut stream).is_some() {
            if stream.write_all(&response).is_err() {
                return;
            }
        }
    })
}

/// A response with a status.
pub fn status(status: u16, extra: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{extra}\r\nhi").into_bytes()
}

/// A backend without fault.
pub fn healthy() -> SocketAddr {
    answering(status(200, "Server: backend\r\n"))
}

/// A proxy that answers 502 as nginx does.
pub fn bad_gateway() -> SocketAddr {
    answering(status(502, "Server: nginx\r\n"))
}

/// A port where nothing listens.
pub fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A listener whose queue is full, so that the kernel drops what comes. What is returned keeps it full.
pub fn full() -> (SocketAddr, Vec<socket2::Socket>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut kept = vec![listener];
    for _ in 0..4 {
        let waiting = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let _ = waiting.connect_timeout(&address.into(), Duration::from_millis(150));
        kept.push(waiting);
    }
    (address, kept)
}

/// A certificate for `name`, valid in these years.
pub fn certificate(name: &str, from: i32, until: i32) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    (cert.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

/// A server that speaks TLS and answers.
pub fn tls((cert, key): (CertificateDer<'static>, PrivateKeyDer<'static>), response: Vec<u8>) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    let config = Arc::new(config);
    listen(move |stream, _| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        while request(&mut stream).is_some() {
            if stream.write_all(&response).is_err() {
                return;
            }
        }
    })
}

/// How a DNS server of ours answers.
#[derive(Debug, Clone, Copy)]
pub enum Dns {
    Silent,
    Code(RCODE),
    Nonsense,
    /// 127.0.0.1 to questions for A, nothing to others; the first `n` questions of each kind are lost.
    Loopback {
        lost: usize,
    },
}

/// A DNS server.
pub fn dns(how: Dns) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buf = [0; 1500];
        let mut seen = 0;
        while let Ok((n, from)) = socket.recv_from(&mut buf) {
            seen += 1;
            let Ok(query) = Packet::parse(&buf[..n]) else { continue };
            let mut reply = Packet::new_reply(query.id());
            reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
            reply.questions = query.questions.clone();
            match how {
                Dns::Silent => continue,
                Dns::Nonsense => {
                    let id = query.id().to_be_bytes();
                    let _ = socket.send_to(&[&id[..], &[0xff; 20]].concat(), from);
                    continue;
                }
                Dns::Code(code) => *reply.rcode_mut() = code,
                Dns::Loopback { lost } if seen <= lost * 2 => continue,
                Dns::Loopback { .. } => {
                    let asks_a = query.questions.iter().any(|q| q.qtype == simple_dns::TYPE::A.into());
                    if let (true, Some(q)) = (asks_a, query.questions.first()) {
                        let data = RData::A(A { address: 0x7f00_0001 });
                        reply.answers.push(ResourceRecord::new(q.qname.clone(), CLASS::IN, 30, data));
                    }
                }
            }
            let _ = socket.send_to(&reply.build_bytes_vec().unwrap(), from);
        }
    });
    address
}
