//! What reports for people choose and add up: one place, so that no two reports differ.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::Analysis;
use crate::analysis::{Count, Episode, Evidence, Failure, Incident, LifeSpan, Time, TimeoutAdvice};
use crate::vocabulary::{InputKind, LifeState};

/// The range over all sources.
pub(crate) fn range(a: &Analysis) -> Option<(Time, Time)> {
    let start = a.sources.iter().filter_map(|s| s.start).min()?;
    let end = a.sources.iter().filter_map(|s| s.end).max()?;
    Some((start, end))
}

/// Whether all the logs are of one day, so that moments need no dates.
pub(crate) fn is_one_day(a: &Analysis) -> bool {
    range(a).is_none_or(|(start, end)| words::day(start) == words::day(end))
}

/// How moments are written: with their day where there are several.
pub(crate) fn clock(a: &Analysis) -> fn(Time) -> String {
    if is_one_day(a) { words::clock } else { words::clock_of_day }
}

/// What is said in place of counts where there are none, since no request was read.
pub(crate) const NOTHING: &str = "nothing to judge: no proxy's access log was recognised";

/// The largest episode of an incident, the one that its cause comes from; of equals the first.
pub(crate) fn main_episode(i: &Incident) -> Option<&Episode> {
    i.episodes
        .iter()
        .filter(|e| e.cause == i.cause)
        .max_by_key(|e| (e.failures, std::cmp::Reverse(e.start)))
        .or_else(|| i.episodes.first())
}

/// `502: 4,690, 504: 10` over the episodes of an incident.
pub(crate) fn statuses(i: &Incident) -> String {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for e in &i.episodes {
        for (status, n) in &e.by_status {
            *all.entry(status).or_default() += n;
        }
    }
    counts(all)
}

/// `name: n` of a map, the largest first.
pub(crate) fn counts<'a>(map: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let mut all: Vec<(&str, u64)> = map.into_iter().collect();
    all.sort_by(|x, y| y.1.cmp(&x.1).then(x.0.cmp(y.0)));
    let parts: Vec<String> = all.iter().map(|(k, n)| format!("{k}: {}", words::grouped(*n))).collect();
    parts.join(", ")
}

/// `name: n` of a map of the result.
pub(crate) fn map_counts(map: &BTreeMap<String, u64>) -> String {
    counts(map.iter().map(|(k, n)| (k.as_str(), *n)))
}

/// What a chain of proxies does to the counts, where there is one.
pub(crate) fn seen_twice(a: &Analysis) -> Option<String> {
    let n = a.totals.seen_twice;
    (n > 0).then(|| {
        let stand = words::count(n, "failure stands", "failures stand");
        format!("{stand} in two proxies' logs, and count twice")
    })
}

/// How many of the requests failed, in words. Episodes of one incident may share requests, so the share is that of its
/// largest episode.
pub(crate) fn share_sentence(i: &Incident) -> String {
    let Some(e) = i.episodes.iter().max_by_key(|e| (e.failures, std::cmp::Reverse(e.start))) else {
        return String::new();
    };
    let of = format!(
        "{} of {} requests through {} ({})",
        words::grouped(e.failures),
        words::grouped(e.requests),
        if e.proxies.is_empty() { "the proxy".to_owned() } else { words::list(&e.proxies) },
        words::share(e.failures, e.requests)
    );
    if i.episodes.len() == 1 { of } else { format!("most in {}: {of}", e.id) }
}

/// Distinct clients of an incident, in words. Counts of episodes cannot be added, so they are counted anew where all
/// failures are listed; otherwise the largest is a lower bound.
pub(crate) fn clients(a: &Analysis, i: &Incident) -> String {
    if let [only] = i.episodes.as_slice() {
        return words::count(only.clients, "client", "clients");
    }
    let listed: Vec<&Failure> = failures_of(a, i).collect();
    if listed.len() as u64 == i.failures {
        let all: BTreeSet<&str> = listed.iter().filter_map(|f| f.client.as_deref()).collect();
        return words::count(all.len() as u64, "client", "clients");
    }
    let most = i.episodes.iter().map(|e| e.clients).max().unwrap_or(0);
    format!("at least {}", words::count(most, "client", "clients"))
}

