//! Copies: the same lines under two names would be counted twice.
//!
//! The trick: files are told apart by a digest of their first 64 decompressed KiB, which is cheap; only those
//! that begin alike are compared further, and never by digest. Files of one encoding are the same if they
//! have the same size and the same first and last 64 KiB; a file and its compressed copy are
//! compared to the end, unpacked side by side.
//!
//! A copy may be older than its original: a log that was copied and written on, or one whose compression was
//! interrupted. Then the one is the beginning of the other, and the longer is read.

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
    /// Digest of its first bytes, where there are enough to tell.
    beginning: Option<u64>,
}

impl Sampled {
    pub(crate) fn new(file: InputFile, head: &[u8]) -> Sampled {
        let digest = |bytes: &[u8]| {
            let mut digest = DefaultHasher::new();
            digest.write(bytes);
            digest.finish()
        };
        let beginning = head.get(..TELLING_BYTES).map(digest);
        Sampled { file, head: (head.len(), digest(head)), beginning }
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

/// Whether two files are versions of one configuration, kept for the times at which they were loaded: whoever goes back to the old
/// one loads the same text at another time.
fn are_versions(a: &InputFile, b: &InputFile) -> bool {
    let base = |file: &InputFile| rotation_key(file.name().rsplit(['/', '!']).next().unwrap_or_default());
    let (a, b) = (base(a), base(b));
    a.stem == b.stem && a.order != b.order && [".conf", ".cfg"].iter().any(|end| a.stem.ends_with(end))
}

fn is_copy(a: &Sampled, b: &Sampled) -> bool {
    if are_versions(&a.file, &b.file) {
        return false;
    }
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

/// More files that begin alike than this are not compared with one another: a banner that many programs write.
const MOST_ALIKE: usize = 32;
/// The beginning of another file is as long at least: shorter ones may be what every start writes. Rotations of one log
/// need no more than [`TELLING_BYTES`].
const LEAST_PREFIX: u64 = 4096;

/// Drops files that are the beginning of another one, with a note for each.
pub(crate) fn without_beginnings(files: Vec<Sampled>, notes: &mut Vec<Note>) -> Vec<Sampled> {
    let mut alike: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        if let Some(beginning) = file.beginning {
            alike.entry(beginning).or_default().push(at);
        }
    }
    let mut within: Vec<Option<usize>> = vec![None; files.len()];
    for group in alike.values().filter(|group| (2..=MOST_ALIKE).contains(&group.len())) {
        for (n, &a) in group.iter().enumerate() {
            for &b in &group[n + 1..] {
                if within[a].is_some() || within[b].is_some() || are_versions(&files[a].file, &files[b].file)
                {
                    continue;
                }
                match shorter(&files[a].file, &files[b].file) {
                    Some(true) => within[a] = Some(b),
                    Some(false) => within[b] = Some(a),
                    None => {}
                }
            }
        }
    }
    for (at, longer) in within.iter().enumerate() {
        if let Some(longer) = longer {
            let kept = files[*longer].file.name().to_owned();
            notes.push(Note { path: files[at].file.name().to_owned(), kind: NoteKind::Beginning { kept } });
        }
    }
    files.into_iter().zip(within).filter(|(_, longer)| longer.is_none()).map(|(file, _)| file).collect()
}

/// Whether one of two files is the beginning of the other: `Some(true)` if it is the first.
fn shorter(a: &InputFile, b: &InputFile) -> Option<bool> {
    let least = if same_log(a, b) { TELLING_BYTES as u64 } else { LEAST_PREFIX };
    if let (Some(a_len), Some(b_len)) = (plain_length(a), plain_length(b)) {
        let (first, short, long, len) =
            if a_len <= b_len { (true, a, b, a_len) } else { (false, b, a, b_len) };
        let same = len >= least && ends_of(short, len).ok()? == ends_of(long, len).ok()?;
        return same.then_some(first);
    }
    let open = |file: &InputFile| file.unpacked(u64::MAX).ok();
    let (mut a, mut b) = (open(a)?, open(b)?);
    let (mut a_block, mut b_block, mut length) = (Vec::new(), Vec::new(), 0);
    loop {
        a_block.clear();
        b_block.clear();
        // A file that is damaged ends there: what was readable before may be all in the other one.
        let _ = a.by_ref().take(LOOKED_AT).read_to_end(&mut a_block);
        let _ = b.by_ref().take(LOOKED_AT).read_to_end(&mut b_block);
        let both = a_block.len().min(b_block.len());
        length += both as u64;
        if a_block[..both] != b_block[..both] {
            return None;
        }
        if a_block.len() != b_block.len() || both == 0 {
            return (length >= least).then_some(a_block.len() <= b_block.len());
        }
    }
}

/// The length of a plain file on disk.
fn plain_length(file: &InputFile) -> Option<u64> {
    let is_plain = file.compression().is_none() && !file.is_member() && !file.is_stream();
    file.size().filter(|_| is_plain && file.path().is_some())
}

/// The first and last bytes of the first `len` bytes of a plain file on disk.
fn ends_of(file: &InputFile, len: u64) -> io::Result<Vec<u8>> {
    let mut opened = File::open(file.path().unwrap_or(std::path::Path::new("")))?;
    let mut ends = Vec::new();
    opened.by_ref().take(LOOKED_AT.min(len)).read_to_end(&mut ends)?;
    opened.seek(SeekFrom::Start(len.saturating_sub(LOOKED_AT)))?;
    opened.take(LOOKED_AT.min(len)).read_to_end(&mut ends)?;
    Ok(ends)
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
