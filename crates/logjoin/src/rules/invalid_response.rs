//! What came back is not a valid response: a bad status line, header or length. Most responses are good, or it would be
//! another protocol.

use super::{Rule, Verdict};
use crate::scene::Case;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::InvalidResponse,
    seen_as: &[Mechanism::InvalidResponse, Mechanism::InvalidOrDenied],
    needs: "a response that the proxy could not read",
    refuted_by: "a capture of the response that is well-formed",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let confidence = match case.mechanism {
        Mechanism::InvalidResponse => 0.9,
        Mechanism::InvalidOrDenied => 0.55,
        _ => return None,
    };
    Some(
        Verdict::new(CauseId::InvalidResponse, confidence)
            .own(case, "the proxy could not parse the response"),
    )
}
