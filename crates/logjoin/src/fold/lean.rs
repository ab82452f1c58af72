//! Of a long slice, only the requests that a failure could ask for go through clocks, joins and rules; the others are counted where
//! they lie.
//!
//! A failure asks for requests with its key, ids or (where messages name nothing) route, near it in time. What is usual is
//! learned from a sample that is whole: of a key, either all requests are in it, in all logs, or none; and of each server a few
//! keys are, however rare its requests. That something was served is known of all requests ([`Served`](crate::scene::Served)).

use std::collections::BTreeMap;

use super::aside::{Lean, LeanBlock, LeanFile, PIECE, Part};
use super::chosen::Choice;
use crate::clock::{ClockModel, is_success, rank};
use crate::event::{At, Events, Request};
use crate::hash::{Map, pair};
use crate::packed::Packed;
use crate::par;
use crate::plan::Plan;
use crate::timeline::{Complete, Span, Timed};

const SECOND: i64 = 1_000_000_000;
/// Which share of [`lean_rows`](crate::Options::lean_rows) the sample is: at first, and when the clocks are known and only followed.
const SAMPLE: [usize; 2] = [2, 4];
/// Keys that are whole for the sake of each server.
const KEYS_OF_SERVER: usize = 4;
/// How long before the begin and after the end of a failure its requests may lie, beside what the clocks are off.
const AROUND: i64 = 5 * SECOND;
/// The same after a failure for which the backend may have gone on working.
const LATE: i64 = 60 * SECOND;

/// What failures ask for.
#[derive(Default)]
struct Asked {
    /// Stretches of time, on the reference clock, by method and key.
    keys: Map<u64, Vec<(i64, i64)>>,
    /// The keys by themselves.
    targets: Map<u64, ()>,
    routes: Map<u64, Vec<(i64, i64)>>,
    ids: Map<u64, ()>,
}

impl Lean {
    /// Whether there are so many requests that it pays.
    pub fn pays(plan: &Plan, files: &BTreeMap<u32, Events>) -> bool {
        files.values().map(Events::request_count).sum::<usize>() > plan.options.lean_rows
    }

    /// Chooses the requests that are looked at, and leaves the others aside. `rest` is what the files hold beside requests; `before` is what
    /// is known of the clocks. After the last slice nothing is [given back](Self::give_back).
    pub fn choose(
        &mut self,
        plan: &Plan,
        rest: &BTreeMap<u32, Events>,
        before: Option<&ClockModel>,
        (is_known, is_last): (bool, bool),
    ) -> (Vec<Timed>, Complete) {
        let logs = || rest.values().flat_map(|e| &e.logs);
        // One log by itself is compared with nothing.
        let mut writers: Vec<usize> =
            self.files.iter().filter(|f| !f.is_empty()).map(|f| f.instance).collect();
        writers.dedup();
        let is_alone = writers.len() < 2 && !logs().any(|l| l.target != 0 || l.id != 0);
        let nameless = logs().any(|l| l.target == 0 && l.id == 0);
        let asked = if is_alone { Asked::default() } else { self.asked(plan, before, nameless) };
        let complete = if is_alone {
            Complete::default()
        } else {
            self.sample(plan.options.lean_rows / SAMPLE[usize::from(is_known)])
        };
        let wanted = Wanted { complete: &complete, asked: &asked, range: Range::of(plan) };
        // First which, then out with them: there is room for exactly these.
        let choice = |f: &LeanFile| {
            let near = Near::new(before.filter(|b| b.is_known(f.instance)), f.instance);
            let rows: Vec<(&Request, &Span)> = f.requests.iter().zip(&f.spans).collect();
            let whole = par::pieces(&rows, par::share(rows.len(), PIECE), |_, piece| {
                piece.iter().map(|(r, span)| wanted.has(r, span, &near)).collect::<Vec<bool>>()
            });
            let packed =
                if is_alone { Vec::new() } else { par::map(&f.packed, |b| wanted.of_block(b, &near)) };
            Choice { whole: whole.concat(), packed }
        };
        let choices: Vec<Choice> = self.files.iter().map(choice).collect();
        let ahead = |f: &LeanFile| {
            let near = Near::new(before.filter(|b| b.is_known(f.instance)), f.instance);
            move |at: At, shown: i64| near.offset(at, shown)
        };
        (self.take_out(choices, ahead, is_last), complete)
    }

