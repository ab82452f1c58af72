//! The offset between two clocks, from requests that both sides logged.
//!
//! Nothing says which line of one side belongs to which of the other, so every pair of lines with the same method and target
//! votes: it allows the offsets for which the backend's moment falls inside the proxy's request, an interval. True
//! pairs all contain the true offset; false ones are spread. The offset is where most votes overlap. Rare requests weigh
//! more, since fewer of their pairs are false.

use std::collections::BTreeMap;

use super::State;
use crate::event::LogEvent;
use crate::hash::pair;
use crate::timeline::{Moment, Timed};

const SECOND: i64 = 1_000_000_000;
/// A backend may write its line a little after the proxy has passed the response on.
const SLACK: i64 = 5_000_000;
/// Time on the wire and in the proxy, at each end of a request.
const WIRE: i64 = 5_000_000;
/// What most requests take, where neither side logs a duration.
const TYPICAL: i64 = 60_000_000;
/// No clock that keeps any time is further off, zone errors included.
const MAX_OFFSET: i64 = 27 * 3600 * SECOND;
/// Rows looked at on each side.
const MAX_ROWS: usize = 20_000;
/// Pairs of one key: beyond, the key says too little.
const MAX_PAIRS_PER_KEY: usize = 40_000;
const MAX_PAIRS: usize = 4_000_000;
/// Fewer distinct requests than this fit nothing.
const MIN_SAMPLES: u64 = 8;

/// What the lines of two instances say of their clocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fit {
    /// Clock of the backend minus clock of the proxy at `origin_ns`.
    pub offset_ns: i64,
    pub origin_ns: i64,
    pub drift_ppm: f64,
    pub band_ns: i64,
    /// Backend lines that agree.
    pub samples: u64,
    /// Backend lines that could have.
    pub candidates: u64,
    /// Backend lines in all.
    pub total: u64,
    pub state: State,
    pub steps: Vec<(i64, i64)>,
}

impl Fit {
    /// How well the fit is supported: lines that agree, those that could have counting against it.
    pub fn support(&self) -> u64 {
        self.samples * self.samples / self.candidates.max(1)
    }
}

/// A vote: the offsets that one pair of lines allows.
#[derive(Debug, Clone, Copy)]
struct Vote {
    lo: i64,
    hi: i64,
    weight: i64,
    /// Over how much of its edges the range fades out: the finer of the two stamps.
    ramp: i64,
    /// Number of the backend's line, and its time.
    row: u32,
    at: i64,
}

/// The requests of a proxy, ready to be compared.
pub(crate) struct Front<'a> {
    by_key: BTreeMap<u64, Vec<&'a Timed>>,
}

/// One line of the other side.
struct Back {
    key: u64,
    lo: i64,
    hi: i64,
    /// Earliest moment of the request that the line can name, before `hi`: its duration.
    duration: i64,
    has_duration: bool,
    is_start: bool,
}

