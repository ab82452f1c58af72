//! Undoing the proxies' escapes. Nothing is copied where nothing was escaped.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::field::Coding;
use crate::Text;

/// The value behind a logged value. An escape that is not one stays as it is.
pub(super) fn decode(raw: &[u8], coding: Coding) -> Text<'_> {
    match coding {
        Coding::Raw => Cow::Borrowed(raw),
        Coding::Nginx => backslashes(raw, hex_escape),
        Coding::Apache => backslashes(raw, apache_escape),
        Coding::Json => json(raw),
        Coding::Haproxy => hashes(raw),
        Coding::HaproxyEscaped => chain(backslashes(raw, quoted_char), hashes),
        Coding::HaproxyJson => chain(json(raw), hashes),
    }
}

fn chain<'a>(first: Text<'a>, then: fn(&[u8]) -> Text<'_>) -> Text<'a> {
    match first {
        Cow::Borrowed(b) => then(b),
        Cow::Owned(b) => Cow::Owned(then(&b).into_owned()),
    }
}

/// Replaces what `undo` knows after each backslash. `undo` gets what follows the backslash and returns how
/// many bytes of it were the escape, 0 for none.
fn backslashes(raw: &[u8], undo: impl Fn(&[u8], &mut Vec<u8>) -> usize) -> Text<'_> {
    let Some(first) = memchr(b'\\', raw) else { return Cow::Borrowed(raw) };
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some((backslash, after)) = rest.split_first() {
        let n = undo(after, &mut out);
        if n == 0 {
            out.push(*backslash);
        }
        let after = &after[n..];
        let plain = memchr(b'\\', after).unwrap_or(after.len());
        out.extend_from_slice(&after[..plain]);
        rest = &after[plain..];
    }
    Cow::Owned(out)
}

/// A JSON string (RFC 8259, section 7). Halves of surrogate pairs and escapes that JSON does not know stay as they are.
pub(crate) fn json(raw: &[u8]) -> Text<'_> {
    backslashes(raw, json_escape)
}

fn hex2(b: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    match b {
        [h, l, ..] => Some((digit(*h)? * 16 + digit(*l)?) as u8),
        _ => None,
    }
}

fn hex_escape(b: &[u8], out: &mut Vec<u8>) -> usize {
    match b.strip_prefix(b"x").and_then(hex2) {
        Some(v) => {
            out.push(v);
            3
        }
        None => 0,
    }
}

fn apache_escape(b: &[u8], out: &mut Vec<u8>) -> usize {
    let v = match b.first() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 0x0b,
        Some(b'b') => 0x08,
        Some(c @ (b'"' | b'\\')) => *c,
        _ => return hex_escape(b, out),
    };
    out.push(v);
    1
}

fn quoted_char(b: &[u8], out: &mut Vec<u8>) -> usize {
    match b.first() {
        Some(c @ (b'"' | b'\\' | b']')) => {
            out.push(*c);
            1
        }
        _ => 0,
    }
}

fn json_escape(b: &[u8], out: &mut Vec<u8>) -> usize {
    let v = match b.first() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(c @ (b'"' | b'\\' | b'/')) => *c,
        Some(b'u') => return json_unicode(b, out),
        _ => return 0,
    };
    out.push(v);
    1
}

/// `uHHHH`, or the two halves of a surrogate pair. A lone half stays as it is.
fn json_unicode(b: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = |b: &[u8]| Some(u32::from(hex2(b)?) << 8 | u32::from(hex2(b.get(2..)?)?));
    let Some(high) = b.get(1..).and_then(unit) else { return 0 };
    let (code, n) = match b.get(5..).and_then(|b| b.strip_prefix(br"\u")).and_then(unit) {
        Some(low) if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) => {
            (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 11)
        }
        _ => (high, 5),
    };
    let Some(c) = char::from_u32(code) else { return 0 };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    n
}

fn hashes(raw: &[u8]) -> Text<'_> {
    let Some(first) = memchr(b'#', raw) else { return Cow::Borrowed(raw) };
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        match hex2(after) {
            Some(v) if b == b'#' => {
                out.push(v);
                rest = &after[2..];
            }
            _ => out.push(b),
        }
    }
    Cow::Owned(out)
}

/// Offset of the first `"` that no backslash precedes.
pub(super) fn closing_quote(b: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', b.get(at..)?)?;
        if b[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coding: Coding, raw: &str, value: &[u8]) {
        assert_eq!(decode(raw.as_bytes(), coding).as_ref(), value, "{raw}");
    }

    #[test]
    fn each_proxy_has_its_escapes() {
        check(Coding::Nginx, r"/a\x22b\x5Cx22", br#"/a"b\x22"#);
        check(Coding::Nginx, r"\n\x2", br"\n\x2");
        check(Coding::Apache, r#"a\"b\\c\n\xff\q"#, b"a\"b\\c\n\xff\\q");
        check(Coding::Json, r#"\"\\\u001F\u00e9\ud83d\ude00\ud83d\/"#, "\"\\\u{1f}é😀\\ud83d/".as_bytes());
        check(Coding::Haproxy, "/x#22#23#zz#2", b"/x\"##zz#2");
        check(Coding::HaproxyEscaped, r#"\"a\]#22"#, b"\"a]\"");
        check(Coding::HaproxyJson, "\\\"#22", b"\"\"");
        check(Coding::Raw, r"\x22", br"\x22");
    }

    #[test]
    fn nothing_is_copied_without_an_escape() {
        for coding in [Coding::Nginx, Coding::Json, Coding::Apache, Coding::Haproxy, Coding::HaproxyJson] {
            assert!(matches!(decode(b"/plain", coding), Cow::Borrowed(_)), "{coding:?}");
        }
    }

    #[test]
    fn quotes_after_a_backslash_do_not_close() {
        assert_eq!(closing_quote(br#"a\"b" c"#), Some(4));
        assert_eq!(closing_quote(br#"a\\" c"#), Some(3));
        assert_eq!(closing_quote(br"a\"), None);
    }
}
