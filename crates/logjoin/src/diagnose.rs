//! From single verdicts to a judgement of all failures: what follows from what.
//!
//! First each failed request is judged for itself by the rules. Then three passes let failures explain each other: a proxy
//! without servers failed for what took the servers out; a restart that ends a hang belongs to the hang; and where most
//! of a row of failures are clear, the unclear ones among them are the same.

mod alike;
mod unplaced;

pub(crate) use alike::{family, rows};

use std::borrow::Cow;
use std::collections::BTreeMap;

use logjoin_parse::{Product, StateEvent};
use serde::{Deserialize, Serialize};

use crate::certainty::{self, Weighed};
use crate::par;
use crate::rules::{self, Cite, Claim, Verdict};
use crate::scene::{Case, SECOND, Scene};
use crate::vocabulary::{CauseId, Mechanism};

/// The judgement of one failed request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub cause: CauseId,
    pub detail: Option<Cow<'static, str>>,
    pub confidence: f64,
    /// No line names the event: it is what remains when nothing else is said.
    pub by_exclusion: bool,
    /// How sure it is at most, as the same lines admit another cause.
    pub most: f64,
    /// What `certainty` made the probability of.
    pub weighed: Weighed,
    pub evidence: Vec<Claim>,
    pub alternatives: Vec<(CauseId, f64)>,
    /// A proxy behind this one logged the same failure.
    pub is_inside: bool,
}

/// How sure a verdict is where the proxy's logs do not say how far the request came, of what it would be if they did.
const LESS_SEEN: f64 = 0.75;

/// A verdict surer than this is taken as clear.
const CLEAR: f64 = 0.7;

/// Judges all.
pub(crate) fn judge_all(scene: &Scene<'_>, chains: &[Vec<(usize, bool, f64)>]) -> Vec<Judged> {
    let mut judged = par::numbers(scene.failing.len(), |i| first_verdict(&scene.case(i)));
    alike::completed_late(scene, &mut judged);
    alike::agree(scene, &mut judged);
    alike::behind_others(scene, &mut judged);
    unplaced::judge(scene, &mut judged);
    alike::remedies(scene, &mut judged);
    certainty::weigh(scene, &mut judged);
    no_servers(scene, &mut judged);
    outward(scene, chains, &mut judged);
    judged
}

/// What the logs of the backend say to a failure of which the proxy's logs do not: as if it had been seen in each of the ways
/// that its status admits. Only what a line says counts, nothing that follows from the want of one.
fn in_any_way(case: &Case<'_>) -> Vec<Verdict> {
    use Mechanism::{ClosedBeforeHeaders, ReadTimeout, Refused};
    let product = case.scene.plan.instances[case.proxy].product;
    let ways: &[Mechanism] = match (case.scene.world.requests[case.f.request].r.status, product) {
        (504, _) => &[ReadTimeout],
        // httpd answers so when its timer runs out, too.
        (502, Product::Apache) => &[ClosedBeforeHeaders, Refused, ReadTimeout],
        (502 | 503, _) => &[ClosedBeforeHeaders, Refused],
        _ => &[],
    };
    let judge = |way: &Mechanism| {
        let mut all = rules::judge(&Case { mechanism: *way, ..*case });
        all.retain(|v| {
            let lines = v.evidence.iter().flat_map(|c| &c.cites).filter_map(|c| match c {
                Cite::Log(l) => Some(case.scene.world.logs[*l].lo),
                _ => None,
            });
            // What came when the proxy had answered may have come of that.
            let first = lines.min();
            !v.by_exclusion && first.is_none_or(|at| at <= case.end + SECOND)
        });
        all
    };
    // What was open when the event came tells more than what came later.
    let mut found = ways.iter().map(judge).find(|all| !all.is_empty()).unwrap_or_default();
    for v in &mut found {
        v.confidence = (v.confidence * LESS_SEEN).min(CLEAR);
        // What it would have been seen as is not what was seen.
        let is_others = |c: &Cite| match c {
            Cite::Log(_) | Cite::State(_) => true,
            Cite::Request(i) => *i != case.f.request,
            Cite::Error(_) => false,
        };
        v.evidence.retain(|c| c.cites.iter().any(is_others));
    }
    found.retain(|v| !v.evidence.is_empty());
    found
}

