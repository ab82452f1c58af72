//! What is settled: the failed requests with their verdicts, and the rows that these name. Everything here is on the reference
//! clock and refers to rows of its own lists.

use std::collections::{BTreeMap, HashMap};

use super::window::Staying;
use crate::clock::ClockModel;
use crate::diagnose::Judged;
use crate::event::At;
use crate::failing::Failing;
use crate::index::Row as JoinedRow;
use crate::join::Join;
use crate::link::{Chain, Linked};
use crate::peers::Peers;
use crate::rules::Cite;
use crate::timeline::{Horizon, World};

/// A failed request and its verdict.
pub(super) struct Told {
    pub failing: Failing,
    pub join: Join,
    pub judged: Judged,
    pub chain: Chain,
}

/// Settled failures and their rows.
#[derive(Default)]
pub(super) struct Archive {
    world: World,
    have: Have,
    told: Vec<Told>,
}

/// Where rows stand that were taken over; looked up, never iterated.
#[derive(Default)]
struct Have {
    requests: HashMap<At, usize>,
    errors: HashMap<At, usize>,
    states: HashMap<At, usize>,
    logs: HashMap<At, usize>,
}

/// New places of rows, by their old ones.
struct Places {
    requests: Vec<Option<usize>>,
    errors: Vec<Option<usize>>,
    states: Vec<Option<usize>>,
    logs: Vec<Option<usize>>,
}

impl Archive {
    /// Takes over what is settled now, and the rows that stay in any case when `is_last`.
    pub fn absorb(
        &mut self,
        world: &World,
        told: impl Iterator<Item = Told>,
        horizon: Horizon,
        staying: &Staying,
        is_last: bool,
    ) {
        let told: Vec<Told> = told.filter(|t| horizon.takes(&world.requests[t.failing.request])).collect();
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

    /// How many failures there are.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Gateway failures that were settled after so many others and ended before a moment: when, and where they stand.
    pub fn late(&self, after: usize, before: i64) -> Vec<(i64, At)> {
        let late = self.told[after.min(self.told.len())..].iter().map(|t| &t.failing);
        let late = late.filter(|f| f.is_gateway && !f.is_hidden && f.end_ns < before);
        late.map(|f| (f.end_ns, self.world.requests[f.request].r.at)).collect()
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
        let Archive { mut world, mut told, .. } = std::mem::take(self);
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
        self.world = world;
        self.told = told(failing, joins, chains, judged).collect();
        (clocks, peers)
    }

    /// Lets go of failures that ended before a moment, and of all rows before it that no other failure names.
    pub fn forget(&mut self, before: i64) {
        self.told.retain(|t| t.failing.end_ns >= before);
        let mut named = Named::new(&self.world);
        self.told.iter().for_each(|t| named.add(t));
        let world = &mut self.world;
        let places = Places {
            requests: keep(&mut world.requests, |i, t| named.requests[i] || t.end_lo >= before),
            errors: keep(&mut world.errors, |i, m| named.errors[i] || m.lo >= before),
            states: keep(&mut world.states, |i, m| named.states[i] || m.lo >= before),
            logs: keep(&mut world.logs, |i, m| named.logs[i] || m.lo >= before),
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

/// Failed requests with what belongs to them.
pub(super) fn told(
    failing: Vec<Failing>,
    joins: Vec<Join>,
    chains: Vec<Chain>,
    judged: Vec<Judged>,
) -> impl Iterator<Item = Told> {
    let linked = failing.into_iter().zip(joins).zip(chains);
    linked.zip(judged).map(|(((failing, join), chain), judged)| Told { failing, join, judged, chain })
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
    (have, out): (&mut HashMap<At, usize>, &mut Vec<T>),
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
    places
}

/// Sorts a list; says where each row stands then.
fn order<T, K: Ord>(list: &mut Vec<T>, key: impl Fn(&T) -> K) -> Vec<Option<usize>> {
    let mut numbered: Vec<(usize, T)> = std::mem::take(list).into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, row)| key(row));
    let mut places = vec![None; numbered.len()];
    for (new, (old, row)) in numbered.into_iter().enumerate() {
        places[old] = Some(new);
        list.push(row);
    }
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
