//! What a longer timeout would have served, and what it would have cost.
//!
//! A proxy that gives up hides how long the backend would have taken; the backend's own line says it. What has no such line
//! never ended as far as the logs tell, and no timeout would have served it.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::Product;

use super::durations::{Durations, digits};
use super::failure::round;
use super::late;
use crate::analysis::{TimeoutAdvice, TimeoutChoice};
use crate::diagnose::is_late_answer;
use crate::episodes::Row;
use crate::index;
use crate::link::Chain;
use crate::plan::ConfigFile;
use crate::render::words;
use crate::scene::{Case, SECOND, Scene};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

/// Timeouts that people set, seconds.
const USUAL: [f64; 22] = [
    1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0,
    300.0, 600.0, 900.0, 1800.0,
];
const CHOICES: usize = 4;

/// Requests of one proxy to one target that it gave up on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct GivenUp {
    waited: Durations,
    /// How long the backend took for those that it completed.
    completed: Durations,
    /// The rows of failures that they belong to.
    rows: BTreeSet<usize>,
    /// From the first start to the last end.
    span: Option<(i64, i64)>,
    /// Numbers of the failures.
    requests: Vec<usize>,
    /// The durations are those of the backend's lines that are left over; which is whose is not known.
    is_sum: bool,
}

/// One advice per proxy and target.
pub(super) fn advice(scene: &Scene<'_>, chains: &[Chain], rows: &[Row]) -> Vec<TimeoutAdvice> {
    let mut by: BTreeMap<(usize, String), GivenUp> = BTreeMap::new();
    let mut instances: BTreeMap<String, usize> = BTreeMap::new();
    for (n, row) in rows.iter().enumerate() {
        for case in row.members.iter().map(|m| scene.case(*m)) {
            if case.mechanism != Mechanism::ReadTimeout || !case.f.has_start {
                continue;
            }
            let name = |i: usize| scene.plan.instances[i].name.clone();
            let target = case.instance.map(name).or_else(|| case.label().map(str::to_string));
            let target = target.unwrap_or_default();
            instances.extend(case.instance.map(|i| (target.clone(), i)));
            let sum = by.entry((case.proxy, target)).or_default();
            sum.waited.add_each(case.end - case.start, case.f.n());
            sum.rows.insert(n);
            sum.requests.push(case.number);
            let (from, to) = sum.span.unwrap_or((case.start, case.end));
            sum.span = Some((from.min(case.start), to.max(case.f.until())));
            if let Some(took) = took(&case).or_else(|| took_behind(&case, &chains[case.number])) {
                sum.completed.add_each(took, case.f.n());
            }
        }
    }
    let proxies = |target: &str| by.keys().filter(|(_, t)| t == target).count();
    let alone: BTreeSet<String> = by.keys().map(|(_, t)| t.clone()).filter(|t| proxies(t) == 1).collect();
    for ((_, target), sum) in &mut by {
        if let (Some(instance), true) = (instances.get(target), alone.contains(target)) {
            sum.state_late(scene, *instance);
        }
    }
    by.into_iter().filter_map(|((proxy, target), sum)| finish(scene, rows, proxy, target, &sum)).collect()
}

/// What the figures say to a row of requests that were answered too late.
pub(super) fn of_row(scene: &Scene<'_>, row: &Row, all: &[TimeoutAdvice]) -> Vec<String> {
    let is = |i: &usize, name: &str| scene.plan.instances[*i].name == name;
    let ours = |t: &&TimeoutAdvice| {
        row.cause == CauseId::TimeoutTooShort
            && !t.choices.is_empty()
            && row.proxies.iter().any(|p| is(p, &t.proxy))
            && row.targets.iter().any(|i| is(i, &t.target))
    };
    let price = |t: &TimeoutAdvice| {
        let choice = t.choices.last()?;
        let place = t.directive.as_ref().map_or(String::new(), |d| format!("; now: {d}"));
        Some(format!(
            "{}; {} s would keep {} more connections busy on average{place}",
            t.summary, choice.timeout_s, choice.extra_busy
        ))
    };
    all.iter().filter(ours).filter_map(price).collect()
}

