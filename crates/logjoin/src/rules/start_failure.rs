//! A new process of the backend does not come up: a bad release, a failed migration, a port in use.

use super::{Rule, Verdict};
use crate::scene::{Case, DownWhy};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::StartFailure,
    seen_as: &[Mechanism::Refused, Mechanism::ConnectFailed, Mechanism::NoSocket],
    needs: "a failed start in the log of the backend",
    refuted_by: "the process that failed to start is not the one that serves this address",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket) {
        return None;
    }
    let down = case.down()?;
    let sign = down.sign.filter(|_| down.why == DownWhy::StartFailed)?;
    Some(
        Verdict::new(CauseId::StartFailure, 0.93)
            .signs("a new process of the backend failed to start", &[sign])
            .own(case, "nothing listened"),
    )
}
