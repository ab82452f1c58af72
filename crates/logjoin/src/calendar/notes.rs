//! What was assumed of a source, in words.

use chrono::DateTime;

use super::years::Year;
use super::{FileCalendar, Rule, SECOND, Wall, Zone};
use crate::plan::Plan;
use crate::render::words;
use crate::trail::Trail;

/// The years that were filled in.
pub(super) fn year_notes(
    plan: &Plan,
    files: &[usize],
    years: &[Option<Year>],
    trails: &[Trail],
    notes: &mut Vec<String>,
) {
    let mut said = String::new();
    for (f, year) in files.iter().zip(years) {
        let Some(y) = year else { continue };
        let path = &plan.files[*f].path;
        let text = format!("no year in its dates: {}, {}", y.first, y.reason);
        if text != said {
            notes.push(if files.len() > 1 { format!("{path}: {text}") } else { text.clone() });
            said = text;
        }
        for (line, n) in trails[*f].years.iter().take(2).filter(|(_, n)| *n > 0) {
            notes.push(format!("the year turns to {} at {path}:{line}", y.first + n));
        }
    }
}

/// Says of each hour that happened twice within the file whether the order of its lines told the two apart.
pub(super) fn set_back_notes(
    plan: &Plan,
    f: usize,
    file: &mut FileCalendar,
    trail: &Trail,
    goes_on: bool,
    notes: &mut Vec<String>,
) {
    let (Some(first), Some(last)) = (trail.first, trail.last) else { return };
    if matches!(file.rule, Rule::Zone(Zone::Fixed(_))) {
        return;
    }
    let (from, to) = (file.wall(first.0, &first.1), file.wall(last.0, &last.1));
    let (from, to) = (from.min(to), from.max(to));
    let path = &plan.files[f].path;
    // Half an hour is the shortest step of clocks; a file of more than some years is looked at in part.
    let mut wall = from;
    let mut said: Option<i64> = None;
    for _ in 0..200_000 {
        if wall > to {
            break;
        }
        if let Wall::Twice(early, late) = file.rule.at_wall(wall)
            && said.is_none_or(|said| wall - said > 86_400 * SECOND)
        {
            said = Some(wall);
            let span = i64::from(early - late) * SECOND;
            let turn = file.twice.iter().find(|x| x.is_late && (x.wall - wall).abs() <= 2 * span);
            let day = DateTime::from_timestamp_nanos(wall).format("%Y-%m-%d").to_string();
            let text = match turn {
                Some(turn) => format!("clocks were set back on {day}: from {path}:{} on", turn.line),
                None if file.begins_late => format!("clocks were set back on {day}, before {path} begins"),
                None if goes_on => String::new(),
                None => format!(
                    "an hour of {day} happened twice, and no line goes back: read as the first of the two"
                ),
            };
            notes.extend((!text.is_empty()).then_some(text));
        }
        wall += 1800 * SECOND;
    }
}

/// Lines without a time, and the order of day and month.
pub(super) fn line_notes(plan: &Plan, files: &[usize], trails: &[Trail], notes: &mut Vec<String>) {
    let sum = |of: fn(&Trail) -> u64| files.iter().map(|f| of(&trails[*f])).sum::<u64>();
    let borrowed = sum(|t| t.borrowed);
    if borrowed > 0 {
        notes.push(format!(
            "{} no time: between that of the line before and that of the line after",
            words::count(borrowed, "event has", "events have")
        ));
    }
    let untimed = sum(|t| t.untimed);
    if untimed > 0 {
        let events = words::count(untimed, "event has", "events have");
        notes.push(format!("{events} no time, and no line before them has one: not placed"));
    }
    if let Some(day) = files.iter().find_map(|f| plan.files[*f].day_order) {
        let order = match day.order {
            logjoin_parse::day_order::DayOrder::DayFirst => "day first",
            logjoin_parse::day_order::DayOrder::MonthFirst => "month first",
        };
        notes.push(format!("dates are {order}: {}", day.reason));
    }
}
