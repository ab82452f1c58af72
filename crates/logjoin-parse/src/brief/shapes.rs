//! Texts that differ in nothing but their digits, and in a few values of the same length.
//!
//! The trick: what stood where is remembered from a text of the same shape, and whether another text has that shape is a
//! comparison under a mask, eight bytes at a time and without a branch. For most lines of a log that replaces taking them apart.

use super::pieces::no_digits;

/// Shapes that were met, by the lengths of their texts, with what is known of each.
#[derive(Debug)]
pub(super) struct Shapes<T> {
    slots: Vec<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    shape: Option<Shape<T>>,
    /// New shapes since one was met again.
    misses: u8,
}

#[derive(Debug)]
struct Shape<T> {
    len: usize,
    words: Vec<Word>,
    /// The last eight bytes.
    last: Word,
    /// Values of any text that ends nowhere else.
    free: Vec<(usize, usize)>,
    known: T,
}

/// Eight bytes of a shape.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    text: u64,
    /// The bits that are those of the text.
    literal: u64,
    /// Those of bytes that are digits.
    digits: u64,
}

impl<T> Default for Shapes<T> {
    fn default() -> Self {
        Shapes { slots: Vec::new() }
    }
}

impl<T> Shapes<T> {
    const SLOTS: usize = 64;
    /// New shapes in one slot, without an old one between, after which no more are learned there.
    const MISSES: u8 = 64;
    /// Longer texts are not learned.
    const LONGEST: usize = 512;

    /// What is known of texts like this one, if there was one; `end` finds where a free value ends that begins so.
    #[inline]
    pub fn find(&mut self, b: &[u8], end: impl Fn(&[u8]) -> usize) -> Option<&T> {
        let slot = self.slots.get_mut(b.len() % Self::SLOTS)?;
        let shape = slot.shape.as_ref()?;
        if !shape.is_of(b) || !shape.free.iter().all(|(from, to)| from + end(&b[*from..]) == *to) {
            return None;
        }
        slot.misses = 0;
        Some(&shape.known)
    }

    /// Remembers what is known of a text; `free`: where values stand that may be any other ones of the same length.
    pub fn learn(&mut self, b: &[u8], free: &[(usize, usize)], known: T) {
        if self.slots.is_empty() {
            self.slots = (0..Self::SLOTS).map(|_| Slot { shape: None, misses: 0 }).collect();
        }
        let slot = &mut self.slots[b.len() % Self::SLOTS];
        if b.len() > Self::LONGEST {
            return;
        }
        if slot.misses == Self::MISSES {
            slot.shape = None;
            return;
        }
        slot.misses += 1;
        slot.shape = Shape::new(b, free, known);
    }
}

impl<T> Shape<T> {
    /// `None` of a text that is shorter than a word.
    fn new(b: &[u8], free: &[(usize, usize)], known: T) -> Option<Shape<T>> {
        let word = |from: usize| {
            let mut word = Word::default();
            for i in 0..8 {
                let (at, byte) = (from + i, b[from + i]);
                let bits = 0xff << (8 * i);
                if free.iter().any(|(from, to)| (*from..*to).contains(&at)) {
                    continue;
                }
                if byte.is_ascii_digit() {
                    word.digits |= bits;
                } else {
                    word.literal |= bits;
                    word.text |= u64::from(byte) << (8 * i);
                }
            }
            word
        };
        let last = word(b.len().checked_sub(8)?);
        let words = (0..b.len() / 8).map(|n| word(8 * n)).collect();
        Some(Shape { len: b.len(), words, last, free: free.to_vec(), known })
    }

    /// Whether a text has this shape, but for the free values.
    #[inline]
    fn is_of(&self, b: &[u8]) -> bool {
        if b.len() != self.len {
            return false;
        }
        let (words, _) = b.as_chunks::<8>();
        let odd = words.iter().zip(&self.words).fold(0, |odd, (w, s)| odd | s.odd(u64::from_le_bytes(*w)));
        let last = b.last_chunk::<8>().map_or(u64::MAX, |w| self.last.odd(u64::from_le_bytes(*w)));
        odd | last == 0
    }
}

impl Word {
    /// Not 0 where the bytes are others.
    #[inline(always)]
    fn odd(&self, word: u64) -> u64 {
        (word & self.literal) ^ self.text | no_digits(word, self.digits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Free values end at a blank.
    fn end(b: &[u8]) -> usize {
        b.iter().position(|c| *c == b' ').unwrap_or(b.len())
    }

    /// Whether both have one shape, byte by byte.
    fn is_alike(a: &[u8], b: &[u8], free: &[(usize, usize)]) -> bool {
        let is_free = |i: usize| free.iter().any(|(from, to)| (*from..*to).contains(&i));
        a.len() == b.len()
            && free.iter().all(|(from, to)| from + end(&b[*from..]) == *to)
            && (0..a.len()).all(|i| {
                is_free(i) || if a[i].is_ascii_digit() { b[i].is_ascii_digit() } else { a[i] == b[i] }
            })
    }

    #[test]
    fn digits_and_free_values_may_differ() {
        let mut shapes = Shapes::default();
        let text = b"rt=0.021 ua=\"10.0.0.1:80\" rid=4f2e x";
        assert_eq!(shapes.find(text, end), None);
        shapes.learn(text, &[(30, 34)], 7);
        for alike in ["rt=9.999 ua=\"99.9.7.3:11\" rid=0000 x", "rt=0.021 ua=\"10.0.0.1:80\" rid=abcd x"] {
            assert_eq!(shapes.find(alike.as_bytes(), end), Some(&7), "{alike}");
        }
        for other in [
            "rt=0:021 ua=\"10.0.0.1:80\" rid=4f2e x",
            "rt=0.021 ub=\"10.0.0.1:80\" rid=4f2e x",
            "rt=0.021 ua=\"10.0.0.x:80\" rid=4f2e x",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4 2e x",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4f2e y",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4f2e",
        ] {
            assert_eq!(shapes.find(other.as_bytes(), end), None, "{other}");
        }
    }

    #[test]
    fn texts_that_never_come_again_are_not_learned_for_ever() {
        let mut shapes = Shapes::default();
        for i in 0..1000 {
            let text = format!("name-{}", "abcdefgh".repeat(2).split_at(i % 8).1.split_at(8).0);
            shapes.learn(text.as_bytes(), &[], i);
        }
        assert_eq!(shapes.find(b"name-habcdefg", end), None);
        shapes.learn(b"short", &[], 1);
        assert_eq!(shapes.find(b"short", end), None);
    }

    proptest! {
        #[test]
        fn a_shape_is_what_it_is_byte_by_byte(
            text in "[a 0-9.]{8,40}",
            changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![4 => 0x2e..0x3bu8, 1 => any::<u8>()]), 0..3),
            place in any::<prop::sample::Index>(),
        ) {
            let text = text.into_bytes();
            let from = place.index(text.len());
            let to = from + end(&text[from..]);
            let free = if to > from { vec![(from, to)] } else { Vec::new() };
            let mut other = text.clone();
            for (at, byte) in changes {
                let at = at.index(other.len());
                other[at] = byte;
            }
            let mut shapes = Shapes::default();
            shapes.learn(&text, &free, ());
            prop_assert_eq!(shapes.find(&other, end).is_some(), is_alike(&text, &other, &free));
        }
    }
}
