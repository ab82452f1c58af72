//! Rows for other programs: failures and records as flat, typed columns, with the names of this project or of the
//! Elastic Common Schema (ECS 8).
//!
//! One table of columns per kind of row serves CSV, NDJSON, Arrow and Parquet, so that a column has the same name and type
//! everywhere. To add a column, add it to [`FAILURE_COLUMNS`] or [`RECORD_COLUMNS`]: it then appears in all of them.

mod failure;
mod record;

pub use failure::{FAILURE_COLUMNS, FailureColumn, failure_json};
pub use record::{RECORD_COLUMNS, RecordColumn, RecordRow};

use std::borrow::Cow;

use crate::analysis::{LineRef, Time};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits with sign.
    Int,
    /// A floating-point number; lengths of time are seconds.
    Float,
    /// True or false.
    Bool,
    /// A moment, nanoseconds since 1970-01-01 UTC.
    Time,
    /// Several texts.
    List,
}

/// One value of a column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Nothing: the log does not say.
    Null,
    /// [`Kind::Text`].
    Text(Cow<'a, str>),
    /// [`Kind::Int`].
    Int(i64),
    /// [`Kind::Float`].
    Float(f64),
    /// [`Kind::Bool`].
    Bool(bool),
    /// [`Kind::Time`].
    Time(Time),
    /// [`Kind::List`].
    List(Vec<String>),
}

impl Value<'_> {
    /// Whether the value may stand in a column of that type.
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Value::Null => true,
            Value::Text(_) => kind == Kind::Text,
            Value::Int(_) => kind == Kind::Int,
            Value::Float(_) => kind == Kind::Float,
            Value::Bool(_) => kind == Kind::Bool,
            Value::Time(_) => kind == Kind::Time,
            Value::List(_) => kind == Kind::List,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(v: &'a str) -> Value<'a> {
        Value::Text(Cow::Borrowed(v))
    }
}

impl From<i64> for Value<'_> {
    fn from(v: i64) -> Self {
        Value::Int(v)
    }
}

impl From<u64> for Value<'_> {
    fn from(v: u64) -> Self {
        Value::Int(i64::try_from(v).unwrap_or(i64::MAX))
    }
}

impl From<i32> for Value<'_> {
    fn from(v: i32) -> Self {
        Value::Int(v.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(v: f64) -> Self {
        Value::Float(v)
    }
}

impl From<bool> for Value<'_> {
    fn from(v: bool) -> Self {
        Value::Bool(v)
    }
}

impl From<Time> for Value<'_> {
    fn from(v: Time) -> Self {
        Value::Time(v)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(v: Option<T>) -> Value<'a> {
        v.map_or(Value::Null, Into::into)
    }
}

/// Places of lines, `file:line` each.
fn places<'a>(lines: impl Iterator<Item = &'a LineRef>) -> Value<'static> {
    Value::List(lines.map(LineRef::to_string).collect())
}

/// Whose names the fields have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Names {
    /// Those of the documentation.
    #[default]
    Own,
    /// Those of the Elastic Common Schema where it has one, and below `logjoin.` where it has none.
    Ecs,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let own: Vec<&str> = FAILURE_COLUMNS.iter().map(|c| c.name).collect();
        let ecs: Vec<&str> = FAILURE_COLUMNS.iter().map(|c| c.ecs).collect();
        let record: Vec<&str> = RECORD_COLUMNS.iter().map(|c| c.name).collect();
        let record_ecs: Vec<&str> = RECORD_COLUMNS.iter().map(|c| c.ecs).collect();
        for names in [own, ecs, record, record_ecs] {
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
            // A field cannot be both a value and an object.
            for a in &names {
                let inside = format!("{a}.");
                assert!(!names.iter().any(|b| b.starts_with(&inside)), "{a} is a field and an object");
            }
        }
    }
}
