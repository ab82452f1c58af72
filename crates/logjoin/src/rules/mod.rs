//! The table of rules: from what is known of one failed request to why it failed.
//!
//! A rule is a pure function of a [`Case`]. It fires with a probability and the lines that speak for it, or it does not.
//! Of the rules that fire, the surest gives the cause; the others are the alternatives. Rules of the caller's own
//! ([`crate::rule`]) take part in the same way.
//!
//! To add a rule:
//!
//! 1. write `rules/<cause id>.rs` with a `pub(super) static RULE: Rule` and its `judge`;
//! 2. add `mod` and the entry in [`RULES`] below;
//! 3. give it cases under `fixtures/rules/<cause id>/`: small worlds in which it must fire, and near misses that are
//!    something else.

mod app_generated;
mod backend_crash;
mod backend_hang;
mod client_abort;
mod connect_timeout;
mod dns_failure;
mod fd_exhaustion;
mod firewall_reject;
mod header_too_large;
mod health_check_failing;
mod invalid_response;
mod keepalive_race;
mod latency_degradation;
mod network_unreachable;
mod no_live_upstreams;
mod not_listening;
mod oom_kill;
mod permission_denied;
mod proxy_side;
mod start_failure;
mod timeout_too_short;
mod uneven_load;
mod unhandled_exception_close;
mod worker_pool_exhausted;
mod worker_timeout;
mod wrong_protocol;
mod wrong_upstream_port;

use std::borrow::Cow;

use crate::scene::{Case, Sign};
use crate::vocabulary::{CauseId, Mechanism};
use serde::{Deserialize, Serialize};

/// One rule.
pub(crate) struct Rule {
    /// What it is named for in explanations: the cause that it mostly gives.
    pub cause: CauseId,
    /// What the proxy may have seen when it fires; empty: anything.
    pub seen_as: &'static [Mechanism],
    /// What it asks for beside that: the middle of a sentence.
    pub needs: &'static str,
    /// What would show that it is wrong here, one sentence.
    pub refuted_by: &'static str,
    /// The rule.
    pub judge: fn(&Case<'_>) -> Option<Verdict>,
}

/// What a rule says.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub cause: CauseId,
    pub detail: Option<Cow<'static, str>>,
    /// How sure the argument is when nothing else is known, 0 to 1. `certainty` makes a probability of it.
    pub confidence: f64,
    /// No line names the event: it is what remains when nothing else is said.
    pub by_exclusion: bool,
    /// Another cause that the same lines admit, and how probable it is: no witness tells the two apart.
    pub instead: Option<(CauseId, f64)>,
    /// What speaks for it.
    pub evidence: Vec<Claim>,
}

/// Lines that one fact cites.
pub(crate) const CITES: usize = 6;

/// A fact with the lines that show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub text: Cow<'static, str>,
    pub cites: Vec<Cite>,
}

/// A line, by the list it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Cite {
    Log(usize),
    Error(usize),
    State(usize),
    Request(usize),
}

impl Rule {
    /// Whether what the proxy saw is among what this cause shows as.
    pub fn fits(&self, seen: Mechanism) -> bool {
        self.seen_as.is_empty() || self.seen_as.contains(&seen)
    }

    /// What the rule says of a case.
    pub fn apply(&self, case: &Case<'_>) -> Option<Verdict> {
        if self.fits(case.mechanism) { (self.judge)(case) } else { None }
    }
}

impl Verdict {
    pub fn new(cause: CauseId, confidence: f64) -> Verdict {
        Verdict { cause, detail: None, confidence, by_exclusion: false, instead: None, evidence: Vec::new() }
    }

    /// Marks a verdict for which no line speaks, only the silence of others.
    pub fn by_exclusion(mut self) -> Verdict {
        self.by_exclusion = true;
        self
    }

    /// Names another cause that is as well shown, and how probable it is.
    pub fn instead(mut self, cause: CauseId, probability: f64) -> Verdict {
        self.instead = (probability >= 0.01).then_some((cause, probability));
        self
    }

    pub fn because(mut self, text: &'static str, cites: impl IntoIterator<Item = Cite>) -> Verdict {
        self.evidence.push(Claim { text: text.into(), cites: cites.into_iter().take(CITES).collect() });
        self
    }

    pub fn signs(self, text: &'static str, signs: &[Sign]) -> Verdict {
        self.because(text, signs.iter().map(|s| Cite::Log(s.log)))
    }

    /// The proxy's own lines about the request.
    pub fn own(self, case: &Case<'_>, text: &'static str) -> Verdict {
        let cites: Vec<Cite> = if case.f.errors.is_empty() {
            vec![Cite::Request(case.f.request)]
        } else {
            case.f.errors.iter().map(|e| Cite::Error(*e)).collect()
        };
        self.because(text, cites)
    }
}

/// All rules, in the order in which ties are broken.
pub(crate) static RULES: &[&Rule] = &[
    &client_abort::RULE,
    &permission_denied::RULE,
    &dns_failure::RULE,
    &proxy_side::RULE,
    &header_too_large::RULE,
    &wrong_protocol::RULE,
    &invalid_response::RULE,
    &oom_kill::RULE,
    &worker_timeout::RULE,
    &fd_exhaustion::RULE,
    &backend_crash::RULE,
    &start_failure::RULE,
    &worker_pool_exhausted::RULE,
    &uneven_load::RULE,
    &unhandled_exception_close::RULE,
    &wrong_upstream_port::RULE,
    &not_listening::RULE,
    &network_unreachable::RULE,
    &firewall_reject::RULE,
    &connect_timeout::RULE,
    &timeout_too_short::RULE,
    &latency_degradation::RULE,
    &backend_hang::RULE,
    &keepalive_race::RULE,
    &app_generated::RULE,
    &health_check_failing::RULE,
    &no_live_upstreams::RULE,
];

/// All verdicts on a case, the surest first: those of the table, then those of the caller's own rules.
pub(crate) fn judge(case: &Case<'_>) -> Vec<Verdict> {
    let mut found: Vec<Verdict> = RULES.iter().filter_map(|r| r.apply(case)).collect();
    found.extend(case.scene.plan.options.rules.iter().filter_map(|r| r.apply(case)));
    // A stable sort: the table's order breaks ties.
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    found
}

/// What would refute a cause, by the rule of the caller's own that `detail` names or by that of the table.
pub(crate) fn refuted_by<'a>(own: &'a [crate::rule::Rule], cause: CauseId, detail: Option<&str>) -> &'a str {
    if let Some(said) = crate::rule::named(own, detail).and_then(|r| r.refutation()) {
        return said;
    }
    RULES
        .iter()
        .find(|r| r.cause == cause)
        .map_or("a line of the backend that contradicts it", |r| r.refuted_by)
}
