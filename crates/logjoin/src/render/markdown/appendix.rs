//! The tables that sentences rest on: what was read, where each line went, the clocks, and how it was made.

use std::fmt::{self, Write};

use super::super::escape::{markdown as text, markdown_code as code};
use super::{BLANK, Draft, place};
use crate::analysis::Ledger;
use crate::render::{Template, view, words};

/// Most rows of a table that grows with the input.
const MOST: usize = 200;

impl Draft<'_> {
    pub(super) fn appendix(&mut self) -> fmt::Result {
        writeln!(self.out, "\n## Appendix")?;
        self.totals()?;
        self.inputs()?;
        self.coverage()?;
        self.clocks()?;
        if self.full {
            self.servers()?;
            self.hidden()?;
            self.contrasts()?;
            self.load()?;
        }
        self.timeouts()?;
        self.health()?;
        self.lives()?;
        self.restarts()?;
        self.made()
    }

    fn totals(&mut self) -> fmt::Result {
        let t = &self.a.totals;
        self.table("totals", &["what", "count"])?;
        for (what, n) in [
            ("requests that the proxies logged", t.requests),
            ("gateway failures", t.failures),
            ("those of them that a proxy further in logged, too", t.seen_twice),
            ("served after a failed attempt", t.hidden_by_retry),
            ("left by the client", t.not_gateway),
        ] {
            writeln!(self.out, "| {what} | {} |", words::grouped(n))?;
        }
        let maps = [
            ("origin", &t.by_origin),
            ("mechanism", &t.by_mechanism),
            ("cause", &t.by_cause),
            ("status", &t.by_status),
        ];
        for (name, map) in maps.iter().filter(|(_, m)| !m.is_empty()) {
            writeln!(self.out, "| by {name} | {} |", text(&view::map_counts(map)))?;
        }
        for u in &self.a.unknown {
            writeln!(self.out, "| unknown: {} | {} |", text(&u.reason), words::grouped(u.failures))?;
        }
        Ok(())
    }

    fn inputs(&mut self) -> fmt::Result {
        let a = self.a;
        self.table("inputs", &["file", "kind", "lines", "bytes", "SHA-256 on disk", "problem"])?;
        let most = if self.full { MOST } else { 20 };
        for i in a.inputs.iter().take(most) {
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} |",
                code(&i.path),
                text(i.kind.as_str()),
                words::grouped(i.lines),
                words::grouped(i.bytes),
                i.sha256.as_ref().map_or("not computed".to_owned(), |h| code(h)),
                i.problem.as_deref().map_or("none".into(), text)
            )?;
        }
        if a.inputs.len() > most {
            writeln!(self.out, "\nThe first {most} of {} files.", words::grouped(a.inputs.len() as u64))?;
        }
        Ok(())
    }

    fn coverage(&mut self) -> fmt::Result {
        let a = self.a;
        self.table(
            "coverage",
            &[
                "source",
                "role",
                "instance",
                "covers",
                "longest silence",
                "lines",
                "events",
                "continuations",
                "blank",
                "filtered",
                "unparsed",
            ],
        )?;
        let counts = |l: &Ledger| {
            let all = [l.lines, l.events, l.continuations, l.blank, l.filtered, l.unparsed];
            all.map(words::grouped).join(" | ")
        };
        for s in &a.sources {
            let covers = match (s.start, s.end) {
                (Some(start), Some(end)) => words::range(start, end),
                _ => "nothing with a time".to_owned(),
            };
            writeln!(
                self.out,
                "| {} | {} | {} | {covers} | {} | {} |",
                code(&s.id),
                text(s.role.as_str()),
                text(&s.instance),
                words::length(s.longest_gap_s),
                counts(&s.ledger)
            )?;
        }
        writeln!(self.out, "| all | | | | | {} |", counts(&a.ledger))?;
        for (n, x) in a.notes.iter().enumerate() {
            let gap = if n == 0 { "\n" } else { "" };
            writeln!(self.out, "{gap}- {}, {}: {}", text(x.level.as_str()), code(&x.about), text(&x.text))?;
        }
        Ok(())
    }

    fn clocks(&mut self) -> fmt::Result {
        let a = self.a;
        self.table(
            "clocks",
            &["clock", "against", "offset", "band", "drift", "zone error", "samples", "state"],
        )?;
        for k in &a.clocks {
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {:.1} ppm | {} | {} | {} |",
                text(&k.source),
                text(&k.reference),
                k.offset_s.map_or("not known".into(), |o| text(&words::offset(o)).into_owned()),
                k.band_s.map_or("not known".into(), |b| format!("± {}", words::length(b))),
                k.drift_ppm,
                if k.zone_error_s == 0 {
                    "none".into()
                } else {
                    text(&words::offset(k.zone_error_s as f64)).into_owned()
                },
                words::grouped(k.samples),
                text(k.state.as_str())
            )?;
        }
        Ok(())
    }

    fn servers(&mut self) -> fmt::Result {
        let a = self.a;
        if a.distribution.is_empty() {
            return Ok(());
        }
        self.table(
            "servers",
            &["proxy", "pool", "server", "instance", "attempts", "failed", "share", "expected", "finding"],
        )?;
        for s in a.distribution.iter().take(MOST) {
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                text(&s.proxy),
                text(s.pool.as_deref().unwrap_or("")),
                text(&s.server),
                text(s.instance.as_deref().unwrap_or("")),
                words::grouped(s.requests),
                words::grouped(s.failures),
                words::percent(s.share),
                s.expected_share.map_or(String::new(), words::percent),
                text(s.finding.as_deref().unwrap_or(""))
            )?;
        }
        Ok(())
    }

    fn timeouts(&mut self) -> fmt::Result {
        let a = self.a;
        if a.timeouts.is_empty() {
            return Ok(());
        }
        self.table(
            "timeouts",
            &[
                "proxy",
                "target",
                "waited",
                "given up",
                "completed later",
                "median, 90 %, 99 %, longest",
                "longer timeouts",
                "summary",
            ],
        )?;
        for t in &a.timeouts {
            let choices: Vec<String> = t
                .choices
                .iter()
                .map(|c| format!("{}: {}", words::length(c.timeout_s), words::percent(c.served)))
                .collect();
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                text(&t.proxy),
                text(&t.target),
                words::length(t.waited_s),
                words::grouped(t.given_up),
                words::grouped(t.completed),
                t.quantiles_s.map(words::length).join(", "),
                choices.join(", "),
                text(&t.summary)
            )?;
        }
        Ok(())
    }

    fn hidden(&mut self) -> fmt::Result {
        let a = self.a;
        if a.hidden.is_empty() {
            return Ok(());
        }
        self.table(
            "retries",
            &["proxy", "server that failed", "hidden failures", "seen as", "when", "first line"],
        )?;
        for h in a.hidden.iter().take(MOST) {
            let seen = view::counts(h.by_mechanism.iter().map(|c| (c.value.as_str(), c.count)));
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} |",
                text(&h.proxy),
                text(&h.server),
                words::grouped(h.count),
                text(&seen),
                words::range(h.first, h.last),
                h.lines.first().map(place).unwrap_or_default()
            )?;
        }
        Ok(())
    }

    fn contrasts(&mut self) -> fmt::Result {
        let a = self.a;
        if a.contrast.iter().all(|c| c.dimension == "none") {
            return Ok(());
        }
        self.table("contrast", &["episode", "what", "value", "failed with it", "healthy with it"])?;
        for c in a.contrast.iter().filter(|c| c.dimension != "none").take(MOST) {
            let of = |(part, all): (u64, u64)| format!("{} of {}", words::grouped(part), words::grouped(all));
            let (episode, dimension) = (text(&c.episode), text(&c.dimension));
            writeln!(
                self.out,
                "| {episode} | {dimension} | {} | {} | {} |",
                code(&c.value),
                of(c.failed),
                of(c.healthy)
            )?;
        }
        Ok(())
    }

    /// The load of each source, and its worst step.
    fn load(&mut self) -> fmt::Result {
        let a = self.a;
        let all: Vec<_> = a.traffic.iter().filter(|t| t.server.is_none() && !t.points.is_empty()).collect();
        if all.is_empty() {
            return Ok(());
        }
        self.table("load", &["source", "requests", "failed", "busiest step", "worst step"])?;
        for t in all.iter().take(MOST) {
            let sum = |of: fn(&crate::analysis::TrafficPoint) -> u64| t.points.iter().map(of).sum::<u64>();
            let busiest = t.points.iter().max_by_key(|p| (p.requests, std::cmp::Reverse(p.start)));
            let worst = t
                .points
                .iter()
                .filter(|p| p.failures > 0)
                .max_by_key(|p| (p.failures, std::cmp::Reverse(p.start)));
            let step = words::length(f64::from(t.step_s));
            let tell = |n: u64, at| format!("{} in {step} from {}", words::grouped(n), words::moment(at));
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} |",
                text(&t.source),
                words::grouped(sum(|p| p.requests)),
                words::grouped(sum(|p| p.failures)),
                busiest.map_or(String::new(), |p| tell(p.requests, p.start)),
                worst.map_or(String::new(), |p| tell(p.failures, p.start))
            )?;
        }
        Ok(())
    }

    fn health(&mut self) -> fmt::Result {
        let a = self.a;
        if a.health.is_empty() && a.health_audit.is_empty() {
            return Ok(());
        }
        self.table(
            "health",
            &[
                "proxy",
                "server",
                "changes",
                "taken out",
                "without reason",
                "longest lag",
                "lost in it",
                "summary",
            ],
        )?;
        let mut all: Vec<(&str, &str)> =
            a.health.iter().map(|h| (h.proxy.as_str(), h.server.as_str())).collect();
        all.extend(a.health_audit.iter().map(|h| (h.proxy.as_str(), h.server.as_str())));
        all.sort_unstable();
        all.dedup();
        for (proxy, server) in all.into_iter().take(MOST) {
            let changes = a.health.iter().filter(|h| h.proxy == proxy && h.server == server).count() as u64;
            let audit = a.health_audit.iter().find(|h| h.proxy == proxy && h.server == server);
            let of = |f: fn(&crate::analysis::HealthAudit) -> String| audit.map(f).unwrap_or_default();
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                text(proxy),
                text(server),
                words::grouped(changes),
                of(|h| words::grouped(h.downs)),
                of(|h| words::grouped(h.false_downs)),
                of(|h| h.detection_lag_s.map(words::length).unwrap_or_default()),
                of(|h| words::grouped(h.lost_in_lag)),
                of(|h| text(&h.summary).into_owned())
            )?;
        }
        Ok(())
    }

    /// How many events each instance's log tells of its life.
    fn lives(&mut self) -> fmt::Result {
        let a = self.a;
        if a.lifecycle.iter().all(|l| l.events.is_empty()) {
            return Ok(());
        }
        self.table("lives", &["instance", "events", "first line"])?;
        for l in a.lifecycle.iter().filter(|l| !l.events.is_empty()).take(MOST) {
            let mut kinds = std::collections::BTreeMap::new();
            l.events.iter().for_each(|e| *kinds.entry(e.what.as_str()).or_insert(0) += 1);
            let first = l.events.first().map(|e| place(&e.at)).unwrap_or_default();
            writeln!(self.out, "| {} | {} | {first} |", text(&l.instance), text(&view::counts(kinds)))?;
        }
        Ok(())
    }

    fn restarts(&mut self) -> fmt::Result {
        let a = self.a;
        if a.restarts.is_empty() {
            return Ok(());
        }
        self.table(
            "restarts",
            &[
                "instance",
                "kind",
                "stopped",
                "ready",
                "failures during",
                "after",
                "in order",
                "summary",
                "line",
            ],
        )?;
        for r in a.restarts.iter().take(MOST) {
            let at = |t: Option<crate::analysis::Time>| t.map_or("not logged".to_owned(), words::moment);
            let order = match r.order_kept {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not known",
            };
            writeln!(
                self.out,
                "| {} | {} | {} | {} | {} | {} | {order} | {} | {} |",
                text(&r.instance),
                text(r.kind.as_str()),
                at(r.stopped),
                at(r.ready),
                words::grouped(r.failures_during),
                words::grouped(r.failures_after),
                text(&r.summary),
                r.lines.first().map(place).unwrap_or_default()
            )?;
        }
        Ok(())
    }

    /// How this document was made.
    fn made(&mut self) -> fmt::Result {
        let a = self.a;
        self.table("run", &["what", "value"])?;
        let command = self.document.command.map_or(BLANK.to_owned(), code);
        writeln!(self.out, "| command line | {command} |")?;
        writeln!(self.out, "| version | {} {} |", text(&a.tool.name), text(&a.tool.version))?;
        writeln!(self.out, "| schema of the result | {} |", a.schema_version)?;
        let template = Template::ALL.iter().find(|(_, t)| *t == self.document.template);
        writeln!(self.out, "| template | {} |", template.map_or("", |(id, _)| id))?;
        let told: u64 = a.failures.iter().map(|f| f.stands_for).sum();
        let listed = a.failures.len() as u64;
        let stand = if told > listed { format!(", for {}", words::grouped(told)) } else { String::new() };
        writeln!(self.out, "| failures listed | {}{stand} |", words::grouped(listed))
    }

    /// A heading that sentences name, and the head of its table.
    fn table(&mut self, id: &str, columns: &[&str]) -> fmt::Result {
        writeln!(self.out, "\n### {id}\n")?;
        writeln!(self.out, "| {} |", columns.join(" | "))?;
        writeln!(self.out, "|{}", " --- |".repeat(columns.len()))
    }
}
