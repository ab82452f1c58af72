//! Requests that a slice leaves aside: where they lie, when they were, and who looks at all of them.
//!
//! Nearly all requests of a long log are here, and whoever counts them asks for each but once. They are gone through file by
//! file and block by block in plain loops: see [`Part`].

use std::collections::BTreeMap;

use logjoin_parse::Anchor;

use crate::calendar::Calendar;
use crate::clock::ClockModel;
use crate::event::{At, Events, Request};
use crate::packed::{AnyRequest, Block, Packed};
use crate::par;
use crate::plan::Plan;
use crate::scene::Served;
use crate::timeline::{Horizon, Span};
use crate::times::{Times, spans_of};

/// Requests of one piece of work, and blocks of packed ones.
pub(super) const PIECE: usize = 1 << 15;
const BLOCKS: usize = 4;

/// The requests in view that are left aside, by file.
#[derive(Default)]
pub(crate) struct Lean {
    pub(super) files: Vec<LeanFile>,
}

/// Those of one file.
pub(super) struct LeanFile {
    pub file: u32,
    pub instance: usize,
    pub requests: Vec<Request>,
    pub spans: Vec<Span>,
    pub packed: Vec<LeanBlock>,
}

/// Those of one block.
pub(super) struct LeanBlock {
    pub block: Block,
    times: Times,
    /// Which rows are looked at as well, in a copy: they stay here, as they are a quarter of the size; empty: none.
    pub lent: Vec<bool>,
}

/// A request that was left aside, with its place on the reference clock.
#[derive(Clone, Copy)]
pub(crate) struct Passing<'a> {
    pub r: AnyRequest<'a>,
    pub span: Span,
    is_settled: bool,
}

impl Passing<'_> {
    /// Whether it is counted now.
    #[inline(always)]
    pub fn is_taken(&self, horizon: Horizon) -> bool {
        !self.is_settled && self.span.end_lo <= horizon.0
    }
}

/// Some of the requests of one file.
#[derive(Clone, Copy)]
pub(crate) struct Part<'l> {
    pub file: u32,
    pub instance: usize,
    pub(super) requests: &'l [Request],
    spans: &'l [Span],
    pub(super) packed: &'l [LeanBlock],
}

/// Who looks at requests that were left aside.
pub(crate) trait Look {
    /// The next ones are of this block: what was remembered of the numbers of another one means nothing.
    fn begin(&mut self, _block: &Block) {}

    /// Looks at the next one. As it is called for all rows of a log, it is to be inlined into the loop over them.
    fn look(&mut self, p: Passing<'_>);
}

impl Part<'_> {
    /// Shows all of them.
    pub fn show(&self, to: &mut impl Look) {
        for (r, span) in self.requests.iter().zip(self.spans) {
            to.look(Passing { r: AnyRequest::Whole(r), span: *span, is_settled: r.settled });
        }
        for LeanBlock { block, times, lent } in self.packed {
            to.begin(block);
            for (n, p) in block.rows().iter().enumerate() {
                if !lent.is_empty() && lent[n] {
                    continue;
                }
                let (r, span) = (AnyRequest::Packed(block, p), times.span(p, n));
                to.look(Passing { r, span, is_settled: p.is_settled() });
            }
        }
    }
}

impl Lean {
    /// Takes the requests out of the files.
    pub fn take(plan: &Plan, files: &mut BTreeMap<u32, Events>, calendar: &Calendar) -> Lean {
        let taken: Vec<(u32, Vec<Request>, Vec<Block>)> = files
            .iter_mut()
            .map(|(file, e)| (*file, std::mem::take(&mut e.requests), std::mem::take(&mut e.packed)))
            .collect();
        let times = par::map(&taken, |(file, requests, blocks)| spans_of(requests, blocks, *file, calendar));
        let of_file =
            |((file, requests, blocks), (spans, times)): ((u32, Vec<_>, Vec<_>), (Vec<_>, Vec<_>))| {
                let block = |(block, times)| LeanBlock { block, times, lent: Vec::new() };
                let packed = blocks.into_iter().zip(times).map(block).collect();
                let instance = plan.sources[plan.files[file as usize].source].instance;
                LeanFile { file, instance, requests, spans, packed }
            };
        Lean { files: taken.into_iter().zip(times).map(of_file).collect() }
    }

    /// Puts all requests on the reference clock.
    pub fn shift(&mut self, clocks: &ClockModel) {
        for f in &mut self.files {
            if clocks.is_right(f.instance) {
                continue;
            }
            let (file, instance) = (f.file, f.instance);
            for (r, span) in f.requests.iter().zip(&mut f.spans) {
                let shown = if r.anchor == Anchor::Start { span.start_lo } else { span.end_lo };
                span.shift(clocks.offset_at(instance, r.at, shown));
            }
            par::each(&mut f.packed, |LeanBlock { block, times, .. }| {
                let lines = block.rows().iter().map(|p| At::new(file, block.line(p)));
                times.shift(lines, |at, shown| clocks.offset_at(instance, at, shown));
            });
        }
    }

