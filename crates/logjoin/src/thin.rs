//! Too many failures to keep each: of those that are alike some stay, and stand for the others.
//!
//! Alike are failures of one kind ([`Mark`]) in one step of time, with no gap between them in which an episode could end. Of
//! each such cell the first and the last stay (by their starts and by their ends), and those whose places in the input have the smallest hashes; together they count
//! as many as there were. The trick: each [level](LEVELS) makes cells of whole cells of the one before it, so that
//! what stays is the same in whatever parts the failures came, and however often this was done in between.

use crate::diagnose::Judged;
use crate::event::At;
use crate::failing::{Failing, Stands};
use crate::hash::{hash, pair};
use crate::index::Row;
use crate::join::Join;
use crate::link::{Chain, Linked};
use crate::plan::Plan;
use crate::scene::SECOND;
use crate::settling::Settling;
use crate::timeline::World;
use serde::{Deserialize, Serialize};

/// Failures of a cell that stay beside the first and the last ones.
const KEPT: usize = 5;

/// A failed request and its verdict.
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    pub failing: Failing,
    pub join: Join,
    pub judged: Judged,
    pub chain: Chain,
    pub mark: Mark,
}

/// What a failure is compared by.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Its kind, closely and roughly.
    kinds: [u64; 2],
    at: At,
}

/// How closely failures are told apart.
#[derive(Debug, Clone, Copy)]
struct Level {
    step_s: i64,
    /// A longer time without failures of the kind parts cells, seconds. What is shorter never ends an episode.
    gap_s: i64,
    /// Which of the kinds.
    kind: usize,
}

const fn level(step_s: i64, gap_s: i64, kind: usize) -> Level {
    Level { step_s, gap_s, kind }
}

/// Each is coarser than the one before it. Only the last ones, for failures that come one by one over years, may join episodes.
const LEVELS: [Level; 13] = [
    level(1, 8, 0),
    level(10, 8, 0),
    level(60, 8, 0),
    level(60, 8, 1),
    level(300, 8, 1),
    level(900, 8, 1),
    level(3600, 8, 1),
    level(14_400, 8, 1),
    level(86_400, 8, 1),
    level(864_000, 8, 1),
    level(864_000, 64, 1),
    level(864_000, 3600, 1),
    level(i64::MAX / SECOND, i64::MAX / SECOND, 1),
];

impl Mark {
    pub fn of(world: &World, f: &Failing, join: &Join, judged: &Judged, has_chain: bool) -> Mark {
        let t = &world.requests[f.request];
        let mut bytes: Vec<u8> = Vec::with_capacity(256);
        let mut word = |text: &str| {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        };
        word(f.mechanism.as_str());
        word(judged.cause.as_str());
        word(judged.detail.as_deref().unwrap_or_default());
        let last = f.tries.len().saturating_sub(1);
        for (n, tried) in f.tries.iter().enumerate() {
            // Which servers hidden attempts went to is counted; of the others, where the last one went.
            if n == last || f.is_hidden {
                word(tried.label.as_deref().unwrap_or_default());
                word(tried.mechanism.as_str());
            }
        }
        let has = |of: fn(&Row) -> bool| join.lines.iter().any(|l| of(&l.row));
        let retries = t.r.detail.as_deref().and_then(|d| d.haproxy.as_ref());
        let retries = retries.map(|h| (h.retries, h.is_redispatched)).filter(|_| f.is_hidden);
        for n in [
            t.instance as i64,
            i64::from(t.r.status),
            join.instances.last().map_or(-1, |i| *i as i64),
            i64::from(f.is_gateway) | i64::from(f.is_hidden) << 1 | i64::from(f.has_start) << 2,
            i64::from(join.ambiguous) | i64::from(has(|r| matches!(r, Row::Request(_)))) << 1,
            i64::from(has(|r| matches!(r, Row::Log(_)))),
            retries.map_or(-1, |(n, to_another)| n * 2 + i64::from(to_another)),
        ] {
            bytes.extend_from_slice(&n.to_le_bytes());
        }
        let rough = hash(&bytes);
        for tried in &f.tries {
            bytes.extend_from_slice(tried.label.as_deref().unwrap_or_default().as_bytes());
            bytes.extend_from_slice(tried.mechanism.as_str().as_bytes());
        }
        bytes.extend([f.errors.len().min(9) as u8, u8::from(has_chain), join.lines.len().min(9) as u8]);
        for claim in &judged.evidence {
            // The same words: a number in them makes no other kind.
            bytes.extend(claim.text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b }));
            bytes.push(0);
        }
        Mark { kinds: [hash(&bytes), rough], at: t.r.at }
    }

    /// Those with the smallest stay.
    fn rank(&self) -> (u64, At) {
        (pair(pair(u64::from(self.at.file), self.at.line), u64::from(self.at.part)), self.at)
    }
}

