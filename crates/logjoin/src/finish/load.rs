//! Servers: their shares, their health as the proxies saw it, their lives; and what failed traffic has that healthy has not.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::round;
use super::{line_ref, show};
use crate::analysis::{Contrast, HealthEvent, InstanceLife, LifeEvent, LifeSpan, ServerShare, Time};
use crate::episodes::Row;
use crate::scene::Scene;
use crate::signals::Meaning;

/// Requests per proxy and server.
pub(super) fn distribution(scene: &Scene<'_>) -> Vec<ServerShare> {
    struct Tally {
        requests: u64,
        failures: u64,
        durations: Vec<i64>,
    }
    let mut by: BTreeMap<(usize, u64), Tally> = BTreeMap::new();
    for t in
        scene.world.requests.iter().filter(|t| t.r.server != 0 && scene.plan.instances[t.instance].is_proxy)
    {
        let e = by.entry((t.instance, t.r.server)).or_insert(Tally {
            requests: 0,
            failures: 0,
            durations: Vec::new(),
        });
        e.requests += 1;
        if scene.plan.options.statuses.contains(&t.r.status) {
            e.failures += 1;
        } else if let Some(d) = t.r.duration_ns {
            e.durations.push(d);
        }
    }
    let pool =
        |label: &str| label.split_once('/').filter(|_| !label.contains(':')).map(|(p, _)| p.to_string());
    let mut totals: BTreeMap<(usize, Option<String>), u64> = BTreeMap::new();
    let name = |label: u64| scene.world.labels.get(&label).cloned().unwrap_or_default();
    for ((proxy, label), t) in &by {
        *totals.entry((*proxy, pool(&name(*label)))).or_default() += t.requests;
    }
    let mut out: Vec<ServerShare> = by
        .into_iter()
        .map(|((proxy, label), mut t)| {
            let server = name(label);
            let pool = pool(&server);
            let total = totals[&(proxy, pool.clone())];
            t.durations.sort_unstable();
            let quantile = |q: usize| {
                t.durations.get(t.durations.len() * q / 100).map(|d| (*d as f64 / 1e6).round() / 1e3)
            };
            ServerShare {
                proxy: scene.plan.instances[proxy].name.clone(),
                instance: scene.peers.by_hash(label).map(|i| scene.plan.instances[i].name.clone()),
                requests: t.requests,
                failures: t.failures,
                share: round(t.requests as f64 / total.max(1) as f64),
                expected_share: expected(scene, &server),
                finding: None,
                p_value: None,
                p50_s: quantile(50),
                p99_s: quantile(99),
                pool,
                server,
            }
        })
        .collect();
    out.sort_by(|a, b| (&a.proxy, &a.pool, &a.server).cmp(&(&b.proxy, &b.pool, &b.server)));
    out
}

/// The share that the configured weights give a server.
fn expected(scene: &Scene<'_>, label: &str) -> Option<f64> {
    for c in &scene.plan.configs {
        for pool in &c.config.pools {
            let is = |s: &logjoin_config::Server| {
                s.address == label || s.name.as_ref().is_some_and(|n| format!("{}/{n}", pool.name) == label)
            };
            if let Some(s) = pool.servers.iter().find(|s| is(s)) {
                let total: u32 =
                    pool.servers.iter().filter(|s| !s.backup && !s.disabled).map(|s| s.weight).sum();
                return (total > 0).then(|| round(f64::from(s.weight) / f64::from(total)));
            }
        }
    }
    None
}

/// Changes of HAProxy's view of its servers.
pub(super) fn health(scene: &Scene<'_>) -> Vec<HealthEvent> {
    use logjoin_parse::StateEvent::*;
    scene
        .world
        .states
        .iter()
        .filter(|m| !matches!(m.e.event, Other | ProxyStarted | ProxyStopped | ProxyReload))
        .map(|m| {
            let at = line_ref(scene.plan, m.e.at);
            let server = match (&m.e.backend, &m.e.server) {
                (Some(b), Some(s)) => format!("{b}/{s}"),
                (Some(b), None) => b.clone(),
                _ => String::new(),
            };
            let reason = match (&m.e.reason, &m.e.info) {
                (Some(r), Some(i)) => Some(format!("{r}: {i}")),
                (r, i) => r.clone().or_else(|| i.clone()),
            };
            HealthEvent {
                time: Time(m.lo),
                proxy: scene.plan.instances[m.instance].name.clone(),
                server,
                event: m.e.event.as_str().into(),
                reason,
                at,
            }
        })
        .collect()
}

/// Events of one meaning closer than this are one.
const SAME: i64 = 50_000_000;

/// The life of each instance.
pub(super) fn lifecycle(scene: &Scene<'_>) -> Vec<InstanceLife> {
    let mut out = Vec::new();
    for (i, instance) in scene.plan.instances.iter().enumerate() {
        let mut events = Vec::new();
        let mut spans: Vec<LifeSpan> = Vec::new();
        let covered = scene.covered(i);
        let mut state = "unknown";
        let mut since = covered.map_or(0, |c| c.0);
        let mut last: Option<(Meaning, i64)> = None;
        for s in scene.all_signs(i) {
            let Some((what, next)) = life(s.meaning) else { continue };
            if last.is_some_and(|(m, t)| m == s.meaning && s.lo - t < SAME) {
                continue;
            }
            last = Some((s.meaning, s.lo));
            let e = &scene.world.logs[s.log].e;
            events.push(LifeEvent {
                time: Time(s.lo),
                what: what.into(),
                signal: e.signal.as_ref().map_or("", |h| h.id).into(),
                at: line_ref(scene.plan, e.at),
                text: show(&e.text, 160),
            });
            if let Some(next) = next
                && next != state
            {
                if s.lo > since {
                    spans.push(LifeSpan { state: state.into(), start: Time(since), end: Time(s.lo) });
                }
                state = next;
                since = s.lo;
            }
        }
        if events.is_empty() {
            continue;
        }
        if let Some((_, end)) = covered
            && end > since
        {
            spans.push(LifeSpan { state: state.into(), start: Time(since), end: Time(end) });
        }
        out.push(InstanceLife { instance: instance.name.clone(), events, spans });
    }
    out
}

