//! From steps to a verdict, in the words and cause ids of the analysis.
//!
//! Two tables of rules, each in order, the first match winning: [`TARGET_RULES`] look at one URL alone, [`PAIR_RULES`] at a
//! proxy that fails while its backends do not. A fault of a backend goes before a fault of the pair: the proxy's answer is
//! then its consequence.
//!
//! To add a rule, add it to the table of its kind, where more special ones stand before more general ones.

mod pair;
mod target;

use std::time::Duration;

use logjoin::{CauseId, Mechanism, causes};

pub use pair::PAIR_RULES;
pub use target::TARGET_RULES;

use crate::options::Options;
use crate::report::{Exchange, Restart, TargetReport, Verdict};
use crate::restart;

/// What a rule may ask.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Through the proxy.
    pub via: &'a TargetReport,
    /// At the backends.
    pub direct: &'a [TargetReport],
    /// What the proxy is known to wait, if it is.
    pub proxy_timeout: Option<Duration>,
    /// How long the probe waited.
    pub timeout: Duration,
}

/// A rule about one URL.
#[derive(Debug)]
pub struct TargetRule {
    /// Kebab-case id.
    pub id: &'static str,
    /// When it holds, and why that follows.
    pub doc: &'static str,
    /// The rule.
    pub judge: fn(&TargetReport, &Facts<'_>) -> Option<Finding>,
}

/// A rule about a proxy and backends that work without it.
#[derive(Debug)]
pub struct PairRule {
    /// Kebab-case id.
    pub id: &'static str,
    /// When it holds, and why that follows.
    pub doc: &'static str,
    /// The rule.
    pub judge: fn(&Facts<'_>) -> Option<Finding>,
}

/// What a rule concludes.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    cause: CauseId,
    detail: Option<&'static str>,
    confidence: f64,
    why: String,
    evidence: Vec<String>,
    alternatives: Vec<CauseId>,
    next: Vec<String>,
}

impl Finding {
    fn new(cause: CauseId, confidence: f64, why: impl Into<String>) -> Finding {
        let (detail, evidence, alternatives, next) = (None, Vec::new(), Vec::new(), Vec::new());
        Finding { cause, detail, confidence, why: why.into(), evidence, alternatives, next }
    }

    fn detail(mut self, detail: &'static str) -> Finding {
        self.detail = Some(detail);
        self
    }

    fn seen(mut self, evidence: impl Into<String>) -> Finding {
        self.evidence.push(evidence.into());
        self
    }

    fn or(mut self, alternatives: &[CauseId]) -> Finding {
        self.alternatives.extend(alternatives);
        self
    }

    fn next(mut self, step: impl Into<String>) -> Finding {
        self.next.push(step.into());
        self
    }

