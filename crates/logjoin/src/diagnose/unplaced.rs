//! Failures whose server is not known, amid failures of the same kind at the same proxy that all have one cause.

use std::collections::BTreeMap;

use super::{CLEAR, Judged};
use crate::scene::{SECOND, Scene};
use crate::vocabulary::{CauseId, Mechanism};

/// Failures are near one another whose ends are less than this apart.
const NEAR: i64 = 3 * SECOND;

/// A failure takes over the cause of those around it.
pub(super) fn judge(scene: &Scene<'_>, judged: &mut [Judged]) {
    let mut models: BTreeMap<(usize, Mechanism), Models> = BTreeMap::new();
    for (n, j) in judged.iter().enumerate().filter(|(_, j)| j.confidence >= CLEAR) {
        let case = scene.case(n);
        if case.instance.is_some() {
            models.entry((case.proxy, case.mechanism)).or_default().all.push((n, case.end, j.cause));
        }
    }
    for i in 0..judged.len() {
        let case = scene.case(i);
        if case.instance.is_some() || !case.f.is_gateway || judged[i].confidence > 0.8 {
            continue;
        }
        let Some(models) = models.get_mut(&(case.proxy, case.mechanism)) else { continue };
        if let Some((n, cause)) = models.near(i, case.end)
            && cause != judged[i].cause
        {
            let was = (judged[i].cause, 0.25);
            let evidence = judged[n].evidence.clone();
            let j = &mut judged[i];
            j.cause = cause;
            j.confidence = 0.7;
            j.by_exclusion = true;
            j.evidence = evidence;
            j.alternatives.insert(0, was);
        }
    }
}

/// Failures of one kind whose cause is clear, in order of their ends, and those of them near the moment that is looked at.
#[derive(Default)]
struct Models {
    /// Number, end and cause.
    all: Vec<(usize, i64, CauseId)>,
    from: usize,
    to: usize,
    /// Of those near: how many have which cause.
    causes: BTreeMap<CauseId, usize>,
}

impl Models {
    /// The farthest of those near a failure, the later ones first, and the cause that all of them have; none where they do not, or
    /// are few. It is asked for one failure after the other, in order of ends.
    fn near(&mut self, number: usize, end: i64) -> Option<(usize, CauseId)> {
        while let Some((_, _, cause)) = self.all.get(self.to).filter(|m| m.1 < end + NEAR) {
            *self.causes.entry(*cause).or_default() += 1;
            self.to += 1;
        }
        while let Some((_, _, cause)) = self.all[..self.to].get(self.from).filter(|m| m.1 <= end - NEAR) {
            if let Some(n) = self.causes.get_mut(cause) {
                *n -= 1;
            }
            self.from += 1;
        }
        self.causes.retain(|_, n| *n > 0);
        let (first, last) = (self.all[..self.to].get(self.from)?, self.all[..self.to].last()?);
        let is_one = self.causes.len() == 1 && self.to - self.from >= 3;
        let model = if last.0 > number { last } else { first };
        is_one.then_some((model.0, model.2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_near_are_as_looking_at_each(
            mut ends in proptest::collection::vec((0i64..40, 0u8..4), 1..60),
        ) {
            use CauseId::{BackendHang, FdExhaustion};
            ends.sort_by_key(|e| e.0);
            let all: Vec<(usize, i64, CauseId)> = (0..)
                .zip(&ends)
                .filter(|(_, (_, sort))| *sort > 0)
                .map(|(n, (at, sort))| (n, at * SECOND / 2, if *sort == 1 { FdExhaustion } else { BackendHang }))
                .collect();
            let mut models = Models { all: all.clone(), ..Models::default() };
            for (number, (at, _)) in ends.iter().enumerate().filter(|(_, (_, sort))| *sort == 0) {
                let end = at * SECOND / 2;
                let near: Vec<_> = all.iter().filter(|m| (m.1 - end).abs() < NEAR).collect();
                let alike = near.iter().all(|m| m.2 == near[0].2) && near.len() >= 3;
                let farthest = near.last().filter(|m| m.0 > number).or(near.first());
                let want = farthest.filter(|_| alike).map(|m| (m.0, m.2));
                prop_assert_eq!(models.near(number, end), want, "of {} at {}", number, end);
            }
        }
    }
}
