//! Reads one HTTP/1 response, bounded in every direction: header, body, number of fields, interim responses.
//!
//! What went wrong is named as the analysis names what a proxy saw ([`Mechanism`]), from the same moments: nothing of a
//! header, half a header, half a body.

use std::io::{self, Read};
use std::time::Instant;

use logjoin::Mechanism;
use ring::digest::{Context, SHA256};

/// Largest header that is read.
const HEADER_BYTES: usize = 64 * 1024;
/// Most of a body that is read.
pub(crate) const BODY_BYTES: u64 = 1024 * 1024;
/// How much of the beginning of a body is kept.
const START_BYTES: usize = 512;

/// A response, or as much of it as came.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub mechanism: Option<Mechanism>,
    pub error: Option<String>,
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    pub header_bytes: usize,
    pub body_bytes: u64,
    pub capped: bool,
    pub sha256: Option<String>,
    pub start: Vec<u8>,
    pub first_byte: Option<Instant>,
    /// Whether another request may follow on this connection.
    pub reusable: bool,
}

impl Answer {
    /// The value of a header field; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    fn fail(&mut self, mechanism: Mechanism, error: impl Into<String>) {
        (self.mechanism, self.error, self.reusable) = (Some(mechanism), Some(error.into()), false);
    }
}

/// Bytes of a peer, with those that were read too far.
struct Feed<'a, R> {
    wire: &'a mut R,
    buf: Vec<u8>,
}

impl<R: Read> Feed<'_, R> {
    /// Reads more; 0 at the end.
    fn more(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 8192];
        loop {
            match self.wire.read(&mut chunk) {
                Ok(n) => {
                    self.buf.extend(&chunk[..n]);
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // TLS without a closing alert: the end all the same.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(e) => return Err(e),
            }
        }
    }

    /// A line without its end; `None` at the end of the stream.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self.buf.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.buf.drain(..=at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            if self.buf.len() > HEADER_BYTES {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line without end in a chunked body",
                ));
            }
            if self.more()? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Reads the response to a request with this method.
pub(crate) fn read(wire: &mut impl Read, method: &str) -> Answer {
    let mut answer = Answer::default();
    let mut feed = Feed { wire, buf: Vec::new() };
    if !head(&mut feed, &mut answer) {
        answer.start = feed.buf.iter().copied().take(START_BYTES).collect();
        return answer;
    }
    let mut digest = Context::new(&SHA256);
    body(&mut feed, &mut answer, method, &mut digest);
    answer.sha256 = Some(digest.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect());
    answer
}

/// Reads to the end of the header; false when that fails.
fn head(feed: &mut Feed<'_, impl Read>, answer: &mut Answer) -> bool {
    let mut interim = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 200];
        let mut parsed = httparse::Response::new(&mut fields);
        match parsed.parse(&feed.buf) {
            Ok(httparse::Status::Complete(n)) => {
                let status = parsed.code.unwrap_or_default();
                if (100..200).contains(&status) && status != 101 && interim < 8 {
                    interim += 1;
                    feed.buf.drain(..n);
                    continue;
                }
                answer.status = Some(status);
                answer.header_bytes = n;
                answer.headers = parsed
                    .headers
                    .iter()
                    .map(|h| {
                        (h.name.to_owned(), String::from_utf8_lossy(h.value).chars().take(1000).collect())
                    })
                    .collect();
                answer.reusable = parsed.version == Some(1);
                feed.buf.drain(..n);
                return true;
            }
            Ok(httparse::Status::Partial) if feed.buf.len() > HEADER_BYTES => {
                answer.fail(Mechanism::HeaderTooLarge, format!("a header of more than {HEADER_BYTES} bytes"));
                return false;
            }
            Ok(httparse::Status::Partial) => {}
            Err(httparse::Error::TooManyHeaders) => {
                answer.fail(Mechanism::HeaderTooLarge, "more than 200 header fields");
                return false;
            }
            Err(e) => {
                answer.fail(Mechanism::InvalidResponse, format!("what came back is no HTTP response: {e}"));
                return false;
            }
        }
        match feed.more() {
            Ok(0) if feed.buf.is_empty() => {
                answer.fail(Mechanism::ClosedBeforeHeaders, "the connection was closed without any response");
                return false;
            }
            Ok(0) => {
                let whole = feed.buf.starts_with(b"HTTP/");
                let mechanism =
                    if whole { Mechanism::ClosedBeforeHeaders } else { Mechanism::InvalidResponse };
                answer.fail(mechanism, "the connection was closed inside the header");
                return false;
            }
            Ok(_) => {
                answer.first_byte.get_or_insert_with(Instant::now);
            }
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                let text = if feed.buf.is_empty() {
                    "no response in time"
                } else {
                    "the header did not end in time"
                };
                answer.fail(Mechanism::ReadTimeout, text);
                return false;
            }
            Err(e) => {
                answer.fail(
                    Mechanism::ClosedBeforeHeaders,
                    format!("the connection broke before a response: {e}"),
                );
                return false;
            }
        }
    }
}

/// Where a body ends.
enum Length {
    Known(u64),
    Chunked,
    UntilClose,
}

