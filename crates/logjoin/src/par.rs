//! Work on all cores of the pool that the caller runs in, with the feature `parallel`; else one piece after the other.
//!
//! What comes out is in the order of what went in, so nobody can tell the one from the other.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use crate::room;

/// Fewer items than this are not worth waking another thread.
const FEW: usize = 1 << 12;
/// Items of one piece of [`for_each`].
#[cfg(feature = "parallel")]
const PIECE: usize = 1 << 13;

/// How many threads the pool of the caller has.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    1
}

/// Both, side by side.
pub(crate) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    #[cfg(feature = "parallel")]
    return rayon::join(a, b);
    #[cfg(not(feature = "parallel"))]
    (a(), b())
}

/// `f` of each item. For items that are work enough each.
pub(crate) fn map<T: Sync, U: Send>(items: &[T], f: impl Fn(&T) -> U + Sync + Send) -> Vec<U> {
    let mut out = room::list(items.len());
    #[cfg(feature = "parallel")]
    out.par_extend(items.par_iter().map(f));
    #[cfg(not(feature = "parallel"))]
    out.extend(items.iter().map(f));
    out
}

/// The same of items that are work of very different sizes: the largest come first, one by one, so that no thread is left with
/// several of them.
pub(crate) fn map_large<T: Sync, U: Send>(
    items: &[T],
    size: impl Fn(&T) -> usize,
    f: impl Fn(&T) -> U + Sync + Send,
) -> Vec<U> {
    if threads() == 1 {
        return items.iter().map(f).collect();
    }
    let mut order: Vec<(usize, &T)> = items.iter().enumerate().collect();
    order.sort_by_key(|(_, item)| std::cmp::Reverse(size(item)));
    #[cfg(feature = "parallel")]
    let done = order.par_iter().with_max_len(1);
    #[cfg(not(feature = "parallel"))]
    let done = order.iter();
    let mut done: Vec<(usize, U)> = done.map(|(n, item)| (*n, f(item))).collect();
    done.sort_unstable_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, of)| of).collect()
}

/// `f` of each number below `n`.
pub(crate) fn numbers<U: Send>(n: usize, f: impl Fn(usize) -> U + Sync + Send) -> Vec<U> {
    #[cfg(feature = "parallel")]
    return (0..n).into_par_iter().map(f).collect();
    #[cfg(not(feature = "parallel"))]
    (0..n).map(f).collect()
}

/// `f` of each piece of that many items, with the number of its first item.
pub(crate) fn pieces<T: Sync, U: Send>(
    items: &[T],
    size: usize,
    f: impl Fn(usize, &[T]) -> U + Sync + Send,
) -> Vec<U> {
    #[cfg(feature = "parallel")]
    return items.par_chunks(size).enumerate().map(|(n, piece)| f(n * size, piece)).collect();
    #[cfg(not(feature = "parallel"))]
    items.chunks(size).enumerate().map(|(n, piece)| f(n * size, piece)).collect()
}

/// The same of pieces that are changed.
pub(crate) fn pieces_mut<T: Send, U: Send>(
    items: &mut [T],
    size: usize,
    f: impl Fn(usize, &mut [T]) -> U + Sync + Send,
) -> Vec<U> {
    #[cfg(feature = "parallel")]
    return items.par_chunks_mut(size).enumerate().map(|(n, piece)| f(n * size, piece)).collect();
    #[cfg(not(feature = "parallel"))]
    items.chunks_mut(size).enumerate().map(|(n, piece)| f(n * size, piece)).collect()
}

/// The sum of `f` of each piece of that many items. The order of adding up is not that of the pieces: `add` must not care.
pub(crate) fn sum<T: Sync, U: Send>(
    items: &[T],
    size: usize,
    f: impl Fn(usize, &[T]) -> U + Sync + Send,
    add: impl Fn(U, U) -> U + Sync + Send,
) -> Option<U> {
    #[cfg(feature = "parallel")]
    return items.par_chunks(size).enumerate().map(|(n, piece)| f(n * size, piece)).reduce_with(add);
    #[cfg(not(feature = "parallel"))]
    items.chunks(size).enumerate().map(|(n, piece)| f(n * size, piece)).reduce(add)
}

