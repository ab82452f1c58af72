//! Which lines of two logs may be about the same request, and which offsets each such pair allows.
//!
//! Lines meet by what both sides say: an id, else method, target and body bytes, else method, target and user agent, else
//! method and target. The rarer the value, the fewer false pairs it makes, so each line uses the rarest value that the
//! other side knows, and what is very frequent is only sampled. Which lines are looked at depends on their targets' hashes
//! alone: both sides keep the same requests, however many there are.

use std::collections::BTreeMap;

use crate::event::LogEvent;
use crate::hash::pair;
use crate::index::run;
use crate::par;
use crate::timeline::{Moment, Timed};

const SECOND: i64 = 1_000_000_000;
/// A backend begins and ends a request within this time of its proxy: the wire, and the writing of the line.
const WIRE: i64 = 4_000_000;
/// What most requests take, where neither side logs a duration.
const TYPICAL: i64 = 60_000_000;
/// No clock that keeps any time is further off, zone errors included.
const MAX_OFFSET: i64 = 27 * 3600 * SECOND;
/// Requests of a proxy that are looked at: when nothing is known of the clocks, and when they are only followed.
pub(super) const MAX_FRONTS: usize = 200_000;
pub(super) const MAX_FOLLOWED: usize = 50_000;
/// Lines of the other side that are looked at.
const MAX_ROWS: usize = 20_000;
/// With so many lines, frequent keys add nothing.
const ENOUGH_ROWS: usize = 8_000;
/// So many lines whose bytes tell their proxy are enough to leave the others aside.
const ENOUGH_TOLD: usize = 12;
/// Pairs of one key: beyond, only some of its lines are taken.
const MAX_PAIRS_PER_KEY: usize = 100_000;
const MAX_PAIRS: usize = 1_000_000;

/// The offsets that one pair of lines allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vote {
    pub lo: i64,
    pub hi: i64,
    /// Over how much of its edges the range fades out: the finer of the two stamps.
    pub ramp: i64,
    /// When the proxy's request ended (or began, if that is what is known), on the proxy's clock.
    pub at: i64,
    /// Number of the backend's line.
    pub row: u32,
    /// How many of the proxy's requests this line may be about.
    pub among: u32,
    /// A range is not more telling than one of this width: a pair whose ends meet by chance is no better for it.
    pub floor: i64,
}

/// What a backend's stamp without a duration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamped {
    /// When the line was written: the end of the request.
    End,
    /// When the request came.
    Start,
    /// Some moment of a request of which the proxy tells one end alone: what most requests take lies between.
    Within,
}

/// One line of the other side.
#[derive(Debug, Clone, Copy)]
struct Back {
    key: u64,
    start: (i64, i64),
    end: (i64, i64),
    is_start: bool,
    has_duration: bool,
    /// A message: anywhere within the request.
    is_message: bool,
    agent: u64,
    status: i32,
}

/// The lines of the other side, with the keys by which they meet the proxy's.
pub(super) struct Backs {
    rows: Vec<Back>,
    /// Lines in all, before frequent keys were thinned.
    pub total: u64,
    /// Whether some stamps can be read both ways.
    pub has_two_readings: bool,
    /// Whether some are messages.
    pub has_messages: bool,
}

/// The requests of a proxy, ready to be compared.
pub(crate) struct Front<'a> {
    rows: Vec<&'a Timed>,
    /// Key and number of a request, in order.
    keys: Vec<(u64, u32)>,
    /// Targets whose hash is beyond this are not looked at.
    limit: u64,
    /// From the first to the last.
    pub(super) span: i64,
    /// Some requests say how long they took.
    pub(super) has_durations: bool,
    /// Most requests say when they ended.
    pub(super) knows_ends: bool,
}

/// Keys of different kinds never meet.
const ID: u64 = 2;
const BYTES: u64 = 3;
const ANY_METHOD: u64 = 1;

fn plain_key(r: &Timed) -> u64 {
    pair(r.r.method, r.r.key)
}

fn agent_key(r: &Timed) -> u64 {
    pair(plain_key(r), r.r.agent)
}

fn bytes_key(r: &Timed, bytes: i64) -> u64 {
    pair(pair(BYTES, plain_key(r)), bytes as u64)
}

/// A request whose line both sides write alike.
#[inline]
pub(crate) fn is_success(status: i32) -> bool {
    (200..500).contains(&status) && status != 499
}

pub(crate) fn rank(target: u64) -> u64 {
    pair(target, 7)
}

/// The place of a request in the order in which requests are left out when they are too many, the last ones first: the same on
/// both sides. None if it is not compared at all.
pub(crate) fn sample_rank(r: &Timed) -> Option<u64> {
    (is_success(r.r.status) && r.r.key != 0).then(|| rank(r.r.key))
}

