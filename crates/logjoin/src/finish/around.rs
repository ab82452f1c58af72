//! Before and after an episode: what was out of order before its first failure, and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::StateEvent;

use super::all::All;
use super::lifecycle::{Life, What};
use super::pace::Pace;
use super::traffic::Usuals;
use super::{line_ref, show};
use crate::analysis::{Evidence, Recovery, Time};
use crate::diagnose::Judged;
use crate::episodes::Row;
use crate::event::At;
use crate::render::words::grouped;
use crate::rules::Cite;
use crate::scene::{SECOND, Scene};
use crate::signals::Meaning;

/// How long before the first failure is looked at.
const BEFORE: i64 = 60 * SECOND;
const LINES: usize = 5;
/// What ended an episode shows at most this long after the first answer.
const AFTER: i64 = SECOND;

/// The sentence for what a backend or its host said; `None` for what is ordinary.
fn sentence(m: Meaning) -> Option<&'static str> {
    use Meaning::*;
    Some(match m {
        ProcessStarting => "it was starting",
        StopRequested => "it was asked to stop",
        ProcessStopped => "it stopped",
        Crash => "a process or worker died",
        OomKill => "a process was killed for memory",
        KilledBySupervisor => "a process was killed",
        WorkerTimeout => "its supervisor ended a stuck worker",
        PoolExhausted => "its workers or threads were used up",
        ListenOverflow => "its listen queue overflowed",
        FdExhausted => "it ran out of file descriptors",
        StartFailed => "it did not come up",
        RequestException => "handlers failed",
        PeerGone => "those who waited for its answers had gone",
        DependencyFailed => "something that it depends on failed",
        DependencyExhausted => "no connection to something that it depends on was free",
        Slow => "its work took long",
        Deadlock => "its threads waited for each other",
        ProtocolError => "it was sent what it does not understand",
        TlsError => "TLS failed",
        DnsFailed => "a name did not resolve",
        NetworkChange => "the network changed",
        FirewallBlocked => "a packet filter refused packets",
        DiskFull => "no space was left",
        ClockStep => "its clock was stepped",
        HealthCheckFailed => "a health check failed",
        Maintenance => "it was taken out of service",
        _ => return None,
    })
}

