//! Nothing listens: an orderly stop with a start after it (`deploy-restart`), or none (`backend-down`).
//!
//! What separates the two is who starts it again, and when: a supervisor or a deploy tool starts the next process at once, a person
//! later. A rolling restart, one instance after the other, is a deploy however long each takes.

use super::backend_crash::says_when_it_stops;
use super::{Rule, Verdict};
use crate::scene::{Case, Down, DownWhy, SECOND, Sign};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::BackendDown,
    seen_as: &[
        Mechanism::Refused,
        Mechanism::ConnectFailed,
        Mechanism::NoSocket,
        Mechanism::ClosedBeforeHeaders,
        Mechanism::Truncated,
    ],
    needs: "a stop within 2 s, or an absence of the backend at that moment",
    refuted_by: "a process that listened on this address at that moment",
    judge,
};

/// A stop and a start that are so far apart are a restart as often as an outage that somebody ended.
const RESTART: i64 = 6 * SECOND;
/// Requests in flight are cut within this time of the stop.
const CUT: i64 = 2 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::Refused | Mechanism::ConnectFailed | Mechanism::NoSocket => {
            let strength = if case.mechanism == Mechanism::ConnectFailed { 0.95 } else { 1.0 };
            match case.down() {
                Some(down) => by_lifecycle(case, &down, strength),
                None => silent(case, 0.5 * strength),
            }
        }
        Mechanism::ClosedBeforeHeaders | Mechanism::Truncated => {
            let stops = case.near(&[Meaning::StopRequested, Meaning::ProcessStopped], CUT, CUT);
            let stop = stops.first()?;
            let down = Down {
                why: DownWhy::Stopped,
                sign: Some(*stop),
                back: next(case, stop, &[Meaning::ProcessReady]),
                starting: next(case, stop, &[Meaning::ProcessStarting, Meaning::ProcessReady]),
            };
            by_lifecycle(case, &down, 0.9)
        }
        _ => None,
    }
}

fn next(case: &Case<'_>, after: &Sign, meanings: &[Meaning]) -> Option<Sign> {
    let all = case.scene.all_signs(case.instance?);
    all.iter()
        .find(|s| s.lo >= after.hi - SECOND && s.log > after.log && meanings.contains(&s.meaning))
        .copied()
}

fn by_lifecycle(case: &Case<'_>, down: &Down, strength: f64) -> Option<Verdict> {
    match (down.why, down.sign) {
        (DownWhy::Stopped, Some(stop)) => {
            let start = down.starting.or(down.back).filter(|s| s.lo >= stop.lo - SECOND);
            let signs: Vec<Sign> = [Some(stop), start].into_iter().flatten().collect();
            // A process may take long to let go of its requests; what counts is how soon after its end the next one starts.
            let away = start.map(|s| s.lo - ended(case, &stop, &s).lo);
            let is_quick = away.is_some_and(|away| away <= RESTART);
            // A reload ends no process: nothing is started, and requests are answered as before.
            let is_reload = start.is_none() && answers_after(case, &stop);
            if is_quick || is_reload || start.is_some() && is_rolling(case, &stop) {
                let v = Verdict::new(CauseId::DeployRestart, 0.85 * strength)
                    .signs("the backend was stopped in order and started again", &signs)
                    .own(case, "meanwhile nothing answered");
                let outage = away.filter(|_| is_quick).map_or(0.0, |away| 1.0 - restarts(away));
                return Some(v.instead(CauseId::BackendDown, outage));
            }
            let v = Verdict::new(CauseId::BackendDown, 0.85 * strength);
            let v = v
                .signs("the backend was stopped and not started again right away", &signs)
                .own(case, "meanwhile nothing listened");
            Some(v.instead(CauseId::DeployRestart, away.map_or(0.0, restarts)))
        }
        (DownWhy::Silent, _) => {
            let confidence = if down.back.is_some() { 0.7 } else { 0.6 };
            let back: Vec<Sign> = down.starting.into_iter().chain(down.back).collect();
            let v = Verdict::new(CauseId::BackendDown, confidence * strength)
                .by_exclusion()
                .own(case, "nothing listened");
            let Some((instance, first)) = case.instance.zip(back.first()) else {
                return (!goes_on(case)).then_some(v);
            };
            let text = if says_when_it_stops(case, instance, first) {
                "the log of the backend, which tells of orderly stops, tells of none before it starts again: it was killed, or died"
            } else {
                "the log of the backend is silent until it starts again"
            };
            Some(v.signs(text, &back))
        }
        _ => None,
    }
}

