//! A reader of one-line JSON objects that forgives what nginx's `escape=json` lets happen.
//!
//! Responsible for the members of the outermost object. It accepts a missing value (`"urt":,` of an unset
//! variable in an unquoted place) as empty, and bytes that are not UTF-8; nested values are handed on raw. Strings
//! without escapes are borrowed.

use std::borrow::Cow;

use crate::Text;
use crate::bytes::hex;

/// The value of a member.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A string, unescaped.
    Text(Text<'a>),
    /// A number, `true`, `false`, `null`, or nothing at all.
    Bare(&'a [u8]),
    /// An object or array, as written.
    Nested(&'a [u8]),
}

/// Calls `f` with each member. An error is the offset at which no object was found any more.
pub(super) fn members<'a>(line: &'a [u8], mut f: impl FnMut(&'a [u8], Value<'a>)) -> Result<(), usize> {
    let mut at = skip_space(line, 0);
    if line.get(at) != Some(&b'{') {
        return Err(at);
    }
    at = skip_space(line, at + 1);
    if line.get(at) == Some(&b'}') {
        return end(line, at + 1);
    }
    loop {
        let (name, _, next) = string(line, at).ok_or(at)?;
        at = skip_space(line, next);
        if line.get(at) != Some(&b':') {
            return Err(at);
        }
        at = skip_space(line, at + 1);
        let from = at;
        let value;
        (value, at) = match line.get(at) {
            Some(b'"') => {
                let (raw, has_escapes, next) = string(line, at).ok_or(from)?;
                let text = if has_escapes { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
                (Value::Text(text), next)
            }
            Some(b'{' | b'[') => {
                let next = nested(line, at).ok_or(from)?;
                (Value::Nested(&line[at..next]), next)
            }
            _ => {
                let len = line[at..].iter().take_while(|b| !matches!(b, b',' | b'}' | b'"')).count();
                (Value::Bare(line[at..at + len].trim_ascii()), at + len)
            }
        };
        f(name, value);
        at = skip_space(line, at);
        match line.get(at) {
            Some(b',') => at = skip_space(line, at + 1),
            Some(b'}') => return end(line, at + 1),
            _ => return Err(at),
        }
    }
}

/// Nothing may follow the object.
fn end(line: &[u8], at: usize) -> Result<(), usize> {
    let at = skip_space(line, at);
    if at == line.len() { Ok(()) } else { Err(at) }
}

fn skip_space(line: &[u8], at: usize) -> usize {
    at + line[at..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// A string at `at`: its raw inside, whether it has escapes, the offset after its closing quote.
fn string(line: &[u8], at: usize) -> Option<(&[u8], bool, usize)> {
    if line.get(at) != Some(&b'"') {
        return None;
    }
    let mut has_escapes = false;
    let mut i = at + 1;
    loop {
        i += memchr::memchr2(b'"', b'\\', line.get(i..)?)?;
        if line[i] == b'"' {
            return Some((&line[at + 1..i], has_escapes, i + 1));
        }
        has_escapes = true;
        i += 2;
    }
}

/// The offset after the object or array at `at`.
fn nested(line: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut i = at;
    loop {
        match line.get(i)? {
            b'"' => {
                i = string(line, i)?.2;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ => {}
        }
        i += 1;
    }
}

/// Undoes JSON's escapes; bytes that are no valid escape stay as they are.
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        if raw[i] != b'\\' || i + 1 == raw.len() {
            out.push(raw[i]);
            i += 1;
            continue;
        }
        i += 2;
        match raw[i - 1] {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            c @ (b'"' | b'\\' | b'/') => out.push(c),
            b'u' => match unit(raw, i) {
                Some(high) => {
                    i += 4;
                    let low = raw[i..].strip_prefix(b"\\u").and_then(|_| unit(raw, i + 2));
                    let mut buf = [0; 4];
                    let ch = match low {
                        Some(low) if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) => {
                            i += 6;
                            char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                        }
                        _ => char::from_u32(high),
                    };
                    let ch = ch.unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(ch.encode_utf8(&mut buf).as_bytes());
                }
                None => out.extend_from_slice(b"\\u"),
            },
            c => out.extend_from_slice(&[b'\\', c]),
        }
    }
    out
}

/// Four hexadecimal digits.
fn unit(raw: &[u8], at: usize) -> Option<u32> {
    let digits = raw.get(at..at + 4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    Some(digits.iter().fold(0, |v, d| v << 4 | u32::from(hex(*d))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Vec<(String, Value<'_>)>, usize> {
        let mut out = Vec::new();
        members(line.as_bytes(), |n, v| out.push((String::from_utf8_lossy(n).into_owned(), v)))?;
        Ok(out)
    }

    fn text(s: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(s.as_bytes()))
    }

    #[test]
    fn missing_values_are_empty() {
        let got = read(r#"{"a":,"b": 1 ,"c":}"#).expect("members");
        let bare = |s: &'static str| Value::Bare(s.as_bytes());
        assert_eq!(
            got,
            [("a".to_string(), bare("")), ("b".to_string(), bare("1")), ("c".to_string(), bare(""))]
        );
    }

    #[test]
    fn strings_and_nested_values() {
        let got = read(r#"{"a":"x\"\\\u00e9\ud83d\ude00\q","b":{"c":["}"]},"d":""}"#).expect("members");
        assert_eq!(got[0].1, text("x\"\\é😀\\q"));
        assert_eq!(got[1].1, Value::Nested(br#"{"c":["}"]}"#));
        assert_eq!(got[2].1, text(""));
        assert!(matches!(got[2].1, Value::Text(Cow::Borrowed(_))));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in
            ["", "x", "{", r#"{"a""#, r#"{"a":1"#, r#"{"a":"x"#, r#"{"a":1} x"#, r#"{"a":[1}"#, r#"{"a":"\"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(read("{}"), Ok(Vec::new()));
    }
}
