//! Probabilities of pairs where little hangs together at a time: summed up exactly, claim by claim, over the subsets of lines
//! that are taken.
//!
//! The trick: whether a line is taken only has to be known from the first claim that could have it to the last one. Claims come in
//! the order of time, so that few lines are open at once, however many there are in all; those that are not open together
//! share a bit.

/// Bits for lines that are open at once; with more, passing messages is quicker.
const MOST_BITS: u32 = 7;
/// The same where there are so few lines in all.
const MOST_LINES: u32 = 9;

/// A claim and a line, numbered within their component, and the weight.
pub(super) type Own = (u32, u32, f64);

/// What one claim can do.
struct Claim {
    /// Share of its weight without a line.
    alone: f64,
    /// The bit of each of its lines, and the share of its weight.
    with: Vec<(usize, f64)>,
    /// Bits of the lines that no later claim could have.
    closing: usize,
}

/// A component whose ways to match can be summed up.
pub(super) struct Subsets {
    claims: Vec<Claim>,
    /// How many sets of bits there are.
    sets: usize,
}

impl Subsets {
    /// The pairs of a component in the order of its claims, and the weight of each claim without a line. `None` where too much
    /// is open at once.
    pub fn new(pairs: &[Own], alone: &[f64], lines: usize) -> Option<Subsets> {
        let mut last = vec![0; lines];
        pairs.iter().for_each(|(claim, line, _)| last[*line as usize] = *claim);
        let most = if lines <= MOST_LINES as usize { MOST_LINES } else { MOST_BITS };
        let mut bits = vec![0usize; lines];
        let (mut open, mut ever) = (0, 0);
        let mut rest = pairs;
        let mut claims = Vec::with_capacity(alone.len());
        for (c, alone) in (0..).zip(alone) {
            let (own, others) = rest.split_at(rest.iter().take_while(|p| p.0 == c).count());
            rest = others;
            // Weights of very different size: each claim's are scaled to sum to one.
            let scale = alone + own.iter().map(|(_, _, w)| w).sum::<f64>();
            let mut claim = Claim { alone: alone / scale, with: Vec::with_capacity(own.len()), closing: 0 };
            for (_, line, weight) in own {
                let line = *line as usize;
                if bits[line] == 0 {
                    // The lowest that is free.
                    bits[line] = !open & (open + 1);
                    open |= bits[line];
                    if open >> most != 0 {
                        return None;
                    }
                }
                claim.with.push((bits[line], weight / scale));
                if last[line] == c {
                    claim.closing |= bits[line];
                }
            }
            ever |= open;
            open &= !claim.closing;
            claims.push(claim);
        }
        Some(Subsets { claims, sets: ever + 1 })
    }

    /// The probability of each pair, in the order given.
    pub fn probabilities(&self) -> Vec<f64> {
        let sets = self.sets;
        // There: before each claim, how much weight leaves which lines taken.
        let mut before = vec![0.0; sets * (self.claims.len() + 1)];
        before[0] = 1.0;
        for (c, claim) in self.claims.iter().enumerate() {
            let (here, next) = before[c * sets..(c + 2) * sets].split_at_mut(sets);
            for (set, have) in here.iter().enumerate().filter(|(_, have)| **have > 0.0) {
                next[set & !claim.closing] += have * claim.alone;
                for (bit, share) in claim.with.iter().filter(|(bit, _)| set & bit == 0) {
                    next[(set | bit) & !claim.closing] += have * share;
                }
            }
        }
        let total: f64 = before[sets * self.claims.len()..].iter().sum();
        // And back: how much weight there is after it.
        let (mut after, mut here) = (vec![1.0; sets], vec![0.0; sets]);
        let mut found = vec![0.0; self.claims.iter().map(|c| c.with.len()).sum()];
        let mut rest = &mut found[..];
        for (c, claim) in self.claims.iter().enumerate().rev() {
            let (others, own) = rest.split_at_mut(rest.len() - claim.with.len());
            rest = others;
            for (set, have) in before[c * sets..(c + 1) * sets].iter().enumerate() {
                if *have == 0.0 {
                    continue;
                }
                here[set] = after[set & !claim.closing] * claim.alone;
                for ((bit, share), found) in claim.with.iter().zip(own.iter_mut()) {
                    if set & bit == 0 {
                        let value = after[(set | bit) & !claim.closing] * share;
                        here[set] += value;
                        *found += have * value;
                    }
                }
            }
            std::mem::swap(&mut after, &mut here);
        }
        let share = |sum: f64| if total > 0.0 { (sum / total).clamp(0.0, 1.0) } else { 0.0 };
        found.into_iter().map(share).collect()
    }
}
