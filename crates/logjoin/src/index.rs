//! Lines by the request that they name: the table that peers and joins look into.
//!
//! The trick: the table is one sorted list of keys, moments and numbers of rows. Hashes are spread evenly, so where a key would
//! stand is where it stands, but for a few places; what else a line says is looked up in its row, for the few that are asked
//! about.

use std::collections::BTreeSet;
use std::hint::black_box;

use crate::hash::pair;
use crate::par;
use crate::plan::Plan;
use crate::timeline::World;

/// Which list a line stands in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Row {
    /// [`World::requests`].
    Request(u32),
    /// [`World::logs`].
    Log(u32),
}

/// A line about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub row: Row,
    pub instance: u32,
    /// When the line's moment lies.
    pub lo: i64,
    pub hi: i64,
    /// Earliest start of the request, where a duration is known; else `lo`.
    pub start: i64,
    pub has_duration: bool,
    /// The duration as it was logged, and the unit in which it was.
    pub duration: Option<i64>,
    pub unit: i64,
    /// 0 for messages.
    pub status: i32,
    pub bytes: i64,
    pub agent: u64,
    pub id: u64,
    pub client: u64,
    /// Without a duration: the stamp is that of the start.
    pub is_start: bool,
}

impl Entry {
    fn of(world: &World, row: Row) -> Entry {
        match row {
            Row::Request(i) => {
                let t = &world.requests[i as usize];
                let is_start = t.r.anchor == logjoin_parse::Anchor::Start && !t.has_duration;
                let (lo, hi) = if is_start { (t.start_lo, t.start_hi) } else { (t.end_lo, t.end_hi) };
                Entry {
                    row,
                    instance: t.instance as u32,
                    lo,
                    hi,
                    start: t.start_lo,
                    has_duration: t.has_duration,
                    duration: t.r.duration_ns,
                    unit: t.r.unit_ns,
                    status: t.r.status,
                    bytes: t.r.bytes,
                    agent: t.r.agent,
                    id: t.r.id,
                    client: t.r.client,
                    is_start,
                }
            }
            Row::Log(i) => {
                let m = &world.logs[i as usize];
                Entry {
                    row,
                    instance: m.instance as u32,
                    lo: m.lo,
                    hi: m.hi,
                    start: m.lo,
                    has_duration: false,
                    duration: None,
                    unit: 0,
                    status: 0,
                    bytes: -1,
                    agent: 0,
                    id: m.e.id,
                    client: m.e.client,
                    is_start: false,
                }
            }
        }
    }
}

/// What the table holds of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    key: u64,
    lo: i64,
    row: Row,
}

/// The lines of all instances, by what they name.
#[derive(Debug)]
pub(crate) struct Index<'w> {
    world: &'w World,
    /// In order.
    slots: Vec<Slot>,
    /// Lines that hold an id that a request worth a closer look holds too: id and row, in order.
    ids: Vec<(u64, Row)>,
    /// The widest range in which a line's moment lies.
    widest: i64,
}

/// Rows that are asked for at once.
const AHEAD: usize = 16;
/// Rows of one piece of work.
const PIECE: usize = 1 << 14;

impl<'w> Index<'w> {
    /// Indexes the requests of all instances, and the messages of those that are no proxies.
    pub fn new(plan: &Plan, world: &'w World) -> Index<'w> {
        let asked: BTreeSet<u64> = world
            .requests
            .iter()
            .filter(|t| plan.instances[t.instance].is_proxy)
            .filter_map(|t| t.r.detail.as_deref())
            .flat_map(|d| d.ids.iter().copied())
            .collect();
        let is_asked = |id: u64| id != 0 && asked.contains(&id);
        let of_requests = par::pieces(&world.requests, PIECE, |first, piece| {
            let mut part = Part::default();
            for (i, t) in piece.iter().enumerate().filter(|(_, t)| t.r.key != 0) {
                let e = Entry::of(world, Row::Request((first + i) as u32));
                part.add(pair(t.r.method, t.r.key), &e);
                if is_asked(e.id) {
                    part.ids.push((e.id, e.row));
                }
            }
            part
        });
        let of_logs = par::pieces(&world.logs, PIECE, |first, piece| {
            let mut part = Part::default();
            for (i, m) in piece.iter().enumerate().filter(|(_, m)| !plan.instances[m.instance].is_proxy) {
                let row = Row::Log((first + i) as u32);
                let method = if m.e.method == 0 { 1 } else { m.e.method };
                if m.e.key != 0 {
                    part.add(pair(method, m.e.key), &Entry::of(world, row));
                }
                if is_asked(m.e.id) {
                    part.ids.push((m.e.id, row));
                }
            }
            part
        });
        let parts = || of_requests.iter().chain(&of_logs);
        let mut index = Index {
            world,
            slots: Vec::with_capacity(parts().map(|p| p.slots.len()).sum()),
            ids: parts().flat_map(|p| p.ids.iter().copied()).collect(),
            widest: parts().map(|p| p.widest).max().unwrap_or(0),
        };
        for part in of_requests.into_iter().chain(of_logs) {
            index.slots.extend_from_slice(&part.slots);
        }
        par::sort(&mut index.slots);
        par::sort(&mut index.ids);
        index
    }

    /// Of the lines that name this method and target, those whose moments can lie between two.
    pub fn near(&self, method: u64, target: u64, from: i64, to: i64) -> impl Iterator<Item = Entry> + '_ {
        self.entries(within(self.slots(pair(method, target)), |s| s.lo, self.earliest(from), to))
    }

