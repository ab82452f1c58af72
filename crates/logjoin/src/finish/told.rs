//! What the caller told and what came of it: patterns that fit no log, lines that no log has, offsets that the requests contradict.

use super::sources::FileFacts;
use crate::analysis::Note;
use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::options::{LineAt, Pattern};
use crate::plan::Plan;
use crate::scene::Scene;

pub(super) fn notes(plan: &Plan, clocks: &ClockModel, files: &[FileFacts]) -> Vec<Note> {
    let warning = |about: &str, text: String| Note { level: "warning".into(), about: about.to_owned(), text };
    let o = &plan.options;
    let mut notes = Vec::new();
    let patterns = (o.zones.iter().map(|(p, _)| ("zone", p)))
        .chain(o.skews.iter().map(|(p, _)| ("skew", p)))
        .chain(o.roles.iter().map(|(p, _)| ("role", p)))
        .chain(o.formats.iter().map(|(p, _)| ("format", p)))
        .chain(o.peers.iter().map(|(_, p)| ("peer", p)));
    for (what, pattern) in patterns.filter(|(_, p)| !fits_any(plan, p)) {
        let text =
            format!("the {what} told for {}: no log fits this pattern, so it is not used", pattern.text());
        notes.push(warning("inputs", text));
    }
    for place in o.anchors.iter().flat_map(|(a, b)| [a, b]) {
        if let Some(why) = unused(plan, place, files) {
            let text =
                format!("the anchor at {}:{}: {why}, so it is not used", place.file.text(), place.line);
            notes.push(warning("inputs", text));
        }
    }
    for (instance, fitted, samples) in &clocks.contradicted {
        let seconds = *fitted as f64 / 1e9;
        let text = format!(
            "its clock is told, and {samples} requests that a proxy logged too contradict it: they agree on {seconds:+.3} s; what is told was used"
        );
        notes.push(warning(&plan.instances[*instance].name, text));
    }
    notes
}

/// How many failures are told by others.
pub(super) fn thinned(scene: &Scene<'_>) -> Option<Note> {
    let listed = scene.failing.len() as u64;
    let all: u64 = scene.failing.iter().map(Failing::n).sum();
    let text = || {
        format!(
            "{all} failed requests are told by {listed} of them: of many that are alike (same proxy, server, status, mechanism and cause, at about the same time) some are listed, each with how many it stands for. Counts and the times of episodes are of all; lines, clients, paths and durations are those of the listed ones. `--keep-failures N` keeps more"
        )
    };
    (all > listed).then(|| Note { level: "info".into(), about: "failures".into(), text: text() })
}

fn fits_any(plan: &Plan, pattern: &Pattern) -> bool {
    plan.files.iter().any(|f| pattern.fits(&f.path))
        || plan.sources.iter().any(|s| pattern.fits(&s.id))
        || plan.instances.iter().any(|i| pattern.fits(&i.name))
}

/// Why an end of an anchor tells nothing.
fn unused(plan: &Plan, place: &LineAt, files: &[FileFacts]) -> Option<String> {
    let named: Vec<&FileFacts> = files.iter().filter(|f| place.file.fits(&plan.files[f.file].path)).collect();
    let lines = named.iter().map(|f| f.ledger.lines).max();
    match lines {
        None => Some("no log fits this name".to_owned()),
        Some(lines) if lines < place.line => Some(format!("the log has {lines} lines")),
        Some(_) => None,
    }
}
