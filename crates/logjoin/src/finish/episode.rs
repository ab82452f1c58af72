//! One [`Episode`] per row of failures, with its evidence put together.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::{cite_at, round};
use super::pace::Pace;
use super::{line_ref, show};
use crate::analysis::{Alternative, Count, Episode, Evidence, RuledOut, Time};
use crate::diagnose::Judged;
use crate::episodes::Row;
use crate::render::words;
use crate::rule::Rule;
use crate::rules::{self, Cite};
use crate::scene::Scene;
use crate::vocabulary::{CauseId, Mechanism};

/// Lines shown of each piece of evidence.
const LINES: usize = 5;
const ENDPOINTS: usize = 10;

pub(super) fn build(scene: &Scene<'_>, judged: &[Judged], pace: &Pace, row: &Row, number: usize) -> Episode {
    let plan = scene.plan;
    let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_mechanism: BTreeMap<String, u64> = BTreeMap::new();
    let mut endpoints: BTreeMap<String, u64> = BTreeMap::new();
    let mut clients: BTreeSet<u64> = BTreeSet::new();
    let mut labels: BTreeSet<String> = BTreeSet::new();
    let mut details: BTreeMap<&str, u64> = BTreeMap::new();
    for m in &row.members {
        let f = &scene.failing[*m];
        let r = &scene.world.requests[f.request].r;
        *by_status.entry(r.status.to_string()).or_default() += f.n();
        *by_mechanism.entry(f.mechanism.to_string()).or_default() += f.n();
        clients.insert(r.client);
        if let Some(d) = r.detail.as_deref() {
            let path = d.target.as_deref().unwrap_or("-").split('?').next().unwrap_or("-");
            *endpoints.entry(format!("{} {path}", d.method.as_deref().unwrap_or("-"))).or_default() += f.n();
        }
        if scene.case(*m).instance.is_none() {
            labels.extend(f.label().map(str::to_string));
        }
        if let Some(d) = judged[*m].detail.as_deref() {
            *details.entry(d).or_default() += f.n();
        }
    }
    let mut targets: Vec<String> = row.targets.iter().map(|t| plan.instances[*t].name.clone()).collect();
    targets.extend(labels);
    let weighed = |m: &usize| judged[*m].confidence * scene.failing[*m].n() as f64;
    let confidence = row.members.iter().map(weighed).sum::<f64>() / row.failures as f64;
    let usual = |m: &BTreeMap<&str, u64>| m.iter().max_by_key(|(_, n)| **n).map(|(d, _)| (*d).to_string());
    let majority = |n: u64| n * 2 > row.failures;
    let detail = usual(&details).filter(|d| majority(details[d.as_str()]));
    let own = crate::rule::named(&plan.options.rules, detail.as_deref());
    let requests: u64 = row.proxies.iter().map(|p| pace.ended(*p, row.start, row.end)).sum();
    let refuted_by = rules::refuted_by(&plan.options.rules, row.cause, detail.as_deref()).to_string();
    Episode {
        id: format!("E{number}"),
        start: Time::at(row.start),
        end: Time::at(row.end),
        cause: row.cause,
        detail,
        confidence: round(confidence),
        targets,
        proxies: row.proxies.iter().map(|p| plan.instances[*p].name.clone()).collect(),
        failures: row.failures,
        requests: requests.max(row.failures),
        by_status,
        by_mechanism,
        endpoints: top(endpoints, ENDPOINTS),
        clients: clients.len() as u64,
        evidence: evidence(scene, judged, row),
        against: against(scene, pace, row),
        alternatives: alternatives(scene, judged, row),
        ruled_out: ruled_out(scene, row),
        precursors: Vec::new(),
        recovery: None,
        advice: own.iter().flat_map(|r| r.advised().to_vec()).chain(crate::advice::of(row.cause)).collect(),
        refuted_by,
    }
}

fn top(counts: BTreeMap<String, u64>, n: usize) -> Vec<Count> {
    let mut list: Vec<Count> = counts.into_iter().map(|(value, count)| Count { value, count }).collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    list.truncate(n);
    list
}

/// A claim of some members.
struct Told<'a> {
    text: &'a str,
    cites: BTreeSet<Cite>,
    /// How many failures it is made of.
    failures: u64,
    /// Lines of failures that are not listed, each of which has its own.
    others: u64,
}