impl<'a> Front<'a> {
    pub fn new(rows: &[&'a Timed]) -> Front<'a> {
        let mut by_key: BTreeMap<u64, Vec<&Timed>> = BTreeMap::new();
        let mut add = |key: u64, r: &'a Timed| by_key.entry(key).or_default().push(r);
        for r in rows.iter().filter(|r| is_success(r.r.status) && r.r.target != 0) {
            add(pair(r.r.method, r.r.target), r);
            add(pair(1, r.r.target), r);
            if r.r.agent != 0 {
                add(agent_key(r), r);
            }
            if r.r.id != 0 {
                add(pair(2, r.r.id), r);
            }
        }
        Front { by_key }
    }

    /// Fits the clock of another instance, which logged these requests and messages.
    pub fn fit(&self, requests: &[&Timed], mentions: &[&Moment<LogEvent>]) -> Fit {
        let mut back: Vec<Back> = Vec::new();
        for r in requests.iter().filter(|r| is_success(r.r.status) && r.r.target != 0) {
            let key = self.best_key(r);
            let is_start = r.r.anchor == logjoin_parse::Anchor::Start;
            let (lo, hi) = if is_start { (r.start_lo, r.start_hi) } else { (r.end_lo, r.end_hi) };
            let duration = r.r.duration_ns.unwrap_or(0);
            back.push(Back { key, lo, hi, duration, has_duration: r.has_duration, is_start });
        }
        // Messages that name a request say the same again, often more precisely.
        for m in mentions {
            let id_key = pair(2, m.e.id);
            let key = if m.e.id != 0 && self.by_key.contains_key(&id_key) {
                id_key
            } else {
                pair(if m.e.method == 0 { 1 } else { m.e.method }, m.e.target)
            };
            back.push(Back { key, lo: m.lo, hi: m.hi, duration: 0, has_duration: false, is_start: false });
        }
        self.vote(thin(back))
    }

    /// The key that says most: the id where both sides have it, else with the user agent, else method and target.
    fn best_key(&self, r: &Timed) -> u64 {
        let plain = pair(r.r.method, r.r.target);
        let with_id = pair(2, r.r.id);
        if r.r.id != 0 && self.by_key.contains_key(&with_id) {
            return with_id;
        }
        let with_agent = agent_key(r);
        if r.r.agent != 0 && self.by_key.contains_key(&with_agent) { with_agent } else { plain }
    }

    fn vote(&self, back: Vec<Back>) -> Fit {
        let total = back.len() as u64;
        let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, b) in back.iter().enumerate() {
            if self.by_key.contains_key(&b.key) {
                groups.entry(b.key).or_default().push(i);
            }
        }
        let candidates: u64 = groups.values().map(|g| g.len() as u64).sum();
        // Rare keys first: they say most for the fewest pairs.
        let mut keys: Vec<(usize, u64)> =
            groups.iter().map(|(k, g)| (g.len() * self.by_key[k].len(), *k)).collect();
        keys.sort_unstable();
        let mut votes: Vec<Vote> = Vec::new();
        for (n, key) in keys {
            if n > MAX_PAIRS_PER_KEY && !votes.is_empty() || votes.len() + n > MAX_PAIRS {
                break;
            }
            let (fronts, backs) = (&self.by_key[&key], &groups[&key]);
            let weight = (5040 / fronts.len().min(5040)).max(1) as i64;
            for &row in backs {
                for f in fronts {
                    if let Some((lo, hi)) = allowed(f, &back[row]) {
                        let b = &back[row];
                        let front = if f.has_duration || f.r.anchor != logjoin_parse::Anchor::Start {
                            f.end_hi - f.end_lo
                        } else {
                            f.start_hi - f.start_lo
                        };
                        let ramp = front.min(b.hi - b.lo);
                        // A wide range says less.
                        let weight = (weight * 1_000 / ((hi - lo) / 1_000_000).max(20)).max(1);
                        votes.push(Vote { lo, hi, weight, ramp, row: row as u32, at: b.lo });
                    }
                }
            }
        }
        Fit { total, ..solve(votes, candidates) }
    }
}

/// The offsets for which the backend's moment agrees with the proxy's request.
///
/// Starts agree with starts and ends with ends, but for the time on the wire and in queues: a pair votes for a range as
/// narrow as its stamps. Pairs that waited longer simply do not meet the others.
fn allowed(f: &Timed, b: &Back) -> Option<(i64, i64)> {
    let knows_start = f.has_duration || f.r.anchor == logjoin_parse::Anchor::Start;
    let knows_end = f.r.anchor != logjoin_parse::Anchor::Start;
    let (lo, hi) = if b.has_duration && f.has_duration {
        // One inside the other; what is left is the wire and the queues, on both ends alike.
        let (start, end) = if b.is_start { (b.lo, b.lo + b.duration) } else { (b.lo - b.duration, b.lo) };
        let width = b.hi - b.lo;
        (end - f.end_hi - WIRE, start + width - f.start_lo + WIRE)
    } else if b.has_duration && knows_start {
        // The backend's start, by its duration.
        let early = if b.is_start { 0 } else { b.duration };
        (b.lo - early - f.start_hi - WIRE, b.hi - early - f.start_lo)
    } else if f.has_duration {
        // Somewhere inside: a line without a duration may be written at the start or at the end.
        (b.lo - f.end_hi - SLACK, b.hi - f.start_lo)
    } else if knows_end {
        (b.lo - f.end_hi - SLACK, b.hi - f.end_lo + TYPICAL)
    } else {
        (b.lo - f.start_hi - TYPICAL, b.hi - f.start_lo)
    };
    (hi > lo && lo.abs() < MAX_OFFSET).then_some((lo, hi))
}

fn agent_key(r: &Timed) -> u64 {
    pair(pair(r.r.method, r.r.target), r.r.agent)
}

fn is_success(status: i32) -> bool {
    (200..500).contains(&status) && status != 499
}

/// Both sides keep the same requests: those with the smallest key hashes.
fn thin(mut back: Vec<Back>) -> Vec<Back> {
    if back.len() > MAX_ROWS {
        back.sort_by_key(|b| (b.key, b.lo));
        back.truncate(MAX_ROWS);
    }
    back
}

/// Where the votes overlap most: the range in which at least `share` of the best overlap stands, and that overlap.
fn peak(votes: &[Vote], share: f64) -> Option<(i64, i64, i64)> {
    let mut edges: Vec<(i64, i64)> = Vec::with_capacity(votes.len() * 2);
    for v in votes {
        edges.push((v.lo, v.weight));
        edges.push((v.hi, -v.weight));
    }
    // At one place, ends before beginnings.
    edges.sort_unstable();
    let mut height = 0;
    let (mut best, mut best_at) = (0, 0);
    for (i, (_, w)) in edges.iter().enumerate() {
        height += w;
        if height > best {
            (best, best_at) = (height, i);
        }
    }
    if best == 0 {
        return None;
    }
    let floor = (best as f64 * share) as i64;
    let (mut lo, mut hi) = (edges[best_at].0, edges.get(best_at + 1)?.0);
    let mut h = best;
    for i in (0..=best_at).rev() {
        lo = edges[i].0;
        h -= edges[i].1;
        if h < floor {
            break;
        }
    }
    h = best;
    for (at, w) in &edges[best_at + 1..] {
        hi = *at;
        h += w;
        if h < floor {
            break;
        }
    }
    Some((lo, hi, best))
}

fn solve(votes: Vec<Vote>, candidates: u64) -> Fit {
    let mut fit = Fit { candidates, ..Fit::default() };
    // The highest places, apart from each other, and zero: most clocks are right.
    let mut places: Vec<i64> = vec![0];
    let mut left = votes.clone();
    for _ in 0..PEAKS {
        let Some((lo, hi, _)) = peak(&left, 0.98) else { break };
        places.push(lo + (hi - lo) / 2);
        left.retain(|v| v.hi < lo - 2 * SECOND || v.lo > hi + 2 * SECOND);
    }
    if places.len() < 2 {
        return fit;
    }
    let likelihood = Likelihood::new(&votes, &places);
    let mut found: Vec<(f64, i64)> = places
        .iter()
        .enumerate()
        .map(|(i, place)| {
            let (offset, l) = likelihood.best(&likelihood.rows, *place, 0.0);
            (if i == 0 { l + ZERO_ODDS } else { l }, offset)
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.abs().cmp(&b.1.abs())));
    let (best, offset) = found[0];
    fit.offset_ns = offset;
    fit.samples = agreeing(&votes, offset);
    fit.origin_ns = middle(&votes, offset);
    let rival = found.iter().find(|f| (f.1 - offset).abs() > 2 * SECOND).map_or(f64::MIN, |f| f.0);
    fit.state = if fit.samples < MIN_SAMPLES || fit.samples * 5 < candidates {
        State::TooFew
    } else if rival > best - CLEAR_ODDS {
        State::Contradictory
    } else {
        State::Fitted
    };
    if fit.state == State::Fitted {
        Likelihood { origin: fit.origin_ns, ..likelihood }.refine(&mut fit);
    }
    fit
}

/// Backend lines with a vote for this offset.
fn agreeing(votes: &[Vote], offset: i64) -> u64 {
    let mut rows: Vec<u32> =
        votes.iter().filter(|v| v.lo <= offset && offset <= v.hi).map(|v| v.row).collect();
    rows.sort_unstable();
    rows.dedup();
    rows.len() as u64
}

fn middle(votes: &[Vote], offset: i64) -> i64 {
    let mut at: Vec<i64> = votes.iter().filter(|v| v.lo <= offset && offset <= v.hi).map(|v| v.at).collect();
    at.sort_unstable();
    at.first().zip(at.last()).map_or(0, |(a, b)| a + (b - a) / 2)
}

/// Rows that the likelihood is computed over.
const LIKELIHOOD_ROWS: usize = 4_000;
/// Places that are compared.
const PEAKS: usize = 3;
/// The odds, as a logarithm, that a clock is right before anything is known of it.
const ZERO_ODDS: f64 = 3.0;
/// How much likelier than the next place the best must be.
const CLEAR_ODDS: f64 = 4.0;
/// How far from the coarse offset the fine one is looked for.
const REACH: i64 = SECOND;
/// A row agrees with no request by this share.
const STRAY: f64 = 0.02;
/// How much likelier a drift must make the data before it is believed: odds of 20,000 to 1.
const DRIFT_ODDS: f64 = 10.0;

/// How likely the rows are, given an offset and a drift.
///
/// Two stamps that are cut to whole seconds still tell fractions of a second when there are many: the shares of pairs that
/// fall on either side of a full second do. The probability of a pair is a trapezoid over its range: the overlap of two
/// uniform uncertainties.
struct Likelihood {
    /// By row: the ranges of its pairs.
    rows: Vec<(i64, Vec<Vote>)>,
    origin: i64,
}

impl Likelihood {
    /// Over the rows that have a pair near one of these places; all places are judged by the same rows.
    fn new(votes: &[Vote], places: &[i64]) -> Likelihood {
        let is_near = |v: &&Vote| places.iter().any(|p| v.hi > p - REACH && v.lo < p + REACH);
        let mut near: Vec<Vote> = votes.iter().filter(is_near).copied().collect();
        near.sort_by_key(|v| (v.row, v.lo));
        let mut rows: Vec<(i64, Vec<Vote>)> = Vec::new();
        let mut last = None;
        for v in near {
            if last != Some(v.row) {
                rows.push((v.at, Vec::new()));
                last = Some(v.row);
            }
            if let Some((_, list)) = rows.last_mut() {
                list.push(v);
            }
        }
        // Rows with one candidate say most; of equals, evenly over time.
        rows.sort_by_key(|(at, list)| (list.len(), *at));
        if rows.len() > LIKELIHOOD_ROWS {
            let clear = rows.iter().take_while(|r| r.1.len() <= 2).count().max(LIKELIHOOD_ROWS);
            let step = clear.div_ceil(LIKELIHOOD_ROWS);
            rows = rows.into_iter().take(clear).step_by(step).collect();
        }
        rows.sort_by_key(|(at, _)| *at);
        Likelihood { rows, origin: 0 }
    }

