//! Small scanning tools over bytes, shared by the formats.

use memchr::memchr;

use crate::Text;

/// A signed decimal number that fills the whole slice; a leading `+` is accepted (HAProxy's `option logasap`).
pub fn int(b: &[u8]) -> Option<i64> {
    let (neg, digits) = match b {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, b),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut v = 0i64;
    for &d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        v = v * 10 + i64::from(d - b'0');
    }
    Some(if neg { -v } else { v })
}

/// A non-negative decimal number that fills the whole slice.
pub fn uint(b: &[u8]) -> Option<u64> {
    if b.first().is_some_and(u8::is_ascii_digit) { int(b).map(|v| v as u64) } else { None }
}

/// Decimal seconds (`0.123`, `12`) as microseconds.
pub fn seconds_us(b: &[u8]) -> Option<i64> {
    decimal_scaled(b, 6)
}

/// A decimal number times 10^`digits`, further digits cut off: `decimal_scaled(b"1.25", 3)` is 1250.
pub fn decimal_scaled(b: &[u8], digits: u32) -> Option<i64> {
    let (neg, b) = match b {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, b),
    };
    let (whole, frac) = match memchr(b'.', b) {
        Some(i) => (&b[..i], &b[i + 1..]),
        None => (b, &b[..0]),
    };
    if whole.is_empty() && frac.is_empty() || whole.len() > 18 {
        return None;
    }
    let mut v = if whole.is_empty() { 0 } else { uint(whole)? as i64 };
    let mut left = digits;
    for &d in frac {
        if !d.is_ascii_digit() {
            return None;
        }
        if left > 0 {
            v = v.checked_mul(10)?.checked_add(i64::from(d - b'0'))?;
            left -= 1;
        }
    }
    let v = v.checked_mul(10i64.checked_pow(left)?)?;
    Some(if neg { -v } else { v })
}

/// Where the first line ends; `None` without a line end. Lines of logs are short, so that looking through them here costs less
/// than a call of a search for anything anywhere.
#[inline]
pub fn line_end(b: &[u8]) -> Option<usize> {
    let (blocks, rest) = b.as_chunks::<64>();
    for (i, block) in blocks.iter().enumerate() {
        // No branch for each byte: compilers look at all of them at once.
        if block.iter().fold(0, |any, c| any | u8::from(*c == b'\n')) != 0 {
            return Some(64 * i + first_end(block));
        }
    }
    memchr(b'\n', rest).map(|i| b.len() - rest.len() + i)
}

/// Where it stands in a block that has one.
#[inline(never)]
fn first_end(block: &[u8; 64]) -> usize {
    let mut first = u8::MAX;
    for i in 0..64u8 {
        let here = if block[usize::from(i)] == b'\n' { i } else { u8::MAX };
        first = first.min(here);
    }
    usize::from(first)
}

/// `None` for an empty slice and for the `-` that logs write in place of a missing value.
pub fn present(b: &[u8]) -> Option<&[u8]> {
    if b.is_empty() || b == b"-" { None } else { Some(b) }
}

/// Splits a request line into method, target and version (`1.1`), the way servers do: the method ends at
/// the first space, the version begins after the last one and starts with `HTTP/`.
/// Each part is `None` where the line has none; a line of one word is a target without a method.
#[allow(clippy::type_complexity)] // three parts, each of which may be missing
pub fn split_request(line: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, Option<&[u8]>) {
    let Some(space) = memchr(b' ', line) else {
        return (None, present(line), None);
    };
    let (method, rest) = (&line[..space], &line[space + 1..]);
    match memchr::memrchr(b' ', rest) {
        Some(at) if rest[at + 1..].starts_with(b"HTTP/") => {
            (present(method), present(&rest[..at]), present(&rest[at + 6..]))
        }
        _ if rest.starts_with(b"HTTP/") => (None, present(method), present(&rest[5..])),
        _ => (present(method), present(rest), None),
    }
}

/// Undoes the escapes that servers put into quoted fields: `\xHH` (nginx `escape=default`, upper case; Apache, lower
/// case) and Apache's `\"`, `\\`, `\n`, `\r`, `\t`, `\b`, `\v` (`ap_escape_logitem` in `server/util.c`). Any other
/// backslash stays. Records keep fields as logged; a reader that compares fields of two logs undoes both first.
///
/// ```
/// use logjoin_parse::bytes::unescape;
/// assert_eq!(unescape(br"/a\x22b").as_ref(), b"/a\"b");
/// assert!(matches!(unescape(b"/plain"), std::borrow::Cow::Borrowed(_)));
/// ```
pub fn unescape(b: &[u8]) -> Text<'_> {
    if memchr(b'\\', b).is_none() {
        return Text::Borrowed(b);
    }
    let mut out = Vec::with_capacity(b.len());
    let mut rest = b;
    while let Some(i) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..i]);
        let (byte, len) = match &rest[i + 1..] {
            [b'x', h, l, ..] if h.is_ascii_hexdigit() && l.is_ascii_hexdigit() => (hex(*h) << 4 | hex(*l), 4),
            [b'"', ..] => (b'"', 2),
            [b'\\', ..] => (b'\\', 2),
            [b'n', ..] => (b'\n', 2),
            [b'r', ..] => (b'\r', 2),
            [b't', ..] => (b'\t', 2),
            [b'b', ..] => (8, 2),
            [b'v', ..] => (11, 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = &rest[i + len..];
    }
    out.extend_from_slice(rest);
    Text::Owned(out)
}

