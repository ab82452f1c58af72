//! Parquet files. Snappy, because every reader has it; groups of rows of bounded size, so that memory does not grow.

use std::io::Write;
use std::sync::Arc;

use arrow_schema::Schema;
use logjoin::analysis::Failure;
use logjoin::rows::RecordRow;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::Error;
use crate::columns::{failure_batch, failure_schema, record_batch, record_schema};

/// Rows that become columns at once.
const BATCH: usize = 8_192;
/// Bytes of encoded columns kept before they are written out.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

fn writer<W: Write + Send>(out: W, schema: Schema) -> Result<ArrowWriter<W>, Error> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    Ok(ArrowWriter::try_new(out, Arc::new(schema), Some(properties))?)
}

/// Failures as a Parquet file.
///
/// # Errors
///
/// When the columns grow beyond what the format can count.
pub fn failures_to_parquet(failures: &[Failure]) -> Result<Vec<u8>, Error> {
    let mut file = writer(Vec::new(), failure_schema())?;
    for part in failures.chunks(BATCH) {
        file.write(&failure_batch(part)?)?;
    }
    Ok(file.into_inner()?)
}

/// Writes records to a Parquet file as they come.
#[derive(Debug)]
pub struct RecordWriter<W: Write + Send> {
    file: ArrowWriter<W>,
    rows: Vec<RecordRow>,
}

impl<W: Write + Send> RecordWriter<W> {
    /// A file on `out`.
    ///
    /// # Errors
    ///
    /// When the beginning cannot be written.
    pub fn new(out: W) -> Result<RecordWriter<W>, Error> {
        Ok(RecordWriter { file: writer(out, record_schema())?, rows: Vec::with_capacity(BATCH) })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When a group of rows was full and cannot be written.
    pub fn push(&mut self, row: RecordRow) -> Result<(), Error> {
        self.rows.push(row);
        if self.rows.len() < BATCH { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.rows.is_empty() {
            self.file.write(&record_batch(&self.rows)?)?;
            self.rows.clear();
        }
        if GROUP_BYTES < self.file.in_progress_size() {
            self.file.flush()?;
        }
        Ok(())
    }

    /// Writes what is left and the end of the file, and gives `out` back.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W, Error> {
        self.flush()?;
        Ok(self.file.into_inner()?)
    }
}
