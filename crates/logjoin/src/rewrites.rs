//! Requests that a proxy passes on under another target: `location /shop/ { proxy_pass http://app/; }` takes the first part of the
//! path away, others put one before it, and some logs leave the query out.
//!
//! Learned from the logs alone, before any clock is known: most of what a log names is not named by any proxy, but would be with
//! the first part of the path taken away (or added, or exchanged). Each line then gets the target that the proxy logged as the
//! key by which logs are compared; its own target stays as it was written.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Events, LogEvent};
use crate::hash::Map;
use crate::packed::AnyRequest;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};

/// How the targets of a log differ from those that the proxy before it logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Form {
    /// That many first parts are taken away.
    Stripped(u8),
    /// That many first parts are put before.
    Added(u8),
    /// The first part is another one.
    Replaced,
}

impl Form {
    const ALL: [Form; 5] =
        [Form::Stripped(1), Form::Stripped(2), Form::Added(1), Form::Added(2), Form::Replaced];

    /// In words, of a log.
    pub fn words(self) -> &'static str {
        match self {
            Form::Stripped(1) => "targets are those at the proxy without the first part of the path",
            Form::Stripped(_) => "targets are those at the proxy without the first two parts of the path",
            Form::Added(1) => "targets are those at the proxy with a part before the path",
            Form::Added(_) => "targets are those at the proxy with two parts before the path",
            Form::Replaced => "targets are those at the proxy with another first part of the path",
        }
    }
}

/// What is known of rewritten targets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rewrites {
    /// By instance.
    pub forms: BTreeMap<usize, Form>,
    /// An instance logs no queries, so that requests are compared by their paths.
    pub without_query: Option<usize>,
    /// Instances of which enough was seen to know that nothing of this holds.
    checked: BTreeSet<usize>,
}

impl Rewrites {
    /// What is said of a log.
    pub fn of(&self, instance: usize) -> impl Iterator<Item = &'static str> {
        let query = "no queries are logged: requests are compared by their paths";
        let form = self.forms.get(&instance).map(|f| f.words());
        form.into_iter().chain((self.without_query == Some(instance)).then_some(query))
    }
}

/// Of a log with more requests, those are looked at first that one in [`PART`] hashes names.
const FEW: usize = 20_000;
const PART: u64 = 32;
/// With so many requests in which no rewriting was found there is none.
const ENOUGH: usize = 5_000;
/// A log of which a proxy names so much is not rewritten.
const NAMED: f64 = 0.9;
/// Fewer different targets prove no rewriting.
const MIN_TARGETS: usize = 3;
/// So many lines whose targets are paths of requests with queries are no chance, however few paths they are.
const MANY: usize = 40;
/// Different targets that are counted.
const MOST_TARGETS: usize = 64;
/// So many requests for the proxies' targets with one tail are told apart.
const MOST_FRONTS: usize = 4;

/// A line that names a target: whose, which, and where its tails are.
#[derive(Clone, Copy)]
struct Named {
    instance: usize,
    target: u64,
    path: u64,
    tails: [u64; 2],
    label: u64,
}

/// A target as proxies logged it, with the server that it was sent to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Front {
    proxy: usize,
    target: u64,
    label: u64,
}

/// Gives the lines of all files their keys. What was known before holds on.
pub(crate) fn undo(plan: &Plan, files: &mut BTreeMap<u32, Events>, before: Rewrites) -> Rewrites {
    let mut known = before;
    let lines = Lines { plan, files };
    let mut suspects = lines.suspects();
    suspects.retain(|i| !known.checked.contains(i));
    if suspects.is_empty() && known.forms.is_empty() && known.without_query.is_none() {
        return known;
    }
    let fronts = Fronts::new(&lines);
    for instance in suspects {
        if !known.forms.contains_key(&instance)
            && let Some(form) = form(&fronts, &lines, instance)
        {
            known.forms.insert(instance, form);
        } else if known.without_query.is_none() && lacks_queries(&fronts, &lines, instance) {
            known.without_query = Some(instance);
        } else if lines.requests_of(instance) > ENOUGH {
            known.checked.insert(instance);
        }
    }
    let labels: BTreeMap<usize, BTreeSet<u64>> =
        known.forms.iter().map(|(i, form)| (*i, fronts.labels(&lines, *i, *form))).collect();
    for (file, events) in files.iter_mut() {
        let instance = instance_of(plan, *file);
        if known.forms.contains_key(&instance) || known.without_query.is_some() {
            // A packed row has no key of its own.
            events.unpack();
        }
        if let Some(form) = known.forms.get(&instance) {
            let key = |n: Named| fronts.behind(&n, *form, &labels[&instance]).unwrap_or(n.target);
            for r in events.requests.iter_mut().filter(|r| r.key == r.target) {
                r.key = key(of_request(instance, AnyRequest::Whole(r)));
            }
            for e in events.logs.iter_mut().filter(|e| e.key == e.target) {
                e.key = key(of_log(instance, e));
            }
        }
        if known.without_query.is_some() {
            events.requests.iter_mut().filter(|r| r.key == r.target).for_each(|r| r.key = r.path);
        }
    }
    known
}

