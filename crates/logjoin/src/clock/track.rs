//! The way of a clock through time: where it was at which moment, and where it jumped.
//!
//! All pairs together show some offsets at which unusually many agree. Time is cut into chunks of alike many pairs, each
//! chunk says how well every offset near those places suits it, and the likeliest way through the chunks, on which the
//! clock may creep a little and jump seldom, is found by dynamic programming (Viterbi 1967). Time is that of the proxy,
//! whose clock is the measure, so that a clock set back is no riddle.

use super::likelihood::Slanted;
use super::pairs::Vote;
use crate::par;

/// Places that are compared.
const PLACES: usize = 6;
/// Cells of the grid of offsets.
const MAX_CELLS: usize = 24_000;
const MAX_CHUNKS: usize = 160;
/// Pairs (counted by how telling they are) of a chunk.
const CHUNK: f64 = 16.0;
/// What a jump costs: the logarithm of how seldom a clock is set.
const JUMP: f32 = 14.0;
/// How fast a clock may creep.
const CREEP: f64 = 250e-6;
/// The share of lines about none of the proxy's requests, as far as is known at first.
const STRAY: f64 = 0.3;
/// The odds, as a logarithm, that a clock is right before anything is known of it.
const ZERO_ODDS: f32 = 3.0;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;

/// A stretch in which the clock did not jump.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// On the proxy's clock.
    pub from: i64,
    pub to: i64,
    pub line: Slanted,
}

/// The way, and how it compares.
#[derive(Debug)]
pub(super) struct Track {
    pub stretches: Vec<Stretch>,
    /// Width of a cell.
    pub cell: i64,
    /// How much likelier the way is than the best one that stays elsewhere.
    pub lead: f64,
}

/// Finds the way. `span` is the time over which the false pairs are spread.
pub(super) fn track(votes: &[Vote], span: i64) -> Option<Track> {
    let mut by_time: Vec<&Vote> = votes.iter().collect();
    by_time.sort_unstable_by_key(|v| (v.at, v.row, v.lo));
    let (first, last) = (by_time.first()?.at, by_time.last()?.at);
    let pad = ((last - first) as f64 * CREEP) as i64;
    let width = typical_width(votes);
    let places = places(votes, pad, width);
    let weight: f64 = votes.iter().map(weight_of).sum();
    let chunks = ((weight / CHUNK) as usize).clamp(1, MAX_CHUNKS);
    let creep_in_chunk = 2 * pad / chunks as i64;
    let grid = Grid::new(&places, pad + width + SECOND / 4, (width / 40).max(creep_in_chunk / 2).max(MILLI));
    let table = Table::new(&by_time, &grid, chunks, weight / chunks as f64, span);
    Some(table.walk(&grid, creep_in_chunk, first, last))
}

fn weight_of(v: &Vote) -> f64 {
    1.0 / f64::from(v.among)
}

fn typical_width(votes: &[Vote]) -> i64 {
    let mut widths: Vec<i64> = votes.iter().map(|v| v.hi - v.lo).collect();
    let middle = widths.len() / 2;
    *widths.select_nth_unstable(middle).1
}

/// The offsets that most pairs allow, apart from each other; and zero: most clocks are right.
fn places(votes: &[Vote], pad: i64, width: i64) -> Vec<i64> {
    let mut edges: Vec<(i64, i64, u32)> = Vec::with_capacity(votes.len() * 2);
    for (i, v) in votes.iter().enumerate() {
        let tenth = (width / 10).max(20 * MILLI);
        // A wide range says less.
        let weight = (5_040_000 / i64::from(v.among) * tenth / (v.hi - v.lo + pad).max(tenth)).max(1);
        edges.push((v.lo - pad / 2, weight, i as u32));
        edges.push((v.hi + pad / 2, -weight, i as u32));
    }
    // At one place, ends before beginnings.
    edges.sort_unstable();
    let mut out = vec![0];
    for _ in 0..PLACES {
        let (mut height, mut best, mut at) = (0, 0, None);
        for (i, (_, w, _)) in edges.iter().enumerate() {
            height += w;
            if height > best {
                (best, at) = (height, Some(i));
            }
        }
        let Some(i) = at else { break };
        let place = edges[i].0 + (edges.get(i + 1).map_or(edges[i].0, |e| e.0) - edges[i].0) / 2;
        out.push(place);
        let radius = (pad + width) / 2;
        let is_away = |v: &Vote| v.hi + pad / 2 < place - radius || v.lo - pad / 2 > place + radius;
        edges.retain(|(_, _, v)| is_away(&votes[*v as usize]));
    }
    out
}

