//! Rows turned into columns.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use logjoin::analysis::Failure;
use logjoin::rows::{FAILURE_COLUMNS, Kind, RECORD_COLUMNS, RecordRow, Value};

use crate::Error;

/// The schema of rows of failures.
pub fn failure_schema() -> Schema {
    schema(FAILURE_COLUMNS.iter().map(|c| (c.name, c.kind)))
}

/// The schema of rows of records.
pub fn record_schema() -> Schema {
    schema(RECORD_COLUMNS.iter().map(|c| (c.name, c.kind)))
}

/// Failures as one batch.
///
/// # Errors
///
/// When there are more rows or bytes of text than a batch can count (2³¹).
pub fn failure_batch(failures: &[Failure]) -> Result<RecordBatch, Error> {
    let arrays = FAILURE_COLUMNS.iter().map(|c| array(c.kind, failures.iter().map(c.value)));
    Ok(RecordBatch::try_new(Arc::new(failure_schema()), arrays.collect())?)
}

/// Failures as a stream of one batch, by Arrow's C stream interface: what a language in the same process reads without
/// copying (its specification calls the structure `ArrowArrayStream`).
///
/// # Errors
///
/// When there are more rows or bytes of text than a batch can count (2³¹).
#[cfg(feature = "c-interface")]
pub fn failure_stream(failures: &[Failure]) -> Result<crate::FFI_ArrowArrayStream, Error> {
    let batch = failure_batch(failures)?;
    let schema = batch.schema();
    let batches = arrow_array::RecordBatchIterator::new([Ok(batch)], schema);
    Ok(crate::FFI_ArrowArrayStream::new(Box::new(batches)))
}

/// Records as one batch.
///
/// # Errors
///
/// When there are more rows or bytes of text than a batch can count (2³¹).
pub fn record_batch(rows: &[RecordRow]) -> Result<RecordBatch, Error> {
    let arrays = RECORD_COLUMNS.iter().map(|c| array(c.kind, rows.iter().map(|r| r.value(c))));
    Ok(RecordBatch::try_new(Arc::new(record_schema()), arrays.collect())?)
}

fn schema(columns: impl Iterator<Item = (&'static str, Kind)>) -> Schema {
    Schema::new(columns.map(|(name, kind)| Field::new(name, data_type(kind), true)).collect::<Vec<_>>())
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::List => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
        // Text, and what a later version may add: everything can be written as text.
        _ => DataType::Utf8,
    }
}

fn array<'a>(kind: Kind, values: impl Iterator<Item = Value<'a>>) -> ArrayRef {
    match kind {
        Kind::Int => {
            let mut b = Int64Builder::new();
            values.for_each(|v| b.append_option(if let Value::Int(n) = v { Some(n) } else { None }));
            Arc::new(b.finish())
        }
        Kind::Float => {
            let mut b = Float64Builder::new();
            values.for_each(|v| b.append_option(if let Value::Float(x) = v { Some(x) } else { None }));
            Arc::new(b.finish())
        }
        Kind::Bool => {
            let mut b = BooleanBuilder::new();
            values.for_each(|v| b.append_option(if let Value::Bool(x) = v { Some(x) } else { None }));
            Arc::new(b.finish())
        }
        Kind::Time => {
            let mut b = TimestampMicrosecondBuilder::new();
            let us = |v| if let Value::Time(t) = v { Some(t.0.div_euclid(1_000)) } else { None };
            values.for_each(|v| b.append_option(us(v)));
            Arc::new(b.finish().with_timezone("UTC"))
        }
        Kind::List => {
            let mut b = ListBuilder::new(StringBuilder::new());
            for v in values {
                if let Value::List(all) = &v {
                    all.iter().for_each(|t| b.values().append_value(t));
                }
                b.append(matches!(v, Value::List(_)));
            }
            Arc::new(b.finish())
        }
        _ => {
            let mut b = StringBuilder::new();
            for v in values {
                match v {
                    Value::Text(t) => b.append_value(t),
                    _ => b.append_null(),
                }
            }
            Arc::new(b.finish())
        }
    }
}
