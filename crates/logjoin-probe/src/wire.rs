//! A connection that never waits beyond its deadline, plain or with TLS.
//!
//! The trick: the rest of the time is set as the socket's timeout before each call, so that a peer that sends one byte now
//! and then gains nothing.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};

/// A TCP connection with a deadline.
#[derive(Debug)]
pub(crate) struct Timed {
    pub stream: TcpStream,
    pub deadline: Instant,
}

/// What is left until a moment; at least nothing.
pub(crate) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

impl Timed {
    fn rest(&self) -> io::Result<Duration> {
        match left(self.deadline) {
            rest if rest.is_zero() => Err(io::ErrorKind::TimedOut.into()),
            rest => Ok(rest),
        }
    }
}

/// A timeout is `WouldBlock` on some systems and `TimedOut` on others.
fn timed_out(e: io::Error) -> io::Error {
    if e.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { e }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.rest()?))?;
        self.stream.read(buf).map_err(timed_out)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.rest()?))?;
        self.stream.write(buf).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What bytes of HTTP travel on.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Wire {
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Wire::Plain(t) => t.deadline = deadline,
            Wire::Tls(t) => t.sock.deadline = deadline,
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(t) => t.read(buf),
            Wire::Tls(t) => t.read(buf),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(t) => t.write(buf),
            Wire::Tls(t) => t.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Plain(t) => t.flush(),
            Wire::Tls(t) => t.flush(),
        }
    }
}