/// The listed failures of an incident.
pub(crate) fn failures_of<'a>(a: &'a Analysis, i: &'a Incident) -> impl Iterator<Item = &'a Failure> {
    a.failures
        .iter()
        .filter(|f| f.gateway && f.episode.as_deref().is_some_and(|id| i.episodes.iter().any(|e| e.id == id)))
}

/// The paths that failed most in an incident.
pub(crate) fn endpoints(i: &Incident, most: usize) -> Vec<Count> {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for c in i.episodes.iter().flat_map(|e| &e.endpoints) {
        *all.entry(&c.value).or_default() += c.count;
    }
    let mut all: Vec<Count> =
        all.into_iter().map(|(value, count)| Count { value: value.to_owned(), count }).collect();
    all.sort_by(|x, y| y.count.cmp(&x.count).then(x.value.cmp(&y.value)));
    all.truncate(most);
    all
}

/// All targets or proxies of an incident, in order of their first episode.
pub(crate) fn union<'a>(i: &'a Incident, of: impl Fn(&'a Episode) -> &'a [String]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for name in i.episodes.iter().flat_map(of) {
        if !out.contains(&name.as_str()) {
            out.push(name);
        }
    }
    out
}

/// The few facts that prove an episode: those with a line and its text come first.
pub(crate) fn proof(e: &Episode, most: usize) -> Vec<&Evidence> {
    let mut all: Vec<&Evidence> = e.evidence.iter().collect();
    all.sort_by_key(|x| (x.text.is_none(), x.lines.is_empty()));
    all.truncate(most);
    all
}

/// Failures over time, in slices of a round length.
pub(crate) struct Strip {
    /// Start of the first slice.
    pub start: Time,
    /// Length of a slice, seconds.
    pub slice_s: i64,
    /// Failures in each slice.
    pub counts: Vec<u64>,
    /// What the counts are of, where they are not of all failures.
    pub partly: Option<String>,
}

/// Lengths of slices that people count in, seconds.
const ROUND: [i64; 20] = [
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800,
    432_000,
];

impl Strip {
    /// The failures of a result, in at most so many slices. Where all of them are listed, each is where it was; else they are
    /// counted in the steps of the proxies' load, which all failures are in; only where these are missing, in what is listed.
    pub fn of(a: &Analysis, most: usize) -> Option<Strip> {
        let (start, end) = range(a)?;
        let gateway = || a.failures.iter().filter(|f| f.gateway);
        let listed: Vec<(Time, u64)> = gateway().map(|f| (f.time, f.stands_for)).collect();
        if listed.len() as u64 == a.totals.failures {
            return Some(Strip::counting(&listed, 1, (start, end), most));
        }
        let proxies: BTreeSet<&str> =
            a.sources.iter().filter(|s| s.role.is_proxy()).map(|s| s.instance.as_str()).collect();
        let load = a.traffic.iter().filter(|t| t.server.is_none() && proxies.contains(t.source.as_str()));
        let step_s = load.clone().map(|t| i64::from(t.step_s)).max().unwrap_or(1).max(1);
        let steps: Vec<(Time, u64)> = load.flat_map(|t| &t.points).map(|p| (p.start, p.failures)).collect();
        if steps.iter().map(|(_, n)| n).sum::<u64>() == a.totals.failures {
            return Some(Strip::counting(&steps, step_s, (start, end), most));
        }
        let told: u64 = listed.iter().map(|(_, n)| n).sum();
        let (told, all) = (words::grouped(told), words::grouped(a.totals.failures));
        let partly = Some(format!("listed ones only: {told} of {all}"));
        Some(Strip { partly, ..Strip::counting(&listed, 1, (start, end), most) })
    }

    fn counting(counts: &[(Time, u64)], step_s: i64, (start, end): (Time, Time), most: usize) -> Strip {
        let number = |t: Time, slice_s: i64| t.0.div_euclid(1_000_000_000).div_euclid(slice_s);
        // A range that ends where a slice would begin has no more of it.
        let last = Time(end.0.saturating_sub(1)).max(start);
        let slices = |slice_s: i64| number(last, slice_s) - number(start, slice_s) + 1;
        let fits = |slice_s: &i64| slice_s % step_s == 0 && slices(*slice_s) <= most.max(1) as i64;
        let longer = || (1..).map(|n| step_s * ROUND[19] * n).find(|s| slices(*s) <= most.max(2) as i64);
        let slice_s = ROUND.into_iter().find(fits).or_else(longer).unwrap_or(step_s);
        let (first, n) = (number(start, slice_s), slices(slice_s));
        let mut out = vec![0; n as usize];
        for (t, count) in counts {
            out[(number(*t, slice_s) - first).clamp(0, n - 1) as usize] += count;
        }
        let start = Time((first * slice_s).saturating_mul(1_000_000_000));
        Strip { start, slice_s, counts: out, partly: None }
    }

