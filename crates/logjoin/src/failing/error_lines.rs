//! Which lines of a proxy's error log are about which failed request.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::Product;

use super::SECOND;
use crate::mechanism::{self, address_of_url};
use crate::plan::Plan;
use crate::text::Text;
use crate::timeline::World;

/// Stamps are no coarser than this.
const COARSEST: i64 = 60 * SECOND;

/// Error lines of each candidate, in the order of `found`.
pub(super) fn join(plan: &Plan, world: &World, found: &[usize]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); found.len()];
    let mut taken = vec![false; world.errors.len()];
    for (instance, i) in plan.instances.iter().enumerate().filter(|(_, i)| i.is_proxy) {
        let mine: Vec<usize> =
            (0..found.len()).filter(|f| world.requests[found[*f]].instance == instance).collect();
        if i.product == Product::Apache {
            apache_errors(world, found, &mine, instance, &mut taken, &mut out);
        } else {
            nginx_errors(world, found, &mine, instance, &mut taken, &mut out);
        }
    }
    out
}

/// nginx: a failed request's last error line is written in the same moment as its access line, by the same
/// connection, with the same client and request, as far as the access log names them, and about the same server.
fn nginx_errors(
    world: &World,
    found: &[usize],
    mine: &[usize],
    instance: usize,
    taken: &mut [bool],
    out: &mut [Vec<usize>],
) {
    // What the access log does not name is zero, and is not asked for.
    let names = |i: usize| {
        let r = &world.requests[found[i]].r;
        (r.client != 0, r.target != 0)
    };
    let forms: BTreeSet<(bool, bool)> = mine.iter().map(|f| names(*f)).collect();
    let mut by_key: BTreeMap<(u64, u64, u64), Vec<usize>> = BTreeMap::new();
    for (i, m) in world.errors.iter().enumerate().filter(|(_, m)| m.instance == instance && m.e.client != 0) {
        for (has_client, has_target) in &forms {
            let client = if *has_client { m.e.client } else { 0 };
            let (method, target) = if *has_target { (m.e.method, m.e.target) } else { (0, 0) };
            by_key.entry((client, method, target)).or_default().push(i);
        }
    }
    for &f in mine {
        let t = &world.requests[found[f]];
        let method = if t.r.target != 0 { t.r.method } else { 0 };
        let Some(candidates) = by_key.get(&(t.r.client, method, t.r.target)) else { continue };
        let connection = t.r.detail.as_ref().and_then(|d| d.connection);
        // The same client or second may have other requests; the servers that were tried tell some of them apart.
        let is_named = names(f) == (true, true);
        let tries = t.r.detail.as_deref().map_or(&[][..], |d| d.tries.as_slice());
        let same_server = |i: &usize| {
            let server = world.errors[*i].e.upstream.as_deref().map(address_of_url);
            is_named
                || tries.is_empty()
                || server.is_none_or(|s| tries.iter().any(|t| t.address.as_deref().is_none_or(|a| a == s)))
        };
        // Both logs are stamped to the second, by a clock that is read once per turn of the event loop.
        let near_end = |i: &usize| {
            let m = &world.errors[*i];
            m.hi + SECOND > t.end_lo
                && m.lo < t.end_hi + SECOND
                && (connection.is_none() || m.e.connection == connection)
        };
        let since = |time: i64| &candidates[candidates.partition_point(|i| world.errors[*i].lo < time)..];
        let last = since(t.end_lo - SECOND - COARSEST)
            .iter()
            .copied()
            .take_while(|i| world.errors[*i].lo < t.end_hi + SECOND)
            .filter(|i| {
                !taken[*i]
                    && near_end(i)
                    && same_server(i)
                    && mechanism::nginx::of_error(&world.errors[*i].e).is_some()
            })
            .min_by_key(|i| {
                ((world.errors[*i].mid() - t.end_lo - (t.end_hi - t.end_lo) / 2).abs() / SECOND, *i)
            });
        let Some(last) = last else { continue };
        let same_connection = world.errors[last].e.connection;
        let start = if t.has_duration { t.start_lo - SECOND } else { t.end_lo - 120 * SECOND };
        for &i in since(start - COARSEST).iter().take_while(|i| **i <= last) {
            let m = &world.errors[i];
            if !taken[i] && m.e.connection == same_connection && m.hi > start {
                taken[i] = true;
                out[f].push(i);
            }
        }
    }
}

