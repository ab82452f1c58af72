//! The `logjoin` program in parts; [`run()`] is all of it. What other programs want of it is in `logjoin-files`.

mod analyze_args;
mod args;
mod check;
mod compare;
mod exit;
mod explain;
mod hashes;
mod output;
mod pager;
mod parse_run;
mod probe;
mod probe_args;
mod probe_logs;
mod progress;
mod run;
mod saved;
mod settings;
mod time_args;

pub use run::run;
