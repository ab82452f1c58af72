//! Failures and log records as Arrow record batches and Parquet files, for DuckDB, pandas, Spark and whoever else reads
//! columns.
//!
//! The columns are those of [`logjoin::rows`], with the same names: text is UTF-8, numbers are 64 bits wide, lengths of
//! time are seconds, moments are microseconds in UTC (which Spark reads too, unlike nanoseconds), several lines are a list.
//!
//! The trick: one column builder per [`Kind`](logjoin::rows::Kind), chosen by the table of columns, so a column that is added there needs
//! nothing here.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut file = logjoin_arrow::RecordWriter::new(Vec::new())?;
//! let line = br#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157"#;
//! file.push(logjoin::rows::RecordRow::of("access.log", 1, &logjoin_parse::parse_any(line)?))?;
//! let bytes = file.finish()?;
//! assert!(bytes.starts_with(b"PAR1"));
//! # Ok(())
//! # }
//! ```

mod columns;
mod writer;

pub use arrow_array::RecordBatch;
#[cfg(feature = "c-interface")]
pub use arrow_array::ffi_stream::FFI_ArrowArrayStream;
pub use arrow_schema::Schema;

#[cfg(feature = "c-interface")]
pub use columns::failure_stream;
pub use columns::{failure_batch, failure_schema, record_batch, record_schema};
pub use writer::{RecordWriter, failures_to_parquet};

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
#[error("rows as columns: {message}")]
pub struct Error {
    message: String,
    io: Option<std::io::ErrorKind>,
}

impl Error {
    /// What kind of error it was where the output could not be written: a reader that went away is no failure.
    pub fn io_kind(&self) -> Option<std::io::ErrorKind> {
        self.io
    }
}

impl From<arrow_schema::ArrowError> for Error {
    fn from(e: arrow_schema::ArrowError) -> Error {
        Error { message: e.to_string(), io: None }
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(e: parquet::errors::ParquetError) -> Error {
        let io = match &e {
            parquet::errors::ParquetError::External(inner) => {
                inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
            }
            _ => None,
        };
        Error { message: e.to_string(), io }
    }
}

impl From<Error> for std::io::Error {
    fn from(e: Error) -> std::io::Error {
        std::io::Error::new(e.io.unwrap_or(std::io::ErrorKind::Other), e)
    }
}
