//! The timeline: each item with its moment in UTC, the line that says so, and the evidence or episode it belongs to.
//!
//! What happened far from every incident is counted, not told: a log of a month holds many restarts that explain nothing.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::super::escape::{markdown as text, markdown_code as code};
use super::{Draft, place, rests_on};
use crate::analysis::{Failure, LineRef, Time};
use crate::render::words;

/// How far from an incident an event may be to be told, nanoseconds.
const NEAR_NS: i64 = 900 * 1_000_000_000;
/// Most items of the timeline.
const MOST: usize = 200;
/// Most items on one page.
const FEW: usize = 12;

/// One item.
struct Item {
    time: Time,
    /// Facts of the verdict come before what merely happened.
    rank: u8,
    what: String,
    at: Option<LineRef>,
    ground: String,
}

impl Draft<'_> {
    pub(super) fn timeline(&mut self) -> fmt::Result {
        let all = self.items();
        let near = |t: Time| {
            let incidents = &self.a.incidents;
            incidents
                .iter()
                .any(|i| t.0 >= i.start.0.saturating_sub(NEAR_NS) && t.0 <= i.end.0.saturating_add(NEAR_NS))
        };
        let (mut items, far): (Vec<Item>, Vec<Item>) = all.into_iter().partition(|i| near(i.time));
        items.sort_by(|x, y| (x.time, x.rank, &x.at, &x.what).cmp(&(y.time, y.rank, &y.at, &y.what)));
        // A line that is evidence is not told again as an event of the instance.
        let mut told: BTreeSet<LineRef> =
            items.iter().filter(|i| i.rank == 0).filter_map(|i| i.at.clone()).collect();
        items.retain(|i| i.rank < 2 || i.at.as_ref().is_none_or(|at| told.insert(at.clone())));
        let cut = items.len().saturating_sub(if self.full { MOST } else { FEW });
        if !self.full {
            // On one page the beginnings, ends and facts go first.
            let mut order: Vec<usize> = (0..items.len()).collect();
            order.sort_by_key(|n| (items[*n].rank, *n));
            let keep: BTreeSet<usize> = order.into_iter().take(FEW).collect();
            let mut n = 0;
            items.retain(|_| {
                n += 1;
                keep.contains(&(n - 1))
            });
        }
        writeln!(self.out, "\n## Timeline (UTC)\n")?;
        if items.is_empty() {
            writeln!(self.out, "No event near a failure.{}", rests_on(["totals", "coverage"]))?;
        } else {
            writeln!(self.out, "| time | what | source | rests on |\n| --- | --- | --- | --- |")?;
        }
        for i in items.iter().take(MOST) {
            let source = i.at.as_ref().map_or("counted".to_owned(), place);
            let ground = rests_on([&i.ground]);
            writeln!(self.out, "| {} | {} | {source} |{ground} |", words::moment(i.time), i.what)?;
        }
        writeln!(self.out)?;
        if cut > 0 {
            let n = words::count(cut as u64, "further item is", "further items are");
            writeln!(self.out, "- {n} not shown here.{}", rests_on(["totals"]))?;
        }
        if !far.is_empty() && !self.a.incidents.is_empty() {
            let n = words::count(far.len() as u64, "event is", "events are");
            writeln!(
                self.out,
                "- {n} more than 15 min away from every incident, and not told.{}",
                rests_on(["coverage"])
            )?;
        }
        writeln!(self.out, "- Who was called, what was tried, what was decided: {}", super::BLANK)
    }

    fn items(&self) -> Vec<Item> {
        let a = self.a;
        let mut items = Vec::new();
        for e in a.incidents.iter().flat_map(|i| &i.episodes) {
            let mut own = a.failures.iter().filter(|f| f.episode.as_deref() == Some(e.id.as_str()));
            let line = |f: &Failure| LineRef { file: f.file.clone(), line: f.line };
            // Not every failure is listed: only the one of that very moment is the first or the last.
            let first = own.clone().find(|f| f.start.unwrap_or(f.time) == e.start);
            let last = own.rfind(|f| f.time == e.end);
            items.push(Item {
                time: e.start,
                rank: 1,
                what: format!("**{}**: the first request that failed ({})", text(&e.id), e.cause),
                at: first.map(line),
                ground: e.id.clone(),
            });
            items.push(Item {
                time: e.end,
                rank: 1,
                what: format!("**{}**: the last failure, {} in all", text(&e.id), words::grouped(e.failures)),
                at: last.map(line),
                ground: e.id.clone(),
            });
            for x in &e.evidence {
                let Some(time) = x.time else { continue };
                items.push(Item {
                    time,
                    rank: 0,
                    what: text(&x.claim).into_owned(),
                    at: x.lines.first().cloned(),
                    ground: x.id.clone(),
                });
            }
        }
        for l in &a.lifecycle {
            for e in &l.events {
                items.push(Item {
                    time: e.time,
                    rank: 3,
                    what: format!("{} {}: {}", text(&l.instance), text(&e.what), code(&e.text)),
                    at: Some(e.at.clone()),
                    ground: "lives".into(),
                });
            }
        }
        for h in &a.health {
            let reason = h.reason.as_ref().map(|r| format!(" ({})", code(r))).unwrap_or_default();
            items.push(Item {
                time: h.time,
                rank: 2,
                what: format!("{} sees {} {}{reason}", text(&h.proxy), text(&h.server), text(&h.event)),
                at: Some(h.at.clone()),
                ground: "health".into(),
            });
        }
        items
    }
}
