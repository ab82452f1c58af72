//! A saved `analysis.json` given instead of logs: shown again in any form without reading the logs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use logjoin::Analysis;
use logjoin::analysis::SCHEMA_VERSION;

use crate::exit::Failure;

/// The saved result, if the only path is one. Beside others it is no log, and not read as one.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Option<Analysis>, Failure> {
    let [path] = paths else {
        return match paths.iter().find(|p| p.is_file() && is_saved(&head(p))) {
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

/// Bytes of the beginning by which a result is known.
pub(crate) const HEAD_BYTES: usize = 256;

/// Whether these are the first bytes of a result, however it is spaced: an application's line of JSON names no such tool.
pub(crate) fn is_saved(head: &[u8]) -> bool {
    let text = squeezed(head);
    text.starts_with(VERSION_FIRST) && text.contains("\"tool\":{\"name\":\"logjoin\"")
}

const VERSION_FIRST: &str = "{\"schema_version\":";

/// A result starts with its version; one of another version may have another shape after it.
fn looks_saved(path: &Path) -> bool {
    squeezed(&head(path)).starts_with(VERSION_FIRST)
}

fn squeezed(head: &[u8]) -> String {
    let head = &head[..head.len().min(HEAD_BYTES)];
    String::from_utf8_lossy(head).split_whitespace().collect()
}

fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // What cannot be read is no result.
        let _ = file.take(HEAD_BYTES as u64).read_to_end(&mut head);
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_known_by_its_beginning() {
        assert!(is_saved(b"{\n  \"schema_version\": 1,\n  \"tool\": {\n    \"name\": \"logjoin\",\n"));
        assert!(is_saved(br#"{"schema_version":1,"tool":{"name":"logjoin","version":"0.1.0"},"inputs":["#));
        assert!(!is_saved(br#"{"schema_version":3,"level":"info","message":"started"}"#));
        assert!(!is_saved(b""));
    }
}
