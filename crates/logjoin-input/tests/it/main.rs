//! Tests of the whole way from a path to its lines.

mod archives;
mod config;
mod copies;
#[path = "../../../../fixtures/corpora.rs"]
mod corpora;
mod damage;
mod discovery;
mod lines;
mod recordings;
mod rotation;
mod support;
