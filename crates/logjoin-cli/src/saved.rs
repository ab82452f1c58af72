//! A saved `analysis.json` given instead of logs: shown again in any form without reading the logs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use logjoin::Analysis;
use logjoin::analysis::SCHEMA_VERSION;

use crate::exit::Failure;

/// The saved result, if the only path is one.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Option<Analysis>, Failure> {
    let [path] = paths else { return Ok(None) };
    if !path.is_file() || !looks_saved(path) {
        return Ok(None);
    }
    let at = path.display();
    let bytes = std::fs::read(path).map_err(|e| Failure::Io(format!("{at}: cannot be read: {e}")))?;
    let version: Version = serde_json::from_slice(&bytes).map_err(|e| Failure::Io(format!("{at}: {e}")))?;
    if version.schema_version != SCHEMA_VERSION {
        return Err(Failure::Io(format!(
            "{at}: expected a result of schema version {SCHEMA_VERSION}, found {}",
            version.schema_version
        )));
    }
    let saved = serde_json::from_slice(&bytes);
    saved.map(Some).map_err(|e| Failure::Io(format!("{at}: not a whole result: {e}")))
}

#[derive(serde::Deserialize)]
struct Version {
    schema_version: u32,
}

/// A result starts with its version, however it is spaced.
fn looks_saved(path: &Path) -> bool {
    let mut head = [0; 64];
    let Ok(mut file) = File::open(path) else { return false };
    let n = file.read(&mut head).unwrap_or(0);
    let text: String = String::from_utf8_lossy(&head[..n]).split_whitespace().collect();
    text.starts_with("{\"schema_version\":")
}
