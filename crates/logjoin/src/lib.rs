//! Why a reverse proxy answered 502, 503 or 504, from logs alone.
//!
//! The engine is a fold of pure functions: [`plan()`] decides from the heads of the files what each is; a [`FileScanner`] reads
//! the lines of one file (any number of them at once, on any thread); [`finish()`] puts all on one clock, joins, and judges.
//! Nothing here opens a file, reads a clock or prints.
//!
//! ```
//! use logjoin::{FileScanner, Head, Options, finish, plan};
//!
//! let access = br#"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 502 150 "-" "curl" rt=0.000 uct="-" uht="-" urt="0.000" ua="10.0.0.1:80" us="502"
//! "#;
//! let error = b"2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: x, request: \"GET /cart HTTP/1.1\", upstream: \"http://10.0.0.1:80/cart\", host: \"x\"\n";
//! let files: [(&str, &[u8]); 2] = [("nginx/access.log", access), ("nginx/error.log", error)];
//! let heads = files.iter().map(|(p, b)| Head { path: p.to_string(), bytes: b.to_vec(), ..Head::default() }).collect();
//! let plan = plan(heads, Vec::new(), Options::default());
//! let scans = files.iter().enumerate().map(|(i, (_, bytes))| {
//!     let mut scanner = FileScanner::new(&plan, i);
//!     scanner.push(1, bytes);
//!     scanner.finish()
//! });
//! let analysis = finish(&plan, scans.collect());
//! assert_eq!(analysis.totals.failures, 1);
//! assert_eq!(analysis.failures[0].mechanism, logjoin::Mechanism::Refused);
//! ```

// What the library never does is listed in clippy.toml.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod advice;
pub mod analysis;
mod calendar;
pub mod causes;
mod certainty;
mod clock;
mod convert;
mod diagnose;
mod episodes;
mod event;
mod failing;
mod finish;
mod formats;
mod hash;
mod ids;
mod index;
mod join;
mod mechanism;
mod options;
mod peers;
mod plan;
pub mod render;
mod rules;
mod scanner;
mod scene;
pub mod signals;
mod spans;
pub mod templates;
mod timeline;
mod trail;
pub mod vocabulary;

pub use analysis::Analysis;
pub use calendar::{Wall, Zone, ZoneError};
pub use finish::finish;
pub use options::{LineAt, Options, Pattern};
pub use plan::{ConfigFile, FileTimes, Head, Plan, plan};
pub use scanner::{FileScan, FileScanner};
pub use vocabulary::{CauseId, Mechanism, Origin};

/// The examples of the project's front page are tests too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct FrontPage;
