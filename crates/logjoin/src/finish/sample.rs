//! A sample of the healthy requests, spread over time: what failed ones are compared with.
//!
//! The trick: of each proxy and step those are kept whose places in the input have the smallest hashes. That is as good as a
//! random choice, and the same whatever the order and the cut.

use super::steps::{Merge, Stepped};
use super::traffic::Seen;
use crate::event::At;
use crate::hash::pair;
use crate::packed::AnyRequest;
use serde::{Deserialize, Serialize};

/// Requests kept per proxy and step.
const KEPT: usize = 64;

/// The dimensions in which requests are compared; in this order in [`Traits`].
pub(super) const DIMENSIONS: [&str; 8] =
    ["path", "method", "client", "client-network", "user-agent", "server", "size", "connection"];

/// One value per dimension: hashes, or small numbers from 1; 0: not logged.
pub(super) type Traits = [u64; 8];

/// Lengths of requests, bytes, and their names.
pub(super) const SIZES: [(i64, &str); 5] = [
    (1 << 10, "under 1 KiB"),
    (8 << 10, "1 to 8 KiB"),
    (64 << 10, "8 to 64 KiB"),
    (1 << 20, "64 KiB to 1 MiB"),
    (i64::MAX, "1 MiB or more"),
];
/// Uses of the client's connection.
pub(super) const CONNECTIONS: [&str; 2] =
    ["first request of its connection", "a later request of its connection"];

/// The traits of a request.
pub(super) fn traits(r: AnyRequest<'_>) -> Traits {
    let sent = r.sent();
    let size = if sent < 0 { 0 } else { 1 + SIZES.iter().position(|(below, _)| sent < *below).unwrap_or(4) };
    let connection = match r.carried() {
        i32::MIN..0 => 0,
        0 => 1,
        _ => 2,
    };
    [r.route(), r.method(), r.client(), r.network(), r.agent(), r.server(), size as u64, connection]
}

/// Those kept of one proxy and step, with their places in the input.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Healthy {
    /// In no order, and sometimes up to twice as many as are to be kept.
    kept: Vec<Kept>,
    /// What is behind it is not kept.
    limit: Option<Place>,
}

/// A hash of the place in the input, and the place.
type Place = (u64, At);

/// Place, moment and traits of a request.
type Kept = (Place, i64, Traits);

impl Healthy {
    /// Whether a place is among the first ones so far.
    #[inline]
    fn takes(&self, place: Place) -> bool {
        self.limit.is_none_or(|limit| place < limit)
    }

    fn add(&mut self, kept: Kept) {
        if self.kept.len() == self.kept.capacity() {
            // In few steps, as most cells are either nearly empty or full.
            let more = if self.kept.is_empty() { KEPT / 16 } else { 7 * self.kept.len() };
            self.kept.reserve_exact(more.min(2 * KEPT));
        }
        self.kept.push(kept);
        if self.kept.len() == 2 * KEPT {
            self.shrink();
        }
    }

    /// Lets go of what is not among the first ones.
    fn shrink(&mut self) {
        if self.kept.len() >= KEPT {
            let (_, last, _) = self.kept.select_nth_unstable_by_key(KEPT - 1, |k| k.0);
            self.limit = Some(last.0);
            self.kept.truncate(KEPT);
        }
    }

    /// The first ones, in order.
    fn first(&self) -> Vec<&Kept> {
        let mut list: Vec<&Kept> = self.kept.iter().collect();
        list.sort_unstable_by_key(|k| k.0);
        list.truncate(KEPT);
        list
    }
}

impl Merge for Healthy {
    fn merge(&mut self, mut other: Healthy) {
        if self.kept.is_empty() {
            *self = other;
            return;
        }
        self.kept.append(&mut other.kept);
        self.shrink();
    }
}

/// Samples by proxy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sample {
    cells: Stepped<usize, Healthy>,
}

impl Sample {
    pub fn new() -> Sample {
        Sample { cells: Stepped::new(1) }
    }

    /// An empty one, in steps of the same length.
    pub fn like(&self) -> Sample {
        Sample { cells: self.cells.like() }
    }

    #[inline]
    pub fn add(&mut self, seen: &Seen<'_>) {
        if !seen.is_proxy || !seen.is_served {
            return;
        }
        let at = seen.r.at();
        let key = (pair(u64::from(at.file), at.line), at);
        let cell = self.cells.at(seen.end_lo, seen.instance);
        if cell.takes(key) {
            cell.add((key, seen.end_lo, traits(seen.r)));
        }
    }

    /// Lets go of memory for what would be added.
    pub fn close(&mut self) {
        self.cells.for_each(|cell| {
            cell.shrink();
            cell.kept.shrink_to_fit();
        });
    }

    pub fn merge(&mut self, other: Sample) {
        self.cells.merge(other.cells);
    }

    /// Healthy requests of some proxies that ended in a stretch of time.
    pub fn within(&self, proxies: impl Fn(usize) -> bool, from: i64, to: i64) -> Vec<Traits> {
        let cells = self.cells.within(from, to).filter(|(_, proxy, _)| proxies(*proxy));
        let all = cells.flat_map(|(_, _, c)| c.first());
        all.filter(|(_, t, _)| (from..=to).contains(t)).map(|(_, _, traits)| *traits).collect()
    }
}
