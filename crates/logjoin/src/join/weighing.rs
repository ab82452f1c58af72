//! Weighs the requests for a target against the lines about it.
//!
//! The trick: most lines are seen at first sight to be those of served requests, as moment, duration and bytes agree and no other
//! line comes near. Such a request is weighed against all lines only when somebody else asks for its line in earnest.

use super::briefs::Briefs;
use super::by_request::Sources;
use super::claims::{self, Claim};
use super::fitness::{Rarity, fitness};
use super::laws::Laws;
use super::pairing::Fit;
use super::pruning::{HOPELESS, TAKEN, taken};
use crate::index::Row;

/// Where every request fails, no clock is known, and all lines for a target may be any request's. Of more than this, the best are
/// shared out, of alike ones those that are nearest in time: it belongs to none in particular, whichever they are.
const MOST: usize = 64;

/// Weighs claims against the lines of a target.
pub(super) struct Weigher<'a> {
    pub from: &'a Sources<'a>,
    pub laws: &'a Laws,
    pub rare: &'a Rarity,
    pub briefs: Briefs,
    /// The numbers of the lines in the index.
    pub lines: &'a [u32],
    /// How wide the widest stamp is.
    pub widths: i64,
    pub slack: i64,
    pub all_known: bool,
}

/// The line that each served request has at first sight, and how well they fit at least.
struct Sights {
    /// By request; none: it is to be weighed.
    own: Vec<Option<(u32, f64)>>,
    /// By line: the request.
    owner: Vec<Option<u32>>,
    /// By line: what others must fit better than.
    taken: Vec<f64>,
}

impl Sights {
    /// Of a number of lines, when it is known which line each request has, if any. A line that two have is nobody's.
    fn new(mut own: Vec<Option<(u32, f64)>>, lines: usize) -> Sights {
        let (mut owner, mut is_shared) = (vec![None; lines], vec![false; lines]);
        for (i, (line, _)) in (0..).zip(&own).filter_map(|(i, own)| Some((i, own.as_ref()?))) {
            is_shared[*line as usize] = owner[*line as usize].replace(i).is_some();
        }
        let mut taken = vec![0.0; lines];
        for sight in &mut own {
            *sight = sight.filter(|(line, _)| !is_shared[*line as usize]);
            sight.iter().for_each(|(line, fit)| taken[*line as usize] = TAKEN * fit);
        }
        owner
            .iter_mut()
            .zip(is_shared)
            .filter(|(_, is_shared)| *is_shared)
            .for_each(|(owner, _)| *owner = None);
        Sights { own, owner, taken }
    }

    /// Whose line somebody else asks for is to be weighed.
    fn wake(&mut self, pairs: &[Fit], todo: &mut Vec<u32>) {
        for (_, line, _) in pairs {
            if let Some(owner) = self.owner[*line as usize].take() {
                self.own[owner as usize] = None;
                self.taken[*line as usize] = 0.0;
                todo.push(owner);
            }
        }
    }
}