    /// Start of a slice; the first one that is none is the end of the last.
    pub fn start_of(&self, slice: usize) -> Time {
        Time(self.start.0.saturating_add((slice as i64 * self.slice_s).saturating_mul(1_000_000_000)))
    }

    /// End of the last slice.
    pub fn end(&self) -> Time {
        self.start_of(self.counts.len())
    }

    /// The counts with so many columns for each slice as there is room for.
    pub fn columns(&self, room: usize) -> Vec<u64> {
        let each = (room / self.counts.len().max(1)).max(1);
        self.counts.iter().flat_map(|n| std::iter::repeat_n(*n, each)).collect()
    }

    /// The highest count and the length of its slice: `full bar: 25 in 10 s`.
    pub fn scale(&self) -> String {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let partly = self.partly.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
        format!("full bar: {} in {}{partly}", words::grouped(most), words::length(self.slice_s as f64))
    }
}

/// The state of an instance that fills most of each slice of a range, as one letter each.
pub(crate) fn state_strip(spans: &[LifeSpan], start: Time, end: Time, slices: usize) -> String {
    let n = slices.max(1) as i128;
    let (s, e) = (i128::from(start.0), i128::from(end.0).max(i128::from(start.0) + 1));
    (0..n)
        .map(|i| {
            let (from, to) = (s + (e - s) * i / n, s + (e - s) * (i + 1) / n);
            let inside =
                |x: &LifeSpan| (i128::from(x.end.0).min(to) - i128::from(x.start.0).max(from)).max(0);
            // What is not well wins a slice however short it is: a restart of a second must not vanish.
            let worst = spans.iter().filter(|x| inside(x) > 0).max_by_key(|x| state_rank(x.state));
            worst.map_or('?', |x| state_letter(x.state))
        })
        .collect()
}

fn state_rank(state: LifeState) -> u8 {
    match state {
        LifeState::Down => 4,
        LifeState::Starting => 3,
        LifeState::Draining => 2,
        LifeState::Ready => 1,
        LifeState::Unknown => 0,
    }
}

/// One character for a state; the legend is `= ready, s starting, d draining, X down, ? unknown`.
pub(crate) fn state_letter(state: LifeState) -> char {
    match state {
        LifeState::Ready => '=',
        LifeState::Starting => 's',
        LifeState::Draining => 'd',
        LifeState::Down => 'X',
        LifeState::Unknown => '?',
    }
}

/// What is wrong with a server, in words.
pub(crate) fn finding(id: &str) -> &str {
    match id {
        "more-than-its-share" => "gets more than its share",
        "less-than-its-share" => "gets less than its share",
        "fails-more" => "fails more than its peers",
        "fails-fast" => "fails fast, and attracts traffic by it",
        other => other,
    }
}

/// A probability of chance: `1 in 5,000 by chance`.
pub(crate) fn chance(p: f64) -> String {
    if p >= 0.01 {
        format!("{} by chance", words::percent(p))
    } else if p > 1e-9 {
        format!("1 in {} by chance", words::grouped((1.0 / p).round() as u64))
    } else {
        "less than 1 in 1,000,000,000 by chance".to_owned()
    }
}

/// Whether an order was kept, in words.
pub(crate) fn order(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "kept",
        Some(false) => "not kept",
        None => "cannot be told",
    }
}

/// What advice on a timeout rests on.
pub(crate) fn timeout_facts(t: &TimeoutAdvice) -> String {
    let [p50, p90, p99, longest] = t.quantiles_s.map(words::length);
    let directive = t.directive.as_ref().map(|d| format!(", by `{d}`")).unwrap_or_default();
    let done = if t.completed == 0 {
        "none of them was completed later, as far as the logs tell".to_owned()
    } else {
        format!(
            "{} completed later: half within {p50}, 90 % within {p90}, 99 % within {p99}, all within {longest}",
            words::count(t.completed, "was", "were")
        )
    };
    format!(
        "{} given up after {}{directive}; {done}",
        words::count(t.given_up, "request was", "requests were"),
        words::length(t.waited_s)
    )
}