/// How many of those who stop a backend and start it again so long after its end do so in one go. Nobody writes that down: this is
/// a law that is even at [`RESTART`], and falls as fast as recordings of both show.
fn restarts(away: i64) -> f64 {
    1.0 / (1.0 + (away.max(0) as f64 / RESTART as f64).powi(3))
}

/// Whether requests that began after a stop were answered within the time of a restart.
fn answers_after(case: &Case<'_>, stop: &Sign) -> bool {
    case.instance.is_some_and(|i| case.scene.served_within(i, stop.hi, stop.hi + RESTART))
}

/// The last line of a stop before a start.
fn ended(case: &Case<'_>, stop: &Sign, start: &Sign) -> Sign {
    let all = case.instance.map_or(&[][..], |i| case.scene.all_signs(i));
    let mut between = all.iter().filter(|s| s.log > stop.log && s.lo >= stop.lo && s.lo <= start.lo);
    between.rfind(|s| s.meaning == Meaning::ProcessStopped).copied().unwrap_or(*stop)
}

/// Whether the same process served before and after: its log, which tells when it starts to listen, has no such line in between, and
/// requests were served again. Then it was there, and could not be reached.
pub(super) fn goes_on(case: &Case<'_>) -> bool {
    let Some(instance) = case.instance else { return false };
    let signs = case.scene.all_signs(instance);
    let is_start = |s: &&Sign| matches!(s.meaning, Meaning::ProcessReady | Meaning::ProcessStarting);
    let began = signs.iter().filter(is_start).any(|s| s.hi < case.start - SECOND);
    let served = |from, to| case.scene.served_within(instance, from, to);
    let next = case.scene.next_served(instance, case.end);
    let Some(next) = next.filter(|next| next - case.end < 120 * SECOND) else { return false };
    let anew = signs.iter().filter(is_start).any(|s| s.hi >= case.start - SECOND && s.lo <= next);
    began && !anew && served(i64::MIN / 4, case.start)
}

/// Without a word of the backend: it served nothing around the failure.
fn silent(case: &Case<'_>, confidence: f64) -> Option<Verdict> {
    let Some(instance) = case.instance else {
        return Some(
            Verdict::new(CauseId::BackendDown, confidence * 0.6)
                .by_exclusion()
                .own(case, "nothing listened; the logs of this server are missing"),
        );
    };
    let alive = case.scene.served_within(instance, case.end - SECOND, case.end + SECOND);
    (!alive).then(|| {
        Verdict::new(CauseId::BackendDown, confidence)
            .by_exclusion()
            .own(case, "nothing listened, and the backend's log is silent")
    })
}

/// Other instances were stopped and started too, around that time.
fn is_rolling(case: &Case<'_>, stop: &Sign) -> bool {
    let scene = case.scene;
    (0..scene.plan.instances.len())
        .filter(|i| Some(*i) != case.instance && !scene.plan.instances[*i].is_proxy)
        .any(|i| {
            let near: Vec<Sign> = scene.signs(i, stop.lo - 120 * SECOND, stop.lo + 120 * SECOND).collect();
            let stopped = near.iter().find(|s| s.meaning == Meaning::StopRequested);
            stopped.is_some_and(|a| {
                near.iter()
                    .any(|b| b.meaning == Meaning::ProcessReady && b.lo >= a.lo && b.lo - a.lo < 60 * SECOND)
            })
        })
}
