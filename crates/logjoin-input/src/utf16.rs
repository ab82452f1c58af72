//! Byte order marks, and UTF-16 turned into UTF-8 (Windows tools and PowerShell redirections write it).
//!
//! The trick: decoding happens below the lines, so everything above sees one encoding. Halves of a
//! character that the end of a read cut apart wait for the next read.

use std::io::{self, Cursor, Read};

use crate::compression::Bytes;

/// Looks at the first bytes of a decompressed stream. Returns the stream without its byte order mark,
/// in UTF-8 if it was UTF-16, and the number of bytes by which it now starts later.
pub(crate) fn without_bom(mut stream: Bytes) -> (Bytes, u64, Option<io::Error>) {
    let mut head = [0; 3];
    let mut len = 0;
    let mut failed = None;
    while len < head.len() {
        match stream.read(&mut head[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let (order, skipped) = match &head[..len] {
        [0xef, 0xbb, 0xbf] => (None, 3),
        [0xff, 0xfe, ..] => (Some(Order::Little), 2),
        [0xfe, 0xff, ..] => (Some(Order::Big), 2),
        _ => (None, 0),
    };
    let rest = Cursor::new(head[skipped..len].to_vec()).chain(stream);
    match order {
        None => (Box::new(rest), skipped as u64, failed),
        Some(order) => (Box::new(Utf16::new(rest, order)), 0, failed),
    }
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

struct Utf16<R> {
    inner: R,
    order: Order,
    raw: Box<[u8]>,
    /// `raw[..kept]` holds at most three bytes that did not make a whole character yet.
    kept: usize,
    text: Vec<u8>,
    /// `text[given..]` is decoded and not yet handed out.
    given: usize,
    done: bool,
}

const RAW_BYTES: usize = 32 * 1024;

impl<R: Read> Utf16<R> {
    fn new(inner: R, order: Order) -> Utf16<R> {
        let raw = vec![0; RAW_BYTES].into_boxed_slice();
        Utf16 { inner, order, raw, kept: 0, text: Vec::new(), given: 0, done: false }
    }

    fn unit(&self, at: usize) -> u16 {
        let pair = [self.raw[at], self.raw[at + 1]];
        match self.order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        }
    }

    fn push(&mut self, c: char) {
        self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Decodes `raw[..len]`; keeps an unfinished rest unless the input is over.
    fn decode(&mut self, len: usize) {
        let mut at = 0;
        while at + 2 <= len {
            let unit = self.unit(at);
            if (0xd800..0xdc00).contains(&unit) {
                if at + 4 > len && !self.done {
                    break;
                }
                let low = if at + 4 <= len { self.unit(at + 2) } else { 0 };
                if (0xdc00..0xe000).contains(&low) {
                    let code = 0x1_0000 + ((u32::from(unit) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
                    self.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    at += 4;
                    continue;
                }
            }
            self.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
            at += 2;
        }
        if self.done && at < len {
            self.push(char::REPLACEMENT_CHARACTER);
            at = len;
        }
        self.raw.copy_within(at..len, 0);
        self.kept = len - at;
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.done {
                return Ok(0);
            }
            let n = self.inner.read(&mut self.raw[self.kept..])?;
            self.text.clear();
            self.given = 0;
            self.done = n == 0;
            self.decode(self.kept + n);
        }
        let n = out.len().min(self.text.len() - self.given);
        out[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte per read.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = out.len().min(1);
            self.0.read(&mut out[..n])
        }
    }

    fn read(bytes: Vec<u8>) -> (Vec<u8>, u64) {
        let (mut stream, skipped, failed) = without_bom(Box::new(Slow(Cursor::new(bytes))));
        assert!(failed.is_none());
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        (out, skipped)
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes_of).collect()
    }

    #[test]
    fn both_byte_orders_come_out_as_utf8() {
        let text = "GET /café 502\r\n𝄞 plane one\r\n";
        assert_eq!(read(utf16(text, u16::to_le_bytes)).0, text.as_bytes());
        assert_eq!(read(utf16(text, u16::to_be_bytes)).0, text.as_bytes());
    }

    #[test]
    fn halves_become_replacement_characters() {
        let lone = vec![0xff, 0xfe, 0x3d, 0xd8, b'a', 0, 0x3d, 0xd8];
        assert_eq!(read(lone).0, "\u{fffd}a\u{fffd}".as_bytes());
        let odd = vec![0xff, 0xfe, b'a', 0, b'b'];
        assert_eq!(read(odd).0, "a\u{fffd}".as_bytes());
    }

    #[test]
    fn only_a_byte_order_mark_is_taken_away() {
        assert_eq!(read(b"\xef\xbb\xbfline\n".to_vec()), (b"line\n".to_vec(), 3));
        assert_eq!(read(b"\xef\xbb".to_vec()), (b"\xef\xbb".to_vec(), 0));
        assert_eq!(read(Vec::new()), (Vec::new(), 0));
    }
}
