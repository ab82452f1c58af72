//! Directories, patterns, links, things that are no logs.

use std::path::PathBuf;

use logjoin_input::{DiscoverOptions, Discovery, NoteKind, discover};
use tempfile::{TempDir, tempdir};

use crate::support::{below, compress, names, text, write};

fn tree() -> TempDir {
    let dir = tempdir().unwrap();
    for name in [
        "z.log",
        "nginx/access.log",
        "nginx/old/access.log.1",
        "app/a.log",
        "app/b.txt",
        ".git/x.log",
        "app/.b.swp",
    ] {
        write(dir.path(), name, format!("{name}\n"));
    }
    dir
}

fn find(dir: &TempDir, arguments: &[&str]) -> Discovery {
    let paths: Vec<PathBuf> = arguments
        .iter()
        .map(|argument| if *argument == "-" { PathBuf::from("-") } else { dir.path().join(argument) })
        .collect();
    discover(&paths, &DiscoverOptions::default())
}

#[test]
fn a_directory_is_walked_in_order_without_what_is_hidden() {
    let dir = tree();
    let found = find(&dir, &[""]);
    let expected = ["app/a.log", "app/b.txt", "nginx/access.log", "nginx/old/access.log.1", "z.log"];
    assert_eq!(names(&found.files, dir.path()), expected);
    let hidden: Vec<String> = found.notes.iter().map(|note| below(&note.path, dir.path())).collect();
    assert_eq!(hidden, [".git", "app/.b.swp"]);
    assert!(found.notes.iter().all(|note| note.kind == NoteKind::Hidden));

    let all = DiscoverOptions { hidden: true, ..Default::default() };
    assert_eq!(discover(&[dir.path().to_owned()], &all).files.len(), 7);
    // What is named is read.
    assert_eq!(text(&find(&dir, &["app/.b.swp"]).files[0]), ["app/.b.swp"]);
}

#[test]
fn patterns_are_matched_here_when_the_shell_did_not() {
    let dir = tree();
    for (pattern, expected) in [
        ("*.log", &["z.log"][..]),
        ("*/*.log", &["app/a.log", "nginx/access.log"]),
        ("**/*.log*", &["app/a.log", "nginx/access.log", "nginx/old/access.log.1", "z.log"]),
        ("n*", &["nginx/access.log", "nginx/old/access.log.1"]),
        ("app/{a,b}.*", &["app/a.log", "app/b.txt"]),
        ("app/[ab].log", &["app/a.log"]),
        (".g*/*.log", &[".git/x.log"]),
    ] {
        let found = find(&dir, &[pattern]);
        assert_eq!(names(&found.files, dir.path()), expected, "{pattern}");
        assert!(found.problems.is_empty(), "{pattern}: {:?}", found.problems);
    }
    let found = find(&dir, &["*.nothing", "a[", "missing.log"]);
    let problems: Vec<String> = found.problems.iter().map(|it| below(&it.to_string(), dir.path())).collect();
    assert_eq!(problems[0], "*.nothing: no file matches (expected a pattern such as 'logs/**/*.log*')");
    assert!(problems[1].starts_with("a[: not a pattern: "), "{problems:?}");
    assert_eq!(problems[2], "missing.log: not found (expected a file, a directory, a pattern or -)");
    assert!(found.problems[0].is_not_found() && found.problems[2].is_not_found());
}

#[test]
fn a_name_that_looks_like_a_pattern_is_a_name_first() {
    let dir = tempdir().unwrap();
    write(dir.path(), "a[1].log", "x\n");
    write(dir.path(), "a1.log", "y\n");
    assert_eq!(names(&find(&dir, &["a[1].log"]).files, dir.path()), ["a[1].log"]);
}

#[test]
fn the_order_of_arguments_does_not_show() {
    let dir = tree();
    let one = find(&dir, &["nginx", "app/../nginx/access.log", "z.log", "app", "-"]);
    let other = find(&dir, &["-", "z.log", "app", "app/../nginx/access.log", "nginx"]);
    let names_of = |found: &Discovery| names(&found.files, dir.path());
    assert_eq!(names_of(&one), names_of(&other));
    assert_eq!(one.notes, other.notes);
    let same = one.notes.iter().find(|note| matches!(note.kind, NoteKind::SamePath { .. })).unwrap();
    assert_eq!(below(&same.to_string(), dir.path()), {
        let kept = dir.path().join("nginx/access.log");
        format!("app/../nginx/access.log: the same file as {}, read once", kept.display())
    });
    assert_eq!(names_of(&one)[0], "-");
}

