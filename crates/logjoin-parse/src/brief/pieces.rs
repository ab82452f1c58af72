//! The pieces of a line: numbers, words, quoted texts, request lines.
//!
//! The trick: nearly all of them are short, so that a call or a loop over their bytes costs more than what is looked for. Eight
//! bytes at a time are one number, and whether a byte is among them is a few operations on it, without a branch.

/// A byte eight times.
#[inline(always)]
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The highest bit of each byte.
const HIGH: u64 = eight(0x80);

/// Marks where a byte stands. Only the first mark is sure: behind it there may be more than there should.
#[inline(always)]
pub(super) fn marks(word: u64, byte: u8) -> u64 {
    let x = word ^ eight(byte);
    x.wrapping_sub(eight(1)) & !x & HIGH
}

/// Marks where either of two bytes of ASCII stands; the first mark is sure.
#[inline(always)]
pub(super) fn marks_of_two(word: u64, one: u8, other: u8) -> u64 {
    let less = |byte: u8| (word ^ eight(byte)).wrapping_sub(eight(1));
    (less(one) | less(other)) & !word & HIGH
}

/// Marks the bytes below another one, which is at most 0x80; the first mark is sure.
#[inline(always)]
pub(super) fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(eight(byte)) & !word & HIGH
}

/// Marks bytes that are neither a digit nor a dot; all marks are sure.
#[inline(always)]
pub(super) fn no_decimals(word: u64) -> u64 {
    const LOW: u64 = !HIGH;
    let values = word ^ eight(b'0');
    let dots = word ^ eight(b'.');
    (((values & LOW) + eight(0x76)) | values) & (((dots & LOW) + LOW) | dots) & HIGH
}

/// Marks bytes that are no digits, among those that `bits` has in whole; the first mark is sure.
#[inline(always)]
pub(super) fn no_digits(word: u64, bits: u64) -> u64 {
    let values = (word ^ eight(b'0')) & bits;
    // Of more than nine: nine and less stay below the highest bit.
    (values.wrapping_add(eight(0x76)) | values) & HIGH
}

/// Number of the first byte that is marked.
#[inline(always)]
pub(super) fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Eight bytes as a number, the first one the lowest.
#[inline(always)]
pub(super) fn word_of(b: &[u8]) -> Option<u64> {
    b.first_chunk::<8>().map(|w| u64::from_le_bytes(*w))
}

/// Where the first byte stands that is looked for: `hits` marks it among eight, `is_hit` says so of one.
#[inline(always)]
pub(super) fn find(b: &[u8], hits: impl Fn(u64) -> u64, is_hit: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = b.as_chunks::<8>();
    for (i, w) in words.iter().enumerate() {
        let found = hits(u64::from_le_bytes(*w));
        if found != 0 {
            return Some(8 * i + first(found));
        }
    }
    rest.iter().position(|c| is_hit(*c)).map(|i| 8 * words.len() + i)
}

/// A text that comes again and again, compared as numbers where it is short.
#[derive(Debug)]
pub(super) struct Known {
    text: Vec<u8>,
    words: [u128; 2],
    /// Which bits of the words are the text's; of a longer one, none.
    masks: [u128; 2],
}

impl Known {
    const SHORT: usize = 32;

    pub fn new(text: &[u8]) -> Known {
        let (mut words, mut masks) = ([[0; 16]; 2], [[0; 16]; 2]);
        if text.len() <= Known::SHORT {
            for (i, b) in text.iter().enumerate() {
                (words[i / 16][i % 16], masks[i / 16][i % 16]) = (*b, 0xff);
            }
        }
        let (words, masks) = (words.map(u128::from_le_bytes), masks.map(u128::from_le_bytes));
        Known { text: text.to_vec(), words, masks }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// What follows it.
    #[inline(always)]
    pub fn strip<'a>(&self, b: &'a [u8]) -> Option<&'a [u8]> {
        let differs =
            |chunk: &[u8; 16], i: usize| (u128::from_le_bytes(*chunk) & self.masks[i]) ^ self.words[i];
        match (b.first_chunk::<16>(), b.get(16..).and_then(<[u8]>::first_chunk::<16>)) {
            (Some(first), _) if self.text.len() <= 16 => {
                (differs(first, 0) == 0).then(|| &b[self.text.len()..])
            }
            (Some(first), Some(second)) if self.text.len() <= Known::SHORT => {
                (differs(first, 0) | differs(second, 1) == 0).then(|| &b[self.text.len()..])
            }
            _ => b.strip_prefix(&self.text[..]),
        }
    }
}

