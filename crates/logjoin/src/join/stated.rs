//! From what the weighing says to what is stated: a confidence is the share of such joins that are right.
//!
//! The weighing ([`super::assign`], [`super::placing`]) is as good as what it takes for granted: that requests are independent, that
//! none writes twice, that it is known how alike delays are. What it says was therefore held against synthetic traffic of which
//! the truth is known, and the difference put into a few numbers: one map for all logs, which rises everywhere and leaves 0 and 1
//! where they are.

/// A join that would be stated below this is not made but called ambiguous.
pub(super) const CLEAR: f64 = 0.6;

/// What is said, and what was right of it; between them in straight lines.
type Knots = [(f64, f64)];

/// Measured on the even drawings of the cells "Joins that are often open" of the bench `grid` (6,900 joins below 0.995; binned, the
/// bins joined by hand where they did not rise), checked on the odd ones: `docs/accuracy-grid.md`.
const LINES: &Knots = &[
    (0.0, 0.0),
    (0.55, 0.56),
    (0.6, 0.65),
    (0.66, 0.685),
    (0.73, 0.79),
    (0.86, 0.85),
    (0.92, 0.92),
    (0.97, 0.945),
    (0.987, 0.963),
    (1.0, 1.0),
];
/// The same on "Messages that name no request" (6,500 messages, of which 1,600 between 0.6 and 0.9). Where requests overlap for
/// seconds, as those that a backend is too late for do, the weighing is too bold.
const MESSAGES: &Knots = &[
    (0.0, 0.0),
    (0.55, 0.44),
    (0.72, 0.48),
    (0.8, 0.6),
    (0.875, 0.715),
    (0.92, 0.79),
    (0.945, 0.87),
    (0.97, 0.97),
    (1.0, 1.0),
];

/// The confidence of a line about a request whose probability came out as `p`.
pub(super) fn line(p: f64) -> f64 {
    along(LINES, p)
}

/// The same of a message that names no request.
pub(super) fn message(p: f64) -> f64 {
    along(MESSAGES, p)
}

fn along(knots: &Knots, p: f64) -> f64 {
    let next = knots.partition_point(|k| k.0 < p).clamp(1, knots.len() - 1);
    let (from, to) = (knots[next - 1], knots[next]);
    from.1 + (to.1 - from.1) * ((p - from.0) / (to.0 - from.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_rises_and_keeps_both_ends() {
        for (knots, map) in [(LINES, line as fn(f64) -> f64), (MESSAGES, message)] {
            assert!(knots.windows(2).all(|k| k[0].0 < k[1].0 && k[0].1 < k[1].1), "{knots:?}");
            assert_eq!((map(0.0), map(1.0)), (0.0, 1.0));
            assert_eq!((map(-1.0), map(2.0)), (0.0, 1.0));
            assert!((1..=1000).all(|i| map(f64::from(i) / 1e3) > map(f64::from(i - 1) / 1e3)));
        }
    }

    #[test]
    fn between_two_knots_it_is_straight() {
        let knots = [(0.0, 0.0), (0.5, 0.2), (1.0, 1.0)];
        for (p, want) in [(0.25, 0.1), (0.5, 0.2), (0.75, 0.6), (1.0, 1.0)] {
            assert!((along(&knots, p) - want).abs() < 1e-12, "{p}");
        }
    }
}