#[test]
fn what_is_no_log_is_said_to_be_none() {
    let dir = tempdir().unwrap();
    write(dir.path(), "all.zip", b"PK\x03\x04\x14\0\0\0");
    write(dir.path(), "system.journal", b"LPKSHHRH\0\0\0\0");
    write(dir.path(), "logo.log", b"\x89PNG\r\n\x1a\n");
    write(dir.path(), "empty.log", b"");
    write(dir.path(), "disguised.gz", b"a plain line\n");
    write(dir.path(), "packed.log", compress("xz", b"a packed line\n"));
    let found = find(&dir, &[""]);
    assert_eq!(names(&found.files, dir.path()), ["disguised.gz", "empty.log", "packed.log"]);
    assert_eq!(text(&found.files[0]), ["a plain line"]);
    assert_eq!(text(&found.files[2]), ["a packed line"]);
    assert!(text(&found.files[1]).is_empty());
    let notes: Vec<String> = found.notes.iter().map(|note| below(&note.to_string(), dir.path())).collect();
    assert_eq!(notes, ["empty.log: empty", "logo.log: skipped, a picture",]);
    let problems: Vec<String> = found.problems.iter().map(|p| below(&p.to_string(), dir.path())).collect();
    assert_eq!(
        problems,
        [
            "all.zip: a zip archive is not read (unpack it first)",
            "system.journal: a systemd journal is not read (export it: journalctl --file NAME -o export)",
        ],
        "there may be logs in these"
    );
    let named = find(&dir, &["all.zip"]);
    assert!(named.problems[0].is_unsupported());
    assert!(named.problems[0].to_string().ends_with("all.zip: a zip archive is not read (unpack it first)"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    #[test]
    fn links_are_followed_and_loops_are_harmless() {
        let dir = tree();
        symlink(dir.path(), dir.path().join("app/up")).unwrap();
        symlink("nowhere", dir.path().join("app/dangling.log")).unwrap();
        symlink(dir.path().join("z.log"), dir.path().join("app/z-link.log")).unwrap();
        let found = find(&dir, &[""]);
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.files.len(), 5);
        let bad: Vec<String> = found
            .notes
            .iter()
            .filter(|note| note.kind == NoteKind::BadLink)
            .map(|note| below(&note.path, dir.path()))
            .collect();
        assert_eq!(bad, ["app/dangling.log", "app/up"]);
        assert!(found.notes.iter().any(|note| note.path.ends_with("z-link.log")));
    }

    #[test]
    fn sockets_and_devices_are_left_aside() {
        let dir = tempdir().unwrap();
        let _socket = UnixListener::bind(dir.path().join("app.sock")).unwrap();
        write(dir.path(), "a.log", "x\n");
        let found = find(&dir, &["", "/dev/null"]);
        assert_eq!(names(&found.files, dir.path()), ["a.log"]);
        assert_eq!(found.notes.iter().filter(|note| note.kind == NoteKind::SpecialFile).count(), 1);
        let [named] = found.problems.as_slice() else { panic!("{:?}", found.problems) };
        assert!(named.is_unsupported() && named.path() == "/dev/null", "who names a device wants it read");
    }

    #[test]
    fn what_may_not_be_read_is_a_problem_and_the_rest_is_read() {
        let dir = tree();
        let secret = dir.path().join("nginx/access.log");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
        let closed = dir.path().join("app");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
        let denied = std::fs::File::open(&secret).is_err();
        let found = find(&dir, &[""]);
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
        if !denied {
            let mut out = std::io::stderr().lock();
            let _ = std::io::Write::write_all(&mut out, b"skipped: this user may read everything (root)\n");
            return;
        }
        assert_eq!(names(&found.files, dir.path()), ["nginx/old/access.log.1", "z.log"]);
        assert_eq!(found.problems.len(), 2);
        assert!(found.problems.iter().all(|problem| problem.is_permission_denied()));
    }

    #[test]
    fn a_file_that_vanishes_before_it_is_opened_is_an_error_with_its_name() {
        let dir = tree();
        let found = find(&dir, &["z.log"]);
        std::fs::remove_file(dir.path().join("z.log")).unwrap();
        let error = found.files[0].open(&Default::default()).unwrap_err();
        assert!(error.is_not_found() && error.path().ends_with("z.log"));
    }

    #[test]
    fn a_pipe_from_the_shell_is_a_stream() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&compress("gzip", b"from a pipe\n")).unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let found = discover(&[PathBuf::from(&path)], &DiscoverOptions::default());
        assert!(found.files[0].is_stream());
        assert_eq!(found.files[0].head(4).unwrap(), b"from");
        assert_eq!(text(&found.files[0]), ["from a pipe"]);
    }
}
