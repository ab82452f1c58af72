//! What joins weigh of each line, in the order in which it is asked for: by what lines name, then by time.
//!
//! The trick: a row is some 300 bytes and lies wherever its time put it; here a line is 32 bytes beside those of the same target. What
//! many lines share (their instance, status, units, the upper halves of large numbers) is one [`Shape`] for all of them, so
//! that nothing is lost but half of two hashes.

use std::hash::{Hash, Hasher};

use super::{Entry, Row};
use crate::hash::Map;
use crate::par;
use crate::room;
use crate::timeline::World;

/// A line.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    lo: i64,
    /// Requests come first, then messages.
    row: u32,
    shape: u32,
    agent: u32,
    client: u32,
    /// The lower halves.
    bytes: u32,
    duration: u32,
}

/// What is the same for many lines. Moments are counted from `lo`, that of the start also by the duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    instance: u32,
    file: u32,
    status: i32,
    tries: u32,
    server: u64,
    unit: i64,
    start: i64,
    start_width: i64,
    end: i64,
    end_width: i64,
    /// The upper halves.
    bytes: i32,
    duration: Option<i32>,
    has_duration: bool,
    is_start: bool,
}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The rest hardly varies where these do not.
        let high = i64::from(self.bytes) << 32 | i64::from(self.duration.unwrap_or(-1));
        let sort = u64::from(self.instance) << 32 | u64::from(self.status as u32);
        [self.start, self.end, high].iter().for_each(|n| state.write_i64(*n));
        [self.server, sort].iter().for_each(|n| state.write_u64(*n));
    }
}

impl Shape {
    fn width(&self) -> i64 {
        if self.is_start { self.start_width } else { self.end_width }
    }
}

/// All lines that name something.
#[derive(Debug)]
pub(super) struct Table {
    /// How many requests there are: where the numbers of messages begin.
    requests: u32,
    /// Each key, in order, and where its lines begin.
    keys: Vec<(u64, u32)>,
    slots: Vec<Slot>,
    shapes: Vec<Shape>,
}

impl Table {
    /// Of numbers of rows (those of messages come after those of requests) with their keys.
    pub fn new(world: &World, mut named: Vec<(u64, u32)>) -> Table {
        par::sort(&mut named);
        let mut keys: Vec<(u64, u32)> = Vec::new();
        let mut places = vec![u32::MAX; world.requests.len() + world.logs.len()];
        for (place, (key, row)) in (0..).zip(&named) {
            places[*row as usize] = place;
            if keys.last().is_none_or(|k| k.0 != *key) {
                keys.push((*key, place));
            }
        }
        keys.shrink_to_fit();
        let lines = named.len();
        drop(named);
        let mut slots: Vec<Slot> = room::list(lines);
        slots.resize(lines, Slot::default());
        let requests = world.requests.len() as u32;
        let mut table = Table { requests, keys, slots: Vec::new(), shapes: Vec::new() };
        // Rows are passed over as they lie, once for each thread; only the places in the table are scattered.
        let size = slots.len().div_ceil(par::threads()).max(1);
        let shapes = par::pieces_mut(&mut slots, size, |first, part| {
            let mut shapes = Shapes::default();
            for (row, place) in (0..).zip(&places) {
                if let Some(slot) = (*place as usize).checked_sub(first).and_then(|n| part.get_mut(n)) {
                    *slot = shapes.pack(row, &Entry::of(world, table.row_of(row)));
                }
            }
            shapes.all
        });
        for (part, shapes) in slots.chunks_mut(size).zip(shapes) {
            let before = table.shapes.len() as u32;
            part.iter_mut().for_each(|s| s.shape += before);
            table.shapes.extend(shapes);
        }
        table.slots = slots;
        for n in 0..table.keys.len() {
            let lines = table.lines(n);
            // Rows are in order of time, mostly.
            let lines = &mut table.slots[lines];
            if !lines.is_sorted_by_key(|s| (s.lo, s.row)) {
                lines.sort_unstable_by_key(|s| (s.lo, s.row));
            }
        }
        table
    }