/// A number of some digits at the front, 15 at most; the rest.
#[inline(always)]
pub(super) fn digits(b: &[u8]) -> Option<(i64, &[u8])> {
    if let Some(word) = word_of(b) {
        let others = no_digits(word, !0);
        let n = first(others);
        if n == 0 {
            return None;
        }
        if others != 0 {
            // Zeros before them, and then pairs, fours and eights of digits at once.
            let v = (word ^ eight(b'0')) << (64 - 8 * n);
            let v = v.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
            let v = v.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
            let v = v.wrapping_mul(10_000 << 32 | 1) >> 32;
            return Some((v as i64, &b[n..]));
        }
    }
    each_digit(b)
}

/// The same, byte by byte: near the end of a line, and of long numbers.
#[cold]
fn each_digit(b: &[u8]) -> Option<(i64, &[u8])> {
    let mut v = 0i64;
    let mut n = 0;
    while let Some(d) = b.get(n).map(|c| c.wrapping_sub(b'0')).filter(|d| *d < 10) {
        v = v * 10 + i64::from(d);
        n += 1;
        if n > 15 {
            return None;
        }
    }
    (n > 0).then(|| (v, &b[n..]))
}

/// Seconds with three digits behind the point, as nginx writes times, at the front: microseconds, and the rest.
#[inline(always)]
pub(super) fn millis_before(b: &[u8]) -> Option<(i64, &[u8])> {
    if let Some(word) = word_of(b)
        && (word >> 8) as u8 == b'.'
    {
        // Less than ten seconds: four digits, of which one stands before the point.
        if no_digits(word, 0x0000_00ff_ffff_00ff) == 0 {
            let digit = |n: u32| i64::from((word >> (8 * n)) as u8 & 0xf);
            return Some(((digit(0) * 1000 + digit(2) * 100 + digit(3) * 10 + digit(4)) * 1000, &b[5..]));
        }
    }
    longer_millis(b)
}

/// The same of ten seconds and more, and near the end of a line.
#[inline(never)]
fn longer_millis(b: &[u8]) -> Option<(i64, &[u8])> {
    let (whole, rest) = digits(b)?;
    let [b'.', x, y, z, rest @ ..] = rest else { return None };
    let mut ms = 0;
    for digit in [x, y, z] {
        let v = digit.wrapping_sub(b'0');
        if v > 9 {
            return None;
        }
        ms = ms * 10 + i64::from(v);
    }
    Some(((whole * 1000 + ms) * 1000, rest))
}

/// The same, filling the slice.
pub(super) fn millis(b: &[u8]) -> Option<i64> {
    millis_before(b).filter(|(_, rest)| rest.is_empty()).map(|(us, _)| us)
}

/// Where the first of the bytes stands that end a quoted value or need a second look at it: a quote, a backslash.
#[inline(always)]
pub(super) fn quote(b: &[u8]) -> Option<usize> {
    find(b, |w| marks_of_two(w, b'"', b'\\'), |c| matches!(c, b'"' | b'\\'))
}

/// What follows a text that is known.
#[inline(always)]
pub(super) fn after<'a, const N: usize>(b: &'a [u8], text: &[u8; N]) -> Option<&'a [u8]> {
    b.split_first_chunk::<N>().filter(|(head, _)| *head == text).map(|(_, rest)| rest)
}

/// What stands before the next `byte`, and what behind.
#[inline(always)]
pub(super) fn until(b: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let i = find(b, |w| marks(w, byte), |c| c == byte)?;
    Some((&b[..i], &b[i + 1..]))
}

/// What stands before the next blank, near the front, and what behind.
#[inline(always)]
pub(super) fn word(b: &[u8]) -> Option<(&[u8], &[u8])> {
    until(b, b' ')
}

/// Method and target of a whole request line, `GET /cart HTTP/1.1`.
#[inline(always)]
pub(super) fn request_line(b: &[u8]) -> Option<(&[u8], &[u8])> {
    // The usual ones need no second look.
    let (method, rest) = if let Some(rest) = after(b, b"GET ") {
        (&b[..3], rest)
    } else if let Some(rest) = after(b, b"POST ") {
        (&b[..4], rest)
    } else {
        other_method(b)?
    };
    // The version may be of another length; such a line is not of the many.
    let (target, version) = rest.split_last_chunk::<9>()?;
    let is_version =
        version == b" HTTP/1.1" || version.starts_with(b" HTTP/") && !version[1..].contains(&b' ');
    (is_version && !target.is_empty() && target != b"-").then_some((method, target))
}

