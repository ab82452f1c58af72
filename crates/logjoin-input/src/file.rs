//! One log file, wherever its bytes are: on disk, in an archive, in memory, in a pipe.
//!
//! The trick: opening is a stack of readers, each knowing one thing (raw bytes, an archive's member, a
//! compression, a text encoding), and a member of an archive is merely a longer stack.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use memchr::memrchr;

use crate::compression::{
    Bytes, CompressionDef, Crew, MAGIC_BYTES, Raw, Unpacked, compression_of, gzip_mtime,
};
use crate::error::{Fault, FaultKind, InputError, Kind, Place, named};
use crate::lines::{LineChunks, ReadOptions, leading_nuls};
use crate::source::{Source, Stored};
use crate::utf16;

/// A file of lines: its name for people, and a way to its bytes. Cheap to clone; holds nothing open.
///
/// ```
/// use logjoin_input::{InputFile, ReadOptions};
///
/// let file = InputFile::from_bytes("app.log", b"one\ntwo\n".to_vec());
/// let lines: u64 = file.open(&ReadOptions::default()).unwrap().map(|chunk| chunk.line_count).sum();
/// assert_eq!((file.name(), lines), ("app.log", 2));
/// ```
#[derive(Clone)]
pub struct InputFile {
    name: String,
    location: Location,
    size: Option<u64>,
    modified: Option<SystemTime>,
    packed: Option<SystemTime>,
    compression: Option<&'static CompressionDef>,
    /// The first raw bytes of a member, so that looking at it does not unpack its archive again.
    sample: Option<Arc<[u8]>>,
}

#[derive(Clone)]
enum Location {
    Disk(PathBuf),
    /// `size` bytes from `offset` on in the decompressed archive.
    Member {
        archive: PathBuf,
        offset: u64,
        size: u64,
    },
    Memory(Arc<[u8]>),
    Stream(Arc<Mutex<Stream>>),
}

/// A stream that can be read once; what was looked at before is kept in `seen`.
struct Stream {
    seen: Vec<u8>,
    rest: Option<Bytes>,
}

impl Stream {
    /// Looks ahead until lines come out; `None` if it was read already.
    fn head(&mut self, max_bytes: usize) -> Option<Vec<u8>> {
        let rest = self.rest.as_mut()?;
        // bzip2 gives nothing before its first block is whole, which may take 900 kB.
        const MOST: usize = 4 << 20;
        let mut wanted = max_bytes.max(64 * 1024);
        loop {
            let missing = wanted.saturating_sub(self.seen.len()) as u64;
            // A failure is met again when the stream is read.
            let read = rest.take(missing).read_to_end(&mut self.seen);
            let raw = Source::new(Box::new(Cursor::new(self.seen.clone())) as Bytes);
            let (head, failed) = first_lines(raw, max_bytes);
            let over = read.is_err() || self.seen.len() < wanted || wanted >= MOST;
            if over || failed.is_none() {
                return Some(head);
            }
            wanted *= 4;
        }
    }
}

