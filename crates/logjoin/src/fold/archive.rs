//! What is settled: the failed requests with their verdicts, and the rows that these name. Everything here is on the reference
//! clock and refers to rows of its own lists.

use std::collections::{BTreeMap, BTreeSet};

use super::window::{Staying, is_of_proxy, says_something};
use crate::clock::ClockModel;
use crate::diagnose::Judged;
use crate::event::At;
use crate::failing::Failing;
use crate::hash::Map;
use crate::index::Row as JoinedRow;
use crate::link::Linked;
use crate::par;
use crate::peers::Peers;
use crate::plan::Plan;
use crate::rules::Cite;
use crate::settling::Settling;
use crate::thin::{Thin, Thinning, Told};
use crate::timeline::{Horizon, Moment, Row, World};

/// Settled failures and their rows.
pub(super) struct Archive {
    world: World,
    have: Have,
    told: Vec<Told>,
    thinning: Thinning,
    /// Gateway failures that were settled last: when they ended, and where they stand.
    fresh: Vec<(i64, At)>,
    /// Whether anybody asks for them.
    pub notes_fresh: bool,
}

/// Where rows stand that were taken over; looked up, never iterated.
#[derive(Default)]
struct Have {
    requests: Map<At, usize>,
    errors: Map<At, usize>,
    states: Map<At, usize>,
    logs: Map<At, usize>,
}

/// New places of rows, by their old ones.
struct Places {
    requests: Vec<Option<usize>>,
    errors: Vec<Option<usize>>,
    states: Vec<Option<usize>>,
    logs: Vec<Option<usize>>,
}

impl Archive {
    /// Nothing is settled yet.
    pub fn new(plan: &Plan) -> Archive {
        Archive {
            world: World::default(),
            have: Have::default(),
            told: Vec::new(),
            thinning: Thinning::new(plan),
            fresh: Vec::new(),
            notes_fresh: false,
        }
    }

    /// The rows, and the failures that name them.
    pub fn into_parts(self) -> (World, Vec<Told>) {
        (self.world, self.told)
    }

    /// Of failures that were judged at once and are too many, some stay.
    pub fn thin_all(&mut self, linked: &mut Linked, judged: &mut Vec<Judged>) {
        self.thinning.thin_all(linked, judged);
    }

    /// Takes over what is settled now, and the rows that stay in any case when `is_last`.
    pub fn absorb(
        &mut self,
        world: &World,
        now: Settling,
        horizon: Horizon,
        staying: &Staying,
        is_last: bool,
    ) {
        let told = self.choose(world, now, horizon);
        let mut named = Named::new(world);
        told.iter().for_each(|t| named.add(t));
        let wanted = |named: bool, stays: bool, now: bool| named || stays && (now || is_last);
        let (have, mine) = (&mut self.have, &mut self.world);
        let places = Places {
            requests: take(
                &world.requests,
                |i, _| wanted(named.requests[i], staying.request(i), false),
                |t| t.r.at,
                (&mut have.requests, &mut mine.requests),
            ),
            errors: take(
                &world.errors,
                |i, m| wanted(named.errors[i], staying.error(i), horizon.takes_line(m)),
                |m| m.e.at,
                (&mut have.errors, &mut mine.errors),
            ),
            states: take(
                &world.states,
                |i, m| wanted(named.states[i], staying.state(i), horizon.takes_line(m)),
                |m| m.e.at,
                (&mut have.states, &mut mine.states),
            ),
            logs: take(
                &world.logs,
                |i, m| wanted(named.logs[i], staying.log(i), horizon.takes_line(m)),
                |m| m.e.at,
                (&mut have.logs, &mut mine.logs),
            ),
        };
        for mut t in told {
            places.turn(&mut t);
            self.told.push(t);
        }
    }

    /// The failures among those that are settled now that stay, if they are too many with those that are here. Only of those is
    /// all that is known put together: they may be few of very many.
    fn choose(&mut self, world: &World, now: Settling, horizon: Horizon) -> Vec<Told> {
        let takes = |f: &Failing| horizon.takes(&world.requests[f.request]);
        self.fresh.clear();
        if self.notes_fresh {
            let fresh = now.failing().iter().filter(|f| takes(f) && f.is_gateway && !f.is_hidden);
            self.fresh.extend(fresh.map(|f| (f.end_ns, world.requests[f.request].r.at)));
        }
        let before = self.told.len();
        let mut stay: Vec<Thin> =
            self.told.iter().enumerate().map(|(n, t)| Thin::of(&t.failing, t.mark, n)).collect();
        stay.append(&mut now.thin(before, takes));
        self.thinning.thin(&mut stay);
        let (old, new) = stay.split_at(stay.partition_point(|t| (t.number as usize) < before));
        let (mut left, mut number) = (old.iter().peekable(), 0);
        self.told.retain_mut(|t| {
            number += 1;
            let stays = left.next_if(|l| l.number + 1 == number);
            stays.into_iter().for_each(|l| t.failing.stands = l.stands);
            stays.is_some()
        });
        if self.told.len() < before {
            self.told.shrink_to_fit();
            self.let_go(None);
        }
        now.only(before, new)
    }

