//! Reproducible random numbers: the same seed gives the same traffic on every machine.
//!
//! xoshiro256++ (Blackman and Vigna, 2018), its state filled by splitmix64; the distributions are the textbook ones.

/// A generator of random numbers.
#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    /// A generator; different seeds give unrelated streams.
    pub fn new(seed: u64) -> Random {
        let mut s = seed;
        Random(std::array::from_fn(|_| {
            s = s.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (s ^ (s >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 for an empty range.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Uniform in `[from, to)`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// Exponential: the time between two arrivals of a Poisson process with this mean gap.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Lognormal with this median; `sigma` is the deviation of the logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        // Box and Muller: one of the pair is enough here.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }
}

/// Numbers `0..n`, of which number `k` is drawn with a weight of `1 / (k + 1)^s`: few are popular, most are rare.
#[derive(Debug, Clone)]
pub struct Zipf(Vec<f64>);

impl Zipf {
    /// A distribution over `n` numbers.
    pub fn new(n: usize, s: f64) -> Zipf {
        let mut sum = 0.0;
        Zipf(
            (0..n)
                .map(|k| {
                    sum += (k as f64 + 1.0).powf(-s);
                    sum
                })
                .collect(),
        )
    }

    /// Draws a number.
    pub fn draw(&self, random: &mut Random) -> usize {
        let at = random.unit() * self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|sum| *sum <= at).min(self.0.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_fixed() {
        let draw = |seed| {
            let mut r = Random::new(seed);
            [r.bits(), r.bits(), r.bits()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn distributions_have_their_means() {
        let mut r = Random::new(7);
        let n = 100_000;
        let mut mean =
            |draw: &dyn Fn(&mut Random) -> f64| (0..n).map(|_| draw(&mut r)).sum::<f64>() / n as f64;
        assert!((mean(&|r| r.unit()) - 0.5).abs() < 0.01);
        assert!((mean(&|r| r.exponential(3.0)) - 3.0).abs() < 0.05);
        // The mean of a lognormal is its median times e^(sigma² / 2).
        assert!((mean(&|r| r.lognormal(1.0, 0.5)) - 0.125f64.exp()).abs() < 0.02);
    }

    #[test]
    fn zipf_prefers_the_first() {
        let (zipf, mut r) = (Zipf::new(100, 1.0), Random::new(3));
        let mut seen = [0u32; 100];
        (0..50_000).for_each(|_| seen[zipf.draw(&mut r)] += 1);
        let ratio = f64::from(seen[0]) / f64::from(seen[1]);
        assert!((ratio - 2.0).abs() < 0.15, "{ratio}");
        assert!(seen[99] > 0);
    }
}
