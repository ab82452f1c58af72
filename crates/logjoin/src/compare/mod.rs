//! Two results held against each other: before and after a change, or one incident against an earlier one.
//!
//! What is compared is the rate per request, not the count: the two may cover different stretches of time. A difference
//! counts as better or worse only where it is larger than chance explains ([`Change::z`] beyond [`Z_SURE`]) and by a fifth
//! at least; the rest is the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Analysis;
use crate::analysis::{Failure, Time};
use crate::render::words::grouped;

/// Standard deviations beyond which a difference is no chance: one comparison in a hundred gets there by chance.
pub const Z_SURE: f64 = 2.576;
/// Smallest ratio of two rates that is called a change.
const RATIO: f64 = 1.2;
/// Version of the JSON form.
pub const COMPARISON_VERSION: u32 = 1;

/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_VERSION`].
    pub comparison_version: u32,
    /// The first result.
    pub before: Side,
    /// The second.
    pub after: Side,
    /// What it comes to, in a sentence.
    pub summary: String,
    /// All failures.
    pub failures: Change,
    /// Failures by cause, mechanism, status, server and endpoint; within each the largest change first.
    pub changes: Vec<Change>,
    /// Durations of successes by server, where both logged them.
    pub durations: Vec<DurationChange>,
}

/// One of the two results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// What it is called: a path or a range of time.
    pub name: String,
    /// First moment of its sources.
    pub start: Option<Time>,
    /// Last moment.
    pub end: Option<Time>,
    /// Requests that the proxies logged.
    pub requests: u64,
    /// Gateway failures.
    pub failures: u64,
    /// Incidents.
    pub incidents: u64,
}

/// How something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trend {
    /// It was not there before.
    New,
    /// More often than before.
    Worse,
    /// Less often than before.
    Better,
    /// It is not there any more.
    Gone,
    /// No difference that could be told from chance.
    Same,
    /// One side has no requests to compare with.
    NotComparable,
}

impl Trend {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Trend::New => "new",
            Trend::Worse => "worse",
            Trend::Better => "better",
            Trend::Gone => "gone",
            Trend::Same => "same",
            Trend::NotComparable => "not-comparable",
        }
    }
}

/// A count on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `failures`, `cause`, `mechanism`, `status`, `server` or `endpoint`.
    pub what: String,
    /// Which.
    pub value: String,
    /// Failures before.
    pub before: u64,
    /// Failures after.
    pub after: u64,
    /// What became of it.
    pub trend: Trend,
    /// The difference of the two rates in standard deviations of their pooled rate; positive is more after. Below
    /// [`Z_SURE`] chance explains it, even where it is new or gone.
    pub z: f64,
}

/// Durations of one server on both sides, seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DurationChange {
    /// Proxy.
    pub proxy: String,
    /// Server.
    pub server: String,
    /// Median before and after.
    pub p50_s: (f64, f64),
    /// 99th percentile before and after; absent where a side has none.
    pub p99_s: Option<(f64, f64)>,
    /// Whether the longest of them changed by half or more, and by 10 ms at least.
    pub trend: Trend,
}

/// Compares two results, under these names.
pub fn compare(before: &Analysis, after: &Analysis, names: (&str, &str)) -> Comparison {
    let (b, a) = (side(before, names.0), side(after, names.1));
    let requests = (b.requests, a.requests);
    let failures = change("failures", "all", (b.failures, a.failures), requests);
    let mut changes = Vec::new();
    let maps = [
        ("cause", &before.totals.by_cause, &after.totals.by_cause),
        ("mechanism", &before.totals.by_mechanism, &after.totals.by_mechanism),
    ];
    for (what, x, y) in maps {
        changes.extend(both(what, x.clone(), y.clone(), requests));
    }
    let status = |f: &Failure| f.status.map(|s| s.to_string());
    changes.extend(both("status", tally(before, status), tally(after, status), requests));
    changes.extend(both("server", tally(before, server), tally(after, server), requests));
    changes.extend(both("endpoint", tally(before, endpoint), tally(after, endpoint), requests));
    let durations = durations(before, after);
    let summary = summary(&b, &a, &failures, &changes);
    Comparison {
        comparison_version: COMPARISON_VERSION,
        before: b,
        after: a,
        summary,
        failures,
        changes,
        durations,
    }
}

fn side(a: &Analysis, name: &str) -> Side {
    Side {
        name: name.to_owned(),
        start: a.sources.iter().filter_map(|s| s.start).min(),
        end: a.sources.iter().filter_map(|s| s.end).max(),
        requests: a.totals.requests,
        failures: a.totals.failures,
        incidents: a.incidents.len() as u64,
    }
}

/// Gateway failures by a property of the listed ones.
fn tally(a: &Analysis, of: impl Fn(&Failure) -> Option<String>) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    for f in a.failures.iter().filter(|f| f.gateway) {
        if let Some(value) = of(f) {
            *out.entry(value).or_default() += f.stands_for;
        }
    }
    out
}

fn server(f: &Failure) -> Option<String> {
    let last = f.attempts.last()?;
    last.instance.clone().or_else(|| last.address.clone())
}

/// Method and path without the query.
fn endpoint(f: &Failure) -> Option<String> {
    let target = f.target.as_deref()?;
    let path = target.split(['?', '#']).next().unwrap_or(target);
    Some(format!("{} {path}", f.method.as_deref().unwrap_or("-")))
}

fn both(
    what: &str,
    before: BTreeMap<String, u64>,
    after: BTreeMap<String, u64>,
    requests: (u64, u64),
) -> Vec<Change> {
    let values: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let count = |all: &BTreeMap<String, u64>, v: &String| all.get(v).copied().unwrap_or(0);
    let mut out: Vec<Change> = values
        .into_iter()
        .map(|v| change(what, v, (count(&before, v), count(&after, v)), requests))
        .collect();
    out.sort_by(|x, y| y.z.abs().total_cmp(&x.z.abs()).then_with(|| x.value.cmp(&y.value)));
    out
}

fn change(what: &str, value: &str, (before, after): (u64, u64), requests: (u64, u64)) -> Change {
    let z = deviations((before, requests.0), (after, requests.1));
    let trend = match (before, after) {
        _ if requests.0 == 0 || requests.1 == 0 => Trend::NotComparable,
        (0, 0) => Trend::Same,
        (0, _) => Trend::New,
        (_, 0) => Trend::Gone,
        _ => {
            let ratio = (after as f64 / requests.1 as f64) / (before as f64 / requests.0 as f64);
            match () {
                () if z >= Z_SURE && ratio >= RATIO => Trend::Worse,
                () if z <= -Z_SURE && ratio <= 1.0 / RATIO => Trend::Better,
                () => Trend::Same,
            }
        }
    };
    Change { what: what.to_owned(), value: value.to_owned(), before, after, trend, z }
}

/// Two proportions: their difference over its standard deviation, if both were the pooled one. Rounded to hundredths.
fn deviations((x, n): (u64, u64), (y, m): (u64, u64)) -> f64 {
    if n == 0 || m == 0 {
        return 0.0;
    }
    let (x, n, y, m) = (x as f64, n as f64, y as f64, m as f64);
    let pooled = (x + y) / (n + m);
    // Several proxies may each log one request: more failures than requests are not to be had, but nearly.
    let variance = pooled * (1.0 - pooled).max(0.0) * (1.0 / n + 1.0 / m);
    if variance <= 0.0 { 0.0 } else { ((y / m - x / n) / variance.sqrt() * 100.0).round() / 100.0 }
}

fn durations(before: &Analysis, after: &Analysis) -> Vec<DurationChange> {
    let mut out = Vec::new();
    for x in &before.distribution {
        let same = after
            .distribution
            .iter()
            .find(|y| (&y.proxy, &y.pool, &y.server) == (&x.proxy, &x.pool, &x.server));
        let Some(y) = same else { continue };
        let (Some(p), Some(q)) = (x.p50_s, y.p50_s) else { continue };
        let p99_s = x.p99_s.zip(y.p99_s);
        let (was, is) = p99_s.unwrap_or((p, q));
        let trend = match () {
            () if is > was * 1.5 && is - was > 0.01 => Trend::Worse,
            () if was > is * 1.5 && was - is > 0.01 => Trend::Better,
            () => Trend::Same,
        };
        out.push(DurationChange {
            proxy: x.proxy.clone(),
            server: x.server.clone(),
            p50_s: (p, q),
            p99_s,
            trend,
        });
    }
    out
}

fn summary(before: &Side, after: &Side, all: &Change, changes: &[Change]) -> String {
    let causes = |t: Trend| {
        let of = changes.iter().filter(|c| c.what == "cause" && c.trend == t);
        of.map(|c| c.value.as_str()).collect::<Vec<_>>()
    };
    let rates = format!(
        "{} of {} requests failed before, {} of {} after",
        grouped(before.failures),
        grouped(before.requests),
        grouped(after.failures),
        grouped(after.requests)
    );
    let mut parts = vec![match all.trend {
        Trend::NotComparable => format!("one side has no requests: {rates}"),
        Trend::Same if all.before + all.after == 0 => "no request failed on either side".to_owned(),
        Trend::Same => format!("no difference that could be told from chance: {rates}"),
        t => format!("{}: {rates}", t.as_str()),
    }];
    for t in [Trend::New, Trend::Worse, Trend::Better, Trend::Gone] {
        let values = causes(t);
        if !values.is_empty() {
            parts.push(format!("{}: {}", t.as_str(), values.join(", ")));
        }
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_result_is_the_same_as_itself() {
        let a = sample::rich();
        let c = compare(&a, &a, ("a", "a"));
        assert!(c.changes.iter().chain([&c.failures]).all(|x| x.trend == Trend::Same && x.z == 0.0), "{c:?}");
        let by_cause: u64 = c.changes.iter().filter(|x| x.what == "cause").map(|x| x.after).sum();
        assert_eq!(by_cause, a.totals.failures);
    }

    #[test]
    fn what_is_new_gone_better_and_worse() {
        let (a, mut b) = (sample::rich(), sample::rich());
        b.totals.by_cause.remove("oom-kill");
        b.totals.by_cause.insert("dns-failure".into(), 300);
        b.totals.by_cause.insert("start-failure".into(), 120);
        b.totals.by_cause.insert("timeout-too-short".into(), 7);
        b.totals.failures = b.totals.by_cause.values().sum();
        let c = compare(&a, &b, ("a", "b"));
        let trend = |v: &str| c.changes.iter().find(|x| x.what == "cause" && x.value == v).unwrap().trend;
        assert_eq!((trend("oom-kill"), trend("dns-failure")), (Trend::Gone, Trend::New));
        assert_eq!((trend("start-failure"), trend("timeout-too-short")), (Trend::Worse, Trend::Same));
        assert_eq!(c.failures.trend, Trend::Worse);
        assert!(
            c.summary.contains("gone: oom-kill") && c.summary.contains("new: dns-failure"),
            "{}",
            c.summary
        );
        let back = compare(&b, &a, ("b", "a"));
        let x = back.changes.iter().find(|x| x.value == "start-failure").unwrap();
        assert_eq!(x.trend, Trend::Better);
        assert_eq!(compare(&a, &sample::empty(), ("a", "-")).failures.trend, Trend::NotComparable);
    }
}
