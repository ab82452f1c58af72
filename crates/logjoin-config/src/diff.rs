//! What changed from one version of a configuration to the next, in what decides about failures.

use crate::{Place, Pool, ProxyConfig, Route, Server, Timeouts};

/// What a [`Change`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A pool came or went, or chooses its servers in another way.
    Pool,
    /// A server came or went, moved to another address, or has other parameters.
    Server,
    /// A route came or went, or leads elsewhere.
    Route,
    /// A limit of time.
    Timeout,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Sort of change.
    pub kind: ChangeKind,
    /// What it is about: `server api-2 of api`, `read timeout of shop.example /`.
    pub what: String,
    /// The value before; `None` if it came.
    pub before: Option<String>,
    /// The value after; `None` if it went.
    pub after: Option<String>,
    /// Where it stands in the new version; in the old one if it went.
    pub place: Place,
}

/// The differences in pools, servers, routes and limits, in the order of the new version, what went last.
pub fn diff(old: &ProxyConfig, new: &ProxyConfig) -> Vec<Change> {
    let mut changes = Vec::new();
    let out = &mut changes;
    pairs(
        &old.pools,
        &new.pools,
        |a, b| a.name == b.name,
        |old, new| match (old, new) {
            (Some(old), Some(new)) => pool(old, new, out),
            (None, Some(new)) => {
                add(out, ChangeKind::Pool, format!("pool {}", new.name), None, Some(members(new)), &new.place)
            }
            (Some(old), None) => {
                add(out, ChangeKind::Pool, format!("pool {}", old.name), Some(members(old)), None, &old.place)
            }
            (None, None) => {}
        },
    );
    let same = |a: &Route, b: &Route| {
        a.server_names == b.server_names && a.path == b.path && a.matching == b.matching && a.scope == b.scope
    };
    pairs(&old.routes, &new.routes, same, |old, new| match (old, new) {
        (Some(old), Some(new)) => route(old, new, out),
        (None, Some(new)) => add(out, ChangeKind::Route, label(new), None, Some(leads_to(new)), &new.place),
        (Some(old), None) => add(out, ChangeKind::Route, label(old), Some(leads_to(old)), None, &old.place),
        (None, None) => {}
    });
    changes
}

/// Pairs each of `new` with the first unpaired of `old` that is the same one; then what is left of `old`.
fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    same: impl Fn(&T, &T) -> bool,
    mut each: impl FnMut(Option<&'a T>, Option<&'a T>),
) {
    let mut free: Vec<&T> = old.iter().collect();
    for item in new {
        let at = free.iter().position(|candidate| same(candidate, item));
        each(at.map(|at| free.remove(at)), Some(item));
    }
    for item in free {
        each(Some(item), None);
    }
}

fn add(
    out: &mut Vec<Change>,
    kind: ChangeKind,
    what: String,
    before: Option<String>,
    after: Option<String>,
    place: &Place,
) {
    if before != after {
        out.push(Change { kind, what, before, after, place: place.clone() });
    }
}

fn members(pool: &Pool) -> String {
    pool.servers.iter().map(|server| server.address.as_str()).collect::<Vec<_>>().join(", ")
}

fn pool(old: &Pool, new: &Pool, out: &mut Vec<Change>) {
    let name = &new.name;
    add(
        out,
        ChangeKind::Pool,
        format!("balance of {name}"),
        old.balance.clone(),
        new.balance.clone(),
        &new.place,
    );
    for (what, before, after) in [
        ("keepalive", old.keepalive.map(u64::from), new.keepalive.map(u64::from)),
        ("keepalive timeout", old.keepalive_timeout_ms, new.keepalive_timeout_ms),
        ("retries", old.retries.map(u64::from), new.retries.map(u64::from)),
    ] {
        let kind = if what == "keepalive timeout" { ChangeKind::Timeout } else { ChangeKind::Pool };
        let unit = if what == "keepalive timeout" { " ms" } else { "" };
        let text = |value: Option<u64>| value.map(|value| format!("{value}{unit}"));
        add(out, kind, format!("{what} of {name}"), text(before), text(after), &new.place);
    }
    // The limits of an anonymous pool are those of its routes.
    if !new.anonymous {
        timeouts(&old.timeouts, &new.timeouts, &format!("pool {name}"), &new.place, out);
    }
    // The same name, else the same address, else the one in the same place of what is left: a server that moved.
    let same = |a: &Server, b: &Server| a.name == b.name && (a.name.is_some() || a.address == b.address);
    let mut came = Vec::new();
    let mut went = Vec::new();
    pairs(&old.servers, &new.servers, same, |before, after| match (before, after) {
        (Some(before), Some(after)) => server(before, after, name, out),
        (None, Some(after)) => came.push(after),
        (Some(before), None) => went.push(before),
        (None, None) => {}
    });
    let (mut came, mut went) = (came.into_iter(), went.into_iter());
    loop {
        match (went.next(), came.next()) {
            (Some(before), Some(after)) => server(before, after, name, out),
            (None, Some(after)) => {
                add(
                    out,
                    ChangeKind::Server,
                    title(after, name),
                    None,
                    Some(after.address.clone()),
                    &after.place,
                );
            }
            (Some(before), None) => {
                add(
                    out,
                    ChangeKind::Server,
                    title(before, name),
                    Some(before.address.clone()),
                    None,
                    &before.place,
                );
            }
            (None, None) => break,
        }
    }
}

