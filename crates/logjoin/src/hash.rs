//! The one hash that may leave a process: stable over versions, platforms and runs.
//!
//! FNV-1a over the bytes with a final mix. It keys joins and picks samples; it protects nothing, so
//! collisions are only ever a matter of chance: two different values among a million collide with a
//! probability of 3 in 10⁸.

use std::hash::BuildHasherDefault;

/// Hash of some bytes; never 0, which stands for "no value" in the rows.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = Hasher::new();
    hasher.add(bytes);
    hasher.end()
}

/// The same hash, of bytes that come in pieces; it may be asked for in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hasher(u64);

impl Hasher {
    pub fn new() -> Hasher {
        Hasher(0xcbf2_9ce4_8422_2325)
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    }

    /// Hash of all bytes so far.
    pub fn end(&self) -> u64 {
        mix(self.0)
    }
}

/// Hash of an optional value: 0 for none.
pub(crate) fn hash_opt(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, hash)
}

/// Hash of two hashes, order mattering.
pub(crate) fn pair(a: u64, b: u64) -> u64 {
    mix(a.rotate_left(23) ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A map whose keys are hashes, or small numbers: cheaper than the usual one, and the same in every run. For lookups only: its
/// order means nothing.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mixed>>;

/// One multiplication for a word.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Mixed(u64);

impl std::hash::Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
        let mut pieces = Hasher::new();
        [&b"/ca"[..], b"", b"rt"].into_iter().for_each(|p| pieces.add(p));
        assert_eq!(pieces.end(), hash(b"/cart"));
    }
}
