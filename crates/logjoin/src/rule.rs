//! Rules of your own: causes that only you know, judged beside the built-in ones.
//!
//! A [`Rule`] is a value: a name, the words for it, and a closure that looks at one failed request through [`Failed`] and
//! says nothing, or gives a [`Verdict`] with the lines that speak for it. It competes with the built-in rules: of those that
//! fire the surest gives the cause, the others become alternatives, and the same witnesses (a line that names the event, a row of
//! failures that agrees, logs that cover the moment) make a probability of its strength.
//!
//! ```
//! use logjoin::rule::{Rule, Verdict};
//! use std::time::Duration;
//!
//! let licence = Rule::new("licence-server", "the licence server refused", |failed| {
//!     let near = failed.messages(Duration::from_secs(5), Duration::from_secs(1));
//!     let said: Vec<_> = near.into_iter().filter(|m| m.text().is_some_and(|t| t.contains("no licence left"))).collect();
//!     if said.is_empty() { return None }
//!     Some(Verdict::new(0.9).because("the application got no licence", said))
//! })
//! .refuted_by("a request that was served with a licence at that moment")
//! .advice("ask for more licences, or let the application wait for one");
//!
//! let error = r#"2026/11/21 02:47:17 [error] 7#7: *1 upstream prematurely closed connection while reading response header from upstream, client: 192.0.2.1, server: x, request: "GET /cart HTTP/1.1", upstream: "http://10.0.0.1:80/cart", host: "x""#;
//! let access = r#"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 502 150 "-" "curl""#;
//! let app = "2026-11-21T02:47:17Z ERROR no licence left, giving up";
//! let mut options = logjoin::Options { rules: vec![licence], ..Default::default() };
//! options.peers.push((logjoin::Pattern::new("app/"), "10.0.0.1:80".into()));
//! let analysis = logjoin::analyze([("web/access.log", access), ("web/error.log", error), ("app/app.log", app)], options);
//! let failure = &analysis.failures[0];
//! assert_eq!((failure.cause, failure.detail.as_deref()), (logjoin::CauseId::Custom, Some("licence-server")));
//! assert_eq!(failure.cause_lines[0].to_string(), "app/app.log:1");
//! ```
//!
//! A rule sees facts on the common clock, never bytes. It must give the same answer for the same case: it is asked in any order,
//! perhaps from several threads, and again where derivations are asked for ([`Options::derive`](crate::Options::derive)). Time
//! and memory that it takes are the caller's affair.

mod failed;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use failed::{Failed, Line};

use crate::rules::{self, Cite, Claim};
use crate::scene::{Case, Scene};
use crate::vocabulary::{CauseId, Mechanism};

