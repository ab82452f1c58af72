//! The proxy itself: its own resources, limits and rules, its configuration, an operator's hand.

use super::{Rule, Verdict};
use crate::scene::Case;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::ProxyResources,
    refuted_by: "the proxy had free connections, files, ports and memory at that moment",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let (cause, confidence, text) = match case.mechanism {
        Mechanism::ProxyLimit => {
            (CauseId::ProxyResources, 0.95, "the proxy ran out of a resource of its own")
        }
        Mechanism::Denied => {
            (CauseId::RequestLimited, 0.8, "a rule or limit of the proxy answered, no server was tried")
        }
        Mechanism::ConfigError => (
            CauseId::ProxyConfigError,
            0.9,
            "the proxy could not make sense of its configuration for this request",
        ),
        Mechanism::Internal => (CauseId::ProxyInternalError, 0.85, "the proxy reports an internal error"),
        Mechanism::Killed => {
            (CauseId::BackendMaintenance, 0.6, "the proxy cut the session when the server was taken out")
        }
        _ => return None,
    };
    Some(Verdict::new(cause, confidence).own(case, text))
}
