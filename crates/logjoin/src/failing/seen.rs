//! What nginx and httpd saw of a failed request: its attempts and their ends, from its error lines, its access line and the
//! configuration.

use std::collections::BTreeSet;

use super::{Attempted, Logged, SECOND, timers};
use crate::mechanism::{self, address_of_url};
use crate::plan::Plan;
use crate::text::Text;
use crate::timeline::{Timed, World};
use crate::vocabulary::Mechanism;

/// A timer of the configuration that ran out exactly when the proxy answered 504: no other line has to say so.
pub(super) fn by_timer(plan: &Plan, t: &Timed, tries: &[Attempted]) -> Option<Mechanism> {
    const NEAR: i64 = SECOND / 50;
    let last = tries.last().filter(|_| tries.len() > 1);
    let took = match last {
        Some(last) => last.logged.response_us?.checked_mul(1000)?,
        None => t.r.duration_ns?,
    };
    // Of durations in whole seconds too many fit.
    if t.r.unit_ns >= SECOND {
        return None;
    }
    let fits = |m| timers(plan, t.instance, m).any(|timer| (-NEAR / 4..=NEAR).contains(&(took - timer)));
    match (t.r.status, fits(Mechanism::ReadTimeout), fits(Mechanism::ConnectTimeout)) {
        (504, true, false) => Some(Mechanism::ReadTimeout),
        (504, false, true) => Some(Mechanism::ConnectTimeout),
        _ => None,
    }
}

pub(super) fn nginx(
    world: &World,
    errors: &[usize],
    tries: &mut Vec<Attempted>,
    detail: &crate::event::Detail,
    status: i32,
    would_be_said: bool,
) -> Mechanism {
    let said: Vec<(Mechanism, Option<Text>)> = errors
        .iter()
        .filter_map(|e| {
            let e = &world.errors[*e].e;
            let m = mechanism::nginx::of_error(e)?;
            Some((m, e.upstream.as_deref().map(|u| Text::from(address_of_url(u)))))
        })
        .collect();
    if tries.is_empty() {
        for (m, label) in &said {
            tries.push(Attempted { label: label.clone(), mechanism: *m, logged: Logged::default() });
        }
    }
    // Error lines and failed attempts come in the same order.
    let mut words = said.iter().peekable();
    for t in tries.iter_mut() {
        let logged = &t.logged;
        let same = words.peek().is_some_and(|(_, l)| l.is_none() || t.label.is_none() || *l == t.label);
        let answered = logged.header_us.is_some();
        if same
            && !(answered
                && words.peek().is_some_and(|(m, _)| !matches!(m, Mechanism::Truncated | Mechanism::Stalled)))
        {
            if let Some((m, label)) = words.next() {
                t.mechanism = *m;
                t.label = t.label.take().or_else(|| label.clone());
            }
        } else if answered {
            t.mechanism = Mechanism::FromBackend;
        } else if logged.status == Some(504) && (logged.connect_us.is_some() || detail.has_header_time) {
            t.mechanism =
                if logged.connect_us.is_some() { Mechanism::ReadTimeout } else { Mechanism::ConnectTimeout };
        } else if logged.status == Some(502) && detail.has_header_time {
            t.mechanism = if logged.connect_us.is_some() {
                Mechanism::ClosedBeforeHeaders
            } else {
                Mechanism::ConnectFailed
            };
        }
    }
    if let Some(last) = tries.last()
        && last.mechanism != Mechanism::Unknown
    {
        return last.mechanism;
    }
    if let Some((m, _)) = said.last() {
        return *m;
    }
    // The proxy has an error log, and nothing of this request stands in it: it did not make this answer.
    if would_be_said && status >= 500 && errors.is_empty() {
        let m =
            if detail.has_upstream && tries.is_empty() { Mechanism::Denied } else { Mechanism::FromBackend };
        if let Some(last) = tries.last_mut() {
            last.mechanism = m;
        }
        return m;
    }
    Mechanism::Unknown
}

