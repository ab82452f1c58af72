//! The one hash that may leave a process: stable over versions, platforms and runs.
//!
//! Eight bytes at a time, each word multiplied and folded, with a final mix: of the time that it takes to read a line, hashing must
//! be little. It keys joins and picks samples; it protects nothing, so collisions are only ever a matter of chance: two
//! different values among a million collide with a probability of 3 in 10⁸.

use std::hash::BuildHasherDefault;

/// An odd number whose bits look random: the golden ratio.
const WORD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hash of some bytes; never 0, which stands for "no value" in the rows.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325 ^ (bytes.len() as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mut fold = |word: u64| {
        h = (h ^ word).wrapping_mul(WORD);
        h ^= h >> 32;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|w| fold(u64::from_le_bytes(*w)));
    match (rest, bytes.last_chunk::<8>()) {
        ([], _) => {}
        // Some bytes twice is as good as each once, the length being known.
        (_, Some(last)) => fold(u64::from_le_bytes(*last)),
        (few, None) => fold(few.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b))),
    }
    mix(h)
}

/// Hash of an optional value: 0 for none.
pub(crate) fn hash_opt(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, hash)
}

/// Hash of two hashes, order mattering.
pub(crate) fn pair(a: u64, b: u64) -> u64 {
    mix(a.rotate_left(23) ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Half of a hash, where it is compared with few others: 0 stays 0, and nothing else becomes it.
pub(crate) fn short(hash: u64) -> u32 {
    if hash == 0 { 0 } else { ((hash >> 32) as u32).max(1) }
}

/// A map whose keys are hashes, or small numbers: cheaper than the usual one, and the same in every run. For lookups only: its
/// order means nothing.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mixed>>;

/// One multiplication for a word.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Mixed(u64);

impl std::hash::Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|w| self.write_u64(u64::from_le_bytes(*w)));
        if !rest.is_empty() {
            self.write_u64(rest.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b)));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_i32(&mut self, n: i32) {
        self.write_u64(n as u64);
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        // A map looks at the upper bits as well as at the lower ones, and a product mixes upwards only.
        self.0 ^ self.0 >> 32
    }
}

fn mix(mut h: u64) -> u64 {
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^= h >> 32;
    h.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_and_never_zero() {
        // A change of these values would break files of partial results.
        assert_eq!(hash(b"/cart"), hash(b"/cart"));
        assert_ne!(hash(b""), 0);
        assert_ne!(hash(b"/cart"), hash(b"/cart/"));
        assert_ne!(pair(1, 2), pair(2, 1));
        assert_eq!(hash_opt(None), 0);
        assert_eq!(
            (hash(b"/cart"), hash(b"/api/v1/items/4711")),
            (13_519_499_615_381_337_918, 12_523_099_230_023_898_356)
        );
    }

    #[test]
    fn texts_that_differ_in_little_have_other_hashes() {
        let mut seen = std::collections::BTreeSet::new();
        let mut n = 0;
        for len in 0..40usize {
            for at in 0..len.max(1) {
                for byte in [0u8, 1, b'a', b'b', 0xff] {
                    let mut text = vec![b'/'; len];
                    if let Some(b) = text.get_mut(at) {
                        *b = byte;
                        n += 1;
                        seen.insert(hash(&text));
                    }
                }
            }
        }
        assert_eq!(seen.len(), n);
        // Half of the bits change, about.
        let bits: u32 =
            (0..64u64).map(|i| (hash(&i.to_le_bytes()) ^ hash(&(i + 64).to_le_bytes())).count_ones()).sum();
        assert!((24 * 64..40 * 64).contains(&bits), "{bits}");
    }
}
