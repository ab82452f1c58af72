//! The clock of one instance against that of one proxy, from requests that both logged.
//!
//! Nothing says which line of one side belongs to which of the other, so every pair of lines that name the same votes for
//! the offsets it allows ([`super::pairs`]). True pairs all contain the true offset; false ones are spread. Where the votes
//! overlap most is followed through time ([`super::track`]), and each stretch without a jump is then measured finely
//! ([`super::likelihood`]). A fit is refused when the agreement could be chance, or when another offset does as well.

use super::State;
use super::likelihood::{Fitted, Likelihood, Slanted};
use super::pairs::{Front, Stamped, Vote};
use super::track::{Stretch, track};
use crate::event::LogEvent;
use crate::par;
use crate::timeline::{Moment, Timed};

/// Fewer agreeing lines than this fit nothing.
const MIN_SAMPLES: u64 = 8;
/// Of the lines that could agree, so many must: one in five.
const MIN_SHARE: u64 = 5;
/// ... and so many beyond chance.
const LEAST_SHARE: f64 = 0.1;
/// By how many standard deviations the agreement must exceed what chance makes.
const BEYOND_CHANCE: f64 = 6.0;
/// How much likelier than any other place the best must be.
const CLEAR_ODDS: f64 = 4.0;
/// How much likelier the other reading of the stamps must be than the usual one.
const READING_ODDS: f64 = 12.0;
/// How much likelier each side of a step must be with its own offset than with the other's.
const STEP_ODDS: f64 = 25.0;
/// A clock that is set stays so for a while.
const MIN_STRETCH: i64 = 10_000_000_000;
/// One that is set back to where it was within this time was never set: its host was busy.
const EXCURSION: i64 = 60_000_000_000;
/// Lines of which so many requests agree by chance are no witnesses of a step.
const SHARP: f64 = 0.25;
/// A clock that is set more often than this is not understood.
const MAX_STEPS: usize = 12;

/// A stretch of time in which a clock was not set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Piece {
    /// From when on, on the clock that is the measure. The first piece also holds for what is before it.
    pub from: i64,
    pub line: Slanted,
    pub band_ns: i64,
}

/// What the lines of two instances say of their clocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fit {
    /// Clock of the backend minus clock of the proxy, in order of time; never empty when fitted.
    pub pieces: Vec<Piece>,
    /// Backend lines that agree.
    pub samples: u64,
    /// Backend lines that could have.
    pub candidates: u64,
    /// Backend lines in all.
    pub total: u64,
    /// The share of the lines that agree beyond chance.
    pub share: f64,
    pub state: State,
    pub likelihood: f64,
    /// The proxy does not say when its requests ended, nor the backend when they began: how long they took was guessed.
    pub is_guessed: bool,
}

impl Fit {
    /// How well the fit is supported: lines that agree, those that could have counting against it.
    pub fn support(&self) -> u64 {
        self.samples * self.samples / self.candidates.max(1)
    }

    /// The widest band of its pieces.
    pub fn band_ns(&self) -> i64 {
        self.pieces.iter().map(|p| p.band_ns).max().unwrap_or(0)
    }
}

/// The same pieces, measured from the other side.
pub(super) fn turned(pieces: &[Piece]) -> Vec<Piece> {
    let turn = |p: &Piece| {
        let line =
            Slanted { offset: -p.line.offset, slope: -p.line.slope, origin: p.line.origin + p.line.offset };
        Piece { from: p.from + p.line.at(p.from), line, ..*p }
    };
    let mut out: Vec<Piece> = pieces.iter().map(turn).collect();
    // Set back far enough, the other clock shows a later piece first.
    out.sort_by_key(|p| p.from);
    out
}

