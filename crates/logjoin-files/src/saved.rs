//! Results of logjoin among the files: told from logs by their first bytes.

/// Bytes of a file's beginning by which [`is_result`] knows.
pub const RESULT_HEAD_BYTES: usize = 256;

/// Whether these are the first bytes of a result, however it is spaced: an application's line of JSON names no such tool.
///
/// ```
/// assert!(logjoin_files::is_result(br#"{"schema_version":1,"tool":{"name":"logjoin","version":"0.1.0"},"#));
/// assert!(!logjoin_files::is_result(br#"{"schema_version":3,"level":"info","message":"started"}"#));
/// ```
pub fn is_result(head: &[u8]) -> bool {
    let text = squeezed(head);
    text.starts_with(VERSION_FIRST) && text.contains("\"tool\":{\"name\":\"logjoin\"")
}

/// Whether it may be a result of any version: they start with it; what follows may have another shape.
///
/// ```
/// assert!(logjoin_files::may_be_result(br#"{ "schema_version": 3,"#));
/// ```
pub fn may_be_result(head: &[u8]) -> bool {
    squeezed(head).starts_with(VERSION_FIRST)
}

const VERSION_FIRST: &str = "{\"schema_version\":";

fn squeezed(head: &[u8]) -> String {
    let head = &head[..head.len().min(RESULT_HEAD_BYTES)];
    String::from_utf8_lossy(head).split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_known_by_its_beginning() {
        assert!(is_result(b"{\n  \"schema_version\": 1,\n  \"tool\": {\n    \"name\": \"logjoin\",\n"));
        assert!(is_result(br#"{"schema_version":1,"tool":{"name":"logjoin","version":"0.1.0"},"inputs":["#));
        assert!(!is_result(br#"{"schema_version":3,"level":"info","message":"started"}"#));
        assert!(!is_result(b""));
    }
}
