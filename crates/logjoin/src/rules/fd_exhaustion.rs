//! The backend is out of file descriptors: it cannot accept, or cannot open what it needs (errno 24, `EMFILE`).

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::FdExhaustion,
    seen_as: &[],
    needs: "a line of the backend within 2 s that it is out of descriptors",
    refuted_by: "the process that ran out of descriptors is not the one that serves this address",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if matches!(
        case.mechanism,
        Mechanism::ClientGone | Mechanism::Dns | Mechanism::Permission | Mechanism::HeaderTooLarge
    ) {
        return None;
    }
    let waited = matches!(case.mechanism, Mechanism::ReadTimeout | Mechanism::ConnectTimeout);
    let signs = case.near(&[Meaning::FdExhausted], if waited { 2 * SECOND } else { SECOND }, SECOND);
    (!signs.is_empty()).then(|| {
        Verdict::new(CauseId::FdExhaustion, if waited { 0.95 } else { 0.85 })
            .signs("the backend could not open any more files or connections", &signs)
            .own(case, "the request got no answer")
    })
}