/// The value of a hexadecimal digit; 0 for anything else.
pub(crate) fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}

/// Whether the slice is an IPv4 or IPv6 address, without brackets, port or zone.
pub fn is_ip(b: &[u8]) -> bool {
    (2..=45).contains(&b.len())
        && b.iter().all(|c| c.is_ascii_hexdigit() || matches!(c, b'.' | b':'))
        && std::str::from_utf8(b).is_ok_and(|s| s.parse::<std::net::IpAddr>().is_ok())
}

/// Takes the port off an address: `192.0.2.1:80`, `[2001:db8::1]:80`, `[2001:db8::1]`. An IPv6 address without brackets,
/// a bare address and a host name stay whole; the brackets are dropped.
pub fn split_port(b: &[u8]) -> (&[u8], Option<u16>) {
    if let [b'[', inner @ ..] = b
        && let Some(close) = memchr(b']', inner)
    {
        return match &inner[close + 1..] {
            [] => (&inner[..close], None),
            [b':', port @ ..] => match port_number(port) {
                Some(p) => (&inner[..close], Some(p)),
                None => (b, None),
            },
            _ => (b, None),
        };
    }
    match memchr::memrchr(b':', b) {
        Some(i) if memchr(b':', &b[..i]).is_none() => match port_number(&b[i + 1..]) {
            Some(p) if is_ip(&b[..i]) => (&b[..i], Some(p)),
            _ => (b, None),
        },
        _ => (b, None),
    }
}

/// The address in the URL of an Apache worker: `10.0.0.1:8080` of `http://10.0.0.1:8080/app`,
/// `unix:/run/app.sock` of `unix:/run/app.sock|fcgi://localhost/`.
pub(crate) fn worker_address(url: &[u8]) -> Option<&[u8]> {
    if url.starts_with(b"unix:") {
        return Some(&url[..memchr::memchr(b'|', url).unwrap_or(url.len())]);
    }
    let rest = match memchr::memmem::find(url, b"://") {
        Some(at) => &url[at + 3..],
        None => url,
    };
    present(&rest[..memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len())])
}

/// A port number that fills the slice.
pub(crate) fn port_number(b: &[u8]) -> Option<u16> {
    if b.len() > 5 { None } else { u16::try_from(uint(b)?).ok() }
}

/// Decimal seconds as microseconds, and the smallest unit written, in microseconds: `0.021` is `(21_000, 1_000)`.
pub fn seconds_and_unit(b: &[u8]) -> Option<(i64, i64)> {
    let digits = memchr(b'.', b).map_or(0, |i| b.len() - i - 1).min(6);
    Some((seconds_us(b)?, 10i64.pow(6 - digits as u32)))
}

