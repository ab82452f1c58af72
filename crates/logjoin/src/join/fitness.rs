//! How well a line fits a request, beside what it says by chance.

use super::claims::Claim;
use super::laws::Laws;
use crate::hash::Map;
use crate::index::{Entry, Index, Row};

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
pub(super) struct Odds {
    /// Lines with its agent, per second.
    by_chance: f64,
    /// The share of other lines with as many bytes.
    as_long: f64,
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
    fn same_visitor(&self, e: &Entry) -> f64 {
        self.visitors.get(&(e.agent, e.client)).copied().unwrap_or(1.0) / self.span
    }
}

/// The share of errors among lines.
pub(super) fn error_share(lines: impl ExactSizeIterator<Item = Entry>) -> f64 {
    let all = lines.len() as f64;
    let errors = lines.filter(|e| is_error(e.status)).count() as f64;
    (errors + 0.1) / (all + 2.0)
}

/// How much likelier the line is as this request's than as nobody's, where the agents are the same; 0 if it cannot be.
pub(super) fn fitness(
    laws: &Laws,
    rare: &Rarity,
    index: &Index<'_>,
    c: &Claim,
    e: &Entry,
    odds: &Odds,
) -> f64 {
    // What is cheap and rules out most comes first.
    if c.instance.is_some_and(|i| i != e.instance as usize)
        || e.status != 0 && c.is_passed_on() && e.status != c.status
    {
        return 0.0;
    }
    let law = laws.of(c.asked.instance, e.instance as usize);
    if law.shares_clients && e.client != 0 && c.asked.client != 0 && e.client != c.asked.client
        || law.shares_ids && other_ids(index, c, e)
        || law.is_known && e.status != 0 && law.is_elsewhere(c, e)
    {
        return 0.0;
    }
    // Without a clock, only being the only one tells.
    let moments = if law.is_known { law.moments(c, e) } else { 1.0 / rare.span };
    if moments == 0.0 {
        return 0.0;
    }
    let names_client = law.shares_clients && e.client != 0 && e.client == c.asked.client;
    let by_chance = if names_client { rare.same_visitor(e) } else { odds.by_chance };
    moments / (law.strays * by_chance) * law.same_bytes(c, e, odds.as_long)
}

/// Both hold an id, but not the same one.
fn other_ids(index: &Index<'_>, c: &Claim, e: &Entry) -> bool {
    let (own, other) = (index.id_of(Row::Request(c.request as u32)), index.id_of(e.row));
    own != 0 && other != 0 && own != other
}
