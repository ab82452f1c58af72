//! Texts that come again, with what was made of them: looked up under their bytes, so that nothing is made twice.

use crate::ids;

/// Texts of at most `N` bytes with what was made of them, each in the one place that its bytes tell.
#[derive(Debug)]
pub(crate) struct Memo<const N: usize, V> {
    slots: Vec<Slot<N, V>>,
}

#[derive(Debug, Clone)]
struct Slot<const N: usize, V> {
    ends: Ends,
    value: V,
    entry: Entry,
    /// The first id in it.
    id: u64,
    /// Of a text that is longer than its ends, all of it.
    text: [u8; N],
}

/// Length, and the first and the last sixteen bytes of a text: all of it, if it has no more than twice as many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    len: usize,
    first: [u64; 2],
    last: [u64; 2],
}

impl Ends {
    /// Most bytes of a text that its ends are all of.
    const ALL: usize = 32;

    #[inline(always)]
    fn of(text: &[u8]) -> Ends {
        let len = text.len();
        if let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) {
            let two = |b: &[u8; 16]| {
                let both = u128::from_le_bytes(*b);
                [both as u64, (both >> 64) as u64]
            };
            return Ends { len, first: two(first), last: two(last) };
        }
        let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
                (Some(first), Some(last)) => {
                    (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
                }
                _ => (text.iter().fold(0, |h, b| h << 8 | u64::from(*b)), 0),
            },
        };
        Ends { len, first: [first, 0], last: [last, 0] }
    }

    /// A number made of them.
    #[inline(always)]
    fn place(self) -> usize {
        let first = self.first[0] ^ self.first[1].rotate_left(11);
        let last = self.last[0].rotate_left(23) ^ self.last[1].rotate_left(41);
        ((first ^ last ^ self.len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize
    }
}

/// The number that a text has in the tables of one block.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    turn: u32,
    number: u16,
}

impl<const N: usize, V> Default for Memo<N, V> {
    fn default() -> Self {
        Memo { slots: Vec::new() }
    }
}

impl<const N: usize, V: Copy + Default> Memo<N, V> {
    /// Places: many for targets and clients, of which there are many.
    const SLOTS: usize = match N {
        129.. => 64,
        64.. => 2048,
        32..64 => 1024,
        _ => 16,
    };

    /// What was made of a text.
    pub fn get(&mut self, text: &[u8], make: impl FnOnce(&[u8]) -> V) -> V {
        match self.slot(text) {
            None => make(text),
            Some((slot, true)) => slot.value,
            Some((slot, false)) => slot.fill(text, make(text)),
        }
    }

    /// The number of a text in the block of this turn; where it has none yet, that of a new entry. And the first id in the text.
    #[inline]
    pub fn number(
        &mut self,
        text: &[u8],
        turn: u32,
        make: impl FnOnce(&[u8]) -> V,
        add: impl FnOnce(V) -> u16,
    ) -> (u16, u64) {
        let slot = match self.slot(text) {
            None => return (add(make(text)), ids::first(text)),
            Some((slot, true)) if slot.entry.turn == turn => return (slot.entry.number, slot.id),
            Some((slot, is_same)) => {
                if !is_same {
                    slot.fill(text, make(text));
                }
                slot
            }
        };
        slot.entry = Entry { turn, number: add(slot.value) };
        (slot.entry.number, slot.id)
    }

    /// The one slot that a text may be in, and whether it is; `None` of a text that is in none.
    #[inline(always)]
    fn slot(&mut self, text: &[u8]) -> Option<(&mut Slot<N, V>, bool)> {
        if text.is_empty() || text.len() > N {
            return None;
        }
        if self.slots.is_empty() {
            let (ends, value, entry) = (Ends::default(), V::default(), Entry::default());
            let free = Slot { ends, text: [0; N], value, entry, id: 0 };
            self.slots = vec![free; Self::SLOTS];
        }
        let ends = Ends::of(text);
        let slot = &mut self.slots[ends.place() % Self::SLOTS];
        let is_same = slot.ends == ends && (text.len() <= Ends::ALL || slot.text[..text.len()] == *text);
        Some((slot, is_same))
    }
}

impl<const N: usize, V: Copy> Slot<N, V> {
    /// Takes a text and what was made of it, which it gives back.
    fn fill(&mut self, text: &[u8], value: V) -> V {
        self.value = value;
        self.id = ids::first(text);
        self.ends = Ends::of(text);
        if text.len() > Ends::ALL {
            self.text[..text.len()].copy_from_slice(text);
        }
        self.entry = Entry::default();
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash;

    #[test]
    fn what_is_remembered_is_what_would_be_made() {
        let mut memo: Memo<15, u64> = Memo::default();
        for round in 0..3 {
            for i in 0..2000u32 {
                let text = format!("{}/{round}", i * 7919 % 977);
                assert_eq!(memo.get(text.as_bytes(), hash), hash(text.as_bytes()));
            }
        }
        // Short ones that are alike at both ends, and long ones that differ in the middle.
        let mut memo: Memo<39, u64> = Memo::default();
        for text in [
            "1",
            "11",
            "111",
            "1111",
            "11111",
            "abcdabcd",
            "abcdabcdabcd",
            "abcdefgh-1-abcdefgh",
            "abcdefgh-2-abcdefgh",
        ] {
            for _ in 0..2 {
                assert_eq!(memo.get(text.as_bytes(), hash), hash(text.as_bytes()));
            }
        }
        let mut memo: Memo<15, u64> = Memo::default();
        assert_eq!(memo.get(b"longer than fifteen", hash), hash(b"longer than fifteen"));
        assert_eq!(memo.get(b"", hash), hash(b""));
    }
}
