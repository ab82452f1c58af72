//! What happened, whom it hit, how it was noticed and what kept it from being worse.

use std::fmt::{self, Write};

use super::super::escape::{markdown as text, markdown_code as code};
use super::{BLANK, Draft, ids_of, place, rests_on};
use crate::Analysis;
use crate::analysis::{Evidence, HealthEvent, Incident, Time};
use crate::render::{Slo, view, words};

/// How long after the last failure a server taken out still belongs to an incident.
const AFTER_NS: i64 = 300 * 1_000_000_000;
/// How long before the first failure a sign of it may be.
const BEFORE_NS: i64 = 60 * 1_000_000_000;

impl Draft<'_> {
    pub(super) fn summary(&mut self, title: &str) -> fmt::Result {
        let a = self.a;
        writeln!(self.out, "\n## {title}\n")?;
        let t = &a.totals;
        if !a.saw_requests() {
            return writeln!(self.out, "There is {}.{}", view::NOTHING, rests_on(["totals", "coverage"]));
        }
        writeln!(
            self.out,
            "{} in {} ({}), {}.{}",
            words::count(t.failures, "gateway failure", "gateway failures"),
            words::count(t.requests, "request", "requests"),
            words::share(t.failures, t.requests),
            words::count(a.incidents.len() as u64, "incident", "incidents"),
            rests_on(["totals"])
        )?;
        for (n, i) in a.incidents.iter().take(self.most(3)).enumerate() {
            let proof = view::main_episode(i).map(|e| view::proof(e, 3)).unwrap_or_default();
            let ids = std::iter::once(i.id.as_str()).chain(ids_of(proof));
            let gap = if n == 0 { "\n" } else { "" };
            writeln!(self.out, "{gap}- **{}**: {}{}", text(&i.id), text(&i.summary), rests_on(ids))?;
        }
        self.rest_of(a.incidents.len(), self.most(3), "incident", "incidents")
    }

    /// Says that there is more, where not all was told.
    pub(super) fn rest_of(&mut self, all: usize, told: usize, one: &str, many: &str) -> fmt::Result {
        if all <= told {
            return Ok(());
        }
        let rest = words::count((all - told) as u64, one, many);
        writeln!(self.out, "- {rest} more, in the other templates.{}", rests_on(["totals"]))
    }

    pub(super) fn impact(&mut self) -> fmt::Result {
        let a = self.a;
        writeln!(self.out, "\n## Impact\n")?;
        if !a.saw_requests() {
            writeln!(self.out, "There is {}.{}", view::NOTHING, rests_on(["totals", "coverage"]))?;
        } else if a.incidents.is_empty() {
            writeln!(self.out, "None that the logs show.{}", rests_on(["totals", "coverage"]))?;
        } else {
            writeln!(
                self.out,
                "| incident | when | lasted | failed requests | share | clients | endpoints | rests on |\n\
                 | --- | --- | ---: | --- | --- | --- | --- | --- |"
            )?;
        }
        for i in a.incidents.iter().take(self.most(3)) {
            self.impact_of(i)?;
        }
        let t = &a.totals;
        if t.failures > 0 {
            let by_cause = text(&view::map_counts(&t.by_cause)).into_owned();
            writeln!(self.out, "\n- By cause: {by_cause}.{}", rests_on(["totals"]))?;
            if let Some(chain) = view::seen_twice(a) {
                writeln!(self.out, "- {}.{}", text(&chain), rests_on(["totals"]))?;
            }
            let statuses: Vec<(&str, u64)> =
                ["502", "503", "504"].iter().filter_map(|s| t.by_status.get(*s).map(|n| (*s, *n))).collect();
            if !statuses.is_empty() {
                let all = view::counts(statuses);
                writeln!(self.out, "- Answers as the proxies logged them: {all}.{}", rests_on(["totals"]))?;
            }
        } else {
            writeln!(self.out)?;
        }
        writeln!(
            self.out,
            "- Served after a failed attempt: {}. Left by the client (no gateway failure): {}.{}",
            words::grouped(t.hidden_by_retry),
            words::grouped(t.not_gateway),
            rests_on(["totals"])
        )?;
        if let Some(slo) = self.document.slo {
            self.budget(slo)?;
        }
        writeln!(self.out, "- Effect on users and on the business: {BLANK}")
    }

    fn impact_of(&mut self, i: &Incident) -> fmt::Result {
        let paths: Vec<String> = view::endpoints(i, 5)
            .iter()
            .map(|e| format!("{} ({})", code(&e.value), words::grouped(e.count)))
            .collect();
        writeln!(
            self.out,
            "| {} | {} | {} | {} ({}) | {} | {} | {} |{} |",
            text(&i.id),
            words::range(i.start, i.end),
            words::length(i.end.seconds() - i.start.seconds()),
            words::grouped(i.failures),
            text(&view::statuses(i)),
            text(&view::share_sentence(i)),
            view::clients(self.a, i),
            paths.join(", "),
            rests_on(i.episodes.iter().map(|e| &e.id))
        )
    }

    /// What was spent of the error budget.
    fn budget(&mut self, slo: Slo) -> fmt::Result {
        let t = &self.a.totals;
        let target = 100.0 * (1.0 - slo.allowed());
        let target = format!("{target:.7}");
        let target = target.trim_end_matches('0').trim_end_matches('.');
        let allowed = t.requests as f64 * slo.allowed();
        writeln!(
            self.out,
            "- Objective {target} %: of the {} of these logs {} may fail; {} did, {} times the allowed rate.{}",
            words::count(t.requests, "request", "requests"),
            decimal(allowed),
            words::grouped(t.failures),
            decimal(if allowed > 0.0 { t.failures as f64 / allowed } else { 0.0 }),
            rests_on(["totals"])
        )?;
        let span = view::range(self.a).map_or(0.0, |(s, e)| e.seconds() - s.seconds());
        if span > 0.0 && t.requests > 0 {
            let budget = allowed / span * f64::from(slo.days) * 86_400.0;
            writeln!(
                self.out,
                "- At the traffic of these logs {} days allow {} failures: the {} spent {} of that budget.{}",
                slo.days,
                decimal(budget),
                words::grouped(t.failures),
                words::percent(t.failures as f64 / budget),
                rests_on(["totals", "coverage"])
            )?;
        }
        for i in self.a.incidents.iter().take(self.most(3)) {
            let Some(e) = i.episodes.iter().max_by_key(|e| (e.failures, std::cmp::Reverse(e.start))) else {
                continue;
            };
            if e.requests > 0 {
                let rate = e.failures as f64 / e.requests as f64 / slo.allowed();
                let rate = decimal(rate);
                let (id, e) = (text(&i.id), text(&e.id));
                writeln!(
                    self.out,
                    "- While the largest episode of {id} lasted, the budget burned at {rate} times the allowed rate.{}",
                    rests_on([e])
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn detection(&mut self) -> fmt::Result {
        let a = self.a;
        writeln!(self.out, "\n## Detection\n")?;
        for i in a.incidents.iter().take(self.most(3)) {
            let first = view::failures_of(a, i).min_by_key(|f| (f.start.unwrap_or(f.time), f.time));
            if let Some(f) = first {
                let at = crate::analysis::LineRef { file: f.file.clone(), line: f.line };
                writeln!(
                    self.out,
                    "- {}: the first failed request ended at {}, {}.{}",
                    text(&i.id),
                    words::moment(f.time),
                    place(&at),
                    rests_on([&f.id])
                )?;
            }
            if let Some((e, time)) = first_sign(a, i) {
                let (ns, when) = (time.0.saturating_sub(i.start.0), words::moment(time));
                let apart = words::length(ns.unsigned_abs() as f64 / 1e9);
                let side = if ns <= 0 { "before" } else { "after" };
                writeln!(
                    self.out,
                    "- {}: the first line of a backend or host that tells of it came {apart} {side} the first request that failed began, at {when}: {}.{}",
                    text(&i.id),
                    text(&e.claim),
                    rests_on([&e.id])
                )?;
            }
            if let Some(h) = taken_out(a, i) {
                let ns = h.time.0.saturating_sub(i.start.0);
                let side = if ns < 0 { "before" } else { "after" };
                writeln!(
                    self.out,
                    "- {}: {} noticed by itself ({} {}) {} {side} the first failure, {}.{}",
                    text(&i.id),
                    text(&h.proxy),
                    text(&h.server),
                    text(&h.event),
                    words::length(ns.unsigned_abs() as f64 / 1e9),
                    place(&h.at),
                    rests_on(["health", i.id.as_str()])
                )?;
            }
        }
        for h in a.health_audit.iter().filter(|h| h.detection_lag_s.is_some()).take(self.most(3)) {
            writeln!(
                self.out,
                "- {} took {} out up to {} after its first failed request; {} were lost meanwhile.{}",
                text(&h.proxy),
                text(&h.server),
                words::length(h.detection_lag_s.unwrap_or_default()),
                words::count(h.lost_in_lag, "request", "requests"),
                rests_on(["health"])
            )?;
        }
        writeln!(self.out, "- Who noticed, by which alert, and when: {BLANK}")
    }

    pub(super) fn limits(&mut self, title: &str) -> fmt::Result {
        let a = self.a;
        writeln!(self.out, "\n## {title}\n")?;
        let before = self.out.len();
        for e in self.episodes().map(|e| (e.id.clone(), e.requests, e.failures)).collect::<Vec<_>>() {
            let (id, requests, failures) = e;
            let served = requests.saturating_sub(failures);
            if served > 0 {
                writeln!(
                    self.out,
                    "- While {} lasted, {} of {} requests of the same proxies did not fail ({}).{}",
                    text(&id),
                    words::grouped(served),
                    words::grouped(requests),
                    words::share(served, requests),
                    rests_on([&id])
                )?;
            }
        }
        if a.totals.hidden_by_retry > 0 {
            writeln!(
                self.out,
                "- {} served by a second attempt: retries hid the failure from the client.{}",
                words::count(a.totals.hidden_by_retry, "request was", "requests were"),
                rests_on(["totals"])
            )?;
        }
        let targets: Vec<&str> =
            self.a.incidents.iter().flat_map(|i| view::union(i, |e| &e.targets)).collect();
        let well: Vec<(String, u64)> = a
            .distribution
            .iter()
            .filter(|s| s.failures == 0 && s.requests > 0 && !a.incidents.is_empty())
            .map(|s| (s.instance.clone().unwrap_or_else(|| s.server.clone()), s.requests))
            .filter(|(name, _)| !targets.contains(&name.as_str()))
            .collect();
        for (name, requests) in well.iter().take(self.most(2).min(8)) {
            writeln!(
                self.out,
                "- {} answered {} without a failed one.{}",
                text(name),
                words::count(*requests, "request", "requests"),
                rests_on(["servers"])
            )?;
        }
        for r in a.restarts.iter().take(self.most(3)) {
            if let (Some(stopped), Some(ready)) = (r.stopped, r.ready) {
                writeln!(
                    self.out,
                    "- {} was ready again {} after it had stopped ({}).{}",
                    text(&r.instance),
                    words::length(ready.seconds() - stopped.seconds()),
                    text(r.kind.as_str()),
                    rests_on(["restarts"])
                )?;
            }
        }
        if self.out.len() == before {
            writeln!(
                self.out,
                "- {}.{}",
                if a.incidents.is_empty() {
                    "There was nothing to limit"
                } else {
                    "Nothing in the logs shows that anything did"
                },
                rests_on(["totals", "coverage"])
            )?;
        }
        writeln!(self.out, "- What people did, and when: {BLANK}")
    }
}

/// The first server that a proxy took out at that time.
fn taken_out<'a>(a: &'a Analysis, i: &Incident) -> Option<&'a HealthEvent> {
    let (from, to) = (i.start.0.saturating_sub(BEFORE_NS), i.end.0.saturating_add(AFTER_NS));
    let all = a.health.iter().filter(|h| h.event.contains("down") || h.event.contains("failed"));
    let targets = view::union(i, |e| &e.targets);
    let is_theirs = |h: &HealthEvent| {
        let name = h.server.rsplit('/').next().unwrap_or(&h.server);
        let known = a.distribution.iter().find(|s| s.proxy == h.proxy && s.server == h.server);
        let instance = known.and_then(|s| s.instance.as_deref());
        targets.iter().any(|t| *t == h.server || *t == name || Some(*t) == instance)
    };
    all.filter(|h| (from..=to).contains(&h.time.0) && is_theirs(h)).min_by_key(|h| (h.time, h.at.clone()))
}

/// The earliest dated evidence of an incident in the logs of backends and hosts: that the proxy failed is no news.
fn first_sign<'a>(a: &Analysis, i: &'a Incident) -> Option<(&'a Evidence, Time)> {
    let is_proxy = |e: &Evidence| {
        let file = e.lines.first().map(|l| &l.file);
        let mut sources = a.sources.iter().filter(|s| file.is_some_and(|f| s.files.contains(f)));
        // A file of several programs has lines of others, too.
        sources.all(|s| s.role.is_proxy())
    };
    let all = i.episodes.iter().flat_map(|e| &e.evidence).filter(|e| !is_proxy(e));
    all.filter_map(|e| e.time.map(|t| (e, t))).min_by_key(|(e, t)| (*t, e.id.clone()))
}

/// A number that may be less than one: `0.43`, `12.5`, `1,204`.
fn decimal(x: f64) -> String {
    match x {
        x if x < 10.0 => format!("{x:.2}"),
        x if x < 100.0 => format!("{x:.1}"),
        x => words::grouped(x.round() as u64),
    }
}
