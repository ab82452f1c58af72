//! The proxy has taken out every server by its own counting. What made it count is the cause, where it can be found; this rule
//! is what is left.

use super::{Rule, Verdict};
use crate::scene::Case;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::NoLiveUpstreams,
    seen_as: &[Mechanism::NoServer],
    needs: "a proxy that had no server left to try",
    refuted_by: "the failures that made the proxy take its servers out, which are then the cause",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    (case.mechanism == Mechanism::NoServer).then(|| {
        Verdict::new(CauseId::NoLiveUpstreams, 0.45)
            .by_exclusion()
            .own(case, "the proxy had no server left to try")
    })
}
