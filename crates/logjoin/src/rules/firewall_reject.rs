//! An active refusal that is not the backend's: a filter answers with a reset or an ICMP message. The backend listens on this very
//! address and serves others at the same moment, and nobody reloaded the proxy.

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::FirewallReject,
    refuted_by: "the backend's port was closed for everyone at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let instance = case.instance?;
    let scene = case.scene;
    let blocked = case.near(&[Meaning::FirewallBlocked], 10 * SECOND, 10 * SECOND);
    let alive = scene.served_around(instance, case.start, case.end);
    match case.mechanism {
        Mechanism::Refused | Mechanism::ConnectFailed if alive && case.down().is_none() => {
            let label = case.label()?;
            let answered_before = scene.label_served(label, i64::MIN / 4, case.start) > 0;
            let confidence = match (blocked.is_empty(), answered_before) {
                (false, _) => 0.9,
                (true, true) => 0.65,
                (true, false) => 0.35,
            };
            let v = Verdict::new(CauseId::FirewallReject, confidence).own(case, "refused while the backend served others on the same port");
            Some(if blocked.is_empty() { v } else { v.signs("the firewall logged it", &blocked) })
        }
        // A host that is gone takes seconds to be found unreachable; a filter says no at once, while the host lives.
        Mechanism::NoRoute if alive => {
            let confidence = if blocked.is_empty() { 0.6 } else { 0.92 };
            Some(Verdict::new(CauseId::FirewallReject, confidence).own(case, "said to be unreachable while the backend served others"))
        }
        _ => None,
    }
}
