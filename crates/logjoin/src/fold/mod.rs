//! The analysis in slices of time: all files are read side by side, and what is complete is judged, counted and let go, so
//! that memory follows the rate of the requests and the number of failures, not the length of the logs.
//!
//! ```text
//! Lane, one per file ─ rows ─► Window ─ link, judge ─► Archive: failures and what they name
//!      a block at a time        what is in view      └► Sums: everything, counted
//! ```
//!
//! The trick: a failure is judged when all files have come so far beyond it that nothing that belongs to it is still to be
//! read, and while everything before it that matters is still in view. A small input is one slice, and in view as a whole.

mod archive;
mod follow;
mod lane;
mod lean;
mod window;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;

pub use follow::Follow;
pub use lane::Lane;
pub(crate) use lean::{Lean, Passing};

use crate::analysis::Analysis;
use crate::calendar::Calendar;
use crate::clock;
use crate::diagnose::Judged;
use crate::event::Events;
use crate::finish::{FileFacts, Story, Sums, Tails, tell};
use crate::link::{Learned, Linked, Stage, link};
use crate::plan::Plan;
use crate::rewrites::{self, Rewrites};
use crate::timeline::{self, Horizon, World};
use crate::trail::Trail;
use archive::{Archive, told};
use window::Window;

const SECOND: i64 = 1_000_000_000;
/// How far one file may be ahead of another before it waits, seconds.
const AHEAD: i64 = 30;

/// An analysis in slices of time.
///
/// ```
/// use logjoin::{Fold, Head, Options, plan};
///
/// let log = b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
/// let head = Head { path: "web/access.log".into(), bytes: log.to_vec(), ..Head::default() };
/// let plan = plan(vec![head], Vec::new(), Options::default());
/// let mut fold = Fold::new(&plan);
/// loop {
///     let lanes = fold.hungry();
///     if lanes.is_empty() {
///         break;
///     }
///     for lane in lanes {
///         // Here: the next piece of the file with this number; `end` when there is none.
///         lane.push(1, log);
///         lane.end();
///     }
///     fold.turn();
/// }
/// assert_eq!(fold.finish().totals.by_status["504"], 1);
/// ```
pub struct Fold<'p> {
    plan: &'p Plan,
    lanes: Vec<Lane<'p>>,
    /// The files of each source that are still to be read, the first one now.
    ahead: Vec<std::collections::VecDeque<usize>>,
    window: Window,
    archive: Archive,
    sums: Sums,
    tails: Tails,
    learned: Learned,
    calendar: Calendar,
    /// By instance: by how much its clock is ahead, seconds, as far as is known.
    offsets: Vec<i64>,
    is_aligned: bool,
    /// The clocks as the first blocks show them.
    first_clocks: Option<clock::ClockModel>,
    has_sliced: bool,
    /// Up to which moment everything is settled, on the reference clock.
    horizon: i64,
    /// What ended before this moment is let go.
    floor: i64,
}

impl<'p> Fold<'p> {
    /// Nothing is read yet.
    pub fn new(plan: &'p Plan) -> Fold<'p> {
        Fold {
            plan,
            lanes: (0..plan.files.len()).map(|file| Lane::new(plan, file)).collect(),
            ahead: plan.sources.iter().map(|s| s.files.iter().copied().collect()).collect(),
            window: Window::new(),
            archive: Archive::default(),
            sums: Sums::new(plan),
            tails: Tails::default(),
            learned: Learned::default(),
            calendar: Calendar::decide(plan, &plan.paths().map(|_| Trail::default()).collect::<Vec<_>>()),
            offsets: vec![0; plan.instances.len()],
            is_aligned: false,
            first_clocks: None,
            has_sliced: false,
            horizon: i64::MIN,
            floor: i64::MIN,
        }
    }

    /// The files that are to be read on now, each until it [is no longer hungry](Lane::is_hungry); none when all are read. They
    /// know nothing of each other and may be fed by different threads.
    pub fn hungry(&mut self) -> Vec<&mut Lane<'p>> {
        loop {
            let chosen = self.choose();
            if chosen.is_empty() {
                return Vec::new();
            }
            chosen.iter().for_each(|l| self.lanes[*l].feed());
            if chosen.iter().any(|l| self.lanes[*l].is_hungry()) {
                return self.lanes.iter_mut().filter(|l| l.is_hungry()).collect();
            }
            // What they were given before was enough.
            self.turn();
        }
    }

    /// Judges what is complete. To be called when every file that was hungry has been fed.
    pub fn turn(&mut self) {
        self.note();
        self.align();
        while let Some(second) = self.next_cut() {
            self.slice(second);
        }
    }