    /// What the failures in view ask for.
    fn asked(&self, plan: &Plan, before: Option<&ClockModel>, nameless: bool) -> Asked {
        let mut asked = Asked::default();
        let range = Range::of(plan);
        for f in self.files.iter().filter(|f| plan.instances[f.instance].is_proxy) {
            let clock = Near::new(before.filter(|b| b.is_known(f.instance)), f.instance);
            for (r, span) in f.requests.iter().zip(&f.spans) {
                let Some(detail) = r.detail.as_ref().filter(|_| range.may_have(&clock, r.at, span)) else {
                    continue;
                };
                // What the proxy did not wait for may end much later.
                let after = if matches!(r.status, 500 | 502 | 503) { AROUND } else { LATE };
                let offset = clock.offset(r.at, span.end_lo);
                let near =
                    (span.start_lo - offset - clock.band - AROUND, span.end_hi - offset + clock.band + after);
                if r.key != 0 {
                    add(asked.keys.entry(pair(r.method, r.key)).or_default(), near);
                    asked.targets.insert(r.key, ());
                }
                if nameless {
                    add(asked.routes.entry(r.route).or_default(), near);
                }
                asked.ids.extend(detail.ids.iter().filter(|id| **id != 0).map(|id| (*id, ())));
            }
        }
        asked
    }

    /// Of which keys all requests are looked at.
    pub(super) fn sample(&self, most: usize) -> Complete {
        let mut ranks: Vec<(u64, usize)> = Vec::new();
        let mut of_server: BTreeMap<(usize, u64), Keys> = BTreeMap::new();
        for (counted, keys) in self.parts(counted) {
            ranks.extend(counted);
            for (server, keys) in keys {
                let all = of_server.entry(server).or_default();
                keys.0.into_iter().for_each(|(rank, key)| all.add(rank, key));
            }
        }
        par::sort(&mut ranks);
        let mut sum = 0;
        let beyond = ranks.iter().find(|(_, n)| {
            sum += n;
            sum > most
        });
        let limit = beyond.map_or(u64::MAX, |(rank, _)| rank.saturating_sub(1));
        let keys = of_server.into_values().flat_map(|k| k.0).map(|(_, key)| (key, ())).collect();
        Complete { limit, keys }
    }
}

/// Of the keys of a part, the ranks, with how many requests were served; and by instance and server, the keys that rank first.
type Counted = (Vec<(u64, usize)>, BTreeMap<(usize, u64), Keys>);

fn counted(part: &Part<'_>) -> Counted {
    // Requests with one key stay or go together, so that they are counted together.
    let mut ranks: Vec<(u64, usize)> = Vec::new();
    let mut of_server: BTreeMap<(usize, u64), Keys> = BTreeMap::new();
    for r in part.requests.iter().filter(|r| r.key != 0 && is_success(r.status)) {
        ranks.push((rank(r.key), 1));
        if r.server != 0 {
            of_server.entry((part.instance, r.server)).or_default().add(rank(r.key), r.key);
        }
    }
    for LeanBlock { block, .. } in part.packed {
        let keys: Vec<(u64, u64)> = block.targets.iter().map(|t| (rank(t.target), t.target)).collect();
        let mut counts = vec![0; keys.len()];
        let mut of_block: Vec<Keys> = vec![Keys::default(); block.servers.len()];
        for p in block.rows().iter().filter(|p| is_success(p.status())) {
            counts[p.target_no()] += 1;
            let (rank, key) = keys[p.target_no()];
            if p.server_no() != 0 && key != 0 {
                of_block[p.server_no()].add(rank, key);
            }
        }
        let counted = keys.iter().zip(counts).filter(|((_, key), n)| *key != 0 && *n > 0);
        ranks.extend(counted.map(|((rank, _), n)| (*rank, n)));
        for (server, keys) in block.servers.iter().zip(of_block).filter(|(server, _)| **server != 0) {
            let all = of_server.entry((part.instance, *server)).or_default();
            keys.0.into_iter().for_each(|(rank, key)| all.add(rank, key));
        }
    }
    (ranks, of_server)
}

/// The keys of one server that rank first.
#[derive(Debug, Clone, Default)]
struct Keys(Vec<(u64, u64)>);

impl Keys {
    fn add(&mut self, rank: u64, key: u64) {
        let keys = &mut self.0;
        let is_first = keys.len() < KEYS_OF_SERVER || keys.last().is_some_and(|last| (rank, key) < *last);
        if is_first && !keys.contains(&(rank, key)) {
            keys.push((rank, key));
            keys.sort_unstable();
            keys.truncate(KEYS_OF_SERVER);
        }
    }
}

