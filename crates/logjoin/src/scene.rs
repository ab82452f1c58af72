//! What rules may ask: the life of the instances, what succeeded where and when, what other failures saw.
//!
//! A rule sees a [`Case`] (one failed request) and, through it, this. It never sees bytes or formats.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::is_success;
use crate::failing::Failing;
use crate::finish::Few;
use crate::hash::hash;
use crate::index::Row;
use crate::join::Join;
use crate::packed::AnyRequest;
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::signals::{Meaning, Scope};
use crate::spans::{Overlaps, Spans};
use crate::strangers;
use crate::timeline::{Span, World};
use crate::vocabulary::Mechanism;

pub(crate) const MS: i64 = 1_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

/// A recognised event at an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sign {
    /// Number in [`World::logs`].
    pub log: usize,
    pub meaning: Meaning,
    /// When it was written: between these.
    pub lo: i64,
    pub hi: i64,
}

/// Everything, indexed for questions.
pub(crate) struct Scene<'a> {
    pub plan: &'a Plan,
    pub world: &'a World,
    pub peers: &'a Peers,
    pub failing: &'a [Failing],
    pub joins: &'a [Join],
    /// By instance, in order of time.
    signs: Vec<Vec<Sign>>,
    /// By instance: when requests succeeded there (starts and ends on the reference clock), sorted.
    served: Vec<Spans>,
    /// By label: the same, as the proxies saw it.
    label_served: BTreeMap<u64, Overlaps>,
    /// By failed request: the instance that its last try went to.
    instances: Vec<Option<usize>>,
    /// By instance: numbers of the failed requests that went there, in order of ends.
    failed_at: Vec<Vec<usize>>,
    /// The same, by instance and mechanism.
    failed_as: BTreeMap<(usize, Mechanism), Vec<usize>>,
    /// By proxy instance: reloads and starts of the proxy.
    reloads: Vec<Vec<i64>>,
    /// By instance: the first and the last moment in its logs.
    pub(crate) covered: Vec<Option<(i64, i64)>>,
    /// When the first and the last request ended.
    pub(crate) range: Option<(i64, i64)>,
}

/// Requests of one piece of work.
const PIECE: usize = 1 << 16;

/// When the requests of a part of them succeeded: starts and ends.
pub(crate) struct Served {
    by_instance: Vec<Vec<(i64, i64)>>,
    by_label: Few<u64, Vec<(i64, i64)>>,
    /// By instance: the first and the last moment of any request.
    covered: Vec<Option<(i64, i64)>>,
}

impl Served {
    pub fn new(plan: &Plan) -> Served {
        let n = plan.instances.len();
        Served { by_instance: vec![Vec::new(); n], by_label: Few::default(), covered: vec![None; n] }
    }

    /// Adds a request that an instance logged.
    #[inline(always)]
    pub fn add(&mut self, plan: &Plan, (r, instance): (AnyRequest<'_>, usize), t: &Span) {
        let (lo, hi) = self.covered[instance].get_or_insert((t.end_lo, t.end_lo));
        (*lo, *hi) = (t.end_lo.min(*lo), t.end_lo.max(*hi));
        if !is_success(r.status()) {
            return;
        }
        let span = (t.start_lo, t.end_hi);
        if !plan.instances[instance].is_proxy {
            self.by_instance[instance].push(span);
        } else if r.server() != 0 {
            self.by_label.at(r.server()).push(span);
        }
    }
}

/// One failed request, as the rules see it.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub scene: &'a Scene<'a>,
    pub number: usize,
    pub f: &'a Failing,
    pub join: &'a Join,
    pub mechanism: Mechanism,
    /// The instance that the last try went to.
    pub instance: Option<usize>,
    pub proxy: usize,
    pub start: i64,
    pub end: i64,
}

