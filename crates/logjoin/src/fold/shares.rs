//! Rows of all files, shared out by time, so that each share can be judged apart from the others.
//!
//! Every row has one home, where it is counted and judged; the shares next to it have it too where it is near enough to matter,
//! settled from the start. What a failure may ask for from afar (starts, stops and reloads, the first rows of each log, a sample of what
//! was served, by which clocks are fitted and servers learned) is in the [`Frame`], which goes to every worker. Which share a row
//! belongs to depends on all rows, never on how they came together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::SECOND;
use super::aside::{Lean, LeanBlock, LeanFile};
use super::window::{is_of_proxy, says_something};
use crate::calendar::{Calendar, Found};
use crate::clock::{self, ClockModel, is_success};
use crate::event::{At, Events, Request};
use crate::hash::{Map, pair};
use crate::index::Index;
use crate::partial::{Partial, PartialError, VERSION, fingerprint};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::rewrites::{self, Rewrites};
use crate::scanner::FileScan;
use crate::timeline::{self, Complete, Row, World};
use crate::trail::Trail;

/// Requests by which the clocks are fitted over the whole time, about.
const SAMPLE: usize = 40_000;
/// Of a server that the sample leaves out, the requests for a few targets are here, if they are no more than so many each.
const OF_SERVER: usize = 500;
/// The first requests of each source, by which it is known how far the clocks are apart where few targets are asked for.
const FIRST: usize = 4096;
/// What a failure or a line of text weighs in a share, in healthy requests.
const HEAVY: usize = 2;

/// What every share of an analysis has to know: what was said of the files as a whole, and the rows that matter from afar. Made by
/// [`Partial::shares`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Frame {
    version: u32,
    /// Of the plan, and of where the shares begin.
    pub(super) fingerprint: u64,
    /// With the rows that matter from afar, all of them settled.
    pub(super) scans: Vec<FileScan>,
    pub(super) rewrites: Rewrites,
    /// The zones that only all lines together tell.
    zones: Found,
    /// The last moment of each share but the last, nanoseconds on the reference clock.
    bounds: Vec<i64>,
    /// What follows from all that.
    #[serde(skip)]
    known: OnceLock<Known>,
}

/// Rows of some stretch of time, and of what is near it, in all files. Made by [`Partial::shares`], and judged by
/// [`correlate`](crate::correlate()).
#[derive(Debug, Serialize, Deserialize)]
pub struct Share {
    version: u32,
    pub(super) fingerprint: u64,
    pub(super) number: u32,
    pub(super) files: BTreeMap<u32, Events>,
}

/// What follows from the rows of a [`Frame`].
#[derive(Debug)]
pub(super) struct Known {
    pub calendar: Calendar,
    pub clocks: ClockModel,
    pub peers: Peers,
    /// Its rows, on the reference clock.
    pub world: World,
}

impl Frame {
    /// How many shares there are.
    pub fn shares(&self) -> usize {
        self.bounds.len() + 1
    }

    /// Whether it was made with this plan: what was stored may have been changed.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), PartialError> {
        let is_own = self.fingerprint == pair(fingerprint(plan), crate::hash::hash(&bytes(&self.bounds)))
            && self.scans.iter().all(|s| s.is_of_file(plan));
        check(self.version, is_own)
    }

    pub(super) fn known(&self, plan: &Plan) -> &Known {
        self.known.get_or_init(|| {
            let calendar = Calendar::decide(plan, &trails(plan, &self.scans), &self.zones);
            let mut world = timeline::resolve(plan, self.rows(), &calendar);
            let clocks = clock::fit_all(plan, &world, None);
            world.shift(&clocks);
            let index = Index::new(plan, &world);
            let mut peers = Peers::learn(plan, &world, &index, &clocks);
            peers.rewrites = self.rewrites.clone();
            Known { calendar, clocks, peers, world }
        })
    }

    /// The rows that matter from afar, by file.
    pub(super) fn rows(&self) -> BTreeMap<u32, Events> {
        self.scans.iter().map(|s| (s.file, s.events.clone())).collect()
    }
}

