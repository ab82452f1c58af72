//! How probable a difference is by chance: exact tails of the binomial and the hypergeometric distribution.

/// Probability of `k` or more successes in `n` trials of probability `p`.
pub(super) fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 || p >= 1.0 {
        return 1.0;
    }
    if k > n || p <= 0.0 {
        return 0.0;
    }
    let ln_term = |i: u64| ln_choose(n, i) + i as f64 * p.ln() + (n - i) as f64 * (1.0 - p).ln();
    tail(k, n, ln_term(k), |i| (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p))
}

/// Fisher's exact test, one-sided: the probability that `a` or more of the `a_total` have a trait that `a + b` of all
/// `a_total + b_total` have.
pub(super) fn fisher(a: u64, a_total: u64, b: u64, b_total: u64) -> f64 {
    let (all, has) = (a_total + b_total, a + b);
    let most = has.min(a_total);
    if a == 0 || has == 0 || a > most {
        return 1.0;
    }
    let ln_first = ln_choose(has, a) + ln_choose(all - has, a_total - a) - ln_choose(all, a_total);
    tail(a, most, ln_first, |i| {
        let left = (all + i + 1).saturating_sub(has + a_total) as f64;
        (has - i) as f64 * (a_total - i) as f64 / ((i + 1) as f64 * left.max(1.0))
    })
}

/// Smaller probabilities are told as this one: they mean no more, and this many places survive being written and read.
const SMALLEST: f64 = 1e-20;

/// A probability after so many looks (Bonferroni), to two digits.
pub(super) fn corrected(p: f64, looks: usize) -> f64 {
    super::durations::digits((p * looks.max(1) as f64).clamp(SMALLEST, 1.0), 2)
}

/// Below this, and after correction, a difference is not taken for chance.
pub(super) const LEVEL: f64 = 0.001;

/// Sums terms from the `first`-th on, each the one before it times `ratio`.
fn tail(first: u64, last: u64, ln_first: f64, ratio: impl Fn(u64) -> f64) -> f64 {
    // In units of the first term: what underflows by itself may still add up.
    let (mut term, mut sum) = (1.0f64, 1.0f64);
    for i in first..last {
        let r = ratio(i);
        term *= r;
        sum += term;
        if r < 1.0 && term < sum * 1e-12 {
            break;
        }
        if !sum.is_finite() {
            return 1.0;
        }
    }
    (ln_first + sum.ln()).exp().min(1.0)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Stirling's series; exact sums for small numbers.
fn ln_factorial(n: u64) -> f64 {
    if n < 32 {
        return (2..=n).map(|i| (i as f64).ln()).sum();
    }
    let x = n as f64;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b
    }

    #[test]
    fn tails_of_the_binomial() {
        // Eight heads or more of ten: (45 + 10 + 1) / 1024.
        assert!(near(binomial_tail(8, 10, 0.5), 56.0 / 1024.0));
        assert!(near(binomial_tail(1, 100, 0.01), 1.0 - 0.99f64.powi(100)));
        assert_eq!((binomial_tail(0, 10, 0.1), binomial_tail(11, 10, 0.1)), (1.0, 0.0));
        // Far below what the terms alone could hold.
        assert!(binomial_tail(900_000, 1_000_000, 0.1) < 1e-300);
        assert!((0.4..0.6).contains(&binomial_tail(100_000, 1_000_000, 0.1)));
    }

    #[test]
    fn fishers_test() {
        // The lady and her tea: all four right, 1 in 70; three or more, 17 in 70.
        assert!(near(fisher(4, 4, 0, 4), 1.0 / 70.0));
        assert!(near(fisher(3, 4, 1, 4), 17.0 / 70.0));
        assert_eq!(fisher(0, 10, 5, 10), 1.0);
        assert!(fisher(5, 10, 500, 1000) > 0.5);
    }

    #[test]
    fn corrections() {
        assert_eq!((corrected(0.000123, 10), corrected(0.4, 10)), (0.0012, 1.0));
        assert_eq!(corrected(1e-300, 10), SMALLEST);
    }
}
