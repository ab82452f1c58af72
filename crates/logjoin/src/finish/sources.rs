//! What was read: one [`Source`] per writer's stream, and what the reader should know of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use logjoin_parse::{Kind, Precision};

use super::sums::Sums;
use crate::analysis::{Example, FormatCount, Ledger, Note, Silence, Source, Time};
use crate::calendar::{Calendar, Zone};
use crate::clock::ClockModel;
use crate::event::At;
use crate::peers::Peers;
use crate::plan::{Plan, SourcePlan, product_name};
use crate::scanner::FileScan;
use crate::vocabulary::{NoteLevel, SourceRole};

/// What a scan says of its file beside the events.
#[derive(Debug, Clone)]
pub(crate) struct FileFacts {
    pub file: usize,
    pub ledger: Ledger,
    pub bytes: u64,
    pub formats: BTreeMap<Cow<'static, str>, u64>,
    pub unparsed: Vec<Example>,
    pub problem: Option<String>,
    cut: Option<String>,
    /// Lines that came too late for what was settled before, and the first of them.
    pub late: Option<(u64, u64)>,
    precision: Option<Precision>,
    precisions: BTreeMap<Precision, u64>,
}

impl FileFacts {
    /// Those of some scans, in their order.
    pub fn of<'s>(scans: impl IntoIterator<Item = &'s FileScan>) -> Vec<FileFacts> {
        scans
            .into_iter()
            .map(|s| FileFacts {
                file: s.file as usize,
                ledger: s.ledger,
                bytes: s.bytes,
                formats: s.formats.clone(),
                unparsed: s
                    .unparsed
                    .iter()
                    .map(|x| Example { at: x.at.clone(), text: super::show(&x.text, 200) })
                    .collect(),
                problem: s.problem.clone(),
                cut: s.cut.clone(),
                late: None,
                precision: s.trail.finest(),
                precisions: s.trail.precisions.clone(),
            })
            .collect()
    }
}

pub(super) fn build(
    plan: &Plan,
    sums: &Sums,
    calendar: &Calendar,
    clocks: &ClockModel,
    files: &[FileFacts],
    peers: &Peers,
) -> Vec<Source> {
    plan.sources
        .iter()
        .enumerate()
        .filter(|(_, s)| !is_empty_rest(plan, s, files))
        .map(|(i, s)| {
            let range = sums.sources[i];
            let first = At::new(s.files.first().map_or(0, |f| *f as u32), 0);
            let silences: Vec<Silence> = calendar.sources[i]
                .silences
                .iter()
                .map(|(from, to)| {
                    let on_reference = |t: i64| Time::at(t - clocks.offset_at(s.instance, first, t));
                    Silence { start: on_reference(*from), end: on_reference(*to), s: seconds(to - from) }
                })
                .collect();
            let mut ledger = Ledger::default();
            let mut formats: BTreeMap<&str, u64> = BTreeMap::new();
            let mut unparsed = Vec::new();
            let mut precision = None;
            for f in files.iter().filter(|f| s.files.contains(&f.file)) {
                ledger.add(&f.ledger);
                f.formats.iter().for_each(|(k, n)| *formats.entry(k).or_default() += n);
                unparsed.extend(f.unparsed.iter().cloned());
                precision = precision.max(f.precision);
            }
            unparsed.truncate(5);
            let mut formats: Vec<FormatCount> =
                formats.into_iter().map(|(f, events)| FormatCount { format: f.into(), events }).collect();
            formats.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.format.cmp(&b.format)));
            let (zone, zone_reason) = zone(plan, i, calendar, clocks);
            let mut assumptions = calendar.sources[i].notes.clone();
            if s.reordered {
                assumptions.push(
                    "the files are in the order of their stamps, which is not that of their names".into(),
                );
            }
            let mut units: BTreeMap<Precision, u64> = BTreeMap::new();
            for f in files.iter().filter(|f| s.files.contains(&f.file)) {
                assumptions.extend(f.cut.iter().map(|cut| format!("{}: {cut}", plan.files[f.file].path)));
                assumptions.extend(f.late.map(|(n, line)| {
                    let path = &plan.files[f.file].path;
                    let window = plan.options.window_s;
                    format!(
                        "{path}: {} more than {window} s behind lines before them, from line {line} on: what failed near them \
                         may have been judged without them",
                        crate::render::words::count(n, "line is", "lines are"),
                    )
                }));
                f.precisions.iter().for_each(|(p, n)| *units.entry(*p).or_default() += n);
            }
            if units.len() > 1 {
                let all: Vec<String> = units.iter().map(|(p, n)| format!("{} ({n})", unit(*p))).collect();
                assumptions.push(format!("stamps of several precisions: {}", all.join(", ")));
            }
            assumptions.extend(peers.rewrites.of(s.instance).map(str::to_string));
            Source {
                id: s.id.clone(),
                files: s.files.iter().map(|f| plan.files[*f].path.clone()).collect(),
                formats,
                role: role(s),
                product: product_name(s.writer.product).into(),
                instance: plan.instances[s.instance].name.clone(),
                role_reason: s.reason.clone(),
                zone,
                zone_reason,
                precision: precision.map_or("s", unit).into(),
                start: range.map(|r| Time::at(r.0)),
                end: range.map(|r| Time::at(r.1)),
                longest_gap_s: silences.first().map_or(0.0, |g| g.s),
                gaps: silences,
                assumptions,
                ledger,
                unparsed_examples: unparsed,
                addresses: peers.claims(s.instance),
            }
        })
        .collect()
}

