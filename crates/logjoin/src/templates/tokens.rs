//! A mask as the clustering sees it: fields (words, values) between fixed punctuation.

use super::mask::Kind;

/// One field of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field<'a> {
    /// A word that is written so in the mask.
    Word(&'a [u8]),
    /// A placeholder of any kind: a host and an address in one place are one thing.
    Value,
}

/// A mask in parts.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    /// What stands between the fields, each field being one 0 byte: masks can only be alike when this is equal.
    pub(super) frame: Vec<u8>,
    /// The fields, in order.
    pub(super) fields: Vec<Field<'a>>,
}

/// Punctuation that separates fields. What joins the parts of a name (`-`, `_`, `.`, `/`) does not.
fn separates(b: u8) -> bool {
    b.is_ascii_whitespace() || b"=:,;()[]{}<>|\"'".contains(&b)
}

/// Fields beyond this number belong to the last one: a template longer than that tells nothing more.
const FIELD_LIMIT: usize = 128;

/// Takes a mask apart.
pub(super) fn split(mask: &[u8]) -> Tokens<'_> {
    let mut frame = Vec::new();
    let mut fields = Vec::new();
    let mut at = 0;
    while at < mask.len() {
        if fields.len() == FIELD_LIMIT {
            frame.push(0);
            fields.push(Field::Word(&mask[at..]));
            break;
        }
        if let Some(n) = placeholder(&mask[at..]) {
            frame.push(0);
            fields.push(Field::Value);
            at += n;
        } else if separates(mask[at]) {
            frame.push(mask[at]);
            at += 1;
        } else {
            let end = (at + 1..mask.len()).find(|i| separates(mask[*i])).unwrap_or(mask.len());
            frame.push(0);
            fields.push(Field::Word(&mask[at..end]));
            at = end;
        }
    }
    Tokens { frame, fields }
}

/// The length of the placeholder at the front, if there is one.
fn placeholder(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'<') {
        return None;
    }
    Kind::ALL.iter().map(|k| k.placeholder()).find(|p| text.starts_with(p.as_bytes())).map(str::len)
}

/// Puts a template together again: words as they are, `<*>` for the rest; neighbours that only a blank or a joint separates stay two.
pub(super) fn render(frame: &[u8], fields: &[Field<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len() + 8 * fields.len());
    let mut fields = fields.iter();
    for b in frame {
        match (b, fields.clone().next()) {
            (0, Some(field)) => {
                match field {
                    Field::Word(word) => out.extend_from_slice(word),
                    Field::Value if out.ends_with(b"<*>") => {}
                    Field::Value => out.extend_from_slice(b"<*>"),
                }
                fields.next();
            }
            _ => out.push(*b),
        }
    }
    out
}