impl<'a> Scene<'a> {
    pub fn new(
        plan: &'a Plan,
        world: &'a World,
        peers: &'a Peers,
        failing: &'a [Failing],
        joins: &'a [Join],
        aside: &[Served],
    ) -> Scene<'a> {
        let n = plan.instances.len();
        let mut signs: Vec<Vec<Sign>> = vec![Vec::new(); n];
        for (i, m) in world.logs.iter().enumerate() {
            if let Some(s) = &m.e.signal
                && s.meaning != Meaning::Noise
            {
                signs[m.instance].push(Sign { log: i, meaning: s.meaning, lo: m.lo, hi: m.hi });
            }
        }
        let own = par::pieces(&world.requests, par::share(world.requests.len(), PIECE), |_, piece| {
            let mut served = Served::new(plan);
            piece.iter().for_each(|t| served.add(plan, (AnyRequest::Whole(&t.r), t.instance), &t.span()));
            served
        });
        let parts: Vec<&Served> = own.iter().chain(aside).collect();
        let mut covered: Vec<Option<(i64, i64)>> = vec![None; n];
        let logs = world.logs.iter().map(|m| (m.instance, m.lo, m.lo));
        let requests = parts.iter().flat_map(|p| p.covered.iter().enumerate());
        let requests = requests.filter_map(|(i, c)| c.map(|(lo, hi)| (i, lo, hi)));
        for (instance, from, to) in logs.chain(requests) {
            let (lo, hi) = covered[instance].unwrap_or((from, to));
            covered[instance] = Some((lo.min(from), hi.max(to)));
        }
        let labels: BTreeSet<u64> = parts.iter().flat_map(|p| p.by_label.iter().map(|l| l.0)).collect();
        let labels: Vec<u64> = labels.into_iter().collect();
        let lists = |label: u64| parts.iter().filter_map(move |p| p.by_label.get(label).map(Vec::as_slice));
        let of_label = |label: &u64| (*label, Overlaps::of(&lists(*label).collect::<Vec<_>>()));
        let label_served = par::map(&labels, of_label).into_iter().collect();
        // As its own log says, and as the proxies do.
        let of_instance = |i: usize| {
            let own = parts.iter().map(|p| &p.by_instance[i][..]);
            let seen = labels.iter().filter(|label| peers.by_hash(**label) == Some(i));
            Spans::of(&own.chain(seen.flat_map(|label| lists(*label))).collect::<Vec<_>>())
        };
        let served: Vec<Spans> = par::numbers(n, of_instance);
        // Requests in its own log, or sent to it by a proxy that names it.
        let logged = |i: usize| parts.iter().any(|p| p.covered[i].is_some());
        let serves: Vec<bool> = (0..n).map(|i| logged(i) || !peers.claims(i).is_empty()).collect();
        strangers::hand_out(plan, world, &mut signs, &serves, &served);
        strangers::forget(world, &mut signs, &served);
        let mut failed_at: Vec<Vec<usize>> = vec![Vec::new(); n];
        let mut failed_as: BTreeMap<(usize, Mechanism), Vec<usize>> = BTreeMap::new();
        let last = Last::new(plan, peers);
        let of_failed = |(f, j)| last.instance(world, f, j);
        let instances: Vec<Option<usize>> = failing.iter().zip(joins).map(of_failed).collect();
        for (i, instance) in instances.iter().enumerate() {
            if let (Some(instance), true) = (*instance, failing[i].is_gateway) {
                failed_at[instance].push(i);
                failed_as.entry((instance, failing[i].mechanism)).or_default().push(i);
            }
        }
        let mut reloads: Vec<Vec<i64>> = vec![Vec::new(); n];
        for m in &world.errors {
            if m.e
                .signal
                .as_ref()
                .is_some_and(|s| matches!(s.meaning, Meaning::ProxyReload | Meaning::ProxyStarted))
            {
                reloads[m.instance].push(m.lo);
            }
        }
        for m in &world.states {
            use logjoin_parse::StateEvent::*;
            if matches!(m.e.event, ProxyReload | ProxyStarted) {
                reloads[m.instance].push(m.lo);
            }
        }
        Scene {
            plan,
            world,
            peers,
            failing,
            joins,
            signs,
            served,
            label_served,
            instances,
            failed_at,
            failed_as,
            reloads,
            covered,
            range: world.requests.first().map(|t| t.end_lo).zip(world.requests.last().map(|t| t.end_lo)),
        }
    }

    /// One without failures, of which nothing will be asked but the rows.
    pub fn to_count(plan: &'a Plan, world: &'a World, peers: &'a Peers) -> Scene<'a> {
        let n = plan.instances.len();
        Scene {
            plan,
            world,
            peers,
            failing: &[],
            joins: &[],
            signs: vec![Vec::new(); n],
            served: vec![Spans::default(); n],
            label_served: BTreeMap::new(),
            instances: Vec::new(),
            failed_at: vec![Vec::new(); n],
            failed_as: BTreeMap::new(),
            reloads: vec![Vec::new(); n],
            covered: vec![None; n],
            range: None,
        }
    }

    /// One failed request as a case.
    pub fn case(&'a self, number: usize) -> Case<'a> {
        let f = &self.failing[number];
        let join = &self.joins[number];
        Case {
            scene: self,
            number,
            f,
            join,
            mechanism: f.mechanism,
            instance: self.instances[number],
            proxy: self.world.requests[f.request].instance,
            start: f.start_ns,
            end: f.end_ns,
        }
    }

    /// Recognised events of an instance that may lie between two moments.
    pub fn signs(&self, instance: usize, from: i64, to: i64) -> impl Iterator<Item = Sign> + '_ {
        let list = &self.signs[instance];
        let begin = list.partition_point(|s| s.lo < from - 61 * SECOND);
        list[begin..].iter().take_while(move |s| s.lo <= to).filter(move |s| s.hi >= from).copied()
    }

    /// All recognised events of an instance.
    pub fn all_signs(&self, instance: usize) -> &[Sign] {
        &self.signs[instance]
    }

    /// Requests that an instance served and that overlap a stretch of time.
    pub fn served(&self, instance: usize, from: i64, to: i64) -> usize {
        self.served[instance].overlapping(from, to)
    }

    /// Whether an instance certainly served a request within a stretch of time: all of what is known of it lies inside.
    pub fn served_within(&self, instance: usize, from: i64, to: i64) -> bool {
        self.served[instance].any_within(from, to)
    }

    /// When the first request that an instance served began after a moment.
    pub fn next_served(&self, instance: usize, after: i64) -> Option<i64> {
        self.served[instance].first_from(after)
    }

    /// Whether an instance certainly served requests both shortly before and shortly after a moment.
    pub fn served_around(&self, instance: usize, from: i64, to: i64) -> bool {
        self.served_within(instance, from - 2 * SECOND, from)
            && self.served_within(instance, to, to + 2 * SECOND)
    }

    /// Whether an instance served nobody, in a stretch of time around a moment that is too long for chance: so long that it would have
    /// served several at the pace of before and after.
    pub fn is_away(&self, instance: usize, at: i64) -> bool {
        const FAR: i64 = 30 * SECOND;
        const EXPECTED: f64 = 5.0;
        let served = &self.served[instance];
        if served.overlapping(at, at) > 0 {
            return false;
        }
        // How far the silence reaches back, to some milliseconds.
        let (mut silent, mut loud) = (0, FAR);
        if served.overlapping(at - FAR, at) == 0 {
            silent = FAR;
        }
        while silent < FAR && loud - silent > 5 * MS {
            let middle = silent + (loud - silent) / 2;
            if served.overlapping(at - middle, at) == 0 { silent = middle } else { loud = middle }
        }
        let to = served.first_from(at).map_or(FAR, |next| (next - at).min(FAR));
        let gap = silent + to;
        let near = served.overlapping(at - silent - FAR, at + to + FAR) as f64;
        near * gap as f64 / (2 * FAR) as f64 >= EXPECTED
    }

    /// Requests that proxies sent to this label with success, in a stretch of time.
    pub fn label_served(&self, label: &str, from: i64, to: i64) -> usize {
        self.label_served.get(&hash(label.as_bytes())).map_or(0, |l| l.count(from, to))
    }

    /// Failed requests that went to an instance and ended in a stretch of time, in the order of their ends.
    pub fn failed_at(&self, instance: usize, from: i64, to: i64) -> &[usize] {
        self.ended(&self.failed_at[instance], from, to)
    }

    /// Those of them that the proxies saw fail in one way.
    pub fn failed_as(&self, instance: usize, m: Mechanism, from: i64, to: i64) -> &[usize] {
        self.failed_as.get(&(instance, m)).map_or(&[], |list| self.ended(list, from, to))
    }

    fn ended<'l>(&self, list: &'l [usize], from: i64, to: i64) -> &'l [usize] {
        let rest = &list[list.partition_point(|i| self.failing[*i].end_ns < from)..];
        &rest[..rest.partition_point(|i| self.failing[*i].end_ns <= to)]
    }

    /// Whether a proxy was reloaded between two moments, by its log or by a new version of its configuration.
    pub fn reloaded(&self, proxy: usize, from: i64, to: i64) -> bool {
        let by_log = self.reloads[proxy].iter().any(|t| (from..=to).contains(t));
        let product = self.plan.instances[proxy].product;
        let by_config =
            self.plan.configs.iter().any(|c| {
                c.config.product == product && c.loaded_ns.is_some_and(|t| (from..=to).contains(&t))
            });
        by_log || by_config
    }

    /// The first and the last moment that the logs of an instance show.
    pub fn covered(&self, instance: usize) -> Option<(i64, i64)> {
        self.covered[instance]
    }
}