impl GivenUp {
    /// Where most of the requests have no line of their own that is surely theirs: the lines that are left over, in their order;
    /// else what the backend's messages say of slow work.
    fn state_late(&mut self, scene: &Scene<'_>, instance: usize) {
        let (Some((from, to)), Some(waited)) = (self.span, self.waited.quantile(0.5)) else { return };
        if self.completed.count() * 2 >= self.waited.count() {
            return;
        }
        let waited = (waited * SECOND as f64) as i64;
        let until = to.saturating_add(waited.saturating_mul(5));
        let mut by_lines = Durations::default();
        let left_over = late::durations(scene, instance, &self.requests, waited, until);
        left_over.into_iter().for_each(|(d, n)| by_lines.add_each(d, n));
        let said = scene.all_signs(instance).iter().filter(|s| s.meaning == Meaning::Slow);
        let said = said.filter_map(|s| {
            let ms = scene.world.logs[s.log].e.signal.as_ref()?.duration_ms?;
            Some((i64::try_from(ms).ok()?.saturating_mul(SECOND / 1000), s.lo))
        });
        let in_time = |end: i64| (from + waited..until).contains(&end);
        let mut by_words = Durations::default();
        said.filter(|(d, end)| *d > waited && in_time(*end)).for_each(|(d, _)| by_words.add(d));
        let most = self.waited.count();
        let late =
            if by_words.count() > by_lines.count() && by_words.count() <= most { by_words } else { by_lines };
        // More than were given up on: others use it too.
        if late.count() > self.completed.count() && late.count() <= most {
            self.completed = late;
            self.is_sum = true;
        }
    }
}

/// The same, as the log of a proxy behind this one has it.
fn took_behind(case: &Case<'_>, links: &Chain) -> Option<i64> {
    let late = |(inner, is_inner, _): &&(usize, bool, f64)| *is_inner && is_late_answer(case, *inner);
    let (inner, ..) = links.iter().find(late)?;
    Some(case.scene.world.requests[*inner].end_lo - case.start)
}

/// How long the backend took for a request that it completed after the proxy had given up, nanoseconds.
fn took(case: &Case<'_>) -> Option<i64> {
    let waited = case.end - case.start;
    let world = case.scene.world;
    if let Some((index::Row::Request(i), status, end)) = case.completed() {
        let t = &world.requests[i as usize];
        // A worker that was killed has its line too; so has a request that was never late.
        if !(1..500).contains(&status) || end < case.end - SECOND {
            return None;
        }
        let took = t.r.duration_ns.unwrap_or(0).max(t.end_lo - case.start);
        return (took > waited * 9 / 10).then_some(took.max(waited));
    }
    let died = |l: usize| {
        use Meaning::*;
        let meaning = world.logs[l].e.signal.as_ref().map(|s| s.meaning);
        matches!(meaning, Some(WorkerTimeout | Crash | OomKill | KilledBySupervisor | RequestException))
    };
    if case.joined_logs().any(died) {
        return None;
    }
    // A message of trouble is no completion: a detector of stuck threads names the request too.
    let is_end = |m: &crate::timeline::Moment<crate::event::LogEvent>| {
        m.e.signal.as_ref().is_none_or(|s| matches!(s.meaning, Meaning::PeerGone | Meaning::Noise))
    };
    let late = case.joined_logs().map(|l| &world.logs[l]);
    let late = late.filter(|m| m.e.target != 0 && m.hi > case.end && is_end(m));
    late.map(|m| m.mid() - case.start).max().filter(|d| *d > waited)
}

