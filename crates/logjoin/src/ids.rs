//! Request ids, recognised by their shape and not by their field: UUIDs and long hexadecimal words.
//!
//! An id joins two lines when the same value stands in both, whatever the fields are called.

use logjoin_parse::{Brief, LongWords, Words};

use crate::hash::hash;

/// Calls `found` with the hash of each id-shaped word of a line, lower-cased, dashes removed (so that an id
/// that one side writes with dashes and the other without is the same id).
///
/// The trick: a word of an id is at least [`SHORTEST`] bytes long, so one look at the last byte of such a stretch that cannot
/// belong to an id steps over all before it; most lines take a look at every twelfth byte.
pub(crate) fn scan(line: &[u8], mut found: impl FnMut(u64)) {
    let mut at = 0;
    while let Some((h, end)) = next(line, at) {
        found(h);
        at = end;
    }
}

/// The first id-shaped value of a line, or where it is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FirstId<'a> {
    /// This, or 0.
    #[cfg_attr(not(test), allow(dead_code))]
    Is(u64),
    /// Anywhere in a line.
    In(&'a [u8]),
    /// In the target, else in the end of the line.
    Behind(&'a [u8]),
    /// In the target, else in the agent, else in the end of the line.
    InAgent(&'a [u8]),
}

impl<'a> FirstId<'a> {
    /// Of a line of which the reader says where it may have one.
    #[inline]
    pub fn among(line: &'a [u8], words: LongWords) -> FirstId<'a> {
        let end = |n: usize| &line[line.len().saturating_sub(n)..];
        match words.then {
            Words::Anywhere => FirstId::In(line.get(words.from..).unwrap_or(line)),
            Words::Behind(n) => FirstId::Behind(end(n)),
            Words::InAgent(n) => FirstId::InAgent(end(n)),
        }
    }

    /// Of the line of this request.
    pub fn of(self, b: &Brief<'_>) -> u64 {
        let (end, agent) = match self {
            FirstId::Is(id) => return id,
            FirstId::In(line) => return first(line),
            FirstId::Behind(end) => (end, None),
            FirstId::InAgent(end) => (end, b.user_agent),
        };
        let places = [b.path, agent, Some(end)];
        places.into_iter().flatten().map(first).find(|id| *id != 0).unwrap_or(0)
    }
}

/// The first of them; 0 without one.
pub(crate) fn first(line: &[u8]) -> u64 {
    next(line, 0).map_or(0, |(h, _)| h)
}

/// The next id from `at` on, and where to look for the one after it.
fn next(line: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let is_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    while let Some(stretch) = line.get(at..).and_then(<[u8]>::first_chunk::<SHORTEST>) {
        // From the back, by leaps at first.
        if !is_part(stretch[15]) {
            at += 16;
            continue;
        }
        if !is_part(stretch[7]) {
            at += 8;
            continue;
        }
        if !is_part(stretch[11]) {
            at += 12;
            continue;
        }
        if let Some(i) = stretch.iter().rposition(|b| !is_part(*b)) {
            at += i + 1;
            continue;
        }
        let rest = &line[at + SHORTEST..];
        let end = at + SHORTEST + rest.iter().position(|b| !is_part(*b)).unwrap_or(rest.len());
        let start = at + line[at..end].iter().position(|b| *b != b'-').unwrap_or(end - at);
        let is_whole = !is_word(start.checked_sub(1).and_then(|i| line.get(i))) && !is_word(line.get(end));
        if let Some(h) = id(&line[start..end]).filter(|_| is_whole) {
            return Some((h, end + 1));
        }
        at = end + 1;
    }
    None
}

#[inline(always)]
fn is_part(b: u8) -> bool {
    PARTS[usize::from(b)]
}

/// The bytes of which ids are made.
const PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut b = 0;
    while b < 256 {
        parts[b] = (b as u8).is_ascii_hexdigit() || b as u8 == b'-';
        b += 1;
    }
    parts
};

/// Length of the shortest word that can be an id.
const SHORTEST: usize = logjoin_parse::SHORTEST_ID;

/// The hash of one word, if it has the shape of an id: a UUID, or 16 to 64 hexadecimal digits that are not a
/// plain number.
pub(crate) fn id(word: &[u8]) -> Option<u64> {
    let is_uuid = word.len() == 36 && [8, 13, 18, 23].iter().all(|&i| word[i] == b'-') && dashes(word) == 4;
    let is_hex =
        (16..=64).contains(&word.len()) && dashes(word) == 0 && word.iter().any(u8::is_ascii_alphabetic);
    if !is_uuid && !is_hex {
        return None;
    }
    let mut buffer = [0u8; 64];
    let mut n = 0;
    for b in word.iter().filter(|b| **b != b'-') {
        buffer[n] = b.to_ascii_lowercase();
        n += 1;
    }
    // A word of one repeated digit (all zeros) is a placeholder.
    if buffer[1..n].iter().all(|b| *b == buffer[0]) {
        return None;
    }
    Some(hash(&buffer[..n]))
}

fn dashes(word: &[u8]) -> usize {
    word.iter().filter(|b| **b == b'-').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(line: &str) -> usize {
        let mut n = 0;
        scan(line.as_bytes(), |_| n += 1);
        n
    }

    #[test]
    fn shapes() {
        assert_eq!(count("rid=4b8bee4d-e25c-5a00-16c0-c91bd7d4cbc4 ok"), 1);
        assert_eq!(count("{\"trace\":\"4BF92F3577B34DA6A3CE929D0E0E4736\"}"), 1);
        assert_eq!(count("1795225853123456 is a number, cafe is short, deadbeefdeadbeefxyz goes on"), 0);
        assert_eq!(count("00000000-0000-0000-0000-000000000000"), 0);
    }

    #[test]
    fn where_an_id_stands_does_not_matter() {
        let id = "0123456789abcdef";
        for before in ["", " ", "x=\"", "cafe:", "a b c d e f 1 2 3 4 5 6 7 8 ", "--"] {
            for after in ["", " ", "\"", ",beef", "\n"] {
                assert_eq!(count(&format!("{before}{id}{after}")), 1, "{before}{id}{after}");
                assert_eq!(count(&format!("{before}g{id}{after}")), 0);
                assert_eq!(count(&format!("{before}{id}_{after}")), 0);
                assert_eq!(count(&format!("{before}{id} {id}{after}")), 2);
            }
        }
    }

    #[test]
    fn dashes_and_case_do_not_matter() {
        assert_eq!(id(b"4b8bee4d-e25c-5a00-16c0-c91bd7d4cbc4"), id(b"4B8BEE4DE25C5A0016C0C91BD7D4CBC4"));
    }
}
