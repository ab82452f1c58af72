//! Message templates: what kinds of lines a log has, how many of each, with one example.
//!
//! Two steps, neither of which knows the order of the lines. [`mask`] turns one line into its mask (numbers, addresses, paths,
//! moments ... become placeholders) and is a pure function of it. A [`Miner`] counts masks, in bounded memory, and can be merged
//! with any other; at the end it looks at all distinct masks at once and makes templates of them. The same lines give the same
//! templates, however they were split and in whatever order they came.
//!
//! ```
//! use logjoin::templates::Miner;
//!
//! let mut miner = Miner::new();
//! miner.add(b"worker 7 (pid 4711) exited on signal 9");
//! miner.add(b"listening on 10.0.0.1:8080");
//! let mut other = Miner::new();
//! other.add(b"worker 12 (pid 913) exited on signal 15");
//! miner.merge(other);
//!
//! let templates = miner.finish();
//! assert_eq!(templates[0].text, b"worker <*> (pid <*>) exited on signal <*>");
//! assert_eq!((templates[0].count, templates[1].count), (2, 1));
//! assert_eq!(templates[0].example, b"worker 12 (pid 913) exited on signal 15");
//! ```
//!
//! # Bounds
//!
//! A miner keeps the masks with the smallest hashes, 8192 unless told otherwise. What it keeps it has counted exactly; lines of
//! other masks are in [`Miner::lines`] and [`Miner::left_out`] and in no template. Masks are at most [`MASK_LIMIT`] bytes long,
//! examples [`EXAMPLE_LIMIT`], so a full miner is below 16 MB.

mod cluster;
mod mask;
mod shapes;
mod tokens;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::hash;

pub use mask::{Kind, LINE_LIMIT, MASK_LIMIT, Masked, mask, mask_into};

/// Bytes of an example that are kept.
pub const EXAMPLE_LIMIT: usize = 512;

/// How many distinct masks a miner keeps unless told otherwise.
pub const CAPACITY: usize = 8192;

/// A kind of line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// A hash of the text: the same for the same text everywhere.
    pub id: u64,
    /// The words of the line, `<*>` where it varies; blanks are single spaces. Bytes, as the lines were.
    pub text: Vec<u8>,
    /// How many lines were of this kind.
    pub count: u64,
    /// The smallest of the lines, byte by byte, cut to [`EXAMPLE_LIMIT`].
    pub example: Vec<u8>,
}

/// Counts lines by mask. See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miner {
    capacity: usize,
    lines: u64,
    /// By the mask's hash: never more than `capacity`, and no hash that was turned away is smaller than one that is here.
    masks: BTreeMap<u64, Counted>,
    #[serde(skip)]
    buffer: Vec<u8>,
}

/// Lines of one mask. Two masks with one hash (a matter of chance, 1 in 10¹¹ for a full miner) count as the smaller of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    mask: Vec<u8>,
    count: u64,
    example: Vec<u8>,
}

impl Default for Miner {
    fn default() -> Miner {
        Miner::new()
    }
}

impl Miner {
    /// An empty miner that keeps [`CAPACITY`] masks.
    pub fn new() -> Miner {
        Miner::with_capacity(CAPACITY)
    }

    /// An empty miner that keeps at most `capacity` distinct masks, one at least.
    pub fn with_capacity(capacity: usize) -> Miner {
        Miner { capacity: capacity.max(1), lines: 0, masks: BTreeMap::new(), buffer: Vec::new() }
    }

    /// Counts one line, without its line end.
    pub fn add(&mut self, line: &[u8]) {
        self.count(line);
    }