/// Changes each item.
pub(crate) fn for_each<T: Send>(items: &mut [T], f: impl Fn(&mut T) + Sync + Send) {
    #[cfg(feature = "parallel")]
    if items.len() > FEW {
        items.par_chunks_mut(PIECE).for_each(|piece| piece.iter_mut().for_each(&f));
        return;
    }
    items.iter_mut().for_each(f);
}

/// `f` of each item, to change it. For items that are work enough each.
pub(crate) fn each<T: Send>(items: &mut [T], f: impl Fn(&mut T) + Sync + Send) {
    #[cfg(feature = "parallel")]
    items.par_iter_mut().for_each(f);
    #[cfg(not(feature = "parallel"))]
    items.iter_mut().for_each(f);
}

/// How many of so many items are a piece of work: at most `most`, and fewer where threads would go without any.
pub(crate) fn share(items: usize, most: usize) -> usize {
    match threads() {
        1 => most,
        n => (items / (2 * n)).clamp(FEW.min(most), most),
    }
}

/// Sorts items of which no two are equal, or equal ones alike.
pub(crate) fn sort<T: Ord + Send>(items: &mut [T]) {
    #[cfg(feature = "parallel")]
    if items.len() > FEW {
        items.par_sort_unstable();
        return;
    }
    items.sort_unstable();
}

/// Sorts items that are a few ordered runs, one after the other, as those of several files are: runs are merged.
fn merge_runs<T: Ord + Send>(items: &mut [T]) {
    #[cfg(feature = "parallel")]
    if threads() > 1 && items.len() > FEW {
        items.par_sort();
        return;
    }
    items.sort();
}

/// Puts large items in the order of their keys, equal ones in the order in which they stand. The trick: the keys are sorted,
/// with the numbers of their items, and then each item is moved once; and not even that where they are in order.
pub(crate) fn arrange<T: Send + Sync, K: Ord + Copy + Send + Sync>(
    items: &mut [T],
    key: impl Fn(&T) -> K + Sync + Send,
) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    let mut order: Vec<(K, u32)> = room::list(items.len());
    order.extend((0..).zip(items.iter()).map(|(i, t)| (key(t), i)));
    merge_runs(&mut order);
    // Around each ring of places: what stands here goes on until it comes to its own.
    for start in 0..order.len() {
        let mut here = start;
        loop {
            let from = std::mem::replace(&mut order[here].1, here as u32) as usize;
            if from == start {
                break;
            }
            items.swap(here, from);
            here = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arranged_is_sorted_and_stable(keys in proptest::collection::vec(0u8..20, 0..60)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let mut want = items.clone();
            want.sort_by_key(|i| i.0);
            arrange(&mut items, |i| i.0);
            prop_assert_eq!(items, want);
        }
    }

    #[test]
    fn large_lists_too() {
        let mut items: Vec<u64> = (0..100_000u64).map(|i| i * 7_919 % 100_003).collect();
        let mut want = items.clone();
        want.sort_unstable();
        let mut arranged = items.clone();
        arrange(&mut arranged, |i| *i);
        assert_eq!(arranged, want);
        sort(&mut items);
        assert_eq!(items, want);
        let sums = pieces(&items, 1000, |first, piece| (first, piece.len()));
        assert_eq!((sums.len(), sums[99]), (100, (99_000, 1000)));
        assert_eq!(sum(&items, 1000, |_, piece| piece.len(), |a, b| a + b), Some(100_000));
        let doubled = map_large(&items, |i| (i * 31 % 1000) as usize, |i| 2 * i);
        assert!(doubled.iter().zip(&items).all(|(d, i)| *d == 2 * i) && doubled.len() == items.len());
    }
}
