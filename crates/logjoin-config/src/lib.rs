//! Reads the configuration of a proxy for what a log analysis needs: which servers stand behind
//! which name, how long the proxy waits for them, where it writes its logs and in which format.
//!
//! Pure: bytes in, values out. Included files come through a closure of the caller, so nothing
//! here knows of file systems. Lenient: a line that makes no sense becomes a [`Problem`] with its
//! place, and reading goes on; what the reader does not know is kept as a [`Setting`].
//!
//! ```
//! let text = b"upstream api { server 10.0.0.1:8080; } server { location / { proxy_pass http://api; } }";
//! let config = logjoin_config::read("nginx.conf", text, &mut |_| Vec::new()).unwrap();
//! assert_eq!(config.pools[0].servers[0].address, "10.0.0.1:8080");
//! assert_eq!(config.route_for("shop.example", "/cart").unwrap().target, "api");
//! ```

// What the library never does is listed in clippy.toml.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod address;
mod diff;
pub mod haproxy;
pub mod httpd;
mod include;
mod lookup;
mod model;
pub mod nginx;
mod pattern;
mod recognise;
mod tree;
mod units;
mod version;

pub use diff::{Change, ChangeKind, diff};
pub use include::Loader;
pub use model::{
    Check, Listen, LogKind, LogTarget, Matching, NamedFormat, Place, Pool, Problem, ProxyConfig, Route,
    Server, Setting, Timeouts,
};
pub use recognise::{read, recognise};
pub use units::{
    bytes as size_bytes, haproxy_ms as haproxy_time_ms, httpd_ms as httpd_time_ms, nginx_ms as nginx_time_ms,
};
pub use version::{Civil, version_time, versioned};

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