/// Finds the instances that last tries went to.
struct Last {
    /// By instance: if it is a proxy, the only one that gets anything from it, if the configurations know of no other server.
    only: Vec<Option<usize>>,
}

impl Last {
    fn new(plan: &Plan, peers: &Peers) -> Last {
        let only = |proxy: usize| {
            let product = plan.instances[proxy].product;
            let configs = plan.configs.iter().filter(|c| c.config.product == product);
            let servers = configs.flat_map(|c| &c.config.pools).flat_map(|p| &p.servers);
            let servers: BTreeSet<&str> = servers.map(|s| s.address.as_str()).collect();
            let mut owners = servers.iter().map(|address| peers.instance(address));
            let have_one_owner = peers.only_one().is_some() && owners.all(|owner| owner == peers.only_one());
            let is_one = servers.len() <= 1 || have_one_owner;
            let is_reached = |((p, i), n): &(&(usize, usize), &u64)| {
                *p == proxy && !plan.instances[*i].is_proxy && **n >= 3
            };
            let mut reached = peers.traffic.iter().filter(is_reached);
            match (reached.next(), reached.next()) {
                (Some(((_, only), _)), None) if is_one => Some(*only),
                // It logs no requests.
                (None, _) if is_one => peers.only_one(),
                _ => None,
            }
        };
        Last { only: (0..plan.instances.len()).map(only).collect() }
    }

