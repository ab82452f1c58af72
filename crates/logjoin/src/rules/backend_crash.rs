//! A process or worker died while in use: a signal, an uncaught exception, an abort. Requests in flight are closed, later
//! ones refused until it is back.

use super::{Rule, Verdict};
use crate::scene::{Case, DownWhy, MS, SECOND, distance};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::BackendCrash,
    seen_as: &[
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Truncated,
        Mechanism::Refused,
        Mechanism::ConnectFailed,
        Mechanism::NoSocket,
    ],
    needs: "a process of the backend that died within 2 s, or had died and was not ready again",
    refuted_by: "the process that died is another one, or it was told to stop before it died",
    judge,
};

/// The kernel closes the sockets of a dead process at once; stamps of one second and late loggers need the rest.
const CLOSE: i64 = 2 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => {
            let signs = case.near(&[Meaning::Crash], CLOSE, CLOSE);
            let nearest = signs.first()?;
            // The supervisor's own kill of a stuck worker is a time-out; memory has its own rule.
            let other = case.near(&[Meaning::WorkerTimeout, Meaning::OomKill], CLOSE, CLOSE);
            if other.iter().any(|o| distance(o, case.end) <= distance(nearest, case.end) + SECOND) {
                return None;
            }
            let confidence = if distance(nearest, case.end) < 300 * MS { 0.93 } else { 0.75 };
            Some(
                Verdict::new(CauseId::BackendCrash, confidence)
                    .signs("a process of the backend died as the connection closed", &signs)
                    .own(case, "the connection closed before a response"),
            )
        }
        Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket => {
            let down = case.down()?;
            let sign = down.sign.filter(|_| down.why == DownWhy::Crash)?;
            Some(
                Verdict::new(CauseId::BackendCrash, 0.9)
                    .signs("the backend had died and was not ready again", &[sign])
                    .own(case, "nothing listened"),
            )
        }
        _ => None,
    }
}
