//! The lines of a target as they are weighed, request by request: by agent and instance, in order of time.
//!
//! The trick: everything that is weighed lies side by side, in the order in which it is asked for. Where lines of one agent and
//! instance were last asked for is remembered, as the next request comes soon after.

use super::fitness::{Odds, Rarity};
use crate::hash::Map;
use crate::index::Entry;

/// What is weighed of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brief {
    /// When its moment lies, and at the earliest the request's start.
    pub lo: i64,
    pub hi: i64,
    pub start: i64,
    /// As it was logged; -1: it was not.
    duration: i64,
    pub bytes: i64,
    /// How frequent what it says is.
    pub odds: Odds,
    /// The unit of the duration.
    unit: u32,
    /// 0 for messages.
    pub status: i32,
    pub agent: u32,
    pub client: u32,
    /// The number among the lines.
    pub line: u32,
    pub has_duration: bool,
    /// Without a duration: the stamp is that of the start.
    pub is_start: bool,
}

impl Brief {
    pub fn of(line: u32, e: &Entry, odds: Odds) -> Brief {
        Brief {
            lo: e.lo,
            hi: e.hi,
            start: e.start.0,
            duration: e.duration.unwrap_or(-1),
            bytes: e.bytes,
            odds,
            unit: u32::try_from(e.unit).unwrap_or(u32::MAX),
            status: e.status,
            agent: e.agent,
            client: e.client,
            line,
            has_duration: e.has_duration,
            is_start: e.is_start,
        }
    }

    pub fn duration(&self) -> Option<i64> {
        (self.duration >= 0).then_some(self.duration)
    }

    pub fn unit(&self) -> i64 {
        self.unit.into()
    }
}

/// The lines of an agent and an instance.
#[derive(Debug, Clone, Copy)]
struct Run {
    instance: usize,
    from: u32,
    to: u32,
    /// Where lines were last asked for: the next are mostly near.
    last: u32,
}

/// All lines of a target.
pub(super) struct Briefs {
    /// Those of one agent and instance beside each other.
    sorted: Vec<Brief>,
    runs: Vec<Run>,
    /// The runs of each agent.
    agents: Map<u32, Vec<u32>>,
}

impl Briefs {
    /// Of lines in order of time.
    pub fn of(lines: impl Iterator<Item = Entry> + Clone, rare: &Rarity) -> Briefs {
        let mut out = Briefs { sorted: Vec::new(), runs: Vec::new(), agents: Map::default() };
        let mut numbers: Map<(u32, u32), u32> = Map::default();
        for e in lines.clone() {
            let number = *numbers.entry((e.agent, e.instance)).or_insert_with(|| {
                let number = out.runs.len() as u32;
                out.runs.push(Run { instance: e.instance as usize, from: 0, to: 0, last: 0 });
                out.agents.entry(e.agent).or_default().push(number);
                number
            });
            out.runs[number as usize].to += 1;
        }
        let mut next = 0;
        for run in &mut out.runs {
            (run.from, run.last, run.to, next) = (next, next, next, next + run.to);
        }
        out.sorted = vec![Brief::default(); next as usize];
        for (k, e) in (0..).zip(lines) {
            let run = &mut out.runs[numbers[&(e.agent, e.instance)] as usize];
            out.sorted[run.to as usize] = Brief::of(k, &e, rare.odds(&e));
            run.to += 1;
        }
        out
    }

    /// The lines of an instance (none: of all) from one moment to another that name this agent (0: any) or none.
    pub fn near<'b>(
        &'b mut self,
        agent: u32,
        instance: Option<usize>,
        (lo, hi): (i64, i64),
    ) -> impl Iterator<Item = (usize, &'b [Brief])> {
        let Briefs { sorted, runs, agents } = self;
        let sorted: &'b [Brief] = sorted;
        let all = if agent == 0 { 0..runs.len() as u32 } else { 0..0 };
        let own = [agent, 0].into_iter().filter(move |_| agent != 0).filter_map(|a| agents.get(&a));
        own.flatten().copied().chain(all).filter_map(move |n| {
            let run = &mut runs[n as usize];
            if instance.is_some_and(|i| i != run.instance) {
                return None;
            }
            let lines = &sorted[run.from as usize..run.to as usize];
            let first = first_from(lines, (run.last - run.from) as usize, lo);
            run.last = run.from + first as u32;
            let last = first_from(lines, first, hi.saturating_add(1));
            Some((run.instance, &lines[first..last]))
        })
    }
}

/// Where the lines from a moment on begin, which is near `guess`.
fn first_from(lines: &[Brief], guess: usize, lo: i64) -> usize {
    let (mut from, mut to, mut step) = (guess, guess, 1);
    while from > 0 && lines[from - 1].lo >= lo {
        (to, from) = (from - 1, from.saturating_sub(step));
        step *= 2;
    }
    step = 1;
    while to < lines.len() && lines[to].lo < lo {
        (from, to) = (to + 1, (to + step).min(lines.len()));
        step *= 2;
    }
    from + lines[from..to].partition_point(|b| b.lo < lo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Row;

    fn line(agent: u32, instance: u32, lo: i64) -> Entry {
        Entry {
            row: Row::Request(0),
            instance,
            file: 0,
            lo,
            hi: lo + 1,
            start: (lo, lo + 1),
            end: (lo, lo + 1),
            has_duration: false,
            duration: None,
            unit: 1,
            status: 200,
            bytes: -1,
            agent,
            client: 0,
            server: 0,
            tries: 1,
            is_start: false,
        }
    }

    #[test]
    fn lines_of_an_agent_and_of_none_are_found_by_instance_and_time() {
        let lines = [(7, 0, 1), (0, 0, 2), (8, 1, 3), (7, 1, 4), (0, 0, 5), (7, 0, 6)];
        let lines = lines.iter().map(|l| line(l.0, l.1, l.2));
        let mut briefs = Briefs::of(lines.clone(), &Rarity::of(lines, true));
        let mut found = |agent, instance, lo, hi| {
            let near = briefs.near(agent, instance, (lo, hi));
            near.map(|(i, run)| (i, run.iter().map(|b| b.line).collect())).collect::<Vec<(usize, Vec<u32>)>>()
        };
        assert_eq!(found(7, None, 2, 5), [(0, vec![]), (1, vec![3]), (0, vec![1, 4])]);
        assert_eq!(found(7, Some(0), 0, 9), [(0, vec![0, 5]), (0, vec![1, 4])]);
        assert_eq!(found(7, Some(1), 0, 9), [(1, vec![3])]);
        assert_eq!(found(0, Some(1), 0, 9), [(1, vec![2]), (1, vec![3])]);
        assert_eq!(found(9, None, 0, 9), [(0, vec![1, 4])]);
        assert_eq!(found(8, None, 4, 9), [(1, vec![]), (0, vec![4])]);
    }

    #[test]
    fn where_lines_begin_is_found_from_anywhere() {
        let moments = [1, 1, 4, 4, 4, 7, 9, 9];
        let lines: Vec<Brief> = moments.iter().map(|lo| Brief { lo: *lo, ..Brief::default() }).collect();
        for guess in 0..=lines.len() {
            for lo in 0..12 {
                let want = moments.iter().filter(|m| **m < lo).count();
                assert_eq!(first_from(&lines, guess, lo), want, "from {guess} to {lo}");
            }
        }
    }
}
