//! Lines by the request that they name: the table that peers and joins look into.
//!
//! Each line stands beside those that name the same, with the few fields that are weighed ([`table`]). Hashes are spread evenly,
//! so where a key would stand is where it stands, but for a few places.

mod table;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::hash::{pair, short};
use crate::par;
use crate::plan::Plan;
use crate::room;
use crate::timeline::World;
use serde::{Deserialize, Serialize};
use table::Table;

/// Which list a line stands in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Row {
    /// [`World::requests`].
    Request(u32),
    /// [`World::logs`].
    Log(u32),
}

/// A line about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub row: Row,
    pub instance: u32,
    pub file: u32,
    /// When the line's moment lies.
    pub lo: i64,
    pub hi: i64,
    /// When the request began and ended; of a message, its moment.
    pub start: (i64, i64),
    pub end: (i64, i64),
    pub has_duration: bool,
    /// The duration as it was logged, and the unit in which it was.
    pub duration: Option<i64>,
    pub unit: i64,
    /// 0 for messages.
    pub status: i32,
    pub bytes: i64,
    /// Hashes cut [short].
    pub agent: u32,
    pub client: u32,
    /// Label of the server that was tried last, and how many were.
    pub server: u64,
    pub tries: u32,
    /// Without a duration: the stamp is that of the start.
    pub is_start: bool,
}

impl Entry {
    fn of(world: &World, row: Row) -> Entry {
        match row {
            Row::Request(i) => {
                let t = &world.requests[i as usize];
                let (start, end) = ((t.start_lo, t.start_hi), (t.end_lo, t.end_hi));
                let is_start = t.r.anchor == logjoin_parse::Anchor::Start && !t.has_duration;
                let (lo, hi) = if is_start { start } else { end };
                Entry {
                    row,
                    instance: t.instance as u32,
                    file: t.r.at.file,
                    lo,
                    hi,
                    start,
                    end,
                    has_duration: t.has_duration,
                    duration: t.r.duration_ns,
                    unit: t.r.unit_ns,
                    status: t.r.status,
                    bytes: t.r.bytes,
                    agent: short(t.r.agent),
                    client: short(t.r.client),
                    server: t.r.server,
                    tries: t.r.tries,
                    is_start,
                }
            }
            Row::Log(i) => {
                let m = &world.logs[i as usize];
                Entry {
                    row,
                    instance: m.instance as u32,
                    file: m.e.at.file,
                    lo: m.lo,
                    hi: m.hi,
                    start: (m.lo, m.hi),
                    end: (m.lo, m.hi),
                    has_duration: false,
                    duration: None,
                    unit: 0,
                    status: 0,
                    bytes: -1,
                    agent: 0,
                    client: short(m.e.client),
                    server: 0,
                    tries: 0,
                    is_start: false,
                }
            }
        }
    }
}

/// The lines of all instances, by what they name.
#[derive(Debug)]
pub(crate) struct Index<'w> {
    world: &'w World,
    table: Table,
    /// Lines that hold an id that a request worth a closer look holds too: id and row, in order.
    ids: Vec<(u64, Row)>,
    /// The widest range in which a line's moment lies.
    widest: i64,
}

/// Rows of one piece of work.
const PIECE: usize = 1 << 14;

