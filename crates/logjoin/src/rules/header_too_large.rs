//! The response header is larger than the proxy's buffer: nginx `proxy_buffer_size`, httpd `ResponseFieldSize`, HAProxy
//! `tune.bufsize` less `tune.maxrewrite`. HAProxy's `PH` does not tell it from an invalid or denied response; that the backend
//! finished the same request well, and that other proxies complain of the size, does.

use super::{Cite, Rule, Verdict};
use crate::index::Row;
use crate::scene::{Case, SECOND};
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::HeaderTooLarge,
    seen_as: &[Mechanism::HeaderTooLarge, Mechanism::InvalidOrDenied],
    needs: "the proxy to refuse the size of the response header",
    refuted_by: "a response captured at that moment with a header smaller than the proxy's buffer",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    match case.mechanism {
        Mechanism::HeaderTooLarge => Some(
            Verdict::new(CauseId::HeaderTooLarge, 0.97)
                .own(case, "the proxy says that the response header is too large"),
        ),
        Mechanism::InvalidOrDenied => {
            let mut fellows = case.fellows(Mechanism::HeaderTooLarge, 60 * SECOND, 60 * SECOND);
            let fellow = fellows.next().is_some();
            let (row, status, _) = match case.completed() {
                Some(c) => (Some(c.0), c.1, c.2),
                None => (None, 0, 0),
            };
            let finished_well = (200..400).contains(&status);
            let confidence = match (fellow, finished_well) {
                (true, _) => 0.92,
                (false, true) => 0.75,
                (false, false) => 0.4,
            };
            let mut v = Verdict::new(CauseId::HeaderTooLarge, confidence)
                .own(case, "HAProxy refused the response itself (PH)");
            if let (Some(Row::Request(i)), true) = (row, finished_well) {
                v = v.because("the backend finished the request as a success", [Cite::Request(i as usize)]);
            }
            Some(v)
        }
        _ => None,
    }
}
