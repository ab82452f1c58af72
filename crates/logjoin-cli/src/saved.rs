//! A saved `analysis.json` given instead of logs: shown again in any form without reading the logs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use logjoin::Analysis;
use logjoin::analysis::SCHEMA_VERSION;
use logjoin_files::{RESULT_HEAD_BYTES, is_result, may_be_result};

use crate::exit::Failure;

/// The saved result, if the only path is one. Beside others it is no log, and not read as one.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Option<Analysis>, Failure> {
    let [path] = paths else {
        return match paths.iter().find(|p| p.is_file() && is_result(&head(p))) {
            Some(path) => Err(Failure::usage(format!(
                "{}: a saved result: give it alone, or hold it against another with logjoin compare",
                path.display()
            ))),
            None => Ok(None),
        };
    };
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

/// A result starts with its version; one of another version may have another shape after it.
fn looks_saved(path: &Path) -> bool {
    may_be_result(&head(path))
}

fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // What cannot be read is no result.
        let _ = file.take(RESULT_HEAD_BYTES as u64).read_to_end(&mut head);
    }
    head
}