/// Whether a line is about this failed request alone.
fn is_own(scene: &Scene<'_>, i: usize, cite: Cite) -> bool {
    let joined = |row: crate::index::Row| scene.joins[i].lines.iter().any(|l| l.row == row);
    match cite {
        Cite::Request(n) => n == scene.failing[i].request || joined(crate::index::Row::Request(n as u32)),
        Cite::Error(n) => scene.failing[i].errors.contains(&n),
        Cite::Log(n) => joined(crate::index::Row::Log(n as u32)),
        Cite::State(_) => false,
    }
}

/// The claims of all members, each once, with the lines of all.
fn evidence(scene: &Scene<'_>, judged: &[Judged], row: &Row) -> Vec<Evidence> {
    let mut claims: Vec<Told<'_>> = Vec::new();
    for m in &row.members {
        let f = &scene.failing[*m];
        for claim in &judged[*m].evidence {
            let n = claims.iter().position(|c| c.text == claim.text).unwrap_or(claims.len());
            if n == claims.len() {
                claims.push(Told { text: &claim.text, cites: BTreeSet::new(), failures: 0, others: 0 });
            }
            let told = &mut claims[n];
            told.cites.extend(&claim.cites);
            told.failures += f.n();
            let own = claim.cites.iter().filter(|c| is_own(scene, *m, **c)).count() as u64;
            told.others += (f.n() - 1) * own;
        }
    }
    // What the backend and the system say comes before what the proxy says.
    claims.sort_by_key(|told| {
        let own = told.cites.iter().any(|c| matches!(c, Cite::Log(_) | Cite::State(_)));
        (!own, std::cmp::Reverse(told.failures))
    });
    claims
        .into_iter()
        .map(|Told { text, cites, others, .. }| {
            let mut ordered: Vec<Cite> = cites.into_iter().collect();
            ordered.sort_by_key(|c| (cite_time(scene, *c), *c));
            Evidence {
                id: String::new(),
                claim: text.into(),
                time: ordered.first().map(|c| Time::at(cite_time(scene, *c))),
                count: ordered.len() as u64 + others,
                text: ordered.first().and_then(|c| cite_text(scene, *c)),
                lines: ordered.iter().take(LINES).map(|c| line_ref(scene.plan, cite_at(scene, *c))).collect(),
            }
        })
        .collect()
}

fn cite_time(scene: &Scene<'_>, c: Cite) -> i64 {
    match c {
        Cite::Log(n) => scene.world.logs[n].lo,
        Cite::Error(n) => scene.world.errors[n].lo,
        Cite::State(n) => scene.world.states[n].lo,
        Cite::Request(n) => scene.world.requests[n].end_lo,
    }
}

fn cite_text(scene: &Scene<'_>, c: Cite) -> Option<String> {
    let text = match c {
        Cite::Log(n) => scene.world.logs[n].e.text.clone(),
        Cite::Error(n) => String::from(&scene.world.errors[n].e.message),
        Cite::State(n) => scene.world.states[n].e.text.clone(),
        Cite::Request(n) => {
            let r = &scene.world.requests[n].r;
            let d = r.detail.as_deref()?;
            format!(
                "{} {} → {}",
                d.method.as_deref().unwrap_or("-"),
                d.target.as_deref().unwrap_or("-"),
                r.status
            )
        }
    };
    Some(show(&text, 200))
}

/// Facts that do not fit the verdict.
fn against(scene: &Scene<'_>, pace: &Pace, row: &Row) -> Vec<Evidence> {
    let mut out = Vec::new();
    let refused = row.members.iter().all(|m| !crate::join::reaches(scene.failing[*m].mechanism));
    if refused && matches!(row.cause, CauseId::BackendDown | CauseId::StartFailure | CauseId::DeployRestart) {
        for t in &row.targets {
            // Between the first and the last failure, with room for the edges.
            let quarter = (row.end - row.start) / 4;
            let n = pace.served(scene.peers, *t, row.start + quarter, row.end - quarter);
            if n > 0 && row.targets.len() == 1 {
                out.push(Evidence {
                    id: String::new(),
                    claim: format!(
                        "{} served {} requests in the middle of the episode",
                        scene.plan.instances[*t].name,
                        words::grouped(n)
                    ),
                    time: None,
                    lines: Vec::new(),
                    text: None,
                    count: n,
                });
            }
        }
    }
    out
}

