//! What was read: one [`Source`] per writer's stream, and what the reader should know of it.

use std::collections::BTreeMap;

use logjoin_parse::{Kind, Precision};

use crate::analysis::{Example, FormatCount, Ledger, Note, Source, Time};
use crate::peers::Peers;
use crate::plan::{Plan, product_name};
use crate::scanner::FileScan;
use crate::timeline::{SourceZone, World};

/// What a scan says of its file beside the events.
pub(super) struct FileFacts {
    pub file: usize,
    pub ledger: Ledger,
    pub bytes: u64,
    pub formats: BTreeMap<&'static str, u64>,
    pub unparsed: Vec<Example>,
    pub problem: Option<String>,
    precision: Option<Precision>,
}

impl FileFacts {
    pub fn take(_plan: &Plan, scans: &[FileScan]) -> Vec<FileFacts> {
        scans
            .iter()
            .map(|s| {
                let e = &s.events;
                let stamps = e.requests.iter().map(|r| r.stamp).chain(e.errors.iter().map(|r| r.stamp));
                let stamps =
                    stamps.chain(e.states.iter().map(|r| r.stamp)).chain(e.logs.iter().map(|r| r.stamp));
                FileFacts {
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
                    precision: stamps.map(|s| s.precision).max(),
                }
            })
            .collect()
    }
}

pub(super) fn build(
    plan: &Plan,
    world: &World,
    zones: &[SourceZone],
    files: &[FileFacts],
    peers: &Peers,
) -> Vec<Source> {
    let mut times: Vec<Vec<i64>> = vec![Vec::new(); plan.sources.len()];
    let mut add = |file: u32, t: i64| times[plan.files[file as usize].source].push(t);
    world.requests.iter().for_each(|t| add(t.r.at.file, t.end_lo));
    world.errors.iter().for_each(|m| add(m.e.at.file, m.lo));
    world.states.iter().for_each(|m| add(m.e.at.file, m.lo));
    world.logs.iter().for_each(|m| add(m.e.at.file, m.lo));
    plan.sources
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let times = &mut times[i];
            times.sort_unstable();
            let gap = times.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
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
            let zone = &zones[i];
            Source {
                id: s.id.clone(),
                files: s.files.iter().map(|f| plan.files[*f].path.clone()).collect(),
                formats,
                role: role(s).into(),
                product: product_name(s.writer.product).into(),
                instance: plan.instances[s.instance].name.clone(),
                role_reason: s.reason.clone(),
                zone: if zone.is_written { "written".into() } else { offset(zone.offset_s) },
                zone_reason: zone.reason.clone(),
                precision: match precision {
                    Some(Precision::Minutes) => "min",
                    Some(Precision::Millis) => "ms",
                    Some(Precision::Micros) => "us",
                    Some(Precision::Nanos) => "ns",
                    _ => "s",
                }
                .into(),
                start: times.first().map(|t| Time(*t)),
                end: times.last().map(|t| Time(*t)),
                longest_gap_s: (gap as f64 / 1e6).round() / 1e3,
                ledger,
                unparsed_examples: unparsed,
                addresses: peers.claims(s.instance),
            }
        })
        .collect()
}

fn role(s: &crate::plan::SourcePlan) -> &'static str {
    use logjoin_parse::Product;
    match (s.writer.is_proxy, s.writer.product, s.kind) {
        (true, Product::Haproxy, _) => "proxy-access",
        (true, _, Some(Kind::Access)) => "proxy-access",
        (true, _, _) => "proxy-error",
        (false, Product::System, _) => "system",
        (false, _, Some(Kind::Access)) => "backend-access",
        (false, _, None) => "unknown",
        (false, ..) => "backend-log",
    }
}

fn offset(seconds: i32) -> String {
    let (sign, s) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    format!("{sign}{:02}:{:02}", s / 3600, s / 60 % 60)
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
                level: if l.unparsed * 2 > l.lines { "warning" } else { "info" }.into(),
                about: path.clone(),
                text: format!("{} of {} lines are of no known format{example}", l.unparsed, l.lines),
            });
        }
        if let Some(p) = &f.problem {
            notes.push(Note { level: "warning".into(), about: path.clone(), text: p.clone() });
        }
    }
    notes
}
