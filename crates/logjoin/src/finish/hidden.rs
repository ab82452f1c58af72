//! Failed attempts that a retry hid: their clients were served, and nobody complained.

use std::collections::BTreeMap;

use super::line_ref;
use crate::analysis::{Count, HiddenFailures, Time};
use crate::event::At;
use crate::scene::Scene;
use crate::vocabulary::Mechanism;

const LINES: usize = 5;

struct Tally {
    count: u64,
    first: i64,
    last: i64,
    by: BTreeMap<Mechanism, u64>,
    lines: Vec<At>,
}

/// By proxy and server, the most first.
pub(super) fn hidden(scene: &Scene<'_>) -> Vec<HiddenFailures> {
    let mut by: BTreeMap<(usize, String), Tally> = BTreeMap::new();
    for f in scene.failing.iter().filter(|f| f.is_hidden) {
        let t = &scene.world.requests[f.request];
        let mut add = |server: String, mechanism: Mechanism, n: u64| {
            let tally = by.entry((t.instance, server)).or_insert_with(|| Tally {
                count: 0,
                first: f.end_ns,
                last: f.end_ns,
                by: BTreeMap::new(),
                lines: Vec::new(),
            });
            tally.count += n;
            tally.first = tally.first.min(f.end_ns);
            tally.last = tally.last.max(f.until());
            *tally.by.entry(mechanism).or_default() += n;
            if tally.lines.last() != Some(&t.r.at) {
                tally.lines.push(t.r.at);
            }
        };
        // HAProxy counts its retries (of connections that did not come about) and names the last server only.
        let haproxy = t.r.detail.as_deref().and_then(|d| d.haproxy.as_ref());
        if let Some(h) = haproxy {
            let pool = h.backend.as_deref().unwrap_or_default();
            let server = match &h.server {
                Some(s) if !h.is_redispatched => format!("{pool}/{}", s.as_str()),
                _ => pool.to_owned(),
            };
            add(server, Mechanism::ConnectFailed, h.retries.max(1) as u64 * f.n());
            continue;
        }
        for tried in f.tries.iter().rev().skip(1) {
            add(tried.label.as_ref().map(String::from).unwrap_or_default(), tried.mechanism, f.n());
        }
    }
    let mut out: Vec<HiddenFailures> = by
        .into_iter()
        .map(|((proxy, server), mut t)| {
            t.lines.sort_unstable();
            let mut by_mechanism: Vec<Count> =
                t.by.iter().map(|(m, n)| Count { value: m.to_string(), count: *n }).collect();
            by_mechanism.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            HiddenFailures {
                proxy: scene.plan.instances[proxy].name.clone(),
                server,
                count: t.count,
                first: Time::at(t.first),
                last: Time::at(t.last),
                by_mechanism,
                lines: t.lines.iter().take(LINES).map(|at| line_ref(scene.plan, *at)).collect(),
            }
        })
        .collect();
    out.sort_by(|a, b| {
        (std::cmp::Reverse(a.count), &a.proxy, &a.server).cmp(&(
            std::cmp::Reverse(b.count),
            &b.proxy,
            &b.server,
        ))
    });
    out
}