impl Share {
    /// Which of them it is, from 0, in order of time.
    pub fn number(&self) -> usize {
        self.number as usize
    }

    pub(super) fn check(&self, plan: &Plan, frame: &Frame) -> Result<(), PartialError> {
        let is_own = |(file, e): (&u32, &Events)| (*file as usize) < plan.files.len() && e.are_of(*file);
        let is_known = self.fingerprint == frame.fingerprint && self.number() < frame.shares();
        check(self.version, is_known && self.files.iter().all(is_own))
    }
}

fn check(version: u32, is_own: bool) -> Result<(), PartialError> {
    match (version == VERSION, is_own) {
        (false, _) => Err(PartialError::Version),
        (_, false) => Err(PartialError::Plan),
        _ => Ok(()),
    }
}

fn bytes(bounds: &[i64]) -> Vec<u8> {
    bounds.iter().flat_map(|b| b.to_le_bytes()).collect()
}

fn trails(plan: &Plan, scans: &[FileScan]) -> Vec<Trail> {
    let mut trails: Vec<Trail> = plan.paths().map(|_| Trail::default()).collect();
    scans.iter().for_each(|s| trails[s.file as usize] = s.trail.clone());
    trails
}

impl Partial {
    /// Shares all rows out by time: what every share has to know, and the shares. Each of them has as many rows as a slice
    /// ([`Options::slice_rows`](crate::Options::slice_rows)), and those within [`Options::window_s`](crate::Options::window_s) of them.
    /// Small inputs are one share.
    ///
    /// # Errors
    ///
    /// When it was made with another plan or by another version.
    pub fn shares(self, plan: &Plan) -> Result<(Frame, Vec<Share>), PartialError> {
        let mut scans = self.into_scans(plan)?;
        scans.sort_by_key(|s| s.file);
        let mut files: BTreeMap<u32, Events> =
            scans.iter_mut().map(|s| (s.file, std::mem::take(&mut s.events))).collect();
        let (calendar, zones) = Calendar::of_all(plan, &trails(plan, &scans), &files);
        let rewrites = rewrites::undo(plan, &mut files, Rewrites::default());
        let mut lean = Lean::take(plan, &mut files, &calendar);
        let mut afar = Afar::new(plan, &lean);
        for s in &mut scans {
            s.events = afar.rows(plan, s.file, files.get(&s.file), &lean);
        }
        drop(afar);
        let version = VERSION;
        let known = OnceLock::new();
        let mut frame = Frame { version, fingerprint: 0, scans, rewrites, zones, bounds: Vec::new(), known };
        let clocks = &frame.known(plan).clocks;
        lean.shift(clocks);
        let rest = Rest::new(plan, files, &calendar, clocks);
        let bounds = bounds(plan, &lean, &rest);
        frame.fingerprint = pair(fingerprint(plan), crate::hash::hash(&bytes(&bounds)));
        let around = (plan.options.window_s.max(0.0) * 1e9) as i64;
        let dealt = Dealing { bounds: &bounds, around }.deal(lean, rest);
        let share = |(number, files)| Share { version, fingerprint: frame.fingerprint, number, files };
        let shares = (0..).zip(dealt).map(share).collect();
        frame.bounds = bounds;
        Ok((frame, shares))
    }
}

/// Which rows matter from afar.
struct Afar {
    sample: Complete,
    /// Up to which line all requests of a file are here.
    first: BTreeMap<u32, u64>,
    /// Of which instances, and of which kind, a first row is here.
    seen: BTreeSet<(u8, usize)>,
}