/// A position in a line: takes pieces off the front. Every method that fails leaves the cursor where it was.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `line`.
    pub fn new(line: &'a [u8]) -> Self {
        Cursor { line, at: 0 }
    }

    /// Offset from the start of the line.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        &self.line[self.at..]
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.at == self.line.len()
    }

    /// The next byte.
    pub fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Steps over `literal`.
    pub fn eat(&mut self, literal: &[u8]) -> Option<()> {
        if self.rest().starts_with(literal) {
            self.at += literal.len();
            Some(())
        } else {
            None
        }
    }

    /// Takes what stands before the next `byte`, and steps over that byte.
    pub fn until(&mut self, byte: u8) -> Option<&'a [u8]> {
        let i = memchr(byte, self.rest())?;
        let piece = &self.rest()[..i];
        self.at += i + 1;
        Some(piece)
    }

    /// Takes what stands before the next `byte` without stepping over it; all the rest when there is none.
    pub fn before(&mut self, byte: u8) -> &'a [u8] {
        let i = memchr(byte, self.rest()).unwrap_or(self.rest().len());
        let piece = &self.rest()[..i];
        self.at += i;
        piece
    }

    /// Takes what stands before the next occurrence of `literal`, and steps over the literal.
    pub fn until_str(&mut self, literal: &[u8]) -> Option<&'a [u8]> {
        let i = memchr::memmem::find(self.rest(), literal)?;
        let piece = &self.rest()[..i];
        self.at += i + literal.len();
        Some(piece)
    }

    /// Takes `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let piece = self.rest().get(..n)?;
        self.at += n;
        Some(piece)
    }

    /// Takes the longest run of bytes for which `keep` holds (possibly empty).
    pub fn run(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let n = self.rest().iter().position(|&b| !keep(b)).unwrap_or(self.rest().len());
        let piece = &self.rest()[..n];
        self.at += n;
        piece
    }

    /// Takes an optionally signed decimal number.
    pub fn int(&mut self) -> Option<i64> {
        let start = *self;
        if matches!(self.peek(), Some(b'-' | b'+')) {
            self.at += 1;
        }
        self.run(|b| b.is_ascii_digit());
        let v = int(&self.line[start.at..self.at]);
        if v.is_none() {
            *self = start;
        }
        v
    }

    /// Takes a double-quoted string and steps over both quotes; a quote after a backslash does not end it.
    /// Returns the raw inside.
    pub fn quoted(&mut self) -> Option<&'a [u8]> {
        let start = *self;
        self.eat(b"\"")?;
        let from = self.at;
        loop {
            let Some(i) = memchr::memchr2(b'"', b'\\', self.rest()) else {
                *self = start;
                return None;
            };
            self.at += i;
            if self.peek() == Some(b'"') {
                let piece = &self.line[from..self.at];
                self.at += 1;
                return Some(piece);
            }
            if self.at + 2 > self.line.len() {
                *self = start;
                return None;
            }
            self.at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(int(b"-1"), Some(-1));
        assert_eq!(int(b"+12"), Some(12));
        assert_eq!(int(b"1x"), None);
        assert_eq!(int(b""), None);
        assert_eq!(seconds_us(b"0.123"), Some(123_000));
        assert_eq!(seconds_us(b"12"), Some(12_000_000));
        assert_eq!(seconds_us(b"-"), None);
        assert_eq!(decimal_scaled(b"1.2567", 3), Some(1256));
    }

    #[test]
    fn request_lines() {
        let split = |s: &'static str| split_request(s.as_bytes());
        assert_eq!(
            split("GET /a?b=c HTTP/1.1"),
            (Some(&b"GET"[..]), Some(&b"/a?b=c"[..]), Some(&b"1.1"[..]))
        );
        assert_eq!(split("GET /a b HTTP/1.1"), (Some(&b"GET"[..]), Some(&b"/a b"[..]), Some(&b"1.1"[..])));
        assert_eq!(split("GET /a"), (Some(&b"GET"[..]), Some(&b"/a"[..]), None));
        assert_eq!(split("<BADREQ>"), (None, Some(&b"<BADREQ>"[..]), None));
        assert_eq!(split("-"), (None, None, None));
    }

    #[test]
    fn quoted_strings() {
        let mut c = Cursor::new(br#""a \" b" rest"#);
        assert_eq!(c.quoted(), Some(&br#"a \" b"#[..]));
        assert_eq!(c.rest(), b" rest");
        let mut open = Cursor::new(b"\"never closed");
        assert_eq!(open.quoted(), None);
        assert_eq!(open.offset(), 0);
    }

    #[test]
    fn escapes_of_both_servers_are_undone() {
        assert_eq!(unescape(br"\x16\x03 a\x5Cx22").as_ref(), b"\x16\x03 a\\x22");
        assert_eq!(unescape(br#"say \"hi\" \\ \t \q \x4"#).as_ref(), b"say \"hi\" \\ \t \\q \\x4");
        assert_eq!(unescape(br"end\").as_ref(), b"end\\");
    }

    #[test]
    fn ports_are_split_off_addresses_only() {
        let split = |s: &'static str| split_port(s.as_bytes());
        assert_eq!(split("192.0.2.1:80"), (&b"192.0.2.1"[..], Some(80)));
        assert_eq!(split("[2001:db8::1]:80"), (&b"2001:db8::1"[..], Some(80)));
        assert_eq!(split("[2001:db8::1]"), (&b"2001:db8::1"[..], None));
        assert_eq!(split("2001:db8::1"), (&b"2001:db8::1"[..], None));
        assert_eq!(split("unix:"), (&b"unix:"[..], None));
        assert_eq!(split("192.0.2.1:99999"), (&b"192.0.2.1:99999"[..], None));
    }

    #[test]
    fn durations_know_their_unit() {
        assert_eq!(seconds_and_unit(b"0.021"), Some((21_000, 1_000)));
        assert_eq!(seconds_and_unit(b"3"), Some((3_000_000, 1_000_000)));
        assert_eq!(seconds_and_unit(b"0.0000001"), Some((0, 1)));
        assert_eq!(seconds_and_unit(b"-"), None);
    }

    #[test]
    fn lines_end_where_the_first_newline_stands() {
        for n in 0..300 {
            let mut b = vec![b'x'; n];
            assert_eq!(line_end(&b), None, "{n}");
            for at in 0..n {
                // Near to it, and behind it.
                b[at] = b'\n';
                b[(at + 1).min(n - 1)..].fill(b'\n' + 1);
                b[at] = b'\n';
                b[..at].fill(if at % 2 == 0 { 0x8a } else { 0x0b });
                assert_eq!(line_end(&b), Some(at), "{n}");
            }
        }
    }
}
