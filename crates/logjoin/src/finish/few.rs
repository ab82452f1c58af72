//! A map of few keys that are asked for again and again: servers, clients' proxies, statuses.

/// So many keys are looked through one by one.
const FEW: usize = 12;

/// Values in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Few<K, V> {
        Few(Vec::new())
    }
}

impl<K: Ord + Copy, V> Few<K, V> {
    /// The value of a key; an empty one where there was none.
    #[inline]
    pub fn at(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let list = &mut self.0;
        let near = if list.len() <= FEW { list.iter().position(|(k, _)| *k == key) } else { None };
        let i = near.unwrap_or_else(|| {
            list.binary_search_by(|(k, _)| k.cmp(&key)).unwrap_or_else(|i| {
                list.insert(i, (key, V::default()));
                i
            })
        });
        &mut list[i].1
    }

    pub fn get(&self, key: K) -> Option<&V> {
        self.0.binary_search_by(|(k, _)| k.cmp(&key)).ok().map(|i| &self.0[i].1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.0.iter().map(|(k, v)| (*k, v))
    }
}

impl<K, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
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