fn finish(
    scene: &Scene<'_>,
    rows: &[Row],
    proxy: usize,
    target: String,
    sum: &GivenUp,
) -> Option<TimeoutAdvice> {
    let waited = sum.waited.quantile(0.5)?;
    let (given_up, completed) = (sum.waited.count(), sum.completed.count());
    let q = |share: f64| sum.completed.quantile(share).unwrap_or(0.0);
    let quantiles_s = [q(0.5), q(0.9), q(0.99), digits(sum.completed.longest().unwrap_or(0.0), 3)];
    let span: i64 = sum.rows.iter().map(|r| rows[*r].end - rows[*r].start).sum();
    let choices = choices(sum, waited, span as f64 / SECOND as f64);
    let name = &scene.plan.instances[proxy].name;
    let has_log = scene.plan.instances.iter().any(|i| i.name == target && !i.is_proxy);
    let seconds = |s: f64| format!("{} s", digits(s, 3));
    let requests = words::count(given_up, "request", "requests");
    let summary = match choices.last() {
        Some(best) => {
            let first = &choices[0];
            let more = if first.timeout_s < best.timeout_s {
                format!(", {} would have served {}", seconds(best.timeout_s), percent(best.served))
            } else {
                String::new()
            };
            let (by, least) = if sum.is_sum {
                (", as its log shows, although not which line is whose", "at least ")
            } else {
                ("", "")
            };
            format!(
                "{name} gave up on {requests} to {target} after {}; {} of them completed later{by} (half within {}, the longest in {}): a timeout of {} would have served {least}{}{more}",
                seconds(waited),
                words::grouped(completed),
                seconds(quantiles_s[0]),
                seconds(quantiles_s[3]),
                seconds(first.timeout_s),
                percent(first.served),
            )
        }
        None if has_log => format!(
            "{name} gave up on {requests} to {target} after {}; its log shows none of them completed: no timeout would have served them",
            seconds(waited)
        ),
        None => format!(
            "{name} gave up on {requests} to {} after {}; the given logs do not say whether they completed later",
            if target.is_empty() { "a server that is not logged" } else { &target },
            seconds(waited)
        ),
    };
    Some(TimeoutAdvice {
        proxy: name.clone(),
        target,
        waited_s: waited,
        directive: directive(&scene.plan.configs_of(proxy), scene.plan.instances[proxy].product, waited),
        given_up,
        completed,
        quantiles_s,
        choices,
        summary,
    })
}

/// The usual timeouts that would have served more than the ones before them: for half, nine in ten, 99 in a hundred and all of
/// what was completed.
fn choices(sum: &GivenUp, waited: f64, span_s: f64) -> Vec<TimeoutChoice> {
    let given_up = sum.waited.count().max(1) as f64;
    let served =
        |timeout: f64| sum.completed.each().filter(|(d, _)| *d <= timeout).map(|(_, n)| n).sum::<u64>();
    let mut out: Vec<TimeoutChoice> = Vec::new();
    for share in [0.5, 0.9, 0.99, 1.0] {
        let Some(needed) = sum.completed.quantile(share) else { continue };
        let Some(timeout_s) = USUAL.iter().copied().find(|t| *t >= needed && *t > waited * 1.05) else {
            continue;
        };
        if out.iter().any(|c| c.timeout_s >= timeout_s) {
            continue;
        }
        // What is served leaves when it is done; what is not waits until the end.
        let longer: f64 =
            sum.completed.each().map(|(d, n)| (d.min(timeout_s) - waited).max(0.0) * n as f64).sum();
        let never = (sum.waited.count() - sum.completed.count().min(sum.waited.count())) as f64;
        let extra = longer + never * (timeout_s - waited);
        out.push(TimeoutChoice {
            timeout_s,
            served: round(served(timeout_s) as f64 / given_up),
            extra_busy: digits(extra / span_s.max(1.0), 2),
        });
    }
    out.truncate(CHOICES);
    out
}

fn percent(share: f64) -> String {
    crate::render::words::percent(share)
}

