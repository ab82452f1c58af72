//! How probable the pairs are, given an offset and a drift; and the offset and drift that make them most probable.
//!
//! Two stamps that are cut to whole seconds still tell fractions of a second when there are many: the shares of pairs that
//! fall on either side of a full second do. The probability of a pair is a trapezoid over its range: the overlap of two
//! uniform uncertainties. A line of which `k` requests may be the subject is `k` times less telling; and some share of the
//! lines is about none of them.

use super::pairs::Vote;

const SECOND: f64 = 1e9;
/// A share of lines that are about no request of this proxy: what is tried.
const STRAYS: [f64; 5] = [0.02, 0.1, 0.3, 0.6, 0.9];
/// Lines that a likelihood is computed over.
const MAX_ROWS: usize = 4_000;
/// A line is sharp when fewer requests than this agree with it by chance, the sharpest first; and so many are enough to
/// measure by.
const SHARP: [f64; 3] = [0.01, 0.05, 0.25];
const ENOUGH_SHARP: usize = 40;
/// How much likelier a drift must make the data before it is believed: odds of 400 to 1.
const DRIFT_ODDS: f64 = 6.0;
/// No clock of a host runs faster or slower than this, millionths: an undisciplined virtual machine may come near.
const MAX_DRIFT: f64 = 8_000.0;
/// What the logarithm of the likelihood falls by at the ends of a band: 2.4 standard errors.
const BAND_FALL: f64 = 3.0;
/// What the wire adds on one side and not on the other.
const WIRE_BAND: i64 = 3_000_000;

/// An offset that changes linearly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Slanted {
    pub offset: i64,
    /// Nanoseconds per nanosecond.
    pub slope: f64,
    pub origin: i64,
}

impl Slanted {
    pub fn at(&self, t: i64) -> i64 {
        self.offset + ((t - self.origin) as f64 * self.slope) as i64
    }
}

/// Pairs by line, those near a place.
pub(super) struct Likelihood {
    /// In the order of the lines.
    votes: Vec<Vote>,
    rows: Vec<Row>,
    pub stray: f64,
}

/// The pairs of one line.
struct Row {
    /// Behind the last one.
    end: usize,
    /// How much a density of 1 says: seconds over which the false pairs are spread, by the requests that the line may be about.
    scale: f64,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitted {
    pub line: Slanted,
    pub band: i64,
    pub likelihood: f64,
    /// Lines that agree.
    pub samples: u64,
}

impl Likelihood {
    /// Over the pairs that `is_near` chooses.
    pub fn new(votes: &[Vote], span: i64, is_near: impl Fn(&Vote) -> bool) -> Likelihood {
        let mut near: Vec<Vote> = votes.iter().filter(|v| is_near(v)).copied().collect();
        near.sort_unstable_by_key(|v| (v.row, v.at, v.lo));
        let mut rows: Vec<&[Vote]> = near.chunk_by(|a, b| a.row == b.row).collect();
        // Where many requests fit a line by chance, their crowding moves the peak: the sharpest lines, if there are enough.
        let by_chance =
            |list: &[Vote]| f64::from(list[0].among) * (list[0].hi - list[0].lo) as f64 / span.max(1) as f64;
        let all = rows.len();
        for limit in SHARP {
            let n = rows.iter().filter(|r| by_chance(r) <= limit).count();
            if n >= ENOUGH_SHARP && n * 10 >= all {
                rows.retain(|r| by_chance(r) <= limit);
                break;
            }
        }
        // Lines with few candidates say most; of equals, evenly over time.
        if rows.len() > MAX_ROWS {
            rows.sort_by_key(|list| (list[0].among, list[0].at, list[0].row));
            let clear = rows.iter().take_while(|r| r[0].among <= 2).count().max(MAX_ROWS);
            let step = clear.div_ceil(MAX_ROWS);
            rows = rows.into_iter().take(clear).step_by(step).collect();
        }
        rows.sort_by_key(|list| (list[0].at, list[0].row));
        let mut chosen = Vec::with_capacity(rows.iter().map(|r| r.len()).sum());
        let seconds = span as f64 / SECOND;
        let row = |list: &[Vote]| {
            chosen.extend_from_slice(list);
            Row { end: chosen.len(), scale: seconds / f64::from(list[0].among) }
        };
        let rows = rows.into_iter().map(row).collect();
        Likelihood { rows, votes: chosen, stray: 0.3 }
    }

    /// The pairs of each line, and what a density says of it.
    fn by_row(&self) -> impl Iterator<Item = (&[Vote], f64)> {
        let mut from = 0;
        self.rows.iter().map(move |r| (&self.votes[std::mem::replace(&mut from, r.end)..r.end], r.scale))
    }

