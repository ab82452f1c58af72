//! The `logjoin` program in parts; [`run()`] is all of it, [`engine`] (files in, [`logjoin::Analysis`] out) serves other
//! programs of this workspace too.

mod analyze_args;
mod args;
mod check;
mod compare;
pub mod engine;
mod exit;
mod explain;
mod hashes;
mod lockstep;
mod output;
mod pager;
mod parse_run;
mod probe;
mod probe_args;
mod probe_logs;
mod progress;
mod run;
mod saved;
mod seek;
mod settings;
mod spare;
mod time_args;

pub use run::run;
