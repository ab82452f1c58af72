//! From judged failures to the [`Analysis`]: numbers, sentences, references. Nothing is decided here any more.

mod activity;
mod all;
mod around;
mod balance;
mod contrast;
mod derivation;
mod durations;
mod episode;
mod excerpts;
mod failure;
mod health;
mod hidden;
mod late;
mod lifecycle;
mod messages;
mod missing;
mod restarts;
mod sample;
mod sources;
mod stats;
mod steps;
mod timeouts;
mod traffic;

use std::convert::Infallible;
use std::ops::ControlFlow;

use crate::analysis::{Analysis, Incident, Input, Ledger, Note, SCHEMA_VERSION, Time, Tool, Totals};
use crate::calendar::Calendar;
use crate::clock;
use crate::diagnose;
use crate::episodes;
use crate::event::At;
use crate::failing::{self, Failing};
use crate::index::Index;
use crate::join;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scanner::FileScan;
use crate::scene::Scene;
use crate::timeline::{self, World};
use crate::trail::Trail;

/// A step of [`finish_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Stamps become moments on one clock.
    Clocks,
    /// Failed requests are found and joined to the backends' lines.
    Joins,
    /// The rules are asked.
    Causes,
    /// The result is put together.
    Story,
}

/// Correlates what the scans found and tells the story. The order of `scans` does not matter.
pub fn finish(plan: &Plan, scans: Vec<FileScan>) -> Analysis {
    match run(plan, scans, &mut |_| Ok::<(), Infallible>(())) {
        Ok(analysis) => analysis,
        Err(never) => match never {},
    }
}

/// [`finish`] under the eyes of the caller: `watch` is told of each [`Stage`] before it begins, and may break it off; then
/// there is no result. A stage is a matter of seconds at most.
///
/// ```
/// use std::ops::ControlFlow;
/// let plan = logjoin::plan(Vec::new(), Vec::new(), logjoin::Options::default());
/// let all = logjoin::finish_with(&plan, Vec::new(), &mut |_| ControlFlow::Continue(()));
/// let none = logjoin::finish_with(&plan, Vec::new(), &mut |_| ControlFlow::Break(()));
/// assert!(all.is_some() && none.is_none());
/// ```
pub fn finish_with(
    plan: &Plan,
    scans: Vec<FileScan>,
    watch: &mut dyn FnMut(Stage) -> ControlFlow<()>,
) -> Option<Analysis> {
    let mut told = |stage| if watch(stage).is_break() { Err(()) } else { Ok(()) };
    run(plan, scans, &mut told).ok()
}

fn run<E>(
    plan: &Plan,
    mut scans: Vec<FileScan>,
    watch: &mut dyn FnMut(Stage) -> Result<(), E>,
) -> Result<Analysis, E> {
    watch(Stage::Clocks)?;
    scans.sort_by_key(|s| s.file);
    let mut files = sources::FileFacts::take(&mut scans);
    let mut trails: Vec<Trail> = plan.paths().map(|_| Trail::default()).collect();
    for scan in &mut scans {
        trails[scan.file as usize] = std::mem::take(&mut scan.trail);
    }
    let calendar = Calendar::decide(plan, &trails);
    let mut world = timeline::resolve(plan, scans, &calendar);
    let clocks = clock::fit_all(plan, &world);
    world.shift(&clocks);
    sources::filter(plan, &world, &mut files);
    watch(Stage::Joins)?;
    let index = Index::new(plan, &world);
    let peers = Peers::learn(plan, &world, &index, &clocks);
    let failing = failing::find(plan, &world);
    let mut joins = join::join(plan, &world, &index, &peers, &clocks, &failing);
    let chains = join::chains(plan, &world, &index, &peers, &clocks, &failing);
    join::pass_outward(&chains, &failing, &mut joins);
    watch(Stage::Causes)?;
    let scene = Scene::new(plan, &world, &peers, &failing, &joins);
    let judged = diagnose::judge_all(&scene, &chains);
    watch(Stage::Story)?;
    let rows = episodes::group(&scene, &judged);
    let all = all::All::of(&scene);
    let usuals = traffic::Usuals::of(&all.load);
    let messages = messages::of_backends(&scene);
    let lives = lifecycle::lives(&scene, &all.activity, &judged);
    let restarts = restarts::restarts(&scene, &lives);
    let timeouts = timeouts::advice(&scene, &rows);

    let mut episode_of: Vec<Option<String>> = vec![None; failing.len()];
    let mut all_episodes = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let mut e = episode::build(&scene, &judged, row, n + 1);
        e.precursors = around::precursors(&scene, &usuals, all.load.cells.step(), &rows, n, &judged);
        e.recovery = around::recovery(&scene, &all, row, &lives);
        e.advice.extend(timeouts::of_row(&scene, row, &timeouts));
        e.advice.extend(restarts::plan(&scene, row, &lives, &restarts));
        e.number_evidence();
        for m in &row.members {
            episode_of[*m] = Some(e.id.clone());
        }
        all_episodes.push(e);
    }
    let incidents = incidents(plan, &rows, all_episodes);
    let mut failures = failure::build(&scene, &judged, &chains, &episode_of);
    let totals = totals(plan, &world, &failing, &judged);
    let unknown = missing::unknowns(&scene, &judged, &files);
    if let Some(max) = plan.options.max_failures {
        failures.truncate(max);
    }
    let mut ledger = Ledger::default();
    files.iter().for_each(|f| ledger.add(&f.ledger));
    let middle = middle(&world);
    let sources = sources::build(plan, &world, &calendar, &clocks, &files, &peers);
    let mut notes = sources::notes(plan, &files);
    notes.extend(clock_notes(plan, &clocks));
    notes.extend(missing::ambiguous(&scene, &judged, &files));
    Ok(Analysis {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "logjoin".into(), version: env!("CARGO_PKG_VERSION").into() },
        inputs: inputs(plan, &files),
        sources,
        clocks: clocks.report(plan, middle),
        totals,
        incidents,
        failures,
        distribution: balance::distribution(&scene, &all.load, &rows),
        health: health::events(&scene),
        lifecycle: lifecycle::report(&scene, &lives),
        traffic: all.load.finish(&scene),
        timeouts,
        restarts,
        health_audit: health::audit(&scene, &all.load),
        hidden: hidden::hidden(&scene),
        contrast: contrast::contrast(&scene, &rows, &all.sample, &messages),
        excerpts: excerpts::build(&scene, &judged, &chains, &episode_of),
        derivations: derivation::build(&scene, &judged),
        unknown,
        ledger,
        notes,
    })
}

