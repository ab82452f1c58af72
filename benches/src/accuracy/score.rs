//! Verdicts against the truth of one recording.
//!
//! Everything is kept as counts ([`Share`]), so that a figure can be stated for one recording, as the mean over recordings,
//! or over all their failures together.

use std::collections::{BTreeMap, BTreeSet};

use logjoin::analysis::LineRef;

use super::said::{Said, SaidEpisode, SaidFailure};
use super::truth::{Failed, Truth};

/// Episodes that overlap by less than this share of their union are different ones.
const SAME_EPISODE: f64 = 0.3;
/// A zone is a multiple of this, seconds: an error of a whole zone is not an error of the clock.
const ZONE_STEP: f64 = 900.0;

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many have it.
    pub part: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, has: bool) {
        self.part += u64::from(has);
        self.of += 1;
    }

    /// Adds other counts.
    pub fn add(&mut self, other: Share) {
        self.part += other.part;
        self.of += other.of;
    }

    /// The share; nothing of nothing is no figure.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }
}

/// The scores of one recording. Failures that no access log shows are left out, unless it is said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Failed requests.
    pub failures: u64,
    /// Failures that were reported and are none.
    pub false_alarms: u64,
    /// Failures found.
    pub found: Share,
    /// Failures that no access log shows, found all the same.
    pub optional: Share,
    /// The cause is the true one.
    pub exact: Share,
    /// The cause is one that the traces admit.
    pub accepted: Share,
    /// The cause is of the right group.
    pub group: Share,
    /// By true cause: exact, accepted, group.
    pub by_cause: BTreeMap<String, [Share; 3]>,
    /// By stated cause: the truth is the same, the truth admits it.
    pub by_stated: BTreeMap<String, [Share; 2]>,
    /// (true cause, stated cause) of every failure; not found: no stated cause.
    pub confusion: BTreeMap<(String, Option<String>), u64>,
    /// By kind of proxy: exact.
    pub by_proxy: BTreeMap<String, Share>,
    /// By kind of proxy: the mechanism is right.
    pub mechanisms: BTreeMap<String, Share>,
    /// (kind of proxy, true, stated) of the mechanisms that are wrong.
    pub wrong_mechanisms: BTreeMap<(String, String, String), u64>,
    /// Failures with lines at the backend, of which at least one was joined.
    pub join_recall: Share,
    /// Lines joined to them that are theirs, or about the event behind them.
    pub join_precision: Share,
    /// Failures that left no line at a backend and were joined to one.
    pub join_false: Share,
    /// Failures with lines about their cause, of which one was named.
    pub cause_recall: Share,
    /// Lines named that are about the cause, or about the request.
    pub cause_precision: Share,
    /// Faults that failed requests.
    pub episodes: u64,
    /// Intersection over union of each with the episode that fits it best, summed.
    pub episode_overlap: f64,
    /// Episodes that are a fault.
    pub episode_precision: Share,
    /// Faults that have an episode with the right cause.
    pub episode_cause: Share,
    /// One per backend.
    pub clocks: Vec<ClockScore>,
    /// Only where nothing failed: nothing was reported.
    pub quiet: Option<bool>,
    /// Stated confidence of each cause that was named, and whether the cause is one that the traces admit.
    pub cause_bets: Vec<(f64, bool)>,
    /// Stated confidence of each joined line, and whether it belongs there.
    pub join_bets: Vec<(f64, bool)>,
}

/// How well a clock was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockScore {
    /// The backend.
    pub backend: String,
    /// Whether its clock was set wrong.
    pub skewed: bool,
    /// Stated offset minus the true one, seconds, without whole zones; absent where none was stated.
    pub error_s: Option<f64>,
}

impl Score {
    /// Mean of the shares right per cause: each cause counts the same, however many failures it has. `which`: 0 exact,
    /// 1 accepted, 2 group.
    pub fn macro_cause(&self, which: usize) -> Option<f64> {
        mean(self.by_cause.values().filter_map(|s| s[which].value()))
    }

