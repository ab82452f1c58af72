//! Tar archives: each member a file of its own.

use std::time::{Duration, SystemTime};

use logjoin_input::{DiscoverOptions, InputFile, ReadOptions, discover, group};
use tempfile::tempdir;

use crate::support::{compress, drain, ids, log, names, text, write};

fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_795_132_800);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).expect("a member");
    }
    builder.into_inner().expect("a tar")
}

fn sample() -> Vec<u8> {
    let long = format!("{}/deep/access.log", "d".repeat(150));
    tar(&[
        ("var/log/nginx/access.log", b"newest\n".repeat(200)),
        ("var/log/nginx/access.log.1", b"older\n".repeat(200)),
        ("var/log/nginx/access.log.2.gz", compress("gzip", &b"oldest\n".repeat(200))),
        ("var/log/.hidden", b"hidden\n".to_vec()),
        ("var/log/empty.log", Vec::new()),
        (&long, b"deep\n".repeat(200)),
    ])
}

#[test]
fn members_are_files_in_any_compression() {
    for id in [None].into_iter().chain(ids().map(Some)) {
        let dir = tempdir().unwrap();
        let bytes = id.map_or_else(sample, |id| compress(id, &sample()));
        write(dir.path(), "logs.tar", bytes);
        let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
        assert!(found.problems.is_empty(), "{id:?}: {:?}", found.problems);
        let names = names(&found.files, dir.path());
        let deep = format!("logs.tar!{}/deep/access.log", "d".repeat(150));
        assert_eq!(
            names,
            [
                &deep,
                "logs.tar!var/log/empty.log",
                "logs.tar!var/log/nginx/access.log",
                "logs.tar!var/log/nginx/access.log.1",
                "logs.tar!var/log/nginx/access.log.2.gz",
            ]
        );
        let notes: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), 2, "{notes:?}");
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_132_800);
        assert!(found.files.iter().all(|file| file.is_member() && file.modified() == Some(written)));

        // A member as large as its sample, cut heads, and reading in any order.
        let oldest = &found.files[4];
        assert_eq!(oldest.compression().unwrap().id, "gzip");
        assert_eq!(oldest.head(20).unwrap(), b"oldest\noldest\n");
        let sources = group(found.files);
        let nginx = sources.iter().find(|source| source.name.ends_with("nginx/access.log")).unwrap();
        let firsts: Vec<String> = nginx.files.iter().map(|file| text(file)[0].clone()).collect();
        assert_eq!(firsts, ["oldest", "older", "newest"], "{id:?}");
        assert!(nginx.files.iter().all(|file| text(file).len() == 200));
    }
}

#[test]
fn a_cut_archive_gives_members_up_to_the_cut() {
    let logs: Vec<Vec<u8>> =
        (0..4).map(|n| [vec![b'0' + n; 9], log(4_000), vec![b'0' + n; 9]].concat()).collect();
    let bytes = tar(&[
        ("a.log", logs[0].clone()),
        ("b.log", logs[1].clone()),
        ("c.log", logs[2].clone()),
        ("d.log", logs[3].clone()),
    ]);
    for id in [None, Some("gzip"), Some("zstd")] {
        let dir = tempdir().unwrap();
        // Cut before compressing: the compressed stream is whole, the archive is not.
        let cut = &bytes[..bytes.len() * 6 / 10];
        write(dir.path(), "logs.tar", id.map_or_else(|| cut.to_vec(), |id| compress(id, cut)));
        let found = discover(&[dir.path().join("logs.tar")], &DiscoverOptions::default());
        assert_eq!(names(&found.files, dir.path()), ["logs.tar!a.log", "logs.tar!b.log", "logs.tar!c.log"]);
        assert!(found.problems.iter().all(|problem| problem.is_truncated()), "{:?}", found.problems);
        assert_eq!(found.problems.is_empty(), id.is_none(), "only unpacking comes to the cut while listing");

        assert_eq!(text(&found.files[1]).len(), 4_001);
        let mut chunks = found.files[2].open(&ReadOptions::default()).unwrap();
        let lines = drain(&mut chunks).len();
        assert!((100..4_000).contains(&lines), "{lines}");
        let problem = chunks.problem().expect("the member is cut");
        assert!(problem.is_truncated() && problem.path().ends_with("logs.tar!c.log"), "{problem}");
    }
}

#[test]
fn a_cut_compression_around_an_archive_names_its_byte() {
    let bytes = compress("gzip", &tar(&[("a.log", log(20_000)), ("b.log", log(20_000))]));
    let dir = tempdir().unwrap();
    write(dir.path(), "logs.tgz", &bytes[..bytes.len() / 3]);
    let found = discover(&[dir.path().join("logs.tgz")], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["logs.tgz!a.log"]);
    let problem = found.problems[0].to_string();
    assert!(problem.contains(&format!("at byte {}: the gzip data ends early", bytes.len() / 3)), "{problem}");
    let mut chunks = found.files[0].open(&ReadOptions::default()).unwrap();
    assert!(drain(&mut chunks).len() > 10_000);
    assert!(chunks.problem().unwrap().is_truncated());
}

#[test]
fn bombs_inside_archives_stop_at_the_cap() {
    let zeros = vec![b'z'; 3_000_000];
    let bytes = compress("gzip", &tar(&[("a.log", zeros.clone()), ("b.log.gz", compress("gzip", &zeros))]));
    let dir = tempdir().unwrap();
    write(dir.path(), "logs.tgz", bytes);
    let small = DiscoverOptions { max_decompressed: 1_000_000, ..Default::default() };
    let found = discover(&[dir.path().to_owned()], &small);
    assert!(found.problems[0].is_too_large(), "{:?}", found.problems);

    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    let options = ReadOptions { max_decompressed: 1_000_000, ..Default::default() };
    for file in &found.files {
        let mut chunks = file.open(&options).unwrap();
        drain(&mut chunks);
        assert!(chunks.problem().is_some_and(|problem| problem.is_too_large()), "{}", file.name());
        assert_eq!(chunks.tally().bytes, 1_000_000);
    }
}

#[test]
fn the_last_of_members_with_one_name_counts_and_nested_archives_are_problems() {
    let grown = tar(&[
        ("a.log", b"one\n".to_vec()),
        ("a.log", b"one\ntwo\n".to_vec()),
        ("inner.tar", tar(&[("x.log", b"x\n".to_vec())])),
    ]);
    let dir = tempdir().unwrap();
    write(dir.path(), "logs.tar", grown);
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["logs.tar!a.log"]);
    assert_eq!(text(&found.files[0]), ["one", "two"]);
    let problem = found.problems[0].to_string();
    assert!(problem.contains("inner.tar: an archive inside an archive"), "{problem}");
    assert!(problem.contains("unpack the outer one first"), "{problem}");
}

#[test]
fn gzip_remembers_when_the_original_was_written() {
    let mut out =
        flate2::GzBuilder::new().mtime(1_795_132_800).write(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, b"x\n").unwrap();
    let file = InputFile::from_bytes("a.gz", out.finish().unwrap());
    assert_eq!(file.packed_modified(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_132_800)));
    assert_eq!(InputFile::from_bytes("a", b"x\n".to_vec()).packed_modified(), None);
}
