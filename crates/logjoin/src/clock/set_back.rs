//! Where in its files a clock that was set back begins anew.
//!
//! Such a clock shows some times twice. Lines are written in order, so the first line of a file whose stamp falls far behind
//! those before it is the first one after the step.

use std::collections::BTreeMap;

use super::{Line, SECOND};
use crate::event::At;
use crate::timeline::World;

/// From `line` on, a file shows the clock's piece of this number.
#[derive(Debug, Clone, Copy)]
pub(super) struct SetBack {
    pub piece: usize,
    pub line: u64,
}

/// Finds them in all files of instances whose clocks were set back.
pub(super) fn find(world: &World, lines: &[Line]) -> BTreeMap<u32, Vec<SetBack>> {
    let steps = |instance: usize| -> Vec<(usize, i64, i64)> {
        let pieces = &lines[instance].pieces;
        (1..pieces.len())
            .map(|i| {
                (i, pieces[i].from, pieces[i].line.at(pieces[i].from) - pieces[i - 1].line.at(pieces[i].from))
            })
            .filter(|(_, _, by)| *by < 0)
            .collect()
    };
    let concerned: Vec<bool> = (0..lines.len()).map(|i| !steps(i).is_empty()).collect();
    let mut out = BTreeMap::new();
    if !concerned.contains(&true) {
        return out;
    }
    let mut rows: Vec<(At, i64, usize)> = Vec::new();
    rows.extend(world.requests.iter().map(|t| {
        let is_start = t.r.anchor == logjoin_parse::Anchor::Start;
        (t.r.at, if is_start { t.start_lo } else { t.end_lo }, t.instance)
    }));
    rows.extend(world.errors.iter().map(|m| (m.e.at, m.lo, m.instance)));
    rows.extend(world.states.iter().map(|m| (m.e.at, m.lo, m.instance)));
    rows.extend(world.logs.iter().map(|m| (m.e.at, m.lo, m.instance)));
    rows.retain(|(_, _, i)| concerned[*i]);
    rows.sort_unstable();
    for file in rows.chunk_by(|a, b| a.0.file == b.0.file) {
        let instance = file[0].2;
        let mut found = Vec::new();
        for (piece, from, by) in steps(instance) {
            // What the clock showed before the step, and after it.
            let before = from + lines[instance].pieces[piece - 1].line.at(from);
            let slack = (by.abs() / 2).min(60 * SECOND);
            let mut latest = i64::MIN;
            let first = file.iter().find(|(_, t, _)| {
                latest = latest.max(*t);
                latest > before - slack.max(-by) && latest < before + slack && latest - t > by.abs() / 2
            });
            found.extend(first.map(|(at, _, _)| SetBack { piece, line: at.line }));
        }
        if !found.is_empty() {
            out.insert(file[0].0.file, found);
        }
    }
    out
}
