//! Backend lines by the request that they name: the table that peers and joins look into.

use std::collections::HashMap;

use crate::hash::pair;
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

/// A backend's line about a request.
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
    /// 0 for messages.
    pub status: i32,
    pub bytes: i64,
    pub agent: u64,
    pub id: u64,
    pub client: u64,
    /// Without a duration: the stamp is that of the start.
    pub is_start: bool,
}

/// Lookups only; never iterated, so the order of the map cannot show.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_request: HashMap<u64, Vec<Entry>>,
    by_id: HashMap<u64, Vec<Entry>>,
    /// The widest range in which a line's moment lies.
    widest: i64,
}

impl Index {
    /// Indexes the lines of everything that is not the given proxy's own: backends, and proxies behind proxies.
    pub fn new(plan: &Plan, world: &World) -> Index {
        let mut index = Index::default();
        for (i, t) in world.requests.iter().enumerate() {
            if t.r.target == 0 {
                continue;
            }
            let entry = Entry {
                row: Row::Request(i as u32),
                instance: t.instance as u32,
                lo: if t.r.anchor == logjoin_parse::Anchor::Start && !t.has_duration {
                    t.start_lo
                } else {
                    t.end_lo
                },
                hi: if t.r.anchor == logjoin_parse::Anchor::Start && !t.has_duration {
                    t.start_hi
                } else {
                    t.end_hi
                },
                start: t.start_lo,
                has_duration: t.has_duration,
                status: t.r.status,
                bytes: t.r.bytes,
                agent: t.r.agent,
                id: t.r.id,
                client: t.r.client,
                is_start: t.r.anchor == logjoin_parse::Anchor::Start && !t.has_duration,
            };
            index.add(pair(t.r.method, t.r.target), entry);
        }
        for (i, m) in world.logs.iter().enumerate() {
            if plan.instances[m.instance].is_proxy || m.e.target == 0 && m.e.id == 0 {
                continue;
            }
            let entry = Entry {
                row: Row::Log(i as u32),
                instance: m.instance as u32,
                lo: m.lo,
                hi: m.hi,
                start: m.lo,
                has_duration: false,
                status: 0,
                bytes: -1,
                agent: 0,
                id: m.e.id,
                client: m.e.client,
                is_start: false,
            };
            let method = if m.e.method == 0 { 1 } else { m.e.method };
            if m.e.target != 0 {
                index.add(pair(method, m.e.target), entry);
            } else {
                index.by_id.entry(m.e.id).or_default().push(entry);
            }
        }
        index.by_request.values_mut().for_each(|list| list.sort_by_key(|e| (e.lo, e.row)));
        index
    }

    fn add(&mut self, key: u64, entry: Entry) {
        if entry.id != 0 {
            self.by_id.entry(entry.id).or_default().push(entry);
        }
        self.widest = self.widest.max(entry.hi - entry.lo);
        self.by_request.entry(key).or_default().push(entry);
    }

    /// Of the lines that name this method and target, those whose moments can lie between two.
    pub fn near(&self, method: u64, target: u64, from: i64, to: i64) -> &[Entry] {
        let list = self.request(method, target);
        let first = list.partition_point(|e| e.lo < from.saturating_sub(self.widest));
        let rest = &list[first..];
        &rest[..rest.partition_point(|e| e.lo <= to)]
    }

    /// Lines that name this method and target, in order of time per list.
    pub fn request(&self, method: u64, target: u64) -> &[Entry] {
        self.by_request.get(&pair(method, target)).map_or(&[], Vec::as_slice)
    }

    /// Lines that name this target without a method.
    pub fn target(&self, target: u64) -> &[Entry] {
        self.by_request.get(&pair(1, target)).map_or(&[], Vec::as_slice)
    }

    /// Lines that hold this id.
    pub fn id(&self, id: u64) -> &[Entry] {
        self.by_id.get(&id).map_or(&[], Vec::as_slice)
    }
}