impl Front<'_> {
    /// Fits the clock of another instance, which logged these requests and messages.
    pub fn fit(&self, requests: &[&Timed], mentions: &[&Moment<LogEvent>]) -> Fit {
        let backs = self.backs(requests, mentions);
        let is_guessed = backs.has_two_readings && !self.knows_ends;
        let counted = |fit: Fit| Fit { total: backs.total, is_guessed, ..fit };
        let fit = |stamped| counted(solve(&self.votes(&backs, stamped), self.span));
        if !self.has_durations && backs.has_messages {
            // Written at the end that the proxy tells, or anywhere before: the narrower reading is likelier if it is true.
            let (at_end, within) = par::join(|| fit(Stamped::End), || fit(Stamped::Within));
            let is_at_end = at_end.state == State::Fitted
                && (within.state != State::Fitted || at_end.likelihood >= within.likelihood);
            return if is_at_end { at_end } else { within };
        }
        if !backs.has_two_readings || !self.has_durations {
            return fit(Stamped::End);
        }
        // A line that does not say how long the request took may be stamped when it came.
        let (as_end, as_start) = par::join(|| fit(Stamped::End), || fit(Stamped::Start));
        let is_start = as_start.state == State::Fitted
            && (as_end.state != State::Fitted || as_start.likelihood > as_end.likelihood + READING_ODDS);
        if is_start { as_start } else { as_end }
    }
}

fn solve(votes: &[Vote], span: i64) -> Fit {
    let candidates = rows(votes);
    let too_few = Fit { candidates, ..Fit::default() };
    if candidates < MIN_SAMPLES {
        return too_few;
    }
    let Some(track) = track(votes, span) else { return too_few };
    let mut stretches = track.stretches;
    let mut fitted: Vec<Fitted> = stretches.iter().map(|s| refine(votes, s, span, track.cell)).collect();
    merge(votes, span, track.cell, &mut stretches, &mut fitted);
    let (samples, share) = beyond_chance(votes, span, &stretches, &fitted);
    let state = if samples < MIN_SAMPLES || samples * MIN_SHARE < candidates || share < LEAST_SHARE {
        State::TooFew
    } else if track.lead < CLEAR_ODDS || stretches.len() > MAX_STEPS {
        State::Contradictory
    } else {
        State::Fitted
    };
    let pieces = stretches.iter().zip(&fitted);
    let pieces = pieces.map(|(s, f)| Piece { from: s.from, line: f.line, band_ns: f.band }).collect();
    let likelihood = fitted.iter().map(|f| f.likelihood).sum();
    Fit { pieces, samples, candidates, share, state, likelihood, ..Fit::default() }
}

fn rows(votes: &[Vote]) -> u64 {
    let mut rows: Vec<u32> = votes.iter().map(|v| v.row).collect();
    rows.sort_unstable();
    rows.dedup();
    rows.len() as u64
}

fn is_near(v: &Vote, line: &Slanted, reach: i64) -> bool {
    (v.middle() - line.at(v.at)).abs() <= (v.hi - v.lo) / 2 + reach
}

fn is_within(v: &Vote, s: &Stretch) -> bool {
    (s.from..s.to).contains(&v.at)
}

fn refine(votes: &[Vote], s: &Stretch, span: i64, cell: i64) -> Fitted {
    let reach = 3 * cell;
    let near = |v: &Vote| is_within(v, s) && is_near(v, &s.line, reach);
    Likelihood::new(votes, span, near).fit(s.line, reach)
}