fn body(feed: &mut Feed<'_, impl Read>, answer: &mut Answer, method: &str, digest: &mut Context) {
    let status = answer.status.unwrap_or_default();
    let closes = answer.header("connection").is_some_and(|v| v.to_ascii_lowercase().contains("close"));
    answer.reusable &= !closes;
    answer.mechanism = Some(Mechanism::FromBackend);
    if method == "HEAD" || status == 204 || status == 304 {
        return;
    }
    let chunked =
        answer.header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().contains("chunked"));
    let length = match (chunked, answer.header("content-length").map(|v| v.trim().parse::<u64>())) {
        (true, _) => Length::Chunked,
        (false, Some(Ok(n))) => Length::Known(n),
        (false, Some(Err(_))) => {
            return answer.fail(Mechanism::InvalidResponse, "the Content-Length is no number");
        }
        (false, None) => Length::UntilClose,
    };
    let result = match length {
        Length::Known(n) => take(feed, answer, digest, n),
        Length::Chunked => chunks(feed, answer, digest),
        Length::UntilClose => {
            answer.reusable = false;
            match take(feed, answer, digest, u64::MAX) {
                // The end of the stream is the end of the body.
                Ok(false) => Ok(true),
                other => other,
            }
        }
    };
    if answer.capped {
        answer.reusable = false;
        return;
    }
    match result {
        Ok(true) => {}
        Ok(false) => answer.fail(Mechanism::Truncated, "the connection was closed inside the body"),
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
            answer.fail(Mechanism::Stalled, "the body did not end in time");
        }
        Err(e) if e.kind() == io::ErrorKind::InvalidData => {
            answer.fail(Mechanism::InvalidResponse, e.to_string())
        }
        Err(e) => answer.fail(Mechanism::Truncated, format!("the connection broke inside the body: {e}")),
    }
}

/// Takes `n` bytes of the body; false when the stream ends before.
fn take(
    feed: &mut Feed<'_, impl Read>,
    answer: &mut Answer,
    digest: &mut Context,
    n: u64,
) -> io::Result<bool> {
    let mut rest = n;
    while rest > 0 {
        if feed.buf.is_empty() && feed.more()? == 0 {
            return Ok(false);
        }
        let room = BODY_BYTES - answer.body_bytes;
        let now = (feed.buf.len() as u64).min(rest).min(room) as usize;
        let bytes: Vec<u8> = feed.buf.drain(..now).collect();
        digest.update(&bytes);
        let missing = START_BYTES - answer.start.len().min(START_BYTES);
        answer.start.extend(bytes.iter().take(missing));
        answer.body_bytes += now as u64;
        rest -= now as u64;
        if answer.body_bytes == BODY_BYTES && rest > 0 {
            answer.capped = true;
            return Ok(true);
        }
    }
    Ok(true)
}

fn chunks(feed: &mut Feed<'_, impl Read>, answer: &mut Answer, digest: &mut Context) -> io::Result<bool> {
    let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
    loop {
        let Some(line) = feed.line()? else { return Ok(false) };
        let digits: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_hexdigit).collect();
        let size = std::str::from_utf8(&digits).ok().and_then(|d| u64::from_str_radix(d, 16).ok());
        let Some(size) = size else { return Err(invalid("a chunk of the body has no size")) };
        if size == 0 {
            // Trailer fields, up to the empty line.
            loop {
                match feed.line()? {
                    None => return Ok(false),
                    Some(line) if line.is_empty() => return Ok(true),
                    Some(_) => {}
                }
            }
        }
        if !take(feed, answer, digest, size)? {
            return Ok(false);
        }
        if answer.capped {
            return Ok(true);
        }
        match feed.line()? {
            None => return Ok(false),
            Some(line) if line.is_empty() => {}
            Some(_) => return Err(invalid("a chunk of the body is longer than it says")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: &[u8]) -> Answer {
        read(&mut &bytes[..], "GET")
    }

    #[test]
    fn whole_responses() {
        for (bytes, body, reusable) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..], 2, true),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\nh\r\n1\r\ni\r\n0\r\nT: 1\r\n\r\n", 2, true),
            (b"HTTP/1.0 200 OK\r\n\r\nhi", 2, false),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nConnection: close\r\n\r\n", 0, false),
        ] {
            let a = answer(bytes);
            assert_eq!((a.mechanism, a.body_bytes, a.reusable), (Some(Mechanism::FromBackend), body, reusable));
            if body == 2 {
                assert_eq!(a.start, b"hi");
                assert!(a.sha256.unwrap().starts_with("8f434346648f6b96"));
            }
        }
    }

    #[test]
    fn what_is_not_whole_has_a_name() {
        for (bytes, mechanism) in [
            (&b""[..], Mechanism::ClosedBeforeHeaders),
            (b"HTTP/1.1 200 OK\r\nX", Mechanism::ClosedBeforeHeaders),
            (b"SSH-2.0-x\r\n", Mechanism::InvalidResponse),
            (b"\x15\x03\x01\x00\x02\x02\x28", Mechanism::InvalidResponse),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", Mechanism::Truncated),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi", Mechanism::InvalidResponse),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", Mechanism::Truncated),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Mechanism::InvalidResponse),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                Mechanism::InvalidResponse,
            ),
        ] {
            assert_eq!(answer(bytes).mechanism, Some(mechanism), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn nothing_grows_without_bound() {
        let header = [&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'a'; 200_000]].concat();
        assert_eq!(answer(&header).mechanism, Some(Mechanism::HeaderTooLarge));
        let body = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'a'; 3 << 20]].concat();
        let a = answer(&body);
        assert!(a.capped && a.body_bytes == BODY_BYTES && a.start.len() == START_BYTES);
        assert_eq!(a.mechanism, Some(Mechanism::FromBackend));
    }
}
