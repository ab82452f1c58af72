//! Following, settled each minute, and reading give the same analysis: every value of it, path by path.
//!
//! What may differ in longer logs than these is listed at [`logjoin::Follow`].

use std::collections::BTreeMap;
use std::path::Path;

use logjoin::Options;
use rayon::prelude::*;
use serde_json::Value;

use crate::corpora::corpora;
use crate::fold::followed;
use crate::world::{World, recordings};

/// Paths at which two values differ, with both; places in lists are `[]`.
fn differing(path: &str, a: &Value, b: &Value, out: &mut BTreeMap<String, Vec<String>>) {
    let mut note = |path: &str, a: &Value, b: &Value| {
        out.entry(path.to_owned()).or_default().push(format!("{} ≠ {}", short(a), short(b)));
    };
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for k in keys {
                let of = |m: &serde_json::Map<String, Value>| m.get(k).cloned().unwrap_or(Value::Null);
                differing(&format!("{path}.{k}"), &of(a), &of(b), out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                differing(&format!("{path}[]"), a, b, out);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            note(&format!("{path}.len"), &x.len().into(), &y.len().into());
            for a in x.iter().filter(|a| !y.contains(a)) {
                note(&format!("{path}.only"), a, &Value::Null);
            }
            for b in y.iter().filter(|b| !x.contains(b)) {
                note(&format!("{path}.only"), &Value::Null, b);
            }
        }
        (a, b) if a != b => note(path, a, b),
        _ => {}
    }
}

fn short(v: &Value) -> String {
    let text = v.to_string();
    text.chars().take(160).collect()
}

/// The recordings of the laboratory, where they are available.
fn lab() -> Vec<(String, World)> {
    let Some(root) = corpora("lab") else { return Vec::new() };
    let entries = std::fs::read_dir(&root).expect("a folder");
    let mut folders: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    folders.retain(|f| f.join("logs").is_dir());
    folders.sort();
    let name = |f: &Path| f.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Those with request ids have the same incidents as those without.
    folders.retain(|f| !name(f).ends_with("-ids"));
    let read = |f: &Path| {
        let mut world = World::read_part(f, "logs", &|bytes| bytes);
        world.configs = World::read_part(f, "conf", &|bytes| bytes).configs;
        world
    };
    folders.iter().map(|f| (name(f), read(f))).collect()
}

#[test]
fn every_value_agrees() {
    let mut worlds: Vec<_> = ["scenarios", "clean"].into_iter().flat_map(recordings).collect();
    worlds.extend(lab());
    let compare = |(name, world): &(String, World)| {
        let value = |a| serde_json::to_value(a).expect("an analysis serialises");
        let (_, pushed) = followed(world, Options::default(), 40, true);
        let mut out = BTreeMap::new();
        differing("", &value(world.analyze()), &value(pushed), &mut out);
        let line = |(path, values): (String, Vec<String>)| format!("{path}: {}", values.join("; "));
        (!out.is_empty())
            .then(|| format!("{name}\n  {}", out.into_iter().map(line).collect::<Vec<_>>().join("\n  ")))
    };
    let found: Vec<String> = worlds.par_iter().filter_map(compare).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
