//! The JSON Schema of the result, derived from its types: `docs/schema/analysis-1.json` is what this writes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Analysis, SCHEMA_VERSION, Time};

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A moment: RFC 3339 in UTC with milliseconds.",
            "type": "string",
            "format": "date-time",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
        })
    }
}

/// The schema of [`Analysis`] in JSON, as a draft 2020-12 document. Fields may be added within a version: a reader passes
/// over what it does not know.
pub fn schema() -> serde_json::Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Analysis>();
    schema.insert("title".to_owned(), format!("logjoin analysis, version {SCHEMA_VERSION}").into());
    // The version is what a reader looks at first.
    let mut tree = schema.to_value();
    tree["properties"]["schema_version"]["const"] = SCHEMA_VERSION.into();
    tree
}
