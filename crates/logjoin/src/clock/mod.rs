//! The clocks of the hosts: offset, zone error and drift of each, relative to one reference.
//!
//! Each pair (proxy, backend) is fitted from requests that both logged ([`fit`]); the pairs form a graph, and the
//! reference is a proxy that logged much, the one with the finest stamps. Every other clock is found by walking the graph
//! from there, along the surest pairs first.

mod fit;
mod likelihood;
mod pairs;
mod set_back;
#[cfg(test)]
mod tests;
mod told;
mod track;

use std::collections::BTreeMap;

use logjoin_parse::Stamp;

pub(crate) use fit::{Fit, Piece};
use likelihood::Slanted;
pub(crate) use pairs::{is_success, rank, sample_rank};

use crate::analysis::{Clock, ClockStep, Time};
use crate::event::At;
use crate::par;
use crate::plan::Plan;
use crate::timeline::{Moment, Timed, World};
use crate::vocabulary::ClockState;

const SECOND: i64 = 1_000_000_000;
/// Requests that are looked at at a time.
const PIECE: usize = 1 << 13;

/// The clock of each instance.
#[derive(Debug, Clone)]
pub(crate) struct ClockModel {
    /// By instance: what to subtract from its times.
    lines: Vec<Line>,
    pub reference: Option<usize>,
    /// Where the clocks that were set back begin anew, by file.
    set_back: BTreeMap<u32, Vec<set_back::SetBack>>,
    /// What was told and does not fit the requests.
    pub contradicted: Vec<told::Contradicted>,
}

/// The clock of an instance against the reference: linear in each piece, with a step between two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// On the reference clock; none for a clock that is right or unknown.
    pub pieces: Vec<Piece>,
    pub samples: u64,
    pub state: State,
    /// The stamps say their zone, or need none: no part of an offset is a wrong one.
    pub has_zone: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    Fitted,
    Told,
    Reference,
    #[default]
    TooFew,
    Contradictory,
}

impl Line {
    /// The piece that holds at a moment of the reference clock.
    fn piece(&self, t: i64) -> Option<&Piece> {
        let n = self.pieces.partition_point(|p| p.from <= t);
        self.pieces.get(n.saturating_sub(1))
    }

    /// By how much the clock is ahead at a moment of the reference clock.
    fn at(&self, t: i64) -> i64 {
        self.piece(t).map_or(0, |p| p.line.at(t))
    }

    /// By how much the clock is ahead when it shows `t`; of several pieces, the one that `t` can lie in.
    fn shown(&self, t: i64, has_begun: impl Fn(usize) -> bool) -> i64 {
        let ahead = |p: &Piece| {
            // Drift is so small that one step is enough.
            let rough = p.line.at(t - p.line.offset);
            p.line.at(t - rough)
        };
        match &self.pieces[..] {
            [] => 0,
            [one] => ahead(one),
            all => {
                let is_in = |i: usize| {
                    let at = t - ahead(&all[i]);
                    (i == 0 || at >= all[i].from) && all.get(i + 1).is_none_or(|n| at < n.from)
                };
                let fits: Vec<usize> = (0..all.len()).filter(|i| is_in(*i)).collect();
                let chosen = match fits[..] {
                    [one] => one,
                    // No piece shows this time: it lies in a gap, or stamps and pieces disagree by a little.
                    [] => (0..all.len()).min_by_key(|i| self.outside(*i, t - ahead(&all[*i]))).unwrap_or(0),
                    // A clock that was set back shows a time twice: where in the file the line stands decides.
                    [.., _] => fits.iter().rev().copied().find(|i| has_begun(*i)).unwrap_or(fits[0]),
                };
                ahead(&all[chosen])
            }
        }
    }

    /// How far outside a piece a moment lies.
    fn outside(&self, i: usize, at: i64) -> i64 {
        let before = if i == 0 { 0 } else { (self.pieces[i].from - at).max(0) };
        before + self.pieces.get(i + 1).map_or(0, |n| (at - n.from).max(0))
    }

    fn band_ns(&self) -> i64 {
        self.pieces.iter().map(|p| p.band_ns).max().unwrap_or(0)
    }

    /// The part of an offset of this clock that is a wrong zone, seconds.
    fn zone_part(&self, total_ns: i64) -> i64 {
        if self.has_zone { 0 } else { zone_part(total_ns) }
    }

