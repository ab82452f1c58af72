//! Paths, patterns, standard input and archives turned into chunks of whole lines.
//!
//! All file access of the project is here. Bytes come out; what they mean is for others.
//!
//! ```
//! use logjoin_input::{DiscoverOptions, ReadOptions, discover, group};
//!
//! let dir = tempfile::tempdir().unwrap();
//! std::fs::write(dir.path().join("access.log.1"), "oldest\n").unwrap();
//! std::fs::write(dir.path().join("access.log"), "older\nnewest").unwrap();
//!
//! let found = discover(&[dir.path().to_owned()], &DiscoverOptions::default());
//! assert!(found.problems.is_empty());
//! let mut lines = Vec::new();
//! for source in group(found.files) {
//!     for file in &source.files {
//!         for chunk in file.open(&ReadOptions::default()).unwrap() {
//!             lines.extend(chunk.lines().map(|(_, _, line)| line.to_vec()));
//!         }
//!     }
//! }
//! assert_eq!(lines, [&b"oldest"[..], b"older", b"newest"]);
//! ```
//!
//! From the arguments to the lines:
//!
//! 1. [`discover`] finds files, lists archives and notices copies;
//! 2. [`group`] puts rotated sets together, oldest first;
//! 3. [`InputFile::open`] undoes compression ([`COMPRESSIONS`]) and encoding;
//! 4. [`LineChunks`] gives [`Chunk`]s of whole lines with their numbers and offsets.
//!
//! Nothing here fails a run: what cannot be read is an [`InputError`] beside what can.

mod archive;
mod chunk;
mod compression;
mod config;
mod discover;
mod error;
mod file;
mod foreign;
mod lines;
mod rotation;
mod same;
mod source;
mod utf16;

pub use chunk::{Chunk, Lines};
pub use compression::{COMPRESSIONS, CompressionDef, compression_of};
pub use config::{loader, read_config};
pub use discover::{DiscoverOptions, Discovery, discover};
pub use error::{InputError, Note, NoteKind, Place};
pub use file::InputFile;
pub use lines::{LineChunks, ReadOptions, Tally};
pub use rotation::{RotationKey, RotationOrder, SourceFiles, group, rotation_key};

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
