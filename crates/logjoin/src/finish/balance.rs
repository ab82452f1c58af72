//! Servers of a pool against each other: shares against weights, failures against those of the peers.
//!
//! A finding needs both: a difference that chance does not make (exact tests, corrected for the number of servers), and one
//! that is large. Time in which a server's peers were failing or out is left out of its share: that it then gets more is what a
//! load balancer is for.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_config::{Pool, Server};
use logjoin_parse::StateEvent;

use super::durations::Durations;
use super::failure::round;
use super::stats::{self, LEVEL};
use super::traffic::{Cell, Clients, Load};
use crate::analysis::ServerShare;
use crate::episodes::Row;
use crate::hash::hash;
use crate::plan::ConfigFile;
use crate::scene::Scene;
use crate::vocabulary::CauseId;

/// A share is large, or small, when it is this many times, or this part of, what it should be.
const FACTOR: f64 = 1.5;
/// The same, where servers are chosen by load: then shares follow from speeds.
const FACTOR_BY_LOAD: f64 = 3.0;

/// One server at one proxy.
struct Tally {
    server: String,
    label: u64,
    group: Group,
    requests: u64,
    failures: u64,
    durations: Durations,
    failed: Durations,
    /// By step: attempts and failures.
    steps: BTreeMap<i64, (u64, u64)>,
    clients: Clients,
}

/// The pool, and the server's place in it.
#[derive(Clone, Default)]
struct Group {
    /// Servers with the same key share the work.
    key: String,
    pool: Option<String>,
    expected: Option<f64>,
    how: How,
}

/// How servers are chosen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum How {
    #[default]
    Turns,
    ByLoad,
    /// By a property of the request or client: requests of one client count once.
    Sticky,
}

/// Requests per proxy and server, with what is wrong with them.
pub(super) fn distribution(scene: &Scene<'_>, load: &Load, rows: &[Row]) -> Vec<ServerShare> {
    let mut by_proxy: BTreeMap<usize, Vec<Tally>> = BTreeMap::new();
    for ((proxy, label), mut t) in tallies(load) {
        t.server = scene.world.labels.get(&label).cloned().unwrap_or_default();
        t.group = group(scene, proxy, &t.server);
        by_proxy.entry(proxy).or_default().push(t);
    }
    for (proxy, list) in &mut by_proxy {
        add_unused(scene, *proxy, list);
    }
    let looks: usize = by_proxy.values().map(Vec::len).sum();
    let mut out = Vec::new();
    for (proxy, tallies) in &by_proxy {
        let out_of_pool = taken_out(scene, *proxy, load.cells.step());
        for (i, t) in tallies.iter().enumerate() {
            let pool: Vec<usize> =
                (0..tallies.len()).filter(|j| tallies[*j].group.key == t.group.key).collect();
            let total: u64 = pool.iter().map(|j| tallies[*j].requests).sum();
            let found = finding(tallies, i, &pool, &out_of_pool, looks)
                .or_else(|| judged_uneven(scene, rows, *proxy, tallies, i, &pool, looks));
            out.push(ServerShare {
                proxy: scene.plan.instances[*proxy].name.clone(),
                pool: t.group.pool.clone(),
                instance: scene.peers.instance(&t.server).map(|i| scene.plan.instances[i].name.clone()),
                server: t.server.clone(),
                requests: t.requests,
                failures: t.failures,
                share: round(t.requests as f64 / total.max(1) as f64),
                expected_share: t.group.expected.map(round),
                finding: found.map(|(word, _)| word.into()),
                p_value: found.map(|(_, p)| p),
                p50_s: t.durations.quantile(0.5),
                p99_s: t.durations.quantile(0.99),
            });
        }
    }
    out.sort_by(|a, b| (&a.proxy, &a.pool, &a.server).cmp(&(&b.proxy, &b.pool, &b.server)));
    out
}

fn tallies(load: &Load) -> BTreeMap<(usize, u64), Tally> {
    let mut by: BTreeMap<(usize, u64), Tally> = BTreeMap::new();
    for (start, (proxy, label), cell) in load.cells.iter().filter(|(_, (_, label), _)| *label != 0) {
        let Cell { requests, failures, .. } = *cell;
        if requests == 0 {
            continue;
        }
        let t = by.entry((proxy, label)).or_insert_with(|| Tally::new(label));
        t.requests += requests;
        t.failures += failures;
        t.durations.merge(cell.durations.clone());
        t.failed.merge(cell.failed.clone());
        t.steps.insert(start, (requests, failures));
    }
    for (key, clients) in load.clients.iter() {
        if let Some(t) = by.get_mut(&key) {
            t.clients = clients.clone();
        }
    }
    by
}