    /// This clock, when `inner` is measured against it.
    fn then(&self, inner: &[Piece]) -> Vec<Piece> {
        // The moments of the inner pieces are those of this clock.
        let on_reference = |t: i64| t - self.shown(t, |_| true);
        let mut from: Vec<i64> = inner.iter().map(|p| on_reference(p.from)).collect();
        from.extend(self.pieces.iter().skip(1).map(|p| p.from));
        from.sort_unstable();
        from.dedup();
        let inner_line = Line { pieces: inner.to_vec(), ..Line::default() };
        let piece = |from: i64| {
            let shown = from + self.at(from);
            let own = self.piece(from).copied().unwrap_or_default();
            let p = inner_line.piece(shown).copied().unwrap_or_default();
            let origin = p.line.origin - own.line.at(p.line.origin);
            let line = Slanted {
                offset: own.line.at(origin) + p.line.offset,
                slope: own.line.slope + p.line.slope,
                origin,
            };
            Piece { from, line, band_ns: own.band_ns + p.band_ns }
        };
        from.into_iter().map(piece).collect()
    }
}

impl State {
    fn is_known(self) -> bool {
        !matches!(self, State::TooFew | State::Contradictory)
    }
}

impl ClockModel {
    /// By how much the clock of an instance is ahead of the reference when a line of it shows `t`, nanoseconds.
    pub fn offset_at(&self, instance: usize, at: At, t: i64) -> i64 {
        let Some(line) = self.lines.get(instance) else { return 0 };
        line.shown(t, |piece| {
            let places = self.set_back.get(&at.file).map_or(&[][..], Vec::as_slice);
            places.iter().any(|s| s.piece == piece && at.line >= s.line)
        })
    }

    /// Whether nothing is to be subtracted from the times of an instance.
    pub fn is_right(&self, instance: usize) -> bool {
        self.lines.get(instance).is_none_or(|l| l.pieces.is_empty())
    }

    /// By how much the clock of an instance was ahead at last, about, nanoseconds.
    pub fn latest(&self, instance: usize) -> i64 {
        self.lines.get(instance).and_then(|l| l.pieces.last()).map_or(0, |p| p.line.offset)
    }

    /// How far the offset may be off.
    pub fn band(&self, instance: usize) -> i64 {
        self.lines.get(instance).map_or(0, Line::band_ns)
    }

    /// The part of the offset that is a wrong zone, seconds; `None` where the lines did not settle it.
    pub fn zone_error_s(&self, instance: usize) -> Option<i32> {
        let line = self
            .lines
            .get(instance)
            .filter(|l| l.state == State::Fitted || l.state == State::Reference && !l.pieces.is_empty())?;
        Some(line.zone_part(line.pieces.first()?.line.offset) as i32)
    }

    /// How far any offset may be off.
    pub fn widest_band(&self) -> i64 {
        self.lines.iter().map(Line::band_ns).max().unwrap_or(0)
    }

    /// Whether the clock is known relative to the reference.
    pub fn is_known(&self, instance: usize) -> bool {
        self.lines.get(instance).is_some_and(|l| l.state.is_known())
    }

    /// For the report.
    pub fn report(&self, plan: &Plan, middle_ns: i64) -> Vec<Clock> {
        let Some(reference) = self.reference else { return Vec::new() };
        let clock = |(i, l): (&crate::plan::InstancePlan, &Line)| {
            let known = l.state.is_known();
            let total = l.at(middle_ns);
            let zone = if known { l.zone_part(total) } else { 0 };
            let here = l.piece(middle_ns).copied().unwrap_or_default();
            let steps = l.pieces.windows(2).map(|w| {
                let (before, after) = (w[0].line.at(w[1].from), w[1].line.at(w[1].from));
                ClockStep { at: Time::at(w[1].from), by_s: round_ms(after - before) }
            });
            Clock {
                source: i.name.clone(),
                reference: plan.instances[reference].name.clone(),
                offset_s: known.then(|| round_ms(total - zone * SECOND)),
                zone_error_s: zone,
                drift_ppm: (here.line.slope * 1e6).round(),
                band_s: known.then(|| round_ms(here.band_ns)),
                samples: l.samples,
                steps: if known { steps.collect() } else { Vec::new() },
                state: match l.state {
                    State::Fitted => ClockState::Fitted,
                    State::Told => ClockState::Told,
                    State::Reference => ClockState::Reference,
                    State::TooFew => ClockState::TooFewSamples,
                    State::Contradictory => ClockState::Contradictory,
                },
            }
        };
        plan.instances.iter().zip(&self.lines).map(clock).collect()
    }
}

fn round_ms(ns: i64) -> f64 {
    (ns as f64 / 1e6).round() / 1e3
}