    /// The lanes whose turn it is: those that are behind, and not too far ahead of the last one.
    fn choose(&mut self) -> Vec<usize> {
        for source in &mut self.ahead {
            while source.front().is_some_and(|f| self.lanes[*f].is_read()) {
                source.pop_front();
            }
        }
        let live: Vec<usize> = self.ahead.iter().filter_map(|s| s.front().copied()).collect();
        let reach = |l: &usize| self.reach(*l);
        let last = live.iter().filter_map(reach).min();
        let is_behind = |l: &usize| match (self.reach(*l), last) {
            (Some(reach), Some(last)) => reach <= last + AHEAD,
            _ => true,
        };
        live.into_iter().filter(is_behind).collect()
    }

    /// The second that a lane has come to, on the reference clock.
    fn reach(&self, lane: usize) -> Option<i64> {
        let lane = &self.lanes[lane];
        lane.reach().map(|s| s - self.offsets[lane.instance])
    }

    /// The second that a source has come to.
    fn come(&self, source: usize) -> Option<i64> {
        self.plan.sources[source].files.iter().filter_map(|l| self.reach(*l)).max()
    }

    /// Notes the moments of the new rows; zones and years are decided again when another file begins.
    fn note(&mut self) {
        if self.lanes.iter_mut().any(Lane::is_undecided) {
            self.decide();
        }
        self.lanes.iter_mut().for_each(Lane::note);
    }

    fn decide(&mut self) {
        let trails: Vec<_> = self.lanes.iter_mut().map(Lane::trail).collect();
        let calendar = Calendar::decide(self.plan, &trails);
        self.lanes.iter_mut().for_each(|l| l.decide(&calendar));
        self.calendar = calendar;
    }

    /// Once the first block of each file is read: how far the clocks are apart, so that the files are read side by side.
    fn align(&mut self) {
        if std::mem::replace(&mut self.is_aligned, true) {
            return;
        }
        let files = self.lanes.iter().map(|l| (l.file() as u32, l.beginning()));
        let mut files: BTreeMap<u32, Events> = files.collect();
        rewrites::undo(self.plan, &mut files, Rewrites::default());
        let world = timeline::resolve(self.plan, files, &self.calendar);
        let clocks = clock::fit_all(self.plan, &world, None);
        self.take_offsets(&clocks);
        self.first_clocks = Some(clocks);
    }

    fn take_offsets(&mut self, clocks: &clock::ClockModel) {
        for (instance, offset) in self.offsets.iter_mut().enumerate() {
            if clocks.is_known(instance) {
                *offset = clocks.latest(instance).div_euclid(SECOND);
            }
        }
    }

    /// Up to which second a slice is complete and large enough.
    fn next_cut(&self) -> Option<i64> {
        let enough = self.plan.options.slice_rows.max(self.window.rows() / 2).max(1);
        let waiting: usize = self.lanes.iter().map(Lane::waiting).sum();
        if waiting < enough {
            return None;
        }
        // A second is complete when every file has left it behind.
        let unread =
            (0..self.ahead.len()).filter(|s| self.ahead[*s].iter().any(|l| !self.lanes[*l].is_read()));
        let complete = unread.filter_map(|s| self.come(s)).min().map_or(i64::MAX, |s| s - 1);
        let mut rows: BTreeMap<i64, usize> = BTreeMap::new();
        for lane in &self.lanes {
            let offset = self.offsets[lane.instance];
            for (second, n) in lane.by_second() {
                *rows.entry(second - offset).or_default() += n;
            }
        }
        let mut sum = 0;
        let enough = |(_, n): &(&i64, &usize)| {
            sum += **n;
            sum >= enough
        };
        rows.range(..=complete).find(enough).map(|(second, _)| *second)
    }

    /// Takes the rows up to a second into view, and settles what lies far enough before it.
    fn slice(&mut self, second: i64) {
        let around = (self.plan.options.window_s.max(0.0) * 1e9) as i64;
        let horizon = Horizon(second.saturating_mul(SECOND).saturating_sub(around));
        let Ok((linked, judged, lean)) = self.view(second, horizon, &mut |_| Ok::<(), Infallible>(()));
        self.take_offsets(&linked.clocks);
        let staying = self.window.staying(&linked.world, horizon, self.floor);
        let Linked { world, clocks, peers, failing, joins, chains, .. } = linked;
        self.archive.absorb(&world, told(failing, joins, chains, judged), horizon, &staying, false);
        self.window.take_back(world, lean, horizon, horizon.0.saturating_sub(around), &staying);
        self.learned = Learned { clocks: Some(clocks), peers };
        self.has_sliced = true;
        self.horizon = self.horizon.max(horizon.0);
    }

