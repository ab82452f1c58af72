//! The same lines under two names are read once.

use logjoin_input::{DiscoverOptions, NoteKind, discover};
use tempfile::tempdir;

use crate::support::{below, compress, log, names, write};

#[test]
fn a_rotated_file_and_its_compressed_copy_are_one() {
    for lines in [3, 30, 3_000] {
        let dir = tempdir().unwrap();
        let log = log(lines);
        write(dir.path(), "access.log.1", &log);
        write(dir.path(), "access.log.1.gz", compress("gzip", &log));
        write(dir.path(), "access.log.1.zst", compress("zstd", &log));
        let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
        assert_eq!(names(&found.files, dir.path()), ["access.log.1"], "{lines} lines");
        let kept = dir.path().join("access.log.1").display().to_string();
        assert!(found.notes.iter().all(|note| note.kind == NoteKind::SameContent { kept: kept.clone() }));
        assert_eq!(found.notes.len(), 2);

        let all = DiscoverOptions { notice_copies: false, ..Default::default() };
        assert_eq!(discover(&[dir.path().to_owned()], &all).files.len(), 3);
    }
}

#[test]
fn copies_in_other_folders_and_archives_are_one() {
    let dir = tempdir().unwrap();
    let log = log(2_000);
    write(dir.path(), "logs/access.log", &log);
    write(dir.path(), "backup/access.log", &log);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(log.len() as u64);
    builder.append_data(&mut header, "access.log", log.as_slice()).unwrap();
    write(dir.path(), "all.tar.xz", compress("xz", &builder.into_inner().unwrap()));
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["backup/access.log"]);
    let others: Vec<String> = found.notes.iter().map(|note| below(&note.path, dir.path())).collect();
    assert_eq!(others, ["all.tar.xz!access.log", "logs/access.log"]);
}

#[test]
fn versions_of_a_configuration_are_no_copies() {
    let dir = tempdir().unwrap();
    let text = "    server app-1 192.0.2.11:8080\n".repeat(40);
    for name in ["haproxy.cfg", "haproxy.cfg.20261121T090021Z", "haproxy.cfg.20261121T090112Z"] {
        write(dir.path(), name, &text);
    }
    write(dir.path(), "copy/haproxy.cfg", &text);
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    // The copy in another folder is one of the first.
    assert_eq!(found.files.len(), 3, "{:?}", names(&found.files, dir.path()));
    assert_eq!(found.notes.len(), 1);
}

#[test]
fn files_that_only_begin_alike_are_two() {
    let dir = tempdir().unwrap();
    let log = log(5_000);
    write(dir.path(), "b.log", [&log[..], b"one more\n"].concat());
    write(dir.path(), "c.log.gz", compress("gzip", &[&log[..], b"two more\n"].concat()));
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["b.log", "c.log.gz"]);
}

#[test]
fn an_older_copy_of_a_log_that_grew_is_not_read_twice() {
    let dir = tempdir().unwrap();
    let all = log(5_000);
    let older = log(4_000);
    write(dir.path(), "logs/access.log", &all);
    write(dir.path(), "logs/access.log.bak", &older);
    write(dir.path(), "backup/access.log.gz", compress("gzip", &log(3_000)));
    // Compression was interrupted.
    let packed = compress("zstd", &older);
    write(dir.path(), "logs/access.log.1.zst", &packed[..packed.len() / 2]);
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["logs/access.log"]);
    let kept = dir.path().join("logs/access.log").display().to_string();
    assert_eq!(found.notes.len(), 3, "{:?}", found.notes);
    for note in &found.notes {
        let NoteKind::Beginning { kept: longer } = &note.kind else { panic!("{note}") };
        // A beginning of a beginning is told of whichever it was compared with first.
        assert!(*longer == kept || found.notes.iter().any(|n| n.path == *longer), "{note}");
    }
}

#[test]
fn short_files_that_begin_another_log_are_its_own() {
    let dir = tempdir().unwrap();
    let banner = log(20);
    write(dir.path(), "app1/stdout.log", &banner);
    write(dir.path(), "app2/stdout.log", [&banner[..], b"more\n"].concat());
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(found.files.len(), 2, "{:?}", found.notes);
}

#[test]
fn two_instances_that_wrote_the_same_few_lines_are_two() {
    let dir = tempdir().unwrap();
    write(dir.path(), "app1/stdout.log", "listening on :8080\n");
    write(dir.path(), "app2/stdout.log", "listening on :8080\n");
    write(dir.path(), "app3/stdout.log", "");
    write(dir.path(), "app4/stdout.log", "");
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(found.files.len(), 4);
    assert!(found.notes.iter().all(|note| note.kind == NoteKind::Empty));
}

#[test]
fn a_damaged_copy_is_read_only_where_it_has_more() {
    let dir = tempdir().unwrap();
    let all = log(5_000);
    let packed = compress("gzip", &all);
    write(dir.path(), "a.log", log(100));
    write(dir.path(), "a.log.gz", &packed[..packed.len() / 2]);
    let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
    assert_eq!(names(&found.files, dir.path()), ["a.log.gz"]);
}
