//! Which address, or which of HAProxy's servers, is which instance.
//!
//! Told, or said by the instance when it started to listen, or by the names in a configuration, or learned: requests
//! that a proxy sent to one address turn up in the logs of one instance.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::AddressClaim;
use crate::clock::ClockModel;
use crate::hash::hash;
use crate::index::{Entry, Group, Index, Row};
use crate::mechanism;
use crate::plan::{Plan, SourcePlan};
use crate::rewrites::Rewrites;
use crate::signals::{Meaning, Scope};
use crate::stored;
use crate::timeline::World;
use serde::{Deserialize, Serialize};

/// Requests that must agree before an address is taken to be an instance's.
const MIN_VOTES: u64 = 3;
const SLACK: i64 = 60_000_000;

/// The map from the proxies' names of servers to instances.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Peers {
    by_label: BTreeMap<u64, usize>,
    /// Addresses that each instance said it listens on.
    listening: Vec<Vec<String>>,
    claims: Vec<Vec<AddressClaim>>,
    /// Proxies whose requests turn up at an instance: (proxy, instance) → requests.
    #[serde(with = "stored::pairs")]
    pub traffic: BTreeMap<(usize, usize), u64>,
    /// Pairs of proxies of which the second stands behind the first. Which is the outer one is told by durations, where
    /// both pairs are here.
    pub chains: BTreeSet<(usize, usize)>,
    pub inner_faces: Vec<Face>,
    /// Whose targets differ from those at the proxies.
    pub rewrites: Rewrites,
    /// Requests that were sent to each label with success, and turned up at one instance or at none.
    sent: BTreeMap<u64, u64>,
}

impl Peers {
    /// The instance behind a label.
    pub fn instance(&self, label: &str) -> Option<usize> {
        self.by_hash(hash(label.as_bytes())).or_else(|| self.by_port(label))
    }

    /// Takes over what was learned before. What is known now stands.
    pub fn absorb(&mut self, before: Peers) {
        for (label, instance) in before.by_label {
            self.by_label.entry(label).or_insert(instance);
        }
        merge(&mut self.listening, before.listening, |a, b| a == b);
        merge(&mut self.claims, before.claims, |a, b| a.address == b.address);
        before.traffic.into_iter().for_each(|(key, n)| *self.traffic.entry(key).or_default() += n);
        before.sent.into_iter().for_each(|(key, n)| *self.sent.entry(key).or_default() += n);
        self.chains.extend(before.chains);
        self.rewrites = before.rewrites;
        for (i, face) in before.inner_faces.into_iter().enumerate() {
            if let (Face::Many, Some(own)) = (face, self.inner_faces.get_mut(i)) {
                *own = Face::Many;
            }
        }
    }

    /// Whether it names instances of a plan alone.
    pub fn fit(&self, plan: &Plan) -> bool {
        let n = plan.instances.len();
        self.by_label.values().all(|i| *i < n)
            && self.listening.len().max(self.claims.len()).max(self.inner_faces.len()) <= n
            && self.traffic.keys().chain(&self.chains).all(|(a, b)| *a.max(b) < n)
    }