    /// Lines that name this method and target, in order of time.
    pub fn request(&self, method: u64, target: u64) -> impl Iterator<Item = Entry> + '_ {
        self.entries(self.slots(pair(method, target)))
    }

    /// Lines that name this target without a method.
    pub fn target(&self, target: u64) -> impl Iterator<Item = Entry> + '_ {
        self.entries(self.slots(pair(1, target)))
    }

    /// Lines that hold this id, which a request with a [`crate::event::Detail`] holds.
    pub fn id(&self, id: u64) -> impl Iterator<Item = Entry> + '_ {
        self.ids[run(&self.ids, id, |i| i.0)].iter().map(|(_, row)| Entry::of(self.world, *row))
    }

    /// Looks at all lines, those that name the same method and target together, in order of time: `f` is called with
    /// something of its own for each part of the table, and what came of the parts is returned.
    pub fn groups<U: Default + Send>(&self, f: impl Fn(&mut U, &Group<'_>) + Sync + Send) -> Vec<U> {
        let mut parts: Vec<&[Slot]> = Vec::new();
        let mut rest = &self.slots[..];
        while !rest.is_empty() {
            let mut end = PIECE.min(rest.len());
            while end < rest.len() && rest[end].key == rest[end - 1].key {
                end += 1;
            }
            let (part, after) = rest.split_at(end);
            parts.push(part);
            rest = after;
        }
        par::map(&parts, |part| {
            let mut out = U::default();
            let mut group = Group { index: self, entries: Vec::new() };
            // A request that nothing else is like tells nothing; still it is one.
            for slots in part.chunk_by(|a, b| a.key == b.key) {
                group.entries.clear();
                group.entries.extend(self.entries(slots));
                f(&mut out, &group);
            }
            out
        })
    }

    /// The earliest lower end of a moment that may reach to `from`.
    fn earliest(&self, from: i64) -> i64 {
        from.saturating_sub(self.widest)
    }

    fn slots(&self, key: u64) -> &[Slot] {
        &self.slots[run(&self.slots, key, |s| s.key)]
    }

    fn entries<'s>(&self, slots: &'s [Slot]) -> impl Iterator<Item = Entry> + use<'s, 'w> {
        let world = self.world;
        slots.chunks(AHEAD).flat_map(move |some| {
            // Rows of one target lie far apart: asked for at once, they come while others are on their way.
            let touch = |s: &Slot| match s.row {
                Row::Request(i) => world.requests[i as usize].end_lo,
                Row::Log(i) => world.logs[i as usize].lo,
            };
            black_box(some.iter().fold(0, |all, s| all ^ touch(s)));
            some.iter().map(move |s| Entry::of(world, s.row))
        })
    }
}

/// What one piece of the rows adds to the table.
#[derive(Default)]
struct Part {
    slots: Vec<Slot>,
    ids: Vec<(u64, Row)>,
    widest: i64,
}

impl Part {
    fn add(&mut self, key: u64, e: &Entry) {
        self.widest = self.widest.max(e.hi - e.lo);
        self.slots.push(Slot { key, lo: e.lo, row: e.row });
    }
}

/// The lines that name one method and target.
pub(crate) struct Group<'i> {
    index: &'i Index<'i>,
    /// In order of time.
    pub entries: Vec<Entry>,
}

impl Group<'_> {
    /// Those whose moments can lie between two.
    pub fn near(&self, from: i64, to: i64) -> &[Entry] {
        within(&self.entries, |e| e.lo, self.index.earliest(from), to)
    }
}

/// Of items in order of their moments, those from one moment to another.
fn within<T>(list: &[T], at: impl Fn(&T) -> i64, from: i64, to: i64) -> &[T] {
    let rest = &list[list.partition_point(|t| at(t) < from)..];
    &rest[..rest.partition_point(|t| at(t) <= to)]
}

/// The items with a key, in a list in order of keys that are hashes.
pub(crate) fn run<T>(list: &[T], key: u64, of: impl Fn(&T) -> u64) -> std::ops::Range<usize> {
    // Where it would stand if hashes were spread quite evenly; from there by ever longer steps to either side of it.
    let guess = ((u128::from(key) * list.len() as u128) >> 64) as usize;
    let (mut from, mut to, mut step) = (guess, guess, 8);
    while from > 0 && of(&list[from - 1]) >= key {
        (to, from) = (from, from.saturating_sub(step));
        step *= 4;
    }
    while to < list.len() && of(&list[to]) < key {
        (from, to) = (to, (to + step).min(list.len()));
        step *= 4;
    }
    let first = from + list[from..to].partition_point(|t| of(t) < key);
    // Mostly one or a few; a run of many is passed in long steps.
    let (mut end, mut step) = (first, 1);
    while end < list.len() && of(&list[end]) == key {
        end = (end + step).min(list.len());
        step *= 2;
    }
    let last_known = end.saturating_sub(step / 2).max(first);
    let end = last_known + list[last_known..end].partition_point(|t| of(t) == key);
    first..end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_those_of_looking_at_each(
            mut keys in proptest::collection::vec(prop_oneof![0u64..6, any::<u64>(), Just(u64::MAX)], 0..60),
            key in prop_oneof![0u64..6, any::<u64>(), Just(u64::MAX)],
            pick in 0usize..60,
        ) {
            keys.sort_unstable();
            for key in [Some(key), keys.get(pick).copied()].into_iter().flatten() {
                let first = keys.iter().filter(|k| **k < key).count();
                let n = keys.iter().filter(|k| **k == key).count();
                prop_assert_eq!(run(&keys, key, |k| *k), first..first + n);
            }
        }
    }
}