    /// The instance that the last try went to. Where the proxy does not name it (httpd's FastCGI lines have no address), the only
    /// one there is.
    fn instance(&self, world: &World, f: &Failing, join: &Join) -> Option<usize> {
        use Mechanism::*;
        let is_found = !join.lines.is_empty() || !f.went_on();
        if let Some(last) = join.instances.last().filter(|_| is_found) {
            return Some(*last);
        }
        let nothing_tried = matches!(
            f.mechanism,
            NoServer | Denied | ConfigError | Dns | ProxyLimit | QueueTimeout | Internal
        );
        if nothing_tried || f.label().is_some() {
            None
        } else {
            self.only[world.requests[f.request].instance]
        }
    }
}

/// Why an instance does not listen, by the last words in its logs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Down {
    pub why: DownWhy,
    /// The event that took it down, or the start that ended a silent death.
    pub sign: Option<Sign>,
    /// When it came back.
    pub back: Option<Sign>,
    /// When the next process began to start.
    pub starting: Option<Sign>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DownWhy {
    OutOfMemory,
    Crash,
    StartFailed,
    Stopped,
    /// The log falls silent, and starts again or not, with no word why.
    Silent,
}

impl<'a> Case<'a> {
    /// Recognised events at the instance near the failure.
    pub fn signs_near(&self, before: i64, after: i64) -> Vec<Sign> {
        let Some(i) = self.instance else { return Vec::new() };
        self.scene.signs(i, self.start - before, self.end + after).collect()
    }