/// What an event is called in the life of an instance, and the state that it leads to.
fn life(m: Meaning) -> Option<(&'static str, Option<&'static str>)> {
    Some(match m {
        Meaning::ProcessStarting => ("starting", Some("starting")),
        Meaning::ProcessReady => ("ready", Some("ready")),
        Meaning::StopRequested => ("stop-requested", Some("draining")),
        Meaning::ProcessStopped => ("stopped", Some("down")),
        Meaning::Crash => ("crash", None),
        Meaning::OomKill => ("out-of-memory", None),
        Meaning::KilledBySupervisor => ("killed-by-supervisor", None),
        Meaning::WorkerTimeout => ("worker-timeout", None),
        Meaning::PoolExhausted | Meaning::ListenOverflow => ("pool-exhausted", None),
        Meaning::FdExhausted => ("out-of-descriptors", None),
        Meaning::StartFailed => ("start-failed", Some("down")),
        Meaning::Deadlock => ("deadlock", None),
        _ => return None,
    })
}

/// What failed requests of an episode have that the healthy ones of the same proxies, at the same time, have not.
///
/// A value counts when its shares differ by a chi-square test with one degree of freedom at the 0.001 level, corrected for
/// the number of values looked at, and by a factor of three.
pub(super) fn contrast(scene: &Scene<'_>, rows: &[Row]) -> Vec<Contrast> {
    let mut out = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        if row.members.len() < 10 {
            continue;
        }
        let failed: BTreeSet<usize> = row.members.iter().map(|m| scene.failing[*m].request).collect();
        let mut sick: BTreeMap<(&str, u64), u64> = BTreeMap::new();
        let mut well: BTreeMap<(&str, u64), u64> = BTreeMap::new();
        let mut names: BTreeMap<(&str, u64), String> = BTreeMap::new();
        let (mut sick_total, mut well_total) = (0u64, 0u64);
        for (i, t) in scene.world.requests.iter().enumerate() {
            if !row.proxies.contains(&t.instance) || t.end_hi < row.start || t.end_lo > row.end {
                continue;
            }
            let is_sick = failed.contains(&i);
            if is_sick {
                sick_total += 1
            } else {
                well_total += 1
            }
            for key in
                [("path", t.r.route), ("method", t.r.method), ("client", t.r.client), ("server", t.r.server)]
            {
                if key.1 == 0 {
                    continue;
                }
                *if is_sick { sick.entry(key).or_default() } else { well.entry(key).or_default() } += 1;
                if let (true, Some(d)) = (is_sick, t.r.detail.as_deref()) {
                    let text = match key.0 {
                        "path" => d.target.as_deref().and_then(|p| p.split('?').next()).map(str::to_string),
                        "method" => d.method.clone(),
                        "client" => d.client.clone(),
                        _ => scene.world.labels.get(&key.1).cloned(),
                    };
                    names.entry(key).or_insert_with(|| text.unwrap_or_default());
                }
            }
        }
        let looked_at = sick.len() as f64;
        for (key, a) in sick {
            let b = well.get(&key).copied().unwrap_or(0);
            let (p, q) = (a as f64 / sick_total as f64, b as f64 / well_total.max(1) as f64);
            if well_total >= 10
                && p > 3.0 * q
                && a >= 5
                && chi_square(a, sick_total, b, well_total) > threshold(looked_at)
            {
                out.push(Contrast {
                    episode: format!("E{}", n + 1),
                    dimension: key.0.into(),
                    value: names.get(&key).cloned().unwrap_or_default(),
                    failed: (a, sick_total),
                    healthy: (b, well_total),
                    p_value: None,
                });
            }
        }
    }
    out.sort_by(|a, b| {
        (&a.episode, std::cmp::Reverse(a.failed.0), &a.dimension, &a.value).cmp(&(
            &b.episode,
            std::cmp::Reverse(b.failed.0),
            &b.dimension,
            &b.value,
        ))
    });
    out
}

/// Pearson's statistic of a two by two table.
fn chi_square(a: u64, a_total: u64, b: u64, b_total: u64) -> f64 {
    let n = (a_total + b_total) as f64;
    let has = (a + b) as f64;
    let mut sum = 0.0;
    for (observed, total, share) in [
        (a as f64, a_total as f64, has / n),
        (a_total as f64 - a as f64, a_total as f64, 1.0 - has / n),
        (b as f64, b_total as f64, has / n),
        (b_total as f64 - b as f64, b_total as f64, 1.0 - has / n),
    ] {
        let expected = total * share;
        if expected > 0.0 {
            sum += (observed - expected).powi(2) / expected;
        }
    }
    sum
}

/// The statistic that one in a thousand exceeds by chance, after Bonferroni for `k` looks: a close upper bound of the
/// quantile of the chi-square distribution with one degree of freedom, `2 ln(k / 0.001)`.
fn threshold(k: f64) -> f64 {
    2.0 * (k.max(1.0) / 0.001).ln()
}
