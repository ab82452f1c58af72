//! Clocks that the caller tells.

use super::{Fit, Line, Piece, Slanted, State};
use crate::event::At;
use crate::options::LineAt;
use crate::plan::Plan;
use crate::timeline::World;

/// A clock that was told, and that the requests say otherwise of: the instance, the offset that fits them, how many.
pub(crate) type Contradicted = (usize, i64, u64);

/// A told offset and the fitted one differ when they are further apart than this, bands aside.
const APART: i64 = 1_000_000_000;

/// Puts the offsets that were told in the place of whatever was fitted, and lists those that the requests contradict.
pub(super) fn skews(plan: &Plan, lines: &mut [Line]) -> Vec<Contradicted> {
    let mut contradicted = Vec::new();
    for (i, instance) in plan.instances.iter().enumerate() {
        let files = plan.sources.iter().filter(|s| s.instance == i);
        let told = files
            .filter_map(|s| plan.options.skews.iter().find(|(p, _)| p.fits(&s.id) || p.fits(&instance.name)))
            .map(|(_, s)| *s)
            .next();
        if let Some(skew) = told {
            let line = Slanted { offset: (skew * 1e9) as i64, ..Slanted::default() };
            let fitted = lines[i].pieces.first().filter(|_| lines[i].state == State::Fitted);
            if let Some(fitted) = fitted
                && lines[i].pieces.iter().all(|p| (p.line.offset - line.offset).abs() > p.band_ns + APART)
            {
                contradicted.push((i, fitted.line.offset, lines[i].samples));
            }
            let pieces = vec![Piece { line, ..Piece::default() }];
            lines[i] = Line { pieces, state: State::Told, samples: 0, has_zone: lines[i].has_zone };
        }
    }
    contradicted
}

/// A line that an anchor names, found: the instance that wrote it, and between which moments of its clock.
type Anchored = (usize, (i64, i64));

/// Pairs of instances whose clocks are told by two lines about one moment; of several pairs of lines about two
/// instances, the offsets all of them allow, or the mean of the outermost where they disagree.
pub(super) fn anchors(plan: &Plan, world: &World) -> Vec<((usize, usize), Fit)> {
    let mut ranges: std::collections::BTreeMap<(usize, usize), (i64, i64, u64)> = Default::default();
    for (a, b) in &plan.options.anchors {
        let (Some((p, of_p)), Some((q, of_q))) = (find(plan, world, a), find(plan, world, b)) else {
            continue;
        };
        if p == q {
            continue;
        }
        let ((p, of_p), (q, of_q)) = if p < q { ((p, of_p), (q, of_q)) } else { ((q, of_q), (p, of_p)) };
        let (lo, hi) = (of_q.0 - of_p.1, of_q.1 - of_p.0);
        let all = ranges.entry((p, q)).or_insert((lo, hi, 0));
        *all = (all.0.max(lo), all.1.min(hi), all.2 + 1);
    }
    let fit = |(lo, hi, samples): (i64, i64, u64)| {
        let line = Slanted { offset: lo + (hi - lo) / 2, ..Slanted::default() };
        let piece = Piece { line, band_ns: (hi - lo).abs() / 2, ..Piece::default() };
        Fit { pieces: vec![piece], samples, state: State::Told, ..Fit::default() }
    };
    ranges.into_iter().map(|(pair, range)| (pair, fit(range))).collect()
}

/// The line that a place names, if the log has it and it is an event.
fn find(plan: &Plan, world: &World, place: &LineAt) -> Option<Anchored> {
    let named = |f: &&crate::plan::FilePlan| place.file.fits(&f.path);
    let is_it = |at: At| at.line == place.line && plan.files.get(at.file as usize).filter(named).is_some();
    let requests = world.requests.iter().find(|t| is_it(t.r.at)).map(|t| {
        let is_start = t.r.anchor == logjoin_parse::Anchor::Start;
        (t.instance, if is_start { (t.start_lo, t.start_hi) } else { (t.end_lo, t.end_hi) })
    });
    requests
        .or_else(|| world.errors.iter().find(|m| is_it(m.e.at)).map(|m| (m.instance, (m.lo, m.hi))))
        .or_else(|| world.states.iter().find(|m| is_it(m.e.at)).map(|m| (m.instance, (m.lo, m.hi))))
        .or_else(|| world.logs.iter().find(|m| is_it(m.e.at)).map(|m| (m.instance, (m.lo, m.hi))))
}
