//! The engine as a whole, over recorded incidents.
//!
//! Adding a recording is adding a folder under `fixtures/scenarios/` (or `fixtures/clean/`): every test here finds it.

mod agree;
mod calendar;
mod clean;
mod compressions;
#[path = "../../../../fixtures/corpora.rs"]
mod corpora;
mod determinism;
mod examples;
mod excerpts;
mod fold;
mod invariance;
mod ledger;
mod missing;
mod partial;
mod parts;
mod removal;
mod rewrites;
mod robustness;
mod saved;
mod scenarios;
mod sections;
mod shares;
mod thin;
mod total;
mod world;
mod zones;