    /// The widest range in which a line's moment lies.
    pub fn widest(&self) -> i64 {
        self.shapes.iter().map(Shape::width).max().unwrap_or(0)
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The key of that number.
    pub fn key(&self, key: usize) -> u64 {
        self.keys[key].0
    }

    /// The lines of the key of that number, in order of time.
    pub fn lines(&self, key: usize) -> std::ops::Range<usize> {
        let to = self.keys.get(key + 1).map_or(self.slots.len(), |k| k.1 as usize);
        self.keys[key].1 as usize..to
    }

    /// The lines with this key, in order of time.
    pub fn of(&self, key: u64) -> std::ops::Range<usize> {
        super::run(&self.keys, key, |k| k.0).next().map_or(0..0, |n| self.lines(n))
    }

    /// Of lines in order of time, those from one moment to another.
    pub fn within(&self, lines: std::ops::Range<usize>, from: i64, to: i64) -> std::ops::Range<usize> {
        let slots = &self.slots[lines.clone()];
        let first = slots.partition_point(|s| s.lo < from);
        let n = slots[first..].partition_point(|s| s.lo <= to);
        lines.start + first..lines.start + first + n
    }

    /// What is known of a line.
    #[inline]
    pub fn entry(&self, line: usize) -> Entry {
        let (slot, shape) = (&self.slots[line], &self.shapes[self.slots[line].shape as usize]);
        let whole = |high: i32, low: u32| i64::from(high) << 32 | i64::from(low);
        let duration = shape.duration.map(|high| whole(high, slot.duration));
        let start = slot.lo - duration.unwrap_or(0) + shape.start;
        let end = slot.lo + shape.end;
        Entry {
            row: self.row_of(slot.row),
            instance: shape.instance,
            file: shape.file,
            lo: slot.lo,
            hi: slot.lo + shape.width(),
            start: (start, start + shape.start_width),
            end: (end, end + shape.end_width),
            has_duration: shape.has_duration,
            duration,
            unit: shape.unit,
            status: shape.status,
            bytes: whole(shape.bytes, slot.bytes),
            agent: slot.agent,
            client: slot.client,
            server: shape.server,
            tries: shape.tries,
            is_start: shape.is_start,
        }
    }

    pub fn row(&self, line: usize) -> Row {
        self.row_of(self.slots[line].row)
    }

    /// Whether a line can be about a request with this agent: it names the same one, or one of both names none.
    pub fn may_be_of(&self, line: usize, agent: u32) -> bool {
        let own = self.slots[line].agent;
        own == agent || own == 0 || agent == 0
    }

    pub fn lo(&self, line: usize) -> i64 {
        self.slots[line].lo
    }

    #[inline]
    fn row_of(&self, number: u32) -> Row {
        match number.checked_sub(self.requests) {
            None => Row::Request(number),
            Some(log) => Row::Log(log),
        }
    }
}

/// The shapes of a part of the table.
#[derive(Default)]
struct Shapes {
    numbers: Map<Shape, u32>,
    all: Vec<Shape>,
}

impl Shapes {
    fn pack(&mut self, row: u32, e: &Entry) -> Slot {
        let high = |n: i64| (n >> 32) as i32;
        let shape = Shape {
            instance: e.instance,
            file: e.file,
            status: e.status,
            tries: e.tries,
            server: e.server,
            unit: e.unit,
            start: e.start.0 - e.lo + e.duration.unwrap_or(0),
            start_width: e.start.1 - e.start.0,
            end: e.end.0 - e.lo,
            end_width: e.end.1 - e.end.0,
            bytes: high(e.bytes),
            duration: e.duration.map(high),
            has_duration: e.has_duration,
            is_start: e.is_start,
        };
        let number = *self.numbers.entry(shape).or_insert_with(|| {
            self.all.push(shape);
            self.all.len() as u32 - 1
        });
        Slot {
            lo: e.lo,
            row,
            shape: number,
            agent: e.agent,
            client: e.client,
            bytes: e.bytes as u32,
            duration: e.duration.unwrap_or(0) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Numbers = (i64, i64, i64, Option<i64>, i64);

    /// A line like others, but for what varies: when it begins, how long its moments are uncertain, how long it took, its bytes.
    fn line(row: u32, (lo, width, to_start, duration, bytes): Numbers, is_start: bool) -> Entry {
        let begun = if is_start { lo } else { lo - duration.unwrap_or(0) - to_start };
        let ended = if is_start { lo + to_start } else { lo };
        Entry {
            row: if row < 50 { Row::Request(row) } else { Row::Log(row - 50) },
            instance: row % 3,
            file: row % 5,
            lo,
            hi: lo + width,
            start: (begun, begun + width),
            end: (ended, ended + width),
            has_duration: duration.is_some() && !is_start,
            duration: if is_start { None } else { duration },
            unit: 1_000_000,
            status: 200 + (row % 4) as i32 * 100,
            bytes,
            agent: row * 7,
            client: row / 2,
            server: u64::from(row % 2) << 40,
            tries: 1,
            is_start,
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            numbers in proptest::collection::vec(
                (
                    (-1i64 << 60..1 << 60, 0i64..1 << 40, 0i64..1 << 40, any::<bool>()),
                    (proptest::option::of(0i64..1 << 50), -1i64..1 << 50),
                ),
                1..100,
            ),
        ) {
            let lines: Vec<Entry> = (0..)
                .zip(numbers)
                .map(|(row, ((lo, width, to, is_start), (took, bytes)))| {
                    line(row, (lo, width, to, took, bytes), is_start)
                })
                .collect();
            let mut shapes = Shapes::default();
            let slots: Vec<Slot> = (0..).zip(&lines).map(|(row, e)| shapes.pack(row, e)).collect();
            let table = Table { requests: 50, keys: vec![(1, 0)], slots, shapes: shapes.all };
            for (n, e) in lines.iter().enumerate() {
                prop_assert_eq!(table.entry(n), *e);
            }
        }
    }

    #[test]
    fn lines_of_a_key_are_found_by_time() {
        let slots: Vec<Slot> = [5, 1, 2, 2, 4, 9].map(|lo| Slot { lo, ..Slot::default() }).to_vec();
        let table = Table { requests: 6, keys: vec![(7, 0), (1 << 63, 1)], slots, shapes: Vec::new() };
        assert_eq!((table.of(7), table.of(1 << 63), table.of(8)), (0..1, 1..6, 0..0));
        assert_eq!(table.within(1..6, 2, 4), 2..5);
        assert_eq!(table.within(1..6, 5, 8), 5..5);
    }
}