fn first_verdict(case: &Case<'_>) -> Judged {
    let mut verdicts = rules::judge(case);
    let says_something = |v: &Verdict| v.cause != CauseId::Unknown && v.confidence >= 0.35;
    if case.mechanism == Mechanism::Unknown && case.f.is_gateway && !verdicts.iter().any(says_something) {
        verdicts = in_any_way(case);
    }
    let Some(best) = verdicts.first().cloned() else {
        return Judged {
            cause: CauseId::Unknown,
            detail: None,
            confidence: 0.3,
            by_exclusion: true,
            most: 1.0,
            weighed: Weighed::default(),
            evidence: Vec::new(),
            alternatives: Vec::new(),
            is_inside: false,
        };
    };
    let mut alternatives: Vec<(CauseId, f64)> = Vec::new();
    for v in verdicts.iter().skip(1) {
        if v.cause != best.cause && !alternatives.iter().any(|(c, _)| *c == v.cause) {
            alternatives.push((v.cause, (v.confidence * (1.0 - best.confidence)).max(0.01)));
        }
    }
    let Verdict { cause, detail, confidence, by_exclusion, instead, mut evidence } = best;
    if let Some((other, p)) = instead {
        alternatives.retain(|(c, _)| *c != other);
        alternatives.insert(0, (other, p));
    }
    let most = instead.map_or(1.0, |(_, p)| 1.0 - p);
    // There are as many of them as failures, and they stay.
    evidence.shrink_to_fit();
    alternatives.shrink_to_fit();
    // Two causes that speak equally loudly: neither is that sure.
    let rival =
        verdicts.iter().skip(1).filter(|v| v.cause != cause).map(|v| v.confidence).fold(0.0, f64::max);
    let confidence = if rival > confidence - 0.05 { confidence * 0.85 } else { confidence };
    let weighed = Weighed::default();
    // A weak guess is not a verdict.
    if confidence < 0.35 {
        alternatives.insert(0, (cause, confidence));
        return Judged {
            cause: CauseId::Unknown,
            detail: None,
            confidence: 0.4,
            by_exclusion,
            most,
            weighed,
            evidence,
            alternatives,
            is_inside: false,
        };
    }
    Judged {
        cause,
        detail,
        confidence,
        by_exclusion,
        most,
        weighed,
        evidence,
        alternatives,
        is_inside: false,
    }
}

