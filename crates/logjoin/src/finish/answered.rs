//! When each server first answered after a new version of the configuration was loaded: whether anybody is at the addresses
//! that it brought.
//!
//! The trick: a reload and its version are seconds apart, so only these seconds are told from each other; whatever began later
//! came after the reload in any case.

use std::collections::BTreeMap;

use super::traffic::Seen;
use crate::plan::Plan;
use crate::scene::SECOND;
use crate::stored;
use serde::{Deserialize, Serialize};

/// How far a reload may be from the moment of its version, seconds, and one more.
const NEAR: i64 = 7;

/// By proxy and label of the server: by version (the second in which it was loaded) and second in which a request began (the
/// last one: or later), the first moment at which one ended that was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answered(#[serde(with = "stored::pairs")] BTreeMap<(usize, u64), Firsts>);

/// Those of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Firsts(#[serde(with = "stored::pairs")] BTreeMap<(i64, i64), i64>);

/// The seconds in which versions were loaded.
pub(super) fn versions(plan: &Plan) -> Vec<i64> {
    let mut list: Vec<i64> =
        plan.configs.iter().filter_map(|c| c.loaded_ns).map(|t| t.div_euclid(SECOND)).collect();
    list.sort_unstable();
    list.dedup();
    list
}

impl Answered {
    pub fn add(&mut self, versions: &[i64], seen: Seen<'_>) {
        let (t, server) = (seen, seen.r.server());
        if !seen.is_proxy || !seen.is_served || server == 0 {
            return;
        }
        let began = t.start_lo.div_euclid(SECOND);
        for version in versions.iter().take_while(|v| began >= **v - NEAR) {
            let second = began.min(*version + NEAR);
            let firsts = &mut self.0.entry((t.instance, server)).or_default().0;
            let first = firsts.entry((*version, second)).or_insert(t.end_lo);
            *first = t.end_lo.min(*first);
        }
    }

    pub fn merge(&mut self, other: Answered) {
        for (key, firsts) in other.0 {
            let own = self.0.entry(key).or_default();
            for (second, end) in firsts.0 {
                let first = own.0.entry(second).or_insert(end);
                *first = end.min(*first);
            }
        }
    }

    /// When a server behind a proxy first answered what began in a second after that moment, which is near to the one at which a
    /// version was loaded.
    pub fn first(&self, (proxy, server): (usize, u64), loaded_ns: i64, after: i64) -> Option<i64> {
        let version = loaded_ns.div_euclid(SECOND);
        let firsts = self.0.get(&(proxy, server))?;
        let later = (version, after.div_euclid(SECOND) + 1)..=(version, i64::MAX);
        firsts.0.range(later).map(|(_, end)| *end).min()
    }
}
