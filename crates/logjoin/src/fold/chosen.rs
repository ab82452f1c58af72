//! Takes the requests that a slice looks at out of those in view, in order of time.
//!
//! The trick: when each was is known before any row is touched, so that they are put in order first, as the clocks were before, and
//! then unpacked where they belong, by whichever thread has time. What the clocks show since moves few of them, and not far.

use super::aside::{Lean, LeanFile};
use crate::event::At;
use crate::par;
use crate::timeline::Timed;

/// Of each request of a file whether it is looked at: those that are not packed, and those of each block.
pub(super) struct Choice {
    pub whole: Vec<bool>,
    /// None at all: none of them.
    pub packed: Vec<Vec<bool>>,
}

/// In [`Place::block`]: it is not packed.
const WHOLE: u32 = u32::MAX;

/// Where a request is taken from, in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    end: i64,
    /// Number in [`Lean::files`].
    file: u32,
    block: u32,
    row: u32,
}

impl Lean {
    /// Takes them out; `ahead` says of a file by how much its clock is ahead at a line that shows a moment. Packed ones stay where
    /// they are as well, unless this `is_last`.
    pub(super) fn take_out<F: Fn(At, i64) -> i64>(
        &mut self,
        choices: Vec<Choice>,
        ahead: impl Fn(&LeanFile) -> F + Sync + Send,
        is_last: bool,
    ) -> Vec<Timed> {
        let number = |(n, (f, choice)): (usize, (&LeanFile, &Choice))| places(n as u32, f, choice, &ahead(f));
        let all: Vec<(usize, (&LeanFile, &Choice))> = self.files.iter().zip(&choices).enumerate().collect();
        let mut order = par::map(&all, |one| number(*one)).concat();
        par::sort(&mut order);
        // What is behind a pointer is moved, the rest is copied.
        let mut details: Vec<Vec<_>> = Vec::with_capacity(self.files.len());
        for (f, choice) in self.files.iter_mut().zip(&choices) {
            let chosen = f.requests.iter_mut().zip(&choice.whole);
            details.push(chosen.map(|(r, is_chosen)| r.detail.take_if(|_| *is_chosen)).collect());
        }
        let mut out: Vec<Timed> = par::map(&order, |p| self.timed(*p, is_last));
        for (t, p) in out.iter_mut().zip(&order).filter(|(_, p)| p.block == WHOLE) {
            t.r.detail = details[p.file as usize][p.row as usize].take();
        }
        drop((order, details));
        for (f, choice) in self.files.iter_mut().zip(choices) {
            fn others<T>(choice: &Choice) -> impl FnMut(&T) -> bool {
                let mut chosen = choice.whole.iter();
                move |_| !*chosen.next().unwrap_or(&false)
            }
            f.requests.retain(others(&choice));
            f.spans.retain(others(&choice));
            f.requests.shrink_to_fit();
            f.spans.shrink_to_fit();
            for (b, mut is_chosen) in f.packed.iter_mut().zip(choice.packed) {
                if is_last && is_chosen.contains(&true) {
                    is_chosen.iter_mut().for_each(|c| *c = !*c);
                    b.keep(&is_chosen);
                } else if is_chosen.contains(&true) {
                    b.lent = is_chosen;
                }
            }
        }
        out
    }

    /// The request of a place, but for its details.
    fn timed(&self, p: Place, is_last: bool) -> Timed {
        let f = &self.files[p.file as usize];
        let row = p.row as usize;
        if p.block == WHOLE {
            return Timed::new(f.requests[row].clone(), f.instance, f.spans[row]);
        }
        let b = &f.packed[p.block as usize];
        let (packed, span) = b.row(row);
        Timed { is_lent: !is_last, ..Timed::new(b.block.unpack(packed), f.instance, span) }
    }
}

/// The places of what is chosen of a file.
fn places(file: u32, f: &LeanFile, choice: &Choice, ahead: &impl Fn(At, i64) -> i64) -> Vec<Place> {
    let count = |list: &Vec<bool>| list.iter().filter(|c| **c).count();
    let n = count(&choice.whole) + choice.packed.iter().map(count).sum::<usize>();
    let mut out = Vec::with_capacity(n);
    for (row, (r, span)) in (0..).zip(f.requests.iter().zip(&f.spans)) {
        if choice.whole[row as usize] {
            let end = span.end_lo - ahead(r.at, span.end_lo);
            out.push(Place { end, file, block: WHOLE, row });
        }
    }
    for (block, (b, chosen)) in (0..).zip(f.packed.iter().zip(&choice.packed)) {
        for (row, _) in (0..).zip(chosen).filter(|(_, c)| **c) {
            let (p, span) = b.row(row as usize);
            let end = span.end_lo - ahead(b.block.at(p), span.end_lo);
            out.push(Place { end, file, block, row });
        }
    }
    out
}
