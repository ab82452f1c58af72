//! One loop for the decoders that work step by step on slices (gzip, zstd, xz, bzip2).
//!
//! The trick: a step reports how much it made even when it fails. What was made goes out first; the
//! failure is kept and returned by the next read.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::Raw;
use super::crew::Helped;
use super::piece::ByMember;
use crate::source::Stored;

/// A decoder of one stream, fed with slices.
pub(super) trait Steps: Send {
    /// It may have made more than there was room for, and is asked for that before further input is waited for.
    const HOLDS_BACK: bool = false;

    /// Decodes some of `input` into `output`. `at_end` says that no more input will come.
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Step;

    /// Begins a further stream, which follows the one that ended.
    fn restart(&mut self) -> io::Result<()>;

    /// The first byte of every stream; `None` where the decoder itself says what is none, and nothing is padding.
    fn first_byte(&self) -> Option<u8>;
}

/// What one step did.
pub(super) struct Step {
    pub consumed: usize,
    pub produced: usize,
    /// `Ok(true)` at the end of a stream.
    pub outcome: Result<bool, io::Error>,
}

/// A reader over concatenated streams of one kind.
pub(super) struct Stepped<S> {
    steps: S,
    inner: Raw,
    /// Text that others made, where there are others.
    helped: Option<Helped>,
    /// The last stream is complete: only padding, a further stream or the end may follow.
    between: bool,
    failed: Option<io::Error>,
    done: bool,
}

impl<S: Steps> Stepped<S> {
    pub(super) fn new(steps: S, inner: Raw) -> Stepped<S> {
        let helped = inner.crew().map(|crew| Helped::new(Arc::clone(crew)));
        Stepped { steps, inner, helped, between: false, failed: None, done: false }
    }

    /// Looks at what follows a complete stream. Zero bytes are padding (tapes, xz); anything else that
    /// is no stream is damage worth a word, after everything before it was delivered.
    fn next_stream(&mut self) -> io::Result<Next> {
        let begins = self.steps.first_byte();
        loop {
            let input = self.inner.fill_buf()?;
            match input.first() {
                None => return Ok(Next::End),
                Some(&first) if begins.is_none_or(|byte| byte == first) => {
                    if self.helped.as_mut().is_some_and(|helped| helped.take(&mut self.inner)) {
                        return Ok(Next::Made);
                    }
                    self.steps.restart()?;
                    self.between = false;
                    return Ok(Next::Stream);
                }
                Some(0) => {
                    let zeros = input.iter().take_while(|byte| **byte == 0).count();
                    self.inner.consume(zeros);
                }
                Some(_) => return Err(damage("other bytes follow its end")),
            }
        }
    }

    /// Takes note of a step; `Some` is what the reader returns.
    fn noted(&mut self, step: Step) -> Option<io::Result<usize>> {
        self.inner.consume(step.consumed);
        match step.outcome {
            Ok(ended) => self.between = ended,
            Err(error) if step.produced == 0 => {
                self.done = true;
                return Some(Err(error));
            }
            Err(error) => self.failed = Some(error),
        }
        (step.produced > 0).then_some(Ok(step.produced))
    }
}

/// What follows a complete stream.
enum Next {
    Stream,
    /// Some that others have decompressed.
    Made,
    End,
}

/// An error that means: the format is violated.
pub(super) fn damage(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

impl<S: Steps> Read for Stepped<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        if self.done || out.is_empty() {
            return Ok(0);
        }
        if S::HOLDS_BACK && !self.between {
            let step = self.steps.step(&[], out, false);
            if let Some(result) = self.noted(step) {
                return result;
            }
        }
        loop {
            if self.between {
                let given = self.helped.as_mut().map_or(0, |helped| helped.give(out));
                if given > 0 {
                    return Ok(given);
                }
                match self.next_stream()? {
                    Next::Stream => {}
                    Next::Made => continue,
                    Next::End => {
                        self.done = true;
                        return Ok(0);
                    }
                }
            }
            let input = self.inner.fill_buf()?;
            let at_end = input.is_empty();
            let step = self.steps.step(input, out, at_end);
            let consumed = step.consumed;
            if let Some(result) = self.noted(step) {
                return result;
            }
            if !self.between && at_end {
                self.done = true;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !self.between && consumed == 0 {
                self.done = true;
                return Err(damage("the decoder makes no progress"));
            }
        }
    }
}

impl<S: Steps> ByMember for Stepped<S> {
    fn begin(&mut self, stored: &Stored, at: u64) -> io::Result<()> {
        self.inner.go_to(at, stored);
        (self.between, self.failed, self.done) = (false, None, false);
        self.steps.restart()
    }

    fn ended(&self) -> Option<u64> {
        self.between.then(|| self.inner.progress().consumed())
    }
}
