//! However a stream is cut, compressed or dressed, the lines are the same.

use std::io::{Cursor, Read};

use logjoin_input::{InputFile, LineChunks, ReadOptions};
use proptest::prelude::*;

use crate::support::{Numbered, compress, drain, ids};

/// The rules of `LineChunks`, told slowly.
fn expected(bytes: &[u8], max_line: usize) -> (Numbered, u64, u64) {
    let (mut lines, mut truncated, mut nuls) = (Vec::new(), 0, 0);
    let (bytes, mut offset) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, 3),
        None => (bytes, 0),
    };
    for whole in bytes.split_inclusive(|byte| *byte == b'\n') {
        let run = whole.iter().take_while(|byte| **byte == 0).count();
        let content = &whole[run..];
        let line = content.strip_suffix(b"\n").unwrap_or(content);
        nuls += run as u64;
        truncated += u64::from(line.len() > max_line);
        let kept = &line[..line.len().min(max_line)];
        // Only a run of NULs at the very end leaves no line behind.
        if !content.is_empty() {
            let kept = kept.strip_suffix(b"\r").unwrap_or(kept);
            lines.push((lines.len() as u64 + 1, offset + run as u64, kept.to_vec()));
        }
        offset += whole.len() as u64;
    }
    (lines, truncated, nuls)
}

/// Gives a few bytes per read, as pipes do.
struct Dribble(Cursor<Vec<u8>>, usize);

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(self.1);
        self.0.read(&mut out[..n])
    }
}

fn some_log() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => proptest::collection::vec(b'a'..=b'z', 0..12),
        4 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => (1usize..30).prop_map(|n| vec![0; n]),
        1 => (30usize..90).prop_map(|n| vec![b'x'; n]),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
        1 => Just(vec![0xc3, 0xa9, 0xff, 0x1b]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_lines(
        bytes in some_log(), block in 1usize..80, max_line in 1usize..40, dribble in 1usize..20,
    ) {
        // A log that begins like UTF-16 is read as such; that is another test.
        let options = ReadOptions { block_bytes: block, max_line, ..ReadOptions::default() };
        let (lines, truncated, nuls) = expected(&bytes, max_line);
        let mut chunks = LineChunks::from_reader("p", Dribble(Cursor::new(bytes.clone()), dribble), &options);
        prop_assert_eq!(drain(&mut chunks), lines);
        prop_assert_eq!(chunks.tally().truncated_lines, truncated);
        prop_assert_eq!(chunks.tally().nul_bytes, nuls);
    }

    #[test]
    fn any_compression_gives_the_same_lines(
        bytes in some_log(), cut in 0usize..200, block in 1usize..80, max_line in 1usize..40,
    ) {
        let options = ReadOptions { block_bytes: block, max_line, ..ReadOptions::default() };
        let (lines, ..) = expected(&bytes, max_line);
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        for id in ids() {
            // Two members, streams or frames, cut anywhere: one file.
            let packed = [compress(id, first), compress(id, second)].concat();
            let mut chunks = LineChunks::from_bytes("p", packed, &options);
            prop_assert_eq!(&drain(&mut chunks), &lines, "{}", id);
            prop_assert!(chunks.problem().is_none(), "{}: {:?}", id, chunks.problem());
        }
    }

    #[test]
    fn anything_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let file = InputFile::from_bytes("p", bytes);
        let _ = file.head(50);
        if let Ok(mut chunks) = file.open(&ReadOptions::default()) {
            drain(&mut chunks);
        }
    }
}

#[test]
fn chunks_hold_whole_lines_of_about_the_size_asked_for() {
    let log = crate::support::log(20_000);
    let options = ReadOptions { block_bytes: 64 * 1024, ..ReadOptions::default() };
    let mut joined = Vec::new();
    for chunk in LineChunks::from_bytes("a", log.clone(), &options) {
        assert!(chunk.bytes.len() <= 64 * 1024 && chunk.bytes.ends_with(b"\n"));
        joined.extend(chunk.bytes);
    }
    assert_eq!(joined, log);
}

#[test]
fn the_last_line_needs_no_newline() {
    let mut chunks = LineChunks::from_bytes("a", b"one\ntwo".to_vec(), &ReadOptions::default());
    assert_eq!(drain(&mut chunks), [(1, 0, b"one".to_vec()), (2, 4, b"two".to_vec())]);
    assert!(chunks.tally().unterminated);
    let mut chunks = LineChunks::from_bytes("a", b"one\n".to_vec(), &ReadOptions::default());
    drain(&mut chunks);
    assert!(!chunks.tally().unterminated);
}

#[test]
fn a_gigabyte_line_is_cut_in_bounded_memory() {
    const LEN: u64 = 1 << 30;
    let start = &b"{\"huge\":"[..];
    let rest = std::io::repeat(b'x').take(LEN - start.len() as u64);
    let reader = start.chain(rest).chain(&b"\nnext line\n"[..]);
    let options = ReadOptions { max_line: 64 * 1024, ..ReadOptions::default() };
    let mut chunks = LineChunks::from_reader("huge.json", reader, &options);
    let mut lines = Vec::new();
    for chunk in &mut chunks {
        assert!(chunk.bytes.capacity() <= 2 << 20, "{} bytes held", chunk.bytes.capacity());
        lines.extend(chunk.lines().map(|(number, offset, line)| (number, offset, line.len())));
    }
    assert_eq!(lines, [(1, 0, 64 * 1024), (2, LEN + 1, 9)]);
    let tally = chunks.tally();
    assert_eq!((tally.truncated_lines, tally.truncated_bytes), (1, LEN - 64 * 1024));
}

#[test]
fn the_gap_of_copytruncate_is_left_out_and_counted() {
    const GAP: u64 = 300 << 20;
    let log = b"192.0.2.7 GET /\n192.0.2.8 GET /\n";
    let reader = std::io::repeat(0).take(GAP).chain(&log[..]);
    let mut chunks = LineChunks::from_reader("access.log", reader, &ReadOptions::default());
    let lines = drain(&mut chunks);
    assert_eq!(lines[0], (1, GAP, b"192.0.2.7 GET /".to_vec()));
    assert_eq!(lines[1], (2, GAP + 16, b"192.0.2.8 GET /".to_vec()));
    assert_eq!((chunks.tally().nul_bytes, chunks.tally().truncated_lines), (GAP, 0));
}

#[test]
fn utf16_lines_are_utf8() {
    let utf16: Vec<u8> = "\u{feff}GET /café\r\nzwei\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16.clone(), compress("gzip", &utf16)] {
        let file = InputFile::from_bytes("iis.log", bytes);
        let lines = crate::support::text(&file);
        assert_eq!(lines, ["GET /café", "zwei"]);
        assert_eq!(file.head(100).unwrap(), "GET /café\r\nzwei\r\n".as_bytes());
    }
}

#[test]
fn a_head_is_whole_lines_and_leaves_a_stream_readable() {
    let bytes = b"\0\0\0first\nsecond\nthird\n".to_vec();
    let plain = InputFile::from_bytes("a", bytes.clone());
    let stream = InputFile::from_reader("-", Cursor::new(compress("zstd", &bytes)));
    for file in [&plain, &stream] {
        assert_eq!(file.head(15).unwrap(), b"first\nsecond\n");
        assert_eq!(file.head(3).unwrap(), b"fir");
        assert_eq!(file.head(1000).unwrap(), b"first\nsecond\nthird\n");
        assert_eq!(crate::support::text(file), ["first", "second", "third"]);
    }
    let error = stream.open(&ReadOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "-: this stream was read already (it can be read once)");
    assert!(stream.head(10).is_err());
}
