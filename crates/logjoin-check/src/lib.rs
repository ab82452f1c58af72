//! What is wrong with a proxy's configuration, as far as availability goes: the configuration half of the search for the
//! cause of a 502.
//!
//! Pure: configurations that were read ([`logjoin_config::ProxyConfig`]) and perhaps an [`logjoin::Analysis`] of the logs
//! go in, a [`Report`] comes out. The rules stand in one table ([`RULES`]); each gives findings with file, line, and the
//! change in the proxy's own syntax. With an analysis each finding says how many failed requests it touched, and rules
//! may fire that only the logs can prove.
//!
//! ```
//! use logjoin_check::{Subject, check};
//!
//! let text = b"upstream api { server 10.0.0.1:0; } server { listen 80; location / { proxy_pass http://api; } }";
//! let config = logjoin_config::read("nginx.conf", text, &mut |_| Vec::new()).unwrap();
//! let report = check(&[Subject::new("nginx.conf", config)], None);
//! let first = &report.findings[0];
//! assert_eq!((first.rule, first.line), ("unreachable-address", 1));
//! ```

// What the library never does is listed in clippy.toml.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod case;
mod docs;
mod evidence;
mod model;
pub mod render;
mod rules;
mod run;

pub use case::Case;
#[doc(hidden)]
pub use docs::reference_page;
pub use model::{Finding, Report, Severity, Subject};
pub use rules::{CheckRule, Found, RULES, rule};
pub use run::check;

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
