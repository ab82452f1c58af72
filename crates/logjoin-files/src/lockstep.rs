//! Reads all files side by side, as the engine asks for them: [`logjoin::Fold`] says which ones are behind, and this carries
//! their next bytes to it, on as many threads as there are.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use logjoin::{Analysis, Fold, Lane, Plan, Stage};
use logjoin_input::{ChunksAhead, InputFile, ReadOptions};
use rayon::prelude::*;

use crate::inputs::left_out;
use crate::problem::Problem;
use crate::progress::Cancelled;
use crate::seek::{Gate, Reading};
use crate::spare::Spare;

/// One file: not opened yet, open, or done with.
enum Reader<'f> {
    Waiting(&'f InputFile, Reading),
    Open(&'f InputFile, Reading, Box<(ChunksAhead, Gate<'f>)>),
    Done,
}

/// What holds for all files.
struct Reads<'p> {
    plan: &'p Plan,
    options: &'p ReadOptions,
    spare: Spare,
}

/// Told of each step; breaks to cancel.
pub(crate) type Told<'t> = dyn Fn(Step) -> ControlFlow<()> + Sync + 't;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Read(u64),
    FileDone,
    /// All is read; this comes next.
    Judging(Stage),
}

/// Reads the files, which are in the order of the plan, and judges them. What could not be read is in the second value.
pub(crate) fn analyze<'f>(
    plan: &'f Plan,
    files: impl Iterator<Item = (&'f InputFile, Reading)>,
    options: &'f ReadOptions,
    tell: &Told<'_>,
) -> Result<(Analysis, Vec<Problem>), Cancelled> {
    let mut readers: Vec<Reader<'_>> = files.map(|(file, reading)| Reader::Waiting(file, reading)).collect();
    let reads = Reads { plan, options, spare: Spare::of(readers.len()) };
    let mut fold = Fold::new(plan);
    let mut problems = Vec::new();
    let stopped = AtomicBool::new(false);
    let read = fold.read(&mut |lanes| {
        // Both are in the order of the files.
        let mut wanted = lanes.iter().map(|l| l.file()).collect::<Vec<_>>().into_iter().peekable();
        let chosen = readers.iter_mut().enumerate().filter(|(i, _)| wanted.next_if_eq(i).is_some());
        let pairs: Vec<_> = lanes.into_iter().zip(chosen.map(|(_, reader)| reader)).collect();
        let found = pairs.into_par_iter().map(|(lane, reader)| {
            let mut found = Vec::new();
            while lane.is_hungry() && !stopped.load(Ordering::Relaxed) {
                if feed(lane, reader, &reads, &mut found, tell).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
            found
        });
        problems.extend(found.collect::<Vec<_>>().into_iter().flatten());
        if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if read.is_break() {
        return Err(Cancelled);
    }
    // In the pool like all before it: what its threads let go is nearer to hand for them than for this one.
    let finish = |_: &rayon::Scope<'_>| fold.finish_with(&mut |stage| tell(Step::Judging(stage)));
    let analysis = rayon::scope(finish).ok_or(Cancelled)?;
    Ok((analysis, problems))
}

/// Gives a lane the next chunk of its file, or its end.
fn feed<'f>(
    lane: &mut Lane<'_>,
    reader: &mut Reader<'f>,
    reads: &Reads<'f>,
    problems: &mut Vec<Problem>,
    tell: &Told<'_>,
) -> ControlFlow<()> {
    // A file that is read once for each of its programs is one file for whoever waits.
    let is_first = reads.plan.first_part(lane.file()) == lane.file();
    let tell = &|step| match step {
        Step::FileDone if !is_first => tell(Step::Read(0)),
        Step::Read(_) if !is_first => tell(Step::Read(0)),
        step => tell(step),
    };
    if let Reader::Waiting(file, reading) = *reader {
        let mut counted = ControlFlow::Continue(());
        let opened = reading.open(file, &reads.spare.cut(file, reads.options), lane, &mut |bytes| {
            if counted.is_continue() {
                counted = tell(Step::Read(bytes));
            }
            counted
        });
        *reader = match opened {
            Ok(chunks) => {
                let gate = Gate::new(reads.plan, lane.file(), reading);
                Reader::Open(file, reading, Box::new((reads.spare.feed(file, chunks), gate)))
            }
            Err(e) => {
                lane.set_problem(e.reason());
                problems.push(Problem::of(&e));
                Reader::Done
            }
        };
        if counted.is_break() {
            return counted;
        }
    }
    if let Reader::Open(_, _, open) = reader
        && let Some(chunk) = open.0.next()
    {
        let bytes = chunk.bytes.len() as u64;
        let (chunks, gate) = &mut **open;
        if gate.push(lane, chunk, |bytes| chunks.reuse(bytes)) {
            return tell(Step::Read(bytes));
        }
    }
    if let Reader::Open(file, reading, open) = std::mem::replace(reader, Reader::Done) {
        let (chunks, gate) = (open.0.finish(), open.1);
        let passed = chunks.passed() + gate.finish(lane);
        let cut = [reading.left_out(file, passed), left_out(&chunks.tally(), reads.options)];
        let cut: Vec<String> = cut.into_iter().flatten().collect();
        if !cut.is_empty() {
            lane.set_cut(cut.join("; "));
        }
        if let Some(e) = chunks.problem() {
            lane.set_problem(e.reason());
            problems.push(Problem::of(e));
        }
    }
    reads.spare.done();
    lane.end();
    tell(Step::FileDone)
}