/// What is asked of a failure before it is known whether it stays: a tenth of what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thin {
    pub mark: Mark,
    start_ns: i64,
    end_ns: i64,
    is_gateway: bool,
    pub stands: Stands,
    /// Its number among those that were there at first.
    pub number: u32,
}

impl Thin {
    pub fn of(f: &Failing, mark: Mark, number: usize) -> Thin {
        let Failing { start_ns, end_ns, is_gateway, stands, .. } = *f;
        Thin { mark, start_ns, end_ns, is_gateway, stands, number: number as u32 }
    }

    /// As [`Failing::until`].
    fn until(&self) -> i64 {
        self.end_ns.max(self.stands.until)
    }
}

/// How coarse it has become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thinning {
    /// More failures than this are not kept, if it can be helped.
    most: usize,
    /// How many of the levels were needed.
    level: usize,
}

impl Thinning {
    /// None is needed yet.
    pub fn new(plan: &Plan) -> Thinning {
        Thinning { most: plan.options.keep_failures, level: 0 }
    }

    /// Lets go of failures for which others can stand, until there are no more than there may be. Says whether there were any.
    pub fn thin(&mut self, all: &mut Vec<Thin>) -> bool {
        let before = all.len();
        if let Some(level) = self.level.checked_sub(1) {
            fold(all, LEVELS[level]);
        }
        while all.len() > self.most && self.level < LEVELS.len() {
            fold(all, LEVELS[self.level]);
            self.level += 1;
        }
        all.len() < before
    }

    /// The same of everything that was judged at once.
    pub fn thin_all(&mut self, linked: &mut Linked, judged: &mut Vec<Judged>) {
        if linked.failing.len() <= self.most {
            return;
        }
        let Linked { failing, joins, chains, .. } = linked;
        let of_failing = (std::mem::take(failing), std::mem::take(joins), std::mem::take(chains));
        let all = Settling::new(&linked.world, of_failing, std::mem::take(judged));
        let mut stay = all.thin(0, |_| true);
        self.thin(&mut stay);
        for t in all.only(0, &stay) {
            linked.failing.push(t.failing);
            linked.joins.push(t.join);
            linked.chains.push(t.chain);
            judged.push(t.judged);
        }
    }
}

/// Makes cells, and lets go of what need not stay of each. The order of the others is not changed.
fn fold(all: &mut Vec<Thin>, level: Level) {
    let mut order: Vec<usize> = (0..all.len()).collect();
    let start = |i: &usize| (all[*i].mark.kinds[level.kind], all[*i].start_ns, all[*i].mark.at);
    order.sort_unstable_by_key(start);
    let mut stays = vec![false; all.len()];
    let mut stands: Vec<(usize, Stands)> = Vec::new();
    let mut rest = &order[..];
    while let Some(first) = rest.first() {
        let (cell, others) = rest.split_at(length(all, rest, level, *first));
        kept(all, cell, &mut stays, &mut stands);
        rest = others;
    }
    drop(order);
    for (i, new) in stands {
        all[i].stands = new;
    }
    let mut stays = stays.iter();
    all.retain(|_| *stays.next().unwrap_or(&true));
}

/// How many of the failures, in order of kind and start, are in one cell with the first.
fn length(all: &[Thin], order: &[usize], level: Level, first: usize) -> usize {
    let of = |i: usize| {
        let t = &all[i];
        (t.mark.kinds[level.kind], t.start_ns.div_euclid(level.step_s.saturating_mul(SECOND)))
    };
    // What is no gateway failure is in no episode.
    let gap = if all[first].is_gateway { level.gap_s.saturating_mul(SECOND) } else { i64::MAX };
    let mut reach = all[first].until();
    let is_in = |i: &&usize| {
        let f = &all[**i];
        let is_in = of(**i) == of(first) && f.start_ns.saturating_sub(reach) <= gap;
        reach = reach.max(f.until());
        is_in
    };
    order.iter().take_while(is_in).count()
}

