//! The life of each instance: what happened to it, and the states that follow.
//!
//! A state machine over four kinds of facts, in order of time: what its logs say (starts, stops, crashes), what its host and the
//! proxies' health checks say, requests that it answered, and connections that it refused. Where its log falls silent although it
//! never does, the state is unknown: silence tells nothing by itself.

use std::borrow::Cow;

use logjoin_parse::StateEvent;

use super::activity::{Activity, Presence};
use super::{line_ref, show};
use crate::analysis::{InstanceLife, LifeEvent, LifeSpan, Time};
use crate::diagnose::Judged;
use crate::event::At;
use crate::scene::{MS, SECOND, Scene};
use crate::signals::{Meaning, Scope};
use crate::vocabulary::{CauseId, LifeState, Mechanism};

/// Events of one meaning closer than this are one.
const SAME: i64 = 50 * MS;
/// A process that was told to stop and serves new requests after this long did not stop.
const DRAIN: i64 = 10 * SECOND;
/// A refusal this soon after it was ready again is one of before: retries and the clocks of two hosts lie between.
const SETTLED: i64 = 2 * SECOND;
/// Shorter silences are nothing.
const SILENCE: i64 = 20 * SECOND;

/// What a fact is, for those who ask further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Sign(Meaning),
    /// The first request that was answered after an absence.
    Served,
    /// The first connection that was refused.
    Refused,
    CheckDown,
    CheckUp,
    Silence,
    /// Only noted: nothing follows from it.
    Reload,
}

#[derive(Debug, Clone)]
pub(super) struct Event {
    pub t: i64,
    pub what: What,
    pub at: At,
    word: &'static str,
    signal: Cow<'static, str>,
    text: String,
}

impl Event {
    /// Its text in a few words.
    pub fn text_short(&self) -> String {
        show(&self.text, 80)
    }
}

/// One instance.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub instance: usize,
    pub events: Vec<Event>,
    /// LifeState, from, to.
    pub spans: Vec<(LifeState, i64, i64)>,
}

impl Life {
    /// The state at a moment; unknown outside of what is covered.
    pub fn state(&self, t: i64) -> LifeState {
        let span = self.spans.iter().find(|(_, from, to)| (*from..*to).contains(&t));
        span.map_or(LifeState::Unknown, |s| s.0)
    }
}

/// A fact before the machine has looked at it.
struct Fact {
    t: i64,
    /// What is true only after this moment counts against it (stamps of one second).
    hi: i64,
    at: At,
    kind: Kind,
}

enum Kind {
    Log {
        meaning: Meaning,
        scope: Scope,
        signal: Cow<'static, str>,
        text: String,
    },
    Served,
    Refused {
        /// Until about when it was refused again, where there were so many that not each is kept.
        until: i64,
    },
    CheckDown {
        text: String,
    },
    CheckUp {
        text: String,
    },
    /// Silent until then.
    Silence {
        until: i64,
    },
    Reload {
        text: String,
    },
}

/// The lives of all instances of which anything is known.
pub(super) fn lives(scene: &Scene<'_>, activity: &Activity, judged: &[Judged]) -> Vec<Life> {
    let mut facts: Vec<Vec<Fact>> = scene.plan.instances.iter().map(|_| Vec::new()).collect();
    of_logs(scene, &mut facts);
    of_proxies(scene, &mut facts);
    refusals(scene, judged, &mut facts);
    let presence = activity.by_instance();
    let mut out = Vec::new();
    for (i, mut facts) in facts.into_iter().enumerate() {
        let Some(presence) = presence.get(&i) else { continue };
        let served = presence.iter().filter_map(|(_, p)| p.served);
        facts.extend(served.map(|s| Fact { t: s.shown(), hi: s.start, at: s.at, kind: Kind::Served }));
        let lines: Vec<(i64, At)> = presence.iter().filter_map(|(_, p)| p.line).collect();
        facts.extend(silences(&lines, activity.step()));
        facts.sort_by_key(|f| (f.t, f.at));
        let first = presence.iter().filter_map(|(_, p)| first_of(p)).min();
        let last = presence.iter().filter_map(|(_, p)| last_of(p)).max();
        let (Some(first), Some(last)) = (first, last) else { continue };
        out.push(machine(i, &facts, first, last, scene));
    }
    out
}

