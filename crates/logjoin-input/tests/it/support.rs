//! What the tests share: compressing, reading everything, naming what was found.

use std::io::Write;
use std::path::Path;

use logjoin_input::{COMPRESSIONS, InputFile, LineChunks, ReadOptions};

/// Line number, offset and content of every line.
pub type Numbered = Vec<(u64, u64, Vec<u8>)>;

pub fn compress(id: &str, bytes: &[u8]) -> Vec<u8> {
    let done = "compressing into memory works";
    match id {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).expect(done);
            out.finish().expect(done)
        }
        "zstd" => zstd::encode_all(bytes, 1).expect(done),
        "xz" => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
            out.write_all(bytes).expect(done);
            out.finish().expect(done)
        }
        "bzip2" => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).expect(done);
            out.finish().expect(done)
        }
        "lz4" => {
            // As the lz4 program does, but with blocks small enough for small tests.
            let info = lz4_flex::frame::FrameInfo::new()
                .block_size(lz4_flex::frame::BlockSize::Max64KB)
                .content_checksum(true);
            let mut out = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            out.write_all(bytes).expect(done);
            out.finish().expect(done)
        }
        other => panic!("{other} has no compressor here: add one"),
    }
}

pub fn ids() -> impl Iterator<Item = &'static str> {
    COMPRESSIONS.iter().map(|def| def.id)
}

pub fn drain(chunks: &mut LineChunks) -> Numbered {
    let mut lines = Vec::new();
    for chunk in chunks {
        let before = lines.len();
        lines.extend(chunk.lines().map(|(number, offset, line)| (number, offset, line.to_vec())));
        assert_eq!((lines.len() - before) as u64, chunk.line_count);
        assert_eq!(lines[before].0, chunk.first_line);
        assert_eq!(lines[before].1, chunk.offset);
    }
    lines
}

pub fn read(file: &InputFile) -> Numbered {
    let mut chunks = file.open(&ReadOptions::default()).expect("it opens");
    let lines = drain(&mut chunks);
    assert!(chunks.problem().is_none(), "{:?}", chunks.problem());
    lines
}

/// The content of all lines of a file, as text.
pub fn text(file: &InputFile) -> Vec<String> {
    read(file).into_iter().map(|(_, _, line)| String::from_utf8_lossy(&line).into_owned()).collect()
}

pub fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, bytes).expect("a file");
}

/// Names without the directory of the test.
pub fn names(files: &[InputFile], root: &Path) -> Vec<String> {
    files.iter().map(|file| below(file.name(), root)).collect()
}

pub fn below(name: &str, root: &Path) -> String {
    let root = format!("{}/", root.display());
    name.strip_prefix(&root).unwrap_or(name).to_owned()
}

/// `n` lines like those of an access log, each different.
pub fn log(n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for i in 0..n {
        let second = i % 60;
        writeln!(
            out,
            "192.0.2.{} - - [21/Nov/2026:01:50:{second:02} +0000] \"GET /item/{i} HTTP/1.1\" 200 {}",
            i % 251,
            i * 7919 % 65_521
        )
        .expect("writing into memory works");
    }
    out
}
