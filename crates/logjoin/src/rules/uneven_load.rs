//! One of several servers gets more than its share and is overloaded by it, while the others have room.

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::UnevenLoad,
    seen_as: &[
        Mechanism::ReadTimeout,
        Mechanism::ConnectTimeout,
        Mechanism::QueueTimeout,
        Mechanism::BacklogFull,
    ],
    needs: "three times the load of the other servers, and no failures at those",
    refuted_by: "weights or stickiness that give this server its share on purpose",
    judge,
};

/// A server is loaded unevenly when it gets this many times the median of the others.
const FACTOR: usize = 3;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let overloaded = matches!(
        case.mechanism,
        Mechanism::ReadTimeout | Mechanism::ConnectTimeout | Mechanism::QueueTimeout | Mechanism::BacklogFull
    );
    if !overloaded {
        return None;
    }
    let me = case.instance?;
    let scene = case.scene;
    let (from, to) = (case.start - 10 * SECOND, case.end + SECOND);
    let siblings = siblings(case, me);
    if siblings.is_empty() {
        return None;
    }
    let load = |i: usize| scene.served(i, from, to) + scene.failed_at(i, from, to).len();
    let mine = load(me);
    // A server of twice the weight is meant to get twice as much.
    let own = weight(case, me);
    let mut others: Vec<usize> = siblings.iter().map(|i| load(*i) * own / weight(case, *i)).collect();
    others.sort_unstable();
    let median = others[others.len() / 2];
    let healthy = siblings.iter().all(|i| scene.failed_at(*i, from, to).is_empty());
    // An overloaded server works as hard as it can, which is at least what the others are asked for.
    let mut served: Vec<usize> =
        siblings.iter().map(|i| scene.served(*i, from, to) * own / weight(case, *i)).collect();
    served.sort_unstable();
    let busy = scene.served(me, from, to) * 2 >= served[served.len() / 2];
    (mine >= 20 && median > 0 && mine > FACTOR * median && healthy && busy).then(|| {
        Verdict::new(CauseId::UnevenLoad, 0.93)
            .own(case, "this server got several times the requests of the others, which had no failures")
    })
}

/// The configured weight of an instance, where a pool has it; 1 where nothing is said.
fn weight(case: &Case<'_>, instance: usize) -> usize {
    let scene = case.scene;
    let pools = scene.plan.configs.iter().flat_map(|c| &c.config.pools);
    let mut servers = pools.flat_map(|p| p.servers.iter().map(move |s| (p, s)));
    let found = servers.find(|(pool, s)| {
        let by_name = s.name.as_ref().and_then(|n| scene.peers.instance(&format!("{}/{n}", pool.name)));
        by_name.or_else(|| scene.peers.instance(&s.address)) == Some(instance)
    });
    found.map_or(1, |(_, s)| s.weight.max(1) as usize)
}

/// Instances that the same proxy sends to under the same pool.
pub(super) fn siblings(case: &Case<'_>, me: usize) -> Vec<usize> {
    let scene = case.scene;
    let pools = scene.plan.configs.iter().flat_map(|c| &c.config.pools);
    let resolve = |pool: &logjoin_config::Pool| -> Vec<usize> {
        pool.servers
            .iter()
            .filter_map(|s| {
                let by_label =
                    s.name.as_ref().and_then(|n| scene.peers.instance(&format!("{}/{n}", pool.name)));
                by_label.or_else(|| scene.peers.instance(&s.address))
            })
            .collect()
    };
    for pool in pools {
        let members = resolve(pool);
        if members.contains(&me) && members.len() > 1 {
            return members.into_iter().filter(|i| *i != me).collect();
        }
    }
    if !scene.plan.configs.is_empty() {
        return Vec::new();
    }
    // Without a configuration: what else this proxy sends to.
    let traffic = |i: &usize| scene.peers.traffic.get(&(case.proxy, *i)).is_some_and(|n| *n >= 10);
    (0..scene.plan.instances.len())
        .filter(|i| *i != me && !scene.plan.instances[*i].is_proxy && traffic(i))
        .collect()
}
