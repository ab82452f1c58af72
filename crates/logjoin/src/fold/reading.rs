//! The files on their way: which is to be read on, how far each has come, and when enough has been read for a slice.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Lane, SECOND};
use crate::calendar::{Calendar, Finder, Found};
use crate::clock::{self, ClockModel};
use crate::event::Events;
use crate::par;
use crate::plan::Plan;
use crate::rewrites::{self, Rewrites};
use crate::timeline;
use crate::trail::Trail;

/// Of so few threads, one reads by itself while another judges. Had they shared the reading, the one that judges would take a
/// piece of it while it waits, begin something long of its own within that piece, and let the reader wait for all of it.
const PAIR: usize = 2;
/// How far one file may be ahead of another before it waits, seconds.
const AHEAD: i64 = 30;

/// All files.
pub(super) struct Reading<'p> {
    plan: &'p Plan,
    pub lanes: Vec<Lane<'p>>,
    /// The files of each source that are still to be read, the first one now.
    ahead: Vec<VecDeque<usize>>,
    pub calendar: Calendar,
    /// What the lines tell of zones.
    finder: Finder,
    /// By instance: by how much its clock is ahead, seconds, as far as is known.
    offsets: Vec<i64>,
    is_aligned: bool,
    /// A slice was taken.
    has_cut: bool,
    /// Other threads have something else to do now.
    is_alone: bool,
    /// The clocks as the first blocks show them.
    first_clocks: Option<ClockModel>,
    /// How many rows are in view, as far as is known.
    in_view: usize,
}

/// Of a file: how many lines follow each event, and the lines within events that have rows of their own.
type CutTails = (u32, Vec<(u64, u64)>, Vec<u64>);

/// The rows of a slice, taken out of the lanes.
pub(super) struct Cut {
    /// Up to which second.
    pub second: i64,
    pub events: Vec<(u32, Events)>,
    /// Lines that follow each event, and lines within events: by file; only where a range was asked for.
    pub tails: Vec<CutTails>,
    pub calendar: Calendar,
    /// With the first cut.
    pub first_clocks: Option<ClockModel>,
}

/// Why reading stops.
pub(super) enum Stop {
    /// A slice is complete.
    Cut(Cut),
    /// All is read.
    End,
    /// The caller wants no more.
    Broken,
}

