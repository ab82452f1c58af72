//! Probabilities of pairs where too much hangs together to be summed up: each claim tells each of its lines how much it wants it
//! beside the others, each line tells each of its claims how free it is, until nothing changes.
//!
//! The trick: what is the same for all pairs lies side by side, and steps that wait for one another are loops of their own, so that
//! the others are done for several pairs at once.

use std::ops::Range;

/// What the probabilities are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// To learn from their sums.
    Sums,
    /// To be told.
    Full,
}

impl Care {
    /// So many rounds at most, and none after one in which nothing changed by as much.
    fn bounds(self) -> (usize, f64) {
        match self {
            Care::Sums => (12, 1e-3),
            Care::Full => (60, 1e-6),
        }
    }
}

/// Pairs whose lines are asked before any answer is worked out.
const AT_ONCE: usize = 64;

/// The pairs of a part, in order of claims.
pub(super) struct Messages {
    /// How many pairs each claim has.
    pub claims: Vec<u32>,
    /// Of each pair the line, numbered within the part, and the weight.
    pub lines: Vec<u32>,
    pub weights: Vec<f64>,
}

/// The larger one; of what is no number, the other. One instruction, which [`f64::max`] is not.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

impl Messages {
    /// The probability of each pair.
    pub fn pass(&self, alone: &[f64], lines: usize, care: Care) -> Vec<f64> {
        let (rounds, still) = care.bounds();
        let mut free = vec![1.0; self.weights.len()];
        let mut wants = vec![0.0; self.weights.len()];
        let mut asked = vec![0.0; lines];
        for _ in 0..rounds {
            asked.fill(1.0);
            for (own, alone) in self.claims().zip(alone) {
                let (weights, wants) = (&self.weights[own.clone()], &mut wants[own.clone()]);
                let sum = shares(*alone, weights, &free[own.clone()], wants);
                for (w, wants) in weights.iter().zip(wants.iter_mut()) {
                    *wants = w / larger(larger(sum - *wants, *alone), 1e-300);
                }
                for (l, wants) in self.lines[own].iter().zip(wants) {
                    asked[*l as usize] += *wants;
                }
            }
            let mut is_moving = false;
            let pairs = self.lines.chunks(AT_ONCE).zip(wants.chunks(AT_ONCE));
            for ((lines, wants), free) in pairs.zip(free.chunks_mut(AT_ONCE)) {
                let mut others = [0.0; AT_ONCE];
                for ((others, l), wants) in others.iter_mut().zip(lines).zip(wants) {
                    *others = asked[*l as usize] - wants;
                }
                for (others, free) in others.iter().zip(free) {
                    let next = 1.0 / larger(*others, 1.0);
                    is_moving |= (next - *free).abs() >= still;
                    *free = next;
                }
            }
            if !is_moving {
                break;
            }
        }
        for (own, alone) in self.claims().zip(alone) {
            let wants = &mut wants[own.clone()];
            let sum = shares(*alone, &self.weights[own.clone()], &free[own], wants);
            wants.iter_mut().for_each(|w| *w = (*w / sum).clamp(0.0, 1.0));
        }
        wants
    }

    /// The pairs of each claim.
    fn claims(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut first = 0;
        self.claims.iter().map(move |n| {
            let own = first..first + *n as usize;
            first = own.end;
            own
        })
    }
}

/// How much weight each pair of a claim has while its line is as free as that, and the sum with that of none.
#[inline(always)]
fn shares(alone: f64, weights: &[f64], free: &[f64], out: &mut [f64]) -> f64 {
    let mut sum = alone;
    for ((w, f), out) in weights.iter().zip(free).zip(out) {
        *out = w * f;
        sum += *out;
    }
    sum
}
