//! Which lines' texts go into the result: those that were joined to failed requests or explain them.
//!
//! A result shall not grow without bound with the failures, so only [`MOST`] lines are kept; every episode gets its share:
//! first the lines of the first failure of each, then those of the second, and so on.

use std::collections::BTreeMap;

use super::{line_ref, show};
use crate::analysis::{Excerpt, Time};
use crate::diagnose::{Judged, cause_cites};
use crate::event::At;
use crate::index::Row;
use crate::rules::Cite;
use crate::scene::Scene;

/// Lines whose text is kept.
const MOST: usize = 20_000;
/// Characters of each.
const CHARS: usize = 200;

/// The excerpts, in order of file and line.
pub(super) fn build(
    scene: &Scene<'_>,
    judged: &[Judged],
    chains: &[Vec<(usize, bool, f64)>],
    episode_of: &[Option<String>],
) -> Vec<Excerpt> {
    let mut rank: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (i, f) in scene.failing.iter().enumerate() {
        if !f.is_hidden {
            let seen = rank.entry(episode_of[i].as_deref()).or_default();
            order.push((*seen, i));
            *seen += 1;
        }
    }
    order.sort_unstable();
    let mut kept: BTreeMap<At, Excerpt> = BTreeMap::new();
    for (_, i) in order {
        if kept.len() >= MOST {
            break;
        }
        for cite in lines_of(scene, i, &judged[i], &chains[i]) {
            let at = super::failure::cite_at(scene, cite);
            kept.entry(at).or_insert_with(|| excerpt(scene, i, cite, at));
        }
    }
    kept.into_values().collect()
}

/// Every line beside its own that belongs to a failed request.
fn lines_of(scene: &Scene<'_>, i: usize, j: &Judged, chain: &[(usize, bool, f64)]) -> Vec<Cite> {
    let mut out: Vec<Cite> = scene.failing[i].errors.iter().map(|e| Cite::Error(*e)).collect();
    out.extend(chain.iter().map(|(other, _, _)| Cite::Request(*other)));
    out.extend(scene.joins[i].lines.iter().map(|l| match l.row {
        Row::Request(n) => Cite::Request(n as usize),
        Row::Log(n) => Cite::Log(n as usize),
    }));
    out.extend(cause_cites(j));
    out
}

fn excerpt(scene: &Scene<'_>, i: usize, cite: Cite, at: At) -> Excerpt {
    let world = scene.world;
    let (instance, lo, hi, text) = match cite {
        Cite::Log(n) => {
            let m = &world.logs[n];
            (m.instance, m.lo, m.hi, m.e.text.clone())
        }
        Cite::Error(n) => {
            let m = &world.errors[n];
            (m.instance, m.lo, m.hi, String::from(&m.e.message))
        }
        Cite::State(n) => {
            let m = &world.states[n];
            (m.instance, m.lo, m.hi, m.e.text.clone())
        }
        Cite::Request(n) => {
            let t = &world.requests[n];
            (t.instance, t.end_lo, t.end_hi, request(scene, i, n))
        }
    };
    Excerpt {
        at: line_ref(scene.plan, at),
        instance: scene.plan.instances[instance].name.clone(),
        time: Time::at(lo),
        within_s: hi.saturating_sub(lo).max(0) as f64 / 1e9,
        text: show(&text, CHARS),
    }
}

/// What a backend may have been asked for, when a proxy took the first parts of the target away: the one with that hash.
fn behind(target: &str, hash: u64) -> Option<&str> {
    let first = crate::row::tail(target.as_bytes());
    let second = first.and_then(crate::row::tail);
    let found = [first, second].into_iter().flatten().find(|t| crate::hash::hash(t) == hash)?;
    target.get(target.len() - found.len()..)
}

/// A request in words. Rows of healthy requests have hashes only: where they are those of the failed request, its words serve.
fn request(scene: &Scene<'_>, i: usize, n: usize) -> String {
    let r = &scene.world.requests[n].r;
    let failed = &scene.world.requests[scene.failing[i].request].r;
    let own = r.detail.as_deref();
    let lent = failed.detail.as_deref();
    let method = own
        .and_then(|d| d.method.as_deref())
        .or_else(|| lent.filter(|_| r.method == failed.method).and_then(|d| d.method.as_deref()));
    let target = own.and_then(|d| d.target.as_deref()).or_else(|| {
        let words = lent.and_then(|d| d.target.as_deref());
        if r.target == failed.target {
            words
        } else {
            let without_query = words.filter(|_| r.path == failed.path).and_then(|t| t.split('?').next());
            without_query.or_else(|| words.and_then(|t| behind(t, r.target)))
        }
    });
    let mut text = format!("{} {}", method.unwrap_or("-"), target.unwrap_or("-"));
    if r.status != 0 {
        text.push_str(&format!(" → {}", r.status));
    }
    if let Some(ns) = r.duration_ns {
        text.push_str(&format!(" in {}", crate::render::words::length(ns as f64 / 1e9)));
    }
    if r.bytes > 0 {
        text.push_str(&format!(", {} bytes", r.bytes));
    }
    text
}
