//! Restarts: of backends out of their lives, of proxies out of their reloads; whether the order of things was kept; and the order
//! in which to restart next time.

use logjoin_parse::StateEvent;

use super::answered::Answered;
use super::lifecycle::{Life, What};
use super::line_ref;
use crate::analysis::{LineRef, Restart, Time};
use crate::episodes::Row;
use crate::event::At;
use crate::failing::Failing;
use crate::render::words;
use crate::scene::{SECOND, Scene};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, LifeState, RestartKind};

const LINES: usize = 5;
const MINUTE: i64 = 60 * SECOND;
/// What fails this soon after a reload may have to do with it.
const NEAR: i64 = 10 * SECOND;
/// A reload in the log and a new version of the configuration this close are one.
const SAME: i64 = 5 * SECOND;

/// All restarts, in order of time.
pub(super) fn restarts(scene: &Scene<'_>, lives: &[Life], answers: &Answered) -> Vec<Restart> {
    let mut out: Vec<(i64, Restart)> = Vec::new();
    for life in lives {
        if scene.plan.instances[life.instance].is_proxy {
            reloads(scene, lives, life.instance, answers, &mut out);
        } else {
            of_life(scene, life, &mut out);
        }
    }
    out.sort_by(|a, b| (a.0, &a.1.instance, &a.1.kind).cmp(&(b.0, &b.1.instance, &b.1.kind)));
    out.into_iter().map(|(_, r)| r).collect()
}

/// An absence: from when it was no longer ready until it was again.
struct Absence {
    stopped: Option<i64>,
    started: Option<i64>,
    ready: Option<i64>,
    kind: RestartKind,
    lines: Vec<At>,
}

fn absences(life: &Life) -> Vec<Absence> {
    let mut out: Vec<Absence> = Vec::new();
    let mut open: Option<Absence> = None;
    for (state, from, _) in &life.spans {
        let event = life.events.iter().find(|e| e.t == *from);
        let fresh = || Absence {
            stopped: None,
            started: None,
            ready: None,
            kind: RestartKind::Start,
            lines: Vec::new(),
        };
        match state {
            LifeState::Ready => {
                if let Some(mut a) = open.take() {
                    a.ready = Some(*from);
                    a.lines.extend(event.map(|e| e.at));
                    out.push(a);
                }
            }
            LifeState::Unknown => {}
            LifeState::Draining | LifeState::Down | LifeState::Starting => {
                let a = open.get_or_insert_with(fresh);
                a.lines.extend(event.map(|e| e.at));
                match event.map(|e| e.what) {
                    Some(What::Sign(Meaning::ProcessStarting)) => a.started = Some(*from),
                    Some(What::Sign(Meaning::StopRequested | Meaning::ProcessStopped))
                        if a.stopped.is_none() =>
                    {
                        (a.kind, a.stopped) = (RestartKind::Deploy, Some(*from));
                    }
                    Some(What::Sign(Meaning::Crash | Meaning::OomKill | Meaning::KilledBySupervisor))
                        if a.stopped.is_none() =>
                    {
                        (a.kind, a.stopped) = (RestartKind::Crash, Some(*from));
                    }
                    // It was gone at least since then.
                    Some(What::Refused | What::CheckDown) if a.stopped.is_none() => a.stopped = Some(*from),
                    _ => {}
                }
            }
        }
    }
    out.extend(open);
    out
}

