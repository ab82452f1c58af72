//! Masks become templates: words that vary where all else is equal are values too.
//!
//! Online miners (Drain) let each line join the first template that is similar enough, so what comes first decides. Here the
//! question is asked of all distinct masks at once, and so their order cannot matter: in masks of one frame, take out one place
//! (then two, then three): how many different words stood there, all else being equal? Many words in one place are values of a
//! variable; a few are different messages. Each round judges every place against the masks as they were before the round.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Field, render, split};
use crate::hash::{hash, pair};

/// From how many different words on a place holds a variable. Message catalogues list two to five words of one kind in one place
/// (started, stopped, paused, resumed); names of users, modules and queues come in more.
const MANY: usize = 6;

/// How many more words each further place asks for: places that only vary together are weaker evidence.
const MORE: usize = 2;

/// The most places that are taken out together.
const PLACES: usize = 3;

/// The most looks at a row that one round may take (rows times ways to choose the places), so that time is bounded.
const WORK: usize = 4_000_000;

/// Distinct masks with one frame, and which of the given masks each stands for.
type Rows<'a> = BTreeMap<Vec<Field<'a>>, Vec<usize>>;

/// Gives each mask the text of its template. The masks are distinct; their order does not matter.
pub(super) fn cluster(masks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut frames: BTreeMap<Vec<u8>, Rows<'_>> = BTreeMap::new();
    for (i, mask) in masks.iter().enumerate() {
        let tokens = split(mask);
        frames.entry(tokens.frame).or_default().entry(tokens.fields).or_default().push(i);
    }
    let mut texts = vec![Vec::new(); masks.len()];
    for (frame, rows) in frames {
        for (fields, members) in generalise(rows) {
            let text = render(&frame, &fields);
            for member in members {
                texts[member].clone_from(&text);
            }
        }
    }
    texts
}