    fn verdict(mut self, rule: &str, about: &str) -> Verdict {
        let page = causes::page(self.cause);
        self.next.extend(page.checks.iter().take(3).map(|c| (*c).to_owned()));
        Verdict {
            outcome: "fault".to_owned(),
            about: about.to_owned(),
            cause: Some(self.cause),
            detail: self.detail.map(str::to_owned),
            confidence: self.confidence,
            rule: rule.to_owned(),
            why: self.why,
            evidence: self.evidence,
            alternatives: self.alternatives,
            next_steps: self.next,
        }
    }
}

/// What [`judge`] gives.
#[derive(Debug)]
pub(crate) struct Judged {
    pub verdict: Verdict,
    pub findings: Vec<Verdict>,
    pub notes: Vec<String>,
    pub restart: Option<Restart>,
}

/// Judges a whole probe.
pub(crate) fn judge(via: &TargetReport, direct: &[TargetReport], options: &Options) -> Judged {
    let facts = Facts { via, direct, proxy_timeout: options.proxy_timeout, timeout: options.timeout };
    let mut findings: Vec<Verdict> = Vec::new();
    let proxy_unreachable = !answered(via);
    let own = alone(via, &facts).map(|(rule, f)| at_the_proxy(f, via).verdict(rule, "via"));
    let mut of_direct: Vec<Verdict> = Vec::new();
    for target in direct {
        let Some((rule, mut finding)) = alone(target, &facts) else { continue };
        if serves(via) {
            // The proxy has another server, another address or a cache; or only this place is cut off.
            finding.confidence *= 0.7;
            finding.evidence.push("the proxy answers all the same".to_owned());
        }
        of_direct.push(finding.verdict(rule, &target.name));
    }
    of_direct.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let hangs = via.requests.last().is_some_and(|e| e.mechanism == Mechanism::ReadTimeout);
    if proxy_unreachable && !hangs {
        findings.extend(own);
        findings.extend(of_direct);
    } else if !of_direct.is_empty() {
        findings.extend(of_direct);
    } else {
        let pair = PAIR_RULES.iter().find_map(|r| (r.judge)(&facts).map(|f| f.verdict(r.id, "both")));
        findings.extend(pair);
        if findings.is_empty() {
            findings.extend(own);
        }
    }
    let notes = notes(&facts);
    if findings.is_empty() {
        return Judged { verdict: healthy(&facts), findings, notes, restart: None };
    }
    let verdict = findings.remove(0);
    let restart = restart::order(&verdict, via, direct);
    Judged { verdict, findings, notes, restart }
}

fn alone(target: &TargetReport, facts: &Facts<'_>) -> Option<(&'static str, Finding)> {
    TARGET_RULES.iter().find_map(|r| (r.judge)(target, facts).map(|f| (r.id, f)))
}

/// A fault of a backend has another name where it is the proxy that has it.
fn at_the_proxy(mut f: Finding, via: &TargetReport) -> Finding {
    f.why = format!("at the proxy itself: {}", f.why);
    match f.cause {
        CauseId::BackendDown => {
            f.cause = CauseId::ProxyRestarting;
            f.detail = Some("proxy-not-listening");
            f.confidence = 0.6;
            f.alternatives =
                vec![CauseId::ProxyInternalError, CauseId::ProxyConfigError, CauseId::FirewallReject];
            f.next = vec![format!("is the proxy of {} running, and does its configuration load?", via.url)];
        }
        CauseId::BackendCrash
        | CauseId::UnhandledExceptionClose
        | CauseId::BackendHang
        | CauseId::AppError => {
            f.cause = CauseId::ProxyInternalError;
            f.confidence = 0.5;
            f.alternatives = vec![CauseId::ProxyResources, CauseId::RequestLimited, CauseId::Unknown];
            f.next = Vec::new();
        }
        CauseId::AppGenerated502 => f.confidence = 0.4,
        CauseId::WorkerPoolExhausted => f.cause = CauseId::ProxyResources,
        _ => {}
    }
    f
}

fn healthy(facts: &Facts<'_>) -> Verdict {
    let times = |t: &TargetReport| median(t.requests.iter().filter_map(|e| e.first_byte_s).collect());
    let mut evidence = Vec::new();
    for t in std::iter::once(facts.via).chain(facts.direct) {
        let statuses: Vec<String> =
            t.requests.iter().filter_map(|e| e.status).map(|s| s.to_string()).collect();
        if let Some(s) = times(t) {
            evidence.push(format!("{}: {}, first byte after {}", t.name, statuses.join(" "), seconds(s)));
        }
    }
    let done = answered(facts.via) && facts.direct.iter().all(answered);
    Verdict {
        outcome: if done { "healthy" } else { "undecided" }.to_owned(),
        about: "both".to_owned(),
        cause: (!done).then_some(CauseId::Unknown),
        detail: None,
        confidence: if done { 0.9 } else { 0.0 },
        rule: if done { "healthy" } else { "undecided" }.to_owned(),
        why: if done {
            "the proxy and the backends answer; now, from here, to this request"
        } else {
            "the probe could not be carried out to the end"
        }
        .to_owned(),
        evidence,
        alternatives: Vec::new(),
        next_steps: if done {
            vec![
                "if requests fail nevertheless, probe from the proxy's own host, and with the request that fails".to_owned(),
                "the logs of the time of the failures say more than a probe afterwards: logjoin PATH...".to_owned(),
            ]
        } else {
            vec!["give it more time: --deadline".to_owned()]
        },
    }
}

/// What is no fault, and worth knowing.
fn notes(facts: &Facts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for t in std::iter::once(facts.via).chain(facts.direct) {
        if t.resolve.mismatch {
            notes.push(format!(
                "{}: the configured address {} is none of the name's ({})",
                t.name,
                t.resolve.configured.as_deref().unwrap_or("-"),
                t.resolve.addresses.join(" ")
            ));
        }
        let (open, shut): (Vec<_>, Vec<_>) =
            t.connect.iter().partition(|c| c.mechanism == Mechanism::FromBackend);
        if !open.is_empty() {
            for c in shut {
                let why = c.error.as_deref().unwrap_or_default();
                notes.push(format!("{}: {} of the same name is not reached: {why}", t.name, c.address));
            }
        }
        if let Some(c) = t.tls.as_ref().and_then(|s| s.certificate.as_ref()) {
            match &c.text {
                Some(text) => notes.push(format!("{}: {text}", t.name)),
                None if c.days_left < 21 => {
                    notes.push(format!("{}: the certificate expires in {} days", t.name, c.days_left));
                }
                None => {}
            }
        }
        if let Some(k) = &t.keepalive {
            match (k.outcome.as_str(), k.closed_after_s) {
                ("closed-while-idle", Some(s)) => notes.push(format!(
                    "{}: an idle connection is closed after {}; a proxy that keeps connections longer may send into the \
                     closing one (keepalive-race)",
                    t.name,
                    seconds(s)
                )),
                ("failed-on-reuse", Some(s)) => notes.push(format!(
                    "{}: a kept connection failed when it was used again after {}: {}",
                    t.name,
                    seconds(s),
                    k.error.as_deref().unwrap_or_default()
                )),
                _ => {}
            }
        }
    }
    let body = |t: &TargetReport| last_good(t).and_then(|e| e.body_sha256.clone());
    let status = |t: &TargetReport| last_good(t).and_then(|e| e.status);
    for d in facts.direct {
        match (status(facts.via), status(d)) {
            (Some(a), Some(b)) if a != b => {
                notes.push(format!("the status differs: {a} via the proxy, {b} {}", d.name))
            }
            (Some(_), Some(_)) if body(facts.via) != body(d) => {
                notes.push(format!("the body differs between via and {}", d.name));
            }
            _ => {}
        }
    }
    notes
}

fn last_good(t: &TargetReport) -> Option<&Exchange> {
    t.requests.iter().rev().find(|e| e.mechanism == Mechanism::FromBackend)
}

/// Whether any request was answered.
fn answered(t: &TargetReport) -> bool {
    t.requests.iter().any(|e| e.mechanism == Mechanism::FromBackend)
}

/// Whether all requests were answered, and not with an error of the server's side.
fn serves(t: &TargetReport) -> bool {
    !t.requests.is_empty()
        && t.requests
            .iter()
            .all(|e| e.mechanism == Mechanism::FromBackend && e.status.is_some_and(|s| s < 500))
}

/// The median of some seconds.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Seconds for people.
pub(crate) fn seconds(s: f64) -> String {
    if s < 1.0 { format!("{:.0} ms", s * 1000.0) } else { format!("{s:.1} s") }
}