fn alternatives(scene: &Scene<'_>, judged: &[Judged], row: &Row) -> Vec<Alternative> {
    let mut sums: BTreeMap<CauseId, f64> = BTreeMap::new();
    for m in &row.members {
        for (c, p) in judged[*m].alternatives.iter().filter(|(c, _)| *c != row.cause) {
            *sums.entry(*c).or_default() += p * scene.failing[*m].n() as f64;
        }
    }
    let n = row.failures as f64;
    let mut list: Vec<Alternative> = sums
        .into_iter()
        .map(|(cause, p)| Alternative { cause, confidence: round(p / n) })
        .filter(|a| a.confidence >= 0.01)
        .collect();
    list.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.cause.cmp(&b.cause)));
    list.truncate(4);
    list
}

/// The look-alikes of a cause that the facts exclude.
fn ruled_out(scene: &Scene<'_>, row: &Row) -> Vec<RuledOut> {
    use crate::signals::Meaning;
    let mut out = Vec::new();
    // What the proxy saw of one of them is not known: then it may have seen anything.
    let never = |m: Mechanism| {
        let mut seen = row.members.iter().map(|i| scene.failing[*i].mechanism);
        seen.all(|s| s != m && s != Mechanism::Unknown)
    };
    let signs = |meanings: &[Meaning]| {
        row.targets.iter().any(|t| {
            scene
                .signs(*t, row.start - 60 * crate::scene::SECOND, row.end + 5 * crate::scene::SECOND)
                .any(|s| meanings.contains(&s.meaning))
        })
    };
    let mut rule = |cause: CauseId, excluded: bool, why: &str| {
        if excluded && cause != row.cause {
            out.push(RuledOut { cause, why: why.into() });
        }
    };
    // What is behind a proxy is not in its logs.
    let covers = |t: &usize| {
        !scene.plan.instances[*t].is_proxy
            && scene.covered(*t).is_some_and(|(lo, hi)| lo <= row.start && hi >= row.end)
    };
    let covered = !row.targets.is_empty() && row.targets.iter().all(covers);
    rule(
        CauseId::OomKill,
        covered && !signs(&[Meaning::OomKill]),
        "no out-of-memory line in the logs of the backend and its host, which cover the time",
    );
    rule(
        CauseId::BackendCrash,
        covered
            && !signs(&[
                Meaning::Crash,
                Meaning::OomKill,
                Meaning::KilledBySupervisor,
                Meaning::WorkerTimeout,
            ]),
        "no process of the backend died, by its logs, which cover the time",
    );
    rule(
        CauseId::ConnectTimeout,
        never(Mechanism::ConnectTimeout),
        "no connection attempt ran into the timer",
    );
    rule(CauseId::DnsFailure, never(Mechanism::Dns), "the proxy resolved the backend's name");
    rule(
        CauseId::ClientAbort,
        never(Mechanism::ClientGone),
        "the proxy, not the client, ended these requests",
    );
    out
}

/// Fewer requests than this are not told as a share.
const FEW: u64 = 20;

/// One sentence for an incident.
pub(super) fn summary(own: &[Rule], all: &[Episode], largest: &Episode) -> String {
    let own = crate::rule::named(own, largest.detail.as_deref());
    let what = own.map_or(crate::advice::sentence(largest.cause), Rule::found);
    let failures: u64 = all.iter().map(|e| e.failures).sum();
    // Of a handful of requests a share says nothing.
    let share = words::percent(largest.failures as f64 / largest.requests.max(1) as f64);
    let share =
        if largest.requests < FEW { String::new() } else { format!(", {share} of the traffic meanwhile") };
    let mechanisms = largest.by_mechanism.keys().filter_map(|id| Mechanism::by_id(id));
    let at = match &largest.targets[..] {
        [] if mechanisms.clone().count() > 0 && mechanisms.clone().all(Mechanism::tried_no_server) => {
            String::new()
        }
        [] => " (server not logged)".to_owned(),
        targets => format!(" at {}", targets.join(", ")),
    };
    let statuses: BTreeSet<&str> = all.iter().flat_map(|e| e.by_status.keys().map(String::as_str)).collect();
    let statuses: Vec<&str> = statuses.into_iter().collect();
    // The others failed for something else.
    let alike = all.iter().filter(|e| e.cause == largest.cause && e.detail == largest.detail);
    let of_them = match alike.map(|e| e.failures).sum::<u64>() {
        n if n == failures => String::new(),
        n => format!(", {} of them", words::grouped(n)),
    };
    let more = match all.len() {
        0 | 1 => String::new(),
        2 => " (another episode with it)".to_owned(),
        n => format!(" ({} other episodes with it)", n - 1),
    };
    let requests = if failures == 1 { "request" } else { "requests" };
    format!(
        "{} {requests} failed ({}){of_them}: {what}{at}{share}{more}",
        words::grouped(failures),
        statuses.join(", "),
    )
}