    /// Those with one of these meanings, the nearest to the end of the request first.
    pub fn near(&self, meanings: &[Meaning], before: i64, after: i64) -> Vec<Sign> {
        let mut found: Vec<Sign> =
            self.signs_near(before, after).into_iter().filter(|s| meanings.contains(&s.meaning)).collect();
        found.sort_by_key(|s| (distance(s, self.end), s.log));
        found
    }

    /// The joined lines of the backend that are whole requests: (line, status, end).
    pub fn completed(&self) -> Option<(Row, i32, i64)> {
        self.join.lines.iter().find_map(|l| match l.row {
            Row::Request(i) => {
                let t = &self.scene.world.requests[i as usize];
                (!self.is_echo(t.r.status, t.end_lo)).then_some((l.row, t.r.status, t.end_hi))
            }
            Row::Log(_) => None,
        })
    }

    /// Whether the end of a request at the backend is only that of the proxy's patience: some servers write a line, without a
    /// status, as soon as the proxy hangs up, whether or not the handler will ever end (`pino-http` on `close`, 499).
    pub fn is_echo(&self, status: i32, at: i64) -> bool {
        const AT_ONCE: i64 = SECOND / 4;
        let gave_up = matches!(self.mechanism, Mechanism::ReadTimeout | Mechanism::Stalled);
        let off = (at - self.f.end.1).max(self.f.end.0 - at);
        gave_up && (status <= 0 || status == 499) && off <= AT_ONCE
    }

    /// Whether this is one of several refusals in a row, with nothing served from the first to the last.
    fn is_in_one_absence(&self, instance: usize) -> bool {
        const APART: i64 = 2 * SECOND;
        // Of thousands, those next to it say as much as all.
        const NEXT: usize = 50;
        let (from, to) = (self.end - 30 * SECOND, self.end + 30 * SECOND);
        let next = |m| {
            let all = self.scene.failed_as(instance, m, from, to);
            let here = all.partition_point(|n| self.scene.failing[*n].end_ns < self.end);
            &all[here.saturating_sub(NEXT)..all.len().min(here + NEXT)]
        };
        let row = [Mechanism::Refused, Mechanism::ConnectFailed].into_iter().flat_map(next);
        let mut row: Vec<(i64, i64)> = row.map(|n| self.scene.failing[*n].end).collect();
        row.sort_unstable();
        let near = |w: &(i64, i64), v: &(i64, i64)| v.0 - w.1 <= APART;
        row.chunk_by(near)
            .filter(|run| run.len() >= 3 && run.contains(&self.f.end))
            .any(|run| !self.scene.served_within(instance, run[0].1, run[run.len() - 1].0))
    }