    /// Counts one line; its mask's hash, if lines of that mask are counted.
    pub(crate) fn count(&mut self, line: &[u8]) -> Option<u64> {
        self.lines += 1;
        let mut buffer = std::mem::take(&mut self.buffer);
        mask_into(line, &mut buffer);
        let example = &line[..line.len().min(EXAMPLE_LIMIT)];
        let key = hash(&buffer);
        if let Some(counted) = self.masks.get_mut(&key) {
            counted.absorb(&buffer, 1, example);
        } else if self.keeps(key) {
            let counted = Counted { mask: buffer.clone(), count: 1, example: example.to_vec() };
            self.masks.insert(key, counted);
            self.shrink();
        }
        self.buffer = buffer;
        self.masks.contains_key(&key).then_some(key)
    }

    /// Takes over what another miner counted, as if this one had seen its lines too. Associative and commutative; the smaller
    /// capacity holds.
    pub fn merge(&mut self, other: Miner) {
        self.lines += other.lines;
        self.capacity = self.capacity.min(other.capacity);
        for (key, counted) in other.masks {
            match self.masks.get_mut(&key) {
                Some(mine) => mine.absorb(&counted.mask, counted.count, &counted.example),
                None => {
                    self.masks.insert(key, counted);
                }
            }
        }
        self.shrink();
    }

    /// How many lines were added.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many of them are in no template, because there were more distinct masks than are kept.
    pub fn left_out(&self) -> u64 {
        self.lines - self.masks.values().map(|c| c.count).sum::<u64>()
    }

    /// How many distinct masks are kept.
    pub fn distinct(&self) -> usize {
        self.masks.len()
    }

    /// The templates, most frequent first, then by text.
    pub fn finish(&self) -> Vec<Template> {
        self.catalogue().templates
    }

    /// The templates, with the way from a line to its template.
    pub fn catalogue(&self) -> Catalogue {
        let masks: Vec<&[u8]> = self.masks.values().map(|c| c.mask.as_slice()).collect();
        let texts = cluster::cluster(&masks);
        let mut by_text: BTreeMap<&[u8], Template> = BTreeMap::new();
        for (text, counted) in texts.iter().zip(self.masks.values()) {
            let template = by_text.entry(text).or_insert_with(|| Template {
                id: hash(text),
                text: text.clone(),
                count: 0,
                example: counted.example.clone(),
            });
            template.count += counted.count;
            if counted.example < template.example {
                template.example.clone_from(&counted.example);
            }
        }
        let mut templates: Vec<Template> = by_text.into_values().collect();
        templates.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        let index: BTreeMap<&[u8], usize> =
            templates.iter().enumerate().map(|(i, t)| (&t.text[..], i)).collect();
        let by_mask = self.masks.keys().copied().zip(texts.iter().map(|text| index[&text[..]])).collect();
        Catalogue { templates, by_mask }
    }

    /// Whether a mask that is not here may come in.
    fn keeps(&self, key: u64) -> bool {
        self.masks.len() < self.capacity
            || self.masks.last_key_value().is_some_and(|(largest, _)| key < *largest)
    }

    fn shrink(&mut self) {
        while self.masks.len() > self.capacity {
            self.masks.pop_last();
        }
    }
}

impl Counted {
    fn absorb(&mut self, mask: &[u8], count: u64, example: &[u8]) {
        self.count += count;
        if mask < self.mask.as_slice() {
            self.mask = mask.to_vec();
        }
        if example < self.example.as_slice() {
            self.example.clear();
            self.example.extend_from_slice(example);
        }
    }
}

/// Templates, and which template a mask belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    templates: Vec<Template>,
    by_mask: BTreeMap<u64, usize>,
}

impl Catalogue {
    /// The templates, most frequent first, then by text.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The template of a mask that was counted, by the mask's hash.
    pub(crate) fn of_mask(&self, mask: u64) -> Option<&Template> {
        self.by_mask.get(&mask).map(|i| &self.templates[*i])
    }

    /// The template of a line that was counted; none for a line whose mask was not, or was left out.
    pub fn find(&self, line: &[u8]) -> Option<&Template> {
        self.by_mask.get(&mask(line).hash()).map(|i| &self.templates[*i])
    }
}
