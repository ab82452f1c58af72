//! A one-pass scanner over one JSON object: every leaf is shown to a visitor with the path of its keys.
//!
//! The one trick: nothing is built. Keys and values are slices of the line; a string's escapes are undone
//! only for the values that are kept. Lenient: bytes need not be UTF-8, control characters may stand in strings, a
//! missing value (`"urt":,` of an nginx variable that is not set) is empty, and a line that was cut off gives the
//! leaves before the cut.

use std::borrow::Cow;

use crate::Text;
use crate::compile::unescape_json;

/// Depth of nesting that is looked into; deeper objects are one raw value.
const MAX_DEPTH: usize = 6;

/// A leaf, as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf<'a> {
    /// The inside of a string, and whether there is a backslash in it.
    Str(&'a [u8], bool),
    /// A number, `true`, `false` or `null`.
    Bare(&'a [u8]),
    /// An array (or an object that lies too deep), whole.
    Raw(&'a [u8]),
}

impl<'a> Leaf<'a> {
    /// The value as text; `None` for `null`.
    pub(crate) fn text(self) -> Option<Text<'a>> {
        match self {
            Leaf::Str(s, true) => Some(unescape_json(s)),
            Leaf::Bare(b"null") => None,
            Leaf::Str(s, false) | Leaf::Bare(s) | Leaf::Raw(s) => Some(Cow::Borrowed(s)),
        }
    }

    /// The bytes as they stand, without quotes.
    pub(crate) fn raw(self) -> &'a [u8] {
        match self {
            Leaf::Str(s, _) | Leaf::Bare(s) | Leaf::Raw(s) => s,
        }
    }
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The object was complete; what follows it starts at this offset.
    At(usize),
    /// The line was cut off inside the object.
    Cut,
}

/// Scans the object that `line` starts with. `None` when it is no JSON object.
pub(crate) fn scan<'a>(line: &'a [u8], mut visit: impl FnMut(&[&'a [u8]], Leaf<'a>)) -> Option<End> {
    let mut s = Scanner { line, at: 0 };
    s.blanks();
    if s.peek() != Some(b'{') {
        return None;
    }
    let mut path: [&[u8]; MAX_DEPTH] = [b""; MAX_DEPTH];
    let mut depth = 0;
    s.at += 1;
    let mut first = true;
    loop {
        s.blanks();
        match s.peek() {
            None => return (!first || depth > 0).then_some(End::Cut),
            Some(b'}') => {
                s.at += 1;
                first = false;
                if depth == 0 {
                    return Some(End::At(s.at));
                }
                depth -= 1;
                continue;
            }
            Some(b',') if !first => {
                s.at += 1;
                continue;
            }
            Some(b'"') => {}
            Some(_) => return None,
        }
        let Some((key, _)) = s.string() else { return (!first).then_some(End::Cut) };
        path[depth] = key;
        s.blanks();
        match s.peek() {
            Some(b':') => s.at += 1,
            None => return (!first).then_some(End::Cut),
            Some(_) => return None,
        }
        s.blanks();
        let leaf = match s.peek() {
            None => return (!first).then_some(End::Cut),
            Some(b'"') => match s.string() {
                Some((v, esc)) => Leaf::Str(v, esc),
                None => {
                    // a message that was cut off still says more than nothing
                    let v = &s.line[s.at + 1..];
                    visit(&path[..=depth], Leaf::Str(v, memchr::memchr(b'\\', v).is_some()));
                    return (!first).then_some(End::Cut);
                }
            },
            Some(b'{') if depth + 1 < MAX_DEPTH => {
                s.at += 1;
                depth += 1;
                first = false;
                continue;
            }
            Some(b'{' | b'[') => match s.balanced() {
                Some(v) => Leaf::Raw(v),
                None => return (!first).then_some(End::Cut),
            },
            Some(_) => {
                let v = s.bare();
                if v.is_empty() && !matches!(s.peek(), Some(b',' | b'}')) {
                    return None;
                }
                Leaf::Bare(v)
            }
        };
        first = false;
        visit(&path[..=depth], leaf);
    }
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The inside of the string here; `None`, and no step, when it is not closed.
    fn string(&mut self) -> Option<(&'a [u8], bool)> {
        let from = self.at + 1;
        let (mut i, mut escaped) = (from, false);
        loop {
            i += memchr::memchr2(b'"', b'\\', self.line.get(i..)?)?;
            if self.line[i] == b'"' {
                self.at = i + 1;
                return Some((&self.line[from..i], escaped));
            }
            escaped = true;
            i += 2;
        }
    }

    fn bare(&mut self) -> &'a [u8] {
        let rest = &self.line[self.at..];
        let n = rest
            .iter()
            .position(|c| {
                matches!(c, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b':' | b'{' | b'[')
            })
            .unwrap_or(rest.len());
        self.at += n;
        &rest[..n]
    }

    /// An array or object, with its brackets.
    fn balanced(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        let mut open = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        return Some(&self.line[from..self.at]);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(line: &str) -> (Option<End>, Vec<(String, String)>) {
        let mut out = Vec::new();
        let end = scan(line.as_bytes(), |path, leaf| {
            let path: Vec<_> = path.iter().map(|k| String::from_utf8_lossy(k).into_owned()).collect();
            let value = leaf.text().map_or("<null>".into(), |t| String::from_utf8_lossy(&t).into_owned());
            out.push((path.join("/"), value));
        });
        (end, out)
    }

    #[test]
    fn nested_leaves_in_order() {
        let (end, out) =
            leaves(r#"{"a":1,"r":{"m":"GET","h":{"x":[1,"]"]}},"b":null,"c":"q\"\u00e9\ud83d\ude00"} tail"#);
        assert_eq!(end, Some(End::At(78)));
        let expected = [("a", "1"), ("r/m", "GET"), ("r/h/x", "[1,\"]\"]"), ("b", "<null>"), ("c", "q\"é😀")];
        assert_eq!(out, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn missing_values_are_empty() {
        let (end, out) = leaves(r#"{"a":,"b": 1 ,"c":}"#);
        assert_eq!(end, Some(End::At(19)));
        assert_eq!(out, [("a", ""), ("b", "1"), ("c", "")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn cut_lines_keep_what_was_there() {
        let (end, out) = leaves(r#"{"level":"error","msg":"half a mes"#);
        assert_eq!(end, Some(End::Cut));
        assert_eq!(out[1], ("msg".into(), "half a mes".into()));
        for line in ["{", "{x", "[1]", "{\"a\" 1}", "{\"a\":]}", ""] {
            assert_eq!(leaves(line).0, None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_cut(line in proptest::collection::vec(prop_oneof![Just(b'{'), Just(b'"'), Just(b'\\'), Just(b':'), Just(b','), Just(b'}'), Just(b'['), Just(b']'), Just(b'u'), any::<u8>()], 0..60)) {
            scan(&line, |_, leaf| { leaf.text(); });
        }
    }
}