impl<'w> Index<'w> {
    /// Indexes the requests of all instances, and the messages of those that are no proxies.
    pub fn new(plan: &Plan, world: &'w World) -> Index<'w> {
        let requests = world.requests.len() as u32;
        let key = |number: u32| match number.checked_sub(requests) {
            None => {
                let r = &world.requests[number as usize].r;
                if r.key == 0 { 0 } else { pair(r.method, r.key) }
            }
            Some(log) => {
                let m = &world.logs[log as usize];
                if m.e.key == 0 || plan.instances[m.instance].is_proxy {
                    0
                } else {
                    pair(m.e.method.max(1), m.e.key)
                }
            }
        };
        let rows = requests + world.logs.len() as u32;
        let mut named: Vec<(u64, u32)> = room::list(rows as usize);
        named.extend((0..rows).map(|n| (0, n)));
        par::for_each(&mut named, |n| n.0 = key(n.1));
        named.retain(|n| n.0 != 0);
        let table = Table::new(world, named);
        Index { world, ids: ids(plan, world), widest: table.widest(), table }
    }

    /// Of the lines that name this method and target, those whose moments can lie between two, and that name this agent (0: any)
    /// or none.
    pub fn near(
        &self,
        (method, target): (u64, u64),
        agent: u32,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = Entry> + '_ {
        self.near_of(self.request(method, target), agent, from, to)
    }

    fn near_of(
        &self,
        lines: Range<usize>,
        agent: u32,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = Entry> + '_ {
        let near = self.table.within(lines, self.earliest(from), to);
        // What names another agent is passed over without a look at the rest.
        near.filter(move |n| self.table.may_be_of(*n, agent)).map(|n| self.entry(n))
    }

    /// The numbers of the lines that name this method and target, in order of time.
    pub fn request(&self, method: u64, target: u64) -> Range<usize> {
        self.table.of(pair(method, target))
    }

    /// The numbers of the lines that name this target without a method.
    pub fn target(&self, target: u64) -> Range<usize> {
        self.table.of(pair(1, target))
    }

    /// The numbers of what lines name: of all methods with targets.
    pub fn keys(&self) -> Range<usize> {
        0..self.table.keys()
    }

    /// A hash of the method and target of that number.
    pub fn key(&self, number: usize) -> u64 {
        self.table.key(number)
    }

    /// The numbers of the lines that name it, in order of time.
    pub fn lines(&self, number: usize) -> Range<usize> {
        self.table.lines(number)
    }

    /// The line of a number.
    #[inline]
    pub fn entry(&self, line: usize) -> Entry {
        self.table.entry(line)
    }

    /// The row of the line of a number, and when it lies at the earliest.
    pub fn row(&self, line: usize) -> Row {
        self.table.row(line)
    }

    pub fn lo(&self, line: usize) -> i64 {
        self.table.lo(line)
    }

    /// Lines that hold this id, which a request with a [`crate::event::Detail`] holds.
    pub fn id(&self, id: u64) -> impl Iterator<Item = Row> + '_ {
        self.ids[run(&self.ids, id, |i| i.0)].iter().map(|(_, row)| *row)
    }

    /// The id that a line holds, or 0.
    pub fn id_of(&self, row: Row) -> u64 {
        match row {
            Row::Request(i) => self.world.requests[i as usize].r.id,
            Row::Log(i) => self.world.logs[i as usize].e.id,
        }
    }

    /// Looks at all lines, those that name the same method and target together, in order of time: `f` is called with
    /// something of its own for each part of the table, and what came of the parts is returned.
    pub fn groups<U: Default + Send>(&self, f: impl Fn(&mut U, &Group<'_>) + Sync + Send) -> Vec<U> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let (mut first, mut lines) = (0, 0);
        for key in 0..self.table.keys() {
            lines += self.table.lines(key).len();
            if lines >= PIECE || key + 1 == self.table.keys() {
                parts.push(first..key + 1);
                (first, lines) = (key + 1, 0);
            }
        }
        par::map(&parts, |part| {
            let mut out = U::default();
            // A request that nothing else is like tells nothing; still it is one.
            for key in part.clone() {
                f(&mut out, &Group { index: self, lines: self.table.lines(key) });
            }
            out
        })
    }

    /// The earliest lower end of a moment that may reach to `from`.
    fn earliest(&self, from: i64) -> i64 {
        from.saturating_sub(self.widest)
    }
}

/// The ids that requests worth a closer look hold, and the lines that hold them, in order.
fn ids(plan: &Plan, world: &World) -> Vec<(u64, Row)> {
    let proxied = world.requests.iter().filter(|t| plan.instances[t.instance].is_proxy);
    let details = proxied.filter_map(|t| t.r.detail.as_deref());
    let asked: BTreeSet<u64> = details.flat_map(|d| d.ids.iter().copied()).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let is_asked = |id: u64| id != 0 && asked.contains(&id);
    let of_requests = par::pieces(&world.requests, PIECE, |first, piece| {
        let rows = (first as u32..).zip(piece).filter(|(_, t)| t.r.key != 0 && is_asked(t.r.id));
        rows.map(|(i, t)| (t.r.id, Row::Request(i))).collect::<Vec<_>>()
    });
    let of_logs = par::pieces(&world.logs, PIECE, |first, piece| {
        let rows = (first as u32..).zip(piece).filter(|(_, m)| is_asked(m.e.id));
        let of_backends = rows.filter(|(_, m)| !plan.instances[m.instance].is_proxy);
        of_backends.map(|(i, m)| (m.e.id, Row::Log(i))).collect::<Vec<_>>()
    });
    let mut ids: Vec<(u64, Row)> = of_requests.into_iter().chain(of_logs).flatten().collect();
    par::sort(&mut ids);
    ids
}

/// The lines that name one method and target, in order of time.
pub(crate) struct Group<'i> {
    index: &'i Index<'i>,
    lines: Range<usize>,
}

impl Group<'_> {
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.lines.clone().map(|n| self.index.entry(n))
    }

    /// Those whose moments can lie between two, and that name this agent (0: any) or none.
    pub fn near(&self, agent: u32, from: i64, to: i64) -> impl Iterator<Item = Entry> + '_ {
        self.index.near_of(self.lines.clone(), agent, from, to)
    }
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