fn instance_of(plan: &Plan, file: u32) -> usize {
    plan.sources[plan.files[file as usize].source].instance
}

/// All lines.
struct Lines<'a> {
    plan: &'a Plan,
    files: &'a BTreeMap<u32, Events>,
}

impl Lines<'_> {
    fn requests(&self) -> impl Iterator<Item = (usize, AnyRequest<'_>)> {
        let all = self.files.iter().map(|(f, e)| (instance_of(self.plan, *f), e));
        all.flat_map(|(instance, e)| e.all_requests().map(move |r| (instance, r)))
    }

    fn requests_of(&self, instance: usize) -> usize {
        let own = self.files.iter().filter(|(f, _)| instance_of(self.plan, **f) == instance);
        own.map(|(_, e)| e.request_count()).sum()
    }

    /// Those that name a target.
    fn named(&self) -> impl Iterator<Item = Named> {
        let all = self.files.iter().map(|(f, e)| (instance_of(self.plan, *f), e));
        let logs = all.flat_map(|(instance, e)| e.logs.iter().map(move |e| of_log(instance, e)));
        self.requests().map(|(i, r)| of_request(i, r)).chain(logs).filter(|l| l.target != 0)
    }

    fn is_proxy(&self, instance: usize) -> bool {
        self.plan.instances[instance].is_proxy
    }

    /// The instances of whose targets the proxies know too few.
    fn suspects(&self) -> Vec<usize> {
        let n = self.plan.instances.len();
        let named =
            self.files.iter().filter(|(_, e)| e.request_count() > 0 || e.logs.iter().any(|l| l.target != 0));
        if named.count() < 2 {
            return Vec::new();
        }
        let is_all = self.files.values().map(|e| e.request_count() + e.logs.len()).sum::<usize>() <= FEW;
        let is_drawn =
            |l: &Named| is_all || l.target.wrapping_mul(0x9e37_79b9_7f4a_7c15).is_multiple_of(PART);
        let drawn: Vec<Named> = self.named().filter(is_drawn).collect();
        let mut known: Map<u64, u64> = Map::default();
        for l in drawn.iter().filter(|l| self.is_proxy(l.instance)) {
            *known.entry(l.target).or_default() |= 1 << (l.instance % 64);
        }
        if known.is_empty() {
            return Vec::new();
        }
        let mut counts = vec![(0.0, 0.0); n];
        for l in &drawn {
            let by_others = known.get(&l.target).is_some_and(|by| by & !(1 << (l.instance % 64)) != 0);
            counts[l.instance].0 += 1.0;
            counts[l.instance].1 += f64::from(u8::from(by_others));
        }
        // One proxy alone is behind nothing.
        let proxies = (0..n).filter(|i| self.is_proxy(*i)).count();
        let can_be_behind = |i: &usize| !self.is_proxy(*i) || proxies > 1;
        (0..n)
            .filter(can_be_behind)
            .filter(|i| counts[*i].0 > 0.0 && counts[*i].1 < NAMED * counts[*i].0)
            .collect()
    }
}

fn of_request(instance: usize, r: AnyRequest<'_>) -> Named {
    Named { instance, target: r.target(), path: r.path(), tails: r.tails(), label: r.server() }
}

fn of_log(instance: usize, e: &LogEvent) -> Named {
    Named { instance, target: e.target, path: e.target, tails: e.tails, label: 0 }
}

/// The targets that proxies logged, by what may be left of them.
struct Fronts {
    whole: Map<u64, u64>,
    paths: Map<u64, u64>,
    by_tail: [Map<u64, Vec<Front>>; 2],
    by_target: Map<u64, Vec<Front>>,
}

impl Fronts {
    fn new(lines: &Lines<'_>) -> Fronts {
        let mut fronts = Fronts {
            whole: Map::default(),
            paths: Map::default(),
            by_tail: [Map::default(), Map::default()],
            by_target: Map::default(),
        };
        for l in lines.named().filter(|l| lines.is_proxy(l.instance)) {
            let by = 1 << (l.instance % 64);
            *fronts.whole.entry(l.target).or_default() |= by;
            *fronts.paths.entry(l.path).or_default() |= by;
            let front = Front { proxy: l.instance, target: l.target, label: l.label };
            let [first, second] = &mut fronts.by_tail;
            let tables = [(&mut fronts.by_target, l.target), (first, l.tails[0]), (second, l.tails[1])];
            for (table, key) in tables.into_iter().filter(|(_, key)| *key != 0) {
                let list = table.entry(key).or_default();
                if list.len() <= MOST_FRONTS && !list.contains(&front) {
                    list.push(front);
                }
            }
        }
        fronts
    }

