//! The published schema: it is what the types say, and what is written keeps to it, field by field.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{err, logjoin, out};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/analysis-1.json")
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let schema = logjoin::analysis::schema();
    let text = format!("{schema:#}\n");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(page(), &text).expect("docs/schema");
    }
    let have = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(have == text, "docs/schema/analysis-1.json is out of date: run the tests with UPDATE_EXPECT=1");
    assert_eq!(schema["properties"]["schema_version"]["const"], logjoin::analysis::SCHEMA_VERSION);
}

/// The same schema without room for fields that it does not name: readers must allow them, we must not invent them.
fn strict(schema: &mut Value) {
    if let Value::Object(all) = schema {
        if all.contains_key("properties") {
            all.insert("additionalProperties".into(), Value::Bool(false));
        }
        all.values_mut().for_each(strict);
    } else if let Value::Array(all) = schema {
        all.iter_mut().for_each(strict);
    }
}

#[test]
fn every_result_keeps_to_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut schema = logjoin::analysis::schema();
    strict(&mut schema);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let folders = ["fixtures/scenarios", "fixtures/clean"].map(|f| root.join(f));
    let runs = folders.iter().flat_map(|f| std::fs::read_dir(f).expect("recordings").flatten());
    let mut seen = 0;
    for run in runs.map(|e| e.path()).filter(|p| p.is_dir()) {
        for extra in [&[][..], &["--redact-key", "k"]] {
            let path = run.display().to_string();
            let args = [&[path.as_str(), "-F", "json"], extra].concat();
            let o = logjoin(&root, &args);
            let v: Value =
                serde_json::from_str(&out(&o)).unwrap_or_else(|e| panic!("{path}: {e} {}", err(&o)));
            let wrong: Vec<String> =
                validator.iter_errors(&v).take(3).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{path}: {}", wrong.join("\n"));
            seen += 1;
        }
    }
    assert!(seen >= 8);
    let mut v: Value = serde_json::json!({ "schema_version": 2 });
    assert!(!validator.is_valid(&v));
    v["schema_version"] = 1.into();
    assert!(!validator.is_valid(&v), "the rest is required");
}
