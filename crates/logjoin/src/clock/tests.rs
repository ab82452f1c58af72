//! The fit against a twin that tries everything, and against traffic that says nothing.

use logjoin_parse::{Anchor, Precision, Stamp};

use super::State;
use super::fit::Fit;
use super::pairs::{Front, MAX_FRONTS};
use crate::event::{At, Request};
use crate::timeline::Timed;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
const START: i64 = 1_795_226_400 * SECOND;

struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }
}

/// A request as a log shows it that is stamped at its end, to `unit`.
fn shown(line: u64, target: u64, end: i64, duration: Option<i64>, unit: i64) -> Timed {
    let stamp =
        Stamp::civil(Some(2026), 11, 21, 2, 0, 0, 0, Precision::Seconds, Some(0)).expect("a valid stamp");
    let end_lo = end.div_euclid(unit) * unit;
    let spent = duration.unwrap_or(0);
    let start_lo = if duration.is_some() { end_lo - spent - MS } else { end_lo - SECOND };
    Timed {
        r: Request {
            at: At::new(0, line),
            stamp,
            anchor: Anchor::End,
            duration_ns: duration,
            unit_ns: MS,
            method: 1,
            target,
            path: target,
            route: target,
            tails: [0, 0],
            key: target,
            status: 200,
            bytes: -1,
            client: 0,
            network: 0,
            sent: -1,
            connect_ms: -1,
            queue_ms: -1,
            carried: -1,
            agent: 0,
            server: 0,
            tries: 1,
            id: 0,
            detail: None,
            settled: false,
        },
        instance: 0,
        start_lo,
        start_hi: end_lo + unit - spent + MS,
        end_lo,
        end_hi: end_lo + unit,
        has_duration: duration.is_some(),
    }
}

/// Requests at both sides: `ahead(t)` is the backend's clock against the proxy's.
fn traffic(
    dice: &mut Dice,
    n: u64,
    targets: u64,
    unit: i64,
    ahead: impl Fn(i64) -> i64,
) -> (Vec<Timed>, Vec<Timed>) {
    let mut now = START;
    let mut sides = (Vec::new(), Vec::new());
    for line in 0..n {
        now += (dice.unit() * 0.8 * SECOND as f64) as i64;
        let target = 10 + dice.below(targets);
        let spent = 5 * MS + (dice.unit() * 80.0) as i64 * MS;
        let end = now + spent;
        sides.0.push(shown(line, target, end + MS, Some(spent + 2 * MS), unit));
        let own = if unit == MS { Some(spent) } else { None };
        sides.1.push(shown(line, target, end + ahead(end), own, unit));
    }
    sides
}

fn fit(front: &[Timed], back: &[Timed]) -> Fit {
    let (front, back): (Vec<&Timed>, Vec<&Timed>) = (front.iter().collect(), back.iter().collect());
    Front::new(&front, MAX_FRONTS).fit(&back, &[])
}

/// The twin: every whole number of milliseconds in turn; the one that the most lines of the backend admit, by the middle of
/// those that do as well.
fn naive(front: &[Timed], back: &[Timed], around: i64) -> i64 {
    let admits = |b: &Timed, offset: i64| {
        front.iter().any(|f| {
            f.r.target == b.r.target && b.end_hi - offset > f.end_lo - MS && b.end_lo - offset < f.end_hi + MS
        })
    };
    let count = |ms: i64| back.iter().filter(|b| admits(b, ms * MS)).count();
    let counts: Vec<(i64, usize)> =
        (around / MS - 1200..around / MS + 1200).step_by(8).map(|ms| (ms, count(ms))).collect();
    let best = counts.iter().map(|c| c.1).max().unwrap_or(0);
    let top: Vec<i64> = counts.iter().filter(|c| c.1 == best).map(|c| c.0).collect();
    (top[0] + top[top.len() - 1]) / 2 * MS
}

#[test]
fn as_good_as_trying_everything() {
    let mut dice = Dice(3);
    for (unit, offset) in
        [(MS, 41_300 * MS), (MS, -3_600_000 * MS), (SECOND, 1_700 * MS), (SECOND, -250 * MS)]
    {
        let (front, back) = traffic(&mut dice, 250, 200, unit, |_| offset);
        let found = fit(&front, &back);
        assert_eq!(found.state, State::Fitted, "{unit} {offset}");
        let error = (found.pieces[0].line.at(START + 50 * SECOND) - offset).abs();
        let naive_error = (naive(&front, &back, offset) - offset).abs();
        assert!(error <= naive_error.max(40 * MS), "{unit} {offset}: {error} and {naive_error}");
        assert!(error <= found.pieces[0].band_ns, "{unit} {offset}: {error} {}", found.pieces[0].band_ns);
        assert_eq!(found.pieces.len(), 1);
    }
}

#[test]
fn drift_and_steps_are_told_apart() {
    let mut dice = Dice(5);
    let (front, back) = traffic(&mut dice, 4_000, 300, MS, |t| ((t - START) as f64 * 80e-6) as i64);
    let found = fit(&front, &back);
    assert_eq!((found.state, found.pieces.len()), (State::Fitted, 1));
    assert!((found.pieces[0].line.slope * 1e6 - 80.0).abs() < 5.0, "{:?}", found.pieces);

    for by in [-20 * SECOND, 3_600 * SECOND, SECOND / 2] {
        let at = START + 300 * SECOND;
        let (front, back) = traffic(&mut dice, 1_500, 300, MS, |t| if t < at { 0 } else { by });
        let found = fit(&front, &back);
        assert_eq!((found.state, found.pieces.len()), (State::Fitted, 2), "{by}: {:?}", found.pieces);
        assert!((found.pieces[1].from - at).abs() < 4 * SECOND, "{by}: {:?}", found.pieces);
        let step = found.pieces[1].line.at(at) - found.pieces[0].line.at(at);
        assert!((step - by).abs() < 20 * MS, "{by}: {step}");
    }
}

#[test]
fn logs_of_different_traffic_fit_nothing() {
    for seed in 0..6 {
        let mut dice = Dice(100 + seed);
        let (front, _) = traffic(&mut dice, 600, 12, SECOND, |_| 0);
        let (_, back) = traffic(&mut dice, 600, 12, SECOND, |_| 0);
        assert_ne!(fit(&front, &back).state, State::Fitted, "seed {seed}");
        let few = traffic(&mut dice, 5, 5, MS, |_| 0);
        assert_eq!(fit(&few.0, &few.1).state, State::TooFew);
    }
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let mut dice = Dice(9);
    let (mut front, mut back) = traffic(&mut dice, 400, 60, SECOND, |_| 12_345 * MS);
    let before = fit(&front, &back);
    front.reverse();
    back.sort_by_key(|t| (t.r.target, t.r.at));
    let after = fit(&front, &back);
    assert_eq!(format!("{:?}", before.pieces), format!("{:?}", after.pieces));
}