fn first_of(p: &Presence) -> Option<i64> {
    p.line.map(|l| l.0).or(p.served.map(|s| s.start))
}

fn last_of(p: &Presence) -> Option<i64> {
    p.line.map(|l| l.0).max(p.served.map(|s| s.start))
}

/// What the instance's own logs and its host say.
fn of_logs(scene: &Scene<'_>, facts: &mut [Vec<Fact>]) {
    for (i, facts) in facts.iter_mut().enumerate() {
        for s in scene.all_signs(i) {
            let e = &scene.world.logs[s.log].e;
            let Some(hit) = &e.signal else { continue };
            if word(s.meaning).is_some() {
                let kind = Kind::Log {
                    meaning: s.meaning,
                    scope: hit.scope,
                    signal: hit.id.clone(),
                    text: e.text.clone(),
                };
                facts.push(Fact { t: s.lo, hi: s.hi, at: e.at, kind });
            }
        }
    }
}

/// What the proxies say: of their servers, and of themselves.
fn of_proxies(scene: &Scene<'_>, facts: &mut [Vec<Fact>]) {
    for m in &scene.world.states {
        let text = m.e.text.clone();
        let own = match m.e.event {
            StateEvent::ProxyReload => Some(Kind::Reload { text: text.clone() }),
            StateEvent::ProxyStarted => Some(log(Meaning::ProxyStarted, &text)),
            StateEvent::ProxyStopped => Some(log(Meaning::ProxyStopped, &text)),
            StateEvent::ProxyCrash => Some(log(Meaning::ProxyCrash, &text)),
            _ => None,
        };
        if let Some(kind) = own {
            facts[m.instance].push(Fact { t: m.lo, hi: m.hi, at: m.e.at, kind });
        }
        let (Some(b), Some(s)) = (&m.e.backend, &m.e.server) else { continue };
        let Some(server) = scene.peers.instance(&format!("{b}/{s}")) else { continue };
        let refused = m.e.info.as_deref().is_some_and(|i| i.contains("refused"));
        let kind = match m.e.event {
            StateEvent::ServerDown if refused => Kind::CheckDown { text },
            StateEvent::ServerUp => Kind::CheckUp { text },
            _ => continue,
        };
        facts[server].push(Fact { t: m.lo, hi: m.hi, at: m.e.at, kind });
    }
    for m in &scene.world.errors {
        let Some(hit) = &m.e.signal else { continue };
        let text = String::from(&m.e.message);
        let kind = match hit.meaning {
            Meaning::ProxyReload => Kind::Reload { text },
            Meaning::ProxyStarted | Meaning::ProxyStopped | Meaning::ProxyCrash => {
                Kind::Log { meaning: hit.meaning, scope: hit.scope, signal: hit.id.clone(), text }
            }
            _ => continue,
        };
        facts[m.instance].push(Fact { t: m.lo, hi: m.hi, at: m.e.at, kind });
    }
}

fn log(meaning: Meaning, text: &str) -> Kind {
    Kind::Log { meaning, scope: Scope::Proxy, signal: "haproxy-state".into(), text: text.to_string() }
}

/// Connections that the instance itself refused: where the verdict is that its process was not there.
fn refusals(scene: &Scene<'_>, judged: &[Judged], facts: &mut [Vec<Fact>]) {
    for (i, j) in judged.iter().enumerate() {
        let case = scene.case(i);
        let refused =
            matches!(case.mechanism, Mechanism::Refused | Mechanism::NoSocket | Mechanism::ConnectFailed);
        let by_process = matches!(
            j.cause,
            CauseId::BackendDown
                | CauseId::BackendCrash
                | CauseId::OomKill
                | CauseId::DeployRestart
                | CauseId::StartFailure
        );
        if let (true, true, Some(instance)) = (refused, by_process, case.instance) {
            let at = scene.world.requests[case.f.request].r.at;
            // The request began no later than it was refused, whatever retries took.
            let t = case.start.min(case.end);
            let again = if case.f.n() > 1 { case.f.stands.pace_ns } else { 0 };
            let kind = Kind::Refused { until: t.saturating_add(again) };
            facts[instance].push(Fact { t, hi: t, at, kind });
        }
    }
}

