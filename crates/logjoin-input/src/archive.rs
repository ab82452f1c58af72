//! Members of tar archives, listed in one pass.
//!
//! The trick: a member is remembered as a range of the decompressed archive, so it can be read on its own
//! later, and nothing is ever unpacked to disk. Its first bytes are kept from the pass, within a budget.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{InputError, Kind, Note, NoteKind, Place, fault_of, named};
use crate::file::InputFile;
use crate::source::{Progress, Source};

/// First bytes of a member that are kept.
const SAMPLE_BYTES: u64 = 64 * 1024;
/// An archive with more members than this is not one of logs.
const MAX_MEMBERS: usize = 100_000;
/// Bytes of a tar header.
const HEADER_BYTES: usize = 512;

/// What an archive holds.
#[derive(Default)]
pub(crate) struct Listing {
    pub members: Vec<InputFile>,
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

/// Lists the members of an archive on disk. `samples_left` is the budget for first bytes.
pub(crate) fn members(archive: &InputFile, path: &Path, cap: u64, samples_left: &mut u64) -> Listing {
    let mut listing = Listing::default();
    let mut by_name = BTreeMap::new();
    let result = if archive.compression().is_none() {
        File::open(path)
            .and_then(|file| {
                let mut tar = tar::Archive::new(BufReader::new(file));
                let entries = tar.entries_with_seek()?;
                walk(entries, archive, path, samples_left, &mut by_name, &mut listing.notes)
            })
            .map_err(|error| tar_error(archive.name(), None, error))
    } else {
        archive.unpacked(cap).and_then(|stream| {
            let source = Source::new(stream);
            let progress = source.progress();
            let mut tar = tar::Archive::new(source);
            tar.entries()
                .and_then(|entries| {
                    walk(entries, archive, path, samples_left, &mut by_name, &mut listing.notes)
                })
                .map_err(|error| tar_error(archive.name(), Some(&progress), error))
        })
    };
    listing.problems.extend(result.err());
    listing.members.extend(by_name.into_values());
    listing
}

fn walk<R: Read>(
    entries: tar::Entries<'_, R>,
    archive: &InputFile,
    path: &Path,
    samples_left: &mut u64,
    members: &mut BTreeMap<String, InputFile>,
    notes: &mut Vec<Note>,
) -> io::Result<()> {
    for entry in entries {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_gnu_sparse() || kind.is_contiguous()) {
            continue;
        }
        let inner = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let inner = inner.trim_start_matches("./").trim_start_matches('/');
        let name = format!("{}!{inner}", archive.name());
        if inner.split('/').any(|part| part.starts_with('.') && part != "..") {
            notes.push(Note { path: name, kind: NoteKind::Hidden });
            continue;
        }
        // The holes of a sparse member are NULs, which are left out of lines anyway: what is stored is
        // enough.
        let size = if kind.is_gnu_sparse() { entry.header().entry_size()? } else { entry.size() };
        let offset = entry.raw_file_position();
        let modified = entry
            .header()
            .mtime()
            .ok()
            .filter(|seconds| *seconds != 0)
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        let mut head = Vec::new();
        // A failure here is met again, with its place, by the next entry.
        let _ = entry.by_ref().take(SAMPLE_BYTES).read_to_end(&mut head);
        let affordable = head.len() as u64 <= *samples_left && !kind.is_gnu_sparse();
        let sample = affordable.then(|| Arc::<[u8]>::from(head.as_slice()));
        *samples_left -= sample.as_ref().map_or(0, |sample| sample.len() as u64);
        let member = InputFile::member(name.clone(), path, (offset, size), modified, &head, sample);
        // Of two members with one name, the later is the newer version: that is what tar unpacks.
        members.insert(name, member);
        if members.len() >= MAX_MEMBERS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more than 100000 members"));
        }
    }
    Ok(())
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