/// The part of an offset that looks like a zone, seconds: the nearest one that there is, where little remains; a clock that is
/// eleven minutes fast is no zone of a quarter of an hour less four minutes.
fn zone_part(total_ns: i64) -> i64 {
    const LITTLE: i64 = 300 * SECOND;
    let nearest = crate::calendar::all_zones()
        .map(|quarters| quarters * 900)
        .min_by_key(|s| (total_ns - s * SECOND).abs());
    nearest.filter(|s| (total_ns - s * SECOND).abs() <= LITTLE).unwrap_or(0)
}

/// Puts all clocks that are known on another reference: that of which the present one is ahead by so much.
fn shift_all(lines: &mut [Line], ahead: i64) {
    let whole = Slanted { offset: ahead, ..Slanted::default() };
    let reference = Line { pieces: vec![Piece { from: 0, line: whole, band_ns: 0 }], ..Line::default() };
    for line in lines.iter_mut().filter(|l| l.state.is_known()) {
        line.pieces =
            if line.pieces.is_empty() { reference.pieces.clone() } else { reference.then(&line.pieces) };
    }
}

/// What the reference is wrong by, nanoseconds: its stamps have no zone, and most clocks whose stamps have one disagree with it
/// by the same zone.
fn zone_of_reference(lines: &[Line], reference: usize, is_zoned: impl Fn(usize) -> bool) -> i64 {
    if is_zoned(reference) {
        return 0;
    }
    // Behind whom they run is ahead: there are zones of +13 and +14 hours, and none of -13.
    let ahead_of = |l: &Line| zone_part(-l.pieces.first().map_or(0, |p| p.line.offset));
    let mut found: BTreeMap<i64, usize> = BTreeMap::new();
    for (i, line) in lines.iter().enumerate() {
        if i != reference && line.state == State::Fitted && is_zoned(i) {
            *found.entry(ahead_of(line)).or_default() += 1;
        }
    }
    let most = found.into_iter().max_by_key(|(zone, n)| (*n, std::cmp::Reverse(zone.abs()), *zone));
    most.map_or(0, |(zone, _)| zone * SECOND)
}

/// Whether most stamps say their zone, by the first of them; none without any.
fn most_have_zones<'a>(stamps: impl Iterator<Item = &'a Stamp>) -> Option<bool> {
    let (mut n, mut zoned) = (0, 0);
    for stamp in stamps.take(64) {
        n += 1;
        zoned += usize::from(stamp.offset_s.is_some());
    }
    (n > 0).then_some(zoned * 2 > n)
}