impl Tally {
    fn new(label: u64) -> Tally {
        Tally {
            server: String::new(),
            label,
            group: Group::default(),
            requests: 0,
            failures: 0,
            durations: Durations::default(),
            failed: Durations::default(),
            steps: BTreeMap::new(),
            clients: Clients::default(),
        }
    }
}

fn is_label(pool: &Pool, s: &Server, label: &str) -> bool {
    s.address == label || s.name.as_ref().is_some_and(|n| label == format!("{}/{n}", pool.name))
}

/// Servers that get their share of the work.
fn working(pool: &Pool) -> impl Iterator<Item = &Server> {
    pool.servers.iter().filter(|s| !s.backup && !s.disabled)
}

fn group(scene: &Scene<'_>, proxy: usize, label: &str) -> Group {
    let by_name = label.split_once('/').filter(|_| !label.contains(':')).map(|(p, _)| p.to_string());
    let plain = Group { key: by_name.clone().unwrap_or_default(), pool: by_name, ..Group::default() };
    let configs = scene.plan.configs_of(proxy);
    let mut found: Option<(&Pool, &Server)> = None;
    for pool in configs.iter().flat_map(|c| &c.config.pools) {
        let Some(server) = pool.servers.iter().find(|s| is_label(pool, s, label)) else { continue };
        match found {
            // A server of two pools has no share of its own; nor one whose pool was changed.
            Some((p, _)) if p.name != pool.name => return plain,
            Some((p, _)) if !same_servers(p, pool) => {
                return Group { key: pool.name.clone(), pool: named(pool), ..Group::default() };
            }
            _ => found = Some((pool, server)),
        }
    }
    let Some((pool, server)) = found else { return plain };
    // A version without the pool, or with other servers in it, changed the shares.
    let changed =
        configs.iter().any(|c| c.config.pool(&pool.name).is_none_or(|other| !same_servers(pool, other)));
    let total: u32 = working(pool).map(|s| s.weight).sum();
    let works = !server.backup && !server.disabled && total > 0 && !changed;
    Group {
        key: pool.name.clone(),
        pool: named(pool),
        expected: works.then(|| f64::from(server.weight) / f64::from(total)),
        how: how(&configs, pool),
    }
}

fn named(pool: &Pool) -> Option<String> {
    (!pool.anonymous).then(|| pool.name.clone())
}

fn same_servers(a: &Pool, b: &Pool) -> bool {
    let list = |p: &Pool| -> Vec<(String, u32, bool, bool)> {
        let all = p.servers.iter().map(|s| (s.address.clone(), s.weight, s.backup, s.disabled));
        all.collect()
    };
    list(a) == list(b)
}

fn how(configs: &[&ConfigFile], pool: &Pool) -> How {
    let word = pool.balance.as_deref().unwrap_or("").to_ascii_lowercase();
    let word = word.split([' ', '(']).next().unwrap_or("");
    let by_load =
        ["least_conn", "least_time", "leastconn", "bybusyness", "bytraffic", "random", "first", "fair"];
    let sticky = ["ip_hash", "hash", "source", "uri", "url_param", "hdr", "rdp-cookie", "sticky"];
    if by_load.contains(&word) {
        return How::ByLoad;
    }
    // What else makes a client stay where it was.
    let stays = |s: &&logjoin_config::Setting| {
        let name = s.name.to_ascii_lowercase();
        let own = s.scope.iter().any(|b| b.split(' ').any(|w| w.trim_matches(['<', '>', '"']) == pool.name))
            || s.value.contains(&pool.name);
        own && (matches!(name.as_str(), "cookie" | "stick" | "sticky" | "ip_hash" | "hash" | "appsession")
            || s.value.contains("stickysession="))
    };
    if sticky.contains(&word) || configs.iter().flat_map(|c| &c.config.settings).any(|s| stays(&s)) {
        return How::Sticky;
    }
    How::Turns
}

