//! From judged failures to the [`Analysis`]: numbers, sentences, references. Nothing is decided here any more.

mod activity;
mod all;
mod answered;
mod around;
mod balance;
mod contrast;
mod derivation;
mod durations;
mod episode;
mod excerpts;
mod failure;
mod few;
mod health;
mod hidden;
mod late;
mod lifecycle;
mod messages;
mod missing;
mod pace;
mod restarts;
mod sample;
mod sources;
mod stats;
mod steps;
mod streams;
mod sums;
mod timeouts;
mod told;
mod traffic;

use std::convert::Infallible;
use std::ops::ControlFlow;

pub(crate) use few::Few;
pub(crate) use sources::FileFacts;
pub(crate) use sums::{Sums, Tails};

use std::collections::BTreeMap;

use crate::analysis::{Analysis, Incident, Input, Ledger, Note, SCHEMA_VERSION, Time, Tool, Totals};
use crate::calendar::Calendar;
use crate::clock::{self, ClockModel};
use crate::diagnose::Judged;
use crate::episodes;
use crate::event::At;
use crate::event::Events;
use crate::failing::Failing;
use crate::fold::Lean;
use crate::link::{Chain, Learned, Stage, link};
use crate::plan::Plan;
use crate::rewrites::{self, Rewrites};
use crate::scanner::FileScan;
use crate::scene::Scene;
use crate::thin::Thinning;
use crate::timeline::{self, Horizon};
use crate::trail::Trail;
use crate::vocabulary::{InputKind, NoteLevel};

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
    watch(Stage::Moments)?;
    scans.sort_by_key(|s| s.file);
    let facts = FileFacts::of(&scans);
    let mut trails: Vec<Trail> = plan.paths().map(|_| Trail::default()).collect();
    let mut tails = Tails::default();
    for scan in &mut scans {
        trails[scan.file as usize] = std::mem::take(&mut scan.trail);
        tails.add(scan.file, std::mem::take(&mut scan.tails), std::mem::take(&mut scan.inner));
    }
    let mut files: BTreeMap<u32, Events> = scans.into_iter().map(|s| (s.file, s.events)).collect();
    let (calendar, _) = Calendar::of_all(plan, &trails, &files);
    let rewrites = rewrites::undo(plan, &mut files, Rewrites::default());
    let world = timeline::resolve(plan, files, &calendar);
    let mut linked = link(plan, world, Learned::of(rewrites), watch)?;
    watch(Stage::Scene)?;
    let scene = linked.scene(plan);
    watch(Stage::Causes)?;
    let mut judged = linked.judge(&scene);
    watch(Stage::Sums)?;
    let mut sums = Sums::new(plan);
    sums.add(&scene, &Lean::default(), Horizon::END, &tails);
    let scene = if judged.len() > plan.options.keep_failures {
        drop(scene);
        Thinning::new(plan).thin_all(&mut linked, &mut judged);
        linked.scene(plan)
    } else {
        scene
    };
    watch(Stage::Story)?;
    let (clocks, chains) = (&linked.clocks, &linked.chains[..]);
    Ok(tell(&Story {
        scene: &scene,
        judged: &judged,
        chains,
        clocks,
        calendar: &calendar,
        sums: &sums,
        files: facts,
    }))
}

/// Everything that is known when all is read.
pub(crate) struct Story<'a> {
    pub scene: &'a Scene<'a>,
    pub judged: &'a [Judged],
    pub chains: &'a [Chain],
    pub clocks: &'a ClockModel,
    pub calendar: &'a Calendar,
    pub sums: &'a Sums,
    pub files: Vec<FileFacts>,
}

