//! Of a long slice, only the requests that a failure could ask for go through clocks, joins and rules; the others are counted where
//! they lie.
//!
//! A failure asks for requests with its key, ids or (where messages name nothing) route, near it in time. What is usual is
//! learned from a sample that is whole: of a key, either all requests are in it, in all logs, or none; and of each server a few
//! keys are, however rare its requests. That something was served is known of all requests ([`Served`]).

use std::collections::BTreeMap;

use crate::calendar::Calendar;
use crate::clock::{ClockModel, is_success, rank};
use crate::event::{Events, Request};
use crate::hash::{Map, pair};
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scene::Served;
use crate::timeline::{Complete, Horizon, Span, Timed};

const SECOND: i64 = 1_000_000_000;
/// Which share of [`lean_rows`](crate::Options::lean_rows) the sample is: at first, and when the clocks are known and only followed.
const SAMPLE: [usize; 2] = [2, 4];
/// Keys that are whole for the sake of each server.
const KEYS_OF_SERVER: usize = 4;
/// How long before the begin and after the end of a failure its requests may lie, beside what the clocks are off.
const AROUND: i64 = 5 * SECOND;
/// The same after a failure for which the backend may have gone on working.
const LATE: i64 = 60 * SECOND;
/// Requests of one piece of work.
const PIECE: usize = 1 << 15;

/// The requests in view that are left aside, by file.
#[derive(Default)]
pub(crate) struct Lean {
    files: Vec<LeanFile>,
}

struct LeanFile {
    file: u32,
    instance: usize,
    requests: Vec<Request>,
    spans: Vec<Span>,
}

/// A request that was left aside, with its place on the reference clock.
#[derive(Clone, Copy)]
pub(crate) struct Passing<'a> {
    pub r: &'a Request,
    pub instance: usize,
    pub span: &'a Span,
}

/// What failures ask for.
#[derive(Default)]
struct Asked {
    /// Stretches of time, on the reference clock, by method and key.
    keys: Map<u64, Vec<(i64, i64)>>,
    routes: Map<u64, Vec<(i64, i64)>>,
    ids: Map<u64, ()>,
}

impl Lean {
    /// Whether there are so many requests that it pays.
    pub fn pays(plan: &Plan, files: &BTreeMap<u32, Events>) -> bool {
        // What lies outside a range that was asked for is left out another way.
        let is_whole = plan.options.since_ns.is_none() && plan.options.until_ns.is_none();
        is_whole && files.values().map(|e| e.requests.len()).sum::<usize>() > plan.options.lean_rows
    }

    /// Takes the requests out of the files.
    pub fn take(plan: &Plan, files: &mut BTreeMap<u32, Events>, calendar: &Calendar) -> Lean {
        let taken: Vec<(u32, Vec<Request>)> =
            files.iter_mut().map(|(file, e)| (*file, std::mem::take(&mut e.requests))).collect();
        let spans = par::map(&taken, |(file, requests)| crate::timeline::spans(requests, *file, calendar));
        let file = |((file, requests), spans): ((u32, Vec<Request>), Vec<Span>)| {
            let instance = plan.sources[plan.files[file as usize].source].instance;
            LeanFile { file, instance, requests, spans }
        };
        Lean { files: taken.into_iter().zip(spans).map(file).collect() }
    }

    /// Chooses the requests that are looked at, and leaves the others aside. `rest` is what the files hold beside requests; `before` is what
    /// is known of the clocks.
    pub fn choose(
        &mut self,
        plan: &Plan,
        rest: &BTreeMap<u32, Events>,
        before: Option<&ClockModel>,
        is_known: bool,
    ) -> (Vec<Timed>, Complete) {
        let logs = || rest.values().flat_map(|e| &e.logs);
        // One log by itself is compared with nothing.
        let mut writers: Vec<usize> =
            self.files.iter().filter(|f| !f.requests.is_empty()).map(|f| f.instance).collect();
        writers.dedup();
        let is_alone = writers.len() < 2 && !logs().any(|l| l.target != 0 || l.id != 0);
        let nameless = logs().any(|l| l.target == 0 && l.id == 0);
        let asked = if is_alone { Asked::default() } else { self.asked(plan, before, nameless) };
        let complete = if is_alone {
            Complete::default()
        } else {
            self.sample(plan.options.lean_rows / SAMPLE[usize::from(is_known)])
        };
        let own_clock = |instance: usize| before.filter(|b| b.is_known(instance));
        let mut out: Vec<Timed> = Vec::new();
        for f in &mut self.files {
            let clock = own_clock(f.instance);
            let (offset, band) = clock.map_or((0, 0), |c| (c.latest(f.instance), c.band(f.instance)));
            let is_near = |near: &[(i64, i64)], span: &Span| {
                // On a clock that nobody knows, any moment may be near.
                clock.is_none()
                    || near.iter().any(|(from, to)| {
                        span.end_hi - offset + band >= *from && span.start_lo - offset - band <= *to
                    })
            };
            let wants = |r: &Request, span: &Span| {
                r.detail.is_some()
                    || complete.has(r.key)
                    || asked.keys.get(&pair(r.method, r.key)).is_some_and(|near| is_near(near, span))
                    || !asked.routes.is_empty()
                        && asked.routes.get(&r.route).is_some_and(|near| is_near(near, span))
                    || r.id != 0 && asked.ids.contains_key(&r.id)
            };
            let rows: Vec<(&Request, &Span)> = f.requests.iter().zip(&f.spans).collect();
            let is_chosen: Vec<bool> = par::pieces(&rows, PIECE, |_, piece| {
                piece.iter().map(|(r, span)| wants(r, span)).collect::<Vec<bool>>()
            })
            .concat();
            out.reserve_exact(is_chosen.iter().filter(|c| **c).count());
            let mut chosen = is_chosen.iter();
            let requests = f.requests.extract_if(.., |_| *chosen.next().unwrap_or(&false));
            let spans = f.spans.iter().zip(&is_chosen).filter(|(_, is_chosen)| **is_chosen);
            out.extend(requests.zip(spans).map(|(r, (span, _))| Timed::new(r, f.instance, *span)));
            let mut chosen = is_chosen.iter();
            f.spans.retain(|_| !*chosen.next().unwrap_or(&false));
            f.requests.shrink_to_fit();
        }
        (out, complete)
    }

