//! Members of tar archives, listed in one pass.
//!
//! The trick: a member is remembered as a range of the decompressed archive, so it can be read on its own
//! later, and nothing is ever unpacked to disk. Its first bytes are kept from the pass, within a budget.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{InputError, Kind, Note, NoteKind, Place, fault_of, named};
use crate::file::InputFile;
use crate::same::head_of;
use crate::source::{Progress, Source};

/// First bytes of a member that are kept.
const SAMPLE_BYTES: u64 = 64 * 1024;
/// An archive with more members than this is not one of logs.
const MAX_MEMBERS: usize = 100_000;
/// Bytes of a tar header.
const HEADER_BYTES: usize = 512;

/// What was noticed while an archive was listed.
#[derive(Default)]
pub(crate) struct Listing {
    pub notes: Vec<Note>,
    pub problems: Vec<InputError>,
}

/// Does this (decompressed) head begin with a tar header? The checksum decides: old archives have no magic.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..HEADER_BYTES) else { return false };
    let digits =
        header[148..156].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    let stated = digits.fold(0u64, |sum, digit| sum * 8 + u64::from(digit - b'0'));
    // The checksum field itself counts as spaces.
    let sum: u64 = header[..148].iter().chain(&header[156..]).map(|byte| u64::from(*byte)).sum();
    header[0] != 0 && stated == sum + 8 * 32
}

/// Lists the members of an archive on disk, each with its first decompressed bytes. `samples_left` is the
/// budget for first bytes that are kept. Of several members with one name all are given: the last counts.
pub(crate) fn list(
    archive: &InputFile,
    path: &Path,
    cap: u64,
    samples_left: &mut u64,
    mut each: impl FnMut(InputFile, &[u8]),
) -> Listing {
    let mut walk = Walk { archive, path, samples_left, each: &mut each, notes: Vec::new() };
    let result = if archive.compression().is_none() {
        File::open(path)
            .and_then(|file| walk.entries(tar::Archive::new(BufReader::new(file)).entries_with_seek()?))
            .map_err(|error| tar_error(archive.name(), None, error))
    } else {
        archive.unpacked(cap).and_then(|stream| {
            let source = Source::new(stream);
            let progress = source.progress();
            walk.entries_of(tar::Archive::new(source))
                .map_err(|error| tar_error(archive.name(), Some(&progress), error))
        })
    };
    Listing { notes: walk.notes, problems: result.err().into_iter().collect() }
}

struct Walk<'a> {
    archive: &'a InputFile,
    path: &'a Path,
    samples_left: &'a mut u64,
    each: &'a mut dyn FnMut(InputFile, &[u8]),
    notes: Vec<Note>,
}

impl Walk<'_> {
    fn entries_of<R: Read>(&mut self, mut tar: tar::Archive<R>) -> io::Result<()> {
        self.entries(tar.entries()?)
    }

    fn entries<R: Read>(&mut self, entries: tar::Entries<'_, R>) -> io::Result<()> {
        for (at, entry) in entries.enumerate() {
            if at == MAX_MEMBERS {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "more than 100000 members"));
            }
            self.entry(entry?)?;
        }
        Ok(())
    }

    fn entry<R: Read>(&mut self, mut entry: tar::Entry<'_, R>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_gnu_sparse() || kind.is_contiguous()) {
            return Ok(());
        }
        let inner = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let inner = inner.trim_start_matches("./").trim_start_matches('/');
        let name = format!("{}!{inner}", self.archive.name());
        if inner.split('/').any(|part| part.starts_with('.') && part != "..") {
            self.notes.push(Note { path: name, kind: NoteKind::Hidden });
            return Ok(());
        }
        // The holes of a sparse member are NULs, which are left out of lines anyway: what is stored is
        // enough.
        let sparse = kind.is_gnu_sparse();
        let size = if sparse { entry.header().entry_size()? } else { entry.size() };
        let offset = entry.raw_file_position();
        let seconds = entry.header().mtime().ok().filter(|seconds| *seconds != 0);
        let modified =
            seconds.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        let mut raw = Vec::new();
        // A failure here is met again, with its place, by the next entry.
        let _ = entry.by_ref().take(SAMPLE_BYTES).read_to_end(&mut raw);
        let raw = Arc::<[u8]>::from(raw);
        let head = head_of(&InputFile::from_bytes("", Arc::clone(&raw)));
        let affordable = raw.len() as u64 <= *self.samples_left && !sparse;
        let sample = affordable.then(|| Arc::clone(&raw));
        *self.samples_left -= sample.as_ref().map_or(0, |sample| sample.len() as u64);
        let member = InputFile::member(name, self.path, (offset, size), modified, &raw, sample);
        (self.each)(member, &head);
        Ok(())
    }
}

fn tar_error(name: &str, progress: Option<&Progress>, error: io::Error) -> InputError {
    if fault_of(&error).is_some() {
        return named(name, "listing it", error);
    }
    // The reader wraps errors to say which header it was at; the fault is inside.
    if let Some(fault) = error
        .get_ref()
        .and_then(|inner| inner.source())
        .and_then(|inner| inner.downcast_ref::<io::Error>().and_then(fault_of))
    {
        return named(name, "listing it", fault.clone().into());
    }
    let place = progress.map(|progress| Place::DecompressedByte(progress.consumed()));
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof => Kind::Truncated { format: "tar" },
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => {
            Kind::Io { doing: "listing it", source: error }
        }
        // The reader says these with words only.
        _ if ["EOF during skip", "entire block"].iter().any(|words| error.to_string().contains(words)) => {
            Kind::Truncated { format: "tar" }
        }
        _ => Kind::Corrupt { format: "tar", reason: error.to_string() },
    };
    InputError::new(name, place, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_makes_a_tar() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_old();
        header.set_size(3);
        header.set_cksum();
        builder.append_data(&mut header, "a.log", &b"a\nb"[..]).unwrap();
        let mut bytes = builder.into_inner().unwrap();
        assert!(is_tar(&bytes));
        bytes[3] ^= 1;
        assert!(!is_tar(&bytes));
        assert!(!is_tar(&[0; 1024]) && !is_tar(b"short") && !is_tar(&[b' '; 600]));
    }
}