/// Configured servers that never got a request, in pools that did.
fn add_unused(scene: &Scene<'_>, proxy: usize, list: &mut Vec<Tally>) {
    let known: BTreeSet<u64> = list.iter().map(|t| t.label).collect();
    let mut found = Vec::new();
    for pool in scene.plan.configs_of(proxy).iter().flat_map(|c| &c.config.pools) {
        let members: Vec<&Server> = working(pool).collect();
        let label = |s: &Server| match (&s.name, scene.plan.instances[proxy].product) {
            (Some(n), logjoin_parse::Product::Haproxy) => format!("{}/{n}", pool.name),
            _ => s.address.clone(),
        };
        // A name is logged as the address that it resolved to.
        let is_name = members.iter().any(|s| s.is_name && s.name.is_none());
        if members.len() < 2 || is_name || !members.iter().any(|s| known.contains(&hash(label(s).as_bytes())))
        {
            continue;
        }
        for s in members {
            let server = label(s);
            let hashed = hash(server.as_bytes());
            let was_out = scene.world.states.iter().any(|m| {
                m.instance == proxy
                    && m.e.backend.as_deref() == Some(&pool.name)
                    && m.e.server == s.name
                    && matches!(
                        m.e.event,
                        StateEvent::ServerDown | StateEvent::ServerMaintenance | StateEvent::ServerDrain
                    )
            });
            if known.contains(&hashed) || was_out || found.iter().any(|t: &Tally| t.label == hashed) {
                continue;
            }
            let group = group(scene, proxy, &server);
            if group.expected.is_some() {
                found.push(Tally { server, group, ..Tally::new(hashed) });
            }
        }
    }
    list.extend(found);
}

/// Servers that the proxy had taken out, by the steps in which it said so (until it said that they are back).
fn taken_out(scene: &Scene<'_>, proxy: usize, step: i64) -> BTreeSet<(u64, i64)> {
    let mut since: BTreeMap<u64, i64> = BTreeMap::new();
    let mut out = BTreeSet::new();
    let (begin, end) = scene.range.unwrap_or_default();
    let mut fill = |label: u64, from: i64, to: i64| {
        for n in from.max(begin).div_euclid(step)..=to.min(end).div_euclid(step) {
            out.insert((label, n * step));
        }
    };
    for m in scene.world.states.iter().filter(|m| m.instance == proxy) {
        let (Some(b), Some(s)) = (&m.e.backend, &m.e.server) else { continue };
        let label = hash(format!("{b}/{s}").as_bytes());
        match m.e.event {
            StateEvent::ServerDown | StateEvent::ServerMaintenance | StateEvent::ServerDrain => {
                since.entry(label).or_insert(m.lo);
            }
            StateEvent::ServerUp | StateEvent::ServerReady => {
                if let Some(from) = since.remove(&label) {
                    fill(label, from, m.lo);
                }
            }
            _ => {}
        }
    }
    since.into_iter().for_each(|(label, from)| fill(label, from, end.max(from)));
    out
}

fn finding(
    tallies: &[Tally],
    i: usize,
    pool: &[usize],
    out: &BTreeSet<(u64, i64)>,
    looks: usize,
) -> Option<(&'static str, f64)> {
    if pool.len() < 2 {
        return None;
    }
    let t = &tallies[i];
    let fails = fails_more(tallies, i, pool, looks);
    let more = share(tallies, i, pool, out, looks, true);
    if let (Some(p), Some(_)) = (fails, attracts(tallies, i, pool)) {
        return Some(("fails-fast", p));
    }
    more.map(|p| ("more-than-its-share", p))
        .or(fails.map(|p| ("fails-more", p)))
        .or_else(|| Some(("less-than-its-share", share(tallies, i, pool, out, looks, false)?)))
        .filter(|_| t.group.expected.is_some() || fails.is_some())
}

/// Fisher's test of its failures against those of its peers.
fn fails_more(tallies: &[Tally], i: usize, pool: &[usize], looks: usize) -> Option<f64> {
    let t = &tallies[i];
    let others = pool.iter().filter(|j| **j != i).map(|j| &tallies[*j]);
    let (n, failed) = others.fold((0, 0), |(n, f), o| (n + o.requests, f + o.failures));
    let rate = t.failures as f64 / t.requests.max(1) as f64;
    let of_peers = failed as f64 / n.max(1) as f64;
    let p = stats::corrected(stats::fisher(t.failures, t.requests, failed, n), looks);
    (t.failures >= 5 && n >= 20 && rate >= 0.005 && rate >= 3.0 * of_peers && p <= LEVEL).then_some(p)
}

