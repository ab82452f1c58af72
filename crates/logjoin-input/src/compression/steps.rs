//! One loop for the decoders that work step by step on slices (gzip, xz, bzip2).
//!
//! The trick: a step reports how much it made even when it fails. What was made goes out first; the
//! failure is kept and returned by the next read.

use std::io::{self, BufRead, Read};

/// A decoder of one stream, fed with slices.
pub(super) trait Steps: Send {
    /// Decodes some of `input` into `output`. `at_end` says that no more input will come.
    fn step(&mut self, input: &[u8], output: &mut [u8], at_end: bool) -> Step;

    /// Begins a further stream, which follows the one that ended.
    fn restart(&mut self) -> io::Result<()>;

    /// The first byte of every stream.
    fn first_byte(&self) -> u8;
}

/// What one step did.
pub(super) struct Step {
    pub consumed: usize,
    pub produced: usize,
    /// `Ok(true)` at the end of a stream.
    pub outcome: Result<bool, io::Error>,
}

/// A reader over concatenated streams of one kind.
pub(super) struct Stepped<S, R> {
    steps: S,
    inner: R,
    /// The last stream is complete: only padding, a further stream or the end may follow.
    between: bool,
    failed: Option<io::Error>,
    done: bool,
}

impl<S: Steps, R: BufRead> Stepped<S, R> {
    pub(super) fn new(steps: S, inner: R) -> Stepped<S, R> {
        Stepped { steps, inner, between: false, failed: None, done: false }
    }

    /// Looks at what follows a complete stream. Zero bytes are padding (tapes, xz); anything else that
    /// is no stream is damage worth a word, after everything before it was delivered.
    fn next_stream(&mut self) -> io::Result<bool> {
        loop {
            let input = self.inner.fill_buf()?;
            match input.first() {
                None => return Ok(false),
                Some(0) => {
                    let zeros = input.iter().take_while(|byte| **byte == 0).count();
                    self.inner.consume(zeros);
                }
                Some(&first) if first == self.steps.first_byte() => {
                    self.steps.restart()?;
                    self.between = false;
                    return Ok(true);
                }
                Some(_) => return Err(damage("other bytes follow its end")),
            }
        }
    }
}

/// An error that means: the format is violated.
pub(super) fn damage(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

impl<S: Steps, R: BufRead> Read for Stepped<S, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        if self.done || out.is_empty() {
            return Ok(0);
        }
        loop {
            if self.between && !self.next_stream()? {
                self.done = true;
                return Ok(0);
            }
            let input = self.inner.fill_buf()?;
            let at_end = input.is_empty();
            let step = self.steps.step(input, out, at_end);
            self.inner.consume(step.consumed);
            match step.outcome {
                Ok(ended) => self.between = ended,
                Err(error) if step.produced == 0 => {
                    self.done = true;
                    return Err(error);
                }
                Err(error) => self.failed = Some(error),
            }
            if step.produced > 0 {
                return Ok(step.produced);
            }
            if !self.between && at_end {
                self.done = true;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !self.between && step.consumed == 0 {
                self.done = true;
                return Err(damage("the decoder makes no progress"));
            }
        }
    }
}
