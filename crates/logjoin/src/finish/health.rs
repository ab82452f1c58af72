//! The proxies' view of their servers: its changes, and what the real traffic says of them.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::StateEvent;

use super::line_ref;
use super::traffic::Load;
use crate::analysis::{HealthAudit, HealthEvent, Time};
use crate::hash::hash;
use crate::render::words;
use crate::scene::{SECOND, Scene};
use crate::signals::Meaning;

/// Failures of a server further apart than this are not of one row.
const ROW: i64 = 15 * SECOND;
/// How long before it is taken out a server is looked at.
const BEFORE: i64 = 60 * SECOND;
const TEN_MINUTES: i64 = 600 * SECOND;

/// Changes of the proxies' view of their servers.
pub(super) fn events(scene: &Scene<'_>) -> Vec<HealthEvent> {
    use StateEvent::*;
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
                time: Time::at(m.lo),
                proxy: scene.plan.instances[m.instance].name.clone(),
                server,
                event: m.e.event.as_str().into(),
                reason,
                at,
            }
        })
        .collect()
}

/// One server at one proxy: when it was in and out.
#[derive(Default)]
struct Life {
    /// Moments at which checks or traffic took it out; when it was back.
    outs: Vec<(i64, Option<i64>)>,
    is_out: bool,
}

/// The checks of each server against the real traffic. `load` tells what was served.
pub(super) fn audit(scene: &Scene<'_>, load: &Load) -> Vec<HealthAudit> {
    let mut servers: BTreeMap<(usize, String), Life> = BTreeMap::new();
    // Of each pool: when its last server went.
    let mut empty: BTreeMap<(usize, String), i64> = BTreeMap::new();
    let mut without: BTreeMap<(usize, String), i64> = BTreeMap::new();
    let end = scene.range.map_or(0, |r| r.1);
    for m in &scene.world.states {
        let Some(pool) = m.e.backend.clone() else { continue };
        let key = m.e.server.as_ref().map(|s| (m.instance, format!("{pool}/{s}")));
        match m.e.event {
            StateEvent::ServerDown => {
                let life = servers.entry(key.unwrap_or_default()).or_default();
                if !life.is_out {
                    life.outs.push((m.lo, None));
                    life.is_out = true;
                }
            }
            StateEvent::ServerUp | StateEvent::ServerReady => {
                if let Some(life) = key.and_then(|k| servers.get_mut(&k))
                    && life.is_out
                {
                    life.is_out = false;
                    if let Some(last) = life.outs.last_mut() {
                        last.1 = Some(m.lo);
                    }
                }
                if let Some(since) = empty.remove(&(m.instance, pool.clone())) {
                    *without.entry((m.instance, pool)).or_default() += m.lo - since;
                }
            }
            StateEvent::NoServer => {
                empty.entry((m.instance, pool)).or_insert(m.lo);
            }
            _ => {}
        }
    }
    for (pool, since) in empty {
        *without.entry(pool).or_default() += (end - since).max(0);
    }
    let failed = failed_by_label(scene);
    servers
        .iter()
        .filter(|((_, server), life)| !server.is_empty() && !life.outs.is_empty())
        .map(|((proxy, server), life)| {
            let pool = server.split('/').next().unwrap_or_default().to_string();
            let without = without.get(&(*proxy, pool)).copied().unwrap_or(0);
            let failed = failed.get(&(*proxy, server.clone())).map_or(&[][..], Vec::as_slice);
            one(scene, load, *proxy, server, life, failed, without)
        })
        .collect()
}

/// When an attempt failed, when those like it had, and how many there were.
type Failed = (i64, i64, u64);

/// When attempts at each server failed, in order; those that a retry hid too.
fn failed_by_label(scene: &Scene<'_>) -> BTreeMap<(usize, String), Vec<Failed>> {
    let mut out: BTreeMap<(usize, String), Vec<Failed>> = BTreeMap::new();
    for f in scene.failing.iter().filter(|f| f.is_gateway || f.is_hidden) {
        let proxy = scene.world.requests[f.request].instance;
        let tries = f.tries.len() - usize::from(f.is_hidden && f.tries.len() > 1);
        for label in f.tries[..tries].iter().filter_map(|t| t.label.as_ref().map(String::from)) {
            out.entry((proxy, label)).or_default().push((f.end_ns, f.until(), f.n()));
        }
    }
    out.values_mut().for_each(|v| v.sort_unstable());
    out
}