/// What was out of order at the targets of a row in the minute before it, since the failures before it.
pub(super) fn precursors(
    scene: &Scene<'_>,
    (usuals, step): (&Usuals<'_>, i64),
    pace: &Pace,
    rows: &[Row],
    n: usize,
    judged: &[Judged],
) -> Vec<Evidence> {
    let row = &rows[n];
    let earlier =
        rows.iter().filter(|r| r.end < row.start && r.targets.iter().any(|t| row.targets.contains(t)));
    let since = earlier.map(|r| r.end + 1).max().unwrap_or(i64::MIN);
    let from = (row.start - BEFORE).max(since);
    // What proves the verdict is told with it.
    let told: BTreeSet<Cite> = row
        .members
        .iter()
        .flat_map(|m| &judged[*m].evidence)
        .flat_map(|claim| claim.cites.iter().copied())
        .collect();
    let mut out = signs(scene, pace, (rows, row), from, &told);
    out.extend(states(scene, row, from, &told));
    out.extend(attempts(scene, row, from));
    out.extend(load(scene, usuals, step, row, from));
    out.sort_by(|a, b| (a.time, &a.claim).cmp(&(b.time, &b.claim)));
    out
}

fn evidence(scene: &Scene<'_>, claim: String, t: i64, lines: &[At], text: Option<&str>) -> Evidence {
    Evidence {
        id: String::new(),
        claim,
        time: Some(Time::at(t)),
        lines: lines.iter().take(LINES).map(|at| line_ref(scene.plan, *at)).collect(),
        text: text.map(|t| show(t, 200)),
        count: lines.len() as u64,
    }
}

/// What the backends and their hosts said, where they do not say it all the time.
fn signs(
    scene: &Scene<'_>,
    pace: &Pace,
    (rows, row): (&[Row], &Row),
    from: i64,
    told: &BTreeSet<Cite>,
) -> Vec<Evidence> {
    let mut by: BTreeMap<(usize, Meaning), Vec<usize>> = BTreeMap::new();
    for target in &row.targets {
        for s in scene.signs(*target, from, row.start).filter(|s| s.lo >= from && s.lo < row.start) {
            if sentence(s.meaning).is_some() {
                by.entry((*target, s.meaning)).or_default().push(s.log);
            }
        }
    }
    by.into_iter()
        .filter(|(_, logs)| !logs.iter().all(|l| told.contains(&Cite::Log(*l))))
        .filter(|((target, meaning), logs)| {
            if meaning.is_lifecycle() {
                // A start that came to its end long before is no news.
                let last = logs.iter().map(|l| scene.world.logs[*l].lo).max().unwrap_or(from);
                return *meaning != Meaning::ProcessStarting
                    || !scene.signs(*target, last, row.start).any(|s| s.meaning == Meaning::ProcessReady)
                        && !pace.any_served(scene.peers, *target, last, row.start);
            }
            is_unusual(scene, rows, row, from, *target, *meaning, logs.len() as u64)
        })
        .map(|((target, meaning), logs)| {
            let first = &scene.world.logs[logs[0]];
            let lines: Vec<At> = logs.iter().map(|l| scene.world.logs[*l].e.at).collect();
            let claim =
                format!("{}: {}", scene.plan.instances[target].name, sentence(meaning).unwrap_or_default());
            evidence(scene, claim, first.lo, &lines, Some(&first.e.text))
        })
        .collect()
}

/// More often than in the time before and in the time without failures: three times, and not by chance.
fn is_unusual(
    scene: &Scene<'_>,
    rows: &[Row],
    row: &Row,
    from: i64,
    target: usize,
    meaning: Meaning,
    n: u64,
) -> bool {
    let Some((lo, hi)) = scene.covered(target) else { return true };
    let calm = |t: i64| {
        !(from..=row.end).contains(&t)
            && !rows.iter().any(|r| r.targets.contains(&target) && (r.start..=r.end).contains(&t))
    };
    let elsewhere =
        scene.all_signs(target).iter().filter(|s| s.meaning == meaning && calm(s.lo)).count() as u64;
    let failing: i64 = rows.iter().filter(|r| r.targets.contains(&target)).map(|r| r.end - r.start).sum();
    let window = (row.start - from.max(lo)).max(SECOND) as f64;
    let rest = ((hi - lo - failing) as f64 - window).max(SECOND as f64);
    let often = n as f64 / window >= 3.0 * elsewhere as f64 / rest;
    often && super::stats::binomial_tail(n, n + elsewhere, window / (window + rest)) <= 0.05
}

/// What the proxies said of the targets, and of themselves.
fn states(scene: &Scene<'_>, row: &Row, from: i64, told: &BTreeSet<Cite>) -> Vec<Evidence> {
    let mut by: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, m) in scene.world.states.iter().enumerate() {
        if !(from..row.start).contains(&m.lo)
            || !row.proxies.contains(&m.instance)
            || told.contains(&Cite::State(i))
        {
            continue;
        }
        let server = match (&m.e.backend, &m.e.server) {
            (Some(b), Some(s)) => format!("{b}/{s}"),
            _ => String::new(),
        };
        let is_target = scene.peers.instance(&server).is_some_and(|i| row.targets.contains(&i));
        let proxy = &scene.plan.instances[m.instance].name;
        let claim = match m.e.event {
            StateEvent::CheckFailed if is_target => format!("{proxy}: a health check of {server} failed"),
            StateEvent::ServerDown if is_target => format!("{proxy} took {server} out"),
            StateEvent::ServerDrain | StateEvent::ServerMaintenance if is_target => {
                format!("{proxy}: {server} was taken out on purpose")
            }
            StateEvent::ServerUp | StateEvent::ServerReady if is_target => {
                format!("{proxy} put {server} back")
            }
            StateEvent::ProxyReload | StateEvent::ProxyStarted => format!("{proxy} was started or reloaded"),
            StateEvent::ProxyLimit => format!("{proxy} met a limit of its own"),
            _ => continue,
        };
        by.entry(claim).or_default().push(i);
    }
    let mut out: Vec<Evidence> = by
        .into_iter()
        .map(|(claim, list)| {
            let lines: Vec<At> = list.iter().map(|i| scene.world.states[*i].e.at).collect();
            let first = &scene.world.states[list[0]];
            evidence(scene, claim, first.lo, &lines, Some(&first.e.text))
        })
        .collect();
    let begin = scene.world.errors.partition_point(|m| m.lo < from);
    for m in scene.world.errors[begin..].iter().take_while(|m| m.lo < row.start) {
        let reload = m.e.signal.as_ref().is_some_and(|s| {
            matches!(s.meaning, Meaning::ProxyReload | Meaning::ProxyStarted | Meaning::ProxyCrash)
        });
        let claim = format!("{} was started or reloaded", scene.plan.instances[m.instance].name);
        let is_news = reload && !is_first_start(scene, m.instance, m.lo);
        if is_news && row.proxies.contains(&m.instance) && !out.iter().any(|e| e.claim == claim) {
            out.push(evidence(scene, claim, m.lo, &[m.e.at], Some(&m.e.message)));
        }
    }
    let products: BTreeSet<_> = row.proxies.iter().map(|p| scene.plan.instances[*p].product).collect();
    for c in scene.plan.configs.iter().filter(|c| products.contains(&c.config.product)) {
        if let Some(t) = c.loaded_ns.filter(|t| (from..row.start).contains(t)) {
            out.push(evidence(
                scene,
                format!("a new version of the configuration was loaded: {}", c.path),
                t,
                &[],
                None,
            ));
        }
    }
    out
}

