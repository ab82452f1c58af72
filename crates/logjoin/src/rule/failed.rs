//! What a rule of the caller's own may ask: one failed request, and what stood around it.

use std::time::Duration;

use crate::analysis::LineRef;
use crate::finish::line_ref;
use crate::index::Row;
use crate::rules::Cite;
use crate::scene::{Case, Scene};
use crate::signals::Meaning;
use crate::vocabulary::{Mechanism, Origin};

/// One failed request with everything that is known of it before it is judged. Times are nanoseconds since 1970-01-01 UTC on
/// the reference clock. *The server* is the backend instance that the last attempt went to, where the logs tell.
#[derive(Clone, Copy)]
pub struct Failed<'a> {
    case: Case<'a>,
}

impl<'a> Failed<'a> {
    pub(super) fn new(case: Case<'a>) -> Failed<'a> {
        Failed { case }
    }

    /// What the proxy saw of the last attempt.
    pub fn mechanism(&self) -> Mechanism {
        self.case.mechanism
    }

    /// Who made the error answer.
    pub fn origin(&self) -> Origin {
        self.case.f.origin
    }

    /// The proxy's access line.
    pub fn line(&self) -> Line<'a> {
        self.cited(Cite::Request(self.case.f.request))
    }

    /// Status as logged; `None` where the line has none.
    pub fn status(&self) -> Option<i32> {
        self.line().status()
    }

    /// Method.
    pub fn method(&self) -> Option<&'a str> {
        self.detail()?.method.as_deref()
    }

    /// Request target as logged, with its query.
    pub fn target(&self) -> Option<&'a str> {
        self.detail()?.target.as_deref()
    }

    /// Client address.
    pub fn client(&self) -> Option<&'a str> {
        self.detail()?.client.as_deref()
    }

    /// Request id, where one was logged.
    pub fn request_id(&self) -> Option<&'a str> {
        self.detail()?.request_id.as_deref()
    }

    /// When it began; where no duration was logged, the best guess.
    pub fn start_ns(&self) -> i64 {
        self.case.start
    }

    /// When it ended.
    pub fn end_ns(&self) -> i64 {
        self.case.end
    }

    /// Name of the proxy instance.
    pub fn proxy(&self) -> &'a str {
        &self.case.scene.plan.instances[self.case.proxy].name
    }

    /// The address that the proxy logged for the last attempt, or HAProxy's `backend/server`.
    pub fn address(&self) -> Option<&'a str> {
        self.case.label()
    }

    /// Name of the server: the instance behind that address.
    pub fn server(&self) -> Option<&'a str> {
        self.case.instance.map(|i| self.case.scene.plan.instances[i].name.as_str())
    }

    /// How many servers were tried.
    pub fn attempts(&self) -> usize {
        self.case.f.tries.len()
    }

    /// The proxy's error lines about this request, in order of time.
    pub fn error_lines(&self) -> Vec<Line<'a>> {
        self.case.f.errors.iter().map(|e| self.cited(Cite::Error(*e))).collect()
    }

    /// The backend's lines that were joined to this request.
    pub fn backend_lines(&self) -> Vec<Line<'a>> {
        let cite = |row: &Row| match *row {
            Row::Request(n) => Cite::Request(n as usize),
            Row::Log(n) => Cite::Log(n as usize),
        };
        self.case.join.lines.iter().map(|l| self.cited(cite(&l.row))).collect()
    }

    /// Recognised messages of the server (and of its host, where its log is with the server's) from `before` the request began
    /// to `after` it ended, in order of time. [`Line::meaning`] says what each means.
    pub fn signals(&self, before: Duration, after: Duration) -> Vec<Line<'a>> {
        let (before, after) = (nanoseconds(before), nanoseconds(after));
        self.case.signs_near(before, after).into_iter().map(|s| self.cited(Cite::Log(s.log))).collect()
    }

    /// All messages of the server in that stretch of time, in order of time. Costs a look at each message of each log in that
    /// stretch; [`signals`](Failed::signals) are indexed.
    pub fn messages(&self, before: Duration, after: Duration) -> Vec<Line<'a>> {
        self.case.instance.map_or_else(Vec::new, |i| self.messages_of(i, before, after))
    }

    /// All messages of another instance in that stretch of time, in order of time: a database, a licence server. `instance` is
    /// its name as in [`Source::instance`](crate::analysis::Source::instance); none of that name: no messages.
    pub fn messages_at(&self, instance: &str, before: Duration, after: Duration) -> Vec<Line<'a>> {
        let found = self.case.scene.plan.instances.iter().position(|i| i.name == instance);
        found.map_or_else(Vec::new, |i| self.messages_of(i, before, after))
    }

    fn messages_of(&self, instance: usize, before: Duration, after: Duration) -> Vec<Line<'a>> {
        let from = self.case.start.saturating_sub(nanoseconds(before));
        let to = self.case.end.saturating_add(nanoseconds(after));
        let logs = &self.case.scene.world.logs;
        // Stamps to the minute are the coarsest: a message is no longer than that.
        let first = logs.partition_point(|m| m.lo < from.saturating_sub(60_000_000_000));
        let near = logs.iter().enumerate().skip(first).take_while(|(_, m)| m.lo <= to);
        let mine = near.filter(|(_, m)| m.instance == instance && m.hi >= from);
        mine.map(|(n, _)| self.cited(Cite::Log(n))).collect()
    }

    /// How many requests the server served that overlap the stretch of time.
    pub fn served_there(&self, before: Duration, after: Duration) -> usize {
        let (from, to) = self.stretch(before, after);
        self.case.instance.map_or(0, |i| self.case.scene.served(i, from, to))
    }

    /// How many other requests failed at the server and ended in the stretch of time.
    pub fn failed_there(&self, before: Duration, after: Duration) -> usize {
        let (from, to) = self.stretch(before, after);
        let all = self.case.instance.map_or(&[][..], |i| self.case.scene.failed_at(i, from, to));
        all.iter().filter(|n| **n != self.case.number).count()
    }

    /// Whether the server's own logs are here and cover the request: only then is their silence evidence.
    pub fn is_covered(&self) -> bool {
        let covered = self.case.instance.and_then(|i| self.case.scene.covered(i));
        covered.is_some_and(|(lo, hi)| lo <= self.case.start && hi >= self.case.end)
    }

    fn stretch(&self, before: Duration, after: Duration) -> (i64, i64) {
        (
            self.case.start.saturating_sub(nanoseconds(before)),
            self.case.end.saturating_add(nanoseconds(after)),
        )
    }

    fn detail(&self) -> Option<&'a crate::event::Detail> {
        self.case.scene.world.requests[self.case.f.request].r.detail.as_deref()
    }

    fn cited(&self, cite: Cite) -> Line<'a> {
        Line { scene: self.case.scene, cite }
    }
}