impl InputFile {
    /// A file on disk, shown as `name`. Looks at its first bytes.
    pub fn on_disk(name: impl Into<String>, path: impl Into<PathBuf>) -> Result<InputFile, InputError> {
        let (name, path) = (name.into(), path.into());
        let look = || -> io::Result<(std::fs::Metadata, Vec<u8>)> {
            let mut file = File::open(&path)?;
            let mut head = Vec::new();
            file.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut head)?;
            Ok((file.metadata()?, head))
        };
        let (metadata, head) = look().map_err(|error| InputError::io(&name, "reading it", error))?;
        let mut file = InputFile::new(name, Location::Disk(path), Some(metadata.len()));
        file.modified = metadata.modified().ok();
        file.judge(&head);
        Ok(file)
    }

    /// Bytes in memory, compressed or not.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> InputFile {
        let bytes = bytes.into();
        let mut file =
            InputFile::new(name.into(), Location::Memory(Arc::clone(&bytes)), Some(bytes.len() as u64));
        file.judge(&bytes);
        file
    }

    /// Any stream, compressed or not. It can be opened once.
    pub fn from_reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> InputFile {
        let stream = Stream { seen: Vec::new(), rest: Some(Box::new(reader)) };
        InputFile::new(name.into(), Location::Stream(Arc::new(Mutex::new(stream))), None)
    }

    /// Standard input, named `-`. It can be opened once.
    pub fn stdin() -> InputFile {
        InputFile::from_reader("-", io::stdin())
    }

    pub(crate) fn member(
        name: String,
        archive: &Path,
        (offset, size): (u64, u64),
        modified: Option<SystemTime>,
        head: &[u8],
        sample: Option<Arc<[u8]>>,
    ) -> InputFile {
        let location = Location::Member { archive: archive.to_owned(), offset, size };
        let mut file = InputFile::new(name, location, Some(size));
        file.modified = modified;
        file.sample = sample;
        file.judge(head);
        file
    }

    fn new(name: String, location: Location, size: Option<u64>) -> InputFile {
        InputFile { name, location, size, modified: None, packed: None, compression: None, sample: None }
    }

    fn judge(&mut self, head: &[u8]) {
        self.compression = compression_of(head);
        self.packed = gzip_mtime(head)
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.into())));
    }

    /// The name for people: the path as it was given or found, `archive.tar.gz!member` in an archive, `-`
    /// for standard input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path on disk: its own, or that of the archive it is in.
    pub fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::Disk(path) | Location::Member { archive: path, .. } => Some(path),
            Location::Memory(_) | Location::Stream(_) => None,
        }
    }

    /// Bytes as stored, compressed if it is; `None` for streams.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// About how many bytes of text it yields: of a compressed file, as many as its beginning promises. `None` for streams.
    ///
    /// ```
    /// let gzip = logjoin_input::compression_of(&[0x1f, 0x8b, 8]).unwrap().sample;
    /// let file = logjoin_input::InputFile::from_bytes("hello.gz", gzip.to_vec());
    /// assert_eq!(file.text_size(), Some(6));
    /// ```
    pub fn text_size(&self) -> Option<u64> {
        const ENOUGH: u64 = 512 * 1024;
        let size = self.size?;
        if self.compression.is_none() {
            return Some(size);
        }
        let sample = self.sample.as_ref().map(|s| Source::new(Box::new(Cursor::new(Arc::clone(s))) as Bytes));
        let raw = sample.or_else(|| self.raw(u64::MAX).ok())?;
        let taken = raw.progress();
        let (stream, _) = Unpacked::open(raw, u64::MAX).ok()?;
        // Of a damaged file, or a sample that was cut, what came out before.
        let text = io::copy(&mut stream.take(ENOUGH), &mut io::sink()).ok();
        let ratio = text.filter(|_| taken.consumed() > 0).map(|t| t as f64 / taken.consumed() as f64);
        Some((size as f64 * ratio.unwrap_or(10.0)) as u64)
    }

    /// When the file was last changed, as the file system or the archive says.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// When the file that was compressed had last been changed, as the gzip header says (RFC 1952,
    /// `MTIME`). It survives copying, which the file system's time often does not.
    pub fn packed_modified(&self) -> Option<SystemTime> {
        self.packed
    }

    /// The time in its name that rotation put there (`access.log-20261120`), or that of a folder of its path
    /// (`2026-11-20/access.log`): seconds since the epoch, dates read as UTC.
    pub fn named_seconds(&self) -> Option<i64> {
        let name = self.name();
        let cut = name.rfind(['/', '!']).map_or(0, |at| at + 1);
        match crate::rotation::rotation_key(&name[cut..]).order {
            crate::RotationOrder::Stamped { seconds, .. } => Some(seconds),
            _ => crate::rotation::folder_key(&name[..cut]).map(|(_, seconds)| seconds),
        }
    }

    /// Its own path, if it is a plain file on disk.
    pub(crate) fn plain_path(&self) -> Option<&Path> {
        match &self.location {
            Location::Disk(path) if self.compression.is_none() => Some(path),
            _ => None,
        }
    }

    /// How it is compressed; `None` for plain files, and for streams, which nobody has looked at yet.
    pub fn compression(&self) -> Option<&'static CompressionDef> {
        self.compression
    }

    /// It is a member of an archive.
    pub fn is_member(&self) -> bool {
        matches!(self.location, Location::Member { .. })
    }

    /// It is a stream: [`open`](InputFile::open) works once.
    pub fn is_stream(&self) -> bool {
        matches!(self.location, Location::Stream(_))
    }

    /// Begins to read it. Fails where it cannot be opened at all; what fails later is told by
    /// [`LineChunks::problem`].
    ///
    /// A member of a compressed archive is found by unpacking the archive up to it.
    pub fn open(&self, options: &ReadOptions) -> Result<LineChunks, InputError> {
        let cap = options.max_decompressed;
        let (mut raw, stored) = match self.stored()? {
            Some(stored) => (Source::new(stored.reader(0)), Some(stored)),
            None => (self.raw(cap)?, None),
        };
        let apart = compression_of(raw.peek(MAGIC_BYTES)).and_then(|def| def.apart.as_ref());
        let crew = stored.zip(apart).map(|(stored, apart)| Arc::new(Crew::new(stored, apart)));
        if let Some(crew) = &crew {
            raw.set_crew(crew);
        }
        let opened = Unpacked::open(raw, cap).map_err(|error| named(&self.name, "reading it", error));
        Ok(LineChunks::new(self.name.clone(), opened?.0, options).with_crew(crew))
    }

    /// Its compressed bytes, where they can be read at places and that may be of use.
    fn stored(&self) -> Result<Option<Stored>, InputError> {
        if self.compression.is_none_or(|def| def.apart.is_none()) {
            return Ok(None);
        }
        let failed = |error| named(&self.name, "reading it", error);
        Ok(match &self.location {
            Location::Disk(path) => {
                let file = File::open(path).map_err(failed)?;
                let is_file = file.metadata().map_err(failed)?.is_file();
                is_file.then(|| Stored::File(Arc::new(Mutex::new(file))))
            }
            Location::Memory(bytes) => Some(Stored::Memory(Arc::clone(bytes))),
            Location::Member { .. } | Location::Stream(_) => None,
        })
    }

    /// The first lines, at most `max_bytes` of them: whole lines if there is at least one, else the
    /// beginning of the first. Byte order mark, UTF-16 and the NUL run at the start are dealt with. Damage
    /// counts only if nothing could be read. A stream can still be opened afterwards.
    pub fn head(&self, max_bytes: usize) -> Result<Vec<u8>, InputError> {
        if let Some(sample) = &self.sample {
            let complete = self.size == Some(sample.len() as u64);
            let raw = Source::new(Box::new(Cursor::new(Arc::clone(sample))) as Bytes);
            let (head, failed) = first_lines(raw, max_bytes);
            // A sample may have been cut inside the lines that are wanted.
            if complete || (sample.len() >= max_bytes && failed.is_none()) {
                return Ok(head);
            }
        }
        if let Location::Stream(stream) = &self.location {
            let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
            return stream.head(max_bytes).ok_or_else(|| InputError::new(&self.name, None, Kind::Consumed));
        }
        match first_lines(self.raw(u64::MAX)?, max_bytes) {
            (head, Some(error)) if head.is_empty() => Err(named(&self.name, "reading it", error)),
            (head, _) => Ok(head),
        }
    }

    /// The decompressed bytes, text encoding untouched.
    pub(crate) fn unpacked(&self, cap: u64) -> Result<Bytes, InputError> {
        let opened = Unpacked::open(self.raw(cap)?, cap);
        opened.map(|(stream, _)| stream).map_err(|error| named(&self.name, "reading it", error))
    }

    /// The bytes as stored. `cap` limits what a compressed archive yields for this member.
    pub(crate) fn raw(&self, cap: u64) -> Result<Raw, InputError> {
        let failed = |error| named(&self.name, "reading it", error);
        let bytes: Bytes = match &self.location {
            Location::Disk(path) => Box::new(File::open(path).map_err(failed)?),
            Location::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Location::Member { archive, offset, size } => {
                open_member(archive, *offset, *size, cap).map_err(failed)?
            }
            Location::Stream(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                let seen = std::mem::take(&mut stream.seen);
                match stream.rest.take() {
                    Some(rest) => Box::new(Cursor::new(seen).chain(rest)),
                    None => return Err(InputError::new(&self.name, None, Kind::Consumed)),
                }
            }
        };
        Ok(Source::new(bytes))
    }
}

