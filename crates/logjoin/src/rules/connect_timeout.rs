//! Packets vanish: no answer to the SYN until the proxy's connect timer ran out, and no sign that the backend's queue was full.

use super::{Rule, Verdict};
use crate::scene::Case;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::ConnectTimeout,
    seen_as: &[Mechanism::ConnectTimeout],
    needs: "a connection attempt that ran into the timer",
    refuted_by: "a full accept queue in the backend at that moment, or SYNs that arrived there",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    (case.mechanism == Mechanism::ConnectTimeout).then(|| {
        Verdict::new(CauseId::ConnectTimeout, 0.75)
            .by_exclusion()
            .own(case, "no answer to the connection attempt in time")
    })
}