    fn of(&self, rows: &[(i64, Vec<Vote>)], offset: i64, slope: f64) -> f64 {
        rows.iter()
            .map(|(at, list)| {
                let d = offset + ((at - self.origin) as f64 * slope) as i64;
                let sum: f64 = list.iter().map(|v| v.agreement(d)).sum();
                (sum / (list.len() as f64).max(1.0) + STRAY / (list.len() as f64 + 1.0)).ln()
            })
            .sum()
    }

    /// The best offset, by a coarse and two finer grids; and its likelihood.
    fn best(&self, rows: &[(i64, Vec<Vote>)], around: i64, slope: f64) -> (i64, f64) {
        let (mut centre, mut reach, mut step) = (around, REACH, 40_000_000);
        let mut best = (centre, f64::MIN);
        while step >= 1_000_000 {
            for k in -(reach / step)..=reach / step {
                let l = self.of(rows, centre + k * step, slope);
                if l > best.1 {
                    best = (centre + k * step, l);
                }
            }
            centre = best.0;
            reach = step;
            step /= 5;
        }
        // A flat top has no best place but its middle.
        let floor = best.1 - 0.5;
        let edge = |sign: i64| {
            (1..400)
                .map(|k| k * 2_000_000)
                .take_while(|d| self.of(rows, best.0 + sign * d, slope) >= floor)
                .last()
                .unwrap_or(0)
        };
        let (up, down) = (edge(1), edge(-1));
        (best.0 + (up - down) / 2, best.1)
    }

