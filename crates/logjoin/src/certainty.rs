//! From the strength of an argument to a probability: the one place where confidences are made of what the rules say.
//!
//! A rule states how sure its argument is when nothing else is known. What else is known either confirms it or leaves it
//! alone, and each *independent* witness that could have contradicted it and did not divides the doubt that is left by
//! [`WITNESS`] (a likelihood ratio, as in a product of odds). The witnesses:
//!
//! * *named*: a line of the backend, of its host or of a health check tells of the event, beside what the proxy saw;
//! * *agreeing*: the other failures of the same row, judged for themselves, have the same cause;
//! * *heard*: the logs of this very server are here, cover the moment, and would tell of another cause.
//!
//! A verdict by exclusion (nothing listened and nobody says why; the end of the request was never logged) has no line that
//! names the event, and a row of such failures is one silence, not many. It is worth what the listener could have heard:
//! without the logs that would have told, it is a guess, and stays at or below [`GUESS`]. Of a server that was away, its own next
//! start is a witness: a process that begins anew was gone, whoever ended it.

use std::collections::BTreeMap;

use crate::diagnose::{self, Judged};
use crate::rules::Cite;
use crate::scene::{Case, SECOND, Scene};
use crate::signals::{Meaning, Scope};
use crate::vocabulary::{CauseId, Mechanism};
use serde::{Deserialize, Serialize};

/// What one witness leaves of the doubt.
const WITNESS: f64 = 3.0;
/// No verdict is surer: recordings are finite.
const MOST: f64 = 0.98;
/// A verdict by exclusion whose witnesses are missing is no surer than this.
const GUESS: f64 = 0.65;
/// The backend's logs tell of an event, and the proxy's do not tell what they saw of it: the one may have nothing to do with the
/// other.
const UNSEEN: f64 = 0.8;
/// Failures nearer than this are of one row.
const ROW: i64 = 8 * SECOND;

/// How a probability was made.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Weighed {
    /// How sure the argument was by itself.
    pub strength: f64,
    /// The witnesses, where they were asked.
    pub witnesses: Option<Witnesses>,
}

/// Who could have contradicted, and did not.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Witnesses {
    pub named: bool,
    pub agreeing: bool,
    pub heard: bool,
}

/// Turns the strengths of the arguments into probabilities.
pub(crate) fn weigh(scene: &Scene<'_>, judged: &mut [Judged]) {
    let voices = Voices::of(scene);
    let agreeing = agreeing(scene, judged);
    for (i, agrees) in agreeing.into_iter().enumerate() {
        let case = scene.case(i);
        let j = &mut judged[i];
        if j.cause == CauseId::Unknown || !case.f.is_gateway {
            continue;
        }
        // A line that could be this request's or another's is no silence.
        let heard = voices.cover(&case) && !(j.by_exclusion && case.join.ambiguous);
        let named = if j.by_exclusion { is_begun_anew(scene, j) } else { is_named(scene, j) };
        let w = Witnesses { named, agreeing: agrees, heard };
        j.weighed = Weighed { strength: j.confidence, witnesses: Some(w) };
        let mut doubt = 1.0 - j.confidence;
        let witnesses = match j.by_exclusion {
            true if w.heard => [voices.tell(&case, j.cause), w.named, false],
            true => [false; 3],
            false => [w.named, w.agreeing, w.heard],
        };
        witnesses.into_iter().filter(|w| *w).for_each(|_| doubt /= WITNESS);
        let most = match case.mechanism {
            _ if j.by_exclusion && !w.heard => j.confidence.min(guess(j.cause)),
            Mechanism::Unknown => UNSEEN,
            _ => MOST,
        };
        j.confidence = (1.0 - doubt).min(most).min(j.most);
    }
}

/// What a verdict by exclusion is worth when nobody could have contradicted it. A race on a kept connection looks like any process
/// that died: without the log that would tell of a death it is one cause among several.
fn guess(cause: CauseId) -> f64 {
    if cause == CauseId::KeepaliveRace { 0.5 } else { GUESS }
}

