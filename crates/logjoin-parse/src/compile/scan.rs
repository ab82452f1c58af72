//! The scanner: finds where in a line the fields of a format are.
//!
//! A field runs to the text that follows it. Most ends are certain (a number, a time, a quote that
//! cannot stand raw inside); only where one is not, a later occurrence of the following text is tried when
//! the rest of the line does not fit. The work on one line is bounded by [`BUDGET`].

use memchr::memchr;

use super::escape::closing_quote;
use super::field::{Class, Close, Coding, Field, Shape, Target};
use super::time;
use crate::ParseError;

/// Ends that are tried in one line before it is given up.
const BUDGET: u32 = 4096;

/// A piece of a format.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Text that stands in every line.
    Literal(Box<[u8]>),
    /// The pieces from the next one to before `end` may be missing together.
    Optional { end: usize },
    /// A value.
    Field(Box<Placed>),
}

/// A field and how to find its end.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub field: Field,
    /// Texts that can follow. Empty where the value itself shows its end.
    pub next: Vec<Box<[u8]>>,
    /// Whether the line may end after the field.
    pub or_end: bool,
    pub close: Close,
    /// None of the texts that can follow begins with a byte that the value may hold: the value is the whole run.
    pub ends_with_run: bool,
}

impl Placed {
    /// Offset of the first text that can follow.
    fn find_next(&self, b: &[u8]) -> Option<usize> {
        match &self.next[..] {
            [one] => find(b, one),
            several => several.iter().filter_map(|text| find(b, text)).min(),
        }
    }
}