/// A method that is not one of the usual, and what follows it.
#[cold]
fn other_method(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let (method, rest) = word(b)?;
    (!method.is_empty() && method.iter().all(u8::is_ascii_alphabetic)).then_some((method, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Digits one by one.
    fn slow(b: &[u8]) -> Option<(i64, &[u8])> {
        let n = b.iter().take_while(|c| c.is_ascii_digit()).count();
        let text = std::str::from_utf8(&b[..n]).ok().filter(|_| (1..=15).contains(&n))?;
        text.parse().ok().map(|v| (v, &b[n..]))
    }

    #[test]
    fn numbers_of_any_length() {
        for n in 0..18 {
            let number = &b"987654321012345678"[..n];
            for after in
                [&b""[..], b" ", b"/", b":", b"\xff\x80", b".5678", b"x 0000000000", b"\n\"]\x00\x7f     "]
            {
                let text = [number, after].concat();
                assert_eq!(digits(&text), slow(&text), "{text:?}");
            }
        }
        assert_eq!(millis_before(b"12.345\" x"), Some((12_345_000, &b"\" x"[..])));
        assert_eq!(millis_before(b"9.876\" x"), Some((9_876_000, &b"\" x"[..])));
        for other in ["0.0/7 abc", "x.123 abc", ".1234 abc", "0.12: abc", "0.12\u{3b1} ab", "0,123 abc"] {
            assert_eq!(millis_before(other.as_bytes()), None, "{other}");
        }
        assert_eq!(
            [millis(b"0.017"), millis(b"0.01"), millis(b"0.0170"), millis(b".017"), millis(b"0.0/7")],
            [Some(17_000), None, None, None, None]
        );
    }

    #[test]
    fn known_texts_of_any_length() {
        let text = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
        for n in 0..text.len() {
            let known = Known::new(&text[..n]);
            for end in 0..text.len() {
                assert_eq!(known.strip(&text[..end]), text[..end].strip_prefix(&text[..n]), "{n} {end}");
            }
            for i in 0..n {
                let mut other = text.to_vec();
                other[i] ^= 0x20;
                assert_eq!(known.strip(&other), None, "{n} {i}");
            }
        }
    }

    #[test]
    fn request_lines() {
        assert_eq!(request_line(b"GET /cart HTTP/1.1"), Some((&b"GET"[..], &b"/cart"[..])));
        assert_eq!(request_line(b"PATCH /a b HTTP/2.0"), Some((&b"PATCH"[..], &b"/a b"[..])));
        for other in
            ["GET  HTTP/1.1", "GET - HTTP/1.1", "G-T / HTTP/1.1", "GET / HTTP/2", "GET /", " / HTTP/1.1", ""]
        {
            assert_eq!(request_line(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn eight_bytes_are_looked_at_as_one_by_one(b in proptest::collection::vec(any::<u8>(), 0..40), byte in any::<u8>()) {
            let is_near = |c: &u8| c % 4 == byte % 4;
            let b: Vec<u8> = b.iter().map(|c| if is_near(c) { byte ^ (c >> 7) } else { *c }).collect();
            let found = find(&b, |w| marks(w, byte), |c| c == byte);
            prop_assert_eq!(found, b.iter().position(|c| *c == byte));
            let (one, other) = (byte % 0x80, b.first().map_or(0, |c| c % 0x80));
            let is_either = |c: u8| c == one || c == other;
            prop_assert_eq!(find(&b, |w| marks_of_two(w, one, other), is_either), b.iter().position(|c| is_either(*c)));
            let limit = byte % 0x80;
            prop_assert_eq!(find(&b, |w| below(w, limit), |c| c < limit), b.iter().position(|c| *c < limit));
            prop_assert_eq!(quote(&b), b.iter().position(|c| matches!(c, b'"' | b'\\')));
        }

        #[test]
        fn decimals_are_told_one_by_one(b in proptest::collection::vec(prop_oneof![0x2eu8..0x3c, any::<u8>(), 0xa0u8..0xc0], 8)) {
            let marks = no_decimals(word_of(&b).expect("eight"));
            let each = (0..8).map(|i| (marks >> (8 * i)) as u8);
            let want = b.iter().map(|c| if c.is_ascii_digit() || *c == b'.' { 0 } else { 0x80 });
            prop_assert_eq!(each.collect::<Vec<u8>>(), want.collect::<Vec<u8>>());
        }

        #[test]
        fn numbers_are_read_as_one_by_one(b in proptest::collection::vec(prop_oneof![8 => b'0'..=b'9', 1 => any::<u8>()], 0..24)) {
            prop_assert_eq!(digits(&b), slow(&b));
        }
    }
}
