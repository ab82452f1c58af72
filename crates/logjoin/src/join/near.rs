//! Near which moments lines of failed requests can have been written.

use super::claims::Claim;
use crate::hash::Map;
use crate::spans::merged;

const SECOND: i64 = 1_000_000_000;

/// Near the failed requests.
pub(super) struct Near {
    all: Stretches,
    /// The same by agent, if it matters who asked.
    of_agent: Option<Map<u32, Stretches>>,
}

impl Near {
    pub fn new(failed: &[Claim]) -> Near {
        Near { all: Stretches::of(failed.iter()), of_agent: None }
    }

    /// From now on only what names the agent of a failed request near it is near, unless one of those names none.
    pub fn by_agent(&mut self, failed: &[Claim]) {
        let mut claims: Map<u32, Vec<&Claim>> = Map::default();
        failed.iter().for_each(|c| claims.entry(c.asked.agent).or_default().push(c));
        if !claims.contains_key(&0) {
            let of = |(agent, claims): (u32, Vec<&Claim>)| (agent, Stretches::of(claims.into_iter()));
            self.of_agent = Some(claims.into_iter().map(of).collect());
        }
    }

    /// Whether something of an agent (0: it names none) is less than `slack` away from one of the stretches.
    pub fn has(&mut self, agent: u32, moments: (i64, i64), slack: i64) -> bool {
        match &mut self.of_agent {
            Some(of_agent) if agent != 0 => of_agent.get_mut(&agent).is_some_and(|s| s.has(moments, slack)),
            _ => self.all.has(moments, slack),
        }
    }
}

/// Stretches of time, in order.
struct Stretches {
    list: Vec<(i64, i64)>,
    /// Where something was last looked for: what comes next is mostly near.
    last: usize,
}

impl Stretches {
    fn of<'c>(failed: impl Iterator<Item = &'c Claim>) -> Stretches {
        Stretches { list: merged(failed.map(Claim::reach).collect(), 2 * SECOND), last: 0 }
    }

    fn has(&mut self, (lo, hi): (i64, i64), slack: i64) -> bool {
        // The first one that does not end before.
        while self.last > 0 && self.list[self.last - 1].1 + slack >= lo {
            self.last -= 1;
        }
        while self.last < self.list.len() && self.list[self.last].1 + slack < lo {
            self.last += 1;
        }
        self.list.get(self.last).is_some_and(|s| s.0 - slack <= hi)
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims::Asked;
    use super::*;

    fn failed(agent: u32, at_s: i64) -> Claim {
        let asked = Asked { instance: 0, agent, client: 0, bytes: 0, duration: None, unit: 0 };
        Claim {
            request: 0,
            asked,
            failing: Some(0),
            mechanism: None,
            status: 502,
            start: (at_s * SECOND, at_s * SECOND),
            end: (at_s * SECOND, at_s * SECOND),
            has_start: true,
            instance: None,
            is_only: true,
        }
    }

    #[test]
    fn who_asked_matters_when_everybody_names_who_they_are() {
        let claims = [failed(1, 100), failed(2, 200)];
        let mut near = Near::new(&claims);
        let has = |near: &mut Near, agent, at_s: i64| near.has(agent, (at_s * SECOND, at_s * SECOND), SECOND);
        assert!(
            has(&mut near, 2, 100)
                && has(&mut near, 2, 103)
                && !has(&mut near, 2, 104)
                && !has(&mut near, 2, 98)
        );
        near.by_agent(&claims);
        assert!(
            has(&mut near, 1, 100)
                && !has(&mut near, 2, 100)
                && has(&mut near, 2, 200)
                && !has(&mut near, 3, 200)
        );
        assert!(has(&mut near, 0, 100) && has(&mut near, 0, 200), "what names nobody may be anybody's");
        let mut near = Near::new(&claims);
        near.by_agent(&[failed(0, 100), failed(2, 200)]);
        assert!(has(&mut near, 1, 100), "who names nobody may be anybody");
    }
}
