//! Handlers never return: the proxy's timer runs out, and the backend's log, which covers the time, never shows the end of the request.

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::BackendHang,
    seen_as: &[Mechanism::ReadTimeout, Mechanism::SendTimeout, Mechanism::Stalled],
    needs: "a deadlock in the log of the backend, or a request whose end was never logged",
    refuted_by: "a line of the backend that shows the request completed",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::ReadTimeout | Mechanism::SendTimeout | Mechanism::Stalled) {
        return None;
    }
    let deadlock = case.near(&[Meaning::Deadlock], 60 * SECOND, 30 * SECOND);
    if !deadlock.is_empty() {
        let v = Verdict::new(CauseId::BackendHang, 0.93);
        return Some(
            v.signs("the backend reports a deadlock or stuck threads", &deadlock)
                .own(case, "the proxy's timer ran out"),
        );
    }
    if case.completed().is_some() {
        return None;
    }
    // A line that could be its end, or another request's, is there: it may have completed.
    if case.join.ambiguous {
        let text = "the proxy's timer ran out, and no line of the backend is surely this request's";
        return Some(Verdict::new(CauseId::BackendHang, 0.35).by_exclusion().own(case, text));
    }
    let covered = case.instance.and_then(|i| case.scene.covered(i)).is_some_and(|(_, hi)| hi > case.end);
    // Without a log that covers the time, what is slow and what never ends look alike, and most of it is slow.
    let confidence = if covered { 0.65 } else { 0.2 };
    Some(
        Verdict::new(CauseId::BackendHang, confidence)
            .by_exclusion()
            .own(case, "the proxy's timer ran out, and the backend never logged the end of the request"),
    )
}