/// Reads one value of a server.
type Value<T> = fn(&Server) -> Option<T>;

fn title(server: &Server, pool: &str) -> String {
    format!("server {} of {pool}", server.name.as_deref().unwrap_or(&server.address))
}

fn server(old: &Server, new: &Server, pool: &str, out: &mut Vec<Change>) {
    let what = title(new, pool);
    add(
        out,
        ChangeKind::Server,
        what.clone(),
        Some(old.address.clone()),
        Some(new.address.clone()),
        &new.place,
    );
    let check = |server: &Server| {
        server
            .check
            .as_ref()
            .map(|c| format!("{} every {} ms, rise {}, fall {}", c.kind, c.interval_ms, c.rise, c.fall))
    };
    let text = |value: Option<u64>| value.map(|value| value.to_string());
    let numbers: [(&str, Value<u64>); 4] = [
        ("weight", |s| Some(u64::from(s.weight))),
        ("max_fails", |s| s.max_fails.map(u64::from)),
        ("fail_timeout (ms)", |s| s.fail_timeout_ms),
        ("max connections", |s| s.max_conns.map(u64::from)),
    ];
    for (name, value) in numbers {
        add(
            out,
            ChangeKind::Server,
            format!("{name} of {what}"),
            text(value(old)),
            text(value(new)),
            &new.place,
        );
    }
    let flags: [(&str, Value<bool>); 3] =
        [("backup", |s| Some(s.backup)), ("disabled", |s| Some(s.disabled)), ("tls", |s| Some(s.tls))];
    for (name, value) in flags {
        let text = |server: &Server| value(server).map(|on| if on { "on" } else { "off" }.to_owned());
        add(out, ChangeKind::Server, format!("{name} of {what}"), text(old), text(new), &new.place);
    }
    add(out, ChangeKind::Server, format!("check of {what}"), check(old), check(new), &new.place);
    add(
        out,
        ChangeKind::Server,
        format!("scheme of {what}"),
        old.scheme.clone(),
        new.scheme.clone(),
        &new.place,
    );
    timeouts(&old.timeouts, &new.timeouts, &what, &new.place, out);
}

fn label(route: &Route) -> String {
    let host = route.server_names.first().map_or("", String::as_str);
    let scope = if host.is_empty() { route.scope.first().map_or("", String::as_str) } else { host };
    format!("route {scope} {}", route.path).trim_end().to_owned()
}

fn leads_to(route: &Route) -> String {
    match route.target.split_once("://") {
        Some(_) => format!("{}{}", route.target, route.uri.as_deref().unwrap_or("")),
        None => format!("{}://{}{}", route.scheme, route.target, route.uri.as_deref().unwrap_or("")),
    }
}

fn route(old: &Route, new: &Route, out: &mut Vec<Change>) {
    let what = label(new);
    add(out, ChangeKind::Route, what.clone(), Some(leads_to(old)), Some(leads_to(new)), &new.place);
    let next = |route: &Route| route.next_upstream.clone();
    add(out, ChangeKind::Route, format!("next upstream of {what}"), next(old), next(new), &new.place);
    let room = |route: &Route| route.buffers.map(|bytes| format!("{bytes} bytes"));
    add(out, ChangeKind::Route, format!("header buffer of {what}"), room(old), room(new), &new.place);
    timeouts(&old.timeouts, &new.timeouts, &what, &new.place, out);
}

fn timeouts(old: &Timeouts, new: &Timeouts, of: &str, place: &Place, out: &mut Vec<Change>) {
    for ((name, before), (_, after)) in old.fields().into_iter().zip(new.fields()) {
        let text = |value: Option<u64>| value.map(|ms| format!("{ms} ms"));
        add(out, ChangeKind::Timeout, format!("{name} timeout of {of}"), text(before), text(after), place);
    }
}