impl Afar {
    fn new(plan: &Plan, lean: &Lean) -> Afar {
        let mut sample = lean.sample(SAMPLE);
        let mut counts: Map<u64, usize> = Map::default();
        let mut count = |key: u64| {
            if sample.keys.contains_key(&key) {
                *counts.entry(key).or_default() += 1;
            }
        };
        for f in &lean.files {
            f.requests.iter().for_each(|r| count(r.key));
            f.packed.iter().for_each(|b| b.rows().for_each(|(p, _)| count(b.block.target(p).target)));
        }
        sample.keys.retain(|key, ()| counts.get(key).is_none_or(|n| *n <= OF_SERVER));
        let mut first = BTreeMap::new();
        for source in &plan.sources {
            let mut left = FIRST;
            for file in &source.files {
                let own = lean.files.iter().find(|f| f.file as usize == *file);
                let mut lines: Vec<u64> = own.map(LeanFile::lines).unwrap_or_default();
                if left == 0 || lines.is_empty() {
                    continue;
                }
                let last = left.min(lines.len()) - 1;
                first.insert(*file as u32, *lines.select_nth_unstable(last).1);
                left -= last + 1;
            }
        }
        Afar { sample, first, seen: BTreeSet::new() }
    }

    fn has(&self, at: At, key: u64, status: i32) -> bool {
        is_success(status) && self.sample.has(key) || self.first.get(&at.file).is_some_and(|l| at.line <= *l)
    }

    /// Those of a file; `rest` is what it holds beside requests.
    fn rows(&mut self, plan: &Plan, file: u32, rest: Option<&Events>, lean: &Lean) -> Events {
        let instance = plan.sources[plan.files[file as usize].source].instance;
        let mut out = Events::default();
        for f in lean.files.iter().filter(|f| f.file == file) {
            out.requests.extend(f.requests.iter().filter(|r| self.has(r.at, r.key, r.status)).cloned());
            for LeanBlock { block, .. } in &f.packed {
                let rows = block.rows().iter();
                let rows = rows.filter(|p| self.has(block.at(p), block.target(p).target, p.status()));
                out.requests.extend(rows.map(|p| block.unpack(p)));
            }
        }
        out.requests.sort_by_key(|r| r.at);
        if let Some(rest) = rest {
            out.labels.clone_from(&rest.labels);
            let mut is_first = |kind: u8| self.seen.insert((kind, instance));
            out.errors.extend(rest.errors.iter().filter(|e| is_first(0) || is_of_proxy(e)).cloned());
            out.states.clone_from(&rest.states);
            let mut stays = |e: &&crate::event::LogEvent| {
                let (is_first_line, is_first_naming) = (is_first(1), e.target != 0 && is_first(2));
                is_first_line || is_first_naming || says_something(e)
            };
            out.logs.extend(rest.logs.iter().filter(|e| stays(e)).cloned());
        }
        settle(&mut out.requests);
        settle(&mut out.errors);
        settle(&mut out.states);
        settle(&mut out.logs);
        out
    }
}

fn settle<T: Row>(rows: &mut [T]) {
    rows.iter_mut().for_each(T::settle);
}

/// What files hold beside requests, and when it was written, on the reference clock.
struct Rest {
    files: Vec<(u32, Events, Moments)>,
}

/// Between which moments each line of a file was written: errors, states, logs.
type Moments = [Vec<(i64, i64)>; 3];

impl Rest {
    fn new(plan: &Plan, files: BTreeMap<u32, Events>, calendar: &Calendar, clocks: &ClockModel) -> Rest {
        let of_file = |(file, events): (u32, Events)| {
            let instance = plan.sources[plan.files[file as usize].source].instance;
            let mut calendar = calendar.of(file);
            let mut moment = |at: At, stamp: &logjoin_parse::Stamp| {
                let lo = calendar.moment(at.line, stamp);
                let lo = lo - clocks.offset_at(instance, at, lo);
                (lo, lo + stamp.width_ns())
            };
            let moments = [
                events.errors.iter().map(|e| moment(e.at, &e.stamp)).collect(),
                events.states.iter().map(|e| moment(e.at, &e.stamp)).collect(),
                events.logs.iter().map(|e| moment(e.at, &e.stamp)).collect(),
            ];
            (file, events, moments)
        };
        Rest { files: files.into_iter().map(of_file).collect() }
    }
}