/// Turns words into values, fewest places first, until nothing changes.
fn generalise(mut rows: Rows<'_>) -> Rows<'_> {
    let mut places = 1;
    while rows.len() > 1 && places <= PLACES {
        let found = variables(&rows, places);
        if found.iter().all(BTreeSet::is_empty) {
            places += 1;
            continue;
        }
        let mut next = Rows::new();
        for ((mut fields, members), variable) in rows.into_iter().zip(found) {
            for place in variable {
                fields[place] = Field::Value;
            }
            next.entry(fields).or_default().extend(members);
        }
        rows = next;
        places = 1;
    }
    rows
}

/// Per row, the places that hold a value: those which, taken out together, leave rows equal that had many words in each.
///
/// A row's hash is the sum of the hashes of its places, so that taking some out is a subtraction.
fn variables(rows: &Rows<'_>, places: usize) -> Vec<BTreeSet<usize>> {
    let rows: Vec<&[Field<'_>]> = rows.keys().map(Vec::as_slice).collect();
    let mut found = vec![BTreeSet::new(); rows.len()];
    let open = open(&rows);
    if ways(open.len(), places).saturating_mul(rows.len()) > WORK {
        return found;
    }
    let hashes: Vec<Vec<u64>> =
        rows.iter().map(|row| open.iter().map(|i| field_hash(*i, row[*i])).collect()).collect();
    let wholes: Vec<u64> =
        hashes.iter().map(|h| h.iter().fold(0, |sum: u64, h| sum.wrapping_add(*h))).collect();
    let mut alike: Vec<(u64, usize)> = Vec::with_capacity(rows.len());
    for chosen in choices(open.len(), places) {
        alike.clear();
        alike.extend(wholes.iter().enumerate().map(|(row, whole)| {
            (chosen.iter().fold(*whole, |rest, c| rest.wrapping_sub(hashes[row][*c])), row)
        }));
        alike.sort_unstable();
        let taken: Vec<usize> = chosen.iter().map(|c| open[*c]).collect();
        for group in alike.chunk_by(|a, b| a.0 == b.0).filter(|g| g.len() > 1) {
            let group: Vec<usize> = group.iter().map(|(_, row)| *row).collect();
            let members: Vec<&[Field<'_>]> = group.iter().map(|row| rows[*row]).collect();
            if enough_left(members[0], &taken) && taken.iter().all(|place| varies(&members, *place, places)) {
                for row in group {
                    found[row].extend(&taken);
                }
            }
        }
    }
    found
}

/// Places where the rows differ.
fn open(rows: &[&[Field<'_>]]) -> Vec<usize> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    (0..first.len()).filter(|i| others.iter().any(|row| row[*i] != first[*i])).collect()
}

fn field_hash(place: usize, field: Field<'_>) -> u64 {
    match field {
        Field::Word(word) => pair(place as u64, hash(word)),
        Field::Value => pair(place as u64, 0),
    }
}

/// Whether the words that stay make out a message: at least as many as were taken out. Single letters say nothing.
fn enough_left(row: &[Field<'_>], taken: &[usize]) -> bool {
    let says = |f: &Field<'_>| matches!(f, Field::Word(w) if w.len() > 1);
    row.iter().enumerate().filter(|(i, f)| !taken.contains(i) && says(f)).count() >= taken.len()
}

/// Whether the rows have many different words in this place, a value among words, or only words with numbers.
fn varies(group: &[&[Field<'_>]], place: usize, places: usize) -> bool {
    let seen: BTreeSet<Field<'_>> = group.iter().map(|row| row[place]).collect();
    let numbered = seen.iter().all(|f| match f {
        Field::Word(w) => w.iter().any(u8::is_ascii_digit),
        Field::Value => true,
    });
    seen.len() >= MANY + MORE * (places - 1) || seen.len() > 1 && (numbered || seen.contains(&Field::Value))
}

/// How many ways there are to choose `k` of `n`.
fn ways(n: usize, k: usize) -> usize {
    (0..k).fold(1, |all: usize, i| all.saturating_mul(n.saturating_sub(i)) / (i + 1))
}

/// All ways to choose `k` of the numbers below `n`, in order.
fn choices(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..k {
        all = all
            .into_iter()
            .flat_map(|some: Vec<usize>| {
                let next = some.last().map_or(0, |last| last + 1);
                (next..n).map(move |i| some.iter().copied().chain([i]).collect())
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(masks: &[&str]) -> Vec<String> {
        let masks: Vec<&[u8]> = masks.iter().map(|m| m.as_bytes()).collect();
        cluster(&masks).into_iter().map(|t| String::from_utf8(t).unwrap()).collect()
    }

    #[test]
    fn choosing() {
        assert_eq!(choices(4, 2), [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!((ways(4, 2), ways(40, 3), ways(2, 3)), (6, 9880, 0));
        assert!(choices(1, 2).is_empty());
    }

    #[test]
    fn many_words_are_a_variable_and_few_are_messages() {
        let users =
            ["ann", "bob", "cy", "dan", "eve", "flo"].map(|u| format!("session opened for user {u} by root"));
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        assert!(texts(&users).iter().all(|t| t == "session opened for user <*> by root"));
        assert_eq!(texts(&users[..3]), users[..3]);
    }

    #[test]
    fn a_value_among_words_is_a_variable() {
        let found =
            texts(&["lost peer alpha at <ip>", "lost peer <num> at <host>", "found peer <num> at <host>"]);
        assert_eq!(found, ["lost peer <*> at <*>", "lost peer <*> at <*>", "found peer <*> at <*>"]);
    }

    #[test]
    fn two_places_that_vary_together() {
        let names = ["ash", "box", "cot", "dew", "elm", "fig", "gum", "hay"];
        let masks = names.map(|n| format!("moved job {n} to queue {n}-slow of scheduler"));
        let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
        assert!(texts(&masks).iter().all(|t| t == "moved job <*> to queue <*> of scheduler"));
    }

    #[test]
    fn short_messages_do_not_melt_into_one() {
        let masks = ["idle", "ready", "stopped", "failed", "gone", "lost", "closed", "opened"];
        assert_eq!(texts(&masks), masks);
    }
}