impl<'a> Front<'a> {
    /// Those of the requests that are compared: `most` of them.
    pub fn new(requests: &[&'a Timed], most: usize) -> Front<'a> {
        let mut rows: Vec<&Timed> =
            requests.iter().copied().filter(|r| is_success(r.r.status) && r.r.key != 0).collect();
        let mut limit = u64::MAX;
        if rows.len() > most {
            let mut ranks: Vec<u64> = rows.iter().map(|r| rank(r.r.key)).collect();
            limit = *ranks.select_nth_unstable(most).1;
            rows.retain(|r| rank(r.r.key) <= limit);
        }
        let mut keys: Vec<(u64, u32)> = Vec::with_capacity(rows.len() * 4);
        for (i, r) in rows.iter().enumerate() {
            let i = i as u32;
            keys.push((plain_key(r), i));
            keys.push((pair(ANY_METHOD, r.r.key), i));
            if r.r.agent != 0 {
                keys.push((agent_key(r), i));
            }
            if r.r.bytes > 0 {
                keys.push((bytes_key(r, r.r.bytes), i));
            }
            if r.r.id != 0 {
                keys.push((pair(ID, r.r.id), i));
            }
        }
        par::sort(&mut keys);
        let first = rows.iter().map(|r| r.end_lo).min().unwrap_or(0);
        let last = rows.iter().map(|r| r.end_hi).max().unwrap_or(0);
        let has_durations = rows.iter().any(|r| r.has_duration);
        let knows_end = |r: &&&Timed| r.has_duration || r.r.anchor != logjoin_parse::Anchor::Start;
        let knows_ends = rows.iter().filter(knows_end).count() * 2 >= rows.len();
        Front { rows, keys, limit, span: (last - first).max(SECOND), has_durations, knows_ends }
    }

    fn with(&self, key: u64) -> &[(u64, u32)] {
        &self.keys[run(&self.keys, key, |k| k.0)]
    }

    fn knows(&self, key: u64) -> bool {
        self.keys.get(self.keys.partition_point(|(k, _)| *k < key)).is_some_and(|(k, _)| *k == key)
    }

    /// Makes the other side's lines ready.
    pub(super) fn backs(&self, requests: &[&Timed], mentions: &[&Moment<LogEvent>]) -> Backs {
        let kept: Vec<&Timed> = requests
            .iter()
            .copied()
            .filter(|r| is_success(r.r.status) && r.r.key != 0 && rank(r.r.key) <= self.limit)
            .collect();
        let header = self.header_bytes(&kept);
        let mut rows: Vec<Back> = Vec::new();
        let mut has_two_readings = false;
        let aside = kept.len();
        let kept = self.told_by_bytes(kept, header);
        let aside = aside - kept.len();
        for r in kept {
            has_two_readings |= !r.has_duration;
            rows.push(Back {
                key: self.best_key(r, header),
                start: (r.start_lo, r.start_hi),
                end: (r.end_lo, r.end_hi),
                is_start: r.r.anchor == logjoin_parse::Anchor::Start,
                has_duration: r.has_duration,
                is_message: false,
                agent: r.r.agent,
                status: r.r.status,
            });
        }
        // Messages that name a request say the same again, often more precisely.
        for m in mentions.iter().filter(|m| rank(m.e.key) <= self.limit) {
            let id_key = pair(ID, m.e.id);
            let key = if m.e.id != 0 && self.knows(id_key) {
                id_key
            } else {
                pair(if m.e.method == 0 { ANY_METHOD } else { m.e.method }, m.e.key)
            };
            rows.push(Back {
                key,
                start: (m.lo, m.hi),
                end: (m.lo, m.hi),
                is_start: false,
                has_duration: false,
                is_message: true,
                agent: 0,
                status: 0,
            });
        }
        let total = (rows.len() + aside) as u64;
        rows.retain(|b| self.knows(b.key));
        if rows.len() > MAX_ROWS {
            rows.sort_by_key(|b| (b.key, b.end.0));
            rows.truncate(MAX_ROWS);
        }
        let has_messages = rows.iter().any(|b| b.is_message);
        Backs { rows, total, has_two_readings, has_messages }
    }

    /// Where both sides count alike, a line with other bytes than any request for the same is another proxy's: it would only
    /// blur what the others say. Kept if too few are told apart that way, or hardly any.
    fn told_by_bytes<'r>(&self, rows: Vec<&'r Timed>, header: Option<i64>) -> Vec<&'r Timed> {
        let Some(header) = header else { return rows };
        let is_own = |r: &&Timed| {
            r.r.bytes <= 0
                || r.r.id != 0 && self.knows(pair(ID, r.r.id))
                || self.knows(bytes_key(r, r.r.bytes + header))
        };
        let told = rows.iter().filter(|r| r.r.bytes > 0 && is_own(r)).count();
        if told < ENOUGH_TOLD || told * 6 < rows.len() {
            return rows;
        }
        rows.into_iter().filter(is_own).collect()
    }