    fn is_named(&self, l: &Named) -> bool {
        self.whole.get(&l.target).is_some_and(|by| by & !(1 << (l.instance % 64)) != 0)
    }

    /// What a line may have been at another proxy.
    fn candidates(&self, l: &Named, form: Form) -> impl Iterator<Item = &Front> {
        let (list, key) = match form {
            Form::Stripped(n) => (&self.by_tail[usize::from(n) - 1], l.target),
            Form::Added(n) => (&self.by_target, l.tails[usize::from(n) - 1]),
            Form::Replaced => (&self.by_tail[0], l.tails[0]),
        };
        let instance = l.instance;
        let found = if key == 0 { None } else { list.get(&key).filter(|l| l.len() <= MOST_FRONTS) };
        found.into_iter().flatten().filter(move |f| f.proxy != instance)
    }

    /// The only target that a line may have been.
    fn only(&self, l: &Named, form: Form, fits: impl Fn(&Front) -> bool) -> Option<Front> {
        let mut found = self.candidates(l, form).filter(|f| fits(f));
        let first = *found.next()?;
        found.all(|f| f.target == first.target).then_some(first)
    }

    /// The target that a line had at the proxy before it; none if that is its own.
    fn behind(&self, l: &Named, form: Form, labels: &BTreeSet<u64>) -> Option<u64> {
        if l.target == 0 || self.is_named(l) {
            return None;
        }
        let only = self.only(l, form, |_| true);
        only.or_else(|| self.only(l, form, |f| labels.contains(&f.label))).map(|f| f.target)
    }

    /// The servers to which what turns up in a log was sent, as far as there is no doubt.
    fn labels(&self, lines: &Lines<'_>, instance: usize, form: Form) -> BTreeSet<u64> {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for l in lines.named().filter(|l| l.instance == instance && !self.is_named(l)) {
            if let Some(f) = self.only(&l, form, |_| true).filter(|f| f.label != 0) {
                *counts.entry(f.label).or_default() += 1;
            }
        }
        let most = counts.values().copied().max().unwrap_or(0);
        counts.into_iter().filter(|(_, n)| n * 5 >= most).map(|(label, _)| label).collect()
    }
}

/// The form that explains most of what a log names and no proxy does, if it explains enough.
fn form(fronts: &Fronts, lines: &Lines<'_>, instance: usize) -> Option<Form> {
    let open: Vec<Named> =
        lines.named().filter(|l| l.instance == instance && !fronts.is_named(l)).take(FEW).collect();
    let explained = |form: Form| {
        let mut targets = BTreeSet::new();
        let mut explained = 0;
        for l in open.iter().filter(|l| fronts.candidates(l, form).next().is_some()) {
            explained += 1;
            if targets.len() < MOST_TARGETS {
                targets.insert(l.target);
            }
        }
        (targets.len(), explained)
    };
    let best = Form::ALL.into_iter().map(|f| (explained(f), f));
    let ((targets, lines), form) = best.max_by_key(|((t, l), f)| (*t, *l, std::cmp::Reverse(*f)))?;
    // Another first part is easily met by chance.
    let is_enough = match form {
        Form::Replaced => targets >= 2 * MIN_TARGETS && lines * 10 >= open.len() * 6,
        _ => targets >= MIN_TARGETS && lines * 4 >= open.len(),
    };
    is_enough.then_some(form)
}

/// No line of a log has a query, and most of its targets are paths of requests that had one. Of a message, only the whole target
/// is known: one with a query is no path of any request.
fn lacks_queries(fronts: &Fronts, all: &Lines<'_>, instance: usize) -> bool {
    let lines = || all.named().filter(|l| l.instance == instance);
    if lines().any(|l| l.path != l.target) {
        return false;
    }
    let open: Vec<Named> = lines().filter(|l| !fronts.is_named(l)).take(FEW).collect();
    let is_path =
        |l: &&Named| fronts.paths.get(&l.target).is_some_and(|by| by & !(1 << (l.instance % 64)) != 0);
    let targets: BTreeSet<u64> = open.iter().filter(is_path).map(|l| l.target).collect();
    let is_enough = targets.len() >= MIN_TARGETS || !targets.is_empty() && open.len() >= MANY;
    is_enough && open.iter().filter(is_path).count() * 4 >= open.len() * 3
}
