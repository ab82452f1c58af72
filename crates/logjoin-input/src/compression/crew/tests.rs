//! Files of many members are the same to the byte, whoever decompresses them: one thread, or several further on at once.

use std::io::{Read, Write};

use proptest::prelude::*;
use tempfile::tempdir;

use super::*;
use crate::compression::piece::MOST;
use crate::compression::{COMPRESSIONS, Unpacked};
use crate::{Chunk, InputFile, LineChunks, ReadOptions, Tally};

/// Compressions whose members are decompressed side by side.
const APART: [&str; 2] = ["gzip", "zstd"];

fn gzip(text: &[u8], level: u32) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

fn compress(id: &str, text: &[u8]) -> Vec<u8> {
    if id == "gzip" { gzip(text, 1) } else { ::zstd::encode_all(text, 1).unwrap() }
}

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

type Done = (Vec<Chunk>, Tally, Option<String>);

fn end(chunks: Vec<Chunk>, end: &LineChunks) -> Done {
    (chunks, end.tally(), end.problem().map(ToString::to_string))
}

fn alone(file: &InputFile, options: &ReadOptions) -> Done {
    let mut chunks = file.open(options).expect("it opens");
    let all = chunks.by_ref().collect();
    end(all, &chunks)
}

/// By so many, somebody being hungry all the time.
fn side_by_side(file: &InputFile, options: &ReadOptions, decoders: usize) -> Done {
    let mut chunks = file.open(options).expect("it opens");
    let crew = Arc::clone(chunks.crew().expect("it is of members"));
    crew.employ(decoders);
    let next = || {
        encourage(&crew);
        chunks.next()
    };
    let all = std::iter::from_fn(next).collect();
    end(all, &chunks)
}

/// Whoever was called gets a chance to begin.
fn encourage(crew: &Crew) {
    crew.hungry();
    while !crew.lock().helpers.is_empty() && crew.lock().next == 0 {
        std::thread::yield_now();
    }
}

fn assert_same(bytes: &[u8], options: &ReadOptions, what: &str) -> Done {
    let file = InputFile::from_bytes("a", bytes);
    let one = alone(&file, options);
    if bytes.len() < 10 {
        return one;
    }
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
    let stored = gzip(&inner, 0);
    let bytes = [&inner[..], &stored, &inner, &stored, &stored, &inner].concat();
    let read = assert_same(&bytes, &small(), "members in members");
    let left_out = read.1.truncated_bytes + read.1.nul_bytes;
    assert_eq!((read.1.bytes + left_out, read.2), (3 * 480_000 + 3 * inner.len() as u64, None));
}

#[test]
fn large_members_among_small_ones_and_bombs() {
    for id in APART {
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
        std::fs::write(dir.path().join(id), &bytes).unwrap();
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
        let mut chunks = InputFile::from_bytes("a", bytes.clone()).open(&small()).unwrap();
        let crew = Arc::clone(chunks.crew().unwrap());
        crew.employ(3);
        for _ in 0..taken {
            encourage(&crew);
            assert!(chunks.next().is_some());
        }
        drop(chunks);
        assert!(crew.lock().helpers.is_empty());
        // Nobody else holds it: they are gone.
        assert_eq!(Arc::strong_count(&crew), 1);
        drop(InputFile::from_bytes("a", bytes.clone()).open(&small()).unwrap().ahead_on(3));
    }
}

#[test]
fn chunks_ahead_are_those_of_one_thread() {
    for id in APART {
        let file = InputFile::from_bytes("a", members(id, 60, 40_000));
        let mut ahead = file.open(&small()).unwrap().ahead_on(3);
        let all = ahead.by_ref().collect();
        assert!(end(all, &ahead.finish()) == alone(&file, &small()), "{id}");
    }
}

/// Reads a gzip file by two, somebody being hungry all the time.
fn read(bytes: &[u8]) -> (Vec<u8>, Arc<Crew>) {
    let stored = Stored::Memory(bytes.into());
    let crew = Arc::new(Crew::new(stored.clone(), COMPRESSIONS[0].apart.as_ref().unwrap()));
    crew.employ(2);
    let mut raw = Source::new(stored.reader(0));
    raw.set_crew(&crew);
    let (mut stream, _) = Unpacked::open(raw, u64::MAX).unwrap();
    let (mut out, mut block) = (Vec::new(), vec![0; 10_000]);
    loop {
        encourage(&crew);
        match stream.read(&mut block).unwrap() {
            0 => return (out, crew),
            n => out.extend_from_slice(&block[..n]),
        }
    }
}

#[test]
fn text_made_by_others_is_taken_and_nothing_is_made_in_vain() {
    // As it is, so that there is much of it.
    let part = [b"words and words\n".repeat(2_000), vec![b'x'; 9]].concat();
    let (out, crew) = read(&gzip(&part, 0).repeat(40));
    assert!(out == part.repeat(40));
    let state = crew.lock();
    assert!(state.next > 0);
    assert_eq!((state.wasted, state.pieces.len()), (0, 0));
}

#[test]
fn few_guesses_are_made_in_vain() {
    // Each member holds what looks like members and is none.
    let part = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff][..], &vec![b'x'; 90_000]].concat();
    let (out, crew) = read(&gzip(&part.repeat(3), 0).repeat(20));
    assert!(out == part.repeat(60));
    assert!(crew.lock().wasted <= MOST_WASTED + 3);
    // One member is no reason to look for others.
    let (out, crew) = read(&gzip(&part.repeat(60), 0));
    assert!(out == part.repeat(60));
    assert_eq!(crew.lock().next, 0);
}

#[test]
fn members_that_are_too_large_are_given_up() {
    let large = gzip(&vec![b'x'; MOST + ENOUGH as usize + 1], 6);
    let (out, crew) = read(&large.repeat(10));
    assert_eq!(out.len(), 10 * (MOST + ENOUGH as usize + 1));
    assert!(crew.lock().spare.is_empty());
    let full = gzip(&vec![b'x'; MOST], 6);
    let (_, crew) = read(&full.repeat(10));
    assert_eq!(crew.lock().wasted, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_file_of_members(
        id in prop::sample::select(&APART[..]),
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