/// The instance behind a server as a proxy names it (`pool/server`, an address), where the result knows it; else the name.
pub(crate) fn instance_of_server(a: &Analysis, server: &str) -> String {
    let last = server.rsplit('/').next().unwrap_or(server);
    let known = a.distribution.iter().find(|s| s.server == server).and_then(|s| s.instance.clone());
    let named = || a.lifecycle.iter().find(|l| l.instance == last).map(|l| l.instance.clone());
    known.or_else(named).unwrap_or_else(|| server.to_owned())
}

/// What a file is called in an account of the input: `14 files of 541 MB (2 with problems)`.
pub(crate) fn files(a: &Analysis) -> String {
    let bad = a.inputs.iter().filter(|i| i.problem.is_some()).count() as u64;
    let bytes = a.inputs.iter().map(|i| i.bytes).sum();
    let read =
        a.inputs.iter().filter(|i| !matches!(i.kind, InputKind::Copy | InputKind::Unread)).count() as u64;
    let all = format!("{} of {}", words::count(read, "file", "files"), words::size(bytes));
    if bad == 0 { all } else { format!("{all} ({bad} with problems)") }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_main_episode_has_the_cause_of_the_incident() {
        let a = sample::rich();
        for i in &a.incidents {
            assert_eq!(main_episode(i).unwrap().cause, i.cause);
        }
    }

    #[test]
    fn moments_have_dates_where_the_range_passes_midnight() {
        let mut a = sample::rich();
        let t = a.incidents[0].start;
        assert_eq!(clock(&a)(t), words::clock(t));
        a.sources[0].end = a.sources[0].end.map(|t| Time(t.0 + 86_400_000_000_000));
        assert_eq!(clock(&a)(t), format!("2026-11-21 {}", words::clock(t)));
    }

    #[test]
    fn proof_prefers_lines_with_text() {
        let a = sample::rich();
        let e = main_episode(&a.incidents[0]).unwrap();
        assert!(proof(e, 3)[0].text.is_some());
    }

    #[test]
    fn every_failure_falls_into_a_slice_of_round_length() {
        let mut a = sample::rich();
        for most in [1, 7, 60] {
            let strip = Strip::of(&a, most).unwrap();
            assert!(strip.counts.len() <= most, "{most}");
            assert_eq!(strip.counts.iter().sum::<u64>(), a.totals.failures);
            assert!(strip.partly.is_none());
        }
        // All are counted, whatever is listed, as long as the load is known.
        a.failures.truncate(1);
        let strip = Strip::of(&a, 60).unwrap();
        assert_eq!((strip.counts.iter().sum::<u64>(), strip.partly), (a.totals.failures, None));
        a.traffic.clear();
        let strip = Strip::of(&a, 60).unwrap();
        assert_eq!(strip.counts.iter().sum::<u64>(), 1);
        assert!(strip.scale().ends_with("(listed ones only: 1 of 42)"), "{}", strip.scale());
    }

    #[test]
    fn slices_are_whole_steps_however_long_the_range_is() {
        let t = |s: i64| Time(s * 1_000_000_000);
        let strip = Strip::counting(&[(t(1003), 2), (t(1061), 1)], 10, (t(1003), t(1061)), 80);
        assert_eq!((strip.slice_s, strip.start, strip.counts.len()), (10, t(1000), 7));
        assert_eq!((strip.columns(80).len(), strip.columns(80)[10], strip.columns(80)[11]), (77, 2, 0));
        let far = Strip::counting(&[(Time(i64::MAX), 1)], 864_000, (Time(i64::MIN), Time(i64::MAX)), 80);
        assert!(far.counts.len() <= 80 && far.counts.last() == Some(&1));
    }

    #[test]
    fn a_short_fall_is_seen_in_a_long_strip() {
        let span = |state: LifeState, start, end| LifeSpan { state, start: Time(start), end: Time(end) };
        let spans = [
            span(LifeState::Ready, 0, 500),
            span(LifeState::Down, 500, 501),
            span(LifeState::Ready, 501, 1000),
        ];
        assert_eq!(state_strip(&spans, Time(0), Time(1000), 10), "=====X====");
        assert_eq!(state_strip(&[], Time(5), Time(5), 3), "???");
    }
}
