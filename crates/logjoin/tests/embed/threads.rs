//! What may go from thread to thread, and be shared between them.

use logjoin::analysis::{Episode, Failure, LineRef, Time};
use logjoin::options::{FileTimes, LineAt, Zone, ZoneError};
use logjoin::parse::compile::FormatError;
use logjoin::parse::{Format, LineReader, ParseError, Record, Stamp};
use logjoin::rule::{Failed, Line, Rule, Verdict};
use logjoin::signals::{Matcher, SignalDef, SignalError};
use logjoin::{
    Analysis, CauseId, ConfigFile, Event, FileScan, FileScanner, Head, Mechanism, Options, Origin, Pattern,
    Plan, Stage,
};

fn shared<T: Send + Sync>() {}
fn sent<T: Send>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

/// It is the compiler that asserts; the test has nothing to run.
#[test]
fn public_types_are_send_and_sync() {
    shared::<Analysis>();
    shared::<(Failure, Episode, LineRef, Time)>();
    shared::<(CauseId, Mechanism, Origin)>();
    shared::<(Options, Pattern, LineAt, Zone)>();
    shared::<(Head, FileTimes, ConfigFile, Plan)>();
    shared::<(Rule, Verdict, Failed<'_>, Line<'_>)>();
    shared::<(Matcher, SignalDef)>();
    shared::<(Event<'_>, Stage)>();
    shared::<FileScan>();
    // One thread at a time reads a file; its callback need not be shared.
    sent::<FileScanner<'_>>();
    shared::<(Format, LineReader, Record<'_>, Stamp)>();
    error::<ZoneError>();
    error::<ParseError>();
    error::<FormatError>();
    error::<SignalError>();
}
