//! Files that lie among logs and are none: archives of other kinds, journals, pictures.
//!
//! The trick: a short table of first bytes for those about which there is something to say, and one rule
//! for the rest: text has few control characters.

/// What a file is that is not text, and what to do to get at the lines in it (empty: there are none).
pub(crate) type Foreign = (&'static str, &'static str);

/// First bytes, name, advice.
const MAGICS: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a rar archive", "unpack it first"),
    (b"\x1f\x9d", "a compress(1) file", "unpack it with gzip -d first"),
    (b"\x5d\x00\x00", "an lzma file of the old kind", "unpack it with xz -d first"),
    (b"LPKSHHRH", "a systemd journal", "export it: journalctl --file NAME -o export"),
    (b"\x89PNG", "a picture", ""),
    (b"\xff\xd8\xff", "a picture", ""),
    (b"%PDF-", "a PDF document", ""),
    (b"\x7fELF", "a program", ""),
    (b"SQLite format 3\0", "an SQLite database", ""),
    (b"\xd4\xc3\xb2\xa1", "a packet capture", ""),
    (b"\xa1\xb2\xc3\xd4", "a packet capture", ""),
    (b"\x0a\x0d\x0d\x0a", "a packet capture", ""),
];

/// Bytes of the head that are judged.
const JUDGED: usize = 8 * 1024;

/// Is this the head of a file without lines? `head` is decompressed.
pub(crate) fn foreign(head: &[u8]) -> Option<Foreign> {
    if let Some((_, what, instead)) = MAGICS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Some((what, instead));
    }
    // UTF-16 is half NULs.
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return None;
    }
    let head = &head[..head.len().min(JUDGED)];
    let (mut judged, mut control) = (0usize, 0usize);
    let mut line_start = true;
    for &byte in head {
        // NULs at a line start are the gap that copytruncate leaves, however long.
        if byte == 0 && line_start {
            continue;
        }
        line_start = byte == b'\n';
        judged += 1;
        control += usize::from(byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b));
    }
    (control * 10 > judged * 3).then_some(("a binary file", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_any_dress_is_text() {
        assert_eq!(foreign(b""), None);
        assert_eq!(foreign(b"\x1b[31mred\x1b[0m caf\xe9 \xff\n"), None);
        assert_eq!(foreign(&[&[0; 5000][..], b"GET /\n"].concat()), None);
        assert_eq!(foreign(b"\xff\xfea\0b\0"), None);
    }

    #[test]
    fn binaries_are_named() {
        assert_eq!(foreign(b"PK\x03\x04rest").unwrap().0, "a zip archive");
        let utmp = [[1, 0, 0, 0, b't', b't', b'y', 0]; 100].concat();
        assert_eq!(foreign(&utmp).unwrap().0, "a binary file");
    }
}
