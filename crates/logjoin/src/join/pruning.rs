//! What need not be shared out: pairs that fit far worse than others, and what hangs together with no failed request.

use super::assign::Parts;
use super::pairing::Fit;
use super::{Habit, fitness};

/// A pair that fits so much worse than the best one of its line or its request is none.
pub(super) const HOPELESS: f64 = 1e-6;
/// The same, for a line and a request that are each other's best.
pub(super) const TAKEN: f64 = 1e-3;

/// Leaves out what fits far worse than something else: a line that is clearly the best one of its best claim is open to few
/// others.
pub(super) fn prune(pairs: &mut Vec<Fit>, claims: usize, lines: usize) {
    let (of_claim, of_line) = best(pairs, claims, lines);
    pairs.retain(|(c, l, w)| {
        let (best_line, best_claim) = (of_claim[*c as usize], of_line[*l as usize]);
        let is_taken = of_claim[best_claim.1 as usize].1 == *l;
        *w > HOPELESS * best_line.0 && *w > if is_taken { TAKEN } else { HOPELESS } * best_claim.0
    });
}

/// What another pair of each line must fit better than, where these are those of one side: whose best pair is also its
/// claim's best is taken.
pub(super) fn taken(pairs: &[Fit], claims: usize, lines: usize) -> Vec<f64> {
    let (of_claim, of_line) = best(pairs, claims, lines);
    let least = |(l, (w, c)): (usize, &(f64, u32))| match of_claim.get(*c as usize) {
        Some((_, own)) if *own as usize == l => TAKEN * w,
        _ => HOPELESS * w,
    };
    of_line.iter().enumerate().map(least).collect()
}

/// How well the best pair fits, and with whom.
type Best = (f64, u32);

/// The best pair of each claim and of each line.
fn best(pairs: &[Fit], claims: usize, lines: usize) -> (Vec<Best>, Vec<Best>) {
    let none = (0.0f64, u32::MAX);
    let (mut of_claim, mut of_line) = (vec![none; claims], vec![none; lines]);
    for (c, l, w) in pairs.iter() {
        let (claim, line) = (&mut of_claim[*c as usize], &mut of_line[*l as usize]);
        if *w > claim.0 {
            *claim = (*w, *l);
        }
        if *w > line.0 {
            *line = (*w, *c);
        }
    }
    (of_claim, of_line)
}

/// Which claims and lines are to be shared out.
pub(super) struct Kept {
    pub claims: Vec<bool>,
    pub lines: Vec<bool>,
    /// What is taken to have become of the other claims.
    pub beside: Habit,
}

impl Kept {
    /// Those that hang together with one of the `failed` claims, which come first; where `has_messages`, all but what is clear.
    /// `status` is that of a line.
    pub fn of(
        pairs: &[Fit],
        (failed, claims): (usize, usize),
        lines: usize,
        status: impl Fn(usize) -> i32,
        has_messages: bool,
    ) -> Kept {
        let mut parts = Parts::new(claims + lines);
        for (c, l, _) in pairs {
            parts.join(*c as usize, claims + *l as usize);
        }
        #[derive(Clone, Copy, Default)]
        struct Part {
            is_asked: bool,
            pairs: u32,
            claims: u32,
            lines: u32,
            errors: u32,
        }
        let mut of_root = vec![Part::default(); claims + lines];
        for n in 0..claims {
            let part = &mut of_root[parts.root(n)];
            part.is_asked |= n < failed;
            part.claims += 1;
        }
        for n in 0..lines {
            let part = &mut of_root[parts.root(claims + n)];
            part.lines += 1;
            part.errors += u32::from(fitness::is_error(status(n)));
        }
        pairs.iter().for_each(|(c, _, _)| of_root[parts.root(*c as usize)].pairs += 1);
        let stays = |p: &Part| p.is_asked || has_messages && p.pairs > 1;
        let mut beside = Habit::default();
        for part in of_root.iter().filter(|p| p.claims > 0 && !stays(p)) {
            // Each line is somebody's, or each request has one.
            let joined = f64::from(part.claims.min(part.lines));
            beside.claims += f64::from(part.claims);
            beside.joined += joined;
            beside.errors += joined * f64::from(part.errors) / f64::from(part.lines.max(1));
        }
        let mut is_kept = |n: usize| stays(&of_root[parts.root(n)]);
        Kept {
            claims: (0..claims).map(&mut is_kept).collect(),
            lines: (claims..claims + lines).map(&mut is_kept).collect(),
            beside,
        }
    }

    /// Leaves only the pairs of what is kept, with the numbers that it has among what is kept.
    pub fn renumber(&self, pairs: &mut Vec<Fit>) {
        let numbers = |kept: &[bool]| {
            let number = |next: &mut u32, is_kept: &bool| {
                *next += u32::from(*is_kept);
                Some(*next - u32::from(*is_kept))
            };
            kept.iter().scan(0, number).collect::<Vec<u32>>()
        };
        let (claims, lines) = (numbers(&self.claims), numbers(&self.lines));
        pairs.retain(|(c, _, _)| self.claims[*c as usize]);
        pairs.iter_mut().for_each(|p| (p.0, p.1) = (claims[p.0 as usize], lines[p.1 as usize]));
        // All groups are looked at together: what they reserved in vain adds up.
        pairs.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_failed_request_asks_for_is_counted_only() {
        // The failed claim 0 and the served 1 ask for line 2, 1 for line 1 too; 2 has line 0 for itself, 3 none;
        // 4 and 5 share line 3, an error.
        let all = [(0, 2, 5.0), (1, 2, 4.0), (1, 1, 9.0), (2, 0, 7.0), (4, 3, 1.0), (5, 3, 1.0)];
        let keep = |has_messages| {
            let kept = Kept::of(&all, (1, 6), 4, |l| if l == 3 { 500 } else { 200 }, has_messages);
            let mut pairs = all.to_vec();
            kept.renumber(&mut pairs);
            (kept, pairs)
        };
        let (kept, pairs) = keep(false);
        assert_eq!(pairs, [(0, 1, 5.0), (1, 1, 4.0), (1, 0, 9.0)]);
        assert_eq!(kept.claims, [true, true, false, false, false, false]);
        assert_eq!(kept.lines, [false, true, true, false]);
        assert_eq!((kept.beside.claims, kept.beside.joined, kept.beside.errors), (4.0, 2.0, 1.0));
        // For the messages it must be known where they went: what is not clear stays.
        let (kept, pairs) = keep(true);
        assert_eq!(pairs, [(0, 1, 5.0), (1, 1, 4.0), (1, 0, 9.0), (2, 2, 1.0), (3, 2, 1.0)]);
        assert_eq!(kept.claims, [true, true, false, false, true, true]);
        assert_eq!((kept.beside.claims, kept.beside.joined), (2.0, 1.0));
    }

    #[test]
    fn what_fits_far_worse_is_no_pair() {
        // Claim 0 and line 0 are each other's best: the others' weak claims on the line are none.
        let mut pairs = vec![(0, 0, 1e6), (1, 0, 1e2), (1, 1, 1.0), (2, 1, 1e-7)];
        prune(&mut pairs, 3, 2);
        assert_eq!(pairs, [(0, 0, 1e6), (1, 1, 1.0)]);
    }
}