/// What is looked at.
struct Wanted<'w> {
    complete: &'w Complete,
    asked: &'w Asked,
    range: Range,
}

impl Wanted<'_> {
    fn has(&self, r: &Request, span: &Span, near: &Near<'_>) -> bool {
        r.detail.is_some() && self.range.may_have(near, r.at, span)
            || self.complete.has(r.key)
            || self.is_asked(near, r.at, span, (r.method, r.key, r.route))
            || r.id != 0 && self.asked.ids.contains_key(&r.id)
    }

    fn is_asked(&self, near: &Near<'_>, at: At, span: &Span, (method, key, route): (u64, u64, u64)) -> bool {
        let any = |times: Option<&Vec<(i64, i64)>>| times.is_some_and(|times| near.any(times, at, span));
        any(self.asked.keys.get(&pair(method, key)))
            || !self.asked.routes.is_empty() && any(self.asked.routes.get(&route))
    }

    /// Of each row of a block, whether it is wanted.
    fn of_block(&self, b: &LeanBlock, near: &Near<'_>) -> Vec<bool> {
        let block = &b.block;
        // What is the same for all requests for a target.
        let whole: Vec<bool> = block.targets.iter().map(|t| self.complete.has(t.target)).collect();
        let may_be_asked: Vec<bool> = block
            .targets
            .iter()
            .map(|t| self.asked.targets.contains_key(&t.target) || self.asked.routes.contains_key(&t.route))
            .collect();
        let has = |(p, span): (&Packed, Span)| {
            whole[p.target_no()]
                || p.id() != 0 && self.asked.ids.contains_key(&p.id())
                || may_be_asked[p.target_no()] && {
                    let t = block.target(p);
                    self.is_asked(near, block.at(p), &span, (block.method(p), t.target, t.route))
                }
        };
        b.rows().map(has).collect()
    }
}

/// Whether a request may have ended in the range that was asked for, as far as the clocks are known.
pub(crate) fn may_be_asked(plan: &Plan, clocks: Option<&ClockModel>, t: &Timed) -> bool {
    let near = Near::new(clocks.filter(|c| c.is_known(t.instance)), t.instance);
    Range::of(plan).may_have(&near, t.r.at, &t.span())
}

/// The range that was asked for.
struct Range {
    since: i64,
    until: i64,
}

impl Range {
    fn of(plan: &Plan) -> Range {
        Range {
            since: plan.options.since_ns.unwrap_or(i64::MIN),
            until: plan.options.until_ns.unwrap_or(i64::MAX),
        }
    }

    /// Whether a request may have ended in it, as far as the clock is known; only such failures are asked about.
    fn may_have(&self, near: &Near<'_>, at: At, span: &Span) -> bool {
        (self.since, self.until) == (i64::MIN, i64::MAX)
            || near.any(&[(self.since.saturating_sub(AROUND), self.until.saturating_add(AROUND))], at, span)
    }
}

/// What is near in time, by the clock of an instance as far as it is known.
struct Near<'c> {
    clock: Option<&'c ClockModel>,
    instance: usize,
    band: i64,
}

impl<'c> Near<'c> {
    fn new(clock: Option<&'c ClockModel>, instance: usize) -> Near<'c> {
        Near { clock, instance, band: clock.map_or(0, |c| c.band(instance)) }
    }

    /// By how much the clock is ahead when it shows a time.
    fn offset(&self, at: At, shown: i64) -> i64 {
        self.clock.map_or(0, |c| c.offset_at(self.instance, at, shown))
    }

    /// On a clock that nobody knows, any moment may be near. One that was set on the way is taken as what it was, and as what
    /// it is.
    fn any(&self, times: &[(i64, i64)], at: At, span: &Span) -> bool {
        let Some(clock) = self.clock else { return true };
        let is_near = |offset: i64| {
            times.iter().any(|(from, to)| {
                span.end_hi - offset + self.band >= *from && span.start_lo - offset - self.band <= *to
            })
        };
        let (then, latest) = (self.offset(at, span.end_lo), clock.latest(self.instance));
        is_near(then) || latest != then && is_near(latest)
    }
}

/// Adds a stretch of time to a list of them that comes about in order.
fn add(list: &mut Vec<(i64, i64)>, (from, to): (i64, i64)) {
    match list.last_mut() {
        Some(last) if from <= last.1 && to >= last.0 => *last = (last.0.min(from), last.1.max(to)),
        _ => list.push((from, to)),
    }
}