    /// Lets go of the requests that ended further from the range that was asked for than the options allow; their places. As
    /// [`World::narrow`](crate::timeline::World::narrow).
    pub fn narrow(&mut self, plan: &Plan) -> Vec<At> {
        let mut far = Vec::new();
        let Some(range) = plan.options.range_of_requests() else { return far };
        let is_near = |span: &Span| span.end_hi >= range.0 && span.end_lo <= range.1;
        for f in self.files.iter_mut() {
            if !f.spans.iter().all(is_near) {
                let mut spans = f.spans.iter();
                f.requests.retain(|r| {
                    let stays = spans.next().is_none_or(is_near);
                    far.extend((!stays && !r.settled).then_some(r.at));
                    stays
                });
                f.spans.retain(is_near);
            }
            for b in &mut f.packed {
                let near: Vec<bool> = b.rows().map(|(_, span)| is_near(&span)).collect();
                if near.contains(&false) {
                    let rows = b.block.rows().iter().zip(&near);
                    let rows = rows.filter(|(p, is_near)| !**is_near && !p.is_settled());
                    far.extend(rows.map(|(p, _)| b.block.at(p)));
                    b.keep(&near);
                }
            }
        }
        far
    }

    /// What the requests left aside say of who served when.
    pub fn served(&self, plan: &Plan) -> Vec<Served> {
        self.parts(|part| {
            let mut serving = Serving { served: Served::new(plan), plan, instance: part.instance };
            part.show(&mut serving);
            serving.served
        })
    }

    /// `f` of all requests left aside, in parts.
    pub fn parts<U: Send>(&self, f: impl Fn(&Part<'_>) -> U + Sync + Send) -> Vec<U> {
        par::map(&self.all_parts(), f)
    }

    /// The sum of them; `add` must not care for their order.
    pub fn sum<U: Send>(
        &self,
        f: impl Fn(&Part<'_>) -> U + Sync + Send,
        add: impl Fn(U, U) -> U + Sync + Send,
    ) -> Option<U> {
        par::sum(&self.all_parts(), 1, |_, parts| f(&parts[0]), add)
    }

    fn all_parts(&self) -> Vec<Part<'_>> {
        self.files.iter().flat_map(LeanFile::parts).collect()
    }

    /// Settles the requests before the horizon, and lets go what is settled and over before `floor`.
    pub fn settle(&mut self, horizon: Horizon, floor: i64) {
        for f in &mut self.files {
            let mut spans = f.spans.iter();
            f.requests.retain_mut(|r| {
                let Some(span) = spans.next() else { return true };
                r.settled |= span.end_lo <= horizon.0;
                !r.settled || span.end_hi >= floor
            });
            f.spans = Vec::new();
            par::each(&mut f.packed, |b| {
                let times = std::mem::take(&mut b.times);
                let mut n = 0;
                b.block.retain(|p| {
                    let span = times.span(p, n);
                    n += 1;
                    if span.end_lo <= horizon.0 {
                        p.settle();
                    }
                    !p.is_settled() || span.end_hi >= floor
                });
            });
        }
    }

    /// Gives the requests back, when they are settled.
    pub fn give_back(self, files: &mut BTreeMap<u32, Events>) {
        for mut f in self.files {
            let out = files.entry(f.file).or_default();
            out.requests.append(&mut f.requests);
            let blocks = f.packed.into_iter().map(|b| b.block);
            out.packed.extend(blocks.filter(|b| !b.rows().is_empty()));
        }
    }
}

/// Notes who served when.
struct Serving<'p> {
    served: Served,
    plan: &'p Plan,
    instance: usize,
}

impl Look for Serving<'_> {
    #[inline(always)]
    fn look(&mut self, p: Passing<'_>) {
        self.served.add(self.plan, (p.r, self.instance), &p.span);
    }
}

impl LeanFile {
    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let none = Part { file: self.file, instance: self.instance, requests: &[], spans: &[], packed: &[] };
        let whole = self.requests.chunks(PIECE).zip(self.spans.chunks(PIECE));
        let whole = whole.map(move |(requests, spans)| Part { requests, spans, ..none });
        whole.chain(self.packed.chunks(BLOCKS).map(move |packed| Part { packed, ..none }))
    }

    /// The numbers of their lines.
    pub fn lines(&self) -> Vec<u64> {
        let packed = self.packed.iter().flat_map(|b| b.block.rows().iter().map(|p| b.block.line(p)));
        self.requests.iter().map(|r| r.at.line).chain(packed).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.packed.iter().all(|b| b.block.rows().is_empty())
    }
}

impl LeanBlock {
    /// All rows, with their times.
    pub fn rows(&self) -> impl Iterator<Item = (&Packed, Span)> {
        self.block.rows().iter().enumerate().map(|(n, p)| (p, self.times.span(p, n)))
    }

    /// The row of a number, with its time.
    pub fn row(&self, n: usize) -> (&Packed, Span) {
        let p = &self.block.rows()[n];
        (p, self.times.span(p, n))
    }

    /// Keeps the rows of which this says so.
    pub fn keep(&mut self, is_kept: &[bool]) {
        fn mask<T>(is_kept: &[bool]) -> impl FnMut(&T) -> bool {
            let mut next = is_kept.iter();
            move |_| *next.next().unwrap_or(&false)
        }
        let mut rows = mask(is_kept);
        self.block.retain(|p| rows(p));
        self.times.retain(is_kept);
        self.lent.retain(mask(is_kept));
    }
}
