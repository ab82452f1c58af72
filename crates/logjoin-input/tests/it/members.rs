//! Files of many members are the same to the byte, whoever decompresses them: one thread, or several further on at once.

use logjoin_input::{Chunk, InputFile, LineChunks, ReadOptions, Tally};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::{compress, write};

/// Compressions whose members are decompressed side by side.
const APART: [&str; 3] = ["gzip", "zstd", "bzip2"];

/// Lines that do not compress to nothing.
fn text(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(bytes + 40);
    while out.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(format!("{state:016x} GET /{}\n", state % 97).as_bytes());
    }
    out.truncate(bytes);
    out
}

fn members(id: &str, count: u64, bytes: usize) -> Vec<u8> {
    (0..count).flat_map(|n| compress(id, &text(bytes, n))).collect()
}

fn skippable(bytes: usize) -> Vec<u8> {
    let mut frame = vec![0x5a, 0x2a, 0x4d, 0x18];
    frame.extend_from_slice(&(bytes as u32).to_le_bytes());
    frame.resize(8 + bytes, 7);
    frame
}

type Read = (Vec<Chunk>, Tally, Option<String>);

fn end(chunks: Vec<Chunk>, end: &LineChunks) -> Read {
    (chunks, end.tally(), end.problem().map(ToString::to_string))
}

fn alone(file: &InputFile, options: &ReadOptions) -> Read {
    let mut chunks = file.open(options).expect("it opens");
    let all = chunks.by_ref().collect();
    end(all, &chunks)
}

fn side_by_side(file: &InputFile, options: &ReadOptions, threads: usize) -> Read {
    let mut ahead = file.open(options).expect("it opens").ahead_on(threads);
    let all = ahead.by_ref().collect();
    end(all, &ahead.finish())
}

fn assert_same(bytes: &[u8], options: &ReadOptions, what: &str) -> Read {
    let file = InputFile::from_bytes("a", bytes);
    let one = alone(&file, options);
    for threads in [1, 2, 4] {
        let two = side_by_side(&file, options, threads);
        assert_eq!(one.2, two.2, "{what}, {threads} threads");
        assert_eq!(one.1, two.1, "{what}, {threads} threads");
        assert!(one.0 == two.0, "{what}, {threads} threads: other chunks");
    }
    one
}

fn small() -> ReadOptions {
    ReadOptions { block_bytes: 50_000, ..ReadOptions::default() }
}

#[test]
fn whole_files_padded_ones_and_those_that_other_bytes_follow() {
    for id in APART {
        let bytes = members(id, 30, 40_000);
        let whole = assert_same(&bytes, &small(), id);
        assert_eq!((whole.1.bytes, whole.2), (1_200_000, None), "{id}");
        let half = members(id, 15, 40_000);
        for (what, between) in [("zeros", vec![0; 300_000]), ("words", b"other words\n".repeat(9))] {
            let strange = [&half[..], &between, &half].concat();
            assert_same(&strange, &small(), &format!("{id}, {what} in the midst"));
            let strange = [&half[..], &between].concat();
            let read = assert_same(&strange, &small(), &format!("{id}, {what} behind"));
            assert_eq!(read.1.bytes, 600_000, "{id}");
            assert_eq!(read.2.is_none(), what == "zeros" && id != "zstd", "{id}, {what}: {:?}", read.2);
        }
    }
}

#[test]
fn cut_and_damaged_anywhere_the_same_is_read_and_said() {
    for id in APART {
        let whole = members(id, 24, 40_000);
        for at in (1..24).map(|n| whole.len() / 24 * n + 1_234 * n) {
            assert_same(&whole[..at.min(whole.len())], &small(), &format!("{id} cut at {at}"));
            let mut bytes = whole.clone();
            let at = at.min(whole.len() - 1);
            bytes[at] ^= 0x10;
            let read = assert_same(&bytes, &small(), &format!("{id} damaged at {at}"));
            // These frames have no checksum.
            assert!(read.2.is_some() || id == "zstd", "{id} damaged at {at}: unnoticed");
        }
    }
}

#[test]
fn empty_members_and_skippable_frames_are_nothing() {
    let word = text(30_000, 3);
    for id in APART {
        let (full, empty) = (compress(id, &word), compress(id, b""));
        let bytes: Vec<u8> = (0..20).flat_map(|_| [&empty[..], &full, &empty, &empty].concat()).collect();
        let read = assert_same(&bytes, &small(), id);
        assert_eq!((read.1.bytes, read.2), (600_000, None), "{id}");
        let nothing = empty.repeat(9_000);
        assert_eq!(assert_same(&nothing, &small(), id).1.bytes, 0, "{id}");
    }
    let frame = compress("zstd", &word);
    let bytes: Vec<u8> = (0..20).flat_map(|n| [skippable(n * 9_000), frame.clone()].concat()).collect();
    let read = assert_same(&bytes, &small(), "skippable");
    assert_eq!((read.1.bytes, read.2), (600_000, None));
}

