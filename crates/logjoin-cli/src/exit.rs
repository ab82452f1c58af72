//! How the program ends: the four exit codes, and errors that end it early.

use std::process::ExitCode;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// 0: everything was read, nothing matched `--fail-on`.
    Done,
    /// 3: some input could not be read, and the rest was analysed; or no proxy's access log was among it.
    Incomplete,
    /// 1: findings matched `--fail-on`. It outweighs what could not be read: that is said on standard error too.
    Found,
}

impl From<Outcome> for ExitCode {
    fn from(o: Outcome) -> ExitCode {
        ExitCode::from(match o {
            Outcome::Done => 0,
            Outcome::Found => 1,
            Outcome::Incomplete => 3,
        })
    }
}

/// Why a run ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense together: exit code 2. The message says what was expected.
    Usage(String),
    /// Nothing could be read, or the result could not be written: exit code 3.
    Io(String),
    /// Whoever read our output went away: success, and silence.
    BrokenPipe,
}

impl Failure {
    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(message.into())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Usage(_) => 2,
            Failure::Io(_) => 3,
            Failure::BrokenPipe => 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_outweighs_what_could_not_be_read() {
        assert_eq!(Outcome::Found.max(Outcome::Incomplete), Outcome::Found);
        assert_eq!(Outcome::Incomplete.max(Outcome::Done), Outcome::Incomplete);
    }
}
