//! Damaged, cut and hostile archives: what is readable is read, and the rest has a reason.

use std::io::Write;

use logjoin_input::{InputFile, LineChunks, Place, ReadOptions};

use crate::support::{compress, drain, ids, log};

#[test]
fn a_cut_archive_gives_its_lines_up_to_the_cut() {
    let log = log(30_000);
    let whole: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    for id in ids() {
        let packed = compress(id, &log);
        let cut = packed.len() * 3 / 4;
        let mut chunks = LineChunks::from_bytes("old.log", packed[..cut].to_vec(), &ReadOptions::default());
        let lines = drain(&mut chunks);
        // bzip2 works in blocks of 100 kB and xz may hold back its window; all give at least half.
        assert!(lines.len() > 15_000, "{id}: {} lines", lines.len());
        let (last, before) = lines.split_last().unwrap();
        assert!(before.iter().zip(&whole).all(|(line, whole)| line.2 == *whole), "{id}");
        assert!(whole[before.len()].starts_with(&last.2), "{id}");
        let problem = chunks.problem().expect("the cut is noticed");
        assert!(problem.is_truncated(), "{id}: {problem}");
        assert_eq!(problem.place(), Some(Place::Byte(cut as u64)), "{id}");
        let message =
            format!("old.log: at byte {cut}: the {id} data ends early (what was readable before it is kept)");
        assert_eq!(problem.to_string(), message);
    }
}

#[test]
fn a_damaged_archive_names_the_byte() {
    let log = log(30_000);
    for id in ids() {
        let mut packed = compress(id, &log);
        let at = packed.len() / 2;
        for byte in &mut packed[at..at + 64] {
            *byte = !*byte;
        }
        let mut chunks = LineChunks::from_bytes("old.log", packed, &ReadOptions::default());
        let lines = drain(&mut chunks);
        let problem = chunks.problem().unwrap_or_else(|| panic!("{id}: damage went unnoticed"));
        assert!(problem.is_corrupt() || problem.is_truncated(), "{id}: {problem}");
        assert!(matches!(problem.place(), Some(Place::Byte(n)) if n > 0), "{id}: {problem}");
        // LZ4 without checksums of its blocks goes on until something contradicts itself.
        assert!(lines.len() > 5_000, "{id}: {} lines before {problem}", lines.len());
    }
}

#[test]
fn what_follows_an_archive_is_told_and_padding_is_not() {
    for id in ["gzip", "xz", "bzip2", "lz4"] {
        let packed = compress(id, b"line\n");
        let mut chunks =
            LineChunks::from_bytes("a", [&packed[..], b"garbage here"].concat(), &ReadOptions::default());
        assert_eq!(drain(&mut chunks).len(), 1, "{id}");
        assert!(chunks.problem().expect("garbage is told").is_corrupt(), "{id}");
    }
    for id in ["gzip", "xz", "bzip2"] {
        let packed = compress(id, b"line\n");
        let mut chunks =
            LineChunks::from_bytes("a", [&packed[..], &[0; 512]].concat(), &ReadOptions::default());
        assert_eq!(drain(&mut chunks).len(), 1, "{id}");
        assert!(chunks.problem().is_none(), "{id}");
    }
}

#[test]
fn a_bomb_stops_at_the_cap_and_keeps_the_lines_before() {
    let line = b"the same line again and again and again and again and again and again\n";
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..400_000 {
        bomb.write_all(line).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 200_000);
    let options = ReadOptions { max_decompressed: 1_000_000, ..ReadOptions::default() };
    let mut chunks = LineChunks::from_bytes("bomb.gz", bomb, &options);
    let lines = drain(&mut chunks);
    assert_eq!(lines.len(), 1_000_000usize.div_ceil(line.len()));
    let problem = chunks.problem().expect("the cap is told");
    assert!(problem.is_too_large());
    assert_eq!(
        problem.to_string(),
        "bomb.gz: stopped at 1000000 bytes of text, the limit (the lines before were read)"
    );
    // Plain files are as large as they are.
    let plain = LineChunks::from_bytes("plain", log(50_000), &options);
    assert_eq!(plain.map(|chunk| chunk.line_count).sum::<u64>(), 50_000);
}

#[test]
fn zstd_frames_may_be_skippable_and_lz4_frames_legacy() {
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    for id in ["zstd", "lz4"] {
        let packed = compress(id, b"line\n");
        let mixed = [&packed[..], &skippable, &packed].concat();
        let file = InputFile::from_bytes("a", mixed);
        assert_eq!(crate::support::text(&file), ["line", "line"], "{id}");
    }
    let first = [&skippable[..], &compress("zstd", b"line\n")].concat();
    assert_eq!(crate::support::text(&InputFile::from_bytes("a", first)), ["line"]);
    // A block of literals only, after the magic and its length.
    let block = [&[0x50][..], b"line\n"].concat();
    let legacy = [&[0x02, 0x21, 0x4c, 0x18, 6, 0, 0, 0][..], &block].concat();
    assert_eq!(crate::support::text(&InputFile::from_bytes("a", legacy)), ["line"]);
}

#[test]
fn a_long_window_is_allowed() {
    let log = log(40_000);
    let mut out = zstd::Encoder::new(Vec::new(), 1).unwrap();
    out.window_log(28).unwrap();
    out.long_distance_matching(true).unwrap();
    out.write_all(&log).unwrap();
    let file = InputFile::from_bytes("a", out.finish().unwrap());
    assert_eq!(crate::support::read(&file).len(), 40_000);
}

#[test]
fn a_failing_reader_is_an_io_problem_with_the_lines_before() {
    struct Fails;
    impl std::io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the cable is out"))
        }
    }
    use std::io::Read;
    for bytes in [b"one\ntwo\n".to_vec(), compress("gzip", b"one\ntwo\n")[..20].to_vec()] {
        let reader = std::io::Cursor::new(bytes).chain(Fails);
        let mut chunks = LineChunks::from_reader("nfs/a.log", reader, &ReadOptions::default());
        assert!(!drain(&mut chunks).is_empty());
        let problem = chunks.problem().expect("a problem");
        assert_eq!(problem.to_string(), "nfs/a.log: the cable is out (while reading it)");
    }
}