    /// Mean overlap of the faults with their episodes.
    pub fn episode_iou(&self) -> Option<f64> {
        (self.episodes > 0).then(|| self.episode_overlap / self.episodes as f64)
    }

    /// Clocks that were set wrong, and found within this many seconds.
    pub fn clocks_within(&self, seconds: f64) -> Share {
        let mut share = Share::default();
        for c in self.clocks.iter().filter(|c| c.skewed) {
            share.count(c.error_s.is_some_and(|e| e <= seconds));
        }
        share
    }

    /// Mean error of the clocks that were set wrong and fitted, seconds.
    pub fn clock_error(&self) -> Option<f64> {
        mean(self.clocks.iter().filter(|c| c.skewed).filter_map(|c| c.error_s))
    }

    /// Share of the lines joined that are right; joining nothing where there is something to join is 0.
    pub fn join_precision(&self) -> Option<f64> {
        self.join_precision.value().or((self.join_recall.of > 0).then_some(0.0))
    }

    /// Share of the cause lines that are right; naming none where there are some is 0.
    pub fn cause_precision(&self) -> Option<f64> {
        self.cause_precision.value().or((self.cause_recall.of > 0).then_some(0.0))
    }

    /// Share of the episodes that are a fault; stating none where there are faults is 0.
    pub fn episode_precision(&self) -> Option<f64> {
        self.episode_precision.value().or((self.episodes > 0).then_some(0.0))
    }

    /// Share of the failures reported that are some.
    pub fn precision(&self) -> Option<f64> {
        Share { part: self.found.part, of: self.found.part + self.false_alarms }.value()
    }

    /// All in one number: the weighted mean of what applies.
    pub fn overall(&self) -> Option<f64> {
        let parts = [
            (self.found.value(), 1.0),
            (self.precision(), 1.0),
            (self.exact.value(), 1.5),
            (self.macro_cause(0), 1.5),
            (self.accepted.value(), 0.5),
            (self.group.value(), 0.5),
            (self.join_recall.value(), 1.5),
            (self.join_precision(), 1.0),
            (self.cause_recall.value(), 1.0),
            (self.cause_precision(), 0.5),
            (self.episode_iou(), 1.0),
            (self.episode_precision(), 0.5),
            (self.clocks_within(1.0).value(), 0.5),
            (self.quiet.map(|q| f64::from(u8::from(q))), 3.0),
            (self.join_false.value().map(|v| 1.0 - v), 0.5),
        ];
        let applies = || parts.iter().filter_map(|(v, w)| v.map(|v| (v, *w)));
        let weight: f64 = applies().map(|(_, w)| w).sum();
        (weight > 0.0).then(|| applies().map(|(v, w)| v * w).sum::<f64>() / weight)
    }
}

/// The mean of some figures.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u64), |(s, n), v| (s + v, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// Scores one recording. `group_of` names the group of a stated cause.
pub fn score(truth: &Truth, said: &Said, group_of: impl Fn(&str) -> Option<&'static str>) -> Score {
    let mut s = Score::default();
    let found = find(truth, said, &mut s);
    let events: BTreeMap<&str, &BTreeSet<LineRef>> =
        truth.faults.iter().map(|f| (f.id.as_str(), &f.events)).collect();
    for x in truth.failures.iter().filter(|x| !x.optional) {
        let f = found.get(x.rid.as_str()).copied();
        causes(truth, x, f, &group_of, &mut s);
        let mut about: BTreeSet<&LineRef> = x.cause.iter().collect();
        about.extend(events.get(x.fault.as_str()).into_iter().flat_map(|e| e.iter()));
        lines(x, f, &about, &mut s);
    }
    episodes(truth, said, &mut s);
    clocks(truth, said, &mut s);
    if truth.failures.is_empty() {
        s.quiet = Some(s.false_alarms == 0 && said.episodes.is_empty());
    }
    s
}