impl std::fmt::Debug for Failed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failed")
            .field("line", &self.line())
            .field("mechanism", &self.mechanism())
            .finish_non_exhaustive()
    }
}

/// A week at most: nothing further away is near.
fn nanoseconds(d: Duration) -> i64 {
    const WEEK: i64 = 7 * 86_400 * 1_000_000_000;
    i64::try_from(d.as_nanos()).unwrap_or(WEEK).min(WEEK)
}

/// A line of a log, to look at and to cite as evidence.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    scene: &'a Scene<'a>,
    cite: Cite,
}

impl<'a> Line<'a> {
    pub(super) fn cite(&self) -> Cite {
        self.cite
    }

    /// Where it stands.
    pub fn at(&self) -> LineRef {
        let world = self.scene.world;
        let at = match self.cite {
            Cite::Log(n) => world.logs[n].e.at,
            Cite::Error(n) => world.errors[n].e.at,
            Cite::State(n) => world.states[n].e.at,
            Cite::Request(n) => world.requests[n].r.at,
        };
        line_ref(self.scene.plan, at)
    }

    /// When it was written, or when its request ended: the earliest moment that its stamp allows.
    pub fn time_ns(&self) -> i64 {
        let world = self.scene.world;
        match self.cite {
            Cite::Log(n) => world.logs[n].lo,
            Cite::Error(n) => world.errors[n].lo,
            Cite::State(n) => world.states[n].lo,
            Cite::Request(n) => world.requests[n].end_lo,
        }
    }

    /// Name of the instance whose log it stands in.
    pub fn instance(&self) -> &'a str {
        let world = self.scene.world;
        let instance = match self.cite {
            Cite::Log(n) => world.logs[n].instance,
            Cite::Error(n) => world.errors[n].instance,
            Cite::State(n) => world.states[n].instance,
            Cite::Request(n) => world.requests[n].instance,
        };
        &self.scene.plan.instances[instance].name
    }

    /// The message, as it was logged, cut at 400 bytes; `None` for the line of a request.
    pub fn text(&self) -> Option<&'a str> {
        let world = self.scene.world;
        match self.cite {
            Cite::Log(n) => Some(&world.logs[n].e.text),
            Cite::Error(n) => Some(&world.errors[n].e.message),
            Cite::State(n) => Some(&world.states[n].e.text),
            Cite::Request(_) => None,
        }
    }

    /// The status, for the line of a request that has one.
    pub fn status(&self) -> Option<i32> {
        match self.cite {
            Cite::Request(n) => Some(self.scene.world.requests[n].r.status).filter(|s| *s != 0),
            _ => None,
        }
    }

    /// What the message means, where it was recognised.
    pub fn meaning(&self) -> Option<Meaning> {
        self.signal_hit().map(|s| s.meaning)
    }

    /// Id of the signal that recognised it: a built-in one, or one of [`Options::signals`](crate::Options::signals).
    pub fn signal(&self) -> Option<&'a str> {
        self.signal_hit().map(|s| &*s.id)
    }

    fn signal_hit(&self) -> Option<&'a crate::event::SignalHit> {
        match self.cite {
            Cite::Log(n) => self.scene.world.logs[n].e.signal.as_ref(),
            Cite::Error(n) => self.scene.world.errors[n].e.signal.as_deref(),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.at())
    }
}
