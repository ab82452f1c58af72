//! The pieces of a tail: quoted fields, bracketed ones, `name=value` pairs, words.
//!
//! Responsible for taking a tail apart. The trick: an unquoted multi-valued nginx variable holds spaces, but only after a
//! comma or around a colon, so that it can be read as one word.

use crate::bytes::Cursor;

/// One piece of a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Tok<'a> {
    /// `"inside"`
    Quoted(&'a [u8]),
    /// `[inside]`
    Bracket(&'a [u8]),
    /// `name=value`, `name="value"`
    Pair(&'a [u8], &'a [u8]),
    /// A word, or a list as nginx writes it.
    Bare(&'a [u8]),
}

/// Takes a tail apart; every piece stands after a space. Ends early at what is no whole piece.
#[derive(Clone, Copy)]
pub(in crate::formats) struct Tokens<'a> {
    rest: Cursor<'a>,
}

impl<'a> Tokens<'a> {
    /// The pieces of `tail`.
    pub fn new(tail: &'a [u8]) -> Self {
        Tokens { rest: Cursor::new(tail) }
    }

    /// What was not taken yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest.rest()
    }

    /// Whether the tail consists of whole pieces.
    pub fn is_well_formed(mut self) -> bool {
        while self.next().is_some() {}
        self.rest.rest().trim_ascii().is_empty()
    }

    /// A word, with the further words of a list: `a, b`, `a : b`, `a : ` (an empty element at the end).
    fn list(c: &mut Cursor<'a>) -> &'a [u8] {
        let all = c.rest();
        let from = c.offset();
        let is_word = |b: u8| b != b' ';
        c.run(is_word);
        loop {
            let taken = &all[..c.offset() - from];
            let goes_on = taken.ends_with(b",") && c.eat(b" ").is_some() || c.eat(b" : ").is_some();
            if goes_on {
                c.run(is_word);
            } else {
                // ` :` at the very end of a line whose last space was trimmed
                if c.rest() == b" :" {
                    c.run(|_| true);
                }
                return &all[..c.offset() - from];
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Tok<'a>;

    fn next(&mut self) -> Option<Tok<'a>> {
        let mut c = self.rest;
        c.eat(b" ")?;
        while c.eat(b" ").is_some() {}
        let tok = match c.peek()? {
            b'"' => Tok::Quoted(c.quoted()?),
            b'[' => {
                c.eat(b"[")?;
                Tok::Bracket(c.until(b']')?)
            }
            _ => {
                let mut pair = c;
                let name = pair.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
                let is_name = name.first().is_some_and(|b| b.is_ascii_alphabetic());
                if is_name && pair.eat(b"=").is_some() {
                    let value =
                        if pair.peek() == Some(b'"') { pair.quoted()? } else { Self::list(&mut pair) };
                    c = pair;
                    Tok::Pair(name, value)
                } else {
                    Tok::Bare(Self::list(&mut c))
                }
            }
        };
        if let Tok::Bare(v) | Tok::Pair(_, v) = tok
            && matches!(tok, Tok::Bare(_))
            && memchr::memchr(b'"', v).is_some()
        {
            return None;
        }
        if !c.is_empty() && c.peek() != Some(b' ') {
            return None;
        }
        self.rest = c;
        Some(tok)
    }
}
