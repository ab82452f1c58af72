//! The path between proxy and backend became slow; the handlers did not. The backend's own durations are as ever, and end well
//! before the proxy gave up.

use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::LatencyDegradation,
    seen_as: &[Mechanism::ReadTimeout, Mechanism::ConnectTimeout, Mechanism::Stalled],
    needs: "the end of the request in the log of the backend, long before the proxy gave up",
    refuted_by: "the backend's durations grew as much as the proxy's",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::ReadTimeout | Mechanism::ConnectTimeout | Mechanism::Stalled) {
        return None;
    }
    let (row, status, end) = case.completed()?;
    let Row::Request(i) = row else { return None };
    let t = &case.scene.world.requests[i as usize];
    let handled = t.r.duration_ns?;
    let waited = case.end - case.start;
    (status < 500 && end < case.end - SECOND / 2 && handled * 4 < waited).then(|| {
        Verdict::new(CauseId::LatencyDegradation, 0.85).because(
            "the backend had finished the request quickly, long before the proxy gave up",
            [Cite::Request(i as usize)],
        )
    })
}