#[test]
fn the_cap_is_met_at_the_same_byte() {
    for id in APART {
        let bytes = members(id, 24, 40_000);
        for cap in [1, 39_999, 40_000, 400_000, 523_456, 959_999, 960_000] {
            let options = ReadOptions { max_decompressed: cap, ..small() };
            let read = assert_same(&bytes, &options, &format!("{id} capped at {cap}"));
            assert_eq!((read.1.bytes, read.2.is_some()), (cap, cap < 960_000), "{id} capped at {cap}");
        }
    }
}

#[test]
fn what_looks_like_a_member_inside_one_is_text_of_it() {
    // Stored as it is, so that members stand in the compressed bytes of another.
    let inner = members("gzip", 12, 40_000);
    let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut stored, &inner).unwrap();
    let stored = stored.finish().unwrap();
    let bytes = [&inner[..], &stored, &inner, &stored, &stored, &inner].concat();
    let read = assert_same(&bytes, &small(), "members in members");
    let left_out = read.1.truncated_bytes + read.1.nul_bytes;
    assert_eq!((read.1.bytes + left_out, read.2), (3 * 480_000 + 3 * inner.len() as u64, None));
}

#[test]
fn large_members_among_small_ones_and_bombs() {
    for id in ["gzip", "zstd"] {
        let (few, large) = (members(id, 8, 40_000), compress(id, &b"all the same\n".repeat(1_000_000)));
        let bytes = [&few[..], &large, &few, &large, &large, &large, &large, &large, &few].concat();
        let read = assert_same(&bytes, &ReadOptions::default(), id);
        assert_eq!((read.1.bytes, read.2), (3 * 320_000 + 6 * 13_000_000, None), "{id}");
    }
}

#[test]
fn files_on_disk_and_utf16() {
    let dir = tempdir().unwrap();
    for id in APART {
        let bytes = members(id, 30, 40_000);
        write(dir.path(), id, &bytes);
        let file = InputFile::on_disk(id, dir.path().join(id)).unwrap();
        let disk = side_by_side(&file, &small(), 3);
        let memory = alone(&InputFile::from_bytes(id, bytes), &small());
        assert!(disk == memory, "{id}");

        let lines = String::from_utf8(text(300_000, 5)).unwrap();
        let wide: Vec<u8> = format!("\u{feff}{lines}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes: Vec<u8> = wide.chunks(33_333).flat_map(|part| compress(id, part)).collect();
        let read = assert_same(&bytes, &small(), id);
        assert_eq!(read.1.bytes, 300_000, "{id}");
    }
}

#[test]
fn who_goes_away_ends_all_threads() {
    let bytes = members("gzip", 60, 40_000);
    for taken in [0, 1, 5] {
        let mut ahead = InputFile::from_bytes("a", bytes.clone()).open(&small()).unwrap().ahead_on(3);
        assert_eq!(ahead.by_ref().take(taken).count(), taken);
        let rest = ahead.finish();
        assert!(rest.tally().lines < 60_000);
        drop(rest);
        drop(InputFile::from_bytes("a", bytes.clone()).open(&small()).unwrap().ahead_on(3));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_file_of_members(
        id in prop::sample::select(&APART[..2]),
        sizes in prop::collection::vec((0u64..9, 0usize..90_000), 1..30),
        cut in prop::option::of(0.0..1.0),
        flip in prop::option::of((0.0..1.0, 0u8..8)),
        block in 10_000usize..700_000,
        cap in prop::option::of(0u64..2_000_000),
    ) {
        let mut bytes = compress(id, b"it begins\n");
        for (kind, size) in &sizes {
            match kind {
                0 if id == "zstd" => bytes.extend(skippable(*size)),
                0 if *size > 80_000 => bytes.extend(vec![0; *size]),
                1 => bytes.extend(compress(id, b"")),
                _ => bytes.extend(compress(id, &text(*size, *kind))),
            }
        }
        let place = |share: f64| (bytes.len() as f64 * share) as usize;
        let (cut, flip) = (cut.map(place), flip.map(|(at, bit)| (place(at), bit)));
        if let Some((at, bit)) = flip {
            bytes[at] ^= 1 << bit;
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        let options = ReadOptions {
            block_bytes: block,
            max_decompressed: cap.unwrap_or(u64::MAX),
            ..ReadOptions::default()
        };
        assert_same(&bytes, &options, id);
    }
}