/// Which verdict is about which failed request: by the proxy's line, that of the outermost proxy first.
fn find<'a>(truth: &'a Truth, said: &'a Said, s: &mut Score) -> BTreeMap<&'a str, &'a SaidFailure> {
    let mut by_line: BTreeMap<LineRef, &Failed> = BTreeMap::new();
    for x in &truth.failures {
        if let Some(at) = &x.access {
            by_line.insert(at.clone(), x);
        }
        for at in x.inner.iter().filter_map(|i| i.at()) {
            by_line.entry(at).or_insert(x);
        }
    }
    let mut found: BTreeMap<&str, &SaidFailure> = BTreeMap::new();
    for f in said.failures.iter().filter(|f| f.gateway) {
        match by_line.get(&f.at) {
            None => s.false_alarms += 1,
            Some(x) => {
                let is_outer = x.access.as_ref() == Some(&f.at);
                if is_outer || !found.contains_key(x.rid.as_str()) {
                    found.insert(&x.rid, f);
                }
            }
        }
    }
    for x in &truth.failures {
        let is_found = found.contains_key(x.rid.as_str());
        if x.optional {
            s.optional.count(is_found);
        } else {
            s.failures += 1;
            s.found.count(is_found);
        }
    }
    found
}

fn causes(
    truth: &Truth,
    x: &Failed,
    f: Option<&SaidFailure>,
    group_of: impl Fn(&str) -> Option<&'static str>,
    s: &mut Score,
) {
    let stated = f.map(|f| f.cause.as_str());
    let exact = stated == Some(x.class.as_str());
    let accepted = stated.is_some_and(|c| x.accept.iter().any(|a| a == c));
    let group = stated.and_then(&group_of).is_some_and(|g| g == x.group);
    s.exact.count(exact);
    s.accepted.count(accepted);
    s.group.count(group);
    let per = s.by_cause.entry(x.class.clone()).or_default();
    for (share, is_right) in per.iter_mut().zip([exact, accepted, group]) {
        share.count(is_right);
    }
    *s.confusion.entry((x.class.clone(), stated.map(String::from))).or_default() += 1;
    let kind = truth.proxies.get(&x.proxy).map_or("unknown", |p| p.kind.as_str());
    s.by_proxy.entry(kind.to_string()).or_default().count(exact);
    let Some(f) = f else { return };
    let per = s.by_stated.entry(f.cause.clone()).or_default();
    per[0].count(exact);
    per[1].count(accepted);
    if f.cause != "unknown" {
        s.cause_bets.push((f.confidence, accepted));
    }
    let is_right = same_mechanism(kind, &x.mechanism, &f.mechanism);
    s.mechanisms.entry(kind.to_string()).or_default().count(is_right);
    if !is_right {
        let wrong = (kind.to_string(), x.mechanism.clone(), f.mechanism.clone());
        *s.wrong_mechanisms.entry(wrong).or_default() += 1;
    }
}

/// HAProxy's flags `SC` say that the connection did not come about; that no server was left (`<NOSRV>`) is a case of
/// it, for which the recordings have no word of their own.
fn same_mechanism(proxy: &str, truth: &str, stated: &str) -> bool {
    truth == stated || proxy == "haproxy" && truth == "connect-failed" && stated == "no-server"
}

/// `about`: the lines about the event behind the failure.
fn lines(x: &Failed, f: Option<&SaidFailure>, about: &BTreeSet<&LineRef>, s: &mut Score) {
    let belongs = |l: &LineRef| x.backend.contains(l) || about.contains(l);
    let joined: BTreeSet<&LineRef> = f.into_iter().flat_map(|f| &f.backend).map(|(l, _)| l).collect();
    if !x.backend.is_empty() {
        s.join_recall.count(joined.iter().any(|l| x.backend.contains(*l)));
        s.join_precision.add(share_of(&joined, belongs));
    } else if f.is_some() {
        s.join_false.count(joined.iter().any(|l| !about.contains(*l)));
    }
    s.join_bets.extend(f.into_iter().flat_map(|f| &f.backend).map(|(l, c)| (*c, belongs(l))));
    let named: BTreeSet<&LineRef> = f.into_iter().flat_map(|f| &f.cause_lines).collect();
    if !x.cause.is_empty() {
        s.cause_recall.count(named.union(&joined).any(|l| about.contains(*l)));
    }
    s.cause_precision.add(share_of(&named, belongs));
}