/// Apache: the lines of one request stand together in one thread; the first of them may lack the client.
fn apache_errors(
    world: &World,
    found: &[usize],
    mine: &[usize],
    instance: usize,
    taken: &mut [bool],
    out: &mut [Vec<usize>],
) {
    struct Group {
        lines: Vec<usize>,
        client: u64,
        port: Option<u16>,
        target: u64,
        /// `%L` or another id, where the error format has one.
        id: Option<Text>,
        used: bool,
    }
    let mut open: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut of_thread: BTreeMap<(u32, u64), usize> = BTreeMap::new();
    for (i, m) in world.errors.iter().enumerate().filter(|(_, m)| m.instance == instance) {
        if mechanism::apache::of_error(&m.e).is_none() && m.e.code.as_deref() != Some("AH00959") {
            continue;
        }
        let thread = (m.e.pid, m.e.tid);
        if m.e.client == 0 {
            open.entry(thread).or_default().push(i);
            continue;
        }
        let mut lines = open.remove(&thread).unwrap_or_default();
        let first = lines.first().copied().unwrap_or(i);
        lines.push(i);
        // A further attempt of the same request: same thread, same connection, and the request is not finished by
        // a line that names its path.
        if let Some(g) = of_thread.get(&thread).map(|g| &mut groups[*g]) {
            let last = g.lines[g.lines.len() - 1];
            let same = g.client == m.e.client && g.port == m.e.client_port;
            let near = world.errors[first].lo - world.errors[last].lo
                < if lines.len() > 1 { 70 * SECOND } else { SECOND };
            if same && near && (g.target == 0 || m.e.target == 0 || g.target == m.e.target) {
                g.lines.extend(lines);
                g.target = if g.target == 0 { m.e.target } else { g.target };
                continue;
            }
        }
        of_thread.insert(thread, groups.len());
        groups.push(Group {
            lines,
            client: m.e.client,
            port: m.e.client_port,
            target: m.e.target,
            id: m.e.request_id.clone(),
            used: false,
        });
    }
    groups.sort_by_key(|g| g.lines[g.lines.len() - 1]);
    let mut by_client: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut by_id: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (i, g) in groups.iter().enumerate() {
        by_client.entry(g.client).or_default().push(i);
        if let Some(id) = &g.id {
            by_id.entry(id.clone()).or_default().push(i);
        }
    }
    // Groups of one client that are used up are not looked at again.
    let mut used_up: BTreeMap<u64, usize> = BTreeMap::new();
    // Access lines are written when requests end, so both logs are in the order of ends.
    for &f in mine {
        let t = &world.requests[found[f]];
        if t.r.status < 500 && t.r.detail.as_ref().is_none_or(|d| !d.aborted) {
            continue;
        }
        let detail = t.r.detail.as_deref();
        let id = detail.and_then(|d| d.error_log_id.clone().flatten());
        let of_client = by_client.get(&t.r.client).map_or(&[][..], Vec::as_slice);
        let skip = used_up.entry(t.r.client).or_default();
        while of_client.get(*skip).is_some_and(|g| groups[*g].used) {
            *skip += 1;
        }
        let named = id.as_ref().and_then(|id| by_id.get(id)).into_iter().flatten();
        // Groups are in the order of their last lines: those after the end of the request are of others.
        let is_over = |g: &usize| {
            let lines = &groups[*g].lines;
            t.has_duration && world.errors[lines[lines.len() - 1]].lo >= t.end_hi + SECOND / 10
        };
        let in_time = of_client[*skip..].iter().take_while(|g| !is_over(g));
        let candidates = || named.clone().chain(in_time.clone()).copied();
        // What httpd answers itself, it answers right after its last line; what a balancer's next member answers comes later.
        let ends_it = |g: &usize| {
            let lines = &groups[*g].lines;
            !t.has_duration || world.errors[lines[lines.len() - 1]].hi > t.end_lo - SECOND / 10
        };
        let fits = |g: &usize| {
            let g = &groups[*g];
            let first = &world.errors[g.lines[0]];
            let last = &world.errors[g.lines[g.lines.len() - 1]];
            let same_port =
                g.port.is_none() || detail.and_then(|d| d.client_port).is_none_or(|p| g.port == Some(p));
            // The line of the path has no query.
            let same_target =
                g.target == 0 || t.r.target == 0 || g.target == t.r.target || g.target == t.r.path;
            // What became of the last member of a balancer decides, not of those that it failed over from.
            let seen =
                || g.lines.iter().rev().filter_map(|l| mechanism::apache::of_error(&world.errors[*l].e));
            let decisive = seen().find(|(_, rank)| *rank > 1).or_else(|| seen().next());
            let plausible = decisive.is_none_or(|(m, _)| mechanism::apache::may_answer(m, t.r.status));
            let in_time = plausible
                && first.hi > t.start_lo - SECOND / 10
                && (!t.has_duration || last.lo < t.end_hi + SECOND / 10)
                && first.lo < t.start_hi + 600 * SECOND;
            // The id that both logs have decides alone.
            if let (Some(a), Some(b)) = (&g.id, &id) {
                return !g.used && a == b;
            }
            !g.used && g.client == t.r.client && same_port && same_target && in_time
        };
        let mut found = candidates().filter(fits);
        let group = found.clone().find(ends_it).or_else(|| found.next());
        if let Some(g) = group {
            groups[g].used = true;
            for &i in &groups[g].lines {
                taken[i] = true;
                out[f].push(i);
            }
        }
    }
}
