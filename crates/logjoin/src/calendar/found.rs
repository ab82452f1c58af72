//! Zones that no stamp, caller or configuration tells: found by what the lines speak of, or assumed where one fits alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Calendar, FileCalendar, HALVES, HOURS, QUARTER, QUARTERS, SECOND, Zone};
use crate::plan::Plan;
use crate::trail::Trail;

/// How far a log may reach out of what the others cover, and a log that reaches further is outside.
const ROOM: i64 = 300 * SECOND;
/// What was found, by source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    zones: BTreeMap<usize, FoundZone>,
}

/// The zone of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FoundZone {
    pub offset_s: i32,
    pub reason: String,
    /// Why it is nothing but an assumption.
    pub assumed: Option<String>,
}

impl Found {
    /// The zone of a source.
    pub(super) fn of(&self, source: usize) -> Option<&FoundZone> {
        self.zones.get(&source)
    }

    /// The zone that the lines of another log of the same host show: its source, and the zone.
    pub(super) fn beside(&self, plan: &Plan, source: usize) -> Option<(usize, &FoundZone)> {
        let is_beside = |j: usize| j != source && plan.sources[j].instance == plan.sources[source].instance;
        let mut all = self.zones.iter().map(|(j, z)| (*j, z));
        all.find(|(j, z)| is_beside(*j) && z.assumed.is_none())
    }

    pub(super) fn add(&mut self, source: usize, zone: FoundZone) {
        self.zones.insert(source, zone);
    }

    /// Assumes a zone for the logs of an instance that nothing ties to any other log, that would lie outside of all of them as
    /// they stand, and that one zone alone puts among them: logs of one incident are about one time. `is_tied`: whether an
    /// instance has requests, by which its clock is fitted. To be asked when all is read. Whether there are any.
    pub fn assume(
        &mut self,
        plan: &Plan,
        calendar: &Calendar,
        trails: &[Trail],
        is_tied: impl Fn(usize) -> bool,
    ) -> bool {
        let mut others: Option<Range> = None;
        let mut alone: BTreeMap<usize, Range> = BTreeMap::new();
        for (i, source) in plan.sources.iter().enumerate() {
            let Some(range) = range(&source.files, calendar, trails) else { continue };
            if calendar.sources[i].assumed_s == Some(0) {
                if !is_tied(source.instance) {
                    alone.entry(source.instance).and_modify(|r| *r = r.with(range)).or_insert(range);
                }
            } else {
                others = Some(others.map_or(range, |r| r.with(range)));
            }
        }
        let Some(others) = others else { return false };
        let mut has_new = false;
        for (instance, range) in alone {
            let Some(quarters) = range.only_shift(&others) else { continue };
            let offset_s = (quarters * 900) as i32;
            let zone = Zone::Fixed(offset_s);
            let note = format!(
                "no stamp of it has a zone, and nothing in it ties it to another log: as UTC it would lie {} {} all other \
                 logs, and of all zones only {zone} puts it among them; this is an assumption (`--tz` tells the zone)",
                words(range.outside(&others).unwrap_or(0)),
                if range.to < others.from { "before" } else { "after" },
            );
            let mine = |i: &usize| {
                plan.sources[*i].instance == instance && calendar.sources[*i].assumed_s == Some(0)
            };
            for i in (0..plan.sources.len()).filter(mine) {
                let reason = "assumed, as only so it is about the time of the other logs".into();
                self.add(i, FoundZone { offset_s, reason, assumed: Some(note.clone()) });
                has_new = true;
            }
        }
        has_new
    }
}

/// `3 h 2 min`.
fn words(ns: i64) -> String {
    let minutes = ns / (60 * SECOND);
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} min"),
        (h, 0) => format!("{h} h"),
        (h, m) => format!("{h} h {m} min"),
    }
}

/// From the first to the last moment of some lines.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: i64,
    to: i64,
}

impl Range {
    fn with(self, other: Range) -> Range {
        Range { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    /// How far it is from another one, where they are far apart.
    fn outside(&self, other: &Range) -> Option<i64> {
        let apart = (self.from - other.to).max(other.from - self.to);
        (apart > ROOM).then_some(apart)
    }

    /// Read with the zone of so many quarters of an hour, it lies within another.
    fn fits(&self, other: &Range, quarters: i64) -> bool {
        let by = quarters * QUARTER;
        self.from - by >= other.from - ROOM && self.to - by <= other.to + ROOM
    }

    /// The one zone that puts it into another range, in quarters of an hour: whole hours, which nearly all zones are, before half
    /// ones and quarters. Of several, none.
    fn only_shift(&self, other: &Range) -> Option<i64> {
        self.outside(other)?;
        let hours: Vec<i64> = HOURS.step_by(4).collect();
        for zones in [&hours[..], &HALVES, &QUARTERS] {
            let all: Vec<i64> = zones.iter().copied().filter(|q| self.fits(other, *q)).collect();
            match all[..] {
                [] => {}
                [one] => return Some(one),
                _ => return None,
            }
        }
        None
    }
}

fn range(files: &[usize], calendar: &Calendar, trails: &[Trail]) -> Option<Range> {
    let of = |f: &usize| {
        let trail = &trails[*f];
        let mut file: FileCalendar = calendar.of(*f as u32);
        let ends = [trail.dated, trail.undated].into_iter().flatten().flat_map(|(a, b)| [a, b]);
        let moments: Vec<i64> = ends.map(|(line, s)| file.moment(line, &s)).collect();
        Some(Range { from: *moments.iter().min()?, to: *moments.iter().max()? })
    };
    files.iter().filter_map(of).reduce(Range::with)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(from: i64, to: i64) -> Range {
        Range { from: from * 60 * SECOND, to: to * 60 * SECOND }
    }

    #[test]
    fn one_shift_alone_is_taken() {
        let others = minutes(775, 778);
        let shift = |from, to| minutes(from, to).only_shift(&others).map(|q| q * 15);
        assert_eq!(shift(595, 597), Some(-180));
        assert_eq!(shift(775 + 330, 776 + 330), Some(330), "no whole hour fits");
        assert_eq!(shift(775 + 345, 776 + 345), Some(345));
        assert_eq!(shift(760, 769), None, "near them");
        assert_eq!(shift(615, 617), None, "no zone fits");
        assert_eq!(shift(595, 697), None, "longer than they are");
        assert_eq!(minutes(595, 597).only_shift(&minutes(775, 895)), None, "two zones fit");
        assert_eq!(minutes(0, 1).only_shift(&minutes(900, 901)), None, "no zone is so far");
    }
}
