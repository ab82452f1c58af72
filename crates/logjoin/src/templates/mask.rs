//! One line becomes its mask: what varies is replaced by the name of its kind, the words stay.
//!
//! A pure function of the line and of nothing else, so that lines may be masked on any thread, in any order, on any machine,
//! and two lines that differ in values alone have the same mask. The one trick: recognisers are tried where a word can begin and
//! nowhere else, the most particular first.

use super::{shapes, words};

/// Bytes of a line that are masked; the rest of a longer line is left out.
pub const LINE_LIMIT: usize = 2048;

/// Bytes of a mask that are kept, so that memory is bounded by the number of masks.
pub const MASK_LIMIT: usize = 1024;

/// What kind of value a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A number, with sign, fraction and separators: `-17`, `0.25`, `1,024`, `6.1.1`.
    Num,
    /// Hexadecimal digits: `0x1f`, `a489c868f0c3`.
    Hex,
    /// A name that was numbered by a program: `attempt_1445144423722_0020_m_0`, `R02-M1-N0`.
    Id,
    /// A UUID.
    Uuid,
    /// An IPv4 or IPv6 address, with or without prefix length.
    Ip,
    /// A hardware address.
    Mac,
    /// A host's name.
    Host,
    /// The port of an address or host.
    Port,
    /// A path of a file or of a request.
    Path,
    /// A URL with scheme.
    Url,
    /// A quoted value.
    Quoted,
    /// A moment, a date or a clock.
    Time,
    /// A span of time with its unit.
    Span,
    /// A number of bytes with its unit.
    Size,
    /// A mail address.
    Email,
    /// Nothing between brackets where others have a value: `from 192.0.2.1 ()`.
    Empty,
}

impl Kind {
    /// The placeholder in the mask: `<num>`, `<ip>`, ...
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::Num => "<num>",
            Kind::Hex => "<hex>",
            Kind::Id => "<id>",
            Kind::Uuid => "<uuid>",
            Kind::Ip => "<ip>",
            Kind::Mac => "<mac>",
            Kind::Host => "<host>",
            Kind::Port => "<port>",
            Kind::Path => "<path>",
            Kind::Url => "<url>",
            Kind::Quoted => "<quoted>",
            Kind::Time => "<time>",
            Kind::Span => "<span>",
            Kind::Size => "<size>",
            Kind::Email => "<email>",
            Kind::Empty => "<empty>",
        }
    }

    /// Every kind, in the order of the definition.
    pub const ALL: [Kind; 16] = [
        Kind::Num,
        Kind::Hex,
        Kind::Id,
        Kind::Uuid,
        Kind::Ip,
        Kind::Mac,
        Kind::Host,
        Kind::Port,
        Kind::Path,
        Kind::Url,
        Kind::Quoted,
        Kind::Time,
        Kind::Span,
        Kind::Size,
        Kind::Email,
        Kind::Empty,
    ];
}

/// The mask of a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Masked {
    text: Vec<u8>,
}

impl Masked {
    /// The line with placeholders for values, blanks being single spaces. Bytes, as the line was.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// A hash that is the same on every machine and in every version that masks alike.
    pub fn hash(&self) -> u64 {
        crate::hash::hash(&self.text)
    }
}

/// Masks one line. Any bytes are taken; nothing fails.
///
/// ```
/// use logjoin::templates::mask;
///
/// let masked = mask(b"Accepted password for deploy from 192.0.2.7:50122 in 12ms, session 0x1f3a");
/// assert_eq!(masked.text(), b"Accepted password for deploy from <ip>:<port> in <span>, session <hex>");
/// assert_eq!(mask(b"worker 3 (pid 4711) exited").text(), mask(b"worker 12 (pid 9) exited").text());
/// ```
pub fn mask(line: &[u8]) -> Masked {
    let mut text = Vec::with_capacity(line.len().min(LINE_LIMIT));
    mask_into(line, &mut text);
    Masked { text }
}

/// As [`mask`], into a buffer that is cleared first and can be used again for the next line.
pub fn mask_into(line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let line = cut(line, LINE_LIMIT).trim_ascii();
    let mut list = List::default();
    let mut at = 0;
    while at < line.len() && out.len() < MASK_LIMIT {
        let b = line[at];
        if b.is_ascii_whitespace() || b.is_ascii_control() {
            at = shapes::run(line, at, |b| b.is_ascii_whitespace() || b.is_ascii_control());
            list.item(out);
            if !out.is_empty() {
                out.push(b' ');
            }
            list.start = out.len();
            continue;
        }
        if let Some((kind, end)) = value(line, at) {
            put(out, kind);
            at = end;
            if let (Kind::Ip | Kind::Host, Some(end)) = (kind, shapes::port(line, at)) {
                out.push(b':');
                put(out, Kind::Port);
                at = end;
            }
        } else if let Some(end) = quoted(line, at) {
            out.push(b);
            put(out, Kind::Quoted);
            out.push(b);
            at = end;
        } else if b"([".contains(&b)
            && matches!(line.get(at + 1), Some(b')' | b']'))
            && list.start == out.len()
        {
            out.push(b);
            put(out, Kind::Empty);
            out.push(line[at + 1]);
            at += 2;
        } else if words::in_word(b) {
            at = word(line, at, out);
        } else if b == b',' {
            list.item(out);
            out.push(b);
            list.start = out.len();
            at += 1;
        } else {
            out.push(b);
            at += 1;
        }
    }
    list.item(out);
    let kept = cut(out, MASK_LIMIT).trim_ascii_end().len();
    out.truncate(kept);
}

