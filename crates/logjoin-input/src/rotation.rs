//! Rotated files put back together: which files are one log, and in what order.
//!
//! Everything here judges names alone, so it is pure. The order that names suggest is confirmed by
//! stamps elsewhere ([`SourceFiles::reorder_by`]): `-20261120` may be the day a file was begun (rotatelogs)
//! or ended (logrotate), which changes nothing, but a name can lie.
//!
//! The trick: a name is taken apart into a stem and what rotation added, wherever it was added:
//! `access.log.1`, `access-20261120.log.gz` and `access.log` have the same stem. Some additions might as
//! well be the number of an instance (`app.1.log`, `web.1`); those join a set only if the set shows itself
//! otherwise.

mod date;
mod folders;
mod group;

pub(crate) use folders::folder_key;
pub use group::{SourceFiles, group};

use crate::compression::COMPRESSIONS;

/// What a file name says about rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationKey {
    /// The name with rotation's additions taken off: that of the file being written to.
    pub stem: String,
    /// The age that the name claims.
    pub order: RotationOrder,
    /// The addition could not be much else. If not, [`group`] looks for the file being written to, or for
    /// a compressed sibling, before it believes in rotation.
    pub certain: bool,
    /// A compression suffix was taken off.
    pub compressed: bool,
}

/// The age that a rotated name claims. Orders oldest first.
///
/// ```
/// use logjoin_input::{RotationOrder, rotation_key};
///
/// let newest = rotation_key("access.log").order;
/// let older = rotation_key("access.log.1").order;
/// let oldest = rotation_key("access.log.2.gz").order;
/// assert_eq!(newest, RotationOrder::Current);
/// assert!(oldest < older && older < newest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationOrder {
    /// A date, a count of seconds, or a TAI64N label.
    Stamped {
        /// Seconds since the epoch, dates read as UTC. For ordering only.
        seconds: i64,
        /// A count within that time (`app.2026-11-20.3.log`), rising with time.
        index: u32,
    },
    /// How many rotations ago: the larger, the older.
    Numbered(u32),
    /// Being written to.
    Current,
}

impl RotationOrder {
    fn rank(self) -> (u8, i64, u32) {
        match self {
            RotationOrder::Stamped { seconds, index } => (0, seconds, index),
            RotationOrder::Numbered(n) => (1, -i64::from(n), 0),
            RotationOrder::Current => (2, 0, 0),
        }
    }
}

impl Ord for RotationOrder {
    fn cmp(&self, other: &RotationOrder) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for RotationOrder {
    fn partial_cmp(&self, other: &RotationOrder) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Takes a file name (without directories) apart.
///
/// Understood: logrotate (`.1`, `.2.gz`, `-20261120`, `-2026112010`, `-1763632800`, with `extension` too),
/// rotatelogs and cronolog formats (`.2026-11-20`, `.2026-11-20-10_00_00`, `.1763632800`), Tomcat, logback,
/// log4j, winston and pm2 (`app.2026-11-20.0.log`), kubelet (`0.log.20261120-101112`), multilog, s6-log and
/// svlogd (`@400000006...s`, `current`), `.old`.
///
/// ```
/// use logjoin_input::rotation_key;
///
/// for name in ["error_log.1763632800", "error_log-20261120.zst", "error_log.3.bz2", "error_log.2026-11-20"] {
///     assert_eq!(rotation_key(name).stem, "error_log");
/// }
/// assert_eq!(rotation_key("localhost_access_log.2026-11-20.txt").stem, "localhost_access_log.txt");
/// assert!(!rotation_key("app.1.log").certain);
/// ```
pub fn rotation_key(name: &str) -> RotationKey {
    let (base, compressed) = without_compression(name);
    let key = |stem: String, order, certain| RotationKey { stem, order, certain, compressed };

    if let Some(order) = date::tai64n_name(base) {
        return key("current".to_owned(), order, true);
    }
    if let Some((stem, order)) = date::dated(base) {
        return key(stem, order, true);
    }
    if let Some(stem) = base.strip_suffix(".old").filter(|stem| !stem.is_empty()) {
        return key(stem.to_owned(), RotationOrder::Numbered(1), looks_like_log(stem));
    }
    if let Some((stem, n)) = numbered(base) {
        return key(stem.to_owned(), RotationOrder::Numbered(n), n < 1000 && looks_like_log(stem));
    }
    // The number before the extension: logrotate's `extension`, log4j, or an instance's number.
    if let Some((rest, extension)) = base.rsplit_once('.')
        && let Some((stem, n)) = numbered(rest)
    {
        return key(format!("{stem}.{extension}"), RotationOrder::Numbered(n), false);
    }
    key(base.to_owned(), RotationOrder::Current, true)
}

/// `access.log.gz` without `.gz`.
fn without_compression(name: &str) -> (&str, bool) {
    if let Some((base, extension)) = name.rsplit_once('.')
        && !base.is_empty()
        && COMPRESSIONS.iter().any(|def| def.extensions.contains(&extension))
    {
        return (base, true);
    }
    (name, false)
}

/// `access.log.3` as its stem and number; not `10.0.0.17`, whose stem ends in a number too.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let (stem, digits) = name.rsplit_once('.')?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let last = stem.rsplit_once('.').map_or(stem, |(_, last)| last);
    if stem.is_empty() || !matches!(digits.len(), 1..=4) || !all_digits(digits) || all_digits(last) {
        return None;
    }
    Some((stem, digits.parse().ok()?))
}

/// A number after such a name is rotation's; after others (`web.1`, `node.2`) it may be an instance's.
fn looks_like_log(stem: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    lower.contains("log")
        || matches!(extension, "txt" | "out" | "err" | "error" | "access" | "json" | "stdout" | "stderr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sure_only_after_names_of_logs() {
        for (name, stem, certain) in [
            ("access.log.1", "access.log", true),
            ("syslog.2.gz", "syslog", true),
            ("catalina.out.12", "catalina.out", true),
            ("web.1", "web", false),
            ("haproxy.log.8080", "haproxy.log", false),
            ("app.3.log", "app.log", false),
            ("access.log.old", "access.log", true),
        ] {
            let key = rotation_key(name);
            assert_eq!((key.stem.as_str(), key.certain), (stem, certain), "{name}");
            assert!(matches!(key.order, RotationOrder::Numbered(_)), "{name}");
        }
    }

    #[test]
    fn ordinary_names_are_left_alone() {
        for name in [
            "access.log",
            "app-1.log",
            "api_v2.log",
            "10.0.0.17.log",
            "node1.example.org",
            ".1",
            "1",
            "",
            "gz",
            ".gz",
        ] {
            let key = rotation_key(name);
            assert_eq!(key.stem, name, "{name}");
            assert_eq!(key.order, RotationOrder::Current, "{name}");
        }
    }
}
