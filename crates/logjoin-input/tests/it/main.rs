//! Tests of the whole way from a path to its lines.

mod archives;
mod config;
mod copies;
mod damage;
mod discovery;
mod lines;
mod recordings;
mod rotation;
mod support;