/// The front of a text, at most `limit` bytes, ending before a blank where there is one: half a word is another word.
fn cut(text: &[u8], limit: usize) -> &[u8] {
    if text.len() <= limit {
        return text;
    }
    let blank = text[..=limit].iter().rposition(u8::is_ascii_whitespace);
    &text[..blank.filter(|i| *i > 0).unwrap_or(limit)]
}

/// Where the items of lists stand in the mask: a list of values is one value, however many there are (`10.0.0.1, 10.0.0.2`,
/// `blk_<num> blk_<num>`).
#[derive(Default)]
struct List {
    /// Where the current item starts.
    start: usize,
    /// The item before it.
    last: std::ops::Range<usize>,
}

impl List {
    /// Ends the current item, and takes it back if it is the item before it once more and has a value in it.
    fn item(&mut self, out: &mut Vec<u8>) {
        if self.start == out.len() {
            return;
        }
        let (last, item) = (&out[self.last.clone()], &out[self.start..]);
        let numbers = [&b"<num>"[..], b"<hex>"];
        let again =
            last == item && item.ends_with(b">") || numbers.contains(&last) && numbers.contains(&item);
        if again {
            out.truncate(self.last.end);
            self.start = self.last.start;
        } else {
            self.last = self.start..out.len();
        }
    }
}

/// The value that begins here, the most particular shape first.
fn value(line: &[u8], at: usize) -> Option<(Kind, usize)> {
    type Shape = fn(&[u8], usize) -> Option<usize>;
    const DIGIT: [(Kind, Shape); 9] = [
        (Kind::Uuid, shapes::uuid),
        (Kind::Mac, shapes::mac),
        (Kind::Host, words::numbered_host),
        (Kind::Time, shapes::time),
        (Kind::Ip, shapes::ip),
        (Kind::Hex, shapes::hex_literal),
        (Kind::Size, shapes::size),
        (Kind::Span, shapes::span),
        (Kind::Num, whole_number),
    ];
    const LETTER: [(Kind, Shape); 6] = [
        (Kind::Uuid, shapes::uuid),
        (Kind::Mac, shapes::mac),
        (Kind::Time, shapes::time),
        (Kind::Ip, shapes::ip),
        (Kind::Url, shapes::url),
        (Kind::Path, shapes::path),
    ];
    const SIGN: [(Kind, Shape); 5] = [
        (Kind::Ip, shapes::ip),
        (Kind::Path, shapes::path),
        (Kind::Size, shapes::size),
        (Kind::Span, shapes::span),
        (Kind::Num, whole_number),
    ];
    let shapes: &[(Kind, Shape)] = match line[at] {
        b if b.is_ascii_digit() => &DIGIT,
        b if b.is_ascii_alphabetic() => &LETTER,
        b'/' if at > 0 && words::in_word(line[at - 1]) => &SIGN[..1],
        b'+' | b'-' | b':' | b'[' | b'/' | b'.' | b'~' | b'\\' | b'<' => &SIGN,
        _ => &[],
    };
    shapes.iter().find_map(|(kind, shape)| shape(line, at).map(|end| (*kind, end)))
}

fn whole_number(line: &[u8], at: usize) -> Option<usize> {
    let end = shapes::number(line, at)?;
    let end = if line.get(end) == Some(&b'%') { end + 1 } else { end };
    let joins = |at: usize| line.get(at).is_some_and(|b| b"-@#~+$\\".contains(b));
    let joined = joins(end) && line.get(end + 1).is_some_and(|b| words::in_word(*b));
    (shapes::ends_word(line, end) && !joined).then_some(end)
}

fn put(out: &mut Vec<u8>, kind: Kind) {
    out.extend_from_slice(kind.placeholder().as_bytes());
}

/// A quoted value: quotes that open after a joint and close before one, with no blank between them. A phrase in quotes is text
/// like any other; so is a request line, whose method tells requests apart.
fn quoted(line: &[u8], at: usize) -> Option<usize> {
    let quote = *line.get(at).filter(|b| b"\"'".contains(b))?;
    if at > 0 && (line[at - 1].is_ascii_alphanumeric() || !line[at - 1].is_ascii()) {
        return None;
    }
    let end = shapes::run(line, at + 1, |b| b != quote && !b.is_ascii_whitespace());
    (line.get(end) == Some(&quote) && shapes::ends_word(line, end + 1)).then_some(end + 1)
}

/// Masks the word at `at`; the index after what was read.
fn word(line: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let end = words::word_end(line, at);
    if let Some(end) = relative_path(line, at, end) {
        put(out, Kind::Path);
        return end;
    }
    let judged = words::judge(line, at, end);
    out.extend_from_slice(&line[at..at + judged.front]);
    if let Some(kind) = judged.kind {
        put(out, kind);
        if let (Kind::Host, Some(end)) = (kind, shapes::port(line, judged.end)) {
            out.push(b':');
            put(out, Kind::Port);
            return end;
        }
        // What follows the value in its word has been looked at: it holds no digits.
        let rest = judged.end.max(at + judged.front);
        out.extend_from_slice(line.get(rest..end).unwrap_or_default());
        return end.max(rest);
    }
    end
}

/// A path without a leading slash has two slashes or more.
fn relative_path(line: &[u8], at: usize, end: usize) -> Option<usize> {
    if line.get(end) != Some(&b'/') {
        return None;
    }
    let stop = shapes::run(line, end, |b| words::in_word(b) || b == b'/' || b == b'=');
    let stop = stop - line[at..stop].iter().rev().take_while(|b| b".!?".contains(b)).count();
    (line[at..stop].iter().filter(|b| **b == b'/').count() >= 2).then_some(stop)
}
