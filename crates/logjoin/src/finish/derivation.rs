//! How each verdict came about: what was considered, which rules fired, what the others miss, and how sure it became.
//!
//! Nothing is decided here: the rules are asked once more, one by one, and what they say is written down.

use super::failure::round;
use super::line_ref;
use crate::analysis::{Derivation, NearSignal, RejectedLine, RuleOutcome};
use crate::diagnose::Judged;
use crate::index::Row;
use crate::rules::{RULES, Rule, Verdict, refuted_by};
use crate::scene::{Case, SECOND, Scene};
use crate::vocabulary::CauseId;

/// Signals and lines further away are not shown.
const NEAR: i64 = 30 * SECOND;
/// Most of each that are shown: the nearest.
const MOST: usize = 12;

/// One per listed failure, where the caller asks for them.
pub(super) fn build(scene: &Scene<'_>, judged: &[Judged]) -> Vec<Derivation> {
    if !scene.plan.options.derive {
        return Vec::new();
    }
    let listed = (0..judged.len()).filter(|i| !scene.failing[*i].is_hidden);
    let most = scene.plan.options.max_failures.unwrap_or(usize::MAX);
    let one = |(n, i): (usize, usize)| derive(&scene.case(i), &judged[i], format!("F{}", n + 1));
    listed.enumerate().take(most).map(one).collect()
}

fn derive(case: &Case<'_>, j: &Judged, failure: String) -> Derivation {
    let own = &case.scene.plan.options.rules;
    let rules: Vec<RuleOutcome> =
        RULES.iter().map(|r| outcome(r, case)).chain(own.iter().map(|r| own_outcome(r, case))).collect();
    let weighing = weighing(j, &rules);
    Derivation {
        failure,
        signals: signals(case),
        rejected: rejected(case),
        weighing,
        would_change: would_change(own, j),
        rules,
    }
}

fn outcome(rule: &Rule, case: &Case<'_>) -> RuleOutcome {
    let miss = |why: String| RuleOutcome { rule: rule.cause, own: None, fired: None, strength: 0.0, why };
    if !rule.fits(case.mechanism) {
        return miss(format!("not considered, since the proxy saw {}", case.mechanism));
    }
    match rule.apply(case) {
        Some(v) => fired(rule.cause, None, &v),
        None if case.instance.is_none() => {
            miss(format!("needs {}; the logs of the server are not known", rule.needs))
        }
        None => miss(format!("needs {}", rule.needs)),
    }
}

/// The same of a rule of the caller's own.
fn own_outcome(rule: &crate::rule::Rule, case: &Case<'_>) -> RuleOutcome {
    let own = Some(rule.id().to_owned());
    if let Some(v) = rule.apply(case) {
        return fired(rule.cause(), own, &v);
    }
    let why = if rule.fits(case.mechanism) {
        format!("needs {}", rule.asked_for())
    } else {
        format!("not considered, since the proxy saw {}", case.mechanism)
    };
    RuleOutcome { rule: rule.cause(), own, fired: None, strength: 0.0, why }
}

fn fired(rule: CauseId, own: Option<String>, v: &Verdict) -> RuleOutcome {
    let why = v.evidence.iter().map(|c| &*c.text).collect::<Vec<_>>().join("; ");
    RuleOutcome { rule, own, fired: Some(v.cause), strength: round(v.confidence), why }
}

/// The nearest recognised messages of the server, in order of time.
fn signals(case: &Case<'_>) -> Vec<NearSignal> {
    let scene = case.scene;
    let mut signs = case.signs_near(NEAR, NEAR);
    signs.sort_by_key(|s| (crate::scene::distance(s, case.end), s.log));
    signs.truncate(MOST);
    signs.sort_by_key(|s| (s.lo, s.log));
    let show = |s: crate::scene::Sign| NearSignal {
        at: line_ref(scene.plan, scene.world.logs[s.log].e.at),
        meaning: s.meaning.as_str().to_owned(),
        offset_s: round((s.lo - case.end) as f64 / SECOND as f64),
    };
    signs.into_iter().map(show).collect()
}