/// Steps that the data do not insist on are none: of two stretches of which one does as well with the other's clock, that
/// one is taken back into the other. What remains is divided where it suits the pairs best.
fn merge(votes: &[Vote], span: i64, cell: i64, stretches: &mut Vec<Stretch>, fitted: &mut Vec<Fitted>) {
    let mut i = 0;
    while i + 1 < stretches.len() {
        let (a, b) = (fitted[i], fitted[i + 1]);
        let gain = |s: &Stretch, own: &Fitted, other: &Fitted| {
            let near = |v: &Vote| {
                let is_sharp = f64::from(v.among) * (v.hi - v.lo) as f64 <= SHARP * span as f64;
                is_sharp && is_within(v, s) && (is_near(v, &own.line, cell) || is_near(v, &other.line, cell))
            };
            let data = Likelihood::new(votes, span, near);
            data.of(&own.line, 0) - data.of(&other.line, 0)
        };
        let of_a = gain(&stretches[i], &a, &b);
        let of_b = gain(&stretches[i + 1], &b, &a);
        let weak = |f: &Fitted| f.samples < MIN_SAMPLES;
        let brief = |s: &Stretch| s.to - s.from < MIN_STRETCH;
        let is_excursion = fitted.get(i + 2).is_some_and(|c| {
            let t = stretches[i + 1].to;
            stretches[i + 1].to - stretches[i + 1].from < EXCURSION
                && (c.line.at(t) - a.line.at(t)).abs() <= a.band + c.band + cell
        });
        let by = (b.line.at(stretches[i].to) - a.line.at(stretches[i].to)).abs();
        let is_clear = of_a > STEP_ODDS && of_b > STEP_ODDS && by > a.band + b.band;
        let is_brief = brief(&stretches[i]) || brief(&stretches[i + 1]);
        if is_clear && !is_excursion && !is_brief && !weak(&a) && !weak(&b) {
            i += 1;
            continue;
        }
        // The one that rests on more keeps its clock.
        let line = if a.samples >= b.samples { a.line } else { b.line };
        let both = Stretch { from: stretches[i].from, to: stretches[i + 1].to, line };
        fitted[i] = refine(votes, &both, span, cell);
        stretches[i] = Stretch { line: fitted[i].line, ..both };
        stretches.remove(i + 1);
        fitted.remove(i + 1);
        i = i.saturating_sub(1);
    }
    let mut moved = false;
    for i in 1..stretches.len() {
        let at = border(votes, &stretches[i - 1], &stretches[i], &fitted[i - 1], &fitted[i]);
        moved |= at != stretches[i].from;
        (stretches[i - 1].to, stretches[i].from) = (at, at);
    }
    if moved {
        for (s, f) in stretches.iter_mut().zip(fitted.iter_mut()) {
            s.line = f.line;
            *f = refine(votes, s, span, cell);
        }
    }
}

/// The moment between two stretches before which the pairs speak for the one and after which for the other.
fn border(votes: &[Vote], a: &Stretch, b: &Stretch, of_a: &Fitted, of_b: &Fitted) -> i64 {
    let (from, to) = (a.from + (a.to - a.from) / 2, b.from + (b.to - b.from) / 2);
    let mut near: Vec<&Vote> = votes.iter().filter(|v| v.at >= from && v.at < to).collect();
    near.sort_unstable_by_key(|v| (v.at, v.row, v.lo));
    let (mut best, mut height, mut at) = (0.0, 0.0, None);
    for (i, v) in near.iter().enumerate() {
        let weight = |f: &Fitted| (0.05 + v.density(f.line.at(v.at), 0).min(1.0)).ln() / f64::from(v.among);
        height += weight(of_a) - weight(of_b);
        if height > best {
            // Half-way to the next pair.
            let next = near.get(i + 1).map_or(v.at, |n| n.at);
            (best, at) = (height, Some(v.at + (next - v.at) / 2 + 1));
        }
    }
    at.unwrap_or(b.from)
}

/// The lines that agree, and the share of them beyond what false pairs would by chance; 0 where it may be chance alone.
///
/// Of a line's `k` possible requests, spread over the whole time, so many agree with any offset by chance; the true one comes
/// on top. The excess, each line weighted by how little chance adds, is compared to its deviation.
fn beyond_chance(votes: &[Vote], span: i64, stretches: &[Stretch], fitted: &[Fitted]) -> (u64, f64) {
    let (mut samples, mut excess, mut variance, mut possible) = (0, 0.0, 0.0, 0.0);
    let mut by_row: Vec<&Vote> = votes.iter().collect();
    by_row.sort_unstable_by_key(|v| (v.row, v.at, v.lo));
    for list in by_row.chunk_by(|a, b| a.row == b.row) {
        let chance: f64 = list.iter().map(|v| ((v.hi - v.lo) as f64 / span as f64).min(1.0)).sum();
        let agrees = |v: &&&Vote| {
            stretches.iter().zip(fitted).any(|(s, f)| {
                let d = f.line.at(v.at);
                is_within(v, s) && v.lo <= d && d <= v.hi
            })
        };
        let here = list.iter().filter(agrees).count() as f64;
        samples += u64::from(here > 0.0);
        excess += (here - chance) / (1.0 + chance);
        possible += 1.0 / (1.0 + chance);
        variance += chance / (1.0 + chance).powi(2);
    }
    let is_clear = excess >= MIN_SAMPLES as f64 / 2.0 && excess > BEYOND_CHANCE * variance.sqrt();
    (samples, if is_clear { excess / possible } else { 0.0 })
}