/// Where one share ends and the next one begins: at the end of the second in which there are enough rows.
fn bounds(plan: &Plan, lean: &Lean, rest: &Rest) -> Vec<i64> {
    let mut seconds: Map<i64, usize> = Map::default();
    let mut add = |t: i64, weight: usize| *seconds.entry(t.div_euclid(SECOND)).or_default() += weight;
    for f in &lean.files {
        let weight = |r: &Request| if r.detail.is_some() { HEAVY } else { 1 };
        f.requests.iter().zip(&f.spans).for_each(|(r, span)| add(span.end_lo, weight(r)));
        f.packed.iter().for_each(|b| b.rows().for_each(|(_, span)| add(span.end_lo, 1)));
    }
    for (.., moments) in &rest.files {
        moments.iter().flatten().for_each(|(lo, _)| add(*lo, HEAVY));
    }
    let mut seconds: Vec<(i64, usize)> = seconds.into_iter().collect();
    seconds.sort_unstable();
    let (mut bounds, mut sum) = (Vec::new(), 0);
    for (second, n) in seconds {
        if sum >= plan.options.slice_rows.max(1) {
            bounds.push(second.saturating_mul(SECOND) - 1);
            sum = 0;
        }
        sum += n;
    }
    bounds
}

/// Gives each row to its share, and to those near it.
struct Dealing<'b> {
    bounds: &'b [i64],
    around: i64,
}

impl Dealing<'_> {
    /// The shares that a row is in, and which of them is its home.
    fn places(&self, lo: i64, hi: i64) -> (std::ops::RangeInclusive<usize>, usize) {
        let home = self.bounds.partition_point(|b| *b < lo);
        let first = self.bounds.partition_point(|b| b.saturating_add(self.around) < lo);
        let last = self.bounds.partition_point(|b| b.saturating_sub(self.around) <= hi);
        (first..=last.max(home), home)
    }

    fn deal(&self, lean: Lean, rest: Rest) -> Vec<BTreeMap<u32, Events>> {
        fn at(shares: &mut [BTreeMap<u32, Events>], k: usize, file: u32) -> &mut Events {
            shares[k].entry(file).or_default()
        }
        let mut shares: Vec<BTreeMap<u32, Events>> = Vec::new();
        shares.resize_with(self.bounds.len() + 1, BTreeMap::new);
        for f in lean.files {
            let spans = f.spans.iter().map(|s| (s.end_lo, s.end_hi));
            self.rows(f.requests, spans, |k, r| at(&mut shares, k, f.file).requests.push(r));
            for b in &f.packed {
                self.block(b, |k, block| at(&mut shares, k, f.file).packed.push(block));
            }
        }
        for (file, events, [errors, states, logs]) in rest.files {
            self.rows(events.errors, errors.into_iter(), |k, e| at(&mut shares, k, file).errors.push(e));
            self.rows(events.states, states.into_iter(), |k, e| at(&mut shares, k, file).states.push(e));
            self.rows(events.logs, logs.into_iter(), |k, e| at(&mut shares, k, file).logs.push(e));
        }
        shares
    }

    fn rows<T: Row + Clone>(
        &self,
        rows: Vec<T>,
        moments: impl Iterator<Item = (i64, i64)>,
        mut out: impl FnMut(usize, T),
    ) {
        for (row, (lo, hi)) in rows.into_iter().zip(moments) {
            let (places, home) = self.places(lo, hi);
            for k in places.filter(|k| *k != home) {
                let mut copy = row.clone();
                copy.settle();
                out(k, copy);
            }
            out(home, row);
        }
    }

    fn block(&self, b: &LeanBlock, mut out: impl FnMut(usize, crate::packed::Block)) {
        let places: Vec<_> = b.rows().map(|(_, span)| self.places(span.end_lo, span.end_hi)).collect();
        let first = places.iter().map(|(p, _)| *p.start()).min().unwrap_or(0);
        let last = places.iter().map(|(p, _)| *p.end()).max().unwrap_or(0);
        for k in first..=last {
            let mut block = b.block.clone();
            let mut next = places.iter();
            block.retain(|p| {
                let Some((places, home)) = next.next() else { return false };
                if *home != k {
                    p.settle();
                }
                places.contains(&k)
            });
            block.seal();
            if !block.rows().is_empty() {
                out(k, block);
            }
        }
    }
}
