//! How well a line fits a request, beside what it says by chance.

use super::briefs::Brief;
use super::claims::Claim;
use super::law::Law;
use crate::hash::Map;
use crate::index::Entry;

const SECOND: i64 = 1_000_000_000;
/// In a thinned world, nothing is known of longer gaps.
const LONGEST_GAP: i64 = 10 * SECOND;

/// Status lines of errors: 5xx, and the 499 of a server whose client went away.
pub(super) fn is_error(status: i32) -> bool {
    status >= 499
}

/// How frequent what a line says is among the lines of its target.
pub(super) struct Rarity {
    agents: Map<u32, f64>,
    /// By agent and client.
    visitors: Map<(u32, u32), f64>,
    bytes: Map<i64, f64>,
    all: f64,
    /// Seconds from the first to the last.
    span: f64,
}

/// How frequent what this line says is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Odds {
    /// Lines with its agent, per second.
    pub by_chance: f64,
    /// The share of other lines with as many bytes.
    pub as_long: f64,
}

impl Rarity {
    /// Unless `is_whole`, there may be more lines in the gaps between these.
    pub fn of(lines: impl Iterator<Item = Entry>, is_whole: bool) -> Rarity {
        let mut rare = Rarity {
            agents: Map::default(),
            visitors: Map::default(),
            bytes: Map::default(),
            all: 0.0,
            span: 10.0,
        };
        let gap = if is_whole { i64::MAX } else { LONGEST_GAP };
        let (mut known, mut last): (i64, Option<Entry>) = (0, None);
        for e in lines {
            known += last.map_or(0, |last| (e.lo - last.lo).min(gap));
            last = Some(e);
            rare.all += 1.0;
            *rare.agents.entry(e.agent).or_default() += 1.0;
            if e.client != 0 {
                *rare.visitors.entry((e.agent, e.client)).or_default() += 1.0;
            }
            *rare.bytes.entry(e.bytes).or_default() += 1.0;
        }
        let last = last.map_or(0, |e| e.hi - e.lo);
        rare.span = rare.span.max((known + last) as f64 / 1e9);
        rare
    }

    pub fn odds(&self, e: &Entry) -> Odds {
        let others = self.bytes.get(&e.bytes).copied().unwrap_or(1.0) - 1.0;
        Odds {
            by_chance: self.agents.get(&e.agent).copied().unwrap_or(1.0) / self.span,
            as_long: (others + 0.01) / (self.all - 1.0 + 2.0),
        }
    }

    /// Lines with its agent and client, per second.
    fn same_visitor(&self, e: &Brief) -> f64 {
        self.visitors.get(&(e.agent, e.client)).copied().unwrap_or(1.0) / self.span
    }
}

/// The share of errors among lines.
#[derive(Debug, Default)]
pub(super) struct ErrorShare {
    all: u32,
    errors: u32,
}

impl ErrorShare {
    /// Counts a line; always true.
    pub fn add(&mut self, e: &Entry) -> bool {
        self.all += 1;
        self.errors += u32::from(is_error(e.status));
        true
    }

    pub fn share(&self) -> f64 {
        (f64::from(self.errors) + 0.1) / (f64::from(self.all) + 2.0)
    }
}

/// How much likelier the line is as this request's than as nobody's, where agents and instances are the same; 0 if it cannot
/// be, or if it is surely no more than `least`. `has_other_id`: both hold an id, but not the same one.
#[inline]
pub(super) fn fitness(
    law: &Law,
    rare: &Rarity,
    (c, e): (&Claim, &Brief),
    least: f64,
    has_other_id: impl Fn() -> bool,
) -> f64 {
    // What is cheap and rules out most comes first.
    if e.status != 0 && c.is_passed_on() && e.status != c.status
        || law.shares_clients && e.client != 0 && c.asked.client != 0 && e.client != c.asked.client
        || law.is_known && e.status != 0 && law.is_elsewhere(c, e)
        || law.shares_ids && has_other_id()
    {
        return 0.0;
    }
    // Without a clock, only being the only one tells.
    let moments = if law.is_known { law.moments(c, e) } else { 1.0 / rare.span };
    if moments == 0.0 {
        return 0.0;
    }
    let names_client = law.shares_clients && e.client != 0 && e.client == c.asked.client;
    let by_chance = if names_client { rare.same_visitor(e) } else { e.odds.by_chance };
    let fit = moments / (law.strays * by_chance);
    // The bytes may be shared by none but this line and this request, at the best.
    if fit < least * e.odds.as_long { 0.0 } else { fit * law.same_bytes(c, e) }
}
