//! Step four: the same request to every URL, each on a connection of its own, under a name by which it is found in logs.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use logjoin::Mechanism;

use crate::connect::connect;
use crate::options::Options;
use crate::report::{Exchange, OtherProtocol};
use crate::response::{self, Answer};
use crate::tls::{Trust, handshake};
use crate::url::Target;
use crate::wire::{Timed, Wire, left};

/// What all requests of a probe have in common.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub options: &'a Options,
    pub id: &'a str,
    /// The value of `Host`.
    pub host: String,
    pub trust: Trust,
    /// The end of the whole probe.
    pub end: Instant,
}

impl Shape<'_> {
    /// The deadline of a step that may take as long as the timeout says.
    pub(crate) fn deadline(&self) -> Instant {
        self.end.min(Instant::now() + self.options.timeout)
    }

    /// The name for TLS: that of the URL, else the given one, else the address.
    pub(crate) fn tls_name(&self, target: &Target) -> String {
        match (&self.options.host, target.literal()) {
            (Some(host), Some(_)) => host.rsplit_once(':').map_or(host.as_str(), |(h, _)| h).to_owned(),
            _ => target.host.clone(),
        }
    }

    /// The bytes of a request. `name` is its place in the probe: `via-1`.
    pub(crate) fn request(&self, target: &Target, name: &str, keep: bool) -> Vec<u8> {
        let mut path = target.path.clone();
        if self.options.mark_url {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&format!("logjoin-probe={}-{name}", self.id));
        }
        let connection = if keep { "keep-alive" } else { "close" };
        format!(
            "{} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: logjoin-probe-{}/{name}\r\nX-Request-ID: {}-{name}\r\n\
             Accept: */*\r\nAccept-Encoding: identity\r\nConnection: {connection}\r\n{}\r\n",
            self.options.method,
            self.host,
            self.id,
            self.id,
            if matches!(self.options.method.as_str(), "GET" | "HEAD") { "" } else { "Content-Length: 0\r\n" },
        )
        .into_bytes()
    }
}

/// Sends a request and reads what comes. A failed write does not end it: a refusal may have been sent before.
pub(crate) fn ask(wire: &mut Wire, request: &[u8], method: &str) -> Answer {
    let written = wire.write_all(request).and_then(|()| wire.flush());
    let mut answer = response::read(wire, method);
    if let Err(e) = written
        && answer.mechanism != Some(Mechanism::FromBackend)
        && e.kind() == std::io::ErrorKind::TimedOut
    {
        (answer.mechanism, answer.error) =
            (Some(Mechanism::SendTimeout), Some("the request was not taken in time".to_owned()));
    }
    answer
}

/// One request on a new connection.
pub(crate) fn exchange(shape: &Shape<'_>, target: &Target, address: SocketAddr, name: &str) -> Exchange {
    let deadline = shape.deadline();
    let mut out = Exchange {
        request_id: format!("{}-{name}", shape.id),
        address: address.to_string(),
        mechanism: Mechanism::Unknown,
        error: None,
        status: None,
        headers: Vec::new(),
        header_bytes: 0,
        body_bytes: 0,
        body_capped: false,
        body_sha256: None,
        body_start: String::new(),
        connect_s: None,
        tls_s: None,
        first_byte_s: None,
        total_s: 0.0,
    };
    let began = Instant::now();
    let (step, stream) = connect(address, false, deadline);
    let Some(stream) = stream else {
        (out.mechanism, out.error, out.total_s) = (step.mechanism, step.error, step.took_s);
        return out;
    };
    out.connect_s = Some(step.took_s);
    let mut wire = if target.tls {
        let (step, wire) = handshake(stream, &shape.tls_name(target), &shape.trust, deadline);
        out.tls_s = Some(step.took_s);
        let Some(wire) = wire else {
            (out.mechanism, out.error) = (Mechanism::TlsFailed, step.error);
            out.total_s = began.elapsed().as_secs_f64();
            return out;
        };
        wire
    } else {
        Wire::Plain(Timed { stream, deadline })
    };
    let sent = Instant::now();
    wire.set_deadline(shape.deadline());
    let answer = ask(&mut wire, &shape.request(target, name, false), &shape.options.method);
    fill(&mut out, answer, sent);
    out
}

fn fill(out: &mut Exchange, answer: Answer, sent: Instant) {
    out.total_s = sent.elapsed().as_secs_f64();
    out.first_byte_s = answer.first_byte.map(|t| t.duration_since(sent).as_secs_f64());
    out.mechanism = answer.mechanism.unwrap_or(Mechanism::Unknown);
    out.error = answer.error;
    out.status = answer.status;
    out.headers = answer.headers;
    out.header_bytes = answer.header_bytes;
    out.body_bytes = answer.body_bytes;
    out.body_capped = answer.capped;
    out.body_sha256 = answer.sha256;
    out.body_start = String::from_utf8_lossy(&answer.start).into_owned();
}

/// Whether a failure may come from speaking TLS where plain HTTP is spoken, or the reverse.
pub(crate) fn smells_of_other_protocol(target: &Target, e: &Exchange) -> bool {
    match e.mechanism {
        Mechanism::TlsFailed => target.tls,
        Mechanism::InvalidResponse | Mechanism::ClosedBeforeHeaders | Mechanism::ReadTimeout => !target.tls,
        // nginx, httpd and Go answer plain HTTP on a TLS port with a plain 400.
        Mechanism::FromBackend => !target.tls && e.status == Some(400),
        _ => false,
    }
}

/// Tries the other protocol on the same port, for a short time.
pub(crate) fn try_other(
    shape: &Shape<'_>,
    target: &Target,
    address: SocketAddr,
    name: &str,
) -> OtherProtocol {
    let deadline = shape.deadline().min(Instant::now() + Duration::from_secs(3));
    let tried = if target.tls { "plain" } else { "tls" }.to_owned();
    let (step, stream) = connect(address, false, deadline);
    let Some(stream) = stream else {
        return OtherProtocol { tried, works: false, text: step.error.unwrap_or_default() };
    };
    if target.tls {
        let plain = Target { tls: false, ..target.clone() };
        let mut wire = Wire::Plain(Timed { stream, deadline });
        let answer = ask(&mut wire, &shape.request(&plain, name, false), &shape.options.method);
        let text = match answer.status {
            Some(status) => format!("answered plain HTTP with {status}"),
            None => answer.error.unwrap_or_default(),
        };
        // A TLS port, too, may answer plain HTTP, with a 400 that says so.
        let works = answer.status.is_some_and(|s| s != 400);
        return OtherProtocol { tried, works, text };
    }
    let (step, wire) = handshake(stream, &shape.tls_name(target), &shape.trust, deadline);
    // An alert is TLS as well, though not a welcome.
    let works = wire.is_some() || step.outcome == "alert";
    let text = match (&step.version, step.error) {
        (Some(v), _) if wire.is_some() => format!("shook hands with {v}"),
        (_, Some(e)) => e,
        _ => String::new(),
    };
    OtherProtocol { tried, works, text }
}

/// Rests between requests, but not beyond the end.
pub(crate) fn rest(shape: &Shape<'_>) {
    std::thread::sleep(shape.options.pause.min(left(shape.end)));
}