    /// The logarithm of how many times likelier the pairs are with this clock than by chance.
    pub fn of(&self, line: &Slanted, blur: i64) -> f64 {
        let (floor, share) = (self.stray, 1.0 - self.stray);
        // The logarithm of a product of some instead of one each; a factor is between 0.02 and some 10¹⁰.
        let (mut sum, mut product) = (0.0, 1.0f64);
        for (list, scale) in self.by_row() {
            let density: f64 = list.iter().map(|v| v.density(line.at(v.at), blur)).sum();
            product *= floor + share * density * scale;
            if !(1e-200..1e200).contains(&product) {
                sum += product.ln();
                product = 1.0;
            }
        }
        sum + product.ln()
    }

    /// Lines with a pair that allows the offset of its moment.
    pub fn samples(&self, line: &Slanted) -> u64 {
        let agrees = |v: &Vote| {
            let d = line.at(v.at);
            v.lo <= d && d <= v.hi
        };
        self.by_row().filter(|(list, _)| list.iter().any(agrees)).count() as u64
    }

    /// The most probable offset near `start`, then the drift if there is reason to believe in one.
    pub fn fit(&mut self, start: Slanted, reach: i64) -> Fitted {
        let (first, last) =
            self.votes.iter().fold((i64::MAX, i64::MIN), |(a, b), v| (a.min(v.at), b.max(v.at)));
        let span = last.saturating_sub(first).max(1);
        let origin = if first > last { start.origin } else { first + span / 2 };
        let at_origin = |l: Slanted| Slanted { offset: l.at(origin), origin, ..l };
        let flat = self.climb(Slanted { slope: 0.0, ..at_origin(start) }, reach, 0.0);
        let slanted = self.climb(at_origin(start), reach, 2.0 / span as f64);
        let slope_ppm = slanted.0.slope * 1e6;
        // Real clocks drift by tens of millionths; the further beyond, the more must speak for it.
        let believed =
            slope_ppm.abs() < MAX_DRIFT && slanted.1 > flat.1 + DRIFT_ODDS + slope_ppm.abs() / 1_000.0;
        let (line, _) = if believed { slanted } else { flat };
        let (stray, likelihood) = STRAYS
            .iter()
            .map(|s| {
                self.stray = *s;
                (*s, self.of(&line, 0))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0.3, 0.0));
        self.stray = stray;
        let (line, band) = self.centre(line, likelihood);
        Fitted { line, band, likelihood, samples: self.samples(&line) }
    }

    /// Climbs by ever smaller steps, first over blurred pairs. `tilt` turns a step of the offset into one of the slope;
    /// 0 keeps the slope.
    fn climb(&self, start: Slanted, reach: i64, tilt: f64) -> (Slanted, f64) {
        let mut best = start;
        let mut height = f64::MIN;
        let mut step = reach.max(1_000_000);
        while step >= 200_000 {
            let blur = if step > 3_000_000 { step / 2 } else { 0 };
            height = self.of(&best, blur);
            for _ in 0..12 {
                let by = step as f64 * tilt;
                let next = [
                    Slanted { offset: best.offset + step, ..best },
                    Slanted { offset: best.offset - step, ..best },
                    Slanted { slope: best.slope + by, ..best },
                    Slanted { slope: best.slope - by, ..best },
                ];
                let tried = next.iter().take(if tilt == 0.0 { 2 } else { 4 }).map(|n| (self.of(n, blur), *n));
                match tried.max_by(|a, b| a.0.total_cmp(&b.0)) {
                    Some((l, n)) if l > height => (height, best) = (l, n),
                    _ => break,
                }
            }
            step /= 2;
        }
        (best, height)
    }

    /// The middle of the offsets that are nearly as likely, and half their width.
    fn centre(&self, line: Slanted, best: f64) -> (Slanted, i64) {
        let edge = |sign: i64| -> i64 {
            let falls =
                |d: i64| self.of(&Slanted { offset: line.offset + sign * d, ..line }, 0) < best - BAND_FALL;
            let mut far = 500_000;
            while !falls(far) && far < 3_000_000_000 {
                far *= 2;
            }
            let mut near = far / 2;
            while far - near > 250_000 {
                let half = near + (far - near) / 2;
                if falls(half) { far = half } else { near = half }
            }
            far
        };
        let (up, down) = (edge(1), edge(-1));
        (Slanted { offset: line.offset + (up - down) / 2, ..line }, (up + down) / 2 + WIRE_BAND)
    }
}
