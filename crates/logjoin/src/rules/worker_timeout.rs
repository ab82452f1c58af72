//! The server's own supervisor kills workers that take too long: gunicorn `WORKER TIMEOUT`, uWSGI harakiri, php-fpm
//! `request_terminate_timeout`, Puma's worker time-out.

use super::{Cite, Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::WorkerTimeout,
    seen_as: &[
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Truncated,
        Mechanism::ReadTimeout,
        Mechanism::ConnectTimeout,
        Mechanism::SendTimeout,
        Mechanism::QueueTimeout,
        Mechanism::Unknown,
        Mechanism::FromBackend,
    ],
    needs: "a line of the supervisor within 2.5 s that it killed a stuck worker",
    refuted_by: "the killed worker was serving another request",
    judge,
};

/// The master notices, logs, waits for a clean end, and kills: the connection closes within this time.
const KILL: i64 = 2_500_000_000;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let (before, after, confidence) = match case.mechanism {
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => (SECOND / 10, KILL, 0.95),
        // All workers stuck until they are killed: requests wait, and time out.
        Mechanism::ReadTimeout
        | Mechanism::ConnectTimeout
        | Mechanism::SendTimeout
        | Mechanism::QueueTimeout => (SECOND, 2 * SECOND, 0.8),
        Mechanism::Unknown | Mechanism::FromBackend if case.completed().is_none_or(|c| c.1 >= 500) => {
            (SECOND, KILL, 0.4)
        }
        _ => return None,
    };
    let joined: Vec<usize> = case
        .joined_logs()
        .filter(|l| {
            case.scene.world.logs[*l].e.signal.as_ref().is_some_and(|s| s.meaning == Meaning::WorkerTimeout)
        })
        .collect();
    if !joined.is_empty() {
        return Some(
            Verdict::new(CauseId::WorkerTimeout, 0.96)
                .because(
                    "the backend's supervisor killed the worker that had this request",
                    joined.into_iter().map(Cite::Log),
                )
                .own(case, "the request was cut with it"),
        );
    }
    let near_end = matches!(case.mechanism, Mechanism::ClosedBeforeHeaders | Mechanism::Truncated);
    let signs: Vec<_> = case
        .near(&[Meaning::WorkerTimeout], before, after)
        .into_iter()
        .filter(|s| !near_end || (s.hi >= case.end - KILL && s.lo <= case.end + KILL))
        .collect();
    (!signs.is_empty()).then(|| {
        Verdict::new(CauseId::WorkerTimeout, confidence)
            .signs("the backend's supervisor killed a worker that took too long", &signs)
            .own(case, "the request was cut with it")
    })
}
