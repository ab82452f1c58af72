//! What an analysis said, reduced to what is scored.
//!
//! Paths are cut to those of the recording, and times to the milliseconds that the JSON form shows, so that scoring the value
//! and scoring its JSON come to the same figures.

use std::collections::BTreeSet;

use logjoin::Analysis;
use logjoin::analysis::{LineRef, Time};

/// The verdicts of one analysis.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Every request that was listed.
    pub failures: Vec<SaidFailure>,
    /// The episodes of all incidents.
    pub episodes: Vec<SaidEpisode>,
    /// Instance and offset of each clock that was fitted, seconds.
    pub clocks: Vec<(String, f64)>,
}

/// A request that was listed.
#[derive(Debug, Clone)]
pub struct SaidFailure {
    /// The proxy's line.
    pub at: LineRef,
    /// The cause.
    pub cause: String,
    /// The stated probability that the cause is right.
    pub confidence: f64,
    /// What the proxy saw.
    pub mechanism: String,
    /// False for what was listed but not as a gateway failure.
    pub gateway: bool,
    /// Lines said to be about this very request, with the stated probability.
    pub backend: Vec<(LineRef, f64)>,
    /// Lines said to be about the event behind it.
    pub cause_lines: BTreeSet<LineRef>,
}

/// An episode.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidEpisode {
    /// First failure, seconds since the epoch.
    pub start: f64,
    /// Last failure.
    pub end: f64,
    /// The cause.
    pub cause: String,
}

impl Said {
    /// Reads an analysis of the files below `root`; paths outside of it stay as they are.
    pub fn new(analysis: &Analysis, root: &str) -> Said {
        let prefix = format!("{}/", root.trim_end_matches('/'));
        let cut = |file: &str| file.strip_prefix(prefix.as_str()).unwrap_or(file).to_string();
        let line = |at: &LineRef| LineRef { file: cut(&at.file), line: at.line };
        let failures = analysis.failures.iter().map(|f| SaidFailure {
            at: LineRef { file: cut(&f.file), line: f.line },
            cause: f.cause.to_string(),
            confidence: f.confidence,
            mechanism: f.mechanism.to_string(),
            gateway: f.gateway,
            backend: f.backend.iter().map(|b| (line(&b.at), b.confidence)).collect(),
            cause_lines: f.cause_lines.iter().map(line).collect(),
        });
        let episodes = analysis.incidents.iter().flat_map(|i| &i.episodes).map(|e| SaidEpisode {
            start: shown(e.start),
            end: shown(e.end),
            cause: e.cause.to_string(),
        });
        let clocks = analysis.clocks.iter().filter_map(|c| Some((c.source.clone(), c.offset_s?)));
        Said { failures: failures.collect(), episodes: episodes.collect(), clocks: clocks.collect() }
    }
}

/// Seconds since the epoch, cut to milliseconds.
fn shown(t: Time) -> f64 {
    (t.0.div_euclid(1_000_000) * 1000) as f64 / 1e6
}
