//! The analysis in slices of time: all files are read side by side, and what is complete is judged, counted and let go, so
//! that memory follows the rate of the requests and the number of failures, not the length of the logs.
//!
//! ```text
//! Reading                        Judging
//! Lane, one per file ─ a cut ─► Window ─ link, judge ─► Archive: failures and what they name
//!      a block at a time         what is in view      └► Sums: everything, counted
//! ```
//!
//! While a slice is judged, the next one is read: what a slice shows of the clocks is known to the reader one slice later, on
//! however many cores.
//!
//! The trick: a failure is judged when all files have come so far beyond it that nothing that belongs to it is still to be
//! read, and while everything before it that matters is still in view. A small input is one slice, and in view as a whole.

mod archive;
mod aside;
mod chosen;
mod correlate;
mod follow;
mod judging;
mod lane;
mod lean;
mod reading;
mod shares;
mod window;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use aside::{Lean, Look, Part, Passing};
pub use correlate::{Verdicts, correlate};
pub use follow::Follow;
pub use lane::Lane;
pub(crate) use lean::may_be_asked;
pub use shares::{Frame, Share};

use crate::analysis::Analysis;
use crate::calendar::Calendar;
use crate::diagnose::Judged;
use crate::finish::{FileFacts, Story, Sums, tell};
use crate::link::{Linked, Stage};
use crate::par;
use crate::plan::Plan;
use judging::Judging;
use reading::{Cut, Reading, Stop};

const SECOND: i64 = 1_000_000_000;

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
    reading: Reading<'p>,
    judging: Judging<'p>,
    /// The slice that was read last; it is judged while the next one is read.
    pending: Option<Cut>,
}

impl<'p> Fold<'p> {
    /// Nothing is read yet.
    pub fn new(plan: &'p Plan) -> Fold<'p> {
        Fold { plan, reading: Reading::new(plan), judging: Judging::new(plan), pending: None }
    }

    /// Reads all files to their ends: `feed` gives each of these lanes the next pieces of its file until it [is no longer
    /// hungry](Lane::is_hungry), and breaks to stop. In the meantime what was read before is judged, on the cores of the caller's
    /// pool.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use logjoin::{Fold, Head, Options, plan};
    ///
    /// let log = b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
    /// let head = Head { path: "web/access.log".into(), bytes: log.to_vec(), ..Head::default() };
    /// let plan = plan(vec![head], Vec::new(), Options::default());
    /// let mut fold = Fold::new(&plan);
    /// let done = fold.read(&mut |lanes| {
    ///     for lane in lanes {
    ///         lane.push(1, log);
    ///         lane.end();
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// assert!(done.is_continue());
    /// assert_eq!(fold.finish().totals.by_status["504"], 1);
    /// ```
    pub fn read(
        &mut self,
        feed: &mut (dyn FnMut(Vec<&mut Lane<'p>>) -> ControlFlow<()> + Send),
    ) -> ControlFlow<()> {
        loop {
            let (reading, judging) = (&mut self.reading, &mut self.judging);
            let pending = self.pending.take();
            let has_judged = pending.is_some();
            let is_judging = AtomicBool::new(has_judged);
            let judge = || {
                if let Some(cut) = pending {
                    judging.slice(cut);
                }
                is_judging.store(false, Ordering::Relaxed);
            };
            let ((), stop) = par::join(judge, || reading.on(&is_judging, feed));
            if has_judged {
                self.learn();
            }
            match stop {
                Stop::Cut(cut) => self.pending = Some(cut),
                Stop::End => return ControlFlow::Continue(()),
                Stop::Broken => return ControlFlow::Break(()),
            }
        }
    }

    /// The files that are to be read on now, each until it [is no longer hungry](Lane::is_hungry); none when all are read. They
    /// know nothing of each other and may be fed by different threads. For callers who cannot be called: see
    /// [`read`](Self::read).
    pub fn hungry(&mut self) -> Vec<&mut Lane<'p>> {
        while self.reading.choose() {
            if self.reading.hungry().next().is_some() {
                break;
            }
            // What they were given before was enough.
            self.turn();
        }
        self.reading.hungry().collect()
    }

    /// Judges what is complete. To be called when every file that was hungry has been fed.
    pub fn turn(&mut self) {
        self.reading.note();
        while let Some(cut) = self.reading.cut() {
            if let Some(before) = self.pending.replace(cut) {
                self.slice(before);
            }
        }
    }

    fn slice(&mut self, cut: Cut) {
        self.judging.slice(cut);
        self.learn();
    }

    fn learn(&mut self) {
        self.reading.learn(self.judging.clocks(), self.judging.in_view());
    }

    /// Judges everything up to a second, which is all there.
    fn turn_to(&mut self, second: i64) {
        self.reading.settle();
        let cut = self.reading.take(second);
        self.slice(cut);
    }

    /// Lets go of what is settled and ended before a moment.
    fn forget(&mut self, before: i64) {
        self.judging.forget(before);
    }

    /// The story of what is settled.
    fn so_far(&mut self) -> Analysis {
        let (plan, reading) = (self.plan, &mut self.reading);
        let files = facts(reading, self.judging.has_sliced);
        let calendar = &reading.calendar;
        self.judging.so_far(|sums, linked, judged| story(plan, calendar, files, sums, linked, judged))
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
        self.reading.end();
        if let Some(cut) = self.pending.take() {
            self.slice(cut);
        }
        let cut = self.reading.take(i64::MAX);
        let (linked, judged) = self.judging.last(cut, watch)?;
        watch(Stage::Story)?;
        let files = facts(&mut self.reading, self.judging.has_sliced);
        let calendar = &self.reading.calendar;
        Ok(story(self.plan, calendar, files, &self.judging.sums, &linked, &judged))
    }
}

/// What is known of the files; of late lines only where slices were settled, as in a single one nothing is late.
fn facts(reading: &mut Reading<'_>, has_sliced: bool) -> Vec<FileFacts> {
    let of = |l: &mut Lane<'_>| {
        let mut facts = FileFacts::of([&*l.scanner.scan()]);
        facts.iter_mut().for_each(|f| f.late = l.late().filter(|_| has_sliced));
        facts
    };
    reading.lanes.iter_mut().flat_map(of).collect()
}

fn story(
    plan: &Plan,
    calendar: &Calendar,
    files: Vec<FileFacts>,
    sums: &Sums,
    linked: &Linked,
    judged: &[Judged],
) -> Analysis {
    let mut scene = linked.scene(plan);
    sums.stand_in(&mut scene);
    tell(&Story {
        scene: &scene,
        judged,
        chains: &linked.chains,
        clocks: &linked.clocks,
        calendar,
        sums,
        files,
    })
}
