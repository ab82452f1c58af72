//! Why: each episode with its claim, what speaks for and against it, and how sure it is; then what to do about it.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::super::escape::{markdown as text, markdown_code as code};
use super::{Draft, ids_of, place, rests_on};
use crate::analysis::{Episode, Evidence, Incident, TimeoutAdvice};
use crate::causes;
use crate::render::{view, words};

/// What is to be done.
#[derive(Debug)]
struct Action {
    what: String,
    effect: String,
    ground: Vec<String>,
    /// Failures that it speaks to.
    weight: u64,
}

impl Draft<'_> {
    pub(super) fn factors(&mut self, title: &str) -> fmt::Result {
        writeln!(self.out, "\n## {title}")?;
        let all: Vec<(&Incident, &Episode)> =
            self.a.incidents.iter().flat_map(|i| i.episodes.iter().map(move |e| (i, e))).collect();
        if all.is_empty() {
            writeln!(self.out, "\nNo request failed.{}", rests_on(["totals"]))?;
        }
        for (i, e) in all.iter().take(self.most(3)) {
            self.factor(i, e)?;
        }
        if all.len() > self.most(3) {
            writeln!(self.out)?;
            self.rest_of(all.len(), self.most(3), "episode", "episodes")?;
        }
        self.not_explained()
    }

    fn not_explained(&mut self) -> fmt::Result {
        if self.a.unknown.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n### Not explained\n")?;
        for u in self.a.unknown.iter().take(self.most(2)) {
            let advice =
                u.advice.as_ref().map(|x| format!(" Next time, {}.", next_time(x))).unwrap_or_default();
            writeln!(
                self.out,
                "- {}: {}.{advice}{}",
                words::count(u.failures, "failure", "failures"),
                text(&u.reason),
                rests_on(["totals"])
            )?;
        }
        Ok(())
    }

    fn factor(&mut self, i: &Incident, e: &Episode) -> fmt::Result {
        let page = causes::page(e.cause);
        let me = || rests_on([&e.id]);
        let proof =
            || rests_on(ids_of(view::proof(e, 3)).chain(e.evidence.is_empty().then_some(e.id.as_str())));
        writeln!(self.out, "\n### {} in {}: {} (`{}`)\n", text(&e.id), text(&i.id), page.title, e.cause)?;
        let sure = words::confidence(e.confidence);
        let detail = e.detail.as_ref().map(|d| format!(", more precisely {}", code(d))).unwrap_or_default();
        writeln!(
            self.out,
            "- Claim: {}{detail}. Confidence: {sure}.{}",
            page.meaning.trim_end_matches('.'),
            proof()
        )?;
        let none = || "none".to_owned();
        let targets = if e.targets.is_empty() { none() } else { text(&words::list(&e.targets)).into_owned() };
        writeln!(
            self.out,
            "- Extent: {} of {} from {}; targets: {targets}; seen as {}.{}",
            words::count(e.failures, "failure", "failures"),
            words::count(e.requests, "request", "requests"),
            words::range(e.start, e.end),
            text(&view::map_counts(&e.by_mechanism)),
            me()
        )?;
        let few = self.most(2);
        self.facts("Evidence for", &view::proof(e, few))?;
        self.facts("Evidence against", &e.against.iter().take(few).collect::<Vec<_>>())?;
        if e.against.is_empty() {
            writeln!(self.out, "- Evidence against: none was found.{}", me())?;
        }
        for r in e.ruled_out.iter().take(self.most(0)) {
            writeln!(self.out, "- Ruled out: `{}`: {}.{}", r.cause, text(r.why.trim_end_matches('.')), me())?;
        }
        if self.full && !e.alternatives.is_empty() {
            let all: Vec<String> = e
                .alternatives
                .iter()
                .map(|x| format!("`{}` {}", x.cause, words::percent(x.confidence)))
                .collect();
            writeln!(self.out, "- Also possible: {}.{}", all.join(", "), me())?;
        }
        if self.full && !e.refuted_by.is_empty() {
            let refuted = text(e.refuted_by.trim_end_matches('.'));
            writeln!(self.out, "- Would show that this is wrong: {refuted}.{}", proof())?;
        }
        for c in
            self.a.contrast.iter().filter(|c| c.episode == e.id && c.dimension != "none").take(self.most(0))
        {
            writeln!(
                self.out,
                "- What failed had {} {}: {} of {} failed requests, {} of {} healthy ones.{}",
                text(&c.dimension),
                code(&c.value),
                words::grouped(c.failed.0),
                words::grouped(c.failed.1),
                words::grouped(c.healthy.0),
                words::grouped(c.healthy.1),
                rests_on([e.id.as_str(), "contrast"])
            )?;
        }
        Ok(())
    }

    fn facts(&mut self, title: &str, all: &[&Evidence]) -> fmt::Result {
        let mut all = all.to_vec();
        all.sort_by_key(|e| number(&e.id));
        for e in all {
            let many =
                if e.count > 1 { format!(" ({} lines)", words::grouped(e.count)) } else { String::new() };
            write!(self.out, "- {title}: {}{many}", text(e.claim.trim_end_matches('.')))?;
            if let Some(at) = e.lines.first() {
                write!(self.out, "; {}", place(at))?;
            }
            if let Some(line) = &e.text {
                write!(self.out, ": {}", code(line))?;
            }
            writeln!(self.out, ".{}", rests_on([&e.id]))?;
        }
        Ok(())
    }

    pub(super) fn actions(&mut self) -> fmt::Result {
        writeln!(self.out, "\n## Action items\n")?;
        let all = self.to_do();
        if all.is_empty() {
            return writeln!(self.out, "None follows from the logs.{}", rests_on(["totals"]));
        }
        writeln!(
            self.out,
            "| action | expected effect | rests on | owner | due |\n| --- | --- | --- | --- | --- |"
        )?;
        for x in all.iter().take(self.most(5)) {
            writeln!(self.out, "| {} | {} |{} | | |", x.what, x.effect, rests_on(&x.ground))?;
        }
        Ok(())
    }

    /// The same advice for several episodes is one item; what speaks to the most failures comes first.
    fn to_do(&self) -> Vec<Action> {
        let a = self.a;
        let mut by_advice: BTreeMap<&str, (usize, Vec<&Episode>)> = BTreeMap::new();
        let mut n = 0;
        for e in a.incidents.iter().flat_map(|i| &i.episodes) {
            for advice in &e.advice {
                n += 1;
                by_advice.entry(advice).or_insert((n, Vec::new())).1.push(e);
            }
        }
        let mut out: Vec<(usize, Action)> = by_advice
            .into_iter()
            .map(|(advice, (order, episodes))| {
                let failures: u64 = episodes.iter().map(|e| e.failures).sum();
                let ids: Vec<&str> = episodes.iter().map(|e| e.id.as_str()).collect();
                let effect = format!(
                    "up to {} fewer ({} of all; {})",
                    words::count(failures, "failure", "failures"),
                    words::share(failures, a.totals.failures),
                    text(&words::list(&ids))
                );
                let ground = episodes.iter().map(|e| e.id.clone()).collect();
                (order, Action { what: text(advice).into_owned(), effect, ground, weight: failures })
            })
            .collect();
        for t in &a.timeouts {
            n += 1;
            out.push((n, timeout(t)));
        }
        for r in a.restarts.iter().filter(|r| r.order_kept == Some(false)) {
            n += 1;
            let lost = r.failures_during + r.failures_after;
            out.push((
                n,
                Action {
                    what: format!("restart {} in order: {}", text(&r.instance), text(&r.summary)),
                    effect: format!("up to {} fewer at a restart", words::count(lost, "failure", "failures")),
                    ground: vec!["restarts".into()],
                    weight: lost,
                },
            ));
        }
        for u in &a.unknown {
            let Some(advice) = &u.advice else { continue };
            n += 1;
            out.push((
                n,
                Action {
                    what: next_time(advice),
                    effect: format!(
                        "{} like these could be explained",
                        words::count(u.failures, "failure", "failures")
                    ),
                    ground: vec!["totals".into()],
                    weight: 0,
                },
            ));
        }
        out.sort_by_key(|(order, x)| (std::cmp::Reverse(x.weight), *order));
        out.into_iter().map(|(_, x)| x).collect()
    }
}

