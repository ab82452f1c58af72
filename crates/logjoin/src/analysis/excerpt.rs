//! The text of the lines that belong to failed requests, so that a report can show them side by side without the logs.

use serde::{Deserialize, Serialize};

use super::{LineRef, Time};

/// One line that belongs to a failed request, as far as it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Excerpt {
    /// Where it stands.
    #[serde(flatten)]
    pub at: LineRef,
    /// Name of the instance that wrote it.
    pub instance: String,
    /// When, on the reference clock; for a request its end. The earliest moment that its stamp allows.
    pub time: Time,
    /// How much later it may have been, seconds: the precision of its stamp and of its clock.
    pub within_s: f64,
    /// A message without its stamp, or a request as `METHOD target → status in duration`; control characters escaped, cut at 200
    /// characters.
    pub text: String,
}