/// The offsets near the places, in cells of one width.
struct Grid {
    /// First cell's lower edge, and number of cells, of each part; parts do not overlap.
    parts: Vec<(i64, usize, usize)>,
    cells: usize,
    cell: i64,
}

impl Grid {
    fn new(places: &[i64], reach: i64, cell: i64) -> Grid {
        let cell = cell.max(2 * reach * places.len() as i64 / MAX_CELLS as i64);
        let mut ranges: Vec<(i64, i64)> = places.iter().map(|p| (p - reach, p + reach)).collect();
        ranges.sort_unstable();
        let mut parts: Vec<(i64, usize, usize)> = Vec::new();
        let mut cells = 0;
        let mut end = i64::MIN;
        for (lo, hi) in ranges {
            let n = |from: i64| ((hi - from) / cell + 1).max(0) as usize;
            match parts.last_mut() {
                Some(last) if lo <= end => {
                    let total = n(last.0).max(last.1);
                    cells += total - last.1;
                    last.1 = total;
                }
                _ => {
                    parts.push((lo, n(lo), cells));
                    cells += n(lo);
                }
            }
            end = end.max(hi);
        }
        Grid { parts, cells, cell }
    }

    fn offset(&self, cell: usize) -> i64 {
        let part = self.part(cell);
        part.0 + (cell - part.2) as i64 * self.cell + self.cell / 2
    }

    fn part(&self, cell: usize) -> (i64, usize, usize) {
        self.parts[self.parts.partition_point(|p| p.2 <= cell).saturating_sub(1)]
    }

    /// Calls `f` with each cell whose middle lies in a range, or with the cell that holds all of it.
    fn each(&self, lo: i64, hi: i64, mut f: impl FnMut(usize, i64)) {
        for (from, n, first) in &self.parts {
            let a = (lo - from).div_euclid(self.cell).max(0);
            let b = (hi - from).div_euclid(self.cell).min(*n as i64 - 1);
            for k in a..=b {
                f(first + k as usize, from + k * self.cell + self.cell / 2);
            }
        }
    }
}

/// How well each cell suits each chunk.
struct Table {
    scores: Vec<Vec<f32>>,
    /// First moment of each chunk.
    from: Vec<i64>,
}

impl Table {
    fn new(by_time: &[&Vote], grid: &Grid, chunks: usize, size: f64, span: i64) -> Table {
        let mut first: Vec<usize> = Vec::with_capacity(chunks);
        let (mut sum, mut last) = (f64::MAX, i64::MIN);
        for (i, v) in by_time.iter().enumerate() {
            // Pairs of one moment are not torn apart.
            if sum >= size && v.at > last && first.len() < chunks {
                first.push(i);
                sum = 0.0;
            }
            last = v.at;
            sum += weight_of(v);
        }
        let ends = first.iter().skip(1).copied().chain([by_time.len()]);
        let parts: Vec<&[&Vote]> = first.iter().zip(ends).map(|(from, to)| &by_time[*from..to]).collect();
        let seconds = span as f64 / SECOND as f64;
        Table {
            scores: par::map(&parts, |votes| scores(votes, grid, seconds)),
            from: first.iter().map(|i| by_time[*i].at).collect(),
        }
    }

