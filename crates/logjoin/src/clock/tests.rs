//! The fit against a twin that tries everything, and against traffic that says nothing.

use logjoin_parse::{Anchor, Precision, Product, Stamp};

use super::fit::Fit;
use super::pairs::{Front, MAX_FRONTS};
use super::{ClockModel, State, fit_all};
use crate::event::{At, LogEvent, Request, Severity};
use crate::options::Options;
use crate::plan::{InstancePlan, Plan};
use crate::signals::Matcher;
use crate::timeline::{Moment, Timed, World};

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
        is_lent: false,
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

/// A message that names a request, written at a moment, to the millisecond.
fn said(line: u64, target: u64, at: i64) -> Moment<LogEvent> {
    let stamp = Stamp::epoch(at, Precision::Millis);
    let e = LogEvent {
        at: At::new(1, line),
        stamp,
        severity: Severity::Info,
        method: 1,
        target,
        tails: [0, 0],
        key: target,
        id: 0,
        client: 0,
        signal: None,
        template: 0,
        text: String::new(),
        settled: false,
    };
    Moment { e, instance: 1, lo: at, hi: at + MS }
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
fn messages_beside_requests_without_durations_are_measured_as_finely_as_requests() {
    for (seed, ahead) in [(21, 1_200 * MS), (22, 0), (23, -700 * MS)] {
        let (mut dice, mut now) = (Dice(seed), START);
        let (mut front, mut ends, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for line in 0..500 {
            now += (dice.unit() * 0.8 * SECOND as f64) as i64;
            let (target, spent) = (10 + dice.below(200), 5 * MS + (dice.unit() * 30.0) as i64 * MS);
            front.push(shown(line, target, now + spent + MS, None, SECOND));
            ends.push(said(2 * line + 1, target, now + spent + ahead));
            both.extend([
                said(2 * line, target, now + ahead),
                said(2 * line + 1, target, now + spent + ahead),
            ]);
        }
        let front: Vec<&Timed> = front.iter().collect();
        // Nobody says how long the requests took, so that their beginnings blur what their ends tell by no more than that.
        for (messages, most) in [(&ends, 10 * MS), (&both, 25 * MS)] {
            let found = Front::new(&front, MAX_FRONTS).fit(&[], &messages.iter().collect::<Vec<_>>());
            assert_eq!(found.state, State::Fitted, "{ahead}");
            let error = found.pieces[0].line.at(START + 50 * SECOND) - ahead;
            let band = found.pieces[0].band_ns;
            assert!(error.abs() <= most && band < 60 * MS, "{ahead}: {error} of {band}");
        }
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

/// Two proxies and three backends, without a file: what [`fit_all`] asks of a plan is who the instances are.
fn two_proxies() -> Plan {
    let instance = |(name, product): (&str, Product)| InstancePlan {
        name: name.into(),
        product,
        is_proxy: product == Product::Nginx,
        folder: String::new(),
    };
    let all = [
        ("edge-a", Product::Nginx),
        ("edge-b", Product::Nginx),
        ("node-a", Product::Backend),
        ("node-b", Product::Backend),
        ("node-c", Product::Backend),
    ];
    Plan {
        options: Options::default(),
        files: Vec::new(),
        sources: Vec::new(),
        instances: all.into_iter().map(instance).collect(),
        configs: Vec::new(),
        matcher: Matcher::with(&[]),
    }
}

/// What each instance's clock shows beyond that of `edge-a`, in seconds.
const AHEAD: [i64; 5] = [0, 5, 41, -7, 100];

/// Adds requests that a proxy sent to a backend to both logs, the backend's as often as there are `extra` seconds that it stamps
/// them too late.
fn add(world: &mut World, dice: &mut Dice, (proxy, backend): (usize, usize), n: u64, extra: &[i64]) {
    // Each pair of hosts has targets of its own, as services have.
    let (mut now, first) = (START, 1_000 * (1 + proxy * 8 + backend) as u64);
    for _ in 0..n {
        now += (dice.unit() * 0.8 * SECOND as f64) as i64;
        let (target, spent) = (first + dice.below(200), 5 * MS + (dice.unit() * 80.0) as i64 * MS);
        let mut write = |instance: usize, spent: i64, ended: i64| {
            let line = 1 + world.requests.len() as u64;
            let mut t = shown(line, target, ended + AHEAD[instance] * SECOND, Some(spent), MS);
            (t.instance, t.r.at) = (instance, At::new(instance as u32, line));
            world.requests.push(t);
        };
        write(proxy, spent + 2 * MS, now + spent + MS);
        extra.iter().for_each(|late| write(backend, spent, now + spent + late * SECOND));
    }
}

/// How far the offset of an instance is off what it should be, and how far it is said to be off at most.
fn error(clocks: &ClockModel, instance: usize) -> (i64, i64) {
    let t = START + 60 * SECOND + AHEAD[instance] * SECOND;
    let found = clocks.offset_at(instance, At::new(instance as u32, 1), t);
    ((found - AHEAD[instance] * SECOND).abs(), clocks.band(instance))
}

#[test]
fn a_backend_that_only_the_second_proxy_sees_is_found_by_way_of_one_that_both_see() {
    let (plan, mut world, mut dice) = (two_proxies(), World::default(), Dice(11));
    for (pair, n) in [((0, 2), 300), ((0, 3), 300), ((1, 3), 200), ((1, 4), 200)] {
        add(&mut world, &mut dice, pair, n, &[0]);
    }
    world.sort();
    let clocks = fit_all(&plan, &world, None);
    assert_eq!(clocks.reference, Some(0), "the proxy that logged more");
    let states: Vec<State> = clocks.lines.iter().map(|l| l.state).collect();
    use State::{Fitted, Reference};
    assert_eq!(states, [Reference, Fitted, Fitted, Fitted, Fitted]);
    for instance in 1..5 {
        let (off, band) = error(&clocks, instance);
        assert!(off <= band && band < 20 * MS, "instance {instance}: {off} of {band}");
    }
    // What is measured by way of others is as unsure as all of them together.
    assert!(clocks.band(1) > clocks.band(3) && clocks.band(4) > clocks.band(1));

    // Without the backend that both see, the two systems stand side by side, each on a clock of its own.
    let (mut apart, mut dice) = (World::default(), Dice(12));
    for (pair, n) in [((0, 2), 300), ((0, 3), 300), ((1, 4), 200)] {
        add(&mut apart, &mut dice, pair, n, &[0]);
    }
    apart.sort();
    let clocks = fit_all(&plan, &apart, None);
    assert_eq!((clocks.reference, clocks.lines[1].state), (Some(0), State::TooFew));
    assert!(error(&clocks, 2).0 <= error(&clocks, 2).1 && error(&clocks, 3).0 <= error(&clocks, 3).1);
    let of_second = clocks.offset_at(4, At::new(4, 1), START + 160 * SECOND);
    assert!(clocks.is_known(4) && (of_second - 95 * SECOND).abs() <= clocks.band(4), "{of_second}");
}

#[test]
fn a_backend_whose_lines_contradict_each_other_is_refused_and_nothing_leans_on_it() {
    let (plan, mut world, mut dice) = (two_proxies(), World::default(), Dice(13));
    // The log of the only backend that both proxies see was collected twice, by hosts whose clocks differ.
    for (pair, n, extra) in
        [((0, 2), 400, &[0][..]), ((0, 3), 300, &[0, 77]), ((1, 3), 300, &[0, 77]), ((1, 4), 200, &[0])]
    {
        add(&mut world, &mut dice, pair, n, extra);
    }
    world.sort();
    let clocks = fit_all(&plan, &world, None);
    assert_eq!(clocks.lines[3].state, State::Contradictory);
    assert!(!clocks.is_known(3) && clocks.offset_at(3, At::new(3, 1), START) == 0);
    assert!(clocks.is_known(2) && error(&clocks, 2).0 <= error(&clocks, 2).1);
    // The second proxy is not measured by it either.
    assert_eq!(clocks.lines[1].state, State::TooFew);
    let said: Vec<&str> = clocks.report(&plan, START).into_iter().map(|c| c.state.as_str()).collect();
    assert_eq!(said, ["reference", "too-few-samples", "fitted", "contradictory", "fitted"]);
}