    /// The key that says most and that the proxy knows.
    fn best_key(&self, r: &Timed, header: Option<i64>) -> u64 {
        let id = (r.r.id != 0).then(|| pair(ID, r.r.id));
        let bytes = header.filter(|_| r.r.bytes > 0).map(|h| bytes_key(r, r.r.bytes + h));
        let agent = (r.r.agent != 0).then(|| agent_key(r));
        [id, bytes, agent].into_iter().flatten().find(|k| self.knows(*k)).unwrap_or_else(|| plain_key(r))
    }

    /// By how many bytes the proxy's answers are longer than the backend's, if always by the same: zero where both count
    /// the body, the headers where one counts them. Found without any clock: of all pairs that name the same, the true
    /// ones agree.
    fn header_bytes(&self, backs: &[&Timed]) -> Option<i64> {
        let mut sample: Vec<&Timed> = backs.iter().copied().filter(|r| r.r.bytes > 0).collect();
        let step = sample.len().div_ceil(BYTES_SAMPLE).max(1);
        sample.sort_by_cached_key(|r| (pair(plain_key(r), r.r.bytes as u64), r.r.at));
        let mut seen: BTreeMap<i64, u32> = BTreeMap::new();
        let mut n = 0u32;
        for r in sample.into_iter().step_by(step) {
            let fronts = self.with(plain_key(r));
            let stride = fronts.len().div_ceil(BYTES_FRONTS).max(1);
            let mut differences: Vec<i64> = fronts
                .iter()
                .step_by(stride)
                .map(|(_, i)| self.rows[*i as usize])
                .filter(|f| f.r.bytes > 0 && may_be_same(f, r.r.agent, r.r.status))
                .map(|f| f.r.bytes - r.r.bytes)
                .filter(|d| d.abs() < 100_000)
                .collect();
            differences.sort_unstable();
            differences.dedup();
            n += u32::from(!differences.is_empty());
            differences.iter().for_each(|d| *seen.entry(*d).or_default() += 1);
        }
        let (best, count) = seen.iter().max_by_key(|(d, n)| (**n, std::cmp::Reverse((d.abs(), **d))))?;
        let rival = seen.iter().filter(|(d, _)| (**d - best).abs() > 8).map(|(_, n)| *n).max().unwrap_or(0);
        (*count >= 8 && *count * 5 >= n && *count >= 2 * rival).then_some(*best)
    }

    /// All pairs, rare keys first, and the offsets that they allow.
    pub(super) fn votes(&self, backs: &Backs, stamped: Stamped) -> Vec<Vote> {
        let mut numbers: Vec<(u64, u32)> = backs.rows.iter().map(|b| b.key).zip(0..).collect();
        numbers.sort_unstable();
        let groups = numbers.chunk_by(|a, b| a.0 == b.0).map(|backs| (self.with(backs[0].0), backs));
        let mut groups: Vec<(usize, &[_], &[_])> =
            groups.map(|(fronts, backs)| (fronts.len() * backs.len(), fronts, backs)).collect();
        groups.sort_unstable_by_key(|(n, _, backs)| (*n, backs[0].0));
        let mut votes: Vec<Vote> = Vec::new();
        let mut rows = 0;
        for (n, fronts, backs_here) in groups {
            let step = n.div_ceil(MAX_PAIRS_PER_KEY).max(1);
            if rows > ENOUGH_ROWS && fronts.len() > 4
                || fronts.len() > MAX_PAIRS_PER_KEY
                || votes.len() + n / step > MAX_PAIRS
            {
                break;
            }
            for (_, row) in backs_here.iter().step_by(step) {
                let b = &backs.rows[*row as usize];
                let from = votes.len();
                for (_, f) in fronts {
                    let f = self.rows[*f as usize];
                    if may_be_same(f, b.agent, b.status)
                        && let Some(v) = vote(f, b, *row, stamped)
                    {
                        votes.push(v);
                    }
                }
                let among = (votes.len() - from) as u32;
                votes[from..].iter_mut().for_each(|v| v.among = among);
                rows += usize::from(among > 0);
            }
        }
        let floor = usual_width(&votes) / 2;
        votes.iter_mut().for_each(|v| v.floor = floor);
        votes
    }
}