    /// The only instance that listens on the port of an address, on all of its host's addresses.
    fn by_port(&self, label: &str) -> Option<usize> {
        let wanted = port(label)?;
        let listens = |a: &String| port(a) == Some(wanted) && host(a).is_some_and(is_wildcard);
        let mut found = (0..self.listening.len()).filter(|i| self.listening[*i].iter().any(listens));
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// The instance behind the hash of a label.
    pub fn by_hash(&self, label: u64) -> Option<usize> {
        self.by_label.get(&label).copied()
    }

    /// The addresses on which an instance said that it listens.
    pub fn listening(&self, instance: usize) -> &[String] {
        self.listening.get(instance).map_or(&[], Vec::as_slice)
    }

    /// Instances that listen on the host of an address, on whatever port.
    pub fn on_host(&self, address: &str) -> Vec<usize> {
        let Some(h) = host(address) else { return Vec::new() };
        (0..self.listening.len()).filter(|i| self.listening[*i].iter().any(|a| host(a) == Some(h))).collect()
    }

    /// For the report.
    pub fn claims(&self, instance: usize) -> Vec<AddressClaim> {
        self.claims.get(instance).cloned().unwrap_or_default()
    }

    /// Learns the map.
    pub fn learn(plan: &Plan, world: &World, index: &Index<'_>, clocks: &ClockModel) -> Peers {
        let n = plan.instances.len();
        let mut peers =
            Peers { listening: listening(plan, world), claims: vec![Vec::new(); n], ..Peers::default() };
        let votes = peers.votes(plan, world, index, clocks);
        let claim = |peers: &mut Peers, label: &str, instance: usize, reason: &str, votes: u64| {
            peers.by_label.entry(hash(label.as_bytes())).or_insert(instance);
            let known = peers.claims[instance].iter().any(|c| c.address == label);
            if !known {
                peers.claims[instance].push(AddressClaim {
                    address: label.into(),
                    reason: reason.into(),
                    votes,
                });
            }
        };
        for (pattern, address) in &plan.options.peers {
            let is_part = |s: &SourcePlan| s.files.iter().any(|f| plan.files[*f].part.is_some());
            let is_told = |s: &SourcePlan| {
                pattern.fits(&s.id) || is_part(s) && pattern.fits(&plan.instances[s.instance].name)
            };
            let mut told = plan.sources.iter().filter(|s| is_told(s) && !s.writer.is_proxy);
            if let Some(s) = told.next() {
                claim(&mut peers, address, s.instance, "told", 0);
            }
        }
        for i in 0..n {
            for a in peers.listening[i].clone() {
                if host(&a).is_some_and(|h| !is_wildcard(h)) || a.starts_with("unix:") {
                    claim(&mut peers, &a, i, "listening-line", 0);
                }
            }
        }
        for (label, counts) in &votes {
            let total: u64 = counts.values().sum();
            let Some((instance, most)) = counts.iter().max_by_key(|(i, n)| (**n, std::cmp::Reverse(**i)))
            else {
                continue;
            };
            // Nearly all of its requests turn up there, not just some that happen to be alike.
            let sent = peers.sent.get(label).copied().unwrap_or(0);
            if *most >= MIN_VOTES && most * 10 >= total * 7 && most * 10 >= sent * 6 {
                let text = world.labels.get(label).cloned().unwrap_or_default();
                claim(&mut peers, &text, *instance, "joins", *most);
            }
        }
        // A configuration names the address of each of HAProxy's servers.
        for c in &plan.configs {
            for pool in &c.config.pools {
                for server in &pool.servers {
                    let Some(name) = &server.name else { continue };
                    let label = format!("{}/{name}", pool.name);
                    let by_address = peers.instance(&server.address);
                    let by_name = plan.named(name);
                    if let Some(i) = peers.instance(&label).or(by_address).or(by_name) {
                        claim(&mut peers, &label, i, "config-name", 0);
                        // Of instances that listen on one port of different hosts, the name tells whose the address is.
                        let has_port = |a: &String| port(a).is_some() && port(a) == port(&server.address);
                        if by_address.is_none() && peers.listening(i).iter().any(has_port) {
                            claim(&mut peers, &server.address, i, "config-name", 0);
                        }
                    }
                }
            }
        }
        // A server named as an instance is that instance.
        for (label, text) in &world.labels {
            let Some((_, name)) = text.split_once('/') else { continue };
            if peers.by_hash(*label).is_none()
                && let Some(i) = plan.named(name)
            {
                claim(&mut peers, text, i, "server-name", 0);
            }
        }
        // httpd resolves a server's name, says both where it cannot connect, and elsewhere the name alone.
        let both: BTreeSet<(&str, &str)> =
            world.errors.iter().filter_map(|m| mechanism::apache::named(&m.e.message)).collect();
        let mut by_name: BTreeMap<&str, BTreeSet<Option<usize>>> = BTreeMap::new();
        for (address, name) in both {
            by_name.entry(name).or_default().insert(peers.instance(address));
        }
        for (name, instances) in by_name {
            let mut one = instances.into_iter();
            if let (Some(Some(i)), None, None) = (one.next(), one.next(), peers.instance(name)) {
                claim(&mut peers, name, i, "error-line", 0);
            }
        }
        for (address, i) in only_ones(plan, world) {
            claim(&mut peers, &address, i, ONLY_ONE, 0);
        }
        peers
    }

    /// The backend to which all proxies send, as there is but one: see [`only_ones`].
    pub fn only_one(&self) -> Option<usize> {
        self.claims.iter().position(|c| c.iter().any(|c| c.reason == ONLY_ONE))
    }

    /// The instance for an address that nobody claims: the one with the name of the host, or the only one that is left, as it gets
    /// traffic from this proxy and no other address of the proxy leads to it.
    pub fn only_left(&self, plan: &Plan, proxy: usize, label: &str) -> Option<usize> {
        // Of services in containers, the name of the host is the name of the service.
        if let Some(named) = host(label).and_then(|host| plan.named(host)) {
            return Some(named);
        }
        if host(label)
            .is_some_and(|h| !self.on_host(label).is_empty() && h.parse::<std::net::IpAddr>().is_ok())
        {
            return None;
        }
        let claimed: Vec<usize> = self.by_label.values().copied().collect();
        let mut free = (0..plan.instances.len()).filter(|i| {
            !plan.instances[*i].is_proxy
                && !claimed.contains(i)
                && self.traffic.get(&(proxy, *i)).is_some_and(|n| *n >= MIN_VOTES)
        });
        match (free.next(), free.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// For each label, the instances in whose logs its successful requests turn up.
    fn votes(
        &mut self,
        plan: &Plan,
        world: &World,
        index: &Index<'_>,
        clocks: &ClockModel,
    ) -> BTreeMap<u64, BTreeMap<usize, u64>> {
        let is_proxy = |i: usize| plan.instances[i].is_proxy;
        self.inner_faces = inner_faces(plan, world);
        let arrivals = Arrivals::new(plan, clocks, &self.inner_faces);
        // The requests that proxies sent on, with the lines that name the same.
        let sent = |group: &Group<'_>, each: &mut dyn FnMut(&Entry)| {
            for e in group.entries() {
                let Row::Request(i) = e.row else { continue };
                let was_sent =
                    is_proxy(e.instance as usize) && (200..500).contains(&e.status) && e.tries <= 1;
                if was_sent && (world.complete.is_none() || world.has_all(world.requests[i as usize].r.key)) {
                    each(&e);
                }
            }
        };
        if plan.instances.iter().filter(|i| i.is_proxy).count() > 1 {
            // Which proxies stand behind which: most of what the one sends turns up in the other.
            let parts = index.groups(|(passed, total): &mut (Count<(usize, usize)>, Count<usize>), group| {
                sent(group, &mut |e| {
                    let proxy = e.instance as usize;
                    *total.entry(proxy).or_default() += 1;
                    for i in arrivals.of(e, group).filter(|i| is_proxy(*i)) {
                        *passed.entry((proxy, i)).or_default() += 1;
                    }
                });
            });
            let (mut passed, mut total) = (Count::new(), Count::new());
            for (p, t) in parts {
                add(&mut passed, p);
                add(&mut total, t);
            }
            let received = |i: usize| total.get(&i).copied().unwrap_or(0);
            self.chains = passed
                .into_iter()
                .filter(|((p, q), n)| *n >= MIN_VOTES && n * 10 >= 8 * received(*p).min(received(*q)))
                .map(|(pair, _)| pair)
                .collect();
        }
        let parts = index.groups(|found: &mut Found, group| {
            sent(group, &mut |e| {
                let (proxy, at) = (e.instance as usize, &mut found.at);
                at.clear();
                for i in arrivals.of(e, group) {
                    if !at.contains(&i) && (!is_proxy(i) || self.chains.contains(&(proxy, i))) {
                        at.push(i);
                        // Backends only: one more says no more than two.
                        if at.len() > 1 && self.chains.is_empty() {
                            break;
                        }
                    }
                }
                // Of a chain, the next proxy; behind it the request turns up again.
                if at.iter().any(|i| is_proxy(*i)) {
                    at.retain(|i| is_proxy(*i));
                }
                // One that fits several instances says nothing for or against.
                if e.server != 0 && at.len() <= 1 {
                    *found.sent.entry(e.server).or_default() += 1;
                }
                if let [one] = at[..] {
                    *found.traffic.entry((proxy, one)).or_default() += 1;
                    if e.server != 0 {
                        *found.votes.entry((e.server, one)).or_default() += 1;
                    }
                }
            });
        });
        let mut votes: BTreeMap<u64, BTreeMap<usize, u64>> = BTreeMap::new();
        for part in parts {
            add(&mut self.sent, part.sent);
            add(&mut self.traffic, part.traffic);
            for ((label, instance), n) in part.votes {
                *votes.entry(label).or_default().entry(instance).or_default() += n;
            }
        }
        votes
    }
}

/// The one address that the proxies' configurations and lines know, and the one backend whose logs there are: a backend that never
/// answered has nothing else to be known by. The pools of one PHP-FPM have an address each, and one log.
fn only_ones(plan: &Plan, world: &World) -> Vec<(String, usize)> {
    let is_one = |i: &usize| !plan.instances[*i].is_proxy && !plan.is_rest(*i);
    let mut backends: Vec<usize> = (0..plan.instances.len()).filter(is_one).collect();
    if backends.len() > 1 {
        let servers = servers(world);
        backends.retain(|i| servers.contains(i));
    }
    let [one] = backends[..] else { return Vec::new() };
    let pools = plan.configs.iter().flat_map(|c| &c.config.pools);
    let configured = pools.flat_map(|p| p.servers.iter().map(|s| s.address.as_str()));
    let named = world.labels.values().map(String::as_str);
    let is_address = |a: &&str| port(a).is_some() || a.starts_with("unix:");
    let addresses: BTreeSet<&str> = configured.chain(named).filter(is_address).collect();
    let mut routes = plan.configs.iter().flat_map(|c| &c.config.routes).peekable();
    let are_pools =
        routes.peek().is_some() && routes.all(|r| r.scheme == "fastcgi") && is_php_fpm(world, one);
    if addresses.len() > 1 && !are_pools {
        return Vec::new();
    }
    addresses.into_iter().map(|address| (address.to_owned(), one)).collect()
}

fn is_php_fpm(world: &World, instance: usize) -> bool {
    let mut own = world.logs.iter().filter(|m| m.instance == instance).filter_map(|m| m.e.signal.as_ref());
    own.any(|s| s.id.starts_with("fpm-"))
}

/// The instances whose logs show that they serve: they have requests, or tell of the life of a process that is no database. What a
/// scheduler or a database logs is beside the matter.
fn servers(world: &World) -> BTreeSet<usize> {
    let lives = |m: &&crate::timeline::Moment<crate::event::LogEvent>| {
        let of_process = |h: &crate::event::SignalHit| {
            h.meaning.is_lifecycle()
                && matches!(h.scope, Scope::Process | Scope::Worker)
                && !h.id.starts_with("db-")
        };
        m.e.signal.as_ref().is_some_and(of_process)
    };
    let alive = world.logs.iter().filter(lives).map(|m| m.instance);
    world.requests.iter().map(|r| r.instance).chain(alive).collect()
}

/// Adds to the lists of each instance what is not in them yet.
fn merge<T>(mine: &mut [Vec<T>], others: Vec<Vec<T>>, same: impl Fn(&T, &T) -> bool) {
    for (list, other) in mine.iter_mut().zip(others) {
        for one in other {
            if !list.iter().any(|own| same(own, &one)) {
                list.push(one);
            }
        }
    }
}

type Count<K> = BTreeMap<K, u64>;

fn add<K: Ord>(sum: &mut Count<K>, part: Count<K>) {
    part.into_iter().for_each(|(k, n)| *sum.entry(k).or_default() += n);
}

/// Where requests turned up, of a part of them.
#[derive(Default)]
struct Found {
    sent: Count<u64>,
    traffic: Count<(usize, usize)>,
    /// By label and instance.
    votes: Count<(u64, usize)>,
    /// The instances of the request that is looked at.
    at: Vec<usize>,
}

/// What each instance sees of the clients of a proxy before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Face {
    /// A backend: whatever it sees.
    Backend,
    /// A proxy whose clients are the same few addresses, as behind another proxy.
    Few,
    /// A proxy with many clients: behind another one only if it is told the same clients.
    Many,
}

fn inner_faces(plan: &Plan, world: &World) -> Vec<Face> {
    let mut clients: Vec<BTreeSet<u64>> = vec![BTreeSet::new(); plan.instances.len()];
    for t in &world.requests {
        let seen = &mut clients[t.instance];
        if plan.instances[t.instance].is_proxy && seen.len() <= FEW {
            seen.insert(t.r.client);
        }
    }
    let face = |(i, seen): (usize, &BTreeSet<u64>)| match (plan.instances[i].is_proxy, seen.len() <= FEW) {
        (false, _) => Face::Backend,
        (true, true) => Face::Few,
        (true, false) => Face::Many,
    };
    clients.iter().enumerate().map(face).collect()
}

/// Why the only backend has the only address.
const ONLY_ONE: &str = "only-one";
/// A proxy behind others has at most this many clients.
const FEW: usize = 5;

/// What tells in whose logs a served request can be found.
struct Arrivals<'a> {
    faces: &'a [Face],
    /// By instance: how far its moments may be off; none where its clock is not known.
    bands: Vec<Option<i64>>,
    widest: i64,
}

