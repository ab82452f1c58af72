//! The backend itself sent the 502, 503 or 504: one of several servers (`one-bad-server`), or all (`app-generated-502`).

use super::uneven_load::siblings;
use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::AppGenerated502,
    seen_as: &[Mechanism::FromBackend],
    needs: "an answer that came from the backend",
    refuted_by: "an error line of the proxy about this request",
    judge,
};

const AROUND: i64 = 30 * SECOND;

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism != Mechanism::FromBackend {
        return None;
    }
    let joined = case.completed();
    let mut evidence = Vec::new();
    if let Some((Row::Request(i), _, _)) = joined {
        evidence.push(Cite::Request(i as usize));
    }
    let errors: Vec<Cite> = case.joined_logs().map(Cite::Log).collect();
    let says = |mut v: Verdict| {
        if !evidence.is_empty() {
            v = v.because("the backend logged that it answered with this status", evidence.clone());
        }
        if !errors.is_empty() {
            v = v.because("and what it was about", errors.clone());
        }
        v.own(case, "the proxy passed the answer on")
    };
    let sure = if joined.is_some() { 0.93 } else { 0.75 };
    if let Some(me) = case.instance {
        let scene = case.scene;
        let failures = |i: usize| {
            scene.failed_as(i, Mechanism::FromBackend, case.start - AROUND, case.end + AROUND).len()
        };
        let others = siblings(case, me);
        let mine = failures(me);
        let theirs: usize = others.iter().map(|i| failures(*i)).sum();
        let served: usize =
            others.iter().map(|i| scene.served(*i, case.start - AROUND, case.end + AROUND)).sum();
        // By a fair share the others would have failed too.
        if !others.is_empty() && mine >= 4 && theirs * 8 <= mine && served > mine {
            return Some(says(Verdict::new(CauseId::OneBadServer, sure + 0.01)));
        }
    }
    Some(says(Verdict::new(CauseId::AppGenerated502, sure)))
}