    /// Gateway failures that were settled last and ended before a moment: when, and where they stand.
    pub fn late(&self, before: i64) -> Vec<(i64, At)> {
        self.fresh.iter().filter(|(end, _)| *end < before).copied().collect()
    }

    /// Whether a settled failure ended between two moments.
    pub fn has_failures_between(&self, from: i64, to: i64) -> bool {
        self.told.iter().any(|t| (from..to).contains(&t.failing.end_ns))
    }

    /// All that was settled, in order. [`put_back`](Self::put_back) undoes it.
    pub fn take_out(
        &mut self,
        clocks: ClockModel,
        peers: Peers,
        labels: BTreeMap<u64, String>,
    ) -> (Linked, Vec<Judged>) {
        self.have = Have::default();
        let (mut world, mut told) = (std::mem::take(&mut self.world), std::mem::take(&mut self.told));
        world.labels = labels;
        let places = Places {
            requests: order(&mut world.requests, |t| (t.end_lo, t.r.at)),
            errors: order(&mut world.errors, |m| (m.lo, m.e.at)),
            states: order(&mut world.states, |m| (m.lo, m.e.at)),
            logs: order(&mut world.logs, |m| (m.lo, m.e.at)),
        };
        world.sort();
        told.iter_mut().for_each(|t| places.turn(t));
        told.sort_by_key(|t| (t.failing.end_ns, world.requests[t.failing.request].r.at));
        let (mut failing, mut joins) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        let (mut judged, mut chains) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        for t in told {
            failing.push(t.failing);
            joins.push(t.join);
            judged.push(t.judged);
            chains.push(t.chain);
        }
        (Linked { world, clocks, peers, failing, joins, chains, aside: Vec::new() }, judged)
    }

    /// Takes back what was taken out.
    pub fn put_back(&mut self, linked: Linked, judged: Vec<Judged>) -> (ClockModel, Peers) {
        let Linked { world, clocks, peers, failing, joins, chains, .. } = linked;
        self.have = Have::of(&world);
        self.told = Settling::new(&world, (failing, joins, chains), judged).all();
        self.world = world;
        (clocks, peers)
    }

    /// Lets go of failures that ended before a moment, and of all rows before it that no other failure names.
    pub fn forget(&mut self, before: i64) {
        self.told.retain(|t| t.failing.end_ns >= before);
        self.let_go(Some(before));
    }

    /// Lets go of the rows that no failure names: those before a moment, or, where none is given, those that are here for nothing
    /// but that.
    fn let_go(&mut self, before: Option<i64>) {
        let mut named = Named::new(&self.world);
        self.told.iter().for_each(|t| named.add(t));
        let world = &mut self.world;
        let is_late = |t: i64| before.is_some_and(|b| t >= b);
        // As the window has it: the first of each kind and instance says that there is such a log.
        let (first_errors, first_logs) = (firsts(&world.errors, |_| true), firsts(&world.logs, |_| true));
        let first_naming = firsts(&world.logs, |e| e.target != 0);
        let is_first = |i: usize| first_logs.contains(&i) || first_naming.contains(&i);
        let stays = |says: bool| says && before.is_none();
        let places = Places {
            requests: keep(&mut world.requests, |i, t| named.requests[i] || is_late(t.end_lo)),
            errors: keep(&mut world.errors, |i, m| {
                named.errors[i] || is_late(m.lo) || stays(is_of_proxy(&m.e) || first_errors.contains(&i))
            }),
            states: keep(&mut world.states, |i, m| named.states[i] || is_late(m.lo) || stays(true)),
            logs: keep(&mut world.logs, |i, m| {
                named.logs[i] || is_late(m.lo) || stays(says_something(&m.e) || is_first(i))
            }),
        };
        self.told.iter_mut().for_each(|t| places.turn(t));
        self.have = Have::of(&self.world);
    }
}

impl Have {
    fn of(world: &World) -> Have {
        Have {
            requests: world.requests.iter().enumerate().map(|(i, t)| (t.r.at, i)).collect(),
            errors: world.errors.iter().enumerate().map(|(i, m)| (m.e.at, i)).collect(),
            states: world.states.iter().enumerate().map(|(i, m)| (m.e.at, i)).collect(),
            logs: world.logs.iter().enumerate().map(|(i, m)| (m.e.at, i)).collect(),
        }
    }
}

/// Rows that settled failures name.
struct Named {
    requests: Vec<bool>,
    errors: Vec<bool>,
    states: Vec<bool>,
    logs: Vec<bool>,
}