/// A proxy without servers: for what did the requests before it fail?
fn no_servers(scene: &Scene<'_>, judged: &mut [Judged]) {
    // Of thousands in half a minute, the last ones say as much as all.
    const MOST: usize = 2_000;
    const LAST: usize = 5;
    for i in 0..judged.len() {
        let case = scene.case(i);
        if case.mechanism != Mechanism::NoServer || judged[i].confidence >= CLEAR {
            continue;
        }
        let pool = pool_of(scene, i);
        // What the requests that met a server failed for; what others without one had failed for.
        let mut met: BTreeMap<CauseId, (f64, usize)> = BTreeMap::new();
        let mut handed_on: Option<usize> = None;
        // Of each server the last ones: what took it out, and not what it had failed for before.
        let mut of_server: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut since = case.start;
        // The list is in order of ends; of stamps in whole seconds, those of the same second may have come before.
        let next = i + 1..scene.failing.len();
        let same = next.take_while(|n| scene.failing[*n].end.0 <= case.f.end.1).take(MOST).count();
        for n in (0..=i + same).rev().take(MOST + same) {
            let f = &scene.failing[n];
            if f.end_ns <= case.end - 30 * SECOND {
                break;
            }
            let other = pool_of(scene, n);
            let same_pool = pool.is_none() || other.is_none() || other == pool;
            if !f.is_gateway || scene.world.requests[f.request].instance != case.proxy || !same_pool {
                continue;
            }
            if served_between(scene, (pool, case.label()), f.end_ns, since) {
                // It had servers again after that.
                break;
            }
            since = since.min(f.start_ns);
            if judged[n].cause == CauseId::Unknown {
                continue;
            }
            if f.mechanism != Mechanism::NoServer {
                let told = of_server.entry(f.label()).or_default();
                *told += 1;
                if *told > LAST {
                    continue;
                }
                let v = met.entry(judged[n].cause).or_insert((0.0, n));
                v.0 += judged[n].confidence;
            } else if n < i && judged[n].cause != CauseId::NoLiveUpstreams {
                handed_on = handed_on.or(Some(n));
            }
        }
        let best = met.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0).then(b.0.cmp(a.0))).map(|(_, (_, n))| *n);
        if let Some(n) = best.or(handed_on) {
            let (cause, evidence) = (judged[n].cause, judged[n].evidence.clone());
            // Handed on from one failure of the row to the next, it does not wear out.
            let is_handed_on = scene.failing[n].mechanism == Mechanism::NoServer;
            let confidence = judged[n].confidence * if is_handed_on { 1.0 } else { 0.95 };
            let j = &mut judged[i];
            j.alternatives.insert(0, (CauseId::NoLiveUpstreams, 0.1));
            j.alternatives.retain(|(c, _)| *c != cause);
            j.cause = cause;
            j.detail = Some("the proxy had taken its servers out".into());
            j.confidence = confidence;
            alike::hand_on(&mut j.evidence, &evidence);
        } else if judged[i].cause == CauseId::NoLiveUpstreams && nothing_before(scene, &case) {
            // What the proxy says is all there is to say.
            judged[i].confidence = judged[i].confidence.max(0.75);
        }
    }
}

/// Whether servers of a pool answered in a stretch of time of some seconds: what failed before it is over then.
fn served_between(
    scene: &Scene<'_>,
    (pool, group): (Option<&str>, Option<&str>),
    from: i64,
    to: i64,
) -> bool {
    const LONG: i64 = 5 * SECOND;
    if to - from < LONG {
        return false;
    }
    let pools = scene.plan.configs.iter().flat_map(|c| &c.config.pools);
    let servers: Vec<&str> = pools
        .filter(|p| Some(&*p.name) == group)
        .flat_map(|p| p.servers.iter().map(|s| s.address.as_str()))
        .collect();
    let is_of_pool = |label: &str| match pool {
        Some(pool) => label.split_once('/').is_some_and(|(of, _)| of == pool),
        None => servers.is_empty() || servers.contains(&label),
    };
    scene.world.labels.values().any(|l| is_of_pool(l) && scene.label_served(l, from, to) > 0)
}

/// In a chain of proxies the innermost one saw what happened; the others passed its answer on.
fn outward(scene: &Scene<'_>, chains: &[Vec<(usize, bool, f64)>], judged: &mut [Judged]) {
    let number: std::collections::HashMap<usize, usize> =
        scene.failing.iter().enumerate().map(|(i, f)| (f.request, i)).collect();
    for _ in 0..3 {
        for (i, links) in chains.iter().enumerate() {
            for (other, is_inner, confidence) in links {
                let Some(inner) = number.get(other).copied().filter(|n| *is_inner && *n != i) else {
                    if *is_inner && let Some(verdict) = answered_late(&scene.case(i), *other) {
                        replace_guess(&mut judged[i], verdict);
                    }
                    continue;
                };
                judged[i].is_inside = scene.failing[inner].is_gateway;
                // What the outer proxy saw for itself (a refusal, a timer of its own) is not the inner one's doing.
                let passed_on = matches!(
                    scene.failing[i].mechanism,
                    Mechanism::FromBackend
                        | Mechanism::ReadTimeout
                        | Mechanism::Unknown
                        | Mechanism::Truncated
                );
                // Of an answer that it handed on, it knows no more than the one that made it.
                let knows_more = judged[inner].cause == CauseId::Unknown
                    && scene.failing[i].mechanism != Mechanism::FromBackend;
                if passed_on && scene.failing[inner].is_gateway && !knows_more {
                    judged[i] = Judged {
                        confidence: judged[inner].confidence * confidence,
                        is_inside: true,
                        ..judged[inner].clone()
                    };
                }
            }
        }
    }
}

