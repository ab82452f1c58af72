//! Failures over time in three lines: bars, the incidents under them, and the ends of the axis.

use super::super::canvas::{Canvas, Role, span};
use super::super::view::Strip;
use super::super::{view, words};
use crate::Analysis;
use crate::analysis::Time;

/// Columns before the bars: those of a row's label.
const LEFT: usize = 13;

pub(super) fn draw(c: &mut Canvas, a: &Analysis) {
    let room = c.width().saturating_sub(LEFT + 1).clamp(10, 100);
    let Some(strip) = Strip::of(a, room) else { return };
    if a.totals.failures == 0 || strip.counts.iter().all(|n| *n == 0) {
        return;
    }
    let columns = strip.columns(room);
    let (start, end) = (strip.start, strip.end());
    c.blank();
    c.clipped(2, &[span(Role::Faint, "failures   "), span(Role::Bad, words::sparkline(&columns).trim_end())]);
    let marks = marks(a, start, end, columns.len());
    if !marks.trim().is_empty() {
        c.clipped(LEFT, &[span(Role::Strong, marks)]);
    }
    let whole = |t: Time| view::clock(a)(t).split('.').next().unwrap_or_default().to_owned();
    let (from, to, scale) = (whole(start), whole(end), strip.scale());
    let room = columns.len().saturating_sub(from.len() + to.len());
    if room > scale.len() + 4 {
        let gap = room - scale.len();
        let line = format!("{from}{}{scale}{}{to}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2));
        c.clipped(LEFT, &[span(Role::Faint, line)]);
    } else {
        c.clipped(LEFT, &[span(Role::Faint, format!("{from}{}{to}", " ".repeat(room.max(1))))]);
        c.para(LEFT, &[span(Role::Faint, scale)]);
    }
}

/// The ids of the incidents below the columns in which they begin; the worst first where there is not room for all.
fn marks(a: &Analysis, start: Time, end: Time, slices: usize) -> String {
    let mut out = vec![' '; slices];
    let span = (i128::from(end.0) - i128::from(start.0)).max(1);
    for i in &a.incidents {
        let at = ((i128::from(i.start.0) - i128::from(start.0)).clamp(0, span) * slices as i128 / (span + 1))
            as usize;
        let id: Vec<char> = super::super::escape::terminal(&i.id).chars().collect();
        let at = at.min(slices.saturating_sub(id.len()));
        let near = at.saturating_sub(1)..(at + id.len() + 1).min(slices);
        if at + id.len() <= slices && out[near].iter().all(|c| *c == ' ') {
            out[at..at + id.len()].copy_from_slice(&id);
        }
    }
    out.into_iter().collect::<String>().trim_end().to_owned()
}