fn of_life(scene: &Scene<'_>, life: &Life, out: &mut Vec<(i64, Restart)>) {
    let i = life.instance;
    let name = &scene.plan.instances[i].name;
    let absences = absences(life);
    for (n, a) in absences.iter().enumerate() {
        let Some(begin) = a.stopped.or(a.started).or(a.ready) else { continue };
        let next = absences.get(n + 1).and_then(|a| a.stopped.or(a.started)).unwrap_or(i64::MAX);
        let until = a.ready.unwrap_or(i64::MAX);
        // By their starts: a request that began while it was gone may have ended when it was back.
        let failed = |from: i64, to: i64| {
            let all = scene.failed_at(i, from, i64::MAX);
            count(all.iter().map(|n| &scene.failing[*n]).filter(|f| (from..to).contains(&f.start_ns)))
        };
        // What was under way when it stopped began before.
        let cut = scene.failed_at(i, begin, until).iter().map(|n| &scene.failing[*n]);
        let during = failed(begin, until) + count(cut.filter(|f| f.start_ns < begin));
        let after = a.ready.map_or(0, |r| failed(r, r.saturating_add(MINUTE).min(next)));
        let hidden = hidden(scene, i, begin, until);
        let out_before = told_out(scene, i, begin);
        // Whether anything was sent to it at all can be told only if it usually is.
        let was_used = scene.peers.traffic.iter().any(|((_, to), n)| *to == i && *n >= 10);
        let order_kept = match (during + hidden, out_before) {
            (0, true) => Some(true),
            (0, false) if was_used && until - begin >= 2 * SECOND && a.ready.is_some() => Some(true),
            (0, false) => None,
            _ => Some(false),
        };
        let seconds = |ns: i64| format!("{:.1} s", ns as f64 / SECOND as f64);
        let requests = |n: u64| words::count(n, "request", "requests");
        let what = match a.kind {
            RestartKind::Deploy => "stopped on request",
            RestartKind::Crash => "died",
            _ if a.stopped.is_some() => "was gone, and no line says why",
            _ => "started",
        };
        let back = match a.ready {
            Some(r) => format!("ready again after {}", seconds(r - begin)),
            None => "not ready again before the logs end".to_string(),
        };
        let order = match order_kept {
            Some(true) if out_before => "the proxy had taken it out before".to_string(),
            Some(true) => "nothing was sent to it meanwhile".to_string(),
            Some(false) if hidden > 0 => format!(
                "requests were sent to it meanwhile: {} failed, {} more attempts were hidden by retries; take it out of the pool first",
                words::grouped(during),
                words::grouped(hidden)
            ),
            Some(false) if a.kind == RestartKind::Deploy => {
                format!(
                    "{} sent to it meanwhile failed: take it out of the pool before the stop",
                    requests(during)
                )
            }
            Some(false) => format!("{} failed meanwhile", requests(during)),
            None => "the logs do not say whether anything was sent to it meanwhile".to_string(),
        };
        let end = match (a.ready, after) {
            (None, _) => String::new(),
            (_, 0) => "; no failures after it".to_string(),
            (_, n) => format!("; {} failed in the minute after it", requests(n)),
        };
        // A first start is no news by itself.
        if a.stopped.is_none() && during == 0 && n == 0 {
            continue;
        }
        let lines = a.lines.iter().take(LINES).map(|at| line_ref(scene.plan, *at)).collect();
        out.push((
            begin,
            Restart {
                instance: name.clone(),
                kind: a.kind,
                stopped: a.stopped.map(Time::at),
                started: a.started.map(Time::at),
                ready: a.ready.map(Time::at),
                failures_during: during,
                failures_after: after,
                order_kept,
                summary: format!("{name} {what}, {back}; {order}{end}"),
                lines,
            },
        ));
    }
}

/// How many failed requests some stand for.
fn count<'f>(failures: impl Iterator<Item = &'f Failing>) -> u64 {
    failures.map(Failing::n).sum()
}

/// Attempts at an instance that failed in a stretch of time and were hidden by a retry.
fn hidden(scene: &Scene<'_>, instance: usize, from: i64, to: i64) -> u64 {
    let failed = |f: &&Failing| f.is_hidden && (from..=to).contains(&f.end_ns);
    let labels = |f: &Failing| {
        let tries = f.tries.len().saturating_sub(1);
        f.tries[..tries]
            .iter()
            .filter_map(|t| t.label.as_deref())
            .any(|l| scene.peers.instance(l) == Some(instance))
    };
    count(scene.failing.iter().filter(failed).filter(|f| labels(f)))
}

/// Whether a proxy said, before that moment and not long before, that it takes this server out.
fn told_out(scene: &Scene<'_>, instance: usize, before: i64) -> bool {
    let mut is_out = false;
    for m in scene.world.states.iter().filter(|m| (before - 10 * MINUTE..before).contains(&m.lo)) {
        let (Some(b), Some(s)) = (&m.e.backend, &m.e.server) else { continue };
        if scene.peers.instance(&format!("{b}/{s}")) != Some(instance) {
            continue;
        }
        match m.e.event {
            StateEvent::ServerDrain | StateEvent::ServerMaintenance | StateEvent::ServerDown => is_out = true,
            StateEvent::ServerUp | StateEvent::ServerReady => is_out = false,
            _ => {}
        }
    }
    is_out
}