/// The median width of the ranges of pairs without an alternative, where there are enough.
fn usual_width(votes: &[Vote]) -> i64 {
    let of =
        |most: u32| -> Vec<i64> { votes.iter().filter(|v| v.among <= most).map(|v| v.hi - v.lo).collect() };
    let mut widths = of(1);
    if widths.len() < 20 {
        widths = of(u32::MAX);
    }
    let middle = widths.len() / 2;
    if widths.is_empty() { 0 } else { *widths.select_nth_unstable(middle).1 }
}

/// Lines whose bytes are compared to find how the two sides count, and requests compared with each.
const BYTES_SAMPLE: usize = 1_500;
const BYTES_FRONTS: usize = 400;

/// Nothing that both sides say differs.
fn may_be_same(f: &Timed, agent: u64, status: i32) -> bool {
    (agent == 0 || f.r.agent == 0 || agent == f.r.agent) && (status == 0 || status == f.r.status)
}

/// The offsets for which the backend's line agrees with the proxy's request.
///
/// Starts agree with starts and ends with ends, but for the time on the wire and in queues: a pair votes for a range as
/// narrow as its stamps. Pairs that waited longer simply do not meet the others.
fn vote(f: &Timed, b: &Back, row: u32, stamped: Stamped) -> Option<Vote> {
    let is_start = f.r.anchor == logjoin_parse::Anchor::Start;
    let (f_start, f_end) = ((f.start_lo, f.start_hi), (f.end_lo, f.end_hi));
    let knows_start = f.has_duration || is_start;
    let knows_end = f.has_duration || !is_start;
    let at = if is_start { f.start_lo } else { f.end_lo };
    // Between which moments of the proxy the backend's moment lies.
    let (from, to, moment) = if b.is_message {
        // The bounds of an end that the proxy does not tell are those of any request, and say nothing of a usual one.
        match (knows_start, knows_end) {
            (true, true) => (f_start.0, f_end.1 + WIRE, b.end),
            (false, _) if stamped == Stamped::Within => (f_end.0 - TYPICAL, f_end.1 + WIRE, b.end),
            (_, false) if stamped == Stamped::Within => (f_start.0, f_start.1 + TYPICAL, b.end),
            (false, _) => (f_end.0, f_end.1, b.end),
            (_, false) => (f_start.0, f_start.1, b.end),
        }
    } else if b.has_duration && f.has_duration {
        // One inside the other; what is left is the wire and the queues, on both ends alike.
        let (lo, hi) = (b.end.0 - f_end.1 - WIRE / 2, b.start.1 - f_start.0 + WIRE / 2);
        let stamp = |is_start: bool, start, end| width(if is_start { start } else { end });
        // The coarser stamp on the one hand, what is left and the finer one on the other.
        let coarse = stamp(is_start, f_start, f_end).max(stamp(b.is_start, b.start, b.end));
        let ramp = coarse.min(hi - lo - coarse).max(WIRE);
        return valid(Vote { lo, hi, ramp, at, row, among: 0, floor: 0 });
    } else {
        let by_start = if b.has_duration { !knows_end } else { b.is_start || stamped == Stamped::Start };
        let (from, to) = match by_start {
            true if knows_start => f_start,
            true => (f_end.0 - TYPICAL, f_end.1),
            false if knows_end => f_end,
            false => (f_start.0, f_start.1 + TYPICAL),
        };
        let is_moment_start = if b.has_duration { by_start } else { b.is_start };
        (from, to, if is_moment_start { b.start } else { b.end })
    };
    let ramp = (to - from).min(width(moment)) + WIRE;
    valid(Vote { lo: moment.0 - to - WIRE, hi: moment.1 - from + WIRE, ramp, at, row, among: 0, floor: 0 })
}

fn valid(v: Vote) -> Option<Vote> {
    (v.hi > v.lo && v.lo.abs() < MAX_OFFSET).then_some(v)
}

fn width((lo, hi): (i64, i64)) -> i64 {
    hi - lo
}

impl Vote {
    /// How probable the pair is for this offset, per second of offsets: flat in the middle of the range, falling to nothing
    /// at its edges over the shorter of its two uncertainties.
    pub fn density(&self, offset: i64, blur: i64) -> f64 {
        let (lo, hi) = (self.lo - blur, self.hi + blur);
        let inside = (offset - lo).min(hi - offset);
        if inside <= 0 {
            return 0.0;
        }
        let width = hi - lo;
        let ramp = (self.ramp + blur).clamp(1, width / 2 + 1);
        let telling = (width - ramp).max(self.floor - ramp).max(1);
        (inside as f64 / ramp as f64).min(1.0) * SECOND as f64 / telling as f64
    }

    pub fn middle(&self) -> i64 {
        self.lo + (self.hi - self.lo) / 2
    }
}
