//! Grouping and template metrics, as the comparisons of log parsers define them (Zhu et al. 2019 for GA and PA, Jiang et al. 2024
//! for FGA and FTA).

use std::collections::{BTreeMap, BTreeSet};

/// Shares from 0 to 1, and how many templates there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Score {
    /// Lines in a group that equals a labelled group.
    pub(crate) ga: f64,
    /// F1 of such groups.
    pub(crate) fga: f64,
    /// Lines whose template's text equals the label's.
    pub(crate) pa: f64,
    /// F1 of texts all of whose lines have that label.
    pub(crate) fta: f64,
    /// Mined groups.
    pub(crate) mined: usize,
    /// Labelled groups.
    pub(crate) labelled: usize,
}

/// Compares mined templates (id and text per line) with labels (id and text per line).
pub(crate) fn score(truth: &[(Vec<u8>, String)], mined: &[(u64, String)]) -> Score {
    let lines = truth.len().max(1) as f64;
    let mut labelled: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut groups: BTreeMap<u64, (usize, BTreeSet<&[u8]>)> = BTreeMap::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut true_texts: BTreeSet<String> = BTreeSet::new();
    let mut same_text = 0;
    for ((label, label_text), (id, text)) in truth.iter().zip(mined) {
        *labelled.entry(label).or_default() += 1;
        let group = groups.entry(*id).or_default();
        group.0 += 1;
        group.1.insert(label);
        let (label_text, text) = (blanks(label_text), blanks(text));
        same_text += usize::from(label_text == text);
        texts.entry(text).or_default().insert(label_text.clone());
        true_texts.insert(label_text);
    }
    let right = |(size, labels): &&(usize, BTreeSet<&[u8]>)| {
        labels.len() == 1 && labels.iter().all(|l| labelled[l] == *size)
    };
    let good_groups = groups.values().filter(right).count();
    let good_lines: usize = groups.values().filter(right).map(|(size, _)| size).sum();
    let good_texts =
        texts.iter().filter(|(text, labels)| labels.len() == 1 && labels.contains(*text)).count();
    Score {
        ga: good_lines as f64 / lines,
        fga: f1(good_groups, groups.len(), labelled.len()),
        pa: same_text as f64 / lines,
        fta: f1(good_texts, texts.len(), true_texts.len()),
        mined: groups.len(),
        labelled: labelled.len(),
    }
}

fn f1(good: usize, found: usize, wanted: usize) -> f64 {
    if good == 0 { 0.0 } else { 2.0 * good as f64 / (found + wanted) as f64 }
}

/// Runs of blanks as one.
fn blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(labels: &[&str]) -> Vec<(Vec<u8>, String)> {
        labels.iter().map(|l| (l.as_bytes().to_vec(), (*l).to_string())).collect()
    }

    fn mined(groups: &[(u64, &str)]) -> Vec<(u64, String)> {
        groups.iter().map(|(id, text)| (*id, (*text).to_string())).collect()
    }

    #[test]
    fn the_labels_themselves_are_perfect() {
        let s = score(&truth(&["a", "a", "b"]), &mined(&[(1, "a"), (1, "a"), (2, "b")]));
        assert_eq!((s.ga, s.fga, s.pa, s.fta), (1.0, 1.0, 1.0, 1.0));
    }

    #[test]
    fn a_split_group_counts_for_nothing() {
        let t = truth(&["a", "a", "a", "b", "b", "c"]);
        let s = score(&t, &mined(&[(1, "x"), (1, "x"), (2, "y"), (3, "b"), (3, "b"), (4, "c")]));
        assert!((s.ga - 0.5).abs() < 1e-9 && (s.fga - 4.0 / 7.0).abs() < 1e-9 && (s.pa - 0.5).abs() < 1e-9);
        assert_eq!((s.mined, s.labelled), (4, 3));
    }

    #[test]
    fn merged_groups_count_for_nothing() {
        let t = truth(&["a", "a", "a", "b", "b", "c"]);
        let s = score(&t, &mined(&[(1, "a"), (1, "a"), (1, "a"), (2, "b"), (2, "b"), (2, "b")]));
        assert!((s.ga - 0.5).abs() < 1e-9 && (s.fga - 0.4).abs() < 1e-9);
        // The text of `b` is right, but a line of `c` has it too.
        assert!((s.fta - 0.4).abs() < 1e-9);
    }
}
