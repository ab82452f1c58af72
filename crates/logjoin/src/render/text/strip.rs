//! Failures over time in three lines: bars, the incidents under them, and the ends of the axis.

use super::super::canvas::{Canvas, Role, span};
use super::super::{view, words};
use crate::Analysis;

/// Columns before the bars: those of a row's label.
const LEFT: usize = 13;

pub(super) fn draw(c: &mut Canvas, a: &Analysis) {
    let Some((start, end)) = view::range(a) else { return };
    if a.totals.failures == 0 || a.failures.is_empty() {
        return;
    }
    let slices = c.width().saturating_sub(LEFT + 1).clamp(10, 100);
    let counts = view::buckets(a.failures.iter().filter(|f| f.gateway), start, end, slices);
    let most = counts.iter().copied().max().unwrap_or(0);
    let seconds = (end.seconds() - start.seconds()).max(0.0) / slices as f64;
    let (from, to) = (words::clock(start), words::clock(end));
    let scale = format!("full bar: {} in {}", words::grouped(most), words::length(seconds));
    c.blank();
    c.clipped(2, &[span(Role::Faint, "failures   "), span(Role::Bad, words::sparkline(&counts).trim_end())]);
    let marks = marks(a, start, end, slices);
    if !marks.trim().is_empty() {
        c.clipped(LEFT, &[span(Role::Strong, marks)]);
    }
    let (from, to) = (&from[..8.min(from.len())], &to[..8.min(to.len())]);
    let room = slices.saturating_sub(from.len() + to.len());
    let middle = if room > scale.len() + 4 { scale.as_str() } else { "" };
    let gap = room - middle.len();
    let line = format!("{from}{}{middle}{}{to}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2));
    c.clipped(LEFT, &[span(Role::Faint, line)]);
}

/// The ids of the incidents below the slices in which they begin; the worst first where there is not room for all.
fn marks(a: &Analysis, start: crate::analysis::Time, end: crate::analysis::Time, slices: usize) -> String {
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
