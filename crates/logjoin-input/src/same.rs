//! Copies: the same lines under two names would be counted twice.
//!
//! The trick: files are told apart by a digest of their first 64 decompressed KiB, which is cheap; only those
//! that begin alike are compared further, and never by digest. Files of one encoding are the same if they
//! have the same size and the same first and last 64 KiB; a file and its compressed copy are
//! compared to the end, unpacked side by side.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read, Seek, SeekFrom};

use crate::error::{Note, NoteKind};
use crate::file::InputFile;
use crate::rotation::rotation_key;

/// Bytes looked at from either end.
const LOOKED_AT: u64 = 64 * 1024;
/// Two instances can write the same few lines at their start (`listening on :8080`). Files shorter than this
/// are copies only if they are rotations of one log.
const TELLING_BYTES: usize = 512;

/// A file and what its first decompressed bytes are told apart by. (The bytes themselves are not kept: there
/// may be ten thousand files.)
pub(crate) struct Sampled {
    pub file: InputFile,
    /// Length and digest of the head.
    head: (usize, u64),
}

impl Sampled {
    pub(crate) fn new(file: InputFile, head: &[u8]) -> Sampled {
        let mut digest = DefaultHasher::new();
        digest.write(head);
        Sampled { file, head: (head.len(), digest.finish()) }
    }
}

/// The first decompressed bytes of a file. One that cannot be read has none: reading it will say why.
pub(crate) fn head_of(file: &InputFile) -> Vec<u8> {
    let mut head = Vec::new();
    if let Ok(stream) = file.unpacked(u64::MAX) {
        let _ = stream.take(LOOKED_AT).read_to_end(&mut head);
    }
    head
}

/// Drops copies, with a note for each. Of several copies, a plain file on disk is kept rather than a
/// compressed one, a compressed one rather than a member of an archive, then the first by name.
pub(crate) fn once_per_content(mut files: Vec<Sampled>, notes: &mut Vec<Note>) -> Vec<Sampled> {
    files.sort_by(|a, b| {
        let of =
            |it: &Sampled| (it.file.is_member(), it.file.compression().is_some(), it.file.name().to_owned());
        of(a).cmp(&of(b))
    });
    let mut alike: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
    let mut kept: Vec<Sampled> = Vec::with_capacity(files.len());
    for file in files {
        if file.head.0 == 0 {
            kept.push(file);
            continue;
        }
        let candidates = alike.entry(file.head).or_default();
        match candidates.iter().find(|at| is_copy(&kept[**at], &file)) {
            Some(&original) => notes.push(Note {
                path: file.file.name().to_owned(),
                kind: NoteKind::SameContent { kept: kept[original].file.name().to_owned() },
            }),
            None => {
                candidates.push(kept.len());
                kept.push(file);
            }
        }
    }
    kept
}

fn is_copy(a: &Sampled, b: &Sampled) -> bool {
    if a.head != b.head || (a.head.0 < TELLING_BYTES && !same_log(&a.file, &b.file)) {
        return false;
    }
    if a.file.compression() == b.file.compression() {
        if a.file.size() != b.file.size() && a.file.compression().is_none() {
            return false;
        }
        if a.file.size() == b.file.size()
            && let (Ok(Some(a_ends)), Ok(Some(b_ends))) = (raw_ends(&a.file), raw_ends(&b.file))
        {
            return a_ends == b_ends;
        }
    }
    same_lines(&a.file, &b.file).unwrap_or(false)
}

/// Rotations of one log, in one directory.
fn same_log(a: &InputFile, b: &InputFile) -> bool {
    let split = |file: &InputFile| {
        let name = file.name();
        let cut = name.rfind(['/', '!']).map_or(0, |at| at + 1);
        (name[..cut].to_owned(), rotation_key(&name[cut..]).stem)
    };
    split(a) == split(b)
}

/// The first and last stored bytes of a file on disk; `None` for others.
fn raw_ends(file: &InputFile) -> io::Result<Option<Vec<u8>>> {
    let Some(path) = file.path().filter(|_| !file.is_member()) else { return Ok(None) };
    let mut opened = File::open(path)?;
    let mut ends = Vec::new();
    opened.by_ref().take(LOOKED_AT).read_to_end(&mut ends)?;
    let len = opened.metadata()?.len();
    opened.seek(SeekFrom::Start(len.saturating_sub(LOOKED_AT)))?;
    opened.take(LOOKED_AT).read_to_end(&mut ends)?;
    Ok(Some(ends))
}

/// Compares decompressed bytes to the end. A file that cannot be read to its end is no copy.
fn same_lines(a: &InputFile, b: &InputFile) -> io::Result<bool> {
    let open = |file: &InputFile| file.unpacked(u64::MAX).map_err(io::Error::other);
    let (mut a, mut b) = (open(a)?, open(b)?);
    let (mut a_block, mut b_block) = (Vec::new(), Vec::new());
    loop {
        a_block.clear();
        b_block.clear();
        let a_len = a.by_ref().take(LOOKED_AT).read_to_end(&mut a_block)?;
        b.by_ref().take(LOOKED_AT).read_to_end(&mut b_block)?;
        if a_block != b_block {
            return Ok(false);
        }
        if a_len == 0 {
            return Ok(true);
        }
    }
}
