//! Names inputs by what is in them: SHA-256 of the files as they lie on disk.
//!
//! Done for the forms that are kept (Markdown, JSON) and for no other: it reads every file once more, as fast as the
//! disk. A saved result keeps what
//! it was saved with: the files may have changed since.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use logjoin::Analysis;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// Adds the hash of each input that is a file. One that cannot be read any more goes without, and so does one of which
/// only a part `was_read`: to hash it would take longer than the analysis.
pub(crate) fn add(a: &mut Analysis, was_read: impl Fn(&str) -> bool) {
    let missing = a.inputs.iter().filter(|i| i.sha256.is_none() && i.problem.is_none() && was_read(&i.path));
    let files: BTreeMap<String, PathBuf> =
        missing.filter_map(|i| Some((i.path.clone(), on_disk(&i.path)?))).collect();
    let mut distinct: Vec<&PathBuf> = files.values().collect();
    distinct.dedup();
    let hashes: BTreeMap<&PathBuf, String> =
        distinct.par_iter().filter_map(|p| Some((*p, hash(p).ok()?))).collect();
    for i in &mut a.inputs {
        if let Some(hash) = files.get(&i.path).and_then(|p| hashes.get(p)) {
            i.sha256 = Some(hash.clone());
        }
    }
}

/// The file behind a name: itself, or the archive that it is a member of.
fn on_disk(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_file() {
        return Some(path.to_path_buf());
    }
    // The name of a member follows its archive's after `!`, which may stand in either name.
    name.match_indices('!').map(|(at, _)| PathBuf::from(&name[..at])).find(|p| p.is_file())
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            break;
        }
        sha.update(&block[..n]);
    }
    Ok(sha.finalize().iter().fold(String::with_capacity(64), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_hash_that_sha256sum_gives() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "abc").unwrap();
        // FIPS 180-4, example of one block.
        assert_eq!(hash(&path).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(on_disk("no/such/file").is_none());
    }
}