    fn refine(&self, fit: &mut Fit) {
        let (offset, at_rest) = self.best(&self.rows, fit.offset_ns, 0.0);
        fit.offset_ns = offset;
        fit.band_ns = self.band(offset, 0.0, at_rest);
        let Some(slope) = self.slope(offset) else { return };
        let (moved, likelihood) = self.best(&self.rows, offset, slope);
        // Real clocks drift by tens of millionths; the further beyond, the more must speak for it.
        if likelihood > at_rest + DRIFT_ODDS + slope.abs() * 1e6 / 500.0 {
            fit.drift_ppm = slope * 1e6;
            fit.offset_ns = moved;
            fit.band_ns = self.band(moved, slope, likelihood);
        }
    }

    /// Half the width of the offsets that are nearly as likely: two standard errors.
    fn band(&self, offset: i64, slope: f64, best: f64) -> i64 {
        let edge = |sign: i64| {
            (1..300)
                .map(|k| k * 5_000_000)
                .find(|d| self.of(&self.rows, offset + sign * d, slope) < best - 2.0)
                .unwrap_or(1_500_000_000)
        };
        (edge(1) + edge(-1)) / 2
    }

    /// A slope through the best offsets of stretches of time.
    fn slope(&self, offset: i64) -> Option<f64> {
        let stretches = (self.rows.len() / 60).clamp(0, 24);
        if stretches < 3 {
            return None;
        }
        let points: Vec<(f64, f64)> = self
            .rows
            .chunks(self.rows.len().div_ceil(stretches))
            .filter(|part| part.len() >= 20)
            .map(|part| {
                let t = part[part.len() / 2].0;
                let (o, _) = self.best(part, offset, 0.0);
                ((t - self.origin) as f64, o as f64)
            })
            .collect();
        (points.len() >= 3).then(|| theil_sen(&points))
    }
}

impl Vote {
    /// How well an offset agrees with the pair: 1 in the middle of the range, falling to 0 at its edges over the shorter of
    /// its two uncertainties.
    fn agreement(&self, offset: i64) -> f64 {
        let inside = (offset - self.lo).min(self.hi - offset);
        if inside <= 0 {
            return 0.0;
        }
        // A density: a wide range gives each of its offsets less.
        (inside as f64 / self.ramp.max(1) as f64).min(1.0) * 1e8 / ((self.hi - self.lo) as f64).max(2e7)
    }
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(0.0)
}

/// The median of the slopes of all pairs of points: a third of the points may be wrong.
fn theil_sen(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::new();
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            if b.0 > a.0 {
                slopes.push((b.1 - a.1) / (b.0 - a.0));
            }
        }
    }
    median(slopes)
}
