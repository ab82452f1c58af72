//! The client went away before the answer: listed, no gateway failure.

use super::{Rule, Verdict};
use crate::scene::Case;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::ClientAbort,
    seen_as: &[Mechanism::ClientGone],
    needs: "the proxy to log that the client closed the connection",
    refuted_by: "the same clients leaving after the same time, as a device in front with a timer of its own does",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    (case.mechanism == Mechanism::ClientGone).then(|| {
        Verdict::new(CauseId::ClientAbort, 0.95)
            .own(case, "the proxy logged that the client closed the connection")
    })
}