/// Whether it fails faster than its peers answer, and gets more while it fails than while it does not.
fn attracts(tallies: &[Tally], i: usize, pool: &[usize]) -> Option<()> {
    let t = &tallies[i];
    let mut peers = Durations::default();
    pool.iter().filter(|j| **j != i).for_each(|j| peers.merge(tallies[*j].durations.clone()));
    let (failed, usual) = (t.failed.quantile(0.5)?, peers.quantile(0.5)?);
    let (mut sick, mut well) = ((0u64, 0u64), (0u64, 0u64));
    let steps: BTreeSet<i64> = pool.iter().flat_map(|j| tallies[*j].steps.keys().copied()).collect();
    for step in steps {
        let all: u64 = pool.iter().filter_map(|j| tallies[*j].steps.get(&step)).map(|s| s.0).sum();
        let (mine, failures) = t.steps.get(&step).copied().unwrap_or((0, 0));
        let side = if failures > 0 { &mut sick } else { &mut well };
        side.0 += mine;
        side.1 += all;
    }
    let fast = failed * 2.0 < usual;
    let share = |(mine, all): (u64, u64)| mine as f64 / all.max(1) as f64;
    let p = stats::fisher(sick.0, sick.1, well.0, well.1);
    // It must have had its part before: a server that has just been added has none.
    (fast && well.0 >= 5 && well.1 >= 20 && share(sick) > FACTOR * share(well) && p <= LEVEL).then_some(())
}

/// The binomial test of its share against its weight, over the time that counts.
fn share(
    tallies: &[Tally],
    i: usize,
    pool: &[usize],
    out: &BTreeSet<(u64, i64)>,
    looks: usize,
    is_more: bool,
) -> Option<f64> {
    let t = &tallies[i];
    let expected = t.group.expected.filter(|e| *e > 0.0)?;
    let steps: BTreeSet<i64> = pool.iter().flat_map(|j| tallies[*j].steps.keys().copied()).collect();
    let list: Vec<i64> = steps.into_iter().collect();
    let at = |j: usize, step: i64| tallies[j].steps.get(&step).copied().unwrap_or((0, 0));
    let (mut mine, mut all) = (0u64, 0u64);
    for (n, step) in list.iter().enumerate() {
        let total: u64 = pool.iter().map(|j| at(*j, *step).0).sum();
        let near = [n.checked_sub(1), Some(n), Some(n + 1)];
        let near: Vec<i64> = near.into_iter().flatten().filter_map(|n| list.get(n).copied()).collect();
        let is_out = |j: usize| {
            let o = &tallies[j];
            let idle = o.group.expected.unwrap_or(0.0) * total as f64 >= 8.0
                && at(j, *step).0 == 0
                && o.requests > 0
                && t.group.how != How::Sticky;
            near.iter().any(|s| at(j, *s).1 > 0 || out.contains(&(o.label, *s))) || idle
        };
        // More: while its peers are well. Less: while it is well itself.
        let skip = if is_more { pool.iter().any(|j| *j != i && is_out(*j)) } else { is_out(i) };
        if !skip {
            mine += at(i, *step).0;
            all += total;
        }
    }
    if t.group.how == How::Sticky {
        let mut clients = Clients::default();
        pool.iter().for_each(|j| clients.merge(&tallies[*j].clients));
        let n = clients.count().clamp(1, all.max(1));
        mine = mine * n / all.max(1);
        all = n;
    }
    if all < 30 {
        return None;
    }
    let factor = if t.group.how == How::ByLoad { FACTOR_BY_LOAD } else { FACTOR };
    let share = mine as f64 / all as f64;
    let (is_large, p) = if is_more {
        (share >= factor * expected && share >= expected + 0.1, stats::binomial_tail(mine, all, expected))
    } else {
        let fewer = stats::binomial_tail(all - mine, all, 1.0 - expected);
        (share * factor <= expected && share <= expected - 0.1, fewer)
    };
    let p = stats::corrected(p, looks);
    (is_large && p <= LEVEL).then_some(p)
}

/// Where the weights are not known, the rules may all the same have seen that one server got several times what its peers got,
/// and failed by it.
fn judged_uneven(
    scene: &Scene<'_>,
    rows: &[Row],
    proxy: usize,
    tallies: &[Tally],
    i: usize,
    pool: &[usize],
    looks: usize,
) -> Option<(&'static str, f64)> {
    let instance = scene.peers.instance(&tallies[i].server)?;
    let is = |r: &&Row| {
        r.cause == CauseId::UnevenLoad && r.proxies.contains(&proxy) && r.targets.contains(&instance)
    };
    rows.iter().find(is)?;
    let total: u64 = pool.iter().map(|j| tallies[*j].requests).sum();
    let p = stats::binomial_tail(tallies[i].requests, total, 1.0 / pool.len() as f64);
    Some(("more-than-its-share", stats::corrected(p, looks)))
}
