//! Reads all files side by side, as the engine asks for them: [`logjoin::Fold`] says which ones are behind, and this carries
//! their next bytes to it, on as many threads as there are.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use logjoin::{Analysis, Fold, Lane, Plan, Stage};
use logjoin_input::{InputFile, LineChunks, ReadOptions};
use rayon::prelude::*;

use crate::engine::{Cancelled, left_out, told};

/// One file: not opened yet, open, or done with.
enum Reader<'f> {
    Waiting(&'f InputFile),
    Open(Box<LineChunks>),
    Done,
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
    plan: &Plan,
    files: impl Iterator<Item = &'f InputFile>,
    options: &ReadOptions,
    tell: &Told<'_>,
) -> Result<(Analysis, Vec<String>), Cancelled> {
    let mut readers: Vec<Reader<'_>> = files.map(Reader::Waiting).collect();
    let mut fold = Fold::new(plan);
    let mut problems = Vec::new();
    let stopped = AtomicBool::new(false);
    loop {
        let lanes = fold.hungry();
        if lanes.is_empty() {
            break;
        }
        // Both are in the order of the files.
        let mut wanted = lanes.iter().map(|l| l.file()).collect::<Vec<_>>().into_iter().peekable();
        let chosen = readers.iter_mut().enumerate().filter(|(i, _)| wanted.next_if_eq(i).is_some());
        let pairs: Vec<_> = lanes.into_iter().zip(chosen.map(|(_, reader)| reader)).collect();
        let found = pairs.into_par_iter().map(|(lane, reader)| {
            let mut found = Vec::new();
            while lane.is_hungry() && !stopped.load(Ordering::Relaxed) {
                if feed(lane, reader, options, &mut found, tell).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
            found
        });
        problems.extend(found.collect::<Vec<_>>().into_iter().flatten());
        if stopped.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        fold.turn();
    }
    let analysis = fold.finish_with(&mut |stage| tell(Step::Judging(stage))).ok_or(Cancelled)?;
    Ok((analysis, problems))
}

/// Gives a lane the next chunk of its file, or its end.
fn feed(
    lane: &mut Lane<'_>,
    reader: &mut Reader<'_>,
    options: &ReadOptions,
    problems: &mut Vec<String>,
    tell: &Told<'_>,
) -> ControlFlow<()> {
    if let Reader::Waiting(file) = reader {
        *reader = match file.open(options) {
            Ok(chunks) => Reader::Open(Box::new(chunks)),
            Err(e) => {
                lane.set_problem(told(&e));
                problems.push(told(&e));
                Reader::Done
            }
        };
    }
    if let Reader::Open(chunks) = reader {
        if let Some(chunk) = chunks.next() {
            lane.push(chunk.first_line, &chunk.bytes);
            return tell(Step::Read(chunk.bytes.len() as u64));
        }
        if let Some(cut) = left_out(&chunks.tally(), options) {
            lane.set_cut(cut);
        }
        if let Some(problem) = chunks.problem().map(told) {
            lane.set_problem(problem.clone());
            problems.push(problem);
        }
    }
    *reader = Reader::Done;
    lane.end();
    tell(Step::FileDone)
}