impl<'a> Arrivals<'a> {
    fn new(plan: &Plan, clocks: &ClockModel, faces: &'a [Face]) -> Arrivals<'a> {
        let band = |i: usize| clocks.is_known(i).then(|| clocks.band(i) + SLACK);
        let bands = (0..plan.instances.len()).map(band).collect();
        Arrivals { faces, bands, widest: clocks.widest_band() + SLACK }
    }

    /// The instances of the lines that can be the other side of a request.
    fn of<'b>(&'b self, own: &'b Entry, group: &'b Group<'_>) -> impl Iterator<Item = usize> + 'b {
        let near = group.near(own.agent, own.start.0 - self.widest, own.end.1 + self.widest);
        near.filter_map(move |e| {
            let i = e.instance as usize;
            // What is cheap and rules out most comes first.
            if e.instance == own.instance {
                return None;
            }
            let fits = |band: i64| e.lo <= own.end.1 + band && e.hi >= own.start.0 - band;
            let same = e.status == 0 || e.status == own.status;
            let known = self.faces[i] != Face::Many || e.client == own.client;
            (same && known && self.bands[i].is_some_and(fits)).then_some(i)
        })
    }
}

/// Host part of `host:port`.
pub(crate) fn host(address: &str) -> Option<&str> {
    if address.starts_with("unix:") {
        return None;
    }
    address.rsplit_once(':').map(|(h, _)| h.trim_matches(['[', ']']))
}

/// Port part of `host:port`.
pub(crate) fn port(address: &str) -> Option<u16> {
    address.rsplit_once(':').and_then(|(_, p)| p.parse().ok())
}

pub(crate) fn is_wildcard(host: &str) -> bool {
    matches!(host, "0.0.0.0" | "::" | "*" | "" | "localhost" | "127.0.0.1" | "::1")
}

fn listening(plan: &Plan, world: &World) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new(); plan.instances.len()];
    for m in &world.logs {
        let Some(s) = &m.e.signal else { continue };
        if !matches!(s.meaning, Meaning::ProcessReady | Meaning::ProcessStarting) {
            continue;
        }
        if let Some(a) = s.address.as_deref().and_then(normal_address)
            && !out[m.instance].contains(&a)
        {
            out[m.instance].push(a);
        }
    }
    out
}