/// Whether a request at a proxy behind this one is the same, and got its whole answer after this one had given up.
pub(crate) fn is_late_answer(case: &Case<'_>, inner: usize) -> bool {
    let o = &case.scene.world.requests[inner];
    let left = o.r.status == 499 || o.r.detail.as_deref().is_some_and(|d| d.aborted);
    case.mechanism == Mechanism::ReadTimeout
        && o.end_lo > case.end
        && (200..500).contains(&o.r.status)
        && !left
}

fn answered_late(case: &Case<'_>, inner: usize) -> Option<Verdict> {
    is_late_answer(case, inner).then(|| {
        Verdict::new(CauseId::TimeoutTooShort, 0.88)
            .because(
                "the proxy behind this one got the whole answer after this one had given up",
                [Cite::Request(inner)],
            )
            .own(case, "the proxy's timer ran out")
    })
}

/// Puts a verdict that a line proves in the place of one that only follows from what is not there.
fn replace_guess(judged: &mut Judged, verdict: Verdict) {
    let is_guess = judged.by_exclusion
        || matches!(judged.cause, CauseId::Unknown | CauseId::BackendHang)
        || judged.confidence < verdict.confidence && judged.cause == verdict.cause;
    if is_guess {
        let Verdict { cause, confidence, by_exclusion, evidence, .. } = verdict;
        let alternatives =
            std::mem::take(&mut judged.alternatives).into_iter().filter(|(c, _)| *c != cause).collect();
        *judged = Judged {
            cause,
            confidence,
            by_exclusion,
            evidence,
            alternatives,
            detail: None,
            most: 1.0,
            weighed: Weighed::default(),
            is_inside: judged.is_inside,
        };
    }
}

/// Whether the proxy's logs cover the time before, and show neither a failed request nor a server that was taken out.
fn nothing_before(scene: &Scene<'_>, case: &Case<'_>) -> bool {
    let covers = scene.covered(case.proxy).is_some_and(|(lo, _)| lo <= case.end - 30 * SECOND);
    let mut before = scene.failing[..case.number].iter().rev();
    let failed = before
        .by_ref()
        .take_while(|f| f.end_ns > case.end - 30 * SECOND)
        .any(|f| f.is_gateway && f.mechanism != Mechanism::NoServer);
    let taken_out = scene.world.states.iter().any(|m| {
        let down = matches!(m.e.event, StateEvent::ServerDown | StateEvent::ServerMaintenance);
        m.instance == case.proxy && down && m.lo <= case.end + SECOND && m.lo > case.end - 600 * SECOND
    });
    covers && !failed && !taken_out
}

/// HAProxy's backend, or the group in nginx's and Apache's words.
fn pool_of<'s>(scene: &'s Scene<'_>, i: usize) -> Option<&'s str> {
    let detail = scene.world.requests[scene.failing[i].request].r.detail.as_deref()?;
    detail.haproxy.as_ref().and_then(|h| h.backend.as_deref())
}

/// The lines that a verdict rests on, of the backends' and the proxies' own life.
pub(crate) fn cause_cites(judged: &Judged) -> Vec<Cite> {
    let own_errors_count = judged.cause == CauseId::DnsFailure;
    let mut cites: Vec<Cite> = judged
        .evidence
        .iter()
        .flat_map(|c| c.cites.iter().copied())
        .filter(|c| {
            matches!(c, Cite::Log(_) | Cite::State(_)) || own_errors_count && matches!(c, Cite::Error(_))
        })
        .collect();
    cites.sort_unstable();
    cites.dedup();
    cites
}