/// Requests in the server's log with the same path, near in time, that belong to others or cannot be told apart.
fn rejected(case: &Case<'_>) -> Vec<RejectedLine> {
    let world = case.scene.world;
    let own = &world.requests[case.f.request].r;
    let Some(instance) = case.instance.filter(|_| own.target != 0) else { return Vec::new() };
    let is_joined = |i: usize| case.join.lines.iter().any(|l| l.row == Row::Request(i as u32));
    let mut found: Vec<(i64, usize)> = world
        .ended(case.end - NEAR, case.end + NEAR)
        .filter(|t| t.instance == instance && t.r.target == own.target)
        .filter_map(|t| Some(((t.end_lo - case.end).abs(), world.number_of(t)?)))
        .filter(|(_, i)| !is_joined(*i))
        .collect();
    found.sort_unstable();
    found.truncate(MOST);
    let why = |i: usize, distance: i64| {
        let t = &world.requests[i];
        let seconds = distance as f64 / SECOND as f64;
        if t.r.method != own.method {
            "another method".to_owned()
        } else if case.join.ambiguous && t.end_hi >= case.start {
            format!("fits as well as others do ({seconds:.3} s away): which is whose cannot be told")
        } else if t.end_hi < case.start {
            format!("ended {seconds:.3} s away, before this request began")
        } else {
            format!("{seconds:.3} s away; it fits another request better, or the times exclude it")
        }
    };
    let at = |i: usize| line_ref(case.scene.plan, world.requests[i].r.at);
    found.into_iter().map(|(d, i)| RejectedLine { at: at(i), why: why(i, d) }).collect()
}

fn weighing(j: &Judged, rules: &[RuleOutcome]) -> Vec<String> {
    let mut out = Vec::new();
    let best = rules.iter().filter(|r| r.fired.is_some()).max_by(|a, b| a.strength.total_cmp(&b.strength));
    match best.and_then(|b| b.fired.map(|c| (c, b.strength))) {
        Some((cause, p)) if cause == j.cause => out.push(format!("the rules by themselves: {cause} {p:.2}")),
        Some((cause, p)) => out.push(format!(
            "the rules by themselves: {cause} {p:.2}; the failures around it, or the proxy behind this one, make it {}",
            j.cause
        )),
        None => out.push("no rule fires on this failure alone".to_owned()),
    }
    if let Some(w) = j.weighed.witnesses {
        let yes = |b: bool| if b { "yes" } else { "no" };
        if j.by_exclusion {
            out.push(format!(
                "by exclusion: worth what the server's own logs could have told; they are here and cover the moment: {}; they show it begin anew: {}",
                yes(w.heard),
                yes(w.named)
            ));
        } else {
            out.push(format!(
                "a line beside the proxy's names the event: {}; the row agrees: {}; the server's own logs cover the moment: {} (each yes leaves a third of the doubt)",
                yes(w.named),
                yes(w.agreeing),
                yes(w.heard)
            ));
        }
        out.push(format!("from {:.2} to {:.2}", j.weighed.strength, j.confidence));
    }
    out
}

fn would_change(own: &[crate::rule::Rule], j: &Judged) -> Vec<String> {
    if j.cause == CauseId::Unknown {
        let all = j.alternatives.iter().take(3).map(|(c, _)| *c);
        return all.map(|c| format!("{c}, if there were evidence for it beyond a guess")).collect();
    }
    let mut out = vec![format!("not {}: {}", j.cause, refuted_by(own, j.cause, j.detail.as_deref()))];
    let page = crate::causes::page(j.cause);
    for (other, why) in page.look_alikes.iter().take(4) {
        out.push(format!("{other} instead: {why}"));
    }
    out
}