/// `http://10.0.0.1:80/`, `http-nio-10.0.0.1-80`, `unix:/run/a.sock` → `10.0.0.1:80`, `unix:/run/a.sock`.
fn normal_address(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(['/', ',', '.', ')']);
    if let Some(i) = text.find("unix:") {
        return Some(text[i..].replace("unix://", "unix:"));
    }
    if text.starts_with('/') {
        return Some(format!("unix:{text}"));
    }
    let rest = text.split_once("://").map_or(text, |(_, r)| r);
    let rest = rest.split('/').next().unwrap_or(rest);
    if let Some((h, p)) = rest.rsplit_once(':') {
        let ok = p.parse::<u16>().is_ok() && !h.is_empty();
        return ok.then(|| format!("{h}:{p}"));
    }
    // Tomcat's connector names: protocol, address and port joined by dashes.
    let (h, p) = rest.rsplit_once('-')?;
    let h = h.rsplit_once('-').map_or(h, |(_, h)| h);
    (p.parse::<u16>().is_ok() && h.contains('.')).then(|| format!("{h}:{p}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let normal = |t: &str| normal_address(t);
        assert_eq!(normal("http://10.20.1.11:21101").as_deref(), Some("10.20.1.11:21101"));
        assert_eq!(normal("http-nio-10.20.1.21-21110").as_deref(), Some("10.20.1.21:21110"));
        assert_eq!(normal("unix:/run/shop/a.sock").as_deref(), Some("unix:/run/shop/a.sock"));
        assert_eq!(normal("/run/shop/a.sock").as_deref(), Some("unix:/run/shop/a.sock"));
        assert_eq!(normal("nowhere"), None);
        assert_eq!((host("10.0.0.1:80"), port("10.0.0.1:80")), (Some("10.0.0.1"), Some(80)));
    }
}
