//! What varies inside a word: `blk_-160899`, `attempt_14451_0020_m_000001_0`, `db-3.example.com:5432`, `user@example.com`.
//!
//! A word is judged by its digits. A name with a small number at its end (`ssh2`, `eth0`, `mod_http2`) stays a word, because the
//! number is part of the name as often as not, and the clustering decides; a number that stands alone between joints, or a long
//! one, varies.

use super::mask::Kind;
use super::shapes::{port, run};

/// What a word becomes: the bytes kept from its front, a placeholder, and the bytes kept from its end.
pub(super) struct Judged {
    /// Bytes of the word that stay before the placeholder.
    pub(super) front: usize,
    /// The placeholder, or none: the word stays as it is.
    pub(super) kind: Option<Kind>,
    /// Where the placeholder's value ends in the line; the rest is read again.
    pub(super) end: usize,
}

/// Bytes that belong to a word. Bytes over 0x7f do, whatever they encode.
pub(super) fn in_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_-.$@+%~#*\\!?&^".contains(&b) || !b.is_ascii()
}

fn joint(b: u8) -> bool {
    b"_-.@+~#".contains(&b)
}

/// The end of the word at `at`: a run of its bytes, without the stops that end a sentence, and cut before dotted leaders (`....`).
pub(super) fn word_end(line: &[u8], at: usize) -> usize {
    let end = run(line, at, in_word);
    let dots = line[at..end].windows(2).position(|w| w == b"..").map_or(end, |i| at + i);
    let trimmed = line[at..dots].iter().rev().take_while(|b| b".!?".contains(b)).count();
    if dots == at || trimmed == dots - at {
        run(line, at, |b| Some(&b) == line.get(at))
    } else {
        dots - trimmed
    }
}

/// Judges the word `line[at..end]`.
pub(super) fn judge(line: &[u8], at: usize, end: usize) -> Judged {
    let word = &line[at..end];
    if host(line, at, end) {
        return Judged { front: 0, kind: Some(Kind::Host), end };
    }
    if email(word) {
        return Judged { front: 0, kind: Some(Kind::Email), end };
    }
    if !word.iter().any(u8::is_ascii_digit) {
        return Judged { front: word.len(), kind: None, end };
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    for i in 0..=word.len() {
        if i == word.len() || joint(word[i]) {
            if start < i {
                pieces.push((start, &word[start..i]));
            }
            start = i + 1;
        }
    }
    let Some(first) = pieces.iter().position(|(_, p)| varies(p).is_some()) else {
        // Two small numbers are a coordinate (`R02-M1-N0`), one is a name.
        let numbered = pieces.iter().filter(|(_, p)| p.iter().any(u8::is_ascii_digit)).count();
        return match numbered {
            0 | 1 => Judged { front: word.len(), kind: None, end },
            _ => Judged { front: 0, kind: Some(Kind::Id), end },
        };
    };
    let (start, piece) = pieces[first];
    let last = first + 1 == pieces.len();
    let one =
        last || pieces[first + 1..].iter().all(|(_, p)| p.iter().all(u8::is_ascii_alphabetic)) && first == 0;
    match varies(piece) {
        Some(kind) if one => {
            // The sign of a number goes with it: `blk_-12`, but `part-12` has a hyphen.
            let sign = start >= 2 && word[start - 1] == b'-' && joint(word[start - 2]);
            Judged { front: start - usize::from(sign), kind: Some(kind), end: at + start + piece.len() }
        }
        _ => Judged { front: start, kind: Some(Kind::Id), end },
    }
}

/// What kind of value a piece between joints is, if it varies.
fn varies(piece: &[u8]) -> Option<Kind> {
    let digits = piece.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    if digits == piece.len() {
        return Some(Kind::Num);
    }
    if piece.len() >= 6 && piece.iter().all(u8::is_ascii_hexdigit) {
        return Some(Kind::Hex);
    }
    (digits >= 3 || piece[0].is_ascii_digit()).then_some(Kind::Id)
}

const DOMAINS: [&[u8]; 15] = [
    b"com",
    b"net",
    b"org",
    b"edu",
    b"gov",
    b"mil",
    b"int",
    b"info",
    b"biz",
    b"arpa",
    b"local",
    b"internal",
    b"lan",
    b"localdomain",
    b"example",
];

/// Endings of source files: `main.go:42` is a place in a program, not a port of a host.
const SOURCES: [&[u8]; 24] = [
    b"c", b"cc", b"cpp", b"cs", b"erl", b"ex", b"exs", b"go", b"h", b"hpp", b"java", b"js", b"kt", b"lua",
    b"mjs", b"php", b"pl", b"py", b"rb", b"rs", b"scala", b"sh", b"ts", b"tsx",
];

/// A host's name: dotted labels that end in a top-level domain, or any name with a dot, a digit or a hyphen before a port.
pub(super) fn host(line: &[u8], at: usize, end: usize) -> bool {
    let word = &line[at..end];
    let labels = word.iter().filter(|b| **b == b'.').count() + 1;
    let plain = word.iter().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(b));
    if !plain || !word.iter().any(u8::is_ascii_alphabetic) || word.windows(2).any(|w| w == b"..") {
        return false;
    }
    let top = word.rsplit(|b| *b == b'.').next().unwrap_or_default();
    if labels == 2 && SOURCES.contains(&top) {
        return false;
    }
    if port(line, end).is_some() {
        let numbered = word.iter().any(u8::is_ascii_digit) && word[0].is_ascii_alphabetic();
        return labels >= 2 || numbered || word.contains(&b'-');
    }
    let country = top.len() == 2 && labels >= 3 && top.iter().all(u8::is_ascii_lowercase);
    labels >= 2 && (country || DOMAINS.contains(&top))
}

/// A host's name that begins with a number: `3.client.example.com`, `62.99.164.82.example.net`.
pub(super) fn numbered_host(line: &[u8], at: usize) -> Option<usize> {
    let end = word_end(line, at);
    host(line, at, end).then_some(end)
}

fn email(word: &[u8]) -> bool {
    let Some(i) = word.iter().position(|b| *b == b'@') else { return false };
    let (user, domain) = (&word[..i], &word[i + 1..]);
    let dotted = domain.iter().position(|b| *b == b'.').is_some_and(|d| 0 < d && d + 2 < domain.len());
    !user.is_empty()
        && user.iter().any(u8::is_ascii_alphabetic)
        && dotted
        && domain.iter().all(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
        && domain.iter().any(u8::is_ascii_alphabetic)
}