impl Weigher<'_> {
    /// The pairs of all claims, the failed ones first, then the served ones (numbers in the index), with the lines that can be their
    /// own; those that are clear `by_sight` with that one only.
    pub fn all(&mut self, failed: &[Claim], served: &[u32], by_sight: bool) -> Vec<Fit> {
        let (from, first) = (self.from, failed.len() as u32);
        let claim = |n: &u32| claims::served(from.peers, &from.index.entry(*n as usize));
        let sight = |n: &u32| if by_sight { self.at_sight(&claim(n)) } else { None };
        let mut sights = Sights::new(served.iter().map(sight).collect(), self.lines.len());
        let mut todo: Vec<u32> =
            (0..).zip(&sights.own).filter(|(_, own)| own.is_none()).map(|(i, _)| i).collect();
        let (mut of_failed, mut of_served): (Vec<Fit>, Vec<Fit>) = (Vec::new(), Vec::new());
        let mut weigh_served = |weigher: &mut Self, sights: &mut Sights, todo: &mut Vec<u32>| {
            while let Some(i) = todo.pop() {
                let before = of_served.len();
                weigher.weigh(first + i, &claim(&served[i as usize]), &sights.taken, &mut of_served);
                sights.wake(&of_served[before..], todo);
            }
            taken(&of_served, failed.len() + served.len(), weigher.lines.len())
        };
        // In the order of the requests, as lines are asked for.
        todo.reverse();
        let mut taken = weigh_served(self, &mut sights, &mut todo);
        taken.iter_mut().zip(&sights.taken).for_each(|(taken, by_sight)| *taken = taken.max(*by_sight));
        for (i, c) in (0..).zip(failed) {
            let before = of_failed.len();
            self.weigh(i, c, &taken, &mut of_failed);
            sights.wake(&of_failed[before..], &mut todo);
        }
        weigh_served(self, &mut sights, &mut todo);
        let clear = (first..).zip(&sights.own).filter_map(|(i, own)| own.map(|(line, fit)| (i, line, fit)));
        of_served.extend(clear);
        of_served.sort_unstable_by_key(|(c, l, _)| (*c, *l));
        of_failed.append(&mut of_served);
        of_failed
    }

    /// The only line of a served request that agrees with it in all that both say, and how well they fit at least.
    fn at_sight(&mut self, c: &Claim) -> Option<(u32, f64)> {
        let reach = self.laws.reach(c.asked.instance)?;
        let mut found = None;
        for (instance, near) in
            self.briefs.near(c.asked.agent, c.instance, (c.end.0 - reach - self.widths, c.end.1 + reach))
        {
            let law = self.laws.of(c.asked.instance, instance);
            for e in near {
                let least = law.at_sight(c, e)?;
                if least > 0.0 && found.replace((e.line, least / (law.strays * e.odds.by_chance))).is_some() {
                    return None;
                }
            }
        }
        found
    }

    /// Adds the pairs of a claim with the lines that can be its own, but for those that fit worse than somebody else has `taken`
    /// them.
    fn weigh(&mut self, number: u32, c: &Claim, taken: &[f64], pairs: &mut Vec<Fit>) {
        let latest = if c.failing.is_some() { c.reach().1 } else { c.end.1 };
        let early = self.laws.early(c.asked.instance).filter(|_| self.all_known);
        let (lo, hi) = match early {
            Some(early) => (c.start.0 - early - self.widths, latest + self.slack),
            None => (i64::MIN, i64::MAX),
        };
        let index = self.from.index;
        let id = |row| index.id_of(row);
        let (first, mut best) = (pairs.len(), 0.0f64);
        for (instance, near) in self.briefs.near(c.asked.agent, c.instance, (lo, hi)) {
            let law = self.laws.of(c.asked.instance, instance);
            for e in near {
                // The rows lie far apart.
                let has_other_id = || {
                    let own = id(Row::Request(c.request as u32));
                    let other = id(index.row(self.lines[e.line as usize] as usize));
                    own != 0 && other != 0 && own != other
                };
                // What is hopeless beside another one need not even be remembered.
                let least = taken[e.line as usize].max(HOPELESS * best);
                let fit = fitness(law, self.rare, (c, e), least, has_other_id);
                if fit > least {
                    best = best.max(fit);
                    pairs.push((number, e.line, fit));
                }
            }
        }
        let mut kept = first;
        for n in first..pairs.len() {
            if pairs[n].2 > HOPELESS * best {
                pairs.swap(kept, n);
                kept += 1;
            }
        }
        pairs.truncate(kept);
        if !self.all_known && pairs.len() - first > MOST {
            let lo = |k: u32| index.lo(self.lines[k as usize] as usize);
            let far = |pair: &Fit| lo(pair.1).abs_diff(c.end.0);
            pairs[first..].select_nth_unstable_by(MOST, |a, b| {
                b.2.total_cmp(&a.2).then_with(|| (far(a), a.1).cmp(&(far(b), b.1)))
            });
            pairs.truncate(first + MOST);
        }
        pairs[first..].sort_unstable_by_key(|pair| pair.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_two_have_at_first_sight_is_nobodys() {
        let own = vec![Some((0, 2e3)), Some((1, 5e3)), None, Some((1, 7e3))];
        let mut sights = Sights::new(own, 3);
        assert_eq!(sights.own, [Some((0, 2e3)), None, None, None]);
        assert_eq!(
            (&sights.owner[..], &sights.taken[..]),
            (&[Some(0), None, None][..], &[2.0, 0.0, 0.0][..])
        );
        let mut todo = Vec::new();
        sights.wake(&[(9, 1, 1.0), (9, 0, 1.0), (8, 0, 1.0)], &mut todo);
        assert_eq!((todo, sights.own[0], sights.taken[0]), (vec![0], None, 0.0));
    }
}