/// Tells the story.
pub(crate) fn tell(story: &Story<'_>) -> Analysis {
    let Story { scene, judged, chains, clocks, calendar, sums, .. } = *story;
    let (plan, all) = (scene.plan, &sums.all);
    let mut files = story.files.clone();
    files.iter_mut().for_each(|f| f.ledger = sums.filtered(f.file as u32, f.ledger));
    let rows = episodes::group(scene, judged, sums.mean_gap());
    let usuals = traffic::Usuals::of(&all.load);
    let lives = lifecycle::lives(scene, &all.activity, judged);
    let restarts = restarts::restarts(scene, &lives, &all.answered);
    let timeouts = timeouts::advice(scene, chains, &rows);

    let mut episode_of: Vec<Option<String>> = vec![None; scene.failing.len()];
    let mut all_episodes = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let mut e = episode::build(scene, judged, &all.pace, row, n + 1);
        e.precursors =
            around::precursors(scene, (&usuals, all.load.cells.step()), &all.pace, &rows, n, judged);
        e.recovery = around::recovery(scene, all, row, &lives);
        e.advice.extend(timeouts::of_row(scene, row, &timeouts));
        e.advice.extend(restarts::plan(scene, row, &lives, &restarts));
        e.number_evidence();
        for m in &row.members {
            episode_of[*m] = Some(e.id.clone());
        }
        all_episodes.push(e);
    }
    let incidents = incidents(plan, &rows, all_episodes);
    let mut failures = failure::build(scene, judged, chains, &episode_of);
    let unknown = missing::unknowns(scene, judged, &files);
    if let Some(max) = plan.options.max_failures {
        failures.truncate(max);
    }
    let mut ledger = Ledger::default();
    files.iter().for_each(|f| ledger.add(&f.ledger));
    let sources = sources::build(plan, sums, calendar, clocks, &files, scene.peers);
    let mut notes = sources::notes(plan, &files);
    notes.extend(clock_notes(plan, clocks));
    notes.extend(told::notes(plan, clocks, &files));
    notes.extend(told::strange_peers(scene));
    notes.extend(told::thinned(scene));
    notes.extend(missing::mute(scene, sums, &files));
    notes.extend(missing::ambiguous(scene, judged, &files));
    Analysis {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "logjoin".into(), version: env!("CARGO_PKG_VERSION").into() },
        inputs: inputs(plan, &files),
        sources,
        clocks: clocks.report(plan, sums.middle()),
        totals: totals(sums, scene.failing, judged),
        incidents,
        failures,
        distribution: balance::distribution(scene, &all.load, &rows),
        health: health::events(scene),
        lifecycle: lifecycle::report(scene, &lives),
        traffic: all.load.finish(scene),
        timeouts,
        restarts,
        health_audit: health::audit(scene, &all.load),
        hidden: hidden::hidden(scene),
        contrast: contrast::contrast(scene, &rows, &all.sample, &sums.messages),
        excerpts: excerpts::build(scene, judged, chains, &episode_of),
        derivations: derivation::build(scene, judged),
        unknown,
        ledger,
        notes,
    }
}

fn inputs(plan: &Plan, files: &[sources::FileFacts]) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::with_capacity(files.len());
    for f in files {
        let file = &plan.files[f.file];
        // A file whose programs are told apart is one input of several sources.
        let same = inputs.last_mut().filter(|i| file.part.is_some() && i.path == file.path);
        if let Some(input) = same {
            input.bytes += f.bytes;
            input.lines += f.ledger.lines;
            input.problem = input.problem.take().or_else(|| f.problem.clone());
            continue;
        }
        inputs.push(Input {
            path: file.path.clone(),
            source: file.part.is_none().then(|| plan.sources[file.source].id.clone()),
            bytes: f.bytes,
            lines: f.ledger.lines,
            kind: InputKind::Log,
            sha256: None,
            problem: f.problem.clone(),
        });
    }
    inputs.extend(plan.configs.iter().map(|c| Input {
        path: c.path.clone(),
        source: None,
        bytes: 0,
        lines: 0,
        kind: InputKind::Config,
        sha256: None,
        problem: c.config.problems.first().map(|p| match &p.place {
            at if at.file == c.path => format!("line {}: {}", at.line, p.message),
            at => format!("{}:{}: {}", at.file, at.line, p.message),
        }),
    }));
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    inputs
}

fn totals(sums: &Sums, failing: &[Failing], judged: &[Judged]) -> Totals {
    let by_status = sums.by_status.iter().map(|(s, n)| (s.to_string(), *n)).collect();
    let mut t = Totals { requests: sums.requests, by_status, ..Totals::default() };
    for (f, j) in failing.iter().zip(judged) {
        if f.is_hidden {
            t.hidden_by_retry += f.n();
            continue;
        }
        if !f.is_gateway {
            t.not_gateway += f.n();
            continue;
        }
        t.failures += f.n();
        t.seen_twice += if j.is_inside { f.n() } else { 0 };
        *t.by_origin.entry(f.origin.to_string()).or_default() += f.n();
        *t.by_mechanism.entry(f.mechanism.to_string()).or_default() += f.n();
        *t.by_cause.entry(j.cause.to_string()).or_default() += f.n();
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
            level: NoteLevel::Warning,
            about: "inputs".into(),
            text: if plan.instances.iter().any(|i| i.is_proxy) {
                "no line of a proxy's access log says when it was written: no failed request can be placed in time, and none is explained"
            } else {
                "no proxy's access log was recognised among the inputs: there are no failed requests to explain"
            }
            .into(),
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
        if c.is_control() {
            crate::render::escape::push_escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out
}