/// A proxy that had served nothing before was not restarted.
pub(super) fn is_first_start(scene: &Scene<'_>, proxy: usize, t: i64) -> bool {
    !scene.world.requests.iter().take_while(|r| r.end_lo < t).any(|r| r.instance == proxy)
}

/// Attempts at the targets that a retry hid, and clients that did not wait.
fn attempts(scene: &Scene<'_>, row: &Row, from: i64) -> Vec<Evidence> {
    let at_target = |label: Option<&str>| {
        label.and_then(|l| scene.peers.instance(l)).is_some_and(|i| row.targets.contains(&i))
    };
    let (mut hidden, mut gone): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let begin = scene.failing.partition_point(|f| f.end_ns < from);
    let near = scene.failing.iter().enumerate().skip(begin).take_while(|(_, f)| f.end_ns < row.start);
    for (i, f) in near {
        if f.is_hidden && f.tries.iter().any(|t| at_target(t.label.as_deref())) {
            hidden.push(i);
        } else if !f.is_hidden && !f.is_gateway && at_target(f.label()) {
            gone.push(i);
        }
    }
    let mut out = Vec::new();
    for (list, least, what) in [
        (hidden, 1, "attempts failed and were hidden by retries"),
        (gone, 3, "clients closed the connection before they were answered"),
    ] {
        let n: u64 = list.iter().map(|i| scene.failing[*i].n()).sum();
        if n >= least {
            let lines: Vec<At> =
                list.iter().map(|i| scene.world.requests[scene.failing[*i].request].r.at).collect();
            let t = scene.failing[list[0]].end_ns;
            out.push(Evidence {
                count: n,
                ..evidence(scene, format!("{} {what}", grouped(n)), t, &lines, None)
            });
        }
    }
    out
}