fn inputs(plan: &Plan, files: &[sources::FileFacts]) -> Vec<Input> {
    let mut inputs: Vec<Input> = files
        .iter()
        .map(|f| Input {
            path: plan.files[f.file].path.clone(),
            source: Some(plan.sources[plan.files[f.file].source].id.clone()),
            bytes: f.bytes,
            lines: f.ledger.lines,
            kind: "log".into(),
            sha256: None,
            problem: f.problem.clone(),
        })
        .collect();
    inputs.extend(plan.configs.iter().map(|c| Input {
        path: c.path.clone(),
        source: None,
        bytes: 0,
        lines: 0,
        kind: "config".into(),
        sha256: None,
        problem:
            c.config.problems.first().map(|p| format!("{}:{}: {}", p.place.file, p.place.line, p.message)),
    }));
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    inputs
}

fn middle(world: &World) -> i64 {
    let lo = world.requests.iter().map(|t| t.end_lo).min().unwrap_or(0);
    let hi = world.requests.iter().map(|t| t.end_lo).max().unwrap_or(0);
    lo + (hi - lo) / 2
}

fn totals(plan: &Plan, world: &World, failing: &[Failing], judged: &[diagnose::Judged]) -> Totals {
    let mut t = Totals::default();
    for r in world.requests.iter().filter(|r| plan.instances[r.instance].is_proxy) {
        t.requests += 1;
        *t.by_status.entry(r.r.status.to_string()).or_default() += 1;
    }
    for (f, j) in failing.iter().zip(judged) {
        if f.is_hidden {
            t.hidden_by_retry += 1;
            continue;
        }
        if !f.is_gateway {
            t.not_gateway += 1;
            continue;
        }
        t.failures += 1;
        *t.by_origin.entry(f.origin.to_string()).or_default() += 1;
        *t.by_mechanism.entry(f.mechanism.to_string()).or_default() += 1;
        *t.by_cause.entry(j.cause.to_string()).or_default() += 1;
    }
    t
}

fn incidents(plan: &Plan, rows: &[episodes::Row], all: Vec<crate::analysis::Episode>) -> Vec<Incident> {
    let mut out: Vec<Incident> = Vec::new();
    for (n, members) in episodes::incidents(rows).into_iter().enumerate() {
        let episodes: Vec<_> = members.iter().map(|m| all[*m].clone()).collect();
        let Some(largest) = episodes.iter().max_by_key(|e| (e.failures, std::cmp::Reverse(e.start))) else {
            continue;
        };
        let (cause, summary) = (largest.cause, episode::summary(&plan.options.rules, &episodes, largest));
        out.push(Incident {
            id: format!("I{}", n + 1),
            start: episodes.iter().map(|e| e.start).min().unwrap_or(Time(0)),
            end: episodes.iter().map(|e| e.end).max().unwrap_or(Time(0)),
            failures: episodes.iter().map(|e| e.failures).sum(),
            cause,
            summary,
            episodes,
        });
    }
    // The worst first.
    out.sort_by_key(|i| (std::cmp::Reverse(i.failures), i.start));
    out
}

fn clock_notes(plan: &Plan, clocks: &clock::ClockModel) -> Vec<Note> {
    let mut notes = Vec::new();
    if clocks.reference.is_none() && !plan.instances.is_empty() {
        notes.push(Note {
            level: "warning".into(),
            about: "inputs".into(),
            text: "no proxy's access log was recognised among the inputs: there are no failed requests to explain".into(),
        });
    }
    notes
}

/// A line, as people see it.
pub(crate) fn line_ref(plan: &Plan, at: At) -> crate::analysis::LineRef {
    crate::analysis::LineRef { file: plan.files[at.file as usize].path.clone(), line: at.line }
}

/// Text of a line for people: control characters made visible, cut.
pub(crate) fn show(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.chars().count() >= max {
            out.push('…');
            break;
        }
        if c == '\n' {
            out.push_str("\\n");
        } else if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