/// The texts are short and stand near: the first byte alone finds them faster than a prepared search.
fn find(b: &[u8], text: &[u8]) -> Option<usize> {
    let (&first, tail) = text.split_first()?;
    let mut from = 0;
    loop {
        let at = from + memchr(first, b.get(from..)?)?;
        if tail.is_empty() || b[at + 1..].starts_with(tail) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where a field stands in the line. A field that is not in the line has [`Span::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    pub const NONE: Span = Span { from: u32::MAX, to: 0 };

    pub fn of(self, line: &[u8]) -> Option<&[u8]> {
        line.get(self.from as usize..self.to as usize)
    }
}

/// Finds the fields of `line`: `spans[i]` is set for each `pieces[i]` that is a field.
/// `may_be_cut`: the writer may have cut the line off at the end.
pub(super) fn scan(
    pieces: &[Piece],
    line: &[u8],
    spans: &mut [Span],
    may_be_cut: bool,
) -> Result<(), ParseError> {
    if line.len() >= u32::MAX as usize {
        return Err(ParseError::new(0, "a line of less than 4 GiB"));
    }
    let mut scan =
        Scan { pieces, line, spans, may_be_cut, budget: BUDGET, failed: ParseError::new(0, "this format") };
    if scan.run(0, 0) { Ok(()) } else { Err(scan.failed) }
}

struct Scan<'s> {
    pieces: &'s [Piece],
    line: &'s [u8],
    spans: &'s mut [Span],
    may_be_cut: bool,
    budget: u32,
    /// The furthest failure, which is the one that helps.
    failed: ParseError,
}

impl<'s> Scan<'s> {
    fn fail(&mut self, at: usize, expected: &'static str) -> bool {
        if self.failed.offset <= at {
            self.failed = ParseError::new(at, expected);
        }
        false
    }

    fn set(&mut self, i: usize, from: usize, to: usize) {
        self.spans[i] = Span { from: from as u32, to: to as u32 };
    }

    /// Matches the pieces from `i` on to the line from `at` on, to its end.
    fn run(&mut self, mut i: usize, mut at: usize) -> bool {
        let (pieces, line) = (self.pieces, self.line);
        while let Some(piece) = pieces.get(i) {
            let rest = &line[at..];
            match piece {
                Piece::Literal(text) => {
                    // One byte, the usual case, needs no call.
                    let fits = match (&**text, rest) {
                        ([b], [c, ..]) => b == c,
                        _ => rest.starts_with(text),
                    };
                    if !fits {
                        return self.fail(at, "the text that follows in the format");
                    }
                    at += text.len();
                }
                Piece::Optional { end } => {
                    if self.run(i + 1, at) {
                        return true;
                    }
                    self.spans[i..*end].fill(Span::NONE);
                    i = *end;
                    continue;
                }
                Piece::Field(placed) => {
                    if placed.field.may_be_quoted && rest.first() == Some(&b'"') {
                        let end = match placed.field.coding {
                            Coding::HaproxyEscaped => closing_quote(&rest[1..]),
                            _ => memchr(b'"', &rest[1..]),
                        };
                        match end {
                            Some(n) => {
                                self.set(i, at + 1, at + 1 + n);
                                at += n + 2;
                                i += 1;
                                continue;
                            }
                            None if self.may_be_cut => {
                                self.set(i, at + 1, line.len());
                                return true;
                            }
                            None => return self.fail(at, "a closing quote"),
                        }
                    }
                    match self.certain_end(placed, at) {
                        End::At(end) => {
                            self.set(i, at, end);
                            at = end;
                        }
                        End::Open => return self.try_ends(i, placed, at),
                        End::Cut => {
                            self.set(i, at, line.len());
                            return true;
                        }
                        End::None(expected) => return self.fail(at, expected),
                    }
                }
            }
            i += 1;
        }
        line[at..].iter().all(u8::is_ascii_whitespace) || self.fail(at, "the end of the line")
    }

    fn certain_end(&mut self, placed: &Placed, at: usize) -> End {
        let rest = &self.line[at..];
        let end = |n: Option<usize>, expected| n.map_or(End::None(expected), |n| End::At(at + n));
        match placed.field.shape {
            Shape::Int | Shape::Decimal => {
                let is_whole = placed.field.shape == Shape::Int;
                let n = if is_whole { int_length(rest) } else { decimal_length(rest) };
                // Where a missing number is written as `-`, nothing at all is not a number.
                let never_empty = matches!(placed.field.coding, Coding::Nginx | Coding::Apache);
                return if n == 0 && never_empty { End::None("a number") } else { End::At(at + n) };
            }
            Shape::Time => {
                let Target::Time(clock) = &placed.field.target else { return End::None("a time") };
                return end(time::length(&clock.layout, rest), "a time");
            }
            Shape::Braces => {
                let close = if rest.first() == Some(&b'{') { memchr(b'}', rest) } else { None };
                return end(close.map(|n| n + 1), "captured headers in braces");
            }
            Shape::OsError if rest.first() != Some(&b'(') => return End::None("an error number"),
            Shape::Run(class) if placed.ends_with_run && placed.close == Close::Follow => {
                let n = rest.iter().position(|b| !class.holds(*b)).unwrap_or(rest.len());
                return End::At(at + n);
            }
            _ => {}
        }
        let quote = match placed.close {
            Close::Follow if placed.next.is_empty() && self.is_fit(placed, rest, true) => {
                return End::At(self.line.len());
            }
            Close::Follow => return End::Open,
            Close::Quote => memchr(b'"', rest),
            Close::EscapedQuote => closing_quote(rest),
        };
        match quote {
            None if self.may_be_cut => End::Cut,
            n => end(n, "a closing quote"),
        }
    }

    /// Whether the bytes of a value can be this field's.
    fn is_fit(&self, placed: &Placed, value: &[u8], whole: bool) -> bool {
        match placed.field.shape {
            Shape::Run(class) | Shape::List(class @ Class::Numbers) => value.iter().all(|b| class.holds(*b)),
            Shape::Source if whole => value.ends_with(b")") && !value.contains(&b' '),
            _ => true,
        }
    }

    /// Tries the ends at which something stands that can follow, the nearest first.
    fn try_ends(&mut self, i: usize, placed: &Placed, at: usize) -> bool {
        let line = self.line;
        let mut from = at;
        // Followed by its own separator, a list has no certain end.
        let is_ambiguous = placed.next.iter().any(|text| text.starts_with(b", "));
        if matches!(placed.field.shape, Shape::List(_)) && !is_ambiguous {
            from = list_end(placed, line, at);
        }
        let mut seen = at;
        loop {
            let next = placed.find_next(&line[from..]).map(|n| from + n);
            let end = match next {
                Some(end) => end,
                None if placed.or_end => line.len(),
                None if self.may_be_cut => {
                    self.set(i, at, line.len());
                    return true;
                }
                None => return self.fail(at, "the text that follows in the format"),
            };
            if !self.is_fit(placed, &line[seen..end], false) {
                return self.fail(at, "a value of this field");
            }
            seen = end;
            if self.is_fit(placed, &line[at..end], true) {
                if self.budget == 0 {
                    return self.fail(at, "a line with one reading");
                }
                self.budget -= 1;
                self.set(i, at, end);
                if self.run(i + 1, end) {
                    return true;
                }
            }
            if next.is_none() {
                return false;
            }
            from = end + 1;
        }
    }
}

enum End {
    At(usize),
    /// Several ends are possible.
    Open,
    /// The line was cut inside the value.
    Cut,
    None(&'static str),
}

/// Length of an optionally signed whole number, of a lone `-`, or 0.
fn int_length(b: &[u8]) -> usize {
    let sign = usize::from(matches!(b.first(), Some(b'-' | b'+')));
    let digits = b[sign..].iter().take_while(|c| c.is_ascii_digit()).count();
    if sign == 1 && digits == 0 && b[0] == b'+' { 0 } else { sign + digits }
}

fn decimal_length(b: &[u8]) -> usize {
    let whole = int_length(b);
    match b.get(whole) {
        Some(b'.') if b.get(whole + 1).is_some_and(u8::is_ascii_digit) => {
            whole + 1 + b[whole + 1..].iter().take_while(|c| c.is_ascii_digit()).count()
        }
        _ => whole,
    }
}

/// Where a multi-valued variable ends: at the first thing that can follow and is not one of its own
/// separators `, ` and ` : `.
fn list_end(placed: &Placed, line: &[u8], at: usize) -> usize {
    let mut from = at;
    loop {
        let rest = &line[from..];
        let Some(next) = placed.find_next(rest) else { return from };
        let separator = rest[..(next + 2).min(rest.len())]
            .windows(2)
            .position(|w| w == b", ")
            .map(|n| (n, 2))
            .into_iter()
            .chain(memchr::memmem::find(&rest[..(next + 3).min(rest.len())], b" : ").map(|n| (n, 3)))
            .min();
        match separator {
            Some((n, len)) if n <= next => from += n + len,
            _ => return from + next,
        }
    }
}