/// Gaps that a log which is usually busy does not have: less probable than one in a million, if lines came by chance.
fn silences(lines: &[(i64, At)], step: i64) -> Vec<Fact> {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Vec::new() };
    let steps = (last.0 - first.0) / step + 1;
    let busy = lines.len() as f64 / steps as f64;
    let mut out = Vec::new();
    for pair in lines.windows(2) {
        let empty = (pair[1].0 - pair[0].0) / step - 1;
        let chance = (1.0 - busy).max(0.0).powi(empty.clamp(0, 100_000) as i32) * steps as f64;
        if empty * step >= SILENCE && chance < 1e-6 {
            let kind = Kind::Silence { until: pair[1].0 };
            out.push(Fact { t: pair[0].0 + step, hi: pair[0].0 + step, at: pair[1].1, kind });
        }
    }
    out
}

fn machine(instance: usize, facts: &[Fact], first: i64, last: i64, scene: &Scene<'_>) -> Life {
    let mut life = Life { instance, events: Vec::new(), spans: Vec::new() };
    let (mut state, mut since) = (LifeState::Unknown, first);
    // What is true only after this moment can end the state.
    let mut holds_until = first;
    let mut same: Option<(Meaning, i64)> = None;
    for (n, f) in facts.iter().enumerate() {
        let settled = if life.spans.iter().any(|s| s.0 == LifeState::Down) { since + SETTLED } else { since };
        let next = match &f.kind {
            Kind::Log { meaning, scope, signal, text } => {
                if same.is_some_and(|(m, t)| m == *meaning && f.t - t < SAME) {
                    continue;
                }
                same = Some((*meaning, f.t));
                life.events.push(Event {
                    t: f.t,
                    what: What::Sign(*meaning),
                    at: f.at,
                    word: word(*meaning).unwrap_or("event"),
                    signal: signal.clone(),
                    text: show(text, 160),
                });
                after(*meaning, *scope)
            }
            Kind::Served => match state {
                LifeState::Down | LifeState::Starting if f.hi > holds_until => {
                    life.note(
                        f,
                        What::Served,
                        "first-success",
                        "request",
                        "the first request that was answered",
                    );
                    Some(LifeState::Ready)
                }
                LifeState::Draining if f.t > since + DRAIN => Some(LifeState::Ready),
                LifeState::Unknown => Some(LifeState::Ready),
                _ => None,
            },
            // One refusal may be anything; two without an answer between them are not.
            Kind::Refused { until } => {
                let mut after = facts[n + 1..].iter();
                let again = after.find(|f| matches!(f.kind, Kind::Served | Kind::Refused { .. }));
                let is_before = |next: &Fact| f.t < *until && *until <= next.t;
                let is_gone = again.is_none_or(|f| matches!(f.kind, Kind::Refused { .. }) || is_before(f));
                if is_gone && f.t >= settled && matches!(state, LifeState::Ready | LifeState::Unknown) {
                    life.note(
                        f,
                        What::Refused,
                        "refused",
                        "request",
                        "the first connection that was refused",
                    );
                    Some(LifeState::Down)
                } else {
                    None
                }
            }
            Kind::CheckDown { text } if state == LifeState::Ready && f.t >= settled => {
                life.note(f, What::CheckDown, "check-refused", "haproxy-state", text);
                Some(LifeState::Down)
            }
            Kind::CheckUp { text } if matches!(state, LifeState::Down | LifeState::Starting) => {
                life.note(f, What::CheckUp, "check-passed", "haproxy-state", text);
                Some(LifeState::Ready)
            }
            Kind::CheckDown { .. } | Kind::CheckUp { .. } => None,
            Kind::Silence { until } if matches!(state, LifeState::Ready | LifeState::Unknown) => {
                let s = (until - f.t) / SECOND;
                life.note(
                    f,
                    What::Silence,
                    "silent",
                    "silence",
                    &format!("no line for {s} s before this one"),
                );
                Some(LifeState::Unknown)
            }
            Kind::Silence { .. } => None,
            Kind::Reload { text } => {
                life.note(f, What::Reload, "reload", "proxy-reload", text);
                None
            }
        };
        if let Some(next) = next.filter(|next| *next != state) {
            // The moments between its first line and its first answer are part of what follows.
            if state == LifeState::Unknown && life.spans.is_empty() && f.t - since < SETTLED {
                (state, holds_until) = (next, f.hi);
                continue;
            }
            if f.t > since {
                life.span(state, since, f.t);
            }
            (state, since, holds_until) = (next, f.t.max(since), f.hi);
        }
    }
    // What was down when its log ended stays down while the others go on.
    let world_end = scene.range.map_or(last, |r| r.1);
    let end = if state == LifeState::Down { world_end.max(last) } else { last };
    if end > since {
        life.span(state, since, end);
    }
    life
}