fn one(
    scene: &Scene<'_>,
    load: &Load,
    proxy: usize,
    server: &str,
    life: &Life,
    failed: &[Failed],
    without: i64,
) -> HealthAudit {
    let instance = scene.peers.instance(server);
    let (mut false_downs, mut lost, mut lag, mut late) = (0, 0, None::<i64>, 0u64);
    let mut last_up = i64::MIN;
    for (down, up) in &life.outs {
        // The row of failures that led to it: backwards, until a gap.
        let before = failed.partition_point(|f| f.0 <= down + SECOND);
        let mut first = before;
        while first > 0
            && failed[first - 1].0 > last_up
            && failed.get(first).map_or(*down, |f| f.0) - failed[first - 1].1 <= ROW
        {
            first -= 1;
        }
        let row = &failed[first..before];
        if let Some((start, ..)) = row.first() {
            lost += row.iter().map(|f| f.2).sum::<u64>();
            lag = lag.max(Some((down - start).max(0)));
        } else if is_false(scene, load, proxy, server, instance, *down) {
            false_downs += 1;
        }
        if let Some(up) = up {
            // That it broke again is not the check's fault.
            let broke =
                instance.is_some_and(|i| scene.signs(i, *up, up + 5 * SECOND).any(|s| is_trouble(s.meaning)));
            let soon = failed.iter().filter(|f| (up + 1..=up + 5 * SECOND).contains(&f.0));
            late += u64::from(!broke) * soon.map(|f| f.2).sum::<u64>();
            last_up = *up;
        }
    }
    let starts: Vec<i64> = life.outs.iter().map(|o| o.0).collect();
    let is_flapping = starts.windows(3).any(|w| w[2] - w[0] <= TEN_MINUTES);
    let seconds = |ns: i64| (ns as f64 / SECOND as f64 * 10.0).round() / 10.0;
    let downs = life.outs.len() as u64;
    let times = |n: u64| if n == 1 { "once".to_string() } else { format!("{} times", words::grouped(n)) };
    let mut said = vec![format!("taken out {}", times(downs))];
    if let Some(lag) = lag.filter(|_| lost > 0) {
        said.push(format!(
            "{} failed before that was noticed, up to {} s earlier",
            words::count(lost, "request", "requests"),
            seconds(lag)
        ));
    }
    if false_downs > 0 {
        said.push(format!("{} while nothing was wrong with it", times(false_downs)));
    }
    if late > 0 {
        said.push(format!(
            "{} failed within 5 s after it was put back: the check says up too early",
            words::count(late, "request", "requests")
        ));
    }
    if is_flapping {
        said.push("it is flapping".into());
    }
    if without > 0 {
        said.push(format!("the pool had no server left for {} s", seconds(without)));
    }
    HealthAudit {
        proxy: scene.plan.instances[proxy].name.clone(),
        server: server.to_string(),
        downs,
        false_downs,
        detection_lag_s: lag.map(seconds),
        lost_in_lag: lost,
        is_flapping,
        without_server_s: seconds(without),
        summary: format!("{server}: {}", said.join("; ")),
    }
}

/// Taken out although it served, no request had failed, and no log tells of trouble.
fn is_false(
    scene: &Scene<'_>,
    load: &Load,
    proxy: usize,
    server: &str,
    instance: Option<usize>,
    down: i64,
) -> bool {
    let label = hash(server.as_bytes());
    let served = load
        .cells
        .within(down - BEFORE / 2, down)
        .filter(|(_, key, _)| *key == (proxy, label) || instance.is_some_and(|i| *key == (i, 0)))
        .any(|(_, _, c)| c.requests > c.failures);
    let trouble: BTreeSet<Meaning> = instance
        .into_iter()
        .flat_map(|i| scene.signs(i, down - BEFORE, down + 2 * SECOND))
        .map(|s| s.meaning)
        .filter(|m| is_trouble(*m))
        .collect();
    served && trouble.is_empty()
}

fn is_trouble(m: Meaning) -> bool {
    !matches!(
        m,
        Meaning::WorkerStarted | Meaning::WorkerExited | Meaning::HealthCheckFailed | Meaning::ProcessReady
    )
}