/// Reloads of a proxy: was every backend ready, and does anything answer at the new addresses?
fn reloads(
    scene: &Scene<'_>,
    lives: &[Life],
    proxy: usize,
    answers: &Answered,
    out: &mut Vec<(i64, Restart)>,
) {
    let name = &scene.plan.instances[proxy].name;
    let moments = moments(scene, lives, proxy);
    let ends: Vec<i64> = moments.iter().skip(1).map(|m| m.0).chain([i64::MAX]).collect();
    for ((t, mut lines), next) in moments.into_iter().zip(ends) {
        let uses = |i: usize| scene.peers.traffic.get(&(proxy, i)).is_some_and(|n| *n >= 3);
        let used: Vec<&Life> =
            lives.iter().filter(|l| uses(l.instance) && l.state(t) != LifeState::Unknown).collect();
        let gone: Vec<&&Life> = used.iter().filter(|l| l.state(t) != LifeState::Ready).collect();
        let ready = |l: &Life| l.spans.iter().find(|s| s.0 == LifeState::Ready && s.1 >= t).map(|s| s.1);
        let until = gone.iter().map(|l| ready(l).unwrap_or(i64::MAX)).max().unwrap_or(t);
        let failed = |from: i64, to: i64| -> u64 {
            let here = scene.failing.iter().filter(|f| f.is_gateway && (from..to).contains(&f.end_ns));
            count(here.filter(|f| scene.world.requests[f.request].instance == proxy))
        };
        let (stale, stale_lines) = addresses(scene, proxy, answers, (t, next));
        lines.extend(stale_lines);
        let mut said: Vec<String> = gone
            .iter()
            .map(|l| {
                let backend = &scene.plan.instances[l.instance].name;
                match ready(l) {
                    Some(r) => format!(
                        "{backend} was ready only {:.1} s later: reload the proxy after its backends are ready",
                        (r - t) as f64 / SECOND as f64
                    ),
                    None => format!("{backend} was not ready, and did not become ready before the logs end"),
                }
            })
            .collect();
        said.extend(stale.iter().cloned());
        let order_kept = match (gone.is_empty() && stale.is_empty(), used.is_empty()) {
            (true, true) => None,
            (kept, _) => Some(kept),
        };
        if said.is_empty() {
            said.push(if used.is_empty() {
                "the logs do not say whether its backends were ready".into()
            } else {
                "its backends were ready".into()
            });
        }
        let after = failed(t, t + MINUTE);
        // A first start with its backends there is no news.
        if super::around::is_first_start(scene, proxy, t) && gone.is_empty() && stale.is_empty() {
            continue;
        }
        if failed(t, t + NEAR) > 0 {
            said.push(format!("{} of its requests failed in the minute after it", words::grouped(after)));
        }
        lines.truncate(LINES);
        out.push((
            t,
            Restart {
                instance: name.clone(),
                kind: RestartKind::Reload,
                stopped: None,
                started: Some(Time::at(t)),
                ready: None,
                failures_during: failed(t, until),
                failures_after: after,
                order_kept,
                summary: format!("{name} was reloaded; {}", said.join("; ")),
                lines,
            },
        ));
    }
}

/// When a proxy was reloaded, by its log or by a new version of its configuration, with the lines.
fn moments(scene: &Scene<'_>, lives: &[Life], proxy: usize) -> Vec<(i64, Vec<LineRef>)> {
    let mut list: Vec<(i64, Vec<LineRef>)> = Vec::new();
    for life in lives.iter().filter(|l| l.instance == proxy) {
        let events = life.events.iter().filter(|e| {
            matches!(e.what, What::Reload | What::Sign(Meaning::ProxyStarted | Meaning::ProxyReload))
        });
        list.extend(events.map(|e| (e.t, vec![line_ref(scene.plan, e.at)])));
    }
    let range = scene.range.map(|r| r.0)..=scene.range.map(|r| r.1);
    for c in scene.plan.configs_of(proxy) {
        if let Some(t) = c.loaded_ns.filter(|t| range.contains(&Some(*t))) {
            list.push((t, Vec::new()));
        }
    }
    list.sort();
    let mut out: Vec<(i64, Vec<LineRef>)> = Vec::new();
    for (t, lines) in list {
        match out.last_mut() {
            Some((last, l)) if t - *last < SAME => l.extend(lines),
            _ => out.push((t, lines)),
        }
    }
    out
}

