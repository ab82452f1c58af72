//! Failures that were judged, on their way to those that are kept.
//!
//! The trick: of very many only some stay ([`crate::thin`]), and which these are needs a tenth of what is known of each. So what belongs
//! to a failure is put together only when it is to stay.

use crate::diagnose::Judged;
use crate::failing::Failing;
use crate::join::Join;
use crate::link::Chain;
use crate::par;
use crate::thin::{Mark, Thin, Told};
use crate::timeline::World;

/// Failures that are looked at at a time.
const PIECE: usize = 1 << 10;

/// Failed requests with what belongs to them, before it is known which of them stay.
#[derive(Default)]
pub(crate) struct Settling {
    failing: Vec<Failing>,
    joins: Vec<Join>,
    chains: Vec<Chain>,
    judged: Vec<Judged>,
    marks: Vec<Mark>,
}

impl Settling {
    pub fn new(
        world: &World,
        (failing, joins, chains): (Vec<Failing>, Vec<Join>, Vec<Chain>),
        judged: Vec<Judged>,
    ) -> Settling {
        let numbers: Vec<usize> = (0..failing.len()).collect();
        let marks = par::pieces(&numbers, PIECE, |_, piece| {
            let mark =
                |i: &usize| Mark::of(world, &failing[*i], &joins[*i], &judged[*i], !chains[*i].is_empty());
            piece.iter().map(mark).collect::<Vec<Mark>>()
        });
        Settling { marks: marks.concat(), failing, joins, chains, judged }
    }

    /// Those that were told before.
    pub fn of(told: Vec<Told>) -> Settling {
        let (mut failing, mut joins) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        let (mut chains, mut judged) = (Vec::with_capacity(told.len()), Vec::with_capacity(told.len()));
        let mut marks = Vec::with_capacity(told.len());
        for t in told {
            failing.push(t.failing);
            joins.push(t.join);
            chains.push(t.chain);
            judged.push(t.judged);
            marks.push(t.mark);
        }
        Settling { failing, joins, chains, judged, marks }
    }

    pub fn failing(&self) -> &[Failing] {
        &self.failing
    }

    /// What is to be known of those of which `takes` says so; their numbers count from `first`.
    pub fn thin(&self, first: usize, takes: impl Fn(&Failing) -> bool) -> Vec<Thin> {
        let all = (first..).zip(self.failing.iter().zip(&self.marks)).filter(|(_, (f, _))| takes(f));
        all.map(|(number, (f, mark))| Thin::of(f, *mark, number)).collect()
    }

    /// Those that stay, in order of their numbers, which count from `first`.
    pub fn only(self, first: usize, stay: &[Thin]) -> Vec<Told> {
        let mut out = Vec::with_capacity(stay.len());
        let mut stay = stay.iter().peekable();
        let Settling { failing, joins, chains, judged, .. } = self;
        let all = (first..).zip(failing).zip(joins).zip(chains).zip(judged);
        for ((((number, failing), join), chain), judged) in all {
            if let Some(Thin { mark, stands, .. }) = stay.next_if(|t| t.number as usize == number) {
                out.push(Told {
                    failing: Failing { stands: *stands, ..failing },
                    join,
                    judged,
                    chain,
                    mark: *mark,
                });
            }
        }
        out
    }

    /// All of them.
    pub fn all(self) -> Vec<Told> {
        let all = self.thin(0, |_| true);
        self.only(0, &all)
    }
}
