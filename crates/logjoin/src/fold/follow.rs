//! Logs that grow: lines are pushed as they come, and incidents are told when they are over.

use super::{Fold, Lane, SECOND};
use crate::analysis::{Analysis, Failure, Incident};
use crate::episodes;
use crate::event::At;
use crate::plan::Plan;

/// An analysis of logs that grow.
///
/// Lines of any file may be pushed at any time, in the order of the file. Nothing is judged until [`settle`](Follow::settle) says
/// up to which moment all is there: a failure is judged [`Options::window_s`](crate::Options::window_s) later, when late answers
/// have come, and an incident is told when nothing can join it any more, minutes after its last failure. Memory follows the
/// rate of the requests, and the failures that are not [forgotten](Follow::forget).
///
/// The [result](Follow::finish) is that of reading the files at once, but for what needs rows that are no longer in view: in
/// `timeouts`, requests that were completed late where no line is surely theirs; in `derivations`, lines that were rejected; and
/// whatever follows from a clock, or from a server's address, that only later lines tell.
///
/// The files are those of the plan. A log that is rotated goes on under its number: its lines are counted on, as if the new
/// file stood behind the old one. For a log that nobody knew of, a new plan is made, with a new `Follow`.
///
/// ```
/// use logjoin::{Follow, Head, Options, plan};
///
/// let log = b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
/// let head = Head { path: "web/access.log".into(), bytes: log.to_vec(), ..Head::default() };
/// let plan = plan(vec![head], Vec::new(), Options::default());
/// let mut follow = Follow::new(&plan);
/// follow.push(0, 1, log);
/// let minutes = |n: i64| 1_795_229_237_000_000_000 + n * 60_000_000_000; // after that line
/// assert!(follow.settle(minutes(1)).is_empty(), "more may come");
/// assert_eq!(follow.settle(minutes(10))[0].failures, 1);
/// assert!(follow.settle(minutes(20)).is_empty(), "told once");
/// assert_eq!(follow.finish().totals.failures, 1);
/// ```
pub struct Follow<'p> {
    fold: Fold<'p>,
    /// Incidents that ended before this moment were told.
    told_until: i64,
}

impl<'p> Follow<'p> {
    /// Nothing is read yet.
    pub fn new(plan: &'p Plan) -> Follow<'p> {
        let mut fold = Fold::new(plan);
        fold.reading.lanes.iter_mut().for_each(Lane::open);
        fold.judging.archive.notes_fresh = true;
        Follow { fold, told_until: i64::MIN }
    }

    /// Takes the next whole lines of the file with this number in [`Plan::paths`]; `first_line` is the number of the first of
    /// them, from 1. A file that is not in the plan is passed over.
    pub fn push(&mut self, file: usize, first_line: u64, bytes: &[u8]) {
        if let Some(lane) = self.fold.reading.lanes.get_mut(file) {
            lane.push(first_line, bytes);
        }
    }

    /// Judges what can be judged when everything up to a moment has been pushed: `until_ns`, nanoseconds since the epoch on the
    /// reference clock. Returns the incidents that are over and were not told before, the worst first. Failures that come later
    /// than they should are judged with what is then in view; an incident that comes to light by them, or has more of them than
    /// when it was told, is told now.
    pub fn settle(&mut self, until_ns: i64) -> Vec<Incident> {
        self.fold.turn_to(until_ns.div_euclid(SECOND));
        let judging = &self.fold.judging;
        let late = judging.archive.late(self.told_until);
        let over = judging.horizon.saturating_sub(episodes::longest_gap(judging.sums.mean_gap()));
        let since = self.told_until;
        self.told_until = since.max(over);
        if late.is_empty() && !judging.archive.has_failures_between(since, over) {
            return Vec::new();
        }
        let Analysis { incidents, failures, .. } = self.so_far();
        let episodes: Vec<Option<&str>> = late.iter().map(|(_, at)| self.episode(*at, &failures)).collect();
        let is_late = |i: &Incident| {
            let has = |id: &str| i.episodes.iter().any(|e| e.id == id);
            late.iter().zip(&episodes).any(|((end, _), episode)| match episode {
                Some(id) => has(id),
                // Not listed: by its time.
                None => (i.start.0..=i.end.0).contains(end),
            })
        };
        let is_news = |i: &Incident| (since..over).contains(&i.end.0) || i.end.0 < since && is_late(i);
        incidents.into_iter().filter(is_news).collect()
    }

    /// The episode of the failure at a place, where it is listed.
    fn episode<'f>(&self, at: At, failures: &'f [Failure]) -> Option<&'f str> {
        let path = &self.fold.plan.files[at.file as usize].path;
        failures.iter().find(|f| f.line == at.line && f.file == *path)?.episode.as_deref()
    }

    /// The analysis of what is settled and not forgotten. Of the clocks it tells what the last hours show; the [end](Follow::finish)
    /// tells of the whole time.
    pub fn so_far(&mut self) -> Analysis {
        self.fold.so_far()
    }

    /// Lets go of what is settled and ended before a moment, nanoseconds since the epoch on the reference clock: its failures are
    /// no longer in the result. Totals and traffic still count it.
    pub fn forget(&mut self, before_ns: i64) {
        self.fold.forget(before_ns);
    }

    /// Judges the rest, and tells the story of all that is not forgotten.
    pub fn finish(self) -> Analysis {
        self.fold.finish()
    }
}
