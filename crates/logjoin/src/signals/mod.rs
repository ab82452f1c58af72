//! Signals: the messages of backends, runtimes, supervisors, containers, the kernel and the proxies
//! that say what happened to a process, a worker, a request or a host.
//!
//! A [`Signal`] carries a [`Meaning`] out of a closed vocabulary; rules see only that and the named
//! parts (pid, port, path ...), never bytes. What may be said is the table [`FAMILIES`]: one file per
//! program family, the most specific family first, and in each the most specific entry first.
//!
//! The trick: one Aho-Corasick automaton over the rare words of all entries reads a message once;
//! a regular expression runs only where one of its own words occurred, and most messages hold none.
//!
//! ```
//! use logjoin::signals::{Matcher, Meaning};
//!
//! let matcher = Matcher::new();
//! let signal = matcher.find(b"WORKER TIMEOUT (pid:24922)", None).expect("a known message");
//! assert_eq!(signal.def.meaning, Meaning::WorkerTimeout);
//! assert_eq!(signal.pid, Some(24922));
//! ```
//!
//! A message of your own program goes into [`Options::signals`](crate::Options::signals).
//!
//! To add a message to the table: write an entry in the file of its program (the upstream wording in `hits`, a
//! near miss in `misses` where there is one), then run the tests with `UPDATE_EXPECT=1` to renew
//! `docs/signals.md`.

mod capture;
mod def;
mod docs;
mod matcher;

// the host
mod kernel;
mod security;
mod systemd;
// what runs processes for others
mod containers;
mod kubernetes;
mod supervisors;
// the proxies themselves
mod apache;
mod haproxy;
mod nginx;
// application servers and runtimes
mod asgi;
mod beam;
mod dotnet;
mod go;
mod gunicorn;
mod jvm;
mod node;
mod php_fpm;
mod ruby;
mod rust;
mod tomcat;
mod uwsgi;
// databases, from both ends
mod clients;
mod databases;
// wording that many programs share
mod errno;
mod generic;

pub use capture::{Signal, signal_name, signal_number};
pub use def::{Family, GROUPS, Meaning, Scope, SignalDef};
#[doc(hidden)]
pub use docs::reference_page;
pub(crate) use matcher::OWN;
pub use matcher::{Matcher, SignalError, Signals};

/// Every family, in the order in which they are asked: the host, what runs processes, the proxies,
/// application servers and runtimes, databases and their clients, and last the wording that many
/// programs share.
pub static FAMILIES: &[&Family] = &[
    &kernel::FAMILY,
    &security::FAMILY,
    &systemd::FAMILY,
    &supervisors::FAMILY,
    &containers::FAMILY,
    &kubernetes::FAMILY,
    &nginx::FAMILY,
    &apache::FAMILY,
    &haproxy::FAMILY,
    &gunicorn::FAMILY,
    &asgi::FAMILY,
    &uwsgi::FAMILY,
    &php_fpm::FAMILY,
    &ruby::FAMILY,
    &node::FAMILY,
    &jvm::FAMILY,
    &tomcat::FAMILY,
    &go::FAMILY,
    &dotnet::FAMILY,
    &rust::FAMILY,
    &beam::FAMILY,
    &databases::FAMILY,
    &clients::FAMILY,
    &errno::FAMILY,
    &generic::FAMILY,
];
