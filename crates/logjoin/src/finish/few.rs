//! A map of few keys that are asked for again and again: servers, clients' proxies, statuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many keys are looked through one by one.
const FEW: usize = 12;

/// Values in the order of their keys. The keys lie together, so that looking through them touches no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Few<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Few<K, V> {
        Few { keys: Vec::new(), values: Vec::new() }
    }
}

impl<K: Serialize, V: Serialize> Serialize for Few<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.keys.iter().zip(&self.values))
    }
}

impl<'d, K: Deserialize<'d> + Ord, V: Deserialize<'d>> Deserialize<'d> for Few<K, V> {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Few<K, V>, D::Error> {
        let all = BTreeMap::<K, V>::from_iter(Vec::deserialize(from)?);
        let (keys, values) = all.into_iter().unzip();
        Ok(Few { keys, values })
    }
}

impl<K: Ord + Copy, V> Few<K, V> {
    /// The value of a key; an empty one where there was none.
    #[inline]
    pub fn at(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let i = self.place(key);
        &mut self.values[i]
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The value in a place.
    #[inline]
    pub fn in_place(&mut self, i: usize) -> &mut V {
        &mut self.values[i]
    }

    /// Where a key stands, perhaps a new one: until another one is added.
    #[inline]
    pub fn place(&mut self, key: K) -> usize
    where
        V: Default,
    {
        let near = if self.keys.len() <= FEW { self.keys.iter().position(|k| *k == key) } else { None };
        near.unwrap_or_else(|| self.any_place(key))
    }

    fn any_place(&mut self, key: K) -> usize
    where
        V: Default,
    {
        self.keys.binary_search(&key).unwrap_or_else(|i| {
            self.keys.insert(i, key);
            self.values.insert(i, V::default());
            i
        })
    }

    pub fn get(&self, key: K) -> Option<&V> {
        self.keys.binary_search(&key).ok().map(|i| &self.values[i])
    }

    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.keys.iter().copied().zip(&self.values)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.keys.iter().copied().zip(&mut self.values)
    }
}

impl<K, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Zip<std::vec::IntoIter<K>, std::vec::IntoIter<V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter().zip(self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_or_many_keys_are_found_in_order() {
        let mut few: Few<u32, u32> = Few::default();
        for i in 0..100 {
            *few.at(i * 37 % 50) += 1;
        }
        assert_eq!(
            few.iter().map(|(k, n)| (k, *n)).collect::<Vec<_>>(),
            (0..50).map(|k| (k, 2)).collect::<Vec<_>>()
        );
        assert_eq!((few.get(49), few.get(50)), (Some(&2), None));
    }
}