    /// What the failures in view ask for.
    fn asked(&self, plan: &Plan, before: Option<&ClockModel>, nameless: bool) -> Asked {
        let mut asked = Asked::default();
        for f in self.files.iter().filter(|f| plan.instances[f.instance].is_proxy) {
            let known = before.filter(|b| b.is_known(f.instance));
            let (offset, band) = known.map_or((0, 0), |c| (c.latest(f.instance), c.band(f.instance)));
            for (r, span) in f.requests.iter().zip(&f.spans) {
                let Some(detail) = &r.detail else { continue };
                // What the proxy did not wait for may end much later.
                let after = if matches!(r.status, 500 | 502 | 503) { AROUND } else { LATE };
                let near = (span.start_lo - offset - band - AROUND, span.end_hi - offset + band + after);
                if r.key != 0 {
                    add(asked.keys.entry(pair(r.method, r.key)).or_default(), near);
                }
                if nameless {
                    add(asked.routes.entry(r.route).or_default(), near);
                }
                asked.ids.extend(detail.ids.iter().filter(|id| **id != 0).map(|id| (*id, ())));
            }
        }
        asked
    }

    /// Of which keys all requests are looked at.
    fn sample(&self, most: usize) -> Complete {
        let mut ranks: Vec<u64> = Vec::with_capacity(self.files.iter().map(|f| f.requests.len()).sum());
        let mut of_server: BTreeMap<(usize, u64), Vec<(u64, u64)>> = BTreeMap::new();
        for f in &self.files {
            for r in f.requests.iter().filter(|r| r.key != 0 && is_success(r.status)) {
                let rank = rank(r.key);
                ranks.push(rank);
                if r.server != 0 {
                    let keys = of_server.entry((f.instance, r.server)).or_default();
                    if keys.last().is_none_or(|last| (rank, r.key) < *last || keys.len() < KEYS_OF_SERVER)
                        && !keys.contains(&(rank, r.key))
                    {
                        keys.push((rank, r.key));
                        keys.sort_unstable();
                        keys.truncate(KEYS_OF_SERVER);
                    }
                }
            }
        }
        let limit = if ranks.len() > most {
            // Requests with one key stay or go together.
            ranks.select_nth_unstable(most).1.saturating_sub(1)
        } else {
            u64::MAX
        };
        let keys = of_server.into_values().flatten().map(|(_, key)| (key, ())).collect();
        Complete { limit, keys }
    }

    /// Puts all requests on the reference clock.
    pub fn shift(&mut self, clocks: &ClockModel) {
        for f in &mut self.files {
            for (r, span) in f.requests.iter().zip(&mut f.spans) {
                let is_start = r.anchor == logjoin_parse::Anchor::Start;
                let shown = if is_start { span.start_lo } else { span.end_lo };
                span.shift(clocks.offset_at(f.instance, r.at, shown));
            }
        }
    }

    /// What the requests left aside say of who served when.
    pub fn served(&self, plan: &Plan, peers: &Peers) -> Vec<Served> {
        self.parts(|part| Served::of(plan, peers, part.map(|p| (p.r, p.instance, *p.span))))
    }

    /// The requests left aside.
    pub fn passing(&self) -> impl Iterator<Item = Passing<'_>> {
        self.files.iter().flat_map(|f| f.passing(0, &f.requests))
    }

    /// `f` of parts of the requests left aside.
    pub fn parts<U: Send>(
        &self,
        f: impl Fn(&mut dyn Iterator<Item = Passing<'_>>) -> U + Sync + Send,
    ) -> Vec<U> {
        let of_file = |file: &LeanFile| {
            par::pieces(&file.requests, PIECE, |first, piece| f(&mut file.passing(first, piece)))
        };
        self.files.iter().flat_map(of_file).collect()
    }

    /// Gives the requests back: settles those before the horizon, and lets go what is settled and over before `floor`.
    pub fn give_back(self, files: &mut BTreeMap<u32, Events>, horizon: Horizon, floor: i64) {
        for mut f in self.files {
            let mut spans = f.spans.iter();
            f.requests.retain_mut(|r| {
                let Some(span) = spans.next() else { return true };
                r.settled |= span.end_lo <= horizon.0;
                !r.settled || span.end_hi >= floor
            });
            files.entry(f.file).or_default().requests.append(&mut f.requests);
        }
    }
}

impl LeanFile {
    fn passing<'f>(&'f self, first: usize, piece: &'f [Request]) -> impl Iterator<Item = Passing<'f>> {
        let all = piece.iter().zip(&self.spans[first..]);
        all.map(|(r, span)| Passing { r, instance: self.instance, span })
    }
}

impl Passing<'_> {
    /// Whether it is counted now.
    pub fn is_taken(&self, horizon: Horizon) -> bool {
        !self.r.settled && self.span.end_lo <= horizon.0
    }
}

/// Adds a stretch of time to a list of them that comes about in order.
fn add(list: &mut Vec<(i64, i64)>, (from, to): (i64, i64)) {
    match list.last_mut() {
        Some(last) if from <= last.1 && to >= last.0 => *last = (last.0.min(from), last.1.max(to)),
        _ => list.push((from, to)),
    }
}
