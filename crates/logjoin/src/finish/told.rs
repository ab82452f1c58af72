//! What the caller told and what came of it: statuses that never count, patterns that fit no log, addresses that no proxy names, lines that no log has, offsets
//! that the requests contradict.

use std::collections::BTreeMap;

use super::sources::FileFacts;
use crate::analysis::Note;
use crate::clock::ClockModel;
use crate::failing::Failing;
use crate::options::{LineAt, Pattern, can_fail};
use crate::plan::Plan;
use crate::render::words::{count, grouped};
use crate::scene::Scene;
use crate::vocabulary::NoteLevel;

pub(super) fn notes(plan: &Plan, clocks: &ClockModel, files: &[FileFacts]) -> Vec<Note> {
    let warning =
        |about: &str, text: String| Note { level: NoteLevel::Warning, about: about.to_owned(), text };
    let o = &plan.options;
    let mut notes = Vec::new();
    let patterns = (o.zones.iter().map(|(p, _)| ("zone", p)))
        .chain(o.skews.iter().map(|(p, _)| ("skew", p)))
        .chain(o.roles.iter().map(|(p, _)| ("role", p)))
        .chain(o.formats.iter().map(|(p, _)| ("format", p)))
        .chain(o.peers.iter().map(|(p, _)| ("peer", p)));
    for (what, pattern) in patterns.filter(|(_, p)| !fits_any(plan, p)) {
        let text =
            format!("the {what} given for {}: no log fits this pattern, so it is not used", pattern.text());
        notes.push(warning("inputs", text));
    }
    let never: Vec<String> = o.statuses.iter().filter(|s| !can_fail(**s)).map(ToString::to_string).collect();
    if !never.is_empty() {
        let text = format!(
            "the status told, {}, does not count: only 408 and those from 500 on can be gateway failures",
            never.join(", ")
        );
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
            "the offset given for its clock is contradicted by {} that a proxy logged too: they agree on {seconds:+.3} s; the given offset was used",
            count(*samples, "request", "requests")
        );
        notes.push(warning(&plan.instances[*instance].name, text));
    }
    notes
}

/// The addresses of peers that no proxy names: as the server of a request or of a try, in an error line, or in its configuration.
pub(super) fn strange_peers(scene: &Scene<'_>) -> Vec<Note> {
    let plan = scene.plan;
    let is_named = |address: &str| {
        scene.world.labels.values().any(|l| l == address)
            || scene.failing.iter().flat_map(|f| &f.tries).any(|t| t.label.as_deref() == Some(address))
            || scene.world.errors.iter().any(|m| m.e.upstream.as_deref() == Some(address))
            || plan.configs.iter().flat_map(|c| &c.config.pools).any(|pool| {
                let names = |name: &Option<String>| {
                    name.as_ref().is_some_and(|n| format!("{}/{n}", pool.name) == address)
                };
                pool.servers.iter().any(|s| s.address == address || names(&s.name))
            })
    };
    let strange = plan.options.peers.iter().filter(|(p, address)| fits_any(plan, p) && !is_named(address));
    let note = |(pattern, address): &(Pattern, String)| Note {
        level: NoteLevel::Warning,
        about: "inputs".into(),
        text: format!(
            "the peer given for {}: no log or configuration of a proxy names {address}, so nothing is joined by it; write addresses as the proxy logs them, HAProxy's servers as backend/server",
            pattern.text()
        ),
    };
    strange.map(note).collect()
}

/// How many failures are told by others.
pub(super) fn thinned(scene: &Scene<'_>) -> Option<Note> {
    let listed = scene.failing.len() as u64;
    let all: u64 = scene.failing.iter().map(Failing::n).sum();
    let text = || {
        format!(
            "{} failed requests are represented by {} of them: of many that are alike (same proxy, server, status, mechanism and cause, at about the same time) some are listed, each with how many it stands for. Counts and the times of episodes are of all; lines, clients, paths and durations are those of the listed ones. `--keep-failures N` keeps more",
            grouped(all),
            grouped(listed)
        )
    };
    (all > listed).then(|| Note { level: NoteLevel::Info, about: "failures".into(), text: text() })
}

fn fits_any(plan: &Plan, pattern: &Pattern) -> bool {
    plan.files.iter().any(|f| pattern.fits(&f.path))
        || plan.sources.iter().any(|s| pattern.fits(&s.id))
        || plan.instances.iter().any(|i| pattern.fits(&i.name))
}

/// Why an end of an anchor tells nothing.
fn unused(plan: &Plan, place: &LineAt, files: &[FileFacts]) -> Option<String> {
    let named = files.iter().filter(|f| place.file.fits(&plan.files[f.file].path));
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    named.for_each(|f| *lines.entry(&plan.files[f.file].path).or_default() += f.ledger.lines);
    match lines.into_values().max() {
        None => Some("no log fits this name".to_owned()),
        Some(lines) if lines < place.line => Some(format!("the log has {}", count(lines, "line", "lines"))),
        Some(_) => None,
    }
}
