//! How a verdict came about, step by step: what `explain` prints.

use serde::{Deserialize, Serialize};

use super::LineRef;
use crate::vocabulary::CauseId;

/// How the verdict on one failure came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Derivation {
    /// Its id.
    pub failure: String,
    /// Recognised messages of the server near the failure, in order of time.
    pub signals: Vec<NearSignal>,
    /// Lines of the server for the same path, near the failure, that were not joined to it.
    pub rejected: Vec<RejectedLine>,
    /// Every rule, in the order of the table; then those of the caller's own.
    pub rules: Vec<RuleOutcome>,
    /// From the argument to the stated probability, and what other failures changed.
    pub weighing: Vec<String>,
    /// What would change the verdict, one sentence each.
    pub would_change: Vec<String>,
}

/// A recognised message near a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NearSignal {
    /// Its line.
    pub at: LineRef,
    /// What it means: the stable id of the meaning.
    pub meaning: String,
    /// Seconds from the end of the request; negative: before it.
    pub offset_s: f64,
}

/// A line that could have been the request's, and why it is not taken for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RejectedLine {
    /// The line.
    pub at: LineRef,
    /// Why not.
    pub why: String,
}

/// What one rule said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuleOutcome {
    /// The cause that it mostly gives.
    pub rule: CauseId,
    /// Its id, where it is one of the caller's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own: Option<String>,
    /// The cause that it gave here, if it fired.
    pub fired: Option<CauseId>,
    /// How sure its argument is by itself, 0 to 1; 0 if it did not fire.
    pub strength: f64,
    /// What speaks for it, or the first condition that is missing.
    pub why: String,
}