pub(super) fn apache(
    plan: &Plan,
    world: &World,
    (proxy, status): (usize, i32),
    errors: &[usize],
    tries: &mut Vec<Attempted>,
    nothing_logged: bool,
) -> Mechanism {
    let mut said: Vec<Attempted> = Vec::new();
    let mut best: Option<(Mechanism, u8)> = None;
    for e in errors {
        let e = &world.errors[*e].e;
        let Some((m, rank)) = mechanism::apache::of_error(e) else { continue };
        let label = mechanism::apache::address(&e.message).map(Text::from);
        // One `attempt to connect` is one attempt; a summary line adds nothing to it. What an exchange ended with is of another
        // server than the one that could not be connected: a balancer went on to its next member.
        let connects = matches!(e.code.as_deref(), Some("AH00957" | "AH02454"));
        let is_next = said.last().is_none_or(|last: &Attempted| {
            let other = label.as_ref().is_some_and(|l| last.label.as_ref() != Some(l));
            rank > 1
                && (other
                    || never_connected(last.mechanism) && !never_connected(m) && m != Mechanism::NoServer)
        });
        if connects || is_next && (label.is_some() || !said.is_empty()) {
            // What a line before the first address says is of that server.
            if connects || !said.is_empty() {
                best = None;
            }
            said.push(Attempted { label, mechanism: m, logged: Logged::default() });
        }
        if best.is_none_or(|(_, r)| rank >= r) {
            best = Some((m, rank));
        }
    }
    if let Some(last) = said.last_mut() {
        match best {
            Some((m, rank)) if rank > 1 || last.mechanism == Mechanism::Unknown => last.mechanism = m,
            _ => best = Some((last.mechanism, 3)),
        }
    }
    if best.is_some_and(|(m, _)| never_connected(m))
        && let Some(label) = next_member(plan, proxy, &said)
    {
        said.push(Attempted {
            label,
            mechanism: Mechanism::FromBackend,
            logged: Logged { status: Some(status), ..Logged::default() },
        });
        best = Some((Mechanism::FromBackend, 3));
    }
    if !said.is_empty() {
        *tries = said;
    } else if let (Some(t), Some((m, _))) = (tries.last_mut(), best) {
        t.mechanism = m;
    }
    if let Some((m, _)) = best {
        return m;
    }
    // The error log says nothing: the answer is the backend's.
    if nothing_logged {
        if let Some(t) = tries.last_mut() {
            t.mechanism = Mechanism::FromBackend;
        }
        return Mechanism::FromBackend;
    }
    Mechanism::Unknown
}

/// Whether an attempt ended before there was a connection.
fn never_connected(m: Mechanism) -> bool {
    use Mechanism::{BacklogFull, ConnectFailed, ConnectTimeout, NoRoute, NoSocket, Permission, Refused};
    matches!(m, Refused | ConnectFailed | ConnectTimeout | NoRoute | NoSocket | BacklogFull | Permission)
}

/// The member of a balancer that must have answered, as others could not be connected and no line complains of this one: httpd
/// tries as many times as there are members (`maxattempts`), and says so when none is left (`modules/proxy/mod_proxy.c`,
/// `proxy_handler`; `mod_proxy_balancer.c`, AH01167). Its address, or none where it may be one of several.
fn next_member(plan: &Plan, proxy: usize, said: &[Attempted]) -> Option<Option<Text>> {
    let tried: BTreeSet<&str> = said.iter().filter_map(|t| t.label.as_deref()).collect();
    let in_force = plan.configs_of(proxy);
    let mut left = None;
    for pool in in_force.iter().flat_map(|c| &c.config.pools).filter(|p| p.servers.len() > 1) {
        let all = || pool.servers.iter().filter(|s| !s.disabled);
        if !tried.iter().all(|t| all().any(|s| s.address == *t)) {
            continue;
        }
        let most = pool.retries.map_or(pool.servers.len(), |n| n as usize + 1);
        let mut others = all().filter(|s| !tried.contains(s.address.as_str()));
        // Versions of a configuration, or balancers that share members, must agree that there was somebody left.
        let next = others.next().filter(|_| said.len() < most)?;
        let one = others.next().is_none().then(|| Text::from(next.address.as_str()));
        left = Some(one.filter(|_| left.is_none()));
    }
    left.filter(|_| !tried.is_empty())
}
