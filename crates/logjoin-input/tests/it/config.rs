//! Configuration files and what they include.

use std::io::ErrorKind;

use logjoin_input::{loader, read_config};
use tempfile::tempdir;

use crate::support::{below, write};

#[test]
fn includes_are_found_where_the_copies_are() {
    let dir = tempdir().unwrap();
    write(dir.path(), "nginx.conf", "http {}\n");
    write(dir.path(), "conf.d/b.conf", "b\n");
    write(dir.path(), "conf.d/a.conf", "a\n");
    write(dir.path(), "conf.d/.a.conf.swp", "no\n");
    write(dir.path(), "conf.d/deeper/c.conf", "c\n");
    write(dir.path(), "mime.types", "types\n");
    for base in [dir.path().to_owned(), dir.path().join("nginx.conf")] {
        let mut load = loader(&base);
        let mut names = |include: &str| -> Vec<String> {
            load(include).unwrap().iter().map(|(name, _)| below(name, dir.path())).collect()
        };
        assert_eq!(names("conf.d/*.conf"), ["conf.d/a.conf", "conf.d/b.conf"]);
        assert_eq!(names("/etc/nginx/conf.d/*.conf"), ["conf.d/a.conf", "conf.d/b.conf"]);
        assert_eq!(names("/etc/nginx/mime.types"), ["mime.types"]);
        assert_eq!(names("conf.d/*/*.conf"), ["conf.d/deeper/c.conf"]);
        // httpd includes a directory with everything in it.
        assert_eq!(names("conf.d").len(), 4);
        assert!(names("/etc/nginx/*.conf").is_empty(), "the main file must not include itself");
        assert_eq!(load("absent.conf").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(load("conf.d/[").unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn any_dress_comes_off() {
    let dir = tempdir().unwrap();
    let utf16: Vec<u8> = "\u{feff}listen 80;".encode_utf16().flat_map(u16::to_be_bytes).collect();
    write(dir.path(), "a.conf", utf16);
    write(dir.path(), "b.conf.gz", crate::support::compress("gzip", b"listen 81;"));
    assert_eq!(read_config(&dir.path().join("a.conf")).unwrap(), b"listen 80;");
    assert_eq!(read_config(&dir.path().join("b.conf.gz")).unwrap(), b"listen 81;");
    let error = read_config(&dir.path().join("c.conf")).unwrap_err();
    assert!(error.is_not_found());
}

#[test]
fn something_huge_is_no_configuration() {
    let dir = tempdir().unwrap();
    write(dir.path(), "a.conf", vec![b'#'; (16 << 20) + 1]);
    assert!(read_config(&dir.path().join("a.conf")).unwrap_err().is_too_large());
}