/// Addresses that the version loaded at that moment brought and at which nobody answered; and attempts that still went to
/// addresses that it no longer has.
fn addresses(
    scene: &Scene<'_>,
    proxy: usize,
    answers: &Answered,
    (t, until): (i64, i64),
) -> (Vec<String>, Vec<LineRef>) {
    let configs = scene.plan.configs_of(proxy);
    let loaded = |c: &&crate::plan::ConfigFile| c.loaded_ns.is_some_and(|l| (l - t).abs() < SAME);
    let Some(n_of) = configs.iter().position(loaded).filter(|n| *n > 0) else {
        return (Vec::new(), Vec::new());
    };
    let servers = |c: &crate::plan::ConfigFile| -> Vec<(String, String, u32)> {
        let all = c.config.pools.iter().flat_map(|p| p.servers.iter().map(move |s| (p, s)));
        all.map(|(p, s)| {
            let label = s.name.as_ref().map_or(s.address.clone(), |n| format!("{}/{n}", p.name));
            (s.address.clone(), label, s.place.line)
        })
        .collect()
    };
    let (old, new) = (servers(configs[n_of - 1]), servers(configs[n_of]));
    // When the first attempt at a label that began a second or more after the reload was answered.
    let answered = |label: &str| -> Option<i64> {
        let loaded = configs[n_of].loaded_ns?;
        answers.first((proxy, crate::hash::hash(label.as_bytes())), loaded, t + SECOND)
    };
    let failed = |label: &str, to: i64| -> u64 {
        let here = |r: usize| scene.world.requests[r].instance == proxy;
        let tried = scene.failing.iter().filter(|f| f.is_gateway && (t + SECOND..to).contains(&f.end_ns));
        count(tried.filter(|f| here(f.request) && f.label() == Some(label)))
    };
    let (mut said, mut lines) = (Vec::new(), Vec::new());
    for (address, label, line) in new.iter().filter(|(a, ..)| !old.iter().any(|(o, ..)| o == a)) {
        // httpd and nginx log the address, HAProxy the name.
        let by = if failed(address, until) > 0 { address } else { label };
        let first = answered(by);
        let n = failed(by, first.unwrap_or(until).min(until));
        if n >= 3 {
            let how_long = match first {
                Some(first) => format!(" for {:.0} s", (first - t) as f64 / SECOND as f64),
                None => String::new(),
            };
            said.push(format!(
                "it brought {address}, where nobody answered{how_long}: {} requests failed there",
                words::grouped(n)
            ));
            lines.push(LineRef { file: configs[n_of].path.clone(), line: u64::from(*line) });
        }
    }
    for (address, ..) in old.iter().filter(|(a, ..)| !new.iter().any(|(o, ..)| o == a)) {
        let n = failed(address, until);
        if n > 0 {
            said.push(format!(
                "{} still went to {address}, which it had removed",
                words::count(n, "request", "requests")
            ));
        }
    }
    (said, lines)
}

/// What to restart, and in which order: for causes that a restart ends.
pub(super) fn plan(scene: &Scene<'_>, row: &Row, lives: &[Life], restarts: &[Restart]) -> Vec<String> {
    use CauseId::*;
    let indicated = matches!(
        row.cause,
        BackendDown | BackendCrash | OomKill | DeployRestart | StartFailure | BackendHang | FdExhaustion
    );
    if !indicated || row.targets.is_empty() {
        return Vec::new();
    }
    let name = |i: &usize| scene.plan.instances[*i].name.as_str();
    let targets: Vec<&str> = row.targets.iter().map(name).collect();
    // A worker that died while its instance stayed was replaced by its supervisor.
    let was_away = restarts.iter().any(|r| targets.contains(&r.instance.as_str()));
    if matches!(row.cause, BackendCrash | OomKill) && !was_away {
        return Vec::new();
    }
    let proxies: Vec<&str> = row.proxies.iter().map(name).collect();
    let drained =
        row.proxies.iter().any(|p| scene.plan.instances[*p].product == logjoin_parse::Product::Haproxy);
    let drain = if drained { " (HAProxy: `set server POOL/NAME state drain`)" } else { "" };
    let each = if targets.len() > 1 { ", one instance after the other" } else { "" };
    vec![
        format!(
            "restart in this order{each}: take {} out of the pool{drain}, restart it, wait until it is ready ({}), put it back",
            words::list(&targets),
            seen_ready(lives, row)
        ),
        format!(
            "reload {} only if an address or a timeout was changed: {}",
            words::list(&proxies),
            reload_words(scene, row)
        ),
    ]
}

/// How its being ready shows in these logs.
fn seen_ready(lives: &[Life], row: &Row) -> String {
    let targets = lives.iter().filter(|l| row.targets.contains(&l.instance));
    let said = targets.flat_map(|l| &l.events).find(|e| e.what == What::Sign(Meaning::ProcessReady));
    match said {
        Some(e) => format!("its log then says `{}`", e.text_short()),
        None => "these logs have no line that says so; the first answered request shows it".into(),
    }
}

fn reload_words(scene: &Scene<'_>, row: &Row) -> String {
    use logjoin_parse::Product::*;
    let mut words: Vec<&str> = Vec::new();
    for p in &row.proxies {
        let word = match scene.plan.instances[*p].product {
            Nginx => "`nginx -t && nginx -s reload`",
            Apache => "`apachectl configtest && apachectl graceful`",
            Haproxy => "`haproxy -c -f FILE && systemctl reload haproxy`",
            _ => "its test of the configuration, then its reload",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}