impl Life {
    /// Adds a stretch; one that goes on in the same state makes the one before it longer.
    fn span(&mut self, state: LifeState, from: i64, to: i64) {
        match self.spans.last_mut() {
            Some(last) if last.0 == state && last.2 == from => last.2 = to,
            _ => self.spans.push((state, from, to)),
        }
    }

    fn note(&mut self, f: &Fact, what: What, word: &'static str, signal: &'static str, text: &str) {
        self.events.push(Event {
            t: f.t,
            what,
            at: f.at,
            word,
            signal: signal.into(),
            text: show(text, 160),
        });
    }
}

/// What an event is called in the life of an instance; `None` for what does not belong there.
fn word(m: Meaning) -> Option<&'static str> {
    Some(match m {
        Meaning::ProcessStarting | Meaning::ProxyStarted => "starting",
        Meaning::ProcessReady => "ready",
        Meaning::StopRequested => "stop-requested",
        Meaning::ProcessStopped | Meaning::ProxyStopped => "stopped",
        Meaning::Crash | Meaning::ProxyCrash => "crash",
        Meaning::OomKill => "out-of-memory",
        Meaning::KilledBySupervisor => "killed-by-supervisor",
        Meaning::WorkerTimeout => "worker-timeout",
        Meaning::PoolExhausted | Meaning::ListenOverflow => "pool-exhausted",
        Meaning::FdExhausted => "out-of-descriptors",
        Meaning::StartFailed => "start-failed",
        Meaning::Deadlock => "deadlock",
        Meaning::Maintenance => "maintenance",
        _ => return None,
    })
}

/// The state that follows. A worker that dies leaves the others serving.
fn after(m: Meaning, scope: Scope) -> Option<LifeState> {
    let of_process = scope == Scope::Process;
    match m {
        Meaning::ProcessStarting => Some(LifeState::Starting),
        Meaning::ProcessReady => Some(LifeState::Ready),
        Meaning::StopRequested if of_process => Some(LifeState::Draining),
        Meaning::ProcessStopped if of_process => Some(LifeState::Down),
        Meaning::Crash | Meaning::OomKill | Meaning::KilledBySupervisor if of_process => {
            Some(LifeState::Down)
        }
        Meaning::StartFailed => Some(LifeState::Down),
        _ => None,
    }
}

/// The lives in which something happened.
pub(super) fn report(scene: &Scene<'_>, lives: &[Life]) -> Vec<InstanceLife> {
    let told = lives.iter().filter(|l| !l.events.is_empty());
    told.map(|life| InstanceLife {
        instance: scene.plan.instances[life.instance].name.clone(),
        events: life
            .events
            .iter()
            .map(|e| LifeEvent {
                time: Time::at(e.t),
                what: e.word.into(),
                signal: e.signal.to_string(),
                at: line_ref(scene.plan, e.at),
                text: e.text.clone(),
            })
            .collect(),
        spans: life
            .spans
            .iter()
            .map(|(state, from, to)| LifeSpan { state: *state, start: Time::at(*from), end: Time::at(*to) })
            .collect(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_log_does_not_fall_silent_by_chance() {
        let at = |line| At::new(0, line);
        let mut lines: Vec<(i64, At)> = (0..100).map(|i| (i * SECOND, at(i as u64))).collect();
        lines.extend((140..200).map(|i| (i * SECOND, at(i as u64))));
        let found = silences(&lines, SECOND);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].t, found[0].at.line), (100 * SECOND, 140));
        // One line a minute: forty seconds are nothing.
        let rare: Vec<(i64, At)> = (0..50).map(|i| (i * 60 * SECOND, at(i as u64))).collect();
        assert!(silences(&rare, SECOND).is_empty());
    }
}
