//! The same lines give the same records, compressed or not, in any number of streams, in blocks of any size.

use std::io::Write;

use logjoin::{FileScanner, Head, Options, finish, plan};
use logjoin_input::{COMPRESSIONS, InputFile, ReadOptions};
use proptest::prelude::*;

use crate::world::{json, recordings};

const DONE: &str = "compressing into memory works";

fn compress(id: &str, bytes: &[u8]) -> Vec<u8> {
    match id {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).expect(DONE);
            out.finish().expect(DONE)
        }
        "zstd" => zstd::encode_all(bytes, 1).expect(DONE),
        "xz" => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
            out.write_all(bytes).expect(DONE);
            out.finish().expect(DONE)
        }
        "bzip2" => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).expect(DONE);
            out.finish().expect(DONE)
        }
        "lz4" => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(bytes).expect(DONE);
            out.finish().expect(DONE)
        }
        other => panic!("{other} has no compressor here: add one"),
    }
}

/// Compressed in one stream, or in two, one after the other, cut anywhere.
fn packed(id: &str, bytes: &[u8], cut: Option<usize>) -> Vec<u8> {
    match cut {
        None => compress(id, bytes),
        Some(at) => [compress(id, &bytes[..at]), compress(id, &bytes[at..])].concat(),
    }
}

/// What the engine says of one file.
fn analysis(stored: Vec<u8>, block_bytes: usize) -> String {
    let file = InputFile::from_bytes("app/app.log", stored);
    let head = Head {
        path: file.name().to_owned(),
        bytes: file.head(64 * 1024).expect("a head"),
        ..Head::default()
    };
    let plan = plan(vec![head], Vec::new(), Options::default());
    let mut scanner = FileScanner::new(&plan, 0);
    let mut chunks = file.open(&ReadOptions { block_bytes, ..ReadOptions::default() }).expect("it opens");
    for chunk in &mut chunks {
        scanner.push(chunk.first_line, &chunk.bytes);
    }
    assert!(chunks.problem().is_none(), "{:?}", chunks.problem());
    let analysis = finish(&plan, vec![scanner.finish()]);
    assert!(analysis.ledger.holds(), "{:?}", analysis.ledger);
    json(&analysis)
}

#[test]
fn traces_of_every_language_are_one_event_in_any_compression_and_block() {
    let text = std::fs::read(crate::world::fixtures().join("archives/traces.log")).expect("the fixture");
    let plain = analysis(text.clone(), 1 << 20);
    // A few lines per block, a few bytes, one byte: every event runs over borders.
    for block in [1, 7, 64, 333, 4096] {
        assert!(analysis(text.clone(), block) == plain, "blocks of {block} bytes");
        for def in COMPRESSIONS {
            for cut in [None, Some(text.len() / 3)] {
                let stored = packed(def.id, &text, cut);
                assert!(analysis(stored, block) == plain, "{} in blocks of {block} bytes", def.id);
            }
        }
    }
}

#[test]
fn recordings_give_the_same_whatever_they_are_stored_in() {
    let (name, world) = recordings("scenarios").into_iter().next().expect("a recording");
    for file in world.logs.iter().filter(|f| !f.bytes.is_empty()) {
        let plain = analysis(file.bytes.clone(), 1 << 20);
        for def in COMPRESSIONS {
            let stored = packed(def.id, &file.bytes, Some(file.bytes.len() / 2));
            assert!(analysis(stored, 10_000) == plain, "{name}: {}: {}", file.path, def.id);
        }
    }
}

/// Lines of logs, traces and of nothing known, with every way to end a line.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let samples: Vec<Vec<u8>> = [
        "192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET /a HTTP/1.1\" 502 1 \"-\" \"-\"",
        "2026-11-21 01:50:53,018 ERROR [shop.web] failed",
        "Traceback (most recent call last):",
        "  File \"/a.py\", line 3, in f",
        "KeyError: 'x'",
        "panic: boom",
        "goroutine 1 [running]:",
        "Nov 21 02:08:55 lb1 haproxy[1]: Proxy x started.",
        "2026-11-20T10:00:00.1Z stdout P GET /a",
        "2026-11-20T10:00:00.1Z stdout F b",
        "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T10:00:00.1Z\"}",
        "",
        "\u{fffd}junk",
    ]
    .iter()
    .map(|s| s.as_bytes().to_vec())
    .chain([vec![0; 40], vec![b'x'; 3000], vec![0xff, 0xfe, 0x80]])
    .collect();
    let end = prop_oneof![8 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b"\r"[..])];
    let line = (proptest::sample::select(samples), end).prop_map(|(line, end)| [&line[..], end].concat());
    (proptest::collection::vec(line, 0..40), any::<bool>()).prop_map(|(all, ended)| {
        let mut bytes = all.concat();
        if !ended {
            bytes.pop();
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_in_any_compression_and_block(
        text in lines(),
        block in 1_usize..5000,
        which in 0..COMPRESSIONS.len(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let plain = analysis(text.clone(), 1 << 20);
        prop_assert_eq!(&analysis(text.clone(), block), &plain);
        let at = cut.index(text.len() + 1);
        prop_assert_eq!(&analysis(packed(COMPRESSIONS[which].id, &text, Some(at)), block), &plain);
    }
}
