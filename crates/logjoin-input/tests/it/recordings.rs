//! Recordings of real proxies, where they are at hand.

use logjoin_input::{DiscoverOptions, NoteKind, ReadOptions, discover, group};

use crate::corpora::corpora;

#[test]
fn recorded_logs_are_all_read_and_none_taken_for_a_copy() {
    let Some(lab) = corpora("lab") else { return };
    let entries = std::fs::read_dir(&lab).expect("a folder");
    let mut recordings: Vec<_> = entries.flatten().map(|entry| entry.path().join("logs")).collect();
    recordings.retain(|path| path.is_dir());
    recordings.sort();
    for logs in recordings {
        let found = discover(std::slice::from_ref(&logs), &DiscoverOptions::default());
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let copies: Vec<_> =
            found.notes.iter().filter(|note| matches!(note.kind, NoteKind::SameContent { .. })).collect();
        assert!(copies.is_empty(), "{copies:?}");
        for source in group(found.files) {
            for file in &source.files {
                let mut chunks = file.open(&ReadOptions::default()).expect("it opens");
                let lines: u64 = chunks.by_ref().map(|chunk| chunk.line_count).sum();
                assert!(chunks.problem().is_none(), "{:?}", chunks.problem());
                assert_eq!(lines, chunks.tally().lines, "{}", file.name());
            }
        }
    }
}
