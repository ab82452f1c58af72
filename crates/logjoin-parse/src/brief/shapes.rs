//! Texts that differ in nothing but their digits, and in a few values of the same length.
//!
//! The trick: what stood where is remembered from a text of the same shape, and whether another text has that shape is a
//! comparison under a mask, sixteen bytes at a time and without a branch. For most lines of a log that replaces taking them apart.

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
    blocks: Vec<Block>,
    /// The last sixteen bytes.
    last: Block,
    /// Values of any text that ends nowhere else.
    free: Vec<Free>,
    known: T,
}

/// Sixteen bytes with free values among them: from where on, and which bytes are theirs.
#[derive(Debug, Clone, Copy)]
struct Free {
    at: usize,
    own: [u8; 16],
}

/// Sixteen bytes of a shape: in the masks, bytes are 0 or have all bits set.
#[derive(Debug, Clone, Copy)]
struct Block {
    text: [u8; 16],
    /// The bytes that are those of the text.
    literal: [u8; 16],
    /// Those that are digits.
    digits: [u8; 16],
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

    /// What is known of texts like this one, if there was one; `is_end` says of a byte that no free value goes on with it.
    #[inline(always)]
    pub fn find(&mut self, b: &[u8], is_end: impl Fn(u8) -> bool) -> Option<&T> {
        let slot = self.slots.get_mut(b.len() % Self::SLOTS)?;
        let shape = slot.shape.as_ref()?;
        if !shape.is_of(b, is_end) {
            return None;
        }
        slot.misses = 0;
        Some(&shape.known)
    }

    /// Remembers what is known of a text; `free`: where values stand that may be any other ones of the same length. What ends
    /// them stands behind each.
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
        slot.shape = Some(Shape::new(b, free, known));
    }
}

impl<T> Shape<T> {
    fn new(b: &[u8], free: &[(usize, usize)], known: T) -> Shape<T> {
        let block = |from: usize| {
            let (mut text, mut literal, mut digits) = ([0; 16], [0; 16], [0; 16]);
            for (i, byte) in b[from..].iter().take(16).enumerate() {
                if free.iter().any(|(begin, end)| (*begin..*end).contains(&(from + i))) {
                    continue;
                }
                if byte.is_ascii_digit() {
                    digits[i] = 0xff;
                } else {
                    (text[i], literal[i]) = (*byte, 0xff);
                }
            }
            Block { text, literal, digits }
        };
        let last = block(b.len().saturating_sub(16));
        let blocks = (0..b.len() / 16).map(|n| block(16 * n)).collect();
        let own = |at: usize| {
            let is_own = |i: usize| free.iter().any(|(from, to)| (*from..*to).contains(&(at + i)));
            Free { at, own: std::array::from_fn(|i| if is_own(i) { 0xff } else { 0 }) }
        };
        let from = |place: usize| place.min(b.len().saturating_sub(16));
        let free = free.iter().flat_map(|(begin, end)| (*begin..*end).step_by(16).map(|at| own(from(at))));
        Shape { len: b.len(), blocks, last, free: free.collect(), known }
    }

    /// Whether a text has this shape.
    #[inline(never)] // by itself, compilers take sixteen bytes at once
    fn is_of(&self, b: &[u8], is_end: impl Fn(u8) -> bool) -> bool {
        if b.len() != self.len {
            return false;
        }
        if b.len() < 16 {
            return self.is_of_short(&padded(b), is_end);
        }
        let mut odd = [0; 16];
        if let Some(last) = b.last_chunk::<16>() {
            self.last.add_odd(last, &mut odd);
        }
        for (block, of) in b.as_chunks::<16>().0.iter().zip(&self.blocks) {
            of.add_odd(block, &mut odd);
        }
        for free in &self.free {
            if let Some(block) = b[free.at..].first_chunk::<16>() {
                free.add_odd(block, &mut odd, &is_end);
            }
        }
        u128::from_le_bytes(odd) == 0
    }

    /// The same of a text that is shorter than a block.
    #[cold]
    fn is_of_short(&self, b: &[u8; 16], is_end: impl Fn(u8) -> bool) -> bool {
        let mut odd = [0; 16];
        self.last.add_odd(b, &mut odd);
        self.free.iter().for_each(|free| free.add_odd(b, &mut odd, &is_end));
        odd == [0; 16]
    }
}

impl Free {
    /// What is not 0 where a value ends too early.
    #[inline(always)]
    fn add_odd(&self, b: &[u8; 16], odd: &mut [u8; 16], is_end: &impl Fn(u8) -> bool) {
        for i in 0..16 {
            odd[i] |= self.own[i] & if is_end(b[i]) { 0xff } else { 0 };
        }
    }
}

/// A text of less than sixteen bytes, and zeros.
#[cold]
fn padded(b: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.iter_mut().zip(b).for_each(|(out, b)| *out = *b);
    out
}

impl Block {
    /// What is not 0 where the bytes are others.
    #[inline(always)]
    fn add_odd(&self, b: &[u8; 16], odd: &mut [u8; 16]) {
        for i in 0..16 {
            let value = (b[i] ^ b'0') & self.digits[i];
            odd[i] |= ((b[i] & self.literal[i]) ^ self.text[i]) | value.saturating_sub(9);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Free values end at a blank.
    fn is_end(byte: u8) -> bool {
        byte == b' '
    }

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
        assert_eq!(shapes.find(text, is_end), None);
        shapes.learn(text, &[(30, 34)], 7);
        for alike in ["rt=9.999 ua=\"99.9.7.3:11\" rid=0000 x", "rt=0.021 ua=\"10.0.0.1:80\" rid=abcd x"] {
            assert_eq!(shapes.find(alike.as_bytes(), is_end), Some(&7), "{alike}");
        }
        for other in [
            "rt=0:021 ua=\"10.0.0.1:80\" rid=4f2e x",
            "rt=0.021 ub=\"10.0.0.1:80\" rid=4f2e x",
            "rt=0.021 ua=\"10.0.0.x:80\" rid=4f2e x",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4 2e x",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4f2e y",
            "rt=0.021 ua=\"10.0.0.1:80\" rid=4f2e",
        ] {
            assert_eq!(shapes.find(other.as_bytes(), is_end), None, "{other}");
        }
    }

    #[test]
    fn texts_that_never_come_again_are_not_learned_for_ever() {
        let mut shapes = Shapes::default();
        for i in 0..1000 {
            let text = format!("name-{}", "abcdefgh".repeat(2).split_at(i % 8).1.split_at(8).0);
            shapes.learn(text.as_bytes(), &[], i);
        }
        assert_eq!(shapes.find(b"name-habcdefg", is_end), None);
    }

    proptest! {
        #[test]
        fn a_shape_is_what_it_is_byte_by_byte(
            text in "[a 0-9.]{1,60}",
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
            prop_assert_eq!(shapes.find(&other, is_end).is_some(), is_alike(&text, &other, &free));
        }
    }
}