/// Steps just before the first failure that are far from usual.
fn load(scene: &Scene<'_>, usuals: &Usuals<'_>, step: i64, row: &Row, from: i64) -> Vec<Evidence> {
    let labels: BTreeSet<(usize, u64)> = row
        .proxies
        .iter()
        .flat_map(|p| scene.world.labels.keys().map(|l| (*p, *l)))
        .filter(|(_, l)| scene.peers.by_hash(*l).is_some_and(|i| row.targets.contains(&i)))
        .chain(row.targets.iter().chain(&row.proxies).map(|i| (*i, 0)))
        .collect();
    // Of one target, the first series that shows it.
    let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
    let mut out = Vec::new();
    for (source, label) in labels {
        let who = scene.peers.by_hash(label).filter(|_| label != 0).unwrap_or(source);
        // Whole steps before the first failure.
        for (usual, t, cell) in usuals.between((source, label), from - step, row.start - step) {
            for word in usual.unusual(cell, step) {
                if !seen.insert((who, word)) {
                    continue;
                }
                let name = &scene.plan.instances[who].name;
                let seconds = step / SECOND;
                let mean = |ns: i64| super::durations::digits(ns as f64 / step as f64, 2);
                let claim = match word {
                    "rate" => {
                        format!(
                            "{name}: {} requests in {seconds} s, usually {}",
                            grouped(cell.requests),
                            usual.requests()
                        )
                    }
                    "slow" => format!(
                        "{name}: half of the requests took longer than {} s, usually {} s",
                        cell.durations.quantile(0.5).unwrap_or(0.0),
                        usual.p50_s().unwrap_or(0.0)
                    ),
                    "busy" => format!("{name}: {} requests in progress at a time", mean(cell.busy_ns)),
                    "queue" => {
                        format!("{name}: {} requests in the proxy's queue at a time", mean(cell.queued_ns))
                    }
                    _ => format!(
                        "{name}: {} connections took as long as the wait before a SYN is sent again",
                        grouped(cell.syn_resent)
                    ),
                };
                out.push(evidence(scene, claim, t, &[], None));
            }
        }
    }
    out
}

/// How a row of failures ended.
pub(super) fn recovery(scene: &Scene<'_>, all: &All, row: &Row, lives: &[Life]) -> Option<Recovery> {
    let last = row.members.iter().map(|m| scene.failing[*m].start_ns).max()?;
    let ours =
        |i: usize| if row.targets.is_empty() { row.proxies.contains(&i) } else { row.targets.contains(&i) };
    let never = |i: &usize| all.activity.served_after(|other| other == *i, i64::MIN / 2).is_none();
    let found = if !row.targets.is_empty() && row.targets.iter().all(never) {
        // Nothing shows what they answer: what their proxies do is the next best.
        all.activity.served_after(|i| row.proxies.contains(&i), last)
    } else {
        all.activity.served_after(ours, last)
    };
    let served = found?;
    let (time, at) = (served.shown(), served.at);
    let mut ends: Vec<(i64, String, Vec<At>)> = Vec::new();
    for life in lives {
        let name = &scene.plan.instances[life.instance].name;
        for e in &life.events {
            let said = match e.what {
                What::Sign(Meaning::ProcessReady) if row.targets.contains(&life.instance) => {
                    format!("{name} was ready again")
                }
                What::Reload if row.proxies.contains(&life.instance) => format!("{name} was reloaded"),
                _ => continue,
            };
            ends.push((e.t, said, vec![e.at]));
        }
    }
    for m in &scene.world.states {
        let (Some(b), Some(s)) = (&m.e.backend, &m.e.server) else { continue };
        let is_target = scene.peers.instance(&format!("{b}/{s}")).is_some_and(|i| row.targets.contains(&i));
        if is_target && matches!(m.e.event, StateEvent::ServerUp | StateEvent::ServerReady) {
            let proxy = &scene.plan.instances[m.instance].name;
            ends.push((m.lo, format!("{proxy} put {b}/{s} back"), vec![m.e.at]));
        }
    }
    for p in &row.proxies {
        for c in scene.plan.configs_of(*p) {
            let name = &scene.plan.instances[*p].name;
            ends.extend(c.loaded_ns.map(|t| (t, format!("{name} loaded {}", c.path), Vec::new())));
        }
    }
    ends.retain(|(t, ..)| (row.start..=time + AFTER).contains(t));
    ends.sort();
    let (what, mut lines) = match ends.pop() {
        Some((_, what, lines)) => (format!("requests were served again: {what}"), lines),
        None => ("requests were served again; the logs do not say what had changed".to_string(), Vec::new()),
    };
    lines.push(at);
    Some(Recovery {
        time: Time::at(time),
        claim: what,
        lines: lines.iter().map(|at| line_ref(scene.plan, *at)).collect(),
    })
}