/// Fits all clocks. `world` is still on the hosts' own clocks. What `before` knows holds where these lines do not tell.
pub(crate) fn fit_all(plan: &Plan, world: &World, before: Option<&ClockModel>) -> ClockModel {
    let n = plan.instances.len();
    let parts = par::pieces(&world.requests, PIECE, |first, piece| {
        let mut by_instance: Vec<Vec<u32>> = vec![Vec::new(); n];
        for (i, r) in (first as u32..).zip(piece).filter(|(_, r)| world.has_all(r.r.key)) {
            by_instance[r.instance].push(i);
        }
        by_instance
    });
    let mut by_instance: Vec<Vec<&Timed>> =
        (0..n).map(|i| Vec::with_capacity(world.requests_of(i))).collect();
    for part in parts {
        for (all, some) in by_instance.iter_mut().zip(part) {
            all.extend(some.into_iter().map(|i| &world.requests[i as usize]));
        }
    }
    // Lean slices are in order as far as the clocks were known before.
    par::each(&mut by_instance, |list| {
        if !list.is_sorted_by_key(|t| (t.end_lo, t.r.at)) {
            list.sort_by_key(|t| (t.end_lo, t.r.at));
        }
    });
    let mut mentions: Vec<Vec<&Moment<crate::event::LogEvent>>> = vec![Vec::new(); n];
    for l in world.logs.iter().filter(|l| l.e.target != 0) {
        mentions[l.instance].push(l);
    }
    // The proxy that logged most; of those that logged much, the one with the finest stamps.
    // One that passes connections on unread has nothing to be compared by.
    let names = |i: usize| by_instance[i].iter().any(|t| t.r.key != 0);
    let any_names = (0..n).any(|i| plan.instances[i].is_proxy && names(i));
    let is_measure = |i: &usize| plan.instances[*i].is_proxy && !by_instance[*i].is_empty();
    let proxies = || (0..n).filter(is_measure).filter(|i| !any_names || names(*i));
    let most = proxies().map(|i| by_instance[i].len()).max().unwrap_or(0);
    let fineness = |i: usize| by_instance[i].iter().take(64).map(|t| t.r.stamp.precision).max();
    let reference = proxies()
        .filter(|i| by_instance[*i].len() * 4 >= most)
        .max_by_key(|i| (fineness(*i), by_instance[*i].len(), std::cmp::Reverse(*i)));
    let reference = before.and_then(|b| b.reference).or(reference);
    let mut lines = vec![Line::default(); n];
    let Some(reference) = reference else {
        return ClockModel { lines, reference: None, set_back: BTreeMap::new(), contradicted: Vec::new() };
    };
    lines[reference].state = State::Reference;

    let mut pairs: BTreeMap<(usize, usize), Fit> = told::anchors(plan, world).into_iter().collect();
    let most_fronts = if before.is_some() { pairs::MAX_FOLLOWED } else { pairs::MAX_FRONTS };
    // Every proxy against everything behind or beside it.
    for p in (0..n).filter(|i| plan.instances[*i].is_proxy && !by_instance[*i].is_empty()) {
        let front = pairs::Front::new(&by_instance[p], most_fronts);
        // A pair of proxies is fitted once, and what is told needs no fit.
        let is_open = |b: &usize| *b != p && !pairs.contains_key(&(*b, p)) && !pairs.contains_key(&(p, *b));
        let open: Vec<usize> = (0..n).filter(is_open).collect();
        let fits = par::map(&open, |b| front.fit(&by_instance[*b], &mentions[*b]));
        pairs.extend(open.into_iter().zip(fits).map(|(b, fit)| ((p, b), fit)));
    }
    let mut known = vec![false; n];
    known[reference] = true;
    loop {
        // The surest way to a new instance.
        let next = pairs
            .iter()
            .filter(|((p, b), f)| f.state.is_known() && known[*p] != known[*b])
            // Two proxies that share few requests stand side by side, and meet by chance.
            .filter(|((_, b), f)| {
                f.state == State::Told
                    || !plan.instances[*b].is_proxy
                    || f.samples * 2 >= f.total && f.share >= 0.5
            })
            .min_by_key(|((p, b), f)| {
                let base = if known[*p] { *p } else { *b };
                let band = lines[base].band_ns() + f.band_ns();
                (f.state != State::Told, f.is_guessed, band, std::cmp::Reverse(f.support()), (*p, *b))
            });
        let Some(((p, b), f)) = next else {
            // Systems that share no request stand side by side: each has a proxy that its own clocks are measured against.
            let fits = |i: &usize| pairs.iter().any(|((p, b), f)| p == i && f.state.is_known() && !known[*b]);
            let beside = proxies()
                .filter(|i| !known[*i] && fits(i))
                .max_by_key(|i| (fineness(*i), by_instance[*i].len(), std::cmp::Reverse(*i)));
            let Some(beside) = beside else { break };
            known[beside] = true;
            continue;
        };
        let (new, base) = if known[*p] { (*b, *p) } else { (*p, *b) };
        let pieces = if known[*p] { f.pieces.clone() } else { fit::turned(&f.pieces) };
        let pieces = lines[base].then(&pieces);
        lines[new] = Line { pieces, samples: f.samples, state: f.state, ..Line::default() };
        known[new] = true;
    }
    for i in 0..n {
        if known[i] {
            continue;
        }
        if let Some(line) = before.and_then(|b| b.lines.get(i)).filter(|l| l.state.is_known()) {
            lines[i] = line.clone();
            continue;
        }
        let contradictory = pairs.iter().any(|((_, b), f)| *b == i && f.state == State::Contradictory);
        lines[i].state = if contradictory { State::Contradictory } else { State::TooFew };
        lines[i].samples =
            pairs.iter().filter(|((_, b), _)| *b == i).map(|(_, f)| f.samples).max().unwrap_or(0);
    }
    // As it was in the slices before, or as it shows itself now.
    let own = before.and_then(|b| b.lines[reference].pieces.first()).map(|p| p.line.offset);
    for (i, line) in lines.iter_mut().enumerate() {
        let stamps = by_instance[i].iter().map(|t| &t.r.stamp);
        line.has_zone = before.is_some_and(|b| b.lines.get(i).is_some_and(|l| l.has_zone))
            || most_have_zones(stamps)
                .or_else(|| most_have_zones(mentions[i].iter().map(|m| &m.e.stamp)))
                .unwrap_or(false);
    }
    let is_told = |i: usize| plan.sources.iter().any(|s| s.instance == i && plan.told_zone(s).is_some());
    let is_zoned = |i: usize| lines[i].has_zone || is_told(i);
    let wrong_by = own.unwrap_or_else(|| zone_of_reference(&lines, reference, is_zoned));
    if wrong_by != 0 {
        shift_all(&mut lines, wrong_by);
    }
    let contradicted = told::skews(plan, &mut lines);
    let set_back = set_back::find(world, &lines);
    ClockModel { lines, reference: Some(reference), set_back, contradicted }
}
