//! Configuration files, whole, and the files that they include.
//!
//! The trick: an archived configuration is rarely where it was. `include /etc/nginx/conf.d/*.conf` in a folder
//! of copies means the copy of `conf.d` in that folder, so an absolute path is looked for below the base
//! first, ever shorter from the front. The real `/etc` is asked only if the base lies in it.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use crate::error::{InputError, Kind};
use crate::file::InputFile;
use crate::utf16;

/// A configuration file larger than this is something else.
const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// Reads a configuration file: decompressed, without byte order mark, UTF-16 turned into UTF-8.
///
/// ```
/// let dir = tempfile::tempdir().unwrap();
/// let path = dir.path().join("nginx.conf");
/// std::fs::write(&path, "\u{feff}worker_processes auto;\n").unwrap();
/// assert_eq!(logjoin_input::read_config(&path).unwrap(), b"worker_processes auto;\n");
/// ```
pub fn read_config(path: &Path) -> Result<Vec<u8>, InputError> {
    let name = path.to_string_lossy();
    let file = InputFile::on_disk(name.as_ref(), path)?;
    let (stream, _, failed) = utf16::without_bom(file.unpacked(MAX_CONFIG_BYTES + 1)?);
    let mut bytes = Vec::new();
    let read = stream.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes);
    if let Some(error) = failed.or(read.err()) {
        return Err(crate::error::named(&name, "reading it", error));
    }
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(InputError::new(name, None, Kind::TooLarge { cap: MAX_CONFIG_BYTES }));
    }
    Ok(bytes)
}

/// A function that reads what a configuration file includes: given the path or pattern as written there,
/// it returns names and contents, sorted by name. `base` is the directory that relative paths start from, or a
/// file in it.
///
/// A pattern that matches nothing gives nothing, as in nginx and httpd; a plain path that leads nowhere is
/// an error of kind `NotFound`. A directory stands for the files in it and below.
///
/// ```
/// let dir = tempfile::tempdir().unwrap();
/// std::fs::create_dir(dir.path().join("conf.d")).unwrap();
/// std::fs::write(dir.path().join("conf.d/app.conf"), "upstream app {}\n").unwrap();
///
/// let mut load = logjoin_input::loader(dir.path());
/// let files = load("/etc/nginx/conf.d/*.conf").unwrap();
/// assert_eq!(files.len(), 1);
/// assert!(files[0].0.ends_with("conf.d/app.conf"));
/// assert_eq!(files[0].1, b"upstream app {}\n");
/// assert!(load("sites-enabled/*").unwrap().is_empty());
/// assert!(load("mime.types").is_err());
/// ```
pub fn loader(base: &Path) -> impl FnMut(&str) -> io::Result<Vec<(String, Vec<u8>)>> + use<> {
    let base = match base.is_file() {
        true => base.parent().unwrap_or(Path::new("")).to_owned(),
        false => base.to_owned(),
    };
    move |include| {
        for candidate in candidates(&base, include) {
            let paths = matching(&candidate)?;
            if !paths.is_empty() {
                return paths.iter().map(|path| read_named(path)).collect();
            }
        }
        if is_pattern(include) {
            return Ok(Vec::new());
        }
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{include}: not found below {}", base.display())))
    }
}

fn read_named(path: &Path) -> io::Result<(String, Vec<u8>)> {
    match read_config(path) {
        Ok(bytes) => Ok((path.to_string_lossy().into_owned(), bytes)),
        Err(error) if error.is_permission_denied() => {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, error))
        }
        Err(error) if error.is_not_found() => Err(io::Error::new(io::ErrorKind::NotFound, error)),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Where an include may be, the likeliest first.
fn candidates(base: &Path, include: &str) -> Vec<PathBuf> {
    let path = Path::new(include);
    if !path.has_root() {
        return vec![base.join(path)];
    }
    let parts: Vec<Component<'_>> = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect();
    let mut found: Vec<PathBuf> = (0..parts.len())
        // A bare `*.conf` would match whatever lies beside the main file.
        .filter(|from| from + 1 < parts.len() || !is_pattern(include))
        .map(|from| base.join(parts[from..].iter().collect::<PathBuf>()))
        .collect();
    let first = |path: &Path| path.components().nth(1).map(|part| part.as_os_str().to_owned());
    let real = fs::canonicalize(base).unwrap_or_default();
    if real.has_root() && first(&real).is_some() && first(&real) == first(path) {
        found.insert(0, path.to_owned());
    }
    found
}

/// The files that a path or pattern stands for, sorted.
fn matching(candidate: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if let Ok(metadata) = fs::metadata(candidate) {
        if metadata.is_dir() {
            let walk = WalkDir::new(candidate).follow_links(true).sort_by_file_name().into_iter();
            files.extend(
                walk.flatten().filter(|it| it.file_type().is_file()).map(walkdir::DirEntry::into_path),
            );
        } else if metadata.is_file() {
            files.push(candidate.to_owned());
        }
        return Ok(files);
    }
    let text = candidate.to_string_lossy();
    if !is_pattern(&text) {
        return Ok(files);
    }
    let fixed: PathBuf =
        candidate.components().take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy())).collect();
    let levels = candidate.components().count() - fixed.components().count();
    let glob = GlobBuilder::new(&text)
        .literal_separator(true)
        .build()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?
        .compile_matcher();
    let base = if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed };
    let walk = WalkDir::new(base).follow_links(true).max_depth(levels).sort_by_file_name().into_iter();
    for entry in walk.flatten().filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
        // A shell's `*` does not match a leading dot, and neither does glob(3), which the servers use.
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && glob.is_match(path) {
            files.push(path.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}