fn share_of(lines: &BTreeSet<&LineRef>, is_right: impl Fn(&LineRef) -> bool) -> Share {
    let part = lines.iter().filter(|l| is_right(l)).count() as u64;
    Share { part, of: lines.len() as u64 }
}

fn episodes(truth: &Truth, said: &Said, s: &mut Score) {
    let spans = |wanted: fn(u64, u64) -> bool| -> Vec<SaidEpisode> {
        let faults = truth.faults.iter().filter(|f| wanted(f.failures, f.required));
        faults
            .filter_map(|f| {
                Some(SaidEpisode { start: f.first_failure?, end: f.last_failure?, cause: f.class.clone() })
            })
            .collect()
    };
    let wanted = spans(|_, required| required > 0);
    // A fault that shows in no access log may be reported, or not.
    let extra = spans(|failures, required| failures > 0 && required == 0);
    let stated: Vec<&SaidEpisode> =
        said.episodes.iter().filter(|e| !extra.iter().any(|x| overlap(x, e) >= SAME_EPISODE)).collect();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (i, a) in wanted.iter().enumerate() {
        pairs.extend(stated.iter().enumerate().map(|(j, b)| (overlap(a, b), i, j)));
    }
    // The best fits first; each fault and each episode is used once.
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((b.1, b.2).cmp(&(a.1, a.2))));
    let (mut used_wanted, mut used_stated) = (BTreeSet::new(), BTreeSet::new());
    let mut hits = 0;
    for (v, i, j) in pairs {
        if v <= 0.0 || used_wanted.contains(&i) || used_stated.contains(&j) {
            continue;
        }
        used_wanted.insert(i);
        used_stated.insert(j);
        s.episode_overlap += v;
        if v >= SAME_EPISODE {
            hits += 1;
            s.episode_cause.part += u64::from(wanted[i].cause == stated[j].cause);
        }
    }
    s.episodes = wanted.len() as u64;
    s.episode_cause.of = s.episodes;
    s.episode_precision = Share { part: hits, of: stated.len() as u64 };
}

/// Intersection over union of two stretches of time.
fn overlap(a: &SaidEpisode, b: &SaidEpisode) -> f64 {
    let both = a.end.min(b.end) - a.start.max(b.start);
    let either = a.end.max(b.end) - a.start.min(b.start);
    if either > 0.0 {
        return both.max(0.0) / either;
    }
    f64::from(u8::from((a.start, a.end) == (b.start, b.end)))
}

fn clocks(truth: &Truth, said: &Said, s: &mut Score) {
    for (name, backend) in &truth.backends {
        let dir = backend.log_dir.as_str();
        let short = dir.strip_prefix("logs/").unwrap_or(dir);
        let is_its = |source: &str| {
            let below = |d: &str| source.strip_prefix(d).is_some_and(|rest| rest.starts_with('/'));
            source == name || source == dir || source == short || below(dir) || below(short)
        };
        let offset = truth.offset_of(backend);
        let errors = said.clocks.iter().filter(|(source, _)| is_its(source)).map(|(_, o)| {
            let error = o - offset;
            ((error + ZONE_STEP / 2.0).rem_euclid(ZONE_STEP) - ZONE_STEP / 2.0).abs()
        });
        s.clocks.push(ClockScore {
            backend: name.clone(),
            skewed: backend.is_skewed(),
            error_s: errors.min_by(f64::total_cmp),
        });
    }
}
