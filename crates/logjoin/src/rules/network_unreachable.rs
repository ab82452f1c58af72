//! The stack or a router says that there is no way to the backend: errno 113, 101, 112, 100 on connect, or on a
//! connection that stood.

use super::not_listening::goes_on;
use super::{Cite, Rule, Verdict};
use crate::scene::{Case, DownWhy, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::NetworkUnreachable,
    seen_as: &[
        Mechanism::NoRoute,
        Mechanism::ConnectFailed,
        Mechanism::ReadTimeout,
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Stalled,
        Mechanism::ConnectTimeout,
    ],
    needs: "a proxy or a health check that found no route to this server",
    refuted_by: "the host answers on another port from the same proxy at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let no_route = |before, after| case.fellows(Mechanism::NoRoute, before, after).next();
    match case.mechanism {
        Mechanism::NoRoute => Some(
            Verdict::new(CauseId::NetworkUnreachable, 0.85).own(case, "there is no route to the backend"),
        ),
        Mechanism::ConnectFailed => {
            if let Some((i, _)) = check_info(case) {
                return Some(
                    Verdict::new(CauseId::NetworkUnreachable, 0.85)
                        .because("the health check found no route to the server", [Cite::State(i)]),
                );
            }
            if let Some(fellow) = no_route(10 * SECOND, 10 * SECOND) {
                return Some(Verdict::new(CauseId::NetworkUnreachable, 0.85).because(
                    "another proxy found no route to the same server",
                    fellow.errors.iter().map(|e| Cite::Error(*e)),
                ));
            }
            let is_away = case.down().is_some_and(|d| d.why == DownWhy::Silent && d.back.is_none());
            (is_away && goes_on(case)).then(|| {
                Verdict::new(CauseId::NetworkUnreachable, 0.5).by_exclusion().own(
                    case,
                    "no connection to a process that went on: its log records starts, but none here",
                )
            })
        }
        // Requests that were under way when the route went.
        Mechanism::ReadTimeout
        | Mechanism::ClosedBeforeHeaders
        | Mechanism::Stalled
        | Mechanism::ConnectTimeout => {
            let fellow = no_route(SECOND, SECOND)?;
            let own_word = [
                Meaning::Crash,
                Meaning::OomKill,
                Meaning::StopRequested,
                Meaning::WorkerTimeout,
                Meaning::PoolExhausted,
            ];
            if !case.near(&own_word, SECOND, SECOND).is_empty() {
                return None;
            }
            Some(Verdict::new(CauseId::NetworkUnreachable, 0.85).because(
                "the route to the server was lost while the request was under way",
                fellow.errors.iter().map(|e| Cite::Error(*e)),
            ))
        }
        _ => None,
    }
}

/// The system's words for a missing route (`strerror(3)` of errno 113, 101, 112).
pub(super) fn says_no_route(text: &str) -> bool {
    ["No route to host", "Network is unreachable", "Host is unreachable", "Host is down"]
        .iter()
        .any(|says| text.contains(says))
}

/// A health check of this server that failed for lack of a route, nearest before the failure.
fn check_info(case: &Case<'_>) -> Option<(usize, i64)> {
    let label = case.label()?;
    case.scene
        .world
        .states
        .iter()
        .enumerate()
        .filter(|(_, m)| {
            m.instance == case.proxy
                && (m.e.info.as_deref().is_some_and(says_no_route) || says_no_route(&m.e.text))
                && m.e
                    .backend
                    .as_deref()
                    .zip(m.e.server.as_deref())
                    .is_some_and(|(b, s)| format!("{b}/{s}") == label)
                && (m.lo - case.end).abs() < 30 * SECOND
        })
        .map(|(i, m)| (i, m.lo))
        .min_by_key(|(i, t)| ((t - case.end).abs(), *i))
}
