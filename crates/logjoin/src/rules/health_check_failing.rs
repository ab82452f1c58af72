//! Checks fail while the application would serve: the proxy takes out a server that answers others, or answers it until then.

use logjoin_parse::StateEvent;

use super::{Cite, Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::HealthCheckFailing,
    seen_as: &[Mechanism::NoServer, Mechanism::Killed, Mechanism::QueueTimeout],
    needs: "a check of HAProxy that failed by its answer while requests were served",
    refuted_by: "real requests to the server failed at the same time as its checks",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.mechanism, Mechanism::NoServer | Mechanism::Killed | Mechanism::QueueTimeout) {
        return None;
    }
    let scene = case.scene;
    let detail = scene.world.requests[case.f.request].r.detail.as_deref()?;
    let backend = detail.haproxy.as_ref()?.backend.as_deref()?;
    let mut down: Option<usize> = None;
    for (i, m) in scene.world.states.iter().enumerate() {
        if m.instance != case.proxy || m.e.backend.as_deref() != Some(backend) || m.lo > case.end + SECOND {
            continue;
        }
        match m.e.event {
            StateEvent::ServerDown => down = Some(i),
            StateEvent::ServerUp | StateEvent::ServerReady => down = None,
            _ => {}
        }
    }
    let i = down?;
    let m = &scene.world.states[i];
    let reason = m.e.reason.as_deref().unwrap_or("");
    // A check of layer 7 that gets a wrong answer or none in time reached a process that lives.
    let by_answer = reason.contains("Layer7 wrong status") || reason.contains("Layer7 invalid response");
    let by_time = reason.contains("Layer7 timeout");
    if !by_answer && !by_time {
        return None;
    }
    let label = format!("{backend}/{}", m.e.server.as_deref().unwrap_or(""));
    let instance = scene.peers.instance(&label);
    let well = instance.is_some_and(|s| scene.served(s, m.lo - 10 * SECOND, m.lo) > 0);
    let failing = instance.is_some_and(|s| !scene.failed_at(s, m.lo - 10 * SECOND, m.lo).is_empty());
    let confidence = match (by_answer, well, failing) {
        (true, true, false) => 0.9,
        (true, _, false) => 0.75,
        (false, true, false) => 0.7,
        _ => 0.3,
    };
    Some(
        Verdict::new(CauseId::HealthCheckFailing, confidence)
            .because("the check failed while the server answered", [Cite::State(i)]),
    )
}
