//! A flat JSON object whose names are known: HAProxy's `%{+json}o`.

use super::escape::closing_quote;
use crate::ParseError;
use crate::bytes::Cursor;

/// The raw value of each of `names` in the object: strings without their quotes and as they are escaped.
/// Names that are not asked for, and values that are not there, are passed over.
pub(super) fn flat_object<'a, 'n>(
    line: &'a [u8],
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<Option<&'a [u8]>>, ParseError> {
    let names: Vec<&str> = names.collect();
    let mut values = vec![None; names.len()];
    let mut c = Cursor::new(line.trim_ascii_end());
    let expect = |c: &mut Cursor<'a>, what: &[u8], name| {
        c.run(|b| b.is_ascii_whitespace());
        c.eat(what).ok_or(ParseError::new(c.offset(), name))
    };
    expect(&mut c, b"{", "`{`")?;
    // The names come in the order of the format: the next one is where the last one was found.
    let mut likely = 0;
    loop {
        c.run(|b| b.is_ascii_whitespace() || b == b',');
        if c.eat(b"}").is_some() {
            break;
        }
        if c.is_empty() {
            return Err(ParseError::new(c.offset(), "`}`"));
        }
        let name = string(&mut c).ok_or(ParseError::new(c.offset(), "a name in quotes"))?;
        expect(&mut c, b":", "`:`")?;
        c.run(|b| b.is_ascii_whitespace());
        let value = match c.peek() {
            Some(b'"') => string(&mut c).ok_or(ParseError::new(c.offset(), "a closing quote"))?,
            _ => c.run(|b| !matches!(b, b',' | b'}')).trim_ascii_end(),
        };
        let n = names.len();
        if let Some(i) = (0..n).map(|k| (likely + k) % n).find(|i| names[*i].as_bytes() == name) {
            values[i] = Some(value).filter(|v| *v != b"null");
            likely = i + 1;
        }
    }
    if c.is_empty() { Ok(values) } else { Err(ParseError::new(c.offset(), "the end of the line")) }
}

fn string<'a>(c: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *c;
    ahead.eat(b"\"")?;
    let inside = ahead.take(closing_quote(ahead.rest())?)?;
    ahead.eat(b"\"")?;
    *c = ahead;
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(line: &'a str, names: &[&str]) -> Result<Vec<Option<&'a str>>, ParseError> {
        let values = flat_object(line.as_bytes(), names.iter().copied())?;
        Ok(values.into_iter().map(|v| v.and_then(|v| std::str::from_utf8(v).ok())).collect())
    }

    #[test]
    fn values_by_name() {
        let line = r#"{"a": "x\"y", "n": -1, "t": true, "gone": null, "b":""}"#;
        assert_eq!(
            read(line, &["b", "n", "t", "gone", "a", "other"]),
            Ok(vec![Some(""), Some("-1"), Some("true"), None, Some("x\\\"y"), None])
        );
        assert_eq!(read("{}", &["a"]), Ok(vec![None]));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in ["", "x", "{", r#"{"a"}"#, r#"{"a":"x}"#, r#"{"a":1} tail"#, r#"{"a":1"#] {
            assert!(read(line, &["a"]).is_err(), "{line}");
        }
    }
}