/// Whether a line that is not the proxy's own about the request speaks for the verdict.
fn is_named(scene: &Scene<'_>, j: &Judged) -> bool {
    j.evidence.iter().flat_map(|c| &c.cites).any(|c| match *c {
        Cite::Log(_) | Cite::State(_) => true,
        Cite::Request(r) => !scene.plan.instances[scene.world.requests[r].instance].is_proxy,
        Cite::Error(_) => false,
    })
}

/// Whether the server's own log shows a process that begins after an absence: what was refused was refused because none was there.
fn is_begun_anew(scene: &Scene<'_>, j: &Judged) -> bool {
    let begins = |c: &Cite| match *c {
        Cite::Log(n) => scene.world.logs[n]
            .e
            .signal
            .as_ref()
            .is_some_and(|s| matches!(s.meaning, Meaning::ProcessStarting | Meaning::ProcessReady)),
        _ => false,
    };
    j.cause == CauseId::BackendDown && j.evidence.iter().flat_map(|c| &c.cites).any(begins)
}

/// By failure: whether four in five of at least three in its row, seen in the same way, have the same cause.
fn agreeing(scene: &Scene<'_>, judged: &[Judged]) -> Vec<bool> {
    let mut out = vec![false; judged.len()];
    for row in diagnose::rows(scene, ROW) {
        let mut families: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for i in row {
            families.entry(diagnose::family(scene.failing[i].mechanism)).or_default().push(i);
        }
        for members in families.into_values().filter(|m| m.len() >= 3) {
            let mut causes: BTreeMap<CauseId, usize> = BTreeMap::new();
            members.iter().for_each(|i| *causes.entry(judged[*i].cause).or_default() += 1);
            for i in &members {
                out[*i] = causes[&judged[*i].cause] * 5 >= members.len() * 4;
            }
        }
    }
    out
}

/// What the logs of each instance would tell.
struct Voices {
    /// Starts, stops and ends of its processes.
    life: Vec<bool>,
    /// Single requests.
    requests: Vec<bool>,
    /// Single requests, in messages of the application: said whether or not the client is still there.
    messages: Vec<bool>,
    /// What its host does: the kernel, the service manager.
    host: Vec<bool>,
}

impl Voices {
    fn of(scene: &Scene<'_>) -> Voices {
        let n = scene.plan.instances.len();
        let none = || vec![false; n];
        let mut v = Voices { life: none(), requests: none(), messages: none(), host: none() };
        for m in &scene.world.logs {
            if m.e.target != 0 {
                v.requests[m.instance] = true;
                v.messages[m.instance] = true;
            }
            let Some(s) = &m.e.signal else { continue };
            v.life[m.instance] |= s.scope == Scope::Process
                || matches!(s.meaning, Meaning::WorkerStarted | Meaning::WorkerExited);
            v.host[m.instance] |= s.scope == Scope::Host || s.meaning == Meaning::OomKill;
        }
        for (i, logs) in v.requests.iter_mut().enumerate() {
            *logs |= scene.world.requests_of(i) > 0;
        }
        v
    }

    /// Whether the logs of the server that failed are here, and cover the failure.
    fn cover(&self, case: &Case<'_>) -> bool {
        case.instance.is_some_and(|i| {
            let covered = scene_covers(case, i);
            covered && self.life[i] && !case.scene.plan.instances[i].is_proxy
        })
    }

    /// Whether they would tell of what else it may have been.
    fn tell(&self, case: &Case<'_>, cause: CauseId) -> bool {
        let Some(i) = case.instance else { return false };
        match cause {
            // A process that was ended from outside says nothing; its host does.
            CauseId::BackendDown => self.host[i],
            // An address that was changed under the proxy is refused in the same way; its configuration would show that.
            CauseId::FirewallReject => {
                let product = case.scene.plan.instances[case.proxy].product;
                case.scene.plan.configs.iter().any(|c| c.config.product == product)
            }
            // An access line may be missing because nobody was left to answer (gunicorn's workers write none then); what the
            // application says of its requests does not depend on that.
            CauseId::BackendHang => self.messages[i],
            // A request that ended late, or never came, shows in the log of requests.
            _ => self.requests[i],
        }
    }
}

fn scene_covers(case: &Case<'_>, instance: usize) -> bool {
    case.scene.covered(instance).is_some_and(|(lo, hi)| lo <= case.start && hi >= case.end)
}