impl<'p> Reading<'p> {
    pub fn new(plan: &'p Plan) -> Reading<'p> {
        Reading {
            plan,
            lanes: (0..plan.files.len()).map(|file| Lane::new(plan, file)).collect(),
            ahead: plan.sources.iter().map(|s| s.files.iter().copied().collect()).collect(),
            calendar: Calendar::decide(
                plan,
                &plan.paths().map(|_| Trail::default()).collect::<Vec<_>>(),
                &Found::default(),
            ),
            finder: Finder::default(),
            offsets: vec![0; plan.instances.len()],
            is_aligned: false,
            has_cut: false,
            is_alone: false,
            first_clocks: None,
            in_view: 0,
        }
    }

    /// Reads on until a slice is complete: `feed` is given the lanes that are to be read, as [`Fold::hungry`](super::Fold::hungry) gives
    /// them. While a slice is being judged, which `is_judging` says, two threads do not share the reading: see [`PAIR`].
    pub fn on(
        &mut self,
        is_judging: &AtomicBool,
        feed: &mut (dyn FnMut(Vec<&mut Lane<'p>>) -> ControlFlow<()> + Send),
    ) -> Stop {
        loop {
            let is_alone = par::threads() <= PAIR && is_judging.load(Ordering::Relaxed);
            self.lanes.iter_mut().for_each(|l| l.is_alone = is_alone);
            self.is_alone = is_alone;
            if let Some(cut) = self.cut() {
                return Stop::Cut(cut);
            }
            if !self.choose() {
                return Stop::End;
            }
            let hungry: Vec<_> = self.hungry().collect();
            let fed = if is_alone {
                hungry.into_iter().try_for_each(|lane| feed(vec![lane]))
            } else if hungry.is_empty() {
                ControlFlow::Continue(())
            } else {
                feed(hungry)
            };
            if fed.is_break() {
                return Stop::Broken;
            }
            self.note();
        }
    }

    /// Lets the lanes read on whose turn it is: those that are behind, and not too far ahead of the last one. False when all
    /// are read.
    pub fn choose(&mut self) -> bool {
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
        let mut is_chosen = vec![false; self.lanes.len()];
        live.iter().filter(|l| is_behind(l)).for_each(|l| is_chosen[*l] = true);
        self.of_lanes(|l| {
            if is_chosen[l.file()] {
                l.feed();
            }
        });
        is_chosen.contains(&true)
    }

    /// The lanes for which what they were given before was not enough.
    pub fn hungry(&mut self) -> impl Iterator<Item = &mut Lane<'p>> {
        self.lanes.iter_mut().filter(|l| l.is_hungry())
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
    pub fn note(&mut self) {
        self.note_rows();
        self.align();
    }

    fn note_rows(&mut self) {
        if self.lanes.iter_mut().any(Lane::is_undecided) {
            self.decide();
        }
        self.of_lanes(Lane::note);
    }

    /// `f` of each lane.
    fn of_lanes(&mut self, f: impl Fn(&mut Lane<'p>) + Sync + Send) {
        if self.is_alone { self.lanes.iter_mut().for_each(f) } else { par::each(&mut self.lanes, f) }
    }

    fn decide(&mut self) {
        let trails: Vec<_> = self.lanes.iter_mut().map(Lane::trail).collect();
        let calendar = Calendar::decide(self.plan, &trails, &self.finder.found);
        self.lanes.iter_mut().for_each(|l| l.decide(&calendar));
        self.calendar = calendar;
    }

    /// Looks for zones in what waits; of a file whose zone is another now, the moments are noted again.
    fn find_zones(&mut self) {
        let rows = self.lanes.iter().map(|l| (l.file() as u32, l.waiting_rows()));
        let has_found = self.finder.look(self.plan, &self.calendar, rows);
        if has_found {
            self.decide_again();
        }
        // What was judged stays as it was read, and who has not seen the end does not know what the logs cover.
        if !self.has_cut && self.lanes.iter().all(Lane::is_read) {
            let trails: Vec<_> = self.lanes.iter_mut().map(Lane::trail).collect();
            if self.finder.assume(self.plan, &self.calendar, &trails) {
                self.decide_again();
            }
        }
    }

    fn decide_again(&mut self) {
        let before = self.calendar.clone();
        self.decide();
        let labels = |c: &Calendar, l: &Lane<'_>| c.sources[self.plan.files[l.file()].source].label.clone();
        let is_other = |l: &Lane<'_>| labels(&before, l) != labels(&self.calendar, l);
        for lane in self.lanes.iter_mut().filter(|l| is_other(l)) {
            lane.note_again(&before, &self.calendar);
        }
    }

    /// Once the first block of each file is read: how far the clocks are apart, so that the files are read side by side.
    fn align(&mut self) {
        if std::mem::replace(&mut self.is_aligned, true) {
            return;
        }
        self.find_zones();
        let files = self.lanes.iter().map(|l| (l.file() as u32, l.beginning()));
        let mut files: BTreeMap<u32, Events> = files.collect();
        rewrites::undo(self.plan, &mut files, Rewrites::default());
        let world = timeline::resolve(self.plan, files, &self.calendar);
        let clocks = clock::fit_all(self.plan, &world, None);
        self.take_offsets(&clocks);
        self.first_clocks = Some(clocks);
    }

    fn take_offsets(&mut self, clocks: &ClockModel) {
        for (instance, offset) in self.offsets.iter_mut().enumerate() {
            if clocks.is_known(instance) {
                *offset = clocks.latest(instance).div_euclid(SECOND);
            }
        }
    }

    /// Takes over what a slice showed: the clocks, and how many rows stay in view.
    pub fn learn(&mut self, clocks: Option<&ClockModel>, in_view: usize) {
        if let Some(clocks) = clocks {
            self.take_offsets(clocks);
        }
        self.in_view = in_view;
    }

    /// A slice, if one is complete and large enough.
    pub fn cut(&mut self) -> Option<Cut> {
        self.next_cut().map(|second| self.take(second))
    }

    /// Up to which second a slice is complete and large enough.
    fn next_cut(&self) -> Option<i64> {
        let enough = self.plan.options.slice_rows.max(self.in_view / 2).max(1);
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

    /// Takes the rows up to a second.
    pub fn take(&mut self, second: i64) -> Cut {
        self.decide();
        self.find_zones();
        self.has_cut = true;
        let wants_tails = self.plan.options.since_ns.is_some() || self.plan.options.until_ns.is_some();
        let mut cut = Cut {
            second,
            events: Vec::with_capacity(self.lanes.len()),
            tails: Vec::new(),
            calendar: self.calendar.clone(),
            first_clocks: self.first_clocks.take(),
        };
        for lane in &mut self.lanes {
            let scan = lane.scanner.scan();
            let (after, inner) = (std::mem::take(&mut scan.tails), std::mem::take(&mut scan.inner));
            if wants_tails {
                cut.tails.push((scan.file, after, inner));
            }
            let events = lane.take_until(second.saturating_add(self.offsets[lane.instance]));
            cut.events.push((lane.file() as u32, events));
        }
        cut
    }

    /// A log may say nothing for hours: its last event waits for no further lines.
    pub fn settle(&mut self) {
        self.lanes.iter_mut().for_each(|l| l.scanner.settle());
        self.note();
    }

    /// What was not read to its end ends here.
    pub fn end(&mut self) {
        self.lanes.iter_mut().for_each(Lane::end_now);
        self.note_rows();
    }
}
