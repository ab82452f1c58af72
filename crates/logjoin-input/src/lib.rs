//! Paths, patterns, standard input and archives turned into chunks of whole lines.
mod compression;
mod error;
mod source;
pub use compression::{COMPRESSIONS, CompressionDef, compression_of};
pub use error::{InputError, Note, NoteKind, Place};
