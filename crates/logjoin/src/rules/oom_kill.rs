//! A memory limit ended the process: the kernel's OOM killer, a cgroup, or the heap limit of the runtime.

use super::{Rule, Verdict};
use crate::scene::{Case, DownWhy, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::OomKill,
    seen_as: &[
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Truncated,
        Mechanism::Refused,
        Mechanism::ConnectFailed,
        Mechanism::NoSocket,
        Mechanism::ConnectTimeout,
        Mechanism::ReadTimeout,
    ],
    needs: "an out-of-memory line within 3 s, or before an absence that lasts",
    refuted_by: "the process that the kernel killed is not one of this backend's",
    judge,
};

/// A dying process closes its connections within this time of the kernel's line.
const CLOSE: i64 = 3 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => {
            let signs = case.near(&[Meaning::OomKill], CLOSE, CLOSE);
            (!signs.is_empty()).then(|| {
                Verdict::new(CauseId::OomKill, 0.95)
                    .signs(
                        "a process of the backend was killed for lack of memory as the connection closed",
                        &signs,
                    )
                    .own(case, "the connection closed before a response")
            })
        }
        Mechanism::Refused
        | Mechanism::ConnectFailed
        | Mechanism::NoSocket
        | Mechanism::ConnectTimeout
        | Mechanism::ReadTimeout => {
            let down = case.down()?;
            let sign = down.sign.filter(|_| down.why == DownWhy::OutOfMemory)?;
            let confidence = if case.mechanism == Mechanism::ReadTimeout { 0.75 } else { 0.92 };
            Some(
                Verdict::new(CauseId::OomKill, confidence)
                    .signs("the backend had been killed for lack of memory and was not ready again", &[sign])
                    .own(case, "nothing answered"),
            )
        }
        _ => None,
    }
}
