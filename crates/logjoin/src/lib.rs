#![doc = include_str!("manual.md")]
// What the library never does is listed in clippy.toml.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod advice;
pub mod analysis;
mod calendar;
pub mod causes;
mod certainty;
mod clock;
pub mod compare;
mod convert;
mod diagnose;
mod episodes;
mod event;
mod failing;
mod finish;
mod fold;
mod formats;
mod hash;
mod ids;
mod index;
mod join;
mod link;
mod mechanism;
mod memo;
pub mod options;
mod own;
mod packed;
mod par;
mod partial;
mod peers;
mod plan;
#[cfg(feature = "redact")]
pub mod redact;
pub mod render;
mod rewrites;
mod room;
mod row;
pub mod rows;
pub mod rule;
mod rules;
mod scanner;
mod scene;
mod settling;
pub mod signals;
mod slices;
mod spans;
mod stored;
mod strangers;
pub mod templates;
mod text;
mod thin;
mod timeline;
mod times;
mod trail;
mod vocabulary;
mod whole;

pub use analysis::Analysis;
pub use finish::{finish, finish_with};
pub use fold::{Fold, Follow, Frame, Lane, Share, Verdicts, correlate};
pub use link::Stage;
pub use options::{Options, Pattern};
pub use own::Event;
pub use partial::{Partial, PartialError};
pub use plan::{ConfigFile, Head, Part, Plan, parts, plan};
pub use scanner::{FileScan, FileScanner};
pub use vocabulary::{CauseId, Mechanism, Origin};
pub use whole::analyze;

/// Configurations of the proxies: the crate `logjoin-config`.
pub use logjoin_config as config;
/// Lines and formats: the crate `logjoin-parse`.
pub use logjoin_parse as parse;

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