    /// Joined messages.
    pub fn joined_logs(&self) -> impl Iterator<Item = usize> + '_ {
        self.join.lines.iter().filter_map(|l| match l.row {
            Row::Log(i) => Some(i as usize),
            Row::Request(_) => None,
        })
    }

    /// The label of the server that was tried last.
    pub fn label(&self) -> Option<&'a str> {
        self.f.label()
    }

    /// The requests of other proxies, or of this one, that failed in one way at the same instance around this moment.
    pub fn fellows(&self, m: Mechanism, before: i64, after: i64) -> impl Iterator<Item = &'a Failing> {
        let (scene, number) = (self.scene, self.number);
        let of = |i| scene.failed_as(i, m, self.start - before, self.end + after);
        let all = self.instance.map_or(&[][..], of).iter();
        all.filter(move |n| **n != number).map(|n| &scene.failing[*n])
    }

    /// Why the instance was not there at this moment, if its log says that it was not.
    pub fn down(&self) -> Option<Down> {
        let instance = self.instance?;
        let signs = self.scene.all_signs(instance);
        let t = self.end;
        // Since the last time it was ready (stamps of one second: the same second does not count as before).
        let ready = |s: &Sign| s.meaning == Meaning::ProcessReady;
        let from = signs.iter().rposition(|s| ready(s) && s.hi <= self.start).map_or(0, |i| i + 1);
        let until = signs.iter().position(|s| ready(s) && s.lo > t).unwrap_or(signs.len());
        let back = signs.get(until).copied();
        // What happened in between, and after which nothing was served until now: a worker that dies leaves the others
        // serving.
        // Requests that were under way at a graceful stop end after it.
        // A process that was told to stop closes its port first, and serves on the connections that it has.
        // Where no log tells of served requests, nothing tells whether the others went on.
        let is_known = self.scene.served(instance, i64::MIN / 4, i64::MAX / 4) > 0;
        let silent_since = |s: &Sign| {
            // Whoever serves long after a start that failed has been started in the meantime, or had never gone.
            let is_stop = match s.meaning {
                Meaning::StopRequested | Meaning::ProcessStopped => true,
                Meaning::StartFailed => {
                    !self.scene.served_within(instance, s.hi + 2 * SECOND, t - 2 * SECOND)
                }
                _ => false,
            };
            let scope = self.scene.world.logs[s.log].e.signal.as_ref().map(|h| h.scope);
            is_stop && scope == Some(Scope::Process)
                || (is_known || scope != Some(Scope::Worker))
                    && !self.scene.served_within(instance, s.hi + 50 * MS, t)
        };
        // A start that fails later in the same absence says why it lasts; what is ready or serves again before it is not absent.
        let is_ready_by = |s: &Sign| {
            signs.iter().any(|r| ready(r) && r.hi >= t - SECOND && r.lo >= t - SECOND && r.lo < s.lo)
        };
        let lasts = |s: &Sign| !is_ready_by(s) && !self.scene.served_within(instance, t, s.lo);
        let window: Vec<Sign> = signs[from.min(until)..until]
            .iter()
            .filter(|s| {
                (s.lo <= t + SECOND || s.meaning == Meaning::StartFailed && lasts(s)) && silent_since(s)
            })
            .copied()
            .collect();
        let pick = |m: &[Meaning]| window.iter().rfind(|s| m.contains(&s.meaning)).copied();
        let starting = signs[from.min(until)..]
            .iter()
            .find(|s| matches!(s.meaning, Meaning::ProcessStarting) && s.hi >= t - SECOND)
            .copied()
            .or(back);
        let stop = pick(&[Meaning::StopRequested, Meaning::ProcessStopped]);
        let why = if let Some(s) = pick(&[Meaning::StartFailed]) {
            (DownWhy::StartFailed, Some(s))
        } else if let Some(s) = pick(&[Meaning::OomKill]) {
            (DownWhy::OutOfMemory, Some(s))
        } else if let Some(s) = pick(&[Meaning::Crash]) {
            // A stop line after the crash is the supervisor's; before it, the crash is part of the stop.
            match stop {
                Some(stop) if stop.lo < s.lo - 2 * SECOND => (DownWhy::Stopped, Some(stop)),
                _ => (DownWhy::Crash, Some(s)),
            }
        } else if let Some(s) = stop {
            // The first of the lines of the stop.
            let first = window
                .iter()
                .find(|s| matches!(s.meaning, Meaning::StopRequested | Meaning::ProcessStopped))
                .copied();
            (DownWhy::Stopped, first.or(Some(s)))
        } else {
            // Nothing said: it is down only if nothing was served.
            let silent = !self.scene.served_within(instance, t - 1_500 * MS, t + 1_500 * MS)
                || [self.f.end.0, self.f.end.1].iter().any(|at| self.scene.is_away(instance, *at))
                || self.is_in_one_absence(instance);
            if !silent {
                return None;
            }
            (DownWhy::Silent, None)
        };
        Some(Down { why: why.0, sign: why.1, back, starting })
    }
}

/// Distance of an event from a moment.
pub(crate) fn distance(s: &Sign, t: i64) -> i64 {
    if s.lo > t {
        s.lo - t
    } else if s.hi < t {
        t - s.hi
    } else {
        0
    }
}