fn timeout(t: &TimeoutAdvice) -> Action {
    let best = t
        .choices
        .iter()
        .max_by(|x, y| x.served.total_cmp(&y.served).then(y.timeout_s.total_cmp(&x.timeout_s)));
    let directive = t.directive.as_ref().map(|d| format!(" ({})", code(d))).unwrap_or_default();
    let what = match best {
        Some(c) => format!(
            "let {} wait {} instead of {} for {}{directive}, or make {} faster",
            text(&t.proxy),
            words::length(c.timeout_s),
            words::length(t.waited_s),
            text(&t.target),
            text(&t.target)
        ),
        None => text(&t.summary).into_owned(),
    };
    let effect = match best {
        Some(c) => format!(
            "{} of the {} given up would have been served",
            words::percent(c.served),
            words::grouped(t.given_up)
        ),
        None => {
            format!("{} of {} were completed later", words::grouped(t.completed), words::grouped(t.given_up))
        }
    };
    Action { what, effect, ground: vec!["timeouts".into()], weight: t.given_up }
}

/// Evidence in the order of its number: `E1.2` before `E1.10`.
fn number(id: &str) -> (bool, u64) {
    let n = id.rsplit_once('.').map_or("", |(_, n)| n);
    (n.starts_with('a'), n.trim_start_matches('a').parse().unwrap_or(u64::MAX))
}

/// What to log next time, one piece of code for each line; or whose logs to give.
fn next_time(advice: &str) -> String {
    if advice.starts_with("give ") {
        return text(advice).into_owned();
    }
    format!("log {}", advice.lines().map(code).collect::<Vec<_>>().join(", "))
}