/// Where all programs of a file are told apart, what is left of it is no source.
fn is_empty_rest(plan: &Plan, s: &SourcePlan, files: &[FileFacts]) -> bool {
    s.files.iter().all(|f| plan.files[*f].is_rest())
        && !files.iter().any(|f| s.files.contains(&f.file) && f.ledger.lines > 0)
}

fn role(s: &SourcePlan) -> SourceRole {
    use logjoin_parse::Product;
    match (s.writer.is_proxy, s.writer.product, s.kind) {
        (true, Product::Haproxy, _) => SourceRole::ProxyAccess,
        (true, _, Some(Kind::Access)) => SourceRole::ProxyAccess,
        (true, _, _) => SourceRole::ProxyError,
        (false, Product::System, _) => SourceRole::System,
        (false, _, Some(Kind::Access)) => SourceRole::BackendAccess,
        (false, _, None) => SourceRole::Unknown,
        (false, ..) => SourceRole::BackendLog,
    }
}

/// The zone of a source and how it is known. One that nothing told may have shown itself when the clocks were fitted.
fn zone(plan: &Plan, i: usize, calendar: &Calendar, clocks: &ClockModel) -> (String, String) {
    let zone = &calendar.sources[i];
    let instance = plan.sources[i].instance;
    let found = zone.assumed_s.and_then(|assumed| Some(assumed + clocks.zone_error_s(instance)?));
    match (found, clocks.reference) {
        (Some(0), Some(r)) if r != instance => {
            let with = &plan.instances[r].name;
            ("+00:00".into(), format!("UTC, confirmed by requests that {with} logged too"))
        }
        (Some(s), Some(r)) if r != instance => {
            let with = &plan.instances[r].name;
            (
                Zone::Fixed(s).to_string(),
                format!("from the fit of the clocks: requests that {with} logged too"),
            )
        }
        (Some(s), Some(_)) if s != 0 => (
            Zone::Fixed(s).to_string(),
            "from the fit of the clocks: the other logs write their zones".into(),
        ),
        _ => (zone.label.clone(), zone.reason.clone()),
    }
}

fn unit(p: Precision) -> &'static str {
    match p {
        Precision::Minutes => "min",
        Precision::Millis => "ms",
        Precision::Micros => "us",
        Precision::Nanos => "ns",
        _ => "s",
    }
}

fn seconds(ns: i64) -> f64 {
    (ns as f64 / 1e6).round() / 1e3
}

pub(super) fn notes(plan: &Plan, files: &[FileFacts]) -> Vec<Note> {
    let mut notes = Vec::new();
    for f in files {
        let path = &plan.files[f.file].path;
        let l = &f.ledger;
        if l.unparsed > 0 {
            let example =
                f.unparsed.first().map_or(String::new(), |e| format!("; line {} is: {}", e.at.line, e.text));
            notes.push(Note {
                level: if l.unparsed * 2 > l.lines { NoteLevel::Warning } else { NoteLevel::Info },
                about: path.clone(),
                text: format!("{} of {} lines are of no known format{example}", l.unparsed, l.lines),
            });
        }
        if f.precision.is_none() && !f.formats.is_empty() {
            notes.push(Note {
                level: NoteLevel::Warning,
                about: path.clone(),
                text: "no line says when it was written: nothing in it is joined by time. Let its writer put the time before each line (RFC 3339, with zone and fraction), or give it as its container engine or the journal keeps it".into(),
            });
        }
        // The same for all parts of a file.
        if let Some(p) = f.problem.as_ref().filter(|_| plan.first_part(f.file) == f.file) {
            notes.push(Note { level: NoteLevel::Warning, about: path.clone(), text: p.clone() });
        }
    }
    let own = &plan.options.signals;
    let faults =
        own.iter().filter_map(|def| def.check().err().map(|fault| (def.id.to_owned(), fault.to_string())));
    let left_out = own
        .iter()
        .skip(crate::signals::OWN)
        .map(|def| (def.id.to_owned(), "too many signals: not used".to_owned()));
    for (about, text) in faults.chain(left_out) {
        notes.push(Note { level: NoteLevel::Warning, about, text });
    }
    notes
}