type Judge = dyn Fn(&Failed<'_>) -> Option<Verdict> + Send + Sync;

/// A rule of your own, for [`Options::rules`](crate::Options::rules). Cloning it is cheap.
#[derive(Clone)]
pub struct Rule {
    id: Cow<'static, str>,
    found: Cow<'static, str>,
    cause: CauseId,
    seen_as: Vec<Mechanism>,
    needs: Cow<'static, str>,
    refuted_by: Cow<'static, str>,
    advice: Vec<String>,
    judge: Arc<Judge>,
}

impl Rule {
    /// A rule. `id` is its stable name in kebab-case, which becomes the `detail` of what it judges; `found` says what happened
    /// where it fires, as the middle of a sentence (`the licence server refused`). Its cause is [`CauseId::Custom`] unless
    /// [`gives`](Rule::gives) names another.
    pub fn new(
        id: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
        judge: impl Fn(&Failed<'_>) -> Option<Verdict> + Send + Sync + 'static,
    ) -> Rule {
        Rule {
            id: id.into(),
            found: found.into(),
            cause: CauseId::Custom,
            seen_as: Vec::new(),
            needs: Cow::Borrowed("what this rule looks for"),
            refuted_by: Cow::Borrowed(""),
            advice: Vec::new(),
            judge: Arc::new(judge),
        }
    }

    /// Its verdicts have this known cause: the rule knows one more way in which it shows.
    pub fn gives(mut self, cause: CauseId) -> Rule {
        self.cause = cause;
        self
    }

    /// What the proxy may have seen when it fires; it is not asked of other requests. Not called: anything.
    pub fn seen_as(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Rule {
        self.seen_as = mechanisms.into_iter().collect();
        self
    }

    /// What it asks for, for explanations: the rest of a sentence that begins with `needs` (`a refusal of the licence server
    /// within 5 s`).
    pub fn needs(mut self, what: impl Into<Cow<'static, str>>) -> Rule {
        self.needs = what.into();
        self
    }

    /// What would show that it is wrong: the middle of a sentence.
    pub fn refuted_by(mut self, what: impl Into<Cow<'static, str>>) -> Rule {
        self.refuted_by = what.into();
        self
    }

    /// Adds what to change, the most effective first. It comes before what is known of a known cause.
    pub fn advice(mut self, what: impl Into<String>) -> Rule {
        self.advice.push(what.into());
        self
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened where it fires.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// The cause that its verdicts have.
    pub fn cause(&self) -> CauseId {
        self.cause
    }

    pub(crate) fn refutation(&self) -> Option<&str> {
        (!self.refuted_by.is_empty()).then_some(&*self.refuted_by)
    }

    pub(crate) fn asked_for(&self) -> &str {
        &self.needs
    }

    pub(crate) fn advised(&self) -> &[String] {
        &self.advice
    }

    pub(crate) fn fits(&self, seen: Mechanism) -> bool {
        self.seen_as.is_empty() || self.seen_as.contains(&seen)
    }

    /// What it says of a case, in the words of the built-in rules.
    pub(crate) fn apply(&self, case: &Case<'_>) -> Option<rules::Verdict> {
        if !self.fits(case.mechanism) {
            return None;
        }
        let said = (self.judge)(&Failed::new(*case))?;
        if said.strength.is_nan() || said.strength <= 0.0 {
            return None;
        }
        let is_line = |c: &Cite| exists(case.scene, *c);
        let claim = |(text, cites): (Cow<'static, str>, Vec<Cite>)| Claim {
            text,
            // A verdict that was kept from another analysis speaks of lines that are not here.
            cites: cites.into_iter().filter(is_line).take(rules::CITES).collect(),
        };
        Some(rules::Verdict {
            instead: None,
            cause: self.cause,
            detail: Some(self.id.clone()),
            confidence: said.strength.min(1.0),
            by_exclusion: said.by_exclusion,
            evidence: said.claims.into_iter().map(claim).collect(),
        })
    }
}

fn exists(scene: &Scene<'_>, c: Cite) -> bool {
    match c {
        Cite::Log(n) => n < scene.world.logs.len(),
        Cite::Error(n) => n < scene.world.errors.len(),
        Cite::State(n) => n < scene.world.states.len(),
        Cite::Request(n) => n < scene.world.requests.len(),
    }
}

/// The rule of the caller's own that a detail names.
pub(crate) fn named<'a>(rules: &'a [Rule], detail: Option<&str>) -> Option<&'a Rule> {
    rules.iter().find(|r| Some(r.id()) == detail)
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("cause", &self.cause).finish_non_exhaustive()
    }
}

/// What a rule says where it fires.
#[derive(Debug, Clone)]
pub struct Verdict {
    strength: f64,
    by_exclusion: bool,
    claims: Vec<(Cow<'static, str>, Vec<Cite>)>,
}

impl Verdict {
    /// A verdict, and how sure its argument is when nothing else is known: meant as a frequency, above 0 and at most 1. Below
    /// 0.35 it is a guess, which at most becomes an alternative; the built-in rules are between 0.4 and 0.95.
    pub fn new(strength: f64) -> Verdict {
        Verdict { strength, by_exclusion: false, claims: Vec::new() }
    }

    /// Adds a fact that speaks for it, one sentence, and the lines that show it (the first six count).
    pub fn because<'a>(
        mut self,
        claim: impl Into<Cow<'static, str>>,
        lines: impl IntoIterator<Item = Line<'a>>,
    ) -> Verdict {
        self.claims.push((claim.into(), lines.into_iter().map(|l| l.cite()).collect()));
        self
    }

    /// No line names the event; it is what remains when nothing else is said. Such a verdict is worth what the logs that are
    /// there could have told.
    pub fn by_exclusion(mut self) -> Verdict {
        self.by_exclusion = true;
        self
    }
}
