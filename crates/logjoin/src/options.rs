//! What a caller may say: [`Options`], and what they are made of.

use std::collections::BTreeSet;

pub use crate::calendar::{Wall, Zone, ZoneError};
pub use crate::plan::{FileTimes, Moments};
use crate::rule::Rule;
use crate::signals::SignalDef;

/// Options of an analysis. The default suits most archives.
///
/// Versions add fields: begin with the default and set what is wanted.
///
/// ```
/// use logjoin::{Options, Pattern};
///
/// let mut options = Options { window_s: 30.0, ..Options::default() };
/// options.zones.push((Pattern::new("api-3/"), "Europe/Berlin".parse()?));
/// # Ok::<(), logjoin::options::ZoneError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// Statuses that count as gateway failures: those of which [`can_fail`] is true; others never count, and become a note.
    /// Default: 502, 503, 504.
    pub statuses: BTreeSet<i32>,
    /// Zone of sources whose stamps have none, by a pattern of the path; the first that fits wins.
    pub zones: Vec<(Pattern, Zone)>,
    /// Clock offsets that are known (the log's clock minus the reference's), seconds, by a pattern of the path.
    pub skews: Vec<(Pattern, f64)>,
    /// Lines known to be about the same moment, in pairs: they tell the offset between the clocks of their instances.
    pub anchors: Vec<(LineAt, LineAt)>,
    /// Who wrote files, by a pattern of the path; [`Product::Unknown`](logjoin_parse::Product) leaves it to the files.
    pub roles: Vec<(Pattern, logjoin_parse::Product)>,
    /// Formats, by a pattern of the path.
    pub formats: Vec<(Pattern, logjoin_parse::Format)>,
    /// Addresses of instances, by a pattern of the paths of their logs: `10.0.0.1:8080`.
    pub peers: Vec<(Pattern, String)>,
    /// Messages of your own programs and what they mean, asked before the built-in table; the rules take them as they take
    /// its entries. The first 128 count, and each that [`SignalDef::check`] finds at fault becomes a note.
    pub signals: Vec<&'static SignalDef>,
    /// Rules of your own, judged beside the built-in ones. Of equally sure verdicts the built-in one stands.
    pub rules: Vec<Rule>,
    /// Only failures from this moment on, nanoseconds since the epoch on the reference clock.
    pub since_ns: Option<i64>,
    /// Only failures before this moment.
    pub until_ns: Option<i64>,
    /// How far outside of that range requests are looked at, nanoseconds: to know what was usual, and to join. Those further
    /// away are left out in all logs alike, so that it does not matter which of them were read further. Default: all are
    /// looked at. Messages, starts and stops count wherever they are.
    pub margin_ns: Option<i64>,
    /// The year of stamps that have none, where nothing in the logs tells; usually the year in which the file was
    /// written.
    pub year: Option<i32>,
    /// How far around a failure all lines are in view when it is judged, seconds, where the logs are longer than a slice. What
    /// starts, stops and reloads is always in view. Default: 130, as a backend may answer two minutes after the proxy has
    /// given up.
    pub window_s: f64,
    /// How many rows (requests, messages) make a slice of time ([`Fold`](crate::Fold)): memory follows it. Logs with fewer
    /// are looked at as a whole. Default: 350,000.
    pub slice_rows: usize,
    /// With more requests in view than this, only those that a failure could ask for, and a sample of half as many, go through
    /// joins and rules; the others are counted. Default: 60,000.
    pub lean_rows: usize,
    /// Whether the analysis keeps how each verdict came about ([`crate::analysis::Derivation`]). Default: no.
    pub derive: bool,
    /// How many failures are kept one by one, about: of more, those that are alike (same proxy, server, status, mechanism and
    /// cause, at about the same time) are told by some of them ([`Failure::stands_for`](crate::analysis::Failure::stands_for)),
    /// so that memory does not follow their number. Counts stay exact. Default: 10,000.
    pub keep_failures: usize,
    /// How many of the kept failures are listed, the first ones; totals never change. Default: all.
    pub max_failures: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            statuses: [502, 503, 504].into(),
            zones: Vec::new(),
            skews: Vec::new(),
            anchors: Vec::new(),
            roles: Vec::new(),
            formats: Vec::new(),
            peers: Vec::new(),
            signals: Vec::new(),
            rules: Vec::new(),
            since_ns: None,
            until_ns: None,
            margin_ns: None,
            year: None,
            window_s: 130.0,
            slice_rows: 350_000,
            lean_rows: 60_000,
            derive: false,
            keep_failures: 10_000,
            max_failures: None,
        }
    }
}

impl Options {
    /// Requests that ended before the first of these moments or after the second are not looked at; none: all are.
    pub(crate) fn range_of_requests(&self) -> Option<(i64, i64)> {
        let margin = self.margin_ns.filter(|_| self.since_ns.is_some() || self.until_ns.is_some())?;
        let from = self.since_ns.map_or(i64::MIN, |s| s.saturating_sub(margin));
        let to = self.until_ns.map_or(i64::MAX, |u| u.saturating_add(margin));
        Some((from, to))
    }
}

/// Whether answers with this status may count as gateway failures ([`Options::statuses`]): 408, those from 500 on, and what
/// proxies log where there was no answer (HAProxy -1, nginx 0 and 9). Of all others only the numbers are kept, and 499 is always
/// the client's.
pub const fn can_fail(status: i32) -> bool {
    status >= 500 || matches!(status, -1 | 0 | 9 | 408)
}

/// A line of a log, named by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAt {
    /// Its file.
    pub file: Pattern,
    /// Its number in the decompressed file, from 1.
    pub line: u64,
}

/// A pattern of paths: `*` stands for any run of characters, `?` for one. It fits when it matches the whole path or
/// its end after a `/`.
///
/// ```
/// use logjoin::Pattern;
/// let p = Pattern::new("api-*/app.log");
/// assert!(p.fits("logs/api-1/app.log") && !p.fits("logs/api-1/access.log"));
/// assert!(Pattern::new("api-1/").fits("logs/api-1/app.log"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern; one that ends in `/` fits everything below that folder.
    pub fn new(text: &str) -> Pattern {
        Pattern(if text.ends_with('/') { format!("{text}*") } else { text.to_string() })
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether the pattern fits a path.
    pub fn fits(&self, path: &str) -> bool {
        let ends = std::iter::once(0).chain(path.match_indices('/').map(|(i, _)| i + 1));
        ends.into_iter().any(|i| wild(self.0.as_bytes(), &path.as_bytes()[i..]))
    }
}

/// Matches with one position to fall back to: linear in practice, never exponential.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((sp, st)) = star {
            p = sp + 1;
            t = st + 1;
            star = Some((sp, st + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(wild(b"a*b*c", b"aXXbYYc"));
        assert!(!wild(b"a*b*c", b"aXXbYY"));
        assert!(Pattern::new("*.log").fits("x/y.log"));
        assert!(Pattern::new("y.log").fits("x/y.log"));
        assert!(!Pattern::new("y.log").fits("x/xy.log"));
    }
}
