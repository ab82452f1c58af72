//! The active half of the checklist for a 502: ask the proxy and the backend the same thing, and say where the answers part.
//!
//! [`run()`] resolves the names, connects to each address, shakes hands, sends a few marked requests both ways, keeps a
//! connection over idle gaps, and judges. Everything is blocking, every wait has an end ([`Options::timeout`] for reaching a
//! target and for its response, [`Options::deadline`] for all), and everything that a peer sends is read up to a bound.
//!
//! The only part of the project that speaks to a network. It asks for nothing but what [`Options`] names, follows no
//! redirect, sends no body and no credentials.
//!
//! ```no_run
//! let options = logjoin_probe::Options::new("https://shop.example/cart", &["http://10.0.0.1:8080/cart"])?;
//! let report = logjoin_probe::run(&options)?;
//! println!("{}: {}", report.verdict.outcome, report.verdict.why);
//! # Ok::<(), logjoin_probe::OptionsError>(())
//! ```

mod connect;
mod dns;
mod http;
mod keepalive;
mod logs;
mod options;
mod own_socket;
mod render;
mod report;
mod resolve;
mod response;
mod restart;
mod run;
mod tls;
mod url;
pub mod verdict;
mod wire;

pub use options::{MOST_REQUESTS, Options, OptionsError, Pinned, SHORTEST_PAUSE};
pub use render::{json, text};
pub use report::{
    Certificate, ConnectStep, Exchange, KeepaliveStep, LogLine, LoggedFailure, LogsStep, OtherProtocol,
    OwnSocket, Report, ResolveStep, Restart, SCHEMA_VERSION, Sent, TargetReport, TlsStep, Verdict,
};
pub use run::run;
pub use url::Target;

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
