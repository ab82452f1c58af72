//! Packets vanish: no answer to the SYN until the proxy's connect timer ran out, and no sign that the backend's queue was full.

use super::worker_pool_exhausted::others_got_in;
use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
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
        // Where others are connected and wait in vain, the accept queue may be full: the kernel drops what is over.
        let waiting = case.fellows(Mechanism::ReadTimeout, 15 * SECOND, 5 * SECOND).next().is_some();
        let confidence = match (waiting, others_got_in(case).is_some()) {
            (_, true) => 0.25,
            (true, false) => 0.45,
            (false, false) => 0.75,
        };
        Verdict::new(CauseId::ConnectTimeout, confidence)
            .by_exclusion()
            .own(case, "the connection attempt timed out")
    })
}