/// Which of a cell stay, and what they stand for.
fn kept(all: &[Thin], cell: &[usize], stays: &mut [bool], stands: &mut Vec<(usize, Stands)>) {
    let f = |i: usize| &all[i];
    let n: u64 = cell.iter().map(|i| f(*i).stands.n).sum();
    if cell.len() <= KEPT {
        cell.iter().for_each(|i| stays[*i] = true);
        if n == cell.len() as u64 {
            return;
        }
    } else {
        let mut ranked = cell.to_vec();
        ranked.select_nth_unstable_by_key(KEPT, |i| all[*i].mark.rank());
        ranked[..KEPT].iter().for_each(|i| stays[*i] = true);
    }
    let (Some(first), Some(last)) = (cell.first(), cell.last()) else { return };
    (stays[*first], stays[*last]) = (true, true);
    let ends = cell.iter().max_by_key(|i| (f(**i).end_ns, f(**i).mark.at));
    ends.into_iter().for_each(|i| stays[*i] = true);
    let left = cell.iter().filter(|i| stays[**i]).count() as u64;
    if n == left {
        return;
    }
    let until = cell.iter().map(|i| f(*i).until()).max().unwrap_or(i64::MIN);
    let range = f(*last).start_ns.saturating_sub(f(*first).start_ns);
    let pace_ns = range / i64::try_from(n - 1).unwrap_or(i64::MAX).max(1);
    // Shared out evenly, to the last one.
    let (each, more) = (n / left, n % left);
    let kept = cell.iter().filter(|i| stays[**i]).enumerate();
    stands.extend(kept.map(|(k, i)| (*i, Stands { n: each + u64::from((k as u64) < more), until, pace_ns })));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: u64, line: u64, start_ns: i64, took_ns: i64) -> Thin {
        Thin {
            mark: Mark { kinds: [kind, kind / 2], at: At::new(0, line) },
            start_ns,
            end_ns: start_ns + took_ns,
            is_gateway: kind / 2 != 3,
            stands: Stands::ONE,
            number: line as u32,
        }
    }

    /// Bursts and lone ones of a few kinds, some of them long.
    fn many() -> Vec<Thin> {
        let of = |n: u64| {
            let h = pair(n, 7);
            let burst = (h % 23) as i64 * 37 * SECOND;
            let start = burst + (h >> 8) as i64 % (20 * SECOND);
            let took = if h.is_multiple_of(11) { (h >> 16) as i64 % (60 * SECOND) } else { 0 };
            one(h >> 40 & 7, n, start, took)
        };
        (0..4000).map(of).collect()
    }

    type Seen = Vec<(u64, u64, i64, i64)>;

    fn seen(told: &[Thin]) -> Seen {
        let of = |t: &Thin| (t.mark.at.line, t.stands.n, t.until(), t.stands.pace_ns);
        let mut all: Seen = told.iter().map(of).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn what_stays_does_not_depend_on_order_and_parts() {
        for most in [3000, 1000, 300, 100, 10] {
            let mut whole = many();
            let mut thinning = Thinning { most, level: 0 };
            assert!(thinning.thin(&mut whole));
            assert_eq!(whole.iter().map(|t| t.stands.n).sum::<u64>(), 4000);
            for parts in [2, 7, 40] {
                // In order of time, as slices are.
                let mut all = many();
                all.sort_by_key(|t| (t.end_ns, pair(t.mark.at.line, 5)));
                let (mut kept, mut thinning) = (Vec::new(), Thinning { most, level: 0 });
                let size = all.len() / parts + 1;
                while !all.is_empty() {
                    kept.extend(all.drain(..size.min(all.len())));
                    thinning.thin(&mut kept);
                }
                assert_eq!(seen(&kept), seen(&whole), "{most} in {parts} parts");
                // On one level, in any order.
                let mut all = many();
                all.sort_by_key(|t| pair(t.mark.at.line, parts as u64));
                let mut kept = Vec::new();
                while !all.is_empty() {
                    kept.extend(all.drain(..size.min(all.len())));
                    fold(&mut kept, LEVELS[thinning.level - 1]);
                }
                assert_eq!(seen(&kept), seen(&whole), "{most} in {parts} parts, mixed up");
            }
        }
    }

    #[test]
    fn first_and_last_stay_and_no_gap_opens() {
        // Rows of one kind, as an episode would see them.
        let rows = |told: &[Thin], kind: u64| {
            let mut all: Vec<&Thin> = told.iter().filter(|t| t.mark.kinds[1] == kind).collect();
            all.sort_by_key(|f| f.start_ns);
            let mut rows: Vec<(i64, i64, u64)> = Vec::new();
            for f in all {
                match rows.last_mut() {
                    Some(row) if f.start_ns - row.1 <= 8 * SECOND => {
                        (row.1, row.2) = (row.1.max(f.until()), row.2 + f.stands.n);
                    }
                    _ => rows.push((f.start_ns, f.until(), f.stands.n)),
                }
            }
            rows
        };
        for most in [2000, 800] {
            let mut few = many();
            Thinning { most, level: 0 }.thin(&mut few);
            assert!(few.len() <= most);
            for kind in 0..3 {
                assert_eq!(rows(&few, kind), rows(&many(), kind), "kind {kind}, {most}");
            }
        }
    }

    #[test]
    fn few_are_left_alone() {
        let mut all = many();
        assert!(!Thinning { most: 4000, level: 0 }.thin(&mut all));
        assert_eq!(seen(&all), seen(&many()));
    }
}