    /// Takes the rows up to a second into view, judges them, and counts those before the horizon.
    fn view<E>(
        &mut self,
        second: i64,
        horizon: Horizon,
        watch: &mut dyn FnMut(Stage) -> Result<(), E>,
    ) -> Result<(Linked, Vec<Judged>, Lean), E> {
        watch(Stage::Moments)?;
        self.decide();
        for lane in &mut self.lanes {
            let scan = lane.scanner.scan();
            let (after, inner) = (std::mem::take(&mut scan.tails), std::mem::take(&mut scan.inner));
            // Asked for only when a range was asked for.
            if self.plan.options.since_ns.is_some() || self.plan.options.until_ns.is_some() {
                self.tails.add(scan.file, after, inner);
            }
            let events = lane.take_until(second.saturating_add(self.offsets[lane.instance]));
            self.window.add(lane.file() as u32, events);
        }
        let mut files = std::mem::take(&mut self.window.files);
        let mut learned = std::mem::take(&mut self.learned);
        learned.peers.rewrites =
            rewrites::undo(self.plan, &mut files, std::mem::take(&mut learned.peers.rewrites));
        let mut lean = Lean::default();
        let mut chosen = None;
        if Lean::pays(self.plan, &files) {
            lean = Lean::take(self.plan, &mut files, &self.calendar);
            let clocks = learned.clocks.as_ref().or(self.first_clocks.as_ref());
            chosen = Some(lean.choose(self.plan, &files, clocks, self.has_sliced));
        }
        let mut world = timeline::resolve(self.plan, files, &self.calendar);
        if let Some((requests, complete)) = chosen {
            (world.requests, world.complete) = (requests, Some(complete));
            world.sort();
        }
        world.labels = self.window.labels.clone();
        let mut linked = link(self.plan, world, learned, watch)?;
        lean.shift(&linked.clocks);
        linked.aside = lean.served(self.plan, &linked.peers);
        watch(Stage::Scene)?;
        let scene = linked.scene(self.plan);
        watch(Stage::Causes)?;
        let judged = linked.judge(&scene);
        watch(Stage::Sums)?;
        self.sums.add(&scene, &lean, horizon, &self.tails);
        drop(scene);
        Ok((linked, judged, lean))
    }

    /// Judges everything up to a second, which is all there.
    fn turn_to(&mut self, second: i64) {
        // A log may say nothing for hours: its last event waits for no further lines.
        self.lanes.iter_mut().for_each(|l| l.scanner.settle());
        self.note();
        self.align();
        self.slice(second);
    }

    /// Lets go of what is settled and ended before a moment.
    fn forget(&mut self, before: i64) {
        self.floor = self.floor.max(before.min(self.horizon));
        self.archive.forget(self.floor);
    }

    /// The story of what is settled.
    fn so_far(&mut self) -> Analysis {
        let Learned { clocks, peers } = std::mem::take(&mut self.learned);
        let is_known = clocks.is_some();
        let clocks = clocks.unwrap_or_else(|| clock::fit_all(self.plan, &World::default(), None));
        let (linked, judged) = self.archive.take_out(clocks, peers, self.window.labels.clone());
        let analysis = self.tell(&linked, &judged);
        let (clocks, peers) = self.archive.put_back(linked, judged);
        self.learned = Learned { clocks: is_known.then_some(clocks), peers };
        analysis
    }

    fn tell(&mut self, linked: &Linked, judged: &[Judged]) -> Analysis {
        let files = self.lanes.iter_mut().flat_map(|l| FileFacts::of([&*l.scanner.scan()])).collect();
        let mut scene = linked.scene(self.plan);
        self.sums.stand_in(&mut scene);
        tell(&Story {
            scene: &scene,
            judged,
            chains: &linked.chains,
            clocks: &linked.clocks,
            calendar: &self.calendar,
            sums: &self.sums,
            files,
        })
    }

    /// Judges the rest, and tells the story.
    pub fn finish(self) -> Analysis {
        let Ok(analysis) = self.last(&mut |_| Ok::<(), Infallible>(()));
        analysis
    }

    /// The same under the eyes of the caller, as [`finish_with`](crate::finish_with).
    pub fn finish_with(self, watch: &mut dyn FnMut(Stage) -> ControlFlow<()>) -> Option<Analysis> {
        self.last(&mut |stage| if watch(stage).is_break() { Err(()) } else { Ok(()) }).ok()
    }

    fn last<E>(mut self, watch: &mut dyn FnMut(Stage) -> Result<(), E>) -> Result<Analysis, E> {
        // What was not read to its end ends here.
        self.lanes.iter_mut().for_each(Lane::end_now);
        self.note();
        let (mut linked, mut judged, lean) = self.view(i64::MAX, Horizon::END, watch)?;
        drop(lean);
        if self.has_sliced {
            let staying = self.window.staying(&linked.world, Horizon::END, self.floor);
            let Linked { world, clocks, peers, failing, joins, chains, .. } = linked;
            let told = told(failing, joins, chains, judged);
            self.archive.absorb(&world, told, Horizon::END, &staying, true);
            drop(world);
            (linked, judged) = self.archive.take_out(clocks, peers, std::mem::take(&mut self.window.labels));
        }
        watch(Stage::Story)?;
        Ok(self.tell(&linked, &judged))
    }
}