    fn walk(&self, grid: &Grid, creep: i64, first: i64, last: i64) -> Track {
        let near = (creep / grid.cell + 1).min(6) as usize;
        let (way, best) = self.way(grid, near, 0..grid.cells, JUMP);
        // The best way that stays near one place, but not near this one.
        let parts = grid.parts.iter().map(|part| part.2..part.2 + part.1);
        let others: Vec<_> = parts.filter(|cells| !way.iter().any(|c| cells.contains(c))).collect();
        let of_others = par::map(&others, |cells| self.way(grid, near, cells.clone(), f32::INFINITY).1);
        let rival = of_others.into_iter().fold(f32::MIN, f32::max);
        let mut stretches = Vec::new();
        let mut from = 0;
        for i in 1..=way.len() {
            if i < way.len()
                && way[i].abs_diff(way[i - 1]) <= near
                && grid.part(way[i]) == grid.part(way[i - 1])
            {
                continue;
            }
            let begin = if from == 0 { first } else { self.from[from] };
            let end = self.from.get(i).copied().unwrap_or(last + 1);
            let points: Vec<(f64, f64)> = (from..i)
                .map(|k| {
                    let middle =
                        self.from[k] + (self.from.get(k + 1).copied().unwrap_or(last) - self.from[k]) / 2;
                    ((middle - begin) as f64, grid.offset(way[k]) as f64)
                })
                .collect();
            stretches.push(Stretch { from: begin, to: end, line: through(&points, begin) });
            from = i;
        }
        Track { stretches, cell: grid.cell, lead: f64::from(best - rival) }
    }

    /// The likeliest way within some cells: the cell of each chunk, and the likelihood.
    fn way(&self, grid: &Grid, near: usize, cells: std::ops::Range<usize>, jump: f32) -> (Vec<usize>, f32) {
        let n = cells.len();
        let prior = |c: usize| if grid.offset(cells.start + c).abs() <= 2 * SECOND { ZERO_ODDS } else { 0.0 };
        let mut now: Vec<f32> = (0..n).map(|c| self.scores[0][cells.start + c] + prior(c)).collect();
        let mut back: Vec<Vec<u32>> = Vec::with_capacity(self.scores.len());
        let best_of = |v: &[f32]| {
            let mut at = 0;
            (0..v.len()).for_each(|i| {
                if v[i] > v[at] {
                    at = i
                }
            });
            at
        };
        for scores in &self.scores[1..] {
            let top = best_of(&now);
            let fallen = now[top] - jump;
            let mut next = vec![0.0f32; n];
            let mut came = vec![0u32; n];
            for c in 0..n {
                let (mut value, mut from) = (fallen, top);
                for (k, &height) in
                    now.iter().enumerate().take((c + near + 1).min(n)).skip(c.saturating_sub(near))
                {
                    let v = height - 0.25 * k.abs_diff(c) as f32;
                    if v > value || v == value && k == c {
                        (value, from) = (v, k);
                    }
                }
                next[c] = value + scores[cells.start + c];
                came[c] = from as u32;
            }
            back.push(came);
            now = next;
        }
        let mut at = best_of(&now);
        let best = now[at];
        let mut way = vec![cells.start + at];
        for came in back.iter().rev() {
            at = came[at] as usize;
            way.push(cells.start + at);
        }
        way.reverse();
        (way, best)
    }
}

/// How well each cell suits the pairs of a chunk; false ones are spread over so many seconds.
fn scores(votes: &[&Vote], grid: &Grid, seconds: f64) -> Vec<f32> {
    let mut row = vec![0.0; grid.cells];
    for v in votes {
        let gain = (1.0 - STRAY) * seconds / f64::from(v.among) / STRAY;
        // In the middle of its range it says the same of each cell.
        let mut same = (0.0, 0.0);
        grid.each(v.lo, v.hi, |cell, offset| {
            let density = v.density(offset, grid.cell);
            if density != same.0 {
                same = (density, (1.0 + density * gain).ln() as f32);
            }
            row[cell] += same.1;
        });
    }
    row
}

/// A line through points, by the median of the slopes of all pairs of them (Theil and Sen): a third of the points may be
/// wrong.
fn through(points: &[(f64, f64)], origin: i64) -> Slanted {
    let mut slopes = Vec::new();
    for (i, a) in points.iter().enumerate() {
        for b in points[i + 1..].iter().filter(|b| b.0 > a.0) {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
        }
    }
    let slope = if points.len() >= 4 { median(slopes) } else { 0.0 };
    let offset = median(points.iter().map(|p| p.1 - slope * p.0).collect());
    Slanted { offset: offset as i64, slope, origin }
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(0.0)
}
