//! Lists as long as a slice, each in memory that the system gives and takes back by itself.
//!
//! A block of some megabytes that comes and goes with each slice leaves a hole in the heap, where small things that stay settle
//! down, so that the next one needs new memory. The trick: glibc takes a block of 32 MiB and more from the system, whatever was let go
//! before (`M_MMAP_THRESHOLD` in mallopt(3) rises up to there), and makes it smaller where it lies. So room is made for so
//! much, and all that is not asked for given back before any of it is touched. Other allocators lose nothing by it.

/// From this size on, bytes: below it, asking the system costs more than holes do.
const LARGE: usize = 8 << 20;
/// A block of this size has memory of its own.
const APART: usize = 33 << 20;

/// An empty list with room for so many items.
pub(crate) fn list<T>(items: usize) -> Vec<T> {
    let size = size_of::<T>().max(1);
    if items.saturating_mul(size) < LARGE {
        return Vec::with_capacity(items);
    }
    let mut list = Vec::with_capacity(items.max(APART / size));
    list.shrink_to(items);
    list
}

/// Makes room for exactly so many more items.
pub(crate) fn more<T>(of: &mut Vec<T>, items: usize) {
    if of.capacity().saturating_mul(size_of::<T>()) >= LARGE {
        // It has memory of its own, which grows without being copied.
        of.reserve_exact(items);
    } else if of.capacity() < of.len() + items {
        let mut new = list(of.len() + items);
        new.append(of);
        *of = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_what_was_asked_for() {
        for items in [0, 7, 100_000, 2_000_000, 20_000_000] {
            let of_one: Vec<u8> = list(items);
            let of_many: Vec<[u64; 9]> = list(items / 8);
            assert!((items..items + 64).contains(&of_one.capacity()), "{items}");
            assert!((items / 8..items / 8 + 64).contains(&of_many.capacity()), "{items}");
        }
        assert!(list::<()>(5).is_empty());
        let mut few: Vec<u64> = vec![1, 2, 3];
        more(&mut few, 2_000_000);
        assert_eq!(few, [1, 2, 3]);
        assert!((2_000_003..2_000_100).contains(&few.capacity()));
        let before = few.as_ptr();
        more(&mut few, 5);
        assert_eq!(few.as_ptr(), before, "there is room");
    }
}