impl Named {
    fn new(world: &World) -> Named {
        Named {
            requests: vec![false; world.requests.len()],
            errors: vec![false; world.errors.len()],
            states: vec![false; world.states.len()],
            logs: vec![false; world.logs.len()],
        }
    }

    fn add(&mut self, t: &Told) {
        self.requests[t.failing.request] = true;
        t.failing.errors.iter().for_each(|e| self.errors[*e] = true);
        for line in &t.join.lines {
            match line.row {
                JoinedRow::Request(i) => self.requests[i as usize] = true,
                JoinedRow::Log(i) => self.logs[i as usize] = true,
            }
        }
        for cite in t.judged.evidence.iter().flat_map(|c| &c.cites) {
            match *cite {
                Cite::Log(i) => self.logs[i] = true,
                Cite::Error(i) => self.errors[i] = true,
                Cite::State(i) => self.states[i] = true,
                Cite::Request(i) => self.requests[i] = true,
            }
        }
        t.chain.iter().for_each(|(other, ..)| self.requests[*other] = true);
    }
}

/// Copies the rows that are wanted and not there yet; says where each wanted one stands.
fn take<T: Clone>(
    rows: &[T],
    wanted: impl Fn(usize, &T) -> bool,
    at: impl Fn(&T) -> At,
    (have, out): (&mut Map<At, usize>, &mut Vec<T>),
) -> Vec<Option<usize>> {
    let place = |(i, row): (usize, &T)| {
        wanted(i, row).then(|| {
            *have.entry(at(row)).or_insert_with(|| {
                out.push(row.clone());
                out.len() - 1
            })
        })
    };
    rows.iter().enumerate().map(place).collect()
}

/// Lets rows go; says where each of the others stands then.
fn keep<T>(list: &mut Vec<T>, wanted: impl Fn(usize, &T) -> bool) -> Vec<Option<usize>> {
    let mut places = Vec::with_capacity(list.len());
    let mut left = 0;
    for (i, row) in list.iter().enumerate() {
        places.push(wanted(i, row).then_some(left));
        left += usize::from(places[i].is_some());
    }
    let mut i = 0;
    list.retain(|_| {
        i += 1;
        places[i - 1].is_some()
    });
    if list.len() < list.capacity() / 2 {
        list.shrink_to_fit();
    }
    places
}

/// Numbers of the first rows of each instance, among those of some kind.
fn firsts<T: Row>(rows: &[Moment<T>], is: impl Fn(&T) -> bool) -> BTreeSet<usize> {
    let mut first: BTreeMap<usize, (i64, At, usize)> = BTreeMap::new();
    for (i, m) in rows.iter().enumerate().filter(|(_, m)| is(&m.e)) {
        let this = (m.lo, m.e.at(), i);
        let known = first.entry(m.instance).or_insert(this);
        *known = this.min(*known);
    }
    first.into_values().map(|(.., i)| i).collect()
}

/// Sorts a list; says where each row stands then.
fn order<T: Send + Sync, K: Ord + Copy + Send + Sync>(
    list: &mut [T],
    key: impl Fn(&T) -> K + Sync + Send,
) -> Vec<Option<usize>> {
    let mut numbers: Vec<usize> = (0..list.len()).collect();
    numbers.sort_by_key(|i| key(&list[*i]));
    let mut places = vec![None; list.len()];
    numbers.into_iter().enumerate().for_each(|(new, old)| places[old] = Some(new));
    par::arrange(list, key);
    places
}

impl Places {
    /// Makes a failed request refer to the new places. What has none is no longer referred to.
    fn turn(&self, t: &mut Told) {
        let of = |list: &[Option<usize>], i: usize| list.get(i).copied().flatten();
        t.failing.request = of(&self.requests, t.failing.request).unwrap_or(t.failing.request);
        t.failing.errors = t.failing.errors.iter().filter_map(|e| of(&self.errors, *e)).collect();
        t.join.lines.retain_mut(|line| {
            let new = match line.row {
                JoinedRow::Request(i) => of(&self.requests, i as usize).map(|n| JoinedRow::Request(n as u32)),
                JoinedRow::Log(i) => of(&self.logs, i as usize).map(|n| JoinedRow::Log(n as u32)),
            };
            line.row = new.unwrap_or(line.row);
            new.is_some()
        });
        for claim in &mut t.judged.evidence {
            let new = |cite: &Cite| match *cite {
                Cite::Log(i) => of(&self.logs, i).map(Cite::Log),
                Cite::Error(i) => of(&self.errors, i).map(Cite::Error),
                Cite::State(i) => of(&self.states, i).map(Cite::State),
                Cite::Request(i) => of(&self.requests, i).map(Cite::Request),
            };
            claim.cites = claim.cites.iter().filter_map(new).collect();
        }
        let other = |(i, inner, p): &(usize, bool, f64)| Some((of(&self.requests, *i)?, *inner, *p));
        t.chain = t.chain.iter().filter_map(other).collect();
    }
}