impl fmt::Debug for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputFile")
            .field("name", &self.name)
            .field("size", &self.size)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

/// What [`InputFile::head`] returns, and what stopped it.
fn first_lines(raw: Raw, max_bytes: usize) -> (Vec<u8>, Option<io::Error>) {
    let stream = match Unpacked::open(raw, u64::MAX) {
        Ok((stream, _)) => stream,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let (mut stream, _, mut failed) = utf16::without_bom(stream);
    let mut head = Vec::new();
    loop {
        let wanted = (max_bytes - head.len()) as u64;
        let read = stream.by_ref().take(wanted).read_to_end(&mut head);
        head.drain(..leading_nuls(&head));
        match read {
            Err(error) => {
                failed = Some(error);
                break;
            }
            Ok(n) if (n as u64) < wanted => break,
            Ok(_) if head.len() == max_bytes => {
                // Full: the last line is probably cut.
                if let Some(last) = memrchr(b'\n', &head) {
                    head.truncate(last + 1);
                }
                break;
            }
            Ok(_) => {}
        }
    }
    (head, failed)
}

/// Goes to a member of an archive: by seeking in a plain one, by unpacking up to it in a compressed one.
fn open_member(archive: &Path, offset: u64, size: u64, cap: u64) -> io::Result<Bytes> {
    let mut file = File::open(archive)?;
    let mut head = Vec::new();
    file.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut head)?;
    if compression_of(&head).is_none() {
        file.seek(SeekFrom::Start(offset))?;
        return Ok(Box::new(Member { inner: Box::new(file), left: size, at: offset }));
    }
    file.rewind()?;
    let raw = Source::new(Box::new(file) as Bytes);
    let (mut stream, _) = Unpacked::open(raw, offset.saturating_add(cap))?;
    let passed = io::copy(&mut stream.by_ref().take(offset), &mut io::sink())?;
    if passed < offset {
        return Err(archive_cut(passed));
    }
    Ok(Box::new(Member { inner: stream, left: size, at: offset }))
}

fn archive_cut(at: u64) -> io::Error {
    Fault { place: Some(Place::DecompressedByte(at)), kind: FaultKind::Truncated { format: "tar" } }.into()
}

/// The bytes of one member; notices when the archive ends inside it.
struct Member {
    inner: Bytes,
    left: u64,
    /// Offset in the decompressed archive.
    at: u64,
}

impl Read for Member {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let n = self.inner.read(&mut out[..wanted])?;
        if n == 0 {
            return Err(archive_cut(self.at));
        }
        self.left -= n as u64;
        self.at += n as u64;
        Ok(n)
    }
}
