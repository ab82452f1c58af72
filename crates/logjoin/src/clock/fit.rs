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
            let duration = r.r.duration_ns.map_or(0, |d| (d - r.r.unit_ns).max(0));
            back.push(Back { key, lo, hi, duration, is_start });
        }
        // Messages count where there are no request lines: they are the same requests again.
        if back.len() < MIN_SAMPLES as usize {
            for m in mentions {
                let id_key = pair(2, m.e.id);
                let key = if m.e.id != 0 && self.by_key.contains_key(&id_key) {
                    id_key
                } else {
                    pair(if m.e.method == 0 { 1 } else { m.e.method }, m.e.target)
                };
                back.push(Back { key, lo: m.lo, hi: m.hi, duration: 0, is_start: false });
            }
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
                        votes.push(Vote { lo, hi, weight, row: row as u32, at: back[row].lo });
                    }
                }
            }
        }
        solve(votes, candidates)
    }
}

/// The offsets for which the backend's moment lies inside the proxy's request.
fn allowed(f: &Timed, b: &Back) -> Option<(i64, i64)> {
    let (lo, hi) = if b.is_start {
        (b.lo - (f.end_hi - b.duration).max(f.start_lo) - SLACK, b.hi - f.start_lo)
    } else {
        (b.lo - f.end_hi - SLACK, b.hi - f.start_lo - b.duration)
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
    let Some((lo, hi, best)) = peak(&votes, 0.98) else { return fit };
    let coarse = lo + (hi - lo) / 2;
    fit.samples = agreeing(&votes, coarse);
    fit.origin_ns = middle(&votes, coarse);
    fit.offset_ns = coarse;
    fit.band_ns = ((hi - lo) / 2).max(1_000_000);
    // The next best peak away from this one: where it is nearly as high, the data do not decide.
    let far: Vec<Vote> = votes.iter().filter(|v| v.hi < lo - 2 * SECOND || v.lo > hi + 2 * SECOND).copied().collect();
    let second = peak(&far, 1.0).map_or(0, |p| p.2);
    fit.state = if fit.samples < MIN_SAMPLES || fit.samples * 5 < candidates {
        State::TooFew
    } else if second as f64 > best as f64 * 0.9 {
        State::Contradictory
    } else {
        State::Fitted
    };
    if fit.state == State::Fitted {
        refine(&votes, &mut fit);
    }
    fit
}

/// Backend lines with a vote for this offset.
fn agreeing(votes: &[Vote], offset: i64) -> u64 {
    let mut rows: Vec<u32> = votes.iter().filter(|v| v.lo <= offset && offset <= v.hi).map(|v| v.row).collect();
    rows.sort_unstable();
    rows.dedup();
    rows.len() as u64
}

fn middle(votes: &[Vote], offset: i64) -> i64 {
    let mut at: Vec<i64> = votes.iter().filter(|v| v.lo <= offset && offset <= v.hi).map(|v| v.at).collect();
    at.sort_unstable();
    at.first().zip(at.last()).map_or(0, |(a, b)| a + (b - a) / 2)
}

/// Drift: the same fit in stretches of time, and a straight line through what they give.
fn refine(votes: &[Vote], fit: &mut Fit) {
    let near: Vec<Vote> = votes
        .iter()
        .filter(|v| v.hi > fit.offset_ns - 10 * SECOND && v.lo < fit.offset_ns + 10 * SECOND)
        .copied()
        .collect();
    let (Some(first), Some(last)) = (near.iter().map(|v| v.at).min(), near.iter().map(|v| v.at).max()) else { return };
    let stretches = (fit.samples / 40).clamp(1, 24) as i64;
    let length = (last - first) / stretches + 1;
    let mut points: Vec<(f64, f64, f64)> = Vec::new();
    for i in 0..stretches {
        let (from, to) = (first + i * length, first + (i + 1) * length);
        let part: Vec<Vote> = near.iter().filter(|v| (from..to).contains(&v.at)).copied().collect();
        if let Some((lo, hi, _)) = peak(&part, 0.98) {
            let mid = lo + (hi - lo) / 2;
            if agreeing(&part, mid) >= 10 {
                let t = (from + length / 2 - fit.origin_ns) as f64;
                points.push((t, (mid - fit.offset_ns) as f64, ((hi - lo) / 2) as f64));
            }
        }
    }
    if points.len() < 3 {
        return;
    }
    let (slope, at_origin) = theil_sen(&points);
    let typical_band = median(points.iter().map(|p| p.2).collect());
    let span = points[points.len() - 1].0 - points[0].0;
    // A slope that the bands of the stretches explain is no drift.
    if (slope * span).abs() > 2.0 * typical_band.max(2e6) {
        fit.drift_ppm = slope * 1e6;
        fit.offset_ns += at_origin as i64;
        let shifted: Vec<Vote> = near
            .iter()
            .map(|v| {
                let by = ((v.at - fit.origin_ns) as f64 * slope) as i64;
                Vote { lo: v.lo - by, hi: v.hi - by, ..*v }
            })
            .collect();
        if let Some((lo, hi, _)) = peak(&shifted, 0.98) {
            fit.offset_ns = lo + (hi - lo) / 2;
            fit.band_ns = ((hi - lo) / 2).max(1_000_000);
            fit.samples = agreeing(&shifted, fit.offset_ns);
        }
    }
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(0.0)
}

/// The median of the slopes of all pairs of points, and of the intercepts: a third of the points may be wrong.
fn theil_sen(points: &[(f64, f64, f64)]) -> (f64, f64) {
    let mut slopes = Vec::new();
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
        }
    }
    let slope = median(slopes);
    (slope, median(points.iter().map(|p| p.1 - slope * p.0).collect()))
}