/// The directive that made the proxy wait so long, with its place; the proxy's default where no line says it.
fn directive(configs: &[&ConfigFile], product: Product, waited_s: f64) -> Option<String> {
    let mut best: Option<(f64, usize, String)> = None;
    for c in configs {
        for s in &c.config.settings {
            let name = s.name.to_ascii_lowercase();
            let value = match product {
                Product::Nginx if name.ends_with("_read_timeout") => s.args.first().map(String::as_str),
                Product::Haproxy if name == "timeout" && s.args.first().is_some_and(|a| a == "server") => {
                    s.args.get(1).map(String::as_str)
                }
                Product::Apache if name == "proxytimeout" || name == "timeout" => {
                    s.args.first().map(String::as_str)
                }
                Product::Apache => s.args.iter().find_map(|a| a.strip_prefix("timeout=")),
                _ => None,
            };
            let unit = if product == Product::Haproxy { 0.001 } else { 1.0 };
            let Some(seconds) = value.and_then(|v| parse(v, unit)) else { continue };
            let off = (seconds - waited_s).abs();
            // The timer runs from the last byte: the wait is a little longer than it says.
            if off > (waited_s * 0.1).max(0.3) {
                continue;
            }
            let said = if name == "timeout" && product == Product::Haproxy {
                format!("timeout server {}", value.unwrap_or_default())
            } else if matches!(name.as_str(), "proxytimeout" | "timeout") || product == Product::Nginx {
                format!("{} {}", s.name, value.unwrap_or_default())
            } else {
                format!("{} timeout={}", s.name, value.unwrap_or_default())
            };
            let text = format!("{said} ({}:{})", s.place.file, s.place.line);
            let depth = s.scope.len();
            if best
                .as_ref()
                .is_none_or(|(o, d, _)| (off, std::cmp::Reverse(depth)) < (*o, std::cmp::Reverse(*d)))
            {
                best = Some((off, depth, text));
            }
        }
    }
    if let Some((_, _, text)) = best {
        return Some(text);
    }
    let is_default = !configs.is_empty() && (waited_s - 60.0).abs() < 3.0;
    match product {
        Product::Nginx if is_default => Some("proxy_read_timeout 60s (nginx's default)".into()),
        Product::Apache if is_default => Some("Timeout 60 (httpd's default)".into()),
        _ => None,
    }
}

/// `60`, `5s`, `500ms`, `2m`; the unit where none is written, seconds.
fn parse(value: &str, unit: f64) -> Option<f64> {
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let n: f64 = value[..digits].parse().ok()?;
    let by = match &value[digits..] {
        "" => unit,
        "us" => 1e-6,
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some(n * by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_timeouts_and_their_price() {
        let mut sum = GivenUp::default();
        for i in 0..10 {
            sum.waited.add(5 * SECOND);
            // Eight are completed, after 6 to 13 s.
            if i < 8 {
                sum.completed.add((6 + i) * SECOND);
            }
        }
        let c = choices(&sum, 5.0, 10.0);
        let got: Vec<(f64, f64)> = c.iter().map(|c| (c.timeout_s, c.served)).collect();
        // What took ten seconds is known to one part in 32 only, and does not count as served by ten.
        assert_eq!(got, [(10.0, 0.4), (15.0, 0.8)]);
        // Eight wait 1 to 8 s longer, two 10 s, within 10 s.
        assert!((c[1].extra_busy - 5.6).abs() < 0.2, "{}", c[1].extra_busy);
        assert!(choices(&GivenUp { waited: sum.waited.clone(), ..GivenUp::default() }, 5.0, 10.0).is_empty());
    }

    #[test]
    fn durations_of_configurations() {
        assert_eq!(
            (parse("5s", 1.0), parse("5000", 0.001), parse("2m", 1.0)),
            (Some(5.0), Some(5.0), Some(120.0))
        );
        assert_eq!((parse("1d2h", 1.0), parse("", 1.0)), (None, None));
    }
}
